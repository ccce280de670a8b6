package sim

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // WS-Security knows no other digest
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// window is how far the time of a call may be from the department's clock.
const window = 5 * time.Minute

// nonces remembers the numbers of calls that were made, for as long as a call of
// that time would be accepted: nobody can send one a second time.
type nonces struct {
	mu      sync.Mutex
	now     map[string]bool
	before  map[string]bool
	rotated time.Time
}

// fresh reports whether nobody has used the number yet, and remembers it.
func (n *nonces) fresh(nonce string, at time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.now == nil || at.Sub(n.rotated) > 2*window {
		n.before, n.now, n.rotated = n.now, map[string]bool{}, at
	}
	if nonce == "" || n.now[nonce] || n.before[nonce] {
		return false
	}
	n.now[nonce] = true
	return true
}

// near reports whether a time that a call names is close to the clock.
func (c *City) near(t time.Time) bool { return c.opts.Now().Sub(t).Abs() <= window }

// signed reports whether a call has the department's signature: HMAC-SHA-256 over
// method, path, query, hash of the body, time and number, each on a line.
func (c *City) signed(department string, r *http.Request, body []byte) bool {
	stamp, nonce := r.Header.Get("X-Timestamp"), r.Header.Get("X-Nonce")
	millis, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || !c.near(time.UnixMilli(millis)) || nonce == "" || r.Header.Get("X-App-Id") != "hedui" {
		return false
	}
	sum := sha256.Sum256(body)
	mac := hmac.New(sha256.New, []byte(keyOf(department)))
	mac.Write([]byte(strings.Join([]string{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, hex.EncodeToString(sum[:]), stamp, nonce}, "\n")))
	given, err := hex.DecodeString(r.Header.Get("X-Signature"))
	return err == nil && hmac.Equal(given, mac.Sum(nil)) && c.nonces.fresh(department+" "+nonce, c.opts.Now())
}

// tokened reports whether an envelope has the department's user name token, with
// a digest of the password.
func (c *City) tokened(department string, token object) bool {
	created, err := time.Parse(time.RFC3339, token.text("Created"))
	nonce, broken := base64.StdEncoding.DecodeString(token.text("Nonce"))
	if err != nil || broken != nil || len(nonce) < 8 || !c.near(created) || token.text("Username") != "hedui" || token.text("PasswordType") != "PasswordDigest" {
		return false
	}
	sum := sha1.Sum([]byte(string(nonce) + token.text("Created") + keyOf(department))) //nolint:gosec // as above
	given, err := base64.StdEncoding.DecodeString(token.text("Password"))
	return err == nil && hmac.Equal(given, sum[:]) && c.nonces.fresh(department+" "+string(nonce), c.opts.Now())
}
