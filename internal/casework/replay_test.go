package casework

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/rule/book"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// withStandard are the program's books with another standard for Ningbo.
func withStandard(t *testing.T, yuan string) *book.Library {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{"nation-2012.yaml", "nation-2021.yaml", "ningbo-2013.yaml", "ningbo-today.yaml"} {
		text, err := fs.ReadFile(book.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "ningbo-today.yaml" {
			changed := strings.Replace(string(text), `"1200.00"`, `"`+yuan+`"`, 1)
			if changed == string(text) && yuan != "1200.00" {
				t.Fatal("the standard is not where it was")
			}
			text = []byte(changed)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	l, err := book.Read(files)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// sealedCase stores a household of one person with a wage in the tax register and a
// sealed report.
func sealedCase(t *testing.T, ctx context.Context, tx *store.Tx, n int, division string, p hedui.Programme, wage int, applied day.Day) *hedui.Case {
	t.Helper()
	c := storetest.Case(t, 0)
	c.Number, c.Division, c.Programme, c.AppliedOn = "", division, p, applied
	c.Persons, c.Declared = c.Persons[:1], hedui.Declared{}
	c.Persons[0].ID = storetest.ID(t, day.Must("1960-01-01").Add(n), n)
	c.Stage, c.Version = hedui.Delivered, 1
	q := hedui.Query{ID: hedui.QueryID(c.ID, 1, "local_tax", "330200", 1), Case: c.ID, Person: 1, Category: "local_tax", Scope: "330200", Source: "local_tax",
		State: hedui.Answered, Outcome: source.Found, Match: source.MatchIDName, CreatedAt: storetest.At, AskedAt: storetest.At, AnsweredAt: storetest.At, AsOf: storetest.At, Hash: "sha256:00"}
	w := c.Window()
	q.Records = []catalog.Record{{"tax_item": "wage", "period_from": w.From.String(), "period_to": w.To.String(), "income_amount": fmt.Sprintf("%d.00", 12*wage), "withholding_unit": "某公司"}}
	if err := tx.CreateCase(ctx, c); err != nil {
		t.Fatal(err)
	}
	if err := tx.AddQueries(ctx, []hedui.Query{q}); err != nil {
		t.Fatal(err)
	}
	return c
}

// replayed is who crosses a line of a programme, as the table shows it, with the sums.
func replayed(r Replay, p hedui.Programme, line string) string {
	var out []string
	for _, t := range r.Programmes {
		for _, l := range t.Lines {
			if t.Programme != p || l.Rule != "lines."+line {
				continue
			}
			for _, c := range l.Counties {
				out = append(out, fmt.Sprint(c.Division, ": ", c.Before, " ", c.After, " ", c.Newly, " ", c.NoLonger))
			}
			if l.All != nil {
				out = append(out, fmt.Sprint("all: ", l.All.Before, " ", l.All.After, " ", l.All.Newly, " ", l.All.NoLonger))
			}
		}
	}
	return strings.Join(out, "; ")
}

var statistician = officer("statistician", hedui.ReadStatistics)

func TestBooksAreTriedOnStoredHouseholds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.start(t)
		ctx := t.Context()
		applied := day.Of(storetest.At)
		n := 0
		put := func(tx *store.Tx, division string, p hedui.Programme, at1000, at1300, at2000 int) {
			for i, count := range []int{at1000, at1300, at2000} {
				for range count {
					n++
					sealedCase(t, ctx, tx, n, division, p, []int{1000, 1300, 2000}[i], applied)
				}
			}
		}
		if err := db.InTx(ctx, func(tx *store.Tx) error {
			n = 0
			put(tx, "330203", hedui.Dibao, 14, 12, 11)
			put(tx, "330205", hedui.Dibao, 13, 3, 11)
			put(tx, "330212", hedui.Dibao, 16, 12, 13)
			put(tx, "330203", hedui.Medical, 6, 5, 7)
			sealedCase(t, ctx, tx, n+1, "330203", hedui.Dibao, 2000, applied) // has a newer one
			sealedCase(t, ctx, tx, n+1, "330203", hedui.Dibao, 1000, applied)
			sealedCase(t, ctx, tx, n+2, "330203", hedui.Dibao, 1000, day.Must("2010-05-01")) // before any book
			erased := sealedCase(t, ctx, tx, n+3, "330203", hedui.Dibao, 2000, applied)
			handed := sealedCase(t, ctx, tx, n+4, "330203", hedui.Dibao, 2000, applied)
			handed.Stage = hedui.Handed
			open := sealedCase(t, ctx, tx, n+5, "330203", hedui.Dibao, 2000, applied)
			open.Stage, open.Version = hedui.Collecting, 0 // no report yet
			_, gone := tx.EraseCase(ctx, erased.ID)
			for _, err := range []error{gone, tx.SaveCase(ctx, handed), tx.SaveCase(ctx, open)} {
				if err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		read := n + 2
		for _, c := range []struct {
			name, standard  string
			on              string
			least           int
			officer         hedui.Officer
			dibao, medical  string
			unworked, apart string
		}{
			{"raised", "1400.00", "", 1, statistician, "330203: 23 11 0 12; 330205: 14 11 0 3; 330212: 25 13 0 12; all: 62 35 0 27", "330203: 12 7 0 5", "[{{false no_book} 1}]", "1 1 1"},
			{"lowered", "900.00", "", 1, statistician, "330203: 23 38 15 0; 330205: 14 27 13 0; 330212: 25 41 16 0; all: 62 106 44 0", "330203: 12 18 6 0", "[{{false no_book} 1}]", "1 1 1"},
			{"the same", "1200.00", "", 1, statistician, "330203: 23 23 0 0; 330205: 14 14 0 0; 330212: 25 25 0 0; all: 62 62 0 0", "330203: 12 12 0 0", "[{{false no_book} 1}]", "1 1 1"},
			{"by the books of a day", "1400.00", "2027-01-01", 1, statistician, "330203: 23 11 0 12; 330205: 14 11 0 3; 330212: 25 13 0 12; all: 62 35 0 27", "330203: 12 7 0 5", "[]", "1 1 1"},
			{"small counts", "1400.00", "", 5, statistician, "330203: … … … …; 330205: … … … <5; 330212: 25 13 0 12; all: 62 35 0 27", "330203: 12 7 0 5", "[{{false no_book} <5}]", "<5 <5 <5"},
			{"one county alone", "1400.00", "", 1, hedui.Officer{ID: "c", Division: "330205", Rights: []hedui.Right{hedui.ReadStatistics}}, "330205: 14 11 0 3", "", "[]", "0 0 0"},
		} {
			order := ReplayOrder{Tried: withStandard(t, c.standard), Least: c.least}
			if c.on != "" {
				order.On = day.Must(c.on)
			}
			last, of := 0, 0
			order.Progress = func(done, all int) { last, of = done, all }
			r, err := b.Replay(ctx, c.officer, order)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if last != of || c.officer.ID == statistician.ID && of != read {
				t.Errorf("%s: %d of %d cases read, want %d", c.name, last, of, read)
			}
			if got := replayed(r, hedui.Dibao, "income"); got != c.dibao {
				t.Errorf("%s: dibao %s, want %s", c.name, got, c.dibao)
			}
			if got := replayed(r, hedui.Medical, "income"); got != c.medical {
				t.Errorf("%s: medical %s, want %s", c.name, got, c.medical)
			}
			if got := fmt.Sprint(r.Unworked); got != c.unworked {
				t.Errorf("%s: not worked out %s, want %s", c.name, got, c.unworked)
			}
			if got := fmt.Sprint(r.Older, " ", r.Handed, " ", r.Erased); got != c.apart {
				t.Errorf("%s: left out %s, want %s", c.name, got, c.apart)
			}
			if (len(r.Tried) == 1) != (c.standard != "1200.00") || len(r.Tried) == 1 && !strings.HasPrefix(r.Tried[0], "ningbo-today@") {
				t.Errorf("%s: books that are tried %v", c.name, r.Tried)
			}
		}
		b.nobodyWasAsked(t)
	})
}

// nobodyWasAsked holds that no work was left for anybody and no source has a question.
func (b *bench) nobodyWasAsked(t *testing.T) {
	t.Helper()
	var backlog map[string]int
	if err := b.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
		backlog, err = tx.Backlog(t.Context())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	delete(backlog, auditLane) // what is recorded gets its place in the log
	delete(backlog, eraseLane) // the hourly look at what is due
	delete(backlog, concernLane)
	delete(backlog, statisticsLane)
	if len(backlog) > 0 {
		t.Errorf("work is queued: %v", backlog)
	}
	for code, f := range b.sources {
		if n := len(f.times()); n > 0 {
			t.Errorf("%s was asked %d times", code, n)
		}
	}
}

func TestAReplayIsRecordedOnceAndNeedsItsRight(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		ctx := t.Context()
		if err := db.InTx(ctx, func(tx *store.Tx) error {
			for i := range 120 { // more than a page
				sealedCase(t, ctx, tx, i, "330203", hedui.Dibao, 1300, day.Of(storetest.At))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		entries := func() (list []audit.Entry) {
			t.Helper()
			if err := db.Read(ctx, func(tx *store.Tx) (err error) {
				list, err = tx.Entries(ctx, "")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return slices.DeleteFunc(list, func(e audit.Entry) bool { return e.Verb != audit.Replayed && e.Verb != audit.Refused })
		}
		order := ReplayOrder{Tried: withStandard(t, "1400.00"), Least: 5}
		if _, err := b.Replay(ctx, clerk, order); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("an officer who may not read cases: %v", err)
		}
		if got := entries(); len(got) != 1 || got[0].Verb != audit.Refused || got[0].Officer != clerk.ID || got[0].Detail != string(audit.Replayed) {
			t.Fatalf("entries %+v, want the refusal", got)
		}
		r, err := b.Replay(ctx, statistician, order)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := replayed(r, hedui.Dibao, "income"), "330203: 120 0 0 120"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		got := entries()
		if len(got) != 2 || got[1].Verb != audit.Replayed || got[1].Officer != statistician.ID {
			t.Fatalf("entries %+v, want one for the replay", got)
		}
		for _, want := range []string{"cases=120", " +ningbo-today@", " -ningbo-today@"} {
			if !strings.Contains(got[1].Detail, want) {
				t.Errorf("the entry says %q, want %s", got[1].Detail, want)
			}
		}
		if _, err := b.Replay(ctx, statistician, ReplayOrder{Tried: order.Tried}); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("without a least count: %v", err)
		}
		if len(entries()) != 2 {
			t.Error("what was not done was recorded")
		}
	})
}

// A case that is sealed while a replay goes on takes no part in it: its household is
// in the list with the case before.
func TestAHouseholdCountsOnceWhileCasesAreSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		ctx := t.Context()
		put := func(from, to int) {
			t.Helper()
			if err := db.InTx(ctx, func(tx *store.Tx) error {
				for i := from; i < to; i++ {
					sealedCase(t, ctx, tx, i, "330203", hedui.Dibao, 1300, day.Of(storetest.At))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		const households = replayPage + 1
		put(0, households)
		pages, failed := make(chan []string), make(chan error, 1)
		go func() {
			defer close(pages)
			failed <- b.listSealed(ctx, "3302", pages)
		}()
		listed := len(<-pages)
		put(0, 1) // the first household again
		for page := range pages {
			listed += len(page)
		}
		if err := <-failed; err != nil || listed != households {
			t.Errorf("%v, %d cases of %d households are listed", err, listed, households)
		}
	})
}

// A replay that nothing is recorded of does not happen.
func TestNothingIsReadThatIsNotRecorded(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			b := newBench(t, storetest.Open(t, o), time.Hour)
			ctx := t.Context()
			if err := b.DB.InTx(ctx, func(tx *store.Tx) error {
				sealedCase(t, ctx, tx, 1, "330203", hedui.Dibao, 1300, day.Of(storetest.At))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			defer storetest.Full(t, o, "audit_entries")()
			r, err := b.Replay(ctx, statistician, ReplayOrder{Tried: withStandard(t, "1400.00"), Least: 1,
				Progress: func(int, int) { t.Error("a case was read") }})
			if err == nil || len(r.Programmes) > 0 {
				t.Errorf("%+v, %v, want an error", r, err)
			}
		})
	}
}
