package exchange

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const (
	codeLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's base 32: no I, L, O, U
	codeLength  = 16                                 // 80 bits: cannot be guessed, not even from a recorded request
)

// A Code is the one-time code with which a node enrols. The parent's officer hands
// it over by another way than the wire. It prints as "code(…)".
type Code struct{ text func() string }

// NewCode makes a random code.
func NewCode() Code {
	random := make([]byte, codeLength)
	_, _ = rand.Read(random) // never fails: crypto/rand ends the program instead
	for i, b := range random {
		random[i] = codeLetters[b%32]
	}
	return codeOf(string(random))
}

func codeOf(s string) Code { return Code{func() string { return s }} }

// ParseCode reads a code as people type it: in small letters, with or without
// hyphens and blanks, with O for 0 and I or L for 1. The error does not quote it.
func ParseCode(s string) (Code, error) {
	s = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
	if len(s) != codeLength || strings.Trim(s, codeLetters) != "" {
		return Code{}, fmt.Errorf("%w: a code has %d letters and digits", ErrCode, codeLength)
	}
	return codeOf(s), nil
}

// Reveal returns the code as it is printed for the other side: "7K3M-…", four by four.
func (c Code) Reveal() string {
	if c.text == nil {
		return ""
	}
	s := c.text()
	return strings.Join([]string{s[:4], s[4:8], s[8:12], s[12:]}, "-")
}

// Secret returns what the parent keeps of a code for the node of that name, to
// check requests with. It is as secret as the code: keep it encrypted, with the
// time at which it runs out, and destroy it when the node is enrolled.
func (c Code) Secret(name string) ([]byte, error) {
	if c.text == nil {
		return nil, ErrCode
	}
	secret, err := hkdf.Key(sha256.New, []byte(c.text()), nil, "hedui exchange 1 enrol "+name, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("exchange: derive secret: %w", err)
	}
	return secret, nil
}

// Format implements [fmt.Formatter]: every verb prints "code(…)".
func (c Code) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, codeLabel) }

// LogValue implements [slog.LogValuer] like [Code.Format].
func (c Code) LogValue() slog.Value { return slog.StringValue(codeLabel) }

const codeLabel = "code(…)"
