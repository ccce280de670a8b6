package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"hedui/seal"
)

// Names of a node's log and of the node as a witness, as they stand in signed
// notes: "hedui.ningbo/audit" and "hedui.ningbo/witness".
const (
	namePrefix    = "hedui."
	logSuffix     = "/audit"
	witnessSuffix = "/witness"
)

// Origin is the name of a node's log, the first line of its checkpoints.
func Origin(node string) string { return namePrefix + node + logSuffix }

// Witness is the name under which a node cosigns checkpoints.
func Witness(node string) string { return namePrefix + node + witnessSuffix }

// NodeOf is the node that has the name of a log or of a witness.
func NodeOf(name string) string {
	name = strings.TrimPrefix(name, namePrefix)
	return strings.TrimSuffix(strings.TrimSuffix(name, logSuffix), witnessSuffix)
}

// Signature types of C2SP signed-note.
const (
	algEd25519     = 1
	algCosignature = 4 // tlog-cosignature v1: Ed25519 with the time
)

// A Key signs the checkpoints of a node's log, and cosigns those of its peers. It
// is one Ed25519 key for both: what is signed begins differently. A log has one
// key for its whole life; with another key it is another log.
type Key struct {
	node   string
	signer seal.Signer
	public ed25519.PublicKey
}

// NewKey makes the key of a node's log from a signer and its public half, which
// must be of [seal.Ed25519].
func NewKey(node string, signer seal.Signer, public seal.PublicKey) (*Key, error) {
	if signer.Algorithm() != seal.Ed25519 || signer.KeyID() != public.KeyID() {
		return nil, fmt.Errorf("audit: a log signs with a key of %s, and its own", seal.Ed25519)
	}
	block, _ := pem.Decode(public.PEM())
	if block == nil {
		return nil, errors.New("audit: public key of the log cannot be read")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	raw, ok := key.(ed25519.PublicKey)
	if err != nil || !ok {
		return nil, errors.Join(errors.New("audit: public key of the log cannot be read"), err)
	}
	return &Key{node, signer, raw}, nil
}

// Verifier is the public half, as [ParseVerifier] reads it.
func (k *Key) Verifier() Verifier {
	v, err := newVerifier(Origin(k.node), k.public)
	if err != nil {
		panic(err) // the name was checked when the node was named
	}
	return v
}

// Checkpoint signs a head: with the signature of the log, and with the node's own
// cosignature, which says when (to the second).
func (k *Key) Checkpoint(h Head) (string, error) {
	text := bodyOf(Origin(k.node), h.Size, h.Root)
	v := k.Verifier()
	sig, err := k.signer.Sign([]byte(text))
	if err != nil {
		return "", fmt.Errorf("audit: sign checkpoint: %w", err)
	}
	own, err := k.Cosign(text, h.At)
	if err != nil {
		return "", err
	}
	return text + "\n" + signatureLine(v.log.Name(), v.log.KeyHash(), sig) + own, nil
}

// Cosign returns the line by which the node says that it has seen the checkpoint
// with this body, at this time, and that it follows from all it has seen of that
// log before (C2SP tlog-cosignature v1).
func (k *Key) Cosign(body string, at time.Time) (line string, err error) {
	seconds := at.Unix()
	sig, err := k.signer.Sign(cosigned(seconds, body))
	if err != nil {
		return "", fmt.Errorf("audit: cosign checkpoint: %w", err)
	}
	w := k.Verifier().witness
	return signatureLine(w.name, w.hash, append(binary.BigEndian.AppendUint64(nil, uint64(seconds)), sig...)), nil //nolint:gosec // G115: after 1970
}

func signatureLine(name string, hash uint32, sig []byte) string {
	return "— " + name + " " + base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, hash), sig...)) + "\n"
}

// cosigned is what a cosignature signs.
func cosigned(seconds int64, body string) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, body)
}

// A Verifier checks what one node signs: checkpoints of its log, and
// cosignatures. Only [ParseVerifier] and [Key.Verifier] make one that is not zero.
type Verifier struct {
	text    string
	log     note.Verifier
	witness witness
}

func newVerifier(origin string, key ed25519.PublicKey) (Verifier, error) {
	text, err := note.NewEd25519VerifierKey(origin, key)
	if err != nil {
		return Verifier{}, fmt.Errorf("audit: %w", err)
	}
	return ParseVerifier(text)
}

// ParseVerifier reads the public key of a log as [Verifier.String] writes it: the
// verifier key of C2SP signed-note, "hedui.NODE/audit+HASH+KEY".
func ParseVerifier(text string) (Verifier, error) {
	log, err := note.NewVerifier(text)
	if err != nil {
		return Verifier{}, fmt.Errorf("audit: verifier key: %w", err)
	}
	if !strings.HasPrefix(log.Name(), namePrefix) || !strings.HasSuffix(log.Name(), logSuffix) {
		return Verifier{}, errors.New("audit: verifier key is not that of a log of ours")
	}
	fields := strings.SplitN(text, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algEd25519 {
		return Verifier{}, errors.New("audit: verifier key is not of Ed25519")
	}
	name := Witness(NodeOf(log.Name()))
	sum := sha256.Sum256(append([]byte(name+"\n"+string(rune(algCosignature))), raw[1:]...))
	return Verifier{text, log, witness{name, binary.BigEndian.Uint32(sum[:]), raw[1:]}}, nil
}

// String is the verifier key as text, on one line.
func (v Verifier) String() string { return v.text }

// Cosigner is the verifier key of the node as a witness, for tools of others.
func (v Verifier) Cosigner() string {
	return fmt.Sprintf("%s+%08x+%s", v.witness.name, v.witness.hash, base64.StdEncoding.EncodeToString(append([]byte{algCosignature}, v.witness.key...)))
}

// Origin is the name of the log.
func (v Verifier) Origin() string { return v.log.Name() }

// A witness is the key of a cosigner as a [note.Verifier].
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// Name implements [note.Verifier].
func (w witness) Name() string { return w.name }

// KeyHash implements [note.Verifier].
func (w witness) KeyHash() uint32 { return w.hash }

// Verify implements [note.Verifier].
func (w witness) Verify(body, sig []byte) bool {
	at, ok := cosignedAt(sig)
	return ok && ed25519.Verify(w.key, cosigned(at.Unix(), string(body)), sig[8:])
}

// cosignedAt reads the time of a cosignature.
func cosignedAt(sig []byte) (time.Time, bool) {
	if len(sig) != 8+ed25519.SignatureSize || sig[0]&0x80 != 0 {
		return time.Time{}, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(sig)), 0).UTC(), true //nolint:gosec // G115: its first bit is 0
}

// Trust is the keys of logs and witnesses that count.
type Trust []Verifier

// trustLine begins a line of a trust file that holds the key of a log. For other
// readers of the file it is a comment.
const trustLine = "log-key "

// ReadTrust reads the keys of logs out of a trust file, beside those by which
// reports are checked.
func ReadTrust(text []byte) (Trust, error) {
	var t Trust
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, trustLine); ok {
			v, err := ParseVerifier(strings.TrimSpace(rest))
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(t, func(o Verifier) bool { return o.text == v.text }) {
				t = append(t, v)
			}
		}
	}
	return t, nil
}

// Text writes the keys as [ReadTrust] reads them.
func (t Trust) Text() string {
	var b strings.Builder
	for _, v := range t {
		b.WriteString(trustLine + v.text + "\n")
	}
	return b.String()
}

// Of is the key of a log.
func (t Trust) Of(origin string) (Verifier, bool) {
	i := slices.IndexFunc(t, func(v Verifier) bool { return v.Origin() == origin })
	if i < 0 {
		return Verifier{}, false
	}
	return t[i], true
}
