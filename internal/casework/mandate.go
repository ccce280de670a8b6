package casework

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/exchange"
	"hedui/internal/hedui"
	"hedui/seal"
	"hedui/source"
)

// A signed mandate (docs/mandate.md) is made once for a person of a case, kept with
// the case, and handed on with each question: to a source of this node, or to the
// peer that is asked. What a peer asks comes with such a mandate, and is verified
// before anything else is done with it.

// handedFor is how long a source may rely on a mandate that is handed to it with
// one question. Whoever asks again hands it on anew.
const handedFor = 7 * 24 * time.Hour

// lonely is the name in mandates of a node that has no peers and no name.
const lonely = "node"

// MandateNode is the name by which mandates of this node are signed.
func (d *Desk) MandateNode() string { return cmp.Or(d.Node, lonely) }

// signMandates makes the signed mandates of a case that is about to be asked.
func (d *Desk) signMandates(c *hedui.Case) error {
	signed, key := make([]string, len(c.Persons)), d.MandateKey()
	for i, p := range c.Persons {
		s, err := d.mandate(c, p.No, key)
		if err != nil {
			return err
		}
		signed[i] = s.Text()
	}
	c.Signed = signed
	return nil
}

// mandate is the signed mandate of a person: the one that is kept with the case, or
// a new one where consent, keys or node have changed since.
func (d *Desk) mandate(c *hedui.Case, person int, key seal.Signer) (source.Signed, error) {
	g, ok := c.Grant(person)
	if !ok {
		return source.Signed{}, source.ErrNoMandate
	}
	if person <= len(c.Signed) {
		if s, err := source.ParseSigned(c.Signed[person-1]); err == nil && s.Grants(g, d.MandateNode(), key.KeyID()) {
			return s, nil
		}
	}
	return source.SignMandate(g, d.MandateNode(), key)
}

// hand puts the signed mandate on a question, narrowed to it and addressed to a
// source of this node or to a peer.
func (d *Desk) hand(c *hedui.Case, q *hedui.Query, asked source.Query, to string, until time.Time) (source.Query, error) {
	key := d.MandateKey() // one for both: it may change in between, and who hands on must be who holds
	s, err := d.mandate(c, q.Person, key)
	if err != nil {
		return source.Query{}, err
	}
	s, err = s.Narrow(source.Hop{Node: d.MandateNode(), Key: key, To: to, Categories: []catalog.Code{q.Category},
		Until: earlierOf(until, asked.Mandate().Terms().Until)})
	return asked.WithSigned(s.Text()), err
}

// signs returns what sift does with each question to a source of this node.
func (d *Desk) signs(sourceName string, at time.Time) func(*hedui.Case, *hedui.Query, source.Query) (source.Query, error) {
	to := d.MandateNode() + "/" + sourceName
	return func(c *hedui.Case, q *hedui.Query, asked source.Query) (source.Query, error) {
		return d.hand(c, q, asked, to, at.Add(handedFor))
	}
}

// Reasons for which the mandate of a peer's question is refused, beside
// [source.ReasonMandate] for one that is not live.
const (
	reasonFalse   source.Reason = "mandate_false"   // not signed by whom it says
	reasonWidened source.Reason = "mandate_widened" // more than was handed on, or not to whom
	reasonOther   source.Reason = "mandate_other"   // for another person, purpose, category or case
)

// verify holds the signed mandate of a peer's question against the question, with
// the keys that are pinned for the peer, and returns it. A reason means that the
// question is refused.
func (d *Desk) verify(from Neighbour, q exchange.Question, at time.Time) (source.Signed, source.Reason) {
	s, err := source.ParseSigned(q.Signed)
	if err != nil {
		return source.Signed{}, reasonFalse
	}
	said, err := s.Verify(source.Asked{Person: source.Person(q.Person), Purpose: q.Mandate.Purpose, Category: q.Category, To: d.MandateNode(), At: at}, trustOf(from, at))
	switch {
	case errors.Is(err, source.ErrWidened), errors.Is(err, source.ErrHolder), errors.Is(err, source.ErrAddressee):
		return s, reasonWidened
	case errors.Is(err, source.ErrPerson), errors.Is(err, source.ErrPurpose), errors.Is(err, source.ErrCategory):
		return s, reasonOther
	case errors.Is(err, source.ErrNotYet), errors.Is(err, source.ErrExpired):
		return s, source.ReasonMandate
	case err != nil:
		return s, reasonFalse
	case said.Number != q.Mandate.Number, said.Consent != q.Mandate.Consent, said.Division != q.Division:
		return s, reasonOther
	case q.Mandate.From.Before(said.From), q.Mandate.Until.After(said.Until):
		return s, reasonWidened
	}
	return s, ""
}

// trustOf is whose mandates a peer may hand on: its own, and those of nodes behind
// it, for whose keys it vouches. Which cases a child may ask about is looked at
// beside this.
func trustOf(from Neighbour, at time.Time) source.Trust {
	var t source.Trust
	for _, pin := range from.Sign {
		if pin.At(at, exchange.DefaultSkew) {
			t = append(t, source.TrustedKey{Node: from.Name, Key: pin.Key, Vouches: true})
		}
	}
	return t
}

// handOnward addresses a peer's mandate, which was verified, to the source or the
// peer that holds the register.
func (d *Desk) handOnward(s source.Signed, from Neighbour, q exchange.Question, register hedui.Register) (string, error) {
	to := d.MandateNode() + "/" + register.Source
	if peer, away := hedui.NodeOf(register.Source); away {
		to = peer
	}
	var before seal.PublicKey
	if i := slices.IndexFunc(from.Sign, func(p exchange.SignPin) bool { return p.Key.KeyID() == s.SignedBy() }); i >= 0 {
		before = from.Sign[i].Key
	}
	s, err := s.Narrow(source.Hop{Node: d.MandateNode(), Key: d.MandateKey(), To: to, Categories: []catalog.Code{q.Category},
		Until: q.Mandate.Until, Before: before})
	return s.Text(), err
}
