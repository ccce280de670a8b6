package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// noticesPage is what an officer is told of the own work.
type noticesPage struct {
	frame
	Tabs  []tab
	Rows  []noticeRow
	More  string // address of the next page
	Empty string // why there is nothing
	Until string // of which instant the page is; empty where nothing is new
	Seen  string // up to when the officer has seen notices
	Kept  string
	Made  string
}

type noticeRow struct {
	Kind, When, By, Office, What string
	Address, About, Number       string // where the link leads, and what it says
	Applicant                    string
	Left                         string // how long until it is due
	Late, New                    bool
}

func (s *Server) notices(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	kind := hedui.NoticeKind(r.URL.Query().Get("kind"))
	if !slices.Contains(hedui.NoticeKinds(), kind) {
		kind = ""
	}
	before, err := hedui.ParseNoticeMark(r.URL.Query().Get("before"))
	if err != nil {
		return err
	}
	n, err := s.Desk.Notices(r.Context(), o, casework.NoticeFilter{Kind: kind, Before: before})
	if err != nil {
		return err
	}
	p := &noticesPage{frame: s.frame(r, "notice.title")}
	if r.URL.Query().Has("done") {
		p.Made = p.T("notice.marked")
	}
	here := "/notices?lang=" + string(p.Lang)
	if len(n.Kinds) > 1 {
		p.Tabs = []tab{{p.T("notice.all"), here, kind == ""}}
		for _, k := range n.Kinds {
			p.Tabs = append(p.Tabs, tab{p.T("notice.kind." + string(k)), here + "&kind=" + string(k), k == kind})
		}
	}
	if kind != "" {
		here += "&kind=" + string(kind)
	}
	if !n.More.At.IsZero() {
		p.More = here + "&before=" + url.QueryEscape(n.More.String())
	}
	switch {
	case len(n.Kinds) == 0:
		p.Empty = p.T("notice.nothing")
	case kind != "":
		p.Empty = p.T("notice.none_kind")
	default:
		p.Empty = p.T("notice.none")
	}
	if head := p.Told(); head != nil && head.New {
		p.Until = strconv.FormatInt(n.AsOf.UnixMicro(), 10)
	}
	if len(n.Kinds) > 0 {
		p.Kept = p.T("notice.kept", strconv.Itoa(n.Kept))
	}
	if !n.Seen.IsZero() {
		p.Seen = p.T("notice.seen", minute(n.Seen))
	}
	for _, one := range n.List {
		p.Rows = append(p.Rows, p.noticeRow(one, s.Now()))
	}
	return render(w, http.StatusOK, "notices.html", p)
}

func (f frame) noticeRow(n hedui.Notice, now time.Time) noticeRow {
	row := noticeRow{Kind: f.T("notice.kind." + string(n.Kind)), When: minute(n.At), By: n.Name, What: NoticeSentence(f.Lang, n), Address: noticeAddress(n, f.Lang),
		Number: n.Number, Applicant: n.Applicant, New: n.New}
	switch {
	case n.By == hedui.System.ID:
		row.By = f.T("notice.system")
	case row.By == "":
		row.By = n.By
	}
	if n.Number == "" {
		row.About = row.Kind
	} else {
		row.About = f.T("programme." + string(n.Programme))
	}
	if n.Kind == hedui.NoticeDeadline || n.Kind == hedui.NoticeLetter || n.Kind == hedui.NoticeConsent {
		row.Left, row.Late = f.left(n.Due.Sub(now))
	}
	return row
}

// NoticeSentence says in words what has happened, and why where somebody said so.
func NoticeSentence(l lang.Lang, n hedui.Notice) string {
	var args []string
	switch n.Kind {
	case hedui.NoticeConsent, hedui.NoticeDeadline:
		args = []string{minute(n.Due)}
	case hedui.NoticeLetter:
		args = []string{n.ID, minute(n.Due), strconv.Itoa(n.Count)}
	case hedui.NoticeQuery:
		args = []string{strconv.Itoa(n.Count), n.Source}
	case hedui.NoticeCorrection:
		args = []string{n.ID, n.Source}
	case hedui.NoticeAlert:
		args = []string{n.Source, lang.Text(l, "alert."+n.Why)}
	case hedui.NoticeRequest:
		args = []string{n.ID}
	case hedui.NoticeConcern:
		args = []string{strconv.Itoa(n.Count)}
	case hedui.NoticeNode:
		args = []string{n.Source}
	}
	said := []string{lang.Text(l, "notice.say."+string(n.Kind), args...)}
	if strings.Count(n.Why, ".") == 2 && lang.Has(n.Why) { // a reason of the list; other words of the log are not for this
		said = append(said, lang.Text(l, "notice.why", lang.Text(l, n.Why)))
		if lang.Has(n.Why + ".next") {
			said = append(said, lang.Text(l, n.Why+".next"))
		}
	}
	if l == lang.Chinese {
		return strings.Join(said, "")
	}
	return strings.Join(said, " ")
}

// noticeAddress is where a notice leads: to a page that its role may open.
func noticeAddress(n hedui.Notice, l lang.Lang) string {
	page, query := "/cases/"+n.Case, url.Values{"lang": {string(l)}}
	switch {
	case n.Kind == hedui.NoticeAlert:
		page = "/sources"
	case n.Kind == hedui.NoticeConcern:
		page = "/concerns"
	case n.Kind == hedui.NoticeRequest:
		page = "/requests"
	case n.Kind == hedui.NoticeErasure:
		page += "/erasure"
	case n.Kind == hedui.NoticeNode:
		page = "/nodes"
	case n.Role == hedui.LiaisonRole:
		page = "/worklist"
		query.Set("source", n.Source)
		if n.Kind == hedui.NoticeLetter {
			query.Set("list", "overdue")
		}
	case n.Role == hedui.ClerkRole:
		page = "/own/" + n.Case
	}
	return page + "?" + query.Encode()
}

// seeNotices notes that the officer has seen what the page showed.
func (s *Server) seeNotices(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	until, err := strconv.ParseInt(r.PostFormValue("until"), 10, 64)
	if err == nil && until > 0 && until < 1<<53 {
		if err := s.Desk.SeeNotices(r.Context(), o, time.UnixMicro(until).UTC()); err != nil {
			return err
		}
	}
	lead(w, r, "/notices?lang="+string(langOf(r))+"&done")
	return nil
}

// headNotices is what the head of a page says of notices.
type headNotices struct {
	Text string
	New  bool
}

// Told is what the head of the page says of notices, for who is told anything. It is
// counted where it is shown: parts of a page that move by themselves have no head.
func (f frame) Told() *headNotices {
	if f.told == nil {
		return nil
	}
	return f.told()
}

func (s *Server) headNotices(r *http.Request, o hedui.Officer, l lang.Lang) *headNotices {
	n, told, err := s.Desk.CountNotices(r.Context(), o)
	switch {
	case err != nil:
		s.Log.WarnContext(r.Context(), "count notices", "error", err)
	case !told:
	case n > casework.NoticesCounted:
		return &headNotices{lang.Text(l, "notice.head_many", strconv.Itoa(casework.NoticesCounted)), true}
	case n > 0:
		return &headNotices{lang.Text(l, "notice.head", strconv.Itoa(n)), true}
	default:
		return &headNotices{lang.Text(l, "notice.head_none"), false}
	}
	return nil
}
