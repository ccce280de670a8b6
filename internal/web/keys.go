package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

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
	Wrong          []problemRow
	Progress       string // of the change that is under way; nothing else is on the page then
	Done, All      int    // of its bar
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

// A turning is the change of keys that is under way in this process, or how the last
// one ended. It may take minutes, more than a browser waits for.
type turning struct {
	one sync.Mutex // held by it: one change at a time

	mu       sync.Mutex
	act      string
	going    bool
	done, of int
	err      error
	at       string // reference to the error
}

// begin starts the change of whoever holds t.one; the channel is closed at its end.
func (t *turning) begin(act string, change func(tell func(done, of int)) error) <-chan struct{} {
	t.set(func() { t.act, t.going, t.done, t.of, t.err = act, true, 0, 0, nil })
	ended := make(chan struct{})
	go func() {
		defer t.one.Unlock()
		defer close(ended)
		err := change(func(done, of int) { t.set(func() { t.done, t.of = done, of }) })
		t.set(func() { t.going, t.err = false, err })
	}()
	return ended
}

func (t *turning) set(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do()
}

// keys shows the versions, or how far a change has come: counting what lies under each
// version would slow it down.
func (s *Server) keys(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if s.Keys == nil {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	p := &keysPage{frame: s.frame(r, "key.title")}
	var last error
	var at string
	s.turning.set(func() {
		if s.turning.going {
			p.Done, p.All = s.turning.done, s.turning.of
			p.Progress = p.T("key.going."+s.turning.act, strconv.Itoa(p.Done), strconv.Itoa(p.All))
		}
		if s.turning.act == r.URL.Query().Get("done") {
			last, at = s.turning.err, s.turning.at
		}
	})
	if p.Progress != "" {
		p.moves()
		return render(w, http.StatusOK, "keys.html", p)
	}
	p, err := s.keysPage(r, o)
	if err != nil {
		return err
	}
	done := r.URL.Query().Get("done")
	switch kind := hedui.KindOf(last); {
	case last == nil && keyActs[done] != nil:
		p.Made = p.T("key.done." + done)
	case last == nil:
	case kind == hedui.Invalid || kind == hedui.Conflict:
		p.Wrong = told(p.frame, last)
	default:
		p.Wrong = []problemRow{{Text: p.T("error.internal", at)}}
	}
	return render(w, http.StatusOK, "keys.html", p)
}

func (s *Server) keysPage(r *http.Request, o hedui.Officer) (*keysPage, error) {
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
	if s.Keys == nil || keyActs[act] == nil {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	if !s.provedAnew(w, r, "/keys") {
		return nil
	}
	if !s.turning.one.TryLock() {
		return hedui.Fail(hedui.Conflict, hedui.Say("error.key.running"), nil)
	}
	p, err := s.keysPage(r, o)
	seen := ""
	if err == nil {
		seen = map[string]string{"master": p.Master, "data": p.Newest}[act]
	}
	switch {
	case err != nil:
	case typed(r, "version") != seen:
		err = hedui.Fail(hedui.Conflict, hedui.Say("error.key.moved"), nil)
	case r.PostFormValue("sure") == "":
		err = hedui.Fail(hedui.Invalid, hedui.Say("problem.key.sure"), nil)
	}
	if err != nil {
		s.turning.one.Unlock()
	} else {
		err = s.turn(r, o, act)
	}
	kind := hedui.KindOf(err)
	switch {
	case err == nil:
		lead(w, r, "/keys?"+url.Values{"lang": {string(langOf(r))}, "done": {act}}.Encode())
		return nil
	case kind != hedui.Invalid && kind != hedui.Conflict:
		return err
	}
	if p, cause := s.keysPage(r, o); cause == nil { // as it is now
		p.Wrong = told(p.frame, err)
		return render(w, status[kind], "keys.html", p)
	}
	return err
}

// turnWithin is how long a form waits for the end of a change. What takes longer is
// told by the page.
const turnWithin = 3 * time.Second

// turn begins a change and waits for its end, but not long. It is broken off by the
// end of the server alone, not by a browser that goes away.
func (s *Server) turn(r *http.Request, o hedui.Officer, act string) (err error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	free := s.held.until(r, cancel)
	ended := s.turning.begin(act, func(tell func(done, of int)) error {
		defer cancel()
		defer free()
		_, err := keyActs[act](s.Keys, ctx, o, tell)
		if kind := hedui.KindOf(err); err != nil && kind != hedui.Invalid && kind != hedui.Conflict {
			at := reference(s.Now())
			s.turning.set(func() { s.turning.at = at })
			s.Log.ErrorContext(ctx, "change keys", "act", act, "reference", at, "error", err)
		}
		return err
	})
	select {
	case <-ended:
		s.turning.set(func() { err = s.turning.err })
		return err
	case <-time.After(turnWithin):
	case <-r.Context().Done():
	}
	return nil
}
