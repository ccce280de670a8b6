package seal

import (
	"encoding/json"
	"fmt"
	"time"
)

// Encode writes the seal as indented JSON.
func (s Seal) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("seal: encode: %w", err)
	}
	return append(data, '\n'), nil
}

// DecodeSeal reads a seal strictly: every member once and none besides, nothing
// after it, base64 and times in the one form Encode writes. White space and the
// order of members are free. It does not check the signature.
func DecodeSeal(data []byte) (Seal, error) {
	given, err := leaves(data)
	if err != nil {
		return Seal{}, err
	}
	var s Seal
	if err := json.Unmarshal(data, &s); err != nil {
		return Seal{}, fmt.Errorf("%w: not a seal", ErrMalformed)
	}
	if s.Version != sealVersion {
		return Seal{}, fmt.Errorf("%w: seal of version %d, known is %d", ErrMalformed, s.Version, sealVersion)
	}
	if _, err := index(s.Sections); err != nil {
		return Seal{}, err
	}
	// encoding/json overlooks unknown, missing and wrongly capitalised members;
	// what it made of the data must say the same as the data.
	s.SealedAt = s.SealedAt.UTC().Truncate(time.Second)
	if s.Sections == nil {
		s.Sections = []Section{}
	}
	again, err := s.Encode()
	if err != nil {
		return Seal{}, err
	}
	understood, err := leaves(again)
	if err != nil {
		return Seal{}, err
	}
	if !sameLeaves(given, understood) {
		return Seal{}, fmt.Errorf("%w: seal has missing, unknown or oddly written members", ErrMalformed)
	}
	return s, nil
}

// Head reads a seal that was kept in a safe place, for showing when and by whom a
// document was sealed. It leaves the sections out and checks nothing: a seal from
// elsewhere is for [DecodeSeal].
func Head(data []byte) (Seal, error) {
	var h struct {
		Seal
		Sections json.RawMessage `json:"sections"`
	}
	if err := json.Unmarshal(data, &h); err != nil {
		return Seal{}, fmt.Errorf("%w: not a seal", ErrMalformed)
	}
	return h.Seal, nil
}
