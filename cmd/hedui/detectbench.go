package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/rule"
	"hedui/internal/rule/book"
	"hedui/internal/sim"
	"hedui/source"
)

// hideOneIn says how often an applicant keeps quiet about a class of things.
const hideOneIn = 3

// A detection counts what the findings made of one class, by applicants.
type detection struct {
	hidden, found, doubt, missed int // kept quiet about in truth
	alarms, quiet                int // all declared, or nothing there
}

func (d detection) precision() float64 { return share(d.found, d.found+d.alarms) }
func (d detection) recall() float64    { return share(d.found+d.doubt, d.hidden) }

// classes are what is scored, in the order of the page.
var classes = []string{"vehicle", "house", "land", "housing_fund", "business", "wage", "transfer"}

// registersOf says whose doubt is a sign for a class.
var registersOf = map[string][]catalog.Code{
	"vehicle": {"vehicle"}, "house": {"housing"}, "land": {"land"}, "housing_fund": {"housing_fund"}, "business": {"business", "local_tax", "national_tax"},
	"wage": {"local_tax", "social_insurance", "housing_fund", "employment"}, "transfer": {"social_insurance"},
}

// detect scores the findings on applicants who keep quiet about some of what they
// have, once with clean registers and once with those of an old city.
func (b *benchCommand) detect(ctx context.Context, s streams) error {
	for _, dirt := range []sim.Dirt{nil, sim.UsualDirt()} {
		title := "clean registers"
		if dirt != nil {
			title = "registers that spell their own way"
		}
		scores, err := scoreFindings(ctx, b.Applicants, dirt)
		if err != nil {
			return err
		}
		printDetections(s.out, title, b.Applicants, scores)
	}
	return nil
}

// scoreFindings asks all registers about the applicants and holds the findings
// against what the city knows to be true.
func scoreFindings(ctx context.Context, applicants int, dirt sim.Dirt) (map[string]*detection, error) {
	o := sim.Options{Population: applicants*3/2 + 1000, Seed: 1, Instant: true, Dirt: dirt}
	city, err := sim.NewCity(o)
	if err != nil {
		return nil, err
	}
	answers, err := askCity(ctx, o, city.Size())
	if err != nil {
		return nil, err
	}
	rules, err := book.Standard()
	if err != nil {
		return nil, err
	}
	scores := map[string]*detection{}
	for _, class := range classes {
		scores[class] = &detection{}
	}
	now, random := time.Now(), rand.New(rand.NewPCG(1, 1)) //nolint:gosec // a drawn sample
	first := len(sim.Families())
	for i := first; i < city.Size() && applicants > 0; i++ {
		if !city.Adult(i, day.Of(now)) {
			continue
		}
		applicants--
		c, hidden, err := applicant(city, i, random, now)
		if err != nil {
			return nil, err
		}
		eff, err := rules.For(c.Division, c.Programme, day.Of(now))
		if err != nil {
			return nil, err
		}
		seen := rule.Assess(c, heard(answers, i, now), eff.Tolerances(), day.Of(now))
		for _, class := range classes {
			scores[class].add(seen.Findings, class, hidden[class])
		}
	}
	return scores, nil
}

// applicant makes the case of one person who declares what is not hidden.
func applicant(city *sim.City, i int, random *rand.Rand, now time.Time) (*hedui.Case, map[string]bool, error) {
	name, id := city.Person(i)
	f := hedui.Form{Programme: string(hedui.Dibao), Division: "330203", Office: "海曙区民政局",
		Persons:  []hedui.FormPerson{{Name: name, ID: id.Reveal(), Relation: "self"}},
		Consents: []hedui.FormConsent{{Person: 1, Programme: string(hedui.Dibao), SignedOn: "today", Until: "today+30", Document: "授权书"}}}
	quiet, hidden := map[string]bool{}, map[string]bool{}
	for _, class := range classes {
		quiet[class] = random.IntN(hideOneIn) == 0
	}
	for _, h := range city.Holdings(i) {
		switch {
		case quiet[h.Class]:
			hidden[h.Class] = true
		case h.Income:
			f.Income = append(f.Income, hedui.FormIncome{Person: 1, Class: h.Class, Monthly: h.Value.String()})
		default:
			f.Property = append(f.Property, hedui.FormProperty{Person: 1, Class: h.Class, Value: h.Value.String()})
			if h.Class == "business" { // its turnover is declared with it
				f.Income = append(f.Income, hedui.FormIncome{Person: 1, Class: h.Class, Monthly: "0", Note: "不固定"})
			}
		}
	}
	c, problems := f.Case(now)
	return c, hidden, hedui.Problems(problems)
}

// heard is the grid of a case of one person.
func heard(answers map[catalog.Code][]source.Answer, i int, now time.Time) []hedui.Query {
	var grid []hedui.Query
	for code, all := range answers {
		q := hedui.Query{ID: string(code), Person: 1, Category: code, Scope: "330200", Source: string(code), State: hedui.Waiting, CreatedAt: now, AskedAt: now}
		q.Take(all[i], now)
		grid = append(grid, q)
	}
	return grid
}

// add counts one applicant. A doubt counts as noticed, since an officer looks.
func (d *detection) add(findings []hedui.Finding, class string, hidden bool) {
	told, doubted := false, false
	for _, f := range findings {
		switch {
		case f.Class == class && (f.Kind == hedui.Undeclared || f.Kind == hedui.UnderDeclared):
			told = true
		case f.Kind == hedui.DoubtfulMatch && slices.Contains(registersOf[class], f.Category):
			doubted = true
		}
	}
	if hidden {
		d.hidden++
	}
	switch {
	case hidden && told:
		d.found++
	case hidden && doubted:
		d.doubt++
	case hidden:
		d.missed++
	case told:
		d.alarms++
	default:
		d.quiet++
	}
}

func printDetections(w io.Writer, title string, n int, scores map[string]*detection) {
	fmt.Fprintf(w, "%d applicants, each quiet about one class of things in %d; %s\n", n, hideOneIn, title)
	fmt.Fprintf(w, "%-14s %9s %9s %8s %8s %8s %8s %8s\n", "class", "precision", "recall", "hidden", "found", "doubt", "missed", "alarms")
	var sum detection
	for _, class := range classes {
		d := scores[class]
		fmt.Fprintf(w, "%-14s %9.5f %9.5f %8d %8d %8d %8d %8d\n", class, d.precision(), d.recall(), d.hidden, d.found, d.doubt, d.missed, d.alarms)
		sum = detection{sum.hidden + d.hidden, sum.found + d.found, sum.doubt + d.doubt, sum.missed + d.missed, sum.alarms + d.alarms, sum.quiet + d.quiet}
	}
	fmt.Fprintf(w, "%-14s %9.5f %9.5f %8d %8d %8d %8d %8d\n\n", "all", sum.precision(), sum.recall(), sum.hidden, sum.found, sum.doubt, sum.missed, sum.alarms)
}
