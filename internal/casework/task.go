package casework

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"hedui/catalog"
	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/source"
)

// A Task is an item of a worklist with what its clerk must know: person, category,
// purpose, mandate number and period. It holds nothing of the household and no
// amount of aid.
type Task struct {
	store.Item
	Department string
	Category   catalog.Category
	Person     source.Person
	Purpose    hedui.Programme
	Mandate    string // its number
	Window     source.Window
	Node       string // that asks; empty = this one
	ByLetter   bool   // the department is asked by an assistance letter

	query  hedui.Query // of this node
	scope  string      // of the register
	relay  *relayed    // of another
	places string      // division for the number of a letter
}

// about is under what a look at the task is recorded: the case, or another node's mandate.
func (t Task) about() string {
	if t.Relay {
		return t.Mandate
	}
	return t.Case
}

// manualOf returns a source that people answer, to an officer who may do so.
func (d *Desk) manualOf(o hedui.Officer, name string) (*manual, error) {
	if err := o.MayAnswer(name); err != nil {
		return nil, err
	}
	m := d.manuals[name]
	if m == nil {
		return nil, hedui.Fail(hedui.NotFound, hedui.Say("error.item.none", name), nil)
	}
	return m, nil
}

// tasks adds to items what their clerks must know. Those that must not be seen any
// more are left out: the consent or the case has ended, the question is withdrawn,
// or, unless settled is set, the query is settled.
func (d *Desk) tasks(ctx context.Context, tx *store.Tx, items []store.Item, settled bool) ([]Task, error) {
	at := d.Now()
	own, relays, err := subjects(ctx, tx, items)
	if err != nil {
		return nil, err
	}
	var cases []string
	for _, q := range own {
		cases = append(cases, q.Case)
	}
	of, err := tx.CasesByID(ctx, cases)
	if err != nil {
		return nil, err
	}
	var list []Task
	for _, it := range items {
		m := d.manuals[it.Source]
		if m == nil {
			continue
		}
		t := Task{Item: it, Department: m.info.Department, ByLetter: m.byLetter()}
		var asked source.Query
		if it.Relay {
			x := relays[it.About]
			if x == nil || !at.Before(x.relay.ExpiresAt) {
				continue
			}
			asked, err = x.query(at)
			t.Node, t.relay, t.scope, t.places = x.relay.Peer, x, x.question.Scope, d.Division
		} else {
			q, c := own[it.About], of[own[it.About].Case]
			if c == nil || !c.Stage.Asking() && !(settled && c.Stage == hedui.Suspended) || q.Settled() && !settled {
				continue
			}
			asked, err = c.Question(&q, at)
			t.query, t.scope, t.places = q, q.Scope, c.Division
		}
		if err != nil { // no live mandate: nobody may see it
			continue
		}
		t.Category, _ = catalog.Get(asked.Category())
		t.Person, t.Purpose, t.Mandate, t.Window = asked.Person(), hedui.Programme(asked.Purpose()), asked.MandateNumber(), asked.Window()
		list = append(list, t)
	}
	return list, nil
}

// subjects reads the queries and the open relays that items are about.
func subjects(ctx context.Context, tx *store.Tx, items []store.Item) (map[string]hedui.Query, map[string]*relayed, error) {
	var queries, relays []string
	for _, it := range items {
		if it.Relay {
			relays = append(relays, it.About)
		} else {
			queries = append(queries, it.About)
		}
	}
	own, asked := map[string]hedui.Query{}, map[string]*relayed{}
	list, err := tx.QueriesByID(ctx, queries)
	if err != nil {
		return nil, nil, err
	}
	for _, q := range list {
		own[q.ID] = q
	}
	others, err := tx.RelaysByID(ctx, relays)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range others {
		if !open(r) {
			continue
		}
		x := &relayed{relay: r}
		if x.question, err = exchange.DecodeQuestion(r.Body); err != nil {
			return nil, nil, err
		}
		asked[r.ID] = x
	}
	return own, asked, nil
}

// A Page is a part of a worklist.
type Page struct {
	Tasks []Task
	More  string // where the next part begins; empty at the end
}

// pageLength is how many items a part of a list has.
const pageLength = 50

// Worklist lists the open items of a source, oldest due first, after the item with
// the given id. That persons were shown is recorded, with each case or mandate.
func (d *Desk) Worklist(ctx context.Context, o hedui.Officer, sourceName, after string) (Page, error) {
	return d.page(ctx, o, store.ItemFilter{Sources: []string{sourceName}, After: after, Limit: pageLength}, audit.ReadList)
}

// Overdue lists those of the open items of a source for which the promised time is
// over, letters without reply among them, for a reminder.
func (d *Desk) Overdue(ctx context.Context, o hedui.Officer, sourceName, after string) (Page, error) {
	return d.page(ctx, o, store.ItemFilter{Sources: []string{sourceName}, After: after, Limit: pageLength, DueBefore: d.Now()}, audit.ReadList)
}

func (d *Desk) page(ctx context.Context, o hedui.Officer, f store.ItemFilter, verb audit.Verb) (Page, error) {
	if _, err := d.manualOf(o, f.Sources[0]); err != nil {
		return Page{}, d.refused(ctx, o, "", verb, err)
	}
	if !plausibleID(f.After) {
		return Page{}, notFound()
	}
	var p Page
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		items, err := tx.Items(ctx, f)
		if err != nil {
			return err
		}
		if len(items) == f.Limit {
			p.More = items[len(items)-1].ID
		}
		p.Tasks, err = d.tasks(ctx, tx, items, false)
		return err
	})
	if err != nil {
		return Page{}, err
	}
	return p, d.shown(ctx, o, verb, p.Tasks)
}

// shown records that an officer sees tasks, before they are given out. A list on
// which nobody stands is no look.
func (d *Desk) shown(ctx context.Context, o hedui.Officer, verb audit.Verb, tasks []Task) error {
	if len(tasks) == 0 {
		return nil
	}
	return d.remember(ctx, looksAt(o, verb, tasks, d.Now())...)
}

// looksAt is an entry for each case or mandate with how many items were seen.
func looksAt(o hedui.Officer, verb audit.Verb, tasks []Task, at time.Time) []audit.Entry {
	counts := map[string]int{}
	for _, t := range tasks {
		counts[t.about()]++
	}
	var entries []audit.Entry
	for _, about := range slices.Sorted(maps.Keys(counts)) {
		entries = append(entries, audit.New(at, o.ID, o.Office, verb, about, tasks[0].Source+"×"+strconv.Itoa(counts[about])))
	}
	return entries
}

// task reads one item for an officer of its source.
func (d *Desk) task(ctx context.Context, tx *store.Tx, o hedui.Officer, id string) (Task, error) {
	if !plausibleID(id) {
		return Task{}, notFound()
	}
	items, err := tx.ItemsByID(ctx, []string{id})
	if err != nil {
		return Task{}, err
	}
	if len(items) == 0 {
		return Task{}, notFound()
	}
	if _, err := d.manualOf(o, items[0].Source); err != nil {
		return Task{}, err
	}
	list, err := d.tasks(ctx, tx, items, true)
	if err != nil {
		return Task{}, err
	}
	if len(list) == 0 {
		return Task{Item: items[0]}, hedui.Fail(hedui.Conflict, hedui.Say("error.item.ended"), nil)
	}
	return list[0], nil
}

// Item shows one item, and what the officer has typed to it and not handed in.
func (d *Desk) Item(ctx context.Context, o hedui.Officer, id string) (Task, hedui.Entry, error) {
	var t Task
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		t, err = d.task(ctx, tx, o, id)
		return err
	})
	if err != nil {
		return Task{}, hedui.Entry{}, d.refused(ctx, o, "", audit.ReadList, err)
	}
	if err := d.shown(ctx, o, audit.ReadList, []Task{t}); err != nil {
		return Task{}, hedui.Entry{}, err
	}
	typed, err := d.typed(ctx, o, id)
	return t, typed, err
}
