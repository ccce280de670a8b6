package exchange

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// The endpoints of a parent.
const (
	PathPush   = "/exchange/v1/push"
	PathPull   = "/exchange/v1/pull"
	PathHealth = "/exchange/v1/health"
	PathEnrol  = "/exchange/v1/enrol"
)

const (
	pingTime    = 5 * time.Second // a silent connection is asked after so long, and given up after as long again
	defaultWait = 25 * time.Second
	workTime    = 60 * time.Second // for a request, beside what it waits
)

// A Handler is the parent's side of the wire. Its fields are set before it serves
// and not changed after; Identity, Peers, Outbox, Receiver and Now are needed. It
// serves TLS connections made with [ServerTLS] only.
type Handler struct {
	Identity Identity
	Peers    Lookup // the children
	Outbox   Outbox
	Receiver Receiver
	Now      func() time.Time
	Skew     time.Duration // 0 = DefaultSkew
	Wait     time.Duration // a pull is held open at most so long; 0 = 25 s
	Pushes   int           // pushes worked on at once, each up to MaxBatch bytes; 0 = 8

	Registrar Registrar                       // nil = nobody can enrol
	Refused   func(context.Context, Incident) // hears of everything refused, also of strangers as often as they knock; nil = nobody
	Seen      func(peer string, at time.Time) // hears of each request of a child; nil = nobody
	Log       *slog.Logger                    // hears of errors of Outbox and Receiver; nil = nobody

	once     sync.Once
	mux      *http.ServeMux
	pushes   chan struct{}
	enrols   chan struct{}
	stopping context.Context // ended by Stop: what waits ends, what works goes on
	stop     context.CancelFunc
	flight   flight
}

func (h *Handler) init() {
	h.once.Do(func() {
		h.Skew = orElse(h.Skew, DefaultSkew)
		h.Wait = orElse(h.Wait, defaultWait)
		h.pushes = make(chan struct{}, orElse(h.Pushes, 8))
		h.enrols = make(chan struct{}, 2)
		h.stopping, h.stop = context.WithCancel(context.Background()) //nolint:gosec // G118: called at Shutdown
		if h.Log == nil {
			h.Log = slog.New(slog.DiscardHandler)
		}
		h.mux = http.NewServeMux()
		h.mux.HandleFunc("POST "+PathPush, h.peer(h.push))
		h.mux.HandleFunc("POST "+PathPull, h.peer(h.pull))
		h.mux.HandleFunc("GET "+PathHealth, h.peer(h.health))
		h.mux.HandleFunc("POST "+PathEnrol, h.enrol)
	})
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.init()
	w.Header().Set("Cache-Control", "no-store")
	h.mux.ServeHTTP(w, r)
}

// Server returns a server of the handler with the limits it needs: serve with
// ServeTLS(listener, "", ""). Its Shutdown ends the pulls that wait and lets
// everything else finish.
func (h *Handler) Server() (*http.Server, error) {
	h.init()
	config, err := ServerTLS(h.Identity)
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		Handler:           h,
		TLSConfig:         config,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       h.Wait + workTime, // over HTTP/1.1 a pull that waits is read from, too
		WriteTimeout:      h.Wait + workTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: pingTime, PingTimeout: pingTime, MaxConcurrentStreams: 64},
		ErrorLog:          slog.NewLogLogger(h.Log.Handler(), slog.LevelDebug), // scanners and broken connections
	}
	server.RegisterOnShutdown(h.stop)
	return server, nil
}

// peer finds out which child asks, for every request anew.
func (h *Handler) peer(serve func(http.ResponseWriter, *http.Request, Peer) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		child, err := h.child(r)
		if err == nil {
			if h.Seen != nil {
				h.Seen(child.Name, h.Now())
			}
			err = serve(w, r, child)
		}
		if err != nil {
			h.refuse(r, "", err)
			writeProblem(w, err)
		}
	}
}

func (h *Handler) child(r *http.Request) (Peer, error) {
	key, err := connectionKey(r.TLS)
	if err != nil {
		return Peer{}, err
	}
	child, ok := h.Peers(connectionName(r.TLS))
	if !ok {
		return Peer{}, ErrUnknownPeer
	}
	return child, child.pins(key, h.Now(), h.Skew)
}

// refuse tells of what was refused; errors that are no refusal go to the log.
func (h *Handler) refuse(r *http.Request, id string, err error) {
	reason := ReasonOf(err)
	switch {
	case reason == "" && r.Context().Err() == nil:
		h.Log.Warn("exchange: request not served", "path", r.URL.Path, "err", err)
	case reason != "" && reason != ReasonPending && reason != ReasonBusy && h.Refused != nil:
		incident := Incident{At: h.Now(), Remote: r.RemoteAddr, Envelope: id, Reason: reason, Err: err}
		if key, err := connectionKey(r.TLS); err == nil {
			incident.Peer, incident.Key = connectionName(r.TLS), key.KeyID()
		}
		h.Refused(r.Context(), incident)
	}
}

// health answers who is there and what time it is.
func (h *Handler) health(w http.ResponseWriter, _ *http.Request, _ Peer) error {
	return writeJSON(w, http.StatusOK, wireHealth{Node: h.Identity.Name, Division: h.Identity.Division, Version: version, Now: instant{h.Now()}})
}

type wireHealth struct {
	Node     string  `json:"node"`
	Division string  `json:"division"`
	Version  int     `json:"version"`
	Now      instant `json:"now"`
}
