package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"sync"
	"unicode/utf8"
)

// Report and papers share page.html: head, foot and tables.
var (
	//go:embed page.html
	pageText string
	//go:embed report.html
	htmlText string
	//go:embed paper.html
	paperText string
)

//go:embed report.css
var cssText string

var htmlPage = sync.OnceValue(func() *template.Template {
	page := template.Must(template.New("page").Parse(pageText))
	template.Must(page.New("report").Parse(htmlText))
	template.Must(page.New("paper").Parse(paperText))
	return page
})

// A page is a sheet with what the templates need beside it.
type page struct {
	sheet
	Tongue, Colon   string
	Style           template.CSS
	Boxes           []string // the number, a character each
	QRPath, QRLabel string
	QRSide          int
	Marks           []int // as many as there are watermarks
}

// write fills one of the templates with a sheet.
func (p page) write(name string) ([]byte, error) {
	p.Tongue, p.Colon = tongue(p.Lang), words(p.Lang).colon()
	p.Style = template.CSS(cssText) //nolint:gosec // our own embedded style
	if p.QR != "" {
		runs, side, err := qrRuns(p.QR)
		if err != nil {
			return nil, err
		}
		p.QRPath, p.QRSide = qrPath(runs), side
	}
	var b bytes.Buffer
	if err := htmlPage().ExecuteTemplate(&b, name, p); err != nil {
		return nil, fmt.Errorf("report: write %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// HTML writes the same parts as the PDF as one page without script, for screens
// and for printing. Of a Sealed without a seal, or for the zero Copy, it is a
// preview and says so.
func HTML(s Sealed, copy Copy) ([]byte, error) {
	return page{sheet: newSheet(s, copy), QRLabel: zh("report.qr.label"), Marks: make([]int, marks(s))}.write("report")
}

// StyleSource is what a Content-Security-Policy must allow as style-src for the
// one style element of [HTML]: 'sha256-…'. The page needs nothing else.
func StyleSource() string {
	digest := sha256.Sum256([]byte(cssText))
	return "'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"
}

// marks is how many times the watermark stands on the page: enough for any length,
// as what is too much is cut off.
func marks(s Sealed) int {
	n := 60
	for _, t := range s.Content.Tables {
		n += len(t.Rows)
	}
	return n
}

// Short reports whether a cell is better on one line: a name, a day, an amount.
func (c cell) Short() bool { return utf8.RuneCountInString(c.Text) <= 14 }
