package audit

import (
	"cmp"
	"errors"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// A Kept is a signed checkpoint with the place it is from: a file that an auditor
// kept, the row of a table, the head of the log.
type Kept struct{ Name, Note string }

// errNoHash means that a hash is not in the copy, which is a fault already.
var errNoHash = errors.New("audit: a hash is missing")

// Against holds the log against checkpoints that were signed of it: each must be
// signed rightly, must not reach beyond the log, and must have the root that the
// log has at its size. Where one has not, the entries between the last checkpoint
// that agrees and the first that does not are not those that were signed.
func (c *Check) Against(t Trust, list []Kept, hashes tlog.HashReader) error {
	opened := make([]Checkpoint, 0, len(list))
	for _, k := range list {
		p, err := t.Open(k.Note)
		switch {
		case err != nil:
			c.Add(faultOf(k, err))
			continue
		case c.Origin == "":
			c.Origin = p.Origin
		case p.Origin != c.Origin:
			c.Add(Fault{Kind: OtherLog, Seq: -1, Until: -1, Who: k.Name})
			continue
		}
		if p.Size == c.Size && p.At.After(c.SignedAt) && p.Root == c.Root {
			c.SignedAt = p.At
		}
		c.Note(p)
		opened = append(opened, named(p, k.Name))
	}
	slices.SortStableFunc(opened, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	return c.agree(opened, hashes)
}

// named lets a checkpoint carry the name of the place it is from.
func named(p Checkpoint, name string) Checkpoint {
	p.Body = name
	return p
}

// Note remembers which witnesses of a checkpoint have seen how much of the log.
func (c *Check) Note(p Checkpoint) {
	for _, w := range p.Witnesses {
		i := slices.IndexFunc(c.Seen, func(s Sighting) bool { return s.Witness == w.Witness })
		if i < 0 {
			c.Seen = append(c.Seen, Sighting{Witness: w.Witness})
			i = len(c.Seen) - 1
		}
		if p.Size >= c.Seen[i].Size {
			c.Seen[i].Size, c.Seen[i].At = p.Size, w.At
		}
	}
}

func (c *Check) agree(opened []Checkpoint, hashes tlog.HashReader) error {
	good, forked := int64(0), false
	for _, p := range opened {
		switch root, err := rootAt(p.Size, c, hashes); {
		case p.Size > c.Size:
			c.Add(Fault{Kind: Behind, Seq: c.Size, Until: p.Size, Who: p.Body})
		case errors.Is(err, errNoHash): // named already
		case err != nil:
			return err
		case root == p.Root:
			good = p.Size
		case !forked:
			forked = true
			c.Add(Fault{Kind: Forked, Seq: good, Until: p.Size, Who: p.Body})
		}
	}
	return nil
}

// rootAt is the root that the log has at a size.
func rootAt(size int64, c *Check, hashes tlog.HashReader) (tlog.Hash, error) {
	switch {
	case size > c.Size:
		return tlog.Hash{}, nil
	case size == c.Size && !c.rootless:
		return c.Root, nil
	}
	return tlog.TreeHash(size, hashes)
}

func faultOf(k Kept, err error) Fault {
	f := Fault{Kind: BadSignature, Seq: -1, Until: -1, Who: k.Name}
	switch {
	case errors.Is(err, ErrKey):
		f.Kind = UnknownKey
	case errors.Is(err, ErrForm):
		f.Kind = BadForm
	}
	return f
}
