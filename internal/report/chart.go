package report

// A chart is drawn in a PDF only: elsewhere the table behind it says the same.
type chart struct {
	Title        string
	Inner, Outer string // what the two parts of a bar are
	Bars         []bar
}

// A bar has a value, a part of it, and the value in words.
type bar struct {
	Label       string
	Value, Part float64
	Text        string
}

func (c *chart) each(f func(string) string) *chart {
	if c == nil {
		return nil
	}
	out := &chart{Title: f(c.Title), Inner: f(c.Inner), Outer: f(c.Outer)}
	for _, b := range c.Bars {
		out.Bars = append(out.Bars, bar{f(b.Label), b.Value, b.Part, f(b.Text)})
	}
	return out
}

// Measures of a chart in millimetres.
const (
	chartHeight = 38.0
	chartHead   = 7.0
	chartFoot   = 5.0
)

// chart draws bars side by side, the part of each in another colour at its foot.
func (p *printer) chart(c *chart) {
	if c == nil || len(c.Bars) == 0 {
		return
	}
	top := 1.0
	for _, b := range c.Bars {
		top = max(top, b.Value)
	}
	p.room(chartHead + chartHeight + chartFoot + 4)
	p.font("", sizeSmall, ink)
	p.put(marginX, p.y, sizeSmall, c.Title)
	x := marginX + contentWidth
	for _, l := range []struct {
		text string
		tone colour
	}{{c.Inner, amber}, {c.Outer, blue}} {
		x -= p.pdf.GetStringWidth(l.text)
		p.put(x, p.y, sizeSmall, l.text)
		x -= 4
		p.fill(x, p.y+1.2, 2.6, 2.6, l.tone)
		x -= 4
	}
	foot := p.y + chartHead + chartHeight
	step := contentWidth / float64(len(c.Bars))
	for i, b := range c.Bars {
		left, width := marginX+float64(i)*step+step*0.2, step*0.6
		high := (chartHeight - 5) * b.Value / top
		p.fill(left, foot-high, width, high, blue)
		low := (chartHeight - 5) * min(b.Part, b.Value) / top
		p.fill(left, foot-low, width, low, amber)
		p.font("", sizeFoot, ink)
		if wide := p.pdf.GetStringWidth(b.Text); wide < step {
			p.pdf.Text(left+(width-wide)/2, foot-high-1, b.Text)
		}
		p.font("", sizeFoot, grey)
		if len(c.Bars) <= 14 || i%4 == 0 {
			p.pdf.Text(left+(width-p.pdf.GetStringWidth(b.Label))/2, foot+3.2, b.Label)
		}
	}
	p.line(foot, contentWidth)
	p.y = foot + chartFoot + 2
}

func (p *printer) fill(x, y, w, h float64, c colour) {
	p.pdf.SetFillColor(c[0], c[1], c[2])
	p.pdf.Rect(x, y, w, h, "F")
}
