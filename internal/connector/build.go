package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"hedui/source"
)

// call is what one call is built of.
type call struct {
	spec    request
	queries []source.Query
	secret  string // or the token
	page    string // what {page} stands for
	now     time.Time
}

// value returns what the placeholders outside each stand for.
func (o call) value(rows string) func(piece) string {
	common := personal(o.queries[0], "")
	return func(p piece) string {
		switch p.hole {
		case "now":
			return p.layout.write(o.now)
		case "secret":
			return o.secret
		case "persons":
			return rows
		case "page":
			return o.page
		}
		return common(p)
	}
}

// rows writes each person as each says, and all of them joined.
func (o call) rows() (rows []any, text string) {
	rows = make([]any, 0, len(o.queries))
	if o.spec.each == nil {
		return rows, ""
	}
	var texts []string
	for i, q := range o.queries {
		value := personal(q, strconv.Itoa(i+1))
		if o.spec.xml != nil {
			value = escaped(value)
		}
		row := fillTree(o.spec.each, value, nil)
		rows = append(rows, row)
		if text, ok := row.(string); ok {
			texts = append(texts, text)
		}
	}
	return rows, strings.Join(texts, o.spec.join)
}

// escaped writes each value so that it can stand in XML; the rows are XML already.
func escaped(value func(piece) string) func(piece) string {
	return func(p piece) string {
		if p.hole == "persons" {
			return value(p)
		}
		return escapeXML(value(p))
	}
}

var errUnwritten = errors.New("connector: a value has a character that XML cannot carry")

// build writes the request.
func (c *Config) build(ctx context.Context, o call) (*http.Request, error) {
	spec := o.spec
	rows, text := o.rows()
	value := o.value(text)
	query, form := fillAll(spec.query, value), fillAll(spec.form, value)
	tree := fillTree(spec.json, value, func(p piece) (any, bool) {
		switch {
		case p.hole == "persons":
			return rows, true
		case p.hole == "page" && c.reading.pages.numbered():
			return json.Number(o.page), true
		}
		return nil, false
	})
	if c.auth.kind == "parameter" {
		put(spec, c.auth.name, o.secret, query, form, tree)
	}
	at := c.auth.signing.stamp(o.now)
	signed := c.auth.kind == "hmac"
	if signed {
		for spot, text := range c.auth.signing.parts(at) {
			put(spec, spot.parameter, text, query, form, tree)
		}
	}
	body, err := c.body(o, form, tree, value)
	if err != nil {
		return nil, err
	}
	req, err := c.newRequest(ctx, spec, value, query, body)
	if err != nil {
		return nil, err
	}
	if signed {
		signature := c.auth.signing.sign(req, body, joined(query, form, tree), at, o.secret)
		if name := c.auth.signing.signature.parameter; name != "" {
			put(spec, name, signature, query, form, tree)
			if body, err = c.body(o, form, tree, value); err != nil {
				return nil, err
			}
			if req, err = c.newRequest(ctx, spec, value, query, body); err != nil {
				return nil, err
			}
		}
		for spot, text := range c.auth.signing.parts(at) {
			header(req, spot.header, text)
		}
		header(req, c.auth.signing.signature.header, signature)
	}
	c.auth.set(req, o.secret)
	return req, nil
}

// accepts says what is asked for, by the format of the answers.
var accepts = map[string]string{"json": "application/json", "xml": "text/xml, application/soap+xml, application/xml"}

// newRequest writes a request around its body.
func (c *Config) newRequest(ctx context.Context, spec request, value func(piece) string, query url.Values, body []byte) (*http.Request, error) {
	address := spec.url.fill(value)
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, spec.method, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accepts[c.reading.format])
	switch {
	case spec.xml != nil:
		req.Header.Set("Content-Type", "application/xml; charset="+spec.charset)
		if spec.soap != nil {
			spec.soap.set(req, spec.charset)
		}
	case spec.json != nil:
		req.Header.Set("Content-Type", "application/json"+spec.charsetNote())
	case body != nil:
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded"+spec.charsetNote())
	}
	if body != nil {
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		req.ContentLength = int64(len(body))
	}
	req.Header.Set("User-Agent", "hedui")
	for name, t := range spec.headers {
		req.Header.Set(name, t.fill(value))
	}
	return req, nil
}

// charsetNote is said where the encoding is not the one that everybody expects.
func (r request) charsetNote() string {
	if r.charset == "" || r.charset == "utf-8" {
		return ""
	}
	return "; charset=" + r.charset
}

// body writes what is sent, or nothing for a call without a body.
func (c *Config) body(o call, form url.Values, tree any, value func(piece) string) ([]byte, error) {
	spec := o.spec
	switch {
	case spec.xml != nil:
		for _, q := range o.queries {
			if unescapable(q.Person().Name + q.MandateNumber() + q.ID() + q.Token() + q.Purpose()) {
				return nil, errUnwritten
			}
		}
		text := spec.xml.fill(escaped(value))
		if spec.soap != nil {
			text = spec.soap.wrap(text, o.secret, o.now)
		}
		return encodeText(`<?xml version="1.0" encoding="`+strings.ToUpper(spec.charset)+`"?>`+"\n"+text, spec.charset, true)
	case spec.json != nil:
		return encodeText(string(encode(tree)), spec.charset, false)
	case len(form) > 0:
		written := url.Values{}
		for name := range form {
			text, err := encodeText(form.Get(name), spec.charset, false)
			if err != nil {
				return nil, err
			}
			written.Set(name, string(text))
		}
		return []byte(written.Encode()), nil
	}
	return nil, nil
}

// put writes a parameter where the call has its parameters.
func put(spec request, name, text string, query, form url.Values, tree any) {
	object, json := tree.(map[string]any)
	switch {
	case name == "":
	case json:
		object[name] = text
	case spec.form != nil:
		form.Set(name, text)
	default:
		query.Set(name, text)
	}
}

func header(req *http.Request, name, text string) {
	if name != "" {
		req.Header.Set(name, text)
	}
}

func fillAll(templates map[string]template, value func(piece) string) url.Values {
	all := url.Values{}
	for name, t := range templates {
		all.Set(name, t.fill(value))
	}
	return all
}
