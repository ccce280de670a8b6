package casework

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/internal/workbook"
)

// sheetOf fills the template: a head of titles and rows of cells in their order.
func sheetOf(t *testing.T, titles []string, rows [][]string) []byte {
	t.Helper()
	template, err := workbook.Template()
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(template))
	if err != nil {
		t.Fatal(err)
	}
	head, err := f.GetRows("家庭")
	if err != nil || len(head) != 1 {
		t.Fatalf("%d rows in the template, %v", len(head), err)
	}
	for n, row := range rows {
		for i, text := range row {
			at := slices.IndexFunc(head[0], func(s string) bool { return strings.TrimSuffix(s, "*") == titles[i] })
			if at < 0 {
				t.Fatalf("the template has no column %s", titles[i])
			}
			cell, err := excelize.CoordinatesToCellName(at+1, n+2)
			if err == nil {
				err = f.SetCellStr("家庭", cell, text)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var bulkTitles = []string{"户编号", "姓名", "公民身份号码", "与申请人关系", "救助类型", "区县代码", "委托单位", "授权签署日期", "授权有效期至", "月收入1（元）", "收入类别1"}

// people are rows of a household: an applicant and a spouse.
func people(t *testing.T, house string, n int) [][]string {
	t.Helper()
	today, later := day.Of(time.Now()), day.Of(time.Now()).Add(30)
	var rows [][]string
	for i, relation := range []string{"本人", "配偶"} {
		rows = append(rows, []string{house, "某人", storetest.ID(t, day.Must("1960-01-01").Add(n), 10+i).Reveal(), relation, "最低生活保障", "330203", "海曙区民政局", today.String(), later.String(), "", ""})
	}
	return rows
}

// handIn takes a workbook and works it off.
func (b *bench) handIn(t *testing.T, file []byte) UploadView {
	t.Helper()
	u, err := b.BulkRegister(t.Context(), clerk, file)
	if err != nil {
		t.Fatal(err)
	}
	return b.workedOff(t, u.ID)
}

func (b *bench) workedOff(t *testing.T, id string) UploadView {
	t.Helper()
	if more, err := b.bulk(t.Context(), id); more || err != nil {
		t.Fatalf("there is more: %v %v", more, err)
	}
	v, err := b.BulkUpload(t.Context(), clerk, id, 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func counts(u hedui.Upload) string {
	return fmt.Sprintf("%s: %d persons, %d households = %d opened, %d drafts, %d same, %d refused; %d back", u.State, u.Persons, u.Households, u.Opened, u.Drafts, u.Same, u.Refused, u.Withdrawn)
}

// A workbook brings what is right in, keeps what lacks a consent as forms, and gives
// back what is wrong, to be corrected and handed in again. The same twice is once.
func TestAWorkbookOfHouseholds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		good, unsigned, wrong, twice := people(t, "1", 1), people(t, "2", 2), people(t, "3", 3), people(t, "4", 4)
		good[1][9], good[1][10] = "1850.50", "工资性收入"
		unsigned[1][7], unsigned[1][8] = "", ""
		wrong[1][2] = wrong[1][2][:17] + map[bool]string{true: "1", false: "2"}[wrong[1][2][17] != '1'] // the check digit
		wrong[0][4] = "低保"
		twice[1][2] = good[0][2]
		rows := slices.Concat(good, unsigned, wrong, twice)
		first := b.handIn(t, sheetOf(t, bulkTitles, rows))
		if got, want := counts(first.Upload), "done: 8 persons, 4 households = 1 opened, 1 drafts, 0 same, 2 refused; 0 back"; got != want {
			t.Errorf("got %s\nwant %s\n%v", got, want, first.Problems)
		}
		c, err := b.OwnCase(t.Context(), clerk, first.Came[0].Case)
		if err != nil || len(c.Persons) != 2 || c.Stage != hedui.Consented || len(c.Declared.Income) != 1 || c.Declared.Income[0].Monthly != 185050 || c.Declared.Income[0].Person != 2 {
			t.Errorf("the case: %+v %v", c, err)
		}
		f, err := b.Draft(t.Context(), clerk, first.Came[1].Draft)
		if err != nil || len(f.Persons) != 2 || len(f.Consents) != 1 {
			t.Errorf("the form: %v %v", f, err)
		}
		for _, want := range []workbook.Problem{{Row: 6, Column: "救助类型", Say: hedui.Say("bulk.choice")}, {Row: 7, Column: "公民身份号码", Say: hedui.Say("problem.id.check")}, {Row: 9, Column: "公民身份号码", Say: hedui.Say("bulk.twice", "2")}} {
			if !slices.ContainsFunc(first.Problems, func(p workbook.Problem) bool { return p.Text() == want.Text() && p.Row == want.Row }) {
				t.Errorf("%d %s is not among %v", want.Row, want.Text(), first.Problems)
			}
		}
		again := b.handIn(t, sheetOf(t, bulkTitles, rows))
		if got, want := counts(again.Upload), "done: 8 persons, 4 households = 0 opened, 0 drafts, 2 same, 2 refused; 0 back"; got != want {
			t.Errorf("handed in again: got %s\nwant %s", got, want)
		}
		back, err := b.BulkProblems(t.Context(), clerk, first.ID)
		if err != nil {
			t.Fatal(err)
		}
		plain, at, err := workbook.Unlock(back.Body, []string{first.Password})
		if err != nil || at != 0 {
			t.Fatalf("what comes back is not encrypted with its password: %v", err)
		}
		relock := func(plain []byte) []byte { // as a spreadsheet program keeps the password
			locked, err := workbook.Lock(plain, first.Password)
			if err != nil {
				t.Fatal(err)
			}
			return locked
		}
		if _, err := b.BulkRegister(t.Context(), officer("other", hedui.OpenCases), back.Body); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("another clerk hands it in: %v", err)
		}
		fixed := b.handIn(t, relock(corrected(t, plain, map[string]string{"低保": "最低生活保障", wrong[1][2]: people(t, "3", 3)[1][2], good[0][2]: people(t, "4", 4)[1][2]})))
		if got, want := counts(fixed.Upload), "done: 4 persons, 2 households = 2 opened, 0 drafts, 0 same, 0 refused; 0 back"; got != want {
			t.Errorf("corrected: got %s\nwant %s %v", got, want, fixed.Problems)
		}
		// the form is signed at last, and is of its workbook still
		f.Consents = append(f.Consents, f.Consents[0])
		f.Consents[1].Person = 2
		if _, err := b.Register(t.Context(), clerk, first.Came[1].Draft, f); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Commission(t.Context(), civil, first.Came[0].Case); err != nil {
			t.Fatal(err)
		}
		if err := b.BulkWithdraw(t.Context(), clerk, first.ID); err != nil {
			t.Fatal(err)
		}
		if err := b.BulkWithdraw(t.Context(), clerk, first.ID); err != nil {
			t.Errorf("a second time: %v", err)
		}
		gone := b.workedOff(t, first.ID)
		if gone.State != hedui.UploadWithdrawn || gone.Withdrawn != 1 {
			t.Errorf("taken back: %s", counts(gone.Upload))
		}
		if stages := []hedui.Stage{gone.Came[0].Stage, gone.Came[1].Stage}; !slices.Equal(stages, []hedui.Stage{hedui.Commissioned, hedui.Terminated}) {
			t.Errorf("the cases are %v: what is commissioned goes on", stages)
		}
		once := b.handIn(t, sheetOf(t, bulkTitles, people(t, "2", 2))) // what was taken back can come in anew
		if once.Opened != 1 {
			t.Errorf("anew: %s %v", counts(once.Upload), once.Problems)
		}
		if _, err := b.BulkUpload(t.Context(), officer("other", hedui.OpenCases), first.ID, 0); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("another clerk sees it: %v", err)
		}
	})
}

// corrected is a workbook with other words in its cells.
func corrected(t *testing.T, file []byte, words map[string]string) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for old, fresh := range words {
		cells, err := f.SearchSheet("家庭", old)
		if err != nil || len(cells) == 0 {
			t.Fatalf("%s is in no cell: %v", old, err)
		}
		for _, cell := range cells {
			if err := f.SetCellStr("家庭", cell, fresh); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A file of commas comes in too, whatever encoding a spreadsheet has given it.
func TestHouseholdsAsCSV(t *testing.T) {
	b := newBench(t, storetest.Engines()[0].Open(t), time.Hour)
	for n, encode := range []func(string) (string, error){
		func(s string) (string, error) { return s, nil },
		func(s string) (string, error) { return "\ufeff" + s, nil },
		simplifiedchinese.GB18030.NewEncoder().String,
	} {
		var text strings.Builder
		w := csv.NewWriter(&text)
		if err := w.WriteAll(slices.Concat([][]string{bulkTitles}, people(t, "一", 40+n))); err != nil {
			t.Fatal(err)
		}
		data, err := encode(text.String())
		if err != nil {
			t.Fatal(err)
		}
		if v := b.handIn(t, []byte(data)); v.Opened != 1 {
			t.Errorf("encoding %d: %s %v", n, counts(v.Upload), v.Problems)
		}
	}
}

// A household that has a running case is refused with its number, and nothing is lost
// when a run is broken off.
func TestABrokenRunGoesOn(t *testing.T) {
	b := newBench(t, storetest.Engines()[0].Open(t), time.Hour)
	f := form(t, 1)
	running, err := b.Register(t.Context(), clerk, "d", f)
	if err != nil {
		t.Fatal(err)
	}
	rows := slices.Concat(people(t, "1", 61), people(t, "2", 62), people(t, "3", 63))
	rows[4][2] = f.Persons[0].ID
	u, err := b.BulkRegister(t.Context(), clerk, sheetOf(t, bulkTitles, rows))
	if err != nil {
		t.Fatal(err)
	}
	same, err := b.BulkRegister(t.Context(), clerk, sheetOf(t, bulkTitles, rows))
	if err != nil {
		t.Fatal(err)
	}
	list, err := workbook.ReadHouseholds(sheetOf(t, bulkTitles, rows))
	if err != nil {
		t.Fatal(err)
	}
	now := b.Now()
	b.twice(list, clerk, now)
	half := u
	if _, err := b.bulkOne(t.Context(), clerk, &half, list[0], now); err != nil { // and the program dies
		t.Fatal(err)
	}
	v := b.workedOff(t, u.ID)
	if v.Opened != 2 || v.Refused != 1 || v.Same != 0 || !strings.Contains(v.Problems[0].Text(), running.Number) {
		t.Errorf("%s %v", counts(v.Upload), v.Problems)
	}
	if same.ID != u.ID { // another file for the library: bytes may differ
		if w := b.workedOff(t, same.ID); w.Opened != 0 || w.Same != 2 {
			t.Errorf("the same once more: %s", counts(w.Upload))
		}
	}
}

// Files that are no workbook of households bring nothing in.
func TestWhatIsNoWorkbookOfHouseholds(t *testing.T) {
	b := newBench(t, storetest.Engines()[0].Open(t), time.Hour)
	for name, file := range map[string][]byte{
		"nothing": {}, "a picture": []byte("\x89PNG\r\n\x1a\n\x00\x00"), "a cut workbook": sheetOf(t, bulkTitles, people(t, "1", 1))[:900],
		"the empty template": sheetOf(t, bulkTitles, nil), "another table": []byte("甲,乙\n1,2\n"), "no relation": []byte("户编号,姓名,公民身份号码,救助类型\n1,某,1,1\n"),
		"too many": bytes.Repeat([]byte("x"), workbook.MaxHouseholds+1),
	} {
		if _, err := b.BulkRegister(t.Context(), clerk, file); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := b.BulkUploads(t.Context(), clerk); err != nil || len(list) != 0 {
		t.Errorf("%d uploads, %v", len(list), err)
	}
}

// A full workbook is worked off, row for row.
func TestAFullWorkbook(t *testing.T) {
	if testing.Short() {
		t.Skip("many rows")
	}
	b := newBench(t, storetest.Engines()[0].Open(t), time.Hour)
	var text strings.Builder
	w := csv.NewWriter(&text)
	rows := [][]string{bulkTitles}
	for n := range workbook.MaxPersons / 2 {
		rows = append(rows, people(t, fmt.Sprint(n), n)...)
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	u, err := b.BulkRegister(t.Context(), clerk, []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	read := time.Since(began)
	v := b.workedOff(t, u.ID)
	if v.Opened != workbook.MaxPersons/2 {
		t.Errorf("%s %v", counts(v.Upload), v.Problems)
	}
	t.Logf("%d rows: taken in %v, worked off in %v", workbook.MaxPersons, read, time.Since(began)-read)
	if _, err := b.BulkRegister(t.Context(), clerk, []byte(text.String()+strings.Join(people(t, "more", 9000)[0], ",")+"\n")); hedui.KindOf(err) != hedui.Invalid {
		t.Errorf("one row more: %v", err)
	}
}
