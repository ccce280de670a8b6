package web

import (
	"net/http"
	"strings"

	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// A menuGroup is one part of the menu. It has no name where the menu is short.
type menuGroup struct {
	Name    string
	Entries []menuEntry
}

// A menuEntry leads to a page. Current is "page" on that page, "true" on those that
// belong to it, as aria-current says it.
type menuEntry struct{ Text, Address, Current string }

// shortMenu is how many entries are read at one glance; a longer menu is in groups.
const shortMenu = 7

// menu is what stands above every page: where the day of an officer passes, in the
// order in which it is used.
func (s *Server) menu(r *http.Request, o hedui.Officer, l lang.Lang) []menuGroup {
	may := func(right hedui.Right) bool { return o.May(right, o.Division) == nil }
	concerns := s.concernsLine(r, o, l)
	var groups []menuGroup
	var all []menuEntry
	for _, e := range []struct {
		page, text string // no page: a group begins
		shown      bool
	}{
		{"", lang.Text(l, "menu.work"), true},
		{"/intake", lang.Text(l, "page.intake"), may(hedui.OpenCases)},
		{"/worklist", lang.Text(l, "worklist.title"), may(hedui.AnswerQueries)},
		{"/letters", lang.Text(l, "letter.list"), s.Desk.FollowsLetters(o)},
		{"/", lang.Text(l, "page.cases"), may(hedui.ReadCases)},
		{"/corrections", lang.Text(l, "correction.title"), may(hedui.VerifyCases)},
		{"/requests", lang.Text(l, "request.title"), may(hedui.CommissionCases)},
		{"/erasures", lang.Text(l, "erasures.title"), may(hedui.ProposeErasure) || may(hedui.ConfirmErasure) || may(hedui.HoldCases)},
		{"", lang.Text(l, "menu.system"), true},
		{"/sources", lang.Text(l, "page.sources"), may(hedui.ReadCases) || may(hedui.RunNode) || may(hedui.ReadIncidents)},
		{"/books", lang.Text(l, "books.title"), may(hedui.ReadCases) || may(hedui.RunNode)},
		{"/calendar", lang.Text(l, "calendar.title"), true},
		{"/nodes", lang.Text(l, "page.nodes"), s.Desk.Node != "" && s.Desk.MayReadNodes(o) == nil},
		{"/officers", lang.Text(l, "staff.title"), s.Roster != nil && (may(hedui.KeepOfficers) || may(hedui.GrantRoles))},
		{"/keys", lang.Text(l, "key.title"), s.Keys != nil && (may(hedui.KeepKeys) || may(hedui.RunNode))},
		{"", lang.Text(l, "menu.oversight"), true},
		{"/statistics", lang.Text(l, "statistics.title"), may(hedui.ReadStatistics)},
		{"/concerns", concerns, concerns != ""},
		{"/audit", lang.Text(l, "page.audit"), s.Desk.MayReadLog(o) == nil},
	} {
		switch {
		case e.page == "":
			groups = append(groups, menuGroup{Name: e.text})
		case e.shown:
			entry, g := menuEntry{e.text, e.page + "?lang=" + string(l), currentOf(e.page, r.URL.Path)}, &groups[len(groups)-1]
			all, g.Entries = append(all, entry), append(g.Entries, entry)
		}
	}
	if len(all) > shortMenu {
		return groups
	}
	if len(all) == 0 {
		return nil
	}
	return []menuGroup{{Entries: all}}
}

// below are the pages that stand under an entry of another name.
var below = map[string]string{"/cases": "/", "/own": "/intake", "/workbooks": "/worklist", "/rights": "/officers"}

// currentOf is what an entry says on the page at an address.
func currentOf(entry, path string) string {
	if entry == path {
		return "page"
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	first = "/" + first
	if of, ok := below[first]; ok {
		first = of
	}
	if entry == first {
		return "true"
	}
	return ""
}
