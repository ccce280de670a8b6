package report

import (
	"fmt"
	"strconv"

	"hedui/day"
)

// A LetterReminder reminds of an assistance letter whose reply is late (催办函). It
// names the letter and its items; about whom they ask stands on the letter.
type LetterReminder struct {
	Letter    string // number of the letter
	LetterOn  day.Day
	SentOn    day.Day // zero = not known
	DueOn     day.Day // before which the reply was asked for
	Issuer    string  // the verification centre
	Addressee string
	Contact   string // may be empty
	N         int    // how many reminders there are with this one
	On        day.Day
	ReplyBy   day.Day
	Asked     []LetterItem // that nobody has answered
}

// LetterReminderPDF prints a reminder. The same reminder gives the same bytes.
func LetterReminderPDF(r LetterReminder) ([]byte, error) { return r.sheet().letterPDF(r.On) }

// LetterReminderText writes a reminder as plain text, for golden files.
func LetterReminderText(r LetterReminder) string { return r.sheet().letterText() }

func (r LetterReminder) sheet() sheet {
	sent := ""
	if !r.SentOn.IsZero() {
		sent = zh("letter.reminder.sent", chineseDay(r.SentOn))
	}
	sh := sheet{
		Title: zh("letter.reminder.title"), Number: r.Letter, Issuer: r.Issuer, Copy: zh("letter.reminder.nth", strconv.Itoa(r.N)),
		Lead:    []string{r.Addressee + "：", zh("letter.reminder.body", r.Letter, chineseDay(r.LetterOn), sent, chineseDay(r.DueOn), strconv.Itoa(len(r.Asked)), chineseDay(r.ReplyBy))},
		Unknown: r.Issuer + zh("letter.seal") + "　　" + chineseDay(r.On),
	}
	asked := grid{Columns: []column{{Title: zh("letter.no"), Width: 10}, {Title: zh("letter.asked"), Width: 45}, {Title: zh("letter.reminder.item"), Width: 45}}}
	for i, it := range r.Asked {
		asked.Rows = append(asked.Rows, []cell{{Text: strconv.Itoa(i + 1)}, {Text: it.Category.Name}, {Text: it.ID}})
	}
	notes := []Notice{{zh("letter.deadline"), zh("letter.deadline_text", chineseDay(r.ReplyBy))}, {zh("letter.reminder.lost"), zh("letter.reminder.lost_text")}}
	if r.Contact != "" {
		notes = append(notes, Notice{zh("letter.contact"), r.Contact})
	}
	sh.Parts = []part{{Title: zh("letter.reminder.part.open"), Grids: []grid{asked}}, {Title: zh("letter.reminder.part.notes"), Notices: notes}}
	return sh
}

// Format implements [fmt.Formatter]: the number alone.
func (r LetterReminder) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "reminder %d of letter %s", r.N, r.Letter)
}
