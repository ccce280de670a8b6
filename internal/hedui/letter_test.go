package hedui

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/day"
)

// The life of a letter, all states against all states, columns in the order of the rows.
func TestLetterStatesAllAgainstAll(t *testing.T) {
	drawing := strings.Fields(`
		issued    .x.xxx
		sent      ..xxxx
		failed    .x.xxx
		replied   ...xx.
		closed    ......
		ended     ......`)
	if got, want := len(drawing), 2*len(LetterStates()); got != want {
		t.Fatalf("the drawing has %d words, want %d", got, want)
	}
	for i, from := range LetterStates() {
		if drawing[2*i] != string(from) {
			t.Fatalf("row %d is %s, want %s", i, drawing[2*i], from)
		}
		for j, to := range LetterStates() {
			if got, want := from.CanBecome(to), drawing[2*i+1][j] == 'x'; got != want {
				t.Errorf("%s to %s: %v, want %v", from, to, got, want)
			}
		}
	}
}

// Every act on a letter in every state: x is done, . refused as a conflict.
func TestEveryActOnALetterInEveryState(t *testing.T) {
	rules := letterRulesOf(t, "2026-11-20")
	calendar, err := China()
	if err != nil {
		t.Fatal(err)
	}
	at := day.Must("2026-11-26").Start().Add(10 * time.Hour)
	acts := []func(*Letter) error{
		func(l *Letter) error { return l.Send(Sending{On: "2026-11-21", Way: "post"}, rules, at) },
		func(l *Letter) error { return l.Fail("2026-11-25", "moved", rules, at) },
		func(l *Letter) error { return l.Remind(rules, calendar, at) },
		func(l *Letter) error { return l.Reply(Officer{ID: "a"}, "2026-11-26", "image/png", "sha256:1", at) },
		func(l *Letter) error {
			if l.State == LetterReplied {
				l.Scan = "image/png"
			}
			return l.Close(Officer{ID: "b"}, []string{"a"}, 0, rules, at)
		},
	}
	// send fail remind reply close
	drawing := strings.Fields(`
		issued    x..x.
		sent      .xxx.
		failed    x..x.
		replied   ...xx
		closed    .....
		ended     .....`)
	for i, state := range LetterStates() {
		for j, act := range acts {
			l := Letter{Number: "X", Case: "c", State: state, IssuedAt: day.Must("2026-11-20").Start(), DueAt: at.Add(-time.Hour)}
			err := act(&l)
			if want := drawing[2*i+1][j] == 'x'; (err == nil) != want || err != nil && KindOf(err) != Conflict {
				t.Errorf("act %d on one that is %s: %v, want done %v", j, state, err, want)
			}
		}
	}
}

func letterRulesOf(t *testing.T, on string) LetterRules {
	t.Helper()
	book, err := StandardLetters()
	if err != nil {
		t.Fatal(err)
	}
	rules, ok := book.For("330203", day.Must(on))
	if !ok {
		t.Fatal("no rules for letters")
	}
	return rules
}

func TestRulesForLettersHoldByPlaceAndDay(t *testing.T) {
	if before, now := letterRulesOf(t, "2020-12-31"), letterRulesOf(t, "2021-01-01"); before.Counts != CountsIssued || before.Second || now.Counts != CountsSent || !now.Second {
		t.Errorf("before %+v, now %+v", before, now)
	}
	const two = `[{place: "000000", from: 2020-01-01, counts: sent, remind: 3wd, ways: [{code: fax}], fails: [lost]},
		{place: "330200", from: 2019-01-01, counts: issued, remind: 2d, ways: [{code: hand}], fails: [other]}]`
	book, err := ReadLetters([]byte(two))
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := book.For("330203", day.Must("2026-01-01")); !ok || r.Counts != CountsIssued {
		t.Errorf("the more particular place: %v %+v", ok, r)
	}
	if _, ok := book.For("330100", day.Must("2019-06-01")); ok {
		t.Error("rules before they hold")
	}
	for _, change := range []string{"way", "pigeon", "000", "tomorrow", "guess"} {
		bad := map[string]string{"way": strings.Replace(two, "ways", "way", 1), "pigeon": strings.Replace(two, "fax", "pigeon", 1), "000": strings.Replace(two, `"000000"`, `"000"`, 1),
			"tomorrow": strings.Replace(two, "3wd", "tomorrow", 1), "guess": strings.Replace(two, "lost", "guess", 1)}[change]
		if _, err := ReadLetters([]byte(bad)); err == nil {
			t.Errorf("%s is taken", change)
		}
	}
}

func TestWhatIsNotedOfALetterIsReadWhole(t *testing.T) {
	rules := letterRulesOf(t, "2026-11-20")
	at := day.Must("2026-11-26").Start().Add(10 * time.Hour)
	letter := func() *Letter {
		return &Letter{Number: "X", Case: "c", State: LetterIssued, IssuedAt: day.Must("2026-11-20").Start().Add(15 * time.Hour), DueAt: at.Add(time.Hour)}
	}
	for _, c := range []struct {
		name string
		s    Sending
		want string
	}{
		{"post", Sending{"2026-11-20", "post", " xa 1234 5678 9cn "}, ""},
		{"as people write days", Sending{"2026年11月26日", "hand", ""}, ""},
		{"nothing", Sending{}, "on way"},
		{"tomorrow by pigeon", Sending{"2026-11-27", "pigeon", "<b>"}, "on way tracking"},
		{"before it was written", Sending{"2026-11-19", "fax", ""}, "on"},
		{"a number of a fax", Sending{"2026-11-20", "fax", "123"}, "tracking"},
		{"a long number", Sending{"2026-11-20", "courier", strings.Repeat("1", 33)}, "tracking"},
	} {
		l := letter()
		err := l.Send(c.s, rules, at)
		if got := strings.Join(fieldsIn(err), " "); got != c.want || err != nil && l.State != LetterIssued {
			t.Errorf("%s: problems %q, want %q; state %s", c.name, got, c.want, l.State)
		}
		if err == nil && (l.State != LetterSent || l.Sent != 1 || l.SentOn.IsZero()) {
			t.Errorf("%s: %+v", c.name, l)
		}
		if c.name == "post" && l.Tracking != "XA123456789CN" {
			t.Errorf("tracking number %q", l.Tracking)
		}
	}
	l := letter()
	if err := l.Send(Sending{"2026-11-24", "post", "1"}, rules, at); err != nil {
		t.Fatal(err)
	}
	if got := fieldsIn(l.Fail("2026-11-23", "bored", rules, at)); !slices.Equal(got, []string{"on", "why"}) {
		t.Errorf("before it was sent, for no reason: %v", got)
	}
	if err := l.Fail("2026-11-25", "moved", rules, at); err != nil {
		t.Fatal(err)
	}
	if err := l.Send(Sending{"2026-11-26", "hand", ""}, rules, at); err != nil || l.Sent != 2 || l.Why != "" || l.Tracking != "" {
		t.Errorf("sent again: %v %+v", err, l)
	}
}

func fieldsIn(err error) []string {
	var list []string
	var known *Error
	if errors.As(err, &known) {
		for _, p := range known.Problems {
			list = append(list, p.Field)
		}
	}
	return list
}

func TestAReminderWaitsForTheEndOfTheOneBefore(t *testing.T) {
	rules := letterRulesOf(t, "2026-11-20")
	calendar, err := China()
	if err != nil {
		t.Fatal(err)
	}
	due := day.Must("2026-11-26").Start()
	l := &Letter{Number: "X", State: LetterSent, DueAt: due}
	if err := l.Remind(rules, calendar, due.Add(-time.Second)); KindOf(err) != Conflict || err == nil {
		t.Errorf("before it is due: %v", err)
	}
	if err := l.Remind(rules, calendar, due); err != nil {
		t.Fatal(err)
	}
	until := l.RemindedUntil(rules, calendar)
	if want := day.Must("2026-12-02").Start(); !until.Equal(want) { // Thursday, then three working days
		t.Errorf("until %s, want %s", until, want)
	}
	if err := l.Remind(rules, calendar, until.Add(-time.Second)); KindOf(err) != Conflict || err == nil || l.Reminders != 1 {
		t.Errorf("again at once: %v", err)
	}
	if err := l.Remind(rules, calendar, until); err != nil || l.Reminders != 2 {
		t.Errorf("again after its time: %v", err)
	}
}

// The reply is one scan; who took it, or entered from it, does not compare it where the
// rules ask for another.
func TestAReplyIsComparedByAnother(t *testing.T) {
	strict, lax := letterRulesOf(t, "2026-11-20"), letterRulesOf(t, "2020-01-01")
	at := day.Must("2026-11-26").Start().Add(10 * time.Hour)
	a, b := Officer{ID: "a"}, Officer{ID: "b"}
	l := &Letter{Number: "X", Case: "c", State: LetterSent, IssuedAt: at}
	if err := l.Reply(a, "2026-11-26", "image/png", "sha256:1", at); err != nil {
		t.Fatal(err)
	}
	if err := l.Reply(a, "2026-11-26", "image/png", "sha256:1", at); err != nil {
		t.Errorf("the same once more: %v", err)
	}
	if err := l.Reply(b, "2026-11-26", "image/png", "sha256:2", at); err == nil || KindOf(err) != Conflict {
		t.Errorf("another scan: %v", err)
	}
	l.Settle(1, lax, at)
	if l.State != LetterReplied {
		t.Errorf("with an open item it is %s", l.State)
	}
	for name, c := range map[string]struct {
		o       Officer
		entered string
		open    int
		rules   LetterRules
		want    Kind
	}{
		"an open item": {b, "a", 1, strict, Conflict}, "who took it": {a, "c", 0, strict, Forbidden}, "who entered": {b, "b", 0, strict, Forbidden},
	} {
		one := *l
		if err := one.Close(c.o, []string{c.entered}, c.open, c.rules, at); err == nil || KindOf(err) != c.want || one.State != LetterReplied {
			t.Errorf("%s: %v", name, err)
		}
	}
	one := *l
	if err := one.Close(b, []string{"a"}, 0, strict, at); err != nil || one.State != LetterClosed || one.ClosedBy != "b" {
		t.Errorf("another officer: %v %+v", err, one)
	}
	one = *l
	if one.Settle(0, lax, at); one.State != LetterClosed {
		t.Errorf("where one officer is enough it is %s", one.State)
	}
	abroad := &Letter{Number: "X", State: LetterSent, IssuedAt: at}
	if err := abroad.Reply(a, "2026-11-26", "image/png", "sha256:1", at); err == nil || KindOf(err) != Conflict {
		t.Errorf("the scan of another node's case: %v", err)
	}
	if abroad.Settle(0, strict, at); abroad.State != LetterClosed {
		t.Errorf("another node's letter that is answered is %s", abroad.State)
	}
	typed := &Letter{Number: "X", Case: "c", State: LetterSent, IssuedAt: at}
	if typed.Settle(0, lax, at); typed.State != LetterReplied || typed.Late(at) {
		t.Errorf("answered without its scan it is %s", typed.State)
	}
}
