package source

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/idcard"
)

// A Person is whom a query is about: the name as a check, the number as the key.
type Person struct {
	Name string
	ID   idcard.Number
}

// Format implements [fmt.Formatter]: every verb prints name and number masked.
func (p Person) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, idcard.MaskName(p.Name)+" "+p.ID.Masked())
}

// Terms are what a family allowed for one person: the text of a mandate.
type Terms struct {
	Number     string         // of the mandate
	Consent    string         // number of the consent it rests on
	Purpose    string         // programme code, such as "dibao"
	Person     Person         //
	Categories []catalog.Code // what may be asked
	From       time.Time      // first instant
	Until      time.Time      // first instant at which it no longer holds
}

// A Mandate is the right to ask about one person for one purpose. Only [Mint]
// makes one, and only a Mandate makes a [Query], so that no query can be built
// without it.
type Mandate struct{ terms Terms }

// Format implements [fmt.Formatter]. Without it the person within would print in
// clear: fmt does not ask unexported fields how to print.
func (m Mandate) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "mandate "+m.terms.Number)
}

// Errors of mandates. They carry no personal data.
var (
	ErrTerms      = errors.New("source: mandate terms are not complete")
	ErrNotYet     = errors.New("source: mandate is not live yet")
	ErrExpired    = errors.New("source: mandate has expired")
	ErrCategory   = errors.New("source: category is not in the mandate")
	ErrNoMandate  = errors.New("source: query without a mandate")
	ErrBadQueryID = errors.New("source: query without an id")
)

// Mint makes a mandate of complete terms.
func Mint(t Terms) (Mandate, error) {
	switch {
	case t.Number == "", t.Consent == "", t.Purpose == "", t.Person.Name == "",
		t.Person.ID.IsZero(), len(t.Categories) == 0, !t.From.Before(t.Until):
		return Mandate{}, ErrTerms
	}
	t.Categories = slices.Clone(t.Categories)
	return Mandate{t}, nil
}

// Terms returns a copy of what the mandate says.
func (m Mandate) Terms() Terms {
	t := m.terms
	t.Categories = slices.Clone(t.Categories)
	return t
}

// Live reports why the mandate does not allow category c at the instant at, or
// nil if it does.
func (m Mandate) Live(c catalog.Code, at time.Time) error {
	switch {
	case m.terms.Number == "":
		return ErrNoMandate
	case at.Before(m.terms.From):
		return ErrNotYet
	case !at.Before(m.terms.Until):
		return ErrExpired
	case !slices.Contains(m.terms.Categories, c):
		return ErrCategory
	}
	return nil
}

// A Query is one question to one source. Its zero value is refused everywhere.
type Query struct {
	id       string
	mandate  Mandate
	category catalog.Code
	window   Window
	token    string
	signed   string
}

// Query makes the query with the given id, which stays the same when it is
// asked again, if the mandate is live for category c at the instant at.
func (m Mandate) Query(id string, c catalog.Code, w Window, at time.Time) (Query, error) {
	if id == "" {
		return Query{}, ErrBadQueryID
	}
	if err := m.Live(c, at); err != nil {
		return Query{}, err
	}
	return Query{id: id, mandate: m, category: c, window: w}, nil
}

// Format implements [fmt.Formatter], for the same reason as [Mandate.Format].
func (q Query) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "query "+q.id) }

// ID is unique, without personal data, and the same whenever the query is repeated.
func (q Query) ID() string { return q.id }

// Mandate is what the query rests on, for whoever passes it on to another node.
func (q Query) Mandate() Mandate { return q.mandate }

// Person is whom the query is about.
func (q Query) Person() Person { return q.mandate.terms.Person }

// Category is what is asked.
func (q Query) Category() catalog.Code { return q.category }

// Window is the income period.
func (q Query) Window() Window { return q.window }

// Purpose is the programme for which is asked.
func (q Query) Purpose() string { return q.mandate.terms.Purpose }

// MandateNumber names the mandate, for the department's own records.
func (q Query) MandateNumber() string { return q.mandate.terms.Number }

// Token is the department's number from an earlier [Later], or empty.
func (q Query) Token() string { return q.token }

// WithToken returns the query as one that fetches an earlier answer.
func (q Query) WithToken(token string) Query {
	q.token = token
	return q
}

// Signed is the mandate as signed text, addressed to the source, for a department
// that checks it with [VerifyMandate]; empty where the asking node signs none.
func (q Query) Signed() string { return q.signed }

// WithSigned returns the query with its mandate as signed text.
func (q Query) WithSigned(text string) Query {
	q.signed = text
	return q
}

// Check reports why the query must not be answered at the instant at, or nil.
func (q Query) Check(at time.Time) error {
	if q.id == "" {
		return ErrNoMandate
	}
	return q.mandate.Live(q.category, at)
}
