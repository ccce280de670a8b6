package federation

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/exchange"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// as is a place as its neighbour sees it.
func (at *place) as(neighbour *place) casework.Neighbour {
	return casework.Neighbour{Peer: at.identity().Peer(), Parent: neighbour.Parent == at.Name}
}

// letters takes what lies in the outbox for a peer, waiting for the first.
func (at *place) letters(t *testing.T, peer string, wait time.Duration) []exchange.Message {
	t.Helper()
	var messages []exchange.Message
	for end := time.Now().Add(wait); len(messages) == 0 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		parcels, err := at.DB.Parcels(t.Context(), peer, 100, at.now(), at.now().Add(lease))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parcels {
			m, err := casework.ReadLetter(p)
			if err != nil {
				t.Fatal(err)
			}
			messages = append(messages, m)
		}
	}
	return messages
}

// carry brings what one place has for another, changed on the way, and settles it.
func carry(t *testing.T, from, to *place, change func(*exchange.Question)) []exchange.Message {
	t.Helper()
	messages := from.letters(t, to.Name, 10*time.Second)
	for i, m := range messages {
		if questions, err := m.Questions(); err == nil && change != nil {
			for i := range questions {
				change(&questions[i])
			}
			if m, err = exchange.NewMessage(m.ID, m.ExpiresAt, questions); err != nil {
				t.Fatal(err)
			}
			messages[i] = m
		}
		err := to.Desk.Receive(t.Context(), from.as(to), m)
		if err != nil {
			t.Fatalf("%v of %s at %s: %v", m, from.Name, to.Name, err)
		}
		if err := from.DB.ParcelsDelivered(t.Context(), to.Name, []string{m.ID}); err != nil {
			t.Fatal(err)
		}
	}
	return messages
}

// audited tells the details of the audit entries about a thing.
func (at *place) audited(t *testing.T, thing string) string {
	t.Helper()
	var words []string
	err := at.DB.Read(t.Context(), func(tx *store.Tx) error {
		entries, err := tx.Entries(t.Context(), thing)
		for _, e := range entries {
			words = append(words, string(e.Verb)+" "+e.Detail)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(words, "; ")
}

// twoByHand is a county and a hub between which the test carries the letters. The
// hub sends questions about land where they came from.
func twoByHand(t *testing.T, e storetest.Engine) (hub, county *place) {
	t.Helper()
	hub = build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", byHand: true, registers: []string{
		"hukou 330200 here", "land 330203 haishu"}})
	county = build(t, e, plot{name: "haishu", division: "330203", level: "county", byHand: true, parent: hub, registers: []string{
		"hukou 330200 ningbo", "vehicle 330200 ningbo", "land 330203 ningbo"}})
	return hub, county
}

func TestAQuestionIsHeldAgainstTheRightsOfWhoAsks(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Millisecond)
	tests := map[string]struct {
		change func(*exchange.Question)
		want   string // of the one question that is changed
		asked  bool   // the department is
	}{
		"as it is sent":                           {func(*exchange.Question) {}, "none  ningbo", true},
		"for a case of another county":            {func(q *exchange.Question) { q.Division = "330212" }, "refused division_case ningbo", false},
		"for a case of another city":              {func(q *exchange.Question) { q.Division = "330106" }, "refused division_case ningbo", false},
		"of a category outside the programme":     {func(q *exchange.Question) { q.Category = "pets" }, "refused category ningbo", false},
		"on a mandate that is over":               {func(q *exchange.Question) { q.Mandate.Until = now.Add(-time.Second) }, "refused mandate ningbo", false},
		"on a mandate that has not begun":         {func(q *exchange.Question) { q.Mandate.From = now.Add(time.Hour) }, "refused mandate ningbo", false},
		"on a mandate of a clock that runs ahead": {func(q *exchange.Question) { q.Mandate.From = now.Add(3 * time.Minute) }, "none  ningbo", true},
		"that was here before":                    {func(q *exchange.Question) { q.Hops = []string{"ningbo", "haishu"} }, "refused circle ningbo", false},
		"that has come too far": {func(q *exchange.Question) {
			q.Hops = []string{"a", "b", "c", "d", "e", "f", "g", "haishu"}
		}, "refused circle ningbo", false},
	}
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := twoByHand(t, e)
			register, n := hub.sources["hukou-330200"], 0
			for name, tt := range tests {
				n++
				t.Run(name, func(t *testing.T) {
					before, _ := register.calls()
					id := county.accept(t, n, "")
					sent := carry(t, county, hub, func(q *exchange.Question) {
						if q.Category == catalog.Hukou {
							tt.change(q)
						}
					})
					for end := time.Now().Add(time.Minute); time.Now().Before(end); {
						carry(t, hub, county, nil)
						if got := county.cells(t, id); !strings.Contains(strings.Join(got, " "), "sent") {
							break
						}
					}
					want(t, "the county's grid", county.cells(t, id), "hukou 330200: "+tt.want,
						"vehicle 330200: not_covered no_source ningbo", "land 330203: not_covered no_source ningbo")
					after, most := register.calls()
					if asked := after > before; asked != tt.asked || most > 1 {
						t.Errorf("the department was asked: %v (at most %d times the same), want %v", asked, most, tt.asked)
					}
					reason := strings.Fields(tt.want)[1]
					if entry := hub.audited(t, sent[0].ID); !strings.HasPrefix(entry, "relay.take") || !tt.asked && !strings.Contains(entry, "="+reason) {
						t.Errorf("the hub has recorded %q, want relay.take with the reason", entry)
					}
				})
			}
			t.Run("for a programme that there is not", func(t *testing.T) {
				id := county.accept(t, n+1, "")
				carry(t, county, hub, func(q *exchange.Question) { q.Mandate.Purpose = "loan" })
				carry(t, hub, county, nil)
				want(t, "the county's grid", county.cells(t, id), "hukou 330200: refused category ningbo",
					"vehicle 330200: refused category ningbo", "land 330203: refused category ningbo")
			})
		})
	}
}

// Everything that can come to stand in a grid beside an outcome has words.
func TestEveryReasonHasAText(t *testing.T) {
	reasons := []source.Reason{
		source.ReasonDown, source.ReasonSlow, source.ReasonThrottled, source.ReasonMalformed, source.ReasonIncomplete, source.ReasonCredentials,
		source.ReasonMandate, source.ReasonOutside, source.ReasonName, source.ReasonDeclined, source.ReasonUnknownCode,
		hedui.ReasonPending, hedui.ReasonSent, hedui.ReasonLink, hedui.ReasonEnded, hedui.ReasonNoConsent, hedui.ReasonNoSource,
		source.ReasonNameUnreadable, source.ReasonTwoPersons, source.ReasonNumber, source.ReasonNumberDamaged, source.ReasonTwoNumbers, source.ReasonBirth,
		"category", "division_case", "circle", "unasked",
	}
	for _, r := range []exchange.Reason{ // those with which a peer refuses a letter for good
		exchange.ReasonExpired, exchange.ReasonDivision, exchange.ReasonMalformed, exchange.ReasonTooLarge, exchange.ReasonCircle, exchange.ReasonKind,
	} {
		if !r.Settled() {
			t.Errorf("%s does not settle a message", r)
		}
		reasons = append(reasons, source.Reason(r))
	}
	for _, r := range reasons {
		key := "reason." + string(r)
		if !lang.Has(key) || lang.Text(lang.Chinese, key) == lang.Text(lang.English, key) {
			t.Errorf("no text in both languages for %s", key)
		}
	}
}

func reply(query string, of func(*exchange.Reply)) exchange.Reply {
	r := exchange.Reply{Query: query, Outcome: "none", AnsweredBy: "ningbo", Scope: "330200", At: time.Now().Truncate(time.Millisecond)}
	if of != nil {
		of(&r)
	}
	return r
}

func replies(t *testing.T, list ...exchange.Reply) exchange.Message {
	t.Helper()
	m, err := exchange.NewMessage(exchange.NewID(), time.Now().Add(time.Hour).Truncate(time.Millisecond), exchange.Replies(list))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAReplyIsHeldAgainstWhatWasAsked(t *testing.T) {
	t.Parallel()
	stranger := exchange.NewID()
	found := func(record catalog.Record) func(*exchange.Reply) {
		return func(r *exchange.Reply) {
			r.Outcome, r.Match, r.Records = "found", "id+name", []catalog.Record{record}
		}
	}
	tests := map[string]struct {
		from   string
		reply  func(query string) exchange.Reply
		reason exchange.Reason // with which it is refused
		want   string
	}{
		"to what was never asked":      {"ningbo", func(string) exchange.Reply { return reply(stranger, nil) }, "unasked", " sent"},
		"of another peer":              {"yinzhou", func(q string) exchange.Reply { return reply(q, nil) }, "unasked", " sent"},
		"for another register":         {"ningbo", func(q string) exchange.Reply { return reply(q, func(r *exchange.Reply) { r.Scope = "330203" }) }, "", "failed malformed ningbo"},
		"with a field there is not":    {"ningbo", func(q string) exchange.Reply { return reply(q, found(catalog.Record{"shoe_size": "43"})) }, "", "failed malformed ningbo"},
		"with a field out of its form": {"ningbo", func(q string) exchange.Reply { return reply(q, found(catalog.Record{"from": "yesterday"})) }, "", "failed malformed ningbo"},
		"as it should be":              {"ningbo", func(q string) exchange.Reply { return reply(q, nil) }, "", "none  ningbo"},
	}
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", byHand: true})
			county := build(t, e, plot{name: "haishu", division: "330203", level: "county", byHand: true, parent: hub, registers: []string{"hukou 330200 ningbo"}})
			n := 0
			for name, tt := range tests {
				n++
				t.Run(name, func(t *testing.T) {
					id := county.accept(t, n, "")
					county.letters(t, "ningbo", 10*time.Second)
					from := hub.as(county)
					from.Name = tt.from
					err := county.Desk.Receive(t.Context(), from, replies(t, tt.reply(county.query(t, id, catalog.Hukou).ID)))
					if exchange.ReasonOf(err) != tt.reason || (err != nil) != (tt.reason != "") {
						t.Errorf("received with %v, want %q", err, tt.reason)
					}
					want(t, "the grid", county.cells(t, id), "hukou 330200: "+tt.want)
				})
			}
		})
	}
}

func (at *place) query(t *testing.T, id string, code catalog.Code) hedui.Query {
	t.Helper()
	for _, q := range at.look(t, id) {
		if q.Category == code {
			return q
		}
	}
	t.Fatalf("no query for %s", code)
	return hedui.Query{}
}

// No order is promised, and everything may come twice.
func TestOrderAndRepetitionChangeNothing(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := twoByHand(t, e)
			ctx, register := t.Context(), hub.sources["hukou-330200"]
			again := func(t *testing.T, at, from *place, m exchange.Message) {
				t.Helper()
				if err := at.Desk.Receive(ctx, from.as(at), m); !errors.Is(err, exchange.ErrDuplicate) {
					t.Errorf("%v a second time: %v, want ErrDuplicate", m, err)
				}
			}
			t.Run("a question and its reply twice", func(t *testing.T) {
				id := county.accept(t, 1, "")
				sent := carry(t, county, hub, nil)
				for _, m := range sent {
					again(t, hub, county, m)
				}
				copied, err := exchange.NewMessage(exchange.NewID(), sent[0].ExpiresAt, must(sent[0].Questions())) // the same in another letter
				if err != nil {
					t.Fatal(err)
				}
				if err := hub.Desk.Receive(ctx, county.as(hub), copied); err != nil {
					t.Fatal(err)
				}
				for !strings.Contains(strings.Join(county.cells(t, id), " "), "hukou 330200: none") {
					for _, m := range carry(t, hub, county, nil) {
						again(t, county, hub, m)
					}
				}
				q := county.query(t, id, catalog.Hukou)
				other := replies(t, reply(q.ID, func(r *exchange.Reply) { r.Outcome, r.Reason = "refused", "declined" }))
				if err := county.Desk.Receive(ctx, hub.as(county), other); err != nil {
					t.Fatal(err)
				}
				if got := county.query(t, id, catalog.Hukou); got.Outcome != source.None || !got.AnsweredAt.Equal(q.AnsweredAt) || got.Attempts != 1 {
					t.Errorf("after a second reply: %s at %s, %d attempts; want the first one", got.Outcome, got.AnsweredAt, got.Attempts)
				}
				if n, most := register.calls(); n != 1 || most != 1 {
					t.Errorf("the department was asked %d questions, one of them %d times", n, most)
				}
			})
			t.Run("a cancel before its question", func(t *testing.T) {
				before, _ := register.calls()
				id := county.accept(t, 2, "")
				questions := county.letters(t, hub.Name, 10*time.Second)
				if _, err := county.Desk.Terminate(ctx, someone("verifier", hedui.Rights()...), id, hedui.Say("step.withdrawn")); err != nil {
					t.Fatal(err)
				}
				for _, m := range append(county.letters(t, hub.Name, 10*time.Second), questions...) {
					if err := hub.Desk.Receive(ctx, county.as(hub), m); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(50 * time.Millisecond)
				if after, _ := register.calls(); after != before {
					t.Error("the department was asked after all")
				}
			})
			t.Run("a reply and a notice after the end of the case", func(t *testing.T) {
				id := county.accept(t, 3, "")
				county.letters(t, hub.Name, 10*time.Second)
				q := county.query(t, id, catalog.Hukou)
				if _, err := county.Desk.Terminate(ctx, someone("verifier", hedui.Rights()...), id, hedui.Say("step.withdrawn")); err != nil {
					t.Fatal(err)
				}
				eventually(t, "given up", func() bool { return county.query(t, id, catalog.Hukou).State == hedui.Cancelled })
				note, err := exchange.NewMessage(exchange.NewID(), time.Now().Add(time.Hour).Truncate(time.Millisecond),
					exchange.Notices{{Word: "failing", Query: q.ID, At: time.Now(), Detail: map[string]string{"reason": "down"}}})
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range []exchange.Message{replies(t, reply(q.ID, nil)), note} {
					if err := county.Desk.Receive(ctx, hub.as(county), m); err != nil {
						t.Errorf("%v: %v", m, err)
					}
				}
				if got := county.query(t, id, catalog.Hukou); got.State != hedui.Cancelled {
					t.Errorf("the query is %s, want cancelled", got.State)
				}
			})
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// What a node claims of itself is held against what it was enrolled as, and what
// is refused is there for the security officer.
func TestAChildIsNotBelievedWhatItClaims(t *testing.T) {
	t.Parallel()
	e := storetest.Engines()[0]
	hub, haishu, _ := city(t, e)
	t.Run("another county's division in the header", func(t *testing.T) {
		haishu.stop()
		haishu.p.division = "330212"
		haishu.open(t)
		id := haishu.acceptIn(t, 1, "330212", "")
		want(t, "the grid", haishu.grid(t, id, time.Minute),
			"hukou 330200: refused division ningbo", "housing 330200: refused division ningbo", "land 330212: refused division ningbo")
		hub.incident(t, "haishu", "division")
		haishu.stop()
		haishu.p.division = "330203"
		haishu.open(t)
	})
	t.Run("an answer to what was never asked", func(t *testing.T) {
		err := haishu.DB.InTx(t.Context(), func(tx *store.Tx) error {
			return tx.AddParcels(t.Context(), casework.Letter(hub.Name, replies(t, reply(exchange.NewID(), nil)), time.Now()))
		})
		if err != nil {
			t.Fatal(err)
		}
		hub.incident(t, "haishu", "unasked")
	})
	t.Run("a kind of message that there is not", func(t *testing.T) {
		m := replies(t, reply(exchange.NewID(), nil))
		m.Kind = "gossip"
		err := haishu.DB.InTx(t.Context(), func(tx *store.Tx) error {
			return tx.AddParcels(t.Context(), casework.Letter(hub.Name, m, time.Now()))
		})
		if err != nil {
			t.Fatal(err)
		}
		hub.incident(t, "haishu", "kind")
		eventually(t, "the outbox is empty", func() bool { return haishu.waiting(t, hub.Name) == 0 })
	})
}

// incident waits until one is shown.
func (at *place) incident(t *testing.T, peer, reason string) store.Incident {
	t.Helper()
	var found store.Incident
	eventually(t, "an incident "+reason+" of "+peer, func() bool {
		s, err := at.Status(context.WithoutCancel(t.Context()), boss)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range s.Incidents {
			if i.Peer == peer && i.Reason == reason {
				found = i
			}
		}
		return found.Count > 0
	})
	return found
}

// waiting counts what lies in the outbox for a peer.
func (at *place) waiting(t *testing.T, peer string) int {
	t.Helper()
	n, _, err := at.DB.Waiting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n[peer]
}
