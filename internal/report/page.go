package report

import (
	"strconv"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// A Copy is one print of a sealed report: the N-th, for whom and when. The zero
// Copy is a preview and says so on every page.
type Copy struct {
	N            int
	Reader       string
	ReaderOffice string
	At           time.Time
}

// line is what the watermark says.
func (c Copy) line() string {
	if c.N == 0 {
		return zh("report.preview")
	}
	return zh("report.copy", strconv.Itoa(c.N), mask(c.Reader), mask(c.ReaderOffice), minute(c.At))
}

// A sheet is the report as laid out for people, before it is text, HTML or PDF:
// the three show the same parts in the same order.
type sheet struct {
	Title, Number, Version, Copy string
	Issuer                       string
	Facts                        grid // number, case, programme …
	Conclusion                   Conclusion
	Tone, UnknownTone            string
	Lead                         []string
	UnknownLabel, Unknown        string
	Parts                        []part
	Seal                         grid
	Lang                         lang.Lang // of the fixed words; empty is Chinese
	Paper                        paperMarks
	SealTitle, QRText            string
	QR                           string // what the code holds; empty for a preview
}

// A part is a headed piece of the report or of a paper. Cut is what stands across
// the line along which the paper is cut above it.
type part struct {
	ID, Title, Intro string
	Cut              string
	Body             []string // running text, of papers
	Chart            *chart   // above the tables
	Grids            []grid
	Notices          []Notice
	Tail             []string // at the right below the part: who signs, the day
}

// A grid is a table. Without columns its rows are pairs of label and value.
type grid struct {
	Caption, Note string
	Again         string // caption on a further page, where there is no other
	Columns       []column
	Rows          [][]cell
	Framed        bool // lines between cells, and on one page: filled in by hand
}

type column struct {
	Title string
	Width float64 // share of the width, against the other columns
	Right bool    // amounts
}

// A cell has a tone that adds to its words and never replaces them: "red" asks
// for a decision, "amber" is missing or stale, "grey" is nothing found.
type cell struct {
	Text  string
	Tone  string
	Label bool
	Span  int // columns it covers, 0 means 1
	Tall  int // lines it takes at least: room to write in

	Drawn *Signature // in it
}

func newSheet(s Sealed, copy Copy) sheet {
	c := s.Content
	sh := sheet{
		Title: c.Title, Number: c.Number, Version: c.versionText(), Copy: copy.line(), Issuer: c.Issuer,
		Facts: c.facts(), Conclusion: c.Conclusion, Tone: conclusionTone(c.Conclusion.Code), Lead: c.Lead,
		UnknownLabel: zh("report.row.unknown"), Unknown: c.Unknown, Seal: c.sealGrid(s, copy), SealTitle: zh("report.part.seal"), QRText: zh("report.qr"),
	}
	if len(c.Gaps) > 0 {
		sh.UnknownTone = "amber"
	}
	if s.Digest() != "" {
		sh.QR = qrText(c, s.Digest())
	}
	if c.Previous != nil {
		sh.Parts = append(sh.Parts, c.changesPart())
	}
	if c.Earlier != nil {
		sh.Parts = append(sh.Parts, c.earlierPart())
	}
	sh.Parts = append(sh.Parts, c.householdPart(), c.gridPart(), c.findingsPart(), c.meansPart(), c.recordsPart(), c.gapsPart(),
		part{ID: "notices", Title: zh("report.part.notices"), Notices: c.Notices})
	return sh
}

func (c Content) versionText() string {
	key := "report.version"
	if c.Version > 1 {
		key = "report.supplement"
	}
	return zh(key, strconv.Itoa(c.Version))
}

func conclusionTone(code hedui.Conclusion) string {
	switch code {
	case hedui.Suspect, hedui.OverLimit:
		return "red"
	case hedui.Incomplete, hedui.UnableToConfirm:
		return "amber"
	}
	return ""
}

func (c Content) facts() grid {
	return pairs(2,
		"report.row.applicant", join("　", c.name(1), c.Members[0].ID),
		"report.row.programme", c.Case.Programme.Text+"（"+c.Case.Kind.Text+"）",
		"report.row.office", c.Case.Office,
		"report.row.division", c.Case.Division.Text,
		"report.row.case", c.Case.Number,
		"report.row.commission", c.Case.Commission,
		"report.row.applied", c.Case.AppliedOn.String(),
		"report.row.window", zh("report.to", c.Case.IncomeFrom.String(), c.Case.IncomeTo.String()),
		"report.row.checked", zh("report.to", minute(c.CheckedFrom), minute(c.CheckedTo)),
		"report.row.valid", c.ValidUntil.String(),
	)
}

// pairs makes a grid of n pairs a row from keys of labels and their values.
func pairs(n int, keysAndValues ...string) grid {
	return words(lang.Chinese).pairs(n, keysAndValues...)
}

func (w words) pairs(n int, keysAndValues ...string) grid {
	var g grid
	var row []cell
	for i := 0; i+1 < len(keysAndValues); i += 2 {
		row = append(row, cell{Text: w.t(keysAndValues[i]), Label: true}, cell{Text: orDash(keysAndValues[i+1])})
		if len(row) == 2*n {
			g.Rows, row = append(g.Rows, row), nil
		}
	}
	return g.close(n, row)
}

// close adds a last row that is not full, its last value as wide as what is left.
func (g grid) close(n int, row []cell) grid {
	if len(row) > 0 {
		row[len(row)-1].Span = 1 + 2*n - len(row)
		g.Rows = append(g.Rows, row)
	}
	return g
}

func (c Content) sealGrid(s Sealed, copy Copy) grid {
	at, key, digest := zh("report.unsealed"), "", ""
	if s.Digest() != "" {
		at, key, digest = second(s.Seal.SealedAt), s.Seal.KeyID+"（"+s.Seal.Algorithm+"）", s.Digest()
	}
	return pairs(1,
		"report.row.issuer", c.Issuer,
		"report.row.reviewer", signature(c.Reviewer),
		"report.row.signer", signature(c.Signer),
		"report.row.sealed", at,
		"report.row.key", key,
		"report.row.digest", digest,
		"report.row.copy", copy.line(),
	)
}

func signature(h Hand) string { return join("　", h.Name, h.Office, minute(h.At)) }

func orDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

func date(t time.Time) string { return layout(t, time.DateOnly) }

// dateTime leaves the year out: it stands beside the year of the report.
func dateTime(t time.Time) string { return layout(t, "01-02 15:04:05") }

func minute(t time.Time) string { return layout(t, "2006-01-02 15:04") }

func second(t time.Time) string { return layout(t, time.DateTime) }

func layout(t time.Time, form string) string {
	if t.IsZero() {
		return ""
	}
	return t.In(day.Beijing).Format(form)
}
