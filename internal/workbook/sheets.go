package workbook

import (
	"errors"
	"fmt"

	"github.com/xuri/excelize/v2"
)

// A Sheet is a table of figures: no person is in it. A cell is a text, a whole number
// (int64) or a share in percent (float64).
type Sheet struct {
	Name, Title, Note string
	Columns           []string
	Rows              [][]any
}

const shareFormat = `0.0" %"`

// WriteSheets makes a workbook of tables, each on a sheet of its own: title, note,
// heads, rows. Numbers are numbers, so that they can be summed.
func WriteSheets(sheets []Sheet) ([]byte, error) {
	f := excelize.NewFile()
	w := &writer{f: f}
	w.styles()
	format := shareFormat
	share, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
	w.do(err)
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}})
	w.do(err)
	for i, s := range sheets {
		if i == 0 {
			w.do(f.SetSheetName(f.GetSheetName(0), s.Name))
		} else {
			_, err := f.NewSheet(s.Name)
			w.do(err)
		}
		w.sheet(s, bold, share)
	}
	f.SetActiveSheet(0)
	out, err := f.WriteToBuffer()
	w.do(err)
	w.do(f.Close())
	if len(w.errs) > 0 {
		return nil, fmt.Errorf("workbook: write tables: %w", errors.Join(w.errs...))
	}
	return out.Bytes(), nil
}

// firstRow is where the heads of a table stand, below its title and note.
const firstRow = 4

func (w *writer) sheet(s Sheet, bold, share int) {
	w.cell(s.Name, 1, 1, s.Title)
	w.do(w.f.SetCellStyle(s.Name, "A1", "A1", bold))
	w.cell(s.Name, 1, 2, s.Note)
	for i, title := range s.Columns {
		w.cell(s.Name, i+1, firstRow, title)
		name, err := excelize.ColumnNumberToName(i + 1)
		w.do(err)
		width := 14.0
		if i == 0 {
			width = 28
		}
		w.do(w.f.SetColWidth(s.Name, name, name, width))
		at := fmt.Sprintf("%s%d", name, firstRow)
		w.do(w.f.SetCellStyle(s.Name, at, at, w.title))
	}
	for r, row := range s.Rows {
		for c, v := range row {
			at, err := excelize.CoordinatesToCellName(c+1, firstRow+1+r)
			w.do(err)
			switch v := v.(type) {
			case string:
				w.do(w.f.SetCellStr(s.Name, at, v))
			case float64:
				w.do(w.f.SetCellFloat(s.Name, at, v, 1, 64))
				w.do(w.f.SetCellStyle(s.Name, at, at, share))
			default:
				w.do(w.f.SetCellValue(s.Name, at, v))
			}
		}
	}
}
