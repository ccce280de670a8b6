package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/region"
)

// ConsentWording is the version of the wording of the consent form. Other words
// need another version: a scan shows what a family has signed.
const ConsentWording = "1"

// A ConsentForm is the 授权书 that a household signs on paper: one form, a
// signature of every person or of the guardian.
type ConsentForm struct {
	Number     string // of hedui.ConsentSeries
	Programme  hedui.Programme
	Division   string
	Office     string // who commissions and gets the result
	Centre     string // who verifies
	Categories []catalog.Code
	Persons    []hedui.Person // number or name may be missing in a draft
	On         day.Day        // printed

	Signatures map[int]Signature // on a screen, by the number of the person whose block it is
	Agreed     []catalog.Code    // ticked on the screen
}

// Format implements [fmt.Formatter]: number and count, but not who they are.
func (f ConsentForm) Format(s fmt.State, _ rune) {
	_, _ = fmt.Fprintf(s, "consent form %s, %d person(s)", f.Number, len(f.Persons))
}

// Name implements [Paper].
func (f ConsentForm) Name() string { return "consent" }

func (f ConsentForm) stamp(w words) stamp {
	return w.stampOf(f, f.Number, f.Centre, f.Division, f.On)
}

// stampOf is the stamp of a paper that has no version and no copies.
func (w words) stampOf(p Paper, number, issuer, division string, on day.Day) stamp {
	number = orElse(number, division)
	return stamp{subject: number + paperSubject + p.Name(), name: issuer,
		reason: w.t("paper.reason.sign", w.t("paper."+p.Name()+".title"), number), place: region.Name(division, on)}
}

// paperSubject stands in the subject of a paper's seal between its number, or the
// division of what has none, and its kind.
const paperSubject = " paper "

// Wording returns the text that is signed, a paragraph each.
func (f ConsentForm) Wording(l lang.Lang) []string { return f.wording(words(l)) }

// wording is the text that is signed.
func (f ConsentForm) wording(w words) []string {
	applicant := w.t("paper.blank.name")
	if len(f.Persons) > 0 && f.Persons[0].Name != "" {
		applicant = f.Persons[0].Name
	}
	return numbered(
		w.t("paper.consent.w1", w.t("programme."+string(f.Programme)), applicant),
		w.t("paper.consent.w2"),
		w.t("paper.consent.w3", f.Office, f.Centre),
		w.t("paper.consent.w4", f.Office),
		w.t("paper.consent.w5"),
		w.t("paper.consent.w6"),
		w.t("paper.consent.w7"),
		w.t("paper.consent.w8"),
	)
}

// WordingDigest tells one wording from another by its words, whatever version they
// are called: the first 12 digits of the SHA-256 of the Chinese text.
func WordingDigest() string {
	var b strings.Builder
	for i := range 8 {
		b.WriteString(lang.Text(lang.Chinese, fmt.Sprintf("paper.consent.w%d", i+1)) + "\n")
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:6])
}

func (f ConsentForm) lay(w words) sheet {
	sh := sheet{Title: w.t("paper.consent.title"), Number: f.Number, Paper: paperMarks{Plain: true, Boxed: true}}
	sh.Facts = w.pairs(2,
		"report.row.programme", w.t("programme."+string(f.Programme)),
		"report.row.division", region.Name(f.Division, f.On),
		"report.row.office", f.Office,
		"paper.row.centre", f.Centre,
		"paper.row.persons", w.t("paper.persons", strconv.Itoa(len(f.Persons))),
		"paper.row.wording", w.t("paper.wording", ConsentWording, WordingDigest()),
	)
	sh.Parts = []part{
		{Title: w.t("paper.consent.part.text"), Body: f.wording(w)},
		{Title: w.t("paper.consent.part.categories"), Intro: w.t("paper.consent.categories"), Grids: []grid{f.categories(w)}},
		{Title: w.t("paper.consent.part.sign"), Intro: w.t("paper.consent.sign"), Grids: f.blocks(w)},
		{Title: w.t("paper.consent.part.handler"), Grids: []grid{{Framed: true, Rows: f.handler(w)}}, Body: []string{w.t("paper.consent.witness")}},
		{Body: []string{w.t("paper.consent.copies")}},
	}
	return sh
}

// handler is the block of the officer who saw the form signed: to be filled in by
// hand on paper.
func (f ConsentForm) handler(w words) [][]cell {
	for _, s := range f.Signatures {
		return [][]cell{
			w.field(1, "paper.row.handler_office", s.Office, "paper.row.until", w.day(s.Until)),
			w.field(1, "paper.row.handler", w.t("paper.on_screen", s.Witness), "paper.row.signed_on", minute(s.At)),
		}
	}
	return [][]cell{
		w.field(1, "paper.row.handler_office", "", "paper.row.until", w.t("paper.blank.day")),
		w.field(3, "paper.row.handler", "", "paper.row.signed_on", w.t("paper.blank.day")),
	}
}

// categories lists what is asked, and of whom. None is ticked beforehand.
func (f ConsentForm) categories(w words) grid {
	g := grid{Columns: w.columns("no", 7, "category", 36, "department", 42, "agree", 15)}
	for i, code := range f.Categories {
		known, ok := catalog.Get(code)
		if !ok {
			continue
		}
		name, owner := known.Name, ""
		if lang.Lang(w) == lang.English {
			name = known.NameEn
		}
		if o, ok := known.OwnerOn(f.On); ok {
			owner = o.Name
		}
		g.Rows = append(g.Rows, []cell{{Text: strconv.Itoa(i + 1)}, {Text: name}, {Text: orDash(owner)}, {Text: w.tick(slices.Contains(f.Agreed, code))}})
	}
	return g
}

// tick is the box beside a category.
func (w words) tick(agreed bool) string {
	if agreed {
		return w.t("paper.ticked")
	}
	return w.t("paper.tick")
}

// blocks are the places to sign, one for each person.
func (f ConsentForm) blocks(w words) []grid {
	var list []grid
	for _, p := range f.Persons {
		number := ""
		if !p.ID.IsZero() {
			number = p.ID.Reveal()
		}
		g := grid{Framed: true, Caption: w.t("paper.consent.block."+string(p.Role), strconv.Itoa(p.No))}
		g.Rows = [][]cell{
			w.field(1, "paper.row.name", p.Name, "paper.row.relation", w.relation(p)),
			w.field(1, "paper.row.number", number, "paper.row.signed_on", w.t("paper.blank.day")),
		}
		signed, onScreen := f.Signatures[p.No]
		if onScreen {
			g.Rows[1] = w.field(1, "paper.row.number", number, "paper.row.signed_on", minute(signed.At))
		}
		minor := !p.ID.IsZero() && p.NeedsGuardian(f.On)
		if !minor && p.Capacity == hedui.FullCapacity {
			g.Rows = append(g.Rows, w.field(3, "paper.row.sign", "", "paper.row.finger", ""))
		} else {
			g.Rows = append(g.Rows, f.guardian(w, p)...)
		}
		if onScreen {
			last := g.Rows[len(g.Rows)-1]
			last[1].Drawn, last[3].Text = &signed, w.t("paper.on_screen", signed.Witness)
		}
		list = append(list, g)
	}
	return list
}

func (w words) relation(p hedui.Person) string {
	if !slices.Contains(hedui.Relations(), p.Relation) {
		return ""
	}
	return w.t("relation." + string(p.Relation))
}

// guardian is the block of whoever signs for a minor or a person who lacks
// capacity.
func (f ConsentForm) guardian(w words, p hedui.Person) [][]cell {
	name, number := "", ""
	if i := slices.IndexFunc(f.Persons, func(g hedui.Person) bool { return g.No == p.Guardian }); i >= 0 {
		name = f.Persons[i].Name
		if !f.Persons[i].ID.IsZero() {
			number = f.Persons[i].ID.Reveal()
		}
	}
	why := w.t("paper.minor")
	if p.Capacity != hedui.FullCapacity {
		why = w.t("capacity." + string(p.Capacity))
	}
	return [][]cell{
		w.field(1, "paper.row.why_guardian", why, "paper.row.guardian_relation", ""),
		w.field(1, "paper.row.guardian", name, "paper.row.guardian_number", number),
		w.field(3, "paper.row.guardian_sign", "", "paper.row.guardian_finger", ""),
	}
}
