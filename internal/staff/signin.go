// Package staff holds who may work here: officers and offices, the roles from which
// rights follow, connections because of which an officer stands aside ([Roster]), and how officers prove who they are and stay signed in.
//
// A [Door] is the whole of it: passwords, authenticator apps, recovery codes,
// passkeys, an office's identity provider, and sessions on the server. It speaks
// no HTTP; a browser shows it a token, which the door knows by its hash only. It
// refuses to tell an officer that does not exist from a wrong password, and to
// lock anybody out for good. Every sign-in, failure, sign-out and change of a
// credential is an audit entry, written with the change; a name that belongs to
// nobody is not.
package staff

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/webauthn"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Rules are what a node demands of those who sign in. Zero values mean the
// standard.
type Rules struct {
	Optional bool          // a second proof is asked of those only who have one
	Idle     time.Duration // a session that is not used ends after this; standard 30 min
	Absolute time.Duration // and after this in any case; standard 12 h
	StepUp   time.Duration // how old the proof for a seal, print or export may be; standard 5 min
	Cost     Cost          // of a password's hash
	Tries    time.Duration // for how long failures count; standard 24 h
	Browser  time.Duration // for how long a browser stays known; standard 180 days
}

// The standard of sessions, and what cannot be configured.
const (
	standardIdle     = 30 * time.Minute
	standardAbsolute = 12 * time.Hour
	standardStepUp   = 5 * time.Minute
	unfinished       = 10 * time.Minute // to end what was begun
	keptFor          = time.Hour        // what was sent when the session was over
	initialFor       = 72 * time.Hour   // an initial password holds
	standardBrowser  = 180 * 24 * time.Hour
	standardTries    = 24 * time.Hour
	skew             = 2 * time.Minute  // by which a clock may be set back
	seeEvery         = 30 * time.Second // use of a session is noted
)

// A Door lets officers in. Fields without a comment are needed; call
// [Door.Prepare] before it is used.
type Door struct {
	DB       *store.DB
	Officers func(ctx context.Context, id string) (hedui.Officer, error) // an error of any kind but Unavailable and Internal: nobody who may sign in
	Node     string                                                      // as authenticator apps name it
	Origin   string                                                      // scheme://host:port under which browsers see the node; passkeys hold for it
	Rules    Rules
	Office   *Provider // nil: no identity provider
	Now      func() time.Time

	dummy    string // a hash that no password fits, for officers that do not exist
	hashing  chan struct{}
	passkeys *webauthn.WebAuthn // nil where the origin cannot have any
}

// A Visitor is who stands before the door: a browser, as far as it can be known.
type Visitor struct {
	Token   string // of its session, or empty
	Known   string // by which a browser is known in which somebody has signed in before, or empty
	Browser string // as a person would call it
	Address string // IP address
}

// A Pass is what a browser is given.
type Pass struct {
	Session store.Session
	Token   string // to be kept in a cookie
	Known   string // likewise for long; empty = as it was
}

// Prepare checks the configuration and makes what the door needs.
func (d *Door) Prepare() error {
	r := &d.Rules
	for _, rule := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&r.Idle, standardIdle}, {&r.Absolute, standardAbsolute}, {&r.StepUp, standardStepUp}, {&r.Tries, standardTries}, {&r.Browser, standardBrowser}} {
		if *rule.value <= 0 {
			*rule.value = rule.standard
		}
	}
	if r.Cost == (Cost{}) {
		r.Cost = standardCost
	}
	d.hashing = make(chan struct{}, hashesAtOnce)
	d.dummy = r.Cost.hash(rand.Text())
	u, err := url.Parse(d.Origin)
	if err != nil || u.Host == "" {
		return fmt.Errorf("staff: origin %q is no address", d.Origin)
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil // WebAuthn names relying parties by domain
	}
	d.passkeys, err = webauthn.New(&webauthn.Config{RPID: u.Hostname(), RPDisplayName: "Hedui " + d.Node, RPOrigins: []string{d.Origin}})
	if err != nil {
		return fmt.Errorf("staff: passkeys: %w", err)
	}
	return nil
}

// Passkeys reports whether passkeys can be used here.
func (d *Door) Passkeys() bool { return d.passkeys != nil }

// A proof is what somebody has shown, as a session remembers it.
const (
	byPassword  = "password"
	byTOTP      = "totp"
	byRecovery  = "recovery"
	byPasskey   = "passkey"
	byOffice    = "office"
	byOfficeMFA = "office_mfa" // the provider says that it asked for two
)

// stage is how far somebody has come who has shown these proofs.
func (d *Door) stage(how string, list []store.Credential) store.SessionStage {
	shown := func(proofs ...string) bool {
		return slices.ContainsFunc(strings.Fields(how), func(p string) bool { return slices.Contains(proofs, p) })
	}
	second := shown(byTOTP, byRecovery, byPasskey, byOfficeMFA)
	switch {
	case !second && hasSecond(list):
		return store.SessionSecond
	case shown(byPassword) && isInitial(list):
		return store.SessionChange
	case !second && !d.Rules.Optional:
		return store.SessionEnrol
	}
	return store.SessionOpen
}

func hasSecond(list []store.Credential) bool {
	return slices.ContainsFunc(list, func(c store.Credential) bool {
		return c.Kind == store.TOTPCredential || c.Kind == store.PasskeyCredential
	})
}

// known is the officer of an id, if there is one who may sign in.
func (d *Door) known(ctx context.Context, id string) (o hedui.Officer, known bool, err error) {
	o, err = d.Officers(ctx, id)
	switch kind := hedui.KindOf(err); {
	case err == nil:
		return o, o.ID != "" && o.ID == id, nil
	case kind == hedui.Unavailable, kind == hedui.Internal:
		return o, false, err
	}
	return hedui.Officer{}, false, nil
}

// Password lets somebody in who types an id and a password, or says, always with
// the same words, that they do not fit. What the session's stage asks for next
// is for the caller to show.
func (d *Door) Password(ctx context.Context, v Visitor, id, password string) (Pass, error) {
	id = strings.TrimSpace(id)
	if !plainID(id) || len(password) > maxTyped { // not worth a look, but worth a try
		id, password = "", ""
	}
	t, err := d.tryAs(ctx, v, "password", id)
	if err != nil {
		return Pass{}, err
	}
	o, known, err := d.known(ctx, id)
	if err != nil {
		return Pass{}, err
	}
	var list []store.Credential
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) { list, err = tx.Credentials(ctx, id); return err }); err != nil {
		return Pass{}, err
	}
	shown, fits, err := d.fits(ctx, list, password)
	if err != nil {
		return Pass{}, err
	}
	if !known || !fits {
		return Pass{}, d.failed(ctx, o, byPassword, "signin.wrong")
	}
	if over := d.initialOver(shown); over {
		return Pass{}, d.failed(ctx, o, "initial password over", "signin.initial_over")
	}
	hash, err := d.renewed(ctx, shown, password)
	if err != nil {
		return Pass{}, err
	}
	return d.enter(ctx, v, o, shownProof{byPassword, d.Now()}, func(tx *store.Tx) error {
		if err := t.succeed(ctx, tx); err != nil {
			return err
		}
		return d.renew(ctx, tx, shown, hash)
	})
}

// plainID reports whether a text can be an id at all.
func plainID(text string) bool {
	return len(text) <= maxID && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// failed writes down that a proof failed, and returns the error to show.
func (d *Door) failed(ctx context.Context, o hedui.Officer, what, say string) error {
	err := d.DB.InTx(ctx, func(tx *store.Tx) error { return d.record(ctx, tx, o, audit.SignInFailed, "", what) })
	if err != nil {
		return err
	}
	return hedui.Fail(hedui.Invalid, hedui.Say(say), nil)
}

func (d *Door) record(ctx context.Context, tx *store.Tx, o hedui.Officer, verb audit.Verb, about, detail string) error {
	who := o.ID
	if who == "" {
		who = hedui.NobodyID // a name that is nobody's is never written
	}
	return tx.Record(ctx, audit.New(d.Now(), who, o.Office, verb, about, detail))
}

// A shownProof is how somebody has proved who they are, and when: not now, where
// the office's provider knew them already.
type shownProof struct {
	how string
	at  time.Time
}

// enter makes a session for an officer who has given a proof. What goes before
// runs in its transaction; the session of the browser before, if any, ends.
func (d *Door) enter(ctx context.Context, v Visitor, o hedui.Officer, shown shownProof, before func(*store.Tx) error) (p Pass, err error) {
	now := d.Now()
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.PurgeSignIn(ctx, now.Add(-d.Rules.Absolute), now.Add(-keptFor), now.Add(-unfinished), now.Add(-d.Rules.Tries)); err != nil {
			return err
		}
		if err := before(tx); err != nil {
			return err
		}
		if err := d.leave(ctx, tx, v); err != nil {
			return err
		}
		p = Pass{Session: store.Session{ID: audit.NewID(), Officer: o.ID, How: shown.how, Browser: v.Browser, Address: v.Address, MadeAt: now, SeenAt: now, ProvedAt: shown.at}}
		if err := d.settle(ctx, tx, v, o, &p); err != nil {
			return err
		}
		return tx.AddSession(ctx, p.Session)
	})
	return p, err
}

// leave ends the session that a browser has had so far.
func (d *Door) leave(ctx context.Context, tx *store.Tx, v Visitor) error {
	old, err := tx.Session(ctx, hashOf(v.Token))
	if err != nil {
		if hedui.KindOf(err) == hedui.NotFound {
			return nil
		}
		return err
	}
	if was, err := tx.EndSession(ctx, old.Officer, old.ID, d.Now()); err != nil || !was || old.Stage != store.SessionOpen {
		return err
	}
	return d.record(ctx, tx, hedui.Officer{ID: old.Officer}, audit.SignedOut, old.ID, "somebody signs in here")
}

// settle gives a session the stage it has come to and a new token. One that is
// open from now on is written down, and its browser is known.
func (d *Door) settle(ctx context.Context, tx *store.Tx, v Visitor, o hedui.Officer, p *Pass) error {
	list, err := tx.Credentials(ctx, o.ID)
	if err != nil {
		return err
	}
	s := &p.Session
	was := s.Stage
	s.Stage = d.stage(s.How, list)
	p.Token = rand.Text() + rand.Text()
	s.Token = hashOf(p.Token)
	if was == store.SessionOpen || s.Stage != store.SessionOpen {
		return nil
	}
	s.MadeAt = d.Now()
	if p.Known, err = d.remember(ctx, tx, v, o, list); err != nil {
		return err
	}
	return d.record(ctx, tx, o, audit.SignedIn, s.ID, s.How)
}

// further takes a session on after a further proof, or a change of what the
// officer has.
func (d *Door) further(ctx context.Context, v Visitor, s store.Session, proof string, before func(*store.Tx, hedui.Officer) error) (p Pass, err error) {
	o, known, err := d.known(ctx, s.Officer)
	switch {
	case err != nil:
		return p, err
	case !known:
		return p, needed(nil)
	}
	now := d.Now()
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		p = Pass{Session: s}
		p.Session.Pending = nil
		p.Session.SeenAt = now
		if proof != "" {
			p.Session.How, p.Session.ProvedAt = withProof(s.How, proof), now
		}
		if err := before(tx, o); err != nil {
			return err
		}
		if err := d.settle(ctx, tx, v, o, &p); err != nil {
			return err
		}
		return tx.MoveSession(ctx, s.Token, p.Session)
	})
	return p, err
}

func withProof(how, proof string) string {
	if slices.Contains(strings.Fields(how), proof) {
		return how
	}
	return strings.TrimSpace(how + " " + proof)
}

// hashOf is what is kept of a token: it is random, so a plain hash is enough.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// needed says that one has to sign in.
func needed(err error) error { return hedui.Fail(hedui.Forbidden, hedui.Say("signin.needed"), err) }

// pending is what was begun in a session and not yet ended.
type pending struct {
	TOTP    string                `json:"totp,omitempty"`    // secret that is being set up
	Passkey *webauthn.SessionData `json:"passkey,omitempty"` // challenge of the browser's authenticator
	Office  *officeState          `json:"office,omitempty"`
}

func readPending(s store.Session) (p pending, err error) {
	if len(s.Pending) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(s.Pending, &p); err != nil {
		return p, fmt.Errorf("staff: session: %w", err)
	}
	return p, nil
}

// begin keeps in the visitor's session what was begun; somebody without one is
// given one.
func (d *Door) begin(ctx context.Context, v Visitor, p pending) (Pass, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return Pass{}, fmt.Errorf("staff: session: %w", err)
	}
	s, err := d.Session(ctx, v.Token)
	switch {
	case err == nil:
		s.Pending = text
		return Pass{Session: s, Token: v.Token}, d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.MoveSession(ctx, s.Token, s) })
	case hedui.KindOf(err) != hedui.Forbidden:
		return Pass{}, err
	}
	if err := d.tryBegin(ctx, v); err != nil {
		return Pass{}, err
	}
	now := d.Now()
	made := Pass{Token: rand.Text() + rand.Text()}
	made.Session = store.Session{ID: audit.NewID(), Token: hashOf(made.Token), Stage: store.SessionBegun, Browser: v.Browser, Address: v.Address, MadeAt: now, SeenAt: now, Pending: text}
	return made, d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.AddSession(ctx, made.Session) })
}

// isWrong reports whether an error says no more than that a proof did not fit.
func isWrong(err error) bool {
	var e *hedui.Error
	return errors.As(err, &e) && e.Kind == hedui.Invalid
}
