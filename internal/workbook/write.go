package workbook

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/xuri/excelize/v2"

	"hedui/catalog"
	"hedui/day"
	"hedui/seal"
)

// Write makes the workbook and signs what it says. Every cell is text, so that no
// spreadsheet takes an identity number for a quantity. [Lock] encrypts it.
func (b Book) Write(sign Sign) ([]byte, error) {
	if len(b.Lines) > MaxLines {
		return nil, fmt.Errorf("workbook: %d items, at most %d", len(b.Lines), MaxLines)
	}
	salt := seal.NewSalt()
	says, err := statement{markForm, b.Node, b.Source, string(b.Category.Code), b.Export.Number, b.Export.Until.UTC().Truncate(time.Second), salt, slices.Clone(b.Lines)}.bytes()
	if err != nil {
		return nil, err
	}
	sealed, err := sign(says)
	if err != nil {
		return nil, fmt.Errorf("workbook: sign: %w", err)
	}
	f := excelize.NewFile()
	w := &writer{f: f, columns: columnsOf(b.Category)}
	w.do(f.SetSheetName(f.GetSheetName(0), sheetList))
	for _, name := range []string{sheetHelp, sheetCodes, sheetMark} {
		_, err := f.NewSheet(name)
		w.do(err)
	}
	w.styles()
	w.head()
	w.lines(b.Lines)
	w.choices(len(b.Lines))
	w.mark(b, sealed, salt)
	w.help(b)
	w.do(f.SetSheetVisible(sheetCodes, false))
	w.do(f.SetSheetVisible(sheetMark, false, true))
	w.do(f.ProtectSheet(sheetList, &excelize.SheetProtectionOptions{AlgorithmName: "SHA-512", SelectLockedCells: true, SelectUnlockedCells: true,
		FormatCells: true, FormatColumns: true, FormatRows: true, InsertRows: true, DeleteRows: true, AutoFilter: true}))
	f.SetActiveSheet(0)
	out, err := f.WriteToBuffer()
	w.do(err)
	w.do(f.Close())
	if len(w.errs) > 0 {
		return nil, fmt.Errorf("workbook: write: %w", errors.Join(w.errs...))
	}
	return out.Bytes(), nil
}

// writer collects the errors of many small steps.
type writer struct {
	f                  *excelize.File
	columns            []column
	errs               []error
	title, given, open int // styles
}

func (w *writer) do(err error) {
	if err != nil {
		w.errs = append(w.errs, err)
	}
}

func (w *writer) cell(sheet string, column, row int, text string) {
	name, err := excelize.CoordinatesToCellName(column, row)
	w.do(err)
	w.do(w.f.SetCellStr(sheet, name, text))
}

const textFormat = 49 // "@"

func (w *writer) styles() {
	style := func(s excelize.Style) int {
		id, err := w.f.NewStyle(&s)
		w.do(err)
		return id
	}
	thin := []excelize.Border{{Type: "bottom", Color: "C8CDD4", Style: 1}, {Type: "right", Color: "C8CDD4", Style: 1}}
	w.title = style(excelize.Style{NumFmt: textFormat, Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DCE3EC"}},
		Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}, Border: thin})
	w.given = style(excelize.Style{NumFmt: textFormat, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F3F5F8"}},
		Protection: &excelize.Protection{Locked: false}, Border: thin})
	w.open = style(excelize.Style{NumFmt: textFormat, Protection: &excelize.Protection{Locked: false}, Border: thin})
}

// head writes the titles and gives each column its look. The column of ids is
// hidden and locked.
func (w *writer) head() {
	for i, c := range w.columns {
		name, err := excelize.ColumnNumberToName(i + 1)
		w.do(err)
		style, width := w.open, 16.0
		if c.fixed != "" {
			style = w.given
		}
		switch c.fixed {
		case "number", "mandate", "period":
			width = 26
		}
		if c.fixed != "id" {
			w.do(w.f.SetColStyle(sheetList, name, style))
		}
		w.do(w.f.SetColWidth(sheetList, name, name, width))
		w.cell(sheetList, i+1, 1, c.title)
		w.do(w.f.SetCellStyle(sheetList, name+"1", name+"1", w.title))
	}
	w.do(w.f.SetColVisible(sheetList, "A", false))
	w.do(w.f.SetPanes(sheetList, &excelize.Panes{Freeze: true, XSplit: 3, YSplit: 1, TopLeftCell: "D2", ActivePane: "bottomRight"}))
}

func (w *writer) lines(list []Line) {
	for i, l := range list {
		for at, text := range []string{l.ID, l.Name, l.Number, l.Purpose, l.Mandate, l.Period, l.Due} {
			w.cell(sheetList, at+1, i+2, text)
		}
		for at, c := range w.columns {
			if c.fixed == "id" {
				continue
			}
			name, err := excelize.CoordinatesToCellName(at+1, i+2)
			w.do(err)
			style := w.open
			if c.fixed != "" {
				style = w.given
			}
			w.do(w.f.SetCellStyle(sheetList, name, name, style))
		}
	}
}

// choices gives columns with a list of words their drop-down list. Another word can
// be typed where the catalogue's list may lack one.
func (w *writer) choices(items int) {
	used := 0
	for i, c := range w.columns {
		words, strict := wordsOf(c)
		if len(words) == 0 {
			continue
		}
		used++
		for row, word := range words {
			w.cell(sheetCodes, used, row+1, word)
		}
		from, err := excelize.ColumnNumberToName(used)
		w.do(err)
		name, err := excelize.ColumnNumberToName(i + 1)
		w.do(err)
		v := excelize.NewDataValidation(true)
		v.SetSqref(fmt.Sprintf("%s2:%s%d", name, name, items+spareRows))
		v.SetSqrefDropList(fmt.Sprintf("%s!$%s$1:$%s$%d", sheetCodes, from, from, len(words)))
		style := excelize.DataValidationErrorStyleStop
		if !strict {
			style = excelize.DataValidationErrorStyleWarning
		}
		v.SetError(style, c.title, zh("problem.entry.code"))
		w.do(w.f.AddDataValidation(sheetList, v))
	}
}

// wordsOf is what may stand in a column, if that is a list.
func wordsOf(c column) (words []string, strict bool) {
	switch {
	case c.entry == "outcome":
		return outcomes(), true
	case c.fixed != "" || c.entry != "":
		return nil, false
	case c.field.Type == catalog.Bool:
		return []string{"是", "否"}, true
	case c.field.Type == catalog.Coded:
		list, _ := catalog.CodeList(c.field.List)
		for _, item := range list.Items {
			words = append(words, item.Name)
		}
	}
	return words, false
}

// mark says whose list it is, so that it cannot be taken for another, and holds the
// seal.
func (w *writer) mark(b Book, sealed []byte, salt string) {
	for i, text := range []string{markForm, b.Node, b.Source, string(b.Category.Code), b.Export.Number, b.Export.Until.UTC().Format(time.RFC3339), string(sealed), salt} {
		w.cell(sheetMark, 1, i+1, text)
	}
}

func (w *writer) help(b Book) {
	w.do(w.f.SetColWidth(sheetHelp, "A", "A", 110))
	for i, line := range []string{
		zh("workbook.help.title", b.Department, b.Category.Name), zh("workbook.help.export", b.Export.Number, b.Export.Until.In(day.Beijing).Format("2006-01-02 15:04")), zh("workbook.help.secret"), zh("workbook.help.result"), zh("workbook.help.rows"),
		zh("workbook.help.form"), zh("workbook.help.unsure"), zh("workbook.help.fixed"), zh("workbook.help.back"), b.Category.Notice,
	} {
		w.cell(sheetHelp, 1, i+1, line)
	}
}
