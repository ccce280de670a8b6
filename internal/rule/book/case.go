package book

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

// A Case is a household given and what the rules must make of it. It stands in a
// *.test.yaml beside the books.
type Case struct {
	File string `yaml:"-"`

	Name      string          `yaml:"name"`
	Division  string          `yaml:"division"`
	Programme hedui.Programme `yaml:"programme"`
	Date      day.Day         `yaml:"date"`
	Given     Household       `yaml:"given"`
	Expect    Expectation     `yaml:"expect"`
}

// An Expectation names what a case is about; what it leaves out may be anything.
type Expectation struct {
	Conclusion   hedui.Conclusion     `yaml:"conclusion"`
	Counts       *[]int               `yaml:"counts"` // numbers of the members who count
	PerHead      *money.Fen           `yaml:"per_head"`
	Monthly      *money.Fen           `yaml:"monthly"`
	Support      *money.Fen           `yaml:"support"`  // a month
	Verified     *money.Fen           `yaml:"verified"` // a month
	Financial    *money.Fen           `yaml:"financial"`
	VehicleValue *money.Fen           `yaml:"vehicle_value"`
	Spent        *money.Fen           `yaml:"spent"`
	Dwellings    *int                 `yaml:"dwellings"`
	DwellingArea *money.Fen           `yaml:"dwelling_area"` // square metres
	Vehicles     *int                 `yaml:"vehicles"`
	Businesses   *int                 `yaml:"businesses"`
	Lines        map[string]string    `yaml:"lines"`    // "over", or with figures "over 1156.00 588.00"
	Flags        *[]string            `yaml:"flags"`    // all of them
	Findings     *[]string            `yaml:"findings"` // "UNDECLARED business", all but CONSISTENT ones
	Differences  map[string]money.Fen `yaml:"differences"`
	Due          map[string]day.Day   `yaml:"due"` // by flag
}

// A Difference is one thing that came out otherwise than expected.
type Difference struct{ What, Want, Got string }

// ReadCases reads every *.test.yaml of a file system.
func ReadCases(files fs.FS) ([]Case, error) {
	var all []Case
	var problems []Problem
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !IsCases(name) {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		cases, wrong := readCases(name, content)
		all, problems = append(all, cases...), append(problems, wrong...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	return all, failure(problems)
}

func readCases(name string, content []byte) ([]Case, []Problem) {
	var file struct {
		Bases map[string]any `yaml:"bases"` // households that cases share by anchors
		Cases []Case         `yaml:"cases"`
	}
	tree, err := parser.ParseBytes(content, 0)
	if err == nil && len(tree.Docs) > 0 && tree.Docs[0].Body != nil {
		ast.Walk(typed{}, tree.Docs[0].Body)
		err = yaml.NewDecoder(strings.NewReader(tree.String()), yaml.Strict()).Decode(&file)
	}
	if err != nil {
		p := Problem{File: name, Line: 1, Column: 1, Say: clip(err.Error())}
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
			p.Line, p.Column, p.Say = at.GetToken().Position.Line, at.GetToken().Position.Column, clip(at.GetMessage())
		}
		return nil, []Problem{p}
	}
	var problems []Problem
	for i := range file.Cases {
		c := &file.Cases[i]
		c.File = name
		bad := func(field, say string) {
			problems = append(problems, Problem{name, lineOf(content, c.Name), 1, c.Name + ": " + field, say})
		}
		if len(c.Division) != 6 {
			bad("division", "must be six digits in quotes")
		}
		if !slices.Contains(hedui.Programmes(), c.Programme) {
			bad("programme", choice(string(c.Programme), words(hedui.Programmes())))
		}
		if c.Date.IsZero() {
			bad("date", "is missing")
		}
		for _, say := range c.Given.Problems() {
			field, say, _ := strings.Cut(say, ": ")
			bad("given."+field, say)
		}
	}
	return file.Cases, problems
}

func lineOf(content []byte, name string) int {
	before, _, found := strings.Cut(string(content), name)
	if !found {
		return 1
	}
	return 1 + strings.Count(before, "\n")
}

// typed hands numbers on as they were typed: YAML would make 1.2345671e+06 of
// 1234567.10, and 8 of 010.
type typed struct{}

// Visit implements [ast.Visitor].
func (v typed) Visit(n ast.Node) ast.Visitor {
	if pair, ok := n.(*ast.MappingValueNode); ok {
		switch pair.Value.(type) {
		case *ast.FloatNode, *ast.IntegerNode:
			at := pair.Value.GetToken()
			if text := strings.TrimSpace(at.Origin); strings.Contains(text, ".") || len(text) > 1 && text[0] == '0' {
				pair.Value = ast.String(token.New(text, strconv.Quote(text), at.Position))
			}
		}
	}
	return v
}

// Run assesses the case by the books of a library.
func (c *Case) Run(l *Library, explain bool) (*Outcome, error) {
	eff, err := l.For(c.Division, c.Programme, c.Date)
	if err != nil {
		return nil, err
	}
	return eff.Assess(&c.Given, c.Date, explain)
}

// Compare lists where the outcome differs from what is expected.
func (e *Expectation) Compare(o *Outcome) []Difference {
	var d differences
	if e.Conclusion != "" {
		d.note("conclusion", string(e.Conclusion), string(o.Conclusion))
	}
	if e.Counts != nil {
		got := []int{}
		for _, m := range o.Members {
			if m.Counts {
				got = append(got, m.Person)
			}
		}
		d.note("counts", fmt.Sprint(*e.Counts), fmt.Sprint(got))
	}
	t := &o.Totals
	monthly := func(f money.Fen) money.Fen { return mulDiv(f, 1, int64(t.Months)) }
	for _, m := range []struct {
		what string
		want *money.Fen
		got  money.Fen
	}{{"per_head", e.PerHead, t.PerHead}, {"monthly", e.Monthly, t.Monthly}, {"support", e.Support, monthly(t.Support)}, {"verified", e.Verified, monthly(t.Verified)},
		{"financial", e.Financial, t.Financial}, {"vehicle_value", e.VehicleValue, t.VehicleValue}, {"spent", e.Spent, t.Spent}, {"dwelling_area", e.DwellingArea, t.DwellingArea}} {
		if m.want != nil {
			d.note(m.what, m.want.String(), m.got.String())
		}
	}
	for _, n := range []struct {
		what string
		want *int
		got  int
	}{{"dwellings", e.Dwellings, t.Dwellings}, {"vehicles", e.Vehicles, t.Vehicles}, {"businesses", e.Businesses, t.Businesses}} {
		if n.want != nil {
			d.note(n.what, strconv.Itoa(*n.want), strconv.Itoa(n.got))
		}
	}
	e.lines(o, &d)
	e.findings(o, &d)
	return d
}

type differences []Difference

func (d *differences) note(what, want, got string) {
	if want != got {
		*d = append(*d, Difference{what, want, got})
	}
}

func (e *Expectation) lines(o *Outcome, d *differences) {
	for _, name := range sortedKeys(e.Lines) {
		want, got := e.Lines[name], "no such line"
		for i := range o.Lines {
			if l := &o.Lines[i]; l.Rule.Name == name {
				if got = string(l.Side); strings.Contains(want, " ") {
					got = l.String()
				}
			}
		}
		d.note("lines."+name, want, got)
	}
}

func (e *Expectation) findings(o *Outcome, d *differences) {
	flags, kinds, apart, due := []string{}, []string{}, map[string]money.Fen{}, map[string]day.Day{}
	for _, f := range o.Findings {
		if f.Flag != "" {
			flags = append(flags, f.Flag)
			due[f.Flag] = f.Due
		}
		if f.Kind != "" && f.Kind != hedui.Consistent {
			kinds = append(kinds, strings.TrimSpace(string(f.Kind)+" "+f.Class))
		}
		if f.Kind != "" && f.Flag == "" {
			apart[f.Class] = f.Found - f.Declared
		}
	}
	if e.Flags != nil {
		d.note("flags", sorted(*e.Flags), sorted(flags))
	}
	if e.Findings != nil {
		d.note("findings", sorted(*e.Findings), sorted(kinds))
	}
	for _, class := range sortedKeys(e.Differences) {
		d.note("differences."+class, e.Differences[class].String(), apart[class].String())
	}
	for _, flag := range sortedKeys(e.Due) {
		d.note("due."+flag, e.Due[flag].String(), due[flag].String())
	}
}

func sorted(list []string) string { return strings.Join(slices.Sorted(slices.Values(list)), ", ") }

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// String is the side with the figures: "over 1156.00 588.00".
func (l *Line) String() string {
	switch {
	case !l.Figures:
		return string(l.Side)
	case l.Unit == "count":
		return fmt.Sprintf("%s %d %d", l.Side, l.Figure, l.Limit)
	}
	return fmt.Sprintf("%s %s %s", l.Side, money.Fen(l.Figure), money.Fen(l.Limit))
}

// Summary is what an official compares of two outcomes, one fact a line: where
// each figure stands, not the limits themselves, which a new book changes for all.
func (o *Outcome) Summary() []string {
	lines := []string{"conclusion: " + string(o.Conclusion)}
	for i := range o.Lines {
		l := &o.Lines[i]
		line := "line " + l.Rule.Name + ": " + string(l.Side)
		if l.Figures && l.Unit == "count" {
			line += " " + strconv.FormatInt(l.Figure, 10)
		} else if l.Figures {
			line += " " + money.Fen(l.Figure).String()
		}
		lines = append(lines, line)
	}
	for _, f := range o.Findings {
		if f.Kind == hedui.Consistent {
			continue
		}
		s := "finding: "
		if f.Kind != "" {
			s += string(f.Kind) + " "
		}
		if f.Flag != "" {
			s += f.Flag + " "
		}
		lines = append(lines, strings.TrimSpace(s+f.Class))
	}
	return lines
}
