package connector

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// fixedLines reads lines whose cells have agreed widths in bytes.
type fixedLines struct {
	in      *bufio.Scanner
	columns []column
	raw     *textGuard
	trailer *regexp.Regexp // the form of the last line, if it has one of its own
	row     int
}

func openFixed(in io.Reader, columns []column, gb18030 bool, trailer *regexp.Regexp) *fixedLines {
	raw := &textGuard{r: in, gb18030: gb18030}
	s := bufio.NewScanner(bareBOM(raw))
	s.Buffer(nil, maxRow)
	return &fixedLines{s, columns, raw, trailer, 0}
}

func (f *fixedLines) next() ([]string, int, error) {
	f.row++
	if !f.in.Scan() {
		switch err := f.in.Err(); {
		case err != nil:
			return nil, f.row, errRow("it does not end")
		case f.raw.wrong() != "":
			return nil, f.row, errRow(f.raw.wrong())
		}
		return nil, f.row, io.EOF
	}
	line := bytes.TrimSuffix(f.in.Bytes(), []byte("\r"))
	end := f.columns[len(f.columns)-1]
	if len(bytes.TrimSpace(line)) == 0 {
		return nil, f.row, nil
	}
	if f.trailer != nil && f.trailer.Match(bytes.TrimSpace(line)) {
		return []string{string(bytes.TrimSpace(line))}, f.row, nil
	}
	if len(line) < end.from+end.width {
		return nil, f.row, errRow("it is shorter than its columns")
	}
	if len(bytes.TrimSpace(line[end.from+end.width:])) > 0 {
		return nil, f.row, errRow("it is longer than its columns")
	}
	cells := make([]string, len(f.columns))
	for i, c := range f.columns {
		text, err := f.text(line[c.from : c.from+c.width])
		if err != nil {
			return nil, f.row, err
		}
		cells[i] = text
	}
	return cells, f.row, nil
}

// text decodes one cell. A character that is cut by the border of a column is
// not one.
func (f *fixedLines) text(cell []byte) (string, error) {
	text := string(cell)
	if f.raw.gb18030 {
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(cell)
		if err != nil {
			return "", errRow("a text is not GB 18030")
		}
		text = string(decoded)
	}
	if say := f.raw.unreadable(text); say != "" {
		return "", errRow(say + ", or a column begins in the middle of a character")
	}
	return strings.TrimFunc(text, blankRune), nil
}
