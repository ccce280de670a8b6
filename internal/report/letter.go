package report

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/source"
)

// A Letter is an assistance letter (协查函): a department is asked on paper and
// answers on the reply slip that comes with it. It lists persons only: that they
// are a household, and what aid is asked for, is not the department's business.
type Letter struct {
	Number    string // of its own series
	Issuer    string // the verification centre
	Addressee string
	Address   string   // may be empty
	Basis     []string // legal basis, a line each
	Contact   string   // may be empty
	Purpose   hedui.Programme
	Window    source.Window // income period
	On        day.Day
	ReplyBy   day.Day
	Persons   []LetterPerson
}

// A LetterPerson is one person a letter asks about. A department cannot look in its
// files without the whole number, so it stands on the letter in full.
type LetterPerson struct {
	Name    string
	Number  idcard.Number
	Mandate string // number under which the person is asked about
	Asked   []LetterItem
}

// A LetterItem is what is asked about one person, with the id under which the
// reply is entered.
type LetterItem struct {
	ID       string
	Category catalog.Category
}

// Format implements [fmt.Formatter]: number and persons, but not who they are.
func (l Letter) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "letter %s, %d person(s)", l.Number, len(l.Persons))
}

// LetterPDF prints a letter and, on a page of its own, the reply slip. The same
// letter gives the same bytes.
func LetterPDF(l Letter) ([]byte, error) {
	return l.sheet().letterPDF(l.On)
}

func (sh sheet) letterPDF(on day.Day) ([]byte, error) {
	fonts, err := loadFaces()
	if err != nil {
		return nil, err
	}
	p := newPrinter(sh.drawable(fonts), fonts, on.Start())
	p.letter()
	var out bytes.Buffer
	if err := p.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("report: write letter: %w", err)
	}
	return out.Bytes(), nil
}

// LetterText writes a letter as plain text, for golden files.
func LetterText(l Letter) string { return l.sheet().letterText() }

func (sh sheet) letterText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n\n", sh.Title, sh.Number, sh.Issuer)
	for _, line := range sh.Lead {
		fmt.Fprintln(&b, line)
	}
	for _, p := range sh.Parts {
		fmt.Fprintf(&b, "\n== %s ==\n", p.Title)
		if p.Intro != "" {
			fmt.Fprintln(&b, p.Intro)
		}
		for _, g := range p.Grids {
			g.text(&b)
		}
		for i, n := range p.Notices {
			fmt.Fprintf(&b, "%d. %s：%s\n", i+1, n.Topic, n.Text)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", sh.Unknown)
	if sh.SealTitle == "" {
		return b.String()
	}
	fmt.Fprintf(&b, "\n== %s ==\n", sh.SealTitle)
	fmt.Fprintln(&b, sh.QRText)
	sh.Facts.text(&b)
	sh.Seal.text(&b)
	return b.String()
}

// sheet lays the letter out with the parts of a report: Lead is its body, Unknown
// the place of the seal, Facts and Seal the reply slip.
func (l Letter) sheet() sheet {
	sh := sheet{
		Title: zh("letter.title"), Number: l.Number, Issuer: l.Issuer, Copy: zh("letter.secret_mark"),
		Lead:      []string{l.Addressee + "：", zh("letter.body", zh("programme."+string(l.Purpose)), strconv.Itoa(len(l.Persons)), chineseDay(l.ReplyBy))},
		Unknown:   l.Issuer + zh("letter.seal") + "　　" + chineseDay(l.On),
		SealTitle: zh("letter.slip"), QRText: zh("letter.slip_intro", l.Number, l.Issuer, chineseDay(l.ReplyBy)),
	}
	about := grid{Columns: []column{{Title: zh("letter.no"), Width: 7}, {Title: zh("letter.name"), Width: 14}, {Title: zh("letter.number"), Width: 27},
		{Title: zh("letter.mandate"), Width: 30}, {Title: zh("letter.asked"), Width: 24}}}
	sh.Facts = grid{Columns: []column{{Title: zh("letter.no"), Width: 7}, {Title: zh("letter.person"), Width: 26}, {Title: zh("letter.item"), Width: 25},
		{Title: zh("letter.reply"), Width: 46}}}
	n := 0
	for i, p := range l.Persons {
		var names []string
		for _, it := range p.Asked {
			n++
			names = append(names, it.Category.Name)
			sh.Facts.Rows = append(sh.Facts.Rows, []cell{{Text: strconv.Itoa(n)}, {Text: p.Name + " " + p.Number.Reveal()},
				{Text: it.Category.Name + " " + it.ID}, {Text: zh("letter.choice")}},
				[]cell{{}, {Text: zh("letter.records"), Span: 3}})
		}
		about.Rows = append(about.Rows, []cell{{Text: strconv.Itoa(i + 1)}, {Text: p.Name}, {Text: p.Number.Reveal()}, {Text: p.Mandate}, {Text: strings.Join(names, "、")}})
	}
	sh.Parts = []part{
		{Title: zh("letter.part.basis"), Notices: l.basis()},
		{Title: zh("letter.part.persons"), Grids: []grid{about}},
		{Title: zh("letter.part.fields"), Intro: zh("letter.fields", l.Window.From.String(), l.Window.To.String()), Notices: l.fields()},
		{Title: zh("letter.part.notes"), Notices: l.notes()},
	}
	for _, key := range []string{"letter.slip.as_of", "letter.slip.by", "letter.slip.phone", "letter.slip.on"} {
		sh.Seal.Rows = append(sh.Seal.Rows, []cell{{Text: zh(key), Label: true}, {Text: "　"}})
	}
	sh.Seal.Rows = append(sh.Seal.Rows, []cell{{Text: zh("letter.slip.seal"), Label: true}, {Text: zh("letter.slip.blank")}})
	return sh
}

func (l Letter) basis() []Notice {
	var list []Notice
	for _, one := range l.Basis {
		list = append(list, Notice{zh("letter.basis"), one})
	}
	return append(list, Notice{zh("letter.consent"), zh("letter.consented")})
}

// fields names what is asked of each category in the catalogue's words.
func (l Letter) fields() []Notice {
	var list []Notice
	seen := map[catalog.Code]bool{}
	for _, p := range l.Persons {
		for _, it := range p.Asked {
			if seen[it.Category.Code] {
				continue
			}
			seen[it.Category.Code] = true
			var names []string
			for _, f := range it.Category.Fields {
				names = append(names, f.Name)
			}
			list = append(list, Notice{it.Category.Name, strings.Join(names, "、")})
		}
	}
	return list
}

func (l Letter) notes() []Notice {
	list := []Notice{{zh("letter.deadline"), zh("letter.deadline_text", chineseDay(l.ReplyBy))}, {zh("letter.none"), zh("letter.none_text")},
		{zh("letter.secret"), zh("letter.secret_text")}}
	if l.Contact != "" {
		list = append(list, Notice{zh("letter.contact"), l.Contact})
	}
	if l.Address != "" {
		list = append(list, Notice{zh("letter.address"), l.Address})
	}
	return list
}

func chineseDay(d day.Day) string {
	return fmt.Sprintf("%d年%d月%d日", d.Year(), d.Month(), d.Dom())
}

// letter draws a letter, then its slip on a new page.
func (p *printer) letter() {
	p.pdf.AddPage()
	p.title()
	for i, line := range p.sheet.Lead {
		p.font(map[bool]string{true: "B"}[i == 0], 10.5, ink)
		p.text(marginX, contentWidth, line)
		p.y += 1.5
	}
	for _, part := range p.sheet.Parts {
		p.part(part)
	}
	p.room(24)
	p.y += 12
	p.font("", 10.5, ink)
	p.put(pageWidth-marginX-p.pdf.GetStringWidth(p.sheet.Unknown), p.y, 10.5, p.sheet.Unknown)
	if p.sheet.SealTitle == "" { // a reminder: the slip went with the letter
		return
	}
	p.pdf.AddPage()
	p.font("B", sizeTitle, ink)
	p.pdf.Text((pageWidth-p.pdf.GetStringWidth(p.sheet.SealTitle))/2, p.y+6, p.sheet.SealTitle)
	p.y += 13
	p.font("", 10.5, ink)
	p.text(marginX, contentWidth, p.sheet.QRText)
	p.y += 2
	p.table(p.sheet.Facts, contentWidth)
	p.y += 3
	p.table(p.sheet.Seal, contentWidth)
}
