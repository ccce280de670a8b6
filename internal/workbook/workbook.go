// Package workbook writes the open items of a manual worklist into a spreadsheet
// and reads what a department's clerk has filled in. It would rather refuse a row
// than guess: formulas, damaged identity numbers, rows that were mixed up and
// files of another list are problems with the row they stand in. It opens no file
// and keeps none, not even for a moment: what is in a workbook is personal.
package workbook

import (
	"errors"
	"fmt"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// A Line is one item as a clerk sees it. Number is the whole identity number: a
// department cannot look without it.
type Line struct {
	ID      string `json:"id"` // opaque
	Name    string `json:"name"`
	Number  string `json:"number"`
	Purpose string `json:"purpose"` // in words
	Mandate string `json:"mandate"` // its number
	Period  string `json:"period"`  // income period
	Due     string `json:"due"`     // day by which an answer was promised
}

// A Book is the list of one source.
type Book struct {
	Node, Source string
	Department   string
	Category     catalog.Category
	Export       Export
	Lines        []Line
}

// An Answered is what a workbook says to one item.
type Answered struct {
	ID       string
	Rows     []int // of the sheet, from 2
	Entry    hedui.Entry
	Problems []Problem
}

// Format implements [fmt.Formatter]: it prints without what was entered.
func (a Answered) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "item %s in %d row(s), %d problem(s)", a.ID, len(a.Rows), len(a.Problems))
}

// A Problem is one thing that is wrong with a row. Row 0 means the whole file.
type Problem struct {
	Row    int
	Column string // name of the column, or empty
	Say    hedui.Text
}

// ErrFile means that a file is no workbook of this list. It comes inside an
// Invalid error that says why.
var ErrFile = errors.New("workbook: not a workbook of this list")

func refuse(key string, args ...string) error {
	return hedui.Fail(hedui.Invalid, hedui.Say(key, args...), ErrFile)
}

// Sheets of a workbook.
const (
	sheetList  = "填报"
	sheetHelp  = "填报说明"
	sheetCodes = "代码"
	sheetMark  = "hedui"
)

const markForm = "hedui worklist 2"

// Sizes. A list is written in parts of MaxLines items.
const (
	MaxLines   = 500
	MaxFile    = 4 << 20  // bytes of a file
	maxOpened  = 48 << 20 // bytes of all that is in it
	maxParts   = 100      // files within the file
	maxRows    = 5000
	maxColumns = 200
	spareRows  = 500 // that drop-down lists reach beyond the items
)

// A column is one column of the list.
type column struct {
	title string
	fixed string        // what the list itself says: "id", "name" …; empty for what a clerk fills in
	entry string        // "outcome", "as_of", "by", or empty for a field of a record
	field catalog.Field // of a record
	rows  string        // the field whose row this is a part of, or empty
}

// fixed and entered columns before those of the category.
var leading = []column{
	{title: "事项编号", fixed: "id"}, {title: "姓名", fixed: "name"}, {title: "身份证号", fixed: "number"}, {title: "救助类型", fixed: "purpose"},
	{title: "查询授权编号", fixed: "mandate"}, {title: "收入期间", fixed: "period"}, {title: "答复期限", fixed: "due"},
	{title: "结果", entry: "outcome"}, {title: "数据截至日期", entry: "as_of"}, {title: "答复人（岗位）", entry: "by"},
}

const problemTitle = "问题"

// columnsOf lays the columns of a category out.
func columnsOf(c catalog.Category) []column {
	list := append([]column(nil), leading...)
	for _, f := range c.Fields {
		if f.Type != catalog.Rows {
			list = append(list, column{title: titled(f), field: f})
			continue
		}
		for _, part := range f.Fields {
			list = append(list, column{title: f.Name + "·" + titled(part), field: part, rows: f.Key})
		}
	}
	return list
}

func titled(f catalog.Field) string {
	if f.Unit == "" {
		return f.Name
	}
	return f.Name + "（" + f.Unit + "）"
}

// outcomes are the words of the result column, in the order of [hedui.EntryOutcomes].
func outcomes() []string {
	var words []string
	for _, o := range hedui.EntryOutcomes() {
		words = append(words, zh("workbook.outcome."+string(o)))
	}
	return words
}

func zh(key string, args ...string) string { return lang.Text(lang.Chinese, key, args...) }
