package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"hedui/day"
	"hedui/exchange"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/region"
)

type nodesPage struct {
	frame
	Node, Division string // of this node
	Sign, Box      string // KeyIDs of this node
	Peers          []peerRow
	Invitations    []invitationRow
	Incidents      []incidentRow
	Runs           bool // the reader acts on other nodes
	Hours, Days    []int
	Name, Place    string // typed for an invitation that was refused
	Made, Code     string // the code is shown once
	Wrong          []problemRow
}

type peerRow struct {
	Name, Division, Role string
	Link, Class, Why     string
	Seen                 string // when it was last heard of, where that is known
	Waiting, Oldest      string // empty when nothing waits
	Keys                 []keyRow
	LogSeen, LogHeld     string // how far each has seen the audit log of the other
	Known                bool   // enrolled, and not shut out
}

type keyRow struct{ Use, ID, Until string }

type invitationRow struct {
	Name, Division, State, Class, Advice, Until string
	Keys                                        []keyRow
	Asked                                       bool // it has used its code and waits
}

type incidentRow struct {
	Last, Times, Reason, Advice string
	Peer, Remote, Key, Envelope string
}

// nodes shows this node among others: links, what waits, invitations, and what
// was refused with what is to be done about it.
func (s *Server) nodes(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.nodesPage(r, o)
	if err != nil {
		return err
	}
	if done := r.URL.Query().Get("done"); slices.Contains(nodeActs, done) && done != "invite" {
		p.Made = p.T("nodes.done." + done)
	}
	return render(w, http.StatusOK, "nodes.html", p)
}

func (s *Server) nodesPage(r *http.Request, o hedui.Officer) (*nodesPage, error) {
	n, err := s.Desk.Neighbourhood(r.Context(), o)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	p := &nodesPage{frame: s.frame(r, "page.nodes"), Node: s.Desk.Node, Sign: n.Sign, Box: n.Box, Hours: inviteHours, Days: overlapDays,
		Runs: s.Peers != nil && o.May(hedui.RunNode, s.Desk.Division) == nil}
	p.Path = "/nodes" // also of a page that an act has brought
	p.Division = p.division(s.Desk.Division, now)
	p.moves()
	for _, peer := range n.Peers {
		p.Peers = append(p.Peers, p.peer(peer, now))
	}
	for _, i := range n.Invitations {
		p.Invitations = append(p.Invitations, p.invitation(i, now))
	}
	for _, i := range n.Incidents {
		p.Incidents = append(p.Incidents, p.incident(i))
	}
	return p, nil
}

// link answers with the line about the link to the parent alone, for the script
// that keeps it up to date.
func (s *Server) link(w http.ResponseWriter, r *http.Request, _ hedui.Officer) error {
	return render(w, http.StatusOK, "apart", s.frame(r, ""))
}

// fillApart says on every page what it means that the parent is not reached. A
// page does without it rather than fail.
func (s *Server) fillApart(r *http.Request, f *frame) {
	parent, ok, err := s.Desk.Uplink(r.Context())
	if err != nil {
		s.Log.WarnContext(r.Context(), "read the link to the parent", "error", err)
	}
	if f.Below = ok; !ok {
		return
	}
	since, _, down := parent.Down()
	if !down {
		return
	}
	key := "apart." + parent.Level
	if !lang.Has(key) {
		key = "apart.other"
	}
	f.Apart = f.T(key, cmp.Or(f.place(parent.Division, s.Now()), parent.Name), since.In(day.Beijing).Format("2006-01-02 15:04"))
	if parent.Waiting > 0 {
		f.Apart += f.T("apart.waiting", strconv.Itoa(parent.Waiting))
	}
}

// place is the name of a division without those above it.
func (f frame) place(code string, at time.Time) string {
	d, _ := region.Lookup(code, day.Of(at))
	if f.Lang == lang.English && d.NameEn != "" {
		return d.NameEn
	}
	return d.Name
}

// division is a division by name and code.
func (f frame) division(code string, at time.Time) string {
	if name := f.place(code, at); name != "" {
		return name + " " + code
	}
	return code
}

func (p *nodesPage) peer(peer casework.Peer, now time.Time) peerRow {
	row := peerRow{Name: peer.Name, Division: p.division(peer.Division, now), Keys: p.keys(peer.Keys, now)}
	if peer.Waiting > 0 {
		row.Waiting, row.Oldest = strconv.Itoa(peer.Waiting), clock(peer.Oldest)
	}
	since, why, down := peer.Down()
	switch {
	case peer.Role == "":
		row.Role, row.Link, row.Class, row.Why = p.T("nodes.no_role"), p.T("nodes.absent"), "failed", p.T("nodes.absent_why")
		return row
	case peer.Revoked:
		row.Link, row.Class = p.T("nodes.revoked", clock(since)), "refused"
	case down:
		row.Link, row.Class, row.Why = p.T("nodes.down", clock(since)), "failed", p.why(why)
	case peer.Link.Up:
		row.Link, row.Class = p.T("nodes.up", clock(peer.Link.Since)), "ok"
	default:
		row.Link, row.Class = p.T("nodes.never"), "waiting"
	}
	row.Role, row.Known = p.T("node.role."+string(peer.Role)), !peer.Revoked
	if peer.LogSeen > 0 {
		row.LogSeen = p.T("nodes.log_seen", strconv.FormatInt(peer.LogSeen, 10))
	}
	if peer.LogHeld > 0 {
		row.LogHeld = p.T("nodes.log_cosigned", strconv.FormatInt(peer.LogHeld, 10))
	}
	row.Seen = clock(peer.Link.SeenAt)
	return row
}

// why is in words why a link is down: by itself, or because one side refuses the
// other.
func (p *nodesPage) why(reason string) string {
	for _, prefix := range []string{"link.", "refused."} {
		if key := prefix + reason; lang.Has(key) {
			return p.T(key)
		}
	}
	return p.T("link.other", reason)
}

// keys lists the keys that count now or will, by their ids.
func (p *nodesPage) keys(k exchange.Keys, now time.Time) []keyRow {
	var rows []keyRow
	add := func(use, id string, span exchange.Span) {
		if span.Until.IsZero() || now.Before(span.Until) {
			rows = append(rows, keyRow{p.T(use), id, clock(span.Until)})
		}
	}
	for _, pin := range k.Sign {
		add("nodes.sign", pin.Key.KeyID(), pin.Span)
	}
	for _, pin := range k.Boxes {
		add("nodes.box", pin.Key.KeyID(), pin.Span)
	}
	return rows
}

func (p *nodesPage) invitation(i casework.Invitation, now time.Time) invitationRow {
	row := invitationRow{Name: i.Name, Division: p.division(i.Division, now), State: p.T("node.enrolment." + string(i.State)), Class: "waiting"}
	switch i.State {
	case store.Approved:
		row.Class = "ok"
		row.Advice = p.T("nodes.decided", clock(i.ChangedAt))
		return row // its keys stand with the peer, and may be others by now
	case store.Declined:
		row.Class = "refused"
		row.Advice = p.T("nodes.decided", clock(i.ChangedAt))
	case store.Asked:
		row.Advice, row.Asked = p.T("nodes.asked", i.Name), true
	case store.Invited:
		if row.Advice = p.T("nodes.invited"); !now.Before(i.ExpiresAt) {
			row.State, row.Class, row.Advice = p.T("nodes.run_out"), "not_covered", p.T("nodes.run_out_do")
		}
		row.Until = clock(i.ExpiresAt)
	}
	row.Keys = p.keys(i.Keys, now)
	return row
}

func (p *nodesPage) incident(i store.Incident) incidentRow {
	row := incidentRow{Last: clock(i.Last), Peer: cmp.Or(i.Peer, p.T("nodes.stranger")), Remote: i.Remote, Key: i.Key, Envelope: i.Envelope}
	if i.Count > 1 {
		row.Times = p.T("nodes.times", strconv.Itoa(i.Count), clock(i.First))
	}
	reason := i.Reason
	switch {
	case reason == "": // too many different ones to keep apart
		reason, row.Peer = "many", ""
	case !lang.Has("refused."+reason) || !lang.Has("remedy."+reason):
		row.Reason, row.Advice = p.T("refused.other", reason), p.T("remedy.other")
		return row
	}
	row.Reason, row.Advice = p.T("refused."+reason), p.T("remedy."+reason)
	return row
}
