package connector

import (
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // WS-Security knows no other digest
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"hedui/source"
)

// envelope is how a body of XML is wrapped.
type envelope struct {
	version  string // 1.1 or 1.2
	action   string
	security bool // with a user name token of WS-Security
	user     string
	digest   bool // the token holds a digest instead of the secret
}

const (
	securitySpace = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
	utilitySpace  = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	tokenProfile  = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#"
	base64Binary  = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
)

func (e *envelope) space() string {
	if e.version == "1.2" {
		return soap12Space
	}
	return soap11Space
}

// wrap writes the envelope around a body.
func (e *envelope) wrap(body, secret string, now time.Time) string {
	var b strings.Builder
	b.WriteString(`<soap:Envelope xmlns:soap="` + e.space() + `">`)
	if e.security {
		b.WriteString("<soap:Header>" + e.token(secret, now) + "</soap:Header>")
	}
	b.WriteString("<soap:Body>" + body + "</soap:Body></soap:Envelope>")
	return b.String()
}

// token writes the user name token. Nonce and time stand in it with a plain
// secret too: departments that want them refuse a token without.
func (e *envelope) token(secret string, now time.Time) string {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	created := now.UTC().Format("2006-01-02T15:04:05.000Z")
	kind := "PasswordText"
	if e.digest {
		kind, secret = "PasswordDigest", digest(nonce, created, secret)
	}
	return `<wsse:Security soap:mustUnderstand="1" xmlns:wsse="` + securitySpace + `" xmlns:wsu="` + utilitySpace + `"><wsse:UsernameToken>` +
		"<wsse:Username>" + escapeXML(e.user) + "</wsse:Username>" +
		`<wsse:Password Type="` + tokenProfile + kind + `">` + escapeXML(secret) + "</wsse:Password>" +
		`<wsse:Nonce EncodingType="` + base64Binary + `">` + base64.StdEncoding.EncodeToString(nonce) + "</wsse:Nonce>" +
		"<wsu:Created>" + created + "</wsu:Created></wsse:UsernameToken></wsse:Security>"
}

// digest is Base64(SHA-1(nonce + created + secret)), UsernameToken Profile 1.0 § 3.1.
func digest(nonce []byte, created, secret string) string {
	sum := sha1.Sum([]byte(string(nonce) + created + secret)) //nolint:gosec // as above
	return base64.StdEncoding.EncodeToString(sum[:])
}

// set writes the headers by which the department knows what is asked.
func (e *envelope) set(req *http.Request, charset string) {
	if e.version == "1.2" {
		kind := map[string]string{"charset": charset}
		if e.action != "" {
			kind["action"] = e.action
		}
		req.Header.Set("Content-Type", mime.FormatMediaType("application/soap+xml", kind))
		return
	}
	req.Header.Set("Content-Type", "text/xml; charset="+charset)
	req.Header["SOAPAction"] = []string{`"` + e.action + `"`} // old servers want it in these letters
}

var errEnvelope = errors.New("the answer is no SOAP envelope")

// parseEnvelope reads an envelope of either version and returns what its body
// holds, an object with the names of its elements.
func parseEnvelope(text []byte) (any, error) {
	tree, err := parseXML(text)
	if err != nil {
		return nil, err
	}
	top, _ := tree.(map[string]any)
	inside, ok := top["Envelope"].(map[string]any)
	if !ok {
		return nil, errEnvelope
	}
	switch body := inside["Body"].(type) {
	case map[string]any:
		unprefix(body["Fault"])
		return body, nil
	case string:
		return map[string]any{}, nil // an empty body: every path leads nowhere
	}
	return nil, errEnvelope
}

// unprefix cuts the prefix off the codes of a fault: it is the department's own
// abbreviation and changes with its software.
func unprefix(fault any) {
	f, _ := fault.(map[string]any)
	cut := func(in map[string]any, key string) {
		if code, ok := in[key].(string); ok {
			in[key] = strings.TrimFunc(code[strings.LastIndexByte(code, ':')+1:], blankRune)
		}
	}
	cut(f, "faultcode")
	for code, _ := f["Code"].(map[string]any); code != nil; code, _ = code["Subcode"].(map[string]any) {
		cut(code, "Value")
	}
}

// atFault reports whether p leads into the fault of an envelope.
func (p path) atFault() bool { return len(p.steps) > 0 && p.base != '^' && p.steps[0].name == "Fault" }

// faultMeaning says what a SOAP fault means: the codes that the file lists for
// it, else those of SOAP and WS-Security. A fault is never "ok" and never "none"
// by itself.
func (r *reading) faultMeaning(s scope) (meaning, string) {
	const say = "the answer is a SOAP fault"
	for _, st := range r.status {
		if !st.fault {
			continue
		}
		v, _ := st.at.find(s)
		text, _ := plain(v)
		if m, listed := st.codes[text]; listed {
			return m, say
		}
		if text != "" && st.other != failed(source.ReasonUnknownCode) {
			return st.other, say
		}
	}
	for _, at := range faultCodes {
		v, _ := at.find(s)
		text, _ := plain(v)
		switch text {
		case "FailedAuthentication", "FailedCheck", "InvalidSecurity", "InvalidSecurityToken", "SecurityTokenUnavailable",
			"UnsupportedSecurityToken", "UnsupportedAlgorithm", "MessageExpired":
			return meaning{"credentials", source.ReasonCredentials}, say + " about the user name token"
		case "Client", "Sender", "VersionMismatch", "MustUnderstand", "DataEncodingUnknown":
			return failed(source.ReasonMalformed), say + ": the department does not understand the call"
		}
	}
	return meaning{"down", source.ReasonDown}, say
}

// faultCodes are where the code of a fault stands, the finer ones first.
var faultCodes = []path{
	{'$', []step{{"Fault", ""}, {"Code", ""}, {"Subcode", ""}, {"Value", ""}}},
	{'$', []step{{"Fault", ""}, {"Code", ""}, {"Value", ""}}},
	{'$', []step{{"Fault", ""}, {"faultcode", ""}}},
}

// faulty reports whether the tree of an envelope holds a fault.
func (r *reading) faulty(top any) bool {
	body, _ := top.(map[string]any)
	_, is := body["Fault"]
	return r.soap && is
}

// mayFault reports whether a fault stands in an answer of this HTTP status, for
// which the file lists nothing: SOAP sends faults with 500, or with 400 where the
// call is to blame.
func (r *reading) mayFault(code int) bool {
	return r.soap && (code == http.StatusInternalServerError || code == http.StatusBadRequest)
}
