package connector

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Limits of workbooks. An honest one is packed ten to one.
const (
	maxUnpacked = 8    // times the size that a file may have
	maxParts    = 2000 // files in a workbook
)

// sheetLines reads one worksheet. The library that reads cells ends quietly where
// a sheet is broken, and does not tell formulas and numbers from texts; so the
// sheet is looked through first.
type sheetLines struct {
	book *excelize.File
	rows *excelize.Rows
	row  int
}

func openSheet(in io.Reader, size int64, name string) (s *sheetLines, err error) {
	defer func() { // a library for documents of any origin
		if recover() != nil {
			s, err = nil, errors.New("the answer is no workbook that can be read")
		}
	}()
	body, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	unpacked := max(size, 1<<20) * maxUnpacked
	if err := checkParts(body, unpacked); err != nil {
		return nil, err
	}
	// With both limits equal nothing is unpacked to the disk.
	book, err := excelize.OpenReader(bytes.NewReader(body), excelize.Options{RawCellValue: true, UnzipSizeLimit: unpacked, UnzipXMLSizeLimit: unpacked})
	if err != nil {
		return nil, errors.New("the answer is no workbook, or a protected one")
	}
	if props, err := book.GetWorkbookProps(); err == nil && props.Date1904 != nil && *props.Date1904 {
		return nil, errors.New("the workbook counts days from 1904; save it with the usual calendar")
	}
	list := book.GetSheetList()
	if name == "" && len(list) > 0 {
		name = list[0]
	}
	if !slices.Contains(list, name) {
		return nil, errors.New("the worksheet that answer.sheet names is not there")
	}
	if err := inspect(book, name); err != nil {
		return nil, err
	}
	rows, err := book.Rows(name)
	if err != nil {
		return nil, errors.New("the worksheet cannot be read")
	}
	return &sheetLines{book, rows, 0}, nil
}

// checkParts looks at what a workbook holds before anything is unpacked.
func checkParts(body []byte, most int64) error {
	parts, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return errors.New("the answer is no workbook, or is cut off")
	}
	if len(parts.File) > maxParts {
		return errors.New("the workbook has more parts than any register")
	}
	sum := uint64(0)
	for _, f := range parts.File {
		if sum += f.UncompressedSize64; sum > uint64(most) || f.UncompressedSize64 > uint64(most) { //nolint:gosec // most is not negative
			return errors.New("the workbook is many times as large unpacked as packed; nobody opens such a file")
		}
	}
	return nil
}

// next returns a row. The cells that spreadsheets keep as binary fractions are
// rounded to fifteen digits, as spreadsheets show them.
func (s *sheetLines) next() (cells []string, row int, err error) {
	defer func() {
		if recover() != nil {
			cells, err = nil, errRow("the worksheet cannot be read")
		}
	}()
	s.row++
	if !s.rows.Next() {
		if s.rows.Error() != nil {
			return nil, s.row, errRow("the worksheet cannot be read")
		}
		_ = s.book.Close() // holds nothing but memory
		return nil, s.row, io.EOF
	}
	if cells, err = s.rows.Columns(); err != nil {
		return nil, s.row, errRow("the worksheet cannot be read")
	}
	for i, cell := range cells {
		cells[i] = shown(cell)
	}
	return cells, s.row, nil
}

var fraction = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// shown returns a number with a fraction as spreadsheets show it.
func shown(cell string) string {
	if len(cell) < 16 || !strings.ContainsAny(cell, ".eE") || !fraction.MatchString(cell) {
		return cell
	}
	f, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return cell
	}
	text := strconv.FormatFloat(f, 'g', 15, 64)
	if r, ok := new(big.Rat).SetString(text); ok && strings.ContainsAny(text, "e") && f < 1e15 && f > -1e15 {
		text = strings.TrimRight(r.FloatString(20), "0")
		text = strings.TrimSuffix(text, ".")
	}
	return text
}

// inspect looks through the sheet: it must be whole, without formulas, and
// without numbers that have lost digits.
func inspect(book *excelize.File, name string) error {
	part, ok := sheetPart(book, name)
	if !ok {
		return errors.New("the worksheet cannot be found in the workbook")
	}
	texts, err := countTexts(book)
	if err != nil {
		return err
	}
	dec := xml.NewDecoder(bytes.NewReader(part))
	cell, kind := "", ""
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("the worksheet is damaged")
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "c":
			cell, kind = clip(attribute(start, "r")), attribute(start, "t")
		case "f":
			// What a formula last showed may be of other cells, files or days.
			return errors.New("cell " + cell + " holds a formula; the department must send values (copy, paste values)")
		case "v":
			var text string
			if err := dec.DecodeElement(&text, &start); err != nil {
				return errors.New("the worksheet is damaged")
			}
			if say := suspicious(kind, strings.TrimSpace(text), texts); say != "" {
				return errors.New("cell " + cell + say)
			}
		}
	}
}

// suspicious says why a value cannot be trusted.
func suspicious(kind, text string, texts int) string {
	switch kind {
	case "s":
		if n, err := strconv.Atoi(text); err != nil || n < 0 || n >= texts {
			return " points to a text that is not there"
		}
	case "e":
		return " holds an error value"
	case "", "n":
		if f, err := strconv.ParseFloat(text, 64); text != "" && (err != nil || f >= 1e15 || f <= -1e15) {
			return " holds a number of more than 15 digits, which a spreadsheet has rounded (3.30102E+17); the department must format the column as text and fill it anew"
		}
	}
	return ""
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// sheetPart finds the text of a worksheet by its name.
func sheetPart(book *excelize.File, name string) ([]byte, bool) {
	text, _ := book.Pkg.Load("xl/_rels/workbook.xml.rels")
	raw, _ := text.([]byte)
	var relations struct {
		Relationship []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		}
	}
	if err := xml.Unmarshal(raw, &relations); err != nil || book.WorkBook == nil {
		return nil, false
	}
	for _, s := range book.WorkBook.Sheets.Sheet {
		for _, r := range relations.Relationship {
			if s.Name != name || s.ID != r.ID {
				continue
			}
			at, absolute := strings.CutPrefix(r.Target, "/")
			if !absolute {
				at = "xl/" + at
			}
			part, _ := book.Pkg.Load(at)
			text, ok := part.([]byte)
			return text, ok
		}
	}
	return nil, false
}

// countTexts counts the texts that cells share.
func countTexts(book *excelize.File) (int, error) {
	part, _ := book.Pkg.Load("xl/sharedStrings.xml")
	text, _ := part.([]byte)
	dec := xml.NewDecoder(bytes.NewReader(text))
	for n := 0; ; {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return 0, errors.New("the texts of the workbook are damaged")
		}
		if start, ok := t.(xml.StartElement); ok && start.Name.Local == "si" {
			n++
		}
	}
}
