package web

import (
	"fmt"
	"strconv"

	"hedui/internal/hedui"
)

// A svgChart is drawn into the page as SVG: rectangles and words whose places are
// worked out here. What it shows stands in the table behind it too.
type svgChart struct {
	ID, Title, Said string // Said describes it for who does not see it
	W, H            int
	Parts           []svgPart
	Outer, Inner    string // what the two colours are
}

// A svgPart is a rectangle, or where it has a text, that.
type svgPart struct {
	Class      string
	X, Y, W, H string
	Text       string
}

func at(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

func (c *svgChart) rect(class string, x, y, w, h float64) {
	c.Parts = append(c.Parts, svgPart{Class: class, X: at(x), Y: at(y), W: at(w), H: at(h)})
}

func (c *svgChart) text(class string, x, y float64, s string) {
	c.Parts = append(c.Parts, svgPart{Class: class, X: at(x), Y: at(y), Text: s})
}

func (f frame) chart(id, title string, w, h int) *svgChart {
	return &svgChart{ID: "chart-" + id, Title: title, W: w, H: h, Outer: f.T("statistics.col.delivered"), Inner: f.T("statistics.col.found")}
}

func mostDelivered(rows []hedui.StatRow) float64 {
	most := 1.0
	for _, r := range rows {
		most = max(most, r.Delivered.Middle())
	}
	return most
}

// The size of a chart of columns.
const chartWide, chartHigh = 520, 190

// A column is one of a chart: a count, and a part of it.
type column struct {
	Key          string // a month
	Outer, Inner hedui.Count
}

// columns draws a column for each month: what was delivered, and of it what had
// findings.
func (f frame) columns(rows []hedui.StatRow) *svgChart {
	c := f.chart("months", f.T("statistics.chart.months"), chartWide, chartHigh)
	list := make([]column, len(rows))
	for i, r := range rows {
		list[i] = column{r.Key, r.Delivered, r.Found}
	}
	c.columns(list, func(one column) string {
		return f.T("statistics.chart.said", one.Key, one.Outer.String(), one.Inner.String())
	})
	return c
}

// columns draws them; said says one in words.
func (c *svgChart) columns(list []column, said func(column) string) {
	const w, foot = chartWide, 160.0
	most := 1.0
	for _, one := range list {
		most = max(most, one.Outer.Middle())
	}
	step := w / float64(len(list))
	c.rect("axis", 0, foot, w, 1)
	for i, one := range list {
		x, wide := float64(i)*step+step*0.15, step*0.7
		high := (foot - 20) * one.Outer.Middle() / most
		part := min(high, (foot-20)*one.Inner.Middle()/most)
		c.rect("outer", x, foot-high, wide, high)
		c.rect("inner", x, foot-part, wide, part)
		if len(list) <= 14 && one.Outer.Exact() { // there is no room for bounds
			c.text("value", x+wide/2, foot-high-5, one.Outer.String())
		}
		if len(list) <= 14 || i%6 == 0 {
			c.text("label", x+wide/2, foot+16, one.Key[5:])
			if i == 0 || one.Key[5:] == "01" {
				c.text("label", x+wide/2, foot+29, one.Key[:4])
			}
		}
		c.Said += said(one) + ". "
	}
}

// bars draws a bar for each row, one below the other, with its name above it.
func (f frame) bars(id, title string, rows []hedui.StatRow, lines []statLine) *svgChart {
	const w, step = 520.0, 38.0
	c := f.chart(id, title, w, int(step)*len(rows))
	most := mostDelivered(rows)
	for i, r := range rows {
		y := float64(i) * step
		long := (w - 60) * r.Delivered.Middle() / most
		part := min(long, (w-60)*r.Found.Middle()/most)
		c.text("name", 0, y+13, lines[i].Head)
		c.rect("outer", 0, y+18, long, 14)
		c.rect("inner", 0, y+18, part, 14)
		c.text("beside", long+6, y+30, r.Delivered.String())
		c.Said += fmt.Sprintf("%s. ", f.T("statistics.chart.said", lines[i].Head, r.Delivered.String(), r.Found.String()))
	}
	return c
}
