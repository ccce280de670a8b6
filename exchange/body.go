package exchange

import (
	"fmt"
	"time"
)

// A Body is one of the typed bodies: [Questions], [Replies], [Cancels], [Notices],
// [Keys], [Counts], [MonthCounts], [WantedCounts].
type Body interface {
	kind() Kind
	check() error
	wire() any
	about(m *Message) // sets purpose and mandates
}

// NewMessage makes the message that carries a body.
func NewMessage(id string, expires time.Time, body Body) (Message, error) {
	if err := body.check(); err != nil {
		return Message{}, err
	}
	data, err := encodeJSON(body.wire())
	if err != nil {
		return Message{}, err
	}
	m := Message{ID: id, Kind: body.kind(), ExpiresAt: expires.UTC().Truncate(time.Millisecond), Body: data}
	body.about(&m)
	return m, m.check()
}

// decode reads the body of m, which must be of that kind, into the wire form.
func (m Message) decode(kind Kind, into any) error {
	if m.Kind != kind {
		return fmt.Errorf("%w: a message of kind %s, want %s", ErrMalformed, m.Kind, kind)
	}
	return decodeJSON(m.Body, into)
}

// agrees checks a body that was read, and the header against it.
func (m Message) agrees(body Body) error {
	if err := body.check(); err != nil {
		return err
	}
	var said Message
	body.about(&said)
	if m.Purpose != said.Purpose || m.Mandate != said.Mandate || m.Mandates != said.Mandates {
		return fmt.Errorf("%w: header and body differ in purpose or mandate", ErrMalformed)
	}
	return nil
}

func checkCount(n int) error {
	switch {
	case n == 0:
		return fmt.Errorf("%w: body without items", ErrMalformed)
	case n > MaxItems:
		return fmt.Errorf("%w: body of %d items, %d are the limit", ErrTooLarge, n, MaxItems)
	}
	return nil
}

// at says which item of a body is wrong; the item itself is not quoted.
func at(what string, i int, wrong string) error {
	return fmt.Errorf("%w: %s %d: %s", ErrMalformed, what, i+1, wrong)
}
