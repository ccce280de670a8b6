package workbook

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/internal/hedui"
)

// A Filled is a workbook that came back.
type Filled struct {
	Number  string // of its export
	f       *excelize.File
	columns []column // by place; the zero column is not one of ours
	rows    int      // the last one
	Items   []Answered
}

// A Lookup returns the lines of those of the items that are on the list, open or
// not. One whose person is not known any more comes without name and number.
type Lookup func(ids []string) ([]Line, error)

// Open reads a workbook of the list; what is wrong with single rows stands with
// the items. b.Lines are not needed: they are looked up.
func (b Book) Open(data []byte, lookup Lookup) (filled *Filled, err error) {
	defer func() { // the library is not made for files that somebody bent
		if p := recover(); p != nil {
			filled, err = nil, refuse("error.workbook.broken")
		}
	}()
	if err := weigh(data); err != nil {
		return nil, err
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true, UnzipSizeLimit: maxOpened, UnzipXMLSizeLimit: maxOpened})
	if err != nil {
		return nil, refuse("error.workbook.broken")
	}
	in := &Filled{f: f}
	if err := in.openList(b, lookup); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return in, nil
}

func (in *Filled) openList(b Book, lookup Lookup) error {
	mark, err := marks(in.f)
	switch {
	case err != nil:
		return err
	case mark[1] != b.Node, mark[2] != b.Source, mark[3] != string(b.Category.Code):
		return refuse("error.workbook.source", b.Source)
	}
	in.Number = mark[4]
	return in.read(b, lookup)
}

// Close lets go of the workbook.
func (in *Filled) Close() error { return in.f.Close() }

// weigh refuses what is too large before anything of it is unpacked.
func weigh(data []byte) error { return weighRows(data, maxRows) }

func weighRows(data []byte, most int) error {
	if len(data) > MaxFile {
		return refuse("error.workbook.large", strconv.Itoa(MaxFile>>20))
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return refuse("error.workbook.broken")
	}
	var size uint64
	for _, part := range z.File {
		size += min(part.UncompressedSize64, maxOpened+1)
		if strings.Contains(strings.ToLower(part.Name), "vbaproject") {
			return refuse("error.workbook.macro")
		}
	}
	if len(z.File) > maxParts || size > maxOpened {
		return refuse("error.workbook.large", strconv.Itoa(MaxFile>>20))
	}
	for _, part := range z.File {
		if err := measure(part, most); err != nil {
			return err
		}
	}
	return nil
}

// measure refuses a sheet whose cells stand so far out that the library would make
// millions of rows between, however small the file is.
func measure(part *zip.File, most int) error {
	if !strings.Contains(part.Name, "worksheets/") {
		return nil
	}
	r, err := part.Open()
	if err != nil {
		return refuse("error.workbook.broken")
	}
	defer r.Close()
	d := xml.NewDecoder(r)
	rows := 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return refuse("error.workbook.broken")
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "row" && start.Name.Local != "c" {
			continue
		}
		column, row := 0, 0
		for _, a := range start.Attr {
			switch {
			case a.Name.Local != "r":
			case start.Name.Local == "row":
				row, err = strconv.Atoi(a.Value)
			default:
				column, row, err = excelize.CellNameToCoordinates(a.Value)
			}
		}
		if start.Name.Local == "row" {
			rows++
		}
		switch {
		case err != nil:
			return refuse("error.workbook.broken")
		case row > most, rows > most:
			return refuse("error.workbook.rows", strconv.Itoa(most))
		case column > maxColumns:
			return refuse("error.workbook.columns", strconv.Itoa(maxColumns))
		}
	}
}

func (in *Filled) read(b Book, lookup Lookup) error {
	rows, err := in.f.GetRows(sheetList)
	if err != nil || len(rows) == 0 {
		return refuse("error.workbook.other")
	}
	if len(rows) > maxRows {
		return refuse("error.workbook.rows", strconv.Itoa(maxRows))
	}
	if slices.ContainsFunc(rows, func(cells []string) bool { return len(cells) > maxColumns }) {
		return refuse("error.workbook.columns", strconv.Itoa(maxColumns))
	}
	in.rows = len(rows)
	if err := in.titles(b.Category, rows[0]); err != nil {
		return err
	}
	at := slices.IndexFunc(in.columns, func(c column) bool { return c.fixed == "id" })
	var ids []string
	for _, cells := range rows[1:] {
		if at < len(cells) && idForm.MatchString(cells[at]) {
			ids = append(ids, cells[at])
		}
	}
	lines, err := lookup(ids)
	if err != nil {
		return err
	}
	g := &gatherer{in: in, lines: lines, at: map[string]int{}}
	for i, cells := range rows[1:] {
		g.row(i+2, cells)
	}
	in.Items = g.items
	return nil
}

// titles finds every column of the list by its title; they may have changed places.
func (in *Filled) titles(c catalog.Category, head []string) error {
	missing := columnsOf(c)
	in.columns = make([]column, len(head))
	for i, title := range head {
		at := slices.IndexFunc(missing, func(c column) bool { return c.title == strings.TrimSpace(title) })
		if at >= 0 {
			in.columns[i] = missing[at]
			missing = slices.Delete(missing, at, at+1)
		}
	}
	if len(missing) > 0 {
		return refuse("error.workbook.missing", missing[0].title)
	}
	return nil
}

// gatherer puts the rows of a sheet together to items.
type gatherer struct {
	in    *Filled
	lines []Line
	items []Answered
	at    map[string]int // item id → place in items
}

// seen is one row as it stands in the sheet.
type seen struct {
	n        int
	id       string
	fixed    map[string]string
	entry    map[string]string
	fields   map[string]string
	rows     map[string]map[string]string
	problems []Problem
}

func (s *seen) bad(column, key string) {
	s.problems = append(s.problems, Problem{s.n, column, hedui.Say(key)})
}

func (s *seen) filled() bool { return len(s.entry)+len(s.fields)+len(s.rows)+len(s.problems) > 0 }

func (g *gatherer) row(n int, cells []string) {
	s := &seen{n: n, fixed: map[string]string{}, entry: map[string]string{}, fields: map[string]string{}, rows: map[string]map[string]string{}}
	for i, raw := range cells {
		formula := g.in.formula(n, i)
		if i < len(g.in.columns) && g.in.columns[i].title != "" && strings.TrimSpace(raw) != "" || formula {
			g.cell(s, i, raw, formula)
		}
	}
	s.id = s.fixed["id"]
	if !s.filled() {
		return // nobody has answered this one yet
	}
	i := g.lineOf(s)
	if i >= 0 {
		g.compare(s, g.lines[i])
	}
	g.add(s)
}

func (g *gatherer) cell(s *seen, i int, raw string, formula bool) {
	c := column{}
	if i < len(g.in.columns) {
		c = g.in.columns[i]
	}
	text, problem := "", "problem.workbook.formula"
	if !formula {
		text, problem = g.in.text(s.n, i, c, raw)
	}
	switch {
	case problem != "":
		s.bad(c.title, problem)
	case c.fixed == "number":
		s.fixed[c.fixed] = canonical(text)
	case c.fixed != "":
		s.fixed[c.fixed] = text
	case c.entry != "":
		s.entry[c.entry] = text
	case c.rows != "":
		if s.rows[c.rows] == nil {
			s.rows[c.rows] = map[string]string{}
		}
		s.rows[c.rows][c.field.Key] = text
	default:
		s.fields[c.field.Key] = text
	}
}

// canonical is an identity number as the list has it, where a clerk has written it
// another way: 15 digits, a small x.
func canonical(text string) string {
	if n, err := idcard.Parse(text); err == nil {
		return n.Reveal()
	}
	return text
}

// lineOf finds whose row it is: by the id, or, for a row that a clerk has added, by
// the identity number, if only one item has it.
func (g *gatherer) lineOf(s *seen) int {
	if s.id != "" {
		i := slices.IndexFunc(g.lines, func(l Line) bool { return l.ID == s.id })
		if i < 0 {
			s.bad("", "problem.workbook.foreign")
		}
		return i
	}
	of, found := -1, 0
	for i, l := range g.lines {
		if l.Number == s.fixed["number"] {
			of = i
			found++
		}
	}
	if found != 1 {
		s.bad("", "problem.workbook.whose")
		return -1
	}
	s.id = g.lines[of].ID
	return of
}

// compare refuses a row whose person is not that of its item: rows were mixed up.
func (g *gatherer) compare(s *seen, l Line) {
	switch number := s.fixed["number"]; {
	case number == "" || number == l.Number || l.Number == "":
	case strings.ContainsAny(number, "Ee") || strings.HasSuffix(number, "000"):
		s.bad("身份证号", "problem.entry.damaged")
	default:
		s.bad("身份证号", "problem.workbook.mixed")
	}
	if name := s.fixed["name"]; name != "" && name != l.Name && l.Name != "" {
		s.bad("姓名", "problem.workbook.mixed")
	}
}

// add puts a row to what its item has. A row with nothing but rows of a field goes
// on with the record before it.
func (g *gatherer) add(s *seen) {
	key := s.id
	if len(s.problems) > 0 && !slices.ContainsFunc(g.lines, func(l Line) bool { return l.ID == s.id }) {
		key = "row " + strconv.Itoa(s.n) // nobody's: it stands alone
	}
	i, known := g.at[key]
	if !known {
		i = len(g.items)
		g.at[key] = i
		g.items = append(g.items, Answered{ID: s.id})
	}
	it := &g.items[i]
	it.Rows = append(it.Rows, s.n)
	it.Problems = append(it.Problems, s.problems...)
	for _, one := range []struct {
		title string
		to    *string
		word  string
	}{{"结果", &it.Entry.Outcome, outcomeOf(s.entry["outcome"])}, {"数据截至日期", &it.Entry.AsOf, s.entry["as_of"]}, {"答复人（岗位）", &it.Entry.By, s.entry["by"]}} {
		switch {
		case one.word == "" || one.word == *one.to:
		case *one.to == "":
			*one.to = one.word
		default:
			it.Problems = append(it.Problems, Problem{s.n, one.title, hedui.Say("problem.workbook.twice")})
		}
	}
	if len(s.fields) == 0 && len(s.rows) == 0 {
		return
	}
	last := len(it.Entry.Records) - 1
	if len(s.fields) > 0 || last < 0 {
		it.Entry.Records = append(it.Entry.Records, hedui.EntryRecord{Fields: s.fields, Rows: map[string][]map[string]string{}})
		last++
	}
	for field, row := range s.rows {
		it.Entry.Records[last].Rows[field] = append(it.Entry.Records[last].Rows[field], row)
	}
}

// outcomeOf is the word of the program for the word of the drop-down list.
func outcomeOf(text string) string {
	if i := slices.Index(outcomes(), text); i >= 0 {
		return string(hedui.EntryOutcomes()[i])
	}
	return text
}

func (in *Filled) formula(row, i int) bool {
	name, err := excelize.CoordinatesToCellName(i+1, row)
	if err != nil {
		return false
	}
	formula, err := in.f.GetCellFormula(sheetList, name)
	return err != nil || formula != ""
}

var (
	quantity = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([Ee][+-]?[0-9]+)?$`)
	idForm   = regexp.MustCompile(`^[A-Z0-9]{8,40}$`)
	compact  = regexp.MustCompile(`^(1[89]|2[01])[0-9]{4}([0-9]{2})?$`) // a day or month in digits only
)

// text is what a clerk sees in a cell. A cell that a spreadsheet holds as a
// quantity is turned back: a day from its serial number, a share from its percent.
func (in *Filled) text(row, i int, c column, raw string) (text, problem string) {
	raw = strings.TrimSpace(raw)
	name, err := excelize.CoordinatesToCellName(i+1, row)
	if err != nil {
		return "", "problem.workbook.cell"
	}
	kind, err := in.f.GetCellType(sheetList, name)
	if err != nil {
		return "", "problem.workbook.cell"
	}
	number := (kind == excelize.CellTypeUnset || kind == excelize.CellTypeNumber) && quantity.MatchString(raw)
	switch {
	case kind == excelize.CellTypeError:
		return "", "problem.workbook.cell"
	case !number:
		return raw, ""
	case c.fixed == "" && (c.entry == "as_of" || c.field.Type == catalog.Date || c.field.Type == catalog.Month):
		return dayOf(raw), ""
	case digits(raw) >= 16 || strings.ContainsAny(raw, "Ee"): // more than a spreadsheet keeps
		return "", "problem.entry.damaged"
	case c.field.Type == catalog.Percent && in.percent(name):
		return shifted(raw), ""
	}
	return rounded(raw), ""
}

// percent reports whether the cell shows its quantity with a percent sign.
func (in *Filled) percent(cell string) bool {
	shown, err := in.f.GetCellValue(sheetList, cell, excelize.Options{RawCellValue: false})
	return err == nil && strings.HasSuffix(strings.TrimSpace(shown), "%")
}

// dayOf reads the serial number of a day; digits that were meant as a day stay.
func dayOf(raw string) string {
	f, err := strconv.ParseFloat(raw, 64)
	if compact.MatchString(raw) || err != nil {
		return raw
	}
	t, err := excelize.ExcelDateToTime(f, false)
	if err != nil {
		return raw
	}
	return t.Format(time.DateOnly)
}

// rounded is a quantity as a spreadsheet shows it: fifteen digits count.
func rounded(raw string) string {
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return raw
	}
	f, err = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	if err != nil {
		return raw
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// shifted is a share as a percentage.
func shifted(raw string) string {
	r, ok := new(big.Rat).SetString(rounded(raw))
	if !ok {
		return raw
	}
	text := r.Mul(r, big.NewRat(100, 1)).FloatString(6)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func digits(s string) int {
	n := 0
	for _, c := range s {
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

// Marked returns the workbook with a column that says what became of each row:
// the problems of those that were not taken, and a word for those that were.
func (in *Filled) Marked(taken map[int]hedui.Text) ([]byte, error) {
	at := len(in.columns)
	if i := slices.IndexFunc(in.columns, func(c column) bool { return c.title == "" }); i >= 0 {
		at = i
	}
	write := func(row int, text string) error {
		name, err := excelize.CoordinatesToCellName(at+1, row)
		if err != nil {
			return err
		}
		return in.f.SetCellStr(sheetList, name, text)
	}
	errs := []error{write(1, problemTitle)}
	for row := 2; row <= in.rows; row++ {
		var words []string
		for _, it := range in.Items {
			for _, p := range it.Problems {
				if p.Row == row {
					words = append(words, p.Text())
				}
			}
		}
		if say, ok := taken[row]; ok {
			words = append(words, zh(say.Key, say.Args...))
		}
		errs = append(errs, write(row, strings.Join(words, "；")))
	}
	out, err := in.f.WriteToBuffer()
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, fmt.Errorf("workbook: mark: %w", err)
	}
	return out.Bytes(), nil
}

// Text is the problem in Chinese, with its column.
func (p Problem) Text() string {
	text := zh(p.Say.Key, p.Say.Args...)
	if p.Column == "" {
		return text
	}
	return p.Column + "：" + text
}

// Place gives a problem of an entry the row and the column where it was typed.
func (a Answered) Place(c catalog.Category, p hedui.Problem) Problem {
	out := Problem{Row: a.Rows[0], Say: p.Say}
	switch p.Field {
	case "outcome":
		out.Column = "结果"
	case "as_of":
		out.Column = "数据截至日期"
	case "by":
		out.Column = "答复人（岗位）"
	}
	var record int
	if _, err := fmt.Sscanf(p.Field, "records[%d]", &record); err == nil {
		out.Row = a.Rows[min(record, len(a.Rows)-1)]
		key := p.Field[strings.LastIndex(p.Field, ".")+1:]
		for _, one := range columnsOf(c) {
			if one.fixed == "" && one.entry == "" && one.field.Key == key && (one.rows == "" || strings.Contains(p.Field, one.rows+"[")) {
				out.Column = one.title
			}
		}
	}
	return out
}
