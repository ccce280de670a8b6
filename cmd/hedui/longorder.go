package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"hedui/internal/hedui"
)

// An order that may take minutes is answered line by line: how far it is, from time
// to time, and at the end its answer or error. It ends when whoever asked goes away.

const longPath = "/long"

// tellEvery is how often a long order says how far it is.
const tellEvery = 200 * time.Millisecond

// A longFunc carries a long order out; tell may be called at any time, and by one
// goroutine at a time.
type longFunc func(ctx context.Context, n *node, o hedui.Officer, args json.RawMessage, tell func(done, of int)) (any, error)

var longOrders = map[string]longFunc{"rule/replay": orderReplay, "key/rotate": orderRotateKeys}

// longLine is one line of the answer.
type longLine struct {
	Done   int             `json:"done,omitempty"`
	Of     int             `json:"of,omitempty"`
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  *wireError      `json:"error,omitempty"`
}

func (n *node) answerLong(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	o, err := readOrder(w, r)
	if err == nil { // the limits of a short order would break this one off
		err = errors.Join(rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Time{}))
	}
	w.Header().Set("Content-Type", "application/json")
	var mu sync.Mutex
	line := func(l longLine) {
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(l) // whoever asked is gone if it fails
		_ = rc.Flush()
	}
	var body json.RawMessage
	if err == nil {
		body, err = n.carryOutLong(r.Context(), o, func(done, of int) { line(longLine{Done: done, Of: of}) })
	}
	if err != nil {
		line(longLine{Error: wireOf(err)})
		return
	}
	line(longLine{Answer: body})
}

// carryOutLong does what a long order says.
func (n *node) carryOutLong(ctx context.Context, o order, tell func(done, of int)) (json.RawMessage, error) {
	do, ok := longOrders[o.Name]
	if !ok {
		return nil, hedui.Fail(hedui.NotFound, hedui.Say("error.order", o.Name), nil)
	}
	by, err := n.acting(ctx, o)
	if err != nil {
		return nil, err
	}
	var last time.Time
	answer, err := do(ctx, n, by, o.Args, func(done, of int) {
		if now := time.Now(); now.Sub(last) >= tellEvery || done == of {
			last = now
			tell(done, of)
		}
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

// askLong has a long order carried out by the node of a configuration: by the process
// that serves it, or, if none does, here.
func askLong(ctx context.Context, s *settings, o order, tell func(done, of int), answer any) error {
	body, err := askRunningLong(ctx, s.dir, o, tell)
	if errors.Is(err, errNotRunning) {
		body, err = askHereLong(ctx, s, o, tell)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(body, answer)
}

func askRunningLong(ctx context.Context, dir string, o order, tell func(done, of int)) (json.RawMessage, error) {
	resp, err := callRunning(ctx, dir, longPath, o, 0)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	lines := json.NewDecoder(resp.Body)
	for {
		var l longLine
		if err := lines.Decode(&l); err != nil {
			return nil, hedui.Fail(hedui.Unavailable, hedui.Say("error.control"), err)
		}
		switch {
		case l.Error != nil:
			return nil, l.Error.known()
		case l.Answer != nil:
			return l.Answer, nil
		}
		tell(l.Done, l.Of)
	}
}

// wholeMachine is how lavish with memory a process is that does nothing but one long
// order: some hundred megabytes, and a tenth faster for it.
const wholeMachine = 400

func askHereLong(ctx context.Context, s *settings, o order, tell func(done, of int)) (json.RawMessage, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(wholeMachine))
	n, err := openNode(ctx, s.nodeOptions)
	if err != nil {
		return nil, err
	}
	o.Session = session(s.dir, o.As).Session
	answer, err := n.carryOutLong(ctx, o, tell)
	return answer, errors.Join(err, n.db.Close())
}
