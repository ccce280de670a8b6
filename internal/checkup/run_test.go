package checkup

import (
	"context"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/internal/connector"
	"hedui/internal/sim"
	"hedui/source"
)

// states lists the lines of a sheet as "check state".
func states(s Sheet) string {
	var words []string
	for _, l := range s.Lines {
		words = append(words, l.Check+" "+l.State)
	}
	return strings.Join(words, ", ")
}

func TestShapesTellNothing(t *testing.T) {
	p := source.Person{Name: "王志强"}
	for _, c := range []struct {
		field       catalog.Field
		value, want string
	}{
		{catalog.Field{Type: catalog.Money, Sensitivity: 3}, "1234567.80", "***.**"},
		{catalog.Field{Type: catalog.Date, Sensitivity: 2}, "1980-02-29", "****-**-**"},
		{catalog.Field{Type: catalog.IDCard, Sensitivity: 4}, "330200198002290018", "3302************18"},
		{catalog.Field{Type: catalog.Text, Sensitivity: 3}, "海曙区1弄2号", "*******"},
		{catalog.Field{Type: catalog.Text, Sensitivity: 1}, "诚达公司", "诚达公司"},
		{catalog.Field{Type: catalog.Text, Sensitivity: 1}, "王志强杂货店", "******"},
		{catalog.Field{Type: catalog.Text, Sensitivity: 1}, "330200198002290018", "******************"},
		{catalog.Field{Type: catalog.Bool, Sensitivity: 2}, "true", "****"},
		{catalog.Field{Type: catalog.Text, Sensitivity: 3}, "", "—"},
	} {
		if got := shape(c.field, c.value, p); got != c.want {
			t.Errorf("%s: got %s, want %s", c.field.Type, got, c.want)
		}
	}
}

func TestAFewAsksHaveNoP95(t *testing.T) {
	var took []time.Duration
	for i := range 19 {
		took = append(took, time.Duration(20-i)*time.Millisecond)
	}
	if l := latencyOf(took, 0); l.P95 != nil || l.Min != 2 || l.Median != 11 || l.Max != 20 {
		t.Errorf("19 asks: %+v", l)
	}
	if l := latencyOf(append(took, time.Millisecond), 1); l.P95 == nil || *l.P95 != 19 || l.Failed != 1 {
		t.Errorf("20 asks: %+v", l)
	}
}

// oddSource answers each question, or fetches, as it is told: for what the city never does.
type oddSource struct {
	answer func(p source.Person, fetch bool) source.Answer
	slow   time.Duration
}

func (o oddSource) Info() source.Info { return source.Info{Name: "odd"} }

func (o oddSource) Ask(_ context.Context, queries []source.Query) ([]source.Answer, error) {
	time.Sleep(o.slow)
	var list []source.Answer
	for _, q := range queries {
		a := o.answer(q.Person(), q.Token() != "")
		a.Query = q.ID()
		list = append(list, a)
	}
	return list, nil
}

// What a department may do that those of the city never do: each is told.
func TestOddAnswersAreJudged(t *testing.T) {
	cfg, err := connector.Load("odd.yaml", []byte(strings.Replace(oddFile, "kind: http", "kind: http\nlimits: {batch: 5, timeout: 1s}\nrefresh: 24h", 1)))
	if err != nil {
		t.Fatal(err)
	}
	wang := sim.Families()[0].Members[0]
	me := Person{source.Person{Name: wang.Name, ID: wang.ID}, "模拟城市"}
	found := source.Answer{Outcome: source.Found, Match: source.MatchIDName, AsOf: time.Now(), Records: []catalog.Record{{"plate_no": "浙B12345"}}}
	none := source.Answer{Outcome: source.None}
	later := source.Answer{Later: &source.Later{Token: "T"}}
	doubt := source.Answer{Outcome: source.IdentityDoubt, Reason: source.ReasonName}
	isMe := func(p source.Person) bool { return p.ID == me.ID }
	good := func(p source.Person, _ bool) source.Answer {
		switch {
		case !isMe(p):
			return none
		case p.Name != me.Name:
			return doubt
		}
		return found
	}
	instead := func(when func(p source.Person) bool, a source.Answer) func(source.Person, bool) source.Answer {
		return func(p source.Person, fetch bool) source.Answer {
			if when(p) {
				return a
			}
			return good(p, fetch)
		}
	}
	misnamed := func(p source.Person) bool { return isMe(p) && p.Name != me.Name }
	nobody := func(p source.Person) bool { return !isMe(p) }
	byID, old, undated, listless := found, found, found, found
	byID.Match, old.AsOf, undated.AsOf = source.MatchID, time.Now().Add(-48*time.Hour), time.Time{}
	listless.Records = []catalog.Record{{"plate_no": "浙B12345", "status": "ZZ"}}
	turn := 0
	for _, c := range []struct {
		name   string
		source oddSource
		line   string
		ready  bool
	}{
		{"all is well", oddSource{answer: good}, "misnamed ok", true},
		{"a stranger is found", oddSource{answer: instead(nobody, found)}, "nobody not_ready", false},
		{"a stranger is a doubt", oddSource{answer: instead(nobody, doubt)}, "nobody warning", true},
		{"a wrong name is said to agree", oddSource{answer: instead(misnamed, found)}, "misnamed not_ready", false},
		{"a wrong name is not looked at", oddSource{answer: instead(misnamed, byID)}, "misnamed warning", true},
		{"a wrong name reads as nothing there", oddSource{answer: instead(misnamed, none)}, "misnamed not_ready", false},
		{"old data", oddSource{answer: instead(isMe, old)}, "as_of warning", false},
		{"undated data", oddSource{answer: instead(isMe, undated)}, "as_of warning", false},
		{"a code of no list", oddSource{answer: instead(isMe, listless)}, "codes warning", false},
		{"never answered", oddSource{answer: func(source.Person, bool) source.Answer { return later }}, "known not_ready", false},
		{"answered later", oddSource{answer: func(p source.Person, fetch bool) source.Answer {
			if fetch {
				return good(p, fetch)
			}
			return later
		}}, "later ok", true},
		{"another answer each time", oddSource{answer: func(p source.Person, fetch bool) source.Answer {
			if turn++; turn%2 == 0 && isMe(p) {
				return none
			}
			return good(p, fetch)
		}}, "twice not_ready", false},
		{"slow", oddSource{answer: good, slow: 600 * time.Millisecond}, "timeout warning", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			up := New(&Sheet{Lang: "en", CheckedAt: time.Now()}, cfg, time.Now)
			up.Begin(me, "check", time.Second)
			up.prober.source = c.source
			up.Run(t.Context(), 2, time.Second, func(int, time.Duration) {})
			if got := states(*up.Sheet); !strings.Contains(got, c.line) || up.Count(NotReady) == 0 != c.ready {
				t.Errorf("got %s, want %s, ready %v", got, c.line, c.ready)
			}
		})
	}
}

const oddFile = `name: odd
kind: http
department: 某市公安局
category: vehicle
request: {url: "https://cgs.example/q", method: POST, form: {id: "{id}"}}
answer: {records: data}
fields: {plate_no: hphm}
`
