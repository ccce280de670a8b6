package staff

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ccojocar/zxcvbn-go"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// A Cost is what a password's hash takes: argon2id, RFC 9106. It stands with each
// hash, so that it can be raised: who signs in next has a new hash.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// standardCost is the second recommended choice of RFC 9106, section 4.
var standardCost = Cost{Memory: 64 << 10, Passes: 3, Lanes: 4}

const (
	minPassword  = 12 // characters
	maxPassword  = 128
	maxTyped     = 4 * maxPassword // bytes
	maxID        = 64
	saltBytes    = 16
	hashBytes    = 32
	hashesAtOnce = 4 // so that many who sign in at once do not take all memory
	minScore     = 3 // of zxcvbn: safely unguessable, more than 10⁸ guesses
)

// password is the body of a password's credential.
type password struct {
	Hash    string `json:"hash"`              // $argon2id$v=19$m=…,t=…,p=…$salt$hash
	Initial bool   `json:"initial,omitempty"` // to be changed at the first sign-in
}

func passwordID(officer string) string { return "password:" + officer }

func (c Cost) hash(text string) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	sum := argon2.IDKey(normal(text), salt, c.Passes, c.Memory, c.Lanes, hashBytes)
	b64 := base64.RawStdEncoding.EncodeToString
	return c.prefix() + b64(salt) + "$" + b64(sum)
}

// normal is a password as it is hashed: the same characters, however they were
// typed, are the same bytes.
func normal(text string) []byte { return norm.NFC.Bytes([]byte(text)) }

// prefix is how the hashes of this cost begin.
func (c Cost) prefix() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, c.Memory, c.Passes, c.Lanes)
}

// matches reports whether a password fits a hash, of whatever cost.
func matches(hash, text string) (bool, error) {
	parts := strings.Split(hash, "$")
	var version int
	var made Cost
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errors.New("staff: not a hash of argon2id")
	}
	_, err1 := fmt.Sscanf(parts[2], "v=%d", &version)
	_, err2 := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &made.Memory, &made.Passes, &made.Lanes)
	salt, err3 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err4 := base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(err1, err2, err3, err4); err != nil || version != argon2.Version || made.Passes == 0 || made.Lanes == 0 || len(want) != hashBytes {
		return false, errors.Join(errors.New("staff: hash cannot be read"), err)
	}
	got := argon2.IDKey(normal(text), salt, made.Passes, made.Memory, made.Lanes, hashBytes)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func passwordOf(list []store.Credential) (store.Credential, password, bool) {
	i := slices.IndexFunc(list, func(c store.Credential) bool { return c.Kind == store.PasswordCredential })
	if i < 0 {
		return store.Credential{}, password{}, false
	}
	var p password
	if json.Unmarshal(list[i].Body, &p) != nil {
		return store.Credential{}, password{}, false
	}
	return list[i], p, true
}

func isInitial(list []store.Credential) bool {
	_, p, ok := passwordOf(list)
	return ok && p.Initial
}

// HasPassword reports whether a password is among what an officer has.
func HasPassword(list []store.Credential) bool {
	_, _, ok := passwordOf(list)
	return ok
}

// fits compares a password with that of an officer. Where there is none it takes
// as long and fits nothing.
func (d *Door) fits(ctx context.Context, list []store.Credential, text string) (store.Credential, bool, error) {
	shown, p, ok := passwordOf(list)
	if !ok {
		p.Hash = d.dummy
	}
	done, err := d.slot(ctx)
	if err != nil {
		return shown, false, err
	}
	defer done()
	fits, err := matches(p.Hash, text)
	return shown, ok && fits, err
}

// slot waits until a password may be hashed.
func (d *Door) slot(ctx context.Context) (done func(), err error) {
	select {
	case d.hashing <- struct{}{}:
		return func() { <-d.hashing }, nil
	case <-ctx.Done():
		return nil, hedui.Fail(hedui.Unavailable, hedui.Say("error.unavailable"), ctx.Err())
	}
}

// newHash is the hash of a new password. It takes a while, so it is made before the
// transaction in which it is stored.
func (d *Door) newHash(ctx context.Context, text string) (string, error) {
	done, err := d.slot(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return d.Rules.Cost.hash(text), nil
}

func (d *Door) initialOver(shown store.Credential) bool {
	now := d.Now()
	return !shown.Until.IsZero() && (now.After(shown.Until) || now.Before(shown.MadeAt.Add(-skew)))
}

// renewed is the hash by which one of another cost is replaced, once the password
// is known that fits; empty where the cost has not changed.
func (d *Door) renewed(ctx context.Context, shown store.Credential, text string) (string, error) {
	if _, p, _ := passwordOf([]store.Credential{shown}); strings.HasPrefix(p.Hash, d.Rules.Cost.prefix()) {
		return "", nil
	}
	return d.newHash(ctx, text)
}

// renew notes that the password was used that has just been found to fit, with its
// new hash if there is one. It refuses if another password was set meanwhile.
func (d *Door) renew(ctx context.Context, tx *store.Tx, shown store.Credential, hash string) error {
	now, err := tx.Credential(ctx, shown.ID)
	if err != nil || !bytes.Equal(now.Body, shown.Body) {
		return hedui.Fail(hedui.Invalid, hedui.Say("signin.wrong"), err)
	}
	now.UsedAt = d.Now()
	if _, p, _ := passwordOf([]store.Credential{now}); hash != "" {
		p.Hash = hash
		if now.Body, err = json.Marshal(p); err != nil {
			return fmt.Errorf("staff: password: %w", err)
		}
	}
	return tx.SaveCredential(ctx, now)
}

// CheckPassword says what is wrong with a new password, or nothing: its length,
// that it is an officer's id, or that it is guessed soon (lists of common
// passwords, names, words, keyboard walks, dates; NIST SP 800-63B 5.1.1.2). Which
// characters it has is free.
func CheckPassword(text string, o hedui.Officer) (hedui.Text, bool) {
	plain := string(normal(text))
	n := utf8.RuneCountInString(plain)
	switch {
	case !utf8.ValidString(text):
		return hedui.Say("signin.password.unreadable"), false
	case n < minPassword:
		return hedui.Say("signin.password.short", fmt.Sprint(minPassword)), false
	case n > maxPassword:
		return hedui.Say("signin.password.long", fmt.Sprint(maxPassword)), false
	case len(o.ID) > 3 && strings.Contains(strings.ToLower(plain), strings.ToLower(o.ID)):
		return hedui.Say("signin.password.id"), false
	case zxcvbn.PasswordStrength(plain, []string{o.ID, o.Name, o.Office, "hedui", "核对"}).Score < minScore:
		return hedui.Say("signin.password.common"), false
	}
	return hedui.Text{}, true
}

// freshPassword is a password for the first sign-in: 100 random bits in groups.
func freshPassword() string {
	text := strings.ToLower(rand.Text())[:20]
	return strings.Join([]string{text[:5], text[5:10], text[10:15], text[15:]}, "-")
}

func (d *Door) setPassword(ctx context.Context, tx *store.Tx, officer string, p password, until time.Time) error {
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("staff: password: %w", err)
	}
	return tx.SaveCredential(ctx, store.Credential{ID: passwordID(officer), Officer: officer, Kind: store.PasswordCredential, MadeAt: d.Now(), Until: until, Body: body})
}

// ChangePassword sets a new password. Who has one must type it; all other sessions
// and known browsers of the officer end.
func (d *Door) ChangePassword(ctx context.Context, v Visitor, s store.Session, old, text string) (Pass, error) {
	list, err := d.Credentials(ctx, s)
	if err != nil {
		return Pass{}, err
	}
	proof := ""
	if HasPassword(list) {
		if err := d.provePassword(ctx, v, s, list, old); err != nil {
			if isWrong(err) {
				err = hedui.Problems([]hedui.Problem{{Field: "old", Say: hedui.Say("signin.old_wrong")}})
			}
			return Pass{}, err
		}
		proof = byPassword
	} else if !d.Fresh(s) {
		return Pass{}, stale()
	}
	o, _, err := d.known(ctx, s.Officer)
	if err != nil {
		return Pass{}, err
	}
	say, ok := CheckPassword(text, o)
	if ok && old != "" && string(normal(old)) == string(normal(text)) {
		say, ok = hedui.Say("signin.password.same"), false
	}
	if !ok {
		return Pass{}, hedui.Problems([]hedui.Problem{{Field: "password", Say: say}})
	}
	hash, err := d.newHash(ctx, text)
	if err != nil {
		return Pass{}, err
	}
	return d.further(ctx, v, s, proof, func(tx *store.Tx, o hedui.Officer) error {
		if err := d.setPassword(ctx, tx, o.ID, password{Hash: hash}, time.Time{}); err != nil {
			return err
		}
		if err := tx.DropCredentials(ctx, o.ID, store.BrowserCredential); err != nil {
			return err
		}
		if _, err := tx.EndSessions(ctx, o.ID, s.ID, d.Now()); err != nil {
			return err
		}
		return d.record(ctx, tx, o, audit.CredentialSet, s.ID, byPassword)
	})
}

// provePassword has an officer who is signed in prove the password again.
func (d *Door) provePassword(ctx context.Context, v Visitor, s store.Session, list []store.Credential, text string) error {
	if len(text) > maxTyped {
		text = ""
	}
	t, err := d.tryAs(ctx, v, "password", s.Officer)
	if err != nil {
		return err
	}
	shown, fits, err := d.fits(ctx, list, text)
	if err != nil {
		return err
	}
	if !fits {
		o, _, err := d.known(ctx, s.Officer)
		if err != nil {
			return err
		}
		return d.failed(ctx, o, byPassword, "signin.wrong")
	}
	hash, err := d.renewed(ctx, shown, text)
	if err != nil {
		return err
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := t.succeed(ctx, tx); err != nil {
			return err
		}
		return d.renew(ctx, tx, shown, hash)
	})
}

// A Reset says what is given to an officer anew.
type Reset struct {
	Factors bool    // take the authenticator app, passkeys and recovery codes away too
	Settled bool    // for a demonstration: the password need not be changed and does not end
	Initial Initial // made before, for several nodes at once; zero = a fresh one
}

// An Initial is a password for the first sign-in, with its hash.
type Initial struct{ Text, hash string }

// NewInitial makes a password that nobody has.
func (d *Door) NewInitial(ctx context.Context) (Initial, error) {
	text := freshPassword()
	hash, err := d.newHash(ctx, text)
	return Initial{text, hash}, err
}

// Reset gives an officer a new initial password, which is told once and holds for
// 72 hours, and ends all their sessions and locks. It takes the right mayReset.
func (d *Door) Reset(ctx context.Context, by hedui.Officer, id string, r Reset) (initial string, err error) {
	o, known, err := d.known(ctx, id)
	if err != nil {
		return "", err
	}
	if err := by.May(mayReset, by.Division); err != nil {
		return "", errors.Join(err, d.DB.InTx(ctx, func(tx *store.Tx) error {
			return d.record(ctx, tx, by, audit.Refused, "", string(audit.CredentialReset))
		}))
	}
	if !known {
		return "", hedui.Fail(hedui.NotFound, hedui.Say("signin.no_officer"), nil)
	}
	made := r.Initial
	if made.hash == "" {
		if made, err = d.NewInitial(ctx); err != nil {
			return "", err
		}
	}
	return made.Text, d.DB.InTx(ctx, func(tx *store.Tx) error { return d.reset(ctx, tx, by, o.ID, made.hash, r) })
}

// mayReset is the right of those who look after sign-in: the security administrators.
const mayReset = hedui.GrantRoles

func (d *Door) reset(ctx context.Context, tx *store.Tx, by hedui.Officer, id, hash string, r Reset) error {
	until, detail := d.Now().Add(initialFor), "password"
	if r.Settled {
		until = time.Time{}
	}
	if err := d.setPassword(ctx, tx, id, password{Hash: hash, Initial: !r.Settled}, until); err != nil {
		return err
	}
	drop := []store.CredentialKind{store.BrowserCredential}
	if r.Factors {
		detail = "password and second proofs"
		drop = append(drop, store.TOTPCredential, store.PasskeyCredential, store.RecoveryCredential)
	}
	if err := tx.DropCredentials(ctx, id, drop...); err != nil {
		return err
	}
	if _, err := tx.EndSessions(ctx, id, "", d.Now()); err != nil {
		return err
	}
	for _, kind := range []string{"password", "second"} {
		if err := tx.SetTries(ctx, kind+":"+id, store.Tries{}); err != nil {
			return err
		}
	}
	return d.record(ctx, tx, by, audit.CredentialReset, id, detail)
}
