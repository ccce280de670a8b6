package workbook

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/xuri/excelize/v2"
)

// A table goes out with numbers as numbers and words as words, also words that look
// like a formula.
func TestTablesAsAWorkbook(t *testing.T) {
	data, err := WriteSheets([]Sheet{
		{Name: "指标", Title: "主要指标", Note: "2026-10", Columns: []string{"指标", "数值"}, Rows: [][]any{{"登记", int64(12)}, {"=1+1", 95.2}, {"受理", "<5"}}},
		{Name: "空", Title: "没有行", Columns: []string{"a"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, want := fmt.Sprint(f.GetSheetList()), "[指标 空]"; got != want {
		t.Errorf("sheets %s, want %s", got, want)
	}
	for cell, want := range map[string]struct {
		text string
		kind excelize.CellType
	}{
		"A1": {"主要指标", excelize.CellTypeSharedString}, "A5": {"登记", excelize.CellTypeSharedString}, "B5": {"12", excelize.CellTypeUnset},
		"A6": {"=1+1", excelize.CellTypeSharedString}, "B6": {"95.2 %", excelize.CellTypeUnset}, "B7": {"<5", excelize.CellTypeSharedString},
	} {
		text, err1 := f.GetCellValue("指标", cell)
		kind, err2 := f.GetCellType("指标", cell)
		formula, err3 := f.GetCellFormula("指标", cell)
		if err1 != nil || err2 != nil || err3 != nil || text != want.text || kind != want.kind || formula != "" {
			t.Errorf("%s: got %q of type %d, formula %q; want %q of type %d", cell, text, kind, formula, want.text, want.kind)
		}
	}
}
