package sim

import (
	"slices"
	"strings"
	"sync"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/source"
)

// A claim is one person of a call, with the mandate on which somebody asks.
type claim struct{ id, name, mandate, signed string }

// claimOf reads a claim from an object by the department's own names.
func claimOf(o object, id, name, mandate, signed string) claim {
	return claim{o.text(id), o.text(name), o.text(mandate), o.text(signed)}
}

// claimsOf reads a list: each person comes with a mandate of her own.
func claimsOf(list []object, id, name, mandate, signed string) []claim {
	var all []claim
	for _, o := range list {
		all = append(all, claimOf(o, id, name, mandate, signed))
	}
	return all
}

// A Presented is a mandate that came with a query, in the log of a department.
type Presented struct {
	Statement source.Statement
	Sealed    string // the mandate without its salt: of the person it tells nothing
	Err       error  // why the query was refused, or nil
}

// mandates is what the departments know of signed mandates.
type mandates struct {
	mu    sync.Mutex
	node  string // that asks; empty = nobody must show one
	trust source.Trust
	log   map[catalog.Code][]Presented
}

// RequireMandates lets the departments answer from now on only what comes with a
// signed mandate for them, the person, the category and the purpose, as a node
// asks whose keys they trust. Without it the number of a mandate is enough. The
// front-end databases see no queries and require nothing.
func (c *City) RequireMandates(node string, trust source.Trust) {
	c.mandates.mu.Lock()
	defer c.mandates.mu.Unlock()
	c.mandates.node, c.mandates.trust, c.mandates.log = node, slices.Clone(trust), map[catalog.Code][]Presented{}
}

// Mandates is the log of the department that keeps the category's register: each
// mandate that was shown since [City.RequireMandates], refused ones among them.
func (c *City) Mandates(category catalog.Code) []Presented {
	c.mandates.mu.Lock()
	defer c.mandates.mu.Unlock()
	return slices.Clone(c.mandates.log[category])
}

// mandated reports whether each person of a call may be looked up.
func (c *City) mandated(t route, in object) bool {
	if t.terms == nil {
		return true
	}
	purpose, claims := t.terms(in)
	return len(claims) > 0 && !slices.ContainsFunc(claims, func(k claim) bool { return !c.live(t.category, purpose, k) })
}

// live checks one mandate, with nothing but the public library and the trust, and
// keeps it in the log.
func (c *City) live(category catalog.Code, purpose string, k claim) bool {
	if purpose == "" || k.mandate == "" {
		return false
	}
	m := &c.mandates
	m.mu.Lock()
	node, trust := m.node, m.trust
	m.mu.Unlock()
	if node == "" {
		return true
	}
	id, _ := idcard.Parse(k.id) // the zero number is nobody's
	said, err := source.VerifyMandate(k.signed, source.Asked{Person: source.Person{Name: k.name, ID: id}, Purpose: purpose,
		Category: category, To: node + "/" + strings.ReplaceAll(string(category), "_", "-"), At: c.opts.Now()}, trust)
	sealed, _, _ := strings.Cut(k.signed, "~")
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log[category] = append(m.log[category], Presented{said, sealed, err})
	return err == nil
}
