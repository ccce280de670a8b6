package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"hedui/internal/hedui"
)

// holdLive is how long a request waits for a change before it is made anew.
const holdLive = 25 * time.Second

// live answers with the moving part of a case's page as soon as the case is no
// more in the revision that the page shows, or with nothing after a while.
func (s *Server) live(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	ctx, cancel := context.WithTimeout(r.Context(), holdLive)
	defer cancel()
	defer s.held.until(r, cancel)()
	id := r.PathValue("id")
	changed, err := s.Desk.Changed(ctx, o, id, r.URL.Query().Get("seen"))
	if err != nil {
		return err
	}
	o, ok := s.Who(r) // as things are after the wait: the session may have ended, a role may be gone
	if !ok {
		s.unknown(w, r, hedui.ReadCases)
		return nil
	}
	if !changed {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	v, err := s.look(r, o, id)
	if err != nil {
		return err
	}
	return render(w, http.StatusOK, "moving", s.casePage(r, o, v))
}

// held lets requests that wait for something go when the server is shut down,
// which would otherwise wait for them.
type held struct {
	mu      sync.Mutex
	servers map[*http.Server]bool // those that tell us of their end
	ended   bool
	waiting map[int]context.CancelFunc
	next    int
}

// until has cancel called at the end of the server that brought the request. The
// function it returns ends that.
func (h *held) until(r *http.Request, cancel context.CancelFunc) (done func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting == nil {
		h.waiting, h.servers = map[int]context.CancelFunc{}, map[*http.Server]bool{}
	}
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && !h.servers[server] {
		h.servers[server] = true
		server.RegisterOnShutdown(h.end)
	}
	if h.ended {
		cancel()
	}
	n := h.next
	h.next++
	h.waiting[n] = cancel
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiting, n)
	}
}

func (h *held) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	for _, cancel := range h.waiting {
		cancel()
	}
}
