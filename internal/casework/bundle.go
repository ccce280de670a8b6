package casework

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"hedui/exchange"
	"hedui/internal/store"
)

// The file of a hand-over, and that of a receipt, is envelopes one after the
// other, each behind four bytes that hold its length, big end first.

// The kinds of message in such files.
const (
	kindCase    exchange.Kind = "case"          // one part of a case
	kindReceipt exchange.Kind = "case-receipts" // which cases have come
)

// handingLife is how long a file can be used: as long as the exchange allows,
// less what clocks may differ.
const handingLife = exchange.MaxLife - time.Hour

const (
	partSize = exchange.MaxBody - 1024 // of a case in one envelope; the rest is for its first line
	maxParts = 512
)

// A part is the first line of a message of [kindCase]; a piece of the case's
// bytes follows. The id of the message of the first part is that of the handing.
type part struct {
	Version int    `json:"v"`
	Handing string `json:"handing"`
	Case    string `json:"case"`
	Digest  string `json:"digest"` // of the whole
	Part    int    `json:"part"`   // from 1
	Parts   int    `json:"parts"`
}

const partVersion = 1

// A parcel is one whole case as it came.
type parcel struct {
	part
	from    exchange.Peer
	expires time.Time
	body    []byte
}

func (p *parcel) bundle() (store.Bundle, error) { return store.DecodeBundle(p.body) }

// writeBundle writes one case for a peer, in as many envelopes as it needs.
func writeBundle(w io.Writer, b store.Bundle, to exchange.Peer, from exchange.Identity, now time.Time) error {
	body, err := b.Encode()
	if err != nil {
		return err
	}
	pieces := slices.Collect(slices.Chunk(body, partSize))
	if len(pieces) > maxParts {
		return fmt.Errorf("case %s: %w: %d bytes", b.Case.ID, exchange.ErrTooLarge, len(body))
	}
	head := part{Version: partVersion, Handing: b.Case.Handed.ID, Case: b.Case.ID, Digest: digestOf(body), Parts: len(pieces)}
	for i, piece := range pieces {
		head.Part = i + 1
		id := head.Handing
		if i > 0 {
			id = exchange.NewID()
		}
		line, _ := json.Marshal(head) // strings and numbers always encode
		m := exchange.Message{ID: id, Kind: kindCase, ExpiresAt: now.Add(handingLife).Truncate(time.Millisecond), Body: slices.Concat(line, []byte("\n"), piece)}
		if err := writeEnvelope(w, m, to, from, now); err != nil {
			return err
		}
	}
	return nil
}

func writeEnvelope(w io.Writer, m exchange.Message, to exchange.Peer, from exchange.Identity, now time.Time) error {
	envelope, err := exchange.Seal(from, to, m, now)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(envelope))), envelope...)) //nolint:gosec // G115: at most MaxEnvelope
	return err
}

// readEnvelope returns the next message of a file, or [io.EOF] at its end.
func readEnvelope(r io.Reader, b Border, kind exchange.Kind, now time.Time) (exchange.Message, exchange.Peer, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return exchange.Message{}, exchange.Peer{}, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > exchange.MaxEnvelope {
		return exchange.Message{}, exchange.Peer{}, fmt.Errorf("%w: envelope of %d bytes", exchange.ErrTooLarge, size)
	}
	envelope := make([]byte, size)
	if _, err := io.ReadFull(r, envelope); err != nil {
		return exchange.Message{}, exchange.Peer{}, errors.Join(io.ErrUnexpectedEOF, exchange.ErrMalformed)
	}
	m, peer, err := exchange.Open(b.Me, b.Peers, envelope, now, exchange.DefaultSkew)
	if err == nil && m.Kind != kind {
		err = fmt.Errorf("%w: a message of kind %s, want %s", exchange.ErrMalformed, m.Kind, kind)
	}
	return m, peer, err
}

// bundleReader puts the parts of cases together.
type bundleReader struct {
	r      io.Reader
	border Border
	now    func() time.Time
}

// next returns the next case, or [io.EOF] at the end of the file.
func (in *bundleReader) next() (*parcel, error) {
	p := &parcel{}
	for {
		m, peer, err := readEnvelope(in.r, in.border, kindCase, in.now())
		if errors.Is(err, io.EOF) && p.Part > 0 {
			return nil, errors.Join(io.ErrUnexpectedEOF, exchange.ErrMalformed)
		}
		if err != nil {
			return nil, err
		}
		line, piece, found := bytes.Cut(m.Body, []byte("\n"))
		var head part
		if !found || json.Unmarshal(line, &head) != nil || head.Version != partVersion {
			return nil, fmt.Errorf("%w: not a part of a case", exchange.ErrMalformed)
		}
		want := p.part
		if want.Part++; want.Part == 1 {
			want = head
			want.Part, want.Handing = 1, m.ID
			p.from, p.expires = peer, m.ExpiresAt
		}
		if head != want || head.Parts < 1 || head.Parts > maxParts || peer.Name != p.from.Name {
			return nil, fmt.Errorf("%w: part %d of %d does not belong here", exchange.ErrMalformed, head.Part, head.Parts)
		}
		p.part, p.body = head, append(p.body, piece...)
		if head.Part < head.Parts {
			continue
		}
		if digestOf(p.body) != head.Digest {
			return nil, fmt.Errorf("%w: case %s does not fit its digest", exchange.ErrMalformed, head.Case)
		}
		return p, nil
	}
}

// A confirmation says that a case has come by a handing.
type confirmation struct {
	Case    string `json:"case"`
	Handing string `json:"handing"`
}

type receiptBody struct {
	Version int            `json:"v"`
	Cases   []confirmation `json:"cases"`
}

// writeReceipts tells a peer which of its cases have come.
func writeReceipts(w io.Writer, list []confirmation, to exchange.Peer, from exchange.Identity, now time.Time) error {
	for some := range slices.Chunk(list, exchange.MaxItems) {
		body, _ := json.Marshal(receiptBody{partVersion, some}) // strings always encode
		m := exchange.Message{ID: exchange.NewID(), Kind: kindReceipt, ExpiresAt: now.Add(handingLife).Truncate(time.Millisecond), Body: body}
		if err := writeEnvelope(w, m, to, from, now); err != nil {
			return fmt.Errorf("casework: receipt for %s: %w", to.Name, err)
		}
	}
	return nil
}

// readReceipts returns the next confirmations of a file, or [io.EOF] at its end.
func readReceipts(r io.Reader, b Border, now time.Time) (exchange.Peer, []confirmation, error) {
	m, peer, err := readEnvelope(r, b, kindReceipt, now)
	if err != nil {
		return peer, nil, err
	}
	var body receiptBody
	if json.Unmarshal(m.Body, &body) != nil || body.Version != partVersion {
		return peer, nil, fmt.Errorf("%w: not a receipt", exchange.ErrMalformed)
	}
	return peer, body.Cases, nil
}
