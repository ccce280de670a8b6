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

//go:embed report.html
var htmlText string

//go:embed report.css
var cssText string

var htmlPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Parse(htmlText))
})

// HTML writes the same parts as the PDF as one page without script, for screens
// and for printing. Of a Sealed without a seal, or for the zero Copy, it is a
// preview and says so.
func HTML(s Sealed, copy Copy) ([]byte, error) {
	view := struct {
		sheet
		Style           template.CSS
		QRPath, QRLabel string
		QRSide          int
		Marks           []int
	}{sheet: newSheet(s, copy), QRLabel: zh("report.qr.label"), Style: template.CSS(cssText), Marks: make([]int, marks(s))} //nolint:gosec // our own embedded style
	if view.QR != "" {
		runs, side, err := qrRuns(view.QR)
		if err != nil {
			return nil, err
		}
		view.QRPath, view.QRSide = qrPath(runs), side
	}
	var b bytes.Buffer
	if err := htmlPage().Execute(&b, view); err != nil {
		return nil, fmt.Errorf("report: write HTML: %w", err)
	}
	return b.Bytes(), nil
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
