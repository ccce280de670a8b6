package report

// Measures of a table in millimetres.
const padX, padY, padRight = 1.6, 1.0, 4.0

// A laid row has its cells wrapped.
type laid struct {
	cells []laidCell
	lines int
}

type laidCell struct {
	x, w  float64
	lines []string
	from  cell
	right bool
}

// table draws a grid over the given width. It goes on over pages, its head again
// on each; a row stays together unless it is higher than a page.
func (p *printer) table(g grid, width float64) {
	widths := g.widths(width)
	rows := p.rows(g, widths)
	p.room(p.beginning(g, width))
	p.caption(g, "")
	p.head(g, widths)
	for _, r := range rows {
		p.row(g, widths, r)
	}
	p.y += 2.6
}

// beginning is what a table needs to begin on a page: caption, head and a row of
// it, or all of a framed one.
func (p *printer) beginning(g grid, width float64) float64 {
	const caption = 8
	if g.Framed {
		return p.gridHeight(g, width) + caption
	}
	need := 2 * p.rowHeight(1)
	if len(g.Rows) > 0 {
		need += p.rowHeight(min(p.lay(g.Rows[0], g.widths(width), g.Columns).lines, 8))
	}
	return need + caption
}

func (p *printer) rows(g grid, widths []float64) []laid {
	rows := make([]laid, len(g.Rows))
	for i, r := range g.Rows {
		rows[i] = p.lay(r, widths, g.Columns)
	}
	return rows
}

// gridHeight is what the rows of a grid take.
func (p *printer) gridHeight(g grid, width float64) float64 {
	h := 0.0
	for _, r := range p.rows(g, g.widths(width)) {
		h += p.rowHeight(r.lines)
	}
	return h
}

func (p *printer) caption(g grid, suffix string) {
	if g.Caption == "" {
		return
	}
	p.y += 1
	p.font("B", sizeText, ink)
	p.text(marginX, contentWidth, g.Caption+suffix)
	if g.Note != "" && suffix == "" {
		p.font("", sizeSmall, grey)
		p.text(marginX, contentWidth, g.Note)
	}
	p.y += 0.6
}

func (p *printer) head(g grid, widths []float64) {
	if len(g.Columns) == 0 {
		p.line(p.y, total(widths))
		return
	}
	titles := make([]cell, len(g.Columns))
	for i, c := range g.Columns {
		titles[i] = cell{Text: c.Title, Tone: "head"}
	}
	r := p.lay(titles, widths, g.Columns)
	h := p.rowHeight(r.lines)
	p.pdf.SetFillColor(shade[0], shade[1], shade[2])
	p.pdf.Rect(marginX, p.y, total(widths), h, "F")
	p.line(p.y, total(widths))
	p.cells(r, 0, r.lines)
	p.y += h
	p.line(p.y, total(widths))
}

// row draws one row, on a new page if it does not fit here, in pieces if it fits
// on none.
func (p *printer) row(g grid, widths []float64, r laid) {
	bottom := pageHeight - marginBottom
	if p.y+p.rowHeight(r.lines) > bottom && (p.y > pageHeight/2 || p.rowHeight(r.lines) < pageHeight/2) {
		p.turn(g, widths)
	}
	for from := 0; from < r.lines; {
		fit := int((bottom - p.y - 2*padY) / height(sizeSmall))
		if fit < 1 {
			p.turn(g, widths)
			continue
		}
		to := min(r.lines, from+fit)
		h := p.rowHeight(to - from)
		p.shadeLabels(r, h)
		p.cells(r, from, to)
		if g.Framed {
			p.frame(r, h)
		}
		p.y += h
		p.line(p.y, total(widths))
		from = to
	}
}

// frame draws the lines between the cells of a row.
func (p *printer) frame(r laid, h float64) {
	for _, c := range r.cells {
		p.pdf.Line(c.x, p.y, c.x, p.y+h)
		p.pdf.Line(c.x+c.w, p.y, c.x+c.w, p.y+h)
	}
}

func (p *printer) turn(g grid, widths []float64) {
	p.pdf.AddPage()
	if g.Caption == "" {
		g.Caption = g.Again
	}
	p.caption(g, words(p.sheet.Lang).t("report.continued"))
	p.head(g, widths)
}

func (p *printer) shadeLabels(r laid, h float64) {
	p.pdf.SetFillColor(shadeIn[0], shadeIn[1], shadeIn[2])
	for _, c := range r.cells {
		if c.from.Label {
			p.pdf.Rect(c.x, p.y+0.1, c.w, h-0.2, "F")
		}
	}
}

func (p *printer) cells(r laid, from, to int) {
	for _, c := range r.cells {
		p.style(c.from)
		for i := from; i < min(to, len(c.lines)); i++ {
			x := c.x + padX
			if c.right {
				x = c.x + c.w - padRight - p.pdf.GetStringWidth(c.lines[i])
			}
			p.put(x, p.y+padY+float64(i-from)*height(sizeSmall), sizeSmall, c.lines[i])
		}
		if c.from.Drawn != nil && from == 0 {
			p.signature(c.from.Drawn, c.x+padX, p.y+padY, c.w-2*padX, p.rowHeight(to)-2*padY)
		}
	}
}

func (p *printer) style(c cell) {
	switch {
	case c.Tone == "head":
		p.font("B", sizeSmall, ink)
	case c.Label:
		p.font("", sizeSmall, grey)
	case c.Tone == "strong", c.Tone == "red", c.Tone == "amber":
		p.font("B", sizeSmall, p.tone(c.Tone, ink))
	default:
		p.font("", sizeSmall, p.tone(c.Tone, ink))
	}
}

func (p *printer) lay(row []cell, widths []float64, columns []column) laid {
	r := laid{lines: 1}
	x, at := marginX, 0
	for _, c := range row {
		w := 0.0
		for range max(1, c.Span) {
			if at < len(widths) {
				w += widths[at]
				at++
			}
		}
		p.style(c)
		right := at <= len(columns) && columns[at-1].Right
		inner := w - 2*padX
		if right {
			inner = w - padX - padRight
		}
		lines := wrap(c.Text, inner, p.pdf.GetStringWidth)
		r.cells = append(r.cells, laidCell{x, w, lines, c, right})
		r.lines = max(r.lines, len(lines), c.Tall)
		x += w
	}
	return r
}

func (p *printer) rowHeight(lines int) float64 { return float64(lines)*height(sizeSmall) + 2*padY }

// widths shares the width out: by the columns' shares, or for pairs a narrow
// label beside each value.
func (g grid) widths(width float64) []float64 {
	var list []float64
	if len(g.Columns) == 0 {
		n := 0
		for _, r := range g.Rows {
			cells := 0
			for _, c := range r {
				cells += max(1, c.Span)
			}
			n = max(n, cells)
		}
		n = max(n, 2)
		label := 27.0
		for i := range n {
			w := width/float64(n/2) - label
			if i%2 == 0 {
				w = label
			}
			list = append(list, w)
		}
		return list
	}
	sum := 0.0
	for _, c := range g.Columns {
		sum += c.Width
	}
	for _, c := range g.Columns {
		list = append(list, width*c.Width/sum)
	}
	return list
}

func total(widths []float64) float64 {
	sum := 0.0
	for _, w := range widths {
		sum += w
	}
	return sum
}
