package web

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

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
	{"intake", []string{"/intake"}},
	{"own", []string{"/own"}},
	{"cases", []string{"/", "/find"}},
	{"case", []string{"/cases"}},
	{"corrections", []string{"/corrections"}},
	{"worklist", []string{"/worklist", "/workbooks"}},
	{"sources", []string{"/sources"}},
	{"statistics", []string{"/statistics"}},
	{"books", []string{"/books"}},
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

// design shows every part of which pages are made. docs/design.md says how they are
// meant.
func (s *Server) design(w http.ResponseWriter, r *http.Request, _ hedui.Officer) error {
	p := &designPage{frame: s.frame(r, "design.title")}
	p.Tabs = []tab{{p.T("design.tab_here"), "/design?lang=" + string(p.Lang), true}, {p.T("design.tab_other"), "/design?lang=" + string(p.Lang), false}}
	for _, o := range source.Outcomes() {
		p.Outcomes = append(p.Outcomes, mark{Symbol: symbols[o], Class: string(o), Text: p.T("outcome." + string(o))})
	}
	p.Outcomes = append(p.Outcomes, mark{Symbol: "…", Class: "waiting", Text: p.T("state.waiting")})
	for n, m := range (hedui.Period{From: "2026-01", Until: "2026-06"}).Months() {
		p.Months = append(p.Months, hedui.StatRow{Key: string(m), Figures: hedui.Figures{Delivered: hedui.Exact(int64(40 + 9*n)), Found: hedui.Exact(int64(8 + n))}})
	}
	return render(w, http.StatusOK, "design.html", p)
}

type designPage struct {
	frame
	Tabs     []tab
	Outcomes []mark
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
