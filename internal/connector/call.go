package connector

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
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
	now    func() time.Time
	tokens *tokens

	mu     sync.Mutex
	given  *http.Client // what client is made of
	client *http.Client // once the files of its certificates were read
}

func openDesk(cfg *Config, o Options) medium {
	return &desk{cfg: cfg, now: o.Now, tokens: newTokens(), given: o.Client}
}

// dial returns the client, made when the first call needs it: a file of a
// certificate that is not there yet makes calls fail, and not Hedui.
func (s *desk) dial() (*http.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		c, err := s.cfg.auth.identity.identify(guarded(s.given))
		if err != nil {
			return nil, err
		}
		s.client = c
	}
	return s.client, nil
}

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

// carry makes one call, and a second one where the token of the first is refused.
func (s *desk) carry(ctx context.Context, queries []source.Query, fetch bool) (reply, *source.Unavailable) {
	return s.page(ctx, queries, fetch, s.cfg.reading.pages.mark())
}

// page is carry for one page of a list.
func (s *desk) page(ctx context.Context, queries []source.Query, fetch bool, mark string) (reply, *source.Unavailable) {
	o := call{spec: s.cfg.request, queries: queries, page: mark, now: s.now()}
	if fetch {
		o.spec = s.cfg.reading.later.fetch
	}
	client, err := s.dial()
	if err != nil {
		return reply{}, &source.Unavailable{Reason: source.ReasonCredentials, Err: s.cfg.oops("a certificate or its key cannot be read from its file")}
	}
	secret, err := s.cfg.auth.reveal()
	if err != nil {
		return reply{}, &source.Unavailable{Reason: source.ReasonCredentials, Err: s.cfg.oops("the secret cannot be read from its file")}
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.info.Limits.Timeout)
	defer cancel()
	if s.cfg.auth.kind != "oauth2" {
		o.secret = secret
		return s.once(ctx, client, o, fetch)
	}
	for again := true; ; again = false {
		token, err := s.tokens.take(ctx, s.now(), func() (string, time.Duration, error) { return s.fetchToken(ctx, client, secret) })
		if err != nil {
			return reply{}, s.noToken(ctx, err)
		}
		o.secret = token
		r, down := s.once(ctx, client, o, fetch)
		if down != nil || r.code != http.StatusUnauthorized {
			return r, down
		}
		s.tokens.drop(ctx, token)
		if !again {
			return r, nil
		}
	}
}

// once makes one call. What goes wrong below HTTP is told without the address,
// which may hold parameters, and without what was received.
func (s *desk) once(ctx context.Context, client *http.Client, o call, fetch bool) (reply, *source.Unavailable) {
	req, err := s.cfg.build(ctx, o)
	if err != nil {
		return reply{}, &source.Unavailable{Reason: source.ReasonMalformed, Err: s.cfg.oops("the call cannot be built from the mapping")}
	}
	res, err := client.Do(req)
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
	if m, ok := s.medium.(interface{ reach(context.Context) error }); ok {
		return m.reach(ctx)
	}
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
