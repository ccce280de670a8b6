package staff

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Keys changes the keys under which the database lies. One administrator may; the
// log says who did it, and when an old key went out of use.
type Keys struct {
	DB  *store.DB
	Now func() time.Time
	// Next is the id of a master key that the database does not know; it makes one where
	// there is none, and says so.
	Next func(ctx context.Context, known []store.MasterKey) (id string, fresh bool, err error)
	// File is the name of the file of a master key on this machine, or "" where it is not.
	File func(id string) string
}

// A Rotation is what came of changing keys.
type Rotation struct {
	Masters []store.MasterKey `json:"masters,omitempty"` // that are retired: nothing in the database needs them
	Nodes   []store.NodeKey   `json:"nodes,omitempty"`   // that are destroyed
	Version int64             `json:"version"`           // of the key that is used now
	Resumed bool              `json:"resumed,omitempty"` // it had been begun before
	Done    int               `json:"done"`              // keys and boxes done anew
}

// List lists the versions of all keys and what lies under each.
func (k *Keys) List(ctx context.Context, by hedui.Officer) (masters []store.MasterKey, nodes []store.NodeKey, err error) {
	if err := anyOf(by, hedui.KeepKeys, hedui.RunNode, hedui.ReadAudit); err != nil {
		return nil, nil, k.roster().refused(ctx, by, "", audit.KeysRead, err)
	}
	err = k.DB.InTx(ctx, func(tx *store.Tx) error {
		if masters, nodes, err = tx.Keys(ctx); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(k.Now(), by.ID, by.Office, audit.KeysRead, "", ""))
	})
	return masters, nodes, err
}

func (k *Keys) roster() *Roster { return &Roster{DB: k.DB, Now: k.Now} }

// RotateMaster brings a new version of the master key into use, wraps everything
// under it and retires the ones before. It goes on with a rotation that was broken
// off. Where other processes share the database it stops, as a Conflict, after it has
// made a new key, which they must be given first.
func (k *Keys) RotateMaster(ctx context.Context, by hedui.Officer, tell func(done, of int)) (Rotation, error) {
	if err := k.may(ctx, by, audit.MasterRotated); err != nil {
		return Rotation{}, err
	}
	id, err := k.next(ctx)
	if err != nil {
		return Rotation{}, err
	}
	return k.rotate(ctx, by, audit.MasterRotated, tell, func(tx *store.Tx, masters []store.MasterKey, _ []store.NodeKey) (int64, string, error) {
		if id == "" || inUse(masters) > 1 {
			return 0, "", nil
		}
		version, err := tx.AddMasterKey(ctx, id, k.Now())
		return version, id, err
	})
}

// next is the id of the key to rotate to, or "" where a rotation goes on.
func (k *Keys) next(ctx context.Context) (string, error) {
	var masters []store.MasterKey
	var others int
	err := k.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if masters, _, err = tx.Keys(ctx); err == nil {
			others, err = tx.OtherProcesses(ctx, k.Now())
		}
		return err
	})
	if err != nil || inUse(masters) > 1 {
		return "", err
	}
	id, fresh, err := k.Next(ctx, masters)
	switch {
	case err != nil:
		return "", err
	case fresh && others > 0:
		return "", hedui.Fail(hedui.Conflict, hedui.Say("error.key.others", id, fmt.Sprint(others)), nil)
	}
	return id, nil
}

func inUse(masters []store.MasterKey) (n int) {
	for _, m := range masters {
		if m.RetiredAt.IsZero() {
			n++
		}
	}
	return n
}

func (k *Keys) may(ctx context.Context, by hedui.Officer, verb audit.Verb) error {
	if err := by.May(hedui.KeepKeys, by.Division); err != nil {
		return k.roster().refused(ctx, by, "", verb, err)
	}
	return nil
}

// RotateNode makes a new version of the node's key, encrypts under it what is not of a
// case, and destroys the ones before. It goes on as RotateMaster does.
func (k *Keys) RotateNode(ctx context.Context, by hedui.Officer, tell func(done, of int)) (Rotation, error) {
	if err := k.may(ctx, by, audit.NodeKeyRotated); err != nil {
		return Rotation{}, err
	}
	return k.rotate(ctx, by, audit.NodeKeyRotated, tell, func(tx *store.Tx, _ []store.MasterKey, nodes []store.NodeKey) (int64, string, error) {
		if len(nodes) > 1 {
			return 0, "", nil
		}
		version, err := tx.AddNodeKey(ctx, k.Now())
		return version, "", err
	})
}

// passes is how often what is left is looked for again. What was written under an old
// key at the very last moment is gone with the second pass.
const passes = 20

// rotate begins a rotation, or goes on with one for which begin returns no version.
func (k *Keys) rotate(ctx context.Context, by hedui.Officer, verb audit.Verb, tell func(done, of int),
	begin func(*store.Tx, []store.MasterKey, []store.NodeKey) (int64, string, error)) (r Rotation, err error) {
	err = k.DB.InTx(ctx, func(tx *store.Tx) error {
		r = Rotation{}
		masters, nodes, err := tx.Keys(ctx)
		if err != nil {
			return err
		}
		version, id, err := begin(tx, masters, nodes)
		if err != nil {
			return err
		}
		detail := "resumed"
		if r.Resumed = version == 0; !r.Resumed {
			detail = keyDetail(version, id)
		} else if version = masters[len(masters)-1].Version; verb == audit.NodeKeyRotated {
			version = nodes[len(nodes)-1].Version
		}
		r.Version = version
		return tx.Record(ctx, audit.New(k.Now(), by.ID, by.Office, verb, "", detail))
	})
	if err != nil {
		return r, err
	}
	for range passes {
		err := k.DB.Rewrap(ctx, func(done, of int) {
			r.Done = max(r.Done, done)
			tell(done, of)
		})
		var damaged *hedui.Error
		if err != nil && (!errors.As(err, &damaged) || damaged.Kind != hedui.Conflict) {
			return r, err
		}
		left, retired := k.retire(ctx, by, &r)
		switch err = errors.Join(err, retired); {
		case err != nil:
			return r, err
		case left == 0:
			return r, nil
		}
	}
	return r, hedui.Fail(hedui.Conflict, hedui.Say("error.key.busy"), nil)
}

// retire ends what nothing lies under any more, and records it.
func (k *Keys) retire(ctx context.Context, by hedui.Officer, r *Rotation) (left int, err error) {
	var masters []store.MasterKey
	var nodes []store.NodeKey
	err = k.DB.InTx(ctx, func(tx *store.Tx) (err error) {
		if masters, nodes, left, err = tx.RetireKeys(ctx, k.Now()); err != nil {
			return err
		}
		for _, m := range masters {
			if err := tx.Record(ctx, audit.New(k.Now(), by.ID, by.Office, audit.MasterRetired, "", keyDetail(m.Version, m.ID))); err != nil {
				return err
			}
		}
		for _, n := range nodes {
			if err := tx.Record(ctx, audit.New(k.Now(), by.ID, by.Office, audit.NodeKeyDestroyed, "", keyDetail(n.Version, ""))); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		r.Masters, r.Nodes = append(r.Masters, masters...), append(r.Nodes, nodes...)
	}
	return left, err
}

func keyDetail(version int64, id string) string {
	if id == "" {
		return fmt.Sprint(version)
	}
	return fmt.Sprintf("%d %s", version, id)
}
