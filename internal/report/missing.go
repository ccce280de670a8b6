package report

import (
	"regexp"
	"strconv"
	"strings"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// A MissingNotice is the 一次性告知书: everything that is missing of an
// application, named at once (民发〔2021〕57号, article 10).
type MissingNotice struct {
	Number    string // empty where the form does not tell place and programme yet
	Case      string // number; empty for a draft
	Programme hedui.Programme
	Division  string
	Applicant string
	Office    string // who gives the notice
	Persons   []hedui.Person
	Problems  []hedui.Problem // as the program finds them
	On        day.Day
}

// Name implements [Paper].
func (n MissingNotice) Name() string { return "missing" }

func (n MissingNotice) stamp(w words) stamp {
	return w.stampOf(n, n.Number, n.Office, n.Division, n.On)
}

func (n MissingNotice) lay(w words) sheet {
	sh := sheet{Title: w.t("paper.missing.title"), Number: n.Number, Paper: paperMarks{Plain: true}}
	programme := w.t("paper.blank.name")
	if n.Programme.Digits() != "" {
		programme = w.t("programme." + string(n.Programme))
	}
	sh.Lead = []string{w.t("paper.to", orElse(n.Applicant, w.t("paper.blank.name"))), w.t("paper.missing.body", programme, strconv.Itoa(len(n.Problems)))}
	if n.Case != "" {
		sh.Facts = w.pairs(1, "report.row.case", n.Case)
	}
	if len(n.Problems) == 0 {
		sh.Parts = []part{{Body: []string{w.t("paper.missing.none")}}}
	} else {
		sh.Parts = []part{{Title: w.t("paper.missing.part.list"), Grids: []grid{n.list(w)}}}
	}
	sh.Parts = append(sh.Parts, part{Title: w.t("paper.missing.part.next"),
		Body: numbered(w.t("paper.missing.n1"), w.t("paper.missing.n2"), w.t("paper.missing.n3")),
		Grids: []grid{{Framed: true, Rows: [][]cell{
			w.field(2, "paper.row.handler", "", "paper.row.receiver", ""),
			w.field(1, "paper.row.phone", "", "paper.row.received_on", w.t("paper.blank.day")),
		}}},
		Tail: []string{w.t("paper.seal_here", n.Office), w.day(n.On)}})
	return sh
}

func (n MissingNotice) list(w words) grid {
	g := grid{Columns: w.columns("no", 6, "concerns", 28, "lacks", 38, "bring", 28)}
	for i, p := range n.Problems {
		g.Rows = append(g.Rows, texts(strconv.Itoa(i+1), n.concerns(w, p.Field), w.t(p.Say.Key, p.Say.Args...), w.bring(p)))
	}
	return g
}

var fieldForm = regexp.MustCompile(`^(\w+)(?:\[(\d+)\])?(?:\.(\w+))?`)

// concerns says where a problem stands: the person and the box of the form.
func (n MissingNotice) concerns(w words, field string) string {
	m := fieldForm.FindStringSubmatch(field)
	if m == nil {
		return ""
	}
	list, box := m[1], m[3]
	if box == "" && m[2] == "" {
		list, box = "form", m[1]
	}
	text := w.t("paper.list." + orElse(known("paper.list.", list), "form"))
	if at, err := strconv.Atoi(m[2]); err == nil {
		text = w.t("paper.line", text, strconv.Itoa(at+1))
		if list == "persons" && at < len(n.Persons) && n.Persons[at].Name != "" {
			text += " " + n.Persons[at].Name
		}
	}
	if known("paper.box.", box) != "" {
		text = w.t("paper.box", text, w.t("paper.box."+box))
	}
	return text
}

// known is name if there is a text for it.
func known(prefix, name string) string {
	if name != "" && lang.Has(prefix+name) {
		return name
	}
	return ""
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// bring is the paper that mends a problem.
func (w words) bring(p hedui.Problem) string {
	switch {
	case strings.HasPrefix(p.Say.Key, "problem.guardian."), strings.HasSuffix(p.Field, ".guardian"):
		return w.t("paper.bring.guardian")
	case strings.HasPrefix(p.Say.Key, "problem.consent."), strings.HasPrefix(p.Field, "consents["):
		return w.t("paper.bring.consent")
	case strings.HasPrefix(p.Say.Key, "problem.id."), strings.HasSuffix(p.Field, ".name"):
		return w.t("paper.bring.id")
	case strings.HasPrefix(p.Field, "income["), strings.HasPrefix(p.Field, "property["):
		return w.t("paper.bring.declared")
	}
	return w.t("paper.bring.form")
}
