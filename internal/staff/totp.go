package staff

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// The codes of an authenticator app: RFC 6238 with what every app knows.
const (
	period        = 30 // seconds
	recoveryCodes = 10
)

func totpID(officer string) string { return "totp:" + officer }

// An Offer is what an officer takes over into an authenticator app.
type Offer struct {
	Secret string // in groups, to be typed
	URL    string // otpauth://…, for a QR code
}

// OfferTOTP makes the secret of an authenticator app, or returns the one that was
// made before in this session. It does not count until [Door.SetTOTP].
func (d *Door) OfferTOTP(ctx context.Context, v Visitor, s store.Session) (Offer, error) {
	if err := d.settingUp(s); err != nil {
		return Offer{}, err
	}
	p, err := readPending(s)
	if err != nil {
		return Offer{}, err
	}
	options := totp.GenerateOpts{Issuer: "Hedui " + d.Node, AccountName: s.Officer, Period: period}
	if p.TOTP != "" {
		if options.Secret, err = decodeSecret(p.TOTP); err != nil {
			return Offer{}, err
		}
	}
	key, err := totp.Generate(options)
	if err != nil {
		return Offer{}, fmt.Errorf("staff: authenticator app: %w", err)
	}
	if p.TOTP == "" {
		p.TOTP = key.Secret()
		if _, err := d.begin(ctx, v, p); err != nil {
			return Offer{}, err
		}
	}
	return Offer{Secret: grouped(key.Secret(), " "), URL: key.URL()}, nil
}

func decodeSecret(text string) ([]byte, error) {
	secret, err := base32NoPad.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("staff: authenticator app: %w", err)
	}
	return secret, nil
}

// SetTOTP makes the app count whose secret was offered, if the code is one of its.
func (d *Door) SetTOTP(ctx context.Context, v Visitor, s store.Session, code string) (Pass, error) {
	if err := d.settingUp(s); err != nil {
		return Pass{}, err
	}
	p, err := readPending(s)
	if err != nil {
		return Pass{}, err
	}
	step, ok := stepOf(p.TOTP, code, d.Now())
	if p.TOTP == "" || !ok {
		return Pass{}, hedui.Problems([]hedui.Problem{{Field: "code", Say: hedui.Say("signin.code_wrong")}})
	}
	body, err := json.Marshal(p.TOTP)
	if err != nil {
		return Pass{}, fmt.Errorf("staff: authenticator app: %w", err)
	}
	return d.further(ctx, v, s, byTOTP, func(tx *store.Tx, o hedui.Officer) error {
		now := d.Now()
		if err := tx.SaveCredential(ctx, store.Credential{ID: totpID(o.ID), Officer: o.ID, Kind: store.TOTPCredential, Counter: step, MadeAt: now, UsedAt: now, Body: body}); err != nil {
			return err
		}
		return d.record(ctx, tx, o, audit.CredentialSet, s.ID, byTOTP)
	})
}

// stepOf is the period whose code it is: the present one or a neighbour, for
// clocks that are not quite right.
func stepOf(secret, code string, now time.Time) (int64, bool) {
	code = strings.Join(strings.Fields(code), "")
	for _, off := range []int64{0, -1, 1} {
		at := now.Add(time.Duration(off) * period * time.Second)
		ok, err := totp.ValidateCustom(code, secret, at, totp.ValidateOpts{Period: period, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && ok {
			return at.Unix() / period, true
		}
	}
	return 0, false
}

// Code is the second proof of somebody who has given the first: a code of the app,
// or a recovery code.
func (d *Door) Code(ctx context.Context, v Visitor, s store.Session, code string) (Pass, error) {
	if s.Stage != store.SessionSecond {
		return Pass{}, needed(nil)
	}
	proof, err := d.proveCode(ctx, v, s, code)
	if err != nil {
		return Pass{}, err
	}
	return d.further(ctx, v, s, proof, func(*store.Tx, hedui.Officer) error { return nil })
}

// proveCode uses a code up and says of which kind it was.
func (d *Door) proveCode(ctx context.Context, v Visitor, s store.Session, code string) (proof string, err error) {
	o, known, err := d.known(ctx, s.Officer)
	if err == nil && !known {
		err = needed(nil)
	}
	if err != nil {
		return "", err
	}
	t, err := d.tryAs(ctx, v, "second", s.Officer)
	if err != nil {
		return "", err
	}
	if len(code) > maxID {
		code = ""
	}
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		list, err := tx.Credentials(ctx, o.ID)
		if err != nil {
			return err
		}
		if proof, err = d.useCode(ctx, tx, o, list, code); err != nil || proof == "" {
			return err
		}
		return t.succeed(ctx, tx)
	})
	if err == nil && proof == "" {
		err = d.failed(ctx, o, byTOTP, "signin.code_wrong")
	}
	return proof, err
}

func (d *Door) useCode(ctx context.Context, tx *store.Tx, o hedui.Officer, list []store.Credential, code string) (string, error) {
	now := d.Now()
	sum := recoverySum(code)
	for _, c := range list {
		switch c.Kind {
		case store.TOTPCredential:
			var secret string
			if err := json.Unmarshal(c.Body, &secret); err != nil {
				return "", fmt.Errorf("staff: authenticator app: %w", err)
			}
			if step, ok := stepOf(secret, code, now); ok {
				// Three periods are open at a time; a last one beyond them was written while the clock was wrong.
				if used, err := tx.UseCounter(ctx, c.ID, step, 3, now); err != nil || used {
					return byTOTP, err
				}
			}
		case store.RecoveryCredential:
			if subtle.ConstantTimeCompare(sum[:], c.Body) == 1 {
				if was, err := tx.DropCredential(ctx, o.ID, c.ID); err != nil || was {
					return byRecovery, joinRecord(err, func() error { return d.record(ctx, tx, o, audit.CredentialDropped, "", byRecovery) })
				}
			}
		}
	}
	return "", nil
}

func joinRecord(err error, record func() error) error {
	if err != nil {
		return err
	}
	return record()
}

// recoverySum is what is kept of a recovery code; small and capital letters,
// hyphens and spaces do not matter.
func recoverySum(code string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(code))))
}

// RecoveryCodes makes new codes for the day when the app or the passkey is lost,
// in the place of all earlier ones. They are shown once, and each counts once.
func (d *Door) RecoveryCodes(ctx context.Context, s store.Session) ([]string, error) {
	if !d.Fresh(s) {
		return nil, stale()
	}
	o, known, err := d.known(ctx, s.Officer)
	if err == nil && !known {
		err = needed(nil)
	}
	if err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = grouped(rand.Text()[:24], "-") // 120 bits: too many to guess, so a plain hash is enough
	}
	return codes, d.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.DropCredentials(ctx, o.ID, store.RecoveryCredential); err != nil {
			return err
		}
		for _, code := range codes {
			sum := recoverySum(code)
			if err := tx.SaveCredential(ctx, store.Credential{ID: "recovery:" + audit.NewID(), Officer: o.ID, Kind: store.RecoveryCredential, MadeAt: d.Now(), Body: sum[:]}); err != nil {
				return err
			}
		}
		return d.record(ctx, tx, o, audit.CredentialSet, s.ID, byRecovery)
	})
}

func grouped(text, by string) string {
	var parts []string
	for ; len(text) > 4; text = text[4:] {
		parts = append(parts, text[:4])
	}
	return strings.Join(append(parts, text), by)
}
