package store_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

func TestChecksOfSources(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		at := storetest.At
		begin := func(id, source string, at time.Time) (before time.Time) {
			t.Helper()
			inTx(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				before, err = tx.BeginCheck(ctx, hedui.SourceCheck{ID: id, Source: source, Officer: "zhang", At: at}, at.Add(-2*time.Minute))
				return err
			})
			return before
		}
		list := func(source string) (all []hedui.SourceCheck) {
			t.Helper()
			read(t, db, func(ctx context.Context, tx *store.Tx) (err error) { all, err = tx.Checks(ctx, source); return err })
			return all
		}
		if before := begin("a", "hukou", at); !before.IsZero() {
			t.Errorf("the first test is refused for that of %s", before)
		}
		if before := begin("b", "hukou", at.Add(time.Minute)); !before.Equal(at) {
			t.Errorf("a test a minute later: got %s, want it refused for that of %s", before, at)
		}
		if before := begin("c", "land", at.Add(time.Minute)); !before.IsZero() {
			t.Error("a test of another source is refused")
		}
		c := hedui.SourceCheck{ID: "a", Source: "hukou", Officer: "zhang", At: at, EndedAt: at.Add(time.Second), Digest: "sha256:1", Ready: true,
			Lines: []hedui.CheckLine{{Check: "known", State: hedui.CheckOK, Key: "known.found", Args: []string{"1", "id"}}, {Check: "keys", State: hedui.CheckWarning, Key: "keys.strange", Why: "x"}}}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCheck(ctx, c) })
		if got := list("hukou"); len(got) != 1 || !reflect.DeepEqual(got[0], c) {
			t.Errorf("got %+v, want %+v", got, c)
		}
		later := c
		later.Ready = false
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCheck(ctx, later) })
		if got := list("hukou"); !got[0].Ready {
			t.Error("a test that has ended was written over")
		}
		for n := range 30 {
			begin(string(rune('d'+n)), "hukou", at.Add(time.Duration(n+1)*time.Hour))
		}
		if got := list("hukou"); len(got) != 20 || !got[0].At.Equal(at.Add(30*time.Hour)) {
			t.Errorf("%d tests are kept, the last of %s", len(got), got[0].At)
		}
		if got := list(""); len(got) != 21 {
			t.Errorf("%d tests of all sources", len(got))
		}
	})
}

func TestPromisesOfSourcesAreDated(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := hedui.SourcePromise{Source: "land", Since: storetest.At, Digest: "sha256:1", Refresh: 24 * time.Hour, Within: "3wd"}
		same, changed, back := p, p, p
		same.Since = p.Since.Add(time.Hour)
		changed.Since, changed.Within = p.Since.Add(2*time.Hour), "5wd"
		back.Since = p.Since.Add(3 * time.Hour)
		for _, one := range []hedui.SourcePromise{p, same, changed, back, {Source: "hukou", Since: p.Since}} {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.NoteSourceFile(ctx, one) })
		}
		var got []hedui.SourcePromise
		read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
			got, err = tx.SourcePromises(ctx, "land")
			return err
		})
		if want := []hedui.SourcePromise{p, changed, back}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) (err error) { got, err = tx.SourcePromises(ctx, ""); return err })
		if len(got) != 4 || got[0].Source != "hukou" {
			t.Errorf("of all: %+v", got)
		}
	})
}
