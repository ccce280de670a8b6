package connector

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"hedui/source"
)

// maxBody is more than any department sends about a batch.
const maxBody = 8 << 20

// oops makes an error for the operator: the source and what happened.
func (c *Config) oops(say string) error { return fmt.Errorf("%s: %s", c.info.Name, say) }

// desk is a department's interface over HTTP.
type desk struct {
	cfg    *Config
	client *http.Client
	now    func() time.Time
}

func openDesk(cfg *Config, o Options) medium { return &desk{cfg, guarded(o.Client), o.Now} }

// guarded returns a copy of the client that follows no redirect, keeps no
// cookies and speaks TLS 1.3 only.
func guarded(c *http.Client) *http.Client {
	safe := &http.Client{}
	if c != nil {
		*safe = *c
	}
	safe.Jar = nil
	safe.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	transport, ours := safe.Transport.(*http.Transport)
	switch {
	case ours:
		transport = transport.Clone()
	case safe.Transport == nil:
		transport = &http.Transport{MaxIdleConnsPerHost: maxConcurrency, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true}
	default:
		return safe
	}
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS13}
	}
	transport.TLSClientConfig.MinVersion = max(transport.TLSClientConfig.MinVersion, tls.VersionTLS13)
	safe.Transport = transport
	return safe
}

// carry makes one call. What goes wrong below HTTP is told without the address,
// which may hold parameters, and without what was received.
func (s *desk) carry(ctx context.Context, queries []source.Query, fetch bool) (reply, *source.Unavailable) {
	spec := s.cfg.request
	if fetch {
		spec = s.cfg.reading.later.fetch
	}
	secret, err := s.cfg.auth.reveal()
	if err != nil {
		return reply{}, &source.Unavailable{Reason: source.ReasonCredentials, Err: s.cfg.oops("the secret cannot be read from its file")}
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.info.Limits.Timeout)
	defer cancel()
	req, err := s.cfg.build(ctx, spec, queries, secret, s.now())
	if err != nil {
		return reply{}, &source.Unavailable{Reason: source.ReasonMalformed, Err: s.cfg.oops("the call cannot be built from the mapping")}
	}
	res, err := s.client.Do(req)
	if err != nil {
		return reply{}, s.cfg.broken(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode < http.StatusOK { // the body of a switched protocol never ends and heeds no context
		return reply{}, &source.Unavailable{Reason: source.ReasonMalformed, Err: s.cfg.oops("the department switches protocols instead of answering")}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return reply{}, s.cfg.broken(ctx, err)
	}
	return reply{code: res.StatusCode, header: res.Header, body: body, at: s.now(), fetch: fetch}, nil
}

// build writes the request.
func (c *Config) build(ctx context.Context, spec request, queries []source.Query, secret string, now time.Time) (*http.Request, error) {
	common := personal(queries[0], "")
	joined := ""
	value := func(p piece) string {
		switch p.hole {
		case "now":
			return p.layout.write(now)
		case "secret":
			return secret
		case "persons":
			return joined
		}
		return common(p)
	}
	rows := make([]any, 0, len(queries))
	if spec.each != nil {
		var texts []string
		for i, q := range queries {
			row := fillTree(spec.each, personal(q, strconv.Itoa(i+1)), nil)
			rows = append(rows, row)
			if text, ok := row.(string); ok {
				texts = append(texts, text)
			}
		}
		joined = strings.Join(texts, spec.join)
	}
	query, form := fillAll(spec.query, value), fillAll(spec.form, value)
	tree := fillTree(spec.json, value, func() any { return rows })
	c.parameter(spec, query, form, tree, secret)
	address := spec.url.fill(value)
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, spec.method, address, nil)
	if err != nil {
		return nil, err
	}
	switch {
	case spec.json != nil:
		setBody(req, encode(tree), "application/json")
	case len(form) > 0:
		setBody(req, []byte(form.Encode()), "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "hedui")
	for name, t := range spec.headers {
		req.Header.Set(name, t.fill(value))
	}
	c.auth.set(req, secret)
	return req, nil
}

func setBody(req *http.Request, body []byte, kind string) {
	req.Body = io.NopCloser(bytes.NewReader(body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.ContentLength = int64(len(body))
	req.Header.Set("Content-Type", kind)
}

func fillAll(templates map[string]template, value func(piece) string) url.Values {
	all := url.Values{}
	for name, t := range templates {
		all.Set(name, t.fill(value))
	}
	return all
}

// parameter puts the secret of kind parameter where the call has parameters.
func (c *Config) parameter(spec request, query, form url.Values, tree any, secret string) {
	if c.auth.kind != "parameter" {
		return
	}
	object, json := tree.(map[string]any)
	switch {
	case json:
		object[c.auth.name] = secret
	case spec.form != nil:
		form.Set(c.auth.name, secret)
	default:
		query.Set(c.auth.name, secret)
	}
}

// reveal returns the secret, read anew each time so that it can be exchanged
// while Hedui runs.
func (a auth) reveal() (string, error) {
	if a.secretFile == "" {
		return a.secret, nil
	}
	text, err := os.ReadFile(a.secretFile)
	secret := strings.TrimSpace(string(text))
	if err == nil && secret == "" {
		err = errors.New("empty")
	}
	return secret, err
}

func (a auth) set(req *http.Request, secret string) {
	switch a.kind {
	case "header":
		req.Header.Set(a.name, secret)
	case "bearer":
		req.Header.Set("Authorization", "Bearer "+secret)
	case "basic":
		req.SetBasicAuth(a.user, secret)
	}
}

// broken tells an error of the connection apart. Texts of net/http may quote
// the address or the answer, so none is passed on.
func (c *Config) broken(ctx context.Context, err error) *source.Unavailable {
	var timeout net.Error
	var dial *net.OpError
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	switch {
	case ctx.Err() != nil:
		return &source.Unavailable{Reason: source.ReasonSlow, Err: fmt.Errorf("%s: no answer in time: %w", c.info.Name, ctx.Err())}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &source.Unavailable{Reason: source.ReasonSlow, Err: c.oops("no answer in time")}
	case errors.As(err, &verify), errors.As(err, &authority):
		return &source.Unavailable{Reason: source.ReasonDown, Err: c.oops(untrusted(err))}
	case errors.As(err, &record):
		return &source.Unavailable{Reason: source.ReasonDown, Err: c.oops("the department does not speak TLS at this address")}
	case errors.As(err, &dial) && dial.Op == "dial":
		return &source.Unavailable{Reason: source.ReasonDown, Err: c.oops(noConnection(err))}
	case errors.As(err, &dial) && dial.Op == "remote error":
		return &source.Unavailable{Reason: source.ReasonDown, Err: c.oops("the department refuses TLS 1.3")}
	}
	return &source.Unavailable{Reason: source.ReasonDown, Err: c.oops("the connection broke")}
}

// retryAfter reads the header of the same name: seconds or a time.
func retryAfter(r reply) time.Duration {
	text := strings.TrimSpace(r.header.Get("Retry-After"))
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		wait = time.Duration(min(seconds, 86400)) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(r.at)
	}
	return min(max(wait, 0), 24*time.Hour)
}

// Reach opens a connection to the department and closes it again: it says whether
// somebody listens there, and asks nothing.
func (s *site) Reach(ctx context.Context) error {
	u, err := url.Parse(s.cfg.request.url.base)
	if err != nil {
		return s.cfg.oops("address of the department")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.info.Limits.WithDefaults().Timeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return fmt.Errorf("%s: not reached: %w", s.cfg.info.Name, err)
	}
	return conn.Close()
}
