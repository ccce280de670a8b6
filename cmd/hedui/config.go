package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"hedui/catalog"
	"hedui/day"
	"hedui/exchange"
	"hedui/internal/connector"
	"hedui/internal/hedui"
	"hedui/internal/report"
	"hedui/internal/rule/book"
	"hedui/internal/store"
	"hedui/region"
	"hedui/seal"
	"hedui/source"
)

// config is node.yaml: everything a node is told. Paths in it are relative to
// the file. docs/node-file.md explains every key.
type config struct {
	Node         string            `yaml:"node"`
	Division     string            `yaml:"division"`
	Level        string            `yaml:"level"`
	Issuer       string            `yaml:"issuer"`
	Layout       report.Layout     `yaml:"report_layout"`
	Database     string            `yaml:"database"`
	DatabaseFile string            `yaml:"database_file"`
	Keys         string            `yaml:"keys"`
	Page         string            `yaml:"page"`
	Exchange     string            `yaml:"exchange"`
	Parent       *parentConfig     `yaml:"parent"`
	Links        map[string]string `yaml:"links"` // suites of the links to nodes below; others have the node's
	Registers    []registerConfig  `yaml:"registers"`
	Deadlines    string            `yaml:"deadlines"`
	Retention    string            `yaml:"retention"`
	Letters      string            `yaml:"letters"`
	Rules        string            `yaml:"rules"`
	Officers     []officerConfig   `yaml:"officers"`
	TLS          *tlsConfig        `yaml:"tls"`
	SignIn       signInConfig      `yaml:"sign_in"`
	Orders       string            `yaml:"orders"`          // signed_in or trusted, docs/sign-in.md
	Suite        string            `yaml:"suite"`           // of cryptography: intl or gm, docs/suites.md
	KeyHelper    *helperConfig     `yaml:"key_helper"`      // a device that wraps the master keys, docs/keys.md
	PortalKey    string            `yaml:"portal_key_file"` // of other government portals, docs/mirror.md
}

type parentConfig struct {
	Node string   `yaml:"node"`
	URLs []string `yaml:"urls"`

	Suite string `yaml:"suite"` // of the link; empty = the node's
}

type registerConfig struct {
	Source     string   `yaml:"source"`
	Node       string   `yaml:"node"`
	Categories []string `yaml:"categories"`
	Scope      string   `yaml:"scope"`
	Below      string   `yaml:"below"`
	From       day.Day  `yaml:"from"`
	Until      day.Day  `yaml:"until"`
}

type officerConfig struct {
	ID         string              `yaml:"id"`
	Name       string              `yaml:"name"`
	Office     string              `yaml:"office"`
	Division   string              `yaml:"division"`
	Roles      []hedui.OfficerRole `yaml:"roles"`
	Programmes []hedui.Programme   `yaml:"programmes"` // none = all
	Sources    []string            `yaml:"sources"`    // for which the officer answers by hand
}

// settings reads the configuration of a node and whatever it names. Every problem
// comes back at once, with the key it stands in.
type settings struct {
	nodeOptions
	config   config
	path     string
	problems []hedui.Problem
}

func (s *settings) bad(field, key string, args ...string) {
	s.problems = append(s.problems, hedui.Problem{Field: field, Say: hedui.Say(key, args...)})
}

// readSettings reads a configuration file.
func readSettings(path string, log *slog.Logger) (*settings, error) {
	s := &settings{path: path}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.config.unreadable", path), err)
	}
	if err := yaml.UnmarshalWithOptions(text, &s.config, yaml.Strict()); err != nil {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.config.yaml", path), errors.New(yaml.FormatError(err, false, false)))
	}
	s.about()
	s.places()
	s.keyHelper()
	s.signIn()
	s.orders()
	s.parent()
	s.registers(log)
	s.officers()
	if err := hedui.Problems(s.problems); err != nil {
		var e *hedui.Error
		if errors.As(err, &e) {
			e.Say = hedui.Say("error.config", path, strconv.Itoa(len(s.problems)))
		}
		return nil, err
	}
	return s, nil
}

func (s *settings) about() {
	c := &s.config
	if err := exchange.CheckName(c.Node); err != nil {
		s.bad("node", "problem.config.name")
	}
	rows := region.History(c.Division) // a node outlives its division, to hand over its cases
	switch {
	case len(rows) == 0:
		s.bad("division", "problem.division.unknown")
	case c.Level == "":
		c.Level = string(rows[len(rows)-1].Kind)
	case c.Level != string(rows[len(rows)-1].Kind):
		s.bad("level", "problem.config.level", string(rows[len(rows)-1].Kind))
	}
	if strings.TrimSpace(c.Issuer) == "" {
		s.bad("issuer", "problem.empty")
	}
	if !c.Layout.Valid() {
		s.bad("report_layout", "problem.choice", string(report.CertificateLayout))
	}
	var err error
	if s.suite, err = seal.ParseSuite(c.Suite); err != nil {
		s.bad("suite", "problem.choice", string(seal.Intl)+", "+string(seal.GM))
	}
	s.layout = c.Layout
	s.name, s.division, s.level, s.issuer = c.Node, c.Division, region.Kind(c.Level), c.Issuer
}

// beside is a path of the configuration, from the file's own directory.
func (s *settings) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(s.path), path)
}

// places are the node's own files and addresses.
func (s *settings) places() {
	c := &s.config
	s.dir = filepath.Dir(s.path)
	s.keys = s.beside(cmp.Or(c.Keys, "keys"))
	switch {
	case c.Database != "" && c.DatabaseFile != "":
		s.bad("database", "problem.config.two", "database_file")
	case c.DatabaseFile != "":
		text, err := os.ReadFile(s.beside(c.DatabaseFile))
		if s.database = strings.TrimSpace(string(text)); err != nil || checkDatabase(s.database) != nil || s.database == "" {
			s.bad("database_file", "problem.config.database")
		} else if !store.SafelyReached(s.database) {
			s.bad("database_file", "problem.config.database_tls")
		}
	case strings.Contains(c.Database, "://"):
		if s.database = c.Database; checkDatabase(s.database) != nil {
			s.bad("database", "problem.config.database")
		} else if !store.SafelyReached(s.database) {
			s.bad("database", "problem.config.database_tls")
		}
	default:
		s.file = s.beside(cmp.Or(c.Database, "hedui.db"))
	}
	if c.Exchange != "" {
		if _, _, err := net.SplitHostPort(c.Exchange); err != nil {
			s.bad("exchange", "problem.config.address")
		}
	}
	s.page, s.listen = c.Page, c.Exchange
	if c.Deadlines != "" {
		text, err := os.ReadFile(s.beside(c.Deadlines))
		if err == nil {
			s.deadlines, err = hedui.ReadDeadlines(text)
		}
		if err != nil {
			s.bad("deadlines", "problem.config.file", c.Deadlines)
		}
	}
	if c.Retention != "" {
		text, err := os.ReadFile(s.beside(c.Retention))
		if err == nil {
			s.retention, err = hedui.ReadRetention(text)
		}
		if err != nil {
			s.bad("retention", "problem.config.retention", c.Retention, err.Error())
		}
	}
	if c.Letters != "" {
		text, err := os.ReadFile(s.beside(c.Letters))
		if err == nil {
			s.letters, err = hedui.ReadLetters(text)
		}
		if err != nil {
			s.bad("letters", "problem.config.file", c.Letters)
		}
	}
	if c.Rules != "" {
		library, err := book.Read(os.DirFS(s.beside(c.Rules)))
		if err == nil {
			err = library.Check()
		}
		if s.rules = library; err != nil {
			s.bad("rules", "problem.config.rules", c.Rules)
		}
	}
}

// suiteOf reads the suite of a link to a node.
func (s *settings) suiteOf(field, node, name string) {
	suite, err := seal.ParseSuite(name)
	if err != nil || name == "" {
		s.bad(field, "problem.choice", string(seal.Intl)+", "+string(seal.GM))
	}
	if s.links == nil {
		s.links = map[string]seal.Suite{}
	}
	s.links[node] = suite
}

func (s *settings) parent() {
	for _, node := range slices.Sorted(maps.Keys(s.config.Links)) {
		field := "links." + node
		if exchange.CheckName(node) != nil || node == s.config.Node {
			s.bad(field, "problem.config.name")
		}
		if s.config.Parent != nil && node == s.config.Parent.Node {
			s.bad(field, "problem.config.two", "parent.suite")
		}
		s.suiteOf(field, node, s.config.Links[node])
	}
	p := s.config.Parent
	if p == nil {
		return
	}
	if exchange.CheckName(p.Node) != nil || p.Node == s.config.Node {
		s.bad("parent.node", "problem.config.name")
	}
	if len(p.URLs) == 0 {
		s.bad("parent.urls", "problem.empty")
	}
	for i, address := range p.URLs {
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			s.bad("parent.urls["+strconv.Itoa(i)+"]", "problem.config.url")
		}
	}
	if p.Suite != "" {
		s.suiteOf("parent.suite", p.Node, p.Suite)
	}
	s.parentName, s.urls = p.Node, p.URLs
}

// registersOf reads the table of registers and the source files it names.
func (s *settings) registers(log *slog.Logger) {
	loaded := map[string]source.Info{}
	for i, r := range s.config.Registers {
		at := "registers[" + strconv.Itoa(i) + "]"
		line := hedui.Register{Scope: r.Scope, From: r.From, Until: r.Until}
		codes := s.categories(at, r.Categories)
		var info source.Info
		switch {
		case (r.Source == "") == (r.Node == ""):
			s.bad(at, "problem.config.register.who")
		case r.Source != "":
			var ok bool
			if info, ok = loaded[r.Source]; !ok {
				if info, ok = s.join(at, r.Source, log); !ok {
					continue
				}
				loaded[r.Source] = info
			}
			if len(codes) == 0 {
				codes = info.Categories
			}
		case exchange.CheckName(r.Node) != nil || r.Node == s.config.Node:
			s.bad(at+".node", "problem.config.name")
		default:
			line.Source = hedui.AtNode(r.Node)
			if len(r.Categories) == 0 {
				s.bad(at+".categories", "problem.empty")
			}
		}
		s.scope(at, r, &line)
		for _, code := range codes {
			line.Category = code
			if r.Source == "" {
				s.table = append(s.table, line)
				continue
			}
			s.table = append(s.table, line.Kept(info)...)
		}
	}
}

func (s *settings) scope(at string, r registerConfig, line *hedui.Register) {
	field, code := at+".scope", r.Scope
	if r.Below != "" {
		field, code, line.Below, line.Scope = at+".below", r.Below, true, r.Below
	}
	switch {
	case (r.Scope == "") == (r.Below == ""):
		s.bad(at, "problem.config.register.scope")
	case len(region.History(code)) == 0:
		s.bad(field, "problem.division.unknown")
	}
	if !r.From.IsZero() && !r.Until.IsZero() && !r.From.Before(r.Until) {
		s.bad(at+".until", "problem.config.register.order")
	}
}

func (s *settings) categories(at string, words []string) []catalog.Code {
	var codes []catalog.Code
	for j, w := range words {
		code := catalog.Code(w)
		if _, ok := catalog.Get(code); !ok {
			var all []string
			for _, c := range catalog.All() {
				all = append(all, string(c.Code))
			}
			s.bad(at+".categories["+strconv.Itoa(j)+"]", "problem.choice", strings.Join(all, ", "))
		}
		codes = append(codes, code)
	}
	return codes
}

// join reads one source file.
func (s *settings) join(at, path string, log *slog.Logger) (source.Info, bool) {
	text, err := os.ReadFile(s.beside(path))
	if err != nil {
		s.bad(at+".source", "problem.config.file", path)
		return source.Info{}, false
	}
	cfg, err := connector.Load(path, text)
	if err != nil {
		s.bad(at+".source", "problem.config.source", err.Error())
		return source.Info{}, false
	}
	joined := connector.New(cfg, connector.Options{Now: time.Now, Log: log})
	s.sources = append(s.sources, joined)
	if s.files == nil {
		s.files = map[string]string{}
	}
	s.files[joined.Info().Name] = s.beside(path)
	return joined.Info(), true
}

// closeSources ends what the sources keep open to their departments.
func (o nodeOptions) closeSources() error {
	var errs []error
	for _, src := range o.sources {
		if c, ok := src.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// officers are those whom the first start takes into the roster.
func (s *settings) officers() {
	today := day.Of(time.Now())
	for i, o := range s.config.Officers {
		at := "officers[" + strconv.Itoa(i) + "]."
		m := hedui.StaffMember{ID: o.ID, Name: o.Name, Office: cmp.Or(o.Office, s.config.Issuer), Division: cmp.Or(o.Division, s.config.Division),
			State: hedui.OfficerActive, Roles: o.Roles, Programmes: o.Programmes, Sources: s.answersFor(at, o)}
		problems, err := m.Check(today)
		for _, p := range problems {
			s.problems = append(s.problems, hedui.Problem{Field: at + p.Field, Say: p.Say})
		}
		officer, err2 := m.Officer(today)
		if err := errors.Join(err, err2); err != nil {
			s.bad(at+"roles", "problem.config.file", err.Error())
		}
		s.staff = append(s.staff, officer)
	}
}

// answersFor are the sources for which an officer answers by hand: each must be one
// of this node's that people answer.
func (s *settings) answersFor(at string, o officerConfig) []string {
	var manual []string
	for _, src := range s.sources {
		if info := src.Info(); info.Manual != nil {
			manual = append(manual, info.Name)
		}
	}
	for j, name := range o.Sources {
		if !slices.Contains(manual, name) {
			s.bad(fmt.Sprintf("%ssources[%d]", at, j), "problem.config.manual", strings.Join(manual, ", "))
		}
	}
	return o.Sources
}

func joinWords[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}
