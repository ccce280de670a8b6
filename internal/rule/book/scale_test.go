package book

import (
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"hedui/internal/hedui"
	"hedui/money"
)

var written = regexp.MustCompile(`(type: money, value: "|yuan\(\\?")([0-9.]+)`)

// scaledBooks are the books of the program in another currency, one yuan of which
// is k of it.
func scaledBooks(t *testing.T, k money.Fen) *Library {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !IsBook(name) {
			return err
		}
		text, err := fs.ReadFile(Files(), name)
		files[name] = &fstest.MapFile{Data: written.ReplaceAllFunc(text, func(m []byte) []byte {
			part := written.FindSubmatch(m)
			f, err := money.Parse(string(part[2]))
			if err != nil {
				t.Fatal(err)
			}
			return []byte(string(part[1]) + (k * f).String())
		})}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// scale multiplies every amount of money within v, whatever its field is called.
func scale(v reflect.Value, k money.Fen) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			scale(v.Index(i), k)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i); name.IsExported() && name.Name != "Area" { // square metres
				scale(v.Field(i), k)
			}
		}
	default:
		if v.Type() == reflect.TypeFor[money.Fen]() {
			v.SetInt(v.Int() * int64(k))
		}
	}
}

func scaled(h *Household, k money.Fen) *Household {
	other := *h
	other.Obligors, other.Income = append([]Obligor(nil), h.Obligors...), append([]Income(nil), h.Income...)
	other.Things, other.Spending = append([]Thing(nil), h.Things...), append([]Spending(nil), h.Spending...)
	scale(reflect.ValueOf(&other).Elem(), k)
	return &other
}

// TestAmountsScale: rules know no amount but those of the books and the facts. In
// a currency of k to the yuan every figure is k times what it was, but for what
// divisions round, and no line changes sides but within that.
func TestAmountsScale(t *testing.T) {
	one, factors := library(t), []money.Fen{2, 3, 10, 1000}
	others := map[money.Fen]*Library{}
	for _, k := range factors {
		others[k] = scaledBooks(t, k)
	}
	rapid.Check(t, func(t *rapid.T) {
		k, programme := rapid.SampledFrom(factors).Draw(t, "k"), rapid.SampledFrom([]hedui.Programme{hedui.Dibao, hedui.Expenditure}).Draw(t, "programme")
		was, err := one.For("330203", programme, today)
		if err != nil {
			t.Fatal(err)
		}
		is, err := others[k].For("330203", programme, today)
		if err != nil {
			t.Fatal(err)
		}
		for name, p := range was.values {
			if p.typ == typeMoney && int64(k)*p.amount != is.values[name].amount {
				t.Fatalf("the test did not scale parameters.%s", name)
			}
		}
		h := genHousehold(t)
		for i := range h.Things {
			if x := &h.Things[i]; x.Kind == "vehicle" {
				x.Price, x.First = genAmount.Draw(t, "price"), genWithin.Draw(t, "first").AddMonths(-40)
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "receipts") {
			h.Spending = append(h.Spending, Spending{Person: 1, Kind: rapid.SampledFrom(spendingKinds).Draw(t, "for"), Amount: genAmount.Draw(t, "spent"), On: genWithin.Draw(t, "on")})
		}
		a, b := assess(t, was, h), assess(t, is, scaled(h, k))
		// what the divisions of each fact may round, in fen, before and after: those
		// of an obligor are of a month and twelve of them are added
		rounding := (k + 1) * money.Fen(3*len(h.Income)+15*len(h.Obligors)+8*len(h.Things)+8)
		near := func(what string, before, after money.Fen) {
			if d := after - k*before; max(d, -d) > rounding {
				t.Fatalf("%s: %s, times %d %s", what, before, k, after)
			}
		}
		totals, after := reflect.ValueOf(a.Totals), reflect.ValueOf(b.Totals)
		for i := range totals.NumField() {
			switch v := totals.Field(i).Interface().(type) {
			case money.Fen:
				if name := totals.Type().Field(i).Name; name != "DwellingArea" {
					near(name, v, after.Field(i).Interface().(money.Fen))
				}
			default:
				if v != after.Field(i).Interface() {
					t.Fatalf("%s: %v and %v", totals.Type().Field(i).Name, v, after.Field(i).Interface())
				}
			}
		}
		for i, c := range a.Income {
			near("verified", c.Verified, b.Income[i].Verified)
			near("declared", c.Declared, b.Income[i].Declared)
			near("counted", c.Counted, b.Income[i].Counted)
		}
		for i, l := range a.Lines {
			m := b.Lines[i]
			if l.Unit == "count" {
				if l.Figure != m.Figure || l.Limit != m.Limit || l.Side != m.Side {
					t.Fatalf("line %s: %s, after %s", l.Rule.Name, l.String(), m.String())
				}
				continue
			}
			near("line "+l.Rule.Name, money.Fen(l.Figure), money.Fen(m.Figure))
			near("limit "+l.Rule.Name, money.Fen(l.Limit), money.Fen(m.Limit))
			if d := k * money.Fen(l.Figure-l.Limit); l.Side != m.Side && max(d, -d) > 2*rounding {
				t.Fatalf("line %s: %s, after %s", l.Rule.Name, l.String(), m.String())
			}
		}
		sameFindings(t, a, b, k, rounding)
	})
}

// sameFindings: a difference is one in every currency, unless rounding decides.
func sameFindings(t *rapid.T, a, b *Outcome, k, rounding money.Fen) {
	for _, f := range a.Findings {
		if f.Kind == hedui.Exempt || f.Unit == hedui.NoAmount || k*max(f.Found, f.Declared) <= rounding {
			continue
		}
		i := slices.IndexFunc(b.Findings, func(g Finding) bool {
			return g.Kind != hedui.Exempt && g.Person == f.Person && g.Class == f.Class && g.Unit == f.Unit && g.Flag == f.Flag
		})
		if i < 0 {
			t.Fatalf("%s %s is not there any more", f.Kind, f.Class)
		}
		g := b.Findings[i]
		tolerance, err := money.Parse(f.Rule.Text("value"))
		if err != nil {
			t.Fatal(err)
		}
		d := f.Found - f.Declared
		edge := k * (max(d, -d) - tolerance)
		if f.Kind != g.Kind && max(edge, -edge) > 2*rounding && (f.Found == 0) == (g.Found == 0) && (f.Declared == 0) == (g.Declared == 0) {
			t.Fatalf("%s %s: %s, after %s", f.Class, f.Kind, d, g.Kind)
		}
	}
}
