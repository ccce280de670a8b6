package exchange

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/region"
	"hedui/seal"
	"hedui/source"
)

// noon is when nothing depends on the clock.
var noon = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

func newNode(t testing.TB, name, division string, level region.Kind) Identity {
	t.Helper()
	signer, err := seal.Generate(seal.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	box, err := GenerateBox()
	if err != nil {
		t.Fatal(err)
	}
	return Identity{Name: name, Division: division, Level: level, Signer: signer, Public: signer.Public(), Boxes: []*BoxKey{box}}
}

func newHub(t testing.TB) Identity { return newNode(t, "ningbo", "330200", region.KindPrefecture) }
func newHaishu(t testing.TB) Identity {
	return newNode(t, "haishu", "330203", region.KindCounty)
}

// of is the lookup of a node that knows these.
func of(nodes ...Identity) Lookup {
	peers := map[string]Peer{}
	for _, n := range nodes {
		peers[n.Name] = n.Peer()
	}
	return func(name string) (Peer, bool) { p, ok := peers[name]; return p, ok }
}

func person(t testing.TB, serial int) Person {
	t.Helper()
	id, ok := idcard.Make("330200", day.Must("1968-01-01"), serial%999+1)
	if !ok {
		t.Fatal("no such number")
	}
	return Person{Name: "王某某", ID: id}
}

// questions makes n questions from haishu on n mandates.
func questions(t testing.TB, n int, at time.Time) Questions {
	t.Helper()
	qs := make(Questions, n)
	for i := range qs {
		qs[i] = Question{
			ID: NewID(), Division: "330203", Scope: "330200", Category: catalog.HousingFund, Person: person(t, i),
			From: day.Must("2025-03-01"), To: day.Must("2026-02-28"), Hops: []string{"haishu"},
			Mandate: Mandate{
				Number: fmt.Sprintf("甬核授〔2026〕%06d号", i+1), Consent: fmt.Sprintf("S2026%06d", i+1), Purpose: "dibao",
				From: at.Add(-time.Hour).Truncate(time.Millisecond), Until: at.Add(240 * time.Hour).Truncate(time.Millisecond),
			},
		}
		qs[i].Signed = signed(t, qs[i])
	}
	return qs
}

// signed is the mandate of a question as haishu would sign it for the hub.
func signed(t testing.TB, q Question) string {
	t.Helper()
	key, err := mandateKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := source.SignMandate(source.Grant{Document: "sha256:00", Wording: "2026-1", Division: q.Division, Terms: source.Terms{
		Number: q.Mandate.Number, Consent: q.Mandate.Consent, Purpose: q.Mandate.Purpose, Person: source.Person(q.Person),
		Categories: []catalog.Code{q.Category}, From: q.Mandate.From, Until: q.Mandate.Until}}, "haishu", key)
	if err == nil {
		s, err = s.Narrow(source.Hop{Node: "haishu", Key: key, To: "ningbo", Categories: []catalog.Code{q.Category}, Until: q.Mandate.Until})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.Text()
}

var mandateKey = sync.OnceValues(func() (*seal.PrivateKey, error) { return seal.Generate(seal.Ed25519) })

func message(t testing.TB, body Body, at time.Time) Message {
	t.Helper()
	m, err := NewMessage(NewID(), at.Add(24*time.Hour), body)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func reply(query string, at time.Time) Reply {
	return Reply{
		Query: query, Outcome: "found", Match: "id+name", AsOf: at.Truncate(time.Millisecond), At: at.Truncate(time.Millisecond),
		Records:    []catalog.Record{{"name": "王某某", "account_no": "330200123456", "balance": "18234.56", "status": "normal", "monthly_deposit": "1200.00"}},
		Hash:       "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		Department: "宁波市住房公积金管理中心", AnsweredBy: "ningbo", Scope: "330200",
	}
}

// memBox is an outbox in memory, with a lease that tests can afford.
type memBox struct {
	mu    sync.Mutex
	rows  []row
	lease time.Duration
	wake  chan struct{}
	final map[string]Receipt
	mix   func([]row) // reorders what is due
}

type row struct {
	peer string
	m    Message
	due  time.Time
}

func newBox() *memBox {
	return &memBox{lease: time.Second, wake: make(chan struct{}), final: map[string]Receipt{}}
}

func (b *memBox) put(peer string, ms ...Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range ms {
		b.rows = append(b.rows, row{peer: peer, m: m})
	}
	close(b.wake)
	b.wake = make(chan struct{})
}

func (b *memBox) left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rows)
}

func (b *memBox) receipt(id string) Receipt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.final[id]
}

func (b *memBox) Take(_ context.Context, peer string, most int) ([]Message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mix != nil {
		b.mix(b.rows)
	}
	var out []Message
	now := time.Now()
	for i := range b.rows {
		if r := &b.rows[i]; r.peer == peer && !r.due.After(now) && len(out) < most {
			r.due = now.Add(b.lease)
			out = append(out, r.m)
		}
	}
	return out, nil
}

func (b *memBox) Delivered(_ context.Context, peer string, receipts []Receipt) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	by := map[string]Receipt{}
	for _, r := range receipts {
		by[r.ID] = r
	}
	b.rows = slices.DeleteFunc(b.rows, func(r row) bool {
		receipt, ok := by[r.m.ID]
		if ok = ok && r.peer == peer; ok {
			b.final[r.m.ID] = receipt
		}
		return ok && receipt.Settled()
	})
	for i := range b.rows {
		if receipt, ok := by[b.rows[i].m.ID]; ok && b.rows[i].peer == peer {
			b.rows[i].due = time.Now().Add(receipt.RetryAfter)
		}
	}
	close(b.wake)
	b.wake = make(chan struct{})
	return nil
}

func (b *memBox) Wait(ctx context.Context, peer string) error {
	b.mu.Lock()
	wake, next := b.wake, time.Now().Add(time.Hour)
	for _, r := range b.rows {
		if r.peer == peer && r.due.Before(next) {
			next = r.due
		}
	}
	b.mu.Unlock()
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	select {
	case <-wake:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// memReceiver has each effect once, as the store does.
type memReceiver struct {
	mu     sync.Mutex
	seen   map[string]bool
	again  int
	effect func(Peer, Message) error
}

func newReceiver(effect func(Peer, Message) error) *memReceiver {
	return &memReceiver{seen: map[string]bool{}, effect: effect}
}

func (r *memReceiver) Receive(_ context.Context, from Peer, m Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[m.ID] {
		r.again++
		return ErrDuplicate
	}
	if err := r.effect(from, m); err != nil {
		return err
	}
	r.seen[m.ID] = true
	return nil
}

func (r *memReceiver) count() (effects, again int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen), r.again
}
