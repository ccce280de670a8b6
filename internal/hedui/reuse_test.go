package hedui_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/source"
)

// An answer stands for another one only where everything that was asked, and on
// what right, is the same and the answer is young: whatever else two questions
// have in common, one that differs in mandate, purpose, period, person, category,
// register or case never gets it.
func TestAnAnswerOfAnotherMandateOrPurposeIsNeverTaken(t *testing.T) {
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, day.Beijing)
	id, err := idcard.Parse("330200197001010016")
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		type asking struct {
			mandate, purpose, consent, caseID, scope, source string
			person                                           int
			category                                         catalog.Code
			from                                             day.Day
		}
		draw := func(label string) asking {
			pick := func(what string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label+what) }
			return asking{pick("mandate", "M1", "M1", "M2"), pick("purpose", "dibao", "dibao", "temporary"), pick("consent", "C1", "C1", "C2"),
				pick("case", "a", "a", "b"), pick("scope", "330200", "330203"), pick("source", "x", "x", "y"),
				rapid.IntRange(1, 2).Draw(t, label+"person"), catalog.Code(pick("category", "hukou", "hukou", "vehicle")),
				day.Must(pick("from", "2025-11-01", "2025-10-01"))}
		}
		question := func(a asking, query string) source.Query {
			m, err := source.Mint(source.Terms{Number: a.mandate, Consent: a.consent, Purpose: a.purpose, Person: source.Person{Name: "某人", ID: id},
				Categories: []catalog.Code{a.category}, From: now.Add(-30 * 24 * time.Hour), Until: now.Add(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			q, err := m.Query(query, a.category, source.Window{From: a.from, To: day.Must("2026-10-31")}, now)
			if err != nil {
				t.Fatal(err)
			}
			return q
		}
		query := func(a asking, id string) hedui.Query {
			return hedui.Query{ID: id, Case: a.caseID, Person: a.person, Category: a.category, Scope: a.scope, Source: a.source, State: hedui.Waiting}
		}
		before := draw("before ")
		other, after := draw("other "), before
		for range rapid.IntRange(0, 2).Draw(t, "differences") { // few differences: each alone must be seen
			switch rapid.IntRange(0, 8).Draw(t, "in") {
			case 0:
				after.mandate = other.mandate
			case 1:
				after.purpose = other.purpose
			case 2:
				after.consent = other.consent
			case 3:
				after.caseID = other.caseID
			case 4:
				after.scope = other.scope
			case 5:
				after.source = other.source
			case 6:
				after.person = other.person
			case 7:
				after.category = other.category
			case 8:
				after.from = other.from
			}
		}
		age := time.Duration(rapid.IntRange(0, 120).Draw(t, "age")) * time.Minute
		outcome := rapid.SampledFrom(source.Outcomes()).Draw(t, "outcome")
		first, second := query(before, "1"), query(after, "2")
		first.AskedAt = now.Add(-age - time.Second)
		first.Take(source.Answer{Outcome: outcome, Reason: "x", AsOf: now.Add(-48 * time.Hour), Hash: "sha256:1"}, now.Add(-age))
		first.Basis = hedui.Basis(question(before, "1"))
		got := second.Reuse(first, question(after, "2"), time.Hour, now)
		before.consent, after.consent = "", "" // the mandate's number stands for its consent
		want := before == after && age < time.Hour && outcome.Final() && outcome != source.Refused
		if got != want {
			t.Fatalf("taken %v, want %v: %+v, %+v, age %v, %s", got, want, before, after, age, outcome)
		}
		if got {
			taken++
			if second.TakenFrom != "1" || !second.AsOf.Equal(first.AsOf) || !second.AnsweredAt.Equal(first.AnsweredAt) || second.Hash != first.Hash {
				t.Fatalf("taken with other times: %+v", second)
			}
		} else if second.State != hedui.Waiting || second.Outcome != "" {
			t.Fatalf("changed without being taken: %+v", second)
		}
	})
	if taken == 0 {
		t.Error("nothing was ever taken: the test tries nothing")
	}
}
