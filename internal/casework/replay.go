package casework

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/rule"
	"hedui/internal/rule/book"
	"hedui/internal/store"
)

// replayPage is how many cases are in memory for each worker.
const replayPage = 50

// A ReplayOrder asks what books that are tried would change.
type ReplayOrder struct {
	Tried    *book.Library
	On       day.Day // books of this day; zero = of the day of application of each case
	Least    int     // a count below it is not shown
	Progress func(done, of int)
}

// A Replay is what they would change. It holds nothing of which a single household
// could be known, see [rule.Table].
type Replay struct {
	Division string   `json:"division"` // all of whose households were worked out
	Least    int      `json:"least"`    // a count below it is not shown
	On       day.Day  `json:"on,omitzero"`
	Tried    []string `json:"tried"` // books that are not among those that hold, as name@version
	Ended    []string `json:"ended"` // books that hold and are not among those that are tried
	rule.Table
	Older  rule.Shown `json:"older"` // sealed cases of households that have a newer one
	Handed rule.Shown `json:"handed"`
	Erased rule.Shown `json:"erased"`
}

// Replay works every household of the officer's division that has a sealed report
// out by the rules that hold and by those that are tried, from the answers that are
// stored: nobody is asked, and nothing is changed. A household is its applicant, and
// counts once for each programme, with its newest sealed case.
//
// It takes the right to read cases, because it opens those that the officer may read
// one by one; what it gives is less. One entry in the log stands for all of them. It
// is written before the first is opened.
func (d *Desk) Replay(ctx context.Context, o hedui.Officer, r ReplayOrder) (Replay, error) {
	if err := o.May(hedui.ReadStatistics, o.Division); err != nil {
		return Replay{}, d.refused(ctx, o, "", audit.Replayed, err)
	}
	if r.Least < 1 {
		return Replay{}, hedui.Fail(hedui.Invalid, hedui.Say("rulebook.replay.least"), nil)
	}
	out := Replay{Division: o.Division, Least: r.Least, On: r.On, Tried: beyond(r.Tried, d.Rules), Ended: beyond(d.Rules, r.Tried)}
	place := hedui.PlacePrefix(o.Division)
	var count store.SealedCount
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		count, err = tx.CountSealed(ctx, place)
		return err
	})
	if err != nil {
		return Replay{}, err
	}
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		return tx.Record(ctx, audit.New(d.Now(), o.ID, o.Office, audit.Replayed, "", out.detail(count.Newest)))
	})
	if err != nil {
		return Replay{}, err
	}
	tally, err := d.tally(ctx, place, rule.Trial{Holds: d.Rules, Tried: r.Tried, On: r.On}, func(done int) {
		if r.Progress != nil {
			r.Progress(min(done, count.Newest), count.Newest)
		}
	})
	if err != nil {
		return Replay{}, err
	}
	out.Table = tally.Table(r.Least)
	out.Older, out.Handed, out.Erased = rule.Show(count.Older, r.Least), rule.Show(count.Handed, r.Least), rule.Show(count.Erased, r.Least)
	return out, nil
}

// detail is what the log says of a replay.
func (r *Replay) detail(cases int) string {
	words := []string{"cases=" + strconv.Itoa(cases)}
	if !r.On.IsZero() {
		words = append(words, "on="+r.On.String())
	}
	for _, b := range r.Tried {
		words = append(words, "+"+b)
	}
	for _, b := range r.Ended {
		words = append(words, "-"+b)
	}
	return strings.Join(words, " ")
}

// tally reads and works out on all cores; each core has a page of cases in memory.
func (d *Desk) tally(ctx context.Context, place string, trial rule.Trial, progress func(done int)) (*rule.Tally, error) {
	pages := make(chan []string)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(pages)
		return d.listSealed(ctx, place, pages)
	})
	var mu sync.Mutex
	var all rule.Tally
	done := 0
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			var mine rule.Tally
			for ids := range pages {
				if err := d.tallyPage(ctx, ids, trial, &mine); err != nil {
					return err
				}
				mu.Lock()
				done += len(ids)
				progress(done)
				mu.Unlock()
			}
			mu.Lock()
			defer mu.Unlock()
			all.Merge(&mine)
			return nil
		})
	}
	return &all, g.Wait()
}

// listSealed hands out the ids of the cases that count. They are listed at one
// moment: of a household whose next case is sealed meanwhile both would count.
func (d *Desk) listSealed(ctx context.Context, place string, pages chan<- []string) error {
	var ids []string
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.SealedIDs(ctx, place)
		return err
	})
	if err != nil {
		return err
	}
	for page := range slices.Chunk(ids, replayPage) {
		select {
		case pages <- page:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (d *Desk) tallyPage(ctx context.Context, ids []string, trial rule.Trial, t *rule.Tally) error {
	var cases []store.SealedCase
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		cases, err = tx.SealedByID(ctx, ids)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range cases {
		if err := t.Add(trial, c.Case, c.Grid, c.Explanations); err != nil {
			return err
		}
	}
	return nil
}

// beyond names the books of a library that another one has not.
func beyond(of, other *book.Library) []string {
	list := []string{}
	for _, b := range of.Books {
		if !slices.ContainsFunc(other.Books, func(o *book.Book) bool { return o.Name == b.Name && o.Version == b.Version }) {
			list = append(list, b.Name+"@"+b.Version)
		}
	}
	return list
}
