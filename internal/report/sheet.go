package report

// each calls f with every text of the sheet, to be read or replaced.
func (sh *sheet) each(f func(string) string) {
	for _, s := range []*string{&sh.Title, &sh.Number, &sh.Version, &sh.Copy, &sh.Issuer, &sh.Conclusion.Text,
		&sh.UnknownLabel, &sh.Unknown, &sh.SealTitle, &sh.QRText} {
		*s = f(*s)
	}
	sh.Lead = mapped(sh.Lead, f)
	sh.Facts.each(f)
	sh.Seal.each(f)
	for i := range sh.Parts {
		p := &sh.Parts[i]
		p.Title, p.Intro, p.Cut = f(p.Title), f(p.Intro), f(p.Cut)
		p.Body, p.Tail = mapped(p.Body, f), mapped(p.Tail, f)
		p.Chart = p.Chart.each(f)
		for j := range p.Grids {
			p.Grids[j].each(f)
		}
		notices := make([]Notice, len(p.Notices)) // shared with the content
		for j, n := range p.Notices {
			notices[j] = Notice{f(n.Topic), f(n.Text)}
		}
		p.Notices = notices
	}
}

func mapped(texts []string, f func(string) string) []string {
	list := make([]string, len(texts)) // shared with the content
	for i, t := range texts {
		list[i] = f(t)
	}
	return list
}

func (g *grid) each(f func(string) string) {
	g.Caption, g.Note, g.Again = f(g.Caption), f(g.Note), f(g.Again)
	for i := range g.Columns {
		g.Columns[i].Title = f(g.Columns[i].Title)
	}
	for _, row := range g.Rows {
		for i := range row {
			row[i].Text = f(row[i].Text)
		}
	}
}

// drawable returns the sheet with only such characters as the font can draw.
func (sh sheet) drawable(fonts faces) sheet {
	sh.each(fonts.drawable)
	return sh
}

// runes is every character the sheet needs, with those of page numbers.
func (sh sheet) runes() map[rune]bool {
	set := map[rune]bool{}
	add := func(s string) string {
		for _, r := range s {
			set[r] = true
		}
		return s
	}
	w := words(sh.Lang)
	add("0123456789.{nb}：　" + w.t("report.page") + w.t("report.continued"))
	sh.each(add)
	return set
}
