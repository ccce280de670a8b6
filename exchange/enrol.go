package exchange

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"hedui/region"
	"hedui/seal"
)

// An Enrolment is what a node says of itself when it asks to become a child. The
// officer who approves it compares name, division and the two KeyIDs with what
// the node's officer reads out.
type Enrolment struct {
	Name     string
	Division string
	Level    region.Kind
	Sign     seal.PublicKey
	Box      BoxPublicKey
	GMSign   seal.PublicKey // of suite gm, as GMBox; zero where the node has none
	GMBox    BoxPublicKey
	At       time.Time // of the request, whole milliseconds
	digest   string    // SHA-256 of the request, in hexadecimal
}

// Same reports whether o is the same node with the same keys asking again.
func (e Enrolment) Same(o Enrolment) bool {
	return e.Name == o.Name && e.Division == o.Division && e.Level == o.Level && e.Sign.Equal(o.Sign) && e.Box.Equal(o.Box) &&
		e.GMSign.KeyID() == o.GMSign.KeyID() && e.GMBox.KeyID() == o.GMBox.KeyID() && (!e.hasGM() || e.GMSign.Equal(o.GMSign) && e.GMBox.Equal(o.GMBox))
}

// Peer returns the child to be, as the parent will know it once approved.
func (e Enrolment) Peer() Peer {
	p := Peer{Name: e.Name, Division: e.Division, Level: e.Level, Sign: []SignPin{{Key: e.Sign}}, Boxes: []BoxPin{{Key: e.Box}}}
	if e.hasGM() {
		p.Sign, p.Boxes = append(p.Sign, SignPin{Key: e.GMSign}), append(p.Boxes, BoxPin{Key: e.GMBox})
	}
	return p
}

func (e Enrolment) hasGM() bool { return e.GMSign.KeyID() != "" }

// A Registrar keeps codes and enrolments at the parent.
type Registrar interface {
	// Secret returns [Code.Secret] of the code that is open for a node of that
	// name, or was used by an enrolment that has not connected yet; [ErrCode] if
	// there is none or it has run out.
	Secret(ctx context.Context, name string) ([]byte, error)

	// Enrol uses the code up and keeps the request for an officer, in one
	// transaction, at the first call; a request that is [Enrolment.Same] changes
	// nothing. It returns nil once approved, [ErrPending] until then, [ErrCodeUsed]
	// for a request with other keys, a *[Refusal] if the officer declined.
	Enrol(ctx context.Context, e Enrolment) error
}

// enrolMagic begins what is signed: "q" for a request, "r" for an answer follows.
const enrolMagic = "hedui-enrol\x00\x01"

type wireSigned struct {
	Body      []byte `json:"body"`      // JSON of wireEnrolment
	Signature []byte `json:"signature"` // of magic, letter, body; by the key in the body
	MAC       []byte `json:"mac"`       // HMAC-SHA256 under the code's secret of magic, letter, body, signature
}

type wireEnrolment struct {
	Name     string      `json:"name"`
	Division string      `json:"division"`
	Level    region.Kind `json:"level"`
	Sign     string      `json:"sign"`              // PEM
	Box      string      `json:"box"`               // PEM
	GMSign   string      `json:"gm_sign,omitempty"` // PEM; both or none
	GMBox    string      `json:"gm_box,omitempty"`
	At       instant     `json:"at"`
	Request  string      `json:"request,omitempty"` // of an answer: SHA-256 of the request's body in hexadecimal
}

// RequestEnrolment makes the request of a node that was given a code. It counts
// for the allowed clock skew only; whoever waits for approval makes a new one
// with the same code and keys.
func RequestEnrolment(me Identity, c Code, now time.Time) ([]byte, error) {
	secret, err := c.Secret(me.Name)
	if err != nil {
		return nil, err
	}
	return signEnrolment(me, secret, "q", "", now)
}

func signEnrolment(me Identity, secret []byte, letter, request string, now time.Time) ([]byte, error) {
	if err := me.Check(); err != nil {
		return nil, err
	}
	w := wireEnrolment{
		Name: me.Name, Division: me.Division, Level: me.Level, Sign: string(me.Public.PEM()),
		Box: string(me.newest(BoxAlgorithm).Public().PEM()), At: instant{now}, Request: request,
	}
	if me.GM != nil { // vouched for by the signature of the key that officers compare
		w.GMSign, w.GMBox = string(me.GMPublic.PEM()), string(me.newest(GMBoxAlgorithm).Public().PEM())
	}
	body, err := encodeJSON(w)
	if err != nil {
		return nil, err
	}
	signature, err := me.Signer.Sign(append([]byte(enrolMagic+letter), body...))
	if err != nil {
		return nil, fmt.Errorf("exchange: sign: %w", err)
	}
	return encodeJSON(wireSigned{Body: body, Signature: signature, MAC: enrolMAC(secret, letter, body, signature)})
}

func enrolMAC(secret []byte, letter string, body, signature []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write([]byte(enrolMagic + letter))
	_, _ = mac.Write(body)
	_, _ = mac.Write(signature)
	return mac.Sum(nil)
}

// OpenEnrolment reads a request at the parent: [ErrCode] for a wrong code, an
// unknown one and one for another name alike, compared in constant time;
// [ErrExpired] or [ErrClock] for a request of another hour; [ErrSignature] if the
// node does not hold its keys. That the code is used once is for [Registrar.Enrol].
func OpenEnrolment(ctx context.Context, data []byte, r Registrar, now time.Time, skew time.Duration) (Enrolment, error) {
	e, _, err := openEnrolment(data, "q", func(name string) ([]byte, error) { return r.Secret(ctx, name) }, now, skew)
	return e, err
}

// AnswerEnrolment makes the parent's answer to an approved request: its own name
// and keys, bound to the request and to the code's secret.
func AnswerEnrolment(me Identity, e Enrolment, secret []byte, now time.Time) ([]byte, error) {
	return signEnrolment(me, secret, "r", e.digest, now)
}

// OpenAnswer reads the parent's answer at the child, which knows by the code that
// nobody else made it, and returns the parent to pin.
func OpenAnswer(data, request []byte, me Identity, c Code, now time.Time, skew time.Duration) (Peer, error) {
	secret := func(string) ([]byte, error) { return c.Secret(me.Name) }
	e, about, err := openEnrolment(data, "r", secret, now, skew)
	if err != nil {
		return Peer{}, err
	}
	var asked wireSigned
	if err := decodeJSON(request, &asked); err != nil {
		return Peer{}, err
	}
	if about != digestOf(asked.Body) {
		return Peer{}, fmt.Errorf("%w: answer to another enrolment", ErrNotForMe)
	}
	return e.Peer(), nil
}

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func openEnrolment(data []byte, letter string, secretFor func(string) ([]byte, error), now time.Time, skew time.Duration) (e Enrolment, about string, err error) {
	var outer wireSigned
	var w wireEnrolment
	if len(data) > maxEnrolment {
		return e, "", ErrTooLarge
	}
	if err := decodeJSON(data, &outer); err != nil {
		return e, "", err
	}
	if err := decodeJSON(outer.Body, &w); err != nil {
		return e, "", err
	}
	if e, err = w.enrolment(); err != nil {
		return Enrolment{}, "", err
	}
	e.digest = digestOf(outer.Body)
	secret, unknown := secretFor(e.Name)
	if unknown != nil {
		secret = make([]byte, sha256.Size) // compared all the same, so that both take the same time
	}
	wrong := !hmac.Equal(outer.MAC, enrolMAC(secret, letter, outer.Body, outer.Signature))
	switch {
	case unknown != nil && ReasonOf(unknown) == "":
		return Enrolment{}, "", unknown // the store could not look
	case wrong || unknown != nil:
		return Enrolment{}, "", ErrCode
	case e.Sign.Verify(append([]byte(enrolMagic+letter), outer.Body...), outer.Signature) != nil:
		return Enrolment{}, "", ErrSignature
	case e.At.Before(now.Add(-skew)):
		return Enrolment{}, "", ErrExpired
	case e.At.After(now.Add(skew)):
		return Enrolment{}, "", ErrClock
	}
	return e, w.Request, nil
}

const maxEnrolment = 8 << 10

func (w wireEnrolment) enrolment() (Enrolment, error) {
	if err := checkNode(w.Name, w.Division, w.Level); err != nil {
		return Enrolment{}, err
	}
	sign, err := seal.ParsePublic([]byte(w.Sign))
	if err != nil || sign.Algorithm() != seal.Ed25519 || string(sign.PEM()) != w.Sign {
		return Enrolment{}, fmt.Errorf("%w: signing key", ErrMalformed)
	}
	box, err := ParseBoxPublic([]byte(w.Box))
	if err != nil || box.algorithm() != BoxAlgorithm || string(box.PEM()) != w.Box {
		return Enrolment{}, fmt.Errorf("%w: box key", ErrMalformed)
	}
	e := Enrolment{Name: w.Name, Division: w.Division, Level: w.Level, Sign: sign, Box: box, At: w.At.Time}
	if w.GMSign == "" && w.GMBox == "" {
		return e, nil
	}
	e.GMSign, err = seal.ParsePublic([]byte(w.GMSign))
	if err != nil || e.GMSign.Algorithm() != seal.SM2SM3 || string(e.GMSign.PEM()) != w.GMSign {
		return Enrolment{}, fmt.Errorf("%w: signing key of suite %s", ErrMalformed, seal.GM)
	}
	e.GMBox, err = ParseBoxPublic([]byte(w.GMBox))
	if err != nil || e.GMBox.algorithm() != GMBoxAlgorithm || string(e.GMBox.PEM()) != w.GMBox {
		return Enrolment{}, fmt.Errorf("%w: box key of suite %s", ErrMalformed, seal.GM)
	}
	return e, nil
}
