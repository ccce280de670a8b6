package casework

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/report"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
	"hedui/source"
)

var (
	proposer  = officer("proposer", hedui.ReadCases, hedui.VerifyCases, hedui.ProposeErasure)
	manager   = officer("manager", hedui.ReadCases, hedui.ConfirmErasure, hedui.HoldCases)
	inspector = officer("inspector", hedui.ReadCases, hedui.HoldCases)
)

func signedLog(t *testing.T, db *store.DB) audit.Trust {
	t.Helper()
	key, err := seal.Generate(seal.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	k, err := audit.NewKey("haishu", key, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	db.SignLog(k)
	return audit.Trust{k.Verifier()}
}

// A case goes the whole way, is held, let go, rejected and at last erased by two
// officers. Then nothing of it can be read by anybody, its certificate proves so, and
// the log holds.
func TestTwoOfficersEraseACase(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			db := storetest.Open(t, o)
			trust := signedLog(t, db)
			b := newBench(t, db, time.Hour)
			b.sources["business"].answer = func(q source.Query, _ int) (source.Answer, error) {
				return source.Answer{Outcome: source.Found, Match: source.MatchIDName, AsOf: time.Now(), Hash: "sha256:00",
					Records: []catalog.Record{{"registered_capital": "7312345.67", "name": "绝密试验公司"}}}, nil
			}
			b.start(t)
			ctx := t.Context()
			f := form(t, 301)
			f.Persons[0].Name = "欧阳试验绝密"
			id := b.accepted(t, f)
			if _, err := b.ProposeErasure(ctx, proposer, id, "request"); hedui.KindOf(err) != hedui.Conflict {
				t.Errorf("proposed while it is under way: %v", err)
			}
			b.await(t, id, hedui.Summarised)
			c, err := b.Look(ctx, civil, id)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.AttachConsent(ctx, clerk, id, c.Case.Consents[0].Number, picture(t, 9)); err != nil {
				t.Fatal(err)
			}
			b.issue(t, id)

			must := func(_ hedui.Erasure, err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			refuse := func(what string, kind hedui.Kind, err error) {
				t.Helper()
				if hedui.KindOf(err) != kind {
					t.Errorf("%s: got %v, want %v", what, err, kind)
				}
			}
			must(b.ProposeErasure(ctx, proposer, id, "request"))
			both := proposer
			both.Rights = hedui.Rights()
			_, err = b.ConfirmErasure(ctx, both, id)
			refuse("confirmed by who has proposed it", hedui.Forbidden, err)
			_, err = b.ConfirmErasure(ctx, inspector, id)
			refuse("confirmed without the right", hedui.Forbidden, err)
			must(b.HoldCase(ctx, inspector, id, "discipline"))
			_, err = b.ConfirmErasure(ctx, manager, id)
			refuse("confirmed while it is held", hedui.Conflict, err)
			_, err = b.ProposeErasure(ctx, proposer, id, "request")
			refuse("proposed while it is held", hedui.Conflict, err)
			must(b.LiftHold(ctx, manager, id))
			_, err = b.ConfirmErasure(ctx, manager, id)
			refuse("confirmed a proposal that the hold has ended", hedui.Conflict, err)
			must(b.ProposeErasure(ctx, proposer, id, "request"))
			must(b.RejectErasure(ctx, manager, id))
			_, err = b.ErasureCertificate(ctx, manager, id, PaperOrder{Form: "txt"})
			refuse("the certificate of a case that is kept", hedui.NotFound, err)
			must(b.ProposeErasure(ctx, proposer, id, "withdrawn"))
			if list, err := b.ErasuresDue(ctx, proposer, time.Now()); err != nil || len(list.Open) != 1 || list.Open[0].Reason != "withdrawn" || len(list.Book) < 14 {
				t.Errorf("open: %+v, %v", list, err)
			}

			boxes, before := storetest.Boxes(t, o, id), storetest.Contents(t, o)
			if len(boxes) < 8 || len(storetest.Holds(before, boxes[0])) == 0 {
				t.Fatalf("%d boxes, and the key was not found: the search is broken", len(boxes))
			}
			must(b.ConfirmErasure(ctx, manager, id))
			_, err = b.ConfirmErasure(ctx, manager, id)
			refuse("erased twice", hedui.Conflict, err)
			_, err = b.HoldCase(ctx, inspector, id, "court")
			refuse("held after it was erased", hedui.Conflict, err)

			after := storetest.Contents(t, o)
			for i, box := range boxes {
				if in := storetest.Holds(after, box[:min(len(box), 200)]); len(in) > 0 {
					t.Errorf("box %d is still in %v", i, in)
				}
			}
			secrets := []string{"欧阳试验绝密", "绝密试验公司", "7312345", f.Persons[0].ID, f.Persons[1].ID}
			for _, s := range secrets {
				if in := storetest.Holds(after, []byte(s)); len(in) > 0 {
					t.Errorf("%q is in clear in %v", s, in)
				}
			}

			_, err = b.Look(ctx, civil, id)
			isErased(t, "a look", err)
			for _, form := range []string{"html", "pdf", "json"} {
				_, err := b.Copy(ctx, civil, id, 1, form)
				isErased(t, "a copy as "+form, err)
			}
			_, err = b.ConsentScan(ctx, civil, id, c.Case.Consents[0].Number)
			isErased(t, "a scan", err)
			list, err := b.Cases(ctx, civil, store.Filter{})
			if err != nil || len(list) != 1 || !list[0].Erased || list[0].Applicant != "" {
				t.Errorf("listed as %+v, %v", list, err)
			}

			file, err := b.ErasureCertificate(ctx, civil, id, PaperOrder{Form: "pdf", Lang: "zh"})
			if err != nil {
				t.Fatal(err)
			}
			keys, err := seal.ParseTrust(seal.CertificatePEM(b.Certificate))
			if err != nil {
				t.Fatal(err)
			}
			r, err := report.Verify(file.Body, nil, keys)
			if err != nil || !r.Valid() || r.Paper != "erasure" {
				t.Fatalf("the certificate: %+v, %v", r, err)
			}
			p, err := audit.ParseProof(string(r.Proof))
			if err != nil || p.Entry.Verb != audit.Erased || p.Entry.Officer != manager.ID || !strings.HasPrefix(p.Entry.Detail, r.Number+" sha256:") {
				t.Fatalf("its proof: %+v, %v", p.Entry, err)
			}
			if _, err := p.Check(trust); err != nil {
				t.Errorf("its proof: %v", err)
			}
			text, err := b.ErasureCertificate(ctx, civil, id, PaperOrder{Form: "txt", Lang: "zh"})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range append(secrets, "某人") {
				if bytes.Contains(text.Body, []byte(s)) {
					t.Errorf("%q stands on the certificate", s)
				}
			}
			view, err := b.Erasure(ctx, civil, id)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []string{c.Case.Number, "proposer", "manager", "撤回同意", view.Number, p.Entry.ID, "授权书扫描件", "数据源的反馈", "核对报告"} {
				if !bytes.Contains(text.Body, []byte(s)) {
					t.Errorf("%q does not stand on the certificate:\n%s", s, text.Body)
				}
			}

			if proved, err := db.ProveLog(ctx, trust); err != nil || !proved.Sound() {
				t.Errorf("the log after the erasure: %+v, %v", proved, err)
			}
			if n := times(b.verbs(t, id), audit.Erased); n != 1 {
				t.Errorf("%d entries of the erasure, want 1", n)
			}
			if err := db.InTx(ctx, func(tx *store.Tx) error { // somebody changes what the row says
				e, err := tx.Erasure(ctx, id)
				e.Reason = "purpose"
				return errors.Join(err, tx.SaveErasure(ctx, e, time.Now()))
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := b.ErasureCertificate(ctx, civil, id, PaperOrder{Form: "pdf"}); hedui.KindOf(err) != hedui.Internal {
				t.Errorf("a certificate of a row that was changed: %v", err)
			}
		})
	}
}

func isErased(t *testing.T, what string, err error) {
	t.Helper()
	if !IsErased(err) {
		t.Errorf("%s after the erasure: %v", what, err)
	}
}

func times(list []audit.Verb, of audit.Verb) (n int) {
	for _, v := range list {
		if v == of {
			n++
		}
	}
	return n
}

// ended makes a case that has come to a stage at an instant.
func ended(t *testing.T, b *bench, n int, stage hedui.Stage, verb audit.Verb, at time.Time, division string) *hedui.Case {
	t.Helper()
	c := storetest.Case(t, n)
	c.Stage, c.Division, c.CreatedAt = stage, division, at.Add(-time.Hour)
	err := b.DB.InTx(t.Context(), func(tx *store.Tx) error {
		err := tx.CreateCase(t.Context(), c)
		if verb != "" {
			err = errors.Join(err, tx.Record(t.Context(), audit.New(at, "x", "", verb, c.ID, "")))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is due by the table is erased, and nothing else: by stage, event, place, hold and
// hour. A round that is broken off leaves whole cases and is gone on with.
func TestWhatIsDueIsErased(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			now := time.Date(2026, 11, 26, 1, 0, 0, 0, time.UTC)
			b := newBench(t, storetest.Open(t, o), time.Hour)
			b.at(t, now)
			book, err := hedui.StandardRetention()
			if err != nil {
				t.Fatal(err)
			}
			short, err := hedui.ReadRetention([]byte(`[` + strings.Join(everyTerm(book), ",") + `,
				{kind: case, event: terminated, place: "330212", from: 2020-01-01, keep: 1m, basis: b},
				{kind: case, event: archived, place: "330212", from: 2020-01-01, keep: never, basis: b}]`))
			if err != nil {
				t.Fatal(err)
			}
			b.Retention = short
			ctx := t.Context()
			months := func(n int) time.Time { return now.AddDate(0, -n, 0).Add(-24 * time.Hour) }
			type made struct {
				c    *hedui.Case
				gone bool
			}
			var all []made
			add := func(gone bool, stage hedui.Stage, verb audit.Verb, at time.Time, division string) *hedui.Case {
				c := ended(t, b, len(all), stage, verb, at, division)
				all = append(all, made{c, gone})
				return c
			}
			for range 45 {
				add(true, hedui.Terminated, audit.Terminated, months(24), "330203")
			}
			add(false, hedui.Terminated, audit.Terminated, months(23), "330203")
			add(true, hedui.Terminated, audit.Terminated, months(2), "330212") // the county's own term
			add(true, hedui.Delivered, audit.Delivered, months(120), "330203")
			add(true, hedui.Rechecked, audit.Confirmed, months(120), "330203")
			add(true, hedui.Archived, audit.Archived, months(120), "330203")
			add(false, hedui.Archived, audit.Archived, months(240), "330212") // for good
			add(true, hedui.Handed, audit.Arrived, months(6), "330203")
			away := add(false, hedui.Handed, audit.HandedOver, months(60), "330203") // nobody has confirmed that it arrived
			if _, err := b.ProposeErasure(ctx, proposer, away.ID, "purpose"); hedui.KindOf(err) != hedui.Conflict {
				t.Errorf("the only copy of a case was proposed: %v", err)
			}
			add(true, hedui.Draft, audit.Registered, months(3), "330203")
			add(false, hedui.Issued, audit.Sealed, months(240), "330203") // under way
			add(false, hedui.Suspended, audit.Suspended, months(240), "330203")
			held := add(false, hedui.Terminated, audit.Terminated, months(100), "330203")
			again := add(false, hedui.Delivered, audit.Delivered, months(130), "330203") // delivered once more since
			if err := b.DB.InTx(ctx, func(tx *store.Tx) error {
				return tx.Record(ctx, audit.New(months(5), "x", "", audit.Delivered, again.ID, ""))
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := b.HoldCase(ctx, inspector, held.ID, "court"); err != nil {
				t.Fatal(err)
			}
			want := 0
			for _, m := range all {
				if m.gone {
					want++
				}
			}
			list, err := b.ErasuresDue(ctx, manager, now)
			if err != nil || len(list.Due) != want+1 || list.More { // the held one is in it, and says so
				t.Errorf("%d are listed as due, want %d; %v", len(list.Due), want+1, err)
			}
			if i := slices.IndexFunc(list.Due, func(d DueErasure) bool { return d.Case == held.ID }); i < 0 || list.Due[i].State != hedui.ErasureHeld {
				t.Errorf("the held case is not listed as held")
			}
			if later, err := b.ErasuresDue(ctx, manager, now.AddDate(0, 2, 0)); err != nil || len(later.Due) != want+2 {
				t.Errorf("%d are listed as due in two months, want %d; %v", len(later.Due), want+2, err)
			}

			free := storetest.Full(t, o, "erasures")
			if n, err := b.EraseDue(ctx, manager); err == nil || n != 0 {
				t.Errorf("on a full disk: %d erased, %v", n, err)
			}
			free()
			for _, m := range all {
				if _, err := b.decrypt(ctx, m.c.ID); err != nil {
					t.Fatalf("a case is gone although its erasure failed: %v", err)
				}
			}
			stopped, stop := context.WithCancel(ctx)
			n1, err := b.lapseBatch(stopped, list.Due[:0], hedui.WhenDelivered, hedui.System)
			if n1 != 0 || err != nil {
				t.Errorf("nothing: %d, %v", n1, err)
			}
			some := slices.DeleteFunc(slices.Clone(list.Due), func(d DueErasure) bool { return d.Stage != hedui.Terminated })[:30]
			n1, err = b.lapseBatch(stopped, some, hedui.WhenTerminated, hedui.System) // the round is killed after it
			if err != nil {
				t.Fatal(err)
			}
			stop()
			if n, err := b.lapseBatch(stopped, list.Due, hedui.WhenTerminated, hedui.System); n != 0 || err == nil {
				t.Errorf("a round that was stopped has erased %d, %v", n, err)
			}
			n2, err := b.EraseDue(ctx, manager)
			if err != nil || n1+n2 != want {
				t.Errorf("%d and %d were erased, want %d together; %v", n1, n2, want, err)
			}
			for i, m := range all {
				_, err := b.decrypt(ctx, m.c.ID)
				if gone := err != nil; gone != m.gone {
					t.Errorf("case %d (%s in %s): erased %v, want %v", i, m.c.Stage, m.c.Division, gone, m.gone)
				}
				if n := times(b.verbs(t, m.c.ID), audit.Erased); m.gone && n != 1 || !m.gone && n != 0 {
					t.Errorf("case %d (%s): %d entries", i, m.c.Stage, n)
				}
			}
			if n, err := b.EraseDue(ctx, manager); n != 0 || err != nil {
				t.Errorf("once more: %d, %v", n, err)
			}
			if _, err := b.LiftHold(ctx, manager, held.ID); err != nil {
				t.Fatal(err)
			}
			if n, err := b.EraseDue(ctx, manager); n != 1 || err != nil {
				t.Errorf("after the hold: %d, %v", n, err)
			}
			file, err := b.ErasureCertificate(ctx, manager, held.ID, PaperOrder{Form: "txt", Lang: "en"})
			if err != nil || !bytes.Contains(file.Body, []byte("case/terminated 000000 2012-12-01 24m")) {
				t.Errorf("the certificate names no line of the table: %s, %v", file.Body, err)
			}
		})
	}
}

// decrypt opens a case as somebody would who has its key.
func (b *bench) decrypt(ctx context.Context, id string) (c *hedui.Case, err error) {
	err = b.DB.Read(ctx, func(tx *store.Tx) error {
		c, err = tx.Case(ctx, id)
		return err
	})
	return c, err
}

// everyTerm writes a table of terms as YAML again.
func everyTerm(book hedui.RetentionBook) []string {
	var lines []string
	for _, r := range book {
		lines = append(lines, `{kind: `+string(r.Kind)+`, event: `+string(r.Event)+`, place: "`+r.Place+`", from: `+r.From.String()+`, keep: `+r.Keep.String()+`, basis: b}`)
	}
	return lines
}

// Drafts go a month after they were saved last, alerts and counted use by their terms.
func TestWhatHasNoCaseIsDeletedByItsTerm(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Date(2026, 11, 26, 1, 0, 0, 0, time.UTC)
		b := newBench(t, db, time.Hour)
		clock := b.at(t, now)
		ctx := t.Context()
		save := func(id string) {
			t.Helper()
			if err := b.SaveDraft(ctx, clerk, id, form(t, 1)); err != nil {
				t.Fatal(err)
			}
		}
		round := func() {
			t.Helper()
			if _, err := b.EraseDue(ctx, manager); err != nil {
				t.Fatal(err)
			}
		}
		save("old")
		save("kept")
		for _, on := range []day.Day{day.Of(now), day.Of(now).Add(-20)} {
			if ok, err := db.TakeUse(ctx, store.Use{Source: "land", On: on, Kind: store.UsedPersons}, 3, 10); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		if err := db.InTx(ctx, func(tx *store.Tx) error {
			for _, days := range []int{0, 390} {
				on := now.AddDate(0, 0, -days)
				if err := tx.AddIncident(ctx, day.Of(on).String(), store.Incident{Peer: "haishu", Reason: "key", Remote: "127.0.0.1", Last: on, Count: 1}); err != nil {
					return err
				}
			}
			for i, source := range []string{"land", "tax"} {
				at := now.AddDate(0, 0, -399*(1-i))
				if _, err := tx.RaiseAlert(ctx, hedui.Alert{Source: source, Kind: hedui.AlertDown, Last: at}); err != nil {
					return err
				}
				if _, err := tx.EndAlert(ctx, source, hedui.AlertDown, at); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		round()
		now = now.AddDate(0, 0, 29)
		clock.set(now)
		round()
		save("kept")
		now = now.AddDate(0, 0, 20)
		clock.set(now)
		round()
		_, old := b.Draft(ctx, clerk, "old")
		_, kept := b.Draft(ctx, clerk, "kept")
		if hedui.KindOf(old) != hedui.NotFound || kept != nil {
			t.Errorf("old: %v, kept: %v", old, kept)
		}
		for on, want := range map[day.Day]int{day.Of(now).Add(-49): 3, day.Of(now).Add(-69): 0} {
			if n, err := db.Used(ctx, store.Use{Source: "land", On: on, Kind: store.UsedPersons}); n != want || err != nil {
				t.Errorf("use of %s: %d, %v, want %d", on, n, err, want)
			}
		}
		if err := db.Read(ctx, func(tx *store.Tx) error {
			list, err := tx.Alerts(ctx, 10)
			if len(list) != 1 || list[0].Source != "tax" {
				t.Errorf("alerts %+v", list)
			}
			incidents, err2 := tx.Incidents(ctx, 10)
			if len(incidents) != 1 {
				t.Errorf("incidents %+v", incidents)
			}
			return errors.Join(err, err2)
		}); err != nil {
			t.Fatal(err)
		}
	})
}
