package web

import (
	"net/http"

	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// menu is what stands above every page: where the day of an officer passes, in the
// order in which it is used.
func (s *Server) menu(r *http.Request, o hedui.Officer, l lang.Lang) []tab {
	may := func(right hedui.Right) bool { return o.May(right, o.Division) == nil }
	concerns := s.concernsLine(r, o, l)
	var list []tab
	for _, e := range []struct {
		page, text string
		shown      bool
	}{
		{"/intake", lang.Text(l, "page.intake"), may(hedui.OpenCases)},
		{"/worklist", lang.Text(l, "worklist.title"), may(hedui.AnswerQueries)},
		{"/", lang.Text(l, "page.cases"), may(hedui.ReadCases)},
		{"/corrections", lang.Text(l, "correction.title"), may(hedui.VerifyCases)},
		{"/sources", lang.Text(l, "page.sources"), may(hedui.ReadCases) || may(hedui.RunNode) || may(hedui.ReadIncidents)},
		{"/books", lang.Text(l, "books.title"), may(hedui.ReadCases) || may(hedui.RunNode)},
		{"/statistics", lang.Text(l, "statistics.title"), may(hedui.ReadStatistics)},
		{"/nodes", lang.Text(l, "page.nodes"), s.Desk.Node != "" && s.Desk.MayReadNodes(o) == nil},
		{"/officers", lang.Text(l, "staff.title"), s.Roster != nil && (may(hedui.KeepOfficers) || may(hedui.GrantRoles))},
		{"/keys", lang.Text(l, "key.title"), s.Keys != nil && (may(hedui.KeepKeys) || may(hedui.RunNode))},
		{"/concerns", concerns, concerns != ""},
		{"/audit", lang.Text(l, "page.audit"), s.Desk.MayReadLog(o) == nil},
	} {
		if e.shown {
			list = append(list, tab{e.text, e.page + "?lang=" + string(l), e.page == r.URL.Path})
		}
	}
	return list
}
