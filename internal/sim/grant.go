package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tokenLife is how long a token holds.
const tokenLife = 10 * time.Minute

// grantToken gives a token for the client credentials of a department, RFC 6749
// § 4.4. A token says until when it holds and is signed, so that nothing has to be
// kept and a city with the same seed honours it after a restart.
func (c *City) grantToken(d department) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if f, n := c.faults.current(d.id, "", time.Now()); f.fail(w, r, n, d.broken) {
			return
		}
		user, secret, _ := r.BasicAuth()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case r.ParseForm() != nil || r.PostForm.Get("grant_type") != "client_credentials":
			reply(w, http.StatusBadRequest, object{"error": "unsupported_grant_type"})
		case user != "hedui" || !hmac.Equal([]byte(secret), []byte(keyOf(d.id))):
			w.Header().Set("WWW-Authenticate", `Basic realm="`+d.id+`"`)
			reply(w, http.StatusUnauthorized, object{"error": "invalid_client"})
		case r.PostForm.Get("scope") != "query":
			reply(w, http.StatusBadRequest, object{"error": "invalid_scope"})
		default:
			token := c.token(d.id, c.opts.Now().Add(tokenLife))
			reply(w, http.StatusOK, object{"access_token": token, "token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "scope": "query"})
		}
	}
}

func (c *City) token(department string, until time.Time) string {
	text := strconv.FormatInt(until.UnixMilli(), 16)
	mac := hmac.New(sha256.New, binary.BigEndian.AppendUint64([]byte(keyOf(department)), c.seed))
	mac.Write([]byte(text))
	return text + "." + hex.EncodeToString(mac.Sum(nil))
}

// granted reports whether a call has a token of the department that still holds.
func (c *City) granted(department string, r *http.Request) bool {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	text, _, _ := strings.Cut(token, ".")
	millis, err := strconv.ParseInt(text, 16, 64)
	if err != nil || !strings.EqualFold(kind, "Bearer") {
		return false
	}
	until := time.UnixMilli(millis)
	return c.opts.Now().Before(until) && hmac.Equal([]byte(token), []byte(c.token(department, until)))
}
