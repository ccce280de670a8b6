package report

import (
	"slices"
	"strconv"

	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// A Layout is how copies of a sealed report look. The content, its seal and what
// [Verify] checks are the same.
type Layout string

// The layouts: tables of all that was found, or an original with its counterfoil,
// which state the result only.
const (
	DataLayout        Layout = ""
	CertificateLayout Layout = "certificate"
)

// Valid reports whether there is such a layout.
func (l Layout) Valid() bool { return l == DataLayout || l == CertificateLayout }

// PDF prints one copy in the layout, as [PDF] does.
func (l Layout) PDF(s Sealed, copy Copy, sign *Signing) ([]byte, error) {
	if l == CertificateLayout {
		return PaperPDF(certificate{s, copy}, lang.Chinese, copy, sign)
	}
	return PDF(s, copy, sign)
}

// HTML writes one copy in the layout, as [HTML] does.
func (l Layout) HTML(s Sealed, copy Copy) ([]byte, error) {
	if l == CertificateLayout {
		return PaperHTML(certificate{s, copy}, lang.Chinese, copy)
	}
	return HTML(s, copy)
}

// certificate is a report as original and counterfoil. It says what was verified
// and found, never whether aid is due.
type certificate struct {
	Sealed
	copy Copy
}

// Name implements [Paper].
func (c certificate) Name() string { return "certificate" }

func (c certificate) stamp(words) stamp { return c.Sealed.stamp(c.copy) }

func (c certificate) lay(w words) sheet {
	r := c.Content
	sh := sheet{Title: w.t("paper.certificate.title"), Number: r.Number, Version: r.versionText(), Copy: c.copy.line(), Paper: paperMarks{Foil: true}}
	foil := w.pairs(2,
		"report.row.commission", r.Case.Commission,
		"report.row.case", r.Case.Number,
		"report.row.applicant", join("　", r.name(1), r.Members[0].ID),
		"report.row.programme", r.Case.Programme.Text,
		"paper.row.given_to", r.Case.Office,
		"report.row.signer", signature(r.Signer),
		"report.row.conclusion", r.Conclusion.Text,
		"report.row.valid", r.ValidUntil.String(),
	)
	foil.Rows = append(foil.Rows, w.field(2, "paper.row.receiver", "", "paper.row.received_on", w.t("paper.blank.day")))
	foil.Framed, foil.Caption = true, w.t("paper.certificate.foil")
	results := w.pairs(2,
		"paper.row.income", w.t("paper.declared_found", orElse(amount(hedui.PerMonth, r.Totals.IncomeDeclared), zh("report.declared.none")), r.foundSum(hedui.PerMonth, r.Totals.IncomeFound)),
		"paper.row.property_sum", w.t("paper.declared_found", orElse(amount(hedui.InTotal, r.Totals.PropertyDeclared), zh("report.declared.none")), r.foundSum(hedui.InTotal, r.Totals.PropertyFound)),
	)
	wide := func(key, text string) []cell { return []cell{{Text: w.t(key), Label: true}, {Text: text, Span: 3}} }
	results.Rows = slices.Concat(
		[][]cell{wide("report.row.conclusion", r.Conclusion.Text), wide("paper.row.queries", r.reach())}, results.Rows,
		[][]cell{wide("paper.row.means", r.Conclusion.Meaning), wide("report.row.unknown", r.Unknown)})
	sh.Parts = []part{
		{Grids: []grid{foil}},
		{Cut: w.t("paper.certificate.cut", r.Number),
			Title: w.t("paper.certificate.original", r.Number),
			Body: []string{w.t("paper.to", r.Case.Office), w.t("paper.certificate.body", r.Case.Commission, r.Case.Programme.Text, r.name(1), r.Members[0].ID,
				strconv.Itoa(len(r.Members)), strconv.Itoa(len(r.Obligors)), date(r.CheckedFrom), date(r.CheckedTo))},
			Grids: []grid{results}},
		{Title: w.t("paper.certificate.notices"), Notices: r.certified()},
	}
	sh.Seal, sh.QRText = c.seal(w), w.t("report.qr")
	if c.Digest() != "" {
		sh.QR = qrText(r, c.Digest())
	}
	return sh
}

// seal is the report's own block, two pairs a row but for what is long, and the
// place for the seal of the issuer.
func (c certificate) seal(w words) grid {
	g := grid{Caption: w.t("paper.seal_here", w.t("report.part.seal"))}
	var row, long []cell
	for _, r := range c.Content.sealGrid(c.Sealed, c.copy).Rows {
		if r[1].Text == c.Digest() && c.Digest() != "" {
			r[1].Span, long = 3, r
			continue
		}
		if row = append(row, r...); len(row) == 4 {
			g.Rows, row = append(g.Rows, row), nil
		}
	}
	g = g.close(2, row)
	if long != nil {
		g.Rows = append(g.Rows, long)
	}
	return g
}

// certified are the report's notices without those about single registers, which
// stand in the report, and with what a certificate is not in place of what a report
// is not.
func (c Content) certified() []Notice {
	list := []Notice{{zh("paper.certificate.only.topic"), zh("paper.certificate.only")}}
	for _, n := range c.Notices {
		about := n.Topic == zh("report.notice.verify.topic") // said above
		for _, row := range c.Categories {
			about = about || n.Topic == zh("report.notice.category.topic", row.Name)
		}
		if !about {
			list = append(list, n)
		}
	}
	return list
}
