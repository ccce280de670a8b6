package workbook

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/width"

	"hedui/internal/hedui"
)

// ReadHouseholds reads a filled workbook of households: .xlsx, or .csv in UTF-8 or
// GB 18030. What is wrong with rows stands with their households; a file that is none
// is refused as Invalid. Rows are read one after the other.
func ReadHouseholds(data []byte) (list []*Household, err error) {
	defer func() { // the library is not made for files that somebody bent
		if p := recover(); p != nil {
			list, err = nil, refuse("error.workbook.broken")
		}
	}()
	if len(data) > MaxHouseholds {
		return nil, refuse("error.workbook.large", strconv.Itoa(MaxHouseholds>>20))
	}
	if bytes.HasPrefix(data, []byte("PK")) {
		return readSheet(data)
	}
	return readCSV(data)
}

// sheetRoom is how far the cells of a sheet may reach: the rows of persons, the head, and
// some that were only coloured.
const sheetRoom = MaxPersons + 1 + spareRows

func readSheet(data []byte) ([]*Household, error) {
	if err := weighRows(data, sheetRoom); err != nil {
		return nil, err
	}
	formula, err := anyFormula(data)
	if err != nil {
		return nil, err
	}
	if formula {
		return nil, refuse("bulk.formula")
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true, UnzipSizeLimit: maxOpened, UnzipXMLSizeLimit: maxOpened})
	if err != nil {
		return nil, refuse("error.workbook.broken")
	}
	defer func() { _ = f.Close() }() // nothing was written
	sheet := sheetHouseholds
	if i, err := f.GetSheetIndex(sheet); err != nil || i < 0 {
		sheet = f.GetSheetName(0) // a list that was copied into a workbook of its own
	}
	rows, err := f.Rows(sheet)
	if err != nil {
		return nil, refuse("error.workbook.broken")
	}
	defer func() { _ = rows.Close() }()
	in := &houseReader{g: newGathering(), spreadsheet: true}
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, refuse("error.workbook.broken")
		}
		if err := in.row(n, cells); err != nil {
			return nil, err
		}
	}
	return in.done()
}

// anyFormula reports whether a sheet computes a cell: what a clerk sees there may be
// something else tomorrow.
func anyFormula(data []byte) (bool, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return false, refuse("error.workbook.broken")
	}
	for _, part := range z.File {
		if !strings.Contains(part.Name, "worksheets/") || !strings.HasSuffix(part.Name, ".xml") {
			continue
		}
		r, err := part.Open()
		if err != nil {
			return false, refuse("error.workbook.broken")
		}
		found, err := formulaIn(r)
		if found || err != nil {
			return found, errors.Join(err, r.Close())
		}
		if err := r.Close(); err != nil {
			return false, refuse("error.workbook.broken")
		}
	}
	return false, nil
}

func formulaIn(r io.Reader) (bool, error) {
	d := xml.NewDecoder(bufio.NewReader(r))
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, refuse("error.workbook.broken")
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "f" {
			return true, nil
		}
	}
}

func readCSV(data []byte) ([]*Household, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var text io.Reader = bytes.NewReader(data)
	if !utf8.Valid(data) {
		text = simplifiedchinese.GB18030.NewDecoder().Reader(text)
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, refuse("error.workbook.broken")
	}
	r := csv.NewReader(text)
	r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = -1, true, true
	in := &houseReader{g: newGathering()}
	for n := 1; ; n++ {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return in.done()
		}
		if err != nil {
			return nil, refuse("error.workbook.broken")
		}
		if line, _ := r.FieldPos(0); line > n {
			n = line // an empty line is no row for this reader, but it is one in the sheet
		}
		if err := in.row(n, cells); err != nil {
			return nil, err
		}
	}
}

// A houseReader takes the rows of a file: the head first.
type houseReader struct {
	g           *gathering
	spreadsheet bool
	places      []int // of our columns in the rows; -1 = it is not there
}

func (in *houseReader) done() ([]*Household, error) {
	if in.places == nil {
		return nil, refuse("bulk.no_head")
	}
	if in.g.persons == 0 {
		return nil, refuse("bulk.empty")
	}
	return in.g.households(), nil
}

func (in *houseReader) row(n int, cells []string) error {
	if len(cells) > maxColumns {
		return refuse("error.workbook.columns", strconv.Itoa(maxColumns))
	}
	if in.places == nil {
		return in.head(cells)
	}
	row := make([]string, len(in.g.columns))
	var bad []Problem
	for i, at := range in.places {
		if at < 0 || at >= len(cells) {
			continue
		}
		text, key := in.text(in.g.columns[i], cells[at])
		if row[i] = text; key != "" {
			bad = append(bad, Problem{n, in.g.columns[i].title, hedui.Say(key)})
		}
	}
	return in.g.add(n, row, bad)
}

// head finds the columns by their titles: they may have changed places, and those that
// nobody needs may be away. Lines above the head are passed over.
func (in *houseReader) head(cells []string) error {
	titles := make([]string, len(cells))
	for i, c := range cells {
		titles[i] = strings.TrimRight(strings.Join(strings.Fields(c), ""), "*")
	}
	if !slices.Contains(titles, in.g.columns[0].title) {
		return nil
	}
	places := make([]int, len(in.g.columns))
	for i, c := range in.g.columns {
		if places[i] = slices.Index(titles, c.title); places[i] < 0 && c.must {
			return refuse("error.workbook.missing", c.title)
		}
	}
	in.places = places
	return nil
}

// text is what a clerk sees in a cell. A day that a spreadsheet keeps as a number is
// turned back; a long number that it has damaged is told.
func (in *houseReader) text(c houseColumn, raw string) (text, problem string) {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(raw), "'"))
	switch {
	case text == "":
	case c.kind == dayColumn:
		text = plainDay(text, in.spreadsheet)
	case c.kind == sumColumn:
		if text = width.Narrow.String(text); in.spreadsheet && quantity.MatchString(text) {
			text = rounded(text)
		}
	case (c.key == "number" || c.key == "house") && strings.ContainsAny(text, "Ee") && quantity.MatchString(text) && digits(text) > 4:
		return text, "problem.entry.damaged"
	case c.key != "name" && c.key != "notes" && c.key != "office" && c.key != "witness" && len(c.words) == 0 && c.key != "id":
		text = width.Narrow.String(text) // full-width digits
	}
	return text, ""
}

// plainDay writes a day as 2006-01-02, however it was typed: 2006/1/2, 2006.1.2,
// 2006年1月2日, 20060102, or the number that a spreadsheet keeps. Other words stay.
func plainDay(text string, spreadsheet bool) string {
	text = width.Narrow.String(text)
	if quantity.MatchString(text) && strings.Count(text, ".") < 2 {
		if len(text) == 8 && !strings.Contains(text, ".") {
			return text[:4] + "-" + text[4:6] + "-" + text[6:]
		}
		if spreadsheet {
			return dayOf(text)
		}
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("-/.年月日 ", r) })
	if len(parts) != 3 || digits(text) < 6 || digits(text) > 8 || len(parts[0]) != 4 {
		return text
	}
	for i := 1; i < 3; i++ {
		if len(parts[i]) == 1 {
			parts[i] = "0" + parts[i]
		}
	}
	return strings.Join(parts, "-")
}
