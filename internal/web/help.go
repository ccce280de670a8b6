package web

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"hedui/internal/hedui"
	"hedui/source"
)

// helpSections are the parts of the handbook, in its order, with the addresses whose
// pages each is about. A part is for whoever may open one of its pages.
var helpSections = []struct {
	name  string
	pages []string
}{
	{"everyone", []string{"/help", "/design", "/account"}},
	{"notices", []string{"/notices"}},
	{"intake", []string{"/intake"}},
	{"own", []string{"/own"}},
	{"cases", []string{"/", "/find"}},
	{"case", []string{"/cases"}},
	{"corrections", []string{"/corrections"}},
	{"requests", []string{"/requests"}},
	{"erasures", []string{"/erasures"}},
	{"worklist", []string{"/worklist", "/workbooks"}},
	{"letters", []string{"/letters"}},
	{"sources", []string{"/sources"}},
	{"statistics", []string{"/statistics"}},
	{"books", []string{"/books"}},
	{"calendar", []string{"/calendar"}},
	{"nodes", []string{"/nodes"}},
	{"officers", []string{"/officers", "/rights"}},
	{"keys", []string{"/keys"}},
	{"concerns", []string{"/concerns"}},
	{"audit", []string{"/audit"}},
}

// sectionOf is the part of the handbook on the page at an address; empty if there is
// none.
func sectionOf(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	for _, s := range helpSections {
		if slices.Contains(s.pages, "/"+first) {
			return s.name
		}
	}
	return ""
}

type helpPage struct {
	frame
	Sections []helpSection
}

type helpSection struct {
	Name string
	Text template.HTML // of the program
}

// help is the handbook, as far as the officer's pages go. It prints as a whole.
func (s *Server) help(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p := &helpPage{frame: s.frame(r, "help.title")}
	for _, section := range helpSections {
		if !mayOpen(o, section.name) {
			continue
		}
		text, err := files.ReadFile("help/" + string(p.Lang) + "/" + section.name + ".html")
		if err != nil {
			return fmt.Errorf("web: help: %w", err)
		}
		p.Sections = append(p.Sections, helpSection{section.name, template.HTML(text)}) //nolint:gosec // G203: a file of the program
	}
	return render(w, http.StatusOK, "help.html", p)
}

// mayOpen reports whether the officer may open a page of a part.
func mayOpen(o hedui.Officer, section string) bool {
	return slices.ContainsFunc(routes(), func(r route) bool {
		_, path, _ := strings.Cut(r.pattern, " ")
		return sectionOf(strings.TrimSuffix(path, "{$}")) == section && r.may(o) == nil
	})
}

// design shows every part of which pages are made, by the templates that make the
// pages. docs/design.md says how they are meant. A form on it leads back to it.
func (s *Server) design(w http.ResponseWriter, r *http.Request, _ hedui.Officer) error {
	p := &designPage{frame: s.frame(r, "design.title")}
	here := "/design?lang=" + string(p.Lang)
	if r.Method == http.MethodPost {
		lead(w, r, here)
		return nil
	}
	p.More = here + "#tables"
	p.Tabs = []tab{{p.T("design.tab_here"), here, true}, {p.T("design.tab_other"), here, false}}
	for _, o := range source.Outcomes() {
		p.Outcomes = append(p.Outcomes, mark{Symbol: symbols[o], Class: string(o), Text: p.T("outcome." + string(o))})
	}
	for _, state := range []hedui.QueryState{hedui.Waiting, hedui.Pending} {
		p.Outcomes = append(p.Outcomes, mark{Symbol: "…", Class: "waiting", Text: p.T("state." + string(state))})
	}
	p.Acts = p.actRows([]hedui.Action{{Name: "review"}, {Name: "commission", Missing: []hedui.Problem{{Say: hedui.Say("problem.id.check")}}}, {Name: "seal"}}, "", "")
	for i := range p.Acts {
		p.Acts[i].To = here
	}
	for i, d := range []time.Duration{50 * time.Minute, 30 * time.Hour, -2 * time.Hour} {
		row := caseRow{Address: "/design", Number: fmt.Sprintf("330200202601010100000%d", i+1), Applicant: p.T("design.somebody"), Programme: p.T("programme.dibao"), Stage: p.T("stage.accepted"), Due: "2026-01-02 09:00"}
		row.Left, row.Late = p.left(d)
		p.Rows = append(p.Rows, row)
	}
	p.Rows = append(p.Rows, caseRow{Address: "/design", Number: "3302002025010101000009", Erased: true, Stage: p.T("stage.archived")})
	p.Problems = []fieldProblem{{"f-wrong", p.T("problem.id.check")}}
	for n, m := range (hedui.Period{From: "2026-01", Until: "2026-06"}).Months() {
		p.Months = append(p.Months, hedui.StatRow{Key: string(m), Figures: hedui.Figures{Delivered: hedui.Exact(int64(40 + 9*n)), Found: hedui.Exact(int64(8 + n))}})
	}
	return render(w, http.StatusOK, "design.html", p)
}

type designPage struct {
	frame
	Tabs     []tab
	Outcomes []mark
	Acts     []actRow
	Rows     []caseRow
	Problems []fieldProblem
	More     string
	Missed   string // there is no search that has led nowhere
	Months   []hedui.StatRow
}

// Chart is a chart as the page of statistics has them.
func (p *designPage) Chart() *svgChart { return p.columns(p.Months) }

// Field is a field of a form, with what is wrong with it.
func (p *designPage) Field(wrong bool) field {
	f := field{Name: "sample", ID: "f-sample", Label: p.T("page.number"), Value: "330200"}
	if wrong {
		f.Name, f.ID, f.Wrong = "wrong", "f-wrong", []string{p.T("problem.id.check")}
	}
	return f
}

// Choice is a field with a list.
func (p *designPage) Choice() field {
	return field{Name: "choice", ID: "f-choice", Label: p.T("page.stage"), Value: "accepted", Options: []choice{{"accepted", p.T("stage.accepted")}, {"issued", p.T("stage.issued")}}}
}
