package checkup

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/source"
)

// shape shows how a value is built and not what it says: enough to see that a
// column stands in the right place. What anybody may look up stands in clear,
// unless it holds the person.
func shape(f catalog.Field, value string, p source.Person) string {
	switch {
	case value == "":
		return "—"
	case f.Type == catalog.IDCard:
		if id, err := idcard.Parse(value); err == nil {
			return id.Masked()
		}
	case f.Sensitivity <= catalog.Public && !strings.Contains(value, p.Name) && figuresOf(value) < 15 && f.Type != catalog.Rows:
		return short(value)
	case f.Type == catalog.Money:
		return "***.**"
	}
	return short(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return '*'
		}
		return r
	}, value))
}

func figuresOf(text string) int {
	n := 0
	for _, r := range text {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

func short(text string) string {
	const most = 40
	if utf8.RuneCountInString(text) > most {
		return string([]rune(text)[:most]) + "…"
	}
	return text
}

// sample shows the first record: every mapped field, and of rows the first row.
func sample(fields []catalog.Field, mapped []string, r catalog.Record, p source.Person, prefix string) []Sampled {
	var list []Sampled
	for _, f := range fields {
		key := prefix + f.Key
		if !slices.Contains(mapped, key) {
			continue
		}
		if f.Type != catalog.Rows {
			list = append(list, Sampled{key, f.Name, shape(f, r[f.Key], p)})
			continue
		}
		rows, _ := r.Rows(f.Key)
		list = append(list, Sampled{key, f.Name, "(" + strconv.Itoa(len(rows)) + ")"})
		if len(rows) > 0 {
			list = append(list, sample(f.Fields, mapped, rows[0], p, key+".")...)
		}
	}
	return list
}

// filled counts in how many records, or rows of them, each mapped field has a value.
func filled(fields []catalog.Field, mapped []string, records []catalog.Record, prefix string) []Filled {
	var list []Filled
	for _, f := range fields {
		key := prefix + f.Key
		if !slices.Contains(mapped, key) {
			continue
		}
		n := Filled{Key: key, Name: f.Name, Records: len(records)}
		var rows []catalog.Record
		for _, r := range records {
			if r[f.Key] != "" {
				n.Filled++
			}
			inner, _ := r.Rows(f.Key)
			rows = append(rows, inner...)
		}
		list = append(list, n)
		if f.Type == catalog.Rows && len(rows) > 0 {
			list = append(list, filled(f.Fields, mapped, rows, key+".")...)
		}
	}
	return list
}
