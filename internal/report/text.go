package report

import (
	"fmt"
	"strings"
)

// Text writes the report as plain text, for terminals and for golden files. Of a
// Sealed without a seal it is a preview.
func Text(s Sealed, copy Copy) string {
	sh := newSheet(s, copy)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s %s\n%s\n\n", sh.Title, sh.Number, sh.Version, sh.Issuer)
	fmt.Fprintf(&b, "【%s】%s\n", zh("report.row.conclusion"), sh.Conclusion.Text)
	for i, l := range sh.Lead {
		fmt.Fprintf(&b, "  %d. %s\n", i+1, l)
	}
	fmt.Fprintf(&b, "【%s】%s\n\n", sh.UnknownLabel, sh.Unknown)
	sh.Facts.text(&b)
	for _, p := range sh.Parts {
		fmt.Fprintf(&b, "\n== %s ==\n", p.Title)
		if p.Intro != "" {
			fmt.Fprintf(&b, "%s\n", p.Intro)
		}
		for _, g := range p.Grids {
			g.text(&b)
		}
		for i, n := range p.Notices {
			fmt.Fprintf(&b, "%d. %s：%s\n", i+1, n.Topic, n.Text)
		}
	}
	fmt.Fprintf(&b, "\n== %s ==\n", sh.SealTitle)
	sh.Seal.text(&b)
	return b.String()
}

func (g grid) text(b *strings.Builder) {
	if g.Caption != "" {
		fmt.Fprintf(b, "-- %s\n", g.Caption)
	}
	if g.Note != "" {
		fmt.Fprintf(b, "   %s\n", g.Note)
	}
	var head []string
	for _, c := range g.Columns {
		head = append(head, c.Title)
	}
	if len(head) > 0 {
		fmt.Fprintf(b, "   # %s\n", strings.Join(head, " | "))
	}
	for _, row := range g.Rows {
		var out []string
		for _, c := range row {
			if c.Label {
				out = append(out, c.Text+"：")
				continue
			}
			if n := len(out); n > 0 && strings.HasSuffix(out[n-1], "：") {
				out[n-1] += c.Text
				continue
			}
			out = append(out, c.Text)
		}
		fmt.Fprintf(b, "   %s\n", strings.Join(out, " | "))
	}
}
