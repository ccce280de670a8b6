package casework

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/source"
)

// returns is what goes back to peers from one transaction.
type returns struct {
	at     time.Time
	back   bool // something that had failed was answered
	peers  map[string]*returned
	counts map[string]map[string]int // by mandate: "category=outcome" → how often
}

// returned is what goes back to one peer.
type returned struct {
	replies exchange.Replies
	notices exchange.Notices
	until   time.Time // after this instant nobody wants it
}

func newReturns(at time.Time) *returns {
	return &returns{at: at, peers: map[string]*returned{}, counts: map[string]map[string]int{}}
}

func (b *returns) to(r *store.Relay) *returned {
	p := b.peers[r.Peer]
	if p == nil {
		p = &returned{}
		b.peers[r.Peer] = p
	}
	if r.ExpiresAt.After(p.until) {
		p.until = r.ExpiresAt
	}
	return p
}

func (b *returns) reply(r *store.Relay, reply exchange.Reply) {
	p := b.to(r)
	p.replies = append(p.replies, reply)
}

func (b *returns) notice(r *store.Relay, n exchange.Notice) {
	p := b.to(r)
	p.notices = append(p.notices, n)
}

// wordFailing is the notice that a department could not look and is asked again.
const wordFailing = "failing"

// failing tells the peer why there is no answer yet, and from when the department
// can be asked, if that is known.
func (b *returns) failing(r *store.Relay, until time.Time) {
	detail := map[string]string{"reason": string(oneWord(r.Reason))}
	if !until.IsZero() && hedui.Waits(r.Reason) {
		detail["until"] = until.UTC().Format(time.RFC3339)
	}
	b.notice(r, exchange.Notice{Word: wordFailing, Query: r.Query, At: b.at, Detail: detail})
}

// whyNot is the reason of an answer as it goes to a peer: none where there is
// nothing to explain.
func whyNot(a source.Answer) source.Reason {
	if a.Outcome == source.Found || a.Outcome == source.None {
		return ""
	}
	return oneWord(a.Reason)
}

var reasonForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// oneWord keeps reasons to their form: what travels between nodes, and is shown
// by those who get it, must not be text of a department's or a peer's making.
func oneWord(r source.Reason) source.Reason {
	if reasonForm.MatchString(string(r)) {
		return r
	}
	return source.ReasonUnknownCode
}

// count notes for the record what was heard on a mandate.
func (b *returns) count(x *relayed, a source.Answer) {
	word := string(a.Outcome)
	if a.Later != nil {
		word = "later"
	}
	on := b.counts[x.question.Mandate.Number]
	if on == nil {
		on = map[string]int{}
		b.counts[x.question.Mandate.Number] = on
	}
	on[string(x.question.Category)+"="+word]++
}

// send puts all of it into the outboxes and records, by mandate, that a source
// was asked and what it said.
func (b *returns) send(ctx context.Context, tx *store.Tx, sourceName string) error {
	for peer, r := range b.peers {
		out := newPost(peer, b.at)
		if err := out.reply(r.replies, r.until); err != nil {
			return err
		}
		for part := range slices.Chunk(r.notices, exchange.MaxItems) {
			if err := out.add(exchange.NewID(), r.until, part); err != nil {
				return err
			}
		}
		if err := tx.AddParcels(ctx, out.parcels...); err != nil {
			return err
		}
	}
	entries := make([]audit.Entry, 0, len(b.counts))
	for mandate, counts := range b.counts {
		entries = append(entries, audit.New(b.at, hedui.System.ID, sourceName, audit.RelayAsked, mandate, countWords(counts)))
	}
	return tx.Record(ctx, entries...)
}

// reply makes letters of replies; one that cannot be sent, be it too large or not
// in form, becomes a failure, so that whoever asked does not wait for ever and
// the replies beside it are not held up.
func (p *post) reply(replies exchange.Replies, until time.Time) error {
	until = earlierOf(until, p.at.Add(maxWait))
	for part := range slices.Chunk(replies, perLetter) {
		err := p.add(exchange.NewID(), until, part)
		switch {
		case err == nil:
		case len(part) > 1:
			half := len(part) / 2
			err = errors.Join(p.reply(part[:half], until), p.reply(part[half:], until))
		default:
			why := source.ReasonMalformed
			if errors.Is(err, exchange.ErrTooLarge) {
				why = source.Reason(exchange.ReasonTooLarge)
			}
			r := part[0]
			err = p.add(exchange.NewID(), until, exchange.Replies{{Query: r.Query, Outcome: string(source.Failed), Reason: string(why),
				AnsweredBy: r.AnsweredBy, Scope: r.Scope, At: r.At}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
