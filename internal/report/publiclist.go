package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/region"
)

// A PublicList 公示名单 is put up for everybody to read. It can hold a division, a
// programme, a day, and for each household the applicant's masked name and the
// number of its members: there is no place in it for an identity number, an
// address, an illness or a child's name, and no text that anybody typed.
type PublicList struct {
	division  string
	programme hedui.Programme
	on        day.Day
	within    hedui.Length // how long it hangs; zero where that is not known
	lines     []publicLine
}

// A publicLine is a household. The name is masked already.
type publicLine struct {
	name    maskedName
	members int
}

// maskedName is the first character of an adult's name and stars.
type maskedName struct {
	first rune // a letter, or 0 for a name that is withheld
	stars int
}

// NewPublicList takes from the cases what may be public and forgets the rest. All
// cases must be of the division and the programme.
func NewPublicList(division string, programme hedui.Programme, on day.Day, spans Spans, cases []*hedui.Case) (PublicList, error) {
	l := PublicList{division: division, programme: programme, on: on}
	if _, ok := region.Lookup(division, on); !ok || programme.Digits() == "" {
		return l, hedui.Fail(hedui.Invalid, hedui.Say("error.paper.public"), fmt.Errorf("division %q, programme %q", division, programme))
	}
	for _, c := range cases {
		if !hedui.Covers(division, c.Division) || c.Programme != programme {
			return l, hedui.Fail(hedui.Invalid, hedui.Say("error.paper.public"), fmt.Errorf("case %s is of another place or programme", c.ID))
		}
		l.lines = append(l.lines, publicLine{maskName(c.Applicant(), on), len(c.Members())})
	}
	l.within, _ = spans.within(spanPublish, division, on)
	return l, nil
}

// maskName withholds the name of a minor, and whatever is no name.
func maskName(p hedui.Person, on day.Day) maskedName {
	masked := []rune(idcard.MaskName(p.Name))
	if p.ID.IsZero() || p.ID.AgeOn(on) < hedui.AdultAge || len(masked) == 0 || !unicode.IsLetter(masked[0]) {
		return maskedName{}
	}
	return maskedName{masked[0], len(masked) - 1}
}

func (m maskedName) text(w words) string {
	if m.first == 0 {
		return w.t("paper.public.withheld")
	}
	return string(m.first) + strings.Repeat("*", m.stars)
}

// Name implements [Paper].
func (l PublicList) Name() string { return "public" }

func (l PublicList) stamp(w words) stamp {
	return w.stampOf(l, "", region.Name(l.division, l.on), l.division, l.on)
}

func (l PublicList) lay(w words) sheet {
	place, programme := region.Name(l.division, l.on), w.t("programme."+string(l.programme))
	sh := sheet{Title: w.t("paper.public.title"), Version: join("　", place, programme), Paper: paperMarks{Plain: true, Anonymous: true}}
	period := w.t("paper.public.period.open")
	if l.within != (hedui.Length{}) {
		period = w.t("paper.public.period", w.length(l.within))
	}
	sh.Lead = []string{w.t("paper.public.body", programme, strconv.Itoa(len(l.lines))), period}
	g := grid{Columns: w.columns("no", 10, "applicant", 30, "members", 20, "amount", 40)}
	for i, line := range l.lines {
		g.Rows = append(g.Rows, []cell{{Text: strconv.Itoa(i + 1)}, {Text: line.name.text(w)}, {Text: strconv.Itoa(line.members)}, {Text: blank}})
	}
	sh.Parts = []part{{Grids: []grid{g}},
		{Body: []string{w.t("paper.public.note")}, Tail: []string{w.t("paper.seal_here", ""), w.day(day.Day{})}}}
	return sh
}
