package report

import (
	"bytes"
	"fmt"
	"strings"

	"hedui/day"
	"hedui/internal/lang"
)

// A Paper is one of the papers of an office that stand beside the report: consent
// form, commission, notices, annex, public list. Each is pure content, printed by
// [PaperPDF], [PaperHTML] and [PaperText] in Chinese or English.
type Paper interface {
	// Name is the kind of the paper, as in the names of files and in seals.
	Name() string
	// lay lays the paper out.
	lay(w words) sheet
	// stamp is what the signature within the PDF says.
	stamp(w words) stamp
}

// paperMarks is what a sheet has of a paper only.
type paperMarks struct {
	Plain     bool // no watermark: written on by hand, or put up in public
	Boxed     bool // the number stands in boxes
	Anonymous bool // the foot does not name who printed it
	Foil      bool // counterfoil, original and notices, with the seal on the same page
}

// words are the fixed texts of one language.
type words lang.Lang

func (w words) t(key string, args ...string) string { return lang.Text(lang.Lang(w), key, args...) }

// colon stands between a topic and what is said to it.
func (w words) colon() string {
	if lang.Lang(w) == lang.English {
		return ": "
	}
	return "："
}

// day writes a day as people of the language do; a day that is not known is left
// to be filled in.
func (w words) day(d day.Day) string {
	switch {
	case d.IsZero():
		return w.t("paper.blank.day")
	case lang.Lang(w) == lang.English:
		return d.String()
	}
	return chineseDay(d)
}

// columns makes columns from keys of titles and shares of width.
func (w words) columns(keysAndWidths ...any) []column {
	var list []column
	for i := 0; i+1 < len(keysAndWidths); i += 2 {
		key, _ := keysAndWidths[i].(string)
		width, _ := keysAndWidths[i+1].(int)
		list = append(list, column{Title: w.t("paper.col." + key), Width: float64(width)})
	}
	return list
}

// numbered puts "1. ", "2. " … before texts.
func numbered(texts ...string) []string {
	list := make([]string, len(texts))
	for i, t := range texts {
		list[i] = fmt.Sprintf("%d. %s", i+1, t)
	}
	return list
}

// blank is what is filled in by hand.
const blank = "　"

func orBlank(s string) string {
	if s == "" {
		return blank
	}
	return s
}

// field is a row of labels and values, each lines tall; an empty value is room to
// write in.
func (w words) field(lines int, keysAndValues ...string) []cell {
	var row []cell
	for i := 0; i+1 < len(keysAndValues); i += 2 {
		row = append(row, cell{Text: w.t(keysAndValues[i]), Label: true}, cell{Text: orBlank(keysAndValues[i+1]), Tall: lines})
	}
	return row
}

// paperSheet is a paper as laid out for one print.
func paperSheet(p Paper, l lang.Lang, print Copy) sheet {
	w := words(l)
	sh := p.lay(w)
	sh.Lang = l
	switch {
	case sh.Copy != "":
	case print.N > 0:
		sh.Copy = w.t("report.copy", fmt.Sprint(print.N), mask(print.Reader), mask(print.ReaderOffice), minute(print.At))
	case sh.Paper.Anonymous || print.Reader == "":
		sh.Copy = w.t("paper.printed", minute(print.At))
	default:
		sh.Copy = w.t("paper.printed_by", mask(print.Reader), mask(print.ReaderOffice), minute(print.At))
	}
	return sh
}

// PaperPDF prints a paper: A4, with page numbers and the time of printing. With
// sign the PDF is signed as copies of reports are. The same arguments give the same
// bytes but for the signature.
func PaperPDF(p Paper, l lang.Lang, print Copy, sign *Signing) ([]byte, error) {
	fonts, err := loadFaces()
	if err != nil {
		return nil, err
	}
	pr := newPrinter(paperSheet(p, l, print).drawable(fonts), fonts, print.At)
	if err := pr.paper(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := pr.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("report: write %s: %w", p.Name(), err)
	}
	if sign == nil {
		return out.Bytes(), nil
	}
	return signPDF(out.Bytes(), p.stamp(words(l)), *sign)
}

// PaperText writes a paper as plain text.
func PaperText(p Paper, l lang.Lang, print Copy) string {
	sh := paperSheet(p, l, print)
	var b strings.Builder
	number := sh.Number
	if sh.Paper.Boxed {
		number = "│" + strings.Join(strings.Split(number, ""), "│") + "│"
	}
	fmt.Fprintln(&b, sh.Title)
	for _, line := range []string{number, sh.Version, sh.Issuer} {
		if line != "" {
			fmt.Fprintln(&b, line)
		}
	}
	fmt.Fprintln(&b)
	for _, line := range sh.Lead {
		fmt.Fprintln(&b, line)
	}
	sh.Facts.text(&b)
	for _, part := range sh.Parts {
		part.text(&b, words(l))
	}
	fmt.Fprintf(&b, "\n%s\n", sh.Copy)
	return b.String()
}

func (p part) text(b *strings.Builder, w words) {
	if p.Cut != "" {
		fmt.Fprintf(b, "\n- - - %s - - -\n", p.Cut)
	}
	if p.Title != "" {
		fmt.Fprintf(b, "\n== %s ==\n", p.Title)
	}
	if p.Intro != "" {
		fmt.Fprintln(b, p.Intro)
	}
	for _, line := range p.Body {
		fmt.Fprintln(b, line)
	}
	for _, g := range p.Grids {
		g.text(b)
	}
	for i, n := range p.Notices {
		fmt.Fprintf(b, "%d. %s%s%s\n", i+1, n.Topic, w.colon(), n.Text)
	}
	for _, line := range p.Tail {
		fmt.Fprintf(b, "        %s\n", line)
	}
}

// PaperHTML writes a paper as one page without script, with the style of [HTML].
func PaperHTML(p Paper, l lang.Lang, print Copy) ([]byte, error) {
	sh := paperSheet(p, l, print)
	view := page{sheet: sh}
	if sh.Paper.Boxed {
		view.Boxes = strings.Split(sh.Number, "")
	}
	if !sh.Paper.Plain {
		view.Marks = make([]int, 40)
	}
	return view.write("paper")
}

func tongue(l lang.Lang) string {
	if l == lang.English {
		return "en"
	}
	return "zh-CN"
}
