package connector

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // what departments have
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // what departments have
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// signing is how a call is signed with a shared secret.
type signing struct {
	algorithm string   // a key of digests
	text      template // what is signed
	encoding  string   // hex, HEX or base64
	keyID     string
	layout    layout // of the time
	key       spot
	timestamp spot
	nonce     spot
	signature spot
}

// spot is where a value goes: a header or a parameter.
type spot struct{ header, parameter string }

func (s spot) given() bool { return s != spot{} }

var digests = map[string]func() hash.Hash{"hmac-sha256": sha256.New, "hmac-sha1": sha1.New, "hmac-md5": md5.New}

// signHoles are the placeholders of a text to be signed.
var signHoles = []string{"method", "path", "query", "body", "body_sha256", "parameters", "timestamp", "nonce", "key_id"}

// stamp is what a signature is made of beside the call itself.
type stamp struct{ timestamp, nonce string }

func (s signing) stamp(now time.Time) stamp {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	return stamp{s.layout.write(now), hex.EncodeToString(nonce)}
}

// parts are the values that have a place of their own, the signature apart.
func (s signing) parts(at stamp) map[spot]string {
	return map[spot]string{s.key: s.keyID, s.timestamp: at.timestamp, s.nonce: at.nonce}
}

// sign returns the signature of a call.
func (s signing) sign(req *http.Request, body []byte, parameters string, at stamp, secret string) string {
	text := s.text.fill(func(p piece) string {
		switch p.hole {
		case "method":
			return req.Method
		case "path":
			return req.URL.EscapedPath()
		case "query":
			return req.URL.RawQuery
		case "body":
			return string(body)
		case "body_sha256":
			sum := sha256.Sum256(body)
			return hex.EncodeToString(sum[:])
		case "parameters":
			return parameters
		case "timestamp":
			return at.timestamp
		case "nonce":
			return at.nonce
		case "key_id":
			return s.keyID
		}
		return ""
	})
	mac := hmac.New(digests[s.algorithm], []byte(secret))
	mac.Write([]byte(text))
	sum := mac.Sum(nil)
	switch s.encoding {
	case "base64":
		return base64.StdEncoding.EncodeToString(sum)
	case "HEX":
		return strings.ToUpper(hex.EncodeToString(sum))
	}
	return hex.EncodeToString(sum)
}

// joined writes all parameters of a call as name=value, sorted by name and joined
// by &, as they are and not as a URL has them. Those without a value, and lists
// and objects of a JSON body, are left out.
func joined(query, form url.Values, tree any) string {
	all := map[string]string{}
	for _, values := range []url.Values{query, form} {
		for name := range values {
			all[name] = values.Get(name)
		}
	}
	object, _ := tree.(map[string]any)
	for name, v := range object {
		switch v := v.(type) {
		case string:
			all[name] = v
		case json.Number, bool:
			all[name], _ = plain(v)
		}
	}
	var parts []string
	for name, value := range all {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}
