// Package connector joins a department's interface to Hedui without code, be it a
// service over HTTP, a front-end database, files or people: one YAML file per source says how to
// ask, where in the answer things stand, and how they become the catalogue's
// fields. The file is described in docs/source-file.md; [Load] reads it, [New]
// makes the source.
//
// The package would rather fail a query than guess. An answer that cannot be
// read to its end, that lacks a promised field, or that may be about somebody
// else is a failure and never "none". Errors and log lines hold no URL
// parameters, no identity number, no name and nothing that a department sent.
package connector

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/source"
)

// A Config is a source file that was read and found sound. Only [Load] makes one.
type Config struct {
	kind     string // how the department is reached: a key of kinds
	info     source.Info
	category catalog.Category
	auth     auth
	request  request
	database database  // of kind sql
	files    *exchange // of kind files
	reading  reading
	fields   []field
	ignore   []string
	closed   bool

	testPerson string           // file that names somebody on whom the source may be tried
	when       *formula         // which records count; nil for all
	stranger   func(key string) // see [Options.Stranger]
}

// Info describes the source that the file makes.
func (c *Config) Info() source.Info {
	info := c.info
	info.Categories = slices.Clone(info.Categories)
	info.Keepers = slices.Clone(info.Keepers)
	if m := info.Manual; m != nil {
		own := *m
		own.Basis = slices.Clone(m.Basis)
		info.Manual = &own
	}
	if c.kind == "http" && c.request.each == nil { // side by side; with each, all travel in one call
		info.Limits.Calls = info.Limits.Batch * c.reading.pages.calls()
	}
	return info
}

// At returns the same source at another scheme and host, such as
// "http://127.0.0.1:41234": a rehearsal system, or a simulated department. It is
// for sources over HTTP; what else a file names is changed in the file.
func (c *Config) At(base string) (*Config, error) {
	if c.kind != "http" {
		return nil, fmt.Errorf("connector: %s is reached by %s, and only a source over HTTP moves with a base; change the file instead", c.info.Name, c.kind)
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("connector: the base must be a scheme and a host, such as https://host:8443")
	}
	if say := unsafeURL(u); say != "" {
		return nil, fmt.Errorf("connector: base: %s", say)
	}
	moved := *c
	moved.request.url = moved.request.url.at(u)
	moved.auth = c.auth.at(u)
	if c.reading.later != nil {
		later := *c.reading.later
		later.fetch.url = later.fetch.url.at(u)
		moved.reading.later = &later
	}
	return &moved, nil
}

// unsafeURL says why personal data must not travel to u, or nothing.
func unsafeURL(u *url.URL) string {
	switch {
	case u.Scheme == "https":
		return ""
	case u.Scheme != "http":
		return "must begin with https:// (or http:// for an address on this machine)"
	case loopback(u.Hostname()):
		return ""
	}
	return "http is for addresses on this machine only; use https"
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// request is one kind of call.
type request struct {
	url         address
	method      string
	headers     map[string]template
	query, form map[string]template
	json        any // a tree with templates as texts
	xml         template
	soap        *envelope
	charset     string // of the body: utf-8, gbk or gb18030
	each        any    // how one person is written; nil for one person a call
	join        string
	shared      []template // that stand outside each and may differ between persons
	pages       bool       // holds {page}
	needs15     bool       // holds {id15}
	id15        bool       // and not {id}
	idInURL     bool
}

// reading is where in an answer things stand and what they mean.
type reading struct {
	format        string // json or xml
	soap          bool   // XML in an envelope: the tree begins in its body
	charset       string // empty = as the XML says, or UTF-8
	http          map[int]meaning
	status        []status
	persons       *persons
	records       []path
	empty, absent meaning
	total         *path
	blank         []string
	whose         whose
	asOf          asOf
	later         *later
	pages         *pages
}

// status is one place where a code of the department's own stands.
type status struct {
	at            path
	codes         map[string]meaning
	other, absent meaning
	fault         bool // a place in a SOAP fault: looked at only if there is one
}

// persons says how entries of a batch find their persons.
type persons struct {
	at      path
	by      string // id, query or row
	key     path
	mapped  bool // the key is the key of the object at `at`
	missing meaning
	status  []status
}

// asOf is where the state of the register stands.
type asOf struct {
	now    bool
	header string
	at     *path
	layout []layout
}

// later is how an accepted query is fetched.
type later struct {
	token   path
	after   time.Duration
	afterAt *path
	fetch   request
}

// field maps one place of a record to one field of the catalogue.
type field struct {
	key         string
	of          catalog.Field
	at          *path    // nil for a constant and a formula
	formula     *formula // nil but for cel
	constant    string
	fallback    string // canonical, where the department does not say; default in the file
	required    bool
	round       bool
	trim        []string
	codes       map[string]string
	layouts     []layout
	unit, scale string
	yearly      bool // money for a year, wanted for a month
	join        string
	fields      []field // of rows
}
