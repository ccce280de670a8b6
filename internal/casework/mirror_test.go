package casework

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// counter hands out codes, at the office.
var counter = officer("counter", hedui.IssueCodes, hedui.CommissionCases)

// looked opens a mirror with a fresh code.
func (b *bench) looked(t *testing.T, id, number string) string {
	t.Helper()
	code, _, err := b.IssueCode(t.Context(), counter, id, 1)
	if err != nil {
		t.Fatal(err)
	}
	token, err := b.OpenMirror(t.Context(), number, strings.ToLower(code), "")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestACitizenSeesWhoAskedAndOnlyOnceByACode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.start(t)
		ctx := t.Context()
		f := form(t, 31)
		number, other := f.Persons[0].ID, f.Persons[1].ID
		id := b.accepted(t, f)
		b.await(t, id, hedui.Summarised)
		b.issue(t, id)
		if _, _, err := b.IssueCode(ctx, civil, id, 1); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("a code without the right: %v", err)
		}
		far := counter
		far.Division = "330100"
		if _, _, err := b.IssueCode(ctx, far, id, 1); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("a code for another division's case: %v", err)
		}
		code, _, err := b.IssueCode(ctx, counter, id, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range [][2]string{{other, code}, {number, "AAAA-AAAA-AAAA-AAAA"}, {"1", code}, {number, ""}, {"", ""}} {
			if _, err := b.OpenMirror(ctx, wrong[0], wrong[1], ""); hedui.KindOf(err) != hedui.Forbidden {
				t.Errorf("a wrong pair: %v", err)
			}
		}
		token, err := b.OpenMirror(ctx, number, code, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.OpenMirror(ctx, number, code, ""); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("the code a second time: %v", err)
		}
		list, err := b.Mirror(ctx, token)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d cases, %v", len(list), err)
		}
		r := list[0]
		if len(r.Asked) != 12 || r.Asked[0].Outcome != source.None || r.Asked[0].Department == "" || !r.Consented || r.Owes {
			t.Errorf("%d questions, consent %v: %+v", len(r.Asked), r.Consented, r.Asked)
		}
		read := slices.ContainsFunc(r.Looks, func(l LookLine) bool {
			return l.Verb == audit.ReadReport && l.Office == civil.Office && strings.Contains(l.Report, "v1 json")
		})
		if !read {
			t.Errorf("who was given the report is not shown: %+v", r.Looks)
		}
		for _, v := range []audit.Verb{audit.MirrorCode, audit.MirrorSeen, audit.Refused} {
			if !slices.Contains(b.verbs(t, id), v) {
				t.Errorf("no entry %s", v)
			}
		}
		usage, err := b.FindUsage(ctx, storetest.ID(t, day.Must("1970-01-01").Add(31), 10), time.Time{}, time.Time{})
		if err != nil || len(usage) < 12 || usage[0].LogTime.Before(usage[len(usage)-1].LogTime) {
			t.Errorf("%d uses, %v", len(usage), err)
		}
		if err := b.CloseMirror(ctx, token); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Mirror(ctx, token); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("after leaving: %v", err)
		}
	})
}

func TestCodesAndSessionsEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		ctx := t.Context()
		f := form(t, 32)
		id := b.accepted(t, f)
		number := f.Persons[0].ID
		real, ahead := b.Now, time.Duration(0)
		b.Now = func() time.Time { return real().Add(ahead) }
		token := b.looked(t, id, number)
		ahead = mirrorIdle
		if _, err := b.Mirror(ctx, token); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("an idle session: %v", err)
		}
		code, _, err := b.IssueCode(ctx, counter, id, 1)
		if err != nil {
			t.Fatal(err)
		}
		ahead += 7 * 24 * time.Hour
		if _, err := b.OpenMirror(ctx, number, code, ""); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("an old code: %v", err)
		}
		ahead = 0
		if code, _, err = b.IssueCode(ctx, counter, id, 1); err != nil {
			t.Fatal(err)
		}
		for range codeTries {
			_, _ = b.OpenMirror(ctx, number, "AAAA-AAAA-AAAA-AAAA", "")
		}
		if _, err := b.OpenMirror(ctx, number, code, ""); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("a code after too many tries: %v", err)
		}
		for range addressTries {
			_, _ = b.OpenMirror(ctx, number, "x", "192.0.2.7")
		}
		if _, err := b.OpenMirror(ctx, number, "x", "192.0.2.7"); hedui.KindOf(err) != hedui.Unavailable {
			t.Errorf("an address that guesses: %v", err)
		}
	})
}

func TestARequestFromTheMirrorReachesTheOfficeAndAWithdrawalStopsTheQueries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour) // not started: every query waits
		ctx := t.Context()
		f := form(t, 33)
		id := b.accepted(t, f)
		token := b.looked(t, id, f.Persons[0].ID)
		if _, err := b.AskInMirror(ctx, token, id, hedui.ObjectRequest, " "); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("an objection without a word: %v", err)
		}
		r, err := b.AskInMirror(ctx, token, id, hedui.ObjectRequest, "房子不是我的")
		if err != nil || !hedui.ValidNumber(hedui.RequestSeries, r.Number) || !r.DueAt.After(r.AskedAt) {
			t.Fatalf("%+v, %v", r, err)
		}
		if _, err := b.AskInMirror(ctx, token, id, hedui.ObjectRequest, "再说一次"); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("the same twice: %v", err)
		}
		elsewhere := b.accepted(t, form(t, 34))
		if _, err := b.AskInMirror(ctx, token, elsewhere, hedui.CopyRequest, ""); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("a case of others: %v", err)
		}
		list, err := b.MirrorRequests(ctx, counter, true)
		if err != nil || len(list) != 1 || list[0].Text != "房子不是我的" {
			t.Fatalf("the office has %+v, %v", list, err)
		}
		if _, err := b.MirrorRequests(ctx, clerk, true); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("listed without the right: %v", err)
		}
		if err := b.AnswerRequest(ctx, counter, r.Number, hedui.RequestDone, "已启动复核"); err != nil {
			t.Fatal(err)
		}
		if err := b.AnswerRequest(ctx, counter, r.Number, hedui.RequestDeclined, "不"); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("answered twice: %v", err)
		}
		if _, err := b.AskInMirror(ctx, token, id, hedui.WithdrawRequest, ""); err != nil {
			t.Fatal(err)
		}
		shown, err := b.Mirror(ctx, token)
		if err != nil || len(shown) != 1 || shown[0].Consented || len(shown[0].Requests) != 2 {
			t.Fatalf("%+v, %v", shown, err)
		}
		err = db.InTx(ctx, func(tx *store.Tx) error {
			queries, err := tx.Queries(ctx, id)
			for _, q := range queries {
				if q.Person == 1 && !q.Settled() {
					t.Errorf("%s is still asked", q.Category)
				}
			}
			if err != nil {
				return err
			}
			_, err = tx.EraseCase(ctx, id)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Mirror(ctx, token); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("the session of an erased person: %v", err)
		}
		if list, err := b.MirrorRequests(ctx, counter, false); err != nil || len(list) != 0 {
			t.Errorf("%d requests are left, %v", len(list), err)
		}
	})
}

// There is no search over people: a number leads to cases of the own division only,
// and the attempt is recorded without it.
func TestASearchFindsOwnCasesOnlyAndIsRecorded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		ctx := t.Context()
		f := form(t, 35)
		id := b.accepted(t, f)
		far := clerk
		far.ID, far.Division = "far", "330100"
		if got, err := b.CaseOf(ctx, far, f); err != nil || got != "" {
			t.Errorf("another city's clerk finds %q, %v", got, err)
		}
		if _, err := b.CaseOf(ctx, civil, f); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("searched without the right: %v", err)
		}
		if got, err := b.CaseOf(ctx, clerk, f); err != nil || got != id {
			t.Errorf("got %q, %v", got, err)
		}
		if !slices.Contains(b.verbs(t, id), audit.Searched) {
			t.Error("the search is not recorded")
		}
		err := db.Read(ctx, func(tx *store.Tx) error {
			entries, err := tx.Entries(ctx, "")
			searched, refused := false, false
			for _, e := range entries {
				searched = searched || e.Verb == audit.Searched && e.Officer == "far"
				refused = refused || e.Verb == audit.Refused
				if strings.Contains(string(e.Canonical()), f.Persons[0].ID) {
					t.Error("an entry holds a number")
				}
			}
			if !searched || !refused {
				t.Errorf("search recorded %v, refusal %v", searched, refused)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
