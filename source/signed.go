package source

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hedui/catalog"
	"hedui/seal"
)

// A signed mandate is a line of text that goes with a query from node to node and
// on to the department (docs/mandate.md):
//
//	hedui-mandate1 "." block "." signature { "." block "." signature } [ "~" salt ]
//
// The first block says what the consent allows. Each hop adds a block that says
// to whom it hands the mandate on and how narrow it is from there. A signature is
// over all text before its dot, so that nothing can be put in, taken out or
// changed in front of it; and a block can be added only by the node to which the
// last one is addressed, so that nothing can be cut off behind it either.

const (
	signedMagic = "hedui-mandate1"
	maxBlocks   = 1 + 10    // a hop at each node that a question may pass, and one to the source
	saltSize    = 16        // bytes
	maxText     = 200       // bytes of one text in a block
	maxListed   = 64        // categories or offices
	idDomain    = "id\n"    // before what is hashed
	nameDomain  = "name\n"  // before what is hashed
	clockSkew   = 5 * 60000 // milliseconds by which the issuer's clock may run ahead
)

// MaxSigned is how long a signed mandate may be at most, in bytes.
const MaxSigned = 12 << 10

var (
	nodeForm      = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	addresseeForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$`)
	keyIDForm     = regexp.MustCompile(`^[0-9a-f]{16}$`)
	divisionForm  = regexp.MustCompile(`^[0-9]{6}$`)
	wordForm      = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
	base64url     = base64.RawURLEncoding.Strict()
)

// Errors of signed mandates, besides [ErrNotYet], [ErrExpired] and [ErrCategory].
// They carry no personal data.
var (
	ErrSigned    = errors.New("source: not a signed mandate")
	ErrAlgorithm = errors.New("source: mandate signed with an algorithm that is not known here")
	ErrUntrusted = errors.New("source: mandate signed with a key that is not trusted")
	ErrForged    = errors.New("source: mandate with a wrong signature")
	ErrWidened   = errors.New("source: mandate that a hop has widened")
	ErrHolder    = errors.New("source: mandate handed on by somebody to whom it was not addressed")
	ErrAddressee = errors.New("source: mandate is addressed to somebody else")
	ErrPerson    = errors.New("source: mandate is for another person")
	ErrPurpose   = errors.New("source: mandate is for another purpose")
)

// A Grant is what the issuing node signs: the terms, and what they rest on.
type Grant struct {
	Terms
	Document string   // digest of the signed consent, "sha256:…"
	Wording  string   // version of the consent form's text; empty where it has none
	Division string   // of the case, six digits
	Offices  []string // to whom the report may go; empty = the consent does not narrow it
}

// first is the first block. Blocks are JSON with their members in this order, in
// one spelling; instants are milliseconds since 1970.
type first struct {
	Algorithm  string         `json:"alg"`
	KeyID      string         `json:"kid"`
	By         string         `json:"by"`
	Number     string         `json:"number"`
	Consent    string         `json:"consent"`
	Document   string         `json:"document"`
	Wording    string         `json:"wording,omitempty"`
	Purpose    string         `json:"purpose"`
	Division   string         `json:"division"`
	PersonID   string         `json:"person_id"`   // base64url(SHA-256("id\n" salt number))
	PersonName string         `json:"person_name"` // base64url(SHA-256("name\n" salt number "\n" name))
	Categories []catalog.Code `json:"categories"`
	Offices    []string       `json:"offices,omitempty"`
	From       int64          `json:"from"`
	Until      int64          `json:"until"`
}

// hop is every further block.
type hop struct {
	Algorithm  string         `json:"alg"`
	KeyID      string         `json:"kid"`
	By         string         `json:"by"`
	Key        string         `json:"key,omitempty"` // the key of the block before, where it is another: SubjectPublicKeyInfo, base64url
	To         string         `json:"to"`            // a node, or "node/source" of the node that signs
	Categories []catalog.Code `json:"categories"`
	Until      int64          `json:"until"`
}

// Signed is a signed mandate that could be read; whether it is true, [Signed.Verify]
// says. It prints its number only. The zero value is none.
type Signed struct {
	text  string // without the salt
	salt  []byte // nil where it was left out
	first first
	hops  []hop
	signs [][]byte
	ends  []int // where the text under each signature ends
}

// Format implements [fmt.Formatter]: the salt must not come into a log.
func (s Signed) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "signed mandate "+s.first.Number)
}

// IsZero reports whether there is none.
func (s Signed) IsZero() bool { return s.text == "" }

// Text is what goes with a query: the mandate, and the salt by which whoever knows
// the person finds that it is about her.
func (s Signed) Text() string {
	if s.salt == nil {
		return s.text
	}
	return s.text + "~" + base64url.EncodeToString(s.salt)
}

// Sealed is the mandate without the salt, for keeping and showing: of the person
// it tells nothing.
func (s Signed) Sealed() string { return s.text }

// SignMandate signs a grant as the node that issues it. Instants are kept to the
// millisecond.
func SignMandate(g Grant, node string, key seal.Signer) (Signed, error) {
	if _, err := Mint(g.Terms); err != nil {
		return Signed{}, err
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	return signWith(g, node, key, salt)
}

func signWith(g Grant, node string, key seal.Signer, salt []byte) (Signed, error) {
	id, name := commitments(salt, g.Person)
	b := first{
		Algorithm: key.Algorithm(), KeyID: key.KeyID(), By: node, Number: g.Number, Consent: g.Consent, Document: g.Document, Wording: g.Wording,
		Purpose: g.Purpose, Division: g.Division, PersonID: id, PersonName: name,
		Categories: g.Categories, Offices: g.Offices, From: g.From.UnixMilli(), Until: g.Until.UnixMilli(),
	}
	if wrong := b.wrong(); wrong != "" {
		return Signed{}, fmt.Errorf("%w: %s", ErrTerms, wrong)
	}
	s := Signed{text: signedMagic, salt: salt, first: b}
	return s.sign(b, key)
}

// commitments hide a person behind a salt. A department that is not given the name
// can open the first alone.
func commitments(salt []byte, p Person) (id, name string) {
	number := p.ID.Reveal()
	hash := func(parts ...string) string {
		h := sha256.New()
		_, _ = h.Write([]byte(parts[0]))
		_, _ = h.Write(salt)
		for _, part := range parts[1:] {
			_, _ = io.WriteString(h, part)
		}
		return base64url.EncodeToString(h.Sum(nil))
	}
	return hash(idDomain, number), hash(nameDomain, number, "\n", p.Name)
}

// sign puts a block and its signature at the end.
func (s Signed) sign(block any, key seal.Signer) (Signed, error) {
	text := s.text + "." + base64url.EncodeToString(encodeBlock(block))
	signature, err := key.Sign([]byte(text))
	if err != nil {
		return Signed{}, fmt.Errorf("source: sign mandate: %w", err)
	}
	s.ends, s.signs = append(slices.Clone(s.ends), len(text)), append(slices.Clone(s.signs), signature)
	s.text = text + "." + base64url.EncodeToString(signature)
	if len(s.text)+1+base64url.EncodedLen(saltSize) > MaxSigned {
		return Signed{}, fmt.Errorf("%w: longer than %d bytes", ErrSigned, MaxSigned)
	}
	return s, nil
}

func encodeBlock(block any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(block) // texts and numbers only
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// A Hop hands a mandate on.
type Hop struct {
	Node       string      // that hands it on
	Key        seal.Signer // of that node
	To         string      // a node, or "node/source" of a source of that node
	Categories []catalog.Code
	Until      time.Time
	// Before is the key of the block before, where it is not the same key: the node
	// vouches for it.
	Before seal.PublicKey
}

// Narrow adds the block of a hop. It never widens: more categories, a later end
// or another holder are an error.
func (s Signed) Narrow(h Hop) (Signed, error) {
	if s.IsZero() {
		return Signed{}, ErrNoMandate
	}
	b := hop{Algorithm: h.Key.Algorithm(), KeyID: h.Key.KeyID(), By: h.Node, To: h.To, Categories: h.Categories, Until: h.Until.UnixMilli()}
	if b.KeyID != s.lastKey() {
		if h.Before.KeyID() != s.lastKey() {
			return Signed{}, ErrUntrusted
		}
		b.Key = base64url.EncodeToString(h.Before.DER())
	}
	s.hops = append(slices.Clone(s.hops), b)
	if err := s.chain(); err != nil {
		return Signed{}, err
	}
	return s.sign(b, h.Key)
}

// SignedBy is the KeyID of the last block.
func (s Signed) SignedBy() string { return s.lastKey() }

func (s Signed) lastKey() string {
	if n := len(s.hops); n > 0 {
		return s.hops[n-1].KeyID
	}
	return s.first.KeyID
}

// ParseSigned reads a signed mandate strictly. It checks the form only.
func ParseSigned(text string) (Signed, error) {
	if len(text) > MaxSigned {
		return Signed{}, fmt.Errorf("%w: longer than %d bytes", ErrSigned, MaxSigned)
	}
	var s Signed
	var opened bool
	var salt string
	s.text, salt, opened = strings.Cut(text, "~")
	parts := strings.Split(s.text, ".")
	if parts[0] != signedMagic || len(parts)%2 == 0 || len(parts) < 3 || len(parts) > 1+2*maxBlocks {
		return Signed{}, fmt.Errorf("%w: not %q with blocks and signatures", ErrSigned, signedMagic)
	}
	if opened {
		var err error
		if s.salt, err = base64url.DecodeString(salt); err != nil || len(s.salt) != saltSize {
			return Signed{}, fmt.Errorf("%w: salt", ErrSigned)
		}
	}
	end := len(signedMagic)
	for i := 1; i < len(parts); i += 2 {
		end += 1 + len(parts[i])
		if err := s.block(parts[i], parts[i+1], i == 1); err != nil {
			return Signed{}, err
		}
		s.ends = append(s.ends, end)
		end += 1 + len(parts[i+1])
	}
	return s, nil
}

// block reads one block with its signature.
func (s *Signed) block(text, signature string, isFirst bool) error {
	data, err := base64url.DecodeString(text)
	sign, err2 := base64url.DecodeString(signature)
	if err != nil || err2 != nil || len(sign) == 0 {
		return fmt.Errorf("%w: base64url", ErrSigned)
	}
	s.signs = append(s.signs, sign)
	wrong := ""
	if isFirst {
		if err = decodeBlock(data, &s.first); err == nil {
			wrong = s.first.wrong()
		}
	} else {
		var h hop
		if err = decodeBlock(data, &h); err == nil {
			wrong = h.wrong()
		}
		s.hops = append(s.hops, h)
	}
	if err == nil && wrong != "" {
		err = fmt.Errorf("%w: %s", ErrSigned, wrong)
	}
	return err
}

// decodeBlock reads a block in its one spelling.
func decodeBlock(data []byte, into any) error {
	if !utf8.Valid(data) || json.Unmarshal(data, into) != nil || !bytes.Equal(encodeBlock(into), data) {
		return fmt.Errorf("%w: block is not the JSON expected", ErrSigned)
	}
	return nil
}

// wrong names the member that is not as it must be.
func (b first) wrong() string {
	hash := func(s string) bool { h, err := base64url.DecodeString(s); return err == nil && len(h) == sha256.Size }
	switch {
	case !wordForm.MatchString(b.Algorithm):
		return "alg"
	case !keyIDForm.MatchString(b.KeyID):
		return "kid"
	case !nodeForm.MatchString(b.By):
		return "by"
	case b.Number == "" || !plainLine(b.Number):
		return "number"
	case b.Consent == "" || !plainLine(b.Consent):
		return "consent"
	case b.Document == "" || !plainLine(b.Document):
		return "document"
	case !plainLine(b.Wording):
		return "wording"
	case !wordForm.MatchString(b.Purpose):
		return "purpose"
	case !divisionForm.MatchString(b.Division):
		return "division"
	case !hash(b.PersonID) || !hash(b.PersonName):
		return "person"
	case !codes(b.Categories):
		return "categories"
	case len(b.Offices) > maxListed || slices.ContainsFunc(b.Offices, func(o string) bool { return o == "" || !plainLine(o) }):
		return "offices"
	case b.From < 0 || b.Until <= b.From || b.Until > lastInstant:
		return "from or until"
	}
	return ""
}

// lastInstant is the end of the year 9999, in milliseconds.
const lastInstant = 253402300799999

func (b hop) wrong() string {
	node, _, toSource := strings.Cut(b.To, "/")
	switch {
	case !wordForm.MatchString(b.Algorithm):
		return "alg"
	case !keyIDForm.MatchString(b.KeyID):
		return "kid"
	case !nodeForm.MatchString(b.By):
		return "by"
	case !addresseeForm.MatchString(b.To) || toSource && node != b.By:
		return "to"
	case !codes(b.Categories):
		return "categories"
	case b.Until <= 0 || b.Until > lastInstant:
		return "until"
	}
	return ""
}

func codes(list []catalog.Code) bool {
	seen := map[catalog.Code]bool{}
	for _, c := range list {
		if !wordForm.MatchString(string(c)) || seen[c] {
			return false
		}
		seen[c] = true
	}
	return len(list) > 0 && len(list) <= maxListed
}

// plainLine reports whether s is one line that can be printed.
func plainLine(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// chain reports where the hops do not narrow, or were not the holder's.
func (s Signed) chain() error {
	holder, categories, until := s.first.By, s.first.Categories, s.first.Until
	for _, h := range s.hops {
		switch {
		case h.wrong() != "":
			return fmt.Errorf("%w: %s", ErrSigned, h.wrong())
		case h.By != holder:
			return ErrHolder
		case h.Until > until, slices.ContainsFunc(h.Categories, func(c catalog.Code) bool { return !slices.Contains(categories, c) }):
			return ErrWidened
		}
		holder, categories, until = h.To, h.Categories, h.Until
	}
	return nil
}

// Grants reports whether the node has signed just this grant with that key, and has
// not handed it on: whoever keeps a mandate asks before relying on it.
func (s Signed) Grants(g Grant, node, keyID string) bool {
	b := s.first
	return !s.IsZero() && len(s.hops) == 0 && b.By == node && b.KeyID == keyID && b.Number == g.Number && b.Consent == g.Consent &&
		b.Document == g.Document && b.Wording == g.Wording && b.Purpose == g.Purpose && b.Division == g.Division &&
		slices.Equal(b.Categories, g.Categories) && slices.Equal(b.Offices, g.Offices) &&
		b.From == g.From.UnixMilli() && b.Until == g.Until.UnixMilli() && g.Person.Name != "" && s.isPerson(g.Person)
}

// isPerson opens the commitments. Without a name only the number is compared.
func (s Signed) isPerson(p Person) bool {
	if s.salt == nil || p.ID.IsZero() {
		return false
	}
	id, name := commitments(s.salt, p)
	same := subtle.ConstantTimeCompare([]byte(id), []byte(s.first.PersonID))
	if p.Name != "" {
		same &= subtle.ConstantTimeCompare([]byte(name), []byte(s.first.PersonName))
	}
	return same == 1
}
