package hedui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/source"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, day.Beijing)

// The life of a case, all stages against all stages, columns in the order of the
// rows. A person changes this drawing first.
func TestStagesAllAgainstAll(t *testing.T) {
	drawing := strings.Fields(`
		draft        .x..............xx
		consented    x.x.............xx
		commissioned ...xx...........xx
		returned     xxx.............xx
		accepted     ...x.x.........xxx
		dispatched   ......x.x......xxx
		collecting   .......xx......xxx
		manual       ......x.x......xxx
		summarised   ......xx.x.....xxx
		reviewed     ........x.x....xxx
		issued       ........x..x.....x
		delivered    ........x...x.x..x
		objected     ......x.x....x...x
		rechecked    ........x.....x..x
		archived     .................x
		suspended    ....xxxxxx......xx
		terminated   .................x
		handed       ..................`)
	if got, want := len(drawing), 2*len(Stages()); got != want {
		t.Fatalf("the drawing has %d words, want %d", got, want)
	}
	for i, from := range Stages() {
		if drawing[2*i] != string(from) {
			t.Fatalf("row %d is %s, want %s", i, drawing[2*i], from)
		}
		for j, to := range Stages() {
			if got, want := from.CanBecome(to), drawing[2*i+1][j] == 'x'; got != want {
				t.Errorf("%s to %s: %v, want %v", from, to, got, want)
			}
		}
	}
}

var clerk = Officer{ID: "clerk", Division: "330203", Rights: []Right{OpenCases, CommissionCases}}
var centre = Officer{ID: "receiver", Division: "330203", Rights: []Right{AcceptCases, VerifyCases, ReviewReports, SealReports}}

func TestOfficerMayOnlyWithRightAndDivision(t *testing.T) {
	for _, c := range []struct {
		name     string
		own      string
		right    Right
		division string
		ok       bool
	}{
		{"own county", "330203", OpenCases, "330203", true},
		{"another county", "330203", OpenCases, "330212", false},
		{"city covers county", "330200", OpenCases, "330212", true},
		{"city does not cover another city", "330200", OpenCases, "330102", false},
		{"country covers all", "000000", OpenCases, "330102", true},
		{"no division covers nothing", "", OpenCases, "330203", false},
		{"county ending in zero covers only itself", "330210", OpenCases, "330211", false},
		{"without the right", "330203", SealReports, "330203", false},
	} {
		o := Officer{ID: "o", Division: c.own, Rights: []Right{OpenCases}}
		if err := o.May(c.right, c.division); (err == nil) != c.ok || err != nil && KindOf(err) != Forbidden {
			t.Errorf("%s: %v, want ok %v", c.name, err, c.ok)
		}
	}
}

func form() Form {
	return Form{
		Programme: "dibao", Division: "330203", Office: "海曙区民政局",
		Persons: []FormPerson{
			{Name: "王甲", ID: "33020019680101001X", Relation: "self"},
			{Name: "王乙", ID: "330200197205200022", Relation: "spouse"},
		},
		Consents: []FormConsent{
			{Person: 1, Programme: "dibao", SignedOn: "today", Until: "today+365", Document: "演示授权书 1"},
			{Person: 2, Programme: "dibao", SignedOn: "today-1", Until: "today+365", Document: "演示授权书 2"},
		},
	}
}

// What a clerk can type wrongly, and the field and word of what comes back.
func TestFormNamesEveryProblem(t *testing.T) {
	minor := FormPerson{Name: "王丙", ID: makeID(t, "2015-06-01"), Relation: "son"}
	for _, c := range []struct {
		name   string
		change func(*Form)
		want   []string // field: key
	}{
		{"nothing wrong", func(*Form) {}, nil},
		{"lower-case x and blanks are fine", func(f *Form) { f.Persons[0].ID = " 33020019680101001x " }, nil},
		{"wrong check digit", func(f *Form) { f.Persons[0].ID = "330200196801010011" }, []string{"persons[0].id: problem.id.check"}},
		{"impossible birth", func(f *Form) { f.Persons[1].ID = "330200198102290015" }, []string{"persons[1].id: problem.id.birth"}},
		{"two wrong at once", func(f *Form) { f.Persons[0].ID, f.Persons[1].ID = "", "3302" },
			[]string{"persons[0].id: problem.id.empty", "persons[1].id: problem.id.length"}},
		{"born tomorrow", func(f *Form) {
			f.Persons[1].ID = makeID(t, "2026-11-24")
			f.Persons[1].Guardian = 1
			f.Consents[1].Signer = 1
		},
			[]string{"persons[1].id: problem.id.age"}},
		{"same person twice", func(f *Form) { f.Persons[1].ID = f.Persons[0].ID }, []string{"persons[1].id: problem.id.twice"}},
		{"15 and 18 digits of one person", func(f *Form) { f.Persons[1].ID = "330200680101001" }, []string{"persons[1].id: problem.id.twice"}},
		{"no name", func(f *Form) { f.Persons[0].Name = "  " }, []string{"persons[0].name: problem.name"}},
		{"name with a line break", func(f *Form) { f.Persons[0].Name = "王\n甲" }, []string{"persons[0].name: problem.name"}},
		{"name of nothing visible", func(f *Form) { f.Persons[0].Name = "\u200b" }, []string{"persons[0].name: problem.name"}},
		{"name turned around", func(f *Form) { f.Persons[0].Name = "王\u202e甲" }, []string{"persons[0].name: problem.name"}},
		{"name with a dot or a rare character is fine", func(f *Form) { f.Persons[0].Name, f.Persons[1].Name = "阿依古丽·买买提", "𠮷野" }, nil},
		{"office with a NUL", func(f *Form) { f.Office = "局\x00局" }, []string{"office: problem.text"}},
		{"a note as long as a book", func(f *Form) { f.Persons[0].Notes = strings.Repeat("长", 501) }, []string{"persons[0].notes: problem.text"}},
		{"nobody", func(f *Form) { f.Persons, f.Consents = nil, nil }, []string{"persons: problem.persons.none"}},
		{"unknown division", func(f *Form) { f.Division = "339999" }, []string{"division: problem.division.unknown"}},
		{"abolished division", func(f *Form) { f.Division = "330204" }, []string{"division: problem.division.abolished"}},
		{"a city", func(f *Form) { f.Division = "330200" }, []string{"division: problem.division.level"}},
		{"unknown programme", func(f *Form) { f.Programme = "loan" }, []string{"programme: problem.choice", "consents[0].categories: -"}},
		{"negative amount", func(f *Form) { f.Income = []FormIncome{{Person: 1, Class: "wage", Monthly: "-5"}} }, []string{"income[0].monthly: problem.amount.negative"}},
		{"amount is words", func(f *Form) { f.Property = []FormProperty{{Person: 1, Class: "deposits", Value: "一千"}} }, []string{"property[0].value: problem.amount.form"}},
		{"income of nobody", func(f *Form) { f.Income = []FormIncome{{Person: 9, Class: "wage", Monthly: "5"}} }, []string{"income[0].person: problem.person.unknown"}},
		{"minor without guardian", func(f *Form) {
			f.Persons = append(f.Persons, minor)
			f.Consents = append(f.Consents, FormConsent{Person: 3, Programme: "dibao", Signer: 1, SignedOn: "today", Until: "today+9", Document: "d"})
		}, []string{"persons[2].guardian: problem.guardian.missing", "persons[2].consent: problem.guardian.missing"}},
		{"minor is own guardian", func(f *Form) {
			m := minor
			m.Guardian = 3
			f.Persons = append(f.Persons, m)
			f.Consents = append(f.Consents, FormConsent{Person: 3, Programme: "dibao", SignedOn: "today", Until: "today+9", Document: "d"})
		}, []string{"persons[2].guardian: problem.guardian.unable", "persons[2].consent: problem.guardian.unable"}},
		{"member without consent", func(f *Form) { f.Consents = f.Consents[:1] }, []string{"persons[1].consent: problem.consent.missing"}},
		{"consent expired", func(f *Form) { f.Consents[0].SignedOn, f.Consents[0].Until = "today-30", "today-1" }, []string{"persons[0].consent: problem.consent.expired"}},
		{"consent from tomorrow", func(f *Form) { f.Consents[0].SignedOn = "today+1" }, []string{"persons[0].consent: problem.consent.future"}},
		{"consent for another programme", func(f *Form) { f.Consents[0].Programme = "medical" }, []string{"persons[0].consent: problem.consent.programme"}},
		{"consent signed by another", func(f *Form) { f.Consents[0].Signer = 2 }, []string{"persons[0].consent: problem.consent.signer"}},
		{"consent on a form with a slip in its number", func(f *Form) { f.Consents[1].Number = "S3302032026112601000018" }, []string{"consents[1].number: problem.consent.number"}},
		{"consent without document", func(f *Form) { f.Consents[0].Document = " " }, []string{"consents[0].document: problem.consent.document"}},
		{"a consent for ever", func(f *Form) { f.Consents[0].Until = "9999-12-31" }, []string{"consents[0].until: problem.day.form"}},
		{"days in words", func(f *Form) { f.AppliedOn = "昨天" }, []string{"applied_on: problem.day.form"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := form()
			c.change(&f)
			got := problemsOf(f)
			if c.name == "unknown programme" {
				got, c.want = got[:1], c.want[:1]
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func problemsOf(f Form) []string {
	_, _, problems := f.Read(noon)
	var out []string
	for _, p := range problems {
		out = append(out, p.Field+": "+p.Say.Key)
	}
	return out
}

func TestSupportedByDifferentPeople(t *testing.T) {
	c := accepted(t)
	for _, step := range []func() error{
		func() error { return c.Dispatch(noon) }, func() error { return c.Collect(noon) },
		func() error { return c.Summarise(noon, Text{}) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Review(centre, noon); KindOf(err) != Forbidden {
		t.Errorf("the receiver reviews: %v, want forbidden", err)
	}
	second, third := centre, centre
	second.ID, third.ID = "reviewer", "signer"
	if err := c.Review(second, noon); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Officer{centre, second} {
		if err := c.Seal(o, noon); KindOf(err) != Forbidden {
			t.Errorf("%s seals: %v, want forbidden", o.ID, err)
		}
	}
	if err := c.Seal(third, noon); err != nil || c.Version != 1 {
		t.Errorf("seal: %v, version %d", err, c.Version)
	}
}

func accepted(t *testing.T) *Case {
	t.Helper()
	f := form()
	c, problems := f.Case(noon)
	consents, more := f.ReadConsents(c, noon)
	if err := Problems(append(problems, more...)); err != nil {
		t.Fatal(err)
	}
	c.ID = "c1"
	for i := range consents {
		consents[i].Number = fmt.Sprintf("S%d", i)
	}
	for _, step := range []func() error{
		func() error { _, err := c.AddConsents(clerk, consents, noon); return err },
		func() error { return c.Send(clerk, "W1", noon) },
		func() error { return c.Accept(centre, noon, []string{"M1", "M2"}, noon.Add(24*time.Hour)) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// Two hands and a third: who reviewed cannot sign, whatever happens in between.
func TestAReviewDoesNotOutlastASuspension(t *testing.T) {
	c := accepted(t)
	second := centre
	second.ID = "second"
	for i, step := range []func() error{
		func() error { return c.Dispatch(noon) }, func() error { return c.Summarise(noon, Text{}) },
		func() error { return c.Review(second, noon) }, func() error { return c.Suspend(centre, noon, Say("x")) },
		func() error { return c.Resume(centre, noon) },
	} {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	if c.Stage != Summarised || c.Reviewer().Officer != "second" {
		t.Errorf("stage %s, reviewer %s; want summarised and second", c.Stage, c.Reviewer().Officer)
	}
}

func TestWhoWorkedOnACaseDoesNotReviewIt(t *testing.T) {
	c := accepted(t)
	worker := centre
	worker.ID = "worker"
	for i, step := range []func() error{
		func() error { return c.Dispatch(noon) }, func() error { return c.Collect(noon) },
		func() error { return c.ByHand(worker, noon) }, func() error { return c.Finish(worker, noon) },
	} {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	if err := c.Review(worker, noon); KindOf(err) != Forbidden {
		t.Errorf("the verifier reviews: %v", err)
	}
	if err := c.Finish(worker, noon); KindOf(err) != Conflict {
		t.Errorf("finished twice: %v", err)
	}
	c.Version = 1
	if err := c.Terminate(centre, noon, Say("x")); KindOf(err) != Conflict {
		t.Errorf("ended without a result after a seal: %v", err)
	}
}

func TestSuspendedCaseGoesOnWhereItStood(t *testing.T) {
	c := accepted(t)
	if err := c.Suspend(centre, noon, Say("x")); err != nil {
		t.Fatal(err)
	}
	if err := c.Resume(centre, noon); err != nil || c.Stage != Accepted {
		t.Errorf("resume: %v, stage %s, want accepted", err, c.Stage)
	}
}

func TestPlanAsksEveryPersonAndCategoryOnce(t *testing.T) {
	c := accepted(t)
	c.Consents[1].Categories = []catalog.Code{"hukou"}
	plan := c.Plan(noon, 1, nil, slices.DeleteFunc(registers("330200", "s"), func(r Register) bool { return r.Category == "land" }))
	seen := map[string]bool{}
	for _, q := range plan {
		if seen[q.ID] {
			t.Errorf("%s twice", q.ID)
		}
		seen[q.ID] = true
		want := Waiting
		switch {
		case q.Person == 2 && q.Category != "hukou":
			want = Answered
			if q.Reason != ReasonNoConsent || q.Outcome != source.Refused {
				t.Errorf("%s: %s %s, want refused for want of consent", q.ID, q.Outcome, q.Reason)
			}
		case q.Category == "land":
			want = Answered
		}
		if q.State != want {
			t.Errorf("%s is %s, want %s", q.ID, q.State, want)
		}
	}
	if got, want := len(plan), 2*len(catalog.Usual()); got != want {
		t.Errorf("%d queries, want %d", got, want)
	}
}

func TestNoQuestionWithoutALiveConsent(t *testing.T) {
	c := accepted(t)
	q := Query{ID: "c1/1/hukou/1", Person: 1, Category: "hukou"}
	if _, err := c.Question(&q, noon); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Consent){
		"withdrawn": func(k *Consent) { k.Withdrawn = noon },
		"expired":   func(k *Consent) { k.Until = noon },
		"narrow":    func(k *Consent) { k.Categories = []catalog.Code{"land"} },
		"future":    func(k *Consent) { k.SignedAt = noon.Add(time.Second) },
	} {
		saved := c.Consents[0]
		change(&c.Consents[0])
		if _, err := c.Question(&q, noon); err == nil {
			t.Errorf("%s consent gives a question", name)
		}
		c.Consents[0] = saved
	}
	if _, err := c.Question(&Query{ID: "x", Person: 3, Category: "hukou"}, noon); !errors.Is(err, source.ErrNoMandate) {
		t.Errorf("a person outside the case: %v", err)
	}
}

func TestNumbers(t *testing.T) {
	on := day.Must("2026-11-23")
	for _, s := range []Series{CaseSeries, ConsentSeries, CommissionSeries, MandateSeries, ReportSeries, LetterSeries} {
		n, err := Number(s, "330203", on, Dibao, 17)
		if err != nil || !ValidNumber(s, n) {
			t.Fatalf("Number(%q) = %q, %v", s, n, err)
		}
		if want := string(s) + "33020320261123" + "01" + "00017"; n[:len(n)-1] != want {
			t.Errorf("got %s, want %s and a check digit", n, want)
		}
		for i := len(s); i < len(n); i++ {
			for d := byte('0'); d <= '9'; d++ {
				wrong := n[:i] + string(d) + n[i+1:]
				if wrong != n && ValidNumber(s, wrong) {
					t.Errorf("%s passes for %s", wrong, n)
				}
			}
		}
	}
	for _, serial := range []int{0, 100000} {
		if _, err := Number(CaseSeries, "330203", on, Dibao, serial); err == nil {
			t.Errorf("serial %d was numbered", serial)
		}
	}
}

func TestCalendarAndDeadlines(t *testing.T) {
	china, err := China()
	if err != nil {
		t.Fatal(err)
	}
	for d, want := range map[string]bool{
		"2026-10-01": false, "2026-10-10": true, "2026-09-20": true, "2026-11-21": false, "2026-11-23": true, "2013-02-16": true, "2025-10-08": false,
	} {
		if got := china.IsWorking(day.Must(d)); got != want {
			t.Errorf("%s working: %v, want %v", d, got, want)
		}
	}
	if got := china.AddWorking(day.Must("2026-09-30"), 3).String(); got != "2026-10-10" {
		t.Errorf("third working day after 2026-09-30 is %s, want 2026-10-10 (8, 9, 10)", got)
	}
	if china.Knows(2031) {
		t.Error("the holidays of 2031 are not announced")
	}
	book, err := StandardDeadlines()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ division, on, want string }{
		{"330203", "2026-11-23", "{24h0m0s 0 0 0}"}, {"330102", "2026-11-23", "{0s 0 3 0}"}, {"330203", "2013-02-01", "{0s 0 3 0}"},
	} {
		d, ok := book.For(c.division, Dibao, day.Must(c.on))
		if got := fmt.Sprint(d.Report); !ok || got != c.want {
			t.Errorf("%s on %s: %s %v, want %s", c.division, c.on, got, ok, c.want)
		}
	}
	for _, c := range []struct{ length, want string }{
		{"24h", "2026-11-24T12:00:00+08:00"}, {"3wd", "2026-11-27T00:00:00+08:00"}, {"5d", "2026-11-29T00:00:00+08:00"}, {"6m", "2027-05-24T00:00:00+08:00"},
	} {
		l, err := ParseLength(c.length)
		if got := l.After(noon, china).In(day.Beijing).Format(time.RFC3339); err != nil || got != c.want {
			t.Errorf("%s after noon ends %s, %v, want %s", c.length, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "0d", "-1h", "5", "wd", "3w"} {
		if _, err := ParseLength(bad); err == nil {
			t.Errorf("length %q was read", bad)
		}
	}
	for _, bad := range []string{"- place: \"33\"\n", "- plaice: \"330200\"\n", "- place: \"330200\"\n  report: soon\n"} {
		if _, err := ReadDeadlines([]byte(bad)); err == nil {
			t.Errorf("deadlines %q were read", bad)
		}
	}
}

func TestNewestKeepsOneQueryOfEachCell(t *testing.T) {
	got := Newest([]Query{
		{ID: "a", Person: 1, Category: "hukou", CreatedAt: noon}, {ID: "b", Person: 2, Category: "hukou", CreatedAt: noon},
		{ID: "c", Person: 1, Category: "hukou", CreatedAt: noon.Add(1)},
	})
	if len(got) != 2 || got[0].ID != "c" || got[1].ID != "b" {
		t.Errorf("got %+v", got)
	}
	old := Query{ID: "old", Person: 1, Category: "land", CreatedAt: noon, State: Answered, Outcome: source.Found}
	again := Query{ID: "again", Person: 1, Category: "land", CreatedAt: noon.Add(1), State: Retrying, Outcome: source.Failed}
	if got := Newest([]Query{old, again}); got[0].ID != "old" {
		t.Error("an outage hides the earlier answer")
	}
	again.State, again.Outcome = Answered, source.None
	if got := Newest([]Query{again, old}); got[0].ID != "again" {
		t.Error("the corrected answer does not count")
	}
	city, county := again, Query{ID: "county", Person: 1, Category: "land", Scope: "330203", CreatedAt: noon}
	city.Scope = "330200"
	unasked := Query{ID: "unasked", Person: 1, Category: "land", Scope: "330212", State: Answered, Outcome: source.Refused, Reason: ReasonNoConsent}
	if got := Newest([]Query{city, county, unasked}); len(got) != 2 || got[0].ID != "again" || got[1].ID != "county" {
		t.Errorf("scopes: got %+v", got)
	}
	if got := Newest([]Query{unasked}); len(got) != 1 {
		t.Error("nobody could be asked, and nothing says so")
	}
}

func TestPersonsPrintMasked(t *testing.T) {
	c := accepted(t)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", *c, c.Persons, c.Persons[0]), fmt.Sprint(c.Persons[0].Subject()), fmt.Sprintf("%+v %#v", form(), form().Persons)} {
		if strings.Contains(text, "33020019680101001X") || strings.Contains(text, "王甲") {
			t.Errorf("a person prints in clear: %s", text)
		}
	}
}

func makeID(t *testing.T, birth string) string {
	t.Helper()
	n, ok := idcard.Make("330200", day.Must(birth), 123)
	if !ok {
		t.Fatal("no such number")
	}
	return n.Reveal()
}
