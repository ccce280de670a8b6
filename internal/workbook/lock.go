package workbook

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// An Export says which file a workbook is. It goes with the file, so that who has it
// sees for how long, and that the node takes back only what it has given out.
type Export struct {
	Number string
	Until  time.Time
}

// Password returns a fresh one, of 65 random bits. It has 15 signs, the most that
// older spreadsheet programs take.
func Password() string {
	text := rand.Text()
	return text[:4] + "-" + text[4:9] + "-" + text[9:13]
}

// Lock encrypts a workbook as ECMA-376 says, so that spreadsheet programs ask for
// the password.
func Lock(data []byte, password string) ([]byte, error) {
	out, err := excelize.Encrypt(data, &excelize.Options{Password: password})
	if err != nil {
		return nil, fmt.Errorf("workbook: lock: %w", err)
	}
	return out, nil
}

// container begins what is encrypted: a compound file, and not the zip within.
var container = []byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}

// Locked reports whether a file is encrypted.
func Locked(data []byte) bool { return bytes.HasPrefix(data, container) }

// laborious is an encryption that takes far longer to try than any program makes it.
var laborious = regexp.MustCompile(`spinCount="[0-9]{7,}"`)

// Unlock opens a workbook with whichever of the passwords fits, and says which one;
// at is -1 for a file that is not encrypted.
func Unlock(data []byte, passwords []string) (plain []byte, at int, err error) {
	defer func() { // as in Open
		if p := recover(); p != nil {
			plain, at, err = nil, -1, refuse("error.workbook.broken")
		}
	}()
	switch {
	case !Locked(data):
		return data, -1, nil
	case len(data) > MaxFile:
		return nil, -1, refuse("error.workbook.large", strconv.Itoa(MaxFile>>20))
	case laborious.Match(data):
		return nil, -1, refuse("error.workbook.broken")
	}
	for i, password := range passwords {
		plain, err := excelize.Decrypt(data, &excelize.Options{Password: password})
		if err == nil && bytes.HasPrefix(plain, []byte("PK")) {
			return plain, i, nil
		}
	}
	return nil, -1, refuse("error.workbook.locked")
}

// A statement is what a node signs of a workbook: all that it says, and nothing of
// what is filled in.
type statement struct {
	Form     string    `json:"form"`
	Node     string    `json:"node"`
	Source   string    `json:"source"`
	Category string    `json:"category"`
	Number   string    `json:"number"`
	Until    time.Time `json:"until"`
	Salt     string    `json:"salt"`  // so that digests in the seal tell nothing
	Lines    []Line    `json:"lines"` // by id
}

func (s statement) bytes() ([]byte, error) {
	slices.SortFunc(s.Lines, func(a, b Line) int { return strings.Compare(a.ID, b.ID) })
	body, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("workbook: %w", err)
	}
	return body, nil
}

// A Sign makes the seal of a node on what a workbook says.
type Sign func(body []byte) (seal []byte, err error)

// Statement returns what a workbook says of itself and its lines, as it was signed,
// and the seal, whatever has been filled in and in whatever order the rows are now.
func Statement(data []byte) (number string, body, seal []byte, err error) {
	defer func() { // as in Open
		if p := recover(); p != nil {
			err = refuse("error.workbook.broken")
		}
	}()
	if err := weigh(data); err != nil {
		return "", nil, nil, err
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true, UnzipSizeLimit: maxOpened, UnzipXMLSizeLimit: maxOpened})
	if err != nil {
		return "", nil, nil, refuse("error.workbook.broken")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	mark, err := marks(f)
	if err != nil {
		return "", nil, nil, err
	}
	until, err := time.Parse(time.RFC3339, mark[5])
	if err != nil {
		return "", nil, nil, refuse("error.workbook.other")
	}
	s := statement{Form: mark[0], Node: mark[1], Source: mark[2], Category: mark[3], Number: mark[4], Until: until, Salt: mark[7]}
	if s.Lines, err = given(f); err != nil {
		return "", nil, nil, err
	}
	body, err = s.bytes()
	return s.Number, body, []byte(mark[6]), err
}

// marks are the cells of the hidden sheet.
func marks(f *excelize.File) (mark [8]string, err error) {
	for i := range mark {
		if mark[i], err = f.GetCellValue(sheetMark, "A"+strconv.Itoa(i+1)); err != nil {
			return mark, refuse("error.workbook.other")
		}
	}
	if mark[0] != markForm {
		return mark, refuse("error.workbook.other")
	}
	return mark, nil
}

// given are the lines as they stand in the grey columns. A row without an id was
// added by a clerk; one that was copied stands there twice and counts once.
func given(f *excelize.File) ([]Line, error) {
	rows, err := f.GetRows(sheetList)
	if err != nil || len(rows) == 0 || len(rows) > maxRows {
		return nil, refuse("error.workbook.other")
	}
	var lines []Line
	for _, cells := range rows[1:] {
		var l Line
		for i, title := range rows[0] {
			if to := l.fixed(title); to != nil && i < len(cells) {
				*to = cells[i]
			}
		}
		if l.ID != "" && !slices.Contains(lines, l) {
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// fixed is the field of a line that stands under a title, if there is one.
func (l *Line) fixed(title string) *string {
	for i, to := range []*string{&l.ID, &l.Name, &l.Number, &l.Purpose, &l.Mandate, &l.Period, &l.Due} {
		if leading[i].title == title {
			return to
		}
	}
	return nil
}
