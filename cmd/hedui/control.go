package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"hedui/internal/hedui"
)

// A running node takes orders from whoever may read the file "control" in its
// directory: an address on loopback and a secret, new at every start. The same
// orders are carried out directly where no node is running. Who gives one has
// signed in, see session.go.

// controlFile is where a running node says how it takes orders.
const controlFile = "control"

type control struct {
	Address string `json:"address"`
	Secret  string `json:"secret"`
}

// An order is one thing that an officer asks of a node, and what comes of it.
type order struct {
	Name string          `json:"name"`
	As   string          `json:"as"` // id of the officer
	Args json.RawMessage `json:"args,omitempty"`

	Session string `json:"session,omitempty"` // of the officer
}

// wireError is an error as the person at the other end needs it.
type wireError struct {
	Kind     hedui.Kind      `json:"kind"`
	Say      hedui.Text      `json:"say"`
	Problems []hedui.Problem `json:"problems,omitempty"`
	Cause    string          `json:"cause,omitempty"`
}

const (
	maxOrder    = 8 << 20 // a workbook may be in it
	controlPath = "/order"
)

// takeOrders serves the control address until ctx ends.
func (n *node) takeOrders(ctx context.Context) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	c := control{Address: l.Addr().String(), Secret: rand.Text()}
	text, err := json.Marshal(c) //nolint:gosec // G117: the file is readable by its owner only
	if err == nil {
		err = writeWhole(filepath.Join(n.dir, controlFile), text)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("control: %w", err), l.Close())
	}
	defer n.forgetControl(text)
	mux := http.NewServeMux()
	for path, answer := range map[string]http.HandlerFunc{controlPath: n.answerOrder, longPath: n.answerLong} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+c.Secret)) != 1 {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			answer(w, r)
		})
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	return serveUntil(ctx, server, l)
}

// forgetControl takes the file away, unless another process has written its own.
func (n *node) forgetControl(ours []byte) {
	path := filepath.Join(n.dir, controlFile)
	if text, err := os.ReadFile(path); err == nil && bytes.Equal(text, ours) {
		_ = os.Remove(path) // what stays is seen to be stale by its address
	}
}

func (n *node) answerOrder(w http.ResponseWriter, r *http.Request) {
	o, err := readOrder(w, r)
	var answer any
	if err == nil {
		answer, err = n.carryOut(r.Context(), o)
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusConflict)
		_ = json.NewEncoder(w).Encode(wireOf(err)) // whoever asked is gone if it fails
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func readOrder(w http.ResponseWriter, r *http.Request) (o order, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOrder))
	if err == nil {
		err = json.Unmarshal(body, &o)
	}
	return o, err
}

func wireOf(err error) *wireError {
	e := &wireError{Kind: hedui.KindOf(err), Say: hedui.Say("error.control"), Cause: err.Error()}
	var known *hedui.Error
	if errors.As(err, &known) {
		e.Say, e.Problems, e.Cause = known.Say, known.Problems, ""
		if known.Err != nil {
			e.Cause = known.Err.Error()
		}
	}
	return e
}

func (e *wireError) known() error {
	known := &hedui.Error{Kind: e.Kind, Say: e.Say, Problems: e.Problems}
	if e.Cause != "" {
		known.Err = errors.New(e.Cause)
	}
	return known
}

// carryOut does what an order says.
func (n *node) carryOut(ctx context.Context, o order) (any, error) {
	if at, ok := doorOrders[o.Name]; ok {
		return at(ctx, n, o.Args)
	}
	do, ok := orders[o.Name]
	if !ok {
		return nil, hedui.Fail(hedui.NotFound, hedui.Say("error.order", o.Name), nil)
	}
	by, err := n.acting(ctx, o)
	if err != nil {
		return nil, err
	}
	return do(ctx, n, by, o.Args)
}

// an order's handler reads its arguments strictly.
type orderFunc func(ctx context.Context, n *node, o hedui.Officer, args json.RawMessage) (any, error)

func ordered[A any](do func(ctx context.Context, n *node, o hedui.Officer, args A) (any, error)) orderFunc {
	return func(ctx context.Context, n *node, o hedui.Officer, raw json.RawMessage) (any, error) {
		var args A
		if len(raw) > 0 {
			if err := strictly(raw, &args); err != nil {
				return nil, err
			}
		}
		return do(ctx, n, o, args)
	}
}

// strictly reads the arguments of an order.
func strictly(raw json.RawMessage, args any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(args); err != nil {
		return fmt.Errorf("control: arguments: %w", err)
	}
	return nil
}

// ask has an order carried out by the node of a configuration: by the process
// that serves it, or, if none does, here.
func ask(ctx context.Context, path string, o order, answer any) error {
	s, err := readSettings(path, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	body, err := askRunning(ctx, s.dir, o)
	if errors.Is(err, errNotRunning) {
		body, err = askHere(ctx, s, o)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(body, answer)
}

// errNotRunning means that no process of the node takes orders.
var errNotRunning = errors.New("control: no node is running here")

// askRunning gives the order to the process that serves the directory.
func askRunning(ctx context.Context, dir string, o order) ([]byte, error) {
	resp, err := callRunning(ctx, dir, controlPath, o, 2*time.Minute)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return nil, hedui.Fail(hedui.Unavailable, hedui.Say("error.control"), err)
	case resp.StatusCode != http.StatusOK:
		var e wireError
		if err := json.Unmarshal(data, &e); err != nil {
			return nil, hedui.Fail(hedui.Unavailable, hedui.Say("error.control"), err)
		}
		return nil, e.known()
	}
	return data, nil
}

// callRunning sends an order to the process that serves the directory. No patience
// means to wait as long as it takes.
func callRunning(ctx context.Context, dir, path string, o order, patience time.Duration) (*http.Response, error) {
	o.Session = session(dir, o.As).Session
	var c control
	text, err := os.ReadFile(filepath.Join(dir, controlFile))
	if err != nil || json.Unmarshal(text, &c) != nil {
		return nil, errNotRunning
	}
	body, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.Address+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.Secret)
	client := &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Do(req)
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial":
		return nil, errNotRunning
	case err != nil:
		return nil, hedui.Fail(hedui.Unavailable, hedui.Say("error.control"), err)
	case resp.StatusCode == http.StatusForbidden: // another program has the port now
		return nil, errors.Join(errNotRunning, resp.Body.Close())
	}
	return resp, nil
}

func askHere(ctx context.Context, s *settings, o order) ([]byte, error) {
	n, err := openNode(ctx, s.nodeOptions)
	if err != nil {
		return nil, err
	}
	o.Session = session(s.dir, o.As).Session
	answer, err := n.carryOut(ctx, o)
	if err = errors.Join(err, n.db.Close()); err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

// serveUntil serves until ctx ends and then lets what is under way finish.
// Closing in good order is success.
func serveUntil(ctx context.Context, server *http.Server, l net.Listener) error {
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(end)
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}
