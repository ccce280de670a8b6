package report

import (
	"slices"
	"strconv"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
	"hedui/source"
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
	SealTitle, QRText            string
	QR                           string // what the code holds; empty for a preview
}

// A part is a headed piece of the report.
type part struct {
	ID, Title, Intro string
	Grids            []grid
	Notices          []Notice
}

// A grid is a table. Without columns its rows are pairs of label and value.
type grid struct {
	Caption, Note string
	Columns       []column
	Rows          [][]cell
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
	sh.Parts = append(sh.Parts, c.householdPart(), c.gridPart(), c.findingsPart(), c.recordsPart(), c.gapsPart(),
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
	var g grid
	var row []cell
	for i := 0; i+1 < len(keysAndValues); i += 2 {
		row = append(row, cell{Text: zh(keysAndValues[i]), Label: true}, cell{Text: orDash(keysAndValues[i+1])})
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

func (c Content) householdPart() part {
	p := part{ID: "household", Title: zh("report.part.household"), Grids: []grid{personGrid(zh("report.members"), c.Members)}}
	if len(c.Obligors) > 0 {
		p.Grids = append(p.Grids, personGrid(zh("report.obligors"), c.Obligors))
	}
	return p
}

func personGrid(caption string, persons []Person) grid {
	g := grid{Caption: caption, Columns: columns("no", 7, "name", 14, "id", 21, "relation", 14, "age", 8, "note", 36)}
	for _, p := range persons {
		g.Rows = append(g.Rows, texts(strconv.Itoa(p.No), p.Name, p.ID, p.Relation.Text, zh("report.age", strconv.Itoa(p.Age)), p.Note))
	}
	return g
}

// columns makes columns from keys of titles and shares of width.
func columns(keysAndWidths ...any) []column {
	var list []column
	for i := 0; i+1 < len(keysAndWidths); i += 2 {
		key, _ := keysAndWidths[i].(string)
		width, _ := keysAndWidths[i+1].(int)
		list = append(list, column{Title: zh("report.col." + key), Width: float64(width)})
	}
	return list
}

func texts(values ...string) []cell {
	var row []cell
	for _, v := range values {
		row = append(row, cell{Text: orDash(v)})
	}
	return row
}

func (c Content) changesPart() part {
	p := part{ID: "changes", Title: zh("report.part.changes"),
		Intro: zh("report.change.intro", strconv.Itoa(c.Previous.Version), second(c.Previous.MadeAt))}
	if len(c.Changes) == 0 {
		p.Intro = join("", p.Intro, zh("report.change.none"))
		return p
	}
	g := grid{Columns: columns("change", 7, "subject", 21, "before", 34, "after", 38)}
	for _, ch := range c.Changes {
		g.Rows = append(g.Rows, texts(zh("report.change."+string(ch.Kind)), ch.Subject, ch.Before, ch.After))
	}
	p.Grids = []grid{g}
	return p
}

// perGrid is how many persons fit beside each other.
const perGrid = 5

func (c Content) gridPart() part {
	p := part{ID: "grid", Title: zh("report.part.grid"), Intro: zh("report.grid.note")}
	all := slices.Concat(c.Members, c.Obligors)
	for group := range slices.Chunk(all, perGrid) {
		g := grid{Caption: zh("report.grid.caption"), Columns: columns("category", 21, "department", 31)}
		for _, person := range group {
			g.Columns = append(g.Columns, column{Title: person.Name, Width: 70 / float64(max(len(group), 2))})
		}
		g.Columns = append(g.Columns, columns("as_of", 20, "answered", 24, "millis", 12)...)
		for _, row := range c.Categories {
			line := texts(row.Name, row.Department)
			for _, person := range group {
				line = append(line, row.cell(person.No))
			}
			g.Rows = append(g.Rows, append(line, texts(date(row.AsOf), dateTime(row.AnsweredAt), took(row))...))
		}
		p.Grids = append(p.Grids, g)
	}
	return p
}

func (c Category) cell(person int) cell {
	i := slices.IndexFunc(c.Persons, func(k Cell) bool { return k.Person == person })
	if i < 0 {
		return cell{Text: "—"}
	}
	k := c.Persons[i]
	text := k.Text
	if k.Records > 0 {
		text = zh("report.count.records", k.Text, strconv.Itoa(k.Records))
	}
	tone := map[source.Outcome]string{source.Found: "strong", source.None: "grey", source.NotCovered: "grey",
		source.IdentityDoubt: "red", source.Failed: "amber", source.Refused: "amber"}[k.Outcome]
	return cell{Text: text, Tone: tone}
}

func took(c Category) string {
	if c.AnsweredAt.IsZero() {
		return ""
	}
	return zh("report.seconds", strconv.FormatFloat(float64(c.Millis)/1000, 'f', 1, 64))
}

func (c Content) findingsPart() part {
	p := part{ID: "findings", Title: zh("report.part.findings")}
	if len(c.Findings) == 0 {
		p.Intro = zh("report.findings.none")
	} else {
		g := grid{Caption: zh("report.findings.caption"), Columns: columns("name", 9, "category", 16, "kind", 9, "declared", 15, "found", 16, "reason", 35)}
		g.Columns[3].Right, g.Columns[4].Right = true, true
		for _, f := range c.Findings {
			g.Rows = append(g.Rows, f.row())
		}
		p.Grids = append(p.Grids, g)
	}
	t := c.Totals
	sums := grid{Caption: zh("report.totals.caption"), Columns: columns("item", 40, "declared", 30, "found", 30)}
	sums.Columns[1].Right, sums.Columns[2].Right = true, true
	sums.Rows = [][]cell{
		texts(zh("report.col.income"), zh("report.yuan.month", t.IncomeDeclared.Grouped()), zh("report.yuan.month", t.IncomeFound.Grouped())),
		texts(zh("report.col.property"), yuan(t.PropertyDeclared), yuan(t.PropertyFound)),
	}
	p.Grids = append(p.Grids, sums)
	return p
}

func (f Finding) row() []cell {
	topic := f.topic()
	if f.ClassText != "" && f.ClassText != topic {
		topic += "·" + f.ClassText
	}
	why := f.Reason
	for _, fact := range f.Facts {
		if fact.Text != f.Reason {
			why = join("；", why, fact.Text)
		}
	}
	row := texts(f.Name, topic, f.KindText, amount(f.Unit, f.Declared), amount(f.Unit, f.Found), why)
	row[2].Tone = findingTone(f.Kind)
	return row
}

func findingTone(k hedui.FindingKind) string {
	switch {
	case k.Suspicious():
		return "red"
	case k == hedui.Stale, k == hedui.SourceSilent, k == hedui.NotVerifiable, k == hedui.OverDeclared:
		return "amber"
	}
	return ""
}

func amount(u hedui.Unit, f money.Fen) string {
	switch u {
	case hedui.PerMonth:
		return zh("report.yuan.month", f.Grouped())
	case hedui.InTotal:
		return yuan(f)
	}
	return ""
}

func (c Content) gapsPart() part {
	p := part{ID: "gaps", Title: zh("report.part.gaps")}
	if len(c.Gaps) == 0 {
		p.Intro = zh("report.gaps.none")
	} else {
		p.Grids = append(p.Grids, c.gapGrid(zh("report.gaps.caption"), zh("report.gaps.note"), "amber", c.Gaps))
	}
	if len(c.NotCovered) > 0 {
		p.Grids = append(p.Grids, c.gapGrid(zh("report.covered.caption"), zh("report.covered.note"), "grey", c.NotCovered))
	}
	return p
}

func (c Content) gapGrid(caption, note, tone string, gaps []Gap) grid {
	g := grid{Caption: caption, Note: note, Columns: columns("category", 15, "department", 25, "result", 60)}
	for _, gap := range gaps {
		row := texts(gap.Name, gap.Department, gap.Text)
		row[2].Tone = tone
		g.Rows = append(g.Rows, row)
	}
	return g
}

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
