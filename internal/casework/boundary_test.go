package casework

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
	"hedui/source"
)

// change is the first instant at which 江东区 belongs to 鄞州区 and 奉化市 is a district.
var change = day.Must("2016-10-01").Start()

// clock is a desk's time, moved by the test.
type clock struct{ us atomic.Int64 }

func (c *clock) now() time.Time   { return time.UnixMicro(c.us.Load()).UTC() }
func (c *clock) set(at time.Time) { c.us.Store(at.UnixMicro()) }

// at gives a bench another time and a certificate that holds then.
func (b *bench) at(t *testing.T, at time.Time) *clock {
	t.Helper()
	c := &clock{}
	c.set(at)
	key, err := seal.Generate(seal.P256SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if b.Certificate, err = seal.SelfSigned(key, "核对中心", at.AddDate(0, 0, -1), at.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	b.Signer, b.Now = key, c.now
	b.prepare(t)
	return c
}

func (b *bench) prepare(t *testing.T) {
	t.Helper()
	if err := b.Prepare(); err != nil {
		t.Fatal(err)
	}
}

// work runs the desk until the returned function is called, or the test ends.
func (b *bench) work(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func formOf(t *testing.T, n int, division string) hedui.Form {
	f := form(t, n)
	f.Division, f.Office = division, "某街道"
	return f
}

// of is the officer with another division.
func of(o hedui.Officer, division string) hedui.Officer {
	o.Division = division
	return o
}

func (b *bench) load(t *testing.T, id string) (c *hedui.Case) {
	t.Helper()
	if err := b.DB.Read(t.Context(), func(tx *store.Tx) (err error) { c, err = tx.Case(t.Context(), id); return err }); err != nil {
		t.Fatal(err)
	}
	return c
}

func count[T comparable](list []T, one T) int {
	n := 0
	for _, x := range list {
		if x == one {
			n++
		}
	}
	return n
}

// A case of 江东, in the middle of its work on the day of the change: officers of
// 鄞州 read it, go on with it and seal its report, under the number it has.
func TestARunningCaseGoesOnInTheSuccessor(t *testing.T) {
	for _, c := range []struct{ from, to, name string }{
		{"330204", "330212", "浙江省宁波市鄞州区"},
		{"330283", "330213", "浙江省宁波市奉化区"}, // which had no name on the day of application
	} {
		t.Run(c.from, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) { goOn(t, db, c.from, c.to, c.name) })
		})
	}
}

func goOn(t *testing.T, db *store.DB, from, to, name string) {
	ctx := t.Context()
	b := newBench(t, db, 24*time.Hour)
	var down atomic.Bool
	down.Store(true)
	b.sources["land"].answer = func(source.Query, int) (source.Answer, error) {
		if down.Load() {
			return source.Answer{}, errDown
		}
		return source.Answer{Outcome: source.None}, nil
	}
	for i, r := range b.Registers {
		if r.Category == "land" { // each county's own
			b.Registers[i].Scope, b.Registers[i].Until = from, day.Of(change)
			b.Registers = append(b.Registers, hedui.Register{Category: "land", Scope: to, Source: "land", From: day.Of(change)})
			break
		}
	}
	now := b.at(t, change.Add(-12*time.Hour))
	b.work(t)
	id := b.accepted(t, formOf(t, 1, from))
	if err := b.settled(t, id, 2); err != nil { // all but land
		t.Fatal(err)
	}
	before := b.load(t, id)
	if n, err := b.MoveCases(ctx); n != 0 || err != nil {
		t.Fatalf("before the change %d cases moved: %v", n, err)
	}
	now.set(change)
	for i, want := range []int{1, 0} {
		if n, err := b.MoveCases(ctx); n != want || err != nil {
			t.Fatalf("call %d: %d cases moved, want %d: %v", i+1, n, want, err)
		}
	}
	c := b.load(t, id)
	if c.Division != to || c.Number != before.Number || !strings.HasPrefix(c.Number, from) || c.Stage != before.Stage || c.Commission != before.Commission || !c.DueAt.Equal(before.DueAt) {
		t.Errorf("case %s of %s at %s due %v", c.Number, c.Division, c.Stage, c.DueAt)
	}
	if n := count(b.verbs(t, id), audit.Moved); n != 1 {
		t.Errorf("%d entries of the move", n)
	}
	if _, err := b.Look(ctx, of(civil, from), id); hedui.KindOf(err) != hedui.Forbidden {
		t.Errorf("an officer of the old county reads it: %v", err)
	}
	if list, err := b.Cases(ctx, of(civil, to), store.Filter{}); err != nil || len(list) != 1 || list[0].ID != id || list[0].Division != to {
		t.Errorf("the successor's list: %v %v", list, err)
	}
	now.set(c.DueAt)
	b.await(t, id, hedui.Summarised)
	if n := issueIn(t, b, id, to, name, before.Number); n != 1 {
		t.Errorf("%d gaps, want land", n)
	}
	down.Store(false)
	if _, err := b.Object(ctx, of(civil, to), id, hedui.Say("step.objection")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.AskAgain(ctx, of(receiver, to), id, hedui.Say("step.objection"), []catalog.Code{"land"}); err != nil {
		t.Fatal(err)
	}
	now.set(c.DueAt.Add(2 * time.Hour)) // so that what the old register was asked is asked again
	b.await(t, id, hedui.Summarised)
	if n := issueIn(t, b, id, to, name, before.Number); n != 0 {
		t.Errorf("%d gaps after the register that took over has answered", n)
	}
}

// issueIn reviews, seals and delivers as officers of a county, holds the report
// against its name and number, and returns how many gaps it has.
func issueIn(t *testing.T, b *bench, id, division, name, number string) int {
	t.Helper()
	content := b.issueAs(t, id, of(second, division), of(signer, division), of(civil, division))
	if content.Case.Division.Text != name || content.Case.Division.Code != division || content.Case.Number != number {
		t.Errorf("the report is of %+v, number %s", content.Case.Division, content.Case.Number)
	}
	if !strings.HasPrefix(content.Number, "B"+division) {
		t.Errorf("report number %s", content.Number)
	}
	return len(content.Gaps)
}

// seed opens n drafts in a division.
func seed(t *testing.T, b *bench, n int, division string) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		c, err := b.Register(t.Context(), clerk, fmt.Sprint("d", i), formOf(t, 100+i, division))
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = c.ID
	}
	return ids
}

func wantMovedOnce(t *testing.T, b *bench, ids []string) {
	t.Helper()
	for _, id := range ids {
		steps := 0
		c := b.load(t, id)
		for _, s := range c.Steps {
			if s.Note.Key == "step.moved" {
				steps++
			}
		}
		if n := count(b.verbs(t, id), audit.Moved); n != 1 || steps != 1 || c.Division != "330212" {
			t.Errorf("case of %s: %d steps and %d entries of the move, want one each", c.Division, steps, n)
		}
	}
}

func TestAMoveThatIsCutShortGoesOnLater(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		now := b.at(t, change.Add(-time.Hour))
		ids := seed(t, b, 7, "330204")
		now.set(change)
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		b.Now = func() time.Time { // once for the call, then once for each case
			if calls++; calls == 5 {
				cancel()
			}
			return now.now()
		}
		first, err := b.MoveCases(ctx)
		if first != 3 || !errors.Is(err, context.Canceled) {
			t.Fatalf("%d cases before the end: %v", first, err)
		}
		b.Now = now.now
		if n, err := b.MoveCases(t.Context()); n != len(ids)-first || err != nil {
			t.Fatalf("%d cases after %d: %v", n, first, err)
		}
		wantMovedOnce(t, b, ids)
	})
}

func TestOfficersGoOnWhileCasesMove(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		now := b.at(t, change.Add(-time.Hour))
		ids := seed(t, b, 12, "330204")
		now.set(change)
		var wg sync.WaitGroup
		for _, id := range ids {
			wg.Go(func() {
				if _, err := b.Commission(t.Context(), civil, id); err != nil {
					t.Errorf("commission: %v", err)
				}
			})
		}
		moved := make([]int, 2)
		for i := range moved { // two processes at once
			wg.Go(func() {
				var err error
				if moved[i], err = b.MoveCases(t.Context()); err != nil {
					t.Errorf("move: %v", err)
				}
			})
		}
		wg.Wait()
		if moved[0]+moved[1] != len(ids) {
			t.Errorf("%v cases moved, want %d together", moved, len(ids))
		}
		wantMovedOnce(t, b, ids)
		for _, id := range ids {
			if c := b.load(t, id); c.Stage != hedui.Commissioned {
				t.Errorf("a commission was lost: %s", c.Stage)
			}
		}
	})
}

// The node of 江东 must not draw numbers of 鄞州, whose own node draws them too.
func TestCasesStayWhereTheSuccessorIsAnotherNodes(t *testing.T) {
	b := newBench(t, storetest.Engines()[0].Open(t), time.Hour)
	now := b.at(t, change.Add(-time.Hour))
	b.Division = "330204"
	id := seed(t, b, 1, "330204")[0]
	now.set(change)
	if n, err := b.MoveCases(t.Context()); n != 0 || err != nil {
		t.Errorf("%d cases moved: %v", n, err)
	}
	if c := b.load(t, id); c.Division != "330204" {
		t.Errorf("the case is of %s", c.Division)
	}
}
