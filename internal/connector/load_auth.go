package connector

import (
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// authKeys says which keys each kind needs besides the secret, and authOptions
// which it may have.
var (
	authKeys = map[string][]string{
		"none": nil, "placeholder": nil, "bearer": nil, "wss": nil,
		"header": {"name"}, "parameter": {"name"}, "basic": {"user"},
		"oauth2": {"token_url", "client_id"}, "hmac": {"text", "signature"},
	}
	authOptions = map[string][]string{
		"oauth2": {"scope", "client_auth"},
		"hmac":   {"algorithm", "encoding", "key_id", "key", "timestamp", "nonce"},
	}
	authKinds = []string{"none", "header", "parameter", "placeholder", "basic", "bearer", "wss", "oauth2", "hmac"}
)

func (l *loader) auth(o object) {
	l.cfg.auth.kind = "none"
	p, ok := o.get("auth")
	if !ok {
		return
	}
	known := []string{"kind", "secret", "secret_file"}
	for _, keys := range []map[string][]string{authKeys, authOptions} {
		for _, kind := range slices.Sorted(maps.Keys(keys)) {
			known = append(known, keys[kind]...)
		}
	}
	a := l.object(p, known...)
	l.cfg.auth.kind = l.word(a, "kind", authKinds...)
	l.authFits(a)
	l.cfg.auth.name = l.authText(a, "name")
	l.cfg.auth.user = l.authText(a, "user")
	if l.cfg.auth.kind == "header" && l.cfg.auth.name != "" && !headerForm.MatchString(l.cfg.auth.name) {
		l.bad(a.values["name"], "is no name of an HTTP header, such as X-App-Key")
	}
	switch l.cfg.auth.kind {
	case "oauth2":
		l.grant(a)
	case "hmac":
		l.signing(a)
	}
	l.secret(a)
}

// authFits looks whether the keys are those of the kind.
func (l *loader) authFits(a object) {
	kind := l.cfg.auth.kind
	wanted := authKeys[kind]
	for _, key := range wanted {
		if _, given := a.get(key); !given && a.keys != nil {
			l.bad(a.place, "%s is missing; kind %s needs it", key, kind)
		}
	}
	for _, key := range a.keys {
		if !slices.Contains([]string{"kind", "secret", "secret_file"}, key) && !slices.Contains(wanted, key) && !slices.Contains(authOptions[kind], key) {
			l.bad(a.values[key], "has no use with kind %s; take it out", kind)
		}
	}
}

func (l *loader) authText(a object, key string) string {
	if p, given := a.get(key); given {
		s, _ := l.text(p)
		return s
	}
	return ""
}

// secret never quotes what it reads.
func (l *loader) secret(a object) {
	inline, given := a.get("secret")
	file, filed := a.get("secret_file")
	switch {
	case l.cfg.auth.kind == "none" && (given || filed):
		l.bad(a.place, "a secret has no use with kind none; set kind or take the secret out")
	case l.cfg.auth.kind == "none":
	case given == filed:
		l.bad(a.place, "exactly one of secret_file and secret must be there; secret is for demonstrations only")
	case given:
		l.cfg.auth.secret, _ = l.text(inline)
	default:
		l.cfg.auth.secretFile = l.absolute(file, "/etc/hedui/housing-fund.key")
	}
}

// absolute reads the path of a file.
func (l *loader) absolute(p place, example string) string {
	path, ok := l.text(p)
	if ok && !filepath.IsAbs(path) {
		l.bad(p, "must be an absolute path, such as %s", example)
	}
	return path
}

// grant reads how a token is fetched.
func (l *loader) grant(a object) {
	g := grant{client: l.authText(a, "client_id"), scopes: strings.Fields(l.authText(a, "scope"))}
	g.inBody = l.word(a, "client_auth", "basic", "body") == "body"
	if p, ok := a.get("token_url"); ok {
		s, _ := l.text(p)
		u, err := url.Parse(s)
		switch {
		case s == "":
		case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(s, "{}?#"):
			l.bad(p, "is no address; write it like https://host.example/oauth/token, without placeholders, parameters and user")
		case unsafeURL(u) != "":
			l.bad(p, "%s", unsafeURL(u))
		default:
			g.tokenURL, g.path = s, template{{text: u.EscapedPath()}}
		}
	}
	l.cfg.auth.grant = g
}

// signing reads how calls are signed.
func (l *loader) signing(a object) {
	s := signing{
		algorithm: l.word(a, "algorithm", "hmac-sha256", "hmac-sha1", "hmac-md5"),
		encoding:  l.word(a, "encoding", "hex", "HEX", "base64"),
		keyID:     l.authText(a, "key_id"),
		layout:    layoutMillis,
		key:       l.spot(a, "key", nil),
		nonce:     l.spot(a, "nonce", nil),
		signature: l.spot(a, "signature", nil),
	}
	s.timestamp = l.spot(a, "timestamp", &s.layout)
	if p, ok := a.get("text"); ok {
		text, _ := l.text(p)
		t, err := parseTemplateOf(text, signHoles)
		if err != nil {
			l.bad(p, "%v", err)
		}
		s.text = t
		l.checkSigning(p, s)
	}
	if (s.keyID == "") != !s.key.given() {
		l.bad(a.place, "key_id and key belong together: what the key is called, and where that goes")
	}
	l.cfg.auth.signing = s
}

// checkSigning looks whether the department can make the same text.
func (l *loader) checkSigning(p place, s signing) {
	for hole, at := range map[string]spot{"timestamp": s.timestamp, "nonce": s.nonce} {
		if s.text.has(hole) && !at.given() {
			l.bad(p, "{%s} is signed and not sent; say under %s where it goes", hole, hole)
		}
	}
	taken := map[spot]bool{}
	for _, at := range []spot{s.key, s.timestamp, s.nonce, s.signature} {
		if at.given() && taken[at] {
			l.bad(p, "two values go to one header or parameter; each of key, timestamp, nonce and signature needs its own")
		}
		taken[at] = true
	}
	if s.text.has("key_id") && s.keyID == "" {
		l.bad(p, "{key_id} is signed, and key_id is missing")
	}
	if !s.text.has("body", "body_sha256", "parameters", "query", "path") {
		l.bad(p, "nothing of the call is signed; put {body_sha256}, {parameters} or another part of it into the text")
	}
}

// spot reads where a value goes, with a layout where it may have one.
func (l *loader) spot(a object, key string, as *layout) spot {
	p, ok := a.get(key)
	if !ok {
		return spot{}
	}
	known := []string{"header", "parameter"}
	if as != nil {
		known = append(known, "format")
	}
	before := len(l.problems)
	in := l.object(p, known...)
	var s spot
	if h, ok := in.get("header"); ok {
		if s.header, ok = l.text(h); ok && !headerForm.MatchString(s.header) {
			l.bad(h, "is no name of an HTTP header, such as X-Signature")
		}
	}
	if h, ok := in.get("parameter"); ok {
		s.parameter, _ = l.text(h)
	}
	if (s.header == "") == (s.parameter == "") && len(l.problems) == before {
		l.bad(p, "exactly one of header and parameter must be there")
	}
	if f, ok := in.get("format"); ok {
		if all := l.layouts(f); len(all) == 1 {
			*as = all[0]
		}
	}
	return s
}

// tls reads the files of certificates.
func (l *loader) tls(o object) {
	p, ok := o.get("tls")
	if !ok {
		return
	}
	in := l.object(p, "certificate_file", "key_file", "ca_file")
	i := &l.cfg.auth.identity
	for key, to := range map[string]*string{"certificate_file": &i.certificateFile, "key_file": &i.keyFile, "ca_file": &i.caFile} {
		if file, ok := in.get(key); ok {
			*to = l.absolute(file, "/etc/hedui/"+strings.TrimSuffix(key, "_file")+".pem")
		}
	}
	_, certificate := in.get("certificate_file")
	_, key := in.get("key_file")
	if certificate != key {
		l.bad(p, "certificate_file and key_file belong together")
	}
}
