package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"hedui/internal/hedui"
	"hedui/internal/staff"
)

// keysPage is the versions of the keys under which the database lies. No key is on it,
// only what it is called and how much lies under it.
type keysPage struct {
	frame
	Masters, Data  []keyVersion
	Master, Newest string // versions in use, which a form hands back
	Keeps          bool   // the reader may change them
	Begun          bool   // a change of the master key was broken off
	Made           string
	Wrong          []string
}

type keyVersion struct {
	Version, ID, Since, State, Class string
	File                             string
	Lies                             []string // what lies under it
}

// keyActs are the two changes.
var keyActs = map[string]func(*staff.Keys, context.Context, hedui.Officer, func(done, of int)) (staff.Rotation, error){
	"master": (*staff.Keys).RotateMaster,
	"data":   (*staff.Keys).RotateNode,
}

func (s *Server) keys(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.keysPage(r, o)
	if err != nil {
		return err
	}
	if done := r.URL.Query().Get("done"); keyActs[done] != nil {
		p.Made = p.T("key.done." + done)
	}
	return render(w, http.StatusOK, "keys.html", p)
}

func (s *Server) keysPage(r *http.Request, o hedui.Officer) (*keysPage, error) {
	if s.Keys == nil {
		return nil, hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	masters, nodes, err := s.Keys.List(r.Context(), o)
	if err != nil {
		return nil, err
	}
	p := &keysPage{frame: s.frame(r, "key.title"), Keeps: o.May(hedui.KeepKeys, o.Division) == nil}
	p.Path = "/keys" // also of a page that an act has brought
	used := 0
	for _, m := range masters {
		row := keyVersion{Version: strconv.FormatInt(m.Version, 10), ID: m.ID, Since: minute(m.MadeAt), State: p.T("key.in_use"), Class: "ok",
			Lies: []string{p.T("key.wraps", strconv.Itoa(m.Cases), strconv.Itoa(m.Nodes))}}
		if m.Boxes > 0 {
			row.Lies = append(row.Lies, p.T("key.direct", strconv.Itoa(m.Boxes)))
		}
		if s.Keys.File != nil {
			if row.File = s.Keys.File(m.ID); row.File == "" {
				row.File = p.T("key.no_file")
			}
		}
		if m.RetiredAt.IsZero() {
			used++
		} else {
			row.State, row.Class = p.T("key.retired_at", minute(m.RetiredAt)), "none"
		}
		p.Master = row.Version
		p.Masters = append(p.Masters, row)
	}
	p.Begun = used > 1
	for _, n := range nodes {
		p.Newest = strconv.FormatInt(n.Version, 10)
		p.Data = append(p.Data, keyVersion{Version: p.Newest, Since: minute(n.MadeAt), State: p.T("key.under", strconv.FormatInt(n.Master, 10)),
			Lies: []string{p.T("key.encrypts", strconv.Itoa(n.Boxes))}})
	}
	for _, list := range [][]keyVersion{p.Masters, p.Data} {
		for i := range list {
			if list[i].Since == "" {
				list[i].Since = p.T("key.from_before")
			}
		}
	}
	return p, nil
}

// changeKey changes one of the two, after a fresh proof. A form that was sent twice, or
// is from before another change, changes nothing.
func (s *Server) changeKey(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	act := r.PathValue("act")
	rotate := keyActs[act]
	if s.Keys == nil || rotate == nil {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	if !s.provedAnew(w, r, "/keys") {
		return nil
	}
	if !s.rotating.TryLock() {
		return hedui.Fail(hedui.Conflict, hedui.Say("error.key.running"), nil)
	}
	defer s.rotating.Unlock()
	p, err := s.keysPage(r, o)
	if err != nil {
		return err
	}
	seen := map[string]string{"master": p.Master, "data": p.Newest}[act]
	switch {
	case typed(r, "version") != seen:
		err = hedui.Fail(hedui.Conflict, hedui.Say("error.key.moved"), nil)
	case r.PostFormValue("sure") == "":
		err = hedui.Fail(hedui.Invalid, hedui.Say("problem.key.sure"), nil)
	default:
		// a browser that goes away does not break a change off in the middle
		_, err = rotate(s.Keys, context.WithoutCancel(r.Context()), o, func(int, int) {})
	}
	if err == nil {
		lead(w, r, "/keys?"+url.Values{"lang": {string(langOf(r))}, "done": {act}}.Encode())
		return nil
	}
	kind := hedui.KindOf(err)
	if kind != hedui.Invalid && kind != hedui.Conflict {
		return err
	}
	if p, cause := s.keysPage(r, o); cause == nil { // as it is now
		p.Wrong = told(p.frame, err)
		return render(w, status[kind], "keys.html", p)
	}
	return err
}
