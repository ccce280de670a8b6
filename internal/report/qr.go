package report

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// qrText is what the code on a report holds: number, version and digest of the
// sealed JSON. Capitals keep it in the small alphabet of QR codes.
func qrText(c Content, digest string) string {
	return fmt.Sprintf("HEDUI:%s:%d:%s", c.Number, c.Version, strings.ToUpper(digest))
}

// A run is a black piece of one line of the code, in modules.
type run struct{ x, y, n int }

// QR encodes any text and returns the code as the path of an SVG of side × side.
func QR(text string) (path string, side int, err error) {
	runs, side, err := runsOf(text, qr.Unicode)
	return qrPath(runs), side, err
}

// qrRuns encodes text of the small alphabet and returns its black runs and the
// side, in modules.
func qrRuns(text string) (runs []run, side int, err error) { return runsOf(text, qr.AlphaNumeric) }

func runsOf(text string, alphabet qr.Encoding) (runs []run, side int, err error) {
	code, err := qr.Encode(text, qr.M, alphabet)
	if err != nil {
		return nil, 0, fmt.Errorf("report: QR code: %w", err)
	}
	side = code.Bounds().Dx()
	for y := range side {
		for x := 0; x < side; x++ {
			n := 0
			for x+n < side && black(code.At(x+n, y).RGBA()) {
				n++
			}
			if n > 0 {
				runs = append(runs, run{x, y, n})
				x += n
			}
		}
	}
	return runs, side, nil
}

func black(r, _, _, _ uint32) bool { return r < 0x8000 }

// qrPath is the code as the path of an SVG of side × side.
func qrPath(runs []run) string {
	var b strings.Builder
	for _, r := range runs {
		fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", r.x, r.y, r.n, r.n)
	}
	return b.String()
}
