package idcard

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// errMarshal is one text for all encodings; it must not name the number.
var errMarshal = errors.New("idcard: a Number is not marshalled; use Reveal where the full number is really meant")

// Masked returns the form fit for screens and logs, the first four and the last
// two characters: "3302************1X". The zero Number gives nothing.
func (n Number) Masked() string {
	s := n.Reveal()
	if s == "" {
		return ""
	}
	return s[:4] + "************" + s[16:]
}

// Format implements [fmt.Formatter]: every verb prints the masked form.
func (n Number) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, n.Masked()) }

// String returns the masked form.
func (n Number) String() string { return n.Masked() }

// GoString returns the masked form.
func (n Number) GoString() string { return n.Masked() }

// LogValue implements [slog.LogValuer] with the masked form.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.Masked()) }

// MarshalText refuses: encode n.Reveal() where a full number is really meant.
func (n Number) MarshalText() ([]byte, error) { return nil, errMarshal }

// MarshalJSON refuses, as [Number.MarshalText] does.
func (n Number) MarshalJSON() ([]byte, error) { return nil, errMarshal }

// MarshalBinary refuses, as [Number.MarshalText] does.
func (n Number) MarshalBinary() ([]byte, error) { return nil, errMarshal }

// GobEncode refuses, as [Number.MarshalText] does.
func (n Number) GobEncode() ([]byte, error) { return nil, errMarshal }
