package sim

import (
	"bytes"
	"encoding/json"

	"github.com/xuri/excelize/v2"

	"hedui/day"
)

// readWorkbook reads the first sheet, its first row as header.
func readWorkbook(text []byte) ([]map[string]string, error) {
	book, err := excelize.OpenReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	defer func() { _ = book.Close() }() // holds nothing but memory
	cells, err := book.GetRows(book.GetSheetName(0))
	if err != nil {
		return nil, err
	}
	var rows []map[string]string
	for i, line := range cells {
		if i == 0 {
			continue
		}
		row := map[string]string{}
		for j, cell := range line {
			if j < len(cells[0]) {
				row[cells[0][j]] = cell
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// writeWorkbook writes homes as an office does: numbers as numbers, days as days,
// identity numbers as texts.
func writeWorkbook(sheet string, rows []object) ([]byte, error) {
	book := excelize.NewFile()
	defer func() { _ = book.Close() }() // holds nothing but memory
	if err := book.SetSheetName("Sheet1", sheet); err != nil {
		return nil, err
	}
	style, err := book.NewStyle(&excelize.Style{NumFmt: 14}) // the usual one of days
	if err != nil {
		return nil, err
	}
	w, err := book.NewStreamWriter(sheet)
	if err != nil {
		return nil, err
	}
	line := make([]any, len(homeColumns))
	for i, c := range homeColumns {
		line[i] = c.title
	}
	if err := w.SetRow("A1", line); err != nil {
		return nil, err
	}
	for n, row := range rows {
		for i, c := range homeColumns {
			line[i] = row[c.key]
			switch v := row[c.key].(type) {
			case day.Day:
				line[i] = excelize.Cell{StyleID: style, Value: v.Sub(day.Must("1899-12-30"))}
			case json.Number:
				if f, err := v.Float64(); err == nil {
					line[i] = f
				}
			}
		}
		at, err := excelize.CoordinatesToCellName(1, n+2)
		if err != nil {
			return nil, err
		}
		if err := w.SetRow(at, line); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	b, err := book.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
