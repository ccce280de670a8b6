package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/sim"
	"hedui/internal/store"
	"hedui/internal/web"
)

// The pages of the console are measured on a node with many cases: each page is asked
// for in the process of the node, by an officer of the role whose page it is, and the
// time until its last byte counts. What a browser then does is not in it.

// livedUntil are the cases of a year: a hundred clerks have opened them, nine of ten are
// delivered, of the newest tenth one half waits for its review and one for its seal.
func (b *benchCommand) livedUntil(now time.Time) func(i int, c *hedui.Case) []audit.Entry {
	life := []audit.Verb{audit.Registered, audit.Commissioned, audit.Accepted, audit.Summarised, audit.Reviewed, audit.Sealed, audit.Delivered}
	return func(i int, c *hedui.Case) []audit.Entry {
		verbs := life
		switch c.Stage = hedui.Delivered; {
		case i < b.Households*9/10:
		case i%2 == 0:
			c.Stage, verbs = hedui.Summarised, life[:4]
		default:
			c.Stage, verbs = hedui.Reviewed, life[:5]
		}
		c.CreatedAt = now.Add(-time.Duration(b.Households-i) * (365 * 24 * time.Hour / time.Duration(b.Households)))
		c.DueAt = c.CreatedAt.Add(24 * time.Hour)
		if i%100 > 0 { // the others are those of the clerk whose pages are read
			c.Steps = slices.Clone(c.Steps)
			c.Steps[0].Officer = fmt.Sprint("clerk", i%100)
		}
		var entries []audit.Entry
		for k, verb := range verbs {
			entries = append(entries, audit.New(c.CreatedAt.Add(time.Duration(k)*time.Second), "officer", c.Office, verb, c.ID, ""))
		}
		return entries
	}
}

func (b *benchCommand) pages(ctx context.Context, s streams) error {
	return b.onStored(ctx, func(city *sim.City, o nodeOptions, name string) error {
		o.staff = demoStaff()
		return b.pagesOn(ctx, s, city, o, name)
	})
}

func (b *benchCommand) pagesOn(ctx context.Context, s streams, city *sim.City, o nodeOptions, name string) (err error) {
	n, err := openNode(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.db.Close()) }()
	begun := time.Now()
	if _, _, err := b.fill(ctx, n, city, b.livedUntil(begun)); err != nil {
		return err
	}
	if err := errors.Join(n.desk.CountCases(ctx), b.begin(ctx, n)); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: %d cases, stored and counted in %.0f s; each page %d times\n", name, b.Households, time.Since(begun).Seconds(), pageTimes)
	if n.db.Shared() {
		if err := pause(ctx, 20*time.Second); err != nil { // its housekeeping after so many writes is not measured
			return err
		}
	}
	var who hedui.Officer
	handler, err := (&web.Server{Desk: n.desk, Roster: n.roster, Log: slog.New(slog.DiscardHandler), Now: time.Now, Who: func(*http.Request) (hedui.Officer, bool) { return who, true }}).Handler()
	if err != nil {
		return err
	}
	// The reviewer has never marked notices as seen, the signer has seen all.
	if err := n.db.InTx(ctx, func(tx *store.Tx) error { return tx.SeeNotices(ctx, "signer", time.Now()) }); err != nil {
		return err
	}
	ids, err := someCases(ctx, n)
	if err != nil {
		return err
	}
	for _, p := range consolePages {
		if who, err = n.roster.Officer(ctx, p.officer); err != nil {
			return err
		}
		if err := p.measure(ctx, s, handler, ids); err != nil {
			return err
		}
	}
	return nil
}

// begunForms is how many forms a clerk has not handed in, as after a large workbook.
const begunForms = 2000

// begin gives the clerk of the pages forms that are not handed in.
func (b *benchCommand) begin(ctx context.Context, n *node) error {
	body, err := json.Marshal(hedui.Form{Programme: string(hedui.Dibao), Persons: []hedui.FormPerson{{Name: "王试验"}, {Name: "李试验"}}})
	if err != nil {
		return err
	}
	return n.db.InTx(ctx, func(tx *store.Tx) error {
		for range begunForms {
			if err := tx.SaveDraft(ctx, strings.ToLower(rand.Text()), "clerk", body); err != nil {
				return err
			}
		}
		return nil
	})
}

const pageTimes = 200

// consolePages are the pages of a working day, with whose they are.
var consolePages = []consolePage{
	{"reviewer", "/"}, {"signer", "/"}, {"reader", "/?list=all"}, {"reader", "/cases/{id}"}, {"reader", "/sources"}, {"reviewer", "/cases/{id}"},
	{"reviewer", "/notices"}, {"clerk", "/notices"}, {"clerk", "/intake"}, {"commissioner", "/"}, {"auditor", "/audit"}, {"auditor", "/concerns"}, {"security", "/officers"}, {"security", "/rights"}, {"reader", "/help"},
	{"reader", "/statistics"}, {"reader", "/statistics?span=year"}, {"statistician", "/statistics?span=year"},
}

type consolePage struct{ officer, path string }

func (p consolePage) measure(ctx context.Context, s streams, h http.Handler, ids []string) error {
	var times []time.Duration
	size := 0
	for i := range pageTimes + 5 { // the first ones warm up
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.ReplaceAll(p.path, "{id}", ids[i%len(ids)]), nil)
		if err != nil {
			return err
		}
		r.RemoteAddr = "127.0.0.1:1"
		w := &measured{header: http.Header{}, code: http.StatusOK}
		begun := time.Now()
		h.ServeHTTP(w, r)
		if took := time.Since(begun); i >= 5 {
			times = append(times, took)
		}
		if w.code != http.StatusOK {
			return fmt.Errorf("bench: %s as %s: status %d", p.path, p.officer, w.code)
		}
		size = max(size, w.size)
	}
	slices.Sort(times)
	at := func(share int) float64 { return times[len(times)*share/100].Seconds() * 1000 }
	fmt.Fprintf(s.out, "  %-9s %-14s median %6.1f ms  p95 %6.1f ms  %5.1f KB\n", p.officer, p.path, at(50), at(95), float64(size)/1000)
	return nil
}

// measured counts what a page writes.
type measured struct {
	header http.Header
	code   int
	size   int
}

func (m *measured) Header() http.Header { return m.header }

func (m *measured) WriteHeader(code int) { m.code = code }

func (m *measured) Write(p []byte) (int, error) {
	m.size += len(p)
	return len(p), nil
}

func someCases(ctx context.Context, n *node) (ids []string, err error) {
	return ids, n.db.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.CasesIn(ctx, replayCounties[0], "", pageTimes)
		return err
	})
}
