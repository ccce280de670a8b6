package casework

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// colleague is another officer for the same letters, checker a verifier of the centre.
var (
	colleague = hedui.Officer{ID: "second-letters", Office: "中心", Division: "330203", Rights: []hedui.Right{hedui.AnswerQueries}, Sources: []string{"housing", "housing_fund"}}
	checker   = hedui.Officer{ID: "checker", Office: "中心", Division: "330203", Rights: []hedui.Right{hedui.VerifyCases, hedui.ReadCases}}
)

// issued issues the letter of a case and returns its number.
func (b *bench) issuedLetter(t *testing.T, items int) (number, caseID string) {
	t.Helper()
	tasks := b.listed(t, letters, "housing", items)
	b.listed(t, letters, "housing_fund", items)
	letter, err := b.IssueLetter(t.Context(), letters, tasks[0].ID)
	if err != nil {
		needFont(t, err)
	}
	return letter.Number, tasks[0].Case
}

func (b *bench) letterNow(t *testing.T, number string) LetterView {
	t.Helper()
	v, err := b.LetterOf(t.Context(), letters, number)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func today() string { return day.Of(time.Now()).String() }

// From the letter box to the report: sent, returned, sent again, late, reminded,
// answered with its scan, compared by another, named in the report.
func TestALetterFromItsSendingToTheReport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, time.Hour)
		ahead := b.clock()
		b.start(t)
		b.accepted(t, form(t, 6))
		number, id := b.issuedLetter(t, 2)
		ctx := t.Context()
		if v := b.letterNow(t, number); v.State != hedui.LetterIssued || len(v.Items) != 4 || v.Open != 4 || v.Addressee != "某馆" || !v.Acts {
			t.Errorf("just issued: %+v", v)
		}
		ahead(2)
		on := day.Of(b.Now())
		if err := b.SendLetter(ctx, letters, number, hedui.Sending{On: on.String(), Way: "post", Tracking: "xa123"}); err != nil {
			t.Fatal(err)
		}
		want := (hedui.Length{Days: 5}).After(on.Start(), b.Calendar)
		if v := b.letterNow(t, number); v.State != hedui.LetterSent || !v.DueAt.Equal(want) {
			t.Errorf("due %s, want five days after the sending, %s", v.DueAt, want)
		}
		if tasks := b.listed(t, letters, "housing", 2); !tasks[0].DueAt.Equal(want) {
			t.Errorf("its items are due %s, want %s", tasks[0].DueAt, want)
		}
		again, err := b.ReprintLetter(ctx, letters, number)
		if err != nil || !strings.HasPrefix(string(again.File.Body), "%PDF") {
			t.Errorf("reprint: %v", err)
		}
		if err := b.FailLetter(ctx, letters, number, on.String(), "moved"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.RemindLetter(ctx, letters, number); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a reminder of what never arrived: %v", err)
		}
		if err := b.SendLetter(ctx, letters, number, hedui.Sending{On: on.String(), Way: "hand"}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.RemindLetter(ctx, letters, number); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a reminder before it is due: %v", err)
		}
		ahead(10)
		if p, err := b.TrackedLetters(ctx, letters, LetterQuery{Late: true}); err != nil || len(p.Letters) != 1 || p.Letters[0].Number != number {
			t.Errorf("late: %+v %v", p, err)
		}
		if p, err := b.Overdue(ctx, letters, "housing", ""); err != nil || len(p.Tasks) != 2 {
			t.Errorf("%d items are late on the worklist: %v", len(p.Tasks), err)
		}
		reminder, err := b.RemindLetter(ctx, letters, number)
		if err != nil {
			t.Fatal(err)
		}
		copied, err := b.ReminderPaper(ctx, letters, number)
		if err != nil || !bytes.Equal(copied.File.Body, reminder.File.Body) || copied.File.Name != number+"-1.pdf" {
			t.Errorf("the reminder once more: %v %s", err, copied.File.Name)
		}
		ahead(0) // answers are of today
		if err := b.TakeReply(ctx, letters, number, today(), plainPDF); err != nil {
			t.Fatal(err)
		}
		if err := b.CloseLetter(ctx, colleague, number); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("closed with open items: %v", err)
		}
		for _, name := range letters.Sources {
			for _, task := range b.listed(t, letters, name, 2) {
				if err := b.AnswerItem(ctx, letters, task.ID, none(t)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := b.CloseLetter(ctx, letters, number); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("closed by who took it: %v", err)
		}
		if v, err := b.LetterOf(ctx, checker, number); err != nil || v.Acts || !v.Second || v.State != hedui.LetterReplied {
			t.Errorf("what the verifier sees: %+v %v", v, err)
		}
		for _, o := range []hedui.Officer{letters, checker} {
			if file, err := b.ReplyScan(ctx, o, number); err != nil || !bytes.Equal(file.Body, plainPDF) || file.Name != number+".pdf" {
				t.Errorf("the scan for %s: %v", o.ID, err)
			}
		}
		if err := b.CloseLetter(ctx, checker, number); err != nil {
			t.Fatal(err)
		}
		if p, err := b.TrackedLetters(ctx, letters, LetterQuery{}); err != nil || len(p.Letters) != 0 {
			t.Errorf("closed and still open: %+v %v", p, err)
		}
		verbs := b.verbs(t, id)
		for verb, n := range map[audit.Verb]int{audit.LetterIssued: 1, audit.LetterSent: 2, audit.LetterFailed: 1, audit.LetterReminded: 1, audit.LetterPrinted: 2,
			audit.ReplyTaken: 1, audit.ReplyRead: 2, audit.ReplyCompared: 1, audit.LetterRead: 3} {
			if got := howOften(verbs, verb); got != n {
				t.Errorf("%s stands in the log %d times, want %d", verb, got, n)
			}
		}
		for _, task := range b.listed(t, liaison, "land", 2) {
			if err := b.AnswerItem(ctx, liaison, task.ID, none(t)); err != nil {
				t.Fatal(err)
			}
		}
		b.await(t, id, hedui.Summarised)
		content := b.issue(t, id)
		for _, row := range content.Categories {
			for _, cell := range row.Persons {
				named := strings.Contains(cell.Letter, number) && strings.Contains(cell.Letter, "收到回函")
				if wanted := row.Code == "housing" || row.Code == "housing_fund"; named != wanted || !wanted && cell.Letter != "" {
					t.Errorf("%s names the letter %q", row.Code, cell.Letter)
				}
			}
		}
	})
}

// A letter is for who answers for it and for who may read its case; for nobody else,
// and not for who must stand aside.
func TestALetterIsForItsOfficersOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 6))
		number, _ := b.issuedLetter(t, 2)
		ctx := t.Context()
		if err := b.TakeReply(ctx, letters, number, today(), plainPDF); err != nil {
			t.Fatal(err)
		}
		far, reading, aunt := checker, checker, checker
		far.Division, reading.Rights, aunt.ID, aunt.Office = "330100", []hedui.Right{hedui.ReadCases}, "aunt", "别处"
		b.roster(t, aunt)
		err := b.DB.InTx(ctx, func(tx *store.Tx) error {
			c, err := tx.Case(ctx, id)
			if err == nil {
				err = tx.AddTie(ctx, "aunt", c.Persons[0].ID, hedui.KinTie, time.Now())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		programme := checker
		programme.Programmes = []hedui.Programme{"tekun"}
		for name, c := range map[string]struct {
			o                       hedui.Officer
			look, scan, send, close hedui.Kind
			listed                  int
		}{
			"another department": {liaison, hedui.Forbidden, hedui.Forbidden, hedui.Forbidden, hedui.Forbidden, 0},
			"another city":       {far, hedui.Forbidden, hedui.Forbidden, hedui.Forbidden, hedui.Forbidden, 0},
			"another programme":  {programme, hedui.Forbidden, hedui.Forbidden, hedui.Forbidden, hedui.Forbidden, 0},
			"a relative":         {aunt, hedui.Forbidden, hedui.Forbidden, hedui.Forbidden, hedui.Forbidden, 0},
			"a reader":           {reading, "", "", hedui.Forbidden, hedui.Forbidden, -1},
			"a verifier":         {checker, "", "", hedui.Forbidden, hedui.Conflict, 1},
			"a colleague":        {colleague, "", "", hedui.Conflict, hedui.Conflict, 1},
			"nobody":             {hedui.Officer{ID: "x", Division: "330203"}, hedui.Forbidden, hedui.Forbidden, hedui.Forbidden, hedui.Forbidden, -1},
		} {
			_, look := b.LetterOf(ctx, c.o, number)
			_, scan := b.ReplyScan(ctx, c.o, number)
			send := b.SendLetter(ctx, c.o, number, hedui.Sending{On: today(), Way: "fax"})
			closed := b.CloseLetter(ctx, c.o, number)
			for act, got := range map[string]struct {
				err  error
				want hedui.Kind
			}{"look": {look, c.look}, "scan": {scan, c.scan}, "send": {send, c.send}, "close": {closed, c.close}} {
				if (got.err == nil) != (got.want == "") || got.err != nil && hedui.KindOf(got.err) != got.want {
					t.Errorf("%s by %s: %v, want %q", act, name, got.err, got.want)
				}
			}
			p, err := b.TrackedLetters(ctx, c.o, LetterQuery{})
			if (err != nil) != (c.listed < 0) || err == nil && len(p.Letters) != c.listed {
				t.Errorf("%s is listed %d letters: %v", name, len(p.Letters), err)
			}
		}
		for _, number := range []string{"", "X", "000", "X3302032026112601000010", "'; DROP TABLE letters"} {
			if _, err := b.LetterOf(ctx, letters, number); hedui.KindOf(err) != hedui.NotFound {
				t.Errorf("letter %q: %v", number, err)
			}
		}
		if _, err := b.TrackedLetters(ctx, letters, LetterQuery{State: "lost"}); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("a state that there is not: %v", err)
		}
	})
}

// What comes as a reply is looked at like all that comes from outside, and problems
// come back all at once.
func TestAReplyIsAFileThatOnlyShows(t *testing.T) {
	b := newListBench(t, storetest.Engines()[0].Open(t), time.Hour)
	b.start(t)
	b.accepted(t, form(t, 6))
	number, _ := b.issuedLetter(t, 2)
	for name, c := range map[string]struct {
		on   string
		body []byte
		want []string
	}{
		"a text":           {today(), []byte("无记录"), []string{"evidence"}},
		"a script":         {today(), pdfOf("<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>"), []string{"evidence"}},
		"too large":        {today(), bytes.Repeat([]byte("x"), maxEvidence+1), []string{"evidence"}},
		"nothing at all":   {"", nil, []string{"on", "evidence"}},
		"before it was":    {"2020-01-01", plainPDF, []string{"on"}},
		"in days to come":  {day.Of(time.Now()).Add(1).String(), plainPDF, []string{"on"}},
		"no day, no paper": {"soon", []byte("GIF89a"), []string{"on", "evidence"}},
	} {
		err := b.TakeReply(t.Context(), letters, number, c.on, c.body)
		if got := fieldsOf(err); !slices.Equal(got, c.want) {
			t.Errorf("%s: problems %v, want %v: %v", name, got, c.want, err)
		}
	}
	if v := b.letterNow(t, number); v.State != hedui.LetterIssued || v.Scan != "" {
		t.Errorf("after all that it is %s", v.State)
	}
	for range 2 {
		if err := b.TakeReply(t.Context(), letters, number, today(), plainPDF); err != nil {
			t.Fatal(err)
		}
	}
	if v := b.letterNow(t, number); v.State != hedui.LetterReplied || v.Scan != "application/pdf" || v.TakenBy != "letters" {
		t.Errorf("taken: %+v", v.Letter)
	}
}

func fieldsOf(err error) []string {
	var list []string
	var known *hedui.Error
	if errors.As(err, &known) {
		for _, p := range known.Problems {
			list = append(list, p.Field)
		}
	}
	return list
}

// The list goes out as a workbook without a person in it.
func TestTheListOfLettersAsAWorkbook(t *testing.T) {
	b := newListBench(t, storetest.Engines()[0].Open(t), time.Hour)
	b.start(t)
	b.accepted(t, form(t, 6))
	number, id := b.issuedLetter(t, 2)
	for _, o := range []hedui.Officer{letters, checker} {
		file, err := b.LettersFile(t.Context(), o, LetterQuery{}, lang.Chinese)
		if err != nil || !strings.HasPrefix(string(file.Body), "PK") || !strings.HasSuffix(file.Name, ".xlsx") {
			t.Fatalf("%s: %v", o.ID, err)
		}
		text := strings.Join(cellsOf(t, file.Body), "|")
		if !strings.Contains(text, number) || !strings.Contains(text, "某馆") || !strings.Contains(text, "已开具，未寄送") {
			t.Errorf("the list lacks the letter: %s", text)
		}
		if strings.Contains(text, id) || strings.Contains(text, "王") {
			t.Errorf("the list says more than it must: %s", text)
		}
	}
	if _, err := b.LettersFile(t.Context(), clerk, LetterQuery{}, lang.Chinese); hedui.KindOf(err) != hedui.Forbidden {
		t.Errorf("the list for a clerk: %v", err)
	}
}

// cellsOf are all texts of a workbook.
func cellsOf(t *testing.T, body []byte) []string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			list = append(list, row...)
		}
	}
	return list
}
