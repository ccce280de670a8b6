package casework

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// found is an answer with a record.
func landFound(time.Time) (source.Answer, error) {
	return source.Answer{Outcome: source.Found, Match: source.MatchIDName, AsOf: time.Now(), Hash: "sha256:00",
		Records: []catalog.Record{{"location": "某村", "area_m2": "80"}}}, nil
}

// Withdrawal stops what waits, seals what nobody has read, and leaves what was read
// and what is about the others.
func TestWithdrawalStopsQueriesAndSealsUnreadAnswers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		gate := make(chan struct{})
		b.sources["land"].answer = func(source.Query, int) (source.Answer, error) { return landFound(time.Now()) }
		b.sources["vehicle"].answer = func(source.Query, int) (source.Answer, error) {
			<-gate
			return source.Answer{Outcome: source.Found, Match: source.MatchIDName, AsOf: time.Now(), Records: []catalog.Record{{"plate_no": "浙B00001"}}}, nil
		}
		b.sources["marriage"].answer = func(source.Query, int) (source.Answer, error) { return source.Answer{}, errDown }
		b.start(t)
		ctx := t.Context()
		id := b.accepted(t, form(t, 301))
		for range 400 { // all but vehicle, which is being asked, and marriage, which is down
			if b.settled(t, id, 4) == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		c, err := b.Withdraw(ctx, clerk, id, 2)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.ConsentState(c.Consents[1], b.Now().Add(time.Millisecond)); got != hedui.ConsentWithdrawn {
			t.Errorf("the consent is %s", got)
		}
		close(gate) // an answer comes after all
		time.Sleep(300 * time.Millisecond)
		stopped, sealed := 0, 0
		for _, q := range b.queries(t, id) {
			switch {
			case q.Person == 1 && q.Category == "land" && len(q.Records) != 1:
				t.Errorf("what was answered on the other person is gone: %s %s", q.Outcome, q.Reason)
			case q.Person == 2 && (len(q.Records) > 0 || !q.Settled()):
				t.Errorf("%s of who has withdrawn: %s, %d records", q.Category, q.State, len(q.Records))
			case q.Person == 2 && q.Reason == hedui.ReasonWithdrawn && q.Category == "land":
				sealed++
				if q.Hash != "sha256:00" {
					t.Error("the digest of the sealed answer is gone")
				}
			case q.Person == 2 && q.Reason == hedui.ReasonWithdrawn && (q.Category == "vehicle" || q.Category == "marriage"):
				stopped++
			}
		}
		if stopped != 2 || sealed != 1 {
			t.Errorf("%d queries stopped and %d answers sealed, want 2 and 1", stopped, sealed)
		}
		asked := b.sources["marriage"].times()
		b.sources["marriage"].answer = nil
		b.await(t, id, hedui.Summarised)
		for qid, n := range b.sources["marriage"].times() {
			if i := slices.IndexFunc(b.queries(t, id), func(q hedui.Query) bool { return q.ID == qid && q.Person == 2 }); i >= 0 && n > asked[qid] {
				t.Error("who has withdrawn was asked about again")
			}
		}
		if _, err := b.Review(ctx, second, id); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Seal(ctx, signer, id); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("sealed in spite of a withdrawal: %v", err)
		}
		if _, err := b.Withdraw(ctx, clerk, id, 2); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("withdrawn twice: %v", err)
		}
		if _, err := b.Withdraw(ctx, signer, id, 1); hedui.KindOf(err) != hedui.Forbidden || b.count(t, id, audit.Refused) != 1 {
			t.Errorf("withdrawn by who has no right: %v", err)
		}
		if b.count(t, id, audit.Withdrawn) != 1 {
			t.Error("the withdrawal is not recorded once")
		}
	})
}

func (b *bench) queries(t *testing.T, id string) (list []hedui.Query) {
	t.Helper()
	if err := b.DB.Read(t.Context(), func(tx *store.Tx) (err error) { list, err = tx.Queries(t.Context(), id); return err }); err != nil {
		t.Fatal(err)
	}
	return list
}

// What the family was to explain goes with the answer from which it came, if nobody
// has read either.
func TestUnreadQuestionsGoWithTheirAnswers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for name, look := range map[string]bool{"unread": false, "read": true} {
			t.Run(name, func(t *testing.T) {
				b := newBench(t, db, time.Hour)
				b.sources["business"].answer = func(q source.Query, _ int) (source.Answer, error) {
					return source.Answer{Outcome: source.Found, Match: source.MatchIDName, AsOf: time.Now(), Hash: "sha256:00",
						Records: []catalog.Record{{"registered_capital": "500000.00", "name": "公司" + q.ID()}}}, nil
				}
				b.start(t)
				id := b.accepted(t, form(t, map[bool]int{false: 306, true: 307}[look]))
				b.await(t, id, hedui.Summarised)
				open := func() (of [3]int) {
					if err := db.Read(t.Context(), func(tx *store.Tx) error {
						items, err := tx.Explanations(t.Context(), id)
						for _, e := range items {
							of[e.Person]++
						}
						return err
					}); err != nil {
						t.Fatal(err)
					}
					return of
				}
				before := open()
				if before[1] == 0 {
					t.Fatalf("items to explain %v, want some of the first person", before)
				}
				if look {
					if _, err := b.Look(t.Context(), receiver, id); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := b.Withdraw(t.Context(), receiver, id, 1); err != nil {
					t.Fatal(err)
				}
				if after := open(); after[2] != before[2] || look && after[1] != before[1] || !look && after[1] != 0 {
					t.Errorf("items %v, then %v", before, after)
				}
			})
		}
	})
}

// What an officer has read stays readable: it was lawful when it was read.
func TestWhatWasReadBeforeAWithdrawalStays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.sources["land"].answer = func(source.Query, int) (source.Answer, error) { return landFound(time.Now()) }
		b.start(t)
		id := b.accepted(t, form(t, 302))
		b.await(t, id, hedui.Summarised)
		if _, err := b.Look(t.Context(), receiver, id); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Withdraw(t.Context(), receiver, id, 1); err != nil {
			t.Fatal(err)
		}
		for _, q := range b.queries(t, id) {
			if q.Category == "land" && len(q.Records) != 1 {
				t.Errorf("person %d: %s %s", q.Person, q.Outcome, q.Reason)
			}
		}
	})
}

// A report goes to no office but those that the consents name, and a new consent
// takes the place of the old one.
func TestConsentsSayWhoMayHaveTheReport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.start(t)
		ctx := t.Context()
		f := form(t, 303)
		f.Consents[0].Offices = []string{"海曙区民政局", "海曙区住房局"}
		f.Consents[1].Offices = []string{"海曙区民政局"}
		id := b.accepted(t, f)
		b.await(t, id, hedui.Summarised)
		if _, err := b.Review(ctx, second, id); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Seal(ctx, signer, id); err != nil {
			t.Fatal(err)
		}
		other := civil
		other.Office = "海曙区住房局"
		if _, err := b.Deliver(ctx, other, id); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("delivered to an office that only one of two allows: %v", err)
		}
		if _, err := b.Copy(ctx, other, id, 1, "pdf"); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("printed there: %v", err)
		}
		if n := b.count(t, id, audit.Refused); n != 2 {
			t.Errorf("%d refusals recorded, want 2", n)
		}
		own := civil
		own.Office = "海曙区民政局"
		if _, err := b.Deliver(ctx, own, id); err != nil {
			t.Error(err)
		}
		anew := b.load(t, id).Consents[0]
		anew.Number, anew.Offices = "", nil
		c, missing, err := b.AddConsents(ctx, clerk, id, []hedui.Consent{anew})
		if err != nil || len(missing) > 0 || c.Stage != hedui.Delivered {
			t.Fatalf("a new consent: %v, %v at %s", err, missing, c.Stage)
		}
		if got := c.ConsentState(c.Consents[0], b.Now()); got != hedui.ConsentSuperseded {
			t.Errorf("the old consent is %s", got)
		}
		if got := c.ConsentState(c.Consents[2], b.Now()); got != hedui.ConsentWitnessed || c.Consents[2].Witness != clerk.ID {
			t.Errorf("the new one is %s, seen by %q", got, c.Consents[2].Witness)
		}
		elsewhere := form(t, 304)
		elsewhere.Consents[0].Offices = []string{"某单位"}
		if _, err := b.Register(ctx, clerk, "elsewhere", elsewhere); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("a case whose office may not have the report: %v", err)
		}
		elsewhere.Consents[0].Offices, elsewhere.Consents[0].Wording = nil, "99"
		if _, err := b.Register(ctx, clerk, "elsewhere", elsewhere); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("a wording that there is not: %v", err)
		}
	})
}

// A scan is kept under the key of its case, known by its digest, and gone with it.
func TestScansOfConsents(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		ctx := t.Context()
		c, err := b.Register(ctx, clerk, "draft", form(t, 305))
		if err != nil {
			t.Fatal(err)
		}
		number, body := c.Consents[0].Number, picture(t, 3)
		for name, file := range map[string][]byte{"a page": []byte("<html><script>1</script></html>"), "nothing": nil, "too large": bytes.Repeat([]byte{0}, maxEvidence+1)} {
			if _, err := b.AttachConsent(ctx, clerk, c.ID, number, file); hedui.KindOf(err) != hedui.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		for range 2 { // twice the same is once
			if c, err = b.AttachConsent(ctx, clerk, c.ID, number, body); err != nil {
				t.Fatal(err)
			}
		}
		if k := c.Consents[0]; k.Scan != "image/png" || k.Document != digestOf(body) {
			t.Errorf("kept as %s %s", k.Scan, k.Document)
		}
		if _, err := b.AttachConsent(ctx, clerk, c.ID, number, picture(t, 4)); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("another file: %v", err)
		}
		if _, err := b.AttachConsent(ctx, signer, c.ID, number, body); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("by who has no right: %v", err)
		}
		file, err := b.ConsentScan(ctx, receiver, c.ID, number)
		if err != nil || !bytes.Equal(file.Body, body) || !strings.HasSuffix(file.Name, ".png") {
			t.Errorf("read back %s, %v", file.Name, err)
		}
		if _, err := b.ConsentScan(ctx, receiver, c.ID, c.Consents[1].Number); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("of a consent without a scan: %v", err)
		}
		if err := db.InTx(ctx, func(tx *store.Tx) error { _, err := tx.EraseCase(ctx, c.ID); return err }); err != nil {
			t.Fatal(err)
		}
		if err := db.Read(ctx, func(tx *store.Tx) error { _, err := tx.Scan(ctx, c.ID, number); return err }); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("after the case was erased: %v", err)
		}
	})
}

// A world knows what the families have really allowed, without asking the code that
// is tested. Its departments write down every query that comes.
type world struct {
	*bench
	now *clock

	mu      sync.Mutex
	allowed map[idcard.Number][]allowance
	asks    int
	wrong   []string
}

type allowance struct {
	categories  []catalog.Code
	purpose     string
	from, until time.Time
	ended       time.Time // withdrawn, or superseded
}

// came is what every department of the world does first.
func (w *world) came(code catalog.Code, q source.Query) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asks++
	at := w.now.now()
	for _, a := range w.allowed[q.Person().ID] {
		if slices.Contains(a.categories, code) && a.purpose == q.Purpose() && !at.Before(a.from) && at.Before(a.until) && (a.ended.IsZero() || at.Before(a.ended)) {
			return
		}
	}
	w.wrong = append(w.wrong, fmt.Sprintf("%s at %s", code, at))
}

// Over random lives of cases – consents of some categories and some days, withdrawals,
// new consents, objections, cells asked again, suspensions, answers that fail or come
// later, and leaps of time – no department ever gets a query without a live mandate
// for that person, category and purpose. The departments check it themselves, offline,
// with the public library (fake.verify), and against what the families really allowed.
func TestNoSourceIsEverAskedWithoutALiveMandate(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(4) {
				t.Run(fmt.Sprint(seed), func(t *testing.T) { live(t, e.Open(t), rand.New(rand.NewPCG(seed, 6))) })
			}
		})
	}
}

// start is when the lives begin: now, because a certificate must hold.
func live(t *testing.T, db *store.DB, r *rand.Rand) {
	w := &world{allowed: map[idcard.Number][]allowance{}}
	w.bench = newBench(t, db, 24*time.Hour)
	w.now = w.at(t, time.Now().Truncate(time.Second))
	answers := rand.New(rand.NewPCG(r.Uint64(), 1))
	for code, f := range w.sources {
		f.now = w.now.now
		f.answer = func(q source.Query, _ int) (source.Answer, error) {
			w.came(code, q)
			w.mu.Lock()
			defer w.mu.Unlock()
			switch answers.IntN(6) {
			case 0:
				return source.Answer{}, errDown
			case 1:
				return source.Answer{Later: &source.Later{Token: "T", After: 200 * time.Millisecond}}, nil
			}
			return source.Answer{Outcome: source.None, AsOf: w.now.now()}, nil
		}
	}
	var ids []string
	for i := range 4 {
		ids = append(ids, w.family(t, r, int(r.Uint64N(1<<20))*10+i))
	}
	for range 14 {
		stop := w.work(t)
		w.some(1 + r.IntN(6))
		stop()
		w.happens(t, r, ids[r.IntN(len(ids))])
	}
	if w.asks < 20 {
		t.Errorf("only %d queries came: the lives are too dull", w.asks)
	}
	if len(w.wrong) > 0 {
		t.Errorf("asked without what the family allowed: %v", w.wrong)
	}
}

// some lets so many queries come, or a moment pass. A slow machine has longer,
// until enough came to say anything.
func (w *world) some(n int) {
	asks := func() int { w.mu.Lock(); defer w.mu.Unlock(); return w.asks }
	began, before := time.Now(), asks()
	for asks()-before < n && time.Since(began) < 10*time.Second {
		if time.Since(began) > 80*time.Millisecond && asks() >= 20 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// family registers a case with random consents and takes it to its sources.
func (w *world) family(t *testing.T, r *rand.Rand, n int) string {
	t.Helper()
	f := form(t, n%10000)
	usual := hedui.Dibao.Usual()
	for i := range f.Consents {
		k := &f.Consents[i]
		k.Until = fmt.Sprintf("today+%d", r.IntN(12))
		for _, code := range usual {
			if r.IntN(4) > 0 {
				k.Categories = append(k.Categories, string(code))
			}
		}
		if len(k.Categories) == 0 {
			k.Categories = []string{"hukou"}
		}
	}
	ctx := t.Context()
	c, err := w.Register(ctx, clerk, "life", f)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range c.Consents {
		w.allow(c, k)
	}
	if _, err := w.Commission(ctx, civil, c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Accept(ctx, receiver, c.ID); err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// allow writes down what a person has really signed.
func (w *world) allow(c *hedui.Case, k hedui.Consent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := c.Persons[k.Person-1].ID
	w.end(id)
	w.allowed[id] = append(w.allowed[id], allowance{categories: k.Categories, purpose: string(k.Programme), from: k.SignedAt, until: k.Until})
}

func (w *world) end(id idcard.Number) {
	for i := range w.allowed[id] {
		if a := &w.allowed[id][i]; a.ended.IsZero() {
			a.ended = w.now.now()
		}
	}
}

// happens lets one thing happen to a case. What the stage or a consent forbids is
// refused, and that is fine; only a fault is not.
func (w *world) happens(t *testing.T, r *rand.Rand, id string) {
	t.Helper()
	ctx := t.Context()
	w.now.set(w.now.now().Add(time.Second)) // nothing happens at the same instant
	c := w.load(t, id)
	person := 1 + r.IntN(len(c.Persons))
	var err error
	switch r.IntN(9) {
	case 0:
		if _, err = w.Withdraw(ctx, clerk, id, person); err == nil {
			w.mu.Lock()
			w.end(c.Persons[person-1].ID)
			w.mu.Unlock()
		}
	case 1, 2:
		w.now.set(w.now.now().Add(time.Duration(1+r.IntN(60)) * time.Hour))
	case 3:
		k := c.Consents[person-1]
		k.Number, k.Withdrawn, k.SignedAt, k.Until = "", time.Time{}, w.now.now(), day.Of(w.now.now()).Add(1+r.IntN(9)).Start()
		k.Categories = k.Categories[:1+r.IntN(len(k.Categories))]
		if _, _, err = w.AddConsents(ctx, clerk, id, []hedui.Consent{k}); err == nil {
			w.allow(c, k)
		}
	case 4:
		_, err = w.Suspend(ctx, receiver, id, hedui.Say("step.withdrawn"))
	case 5:
		_, err = w.Resume(ctx, receiver, id)
	case 6, 7:
		if grid := hedui.Newest(w.queries(t, id)); len(grid) > 0 {
			_, err = w.Requery(ctx, receiver, id, []string{grid[r.IntN(len(grid))].ID})
		}
	case 8:
		if _, err = w.Review(ctx, second, id); err == nil {
			_, err = w.Seal(ctx, signer, id)
		}
		if err == nil {
			_, err = w.Object(ctx, civil, id, hedui.Say("step.withdrawn"))
		}
		if err == nil {
			_, err = w.AskAgain(ctx, receiver, id, hedui.Say("step.withdrawn"), []catalog.Code{"hukou", "land"})
		}
	}
	switch hedui.KindOf(err) {
	case hedui.Invalid, hedui.Conflict, hedui.NotFound:
	default:
		if err != nil {
			t.Fatalf("%v", err)
		}
	}
}
