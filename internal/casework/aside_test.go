package casework

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// roster puts officers into the database, each of an office of his own unless named
// as colleagues are.
func (b *bench) roster(t *testing.T, list ...hedui.Officer) {
	t.Helper()
	err := b.DB.InTx(t.Context(), func(tx *store.Tx) error {
		for _, o := range list {
			if _, err := tx.AddOffice(t.Context(), store.Office{Name: o.Office, Kind: hedui.CentreOffice, Division: o.Division, Since: time.Now()}); err != nil {
				return err
			}
			if err := tx.SaveOfficer(t.Context(), hedui.StaffMember{ID: o.ID, Name: o.Name, Office: o.Office, Division: o.Division, State: hedui.OfficerActive, From: day.Must("2020-01-01")}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) tie(t *testing.T, officer string, c *hedui.Case, person int, tie hedui.Tie) {
	t.Helper()
	p, _ := c.Person(person)
	err := b.DB.InTx(t.Context(), func(tx *store.Tx) error { return tx.AddTie(t.Context(), officer, p.ID, tie, time.Now()) })
	if err != nil {
		t.Fatal(err)
	}
}

func isAside(err error) bool {
	var known *hedui.Error
	return errors.As(err, &known) && known.Kind == hedui.Forbidden && known.Say.Key == asideText
}

// Whoever has a connection with the household stands aside, and a colleague of one
// who lives in it; nobody else does.
func TestWhoStandsAside(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		mine := func(id, office string) hedui.Officer {
			o := officer(id, hedui.Rights()...)
			o.Office = office
			return o
		}
		aunt, member, colleague, stranger, linked, left := mine("aunt", "甲"), mine("member", "乙"), mine("colleague", "乙"), mine("stranger", "丙"), mine("linked", "丁"), mine("left", "戊")
		leftColleague := mine("left-colleague", "戊")
		b.roster(t, aunt, member, colleague, stranger, linked, left, leftColleague)
		earlier, err := b.Register(t.Context(), clerk, "d1", form(t, 1)) // an earlier case of the household, with somebody more
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Terminate(t.Context(), clerk, earlier.ID, hedui.Say("step.finished")); err != nil {
			t.Fatal(err)
		}
		f := form(t, 1)
		f.Persons, f.Consents = f.Persons[:1], f.Consents[:1]
		c, err := b.Register(t.Context(), clerk, "d2", f)
		if err != nil {
			t.Fatal(err)
		}
		b.tie(t, "aunt", c, 1, hedui.KinTie)
		b.tie(t, "member", c, 1, hedui.SelfTie)
		b.tie(t, "linked", earlier, 2, hedui.OtherTie)
		b.tie(t, "left", c, 1, hedui.SelfTie)
		err = b.DB.InTx(t.Context(), func(tx *store.Tx) error {
			m, err := tx.Officer(t.Context(), "left")
			m.State = hedui.OfficerEnded
			return errors.Join(err, tx.SaveOfficer(t.Context(), m))
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []struct {
			o     hedui.Officer
			aside bool
		}{{aunt, true}, {member, true}, {colleague, true}, {linked, true}, {left, true}, {stranger, false}, {leftColleague, false}, {clerk, false}} {
			list, err := b.Cases(t.Context(), mine(want.o.ID, want.o.Office), store.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			var aside []string
			err = db.Read(t.Context(), func(tx *store.Tx) (err error) {
				aside, err = tx.AsideCases(t.Context(), want.o.ID, want.o.Office)
				return err
			})
			if err != nil || slices.Contains(aside, c.ID) != want.aside {
				t.Errorf("%s: stands aside from %v: %v", want.o.ID, aside, err)
			}
			if listed := slices.ContainsFunc(list, func(s store.Summary) bool { return s.ID == c.ID }); listed == want.aside {
				t.Errorf("%s: listed %v", want.o.ID, listed)
			}
			_, err = b.Look(t.Context(), mine(want.o.ID, want.o.Office), c.ID)
			if isAside(err) != want.aside || !want.aside && err != nil {
				t.Errorf("%s: got %v, want to stand aside %v", want.o.ID, err, want.aside)
			}
			if want.aside && strings.Contains(err.Error(), "330200") {
				t.Errorf("%s: the refusal says more than it must: %v", want.o.ID, err)
			}
		}
		if n := b.refusals(t, c.ID, " aside"); n != 5 {
			t.Errorf("%d refusals are recorded as connections, want 5", n)
		}
		if _, err := b.Register(t.Context(), mine("aunt", "甲"), "d3", form(t, 1)); !isAside(err) && hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a relative registers the household: %v", err)
		}
	})
}

// refusals counts the refused attempts on a case whose detail ends so.
func (b *bench) refusals(t *testing.T, id, ending string) int {
	t.Helper()
	n := 0
	err := b.DB.Read(t.Context(), func(tx *store.Tx) error {
		list, err := tx.Entries(t.Context(), id)
		for _, e := range list {
			if e.Verb == audit.Refused && strings.HasSuffix(e.Detail, ending) {
				n++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// elsewhere are the methods whose text is no case: a source, a draft, a number, an
// item of a list, which a department answers without opening the case, the name of another act.
var elsewhere = []string{"AnswerCorrection", "AnswerItem", "AnswerRequest", "BulkProblems", "BulkUpload", "BulkWithdraw", "CheckSource", "CorrectItem", "Draft", "Drafts", "DropDraft", "Exports", "HandleAlert", "HandleReminder", "ImportList", "IssueLetter", "PrepareExport", "Scorecard", "SourceChecks", "WriteExport",
	"Item", "Overdue", "Register", "ReopenConcern", "ReprintLetter", "ReturnItem", "SendLetter", "FailLetter", "RemindLetter", "ReminderPaper", "TakeReply", "CloseLetter", "ReplyScan", "LetterOf", "SaveDraft", "SettleConcern", "Take", "Worklist"}

// Every act on a case and every look into one, whatever it is called, is refused to
// an officer who must stand aside.
func TestNoActIsOpenToWhoStandsAside(t *testing.T) {
	b := newBench(t, storetest.Engines()[0].Open(t), time.Hour)
	o := officer("aunt", hedui.Rights()...)
	b.roster(t, o)
	c, err := b.Register(t.Context(), clerk, "draft", form(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	b.tie(t, "aunt", c, 1, hedui.KinTie)
	tried := 0
	desk := reflect.ValueOf(b.Desk)
	for m := range desk.Type().Methods() {
		in := m.Type
		if in.NumIn() < 4 || in.In(1) != reflect.TypeFor[context.Context]() || in.In(2) != reflect.TypeFor[hedui.Officer]() || in.In(3) != reflect.TypeFor[string]() {
			continue
		}
		args := []reflect.Value{desk, reflect.ValueOf(t.Context()), reflect.ValueOf(o), reflect.ValueOf(c.ID)}
		for i := 4; i < in.NumIn(); i++ {
			arg := reflect.Zero(in.In(i))
			if arg.Type() == reflect.TypeFor[PaperOrder]() {
				arg = reflect.ValueOf(PaperOrder{Kind: ConsentPaper, Form: "pdf", Lang: "zh"})
			}
			if arg.Type() == reflect.TypeFor[[]byte]() {
				arg = reflect.ValueOf(plainPDF)
			}
			args = append(args, arg)
		}
		out := m.Func.Call(args)
		err, _ := out[len(out)-1].Interface().(error)
		if slices.Contains(elsewhere, m.Name) {
			continue
		}
		tried++
		if !isAside(err) {
			t.Errorf("%s: got %v", m.Name, err)
		}
	}
	if tried < 20 {
		t.Errorf("only %d acts were tried", tried)
	}
}
