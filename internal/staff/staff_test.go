package staff

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// cheap is a cost for tests: what is tested is not how long a hash takes.
var cheap = Cost{Memory: 64, Passes: 1, Lanes: 1}

// clock is set by tests.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) move(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// roster is who may sign in; tests change it.
type roster struct {
	mu   sync.Mutex
	list map[string]hedui.Officer
}

func (r *roster) officer(_ context.Context, id string) (hedui.Officer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.list[id]
	if !ok {
		return o, hedui.Fail(hedui.Forbidden, hedui.Say("error.officer", id), nil)
	}
	return o, nil
}

func (r *roster) lock(id string) { r.mu.Lock(); defer r.mu.Unlock(); delete(r.list, id) }

type bench struct {
	*Door
	clock  *clock
	roster *roster
}

var admin = hedui.Officer{ID: "security", Name: "安全管理员", Division: "330200", Rights: []hedui.Right{mayReset}}

func newBench(t *testing.T, db *store.DB) *bench {
	t.Helper()
	b := &bench{clock: &clock{at: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)}, roster: &roster{list: map[string]hedui.Officer{"security": admin}}}
	for _, id := range []string{"zhang", "li"} {
		b.roster.list[id] = hedui.Officer{ID: id, Name: id, Office: "某机构", Division: "330200", Rights: []hedui.Right{hedui.ReadCases}}
	}
	b.Door = &Door{DB: db, Node: "ningbo", Origin: "http://localhost:8420", Now: b.clock.now, Officers: b.roster.officer, Rules: Rules{Cost: cheap}}
	if err := b.Prepare(); err != nil {
		t.Fatal(err)
	}
	return b
}

// settled gives an officer a password that need not be changed.
func (b *bench) settled(t *testing.T, id string) string {
	t.Helper()
	text, err := b.Reset(t.Context(), admin, id, Reset{Settled: true})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// outside is a visitor whose address is counted.
func outside(p Pass) Visitor {
	return Visitor{Token: p.Token, Known: p.Known, Browser: "Firefox", Address: "192.0.2.7"}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	for _, key := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ':' || r == ';' || r == '\n' }) {
		if strings.HasPrefix(key, "signin.") || strings.HasPrefix(key, "error.") {
			return key
		}
	}
	return text
}

func (b *bench) entries(t *testing.T) (list []audit.Entry) {
	t.Helper()
	seen := map[string]bool{}
	err := b.DB.Read(t.Context(), func(tx *store.Tx) error {
		for _, about := range append(b.sessions(t), "", "zhang", "li", "security") {
			if seen[about] {
				continue
			}
			seen[about] = true
			part, err := tx.Entries(t.Context(), about)
			if err != nil {
				return err
			}
			list = append(list, part...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (b *bench) sessions(t *testing.T) (ids []string) {
	t.Helper()
	err := b.DB.Read(t.Context(), func(tx *store.Tx) error {
		for _, id := range []string{"zhang", "li"} {
			list, err := tx.Sessions(t.Context(), id)
			if err != nil {
				return err
			}
			for _, s := range list {
				ids = append(ids, s.ID)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func verbs(list []audit.Entry) map[audit.Verb]int {
	n := map[audit.Verb]int{}
	for _, e := range list {
		n[e.Verb]++
	}
	return n
}

// code is what the officer's app shows.
func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	text, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), at)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The whole first day of an officer where a second proof is demanded.
func TestFirstSignIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		initial, err := b.Reset(ctx, admin, "zhang", Reset{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := b.Password(ctx, outside(Pass{}), "zhang", initial)
		if err != nil || p.Session.Stage != store.SessionChange {
			t.Fatalf("stage %s, %v", p.Session.Stage, err)
		}
		if _, _, err := b.Who(ctx, p.Token); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("a session with an initial password lets its officer act: %v", err)
		}
		if _, err := b.OfferTOTP(ctx, outside(p), p.Session); said(err) != "signin.stale" {
			t.Errorf("an app before the password is changed: %v", err)
		}
		next := "松树 gabel 73 Wolkenbruch"
		if p, err = b.ChangePassword(ctx, outside(p), p.Session, initial, next); err != nil || p.Session.Stage != store.SessionEnrol {
			t.Fatalf("stage %s, %v", p.Session.Stage, err)
		}
		if _, err := b.RecoveryCodes(ctx, p.Session); said(err) != "signin.stale" {
			t.Errorf("recovery codes before there is a second proof: %v", err)
		}
		offer, err := b.OfferTOTP(ctx, outside(p), p.Session)
		if err != nil {
			t.Fatal(err)
		}
		s, err := b.Session(ctx, p.Token)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := b.OfferTOTP(ctx, outside(p), s); err != nil || again != offer {
			t.Errorf("a page loaded twice has another secret: %v", err)
		}
		if _, err := b.SetTOTP(ctx, outside(p), s, "000000"); err == nil {
			t.Error("a wrong code sets the app up")
		}
		old := p.Token
		if p, err = b.SetTOTP(ctx, outside(p), s, code(t, offer.Secret, b.clock.now())); err != nil || p.Session.Stage != store.SessionOpen {
			t.Fatalf("stage %s, %v", p.Session.Stage, err)
		}
		if _, err := b.Session(ctx, old); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("the token from before the session was open still counts: %v", err)
		}
		if _, o, err := b.Who(ctx, p.Token); err != nil || o.ID != "zhang" {
			t.Errorf("%s, %v", o.ID, err)
		}
		codes, err := b.RecoveryCodes(ctx, p.Session)
		for _, code := range codes { // base32, so five bits each
			if n := len(strings.ReplaceAll(code, "-", "")); n*5 < 112 {
				t.Errorf("a recovery code of %d bits", n*5)
			}
		}
		if err != nil || len(codes) != recoveryCodes {
			t.Fatalf("%d codes, %v", len(codes), err)
		}

		b.clock.move(time.Minute) // the second sign-in
		if _, err := b.Password(ctx, outside(Pass{}), "zhang", initial); said(err) != "signin.wrong" {
			t.Errorf("the initial password still counts: %v", err)
		}
		q, err := b.Password(ctx, outside(Pass{}), "zhang", next)
		if err != nil || q.Session.Stage != store.SessionSecond {
			t.Fatalf("stage %s, %v", q.Session.Stage, err)
		}
		right := code(t, offer.Secret, b.clock.now())
		if q, err = b.Code(ctx, outside(q), q.Session, right); err != nil || q.Session.Stage != store.SessionOpen {
			t.Fatalf("stage %s, %v", q.Session.Stage, err)
		}
		r, err := b.Password(ctx, outside(Pass{}), "zhang", next)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Code(ctx, outside(r), r.Session, right); said(err) != "signin.code_wrong" {
			t.Errorf("a code counts twice: %v", err)
		}
		if r, err = b.Code(ctx, outside(r), r.Session, strings.ToLower(codes[3])); err != nil || r.Session.Stage != store.SessionOpen {
			t.Fatalf("recovery code: stage %s, %v", r.Session.Stage, err)
		}
		if r, err = b.Password(ctx, outside(Pass{}), "zhang", next); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Code(ctx, outside(r), r.Session, codes[3]); said(err) != "signin.code_wrong" {
			t.Errorf("a recovery code counts twice: %v", err)
		}
		got := verbs(b.entries(t))
		for verb, want := range map[audit.Verb]int{audit.SignedIn: 3, audit.SignInFailed: 3, audit.CredentialReset: 1, audit.CredentialSet: 3, audit.CredentialDropped: 1} {
			if got[verb] != want {
				t.Errorf("%d entries %s, want %d", got[verb], verb, want)
			}
		}
	})
}

// What a copy of the database gives away: no token, no password or hash of one, no
// secret of an app, no recovery code, no name that was typed.
func TestNothingInTheDatabaseIsInClear(t *testing.T) {
	o := storetest.Engines()[0].Fresh(t)
	b, ctx := newBench(t, storetest.Open(t, o)), t.Context()
	b.Rules.Optional = true
	right := b.settled(t, "zhang")
	p, err := b.Password(ctx, outside(Pass{}), "zhang", right)
	if err != nil {
		t.Fatal(err)
	}
	offer, err := b.OfferTOTP(ctx, outside(p), p.Session)
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.Session(ctx, p.Token)
	if err != nil {
		t.Fatal(err)
	}
	q, err := b.SetTOTP(ctx, outside(p), s, code(t, offer.Secret, b.clock.now()))
	if err != nil {
		t.Fatal(err)
	}
	codes, err := b.RecoveryCodes(ctx, q.Session)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = b.Password(ctx, outside(Pass{}), "my-password-in-the-wrong-field", "x")
	var raw []byte
	for _, name := range []string{o.URL, o.URL + "-wal"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, text...)
	}
	if !bytes.Contains(raw, []byte("zhang")) || !bytes.Contains(raw, []byte(hashOf(q.Token))) {
		t.Fatal("the files are not those of the database")
	}
	for _, secret := range []string{p.Token, q.Token, q.Known, p.Known, right, "argon2id", strings.ReplaceAll(offer.Secret, " ", ""), codes[0], strings.ReplaceAll(codes[0], "-", ""), "my-password"} {
		if secret != "" && bytes.Contains(raw, []byte(secret)) {
			t.Errorf("%.12s… stands in the database", secret)
		}
	}
}

// A name that belongs to nobody takes as long as a wrong password. Without a hash
// for nobody it would be many times faster.
func TestUnknownAndWrongTakeAlike(t *testing.T) {
	b, ctx := newBench(t, storetest.Engines()[0].Open(t)), t.Context()
	b.Rules.Cost = Cost{Memory: 32 << 10, Passes: 2, Lanes: 1}
	if err := b.Prepare(); err != nil {
		t.Fatal(err)
	}
	b.settled(t, "zhang")
	took := map[string][]time.Duration{}
	for range 9 {
		for _, id := range []string{"zhang", "ghost", "security"} { // security exists and has no password
			begun := time.Now()
			if _, err := b.Password(ctx, Visitor{Address: "127.0.0.1"}, id, "wrong"); said(err) != "signin.wrong" {
				t.Fatal(err)
			}
			took[id] = append(took[id], time.Since(begun))
		}
		b.clock.move(longestWait)
	}
	median := func(id string) time.Duration { slices.Sort(took[id]); return took[id][len(took[id])/2] }
	for _, id := range []string{"ghost", "security"} {
		if ratio := float64(median(id)) / float64(median("zhang")); ratio < 1.0/3 || ratio > 3 {
			t.Errorf("%s takes %s, a wrong password %s", id, median(id), median("zhang"))
		}
	}
}

// Somebody who does not exist and a wrong password look alike, take the same work
// and count the same; the name is not written down.
func TestUnknownAndWrongAreAlike(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		right := b.settled(t, "zhang")
		b.settled(t, "li")
		b.roster.lock("li")
		for _, c := range []struct{ id, password string }{{"zhang", "wrong"}, {"王小明的密码", right}, {"li", "wrong"}, {"security", "has none"},
			{strings.Repeat("z", 10000), right}, {"zhang", strings.Repeat("p", 1<<20)}, {"", ""}, {"zhang\x00", right}, {"zhang\xff", right}} {
			if _, err := b.Password(ctx, Visitor{Address: "127.0.0.1"}, c.id, c.password); said(err) != "signin.wrong" {
				t.Errorf("%.20q: %v", c.id, err)
			}
		}
		for _, e := range b.entries(t) {
			if strings.Contains(string(e.Canonical()), "王小明") || e.Verb == audit.SignInFailed && e.Officer != hedui.NobodyID && e.Officer != "zhang" && e.Officer != "security" {
				t.Errorf("the log names somebody who does not exist: %s", e.Canonical())
			}
		}
		for range freeTries {
			_, _ = b.Password(ctx, Visitor{Address: "127.0.0.1"}, "ghost", "x")
			_, _ = b.Password(ctx, Visitor{Address: "127.0.0.1"}, "zhang", "x")
		}
		_, ghost := b.Password(ctx, Visitor{Address: "127.0.0.1"}, "ghost", "x")
		_, zhang := b.Password(ctx, Visitor{Address: "127.0.0.1"}, "zhang", "x")
		if said(ghost) != "signin.locked" || said(zhang) != "signin.locked" {
			t.Errorf("locks differ: %v, %v", ghost, zhang)
		}
	})
}

func TestLockOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		right := b.settled(t, "zhang")
		b.Rules.Optional = true
		home, err := b.Password(ctx, Visitor{Address: "192.0.2.1"}, "zhang", right)
		if err != nil || home.Known == "" {
			t.Fatalf("known %q, %v", home.Known, err)
		}
		thief := Visitor{Address: "198.51.100.9"}
		for range freeTries {
			if _, err := b.Password(ctx, thief, "zhang", "guess"); said(err) != "signin.wrong" {
				t.Fatal(err)
			}
		}
		if _, err := b.Password(ctx, thief, "zhang", right); said(err) != "signin.locked" {
			t.Errorf("after %d wrong ones the right one is let in: %v", freeTries, err)
		}
		if _, err := b.Password(ctx, Visitor{Address: "203.0.113.5"}, "zhang", right); said(err) != "signin.locked" {
			t.Errorf("from another address: %v", err)
		}
		// The browser in which the officer has signed in before is not kept out.
		known := Visitor{Address: "198.51.100.9", Known: home.Known}
		if p, err := b.Password(ctx, known, "zhang", right); err != nil || p.Known != "" {
			t.Errorf("known browser: %q, %v", p.Known, err)
		}
		if _, err := b.Password(ctx, known, "li", "guess"); said(err) == "signin.locked" {
			t.Errorf("another officer's count: %v", err)
		}
		if _, err := b.Password(ctx, Visitor{Address: "198.51.100.9", Known: home.Known + "x"}, "zhang", right); said(err) != "signin.locked" {
			t.Errorf("a forged known browser: %v", err)
		}
		// The wait grows to a quarter of an hour and no further.
		waits := 0
		for range 120 {
			b.clock.move(time.Minute)
			_, err := b.Password(ctx, thief, "zhang", "guess")
			if said(err) == "signin.locked" {
				waits++
			}
		}
		if waits < 100 {
			t.Errorf("a guess a minute was let through %d times in 120", 120-waits)
		}
		b.clock.move(longestWait)
		if _, err := b.Password(ctx, Visitor{Address: "203.0.113.5"}, "zhang", right); err != nil {
			t.Errorf("after the longest wait: %v", err)
		}
	})
}

// An address that guesses at many officers is slowed down, and takes nobody along
// who sits in a known browser.
func TestLockOutOfAnAddress(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.Rules.Optional = true
		right := b.settled(t, "zhang")
		home, err := b.Password(ctx, Visitor{Address: "2001:db8::1"}, "zhang", right)
		if err != nil {
			t.Fatal(err)
		}
		locked := false
		for i := range freeAddress + 1 {
			_, err := b.Password(ctx, Visitor{Address: "2001:db8::" + strings.Repeat("1", 1+i%4)}, "officer"+strings.Repeat("x", i), "guess")
			locked = said(err) == "signin.locked"
		}
		if !locked {
			t.Error("a network may guess for ever")
		}
		if _, err := b.Password(ctx, Visitor{Address: "2001:db8::1", Known: home.Known}, "zhang", right); err != nil {
			t.Errorf("the officer's browser in that network: %v", err)
		}
		if _, err := b.Password(ctx, Visitor{Address: "127.0.0.1"}, "zhang", right); err != nil {
			t.Errorf("loopback: %v", err)
		}
	})
}

func TestManyGuessesAtOnceAreCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.settled(t, "zhang")
		var all sync.WaitGroup
		var mu sync.Mutex
		n := map[string]int{}
		for range 40 {
			all.Go(func() {
				_, err := b.Password(ctx, Visitor{Address: "198.51.100.9"}, "zhang", "guess")
				mu.Lock()
				defer mu.Unlock()
				n[said(err)]++
			})
		}
		all.Wait()
		if n["signin.wrong"] != freeTries || n["signin.locked"] != 40-freeTries {
			t.Errorf("of 40 guesses at once: %v", n)
		}
	})
}

func TestManyRightOnesAtOnceGetSessionsOfTheirOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.Rules.Optional = true
		right := b.settled(t, "zhang")
		p, err := b.Password(ctx, Visitor{Address: "127.0.0.1"}, "zhang", right)
		if err != nil {
			t.Fatal(err)
		}
		v := Visitor{Address: "127.0.0.1", Known: p.Known}
		tokens := make([]string, freeTries)
		var all sync.WaitGroup
		for i := range tokens {
			all.Go(func() {
				p, err := b.Password(ctx, v, "zhang", right)
				if err != nil {
					t.Error(err)
				}
				tokens[i] = p.Token
			})
		}
		all.Wait()
		for i, token := range tokens {
			for _, other := range tokens[:i] {
				if token == other {
					t.Error("two sessions have one token")
				}
			}
			if _, _, err := b.Who(ctx, token); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.Rules.Optional = true
		right := b.settled(t, "zhang")
		enter := func() Pass {
			t.Helper()
			p, err := b.Password(ctx, Visitor{Address: "127.0.0.1"}, "zhang", right)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		in := func(p Pass) bool { _, _, err := b.Who(ctx, p.Token); return err == nil }
		use := func(p Pass) {
			t.Helper()
			s, err := b.Session(ctx, p.Token)
			if err == nil {
				err = b.See(ctx, s)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		p := enter()
		for _, token := range []string{"", "x", p.Token[:len(p.Token)-1], p.Token + "A", strings.ToLower(p.Token), p.Session.Token, strings.Repeat("A", 1<<16)} {
			if _, _, err := b.Who(ctx, token); hedui.KindOf(err) != hedui.Forbidden {
				t.Errorf("token %.20q: %v", token, err)
			}
		}
		b.clock.move(standardIdle - time.Second)
		if !in(p) {
			t.Error("ends before it has been idle long enough")
		}
		b.clock.move(2 * time.Second)
		if in(p) {
			t.Error("idle, and goes on")
		}
		p = enter()
		for range 12 * 3 {
			use(p)
			b.clock.move(20*time.Minute - 10*time.Second)
		}
		if !in(p) {
			t.Error("ends although it is used")
		}
		b.clock.move(10 * time.Minute)
		if in(p) {
			t.Error("goes on after the absolute limit")
		}

		// A clock that was wrong: sessions from the future end, nobody is locked out.
		p = enter()
		b.clock.move(365 * 24 * time.Hour)
		if in(p) {
			t.Error("goes on after a leap forward")
		}
		future := enter()
		for range freeTries + 3 {
			_, _ = b.Password(ctx, Visitor{Address: "127.0.0.1"}, "zhang", "wrong")
		}
		b.clock.move(-365 * 24 * time.Hour)
		if in(future) {
			t.Error("a session from the future counts")
		}
		p = enter()
		b.clock.move(-time.Minute)
		if !in(p) || !b.Fresh(p.Session) {
			t.Error("ends because the clock was set back by a minute")
		}
		b.clock.move(-time.Hour)
		if in(p) || b.Fresh(p.Session) {
			t.Error("counts an hour before it was made")
		}

		// Ends by hand.
		b.clock.move(2 * time.Hour)
		p, other, third := enter(), enter(), enter()
		if err := b.End(ctx, p.Session, other.Session.ID); err != nil || in(other) || !in(third) {
			t.Errorf("one elsewhere: %v", err)
		}
		if err := b.End(ctx, p.Session, ""); err != nil || in(third) || !in(p) {
			t.Errorf("all others: %v", err)
		}
		if list, err := b.Sessions(ctx, p.Session); err != nil || len(list) != 1 {
			t.Errorf("%d sessions, %v", len(list), err)
		}
		if err := b.SignOut(ctx, p.Session); err != nil || in(p) {
			t.Errorf("signed out: %v", err)
		}
	})
}

func TestAnOfficerWhoIsLockedActsNoMore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.Rules.Optional = true
		p, err := b.Password(ctx, Visitor{}, "zhang", b.settled(t, "zhang"))
		if err != nil {
			t.Fatal(err)
		}
		b.roster.mu.Lock()
		o := b.roster.list["zhang"]
		o.Rights = []hedui.Right{hedui.SealReports}
		b.roster.list["zhang"] = o
		b.roster.mu.Unlock()
		if _, o, err := b.Who(ctx, p.Token); err != nil || len(o.Rights) != 1 || o.Rights[0] != hedui.SealReports {
			t.Errorf("a role that has changed: %v, %v", o.Rights, err)
		}
		b.roster.lock("zhang")
		if _, _, err := b.Who(ctx, p.Token); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("locked, and acts: %v", err)
		}
		if _, err := b.ChangePassword(ctx, Visitor{}, p.Session, "", "ein neues langes Wort 42"); err == nil {
			t.Error("locked, and changes the password")
		}
		if err := b.SignOut(ctx, p.Session); err != nil {
			t.Errorf("locked, and cannot sign out: %v", err)
		}
	})
}

func TestStepUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.Rules.Optional = true
		right := b.settled(t, "zhang")
		p, err := b.Password(ctx, Visitor{}, "zhang", right)
		if err != nil || !b.Fresh(p.Session) {
			t.Fatalf("not fresh at once: %v", err)
		}
		b.clock.move(standardStepUp + time.Second)
		if b.Fresh(p.Session) {
			t.Error("fresh for ever")
		}
		if err := b.Drop(ctx, p.Session, "any"); said(err) != "signin.stale" {
			t.Errorf("a credential is taken away without a fresh proof: %v", err)
		}
		if _, err := b.Prove(ctx, Visitor{}, p.Session, "wrong", ""); said(err) != "signin.wrong" {
			t.Error(err)
		}
		q, err := b.Prove(ctx, Visitor{}, p.Session, right, "")
		if err != nil || !b.Fresh(q.Session) || q.Token == p.Token {
			t.Fatalf("step-up: %v", err)
		}
		if _, err := b.Session(ctx, p.Token); err == nil {
			t.Error("the old token counts after a step-up")
		}
		if _, err := b.Prove(ctx, Visitor{}, p.Session, right, ""); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a session that has moved on steps up again: %v", err)
		}
		// With an app the password alone is not enough.
		offer, err := b.OfferTOTP(ctx, Visitor{Token: q.Token}, q.Session)
		if err != nil {
			t.Fatal(err)
		}
		s, err := b.Session(ctx, q.Token)
		if err != nil {
			t.Fatal(err)
		}
		if q, err = b.SetTOTP(ctx, Visitor{}, s, code(t, offer.Secret, b.clock.now())); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Prove(ctx, Visitor{}, q.Session, right, ""); said(err) != "signin.code_wrong" {
			t.Errorf("the password alone: %v", err)
		}
		b.clock.move(time.Minute)
		if q, err = b.Prove(ctx, Visitor{}, q.Session, right, code(t, offer.Secret, b.clock.now())); err != nil {
			t.Error(err)
		}
		b.Rules.Optional = false
		if err := b.Drop(ctx, q.Session, totpID("zhang")); said(err) != "signin.last" {
			t.Errorf("the last second proof goes: %v", err)
		}
		b.Rules.Optional = true
		if err := b.Drop(ctx, q.Session, totpID("zhang")); err != nil {
			t.Error(err)
		}
	})
}

func TestCodesAfterTheClockWasWrong(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.Rules.Optional = true
		right := b.settled(t, "zhang")
		p, err := b.Password(ctx, Visitor{}, "zhang", right)
		if err != nil {
			t.Fatal(err)
		}
		b.clock.move(48 * time.Hour)
		if p, err = b.Password(ctx, Visitor{}, "zhang", right); err != nil {
			t.Fatal(err)
		}
		offer, err := b.OfferTOTP(ctx, Visitor{Token: p.Token}, p.Session)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := b.Session(ctx, p.Token)
		if _, err := b.SetTOTP(ctx, Visitor{}, s, code(t, offer.Secret, b.clock.now())); err != nil {
			t.Fatal(err)
		}
		b.clock.move(-48 * time.Hour)
		now := code(t, offer.Secret, b.clock.now())
		for i, want := range []string{"", "signin.code_wrong"} {
			q, err := b.Password(ctx, Visitor{}, "zhang", right)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Code(ctx, Visitor{}, q.Session, now); said(err) != want {
				t.Errorf("use %d of a code after the clock went back: %v", i+1, err)
			}
		}
	})
}

func TestInitialPasswordsEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		first, err := b.Reset(ctx, admin, "zhang", Reset{})
		if err != nil {
			t.Fatal(err)
		}
		second, err := b.Reset(ctx, admin, "zhang", Reset{})
		if err != nil || first == second || len(first) != 23 {
			t.Fatalf("%q then %q, %v", first, second, err)
		}
		if _, err := b.Password(ctx, Visitor{}, "zhang", first); said(err) != "signin.wrong" {
			t.Errorf("the first one still counts: %v", err)
		}
		b.clock.move(initialFor + time.Minute)
		if _, err := b.Password(ctx, Visitor{}, "zhang", second); said(err) != "signin.initial_over" {
			t.Errorf("an initial password after 72 hours: %v", err)
		}
		if _, err := b.Reset(ctx, hedui.Officer{ID: "li", Division: "330200"}, "zhang", Reset{}); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("anybody resets: %v", err)
		}
		if _, err := b.Reset(ctx, admin, "ghost", Reset{}); said(err) != "signin.no_officer" {
			t.Errorf("nobody is reset: %v", err)
		}
		if verbs(b.entries(t))[audit.Refused] != 1 {
			t.Error("the refused reset is not in the log")
		}
	})
}

func TestResetEndsEverything(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.Rules.Optional = true
		p, err := b.Password(ctx, Visitor{}, "zhang", b.settled(t, "zhang"))
		if err != nil {
			t.Fatal(err)
		}
		offer, err := b.OfferTOTP(ctx, Visitor{Token: p.Token}, p.Session)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := b.Session(ctx, p.Token)
		if p, err = b.SetTOTP(ctx, Visitor{}, s, code(t, offer.Secret, b.clock.now())); err != nil {
			t.Fatal(err)
		}
		for range freeTries + 1 {
			_, _ = b.Password(ctx, Visitor{}, "zhang", "wrong")
		}
		again, err := b.Reset(ctx, admin, "zhang", Reset{Factors: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Session(ctx, p.Token); err == nil {
			t.Error("a session outlives the reset")
		}
		if q, err := b.Password(ctx, Visitor{}, "zhang", again); err != nil || q.Session.Stage != store.SessionChange {
			t.Errorf("stage %s, %v", q.Session.Stage, err)
		}
	})
}

func TestPasswordsAreHashedAnewWhenTheCostChanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, ctx := newBench(t, db), t.Context()
		b.Rules.Optional = true
		right := b.settled(t, "zhang")
		hash := func() string {
			list, err := b.Credentials(ctx, store.Session{Officer: "zhang"})
			if err != nil {
				t.Fatal(err)
			}
			_, p, _ := passwordOf(list)
			return p.Hash
		}
		before := hash()
		if !strings.HasPrefix(before, "$argon2id$v=19$m=64,t=1,p=1$") {
			t.Errorf("hash %.40s", before)
		}
		b.Rules.Cost = Cost{Memory: 128, Passes: 2, Lanes: 2}
		if _, err := b.Password(ctx, Visitor{}, "zhang", right); err != nil {
			t.Fatal(err)
		}
		if after := hash(); !strings.HasPrefix(after, "$argon2id$v=19$m=128,t=2,p=2$") {
			t.Errorf("hash %.40s", after)
		}
		if _, err := b.Password(ctx, Visitor{}, "zhang", right); err != nil {
			t.Errorf("after it was hashed anew: %v", err)
		}
	})
}

func TestCheckPassword(t *testing.T) {
	o := hedui.Officer{ID: "zhangwei", Name: "张伟", Office: "海曙区民政局"}
	for text, want := range map[string]string{
		"short":                         "signin.password.short",
		"十二个汉字还差一个字":                    "signin.password.short",
		strings.Repeat("长", 129):        "signin.password.long",
		"password1234":                  "signin.password.common",
		"qwertyuiop12":                  "signin.password.common",
		"111111111111":                  "signin.password.common",
		"iloveyou1314":                  "signin.password.common",
		"woaini1314520":                 "signin.password.common",
		"admin@123456":                  "signin.password.common",
		"P@ssw0rd!2024":                 "signin.password.common",
		"我是ZhangWei呀真的很长":               "signin.password.id",
		"abc\xff\xfedefghijklmn":        "signin.password.unreadable",
		"松树 gabel 73 Wolkenbruch":       "",
		"correct horse battery staple":  "",
		"🙂 雨伞 é%q 鼓楼 7 бубен 茶":         "",
		"k7-fröhlich-plaudern-am-teich": "",
	} {
		say, ok := CheckPassword(text, o)
		if say.Key != want || ok != (want == "") {
			t.Errorf("%.30q: %q", text, say.Key)
		}
	}
	begun := time.Now()
	CheckPassword(strings.Repeat("1qaz@WSX", 16), o)
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("a long password takes %s", took)
	}
}

// The same characters typed on another keyboard are the same password.
func TestPasswordsAreNormalised(t *testing.T) {
	hash := cheap.hash("Ame\u0301lie Gro\u0308\u00dfe 42")
	if fits, err := matches(hash, "Am\u00e9lie Gr\u00f6\u00dfe 42"); err != nil || !fits {
		t.Errorf("composed and decomposed differ: %v", err)
	}
	if fits, _ := matches(hash, "Amelie Gr\u00f6\u00dfe 42"); fits {
		t.Error("another password fits")
	}
	for _, bad := range []string{"", "$argon2id$", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=0,p=0$AAAA$AAAA", strings.Replace(hash, "v=19", "v=16", 1), hash[:len(hash)-4]} {
		if fits, err := matches(bad, "x"); err == nil || fits {
			t.Errorf("hash %q is read", bad)
		}
	}
}

// RFC 6238, appendix B, the last six digits of the values for SHA-1.
func TestCodesOfTheStandard(t *testing.T) {
	secret := base32NoPad.EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if step, ok := stepOf(secret, want[:3]+" "+want[3:], time.Unix(at, 0)); !ok || step != at/period {
			t.Errorf("at %d: %v, period %d", at, ok, step)
		}
		if _, ok := stepOf(secret, want, time.Unix(at+120, 0)); ok {
			t.Errorf("code of %d counts two minutes later", at)
		}
	}
}

// A new password ends what is open elsewhere, and no calendar asks for one.
func TestANewPasswordEndsOtherSessions(t *testing.T) {
	b, ctx := newBench(t, storetest.Engines()[0].Open(t)), t.Context()
	b.Rules.Optional = true
	old := b.settled(t, "zhang")
	here, err1 := b.Password(ctx, Visitor{}, "zhang", old)
	elsewhere, err2 := b.Password(ctx, Visitor{}, "zhang", old)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	const next = "松树 gabel 73 Wolkenbruch"
	here, err := b.ChangePassword(ctx, Visitor{Token: here.Token}, here.Session, old, next)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Who(ctx, here.Token); err != nil {
		t.Errorf("whoever changes the password is out: %v", err)
	}
	if _, _, err := b.Who(ctx, elsewhere.Token); hedui.KindOf(err) != hedui.Forbidden {
		t.Errorf("a session elsewhere goes on: %v", err)
	}
	b.clock.move(3 * 365 * 24 * time.Hour)
	if p, err := b.Password(ctx, Visitor{}, "zhang", next); err != nil || p.Session.Stage != store.SessionOpen {
		t.Errorf("three years later: stage %s, %v", p.Session.Stage, err)
	}
}

// Officers who are registered and were given no password cannot be signed in as.
func TestANewNodeLetsNobodyIn(t *testing.T) {
	b, ctx := newBench(t, storetest.Engines()[0].Open(t)), t.Context()
	for _, id := range []string{"zhang", "li", "security", "admin", "root", ""} {
		for _, text := range []string{"", "admin", "password", "hedui", "123456", id} {
			if p, err := b.Password(ctx, Visitor{}, id, text); err == nil {
				t.Errorf("%q comes in with %q to stage %s", id, text, p.Session.Stage)
			}
		}
	}
	if n := len(b.sessions(t)); n != 0 {
		t.Errorf("%d sessions", n)
	}
}
