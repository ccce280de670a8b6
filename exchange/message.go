package exchange

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Limits of the protocol, in bytes unless said otherwise.
const (
	MaxBody     = 1 << 20 // of a message, in clear
	MaxEnvelope = MaxBody + 1024
	MaxBatch    = 4 << 20             // of a batch with all its envelopes
	MaxCount    = 256                 // envelopes in a batch
	MaxItems    = 1000                // questions, replies … in one body
	MaxLife     = 31 * 24 * time.Hour // from sending to expiry
	MaxHops     = 8                   // nodes a question may pass
)

// DefaultSkew is how far the clocks of two nodes may be apart.
const DefaultSkew = 5 * time.Minute

// A Kind says what the body of a message is.
type Kind string

// The kinds of this package, each with a body type of its own. Others may be
// added in the same spelling; a receiver refuses what it does not know with ReasonKind.
const (
	KindQuestions Kind = "questions" // Questions
	KindReplies   Kind = "replies"   // Replies
	KindCancels   Kind = "cancels"   // Cancels
	KindNotices   Kind = "notices"   // Notices
	KindKeys      Kind = "keys"      // Keys

	KindCounts       Kind = "counts"        // Counts
	KindMonthCounts  Kind = "counts-month"  // MonthCounts
	KindWantedCounts Kind = "counts-wanted" // WantedCounts
)

// A Message is what one node tells another. All but the body travels in clear
// inside TLS and may lie in clear in a store, so it holds no personal data.
// It prints without its body.
type Message struct {
	ID        string    // UUID of version 7 in lower case: the idempotency key, the same however often it is sent
	Kind      Kind      //
	Purpose   string    // programme code, such as "dibao"; empty for what serves no programme
	Mandate   string    // number of the mandate where the body rests on exactly one
	Mandates  int       // how many mandates the body rests on
	ExpiresAt time.Time // whole milliseconds; at most MaxLife after sending
	Body      []byte    // encrypted

	// Set by Open, not looked at by Seal.
	From     string    // name of the sender
	Division string    // of the sender
	SentAt   time.Time // whole milliseconds; of this sending
}

// NewID returns an ID for a message or a query that no other will have.
func NewID() string { return uuid.Must(uuid.NewV7()).String() } // fails only without a random source, which ends the program anyway

// parseID returns the bytes of an ID in its one spelling.
func parseID(s string) ([16]byte, error) {
	id, err := uuid.Parse(s)
	if err != nil || id.String() != s || !isV7(id) {
		return [16]byte{}, fmt.Errorf("%w: id is not a UUID of version 7 in lower case", ErrMalformed)
	}
	return id, nil
}

func isV7(id uuid.UUID) bool { return id.Version() == 7 && id.Variant() == uuid.RFC4122 }

// Format implements [fmt.Formatter]: kind, ID and size.
func (m Message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.label()) }

// LogValue implements [slog.LogValuer] like [Message.Format].
func (m Message) LogValue() slog.Value { return slog.StringValue(m.label()) }

func (m Message) label() string {
	return fmt.Sprintf("message(%s %s, %d bytes)", m.Kind, m.ID, len(m.Body))
}

func (m Message) check() error {
	if _, err := parseID(m.ID); err != nil {
		return err
	}
	switch {
	case !nameForm.MatchString(string(m.Kind)):
		return fmt.Errorf("%w: kind of message", ErrMalformed)
	case m.Purpose != "" && !code(m.Purpose):
		return fmt.Errorf("%w: purpose of message", ErrMalformed)
	case !line(m.Mandate, maxMandate), m.Mandates < 0, m.Mandates > MaxItems, (m.Mandates == 1) != (m.Mandate != ""):
		return fmt.Errorf("%w: mandates of message", ErrMalformed)
	case len(m.Body) == 0:
		return fmt.Errorf("%w: message without a body", ErrMalformed)
	case len(m.Body) > MaxBody:
		return fmt.Errorf("%w: body of %d bytes, %d are the limit", ErrTooLarge, len(m.Body), MaxBody)
	}
	return nil
}
