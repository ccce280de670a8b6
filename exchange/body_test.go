package exchange

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/seal"
	"hedui/source"
)

func bodies(t testing.TB) []Body {
	haishu := newHaishu(t)
	next := newHaishu(t)
	second := reply(NewID(), noon)
	second.Outcome, second.Records, second.Match, second.Reason, second.AsOf = "refused", nil, "", "declined", time.Time{}
	return []Body{
		questions(t, 1, noon), questions(t, 3, noon), Replies{reply(NewID(), noon), second},
		Cancels{{Query: NewID(), Reason: "withdrawn", At: noon}},
		Notices{{Word: "waiting", Query: NewID(), At: noon, Detail: map[string]string{"until": "2026-03-03", "category": "land"}}, {Word: "hello", At: noon}},
		Keys{Sign: []SignPin{{Key: haishu.Public}, {Key: next.Public, Span: Span{From: noon, Until: noon.Add(time.Hour)}}},
			Boxes: []BoxPin{{Key: haishu.Boxes[0].Public(), Span: Span{Until: noon}}}},
		Counts{Node: "haishu", Division: "330203", At: noon},
		Counts{Node: "haishu", Division: "330203", At: noon, Counted: noon, Months: []CountsMark{{"2026-02", "8d5e957744"}, {"2026-03", "1a"}},
			Running: []CountsRunning{{"330203", "dibao", "new_application", 12}}},
		MonthCounts{Node: "haishu", Month: "2026-02", Mark: "8d5e957744", At: noon,
			Cells: []CountsCell{{Division: "330203", Programme: "dibao", Kind: "new_application", Lines: []CountsLine{{"opened", "", 8}, {"hours", "20", 3}}},
				{Division: "330203", Office: "西门街道", Lines: []CountsLine{{"opened", "", 8}}}, {Division: "330203", Lines: []CountsLine{{"question.seconds", "@ningbo 30", 2}}}},
			Totals: []CountsTotal{{"330203", "periodic_recheck", 812, "月报表", noon}}},
		WantedCounts{Node: "haishu", Months: []string{"2026-02", "2026-03"}},
	}
}

// read reads the body of m by its kind.
func read(m Message) (Body, error) {
	switch m.Kind {
	case KindQuestions:
		return m.Questions()
	case KindReplies:
		return m.Replies()
	case KindCancels:
		return m.Cancels()
	case KindNotices:
		return m.Notices()
	case KindCounts:
		return m.Counts()
	case KindMonthCounts:
		return m.MonthCounts()
	case KindWantedCounts:
		return m.WantedCounts()
	}
	return m.Keys()
}

func TestBodiesReadBack(t *testing.T) {
	for _, want := range bodies(t) {
		m := message(t, want, noon)
		got, err := read(m)
		if err != nil {
			t.Fatalf("%s: %v", m.Kind, err)
		}
		if again := message(t, got, noon); !bytes.Equal(again.Body, m.Body) || m.Kind != KindKeys && !reflect.DeepEqual(got, want) { // a key holds funcs
			t.Errorf("%s: got another body back", m.Kind)
		}
	}
}

func TestBodyIsReadStrictly(t *testing.T) {
	const good = `{"cancels":[{"query":"0195558c-3c00-7000-8000-000000000001","reason":"withdrawn","at":"2026-03-02T04:00:00.000Z"}]}`
	for _, c := range []struct {
		name, from, to string
		ok             bool
	}{
		{"as written", "", "", true},
		{"white space", `"reason":`, ` "reason" : `, true},
		{"other order", `"query":"0195558c-3c00-7000-8000-000000000001","reason":"withdrawn"`, `"reason":"withdrawn","query":"0195558c-3c00-7000-8000-000000000001"`, true},
		{"escape", `withdrawn`, `withdraw\u006e`, true},
		{"unknown member", `"reason":`, `"x":1,"reason":`, false},
		{"member twice", `"reason":`, `"reason":"withdrawn","reason":`, false},
		{"another spelling", `"reason":`, `"Reason":`, false},
		{"missing member", `"reason":"withdrawn",`, ``, false},
		{"null", `"withdrawn"`, `null`, false},
		{"number", `"withdrawn"`, `1`, false},
		{"time with an offset", `04:00:00.000Z`, `12:00:00.000+08:00`, false},
		{"time without milliseconds", `00.000Z`, `00Z`, false},
		{"trailing data", `]}`, `]}{}`, false},
		{"not UTF-8", `withdrawn`, "withdraw\xff", false},
		{"no items", `{"cancels":[`, `{"cancels":[]}`, false},
	} {
		m := message(t, Cancels{{Query: NewID(), Reason: "withdrawn", At: noon}}, noon)
		m.Body = []byte(strings.Replace(good, c.from, c.to, 1))
		if _, err := m.Cancels(); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want accepted %t", c.name, err, c.ok)
		}
	}
}

func TestQuestionsRefuse(t *testing.T) {
	for name, change := range map[string]func(*Question){
		"id":                 func(q *Question) { q.ID = "1" },
		"division":           func(q *Question) { q.Division = "haishu" },
		"no name":            func(q *Question) { q.Person.Name = "" },
		"no number":          func(q *Question) { q.Person = Person{Name: "王某某"} },
		"category":           func(q *Question) { q.Category = "Housing Fund" },
		"half a window":      func(q *Question) { q.To = day.Day{} },
		"window backwards":   func(q *Question) { q.To = q.From.Add(-1) },
		"no hops":            func(q *Question) { q.Hops = nil },
		"no mandate":         func(q *Question) { q.Mandate = Mandate{} },
		"mandate backwards":  func(q *Question) { q.Mandate.Until = q.Mandate.From },
		"another purpose":    func(q *Question) { q.Mandate.Purpose = "medical" },
		"mandate of a novel": func(q *Question) { q.Mandate.Number = strings.Repeat("号", 40) },
	} {
		qs := questions(t, 2, noon)
		change(&qs[1])
		_, err := NewMessage(NewID(), noon.Add(time.Hour), qs)
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want %v", name, err, ErrMalformed)
		} else if text := err.Error(); strings.Contains(text, "王") || strings.Contains(text, "330200") {
			t.Errorf("%s: the error quotes the person", name)
		}
	}
	if _, err := NewMessage(NewID(), noon.Add(time.Hour), make(Questions, MaxItems+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many: got %v", err)
	}
	qs := questions(t, 1, noon)
	if _, err := NewMessage(NewID(), noon.Add(time.Hour), append(qs, qs[0])); !errors.Is(err, ErrMalformed) {
		t.Errorf("one id twice: got %v", err)
	}
}

func TestCountsRefuse(t *testing.T) {
	month := func(change func(*MonthCounts)) Body {
		c := MonthCounts{Node: "haishu", Month: "2026-02", Mark: "1a", At: noon, Totals: []CountsTotal{{"330203", "periodic_recheck", 812, "月报表　一", noon}},
			Cells: []CountsCell{{Division: "330203", Programme: "dibao", Kind: "new_application", Lines: []CountsLine{{"opened", "", 8}}}}}
		change(&c)
		return c
	}
	counts := func(change func(*Counts)) Body {
		c := Counts{Node: "haishu", Division: "330203", At: noon, Months: []CountsMark{{"2026-02", "1a"}}, Running: []CountsRunning{{"330203", "dibao", "new_application", 1}}}
		change(&c)
		return c
	}
	for name, body := range map[string]Body{
		"as it should be":       month(func(*MonthCounts) {}),
		"node":                  month(func(c *MonthCounts) { c.Node = "Haishu" }),
		"month":                 month(func(c *MonthCounts) { c.Month = "2026-13" }),
		"month in full":         month(func(c *MonthCounts) { c.Month = "2026-2" }),
		"no mark":               month(func(c *MonthCounts) { c.Mark = "" }),
		"no time":               month(func(c *MonthCounts) { c.At = time.Time{} }),
		"nothing":               month(func(c *MonthCounts) { c.Cells, c.Totals = nil, nil }),
		"a cell twice":          month(func(c *MonthCounts) { c.Cells = append(c.Cells, c.Cells[0]) }),
		"a cell of nothing":     month(func(c *MonthCounts) { c.Cells[0].Lines = nil }),
		"a line twice":          month(func(c *MonthCounts) { c.Cells[0].Lines = append(c.Cells[0].Lines, c.Cells[0].Lines[0]) }),
		"a tab in a line":       month(func(c *MonthCounts) { c.Cells[0].Lines[0].Part = "a\t1" }),
		"below nothing":         month(func(c *MonthCounts) { c.Cells[0].Lines[0].N = -1 }),
		"division":              month(func(c *MonthCounts) { c.Cells[0].Division = "haishu" }),
		"a total of nowhere":    month(func(c *MonthCounts) { c.Totals[0].Origin = "" }),
		"a total twice":         month(func(c *MonthCounts) { c.Totals = append(c.Totals, c.Totals[0]) }),
		"a line break":          month(func(c *MonthCounts) { c.Totals[0].Origin = "a\nb" }),
		"a mark twice":          counts(func(c *Counts) { c.Months = append(c.Months, c.Months[0]) }),
		"running twice":         counts(func(c *Counts) { c.Running = append(c.Running, c.Running[0]) }),
		"none running":          counts(func(c *Counts) { c.Running[0].N = 0 }),
		"of no division":        counts(func(c *Counts) { c.Division = "" }),
		"nothing wanted":        WantedCounts{Node: "haishu"},
		"no such month wanted":  WantedCounts{Node: "haishu", Months: []string{"now"}},
		"wanted of no node":     WantedCounts{Months: []string{"2026-02"}},
		"wanted, as it must be": WantedCounts{Node: "haishu", Months: []string{"2026-02"}},
	} {
		_, err := NewMessage(NewID(), noon.Add(time.Hour), body)
		if good := strings.Contains(name, "as it "); (err == nil) != good || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := NewMessage(NewID(), noon.Add(time.Hour), counts(func(c *Counts) { c.Months = make([]CountsMark, MaxItems+1) })); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many months: got %v", err)
	}
}

func TestHeaderMustAgreeWithTheBody(t *testing.T) {
	for name, change := range map[string]func(*Message){
		"purpose":  func(m *Message) { m.Purpose = "medical" },
		"mandate":  func(m *Message) { m.Mandate = "another" },
		"mandates": func(m *Message) { m.Mandate, m.Mandates = "", 2 },
		"last hop": func(m *Message) { m.From = "yinzhou" },
		"kind":     func(m *Message) { m.Kind = KindReplies },
	} {
		m := message(t, questions(t, 1, noon), noon)
		m.From = "haishu"
		change(&m)
		if _, err := m.Questions(); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want %v", name, err, ErrMalformed)
		}
	}
}

func TestQuestionNeverGoesInCircles(t *testing.T) {
	q := questions(t, 1, noon)[0]
	q.Hops = nil
	for _, node := range []string{"haishu", "ningbo", "zhejiang"} {
		next, err := q.Via(node)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := next.Via(node); !errors.Is(err, ErrCircle) {
			t.Errorf("twice through %s: got %v", node, err)
		}
		q = next
	}
	for i := len(q.Hops); i < MaxHops; i++ {
		q.Hops = append(q.Hops, strings.Repeat("n", i))
	}
	if _, err := q.Via("one-more"); !errors.Is(err, ErrCircle) {
		t.Errorf("too far: got %v", err)
	}
}

// Floor 1 does not look sideways, so the words of package source stand here as
// texts; this test holds them together.
func TestRepliesSpeakAsSourcesDo(t *testing.T) {
	for _, o := range source.Outcomes() {
		r := reply(NewID(), noon)
		r.Outcome = string(o)
		if o != source.Found {
			r.Records, r.Match = nil, ""
		}
		if o != source.Found && o != source.None {
			r.Reason = string(source.ReasonDeclined)
		}
		if wrong := r.wrong(); wrong != "" {
			t.Errorf("%s: %s", o, wrong)
		}
		if o != source.Found {
			r.Records = []catalog.Record{{}}
			if r.wrong() == "" {
				t.Errorf("%s with records passes", o)
			}
		}
	}
	for _, m := range []source.Match{source.MatchIDName, source.MatchID, source.MatchID15, source.MatchNameBirth} {
		r := reply(NewID(), noon)
		if r.Match = string(m); r.wrong() != "" {
			t.Errorf("match %s does not pass", m)
		}
	}
	q := questions(t, 1, noon)[0]
	mandate, err := source.Mint(source.Terms{
		Number: q.Mandate.Number, Consent: q.Mandate.Consent, Purpose: q.Mandate.Purpose, From: q.Mandate.From, Until: q.Mandate.Until,
		Person: source.Person{Name: q.Person.Name, ID: q.Person.ID}, Categories: []catalog.Code{q.Category},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mandate.Query(q.ID, q.Category, source.Window{From: q.From, To: q.To}, noon); err != nil {
		t.Errorf("a question does not become a query: %v", err)
	}
}

func TestKeysRefuse(t *testing.T) {
	haishu := newHaishu(t)
	p256, err := seal.Generate(seal.P256SHA256)
	if err != nil {
		t.Fatal(err)
	}
	box := []BoxPin{{Key: haishu.Boxes[0].Public()}}
	sign := []SignPin{{Key: haishu.Public}}
	for name, k := range map[string]Keys{
		"none": {}, "no box": {Sign: sign}, "no signer": {Boxes: box}, "zero box": {Sign: sign, Boxes: make([]BoxPin, 1)},
		"another algorithm": {Sign: []SignPin{{Key: p256.Public()}}, Boxes: box},
		"ends before":       {Sign: []SignPin{{haishu.Public, Span{From: noon, Until: noon}}}, Boxes: box},
		"seventeen":         {Sign: sign, Boxes: slices.Repeat(box, 17)},
	} {
		if _, err := NewMessage(NewID(), noon.Add(time.Hour), k); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want %v", name, err, ErrMalformed)
		}
	}
}
