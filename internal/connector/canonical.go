package connector

import (
	"strings"
	"unicode"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/money"
	"hedui/uscc"
)

// convert turns a text that is given into the canonical text of the field's type.
func convert(f field, s string) (string, bool) {
	switch f.of.Type {
	case catalog.Text:
		return strings.Join(strings.FieldsFunc(s, unicode.IsControl), " "), true
	case catalog.Coded:
		if to, ok := f.codes[s]; ok {
			return to, true
		}
		return s, true
	case catalog.Bool:
		return truth(f, s)
	case catalog.Date, catalog.Month:
		return civil(f, s)
	case catalog.Money:
		return amount(f, s)
	case catalog.Percent, catalog.Decimal, catalog.Count:
		return quantity(f, s)
	case catalog.IDCard:
		n, err := idcard.Parse(s)
		return n.Reveal(), err == nil
	case catalog.USCC:
		c, err := uscc.Parse(s)
		return c.String(), err == nil
	}
	return "", false
}

func truth(f field, s string) (string, bool) {
	if f.codes != nil {
		to, ok := f.codes[s]
		return to, ok
	}
	switch strings.ToLower(s) {
	case "true", "1", "y", "是":
		return "true", true
	case "false", "0", "n", "否":
		return "false", true
	}
	return "", false
}

func civil(f field, s string) (string, bool) {
	t, ok := readTime(f.layouts, s)
	if !ok {
		return "", false
	}
	d := day.Of(t).String()
	if f.of.Type == catalog.Month {
		return d[:len("2006-01")], true
	}
	return d, true
}

// shifts are the powers of ten that make an amount yuan and a share percent.
var shifts = map[string]int{"yuan": 0, "qian": 3, "wan": 4, "fen": -2, "percent": 0, "fraction": 2}

func amount(f field, s string) (string, bool) {
	d, ok := parseDecimal(strings.TrimSuffix(s, "元"))
	if !ok {
		return "", false
	}
	d = d.shift(shifts[f.unit])
	if f.yearly {
		d, ok = d.over(12, 2, f.round)
	} else {
		d, ok = d.to(2, f.round)
	}
	if !ok {
		return "", false
	}
	fen, err := money.Parse(d.text())
	return fen.String(), err == nil
}

// maxPlaces is what the catalogue keeps of a decimal.
const maxPlaces = 6

func quantity(f field, s string) (string, bool) {
	if f.of.Type == catalog.Percent && f.scale == "percent" {
		s = strings.TrimSuffix(strings.TrimSuffix(s, "%"), "％")
	}
	d, ok := parseDecimal(s)
	if !ok {
		return "", false
	}
	places := maxPlaces
	switch f.of.Type {
	case catalog.Percent:
		d = d.shift(shifts[f.scale]).trimmed()
	case catalog.Count:
		places = 0
	}
	d, ok = d.to(places, f.round)
	return d.text(), ok
}
