package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"hedui/internal/hedui"
	"hedui/seal"
)

// Limits of what Verify reads, in bytes.
const (
	MaxFile     = 64 << 20
	MaxDetached = 128 << 20
)

var (
	// ErrNotReport means that a file is neither a JSON report nor a PDF.
	ErrNotReport = errors.New("report: neither a PDF nor a JSON report")
	// ErrTooLarge means that a file is larger than any report.
	ErrTooLarge = errors.New("report: file is larger than any report")
)

// A Verdict is what a check came to.
type Verdict string

// The verdicts. Only Valid is good.
const (
	Valid     Verdict = "valid"     // sealed by a trusted key, nothing altered
	Altered   Verdict = "altered"   // something was altered after the seal
	Extended  Verdict = "added"     // unaltered, but bytes were added after the seal
	Forged    Verdict = "signature" // the signature itself is wrong
	Untrusted Verdict = "untrusted" // the key is not trusted
	Outdated  Verdict = "validity"  // sealed outside the validity of the certificate
	Truncated Verdict = "truncated" // the end is missing
	Unsealed  Verdict = "unsealed"  // there is no seal
	Malformed Verdict = "malformed" // the seal cannot be read
	Mismatch  Verdict = "mismatch"  // the seal is of something else
)

// Verdicts lists all verdicts.
func Verdicts() []Verdict {
	return []Verdict{Valid, Altered, Extended, Forged, Untrusted, Outdated, Truncated, Unsealed, Malformed, Mismatch}
}

// Result is what a check of a file says. Unless the verdict is Valid, number,
// version and the rest are only what the file claims.
type Result struct {
	Verdict  Verdict      `json:"verdict"`
	Say      hedui.Text   `json:"say"`
	Form     string       `json:"form"` // "json" or "pdf"
	Number   string       `json:"number,omitempty"`
	Version  int          `json:"version,omitempty"`
	Copy     int          `json:"copy,omitempty"`   // of a PDF
	Paper    string       `json:"paper,omitempty"`  // kind of a paper that is no report, see [Paper]
	Digest   string       `json:"digest,omitempty"` // SHA-256 of the JSON report
	SealedAt time.Time    `json:"sealed_at,omitzero"`
	By       string       `json:"by,omitempty"` // name in the certificate
	KeyID    string       `json:"key_id,omitempty"`
	Altered  []Alteration `json:"altered,omitempty"`
	Proof    []byte       `json:"-"` // of a PDF that carries one, as it stands there
}

// An Alteration names one thing that was altered: a JSON path such as
// "/findings/0/kind", or a part of a PDF such as "page 2".
type Alteration struct {
	Name string     `json:"name"`
	Say  hedui.Text `json:"say,omitzero"` // without a key the name speaks for itself
}

// Valid reports whether everything is right.
func (r Result) Valid() bool { return r.Verdict == Valid }

// Verify checks a report offline: a PDF by itself, a JSON report with its
// detached seal. It returns an error only where there is nothing to check; what
// is wrong with a report is in the result.
func Verify(file, detached []byte, trust *seal.Trust) (Result, error) {
	if len(file) > MaxFile || len(detached) > MaxDetached {
		return Result{}, ErrTooLarge
	}
	var r Result
	switch trimmed := bytes.TrimLeft(file, " \t\r\n\ufeff"); {
	case bytes.HasPrefix(file, []byte("%PDF-")) || bytes.Contains(file, []byte(sealHead)):
		r = verifyPDF(file, trust)
	case bytes.HasPrefix(trimmed, []byte("{")) || len(detached) > 0:
		r = verifyJSON(file, detached, trust)
	default:
		return Result{}, ErrNotReport
	}
	if r.Say.Key == "" {
		r.Say = hedui.Say("verify." + string(r.Verdict))
	}
	return r, nil
}

func verifyJSON(file, detached []byte, trust *seal.Trust) Result {
	r := Result{Form: "json"}
	c, unreadable := Parse(file)
	r.Number, r.Version = c.Number, c.Version
	if len(bytes.TrimSpace(detached)) == 0 {
		r.Verdict = Unsealed
		return r
	}
	s, err := seal.DecodeSeal(detached)
	if err != nil {
		r.Verdict = Malformed
		return r
	}
	r.Digest, r.KeyID, r.SealedAt = s.Digest, s.KeyID, s.SealedAt
	cert, ok := trust.Certificate(s.KeyID)
	if ok {
		r.By = cert.Subject.CommonName
	}
	if unreadable != nil {
		_, _ = fmt.Sscanf(s.Subject, "%s v%d", &r.Number, &r.Version)
	}
	err = s.CheckJSON(file, trust)
	r.Verdict, r.Altered = judge(err)
	switch {
	case err == nil && (unreadable != nil || s.Subject != subject(c.Number, c.Version)):
		r.Verdict = Mismatch
	case r.Verdict == Altered && s.Subject != subject(c.Number, c.Version) && unreadable == nil && otherReport(r.Altered):
		r.Verdict = Mismatch
	case r.Verdict == Altered:
		r.tail(file, s)
	case err == nil && ok && (s.SealedAt.Before(cert.NotBefore) || s.SealedAt.After(cert.NotAfter)):
		r.Verdict = Outdated
	}
	return r
}

// judge turns the error of a check into a verdict.
func judge(err error) (Verdict, []Alteration) {
	var altered *seal.Altered
	switch {
	case err == nil:
		return Valid, nil
	case errors.As(err, &altered):
		var list []Alteration
		for _, name := range altered.Names {
			a := Alteration{Name: name}
			if name == seal.WholeDocument {
				a.Say = hedui.Say("verify.part.document")
			}
			list = append(list, a)
		}
		return Altered, list
	case errors.Is(err, seal.ErrUntrusted):
		return Untrusted, nil
	case errors.Is(err, seal.ErrValidity):
		return Outdated, nil
	case errors.Is(err, seal.ErrSignature), errors.Is(err, seal.ErrAlgorithm):
		return Forged, nil
	case errors.Is(err, seal.ErrDigest):
		return Altered, nil
	}
	return Malformed, nil
}

// otherReport reports whether so much differs that it is another document: the
// salt, new for every version, with it.
func otherReport(list []Alteration) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(list, func(a Alteration) bool { return a.Name == name })
	}
	return has("/"+seal.SaltMember) && has("/number")
}

// tail looks whether a JSON file was only cut off, or only added to.
func (r *Result) tail(file []byte, s seal.Seal) {
	d := json.NewDecoder(bytes.NewReader(file))
	var v json.RawMessage
	if err := d.Decode(&v); errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		r.Verdict, r.Altered = Truncated, nil
		return
	}
	for end := int(d.InputOffset()); end <= min(len(file)-1, int(d.InputOffset())+1); end++ {
		if sum(s.Algorithm, file[:end]) == s.Digest {
			r.added(len(file) - end)
			return
		}
	}
}

func (r *Result) added(n int) {
	r.Verdict, r.Altered = Extended, nil
	r.Say = hedui.Say("verify.added", strconv.Itoa(n))
}
