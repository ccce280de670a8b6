package casework

import (
	"sync"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/exchange"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
	"hedui/source"
)

// asked is a question of the hub about land in 330203.
func asked(t *testing.T, n int) exchange.Question {
	t.Helper()
	now := time.Now().Truncate(time.Millisecond)
	q := exchange.Question{ID: hedui.QueryID(audit.NewID(), n, "land", "330203", 1), Division: "330212", Scope: "330203", Category: "land",
		From: day.Must("2025-11-01"), To: day.Must("2026-10-31"), Hops: []string{"yinzhou", "ningbo"},
		Person:  exchange.Person{Name: "某人", ID: storetest.ID(t, day.Must("1970-01-01"), 10+n)},
		Mandate: exchange.Mandate{Number: "M3302122026112301000017", Consent: "S1", Purpose: "dibao", From: now.Add(-time.Hour), Until: now.Add(24 * time.Hour)}}
	q.Signed = passedOn(t, q)
	return q
}

// passedOn is the mandate of yinzhou's question as the hub hands it on to haishu.
func passedOn(t *testing.T, q exchange.Question) string {
	t.Helper()
	yinzhou, err := seal.Generate(seal.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	s, err := source.SignMandate(source.Grant{Document: "sha256:00", Division: q.Division, Terms: source.Terms{Number: q.Mandate.Number,
		Consent: q.Mandate.Consent, Purpose: q.Mandate.Purpose, Person: source.Person(q.Person), Categories: []catalog.Code{q.Category},
		From: q.Mandate.From, Until: q.Mandate.Until}}, "yinzhou", yinzhou)
	hop := source.Hop{Node: "yinzhou", Key: yinzhou, To: "ningbo", Categories: []catalog.Code{q.Category}, Until: q.Mandate.Until}
	if err == nil {
		s, err = s.Narrow(hop)
	}
	hop.Node, hop.Key, hop.To, hop.Before = "ningbo", hubKey(), "haishu", yinzhou.Public()
	if err == nil {
		s, err = s.Narrow(hop)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.Text()
}

var hubKey = sync.OnceValue(func() *seal.PrivateKey {
	key, err := seal.Generate(seal.Ed25519)
	if err != nil {
		panic(err)
	}
	return key
})

// hub is the peer that passes on what other counties ask.
var hub = Neighbour{Peer: exchange.Peer{Name: "ningbo", Division: "330200", Sign: []exchange.SignPin{{Key: hubKey().Public()}}}, Parent: true}

func (b *bench) receive(t *testing.T, body exchange.Body) {
	t.Helper()
	m, err := exchange.NewMessage(exchange.NewID(), time.Now().Add(48*time.Hour).Truncate(time.Millisecond), body)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Receive(t.Context(), hub, m); err != nil {
		t.Fatal(err)
	}
}

// replies are what lies in the outbox for the hub.
func (b *bench) replies(t *testing.T) map[string]exchange.Reply {
	t.Helper()
	parcels, err := b.DB.Parcels(t.Context(), "ningbo", 100, time.Now(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]exchange.Reply{}
	for _, p := range parcels {
		m, err := ReadLetter(p)
		if err != nil {
			t.Fatal(err)
		}
		if m.Kind != exchange.KindReplies {
			continue
		}
		list, err := m.Replies()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			all[r.Query] = r
		}
	}
	return all
}

// A question of another node lies before this node's people beside its own, is
// answered back, and is gone once it is cancelled.
func TestAQuestionOfAnotherNodeLiesOnTheList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, time.Hour)
		for i := range b.Registers {
			if b.Registers[i].Category == "land" {
				b.Registers[i].Scope = "330203"
			}
		}
		b.start(t)
		ctx := t.Context()
		first, second, third := asked(t, 1), asked(t, 2), asked(t, 3)
		b.receive(t, exchange.Questions{first, second, third})
		tasks := map[idcard.Number]Task{}
		for _, task := range b.listed(t, liaison, "land", 3) {
			tasks[task.Person.ID] = task
		}
		task := tasks[first.Person.ID]
		if task.Node != "ningbo" || task.Mandate != first.Mandate.Number || task.Window != (source.Window{From: first.From, To: first.To}) || task.Case != "" {
			t.Errorf("the clerk sees %v of node %s", task, task.Node)
		}
		good := found(t, task, "location", "某村", "area_m2", "80")
		for range 2 {
			if err := b.AnswerItem(ctx, liaison, task.ID, good); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.AnswerItem(ctx, liaison, task.ID, none(t)); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("another answer: %v", err)
		}
		if err := b.CorrectItem(ctx, liaison, task.ID, none(t)); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a correction of what has gone to another node: %v", err)
		}
		for range 2 {
			if err := b.ReturnItem(ctx, liaison, tasks[second.Person.ID].ID); err != nil {
				t.Fatal(err)
			}
		}
		b.receive(t, exchange.Cancels{{Query: third.ID, Reason: string(hedui.ReasonEnded), At: time.Now().Truncate(time.Millisecond)}})
		b.listed(t, liaison, "land", 0)
		if err := b.AnswerItem(ctx, liaison, tasks[third.Person.ID].ID, none(t)); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("an answer to a question that was withdrawn: %v", err)
		}
		replies := b.replies(t)
		got := replies[first.ID]
		land, _ := catalog.Get(catalog.Land)
		if got.Outcome != string(source.Found) || len(got.Records) != 1 || len(land.Check(got.Records[0])) > 0 || got.AnsweredBy != "haishu" || got.Hash == "" || got.AsOf.IsZero() || got.Scope != "330203" {
			t.Errorf("reply %v by %s", got, got.AnsweredBy)
		}
		if got := replies[second.ID]; got.Outcome != string(source.Failed) || got.Reason != string(hedui.ReasonReturned) {
			t.Errorf("what was given back: %v %s", got, got.Reason)
		}
		if len(replies) != 2 {
			t.Errorf("%d replies, want two", len(replies))
		}
		if verbs := b.verbs(t, first.Mandate.Number); howOften(verbs, audit.Answered) != 1 || howOften(verbs, audit.ItemReturned) != 1 || howOften(verbs, audit.ReadList) == 0 {
			t.Errorf("recorded under the mandate: %v", verbs)
		}
	})
}
