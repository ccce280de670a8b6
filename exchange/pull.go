package exchange

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

type wirePull struct {
	Puller   string        `json:"puller"`
	Wait     int64         `json:"wait_ms"`
	Max      int           `json:"max"`
	Receipts []wireReceipt `json:"receipts"`
}

// pull settles what the child took before, then answers with what there is for
// it, waiting for the first message if there is none.
func (h *Handler) pull(w http.ResponseWriter, r *http.Request, child Peer) error {
	data, err := readBody(w, r, typeJSON, maxReceipts)
	if err != nil {
		return err
	}
	var ask wirePull
	if err := decodeJSON(data, &ask); err != nil {
		return err
	}
	if _, err := parseID(ask.Puller); err != nil || ask.Wait < 0 || ask.Max < 1 || ask.Max > MaxCount {
		return at("pull", 0, "puller, wait or max")
	}
	receipts, err := receiptsOf(ask.Receipts)
	if err != nil {
		return err
	}
	if err := h.settle(r.Context(), child.Name, ask.Puller, receipts); err != nil {
		return err
	}
	if !h.flight.enter(child.Name) {
		return &Refusal{Reason: ReasonBusy}
	}
	defer h.flight.leave(child.Name)
	wait, cancel := context.WithTimeout(r.Context(), time.Duration(min(ask.Wait, h.Wait.Milliseconds()))*time.Millisecond)
	defer cancel()
	defer context.AfterFunc(h.stopping, cancel)() // a stopping server lets nobody wait
	messages, err := h.next(r.Context(), wait, child.Name, ask.Max)
	if err != nil {
		return err
	}
	return h.deliver(w, r, child, ask.Puller, messages)
}

// settle passes on what the child says of messages it was given. What this puller
// was given in the last answer and says nothing of did not reach it.
func (h *Handler) settle(ctx context.Context, child, puller string, receipts []Receipt) error {
	all := slices.Clone(receipts)
	for _, id := range h.flight.land(child, puller) {
		if !slices.ContainsFunc(receipts, func(r Receipt) bool { return r.ID == id }) {
			all = append(all, Receipt{ID: id, Status: Busy, Reason: ReasonLost})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return h.Outbox.Delivered(ctx, child, all)
}

// next takes messages, waiting for the first one until wait is done.
func (h *Handler) next(ctx, wait context.Context, child string, most int) ([]Message, error) {
	for {
		messages, err := h.Outbox.Take(ctx, child, most)
		if err != nil || len(messages) > 0 || wait.Err() != nil {
			return messages, err
		}
		if err := h.Outbox.Wait(wait, child); err != nil {
			if wait.Err() == nil {
				return nil, err
			}
			return nil, nil
		}
	}
}

// deliver seals the messages and writes them.
func (h *Handler) deliver(w http.ResponseWriter, r *http.Request, child Peer, puller string, messages []Message) error {
	parcels, rest := pack(h.Identity, child, messages, h.Now())
	data, err := encodeBatch(parcels)
	if err != nil {
		return err
	}
	var back []Receipt
	for _, item := range rest {
		back = append(back, item.Receipt)
		if item.err != nil {
			h.refuse(r, item.ID, item.err)
		}
	}
	ids := make([]string, len(parcels))
	for i, p := range parcels {
		ids[i] = p.id
	}
	h.flight.start(child.Name, puller, ids)
	w.Header().Set("Content-Type", typeBatch)
	if _, err := w.Write(data); err != nil || r.Context().Err() != nil {
		for _, id := range h.flight.land(child.Name, puller) {
			back = append(back, Receipt{ID: id, Status: Busy, Reason: ReasonLost})
		}
	}
	if len(back) > 0 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 5*time.Second)
		defer cancel()
		if err := h.Outbox.Delivered(ctx, child.Name, back); err != nil {
			h.Log.Warn("exchange: messages not given back", "peer", child.Name, "err", err) // their lease ends
		}
	}
	return nil
}

// flight remembers what each puller was given last, so that after a cut the next
// pull brings it again at once. It is a convenience: what it forgets, as when the
// parent starts anew, comes again when its lease in the outbox ends.
type flight struct {
	mu      sync.Mutex
	given   map[string][]given // by child, the latest last
	waiting map[string]int     // pulls of a child
}

type given struct {
	puller string
	ids    []string
}

const maxPullers = 16 // of one child: a process of the node each

func (f *flight) enter(child string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.given == nil {
		f.given, f.waiting = map[string][]given{}, map[string]int{}
	}
	if f.waiting[child] >= maxPullers {
		return false
	}
	f.waiting[child]++
	return true
}

func (f *flight) leave(child string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting[child]--
}

func (f *flight) start(child, puller string, ids []string) {
	if len(ids) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	all := append(f.given[child], given{puller, ids})
	f.given[child] = all[max(0, len(all)-maxPullers):]
}

// land forgets and returns what a puller was given.
func (f *flight) land(child, puller string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	for i, g := range f.given[child] {
		if g.puller == puller {
			ids = g.ids
			f.given[child] = slices.Delete(f.given[child], i, i+1)
			break
		}
	}
	return ids
}
