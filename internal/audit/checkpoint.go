package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Checkpoint is a signed head of a log (C2SP tlog-checkpoint), whose signatures
// were checked by [Trust.Open].
type Checkpoint struct {
	Origin    string
	Size      int64
	Root      tlog.Hash
	At        time.Time     // when the node itself says that it signed, to the second
	Body      string        // what is signed
	Witnesses []Cosignature // of others, by keys that are trusted
}

// A Cosignature says that a witness has seen a checkpoint.
type Cosignature struct {
	Witness string
	At      time.Time
	Line    string // as it stands in the note, with its end
}

var (
	// ErrSignature means that a checkpoint lacks the signature of its log, or that
	// a signature in it is wrong.
	ErrSignature = errors.New("audit: signature of a checkpoint is wrong or missing")
	// ErrKey means that the key of a log is not known.
	ErrKey = errors.New("audit: key of the log is not known")
	// ErrForm means that something is not in the one form that is written.
	ErrForm = errors.New("audit: not in the form of a checkpoint or proof")
)

// bodyOf is what a checkpoint says: name, size and root, a line each.
func bodyOf(origin string, size int64, root tlog.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)
}

// originOf reads the first line of a note, which nobody has checked yet.
func originOf(text string) string {
	origin, _, _ := strings.Cut(text, "\n")
	return origin
}

// Open checks a signed checkpoint: it must be signed by its log and cosigned by
// its node, under a key that is trusted. Cosignatures of others count where their
// keys are trusted, and must be right then. The error is [ErrKey], [ErrSignature]
// or [ErrForm].
func (t Trust) Open(text string) (Checkpoint, error) {
	own, ok := t.Of(originOf(text))
	if !ok {
		return Checkpoint{}, ErrKey
	}
	var keys []note.Verifier
	for i, v := range t {
		if slices.ContainsFunc(t[:i], func(w Verifier) bool { return w.text == v.text }) {
			continue // a key that is named twice would count as two of one name
		}
		keys = append(keys, v.witness)
		if v.text == own.text {
			keys = append(keys, v.log)
		}
	}
	n, err := note.Open([]byte(text), note.VerifierList(keys...))
	var wrong *note.InvalidSignatureError
	switch {
	case errors.As(err, &wrong):
		return Checkpoint{}, fmt.Errorf("%w: of %s", ErrSignature, wrong.Name)
	case err != nil:
		return Checkpoint{}, ErrSignature
	}
	c, err := parseBody(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	signed := false
	for _, s := range n.Sigs {
		switch at, line := sigTime(s), fmt.Sprintf("— %s %s\n", s.Name, s.Base64); s.Name {
		case own.log.Name():
			signed = true
		case own.witness.name:
			c.At = at
		default:
			c.Witnesses = append(c.Witnesses, Cosignature{s.Name, at, line})
		}
	}
	if !signed || c.At.IsZero() {
		return Checkpoint{}, ErrSignature
	}
	return c, nil
}

func sigTime(s note.Signature) time.Time {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(raw) < 4 {
		return time.Time{}
	}
	at, _ := cosignedAt(raw[4:])
	return at
}

// parseBody reads what bodyOf wrote, and no other form.
func parseBody(body string) (Checkpoint, error) {
	lines := strings.Split(body, "\n")
	if len(lines) != 4 {
		return Checkpoint{}, ErrForm
	}
	size, err1 := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := tlog.ParseHash(lines[2])
	if err1 != nil || err2 != nil || size < 0 || bodyOf(lines[0], size, root) != body {
		return Checkpoint{}, ErrForm
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root, Body: body}, nil
}

// OpenCosignature checks the line by which a peer has cosigned a checkpoint, and
// says when it did.
func (v Verifier) OpenCosignature(body, line string) (Cosignature, error) {
	n, err := note.Open([]byte(body+"\n"+line), note.VerifierList(v.witness))
	if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return Cosignature{}, ErrSignature
	}
	return Cosignature{v.witness.name, sigTime(n.Sigs[0]), line}, nil
}

// BodyOf cuts the signatures off a signed checkpoint.
func BodyOf(text string) string {
	body, _, _ := strings.Cut(text, "\n\n")
	return body + "\n"
}

// SizeOf reads the size of a signed checkpoint, which nobody has checked yet.
func SizeOf(text string) (int64, error) {
	c, err := parseBody(BodyOf(text))
	return c.Size, err
}
