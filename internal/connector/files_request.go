package connector

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"hedui/source"
)

// unwritableError is why a request file cannot be written, without what was to
// stand in it.
type unwritableError string

func (e unwritableError) Error() string { return string(e) }

// write writes the persons of a batch, and nothing else.
func (r *requestFile) write(queries []source.Query, batch string, now time.Time) ([]byte, error) {
	rows := make([][]string, len(queries))
	for i, q := range queries {
		rows[i] = r.cells(q, batch, strconv.Itoa(i+1), now)
	}
	switch r.format {
	case "fixed":
		return r.fixed(rows)
	case "xlsx":
		return r.workbook(rows)
	case "xml":
		return r.elements(rows)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = r.separator
	if r.header {
		rows = append([][]string{r.titles()}, rows...)
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	return r.encoded(b.Bytes())
}

func (r *requestFile) titles() []string {
	titles := make([]string, len(r.columns))
	for i, c := range r.columns {
		titles[i] = c.title
	}
	return titles
}

func (r *requestFile) cells(q source.Query, batch, row string, now time.Time) []string {
	common := personal(q, row)
	cells := make([]string, len(r.columns))
	for i, c := range r.columns {
		cells[i] = c.value.fill(func(p piece) string {
			switch p.hole {
			case "batch":
				return batch
			case "now":
				return p.layout.write(now)
			}
			return common(p)
		})
	}
	return cells
}

// unfit says why a query cannot stand in a request file, or nothing. Its person
// must not keep the others of a batch from being asked about.
func (r *requestFile) unfit(q source.Query, now time.Time) string {
	for i, cell := range r.cells(q, "20060102-0123456789abcdef", "1", now) {
		switch {
		case strings.ContainsAny(cell, "\r\n\x00\ufffd"):
			return "column " + r.columns[i].name + ": a text holds a line break or a broken character"
		case r.format == "csv" && strings.IndexAny(cell, "=+-@\t") == 0:
			return "column " + r.columns[i].name + ": a text begins as a formula of a spreadsheet does"
		case r.format == "fixed":
			if text, err := r.encoded([]byte(cell)); err != nil || len(text) > r.columns[i].width {
				return "column " + r.columns[i].name + ": a text is longer than the column"
			}
		}
	}
	return ""
}

func (r *requestFile) encoded(text []byte) ([]byte, error) {
	if !r.gb18030 {
		return text, nil
	}
	return simplifiedchinese.GB18030.NewEncoder().Bytes(text)
}

func (r *requestFile) fixed(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	for _, row := range rows {
		at := 0
		for i, c := range r.columns {
			cell, err := r.encoded([]byte(row[i]))
			if err != nil || len(cell) > c.width {
				return nil, unwritableError("a text is longer than its column in the request file")
			}
			b.WriteString(strings.Repeat(" ", c.from-at))
			b.Write(cell)
			b.WriteString(strings.Repeat(" ", c.width-len(cell)))
			at = c.from + c.width
		}
		b.WriteString("\r\n")
	}
	return b.Bytes(), nil
}

// workbook writes every cell as a text, so that no spreadsheet takes a number for
// one it may round.
func (r *requestFile) workbook(rows [][]string) ([]byte, error) {
	book := excelize.NewFile()
	defer func() { _ = book.Close() }() // holds nothing but memory
	name := r.name
	if name == "" {
		name = "Sheet1"
	}
	if err := book.SetSheetName("Sheet1", name); err != nil {
		return nil, err
	}
	if r.header {
		rows = append([][]string{r.titles()}, rows...)
	}
	for y, row := range rows {
		for x, cell := range row {
			at, err := excelize.CoordinatesToCellName(x+1, y+1)
			if err != nil {
				return nil, err
			}
			if err := book.SetCellStr(name, at, cell); err != nil {
				return nil, err
			}
		}
	}
	b, err := book.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// elements writes a row as an element with one for each column in it.
func (r *requestFile) elements(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	charset := "UTF-8"
	if r.gb18030 {
		charset = "GB18030"
	}
	b.WriteString(`<?xml version="1.0" encoding="` + charset + `"?>` + "\n")
	around, each := r.rows[:len(r.rows)-1], r.rows[len(r.rows)-1]
	for _, name := range around {
		b.WriteString("<" + name + ">\n")
	}
	for _, row := range rows {
		b.WriteString("<" + each + ">")
		for i, c := range r.columns {
			b.WriteString("<" + c.name + ">")
			if err := xml.EscapeText(&b, []byte(row[i])); err != nil {
				return nil, err
			}
			b.WriteString("</" + c.name + ">")
		}
		b.WriteString("</" + each + ">\n")
	}
	for i := len(around) - 1; i >= 0; i-- {
		b.WriteString("</" + around[i] + ">\n")
	}
	return r.encoded(b.Bytes())
}
