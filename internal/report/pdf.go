package report

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"hedui/seal"
)

// Signing is what a PDF is signed with: each copy for itself, as a PDF carries
// its reader on every page. Certificate is that of the signer's key; the key must
// be of seal.P256SHA256, which is what PDF readers know.
type Signing struct {
	Signer      seal.Signer
	Certificate *x509.Certificate
	At          time.Time
	Proof       []byte // that the sealing is in the audit log, see package audit; may be empty
}

// A4 in millimetres, and the type sizes in points.
const (
	pageWidth, pageHeight = 210.0, 297.0
	marginX, marginTop    = 16.0, 20.0
	marginBottom          = 17.0
	contentWidth          = pageWidth - 2*marginX
	sizeTitle, sizePart   = 19.0, 12.0
	sizeText, sizeSmall   = 9.5, 8.3
	sizeFoot              = 7.5
	pointMM               = 25.4 / 72
	lineFactor            = 1.45
)

type colour [3]int

// The colours of the console's look: one deep blue, red asks for a decision,
// amber waits, grey is nothing found.
var (
	ink     = colour{28, 32, 38}
	blue    = colour{22, 62, 120}
	red     = colour{172, 28, 28}
	amber   = colour{146, 84, 0}
	grey    = colour{98, 104, 112}
	rule    = colour{200, 205, 212}
	shade   = colour{243, 245, 248}
	shadeIn = colour{250, 251, 252}
	ghost   = colour{232, 234, 238}
)

// PDF prints one copy: A4, Chinese, watermark with reader and time on every page.
// With sign it carries a PDF signature over the whole file and a seal of its own
// parts, so that [Verify] names what was altered. Without sign, or for the zero
// Copy, it is for looking only. The same arguments give the same bytes but for the
// signature. PDFs may be printed at the same time.
func PDF(s Sealed, copy Copy, sign *Signing) ([]byte, error) {
	fonts, err := loadFaces()
	if err != nil {
		return nil, err
	}
	sh := newSheet(s, copy).drawable(fonts)
	at := copy.At
	if copy.N == 0 {
		at = s.Content.MadeAt
	}
	p := newPrinter(sh, fonts, at)
	if err := p.draw(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := p.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("report: write PDF: %w", err)
	}
	if sign == nil {
		return out.Bytes(), nil
	}
	return signPDF(out.Bytes(), s.stamp(copy), *sign)
}

// A printer draws a sheet. y is where the next thing begins.
type printer struct {
	pdf   *fpdf.Fpdf
	sheet sheet
	y     float64
}

func newPrinter(sh sheet, fonts faces, at time.Time) *printer {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetCatalogSort(true)
	f.SetCreationDate(at.UTC())
	f.SetModificationDate(at.UTC())
	f.SetProducer("Hedui", true)
	f.SetTitle(sh.Title+" "+sh.Number, true)
	f.SetAuthor(sh.Issuer, true)
	f.SetSubject(sh.Number+" "+sh.Version, true)
	f.SetLang("zh-CN")
	f.SetAutoPageBreak(false, 0)
	f.SetMargins(marginX, marginTop, marginX)
	f.AliasNbPages("{nb}")
	runes := sh.runes()
	f.AddUTF8FontFromBytes("noto", "", fonts.regular.cut(runes))
	f.AddUTF8FontFromBytes("noto", "B", fonts.bold.cut(runes))
	p := &printer{pdf: f, sheet: sh}
	f.SetHeaderFunc(p.header)
	f.SetFooterFunc(p.footer)
	return p
}
