package staff

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

var base32NoPad = base32.StdEncoding.WithPadding(base32.NoPadding)

// maxResponse is the longest answer of an authenticator, in bytes, that is read.
const maxResponse = 64 << 10

const (
	maxPasskeys    = 10
	maxPasskeyName = 40 // characters
)

func passkeyID(raw []byte) string { return "passkey:" + base64.RawURLEncoding.EncodeToString(raw) }

// holder is an officer as an authenticator knows them. The handle tells nothing
// of the officer to whoever reads the authenticator.
type holder struct {
	node    string
	officer hedui.Officer
	keys    []webauthn.Credential
}

// WebAuthnID implements [webauthn.User].
func (h holder) WebAuthnID() []byte {
	sum := sha256.Sum256([]byte("hedui passkey\x00" + h.node + "\x00" + h.officer.ID))
	return sum[:]
}

// WebAuthnName implements [webauthn.User].
func (h holder) WebAuthnName() string { return h.officer.ID }

// WebAuthnDisplayName implements [webauthn.User].
func (h holder) WebAuthnDisplayName() string { return h.officer.Name }

// WebAuthnCredentials implements [webauthn.User].
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func (d *Door) holder(o hedui.Officer, list []store.Credential) (holder, error) {
	h := holder{node: d.Node, officer: o}
	for _, c := range list {
		if c.Kind != store.PasskeyCredential {
			continue
		}
		var key webauthn.Credential
		if err := json.Unmarshal(c.Body, &key); err != nil {
			return h, fmt.Errorf("staff: passkey: %w", err)
		}
		h.keys = append(h.keys, key)
	}
	return h, nil
}

func (d *Door) noPasskeys() error {
	if d.passkeys == nil {
		return hedui.Fail(hedui.NotFound, hedui.Say("signin.no_passkeys"), nil)
	}
	return nil
}

// OfferPasskey returns the options with which a browser makes a passkey, as JSON.
func (d *Door) OfferPasskey(ctx context.Context, v Visitor, s store.Session) (json.RawMessage, error) {
	if err := errors.Join(d.noPasskeys(), d.settingUp(s)); err != nil {
		return nil, err
	}
	o, _, err := d.known(ctx, s.Officer)
	if err != nil {
		return nil, err
	}
	list, err := d.Credentials(ctx, s)
	if err != nil {
		return nil, err
	}
	h, err := d.holder(o, list)
	if err != nil {
		return nil, err
	}
	var has []protocol.CredentialDescriptor
	for _, k := range h.keys {
		has = append(has, k.Descriptor())
	}
	options, data, err := d.passkeys.BeginRegistration(h, webauthn.WithExclusions(has), webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
		ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}))
	if err != nil {
		return nil, fmt.Errorf("staff: passkey: %w", err)
	}
	return d.challenge(ctx, v, s, options, data)
}

// challenge keeps what the authenticator is asked and returns the question.
func (d *Door) challenge(ctx context.Context, v Visitor, s store.Session, options any, data *webauthn.SessionData) (json.RawMessage, error) {
	p, err := readPending(s)
	if err != nil {
		return nil, err
	}
	p.Passkey = data
	if _, err := d.begin(ctx, v, p); err != nil {
		return nil, err
	}
	return json.Marshal(options)
}

// taken returns the challenge of a session. It counts once: whatever comes of the
// answer, and of two answers at once for the second, it is gone.
func (d *Door) taken(ctx context.Context, token string) (data webauthn.SessionData, s store.Session, err error) {
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		if s, err = tx.Session(ctx, token); err != nil {
			return err
		}
		p, err := readPending(s)
		if err == nil && p.Passkey == nil {
			err = hedui.Fail(hedui.Conflict, hedui.Say("signin.begin_again"), nil)
		}
		if err != nil {
			return err
		}
		data, p.Passkey = *p.Passkey, nil
		if s.Pending, err = json.Marshal(p); err != nil {
			return fmt.Errorf("staff: passkey: %w", err)
		}
		return tx.MoveSession(ctx, s.Token, s)
	})
	return data, s, err
}

// SetPasskey makes a passkey count that the browser has made.
func (d *Door) SetPasskey(ctx context.Context, v Visitor, s store.Session, name string, response []byte) (Pass, error) {
	if err := errors.Join(d.noPasskeys(), d.settingUp(s)); err != nil {
		return Pass{}, err
	}
	o, _, err := d.known(ctx, s.Officer)
	if err != nil {
		return Pass{}, err
	}
	data, s, err := d.taken(ctx, s.Token)
	if err != nil {
		return Pass{}, err
	}
	key, err := d.createdKey(o, data, response)
	if err != nil {
		return Pass{}, hedui.Fail(hedui.Invalid, hedui.Say("signin.passkey_wrong"), err)
	}
	body, err := json.Marshal(key)
	if err != nil {
		return Pass{}, fmt.Errorf("staff: passkey: %w", err)
	}
	return d.further(ctx, v, s, byPasskey, func(tx *store.Tx, o hedui.Officer) error {
		list, err := tx.Credentials(ctx, o.ID)
		if err != nil {
			return err
		}
		if h, err := d.holder(o, list); err != nil || len(h.keys) >= maxPasskeys {
			return errors.Join(err, hedui.Fail(hedui.Conflict, hedui.Say("signin.too_many"), nil))
		}
		now := d.Now()
		if err := tx.SaveCredential(ctx, store.Credential{ID: passkeyID(key.ID), Officer: o.ID, Kind: store.PasskeyCredential, Name: passkeyName(name),
			Counter: int64(key.Authenticator.SignCount), MadeAt: now, UsedAt: now, Body: body}); err != nil {
			return err
		}
		return d.record(ctx, tx, o, audit.CredentialSet, s.ID, byPasskey)
	})
}

func (d *Door) createdKey(o hedui.Officer, data webauthn.SessionData, response []byte) (*webauthn.Credential, error) {
	if len(response) > maxResponse {
		return nil, errors.New("answer too long")
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return nil, err
	}
	return d.passkeys.CreateCredential(holder{node: d.Node, officer: o}, data, parsed)
}

func passkeyName(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text[:min(len(text), maxTyped)], ""))
	text = strings.Join(strings.Fields(text), " ")
	for utf8.RuneCountInString(text) > maxPasskeyName {
		_, n := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-n]
	}
	return text
}

// AskPasskey returns the options with which a browser asks for a passkey, as JSON:
// to sign in, as the second proof, or to step up. A visitor without a session is
// given one to hold the question.
func (d *Door) AskPasskey(ctx context.Context, v Visitor) (json.RawMessage, Pass, error) {
	if err := d.noPasskeys(); err != nil {
		return nil, Pass{}, err
	}
	options, data, err := d.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, Pass{}, fmt.Errorf("staff: passkey: %w", err)
	}
	var p pending
	if s, err := d.Session(ctx, v.Token); err == nil {
		if p, err = readPending(s); err != nil {
			return nil, Pass{}, err
		}
	}
	p.Passkey = data
	pass, err := d.begin(ctx, v, p)
	if err != nil {
		return nil, Pass{}, err
	}
	text, err := json.Marshal(options)
	return text, pass, err
}

// Passkey is the proof by a passkey, with which the person was verified by the
// authenticator: two proofs in one. It signs in, is the second proof, or steps up,
// as the session stands.
func (d *Door) Passkey(ctx context.Context, v Visitor, response []byte) (Pass, error) {
	if err := d.noPasskeys(); err != nil {
		return Pass{}, err
	}
	s, err := d.Session(ctx, v.Token)
	if err != nil {
		return Pass{}, err
	}
	data, s, err := d.taken(ctx, s.Token)
	if err != nil {
		return Pass{}, err
	}
	o, key, err := d.shownKey(ctx, data, response)
	if err == nil && s.Officer != "" && s.Officer != o.ID {
		err = errors.New("the passkey of another officer")
	}
	var p Pass
	if err == nil {
		p, err = d.passkeyShown(ctx, v, s, o, key)
	}
	if err == nil || hedui.KindOf(err) == hedui.Unavailable || hedui.KindOf(err) == hedui.Conflict {
		return p, err
	}
	return Pass{}, errors.Join(d.failed(ctx, hedui.Officer{ID: s.Officer}, byPasskey, "signin.passkey_wrong"), err)
}

// passkeyShown takes a session on by a passkey that is the officer's.
func (d *Door) passkeyShown(ctx context.Context, v Visitor, s store.Session, o hedui.Officer, key *webauthn.Credential) (Pass, error) {
	use := func(tx *store.Tx, _ hedui.Officer) error { return d.usePasskey(ctx, tx, o, key) }
	switch s.Stage {
	case store.SessionOpen:
		return d.further(ctx, v, s, byPasskey, func(tx *store.Tx, o hedui.Officer) error {
			if err := use(tx, o); err != nil {
				return err
			}
			return d.record(ctx, tx, o, audit.ProvedAgain, s.ID, byPasskey)
		})
	case store.SessionSecond:
		return d.further(ctx, v, s, byPasskey, use)
	case store.SessionBegun:
		return d.enter(ctx, v, o, shownProof{byPasskey, d.Now()}, func(tx *store.Tx) error { return use(tx, o) })
	}
	return Pass{}, needed(nil)
}

// shownKey is the officer whose passkey has answered, and the passkey as it is now.
func (d *Door) shownKey(ctx context.Context, data webauthn.SessionData, response []byte) (o hedui.Officer, key *webauthn.Credential, err error) {
	if len(response) > maxResponse {
		return o, nil, errors.New("answer too long")
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return o, nil, err
	}
	_, key, err = d.passkeys.ValidatePasskeyLogin(func(raw, _ []byte) (webauthn.User, error) {
		var list []store.Credential
		err := d.DB.Read(ctx, func(tx *store.Tx) error {
			c, err := tx.Credential(ctx, passkeyID(raw))
			list = []store.Credential{c}
			return err
		})
		if err != nil {
			return nil, err
		}
		var known bool
		if o, known, err = d.known(ctx, list[0].Officer); err != nil || !known {
			return nil, errors.Join(errors.New("no officer"), err)
		}
		return d.holder(o, list)
	}, data, parsed)
	return o, key, err
}

// usePasskey keeps the passkey's counter. One that goes back, where there is one,
// is a copy of the authenticator and refused (WebAuthn 6.1.1).
func (d *Door) usePasskey(ctx context.Context, tx *store.Tx, o hedui.Officer, key *webauthn.Credential) error {
	c, err := tx.Credential(ctx, passkeyID(key.ID))
	if err != nil {
		return err
	}
	count := int64(key.Authenticator.SignCount)
	if key.Authenticator.CloneWarning || count > 0 && count <= c.Counter {
		return hedui.Fail(hedui.Invalid, hedui.Say("signin.passkey_wrong"), fmt.Errorf("passkey of officer %s: counter went back", o.ID))
	}
	c.Counter, c.UsedAt = count, d.Now()
	if c.Body, err = json.Marshal(key); err != nil {
		return fmt.Errorf("staff: passkey: %w", err)
	}
	return tx.SaveCredential(ctx, c)
}
