package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

func TestReportIsPreparedThenSealedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		c, stranger := create(t, db, 1), create(t, db, 2)
		r := store.Report{Case: c.ID, Version: 1, Number: "B1", Conclusion: hedui.Suspect, State: store.Prepared,
			MadeAt: storetest.At, Digest: "sha256:1", Content: []byte(`{"name":"汪试验甲"}`)}
		get := func() (got store.Report) {
			read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				got, err = tx.Report(ctx, c.ID, 1)
				return err
			})
			return got
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.AddReport(ctx, r) })
		if got := get(); !reflect.DeepEqual(got, r) {
			t.Errorf("prepared: got %+v, want %+v", got, r)
		}
		for name, f := range map[string]func(tx *store.Tx) error{
			"same version":   func(tx *store.Tx) error { return tx.AddReport(ctx, r) },
			"same number":    func(tx *store.Tx) error { other := r; other.Case = stranger.ID; return tx.AddReport(ctx, other) },
			"another digest": func(tx *store.Tx) error { other := r; other.Digest = "sha256:2"; return tx.SealReport(ctx, other) },
		} {
			if err := db.InTx(ctx, f); hedui.KindOf(err) != hedui.Conflict {
				t.Errorf("%s: got %v, want a conflict", name, err)
			}
		}
		err := db.InTx(ctx, func(tx *store.Tx) error { _, err := tx.NextCopy(ctx, c.ID, 1); return err })
		if !errors.Is(err, store.ErrNoReport) {
			t.Errorf("copy of an unsealed report: got %v, want %v", err, store.ErrNoReport)
		}

		r.State, r.SealedAt, r.Seal, r.PDF = store.Sealed, storetest.At, []byte("{seal}"), []byte("%PDF")
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SealReport(ctx, r) })
		if got := get(); !reflect.DeepEqual(got, r) {
			t.Errorf("sealed: got %+v, want %+v", got, r)
		}
		for name, f := range map[string]func(tx *store.Tx) error{
			"seal": func(tx *store.Tx) error { return tx.SealReport(ctx, r) },
			"drop": func(tx *store.Tx) error { return tx.DropReport(ctx, c.ID, 1) },
		} {
			if err := db.InTx(ctx, f); hedui.KindOf(err) != hedui.Conflict {
				t.Errorf("%s a sealed report: got %v, want a conflict", name, err)
			}
		}
	})
}

func TestReportVersions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		c := create(t, db, 1)
		for v := 1; v <= 3; v++ {
			r := store.Report{Case: c.ID, Version: v, Number: fmt.Sprint("B", v), Digest: "sha256:1", Content: []byte("{}")}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.AddReport(ctx, r) })
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.DropReport(ctx, c.ID, 3) })
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.DropReport(ctx, c.ID, 3) })
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			list, err := tx.Reports(ctx, c.ID)
			if err == nil && (len(list) != 2 || list[0].Version != 1 || list[1].Number != "B2" || list[0].Content != nil) {
				t.Errorf("got %+v, want versions 1 and 2 without content", list)
			}
			return err
		})
		err := db.Read(ctx, func(tx *store.Tx) error { _, err := tx.Report(ctx, c.ID, 3); return err })
		wantKind(t, err, hedui.NotFound)
	})
}

func TestCopiesAreCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := create(t, db, 1)
		r := store.Report{Case: c.ID, Version: 1, Number: "B1", Digest: "sha256:1", Content: []byte("{}"), Seal: []byte("s")}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.AddReport(ctx, r); err != nil {
				return err
			}
			return tx.SealReport(ctx, r)
		})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				ctx := context.Background()
				err := db.InTx(ctx, func(tx *store.Tx) error {
					n, err := tx.NextCopy(ctx, c.ID, 1)
					if err != nil {
						return err
					}
					return tx.AddCopy(ctx, store.Copy{Case: c.ID, Version: 1, N: n, Reader: "clerk", At: storetest.At, Digest: "sha256:2"})
				})
				if err != nil {
					t.Errorf("copy: %v", err)
				}
			})
		}
		wg.Wait()
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			copies, err := tx.Copies(ctx, c.ID)
			if err != nil {
				return err
			}
			for i, k := range copies {
				if want := (store.Copy{Case: c.ID, Version: 1, N: i + 1, Reader: "clerk", At: storetest.At, Digest: "sha256:2"}); k != want {
					t.Errorf("copy %d: got %+v, want %+v", i, k, want)
				}
			}
			if len(copies) != 8 {
				t.Errorf("got %d copies, want 8", len(copies))
			}
			return nil
		})
	})
}

func TestAuditEntriesShareTheTransaction(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		var want []audit.Entry
		for i := range 70 {
			want = append(want, audit.New(storetest.At, "clerk", "望春街道", audit.Asked, "case", fmt.Sprint(i)))
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.Record(ctx, want...) })
		stop := errors.New("stop")
		err := db.InTx(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.Record(ctx, audit.New(storetest.At, "clerk", "", audit.Returned, "case", "")), stop)
		})
		if !errors.Is(err, stop) {
			t.Errorf("got %v, want %v", err, stop)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.Entries(ctx, "case")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			return err
		})
	})
}

func TestSerialsAreUniqueAmongWriters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const writers, draws = 8, 25
		var mu sync.Mutex
		var wg sync.WaitGroup
		seen := map[int]bool{}
		for w := range writers {
			wg.Go(func() {
				for range draws {
					inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
						first, err := tx.NextSerials(ctx, "key", 1+w%2)
						mu.Lock()
						defer mu.Unlock()
						for n := first; n <= first+w%2; n++ {
							if seen[n] {
								t.Errorf("serial %d was drawn twice", n)
							}
							seen[n] = true
						}
						return err
					})
				}
			})
		}
		wg.Wait()
		if want := writers*draws + writers/2*draws; len(seen) != want || !seen[1] || !seen[want] {
			t.Errorf("got %d serials, want 1 to %d", len(seen), want)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.NextSerial(ctx, "other")
			if n != 1 {
				t.Errorf("another key: got %d, want 1", n)
			}
			return err
		})
	})
}

func TestDraftsAreTheirOwners(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		for _, body := range []string{"汪", "汪试验甲, no number yet"} {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveDraft(ctx, "d1", "clerk", []byte(body)) })
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			body, err := tx.Draft(ctx, "d1", "clerk")
			if string(body) != "汪试验甲, no number yet" {
				t.Errorf("got %q", body)
			}
			list, more := tx.Drafts(ctx, "clerk", "", 9)
			if len(list) != 1 || list[0].ID != "d1" || string(list[0].Body) != string(body) {
				t.Errorf("drafts: got %v, want d1", list)
			}
			if list, err := tx.Drafts(ctx, "clerk", "d1", 9); len(list) > 0 {
				t.Errorf("after the last there are %v %v", list, err)
			}
			return errors.Join(err, more)
		})
		err := db.InTx(ctx, func(tx *store.Tx) error { return tx.SaveDraft(ctx, "d1", "another", nil) })
		wantKind(t, err, hedui.Conflict)
		err = db.Read(ctx, func(tx *store.Tx) error { _, err := tx.Draft(ctx, "d1", "another"); return err })
		wantKind(t, err, hedui.NotFound)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteDraft(ctx, "d1") })
		err = db.Read(ctx, func(tx *store.Tx) error { _, err := tx.Draft(ctx, "d1", "clerk"); return err })
		wantKind(t, err, hedui.NotFound)
	})
}
