package report

import (
	"slices"
	"strings"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/money"
	"hedui/source"
	"hedui/uscc"
)

// tables lists every record found, by category, person and order of the answer.
func (m *maker) tables() []Table {
	tables := []Table{}
	for _, code := range m.Case.Categories(m.Queries) {
		known, _ := catalog.Get(code)
		t := Table{Category: code, Name: known.Name}
		var fields []catalog.Field
		for _, f := range known.Fields {
			if m.filled(code, f.Key) {
				fields = append(fields, f)
				t.Columns = append(t.Columns, Column{f.Key, f.Name, f.Type})
			}
		}
		for _, p := range m.Case.Persons {
			for _, q := range m.cells[cellKey{p.No, code}] {
				if q.State == hedui.Answered && q.Outcome == source.Found {
					t.Rows = append(t.Rows, m.rows(q, mask(p.Name), fields)...)
				}
			}
		}
		if len(t.Rows) > 0 {
			tables = append(tables, t)
		}
	}
	return tables
}

func (m *maker) filled(code catalog.Code, key string) bool {
	return slices.ContainsFunc(m.Queries, func(q hedui.Query) bool {
		return q.Category == code && slices.ContainsFunc(q.Records, func(r catalog.Record) bool { return r[key] != "" })
	})
}

func (m *maker) rows(q *hedui.Query, name string, fields []catalog.Field) []Row {
	var list []Row
	for _, r := range q.Records {
		row := Row{
			Person: q.Person, Name: name, Scope: m.scope(q), Department: mask(q.Department), Match: zh("report.match." + string(q.Match)),
			AsOf: instant(q.AsOf), AnsweredAt: instant(q.AnsweredAt), Values: []string{},
			Promised: m.cell(q).Promised, Letter: m.cell(q).Letter,
		}
		for _, f := range fields {
			row.Values = append(row.Values, write(f, r[f.Key]))
		}
		row.Unknown = unknownCodes(q.Category, r)
		list = append(list, row)
	}
	return list
}

// unknownCodes lists the fields of a record whose code is in no list: it is kept and
// printed as it came, and a person has to find out what it means.
func unknownCodes(code catalog.Code, r catalog.Record) []string {
	known, _ := catalog.Get(code)
	var fields []string
	for _, f := range r.UnknownCodes(known) {
		fields = append(fields, f.Field)
	}
	return fields
}

// write writes a canonical value for people. What is secret (identity numbers,
// accounts) is masked, and so is an identity number that strayed into a text.
func write(f catalog.Field, value string) string {
	if value == "" {
		return ""
	}
	if publicCode(f, value) {
		return value
	}
	switch f.Type {
	case catalog.Rows:
		return writeRows(f, value)
	case catalog.Coded:
		return codeName(f.List, value)
	case catalog.Bool:
		return zh("report.bool." + value)
	case catalog.Money:
		if fen, err := money.Parse(value); err == nil {
			return yuan(fen)
		}
	case catalog.Percent:
		return mask(value) + "%"
	}
	if f.Type == catalog.IDCard || f.Sensitivity >= catalog.Secret {
		return veil(value)
	}
	return mask(value) + f.Unit
}

// publicCode reports whether a value is the public code of a company. A
// registration number of 15 digits can look like an old identity number.
func publicCode(f catalog.Field, value string) bool {
	_, err := uscc.Parse(value)
	return err == nil && f.Sensitivity == catalog.Public
}

func codeName(list, value string) string {
	l, _ := catalog.CodeList(list)
	if name, _, ok := l.Name(value); ok {
		return name
	}
	return zh("report.code.unknown", mask(value))
}

// veil hides an identity number, or the middle of an account number.
func veil(value string) string {
	if masked := mask(value); masked != value {
		return masked
	}
	r := []rune(value)
	if len(r) < 8 {
		return strings.Repeat("*", len(r))
	}
	return string(r[:4]) + strings.Repeat("*", len(r)-6) + string(r[len(r)-2:])
}

func writeRows(f catalog.Field, value string) string {
	rows, _ := catalog.Record{"": value}.Rows("")
	var lines []string
	for _, r := range rows {
		var parts []string
		for _, sub := range f.Fields {
			if v := write(sub, r[sub.Key]); v != "" {
				parts = append(parts, sub.Name+" "+v)
			}
		}
		lines = append(lines, strings.Join(parts, "，"))
	}
	return strings.Join(lines, "；")
}

func yuan(f money.Fen) string { return zh("report.yuan", f.Grouped()) }
