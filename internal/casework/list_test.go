package casework

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/report"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/internal/workbook"
	"hedui/seal"
	"hedui/source"
)

// newListBench is a bench on which people answer for land, and letters go to two
// sources of one department.
func newListBench(t *testing.T, db *store.DB, deadline time.Duration) *bench {
	t.Helper()
	b := newBench(t, db, deadline)
	b.sources["land"].manual = &source.Manual{Means: source.Worklist, Within: "3wd"}
	for _, code := range []catalog.Code{"housing", "housing_fund"} {
		b.sources[code].manual = &source.Manual{Means: source.Letter, Within: "5d", Addressee: "某馆", Basis: []string{"某条"}}
	}
	b.Desk = &Desk{DB: db, Issuer: b.Issuer, Signer: b.Signer, MandateKey: b.MandateKey, Certificate: b.Certificate, Calendar: b.Calendar, Deadlines: b.Deadlines,
		Rules: b.Rules, Now: b.Now, Sources: b.Sources, Registers: b.Registers, Division: "330203", Node: "haishu"}
	if err := b.Prepare(); err != nil {
		t.Fatal(err)
	}
	return b
}

// liaison answers for land, letters is the centre's officer for what comes on paper.
var (
	liaison = hedui.Officer{ID: "liaison", Office: "某局", Division: "330203", Rights: []hedui.Right{hedui.AnswerQueries}, Sources: []string{"land"}}
	letters = hedui.Officer{ID: "letters", Office: "中心", Division: "330203", Rights: []hedui.Right{hedui.AnswerQueries}, Sources: []string{"housing", "housing_fund"}}
)

// listed waits until n items of a source lie before an officer.
func (b *bench) listed(t *testing.T, o hedui.Officer, name string, n int) []Task {
	t.Helper()
	for range 600 {
		p, err := b.Worklist(t.Context(), o, name, "")
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Tasks) == n {
			return p.Tasks
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s: not %d items", name, n)
	return nil
}

func none(t *testing.T) hedui.Entry {
	t.Helper()
	return hedui.Entry{Outcome: "none", AsOf: day.Of(time.Now()).String(), By: "档案科"}
}

func found(t *testing.T, task Task, fields ...string) hedui.Entry {
	t.Helper()
	e := none(t)
	e.Outcome = "found"
	record := map[string]string{}
	for i := 0; i < len(fields); i += 2 {
		record[fields[i]] = fields[i+1]
	}
	e.Records = []hedui.EntryRecord{{Fields: record}}
	return e
}

// onPaper answers everything that goes by letter with nothing found.
func (b *bench) onPaper(t *testing.T) {
	t.Helper()
	for _, name := range letters.Sources {
		for _, task := range b.listed(t, letters, name, 2) {
			if err := b.AnswerItem(t.Context(), letters, task.ID, none(t)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (b *bench) queriesOf(t *testing.T, id string, code catalog.Code) []hedui.Query {
	t.Helper()
	var list []hedui.Query
	err := b.DB.Read(t.Context(), func(tx *store.Tx) error {
		all, err := tx.Queries(t.Context(), id)
		for _, q := range all {
			if q.Category == code {
				list = append(list, q)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatPeopleAnswerGoesTheWayOfAMachinesAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 1))
		b.onPaper(t)
		tasks := b.listed(t, liaison, "land", 2)
		first := tasks[0]
		if first.Mandate == "" || first.Purpose != hedui.Dibao || first.Category.Code != "land" || first.Person.Name != "某人" || first.Window == (source.Window{}) {
			t.Errorf("the clerk sees %v", first)
		}
		if want := (hedui.Length{Working: 3}).After(first.ListedAt, b.Calendar); !first.DueAt.Equal(want) {
			t.Errorf("due %s, want three working days: %s", first.DueAt, want)
		}
		bad := found(t, first, "area_m2", "-1", "share", "500")
		err := b.AnswerItem(t.Context(), liaison, first.ID, bad)
		if hedui.KindOf(err) != hedui.Invalid || strings.Count(err.Error(), "records[0]") != 2 {
			t.Errorf("a bad entry: %v, want both problems", err)
		}
		if _, typed, err := b.Item(t.Context(), liaison, first.ID); err != nil || len(typed.Records) != 1 || typed.Records[0].Fields["share"] != "500" {
			t.Errorf("what was typed is lost: %v %v", typed, err)
		}
		good := found(t, first, "location", "某村", "area_m2", "89.5", "right_type", "宅基地使用权")
		for range 2 { // the second time does nothing
			if err := b.AnswerItem(t.Context(), liaison, first.ID, good); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.AnswerItem(t.Context(), liaison, first.ID, none(t)); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("another answer: %v, want a conflict", err)
		}
		if err := b.AnswerItem(t.Context(), liaison, tasks[1].ID, none(t)); err != nil {
			t.Fatal(err)
		}
		b.await(t, id, hedui.Summarised)
		content := b.issue(t, id)
		if len(content.Gaps) != 0 || content.Conclusion.Code != hedui.Suspect {
			t.Errorf("conclusion %s with gaps %v", content.Conclusion.Code, content.Gaps)
		}
		for _, q := range b.queriesOf(t, id, "land") {
			if q.State != hedui.Answered || q.Attempts != 1 || q.Hash == "" || q.AsOf.IsZero() || q.AskedAt.IsZero() {
				t.Errorf("query %s: %s after %d attempts", q.ID, q.State, q.Attempts)
			}
		}
		if n := len(b.sources["land"].times()); n != 0 {
			t.Errorf("the source was called for %d queries", n)
		}
		verbs := b.verbs(t, id)
		for v, want := range map[audit.Verb]int{audit.Answered: 6, audit.ReadList: 1} {
			if got := howOften(verbs, v); v == audit.Answered && got != want || got < want {
				t.Errorf("%s recorded %d times, want %d", v, got, want)
			}
		}
	})
}

func howOften(verbs []audit.Verb, v audit.Verb) int {
	n := 0
	for _, one := range verbs {
		if one == v {
			n++
		}
	}
	return n
}

func TestAnotherOfficerSeesAndAnswersNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, time.Hour)
		b.start(t)
		b.accepted(t, form(t, 2))
		task := b.listed(t, liaison, "land", 2)[0]
		ctx := t.Context()
		for _, o := range []hedui.Officer{letters, clerk, receiver} {
			_, err1 := b.Worklist(ctx, o, "land", "")
			_, _, err2 := b.Item(ctx, o, task.ID)
			err3 := b.AnswerItem(ctx, o, task.ID, none(t))
			err4 := b.ReturnItem(ctx, o, task.ID)
			err5 := b.CorrectItem(ctx, o, task.ID, none(t))
			_, err6 := b.PrepareExport(ctx, o, "land", "")
			_, err7 := b.ImportList(ctx, o, "land", nil)
			_, err8 := b.IssueLetter(ctx, o, task.ID)
			_, _, err9 := b.WriteExport(ctx, o, "land", "E20260101-0001")
			for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9} {
				if hedui.KindOf(err) != hedui.Forbidden {
					t.Errorf("%s, act %d: %v, want forbidden", o.ID, i+1, err)
				}
			}
		}
		if _, err := b.Worklist(ctx, hedui.Officer{ID: "x", Division: "330203", Rights: liaison.Rights, Sources: []string{"hukou"}}, "hukou", ""); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("a source that a machine answers: %v", err)
		}
		if _, err := b.IssueLetter(ctx, liaison, task.ID); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a letter to a source with a worklist: %v", err)
		}
	})
}

func TestWhatIsGivenBackIsAGapAndCanBeCorrected(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 3))
		b.onPaper(t)
		tasks := b.listed(t, liaison, "land", 2)
		for range 2 {
			if err := b.ReturnItem(t.Context(), liaison, tasks[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.AnswerItem(t.Context(), liaison, tasks[1].ID, none(t)); err != nil {
			t.Fatal(err)
		}
		b.await(t, id, hedui.Summarised)
		if content := b.issue(t, id); len(content.Gaps) != 1 || content.Conclusion.Code != hedui.Incomplete {
			t.Errorf("conclusion %s, gaps %v, want land as a gap", content.Conclusion.Code, content.Gaps)
		}
		for i, e := range []hedui.Entry{none(t), found(t, tasks[0], "location", "某村", "area_m2", "80")} { // corrected twice
			for range 2 {
				if err := b.CorrectItem(t.Context(), liaison, tasks[0].ID, e); err != nil {
					t.Fatal(err)
				}
			}
			b.await(t, id, hedui.Summarised)
			content := b.issue(t, id)
			if content.Version != i+2 || len(content.Gaps) != 0 || len(content.Changes) == 0 {
				t.Errorf("version %d, gaps %v, changes %v", content.Version, content.Gaps, content.Changes)
			}
		}
		if got := len(b.queriesOf(t, id, "land")); got != 4 {
			t.Errorf("%d queries, want the two and both corrections: nothing is typed over", got)
		}
		if err := b.AnswerItem(t.Context(), liaison, tasks[0].ID, none(t)); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("an answer beside the corrected one: %v", err)
		}
	})
}

// The deadline, late answers and supplements are those of any other source.
func TestAClerkWhoIsLateMakesASupplement(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, 2*time.Second)
		b.start(t)
		id := b.accepted(t, form(t, 4))
		b.onPaper(t)
		tasks := b.listed(t, liaison, "land", 2)
		b.await(t, id, hedui.Summarised)
		content := b.issue(t, id)
		if len(content.Gaps) != 1 || content.Gaps[0].Category != "land" || content.Conclusion.Code != hedui.Incomplete {
			t.Errorf("conclusion %s, gaps %v, want land", content.Conclusion.Code, content.Gaps)
		}
		for _, task := range tasks {
			if err := b.AnswerItem(t.Context(), liaison, task.ID, none(t)); err != nil {
				t.Fatal(err)
			}
		}
		b.await(t, id, hedui.Summarised)
		if after := b.issue(t, id); after.Version != 2 || len(after.Gaps) != 0 {
			t.Errorf("version %d with gaps %v", after.Version, after.Gaps)
		}
	})
}

func TestACaseThatEndsTakesItsItemsOffTheList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 5))
		tasks := b.listed(t, liaison, "land", 2)
		ctx := t.Context()
		if _, err := b.Suspend(ctx, receiver, id, hedui.Say("step.objection")); err != nil {
			t.Fatal(err)
		}
		b.listed(t, liaison, "land", 0)
		if err := b.AnswerItem(ctx, liaison, tasks[1].ID, none(t)); err != nil {
			t.Errorf("what was looked up before the suspension: %v", err)
		}
		if _, err := b.Resume(ctx, receiver, id); err != nil {
			t.Fatal(err)
		}
		if got := b.listed(t, liaison, "land", 1); got[0].ID != tasks[0].ID {
			t.Error("after the suspension the item is another one")
		}
		if _, err := b.Terminate(ctx, receiver, id, hedui.Say("step.objection")); err != nil {
			t.Fatal(err)
		}
		b.listed(t, liaison, "land", 0)
		if err := b.AnswerItem(ctx, liaison, tasks[0].ID, none(t)); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("an answer to a case that has ended: %v", err)
		}
		if err := b.settled(t, id, 0); err != nil {
			t.Error(err)
		}
		if got := itemsOf(t, db, "land"); len(got) != 2 || got[0] == got[1] {
			t.Errorf("states %v, want one answered and one ended", got)
		}
	})
}

func itemsOf(t *testing.T, db *store.DB, name string) []hedui.ItemState {
	t.Helper()
	var states []hedui.ItemState
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		for _, s := range hedui.ItemStates() {
			list, err := tx.Items(t.Context(), store.ItemFilter{Sources: []string{name}, State: s})
			if err != nil {
				return err
			}
			for range list {
				states = append(states, s)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return states
}

func TestALetterGathersWhatGoesToOneBodyAndItsSlipIsEntered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, time.Hour)
		ahead := b.clock()
		b.start(t)
		id := b.accepted(t, form(t, 6))
		other := b.accepted(t, form(t, 7))
		ctx := t.Context()
		tasks := b.listed(t, letters, "housing", 4)
		b.listed(t, letters, "housing_fund", 4)
		i := slices.IndexFunc(tasks, func(task Task) bool { return task.Case == id })
		letter, err := b.IssueLetter(ctx, letters, tasks[i].ID)
		if err != nil {
			needFont(t, err)
		}
		if !hedui.ValidNumber(hedui.LetterSeries, letter.Number) || letter.Persons != 2 || !bytes.HasPrefix(letter.File.Body, []byte("%PDF")) {
			t.Errorf("letter %s about %d persons", letter.Number, letter.Persons)
		}
		if want := (hedui.Length{Days: 5}).After(time.Now(), b.Calendar); !letter.DueAt.Equal(want) {
			t.Errorf("reply due %s, want %s", letter.DueAt, want)
		}
		if _, err := b.IssueLetter(ctx, letters, tasks[i].ID); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("the same letter again: %v", err)
		}
		again, err := b.ReprintLetter(ctx, letters, letter.Number)
		if err != nil || again.Persons != 2 || !bytes.Equal(again.File.Body, letter.File.Body) {
			t.Errorf("reprint: %v, %d persons", err, again.Persons)
		}
		if _, err := b.ReprintLetter(ctx, liaison, letter.Number); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("reprint by another department's officer: %v", err)
		}
		for _, name := range letters.Sources {
			for _, task := range b.listed(t, letters, name, 4) {
				if (task.State == hedui.ItemLettered) != (task.Case == id) || (task.Letter == letter.Number) != (task.Case == id) {
					t.Errorf("%s of case %s: %s %s", name, task.Case, task.State, task.Letter)
				}
				if task.Case == id {
					if err := b.AnswerItem(ctx, letters, task.ID, none(t)); err != nil {
						t.Errorf("slip: %v", err)
					}
				}
			}
		}
		if verbs := b.verbs(t, id); howOften(verbs, audit.LetterIssued) != 1 || howOften(verbs, audit.LetterPrinted) != 1 {
			t.Errorf("verbs %v", verbs)
		}
		if verbs := b.verbs(t, other); howOften(verbs, audit.LetterIssued) != 0 {
			t.Error("the other case is in the letter")
		}
		ahead(10)
		if p, err := b.Overdue(ctx, letters, "housing", ""); err != nil || len(p.Tasks) != 2 {
			t.Errorf("%d overdue, want the two that nobody has answered: %v", len(p.Tasks), err)
		}
	})
}

func needFont(t *testing.T, err error) {
	t.Helper()
	if strings.Contains(err.Error(), report.ErrFont.Error()) {
		t.Skip(err)
	}
	t.Fatal(err)
}

// fill lets a clerk type into an exported workbook: title → text, for each person.
func fill(t *testing.T, data []byte, typed func(row int, number string) map[string]string) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows("填报")
	if err != nil {
		t.Fatal(err)
	}
	for i, cells := range rows[1:] {
		for title, text := range typed(i+2, cells[2]) {
			name, _ := excelize.CoordinatesToCellName(slices.Index(rows[0], title)+1, i+2)
			if err := f.SetCellStr("填报", name, text); err != nil {
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

func TestASpreadsheetGoesOutAndComesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 8))
		b.onPaper(t)
		b.listed(t, liaison, "land", 2)
		ctx := t.Context()
		e, plain := b.exported(t, liaison, "land")
		today := day.Of(time.Now()).String()
		half := fill(t, plain, func(row int, _ string) map[string]string {
			if row == 2 {
				return map[string]string{"结果": "无记录", "数据截至日期": today, "答复人（岗位）": "甲科"}
			}
			return map[string]string{"结果": "有记录", "数据截至日期": today, "答复人（岗位）": "甲科", "份额（%）": "五成", "坐落": "某村"}
		})
		in, err := b.ImportList(ctx, liaison, "land", half)
		if err != nil || in.Taken != 1 || in.Refused != 1 || len(in.Problems) != 1 || in.Problems[0].Row != 3 || in.Problems[0].Column != "份额（%）" {
			t.Fatalf("first import: %+v %v", in.Problems, err)
		}
		whole := fill(t, in.Workbook, func(row int, _ string) map[string]string { // corrected in the file that came back
			if row == 3 {
				return map[string]string{"份额（%）": "50"}
			}
			return nil
		})
		for n, want := range []Imported{{Taken: 1, Same: 1}, {Same: 2}} {
			in, err = b.ImportList(ctx, liaison, "land", whole)
			if err != nil || in.Taken != want.Taken || in.Same != want.Same || in.Refused != 0 {
				t.Errorf("import %d: taken %d, same %d, refused %d %v: %v", n+2, in.Taken, in.Same, in.Refused, in.Problems, err)
			}
		}
		locked, err := workbook.Lock(whole, e.Password)
		if err != nil {
			t.Fatal(err)
		}
		if in, err = b.ImportList(ctx, liaison, "land", locked); err != nil || in.Same != 2 {
			t.Errorf("encrypted: %+v %v", in.Problems, err)
		}
		if _, at, err := workbook.Unlock(in.Workbook, []string{e.Password}); at != 0 || err != nil {
			t.Errorf("what came encrypted goes back in clear: %v", err)
		}
		foreign, err := workbook.Lock(whole, workbook.Password())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.ImportList(ctx, liaison, "land", foreign); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("under another password: %v", err)
		}
		changed := fill(t, whole, func(row int, _ string) map[string]string {
			return map[int]map[string]string{2: {"结果": "不予反馈"}}[row]
		})
		if in, err = b.ImportList(ctx, liaison, "land", changed); err != nil || in.Refused != 1 || in.Problems[0].Say.Key != "error.item.answered" {
			t.Errorf("another answer: %+v %v", in.Problems, err)
		}
		b.await(t, id, hedui.Summarised)
		q := b.queriesOf(t, id, "land")
		if q[0].Outcome == q[1].Outcome || q[0].Outcome != source.Found && q[1].Outcome != source.Found {
			t.Errorf("outcomes %s and %s", q[0].Outcome, q[1].Outcome)
		}
		if verbs := b.verbs(t, id); howOften(verbs, audit.ListExported) != 1 {
			t.Errorf("verbs %v", verbs)
		}
	})
}

// exported writes the first part of a list into a workbook and opens it.
func (b *bench) exported(t *testing.T, o hedui.Officer, source string) (store.Export, []byte) {
	t.Helper()
	e, err := b.PrepareExport(t.Context(), o, source, "")
	if err != nil {
		t.Fatal(err)
	}
	file, more, err := b.WriteExport(t.Context(), o, source, e.Number)
	if err != nil || more != "" || strings.Contains(file.Name, e.Password) {
		t.Fatalf("%s: %v", file.Name, err)
	}
	plain, at, err := workbook.Unlock(file.Body, []string{e.Password})
	if err != nil || at != 0 {
		t.Fatalf("the workbook is not encrypted with its password: %v", err)
	}
	return e, plain
}

// A workbook is the affair of the officer who had it made, and comes back only while
// its time runs.
func TestAWorkbookIsOnesOwnAndEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, time.Hour)
		b.start(t)
		b.accepted(t, form(t, 8))
		b.listed(t, liaison, "land", 2)
		ctx := t.Context()
		e, plain := b.exported(t, liaison, "land")
		colleague := liaison
		colleague.ID = "colleague"
		if list, err := b.Exports(ctx, colleague, "land"); err != nil || len(list) != 0 {
			t.Errorf("a colleague is told %d password(s): %v", len(list), err)
		}
		if _, _, err := b.WriteExport(ctx, colleague, "land", e.Number); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("a colleague writes it: %v", err)
		}
		if list, err := b.Exports(ctx, liaison, "land"); err != nil || len(list) != 1 || list[0].Password != e.Password || !list[0].Until.Equal(e.Until) {
			t.Errorf("its own list: %v %v", list, err)
		}
		if left := e.Until.Sub(e.MadeAt); left < 14*24*time.Hour || left > 15*24*time.Hour {
			t.Errorf("it holds for %v; the table says 14 days", left)
		}
		if number, body, signature, err := workbook.Statement(plain); err != nil || number != e.Number {
			t.Errorf("statement: %v", err)
		} else {
			var sealed seal.Seal
			trust, err := seal.NewTrust(b.Signer.(*seal.PrivateKey).Public())
			if err := errors.Join(json.Unmarshal(signature, &sealed), err); err != nil {
				t.Fatal(err)
			}
			if err := sealed.CheckJSON(body, trust); err != nil || sealed.Subject != ListSubject+e.Number {
				t.Errorf("its seal on %s: %v", sealed.Subject, err)
			}
			if err := sealed.CheckJSON(bytes.Replace(body, []byte("330"), []byte("331"), 1), trust); err == nil {
				t.Error("another person is taken for the one that was signed")
			}
		}
		if err := db.InTx(ctx, func(tx *store.Tx) error { return tx.PurgeExports(ctx, e.MadeAt) }); err != nil {
			t.Fatal(err)
		}
		if _, err := b.ImportList(ctx, liaison, "land", plain); hedui.KindOf(err) == hedui.Conflict {
			t.Errorf("before its end it is over: %v", err)
		}
		if err := db.InTx(ctx, func(tx *store.Tx) error {
			if list, err := tx.Exports(ctx, store.ExportFilter{Source: "land", At: e.Until}); err != nil || len(list) != 0 {
				t.Errorf("at its end: %v %v", list, err)
			}
			return tx.PurgeExports(ctx, e.MadeAt.Add(time.Second))
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.ImportList(ctx, liaison, "land", plain); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("after its end: %v", err)
		}
		if _, _, err := b.WriteExport(ctx, liaison, "land", e.Number); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("written after its end: %v", err)
		}
	})
}

// A workbook holds what a department needs, and nothing of the household.
func TestAWorkbookHoldsNothingOfTheHousehold(t *testing.T) {
	db := storetest.Engines()[0].Open(t)
	b := newListBench(t, db, time.Hour)
	b.start(t)
	id := b.accepted(t, form(t, 9))
	b.listed(t, liaison, "land", 2)
	_, plain := b.exported(t, liaison, "land")
	f, err := excelize.OpenReader(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var c *hedui.Case
	if err := db.Read(t.Context(), func(tx *store.Tx) (err error) { c, err = tx.Case(t.Context(), id); return err }); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			all.WriteString(strings.Join(row, "|") + "\n")
		}
	}
	for _, word := range []string{id, "|" + c.Number, c.Consents[0].Number, "海曙区民政局", "spouse", "配偶"} {
		if strings.Contains(all.String(), word) {
			t.Errorf("the workbook holds %q", word)
		}
	}
	for _, p := range c.Persons {
		if !strings.Contains(all.String(), p.ID.Reveal()) {
			t.Errorf("person %d is missing", p.No)
		}
		if _, err := idcard.Parse(p.ID.Reveal()); err != nil {
			t.Error(err)
		}
	}
}
