package catalog

import (
	"embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"

	"hedui/day"
)

//go:embed data/categories.yaml data/lists.yaml
var files embed.FS

// catalogue is what the two files say.
type catalogue struct {
	categories []Category
	lists      []List
}

var load = sync.OnceValues(func() (*catalogue, error) {
	categories, err := files.ReadFile("data/categories.yaml")
	if err != nil {
		return nil, err
	}
	lists, err := files.ReadFile("data/lists.yaml")
	if err != nil {
		return nil, err
	}
	return parse(categories, lists)
})

// embedded returns the embedded catalogue; only a programmer can break it.
func embedded() *catalogue {
	c, err := load()
	if err != nil {
		panic(err)
	}
	return c
}

// parse decodes both files strictly, fills the units that follow from types and
// checks the whole; it names everything that is wrong.
func parse(categories, lists []byte) (*catalogue, error) {
	var c catalogue
	if err := yaml.UnmarshalWithOptions(categories, &c.categories, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("catalog: categories.yaml: %w", err)
	}
	if err := yaml.UnmarshalWithOptions(lists, &c.lists, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("catalog: lists.yaml: %w", err)
	}
	for i := range c.categories {
		fillUnits(c.categories[i].Fields)
	}
	var v validation
	v.lists(c.lists)
	v.categories(c.categories)
	if err := errors.Join(v.errs...); err != nil {
		return nil, err
	}
	return &c, nil
}

func fillUnits(fields []Field) {
	for i := range fields {
		f := &fields[i]
		switch f.Type {
		case Money:
			f.Unit, f.UnitEn = "元", "yuan"
		case Percent:
			f.Unit, f.UnitEn = "%", "%"
		}
		fillUnits(f.Fields)
	}
}

// validation collects what is wrong with the files.
type validation struct {
	ids  []string // of the lists
	errs []error
}

func (v *validation) want(ok bool, format string, args ...any) {
	if !ok {
		v.errs = append(v.errs, fmt.Errorf("catalog: "+format, args...))
	}
}

func (v *validation) lists(lists []List) {
	for _, l := range lists {
		v.want(l.ID != "" && !slices.Contains(v.ids, l.ID), "list %q: no id, or twice", l.ID)
		v.want(l.Title != "" && l.TitleEn != "" && l.Source != "", "list %s: no title or source", l.ID)
		v.want(len(l.Items) > 0, "list %s: empty", l.ID)
		v.ids = append(v.ids, l.ID)
		var codes []string
		for _, item := range l.Items {
			v.want(item.Code != "" && !slices.Contains(codes, item.Code), "list %s: code %q empty or twice", l.ID, item.Code)
			v.want(item.Name != "" && item.NameEn != "", "list %s: code %s without a name", l.ID, item.Code)
			codes = append(codes, item.Code)
		}
	}
}

func (v *validation) categories(categories []Category) {
	var codes []Code
	bearings := []Bearing{Status, Income, Property, Spending}
	for i, c := range categories {
		v.want(!slices.Contains(codes, c.Code), "category %s twice", c.Code)
		codes = append(codes, c.Code)
		v.want(c.ID == fmt.Sprintf("C%02d", i+1), "category %s: id %s is out of order", c.Code, c.ID)
		v.want(c.Name != "" && c.NameEn != "", "category %s: no name", c.Code)
		v.want(c.Notice != "" && c.NoticeEn != "", "category %s: no notice", c.Code)
		v.want(len(c.Bears) > 0, "category %s bears on nothing", c.Code)
		for _, b := range c.Bears {
			v.want(slices.Contains(bearings, b), "category %s: unknown bearing %q", c.Code, b)
		}
		v.want(c.Class == "" || snake.MatchString(c.Class) && c.BearsOn(Property), "category %s: class %q without bearing on property", c.Code, c.Class)
		v.owners(c)
		v.fields(string(c.Code), c.Fields, false)
	}
}

// owners must follow one another without gap or overlap, to this day.
func (v *validation) owners(c Category) {
	v.want(len(c.Owners) > 0, "category %s: no owner", c.Code)
	for i, o := range c.Owners {
		v.want(o.Name != "" && o.NameEn != "", "category %s: owner without a name", c.Code)
		v.want(!o.From.IsZero(), "category %s: owner %s without a first day", c.Code, o.NameEn)
		next := day.Day{}
		if i+1 < len(c.Owners) {
			next = c.Owners[i+1].From
		}
		v.want(o.Until == next && (next.IsZero() || o.From.Before(next)),
			"category %s: owner %s until %q, next from %q", c.Code, o.NameEn, o.Until, next)
	}
}

var snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// saying is the type of a field with each role.
var saying = map[Role]Type{SaysAmount: Money, SaysThing: Text, SaysOverLimit: Bool, SaysLimit: Money}

// types lists all types.
func types() []Type {
	return []Type{Text, Coded, Date, Month, Money, Decimal, Percent, Count, Bool, IDCard, USCC, Rows}
}

func (v *validation) fields(where string, fields []Field, inRows bool) {
	v.want(len(fields) > 0, "%s: no fields", where)
	var keys []string
	for _, f := range fields {
		at := where + "." + f.Key
		v.want(snake.MatchString(f.Key) && !slices.Contains(keys, f.Key), "%s: key is not snake_case, or twice", at)
		keys = append(keys, f.Key)
		v.want(f.Name != "" && f.NameEn != "", "%s: no name", at)
		v.want(slices.Contains(types(), f.Type), "%s: unknown type %q", at, f.Type)
		v.want((f.Unit == "") == (f.UnitEn == ""), "%s: unit in one language only", at)
		v.want((f.Type == Coded) == (f.List != ""), "%s: type code and a list go together", at)
		v.want(f.List == "" || slices.Contains(v.ids, f.List), "%s: no list %q", at, f.List)
		v.want(f.Sensitivity >= Public && f.Sensitivity <= Secret, "%s: sensitivity %d", at, f.Sensitivity)
		v.want(f.Type != IDCard || f.Sensitivity == Secret, "%s: an identity number is of sensitivity %d", at, Secret)
		v.want((f.Type == Rows) == (len(f.Fields) > 0), "%s: type rows and fields go together", at)
		v.want(f.Type != Rows || !inRows, "%s: rows within rows", at)
		v.want(f.Per == "" || f.Per == PerMonth && f.Type == Money, "%s: per is %s, and of money", at, PerMonth)
		v.want(f.Says == "" || !inRows && saying[f.Says] == f.Type, "%s: a field of type %s does not say %q", at, f.Type, f.Says)
		if f.Type == Rows && !inRows {
			v.fields(at, f.Fields, true)
		}
	}
}
