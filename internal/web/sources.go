package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"hedui/catalog"
	"hedui/internal/hedui"
)

type sourcesPage struct {
	frame
	Rows []sourceRow
}

type sourceRow struct {
	Name, Department, Categories, State, Class, Calls string

	place int // of its first category in the catalogue
}

func (s *Server) sources(w http.ResponseWriter, r *http.Request, _ hedui.Officer) error {
	p := sourcesPage{frame: s.frame(r, "page.sources")}
	p.moves()
	answers := map[string][]catalog.Code{}
	for _, src := range s.Desk.Sources {
		info := src.Info()
		answers[info.Name] = info.Categories
	}
	for _, src := range s.Desk.SourceStates() {
		row := sourceRow{Name: src.Name, Department: src.Department, State: p.T("page.source_ok"), Class: "ok",
			Calls: strconv.FormatInt(src.Calls, 10), place: placeOf(answers[src.Name])}
		if src.Open {
			row.State, row.Class = p.T("page.source_down"), "failed"
		}
		var names []string
		for _, c := range answers[src.Name] {
			names = append(names, p.category(c))
		}
		row.Categories = strings.Join(names, p.T("page.comma"))
		p.Rows = append(p.Rows, row)
	}
	slices.SortStableFunc(p.Rows, func(a, b sourceRow) int { return cmp.Compare(a.place, b.place) })
	return render(w, http.StatusOK, "sources.html", p)
}

// placeOf is where the first of the categories stands in the catalogue.
func placeOf(codes []catalog.Code) int {
	for i, c := range catalog.All() {
		if slices.Contains(codes, c.Code) {
			return i
		}
	}
	return len(catalog.All())
}
