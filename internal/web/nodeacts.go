package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"hedui/day"
	"hedui/exchange"
	"hedui/internal/hedui"
	"hedui/region"
)

// Peers is what an operator does about other nodes, by the federation below.
type Peers interface {
	Invite(ctx context.Context, o hedui.Officer, name, division string, level region.Kind, life time.Duration) (exchange.Code, error)
	Decide(ctx context.Context, o hedui.Officer, name string, approve bool) error
	Revoke(ctx context.Context, o hedui.Officer, name string) error
	Rotate(ctx context.Context, o hedui.Officer, overlap time.Duration) error
}

// nodeActs are what can be done on the page of nodes.
var nodeActs = []string{"invite", "approve", "decline", "revoke", "rotate"}

// The choices that a person has; the commands take any length.
var (
	inviteHours = []int{1, 24, 72}
	overlapDays = []int{1, 7, 30}
)

// actOnNode does one of them. What changes whom this node trusts takes a fresh proof.
func (s *Server) actOnNode(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	act := r.PathValue("act")
	if s.Peers == nil || !slices.Contains(nodeActs, act) {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	if act != "invite" && !s.provedAnew(w, r, "/nodes") {
		return nil
	}
	code, err := s.doToNode(r, o, act)
	if err == nil && act != "invite" {
		lead(w, r, "/nodes?"+url.Values{"lang": {string(langOf(r))}, "done": {act}}.Encode())
		return nil
	}
	kind := hedui.KindOf(err)
	if err != nil && !onPage(err) && kind != hedui.NotFound {
		return err
	}
	p, cause := s.nodesPage(r, o)
	if cause != nil {
		return cause
	}
	if err != nil {
		p.Wrong, p.Name, p.Place = told(p.frame, err), typed(r, "name"), typed(r, "division")
		return render(w, status[kind], "nodes.html", p)
	}
	p.Made, p.Code, p.Refresh = p.T("nodes.done.invite", typed(r, "name")), code, 0 // it is shown once
	return render(w, http.StatusOK, "nodes.html", p)
}

func (s *Server) doToNode(r *http.Request, o hedui.Officer, act string) (code string, err error) {
	ctx, name := r.Context(), typed(r, "name")
	switch act {
	case "approve", "decline":
		return "", s.Peers.Decide(ctx, o, name, act == "approve")
	case "revoke":
		return "", s.Peers.Revoke(ctx, o, name)
	case "rotate":
		return "", s.Peers.Rotate(ctx, o, time.Duration(chosen(r, "days", overlapDays, 7))*24*time.Hour)
	}
	division, known := region.Lookup(typed(r, "division"), day.Of(s.Now()))
	if !known {
		return "", hedui.Fail(hedui.Invalid, hedui.Say("problem.division.unknown"), nil)
	}
	made, err := s.Peers.Invite(ctx, o, name, division.Code, division.Kind, time.Duration(chosen(r, "hours", inviteHours, 72))*time.Hour)
	return made.Reveal(), err
}

// chosen is the number that was picked from a list, or the usual one.
func chosen(r *http.Request, field string, list []int, usual int) int {
	if n, err := strconv.Atoi(r.PostFormValue(field)); err == nil && slices.Contains(list, n) {
		return n
	}
	return usual
}
