package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/staff"
	"hedui/internal/web"
)

// signInConfig is what a node demands of those who sign in to its console.
type signInConfig struct {
	Origin       string        `yaml:"origin"`
	SecondFactor string        `yaml:"second_factor"`
	Idle         time.Duration `yaml:"idle"`
	Absolute     time.Duration `yaml:"absolute"`
	StepUp       time.Duration `yaml:"step_up"`
	OIDC         *oidcConfig   `yaml:"oidc"`
}

type oidcConfig struct {
	Name       string `yaml:"name"`
	Issuer     string `yaml:"issuer"`
	ClientID   string `yaml:"client_id"`
	SecretFile string `yaml:"secret_file"`
	Claim      string `yaml:"claim"`
}

type tlsConfig struct {
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// The limits of what can be configured: nobody stays signed in for days, and
// nobody is asked all the time.
const (
	leastIdle, mostIdle         = time.Minute, 12 * time.Hour
	leastAbsolute, mostAbsolute = 10 * time.Minute, 24 * time.Hour
	leastStepUp, mostStepUp     = 30 * time.Second, 30 * time.Minute
)

// secondOptional is the word for a second proof that only those give who have one.
const secondOptional = "optional"

// door is how a node lets officers in, as its configuration says.
type door struct {
	origin string
	rules  staff.Rules
	office *staff.Provider
	tls    *tls.Config // nil: no TLS
	portal string      // bearer key of other portals; empty = none may ask
}

// orders says whose word commands need.
func (s *settings) orders() {
	switch s.config.Orders {
	case "", "signed_in":
	case ordersTrusted:
		s.ordersTrusted = true
	default:
		s.bad("orders", "problem.choice", "signed_in, "+ordersTrusted)
	}
}

// signIn reads what concerns the page: where it listens, its certificate, and who
// may come in how.
func (s *settings) signIn() {
	s.certificate()
	s.listenPage()
	c := &s.config.SignIn
	r := &s.door.rules
	switch c.SecondFactor {
	case "", "required":
	case secondOptional:
		r.Optional = true
	default:
		s.bad("sign_in.second_factor", "problem.choice", "required, "+secondOptional)
	}
	for _, d := range []struct {
		field       string
		is          time.Duration
		least, most time.Duration
		to          *time.Duration
	}{{"idle", c.Idle, leastIdle, mostIdle, &r.Idle}, {"absolute", c.Absolute, leastAbsolute, mostAbsolute, &r.Absolute}, {"step_up", c.StepUp, leastStepUp, mostStepUp, &r.StepUp}} {
		if *d.to = d.is; d.is != 0 && (d.is < d.least || d.is > d.most) {
			s.bad("sign_in."+d.field, "problem.config.between", d.least.String(), d.most.String())
		}
	}
	s.origin()
	s.oidc()
	s.portalKey()
}

// leastPortalKey is how long, in bytes, a key of other portals is at least.
const leastPortalKey = 32

func (s *settings) portalKey() {
	file := s.config.PortalKey
	if file == "" {
		return
	}
	key, err := os.ReadFile(s.beside(file))
	s.door.portal = strings.TrimSpace(string(key))
	if err != nil || len(s.door.portal) < leastPortalKey {
		s.bad("portal_key_file", "problem.config.file", file)
	}
}

func (s *settings) certificate() {
	t := s.config.TLS
	if t == nil {
		return
	}
	pair, err := tls.LoadX509KeyPair(s.beside(t.Certificate), s.beside(t.Key))
	if err != nil {
		s.bad("tls", "problem.config.tls")
		return
	}
	s.door.tls = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

// listenPage: without TLS the page is for this machine, or a proxy on it, alone.
func (s *settings) listenPage() {
	c := &s.config
	if c.Page == "" {
		return
	}
	host, _, err := net.SplitHostPort(c.Page)
	switch {
	case err != nil:
		s.bad("page", "problem.config.address")
	case !loopback(host) && c.TLS == nil:
		s.bad("page", "problem.config.loopback")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// origin is under which address browsers see the page.
func (s *settings) origin() {
	c := &s.config
	given := c.SignIn.Origin
	host, port, _ := net.SplitHostPort(c.Page)
	u, err := url.Parse(given)
	switch {
	case given == "" && c.Page != "" && !loopback(host):
		s.bad("sign_in.origin", "problem.empty")
	case given == "":
		scheme := "http"
		if c.TLS != nil {
			scheme = "https"
		}
		s.door.origin = scheme + "://" + net.JoinHostPort("localhost", cmp.Or(port, "0"))
	case err != nil, u.Host == "", u.User != nil, u.Path != "", u.RawQuery != "", u.Fragment != "", u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()) || c.TLS != nil):
		s.bad("sign_in.origin", "problem.config.origin")
	default:
		s.door.origin = given
	}
}

func (s *settings) oidc() {
	c := s.config.SignIn.OIDC
	if c == nil {
		return
	}
	for field, text := range map[string]string{"name": c.Name, "client_id": c.ClientID, "secret_file": c.SecretFile} {
		if strings.TrimSpace(text) == "" {
			s.bad("sign_in.oidc."+field, "problem.empty")
		}
	}
	if u, err := url.Parse(c.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		s.bad("sign_in.oidc.issuer", "problem.config.origin")
	}
	secret, err := os.ReadFile(s.beside(c.SecretFile))
	if c.SecretFile != "" && (err != nil || strings.TrimSpace(string(secret)) == "") {
		s.bad("sign_in.oidc.secret_file", "problem.config.file", c.SecretFile)
	}
	s.door.office = &staff.Provider{Name: c.Name, Issuer: c.Issuer, ClientID: c.ClientID, Secret: strings.TrimSpace(string(secret)), Claim: c.Claim}
}

// at is the origin of a page that is served by a listener; port 0 has become
// another one.
func (o door) at(l net.Listener) string {
	host, any := strings.CutSuffix(cmp.Or(o.origin, "http://localhost"), ":0")
	if !any || l == nil {
		return host
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return host + ":" + port
}

// openDoor makes the door of a node, seen at an origin. Who may come in says its
// configuration.
func (n *node) openDoor(origin string) (*staff.Door, error) {
	rules, now := n.door.rules, time.Now()
	for kind, to := range map[hedui.RetentionKind]*time.Duration{hedui.TryData: &rules.Tries, hedui.BrowserData: &rules.Browser} {
		if since := n.desk.KeptSince(kind, now); !since.IsZero() {
			*to = now.Sub(since)
		}
	}
	d := &staff.Door{DB: n.db, Node: n.name, Origin: origin, Rules: rules, Office: n.door.office, Now: time.Now,
		Officers: n.roster.Officer}
	return d, d.Prepare()
}

// servePages serves the console to officers who have signed in.
func servePages(ctx context.Context, l net.Listener, n *node) error {
	d, err := n.openDoor(n.door.at(l))
	if err != nil {
		return err
	}
	in := &web.SignIn{Door: d, Node: n.name, Secure: strings.HasPrefix(d.Origin, "https://")}
	s := &web.Server{Desk: n.desk, Log: n.logger(), Who: in.Who, SignIn: in, Roster: n.roster, Now: time.Now, Portal: n.door.portal}
	if n.masters != nil {
		s.Keys = n.keeper()
	}
	if n.peers != nil {
		s.Peers = n.peers
	}
	handler, err := s.Handler()
	if err != nil {
		return err
	}
	if n.door.tls != nil {
		l = tls.NewListener(l, n.door.tls)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(n.logger().Handler(), slog.LevelDebug)} // scanners and broken connections
	return serveUntil(ctx, server, l)
}

// pageAddress is the page as a person types it into a browser.
func (n *node) pageAddress(l net.Listener) string {
	if n.door.tls != nil {
		return n.door.at(l) + "/"
	}
	return "http://" + l.Addr().String() + "/"
}

// signInCommands are what an administrator does for those who cannot sign in.
type signInCommands struct {
	Enter signInEnterCommand `cmd:"" help:"Sign in for the commands that follow: asks for password and code, or reads them as lines."`
	Leave signInLeaveCommand `cmd:"" help:"Sign out again."`
	Reset signInResetCommand `cmd:"" help:"Give an officer a new initial password, printed once; their sessions end."`
}

type signInResetCommand struct {
	Officer string `arg:"" help:"Id of the officer, as in the configuration."`
	Factors bool   `help:"Take authenticator app, passkeys and recovery codes away too: the phone or the key is lost."`
	Config  string `help:"The node's configuration." default:"node.yaml" type:"path"`
	As      string `help:"Id of the officer who does this; needs the right grant_roles." default:"security"`
}

// resetArgs say whose sign-in is given anew.
type resetArgs struct {
	Officer string `json:"officer"`
	Factors bool   `json:"factors,omitempty"`
}

type resetAnswer struct {
	Initial string `json:"initial"`
}

// Run has the node make the password and prints it.
func (c *signInResetCommand) Run(ctx context.Context, s streams) error {
	args, err := json.Marshal(resetArgs{c.Officer, c.Factors})
	if err != nil {
		return err
	}
	var answer resetAnswer
	if err := ask(ctx, c.Config, order{Name: "sign-in/reset", As: c.As, Args: args}, &answer); err != nil {
		return err
	}
	s.say(s.out, "signin.reset", c.Officer, answer.Initial)
	return nil
}

func orderReset(ctx context.Context, n *node, o hedui.Officer, args resetArgs) (any, error) {
	d, err := n.commandDoor()
	if err != nil {
		return nil, err
	}
	initial, err := d.Reset(ctx, o, args.Officer, staff.Reset{Factors: args.Factors})
	return resetAnswer{initial}, err
}

// demoPasswords gives everybody in the demo a fresh password, the same at each
// node, and tells them once.
func (t *tiers) demoPasswords(ctx context.Context) error {
	doors := make([]*staff.Door, len(t.nodes))
	var ids []string
	for i, n := range t.nodes {
		var err error
		if doors[i], err = n.openDoor(n.door.at(n.page)); err != nil {
			return err
		}
		for _, o := range n.staff {
			if !slices.Contains(ids, o.ID) {
				ids = append(ids, o.ID)
			}
		}
	}
	t.say(t.account, "demo.sign_in")
	for _, id := range ids {
		made, err := doors[0].NewInitial(ctx)
		if err != nil {
			return err
		}
		for i, n := range t.nodes {
			if _, err := n.roster.Officer(ctx, id); err != nil {
				continue
			}
			if _, err := doors[i].Reset(ctx, security, id, staff.Reset{Settled: true, Initial: made}); err != nil {
				return fmt.Errorf("sign-in of the demo: %w", err)
			}
		}
		tableLine(t.account, fmt.Sprintf("%-14s", id), made.Text)
	}
	return nil
}
