package report

import "fmt"

func (p *printer) font(style string, size float64, c colour) {
	p.pdf.SetFont("noto", style, size)
	p.pdf.SetTextColor(c[0], c[1], c[2])
}

// header draws the watermark below everything else, then the running head.
func (p *printer) header() {
	if !p.sheet.Paper.Plain {
		p.watermark()
	}
	if p.pdf.PageNo() > 1 {
		p.font("", sizeFoot, grey)
		p.pdf.Text(marginX, 12, p.sheet.Title)
		right := join("　", p.sheet.Number, p.sheet.Version)
		p.pdf.Text(pageWidth-marginX-p.pdf.GetStringWidth(right), 12, right)
		p.line(14, contentWidth)
	}
	p.y = marginTop
}

func (p *printer) footer() {
	p.line(pageHeight-13, contentWidth)
	p.font("", sizeFoot, grey)
	p.pdf.Text(marginX, pageHeight-9, p.sheet.Copy)
	w := words(p.sheet.Lang)
	page := w.t("report.page", fmt.Sprint(p.pdf.PageNo()), "{nb}")
	width := p.pdf.GetStringWidth(w.t("report.page", fmt.Sprint(p.pdf.PageNo()), "9"))
	p.pdf.Text(pageWidth-marginX-width, pageHeight-9, page)
}

func (p *printer) watermark() {
	p.font("", 11, ghost)
	step := p.pdf.GetStringWidth(p.sheet.Copy) + 28
	p.pdf.RawWriteStr("/Artifact BMC") // not part of the text, ISO 32000-1 § 14.8.2.2
	p.pdf.TransformBegin()
	p.pdf.TransformRotate(32, pageWidth/2, pageHeight/2)
	for i, y := 0, -40.0; y < pageHeight+40; i, y = i+1, y+38 {
		for x := -120 + float64(i%2)*step/2; x < pageWidth+100; x += step {
			p.pdf.Text(x, y, p.sheet.Copy)
		}
	}
	p.pdf.TransformEnd()
	p.pdf.RawWriteStr("EMC")
}

// line draws a rule from the left margin.
func (p *printer) line(y, w float64) {
	p.thin()
	p.pdf.Line(marginX, y, marginX+w, y)
}

// thin is how the lines of tables are drawn.
func (p *printer) thin() {
	p.pdf.SetDrawColor(rule[0], rule[1], rule[2])
	p.pdf.SetLineWidth(0.2)
}

// room begins a new page if less than h is left.
func (p *printer) room(h float64) {
	if p.y+h > pageHeight-marginBottom {
		p.pdf.AddPage()
	}
}

func height(size float64) float64 { return size * pointMM * lineFactor }

// text writes wrapped text at x within width and moves down.
func (p *printer) text(x, width float64, s string) {
	size, _ := p.pdf.GetFontSize()
	for _, l := range wrap(s, width, p.pdf.GetStringWidth) {
		p.room(height(size))
		p.put(x, p.y, size, l)
		p.y += height(size)
	}
}

// put writes one line whose box begins at y.
func (p *printer) put(x, y, size float64, s string) {
	p.pdf.Text(x, y+height(size)*0.5+size*pointMM*0.36, s)
}

func (p *printer) draw() error {
	p.pdf.AddPage()
	p.title()
	p.lead()
	p.table(p.sheet.Facts, contentWidth)
	for _, part := range p.sheet.Parts {
		p.part(part)
	}
	return p.seal()
}

func (p *printer) title() {
	p.font("B", sizeTitle, ink)
	if w := p.pdf.GetStringWidth(p.sheet.Title); w > contentWidth { // in English
		p.font("B", sizeTitle*contentWidth/w, ink)
	}
	p.pdf.Text((pageWidth-p.pdf.GetStringWidth(p.sheet.Title))/2, p.y+6, p.sheet.Title)
	p.y += 10
	p.font("", sizeText, grey)
	under := join("　", p.sheet.Number, p.sheet.Version, p.sheet.Issuer)
	p.pdf.Text((pageWidth-p.pdf.GetStringWidth(under))/2, p.y+4, under)
	p.y += 8.5
}

// lead draws the box a reader must not miss: conclusion, two lines, the unknown.
func (p *printer) lead() {
	const pad, bar = 4.0, 1.4
	inner := contentWidth - 2*pad - bar
	x := marginX + bar + pad
	top := p.y
	tone := p.tone(p.sheet.Tone, blue)
	draw := func() {
		p.y = top + pad - 1
		p.font("B", 14, tone)
		p.text(x, inner, p.sheet.Conclusion.Text)
		p.y += 1.2
		p.font("B", 10, ink)
		for i, l := range p.sheet.Lead {
			p.put(x, p.y, 10, fmt.Sprint(i+1))
			p.text(x+5, inner-5, l)
			p.y += 0.8
		}
		p.font("", sizeText, p.tone(p.sheet.UnknownTone, grey))
		p.text(x, inner, p.sheet.UnknownLabel+"　"+p.sheet.Unknown)
	}
	// Measured first, as the box lies below its text.
	bottom := top + pad - 1 + p.leadHeight(inner) + pad
	p.pdf.SetFillColor(shade[0], shade[1], shade[2])
	p.pdf.Rect(marginX, top, contentWidth, bottom-top, "F")
	p.pdf.SetFillColor(tone[0], tone[1], tone[2])
	p.pdf.Rect(marginX, top, bar, bottom-top, "F")
	draw()
	p.y = bottom + 4
}

func (p *printer) leadHeight(inner float64) float64 {
	count := func(style string, size, width float64, s string) float64 {
		p.font(style, size, ink)
		return float64(len(wrap(s, width, p.pdf.GetStringWidth))) * height(size)
	}
	h := count("B", 14, inner, p.sheet.Conclusion.Text) + 1.2
	for _, l := range p.sheet.Lead {
		h += count("B", 10, inner-5, l) + 0.8
	}
	return h + count("", sizeText, inner, p.sheet.UnknownLabel+"　"+p.sheet.Unknown)
}

func (p *printer) part(part part) {
	if part.Cut != "" {
		p.cut(part.Cut)
	}
	if part.Title != "" {
		need := 24.0
		if len(part.Grids) > 0 && len(part.Body) == 0 { // no heading without what it is of
			p.font("", sizeSmall, grey)
			intro := float64(len(wrap(part.Intro, contentWidth, p.pdf.GetStringWidth))) * height(sizeSmall)
			need = headingHeight + intro + 1 + p.beginning(part.Grids[0], contentWidth)
			if part.Chart != nil {
				need += chartHead + chartHeight + chartFoot + 4
			}
		}
		p.room(need)
		p.heading(part.Title)
	}
	if part.Intro != "" {
		p.font("", sizeSmall, grey)
		p.text(marginX, contentWidth, part.Intro)
		p.y += 1
	}
	p.body(part.Body, contentWidth)
	p.chart(part.Chart)
	if len(part.Grids) > 0 {
		p.gap(part.Body)
	}
	for _, g := range part.Grids {
		p.table(g, contentWidth)
	}
	for i, n := range part.Notices {
		p.notice(i+1, n)
	}
	p.tail(part.Tail)
}

// headingHeight is what the heading of a part takes.
var headingHeight = 5.5 + height(sizePart) + 0.8

func (p *printer) heading(title string) {
	p.font("B", sizePart, blue)
	p.put(marginX, p.y+5.5, sizePart, title)
	p.y += headingHeight
}

const noticeGap = 0.7

func (p *printer) noticeLines(n Notice) []string {
	p.font("", sizeSmall, ink)
	return wrap(n.Topic+words(p.sheet.Lang).colon()+n.Text, contentWidth-6, p.pdf.GetStringWidth)
}

func (p *printer) notice(i int, n Notice) {
	lines := p.noticeLines(n)
	p.room(float64(min(len(lines), 3)) * height(sizeSmall))
	p.put(marginX, p.y, sizeSmall, fmt.Sprint(i)+".")
	for _, l := range lines {
		p.room(height(sizeSmall))
		p.put(marginX+6, p.y, sizeSmall, l)
		p.y += height(sizeSmall)
	}
	p.y += noticeGap
}

// seal draws the block with the issuer's and the signer's names, time, key and
// digest, and the QR code beside it. It holds no picture of a seal.
func (p *printer) seal() error {
	const side = 33.0
	p.room(70)
	p.heading(p.sheet.SealTitle)
	top, page := p.y, p.pdf.PageNo()
	width := contentWidth
	if p.sheet.QR != "" {
		width -= side + 5
	}
	p.table(p.sheet.Seal, width)
	if p.sheet.QR == "" {
		return nil
	}
	if p.pdf.PageNo() != page {
		top = marginTop
	}
	if err := p.code(pageWidth-marginX-side, top, side); err != nil {
		return err
	}
	p.y = max(p.y, top+side+2)
	p.font("", sizeSmall, grey)
	p.text(marginX, contentWidth, p.sheet.QRText)
	return nil
}

// code draws the QR code of the sheet in a square.
func (p *printer) code(x, top, side float64) error {
	runs, modules, err := qrRuns(p.sheet.QR)
	if err != nil {
		return err
	}
	m := side / float64(modules)
	p.pdf.SetFillColor(255, 255, 255)
	p.pdf.Rect(x-1.5, top-1.5, side+3, side+3, "F")
	p.pdf.SetFillColor(ink[0], ink[1], ink[2])
	for _, r := range runs {
		p.pdf.Rect(x+float64(r.x)*m, top+float64(r.y)*m, float64(r.n)*m, m, "F")
	}
	return nil
}

func (p *printer) tone(name string, otherwise colour) colour {
	switch name {
	case "red":
		return red
	case "amber":
		return amber
	case "grey":
		return grey
	}
	return otherwise
}
