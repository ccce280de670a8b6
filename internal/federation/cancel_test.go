package federation

import (
	"slices"
	"sync"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/exchange"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
	"hedui/source"
)

func (at *place) terminate(t *testing.T, id string) {
	t.Helper()
	if _, err := at.Desk.Terminate(t.Context(), someone("verifier", hedui.Rights()...), id, hedui.Say("step.withdrawn")); err != nil {
		t.Fatal(err)
	}
}

// open counts the questions of a peer that a place still works on.
func (at *place) openOf(t *testing.T, peer string) int {
	t.Helper()
	var n int
	err := at.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
		n, err = tx.RelayOpen(t.Context(), peer)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (at *place) ofKind(t *testing.T, kind exchange.Kind) int {
	t.Helper()
	n, err := at.DB.ParcelsOfKind(t.Context(), string(kind))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A case that ends is told to the hub, and by it to the county behind.
func TestTheEndOfACaseIsToldToAll(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, haishu, yinzhou := city(t, e)
			hub.sources["hukou-330200"].setDown(true)
			haishu.sources["land-330203"].setDown(true)
			id := yinzhou.accept(t, 1, "330203")
			eventually(t, "the questions wait at both", func() bool {
				return hub.openOf(t, "yinzhou") == 2 && haishu.openOf(t, "ningbo") == 1
			})
			yinzhou.terminate(t, id)
			eventually(t, "nobody works on them any more", func() bool {
				return hub.openOf(t, "yinzhou") == 0 && haishu.openOf(t, "ningbo") == 0
			})
			hub.sources["hukou-330200"].setDown(false)
			haishu.sources["land-330203"].setDown(false)
			next := yinzhou.accept(t, 2, "330203")
			yinzhou.grid(t, next, time.Minute)
			for _, r := range []*register{hub.sources["hukou-330200"], haishu.sources["land-330203"]} {
				if n, _ := r.calls(); n != 1 {
					t.Errorf("%s was asked %d questions, want that of the second case only", r.name, n)
				}
			}
			for _, q := range yinzhou.look(t, id) {
				if !q.Settled() {
					t.Errorf("of the ended case %s %s is %s", q.Category, q.Scope, q.State)
				}
			}
		})
	}
}

// What could not be sent before its case ended does not leave the node: there is
// no mandate for it any more.
func TestWhatIsNotWantedAnyMoreLeavesTheOutbox(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, haishu, yinzhou := city(t, e)
			t.Run("at the county, while the hub is away", func(t *testing.T) {
				hub.stop()
				id := yinzhou.accept(t, 1, "")
				eventually(t, "the letter waits", func() bool { return yinzhou.ofKind(t, exchange.KindQuestions) == 1 })
				yinzhou.terminate(t, id)
				eventually(t, "only the cancel waits", func() bool {
					return yinzhou.ofKind(t, exchange.KindQuestions) == 0 && yinzhou.ofKind(t, exchange.KindCancels) == 1
				})
				hub.open(t)
				eventually(t, "the cancel is delivered", func() bool { return yinzhou.waiting(t, "ningbo") == 0 })
				if n, _ := hub.sources["hukou-330200"].calls(); n != 0 {
					t.Errorf("the hub was asked %d questions, want none", n)
				}
			})
			t.Run("at the hub, while the other county is away", func(t *testing.T) {
				haishu.stop()
				id := yinzhou.accept(t, 2, "330203")
				eventually(t, "the letter waits", func() bool { return hub.ofKind(t, exchange.KindQuestions) == 1 })
				yinzhou.terminate(t, id)
				eventually(t, "only the cancel waits", func() bool {
					return hub.ofKind(t, exchange.KindQuestions) == 0 && hub.ofKind(t, exchange.KindCancels) == 1
				})
				haishu.open(t)
				eventually(t, "the cancel is delivered", func() bool { return hub.waiting(t, "haishu") == 0 })
				if n, _ := haishu.sources["land-330203"].calls(); n != 0 {
					t.Errorf("the other county was asked %d questions, want none", n)
				}
			})
		})
	}
}

// question is one of haishu's about a made-up person.
func question(t *testing.T, n int, change func(*exchange.Question)) exchange.Question {
	t.Helper()
	at := time.Now().Truncate(time.Millisecond)
	q := exchange.Question{ID: exchange.NewID(), Division: "330203", Scope: "330200", Category: "hukou", Hops: []string{"haishu"},
		Person:  exchange.Person{Name: "某人", ID: storetest.ID(t, day.Must("1980-01-01").Add(n), 10)},
		Mandate: exchange.Mandate{Number: "M1", Consent: "S1", Purpose: "dibao", From: at.Add(-time.Hour), Until: at.Add(time.Hour)}}
	if change != nil {
		change(&q)
	}
	q.Signed = signedBy(t, haishuKey(), q)
	return q
}

// haishu is a county of which there is only the key.
func haishu() casework.Neighbour {
	return casework.Neighbour{Peer: exchange.Peer{Name: "haishu", Division: "330203", Level: "county", Sign: []exchange.SignPin{{Key: haishuKey().Public()}}}}
}

var haishuKey = sync.OnceValue(func() *seal.PrivateKey { return must(seal.Generate(seal.Ed25519)) })

// signedBy is the mandate of a question of haishu, for the hub.
func signedBy(t *testing.T, key *seal.PrivateKey, q exchange.Question) string {
	t.Helper()
	return signedTo(t, key, "ningbo", q)
}

func signedTo(t *testing.T, key *seal.PrivateKey, to string, q exchange.Question) string {
	t.Helper()
	s, err := source.SignMandate(source.Grant{Document: "sha256:00", Division: q.Division, Terms: source.Terms{Number: q.Mandate.Number,
		Consent: q.Mandate.Consent, Purpose: q.Mandate.Purpose, Person: source.Person(q.Person), Categories: []catalog.Code{q.Category},
		From: q.Mandate.From, Until: q.Mandate.Until}}, "haishu", key)
	if err == nil {
		s, err = s.Narrow(source.Hop{Node: "haishu", Key: key, To: to, Categories: []catalog.Code{q.Category}, Until: q.Mandate.Until})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.Text()
}

func message(t *testing.T, body exchange.Body) exchange.Message {
	t.Helper()
	m, err := exchange.NewMessage(exchange.NewID(), time.Now().Add(time.Hour).Truncate(time.Millisecond), body)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func cancel(queries ...exchange.Question) exchange.Cancels {
	var list exchange.Cancels
	for _, q := range queries {
		list = append(list, exchange.Cancel{Query: q.ID, Reason: "withdrawn", At: time.Now()})
	}
	return list
}

// A question that is taken back while the department looks gets no answer, and
// those beside it are neither lost nor asked again.
func TestACancelWhileTheDepartmentLooks(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", byHand: true, registers: []string{"hukou 330200 here"}})
			register := hub.sources["hukou-330200"]
			register.gate = make(chan struct{})
			register.waits = make(chan struct{}, 1)
			from := haishu()
			a, b := question(t, 1, nil), question(t, 2, nil)
			if err := hub.Desk.Receive(t.Context(), from, message(t, exchange.Questions{a, b})); err != nil {
				t.Fatal(err)
			}
			<-register.waits
			if err := hub.Desk.Receive(t.Context(), from, message(t, cancel(a))); err != nil {
				t.Fatal(err)
			}
			close(register.gate)
			var got []string
			for _, m := range hub.letters(t, "haishu", 10*time.Second) {
				for _, r := range must(m.Replies()) {
					got = append(got, r.Query)
				}
			}
			if !slices.Equal(got, []string{b.ID}) {
				t.Errorf("replies to %v, want to %s only", got, b.ID)
			}
			if n, most := register.calls(); n != 2 || most != 1 {
				t.Errorf("the department was asked %d questions, one of them %d times; want 2, each once", n, most)
			}
			if hub.openOf(t, "haishu") != 0 {
				t.Error("a question is still open")
			}
		})
	}
}

// A letter goes on its way while anything in it is wanted.
func TestALetterStaysWhileAnythingInItIsWanted(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", byHand: true, registers: []string{"land 330212 yinzhou"}})
			from := haishu()
			land := func(q *exchange.Question) { q.Category, q.Scope = "land", "330212" }
			a, b := question(t, 1, land), question(t, 2, land)
			b.Mandate = a.Mandate
			b.Signed = signedBy(t, haishuKey(), b)
			receive := func(body exchange.Body) {
				t.Helper()
				if err := hub.Desk.Receive(t.Context(), from, message(t, body)); err != nil {
					t.Fatal(err)
				}
			}
			receive(exchange.Questions{a, b})
			eventually(t, "the letter waits", func() bool { return hub.ofKind(t, exchange.KindQuestions) == 1 })
			receive(cancel(a))
			if n := hub.ofKind(t, exchange.KindQuestions); n != 1 {
				t.Errorf("after the first cancel %d letters of questions, want 1", n)
			}
			receive(cancel(b))
			if n := hub.ofKind(t, exchange.KindQuestions); n != 0 {
				t.Errorf("after the second cancel %d letters of questions, want none", n)
			}
		})
	}
}
