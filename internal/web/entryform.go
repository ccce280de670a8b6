package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// The form for what a department holds is made of the catalogue: a field for each of
// the category's, a small table for each that has rows. Its fields are named as
// problems name them, "records[0].area" or "records[0].owners[1].name".

// Most records and rows that a page has; who has more uses the workbook.
const (
	maxRecords = 30
	maxTable   = 20
)

// freeRows is how many empty rows a table of the page has below those filled in.
const freeRows = 2

// An entryRecord is one record as fields.
type entryRecord struct {
	No     string
	ID     string
	Wrong  []string
	Fields []field
	Tables []entryTable
}

type entryTable struct {
	Label string
	Rows  [][]field
}

func (p *taskPage) entryRecord(c catalog.Category, i int, e hedui.Entry) entryRecord {
	name := "records[" + strconv.Itoa(i) + "]"
	rec := entryRecord{No: strconv.Itoa(i + 1), ID: anchor(name), Wrong: p.wrong[name]}
	for _, f := range c.Fields {
		if f.Type != catalog.Rows {
			rec.Fields = append(rec.Fields, p.entryField(f, name+"."+f.Key))
			continue
		}
		filled := 0
		if i < len(e.Records) {
			filled = len(e.Records[i].Rows[f.Key])
		}
		table := entryTable{Label: f.Name}
		if p.Lang == lang.English {
			table.Label = f.NameEn
		}
		for n := range min(filled+freeRows, maxTable) {
			var row []field
			for _, col := range f.Fields {
				row = append(row, p.entryField(col, name+"."+f.Key+"["+strconv.Itoa(n)+"]."+col.Key))
			}
			table.Rows = append(table.Rows, row)
		}
		rec.Tables = append(rec.Tables, table)
	}
	return rec
}

// entryField is a field of the catalogue, with the unit in which it is typed.
func (p *taskPage) entryField(c catalog.Field, name string) field {
	f := field{Name: name, ID: anchor(name), Label: c.Name, Value: p.values[name], Wrong: p.wrong[name]}
	unit := c.Unit
	if p.Lang == lang.English {
		f.Label, unit = c.NameEn, c.UnitEn
	}
	switch c.Type {
	case catalog.Money:
		unit = p.T("worklist.yuan")
	case catalog.Date, catalog.Month:
		unit = p.T("worklist.as." + string(c.Type))
	case catalog.Bool:
		f.Options = []choice{{"true", p.T("worklist.yes")}, {"false", p.T("worklist.no")}}
	case catalog.Coded:
		list, _ := catalog.CodeList(c.List)
		for _, item := range list.Items {
			text := item.Name
			if p.Lang == lang.English {
				text = item.NameEn
			}
			f.Options = append(f.Options, choice{item.Code, text})
		}
	}
	if f.Value != "" && len(f.Options) > 0 && !slices.ContainsFunc(f.Options, func(c choice) bool { return c.Value == f.Value }) {
		f.Options = append(f.Options, choice{f.Value, f.Value}) // as it was typed by another door
	}
	if unit != "" {
		f.Label = p.T("worklist.unit", f.Label, unit)
	}
	return f
}

// entryOf reads what was typed into the fields of a page. Records and rows that are
// empty are left out, as a form always has some.
func entryOf(values url.Values, c catalog.Category) hedui.Entry {
	e := hedui.Entry{Outcome: values.Get("outcome"), AsOf: values.Get("as_of"), By: values.Get("by")}
	for i := range maxRecords {
		name := "records[" + strconv.Itoa(i) + "]."
		rec := hedui.EntryRecord{Fields: typedIn(values, c.Fields, name), Rows: map[string][]map[string]string{}}
		for _, f := range c.Fields {
			if f.Type != catalog.Rows {
				continue
			}
			for n := range maxTable {
				if row := typedIn(values, f.Fields, name+f.Key+"["+strconv.Itoa(n)+"]."); len(row) > 0 {
					rec.Rows[f.Key] = append(rec.Rows[f.Key], row)
				}
			}
		}
		if len(rec.Fields)+len(rec.Rows) > 0 {
			e.Records = append(e.Records, rec)
		}
	}
	return e
}

// typedIn are the fields under a name into which something was typed.
func typedIn(values url.Values, fields []catalog.Field, name string) map[string]string {
	typed := map[string]string{}
	for _, f := range fields {
		if text := values.Get(name + f.Key); f.Type != catalog.Rows && strings.TrimSpace(text) != "" {
			typed[f.Key] = text
		}
	}
	return typed
}

// entryFields is what the fields of a page show of an entry.
func entryFields(e hedui.Entry) map[string]string {
	values := map[string]string{"outcome": e.Outcome, "as_of": e.AsOf, "by": e.By}
	for i, rec := range e.Records {
		name := "records[" + strconv.Itoa(i) + "]."
		for key, text := range rec.Fields {
			values[name+key] = text
		}
		for key, rows := range rec.Rows {
			for n, row := range rows {
				for col, text := range row {
					values[name+key+"["+strconv.Itoa(n)+"]."+col] = text
				}
			}
		}
	}
	return values
}
