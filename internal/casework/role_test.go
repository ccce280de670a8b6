package casework

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store/storetest"
)

// inRole is an officer who holds one role, with the rights that the table of the day gives it.
func inRole(t *testing.T, role hedui.OfficerRole) hedui.Officer {
	t.Helper()
	table, err := hedui.RoleTableOn(day.Of(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return officer(string(role), table.Rights(role)...)
}

// lacksRight tells a refusal for want of a right from any other answer.
func lacksRight(err error) bool {
	var known *hedui.Error
	return errors.As(err, &known) && known.Kind == hedui.Forbidden && known.Say.Key == "error.right"
}

// argument is what an act is given here: the case for whatever names one, nothing else.
func argument(of reflect.Type, id string) reflect.Value {
	switch of {
	case reflect.TypeFor[ItemRef]():
		return reflect.ValueOf(ItemRef{Case: id})
	case reflect.TypeFor[PaperOrder]():
		return reflect.ValueOf(PaperOrder{Kind: ConsentPaper, Form: "pdf", Lang: "zh"})
	case reflect.TypeFor[io.Writer]():
		return reflect.ValueOf(io.Discard)
	case reflect.TypeFor[io.Reader]():
		return reflect.ValueOf(&bytes.Buffer{})
	case reflect.TypeFor[string]():
		return reflect.ValueOf(id)
	case reflect.TypeFor[[]byte]():
		return reflect.ValueOf(plainPDF)
	case reflect.TypeFor[[]string]():
		return reflect.ValueOf([]string{id})
	}
	return reflect.Zero(of)
}

// Every act and every look of the office that an officer can ask for, as every role:
// T where the role has the right. A row of ? is an act on something else than a case,
// which is not found before a right is asked. Whoever adds an act must say here whose it is.
func TestEveryActAsEveryRole(t *testing.T) {
	b := newBench(t, storetest.Engines()[0].Open(t), time.Hour)
	c, err := b.Register(t.Context(), clerk, "draft", form(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	desk := reflect.ValueOf(b.Desk)
	for m := range desk.Type().Methods() {
		if m.Type.NumIn() < 3 || m.Type.In(1) != reflect.TypeFor[context.Context]() || m.Type.In(2) != reflect.TypeFor[hedui.Officer]() {
			continue
		}
		row := ""
		for _, role := range hedui.OfficerRoles() {
			args := []reflect.Value{desk, reflect.ValueOf(t.Context()), reflect.ValueOf(inRole(t, role))}
			for i := 3; i < m.Type.NumIn(); i++ {
				args = append(args, argument(m.Type.In(i), c.ID))
			}
			out := m.Func.Call(args)
			err, _ := out[len(out)-1].Interface().(error)
			mark := "T"
			if lacksRight(err) {
				mark = "."
			}
			row += mark
		}
		if !strings.Contains(row, ".") {
			row = strings.Repeat("?", len(row))
		}
		fmt.Fprintf(&got, "%s %s\n", row, m.Name)
	}
	want := `..T........... Accept
T............. AddConsents
......TT..TTTT Alerts
?????????????? AnswerCorrection
?????????????? AnswerItem
?????????????? AnswerRequest
...T.......... Archive
...T.......... AskAgain
.T.T.......... Attach
T............. AttachConsent
T............. BulkProblems
T............. BulkRegister
T............. BulkTemplate
T............. BulkUpload
T............. BulkUploads
T............. BulkWithdraw
...T.......... ByHand
T............. CaseOf
.TTTTTT...T... Cases
.TTTTTT...T... Changed
.......T...T.. CheckSource
?????????????? CloseLetter
.T............ Commission
..........T..T Concerns
...T.......... Confirm
......T....... ConfirmErasure
.TTTTTT...T... ConsentScan
T............. ConsentToSign
..........T..T CopiesLog
.T....T....... Copy
?????????????? CorrectItem
...T.......... Corrections
?????????????? CountNotices
.T............ Decide
.T............ Deliver
T............. Draft
T............. DraftPaper
T............. Drafts
T............. DropDraft
......T..T.... EnterTotals
......T....... EraseAgain
......T....... EraseAsCertified
......T....... EraseDue
TTTTTTT...T... Erasure
TTTTTTT...T... ErasureCertificate
.TTTTTT...T... ErasuresDue
.TTTTTT...T... Evidence
.T.T.......... Explain
.TTTTTT...T... Explanations
........T..... Exports
?????????????? FailLetter
T............. FindOwnPerson
.TTTTTT...T... FindPerson
...T.......... Finish
......T....... HandOver
......T....... HandedOver
.......T...T.. HandleAlert
?????????????? HandleReminder
......T...T... HoldCase
........T..... ImportList
TT............ IssueCode
?????????????? IssueLetter
?????????????? Item
.......T...T.. Joining
?????????????? LetterOf
...T....T..... LettersFile
......T...T... LiftHold
..........T..T LogEntries
.TTTTTT...T... Look
.T............ MirrorRequests
......TT..TTTT Neighbourhood
?????????????? Notices
.T............ Object
?????????????? OpenConcerns
........T..... Overdue
T............. OwnCase
T............. OwnCases
T............. Paper
........T..... PrepareExport
...T.......... ProposeErasure
.T....T....... PublicList
T............. Register
......T....... RejectErasure
?????????????? RemindLetter
?????????????? ReminderPaper
...T.......... Reminders
..........T..T ReopenConcern
......T..T.... Replay
?????????????? ReplyScan
?????????????? ReprintLetter
...T.......... Requery
...T.......... Resume
..T........... Return
?????????????? ReturnItem
....T......... Review
T............. SaveDraft
........T..... Scorecard
.....T........ Seal
?????????????? SeeNotices
....T......... SendBack
....T......... SendBackExplanation
?????????????? SendLetter
..........T..T SettleConcern
....T......... SettleExplanation
T............. SignConsent
.......T...T.. SourceChecks
......T..T.... Statistics
......T..T.... StatisticsFile
...T.......... Suspend
...T.......... SuspendClaim
?????????????? Take
......T....... TakeOver
?????????????? TakeReply
T..T.......... Terminate
...T....T..... TrackedLetters
..........T..T Trail
T..T.......... Withdraw
........T..... Worklist
........T..... WriteExport
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}
