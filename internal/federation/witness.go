package federation

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hedui/day"
	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Each node is a witness of its peers' audit logs. It sends them its newest
// checkpoint with the proof that it goes on from the last one they have seen; they
// check that, remember it, and send a cosignature back. So whoever rewrites the
// database of one node is found out by the others.
//
// The letters are of two kinds: a checkpoint is the line "key VKEY" and a request
// of C2SP tlog-witness; its answer is "key VKEY", "size N", "root HASH", and the
// line of a cosignature (C2SP tlog-cosignature v1) if it was cosigned. Without one
// it says what the witness has seen, from which the next proof must go on.
const (
	kindCheckpoint  exchange.Kind = "tlog-checkpoint"
	kindCosignature exchange.Kind = "tlog-cosignature"
)

const (
	askEvery   = 5 * time.Second  // between two letters to a witness, at least
	askPatient = 10 * time.Minute // a letter without an answer is given up after so long, and then expires
)

// What is refused of the log of a peer, and what it says of ours.
const (
	reasonFork   exchange.Reason = "log_fork"
	reasonKey    exchange.Reason = "log_key"
	reasonUnlike exchange.Reason = "log_unlike"
)

// askWitnesses sends the newest checkpoint to each peer that has not seen it.
func (n *Node) askWitnesses(ctx context.Context) error {
	if _, err := n.DB.LogKey(); err != nil {
		return nil // this log is not signed
	}
	for name := range n.peers.Load().all {
		if err := n.DB.InTx(ctx, func(tx *store.Tx) error { return n.askWitness(ctx, tx, name) }); err != nil {
			return fmt.Errorf("federation: ask witness %s: %w", name, err)
		}
	}
	return nil
}

func (n *Node) askWitness(ctx context.Context, tx *store.Tx, peer string) error {
	now := n.Now()
	kept, err := tx.NewestKept(ctx)
	if err != nil || kept.Size == 0 {
		return err
	}
	p, err := tx.PeerLog(ctx, peer)
	waits := !p.AskedAt.IsZero() && now.Sub(p.AskedAt).Abs() < askPatient
	if err != nil || waits || p.Holds >= kept.Size || now.Sub(p.ToldAt).Abs() < askEvery {
		return err
	}
	proof, err := tx.Consistency(ctx, p.Holds, kept.Size)
	if err != nil {
		return err
	}
	text := audit.Request{Old: p.Holds, Proof: proof, Checkpoint: kept.Note}.Text()
	if err := n.write(ctx, tx, peer, kindCheckpoint, text, now); err != nil {
		return err
	}
	p.AskedAt = now
	return tx.SavePeerLog(ctx, p)
}

// write puts a letter about logs into the outbox of a peer.
func (n *Node) write(ctx context.Context, tx *store.Tx, peer string, kind exchange.Kind, text string, now time.Time) error {
	key, err := n.DB.LogKey()
	if err != nil {
		return err
	}
	m := exchange.Message{ID: exchange.NewID(), Kind: kind, ExpiresAt: now.Add(askPatient).UTC().Truncate(time.Millisecond),
		Body: []byte("key " + key.String() + "\n" + text)}
	return tx.AddParcels(ctx, casework.Letter(peer, m, now))
}

// aboutLogs reports whether a message is one of these letters.
func aboutLogs(m exchange.Message) bool { return m.Kind == kindCheckpoint || m.Kind == kindCosignature }

// A blot is what a peer, or this node, must answer for: it is recorded although
// the letter has no other effect.
type blot struct {
	verb   audit.Verb
	reason exchange.Reason
	detail string
	held   int64  // of reasonUnlike: how far the peer has seen our log
	seen   string // of reasonFork: a letter that tells the peer what was seen of it; empty = it knows
}

// Error implements error.
func (b *blot) Error() string { return "federation: audit log: " + string(b.reason) }

// takeAboutLogs takes one of these letters, once.
func (n *Node) takeAboutLogs(ctx context.Context, from exchange.Peer, m exchange.Message) error {
	err := n.DB.InTx(ctx, func(tx *store.Tx) error {
		switch first, err := tx.Receive(ctx, from.Name, m.ID, m.ExpiresAt.Add(exchange.DefaultSkew)); {
		case err != nil:
			return err
		case !first:
			return exchange.ErrDuplicate
		}
		if _, err := n.DB.LogKey(); err != nil {
			return &exchange.Refusal{Reason: exchange.ReasonKind}
		}
		head, text, _ := strings.Cut(string(m.Body), "\n")
		key, ok := strings.CutPrefix(head, "key ")
		v, err := audit.ParseVerifier(key)
		if !ok || err != nil || v.Origin() != audit.Origin(from.Name) {
			return exchange.ErrMalformed
		}
		p, err := tx.PeerLog(ctx, from.Name)
		if err != nil {
			return err
		}
		if p.Key != "" && p.Key != key {
			return &blot{verb: audit.KeyUnknown, reason: reasonKey, detail: key}
		}
		p.Key = key
		if m.Kind == kindCheckpoint {
			return n.cosign(ctx, tx, p, v, m.ID, text)
		}
		return n.cosigned(ctx, tx, p, v, text)
	})
	var b *blot
	if !errors.As(err, &b) {
		return err
	}
	return errors.Join(&exchange.Refusal{Reason: b.reason}, n.recordBlot(ctx, from.Name, b))
}

// recordBlot writes what was found into this node's own log, where the peer cannot
// reach it, and among the incidents.
func (n *Node) recordBlot(ctx context.Context, peer string, b *blot) error {
	now := n.Now()
	return n.DB.InTx(ctx, func(tx *store.Tx) error {
		if b.reason == reasonUnlike { // what the wire refuses, it counts by itself
			err := tx.AddIncident(ctx, day.Of(now).String(), store.Incident{Peer: peer, Reason: string(b.reason), First: now, Last: now, Count: 1})
			if err == nil {
				err = n.confess(ctx, tx, peer, b.held, now)
			}
			if err != nil {
				return err
			}
		}
		if b.seen != "" {
			if err := n.write(ctx, tx, peer, kindCosignature, b.seen, now); err != nil {
				return err
			}
		}
		return tx.Record(ctx, audit.New(now, hedui.System.ID, peer, b.verb, peer, b.detail))
	})
}

// confess sends the peer that has seen another log of this node what there is now,
// so that it finds out too: this cannot follow from what it has seen.
func (n *Node) confess(ctx context.Context, tx *store.Tx, peer string, held int64, now time.Time) error {
	kept, err := tx.NewestKept(ctx)
	if err != nil || kept.Size == 0 {
		return err
	}
	r := audit.Request{Old: held, Checkpoint: kept.Note}
	if held < kept.Size {
		if r.Proof, err = tx.Consistency(ctx, held, kept.Size); err != nil {
			return err
		}
	}
	return n.write(ctx, tx, peer, kindCheckpoint, r.Text(), now)
}

// cosign checks a peer's checkpoint against the last one that was seen of its log
// and answers. What was seen never goes back.
func (n *Node) cosign(ctx context.Context, tx *store.Tx, p store.PeerLog, v audit.Verifier, id, text string) error {
	r, err := audit.ParseRequest(text)
	if err != nil {
		return exchange.ErrMalformed
	}
	now, trust := n.Now(), audit.Trust{v}
	c, err := trust.Open(r.Checkpoint)
	if err != nil {
		return exchange.ErrMalformed
	}
	var before audit.Checkpoint
	if p.Note != "" {
		if before, err = trust.Open(p.Note); err != nil {
			return err
		}
	}
	switch {
	case id < p.Heard: // letters may overtake each other; this one says nothing new
		return nil
	case c.Size < before.Size, c.Size == before.Size && c.Root != before.Root && before.Origin != "":
		b := &blot{verb: audit.LogForked, reason: reasonFork, detail: r.Checkpoint}
		if r.Old != before.Size { // or it would wait for an answer
			b.seen = fmt.Sprintf("size %d\nroot %s\n", before.Size, before.Root)
		}
		return b
	case r.Old != before.Size && c.Size > before.Size: // it does not know what we have seen
		p.Heard = id
		if err := tx.SavePeerLog(ctx, p); err != nil {
			return err
		}
		return n.write(ctx, tx, p.Peer, kindCosignature, fmt.Sprintf("size %d\nroot %s\n", before.Size, before.Root), now)
	case !c.Follows(before, r.Proof):
		return &blot{verb: audit.LogForked, reason: reasonFork, detail: r.Checkpoint}
	}
	p.Heard, p.Note = id, r.Checkpoint
	if err := tx.SavePeerLog(ctx, p); err != nil { // first what is seen, then the signature that says so
		return err
	}
	line, err := n.DB.Cosign(c.Body, now)
	if err != nil {
		return err
	}
	return n.write(ctx, tx, p.Peer, kindCosignature, fmt.Sprintf("size %d\nroot %s\n%s", c.Size, c.Root, line), now)
}

// cosigned takes the answer of a witness: a cosignature, or what it has seen of
// our log, which must be what we have.
func (n *Node) cosigned(ctx context.Context, tx *store.Tx, p store.PeerLog, v audit.Verifier, text string) error {
	lines := strings.SplitN(text, "\n", 3)
	if len(lines) != 3 {
		return exchange.ErrMalformed
	}
	number, isSize := strings.CutPrefix(lines[0], "size ")
	root, isRoot := strings.CutPrefix(lines[1], "root ")
	size, err := strconv.ParseInt(number, 10, 64)
	if !isSize || !isRoot || err != nil || size < 0 {
		return exchange.ErrMalformed
	}
	own, err := tx.LogSize(ctx)
	if err != nil {
		return err
	}
	unlike := &blot{verb: audit.LogUnlike, reason: reasonUnlike, detail: fmt.Sprintf("%d %s", size, root), held: size}
	if size > own {
		return unlike
	}
	have, err := tx.LogRoot(ctx, size)
	if err != nil {
		return err
	}
	if have.String() != root {
		return unlike
	}
	if line := lines[2]; line != "" {
		note, err := tx.KeptNote(ctx, size)
		if err != nil {
			return err
		}
		c, err := v.OpenCosignature(audit.BodyOf(note), line)
		if err != nil {
			return exchange.ErrMalformed
		}
		if err := tx.AddCosignature(ctx, size, c); err != nil {
			return err
		}
	}
	p.Holds, p.AskedAt, p.ToldAt = size, time.Time{}, n.Now()
	if lines[2] == "" {
		p.ToldAt = time.Time{} // the proof from there follows at once
	}
	return tx.SavePeerLog(ctx, p)
}
