package book

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

func parseDay(s string) (day.Day, error) { return day.Parse(s) }

//go:embed books
var embedded embed.FS

// Files are the books that come with the program, and their cases. Their values
// are for demonstration.
func Files() fs.FS {
	sub, err := fs.Sub(embedded, "books")
	if err != nil {
		panic(err) // the directory is part of the program
	}
	return sub
}

// Standard is the library of the books that come with the program.
var Standard = sync.OnceValues(func() (*Library, error) { return Read(Files()) })

// A Library holds books and puts together those that hold for a place,
// programme and day. It may be used by many at once.
type Library struct {
	Books []*Book

	mu   sync.Mutex
	made map[string]made
}

type made struct {
	effective *Effective
	err       error
}

// Read reads every book (*.yaml, but for the cases in *.test.yaml) of a file
// system. The library has what could be read; the error is an [*Error] with all
// problems of all books.
func Read(files fs.FS) (*Library, error) {
	var problems []Problem
	l := &Library{made: map[string]made{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !IsBook(name) {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		b, wrong := readBook(name, content)
		for _, other := range l.Books {
			if other.Name == b.Name {
				wrong = append(wrong, Problem{name, 1, 1, "book", fmt.Sprintf("%s has a book of this name too", other.File)})
			}
		}
		problems = append(problems, wrong...)
		l.Books = append(l.Books, b)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rule books: %w", err)
	}
	if len(l.Books) == 0 {
		return nil, errors.New("rule books: there is no book (*.yaml) here")
	}
	return l, failure(problems)
}

// IsBook reports whether a file of this name is a book; IsCases, whether it
// holds cases.
func IsBook(name string) bool { return path.Ext(name) == ".yaml" && !IsCases(name) }

// IsCases: see [IsBook].
func IsCases(name string) bool { return strings.HasSuffix(name, ".test.yaml") }

// Check puts together every combination of books that holds anywhere at any
// time, and names all problems.
func (l *Library) Check() error {
	var problems []Problem
	seen := map[string]bool{}
	for _, b := range l.Books {
		for _, p := range hedui.Programmes() {
			for _, on := range l.turns(b) {
				books := l.applicable(b.Place, p, on)
				if k := key(books); len(books) == 0 || seen[k] {
					continue
				} else {
					seen[k] = true
				}
				eff, err := l.For(b.Place, p, on)
				var e *Error
				switch {
				case errors.As(err, &e):
					problems = append(problems, e.Problems...)
				case err != nil:
					return err
				case !l.refined(b):
					problems = append(problems, eff.lacks...)
				}
			}
		}
	}
	return failure(problems)
}

// refined reports whether there are books for places within that of b, which may
// say what b leaves open.
func (l *Library) refined(b *Book) bool {
	return slices.ContainsFunc(l.Books, func(o *Book) bool { return o.Place != b.Place && hedui.Covers(b.Place, o.Place) })
}

// turns are the days within the time of b on which what holds in its place changes.
func (l *Library) turns(b *Book) []day.Day {
	days := []day.Day{b.From}
	add := func(d day.Day) {
		if !d.Before(b.From) && (b.To.IsZero() || !d.After(b.To)) {
			days = append(days, d)
		}
	}
	for _, o := range l.Books {
		if hedui.Covers(o.Place, b.Place) {
			add(o.From)
			if !o.To.IsZero() {
				add(o.To.Add(1))
			}
		}
	}
	return days
}

// applicable are the books that hold, from the nation to the county.
func (l *Library) applicable(division string, p hedui.Programme, on day.Day) []*Book {
	var books []*Book
	for _, b := range l.Books {
		if b.covers(division, p, on) {
			books = append(books, b)
		}
	}
	slices.SortStableFunc(books, func(a, b *Book) int {
		return cmp.Or(cmp.Compare(len(hedui.PlacePrefix(a.Place)), len(hedui.PlacePrefix(b.Place))), cmp.Compare(len(b.Programmes)+boolInt(len(b.Programmes) == 0)*100, len(a.Programmes)+boolInt(len(a.Programmes) == 0)*100),
			cmp.Compare(a.From.Sub(b.From), 0), cmp.Compare(a.Name, b.Name))
	})
	return books
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func key(books []*Book) string {
	var names []string
	for _, b := range books {
		names = append(names, b.Name)
	}
	return strings.Join(names, " ")
}

// ErrNoBook means that no book holds for a place, programme and day.
var ErrNoBook = errors.New("rule books: none holds for this place, programme and day")

// Effective is what holds for one place and programme: the entries of all books
// from the nation to the county, each with its origin, ready to assess. It may
// be used by many at once.
type Effective struct {
	Books   []*Book  // from the nation to the county
	Entries []*Entry // by section, the most particular book first

	lacks                                                           []Problem // what must be said before anything can be assessed
	values                                                          map[string]parameter
	standard                                                        int64
	tolerances                                                      Tolerances
	countDeclared                                                   bool
	windows                                                         map[string]*rule
	members, earnings, support, property, outlay, lines             []*rule
	flagMember, flagIncome, flagObligor, flagThing, flagMove, flagH []*rule
	precedence                                                      map[string]*precedence
	toleranceEntries                                                map[string]*Entry // by name
	declaredEntry                                                   *Entry
	staleEntry, scopeEntry                                          *Entry
}

type precedence struct {
	*Entry
	group int
	rank  map[string]int
}

// For returns what holds in a division for a programme on a day. It is put
// together once for each set of books.
func (l *Library) For(division string, p hedui.Programme, on day.Day) (*Effective, error) {
	books := l.applicable(division, p, on)
	if len(books) == 0 {
		return nil, ErrNoBook
	}
	k := key(books)
	l.mu.Lock()
	defer l.mu.Unlock()
	if m, ok := l.made[k]; ok {
		return m.effective, m.err
	}
	e, err := merge(books)
	l.made[k] = made{e, err}
	return e, err
}

// merge lays the books over each other and compiles what is left.
func merge(books []*Book) (*Effective, error) {
	var problems []Problem
	entries := map[string]*Entry{}
	var names []string
	for _, b := range books {
		for _, e := range b.Entries {
			above, known := entries[e.ID()]
			at := Problem{e.Book.File, e.Line, e.Column, e.ID(), ""}
			switch {
			case known && !e.Override:
				at.Say = fmt.Sprintf("is defined in %s:%d already; write override: true if this place means to differ", above.Book.File, above.Line)
				problems = append(problems, at)
			case !known && e.Override:
				at.Say = "overrides nothing: no book above has it"
				if near := nearest(e.ID(), names); near != "" {
					at.Say += "; did you mean " + near + "?"
				}
				problems = append(problems, at)
			case known && !e.Remove && e.Section == Parameters && e.Text("type") != above.Text("type"):
				at.Say = fmt.Sprintf("has the type %s in %s:%d; the type must stay", above.Text("type"), above.Book.File, above.Line)
				problems = append(problems, at)
			}
			if !known {
				names = append(names, e.ID())
			}
			entries[e.ID()] = e
			if known && e.Replaces == nil {
				e.Replaces = above
			}
		}
	}
	eff := &Effective{Books: books, windows: map[string]*rule{}, precedence: map[string]*precedence{}}
	for _, section := range Sections() {
		for _, b := range slices.Backward(books) {
			for _, e := range b.Entries {
				if e.Section == section && entries[e.ID()] == e && !e.Remove {
					eff.Entries = append(eff.Entries, e)
				}
			}
		}
	}
	wrong, err := eff.compile()
	if err != nil {
		return nil, err
	}
	if err := failure(append(problems, wrong...)); err != nil {
		return nil, err
	}
	return eff, nil
}

// compile reads the parameters and compiles every formula.
func (eff *Effective) compile() ([]Problem, error) {
	values, kinds := map[string]ref.Val{}, map[string]*cel.Type{}
	eff.values = map[string]parameter{}
	for _, e := range eff.Entries {
		if e.Section != Parameters {
			continue
		}
		p, err := parseParameter(e.Text("type"), e.Text("value"))
		if err != nil {
			p.ratio = Ratio{1, 1} // told when the book was read; formulas are looked at all the same
		}
		eff.values[e.Name] = p
		values[e.Name], kinds[e.Name] = p.value()
	}
	dictionary, err := newDictionary(values, kinds)
	if err != nil {
		return nil, fmt.Errorf("rule books: %w", err)
	}
	c, err := newCompiler(dictionary)
	if err != nil {
		return nil, fmt.Errorf("rule books: %w", err)
	}
	for _, e := range eff.Entries {
		eff.add(c, e)
	}
	eff.need(c)
	return c.problems, nil
}

func (p parameter) value() (ref.Val, *cel.Type) {
	switch p.typ {
	case typeMoney:
		return amount(p.amount), moneyType
	case typeRatio:
		return fraction(p.ratio), ratioType
	case typeYesNo:
		return types.Bool(p.amount == 1), cel.BoolType
	}
	return types.Int(p.amount), cel.IntType
}

// add compiles one entry and puts it where it is used.
func (eff *Effective) add(c *compiler, e *Entry) {
	scope := e.Section
	switch e.Section {
	case Parameters:
		return
	case Precedence:
		p := &precedence{e, len(eff.precedence) + 1, map[string]int{}}
		for i, s := range e.List("sources") {
			p.rank[s] = i + 1
		}
		for _, k := range e.List("kinds") {
			if other, ok := eff.precedence[k]; ok {
				c.bad(e, "kinds", e.keys["kinds"].at, "%s has a precedence in %s:%d already", k, other.Book.File, other.Line)
			}
			eff.precedence[k] = p
		}
		return
	case Windows:
		scope = "start"
	case Flags:
		scope = "each " + e.Text("each")
	}
	r := &rule{Entry: e, effect: e.Text("effect"), kinds: e.List("kinds"), atLeast: e.Text("rule") == ruleAtLeast}
	var figure *cel.Type
	for _, key := range e.Keys() {
		f := entryForms[e.Section][key]
		switch {
		case f.formula != nil:
			program, out := c.formula(e, key, scope, f.formula)
			switch key {
			case "when":
				r.when = program
			case "over":
				r.over = program
			case "due":
				r.due = program
			default:
				r.amount, figure = program, out
			}
		case f.alike != "" && figure != nil:
			r.limit, _ = c.formula(e, key, scope, figure)
		}
	}
	eff.place(r)
}

func (eff *Effective) place(r *rule) {
	lists := map[string]*[]*rule{Members: &eff.members, Earnings: &eff.earnings, Support: &eff.support, Property: &eff.property, Outlay: &eff.outlay, Lines: &eff.lines}
	if r.Section == Flags {
		lists[Flags] = map[string]*[]*rule{eachMember: &eff.flagMember, eachIncome: &eff.flagIncome, eachObligor: &eff.flagObligor, eachProperty: &eff.flagThing,
			eachMove: &eff.flagMove, eachHousehold: &eff.flagH}[r.Text("each")]
	}
	switch list := lists[r.Section]; {
	case r.Section == Windows:
		eff.windows[r.Name] = r
	case list != nil:
		*list = append(*list, r)
	}
}

// need looks for what an assessment cannot do without.
func (eff *Effective) need(c *compiler) {
	last := eff.Books[len(eff.Books)-1]
	missing := func(what string) {
		eff.lacks = append(eff.lacks, Problem{last.File, 1, 1, what, "is missing in this book and in those above it"})
	}
	for _, name := range []string{"count_declared", scopeParameter, "stale_days", "standard", "tolerance_income", "tolerance_property"} {
		p, ok := eff.values[name]
		switch {
		case !ok:
			missing(Parameters + "." + name)
		case p.typ != needed[name]:
			c.problems = append(c.problems, Problem{last.File, 1, 1, Parameters + "." + name, "must have the type " + needed[name]})
		}
	}
	for _, name := range []string{windowIncome, windowSpending} {
		if eff.windows[name] == nil {
			missing(Windows + "." + name)
		}
	}
	if len(eff.members) == 0 {
		missing(Members)
	}
	eff.standard, eff.countDeclared = eff.values["standard"].amount, eff.values["count_declared"].amount == 1
	eff.tolerances = Tolerances{Income: money.Fen(eff.values["tolerance_income"].amount), Property: money.Fen(eff.values["tolerance_property"].amount),
		StaleDays: int(eff.values["stale_days"].amount), By: map[catalog.Code]money.Fen{}}
	eff.toleranceEntries = map[string]*Entry{}
	for _, e := range eff.Entries {
		if of, ok := strings.CutPrefix(e.Name, tolerancePrefix); ok && e.Section == Parameters {
			eff.toleranceEntries[of] = e
			if of != "income" && of != "property" {
				eff.tolerances.By[catalog.Code(of)] = money.Fen(eff.values[e.Name].amount)
			}
		}
		switch e.ID() {
		case Parameters + ".count_declared":
			eff.declaredEntry = e
		case Parameters + ".stale_days":
			eff.staleEntry = e
		case Parameters + "." + scopeParameter:
			eff.scopeEntry = e
		}
	}
}

// ObligorScope says who is asked about: 0 the family, 1 also those who owe it
// support, 2 also the families of these.
func (eff *Effective) ObligorScope() int { return int(eff.values[scopeParameter].amount) }

// Version names the books and their texts: name@hash, from the nation to the county.
func (eff *Effective) Version() string {
	var all []string
	for _, b := range eff.Books {
		all = append(all, b.Name+"@"+b.Version)
	}
	return strings.Join(all, " ")
}

// Demo reports whether any of the books has invented values.
func (eff *Effective) Demo() bool {
	return slices.ContainsFunc(eff.Books, func(b *Book) bool { return b.Demo })
}
