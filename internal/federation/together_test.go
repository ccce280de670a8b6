package federation

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hedui/exchange"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

func TestMessagesThatComeTogether(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := twoByHand(t, e)
			letter := func(n int) exchange.Message {
				county.accept(t, n, "")
				return county.letters(t, hub.Name, 10*time.Second)[0]
			}
			a, b, c := letter(1), letter(2), letter(3)
			unasked := replies(t, reply(exchange.NewID(), nil))
			from := county.identity().Peer()
			for _, batch := range []struct {
				messages []exchange.Message
				want     []error
			}{
				{[]exchange.Message{a, a}, []error{nil, exchange.ErrDuplicate}},
				{[]exchange.Message{b, unasked, a, c, c}, []error{nil, &exchange.Refusal{Reason: "unasked"}, exchange.ErrDuplicate, nil, exchange.ErrDuplicate}},
			} {
				for i, got := range (receiver{hub.Node}).ReceiveAll(t.Context(), from, batch.messages) {
					if want := batch.want[i]; exchange.ReasonOf(got) != exchange.ReasonOf(want) || (got == nil) != (want == nil) ||
						errors.Is(got, exchange.ErrDuplicate) != errors.Is(want, exchange.ErrDuplicate) {
						t.Errorf("message %d: got %v, want %v", i, got, want)
					}
				}
			}
			for _, m := range []exchange.Message{a, b, c} {
				if got := hub.audited(t, m.ID); strings.Count(got, "relay.take") != 1 {
					t.Errorf("got the record %q, want that it was taken once", got)
				}
				questions, err := m.Questions()
				if err != nil {
					t.Fatal(err)
				}
				ids := make([]string, len(questions))
				for i, q := range questions {
					ids[i] = store.RelayID(county.Name, q.ID)
				}
				err = hub.DB.Read(t.Context(), func(tx *store.Tx) error {
					relays, err := tx.RelaysByID(t.Context(), ids)
					if len(relays) != len(ids) {
						t.Errorf("got %d relays, want %d", len(relays), len(ids))
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
