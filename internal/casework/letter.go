package casework

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"hedui/exchange"
	"hedui/internal/store"
)

// A letter is how a message to a peer lies in the outbox: one line that says what
// goes on the envelope, then the body.
type letter struct {
	Purpose  string `json:"purpose,omitempty"`
	Mandate  string `json:"mandate,omitempty"`
	Mandates int    `json:"mandates,omitempty"`
}

// Letter makes the parcel of a message to a peer, to be added in the transaction
// of the change that causes it.
func Letter(peer string, m exchange.Message, at time.Time) store.Parcel {
	line, _ := json.Marshal(letter{m.Purpose, m.Mandate, m.Mandates}) // strings always encode
	body := make([]byte, 0, len(line)+1+len(m.Body))
	body = append(append(append(body, line...), '\n'), m.Body...)
	return store.Parcel{ID: m.ID, Peer: peer, Kind: string(m.Kind), CreatedAt: at, ExpiresAt: m.ExpiresAt, Body: body}
}

// ReadLetter is the way back from [Letter].
func ReadLetter(p store.Parcel) (exchange.Message, error) {
	line, body, ok := bytes.Cut(p.Body, []byte("\n"))
	var l letter
	if !ok || json.Unmarshal(line, &l) != nil {
		return exchange.Message{}, fmt.Errorf("casework: parcel %s is no letter", p.ID)
	}
	return exchange.Message{ID: p.ID, Kind: exchange.Kind(p.Kind), Purpose: l.Purpose, Mandate: l.Mandate, Mandates: l.Mandates,
		ExpiresAt: p.ExpiresAt, Body: body}, nil
}
