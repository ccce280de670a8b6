package workbook

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Template is the empty workbook of households, with its explanation and the lists to
// choose from. The office and the county are what most rows need, and are explained
// only.
func Template() ([]byte, error) { return writeHouseholds(nil) }

// Problematic is the workbook of the households that have problems, as they were
// typed, with a column that says in words what is wrong with each row. It can be
// corrected and handed in again.
func Problematic(list []*Household) ([]byte, error) { return writeHouseholds(list) }

func writeHouseholds(list []*Household) ([]byte, error) {
	columns := houseColumns()
	f := excelize.NewFile()
	w := &writer{f: f}
	w.do(f.SetSheetName(f.GetSheetName(0), sheetHouseholds))
	for _, name := range []string{sheetHelp, sheetCodes} {
		_, err := f.NewSheet(name)
		w.do(err)
	}
	w.styles()
	w.houseRows(columns, list)
	rows := spareRows
	if list == nil {
		rows = MaxPersons
	}
	for _, h := range list {
		rows += len(h.Rows)
	}
	w.houseChoices(columns, list != nil, rows)
	w.houseHelp(columns)
	w.do(f.SetSheetVisible(sheetCodes, false))
	f.SetActiveSheet(0)
	out, err := f.WriteToBuffer()
	w.do(err)
	w.do(f.Close())
	if len(w.errs) > 0 {
		return nil, fmt.Errorf("workbook: write households: %w", errors.Join(w.errs...))
	}
	return out.Bytes(), nil
}

// houseRows streams the head and the rows. Every cell is text: no spreadsheet takes an
// identity number for a quantity, nor what somebody typed for a formula.
func (w *writer) houseRows(columns []houseColumn, list []*Household) {
	s, err := w.f.NewStreamWriter(sheetHouseholds)
	if err != nil {
		w.do(err)
		return
	}
	shift := 0
	if list != nil {
		shift = 1
		w.do(s.SetColWidth(1, 1, 60))
	}
	for i, c := range columns {
		wide := 14.0
		switch c.key {
		case "id", "number", "notes", "office":
			wide = 24
		}
		w.do(s.SetColWidth(i+1+shift, i+1+shift, wide))
	}
	w.do(s.SetColStyle(1, len(columns)+shift, w.open))
	w.do(s.SetPanes(&excelize.Panes{Freeze: true, XSplit: 2 + shift, YSplit: 1, TopLeftCell: cellName(3+shift, 2), ActivePane: "bottomRight"}))
	head := make([]any, 0, len(columns)+1)
	if shift > 0 {
		head = append(head, excelize.Cell{StyleID: w.title, Value: problemTitle})
	}
	for _, c := range columns {
		title := c.title
		if c.must {
			title += "*"
		}
		head = append(head, excelize.Cell{StyleID: w.title, Value: title})
	}
	w.do(s.SetRow("A1", head))
	at := 2
	for _, h := range list {
		for i, cells := range h.cells {
			row := make([]any, 0, len(cells)+1)
			row = append(row, excelize.Cell{StyleID: w.given, Value: h.wordsOf(h.Rows[i])})
			for _, text := range cells {
				row = append(row, excelize.Cell{StyleID: w.open, Value: text})
			}
			w.do(s.SetRow(cellName(1, at), row))
			at++
		}
	}
	w.do(s.Flush())
}

func cellName(column, row int) string {
	name, _ := excelize.CoordinatesToCellName(column, row) // both are above 0
	return name
}

// wordsOf is all that is wrong with a row.
func (h *Household) wordsOf(row int) string {
	var words []string
	for _, p := range h.Problems {
		if p.Row == row {
			words = append(words, p.Text())
		}
	}
	return strings.Join(words, "；")
}

func (w *writer) houseChoices(columns []houseColumn, problems bool, rows int) {
	used := 0
	for i, c := range columns {
		if len(c.words) == 0 {
			continue
		}
		used++
		for row, word := range c.words {
			w.cell(sheetCodes, used, row+1, word.text)
		}
		from, err := excelize.ColumnNumberToName(used)
		w.do(err)
		if problems {
			i++
		}
		v := excelize.NewDataValidation(true)
		v.SetSqref(cellName(i+1, 2) + ":" + cellName(i+1, rows+1))
		v.SetSqrefDropList(fmt.Sprintf("%s!$%s$1:$%s$%d", sheetCodes, from, from, len(c.words)))
		v.SetError(excelize.DataValidationErrorStyleStop, c.title, zh("bulk.choice"))
		w.do(w.f.AddDataValidation(sheetHouseholds, v))
	}
}

// houseHelp explains the workbook, and each column.
func (w *writer) houseHelp(columns []houseColumn) {
	w.do(w.f.SetColWidth(sheetHelp, "A", "A", 22))
	w.do(w.f.SetColWidth(sheetHelp, "B", "B", 12))
	w.do(w.f.SetColWidth(sheetHelp, "C", "C", 100))
	row := 1
	for _, key := range []string{"bulk.help.title", "bulk.help.rows", "bulk.help.consents", "bulk.help.form", "bulk.help.back", "bulk.help.secret"} {
		w.cell(sheetHelp, 1, row, zh(key, strconv.Itoa(MaxPersons), strconv.Itoa(MaxHouseholds>>20)))
		row++
	}
	row++
	for i, title := range []string{"列", "必填", "说明"} {
		w.cell(sheetHelp, i+1, row, title)
	}
	for _, c := range columns {
		row++
		must := ""
		if c.must {
			must = "是"
		}
		for i, text := range []string{c.title, must, c.explained()} {
			w.cell(sheetHelp, i+1, row, text)
		}
	}
}

// explained says what belongs into a column.
func (c houseColumn) explained() string {
	var parts []string
	if c.once {
		parts = append(parts, zh("bulk.help.once"))
	}
	if c.help != "" {
		parts = append(parts, zh(c.help))
	}
	switch {
	case c.kind == dayColumn:
		parts = append(parts, zh("bulk.help.day"))
	case c.kind == sumColumn:
		parts = append(parts, zh("bulk.help.sum"))
	case len(c.words) > 0:
		words := make([]string, len(c.words))
		for i, one := range c.words {
			words[i] = one.text
		}
		parts = append(parts, zh("bulk.help.words", strings.Join(words, "、")))
	}
	return strings.Join(parts, " ")
}
