package staff

import (
	"context"

	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Over returns the session of a token that was open and is over: it has ended by
// itself or was ended, not long ago. Forbidden where there is none; such a token
// lets nobody in, but tells whose form it is that comes too late.
func (d *Door) Over(ctx context.Context, token string) (store.Session, error) {
	if token == "" || len(token) > maxTyped {
		return store.Session{}, needed(nil)
	}
	var s store.Session
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) { s, err = tx.Session(ctx, hashOf(token)); return err })
	switch {
	case err != nil && hedui.KindOf(err) != hedui.NotFound:
		return store.Session{}, err
	case err != nil, s.Stage != store.SessionOpen, s.Officer == "", d.alive(s):
		return store.Session{}, needed(err)
	}
	return s, nil
}

// Keep keeps what was sent from a session that is over, for an hour and for its
// officer only. It lies encrypted; a later one from the same session takes its place.
func (d *Door) Keep(ctx context.Context, over store.Session, form []byte) error {
	return d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.KeepForm(ctx, over.ID, form, d.Now()) })
}

// Kept returns what was kept for the officer of an open session; NotFound where
// there is nothing any more, or it is somebody else's.
func (d *Door) Kept(ctx context.Context, s store.Session, id string) (form []byte, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		form, err = tx.KeptForm(ctx, s.Officer, id, d.Now().Add(-keptFor))
		return err
	})
	return form, err
}

// Forget forgets what was kept for the officer of an open session.
func (d *Door) Forget(ctx context.Context, s store.Session, id string) error {
	return d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.DropForm(ctx, s.Officer, id) })
}
