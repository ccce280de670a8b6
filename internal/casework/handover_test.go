package casework

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/report"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/region"
	"hedui/seal"
	"hedui/source"
)

func identity(t *testing.T, name, division string) exchange.Identity {
	t.Helper()
	key, err1 := seal.Generate(seal.Ed25519)
	box, err2 := exchange.GenerateBox()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return exchange.Identity{Name: name, Division: division, Level: region.KindCounty, Signer: key, Public: key.Public(), Boxes: []*exchange.BoxKey{box}}
}

// side is one of two nodes.
type side struct {
	*bench
	Border
	now *clock
}

func (s *side) peer() exchange.Peer { return s.Me.Peer() }

var giver, taker = officer("giver", hedui.HandCases), officer("taker", hedui.HandCases)

// eachPair runs f with the nodes of 江东 and 鄞州 on every engine, the one with a
// day of its own left.
func eachPair(t *testing.T, f func(t *testing.T, old, next *side)) {
	t.Helper()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			nodes := []exchange.Identity{identity(t, "jiangdong", "330204"), identity(t, "yinzhou", "330212")}
			sides := make([]*side, 2)
			for i, me := range nodes {
				b := newBench(t, e.Open(t), 24*time.Hour)
				b.Node, b.Division, b.MandateKey = me.Name, me.Division, func() seal.Signer { return me.Signer }
				sides[i] = &side{bench: b, Border: Border{me, exchange.Only(nodes[1-i].Peer())}, now: b.at(t, change.Add(-6*time.Hour))}
			}
			f(t, sides[0], sides[1])
		})
	}
}

func (s *side) export(t *testing.T, to *side, want int) []byte {
	t.Helper()
	var file bytes.Buffer
	if n, err := s.HandOver(t.Context(), giver, []string{"330204"}, to.peer(), s.Me, &file); n != want || err != nil {
		t.Fatalf("%d cases handed over, want %d: %v", n, want, err)
	}
	return file.Bytes()
}

func (s *side) take(t *testing.T, file []byte, want int) (receipt []byte) {
	t.Helper()
	var out bytes.Buffer
	if n, err := s.TakeOver(t.Context(), taker, bytes.NewReader(file), s.Border, &out); n != want || err != nil {
		t.Fatalf("%d cases taken over, want %d: %v", n, want, err)
	}
	return out.Bytes()
}

func (s *side) confirm(t *testing.T, receipt []byte, want int) {
	t.Helper()
	if n, err := s.HandedOver(t.Context(), giver, bytes.NewReader(receipt), s.Border); n != want || err != nil {
		t.Fatalf("%d cases confirmed, want %d: %v", n, want, err)
	}
}

func (b *bench) whole(t *testing.T, id string) (bundle store.Bundle) {
	t.Helper()
	if err := b.DB.Read(t.Context(), func(tx *store.Tx) (err error) { bundle, err = tx.Bundle(t.Context(), id); return err }); err != nil {
		t.Fatal(err)
	}
	return bundle
}

func (b *bench) jobs(t *testing.T) (n int) {
	t.Helper()
	if err := b.DB.Read(t.Context(), func(tx *store.Tx) error {
		lanes, err := tx.Backlog(t.Context())
		for lane, some := range lanes {
			if lane != auditLane && lane != eraseLane && lane != concernLane && lane != statisticsLane {
				n += some
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// One case is sealed with a gap, one still collects. Both go on at the other node.
func TestCasesGoOnAtAnotherNode(t *testing.T) {
	eachPair(t, func(t *testing.T, old, next *side) {
		ctx := t.Context()
		old.sources["land"].answer = func(source.Query, int) (source.Answer, error) { return source.Answer{}, errDown }
		stop := old.work(t)
		sealed, running := old.accepted(t, formOf(t, 1, "330204")), old.accepted(t, formOf(t, 2, "330204"))
		for _, id := range []string{sealed, running} {
			if err := old.settled(t, id, 2); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := old.Finish(ctx, receiver, sealed); err != nil {
			t.Fatal(err)
		}
		first := old.issue(t, sealed)
		if _, err := old.Copy(ctx, civil, sealed, 1, "pdf"); err != nil {
			t.Fatal(err)
		}
		before := old.whole(t, sealed)
		old.now.set(change)
		next.now.set(change)
		file := old.export(t, next, 2)
		stop()
		refusedEverything(t, old, sealed)
		if n := old.jobs(t); n != 0 {
			t.Errorf("%d jobs are left", n)
		}

		next.work(t)
		receipt := next.take(t, file, 2)
		old.confirm(t, receipt, 2)
		old.confirm(t, receipt, 0)
		old.export(t, next, 0)

		// The late answer for the sealed one, the last for the other.
		next.await(t, running, hedui.Summarised)
		next.await(t, sealed, hedui.Summarised)
		after := next.whole(t, sealed)
		wantSameQueries(t, before, after)
		if c := after.Case; c.Number != before.Case.Number || c.Division != "330212" || c.Version != 1 || !reflect.DeepEqual(c.Mandates, before.Case.Mandates) {
			t.Errorf("taken over as %s of %s, version %d", c.Number, c.Division, c.Version)
		}
		if r := after.Reports[0]; r.Copies != 1 || len(after.Copies) != 1 || !bytes.Equal(r.Content, before.Reports[0].Content) || !bytes.Equal(r.Seal, before.Reports[0].Seal) {
			t.Error("the sealed report has changed on its way")
		}
		verified(t, old, next, sealed)
		second := next.issue(t, sealed)
		if second.Version != 2 || second.Number != first.Number || len(second.Gaps) != 0 || len(second.Changes) == 0 || second.Case.Division.Code != "330212" {
			t.Errorf("version %d of %s with %d gaps and %d changes, in %s", second.Version, second.Number, len(second.Gaps), len(second.Changes), second.Case.Division.Text)
		}
		if one := next.issue(t, running); !strings.HasPrefix(one.Number, "B330212") || one.Case.Number != old.load(t, running).Number {
			t.Errorf("report %s of case %s", one.Number, one.Case.Number)
		}
		wantHistory(t, old, next, before)
	})
}

func refusedEverything(t *testing.T, old *side, id string) {
	t.Helper()
	ctx := t.Context()
	all := officer("boss", hedui.Rights()...)
	why := hedui.Say("step.objection")
	for name, err := range map[string]error{
		"archive":    second2(old.Archive(ctx, all, id)),
		"object":     second2(old.Object(ctx, all, id, why)),
		"terminate":  second2(old.Terminate(ctx, all, id, why)),
		"seal":       second2(old.Seal(ctx, all, id)),
		"print":      second2(old.Copy(ctx, all, id, 1, "pdf")),
		"consent":    third(old.AddConsents(ctx, all, id, nil)),
		"commission": second2(old.Commission(ctx, all, id)),
	} {
		var say *hedui.Error
		if !errors.As(err, &say) || say.Kind != hedui.Conflict || say.Say.Key != "error.handed" || say.Say.Args[1] != "yinzhou" {
			t.Errorf("%s after the hand-over: %v", name, err)
		}
	}
	if _, err := old.Archive(ctx, civil, id); hedui.KindOf(err) != hedui.Forbidden {
		t.Errorf("archive without the right: %v", err)
	}
	if v, err := old.Look(ctx, all, id); err != nil || v.Case.Stage != hedui.Handed {
		t.Errorf("it cannot be read any more: %v", err)
	}
	if _, err := old.Copy(ctx, all, id, 1, "json"); err != nil {
		t.Errorf("its report cannot be read any more: %v", err)
	}
}

func second2[A any](_ A, err error) error       { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

func wantSameQueries(t *testing.T, before, after store.Bundle) {
	t.Helper()
	for i, q := range before.Queries {
		got := after.Queries[i]
		if got.ID != q.ID || q.Settled() && !reflect.DeepEqual(got, q) {
			t.Errorf("query %s %s came as %s %s", q.ID, q.State, got.ID, got.State)
		}
		if got.State != hedui.Answered {
			t.Errorf("%s is %s", got.Category, got.State)
		}
	}
}

// verified holds the report that the old node has sealed, as the new one gives it
// out, against the old node's certificate alone.
func verified(t *testing.T, old, next *side, id string) {
	t.Helper()
	var files [3]File
	for i, form := range []string{"json", "json.sig", "pdf"} {
		var err error
		if files[i], err = next.Copy(t.Context(), civil, id, 1, form); err != nil {
			t.Fatal(err)
		}
	}
	trust, err1 := seal.ParseTrust(seal.CertificatePEM(old.Certificate))
	both, err2 := seal.ParseTrust(append(seal.CertificatePEM(old.Certificate), seal.CertificatePEM(next.Certificate)...))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if r, err := report.Verify(files[0].Body, files[1].Body, trust); err != nil || !r.Valid() {
		t.Errorf("report of the old node: %s %v", r.Verdict, err)
	}
	if r, err := report.Verify(files[2].Body, nil, both); err != nil || !r.Valid() || r.Copy != 2 {
		t.Errorf("a further copy of it: %s, copy %d, %v", r.Verdict, r.Copy, err)
	}
}

func wantHistory(t *testing.T, old, next *side, before store.Bundle) {
	t.Helper()
	id := before.Case.ID
	var here []string
	for _, e := range next.whole(t, id).Entries {
		here = append(here, e.ID)
	}
	for _, e := range before.Entries {
		if !slices.Contains(here, e.ID) {
			t.Errorf("the entry %s did not come along", e.Verb)
		}
	}
	for verb, on := range map[audit.Verb][2]int{audit.HandedOver: {1, 1}, audit.Arrived: {1, 0}, audit.TakenOver: {0, 1}} {
		if o, n := count(old.verbs(t, id), verb), count(next.verbs(t, id), verb); o != on[0] || n != on[1] {
			t.Errorf("%s recorded %d and %d times, want %v", verb, o, n, on)
		}
	}
	var steps []string
	for _, s := range next.load(t, id).Steps[len(before.Case.Steps):] {
		steps = append(steps, s.Note.Key)
	}
	if want := []string{"step.handed", "step.taken", "step.moved"}; !reflect.DeepEqual(steps[:3], want) {
		t.Errorf("steps %v, want %v first", steps, want)
	}
}

// put stores a case at a stage, with its queries, as the old node has it.
func put(t *testing.T, s *side, n int, stage hedui.Stage) *hedui.Case {
	t.Helper()
	c := storetest.Case(t, n)
	c.Division, c.Stage, c.AcceptedAt, c.DueAt, c.Round = "330204", stage, storetest.At, storetest.At.Add(time.Hour), 1
	var err error
	if c.Number, err = hedui.Number(hedui.CaseSeries, c.Division, c.AppliedOn, c.Programme, n+1); err != nil {
		t.Fatal(err)
	}
	if stage == hedui.Suspended {
		c.Before = hedui.Collecting
	}
	err = s.DB.InTx(t.Context(), func(tx *store.Tx) error {
		if err := tx.CreateCase(t.Context(), c); err != nil {
			return err
		}
		plan := storetest.Plan(c)
		plan[0].Take(storetest.Answer(c, &plan[0]), storetest.At)
		if err := tx.AddQueries(t.Context(), plan); err != nil {
			return err
		}
		if err := tx.Enqueue(t.Context(), askJob(plan[1], storetest.At), deadlineJob(c, c.DueAt)); err != nil {
			return err
		}
		return tx.Record(t.Context(), audit.New(storetest.At, "clerk", "", audit.Registered, c.ID, c.Number))
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func stages() []hedui.Stage {
	return slices.DeleteFunc(hedui.Stages(), func(s hedui.Stage) bool { return s == hedui.Handed })
}

func (s *side) fill(t *testing.T, next *side) map[hedui.Stage]*hedui.Case {
	t.Helper()
	s.now.set(storetest.At)
	next.now.set(storetest.At)
	all := map[hedui.Stage]*hedui.Case{}
	for n, stage := range stages() {
		all[stage] = put(t, s, n, stage)
	}
	return all
}

func TestACaseOfEachStageIsTakenOverWhereItStood(t *testing.T) {
	eachPair(t, func(t *testing.T, old, next *side) {
		all := old.fill(t, next)
		next.take(t, old.export(t, next, len(all)), len(all))
		for stage, c := range all {
			b := next.whole(t, c.ID)
			got := b.Case
			if got.Stage != stage || got.Number != c.Number || got.Before != c.Before || got.Handed != nil || got.Taken.From != "jiangdong" || got.Division != "330212" {
				t.Errorf("%s: taken over at %s as %+v", stage, got.Stage, got.Taken)
			}
			if !reflect.DeepEqual(got.Persons, c.Persons) || !reflect.DeepEqual(got.Declared, c.Declared) || len(got.Consents) != len(c.Consents) {
				t.Errorf("%s: the family has changed", stage)
			}
			if q := b.Queries[slices.IndexFunc(b.Queries, func(q hedui.Query) bool { return q.State == hedui.Answered })]; len(q.Records) != 2 {
				t.Errorf("%s: the answer came with %d records", stage, len(q.Records))
			}
			if c := old.load(t, c.ID); c.Stage != hedui.Handed || c.Handed.Stage != stage {
				t.Errorf("%s: stands at %s on the old node", stage, c.Stage)
			}
		}
		// Each question is asked anew; those who collect have their deadline.
		want := len(all) * (len(storetest.Plan(all[hedui.Draft])) - 1)
		for stage := range all {
			if stage.Collects() {
				want++
			}
		}
		if got := next.jobs(t); got != want {
			t.Errorf("%d jobs, want %d", got, want)
		}
	})
}

// brittle fails, and ends the context, once it has passed so many bytes.
type brittle struct {
	w      io.Writer
	r      io.Reader
	left   int
	cancel func()
}

func (b *brittle) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		b.cancel()
		return 0, errors.New("no space left on device")
	}
	return b.w.Write(p)
}

func (b *brittle) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.cancel()
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

// However often either side dies in the middle, every case comes exactly once.
func TestACrashOnEitherSideLosesAndDoublesNothing(t *testing.T) {
	eachPair(t, func(t *testing.T, old, next *side) {
		all := old.fill(t, next)
		total, crashes := 0, 0
		var receipts bytes.Buffer
		for budget := 2_000; ; budget *= 3 {
			var file bytes.Buffer
			ctx, cancel := context.WithCancel(t.Context())
			_, err := old.HandOver(ctx, giver, []string{"330204"}, next.peer(), old.Me, &brittle{w: &file, left: budget, cancel: cancel})
			cancel()
			ctx, cancel = context.WithCancel(t.Context())
			n, err2 := next.TakeOver(ctx, taker, &brittle{r: &file, left: budget / 2, cancel: cancel}, next.Border, &receipts)
			cancel()
			total += n
			if err == nil && err2 == nil {
				break
			}
			crashes++
		}
		if total != len(all) || crashes < 3 {
			t.Errorf("%d cases came in %d crashes, want %d", total, crashes, len(all))
		}
		old.confirm(t, receipts.Bytes(), len(all))
		old.export(t, next, 0)
		for _, c := range all {
			wantHistoryOnce(t, old, next, c.ID)
		}
	})
}

func wantHistoryOnce(t *testing.T, old, next *side, id string) {
	t.Helper()
	if o, n := count(old.verbs(t, id), audit.HandedOver), count(next.verbs(t, id), audit.TakenOver); o != 1 || n != 1 {
		t.Errorf("handed over %d times and taken over %d times", o, n)
	}
}

func TestAFileTakenTwiceOrMadeTwiceCountsOnce(t *testing.T) {
	eachPair(t, func(t *testing.T, old, next *side) {
		all := old.fill(t, next)
		lost, file := old.export(t, next, len(all)), old.export(t, next, len(all))
		receipt := next.take(t, file, len(all))
		for _, again := range [][]byte{file, lost} {
			if r := next.take(t, again, 0); len(r) == 0 {
				t.Error("no receipt for what is here already")
			}
		}
		// The inbox forgets; the case itself does not.
		if n, err := next.DB.PurgeInbox(t.Context(), storetest.At.AddDate(1, 0, 0)); n != len(all) || err != nil {
			t.Fatalf("%d forgotten: %v", n, err)
		}
		next.take(t, file, 0)
		for _, c := range all {
			wantHistoryOnce(t, old, next, c.ID)
		}
		// Its life is over, and the old node makes another.
		later := storetest.At.Add(exchange.MaxLife + time.Hour)
		next.now.set(later)
		if n, err := next.TakeOver(t.Context(), taker, bytes.NewReader(file), next.Border, io.Discard); n != 0 || !errors.Is(err, exchange.ErrExpired) {
			t.Errorf("%d taken from an old file: %v", n, err)
		}
		old.now.set(later)
		next.take(t, old.export(t, next, len(all)), 0)
		if n, err := old.HandedOver(t.Context(), giver, bytes.NewReader(receipt), old.Border); n != 0 || !errors.Is(err, exchange.ErrExpired) {
			t.Errorf("%d confirmed by an old receipt: %v", n, err)
		}
	})
}

func TestAFileThatIsNotRightIsRefused(t *testing.T) {
	eachPair(t, func(t *testing.T, old, next *side) {
		all := old.fill(t, next)
		file := old.export(t, next, len(all))
		size := int(file[0])<<24 | int(file[1])<<16 | int(file[2])<<8 | int(file[3])
		second := 4 + size // where the second envelope begins
		stranger, thief := identity(t, "haishu", "330203"), old.Me
		other := identity(t, "jiangdong", "330204")
		thief.Signer, thief.Public = other.Signer, other.Public
		forged := func(from exchange.Identity, to exchange.Peer) []byte {
			var f bytes.Buffer
			c := old.whole(t, all[hedui.Draft].ID)
			if err := writeBundle(&f, c, to, from, storetest.At); err != nil {
				t.Fatal(err)
			}
			return f.Bytes()
		}
		flipped := func(at int) []byte { f := bytes.Clone(file); f[at] ^= 1; return f }
		for _, c := range []struct {
			name string
			file []byte
			n    int
			want error
		}{
			{"altered in its second case", flipped(second + size/2), 1, exchange.ErrSignature},
			{"altered in a length", flipped(second), 0, exchange.ErrTooLarge},
			{"cut short within a case", file[:second+100], 0, io.ErrUnexpectedEOF},
			{"cut short within a length", file[:second+2], 0, io.ErrUnexpectedEOF},
			{"for another node", forged(old.Me, stranger.Peer()), 0, exchange.ErrNotForMe},
			{"of a node that is no peer", forged(stranger, next.peer()), 0, exchange.ErrUnknownPeer},
			{"signed with another key", forged(thief, next.peer()), 0, exchange.ErrKey},
			{"no such file at all", []byte("hello, this is a letter"), 0, exchange.ErrTooLarge},
		} {
			n, err := next.TakeOver(t.Context(), taker, bytes.NewReader(c.file), next.Border, io.Discard)
			if n != c.n || !errors.Is(err, c.want) || hedui.KindOf(err) != hedui.Invalid {
				t.Errorf("%s: %d taken, %v; want %d and %v", c.name, n, err, c.n, c.want)
			}
		}
		receipt := next.take(t, file, len(all)-1)
		receipt[len(receipt)/2] ^= 1
		if n, err := old.HandedOver(t.Context(), giver, bytes.NewReader(receipt), old.Border); n != 0 || !errors.Is(err, exchange.ErrSignature) {
			t.Errorf("%d confirmed by an altered receipt: %v", n, err)
		}
	})
}

// What a peer may sign is not all believed.
func TestAPeerCannotHandOverWhatIsNotItsOwn(t *testing.T) {
	eachPair(t, func(t *testing.T, old, next *side) {
		old.fill(t, next)
		c := put(t, old, 50, hedui.Collecting)
		old.export(t, next, len(stages())+1)
		good := old.whole(t, c.ID)
		mine := put(t, next, 60, hedui.Draft)
		for name, spoil := range map[string]func(*store.Bundle){
			"of a third county":            func(b *store.Bundle) { b.Case.Division = "330203" },
			"of the successor itself":      func(b *store.Bundle) { b.Case.Division = "330212" },
			"for somebody else":            func(b *store.Bundle) { b.Case.Handed.To = "haishu" },
			"not handed over":              func(b *store.Bundle) { b.Case.Stage = hedui.Collecting },
			"with the number of another":   func(b *store.Bundle) { b.Case.Number = mine.Number },
			"with a query of another case": func(b *store.Bundle) { b.Queries[0].ID = storetest.Plan(mine)[0].ID },
			"with an entry of another case": func(b *store.Bundle) {
				b.Entries = append(b.Entries, audit.New(storetest.At, "o", "", audit.Sealed, mine.ID, ""))
			},
			"with a report that does not fit its digest": func(b *store.Bundle) {
				b.Reports = []store.Report{{Case: c.ID, Version: 1, Number: "B", State: store.Prepared, Digest: "sha256:00", Content: []byte("x")}}
			},
		} {
			b := good
			k := *good.Case
			h := *k.Handed
			k.Handed, b.Case, b.Queries, b.Entries = &h, &k, slices.Clone(good.Queries), slices.Clone(good.Entries)
			spoil(&b)
			var f, receipts bytes.Buffer
			if err := writeBundle(&f, b, next.peer(), old.Me, storetest.At); err != nil {
				t.Fatal(err)
			}
			n, err := next.TakeOver(t.Context(), taker, &f, next.Border, &receipts)
			if kind := hedui.KindOf(err); n != 0 || kind != hedui.Invalid && kind != hedui.Conflict || receipts.Len() != 0 {
				t.Errorf("%s: %d taken, %v, a receipt of %d bytes", name, n, err, receipts.Len())
			}
		}
		if list, err := next.Cases(t.Context(), civil, store.Filter{}); err != nil || len(list) != 1 {
			t.Errorf("%d cases, want the one of its own: %v", len(list), err)
		}
	})
}

func TestWhoMayHandOverWhatToWhom(t *testing.T) {
	eachPair(t, func(t *testing.T, old, next *side) {
		seed(t, old.bench, 1, "330204")
		haishu := identity(t, "haishu", "330203")
		try := func(o hedui.Officer, division string, to exchange.Peer, from exchange.Identity) error {
			n, err := old.HandOver(t.Context(), o, []string{division}, to, from, io.Discard)
			if n != 0 {
				t.Errorf("%d cases went", n)
			}
			return err
		}
		if err := try(giver, "330204", next.peer(), old.Me); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("while the division holds: %v", err)
		}
		old.now.set(change)
		for _, c := range []struct {
			name     string
			officer  hedui.Officer
			division string
			to       exchange.Peer
			from     exchange.Identity
			want     hedui.Kind
		}{
			{"to a county that does not take over", giver, "330204", haishu.Peer(), old.Me, hedui.Conflict},
			{"to itself", giver, "330204", old.peer(), old.Me, hedui.Conflict},
			{"another county's", giver, "330283", next.peer(), old.Me, hedui.Conflict},
			{"without the right", receiver, "330204", next.peer(), old.Me, hedui.Forbidden},
			{"in another division", of(giver, "330203"), "330204", next.peer(), old.Me, hedui.Forbidden},
		} {
			if err := try(c.officer, c.division, c.to, c.from); hedui.KindOf(err) != c.want {
				t.Errorf("%s: %v, want %s", c.name, err, c.want)
			}
		}
		next.now.set(change)
		for _, o := range []hedui.Officer{receiver, of(taker, "330204")} {
			if _, err := next.TakeOver(t.Context(), o, bytes.NewReader(nil), next.Border, io.Discard); hedui.KindOf(err) != hedui.Forbidden {
				t.Errorf("taken over by %s of %s: %v", o.ID, o.Division, err)
			}
		}
		// A case that was written for one node is not written for another.
		hub := identity(t, "ningbo", "330200")
		if n, err := old.HandOver(t.Context(), giver, []string{"330204"}, hub.Peer(), old.Me, io.Discard); n != 1 || err != nil {
			t.Errorf("%d cases for the hub: %v", n, err)
		}
		if err := try(giver, "330204", next.peer(), old.Me); hedui.KindOf(err) != hedui.Conflict || !strings.Contains(err.Error(), "error.handed") {
			t.Errorf("to a second node: %v", err)
		}
		// 鄞州 cannot be told to open a case in 江东, so no number is drawn twice.
		if _, err := next.Register(t.Context(), clerk, "d", formOf(t, 9, "330204")); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("a new case in a division that has ended: %v", err)
		}
	})
}

func TestACaseLargerThanAnEnvelopeComesWhole(t *testing.T) {
	eachPair(t, func(t *testing.T, old, next *side) {
		old.now.set(storetest.At)
		next.now.set(storetest.At)
		c := put(t, old, 1, hedui.Collecting)
		big := catalog.Record{"name": strings.Repeat("某公司", 400_000)} // 3.6 MB
		at := 0
		err := old.DB.InTx(t.Context(), func(tx *store.Tx) error {
			queries, err := tx.Queries(t.Context(), c.ID)
			if err != nil {
				return err
			}
			at = slices.IndexFunc(queries, func(q hedui.Query) bool { return !q.Settled() })
			queries[at].Take(source.Answer{Outcome: source.Found, Records: []catalog.Record{big}}, storetest.At)
			return tx.SaveQueries(t.Context(), queries[at:at+1])
		})
		if err != nil {
			t.Fatal(err)
		}
		file := old.export(t, next, 1)
		if len(file) < 3*exchange.MaxBody {
			t.Fatalf("a file of %d bytes", len(file))
		}
		if bytes.Contains(file, []byte("某公司")) || bytes.Contains(file, []byte(c.Persons[0].ID.Reveal())) {
			t.Error("the file can be read by anyone")
		}
		cut := file[:len(file)-exchange.MaxBody/4] // the last part is missing
		for _, bad := range [][]byte{cut, append(bytes.Clone(file[:len(file)/4]), 0)} {
			if n, err := next.TakeOver(t.Context(), taker, bytes.NewReader(bad), next.Border, io.Discard); n != 0 || err == nil {
				t.Errorf("%d taken of a part: %v", n, err)
			}
		}
		next.take(t, file, 1)
		if !reflect.DeepEqual(next.whole(t, c.ID).Queries[at].Records, []catalog.Record{big}) {
			t.Error("the answer has changed on its way")
		}
	})
}

// An answer that a peer still sends to the old node must not settle what the new
// one asks anew: a second file would leave it out.
func TestAnAnswerToACaseThatHasGoneChangesNothing(t *testing.T) {
	eachPair(t, func(t *testing.T, old, next *side) {
		old.now.set(storetest.At)
		c := put(t, old, 1, hedui.Collecting)
		q := old.whole(t, c.ID).Queries[3]
		q.Source = hedui.AtNode("hub")
		q.Post(storetest.At)
		ctx := t.Context()
		if err := old.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SaveQueries(ctx, []hedui.Query{q}) }); err != nil {
			t.Fatal(err)
		}
		old.export(t, next, 1)
		err := old.DB.InTx(ctx, func(tx *store.Tx) error {
			_, err := old.hear(ctx, tx, "hub", []exchange.Reply{{Query: q.ID, Outcome: string(source.None), Scope: q.Scope, At: storetest.At}}, storetest.At)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := old.whole(t, c.ID).Queries[3]; got.State != hedui.Pending || got.ID != q.ID {
			t.Errorf("the query is %s", got.State)
		}
	})
}

// Between the change and the hand-over the old node still asks the hub, which
// knows it by the division it had.
func TestANodeWhoseDivisionHasEndedIsStillAnswered(t *testing.T) {
	eachPair(t, func(t *testing.T, old, _ *side) {
		ctx := t.Context()
		for i := range old.Registers {
			old.Registers[i].Source = hedui.AtNode("hub")
		}
		old.prepare(t)
		old.accepted(t, formOf(t, 3, "330204"))
		old.now.set(change.Add(time.Hour))
		old.work(t)
		var parcels []store.Parcel
		for range 200 {
			var err error
			if parcels, err = old.DB.Parcels(ctx, "hub", 1, old.now.now(), old.now.now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if len(parcels) > 0 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if len(parcels) == 0 {
			t.Fatal("nothing was posted")
		}
		m, err := ReadLetter(parcels[0])
		if err != nil {
			t.Fatal(err)
		}
		questions, err := m.Questions()
		if err != nil {
			t.Fatal(err)
		}
		hub := newBench(t, storetest.Engines()[0].Open(t), time.Hour)
		hub.Node = "hub"
		for _, q := range questions {
			if _, _, outcome, why := hub.admit(Neighbour{Peer: old.peer()}, q, old.now.now()); outcome != "" {
				t.Errorf("%s about a case of %s: %s, %s", q.Category, q.Division, outcome, why)
			}
		}
	})
}

// A node that has no source for what was under way says so, and what was reviewed
// without it is reviewed again.
func TestWhatNobodyAnswersHereTakesTheReviewBack(t *testing.T) {
	eachPair(t, func(t *testing.T, old, next *side) {
		old.now.set(storetest.At)
		next.now.set(storetest.At)
		next.Registers = slices.DeleteFunc(slices.Clone(next.Registers), func(r hedui.Register) bool { return r.Category == "land" })
		c := put(t, old, 1, hedui.Reviewed)
		next.take(t, old.export(t, next, 1), 1)
		b := next.whole(t, c.ID)
		if b.Case.Stage != hedui.Summarised {
			t.Errorf("stands at %s", b.Case.Stage)
		}
		for _, q := range b.Queries {
			if none := q.Outcome == source.NotCovered; none != (q.Category == "land") {
				t.Errorf("%s is %s %s", q.Category, q.State, q.Outcome)
			}
		}
	})
}

func TestHandingsShowNothingPersonal(t *testing.T) {
	old, next := identity(t, "jiangdong", "330204"), identity(t, "yinzhou", "330212")
	c := storetest.Case(t, 3)
	c.Stage, c.Handed = hedui.Handed, &hedui.Handing{ID: exchange.NewID(), From: "jiangdong", To: "yinzhou", Stage: hedui.Draft}
	var file bytes.Buffer
	if err := writeBundle(&file, store.Bundle{Case: c}, next.Peer(), old, storetest.At); err != nil {
		t.Fatal(err)
	}
	m, _, err := readEnvelope(&file, Border{next, exchange.Only(old.Peer())}, kindCase, storetest.At)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(m.Body, []byte("\n"))
	said := fmt.Sprintf("%v %+v %s %v", m, m, line, c.Gone())
	for _, p := range c.Persons {
		if strings.Contains(said, p.ID.Reveal()) || strings.Contains(said, p.Name) {
			t.Errorf("a person can be read in %q", said)
		}
	}
}

// What the family has begun to explain to one node it goes on explaining to the other.
func TestItemsToExplainGoAlong(t *testing.T) {
	eachPair(t, func(t *testing.T, old, next *side) {
		ctx := t.Context()
		var gone atomic.Bool
		for _, s := range []*side{old, next} {
			s.sources["business"].answer = company(&gone)
			s.Deadlines = slices.Clone(s.Deadlines)
			for i := range s.Deadlines {
				s.Deadlines[i].Explain, s.Deadlines[i].Claim = hedui.Length{Exact: 100 * time.Hour}, hedui.Length{Exact: 100 * time.Hour}
			}
		}
		stop := old.work(t)
		var ids []string
		for n := range 4 {
			id := old.accepted(t, formOf(t, 101+n, "330204"))
			old.await(t, id, hedui.Summarised)
			old.issue(t, id)
			ids = append(ids, id)
		}
		waiting, wrong, stolen, answered := ids[0], ids[1], ids[2], ids[3]
		_, ref := old.item(t, waiting)
		e, err := old.Attach(ctx, civil, ref, picture(t, 3))
		if err == nil {
			_, err = old.Explain(ctx, civil, ItemRef{waiting, e.ID, e.Rev}, hedui.ExplanationEntry{Outcome: hedui.ExplanationDone, Text: "已吊销"})
		}
		if err != nil {
			t.Fatal(err)
		}
		old.settle(t, wrong, hedui.ExplanationWrong)
		old.settle(t, stolen, hedui.ExplanationNotHis)
		stop()
		old.now.set(change.Add(-time.Hour))
		old.settle(t, answered, hedui.ExplanationTrue) // nobody makes the version that says so any more
		before := old.items(t, waiting)[0]
		requests := old.whole(t, wrong).Corrections
		if len(requests) != 1 {
			t.Fatalf("%d requests", len(requests))
		}

		old.now.set(change)
		next.now.set(change)
		next.take(t, old.export(t, next, len(ids)), len(ids))
		if n := next.jobs(t); n != 3 { // a deadline, the timer of the company, and the version that was not made
			t.Errorf("%d jobs, want 3", n)
		}
		if got := old.items(t, waiting)[0]; got.State != hedui.ExplanationEntered {
			t.Errorf("left behind as %s", got.State)
		}
		if err := old.AnswerCorrection(ctx, receiver, requests[0].Number, hedui.CorrectionUpheld, "登记无误"); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a request of a case that is gone: %v", err)
		}
		got, ref := next.item(t, waiting)
		if !reflect.DeepEqual(got, before) {
			t.Errorf("came as %+v, want %+v", got, before)
		}
		file, err := next.Evidence(ctx, receiver, waiting, got.Evidence[0].ID)
		if err != nil || !bytes.Equal(file.Body, picture(t, 3)) {
			t.Errorf("its evidence: %v", err)
		}
		next.work(t)
		if _, err := next.SettleExplanation(ctx, second, ref); err != nil {
			t.Fatal(err)
		}
		next.await(t, waiting, hedui.Summarised)
		if r := next.issue(t, waiting); r.Version != 2 || r.Findings[0].Kind != hedui.Explained {
			t.Errorf("version %d says %s", r.Version, r.Findings[0].Kind)
		}
		next.await(t, answered, hedui.Summarised)
		if err := next.AnswerCorrection(ctx, receiver, requests[0].Number, hedui.CorrectionUpheld, "登记无误"); err != nil {
			t.Fatal(err)
		}
		next.becomes(t, wrong, hedui.ExplanationOpen)
	})
}
