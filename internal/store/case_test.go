package store_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

func inTx(t testing.TB, db *store.DB, f func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := db.InTx(ctx, func(tx *store.Tx) error { return f(ctx, tx) }); err != nil {
		t.Fatalf("transaction: %v", err)
	}
}

func read(t testing.TB, db *store.DB, f func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := db.Read(ctx, func(tx *store.Tx) error { return f(ctx, tx) }); err != nil {
		t.Fatalf("read: %v", err)
	}
}

// create stores a made-up case.
func create(t testing.TB, db *store.DB, n int) *hedui.Case {
	t.Helper()
	c := storetest.Case(t, n)
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.CreateCase(ctx, c) })
	return c
}

func load(t testing.TB, db *store.DB, id string) *hedui.Case {
	t.Helper()
	var c *hedui.Case
	read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
		c, err = tx.Case(ctx, id)
		return err
	})
	return c
}

func wantKind(t testing.TB, err error, want hedui.Kind) {
	t.Helper()
	if err == nil || hedui.KindOf(err) != want {
		t.Errorf("got error %v of kind %s, want %s", err, hedui.KindOf(err), want)
	}
}

func TestCaseComesBackAsItWas(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := create(t, db, 1)
		if got := load(t, db, c.ID); !reflect.DeepEqual(got, c) {
			t.Errorf("got %+v, want %+v", got, c)
		}
		c.Stage, c.DueAt = hedui.Accepted, storetest.At.AddDate(0, 0, 1)
		c.Persons = c.Persons[:3]
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCase(ctx, c) })
		got := load(t, db, c.ID)
		if !reflect.DeepEqual(got, c) || got.Rev != 2 {
			t.Errorf("after saving: got %+v, want %+v", got, c)
		}
	})
}

func TestSavingAnOldCaseIsAConflict(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		create(t, db, 1)
		c := create(t, db, 2)
		first, second := load(t, db, c.ID), load(t, db, c.ID)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCase(ctx, first) })
		err := db.InTx(ctx, func(tx *store.Tx) error { return tx.SaveCase(ctx, second) })
		wantKind(t, err, hedui.Conflict)

		twin := storetest.Case(t, 2) // same number
		err = db.InTx(ctx, func(tx *store.Tx) error { return tx.CreateCase(ctx, twin) })
		wantKind(t, err, hedui.Conflict)
		err = db.Read(ctx, func(tx *store.Tx) error { _, err := tx.Case(ctx, "nothing"); return err })
		wantKind(t, err, hedui.NotFound)
	})
}

func TestCasesAreListedByFilter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var cases []*hedui.Case
		for n := range 6 {
			c := storetest.Case(t, n)
			if n%2 == 1 {
				c.Stage, c.Division, c.DueAt = hedui.Accepted, "330212", storetest.At.AddDate(0, 0, n)
			}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.CreateCase(ctx, c) })
			cases = append(cases, c)
		}
		for n, told := range map[int]bool{2: false, 4: true} { // two reports are taken, one office has told what it decided
			c := cases[n]
			c.Stage = hedui.Delivered
			if told {
				c.Decisions = []hedui.Decision{{Outcome: "granted"}}
			}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCase(ctx, c) })
		}
		for _, tt := range []struct {
			name   string
			filter store.Filter
			want   []int
		}{
			{"all, newest first", store.Filter{}, []int{5, 4, 3, 2, 1, 0}},
			{"by stage", store.Filter{Stages: []hedui.Stage{hedui.Accepted, hedui.Issued}}, []int{5, 3, 1}},
			{"by city", store.Filter{Division: "3302", Limit: 2}, []int{5, 4}},
			{"by county", store.Filter{Division: "330203"}, []int{4, 2, 0}},
			{"the next page", store.Filter{Before: cases[3].ID, Limit: 2}, []int{2, 1}},
			{"by number", store.Filter{Number: cases[2].Number}, []int{2}},
			{"by a part of a number", store.Filter{Number: cases[2].Number[:12]}, nil},
			{"by number elsewhere", store.Filter{Number: cases[2].Number, Division: "3301"}, nil},
			{"what is promised soonest, of two stages", store.Filter{Stages: []hedui.Stage{hedui.Delivered, hedui.Accepted}, ByDue: true, Limit: 4}, []int{1, 3, 5, 2}},
			{"the most urgent two", store.Filter{Stages: []hedui.Stage{hedui.Delivered, hedui.Accepted}, ByDue: true, Limit: 2}, []int{1, 3}},
			{"what is promised soonest, of all stages in a county", store.Filter{Division: "330203", ByDue: true}, []int{0, 2, 4}},
			{"without a decision", store.Filter{Undecided: true}, []int{2}},
			{"by deadline", store.Filter{DueBefore: storetest.At.AddDate(0, 0, 4)}, []int{3, 1}},
			{"of a programme without cases", store.Filter{Programme: hedui.Housing}, nil},
			{"all at once", store.Filter{Stages: []hedui.Stage{hedui.Accepted}, Division: "33", Programme: hedui.Dibao, Before: cases[5].ID}, []int{3, 1}},
		} {
			var list []store.Summary
			read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				list, err = tx.Cases(ctx, tt.filter)
				return err
			})
			var got []int
			for _, s := range list {
				got = append(got, slices.IndexFunc(cases, func(c *hedui.Case) bool { return c.ID == s.ID }))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
			}
		}
		var list []store.Summary
		read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
			list, err = tx.Cases(ctx, store.Filter{Limit: 1})
			return err
		})
		c := cases[5]
		want := store.Summary{ID: c.ID, Number: c.Number, Division: c.Division, Programme: c.Programme, Kind: c.Kind, Office: c.Office,
			Stage: c.Stage, AppliedOn: c.AppliedOn, CreatedAt: c.CreatedAt, DueAt: c.DueAt, Applicant: "汪***", Persons: 4}
		if len(list) != 1 || list[0] != want {
			t.Errorf("got %+v, want %+v", list, want)
		}
	})
}

func TestRunningCaseIsFoundByPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c, other := create(t, db, 1), storetest.Case(t, 2)
		ask := func(ids []idcard.Number, p hedui.Programme, except string) (id string, ok bool) {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				id, ok, err = tx.RunningCase(ctx, ids, p, except)
				return err
			})
			return id, ok
		}
		third := []idcard.Number{other.Persons[0].ID, c.Persons[2].ID}
		if id, ok := ask(third, hedui.Dibao, ""); !ok || id != c.ID {
			t.Errorf("third person: got %q %v, want %q", id, ok, c.ID)
		}
		for name, tt := range map[string]struct {
			ids    []idcard.Number
			p      hedui.Programme
			except string
		}{
			"strangers":         {[]idcard.Number{other.Persons[0].ID}, hedui.Dibao, ""},
			"nobody":            {nil, hedui.Dibao, ""},
			"other programme":   {third, hedui.Medical, ""},
			"the case in hand":  {third, hedui.Dibao, c.ID},
			"nobody, no number": {[]idcard.Number{}, hedui.Dibao, c.ID},
		} {
			if id, ok := ask(tt.ids, tt.p, tt.except); ok {
				t.Errorf("%s: got %q, want none", name, id)
			}
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			list, err := tx.CasesOf(ctx, c.Persons[3].ID)
			if err == nil && (len(list) != 1 || list[0].ID != c.ID) {
				t.Errorf("cases of the fourth person: got %v, want %s", list, c.ID)
			}
			return err
		})

		gone := c.Persons[3].ID
		c.Persons = c.Persons[:3] // the fourth moves out, and is forgotten
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCase(ctx, c) })
		if id, ok := ask([]idcard.Number{gone}, hedui.Dibao, ""); ok {
			t.Errorf("person who left: got %q, want none", id)
		}
		c.Stage = hedui.Terminated
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCase(ctx, c) })
		if id, ok := ask(third, hedui.Dibao, ""); ok {
			t.Errorf("ended case: got %q, want none", id)
		}
	})
}

// Two clerks open a case for one household at the same moment.
func TestOnlyOneOfManyOpensACase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		var wg sync.WaitGroup
		opened := make([]bool, 8)
		for i := range opened {
			c := storetest.Case(t, 1)
			c.Number = fmt.Sprint(i)
			if i%2 == 1 {
				slices.Reverse(c.Persons)
			}
			wg.Go(func() {
				err := db.InTx(ctx, func(tx *store.Tx) error {
					opened[i] = false
					var ids []idcard.Number
					for _, p := range c.Persons {
						ids = append(ids, p.ID)
					}
					if _, running, err := tx.RunningCase(ctx, ids, c.Programme, ""); err != nil || running {
						return err
					}
					opened[i] = true
					return tx.CreateCase(ctx, c)
				})
				if err != nil {
					t.Errorf("clerk %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := len(slices.DeleteFunc(slices.Clone(opened), func(b bool) bool { return !b })); n != 1 {
			t.Errorf("%d cases were opened, want 1", n)
		}
	})
}

func TestErasedCaseCannotBeRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		c, other := create(t, db, 1), create(t, db, 2)
		plan := storetest.Plan(c)
		plan[0].Take(storetest.Answer(c, &plan[0]), storetest.At)
		r := store.Report{Case: c.ID, Version: 1, Number: "B1", Content: []byte("{}"), Digest: "sha256:1"}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.AddQueries(ctx, plan); err != nil {
				return err
			}
			return tx.AddReport(ctx, r)
		})
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.EraseCase(ctx, c.ID); return err })

		for name, f := range map[string]func(tx *store.Tx) error{
			"case":    func(tx *store.Tx) error { _, err := tx.Case(ctx, c.ID); return err },
			"queries": func(tx *store.Tx) error { _, err := tx.Queries(ctx, c.ID); return err },
			"report":  func(tx *store.Tx) error { _, err := tx.Report(ctx, c.ID, 1); return err },
			"save":    func(tx *store.Tx) error { return tx.SaveCase(ctx, c) },
		} {
			err := db.InTx(ctx, f)
			wantKind(t, err, hedui.NotFound)
			if err != nil && !strings.Contains(err.Error(), "error.erased") {
				t.Errorf("%s: got %v, want error.erased", name, err)
			}
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			list, err := tx.Cases(ctx, store.Filter{})
			if err != nil {
				return err
			}
			if len(list) != 2 || list[1].Applicant != "" || list[1].Number != c.Number || list[0].Applicant == "" {
				t.Errorf("list: got %+v, want the erased case without its applicant", list)
			}
			if work, err := tx.Cases(ctx, store.Filter{ByDue: true}); err != nil || len(work) != 1 || work[0].ID != other.ID {
				t.Errorf("work: got %+v %v, want the other case only", work, err)
			}
			of, err := tx.CasesOf(ctx, c.Persons[0].ID)
			if len(of) != 0 {
				t.Errorf("cases of a forgotten person: got %v, want none", of)
			}
			return err
		})
		load(t, db, other.ID)
		err := db.InTx(ctx, func(tx *store.Tx) error { _, err := tx.EraseCase(ctx, "nothing"); return err })
		wantKind(t, err, hedui.NotFound)
	})
}
