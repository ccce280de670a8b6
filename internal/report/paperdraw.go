package report

// paper draws a paper: title, opening lines, facts, parts, and for a certificate
// the seal with its code.
func (p *printer) paper() error {
	p.pdf.AddPage()
	if p.sheet.Paper.Foil {
		return p.certificate()
	}
	number := p.sheet.Number
	if p.sheet.Paper.Boxed {
		p.sheet.Number = "" // in boxes instead of under the title; the running head has it again
	}
	p.title()
	p.sheet.Number = number
	if p.sheet.Paper.Boxed {
		p.boxes(number)
	}
	p.body(p.sheet.Lead, contentWidth)
	if len(p.sheet.Facts.Rows) > 0 {
		p.gap(p.sheet.Lead)
		p.table(p.sheet.Facts, contentWidth)
	}
	for _, part := range p.sheet.Parts {
		p.part(part)
	}
	return nil
}

// certificate draws counterfoil and original, the code beside the original's text.
// Of what does not fit on the page the notices go to the next with the seal, so that
// no page has a seal alone.
func (p *printer) certificate() error {
	const side = 29.0
	foil, original, notices := p.sheet.Parts[0], p.sheet.Parts[1], p.sheet.Parts[2]
	p.title()
	p.part(foil)
	p.cut(original.Cut)
	top, width := p.y+5.5, contentWidth
	if p.sheet.QR != "" {
		width -= side + 5
		if err := p.code(pageWidth-marginX-side, top, side); err != nil {
			return err
		}
	}
	p.heading(original.Title)
	p.body(original.Body, width)
	if p.sheet.QR != "" {
		p.y = max(p.y, top+side)
	}
	p.gap(original.Body)
	for _, g := range original.Grids {
		p.table(g, contentWidth)
	}
	p.room(p.noticesHeight(notices.Notices) + p.gridHeight(p.sheet.Seal, contentWidth) + 4*height(sizeText))
	p.caption(grid{Caption: notices.Title}, "")
	for i, n := range notices.Notices {
		p.notice(i+1, n)
	}
	p.y += 1
	p.table(p.sheet.Seal, contentWidth)
	if p.sheet.QR != "" {
		p.font("", sizeSmall, grey)
		p.text(marginX, contentWidth, p.sheet.QRText)
	}
	return nil
}

func (p *printer) noticesHeight(list []Notice) float64 {
	h := 0.0
	for _, n := range list {
		h += float64(len(p.noticeLines(n)))*height(sizeSmall) + noticeGap
	}
	return h
}

// boxes writes a number one character to a box, as forms have it.
func (p *printer) boxes(number string) {
	const side = 6.2
	p.font("B", 10.5, ink)
	p.pdf.SetDrawColor(ink[0], ink[1], ink[2])
	p.pdf.SetLineWidth(0.25)
	x := (pageWidth - side*float64(len([]rune(number)))) / 2
	for _, r := range number {
		p.pdf.Rect(x, p.y, side, side+1, "D")
		p.pdf.Text(x+(side-p.pdf.GetStringWidth(string(r)))/2, p.y+5, string(r))
		x += side
	}
	p.y += side + 5
}

// gap keeps the first line of a table off the text above it.
func (p *printer) gap(above []string) {
	if len(above) > 0 {
		p.y += 1.4
	}
}

// body writes running text, a paragraph each.
func (p *printer) body(lines []string, width float64) {
	for _, line := range lines {
		p.font("", 10, ink)
		p.room(2 * height(10))
		p.text(marginX, width, line)
		p.y += 1.2
	}
}

// tail writes lines at the right: who signs, the day.
func (p *printer) tail(lines []string) {
	if len(lines) == 0 {
		return
	}
	p.room(14 + float64(len(lines))*height(10.5))
	p.y += 10
	for _, line := range lines {
		p.font("", 10.5, ink)
		p.put(pageWidth-marginX-p.pdf.GetStringWidth(line)-6, p.y, 10.5, line)
		p.y += height(10.5) + 1.5
	}
}

// cut draws the line along which two halves are cut apart, with what stands across
// it, half of which stays on each: there the seal is put.
func (p *printer) cut(text string) {
	const above, below = 4.5, 0.5
	p.room(above + below + 30)
	p.y += above
	p.pdf.SetDrawColor(ink[0], ink[1], ink[2])
	p.pdf.SetLineWidth(0.3)
	p.pdf.SetDashPattern([]float64{2, 1.4}, 0)
	p.font("B", 12, ink)
	side := (pageWidth-p.pdf.GetStringWidth(text))/2 - 3
	p.pdf.Line(0, p.y, side, p.y)
	p.pdf.Line(pageWidth-side, p.y, pageWidth, p.y)
	p.pdf.SetDashPattern([]float64{}, 0)
	p.pdf.Text((pageWidth-p.pdf.GetStringWidth(text))/2, p.y+12*pointMM*0.36, text)
	p.y += below
}
