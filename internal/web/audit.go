package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
)

// TrailSentence says in words who did what: "officer clerk of … opened case …".
func TrailSentence(l lang.Lang, e audit.Entry) string {
	who := e.Officer
	switch who {
	case hedui.System.ID:
		who = lang.Text(l, "trail.system")
	case hedui.CitizenID:
		who = lang.Text(l, "trail.citizen")
	case hedui.NobodyID:
		who = lang.Text(l, "trail.nobody")
	}
	if e.Office != "" {
		who = lang.Text(l, "trail.who", who, e.Office)
	}
	text := lang.Text(l, "trail."+string(e.Verb), who, e.Case, e.Detail)
	if e.Detail != "" && !strings.Contains(text, e.Detail) {
		text += lang.Text(l, "trail.detail", detailWords(l, e))
	}
	return strings.TrimSpace(text)
}

// TrailFilter reads what is looked for from texts as people type them. Days are
// whole days of Beijing, both included.
func TrailFilter(caseID, officer, verb, from, until, before string) (store.TrailFilter, error) {
	f := store.TrailFilter{Case: strings.TrimSpace(caseID), Officer: strings.TrimSpace(officer), Verb: audit.Verb(strings.TrimSpace(verb)), Before: before}
	for _, one := range []struct {
		text string
		at   *time.Time
		more int
	}{{from, &f.From, 0}, {until, &f.Until, 1}} {
		if one.text == "" {
			continue
		}
		d, err := day.Parse(one.text)
		if err != nil {
			return f, hedui.Fail(hedui.Invalid, hedui.Say("error.trail.day"), err)
		}
		*one.at = d.Add(one.more).Start()
	}
	return f, nil
}

type auditPage struct {
	frame
	Case, Whom, Verb, From, Until string // what is looked for
	Verbs                         []choice
	Rows                          []auditRow
	More                          string // address of the next page
	Seen                          []string
	Size                          string
}

type auditRow struct{ When, Sentence, Place, Class string }

// audit shows who did what, the newest first.
func (s *Server) audit(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	q := r.URL.Query()
	f, err := TrailFilter(q.Get("case"), q.Get("officer"), q.Get("verb"), q.Get("from"), q.Get("until"), q.Get("before"))
	if err != nil {
		return err
	}
	t, err := s.Desk.Trail(r.Context(), o, f)
	if err != nil {
		return err
	}
	p := auditPage{frame: s.frame(r, "page.audit"), Case: f.Case, Whom: f.Officer, Verb: string(f.Verb), From: q.Get("from"), Until: q.Get("until"),
		Size: strconv.FormatInt(t.Size, 10)}
	for _, v := range audit.Verbs() {
		p.Verbs = append(p.Verbs, choice{string(v), actName(p.Lang, v)})
	}
	for _, e := range t.Entries {
		row := auditRow{When: e.At.In(day.Beijing).Format(time.DateTime), Sentence: TrailSentence(p.Lang, e.Entry), Class: "ok"}
		switch {
		case !e.Intact:
			row.Place, row.Class = p.T("trail.changed"), "failed"
		case e.Seq < 0:
			row.Place, row.Class = p.T("trail.waiting"), "waiting"
		default:
			row.Place = p.T("trail.place", strconv.FormatInt(e.Seq, 10))
		}
		p.Rows = append(p.Rows, row)
	}
	for _, w := range t.Seen {
		p.Seen = append(p.Seen, p.T("trail.seen", audit.NodeOf(w.Witness), strconv.FormatInt(w.Size, 10), clock(w.At)))
	}
	if t.More != "" {
		next := url.Values{"lang": {string(p.Lang)}, "case": {p.Case}, "officer": {p.Whom}, "verb": {p.Verb}, "from": {p.From}, "until": {p.Until}, "before": {t.More}}
		p.More = "/audit?" + next.Encode()
	}
	return render(w, http.StatusOK, "audit.html", p)
}

// log serves what anybody may have of the audit log: the newest checkpoint, what
// others have cosigned, the key, and hashes (C2SP tlog-tiles).
func (s *Server) log(w http.ResponseWriter, r *http.Request) {
	var data []byte
	var err error
	switch path := r.PathValue("path"); path {
	case audit.CheckpointPath, audit.CosignedPath:
		get := s.Desk.Log
		if path == audit.CosignedPath {
			get = s.Desk.Cosigned
		}
		var text string
		text, err = get(r.Context())
		data = []byte(text)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	case audit.KeyPath:
		var key audit.Verifier
		key, err = s.Desk.DB.LogKey()
		data = []byte(audit.Trust{key}.Text())
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	default:
		var t tlog.Tile
		if t, err = audit.ParseTilePath(path); err != nil {
			err = hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), err)
			break
		}
		data, err = s.Desk.Hashes(r.Context(), t)
		tileHeader(w)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	_, _ = w.Write(data) //nolint:gosec // G705: no page, see nosniff; an error means that the reader has gone away
}

// logEntries serves a tile of entries.
func (s *Server) logEntries(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	t, err := audit.ParseTilePath("tile/entries/" + r.PathValue("path"))
	if err != nil {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), err)
	}
	data, err := s.Desk.LogEntries(r.Context(), o, t)
	if err != nil {
		return err
	}
	tileHeader(w)
	_, err = w.Write(data) //nolint:gosec // G705: no page, see nosniff
	return err
}

func tileHeader(w http.ResponseWriter) { w.Header().Set("Content-Type", "application/octet-stream") }
