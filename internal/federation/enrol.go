package federation

import (
	"context"
	"fmt"
	"time"

	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/region"
)

// registrar keeps codes and enrolments, see [exchange.Registrar].
type registrar struct{ node *Node }

// Secret implements [exchange.Registrar].
func (r registrar) Secret(ctx context.Context, name string) ([]byte, error) {
	var secret []byte
	err := r.node.DB.Read(ctx, func(tx *store.Tx) error {
		list, err := tx.Enrolments(ctx, name)
		for _, e := range list {
			if r.node.Now().Before(e.ExpiresAt) {
				secret = e.Secret
			}
		}
		return err
	})
	if err == nil && secret == nil {
		err = exchange.ErrCode
	}
	return secret, err
}

// Enrol implements [exchange.Registrar].
func (r registrar) Enrol(ctx context.Context, e exchange.Enrolment) error {
	n := r.node
	pin := e.Peer()
	if err := n.fits(pin); err != nil {
		return err
	}
	keys, err := writeKeys(exchange.Keys{Sign: pin.Sign, Boxes: pin.Boxes})
	if err != nil {
		return err
	}
	state := store.EnrolmentState("")
	err = n.DB.InTx(ctx, func(tx *store.Tx) error {
		list, err := tx.Enrolments(ctx, e.Name)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return exchange.ErrCode
		}
		row := list[0]
		state = row.State
		switch {
		case row.Division != e.Division || row.Level != string(e.Level):
			return &exchange.Refusal{Reason: exchange.ReasonDivision, Err: fmt.Errorf("%s was invited for %s, and says %s", e.Name, row.Division, e.Division)}
		case row.State != store.Invited:
			if row.Request != keys {
				return exchange.ErrCodeUsed
			}
			return nil
		}
		row.State, row.Request, row.ChangedAt, row.ChangedBy = store.Asked, keys, n.Now(), e.Name
		if err := tx.SaveEnrolment(ctx, row); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(n.Now(), hedui.System.ID, e.Name, audit.NodeAsked, e.Name, e.Sign.KeyID()+" "+e.Box.KeyID()))
	})
	switch {
	case err != nil:
		return err
	case state == store.Approved:
		return nil
	case state == store.Declined:
		return &exchange.Refusal{Reason: "declined"}
	}
	return exchange.ErrPending
}

// Invite makes the one-time code with which a node of that name, division and
// level may enrol for a while. An earlier code for the name counts no more.
func (n *Node) Invite(ctx context.Context, o hedui.Officer, name, division string, level region.Kind, life time.Duration) (exchange.Code, error) {
	at := n.Now()
	invited := exchange.Peer{Name: name, Division: division, Level: level}
	if err := n.may(o); err != nil {
		return exchange.Code{}, err
	}
	if err := invited.Check(); err != nil || name == n.Name || life <= 0 {
		return exchange.Code{}, hedui.Fail(hedui.Invalid, hedui.Say("error.node.invite"), err)
	}
	code := exchange.NewCode()
	secret, err := code.Secret(name)
	if err != nil {
		return exchange.Code{}, err
	}
	return code, n.DB.InTx(ctx, func(tx *store.Tx) error {
		err := tx.SaveEnrolment(ctx, store.Enrolment{Name: name, Division: division, Level: string(level), State: store.Invited,
			ExpiresAt: at.Add(life), Secret: secret, ChangedAt: at, ChangedBy: o.ID})
		if err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.NodeInvited, name, division+" "+string(level)))
	})
}

// Decide approves or declines a node that has used its code. Approving pins its
// keys. Compare both KeyIDs with what the node's officer reads out before.
func (n *Node) Decide(ctx context.Context, o hedui.Officer, name string, approve bool) error {
	if err := n.may(o); err != nil {
		return err
	}
	at := n.Now()
	err := n.DB.InTx(ctx, func(tx *store.Tx) error {
		list, err := tx.Enrolments(ctx, name)
		switch {
		case err != nil:
			return err
		case len(list) == 0:
			return hedui.Fail(hedui.NotFound, hedui.Say("error.node.unknown", name), nil)
		case list[0].State != store.Asked:
			return hedui.Fail(hedui.Conflict, hedui.Say("error.node.not_asked", name), nil)
		case approve && !at.Before(list[0].ExpiresAt): // it could not fetch our keys with it
			return hedui.Fail(hedui.Conflict, hedui.Say("error.node.run_out", name), nil)
		}
		e, verb := list[0], audit.NodeDeclined
		e.State, e.ChangedAt, e.ChangedBy = store.Declined, at, o.ID
		if approve {
			e.State, verb = store.Approved, audit.NodeApproved
			err = tx.SavePeer(ctx, store.Peer{Name: e.Name, Division: e.Division, Level: e.Level, Role: store.ChildRole,
				Keys: e.Request, ChangedAt: at, ChangedBy: o.ID})
			if err == nil {
				err = n.tellKeys(ctx, tx, name, at)
			}
			if err != nil {
				return err
			}
		}
		if err := tx.SaveEnrolment(ctx, e); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, verb, name, ""))
	})
	if err != nil {
		return err
	}
	return n.reload(ctx)
}

// Revoke shuts a peer out at once, on open connections too.
func (n *Node) Revoke(ctx context.Context, o hedui.Officer, name string) error {
	if err := n.may(o); err != nil {
		return err
	}
	at := n.Now()
	err := n.DB.InTx(ctx, func(tx *store.Tx) error {
		list, err := tx.Peers(ctx)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.Name != name {
				continue
			}
			p.Revoked, p.ChangedAt, p.ChangedBy = true, at, o.ID
			if err := tx.SavePeer(ctx, p); err != nil {
				return err
			}
			return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.NodeRevoked, name, ""))
		}
		return hedui.Fail(hedui.NotFound, hedui.Say("error.node.unknown", name), nil)
	})
	if err != nil {
		return err
	}
	return n.reload(ctx)
}

// Join asks the parent to take this node as its child and pins it once an officer
// there has approved; until then the error is [exchange.ErrPending].
func (n *Node) Join(ctx context.Context, o hedui.Officer, address string, code exchange.Code) (exchange.Peer, error) {
	if err := n.may(o); err != nil {
		return exchange.Peer{}, err
	}
	parent, err := exchange.Enrol(ctx, address, n.identity(), code, n.Now())
	switch {
	case err != nil:
		return parent, err
	case parent.Name != n.Parent:
		return parent, hedui.Fail(hedui.Conflict, hedui.Say("error.node.other_parent", parent.Name, n.Parent), nil)
	}
	if err := n.fits(parent); err != nil {
		return parent, err
	}
	keys, err := writeKeys(exchange.Keys{Sign: parent.Sign, Boxes: parent.Boxes})
	if err != nil {
		return parent, err
	}
	at := n.Now()
	err = n.DB.InTx(ctx, func(tx *store.Tx) error {
		err := tx.SavePeer(ctx, store.Peer{Name: parent.Name, Division: parent.Division, Level: string(parent.Level), Role: store.ParentRole,
			Keys: keys, ChangedAt: at, ChangedBy: o.ID})
		if err == nil {
			err = n.tellKeys(ctx, tx, parent.Name, at)
		}
		if err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.NodeApproved, parent.Name, parent.Sign[0].Key.KeyID()))
	})
	if err != nil {
		return parent, err
	}
	return parent, n.reload(ctx)
}

// may asks for the right to run this node.
func (n *Node) may(o hedui.Officer) error { return o.May(hedui.RunNode, n.Division) }

// forgetCodes destroys the secrets of codes that have run out.
func (n *Node) forgetCodes(ctx context.Context, now time.Time) error {
	return n.DB.InTx(ctx, func(tx *store.Tx) error {
		list, err := tx.Enrolments(ctx)
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Secret == nil || now.Before(e.ExpiresAt) {
				continue
			}
			e.Secret = nil
			if err := tx.SaveEnrolment(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
}
