package seal

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// sealVersion is the form of the signed bytes.
const sealVersion = 1

// WholeDocument is the name under which [Altered] reports a change outside every
// section: white space, the order of members, or a document that is not even
// JSON any more. No section of a JSON document can have this name.
const WholeDocument = "(document)"

// A Section is one named part of a sealed document, so that a check can say what
// was altered and not only that something was.
type Section struct {
	Name   string `json:"name"`
	Digest string `json:"digest"` // hexadecimal
}

// A Seal is the detached signature of a document made of sections. It is useful
// beside the document only: digests do not tell what they were made from (see
// [JSONSections] for the salt that makes this true of short values).
type Seal struct {
	Version   int       `json:"version"`
	Algorithm string    `json:"algorithm"`
	KeyID     string    `json:"key_id"`
	SealedAt  time.Time `json:"sealed_at"` // UTC, to the second
	Subject   string    `json:"subject"`   // what is sealed: a report's number and version
	Digest    string    `json:"digest"`    // SHA-256, or SM3 for [SM2SM3], of the whole document, hexadecimal
	Sections  []Section `json:"sections"`
	Signature []byte    `json:"signature"`
}

// Altered is the error of a document that is not the one that was sealed.
type Altered struct {
	// Names of the sections that were altered or are missing, in the order of the
	// seal, then of those added; [WholeDocument] alone if no section differs.
	Names []string
}

// Error gives the number of sections only: names can hold what somebody put in.
func (a *Altered) Error() string {
	if len(a.Names) == 1 && a.Names[0] == WholeDocument {
		return "seal: document was altered outside its sections"
	}
	return fmt.Sprintf("seal: document was altered in %d of its sections", len(a.Names))
}

// MakeSeal seals the document whole, whose parts are sections. The time is kept
// to the second. Names of sections must be unique and not empty.
func MakeSeal(signer Signer, subject string, at time.Time, whole []byte, sections []Section) (Seal, error) {
	digest, err := Digest(signer.Algorithm(), whole)
	if err != nil {
		return Seal{}, err
	}
	s := Seal{
		Version:   sealVersion,
		Algorithm: signer.Algorithm(),
		KeyID:     signer.KeyID(),
		SealedAt:  at.UTC().Truncate(time.Second),
		Subject:   subject,
		Digest:    digest,
		Sections:  append([]Section{}, sections...),
	}
	if y := s.SealedAt.Year(); y < 1 || y > 9999 {
		return Seal{}, fmt.Errorf("seal: year %d cannot be written", y)
	}
	if _, err := index(sections); err != nil {
		return Seal{}, err
	}
	signature, err := signer.Sign(s.signed())
	if err != nil {
		return Seal{}, err
	}
	s.Signature = signature
	return s, nil
}

// Check compares a document with its seal. It fails with [ErrUntrusted] if the
// verifier is not of the seal's key, [ErrSignature] if the seal itself was
// changed, and an [*Altered] if the document was.
func (s Seal) Check(whole []byte, sections []Section, verifier Verifier) error {
	if err := s.checkSignature(verifier); err != nil {
		return err
	}
	found, err := index(sections)
	if err != nil {
		return err
	}
	var names []string
	for _, want := range s.Sections {
		if got, ok := found[want.Name]; !ok || got != want.Digest {
			names = append(names, want.Name)
		}
		delete(found, want.Name)
	}
	for _, extra := range sections {
		if _, ok := found[extra.Name]; ok {
			names = append(names, extra.Name)
		}
	}
	if digest, err := Digest(s.Algorithm, whole); err != nil || len(names) == 0 && digest != s.Digest {
		names = []string{WholeDocument}
	}
	if len(names) > 0 {
		return &Altered{Names: names}
	}
	return nil
}

// MakeJSONSeal seals a JSON document by its sections; [Seal.CheckJSON] checks it.
func MakeJSONSeal(signer Signer, subject string, at time.Time, doc []byte) (Seal, error) {
	sections, err := JSONSections(signer.Algorithm(), doc)
	if err != nil {
		return Seal{}, err
	}
	return MakeSeal(signer, subject, at, doc, sections)
}

// CheckJSON is Check for a JSON document, with its [JSONSections] and the seal's
// key looked up in trust. A document that has no sections any more, because it
// is no strict JSON, is [Altered] as a whole.
func (s Seal) CheckJSON(doc []byte, trust *Trust) error {
	verifier, err := trust.Verifier(s.KeyID)
	if err != nil {
		return err
	}
	sections, err := JSONSections(s.Algorithm, doc)
	if err != nil {
		if forged := s.checkSignature(verifier); forged != nil { // only a genuine seal accuses a document
			return forged
		}
		return errors.Join(&Altered{Names: []string{WholeDocument}}, err)
	}
	return s.Check(doc, sections, verifier)
}

func (s Seal) checkSignature(verifier Verifier) error {
	switch {
	case s.Version != sealVersion:
		return fmt.Errorf("%w: seal of version %d, known is %d", ErrMalformed, s.Version, sealVersion)
	case verifier == nil || verifier.KeyID() != s.KeyID:
		return ErrUntrusted
	case verifier.Algorithm() != s.Algorithm:
		return fmt.Errorf("%w: seal says %q, its key is %s", ErrAlgorithm, s.Algorithm, verifier.Algorithm())
	}
	return verifier.Verify(s.signed(), s.Signature)
}

// signed returns the bytes under the signature: every field preceded by its
// length in 8 bytes, so that no two seals have the same.
func (s Seal) signed() []byte {
	var b bytes.Buffer
	for _, field := range []string{
		"hedui seal", strconv.Itoa(s.Version), s.Algorithm, s.KeyID,
		s.SealedAt.UTC().Format(time.RFC3339Nano), s.Subject, s.Digest, strconv.Itoa(len(s.Sections)),
	} {
		writeField(&b, field)
	}
	for _, section := range s.Sections {
		writeField(&b, section.Name)
		writeField(&b, section.Digest)
	}
	return b.Bytes()
}

func index(sections []Section) (map[string]string, error) {
	found := make(map[string]string, len(sections))
	for _, s := range sections {
		if _, twice := found[s.Name]; twice || s.Name == "" || s.Name == WholeDocument {
			return nil, fmt.Errorf("%w: a section's name is empty, reserved or used twice", ErrMalformed)
		}
		found[s.Name] = s.Digest
	}
	return found, nil
}

// Digest is the digest of data by the hash that goes with a signature algorithm,
// hexadecimal: SHA-256, or SM3 for [SM2SM3].
func Digest(algorithm string, data []byte) (string, error) {
	scheme, err := schemeNamed(algorithm)
	if err != nil {
		return "", err
	}
	h := scheme.hash()
	_, _ = h.Write(data) // a hash does not fail
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writeField writes to a hash or a buffer, which do not fail.
func writeField(w io.Writer, s string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(s)))
	_, _ = w.Write(n[:])
	_, _ = io.WriteString(w, s)
}
