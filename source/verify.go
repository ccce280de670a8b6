package source

import (
	"fmt"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/seal"
)

// A Statement is what a signed mandate says, for whoever may not know the person.
type Statement struct {
	Number     string         `json:"number"`
	Consent    string         `json:"consent"`
	Document   string         `json:"document"` // digest of the signed consent
	Wording    string         `json:"wording"`  // version of the consent form's text
	Purpose    string         `json:"purpose"`
	Division   string         `json:"division"`
	Issuer     string         `json:"issuer"`            // node
	Offices    []string       `json:"offices,omitempty"` // to whom the report may go; empty = not narrowed
	Categories []catalog.Code `json:"categories"`
	From       time.Time      `json:"from"`
	Until      time.Time      `json:"until"`
	Path       []string       `json:"path"` // to whom it was handed on, in order; a source as "node/source"
}

// Statement is what the mandate says with everything that its hops have narrowed.
// It is true only if [Signed.Verify] says so.
func (s Signed) Statement() Statement {
	b := s.first
	out := Statement{Number: b.Number, Consent: b.Consent, Document: b.Document, Wording: b.Wording, Purpose: b.Purpose, Division: b.Division,
		Issuer: b.By, Offices: slices.Clone(b.Offices), Categories: b.Categories, From: time.UnixMilli(b.From).UTC()}
	until := b.Until
	for _, h := range s.hops {
		out.Path = append(out.Path, h.To)
		out.Categories, until = h.Categories, h.Until
	}
	out.Categories, out.Until = slices.Clone(out.Categories), time.UnixMilli(until).UTC()
	return out
}

// Holder is to whom the mandate is addressed: the issuing node if it was not
// handed on.
func (s Signed) Holder() string {
	if n := len(s.hops); n > 0 {
		return s.hops[n-1].To
	}
	return s.first.By
}

// Asked is the query that came with a mandate, as whoever received it sees it.
type Asked struct {
	Person   Person // without a name only the number is compared
	Purpose  string
	Category catalog.Code
	To       string // the receiver: a node, or "node/source"
	At       time.Time
}

// VerifyMandate reports why a query must not be answered on a signed mandate, or
// what the mandate says. It needs nothing but the trust: no network, no database,
// no word of the operator of Hedui. An error is one of the errors of this package.
func VerifyMandate(text string, a Asked, t Trust) (Statement, error) {
	s, err := ParseSigned(text)
	if err != nil {
		return Statement{}, err
	}
	return s.Verify(a, t)
}

// Verify is [VerifyMandate] for a mandate that was read already.
func (s Signed) Verify(a Asked, t Trust) (Statement, error) {
	if err := s.Genuine(t); err != nil {
		return Statement{}, err
	}
	switch {
	case len(s.hops) == 0 || s.Holder() != a.To:
		return Statement{}, ErrAddressee
	case !s.isPerson(a.Person):
		return Statement{}, ErrPerson
	}
	said := s.Statement()
	if err := s.allows(said, a); err != nil {
		return Statement{}, err
	}
	return said, nil
}

// VerifyUnopened is Verify for an auditor who has a mandate without its salt, or
// does not know the person: everything but the person is checked. Nobody may answer
// a query on it.
func (s Signed) VerifyUnopened(a Asked, t Trust) error {
	if err := s.Genuine(t); err != nil {
		return err
	}
	if s.Holder() != a.To {
		return ErrAddressee
	}
	return s.allows(s.Statement(), a)
}

// allows reports whether purpose, category and time are the mandate's.
func (s Signed) allows(said Statement, a Asked) error {
	switch at := a.At.UnixMilli(); {
	case said.Purpose != a.Purpose:
		return ErrPurpose
	case !slices.Contains(said.Categories, a.Category):
		return ErrCategory
	case at+clockSkew < s.first.From:
		return ErrNotYet
	case at >= said.Until.UnixMilli():
		return ErrExpired
	}
	return nil
}

// Genuine reports whether keys, signatures and hops are right, whoever and
// whenever is asked about.
func (s Signed) Genuine(t Trust) error {
	if s.IsZero() {
		return ErrNoMandate
	}
	v := verifier{trust: t}
	for i := len(s.hops); i >= 0; i-- { // the last is known, those before may be vouched for
		algorithm, id, by, before := s.first.Algorithm, s.first.KeyID, s.first.By, ""
		if i > 0 {
			h := s.hops[i-1]
			algorithm, id, by, before = h.Algorithm, h.KeyID, h.By, h.Key
		}
		if !slices.Contains(seal.Algorithms(), algorithm) {
			return ErrAlgorithm
		}
		key, err := v.find(by, id)
		if err != nil {
			return err
		}
		if key.Algorithm() != algorithm {
			return fmt.Errorf("%w: another algorithm than its key's", ErrAlgorithm)
		}
		if key.Verify([]byte(s.text[:s.ends[i]]), s.signs[i]) != nil {
			return ErrForged
		}
		if err := v.step(key, by, before); err != nil {
			return err
		}
	}
	return s.chain()
}

// A verifier walks from the last block to the first.
type verifier struct {
	trust   Trust
	last    seal.PublicKey // of the block behind, and of whom
	node    string
	vouches bool           // what it says of keys counts
	vouched seal.PublicKey // what it says of the block before; zero = the same key
}

// find is the key of a block: the same as that behind it, the trust file's, or the
// one for which the block behind it vouches.
func (v *verifier) find(node, id string) (seal.PublicKey, error) {
	if v.node == node && v.last.KeyID() == id {
		return v.last, nil
	}
	if key, ok := v.trust.key(node, id); ok {
		return key, nil
	}
	named, _ := v.trust.names(node)
	if v.vouches && !named && v.vouched.KeyID() == id && id != "" {
		return v.vouched, nil
	}
	return seal.PublicKey{}, ErrUntrusted
}

// step goes one block back: what was vouched for may vouch in turn.
func (v *verifier) step(key seal.PublicKey, node, before string) error {
	if named, vouched := v.trust.names(node); named {
		v.vouches = vouched
	}
	v.last, v.node, v.vouched = key, node, seal.PublicKey{}
	if before == "" {
		return nil
	}
	der, err := base64url.DecodeString(before)
	if err == nil {
		v.vouched, err = seal.ParsePublicDER(der)
	}
	if err != nil {
		return fmt.Errorf("%w: key of the block before", ErrSigned)
	}
	return nil
}
