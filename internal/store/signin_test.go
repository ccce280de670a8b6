package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

func TestCredentials(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		c := store.Credential{ID: "totp:zhang", Officer: "zhang", Kind: store.TOTPCredential, Name: "手机", Counter: 100, MadeAt: storetest.At, Body: []byte("secret")}
		other := store.Credential{ID: "password:li", Officer: "li", Kind: store.PasswordCredential, MadeAt: storetest.At, Until: storetest.At.Add(time.Hour), Body: []byte("hash")}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.SaveCredential(ctx, c), tx.SaveCredential(ctx, other))
		})
		theft := c
		theft.Officer = "li"
		if err := db.InTx(ctx, func(tx *store.Tx) error { return tx.SaveCredential(ctx, theft) }); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("another officer writes over a credential: %v", err)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			list, err := tx.Credentials(ctx, "zhang")
			if err != nil || len(list) != 1 || string(list[0].Body) != "secret" || list[0].Name != "手机" || !list[0].MadeAt.Equal(c.MadeAt) || !list[0].Until.IsZero() {
				t.Errorf("%+v, %v", list, err)
			}
			if dropped, err := tx.DropCredential(ctx, "li", c.ID); err != nil || dropped {
				t.Errorf("another officer takes it away: %v", err)
			}
			return nil
		})
		var used atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
					ok, err := tx.UseCounter(ctx, c.ID, 105, 3, storetest.At)
					if ok {
						used.Add(1)
					}
					return err
				})
			})
		}
		all.Wait()
		if used.Load() != 1 {
			t.Errorf("one counter was used %d times at once", used.Load())
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			for counter, want := range map[int64]bool{104: false, 102: false, 105: false} {
				if ok, err := tx.UseCounter(ctx, c.ID, counter, 3, storetest.At); err != nil || ok != want {
					t.Errorf("counter %d after 105: %v, %v", counter, ok, err)
				}
			}
			if ok, err := tx.UseCounter(ctx, c.ID, 50, 3, storetest.At); err != nil || !ok {
				t.Errorf("counter 50, after a clock that was ahead: %v, %v", ok, err)
			}
			return tx.DropCredentials(ctx, "zhang", store.TOTPCredential, store.PasskeyCredential)
		})
		err := db.Read(ctx, func(tx *store.Tx) error { _, err := tx.Credential(ctx, c.ID); return err })
		if hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("dropped, and there: %v", err)
		}
	})
}

func TestSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		hash := func(c string) string { return strings.Repeat(c, 64) }
		s := store.Session{ID: "1", Token: hash("a"), Officer: "zhang", Stage: store.SessionOpen, How: "password", Browser: "Firefox", Address: "192.0.2.1",
			MadeAt: storetest.At, SeenAt: storetest.At, ProvedAt: storetest.At, Pending: []byte(`{"totp":"x"}`)}
		second, li := s, s
		second.ID, second.Token = "2", hash("b")
		li.ID, li.Token, li.Officer = "3", hash("c"), "li"
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.AddSession(ctx, s), tx.AddSession(ctx, second), tx.AddSession(ctx, li))
		})
		moved := s
		moved.Token, moved.Pending = hash("d"), nil
		var won atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				switch err := db.InTx(ctx, func(tx *store.Tx) error { return tx.MoveSession(ctx, s.Token, moved) }); {
				case err == nil:
					won.Add(1)
				case hedui.KindOf(err) != hedui.Conflict:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("one token was replaced %d times at once", won.Load())
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Session(ctx, s.Token); hedui.KindOf(err) != hedui.NotFound {
				t.Errorf("by the token before: %v", err)
			}
			got, err := tx.Session(ctx, moved.Token)
			if err != nil || got.Officer != "zhang" || len(got.Pending) != 0 || !got.ProvedAt.Equal(s.ProvedAt) || got.Browser != "Firefox" {
				t.Errorf("%+v, %v", got, err)
			}
			if ended, err := tx.EndSession(ctx, "zhang", li.ID, storetest.At); err != nil || ended {
				t.Errorf("an officer ends another's session: %v", err)
			}
			if n, err := tx.EndSessions(ctx, "zhang", "1", storetest.At); err != nil || n != 1 {
				t.Errorf("ended %d others, %v", n, err)
			}
			list, err := tx.Sessions(ctx, "zhang")
			if err != nil || len(list) != 1 || list[0].ID != "1" {
				t.Errorf("%d sessions, %v", len(list), err)
			}
			return tx.PurgeSignIn(ctx, storetest.At.Add(time.Second), storetest.At, storetest.At, storetest.At)
		})
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Session(ctx, li.Token)
			if hedui.KindOf(err) != hedui.NotFound {
				t.Errorf("purged, and there: %v", err)
			}
			return nil
		})
	})
}

// A session that was ended lets nobody in again, and keeps a form for its officer until it is purged.
func TestEndedSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := store.Session{ID: "1", Token: strings.Repeat("a", 64), Officer: "zhang", Stage: store.SessionOpen, MadeAt: storetest.At, SeenAt: storetest.At, Pending: []byte(`{}`)}
		begun := s
		begun.ID, begun.Token, begun.Stage = "2", strings.Repeat("b", 64), store.SessionSecond
		later := storetest.At.Add(time.Hour)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := errors.Join(tx.AddSession(ctx, s), tx.AddSession(ctx, begun)); err != nil {
				return err
			}
			if n, err := tx.EndSessions(ctx, "zhang", "", later); err != nil || n != 2 {
				t.Errorf("ended %d, %v", n, err)
			}
			if was, err := tx.EndSession(ctx, "zhang", "1", later); err != nil || was {
				t.Errorf("ended twice: %v", err)
			}
			if err := tx.SeeSession(ctx, "1", later); err != nil {
				return err
			}
			got, err := tx.Session(ctx, s.Token)
			if err != nil || !got.SeenAt.IsZero() || !got.MadeAt.Equal(later) || len(got.Pending) != 0 {
				t.Errorf("ended: %+v, %v", got, err)
			}
			if err := tx.MoveSession(ctx, s.Token, s); hedui.KindOf(err) != hedui.Conflict {
				t.Errorf("an ended session goes on: %v", err)
			}
			if _, err := tx.Session(ctx, begun.Token); hedui.KindOf(err) != hedui.NotFound {
				t.Errorf("one that was never open stays: %v", err)
			}
			return nil
		})
		kept := func(officer string, since time.Time) (form []byte, err error) {
			err = db.Read(t.Context(), func(tx *store.Tx) (err error) { form, err = tx.KeptForm(t.Context(), officer, "1", since); return err })
			return form, err
		}
		if _, err := kept("zhang", later); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("nothing was kept yet: %v", err)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.KeepForm(ctx, "1", []byte("typed"), later) })
		if form, err := kept("zhang", later); err != nil || string(form) != "typed" {
			t.Errorf("kept: %q, %v", form, err)
		}
		if _, err := kept("li", later); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("for another officer: %v", err)
		}
		if _, err := kept("zhang", later.Add(time.Microsecond)); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("too old: %v", err)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.DropForm(ctx, "li", "1"), tx.PurgeSignIn(ctx, storetest.At, later, storetest.At, storetest.At))
		})
		if _, err := kept("zhang", later); err != nil {
			t.Errorf("dropped by another, or purged too early: %v", err)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.PurgeSignIn(ctx, storetest.At, later.Add(time.Second), storetest.At, storetest.At)
		})
		if _, err := kept("zhang", later); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("purged, and there: %v", err)
		}
	})
}

func TestTries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
					was, err := tx.Tries(ctx, "password:zhang")
					if err != nil {
						return err
					}
					return tx.SetTries(ctx, "password:zhang", store.Tries{N: was.N + 1, Last: storetest.At})
				})
			})
		}
		all.Wait()
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if got, err := tx.Tries(ctx, "password:zhang"); err != nil || got.N != 8 || !got.Last.Equal(storetest.At) {
				t.Errorf("8 tries at once are %+v, %v", got, err)
			}
			if err := tx.SetTries(ctx, "password:zhang", store.Tries{}); err != nil {
				return err
			}
			if got, err := tx.Tries(ctx, "password:zhang"); err != nil || got.N != 0 {
				t.Errorf("forgotten, and %+v, %v", got, err)
			}
			return nil
		})
	})
}
