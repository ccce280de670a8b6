package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"hedui/catalog"
	"hedui/day"
)

func reminder() LetterReminder {
	housing, _ := catalog.Get(catalog.Housing)
	return LetterReminder{Letter: "X3302032026112301000017", LetterOn: day.Must("2026-11-23"), SentOn: day.Must("2026-11-24"), DueOn: day.Must("2026-11-30"),
		Issuer: "海曙区核对中心（演示）", Addressee: "某区房产档案馆", Contact: "业务科，0574-00000000", N: 2, On: day.Must("2026-12-01"), ReplyBy: day.Must("2026-12-05"),
		Asked: []LetterItem{{"ABCDEFGH23456723", housing}, {"CDEFGHIJ23456725", housing}}}
}

// A reminder names the letter, its day and what is open; who is asked about stands on
// the letter only.
func TestAReminderNamesTheLetterAndNobody(t *testing.T) {
	got := LetterReminderText(reminder())
	golden(t, "letter-reminder.txt", got)
	one, err := LetterReminderPDF(reminder())
	if errors.Is(err, ErrFont) {
		t.Skip(err)
	}
	two, again := LetterReminderPDF(reminder())
	if err != nil || again != nil || !bytes.Equal(one, two) || !bytes.HasPrefix(one, []byte("%PDF")) {
		t.Errorf("the same reminder gives other bytes: %v %v", err, again)
	}
}

// The report names the letter by which a department was asked, and when its reply came
// in, with the department and with its records; of others it names none.
func TestALetterIsNamedAsASource(t *testing.T) {
	in := li(t)
	in.Letters = map[string]Lettered{}
	for _, q := range in.Queries {
		if q.Category == catalog.Vehicle {
			in.Letters[q.ID] = Lettered{Number: "X3302032026112301000017", IssuedOn: day.Must("2013-03-11"), RepliedOn: day.Must("2013-03-15")}
		}
		if q.Category == catalog.Marriage {
			in.Letters[q.ID] = Lettered{Number: "X3302032026112301000025", IssuedOn: day.Must("2013-03-11")}
		}
	}
	c := content(t, in)
	key, sign, _ := testKey(t)
	s := sealed(t, in, key)
	html, err := HTML(s, firstCopy)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"协查函 X3302032026112301000017（2013-03-11 开具，2013-03-15 收到回函）", "协查函 X3302032026112301000025（2013-03-11 开具）"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, row := range c.Categories {
		for _, cell := range row.Persons {
			if (cell.Letter != "") != (row.Code == catalog.Vehicle || row.Code == catalog.Marriage) {
				t.Errorf("%s names the letter %q", row.Code, cell.Letter)
			}
		}
	}
	if len(printed(t, s, firstCopy, sign)) == 0 {
		t.Error("no PDF")
	}
	if again, err := Parse(s.JSON); err != nil || again.Categories[0].Persons[0].Letter != c.Categories[0].Persons[0].Letter {
		t.Errorf("read back: %v", err)
	}
}
