package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
)

// A Signature 屏幕签名 is what a person has drawn on a screen under a consent form, as
// lines and not as a picture: it prints sharp and is small.
type Signature struct {
	Strokes [][]Point
	At      time.Time // when the office got it, by its own clock
	Witness string    // name of the officer who saw it
	Office  string    // of the officer
	Until   day.Day   // last day on which the consent holds
}

// A Point is a place within the box to sign in, from its upper left corner, in
// thousandths of its width.
type Point struct{ X, Y int }

// The box is SignatureWidth wide and SignatureHeight high, in the unit of points.
const (
	SignatureWidth  = 1000
	SignatureHeight = 320
)

// Most of what a signature may be, and the least that is more than a slip of the hand.
const (
	maxStrokes   = 100
	maxPoints    = 8000
	leastPoints  = 8
	leastTravel  = 150 // of all lines together
	maxDrawnText = 80_000
)

// ParseStrokes reads lines as the page writes them: "x,y x,y;x,y x,y", a semicolon
// between lines. What is empty or hardly anything, too much, or outside of the box is
// Invalid.
func ParseStrokes(text string) ([][]Point, error) {
	bad := func(key string) error {
		return hedui.Problems([]hedui.Problem{{Field: "strokes", Say: hedui.Say(key)}})
	}
	if strings.TrimSpace(text) == "" {
		return nil, bad("problem.signature.empty")
	}
	if len(text) > maxDrawnText {
		return nil, bad("problem.signature.long")
	}
	var strokes [][]Point
	points, travel := 0, 0.0
	for _, line := range strings.Split(text, ";") {
		var stroke []Point
		for _, pair := range strings.Fields(line) {
			a, b, _ := strings.Cut(pair, ",")
			x, err1 := strconv.Atoi(a)
			y, err2 := strconv.Atoi(b)
			if err1 != nil || err2 != nil || x < 0 || y < 0 || x > SignatureWidth || y > SignatureHeight {
				return nil, bad("problem.signature.form")
			}
			if n := len(stroke); n > 0 {
				travel += math.Hypot(float64(x-stroke[n-1].X), float64(y-stroke[n-1].Y))
			}
			stroke = append(stroke, Point{x, y})
		}
		if len(stroke) > 0 {
			strokes, points = append(strokes, stroke), points+len(stroke)
		}
	}
	switch {
	case len(strokes) > maxStrokes || points > maxPoints:
		return nil, bad("problem.signature.long")
	case points < leastPoints || travel < leastTravel:
		return nil, bad("problem.signature.short")
	}
	return strokes, nil
}

// Path is the lines as a path of SVG.
func (s *Signature) Path() string {
	var b strings.Builder
	for _, stroke := range s.Strokes {
		for i, p := range stroke {
			letter := "L"
			if i == 0 {
				letter = "M"
			}
			fmt.Fprintf(&b, "%s%d %d", letter, p.X, p.Y)
		}
	}
	return b.String()
}

// signature draws the lines into a box of the page, in millimetres.
func (p *printer) signature(s *Signature, x, y, w, h float64) {
	scale := min(w/SignatureWidth, h/SignatureHeight)
	x += (w - scale*SignatureWidth) / 2
	y += (h - scale*SignatureHeight) / 2
	p.pdf.SetDrawColor(ink[0], ink[1], ink[2])
	p.pdf.SetLineWidth(0.35)
	p.pdf.SetLineCapStyle("round")
	for _, stroke := range s.Strokes {
		at := func(i int) (float64, float64) { return x + scale*float64(stroke[i].X), y + scale*float64(stroke[i].Y) }
		for i := range stroke {
			x1, y1 := at(max(0, i-1)) // a single point is a dot
			x2, y2 := at(i)
			p.pdf.Line(x1, y1, x2, y2)
		}
	}
	p.pdf.SetLineCapStyle("butt")
	p.thin()
}
