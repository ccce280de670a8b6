package staff

import (
	"context"
	"crypto/rand"
	"math"
	"net/netip"
	"strconv"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Tries are counted before a proof is looked at, so that many at once are no way
// round the count, and are forgotten when it succeeds. After some that are free,
// each has to wait longer than the one before, up to a quarter of an hour. Tries
// while one has to wait are refused without a look and do not count.
//
// Whoever knows an officer's id could keep the officer out by failing all the
// time. So a browser in which the officer has signed in before counts for itself,
// and passkeys and the office's provider are not counted by officer at all.
const (
	freeTries    = 5  // of an officer, or of a browser
	freeAddress  = 30 // many sit behind one address
	freeBegun    = 200
	firstWait    = 15 * time.Second
	longestWait  = 15 * time.Minute
	maxCounted   = 60 // doublings beyond do not matter
	triesAddress = "address:"
)

// A try is a proof that is being looked at, and what it was counted under.
type try struct {
	own     string // officer or browser: forgotten when the proof succeeds
	address string // taken back when the proof succeeds; empty: not counted
}

// tryAs counts a try of a proof as an officer, or says how long to wait.
func (d *Door) tryAs(ctx context.Context, v Visitor, kind, id string) (try, error) {
	t := try{own: kind + ":" + id, address: countedAddress(v.Address)}
	known, err := d.knownBrowser(ctx, v, id)
	if err != nil {
		return t, err
	}
	if known != "" {
		t.own, t.address = kind+":"+known, ""
	}
	limits := map[string]int{t.own: freeTries}
	if t.address != "" {
		limits[t.address] = freeAddress
	}
	return t, d.count(ctx, limits)
}

// tryBegin counts sessions that are begun by nobody yet.
func (d *Door) tryBegin(ctx context.Context, v Visitor) error {
	if address := countedAddress(v.Address); address != "" {
		return d.count(ctx, map[string]int{"begun:" + address: freeBegun})
	}
	return nil
}

// count counts a try under all of its names, or says how long to wait.
func (d *Door) count(ctx context.Context, limits map[string]int) error {
	now := d.Now()
	var wait time.Duration
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		wait = 0
		after := map[string]store.Tries{}
		for _, what := range sorted(limits) {
			t, err := tx.Tries(ctx, what)
			if err != nil {
				return err
			}
			if now.Sub(t.Last) > d.Rules.Tries {
				t.N = 0
			}
			wait = max(wait, waiting(t, limits[what], now))
			after[what] = store.Tries{N: min(t.N+1, maxCounted), Last: now}
		}
		if wait > 0 {
			return nil
		}
		for what, t := range after {
			if err := tx.SetTries(ctx, what, t); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && wait > 0 {
		err = hedui.Fail(hedui.Unavailable, hedui.Say("signin.locked", strconv.Itoa(int(math.Ceil(wait.Minutes())))), nil)
	}
	return err
}

// waiting is how long the next try has to wait. One that lies in the future was
// written while the clock was wrong, and keeps nobody waiting.
func waiting(t store.Tries, free int, now time.Time) time.Duration {
	if t.N < free || t.Last.After(now.Add(skew)) {
		return 0
	}
	length := longestWait
	if n := t.N - free; n < 10 {
		length = min(firstWait<<n, longestWait)
	}
	return min(t.Last.Add(length).Sub(now), longestWait)
}

// succeed forgets the tries.
func (t try) succeed(ctx context.Context, tx *store.Tx) error {
	if err := tx.SetTries(ctx, t.own, store.Tries{}); err != nil || t.address == "" {
		return err
	}
	before, err := tx.Tries(ctx, t.address)
	if err != nil || before.N == 0 {
		return err
	}
	before.N--
	return tx.SetTries(ctx, t.address, before)
}

// countedAddress is an address as tries are counted under it: what one customer
// of a network has. What comes from this machine may be anybody behind a proxy
// and is not counted.
func countedAddress(text string) string {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Unmap().IsLoopback() {
		return ""
	}
	bits := 32
	if a = a.Unmap().WithZone(""); a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return triesAddress + p.String()
}

// knownBrowser is the name under which a browser counts its own tries as an
// officer, or nothing.
func (d *Door) knownBrowser(ctx context.Context, v Visitor, officer string) (string, error) {
	if v.Known == "" || len(v.Known) > maxTyped {
		return "", nil
	}
	var c store.Credential
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) { c, err = tx.Credential(ctx, browserID(v.Known, officer)); return err })
	now := d.Now()
	switch {
	case hedui.KindOf(err) == hedui.NotFound && err != nil:
		return "", nil
	case err != nil:
		return "", err
	case c.Kind != store.BrowserCredential || c.Officer != officer || now.After(c.Until) || c.MadeAt.After(now.Add(skew)):
		return "", nil
	}
	return c.ID, nil
}

func browserID(token, officer string) string { return "browser:" + hashOf(officer+"\x00"+token) }

// remember makes the browser known in which the officer has just signed in. It
// returns the token by which, if the browser has none yet.
func (d *Door) remember(ctx context.Context, tx *store.Tx, v Visitor, o hedui.Officer, list []store.Credential) (string, error) {
	token, fresh := v.Known, ""
	if token == "" || len(token) > maxTyped {
		token = rand.Text()
		fresh = token
	}
	id := browserID(token, o.ID)
	var browsers []store.Credential
	for _, c := range list {
		switch {
		case c.ID == id:
			return "", nil
		case c.Kind == store.BrowserCredential:
			browsers = append(browsers, c)
		}
	}
	for len(browsers) >= maxBrowsers { // the oldest first
		if _, err := tx.DropCredential(ctx, o.ID, browsers[0].ID); err != nil {
			return "", err
		}
		browsers = browsers[1:]
	}
	now := d.Now()
	return fresh, tx.SaveCredential(ctx, store.Credential{ID: id, Officer: o.ID, Kind: store.BrowserCredential, Name: v.Browser, MadeAt: now, UsedAt: now, Until: now.Add(d.Rules.Browser)})
}

// maxBrowsers is how many browsers of one officer are known.
const maxBrowsers = 10
