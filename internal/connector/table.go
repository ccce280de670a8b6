package connector

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// maxRow is more than a row of any register holds, in bytes.
const maxRow = 1 << 20

// lines yields the rows of a table as they stand: io.EOF at the end, and row
// numbers as people count them.
type lines interface {
	next() (cells []string, row int, err error)
}

// errRow is what is wrong with the table itself.
type errRow string

func (e errRow) Error() string { return string(e) }

// read reads an answer file, row by row. meant are the columns that must be
// there; last reports whether a row is the trailer.
func (a *answerFile) read(in io.Reader, size int64, meant []string, take func(int, map[string]any) *fault, last func([]string) bool) *fault {
	var rows lines
	var err error
	switch a.format {
	case "xml":
		return a.readXML(in, take)
	case "xlsx":
		rows, err = openSheet(in, size, a.name)
	case "fixed":
		rows = openFixed(in, a.columns, a.gb18030, a.trailer)
	default:
		rows = openCSV(in, a.separator, a.gb18030)
	}
	if err != nil {
		return malformed(err.Error())
	}
	t := listing{lines: rows, sheet: &a.sheet, meant: meant, last: last}
	return t.each(take)
}

// listing names the cells of rows.
type listing struct {
	lines
	*sheet
	meant []string
	last  func([]string) bool

	title []string // the header as it stands
	names []string // of the cells, "" for one that is not taken
}

func (t *listing) each(take func(int, map[string]any) *fault) *fault {
	ended := false
	for {
		cells, n, err := t.next()
		at := func(say string) *fault { return malformed("row " + strconv.Itoa(n) + ": " + say) }
		var row errRow
		switch {
		case errors.Is(err, io.EOF):
			if t.header && t.names == nil {
				return malformed("the answer is empty, without a header")
			}
			return nil
		case errors.As(err, &row):
			return at(row.Error())
		case err != nil:
			return malformed("the answer cannot be read as " + t.format)
		case blankCells(cells):
			continue
		case ended:
			return at("it stands behind the last row")
		case len(cells) > maxColumns:
			return at("it has more columns than any register")
		}
		if t.names == nil {
			f, header := t.begin(cells)
			if f != nil {
				return f
			}
			if header {
				continue
			}
		}
		if t.last(cells) {
			ended = true
			continue
		}
		if f := t.pass(cells, n, take); f != nil {
			return f
		}
	}
}

// begin learns the names of the columns, and reports whether that took the row.
func (t *listing) begin(cells []string) (f *fault, header bool) {
	if !t.header {
		for _, c := range t.columns {
			t.names = append(t.names, c.name)
		}
		return t.missing(), false
	}
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	t.title = slices.Clone(cells)
	for i, title := range cells {
		title = strings.TrimFunc(title, blankRune)
		switch {
		case title == "":
			return malformed("column " + strconv.Itoa(i+1) + " has no name in the header"), true
		case slices.Contains(t.title[:i], title):
			return malformed("two columns have the same name in the header"), true
		}
		t.title[i] = title
		t.names = append(t.names, t.called(title))
	}
	return t.missing(), true
}

// called is the name of a column in paths.
func (t *listing) called(title string) string {
	for _, c := range t.columns {
		if c.title == title {
			return c.name
		}
	}
	return title
}

func (t *listing) missing() *fault {
	for _, name := range t.meant {
		if !slices.Contains(t.names, name) {
			return malformed("the column " + clip(name) + " is missing: the department has changed its file, or the mapping is for another one")
		}
	}
	return nil
}

func (t *listing) pass(cells []string, n int, take func(int, map[string]any) *fault) *fault {
	for len(cells) > len(t.names) && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	for t.format == "xlsx" && len(cells) < len(t.names) { // empty cells at the end are not written
		cells = append(cells, "")
	}
	switch {
	case len(cells) != len(t.names):
		return malformed(fmt.Sprintf("row %d has %d columns and not %d", n, len(cells), len(t.names)))
	case t.header && slices.EqualFunc(cells, t.title, func(cell, title string) bool { return strings.TrimFunc(cell, blankRune) == title }):
		return malformed(fmt.Sprintf("row %d is the header again; two files were joined", n))
	}
	row := make(map[string]any, len(cells))
	for i, cell := range cells {
		row[t.names[i]] = cell
	}
	return take(n, row)
}

func blankCells(cells []string) bool {
	return !slices.ContainsFunc(cells, func(s string) bool { return strings.TrimFunc(s, blankRune) != "" })
}

// csvLines reads rows parted by line breaks, cells by a separator; cells with
// either stand in quotes.
type csvLines struct {
	*csv.Reader
	leash *leash
	raw   *textGuard
	row   int // where the last one began
}

// leash ends a row that does not end: a quote that nobody closed.
type leash struct {
	r    io.Reader
	left int
}

// Read implements [io.Reader].
func (l *leash) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errRow("it does not end; perhaps a quote was not closed")
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

func openCSV(in io.Reader, separator rune, gb18030 bool) *csvLines {
	raw := &textGuard{r: in}
	text := io.Reader(bareBOM(raw))
	if gb18030 {
		text = transform.NewReader(text, simplifiedchinese.GB18030.NewDecoder())
		raw.gb18030 = true
	}
	l := &leash{text, maxRow}
	r := csv.NewReader(l)
	r.Comma, r.FieldsPerRecord = separator, -1
	return &csvLines{Reader: r, leash: l, raw: raw}
}

func (c *csvLines) next() ([]string, int, error) {
	c.leash.left = maxRow
	cells, err := c.Read()
	if err == nil {
		c.row, _ = c.FieldPos(0)
	}
	var syntax *csv.ParseError
	var own errRow
	switch {
	case errors.Is(err, io.EOF):
		if say := c.raw.wrong(); say != "" {
			return nil, 1, errRow(say)
		}
		return nil, 0, io.EOF
	case errors.As(err, &syntax):
		return nil, syntax.Line, errRow("the quotes are not closed or stand in the middle of a cell")
	case errors.As(err, &own):
		return nil, c.row + 1, own
	case err != nil:
		return nil, c.row + 1, err
	}
	for _, cell := range cells {
		if say := c.raw.unreadable(cell); say != "" {
			return nil, c.row, errRow(say)
		}
	}
	return cells, c.row, nil
}

// bareBOM leaves the mark out that some programs put before a text.
func bareBOM(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = b.Discard(3) // they are there
	}
	return b
}

// textGuard looks whether a file is in the charset that the mapping says. A text
// in UTF-8 can nearly always be read as GB 18030 too, as rubbish.
type textGuard struct {
	r       io.Reader
	gb18030 bool
	rest    []byte // of a character that is cut by the end of a piece
	not     bool   // not UTF-8
	long    bool   // has characters of three bytes, as Chinese ones in UTF-8 are
}

// Read implements [io.Reader].
func (g *textGuard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if g.not {
		return n, err
	}
	piece := append(g.rest, p[:n]...)
	for len(piece) > 0 {
		r, size := utf8.DecodeRune(piece)
		if r == utf8.RuneError && size == 1 {
			if !utf8.FullRune(piece) {
				break
			}
			g.not = true
			return n, err
		}
		g.long = g.long || size == 3
		piece = piece[size:]
	}
	g.rest = slices.Clone(piece)
	return n, err
}

// wrong says at the end of the file that it was in UTF-8 all along.
func (g *textGuard) wrong() string {
	if g.gb18030 && !g.not && len(g.rest) == 0 && g.long {
		return "the file is UTF-8 and not GB 18030; set answer.charset"
	}
	return ""
}

// unreadable says that a cell is not in the charset.
func (g *textGuard) unreadable(cell string) string {
	switch {
	case g.gb18030 && strings.ContainsRune(cell, utf8.RuneError):
		return "a text is not GB 18030; if the file is UTF-8, set answer.charset"
	case !utf8.ValidString(cell):
		return "a text is not UTF-8; set answer.charset if the department writes GBK"
	case strings.ContainsRune(cell, 0):
		return "a text holds bytes that no text has"
	}
	return ""
}
