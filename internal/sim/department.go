package sim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"hedui/catalog"
	"hedui/idcard"
)

// An object is one JSON object, in or out.
type object map[string]any

// A department is one body with one server and one way of its own to speak, with a
// front-end database, or with places where files are exchanged.
type department struct {
	id        string
	delay     time.Duration                                      // usual time of an answer
	perSecond float64                                            // calls a second before it answers 429; 0 = any number
	reads     func(r *http.Request, body []byte) (object, error) // nil = JSON or a form
	admits    func(r *http.Request, in object) bool
	knows     func(c *City, r *http.Request, body []byte, in object) bool // instead of admits, with all that was sent
	token     string                                                      // where a token is fetched; empty = nowhere
	broken    breakage
	refuses   func(w http.ResponseWriter, why refusal)
	routes    []route
	front     *register // its front-end database; nil for a service over HTTP
	drops     []drop
}

// categories are those on which the department keeps registers.
func (d department) categories() []catalog.Code {
	var all []catalog.Code
	for _, r := range d.routes {
		all = append(all, r.category)
	}
	for _, r := range d.drops {
		all = append(all, r.category)
	}
	return all
}

// A route is one address of a department.
type route struct {
	category catalog.Code
	path     string
	terms    func(in object) (purpose string, claims []claim) // nil where a ticket stands for them
	serve    func(c *City, w http.ResponseWriter, in object)
}

// A refusal says why a department does not even look.
type refusal int

const (
	badKey refusal = iota
	noMandate
	throttled
	badRequest
)

// departments lists the eight bodies of the launch and the banks, which came later.
func departments() []department {
	return []department{
		police(), civilAffairs(), localTax(), nationalTax(), hrss(), landBureau(), housingCommission(), businessOffice(), bank(),
	}
}

// keyOf is the demonstration key of a department. It opens nothing but this city.
func keyOf(department string) string { return "demo-" + department }

// office serves a department: it counts, fails as told, keeps its limit, takes
// its time, checks key, purpose and mandate, and then looks.
func (c *City) office(d department) http.Handler {
	mux := http.NewServeMux()
	if d.token != "" {
		mux.HandleFunc("POST "+d.token, c.grantToken(d))
	}
	limit := rate.NewLimiter(rate.Inf, 0)
	if d.perSecond > 0 && !c.opts.Instant {
		limit = rate.NewLimiter(rate.Limit(d.perSecond), int(d.perSecond))
	}
	for _, route := range d.routes {
		mux.HandleFunc("POST "+route.path, func(w http.ResponseWriter, r *http.Request) {
			c.counts.call(route.category)
			if f, n := c.faults.current(d.id, route.category, time.Now()); f.fail(w, r, n, d.broken) {
				return
			}
			if !limit.Allow() {
				w.Header().Set("Retry-After", "1")
				d.refuses(w, throttled)
				return
			}
			if !c.opts.Instant && !wait(r.Context(), d.delay/2+rand.N(d.delay)) {
				return
			}
			body, in, err := d.read(r)
			switch {
			case err != nil:
				d.refuses(w, badRequest)
			case d.knows != nil && !d.knows(c, r, body, in), d.knows == nil && !d.admits(r, in):
				d.refuses(w, badKey)
			case !c.mandated(route, in):
				d.refuses(w, noMandate)
			default:
				route.serve(c, w, in)
			}
		})
	}
	return mux
}

// wait lets d pass, and reports false if the caller went away.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

const maxBody = 1 << 20

// read takes the body of a call, as it came and as an object.
func (d department) read(r *http.Request) ([]byte, object, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, nil, err
	}
	reads := d.reads
	if reads == nil {
		reads = readPlain
	}
	in, err := reads(r, body)
	return body, in, err
}

// readPlain takes JSON or a form.
func readPlain(r *http.Request, body []byte) (object, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		in := object{}
		for k := range r.PostForm {
			in[k] = r.PostForm.Get(k)
		}
		return in, nil
	}
	var in object
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if in == nil {
		return nil, errors.New("sim: no object")
	}
	return in, nil
}

// at walks to an object inside an object.
func (o object) at(key string) object {
	m, _ := o[key].(map[string]any)
	return m
}

// text returns a text, or "".
func (o object) text(key string) string {
	switch v := o[key].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// list returns the objects of a list.
func (o object) list(key string) []object {
	items, _ := o[key].([]any)
	var list []object
	for _, item := range items {
		m, _ := item.(map[string]any)
		list = append(list, m)
	}
	return list
}

func reply(w http.ResponseWriter, status int, out object) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out)
}

// A match says what came of searching a register for a number and a name.
type match byte

const (
	unknown match = iota // nobody with that number lives here
	misnamed
	matched
	unreadable // not an identity number
)

// search looks for a person and counts it. A name that is not given agrees.
func (c *City) search(category catalog.Code, id, name string) (int32, match) {
	return c.lookUp(category, id, name, true)
}

// lookUp is search, and counts only if it is a new one.
func (c *City) lookUp(category catalog.Code, id, name string, count bool) (int32, match) {
	n, err := idcard.Parse(id)
	if err != nil {
		return none, unreadable
	}
	if count {
		c.counts.ask(category, n)
	}
	i := c.find(n)
	switch {
	case i == none || !c.finds(category, i, id):
		return none, unknown
	case name != "" && !c.accepts(category, i, name):
		return i, misnamed
	}
	return i, matched
}
