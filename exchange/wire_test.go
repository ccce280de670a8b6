package exchange

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy is the line between two nodes, which can be cut, slow or deaf.
type proxy struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	open     map[net.Conn]bool
	refuse   bool
	delay    atomic.Int64 // nanoseconds for each piece
	deaf     atomic.Bool  // takes everything and passes nothing on
	mute     atomic.Bool  // the same, towards the child only
}

func newProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, to: to, open: map[net.Conn]bool{}}
	t.Cleanup(func() { l.Close(); p.cut(true) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *proxy) url() string { return "https://" + p.listener.Addr().String() }

func (p *proxy) serve(child net.Conn) {
	parent, err := net.Dial("tcp", p.to)
	if err != nil {
		child.Close()
		return
	}
	p.mu.Lock()
	refuse := p.refuse
	p.open[child], p.open[parent] = true, true
	p.mu.Unlock()
	if refuse {
		child.Close()
		parent.Close()
		return
	}
	go p.copy(child, parent, &p.mute)
	p.copy(parent, child, &p.deaf)
}

func (p *proxy) copy(to, from net.Conn, swallow *atomic.Bool) {
	defer to.Close()
	defer from.Close()
	piece := make([]byte, 16<<10)
	for {
		n, err := from.Read(piece)
		if err != nil {
			return
		}
		time.Sleep(time.Duration(p.delay.Load()))
		if p.deaf.Load() || swallow.Load() {
			continue
		}
		if _, err := to.Write(piece[:n]); err != nil {
			return
		}
	}
}

// cut breaks all connections, and refuses new ones until it is called with false.
func (p *proxy) cut(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
	for c := range p.open {
		c.Close()
		delete(p.open, c)
	}
}

// pair is a hub and a county over real sockets.
type pair struct {
	hub, haishu       Identity
	handler           *Handler
	client            *Client
	line              *proxy
	up, down          *memBox // what haishu has for ningbo, and the other way
	atHub, atHaishu   *memReceiver
	incidents         chan Incident
	links             chan Link
	childKnows, knows atomic.Pointer[Lookup]
}

func newPair(t testing.TB) *pair {
	t.Helper()
	p := &pair{hub: newHub(t), haishu: newHaishu(t), up: newBox(), down: newBox(), incidents: make(chan Incident, 100), links: make(chan Link, 100)}
	children, parent := of(p.haishu), of(p.hub)
	p.knows.Store(&children)
	p.childKnows.Store(&parent)
	nothing := func(Peer, Message) error { return nil }
	p.atHub, p.atHaishu = newReceiver(nothing), newReceiver(nothing)
	refused := func(_ context.Context, i Incident) {
		select {
		case p.incidents <- i:
		default:
		}
	}
	p.handler = &Handler{
		Identity: p.hub, Outbox: p.down, Receiver: p.atHub, Now: time.Now, Refused: refused, Wait: 2 * time.Second,
		Peers: func(name string) (Peer, bool) { return (*p.knows.Load())(name) },
	}
	server, err := p.handler.Server()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.ServeTLS(l, "", "")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	p.line = newProxy(t, l.Addr().String())
	p.client = &Client{
		Identity: p.haishu, Parent: "ningbo", URL: p.line.url(), Outbox: p.up, Receiver: p.atHaishu, Now: time.Now,
		Peers:   func(name string) (Peer, bool) { return (*p.childKnows.Load())(name) },
		Timeout: 2 * time.Second, Retry: 200 * time.Millisecond, Refused: refused, Changed: func(l Link) { p.links <- l },
	}
	return p
}

// run starts the county and returns what stops it.
func (p *pair) run(t testing.TB) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.client.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func (p *pair) incident(t testing.TB, want Reason) Incident {
	t.Helper()
	for {
		select {
		case i := <-p.incidents:
			if i.Reason == want {
				return i
			}
		case <-time.After(time.Minute):
			t.Fatalf("no incident %s", want)
		}
	}
}

func (p *pair) link(t testing.TB, up bool, reason Reason) Link {
	t.Helper()
	for {
		select {
		case l := <-p.links:
			if l.Up == up && l.Reason == reason {
				return l
			}
		case <-time.After(time.Minute):
			t.Fatalf("link never up=%t %q; it is %+v", up, reason, p.client.Link())
		}
	}
}

// answering makes the hub answer every question.
func (p *pair) answering(t testing.TB) {
	p.atHub.effect = func(from Peer, m Message) error {
		qs, err := m.Questions()
		if err != nil {
			return err
		}
		var replies Replies
		for _, q := range qs {
			replies = append(replies, reply(q.ID, time.Now()))
		}
		p.down.put(from.Name, message(t, replies, time.Now()))
		return nil
	}
}

func TestQuestionsAreAnsweredOverTheWire(t *testing.T) {
	p := newPair(t)
	p.answering(t)
	p.run(t)
	p.link(t, true, "")
	for range 20 {
		p.up.put("ningbo", message(t, questions(t, 5, time.Now()), time.Now()))
	}
	eventually(t, "20 answers", func() bool { n, _ := p.atHaishu.count(); return n == 20 })
	eventually(t, "empty boxes", func() bool { return p.up.left() == 0 && p.down.left() == 0 })
	if _, again := p.atHub.count(); again != 0 {
		t.Errorf("%d messages went twice over a good line", again)
	}
}

func TestAnswerComesAtOnce(t *testing.T) {
	p := newPair(t)
	p.run(t)
	p.link(t, true, "")
	came := make(chan time.Time, 1)
	p.atHaishu.effect = func(Peer, Message) error { came <- time.Now(); return nil }
	for range 5 {
		time.Sleep(20 * time.Millisecond) // the pull waits
		start := time.Now()
		p.down.put("haishu", message(t, Replies{reply(NewID(), start)}, start))
		if took := (<-came).Sub(start); took > 200*time.Millisecond {
			t.Errorf("an answer took %v, want at most 200 ms", took)
		}
	}
}

// A line that is cut again and again, answers that are lost, boxes that give in
// any order and twice: everything arrives, and nothing has its effect twice.
func TestNothingIsLostOrDoubledOverABadLine(t *testing.T) {
	p := newPair(t)
	p.answering(t)
	shuffle := func(rows []row) { rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] }) }
	p.up.mix, p.down.mix = shuffle, shuffle
	p.up.lease, p.down.lease = 60*time.Millisecond, 60*time.Millisecond // hardly longer than the delay: sent again while on its way
	p.client.Batch = 5
	var busy atomic.Int32
	inner := p.atHub.effect
	p.atHub.effect = func(from Peer, m Message) error {
		if busy.Add(1)%97 == 0 {
			return errors.New("disk full")
		}
		return inner(from, m)
	}
	p.run(t)
	const rounds, n = 300, 310
	for i := range rounds {
		p.up.put("ningbo", message(t, questions(t, 2, time.Now()), time.Now()))
		time.Sleep(rand.N(15 * time.Millisecond))
		switch i % 30 {
		case 10: // answers are lost, then the line
			eventually(t, "link up", func() bool { return p.client.Link().Up })
			p.line.mute.Store(true)
			p.up.put("ningbo", message(t, questions(t, 2, time.Now()), time.Now()))
			time.Sleep(100 * time.Millisecond)
			p.line.cut(false)
			p.line.mute.Store(false)
		case 20:
			p.line.delay.Store(int64(rand.N(30 * time.Millisecond)))
		case 29:
			p.line.cut(true)
			time.Sleep(rand.N(200 * time.Millisecond))
			p.line.cut(false)
		}
	}
	p.line.delay.Store(0)
	eventually(t, fmt.Sprintf("%d messages each way", n), func() bool {
		a, _ := p.atHub.count()
		b, _ := p.atHaishu.count()
		return a == n && b == n && p.up.left() == 0 && p.down.left() == 0
	})
	_, again1 := p.atHub.count()
	_, again2 := p.atHaishu.count()
	if again1+again2 == 0 {
		t.Error("the bad line doubled nothing: it proves nothing")
	}
	t.Logf("came again: %d at the hub, %d at the county", again1, again2)
}

func TestLinkGoesDownAndReturns(t *testing.T) {
	p := newPair(t)
	p.run(t)
	p.link(t, true, "")
	p.line.cut(true)
	down := p.link(t, false, ReasonDown)
	p.up.put("ningbo", message(t, questions(t, 1, time.Now()), time.Now()))
	time.Sleep(300 * time.Millisecond)
	if now := p.client.Link(); now.Up || !now.Since.Equal(down.Since) {
		t.Errorf("after more tries: %+v, want down since %v", now, down.Since)
	}
	p.line.cut(false)
	p.link(t, true, "")
	eventually(t, "what waited is sent", func() bool { return p.up.left() == 0 })
}

func TestDeafLineIsNoticed(t *testing.T) {
	p := newPair(t)
	p.client.Wait = time.Second
	p.run(t)
	p.link(t, true, "")
	p.line.deaf.Store(true)
	p.link(t, false, ReasonSlow)
	p.line.deaf.Store(false)
	p.link(t, true, "")
}

func TestUnknownChildIsToldWhy(t *testing.T) {
	p := newPair(t)
	nobody := of()
	p.knows.Store(&nobody)
	p.run(t)
	p.link(t, false, ReasonUnknownPeer)
	if i := p.incident(t, ReasonUnknownPeer); i.Peer != "haishu" || i.Key != p.haishu.Public.KeyID() || i.Remote == "" {
		t.Errorf("got %+v", i)
	}
	children := of(p.haishu)
	p.knows.Store(&children)
	p.link(t, true, "")
	p.knows.Store(&nobody) // revoked on the open connection
	p.up.put("ningbo", message(t, questions(t, 1, time.Now()), time.Now()))
	p.link(t, false, ReasonUnknownPeer)
}

func TestChildWithAnotherKeyIsRefused(t *testing.T) {
	p := newPair(t)
	children := of(newHaishu(t))
	p.knows.Store(&children)
	p.run(t)
	p.link(t, false, ReasonKey)
	p.incident(t, ReasonKey)
}

func TestParentWithAnotherKeyIsRefused(t *testing.T) {
	p := newPair(t)
	parent := of(newHub(t))
	p.childKnows.Store(&parent)
	p.up.put("ningbo", message(t, questions(t, 1, time.Now()), time.Now()))
	p.run(t)
	p.link(t, false, ReasonKey)
	if n, _ := p.atHub.count(); n != 0 || p.up.left() != 1 {
		t.Error("something was sent to a stranger")
	}
}

func TestFaultsOfOneEnvelope(t *testing.T) {
	p := newPair(t)
	p.atHub.effect = func(_ Peer, m Message) error {
		if m.Purpose == "medical" {
			return &Refusal{Reason: "category"}
		}
		return nil
	}
	p.run(t)
	p.link(t, true, "")
	expired := message(t, questions(t, 1, time.Now()), time.Now())
	expired.ExpiresAt = time.Now().Add(-time.Minute)
	large := message(t, questions(t, 1, time.Now()), time.Now())
	large.Body = make([]byte, MaxBody+1)
	medical := questions(t, 1, time.Now())
	medical[0].Mandate.Purpose = "medical"
	for _, c := range []struct {
		m    Message
		want Receipt
	}{
		{message(t, questions(t, 1, time.Now()), time.Now()), Receipt{Status: Accepted}},
		{expired, Receipt{Status: Refused, Reason: ReasonExpired}},
		{large, Receipt{Status: Refused, Reason: ReasonTooLarge}},
		{message(t, medical, time.Now()), Receipt{Status: Refused, Reason: "category"}},
	} {
		p.up.put("ningbo", c.m)
		eventually(t, "settled", func() bool { return p.up.left() == 0 })
		got := p.up.receipt(c.m.ID)
		if c.want.ID = c.m.ID; got != c.want {
			t.Errorf("got %+v, want %+v", got, c.want)
		}
		if c.want.Status == Refused {
			p.incident(t, c.want.Reason)
		}
	}
}

// post sends raw bytes as haishu would.
func (p *pair) post(t *testing.T, from Identity, path, kind string, body []byte) ([]byte, error) {
	t.Helper()
	config, err := ClientTLS(from, of(p.hub), "ningbo", time.Now, DefaultSkew)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	return call(context.Background(), &http.Client{Transport: transport}, http.MethodPost, p.client.URL+path, kind, body, 1<<20)
}

func TestHandlerRefusesBadRequests(t *testing.T) {
	p := newPair(t)
	children := of(p.haishu, newNode(t, "yinzhou", "330212", "county"))
	p.knows.Store(&children)
	empty, err := encodeBatch(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path, kind string
		body             []byte
		want             error
	}{
		{"an empty batch", PathPush, typeBatch, empty, nil},
		{"no batch", PathPush, typeBatch, []byte("{}"), ErrMalformed},
		{"batch of a later version", PathPush, typeBatch, append([]byte(batchMagic), 2, 0, 0), ErrVersion},
		{"batch cut off", PathPush, typeBatch, append([]byte(batchMagic), 1, 0, 1), ErrMalformed},
		{"batch too long", PathPush, typeBatch, append(empty, 0), ErrMalformed},
		{"oversized", PathPush, typeBatch, make([]byte, MaxBatch+1), ErrTooLarge},
		{"another type", PathPush, typeJSON, empty, ErrMalformed},
		{"pull without anything", PathPull, typeJSON, []byte("{}"), ErrMalformed},
		{"pull with unknown member", PathPull, typeJSON, []byte(`{"puller":"` + NewID() + `","wait_ms":0,"max":1,"receipts":[],"x":1}`), ErrMalformed},
		{"pull of nothing", PathPull, typeJSON, []byte(`{"puller":"` + NewID() + `","wait_ms":0,"max":1,"receipts":[]}`), nil},
		{"enrolment where nobody enrols", PathEnrol, typeJSON, []byte("{}"), ErrCode},
	} {
		_, err := p.post(t, p.haishu, c.path, c.kind, c.body)
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if c.want != nil {
			p.incident(t, ReasonOf(c.want))
		}
	}
}

func TestEnvelopesPushedByHand(t *testing.T) {
	p := newPair(t)
	yinzhou := newNode(t, "yinzhou", "330212", "county")
	children := of(p.haishu, yinzhou)
	p.knows.Store(&children)
	now := time.Now()
	m := message(t, questions(t, 1, now), now)
	claims := p.haishu
	claims.Division = "330212"
	seal := func(who Identity, at time.Time) []byte {
		data, err := Seal(who, p.hub.Peer(), m, at)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	good := seal(p.haishu, now)
	for _, c := range []struct {
		name, id string
		data     []byte
		want     wireReceipt
	}{
		{"altered", m.ID, resign(t, good, p.haishu, func(b []byte) { b[len(b)-1]++ }), wireReceipt{Status: Refused, Reason: ReasonAltered}},
		{"broken signature", m.ID, append(good[:len(good)-1:len(good)-1], good[len(good)-1]^1), wireReceipt{Status: Refused, Reason: ReasonSignature}},
		{"of a sibling", m.ID, seal(yinzhou, now), wireReceipt{Status: Refused, Reason: ReasonUnknownPeer}},
		{"another's division", m.ID, seal(claims, now), wireReceipt{Status: Refused, Reason: ReasonDivision}},
		{"from the future", m.ID, seal(p.haishu, now.Add(time.Hour)), wireReceipt{Status: Refused, Reason: ReasonClock}},
		{"another id beside it", NewID(), good, wireReceipt{Status: Refused, Reason: ReasonMalformed}},
		{"no envelope", m.ID, []byte("x"), wireReceipt{Status: Refused, Reason: ReasonMalformed}},
		{"good", m.ID, good, wireReceipt{Status: Accepted}},
		{"replayed", m.ID, good, wireReceipt{Status: Duplicate}},
	} {
		batch, err := encodeBatch([]parcel{{c.id, c.data}})
		if err != nil {
			t.Fatal(err)
		}
		data, err := p.post(t, p.haishu, PathPush, typeBatch, batch)
		var got wirePushed
		if err = errors.Join(err, decodeJSON(data, &got)); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if c.want.ID = c.id; got.Receipts[0] != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got.Receipts[0], c.want)
		}
		if c.want.Status == Refused {
			if i := p.incident(t, c.want.Reason); i.Envelope != c.id || i.Peer != "haishu" {
				t.Errorf("%s: recorded as %+v", c.name, i)
			}
		}
	}
}

// An answer that was lost on the way comes with the next pull, not after its lease.
func TestLostAnswerComesWithTheNextPull(t *testing.T) {
	p := newPair(t)
	p.down.lease = time.Hour
	m := message(t, Replies{reply(NewID(), time.Now())}, time.Now())
	p.down.put("haishu", m)
	ask := []byte(`{"puller":"` + NewID() + `","wait_ms":0,"max":9,"receipts":[]}`)
	for i := range 3 {
		data, err := p.post(t, p.haishu, PathPull, typeJSON, ask)
		if err != nil {
			t.Fatal(err)
		}
		if parcels, err := decodeBatch(data); err != nil || len(parcels) != 1 || parcels[0].id != m.ID {
			t.Errorf("pull %d: got %d envelopes, %v", i+1, len(parcels), err)
		}
	}
	other := []byte(`{"puller":"` + NewID() + `","wait_ms":0,"max":9,"receipts":[]}`)
	data, err := p.post(t, p.haishu, PathPull, typeJSON, other)
	if err != nil {
		t.Fatal(err)
	}
	if parcels, err := decodeBatch(data); err != nil || len(parcels) != 0 {
		t.Errorf("another process: got %d envelopes, %v; want none", len(parcels), err)
	}
}

func TestRunRefusesWhatCannotWork(t *testing.T) {
	p := newPair(t)
	for _, u := range []string{"", "http://hub.example", "https://", "https://hub.example/x", "https://a:b@hub.example", "hub.example:8443"} {
		c := &Client{Identity: p.haishu, Parent: "ningbo", Peers: of(p.hub), URL: u, Outbox: p.up, Receiver: p.atHaishu, Now: time.Now}
		if err := c.Run(context.Background()); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: got %v", u, err)
		}
	}
	c := &Client{Parent: "ningbo", Peers: of(p.hub), URL: "https://hub.example", Now: time.Now}
	if err := c.Run(context.Background()); err == nil {
		t.Error("no identity: got no error")
	}
}
