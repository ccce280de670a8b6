package storetest

import (
	"fmt"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/money"
	"hedui/source"
)

// At is the instant at which made-up cases are opened.
var At = time.Date(2026, 11, 23, 9, 30, 0, 123456000, time.UTC)

// ID makes the identity number of a made-up person. Its division, the code of
// the city itself, is never given to anyone.
func ID(tb testing.TB, born day.Day, seq int) idcard.Number {
	tb.Helper()
	digits := fmt.Sprintf("330200%04d%02d%02d%03d", born.Year(), born.Month(), born.Dom(), seq%1000)
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(digits[i]-'0') * w
	}
	id, err := idcard.Parse(digits + string("10X98765432"[sum%11]))
	if err != nil {
		tb.Fatalf("made-up number: %v", err)
	}
	return id
}

// Case makes up a case of four persons; n tells one from another, up to 249.
func Case(tb testing.TB, n int) *hedui.Case {
	tb.Helper()
	c := &hedui.Case{
		ID: audit.NewID(), Division: "330203", Programme: hedui.Dibao, Kind: hedui.NewApplication, Office: "海曙区望春街道",
		Stage: hedui.Draft, AppliedOn: day.Of(At), CreatedAt: At,
		Steps: []hedui.Step{{Stage: hedui.Draft, Officer: "clerk", At: At}},
		Declared: hedui.Declared{
			Income:   []hedui.DeclaredIncome{{Person: 1, Class: hedui.Wage, Monthly: money.Of(2100), Note: "零工"}},
			Property: []hedui.DeclaredProperty{{Person: 2, Class: hedui.Deposits, Value: money.Of(3500)}},
		},
	}
	number, err := hedui.Number(hedui.CaseSeries, c.Division, c.AppliedOn, c.Programme, n+1)
	if err != nil {
		tb.Fatalf("made-up case number: %v", err)
	}
	c.Number = number
	for i, name := range []string{"汪试验甲", "李试验乙", "汪试验丙", "汪试验丁"} {
		p := hedui.Person{
			No: i + 1, Name: name, ID: ID(tb, day.Must("1970-03-01").Add(n/250+i*4000), n%250*4+i),
			Role: hedui.Member, Relation: hedui.Relations()[i], Capacity: hedui.FullCapacity, Notes: "慢性病",
		}
		c.Persons = append(c.Persons, p)
		c.Consents = append(c.Consents, hedui.Consent{
			Number: fmt.Sprintf("S%d", i), Person: p.No, Programme: c.Programme, Categories: c.Programme.Usual(), Signer: p.No,
			SignedAt: At, Until: At.AddDate(1, 0, 0), Document: "sha256:00",
		})
		c.Mandates = append(c.Mandates, fmt.Sprintf("M%d", i))
	}
	return c
}

// Plan makes the queries of a case: every one is asked of a source named after
// its category.
func Plan(c *hedui.Case) []hedui.Query {
	var registers hedui.Registers
	for _, known := range catalog.All() {
		code := string(known.Code)
		registers = append(registers, hedui.Register{Category: known.Code, Scope: "330200", Source: code, Department: "模拟" + code})
	}
	return c.Plan(At, 1, nil, registers)
}

// Answer makes an answer that holds two records with the person's name and number.
func Answer(c *hedui.Case, q *hedui.Query) source.Answer {
	p, _ := c.Person(q.Person)
	record := catalog.Record{"name": p.Name, "id": p.ID.Reveal(), "amount": "1234.50"}
	return source.Answer{
		Query: q.ID, Outcome: source.Found, Match: source.MatchIDName, Allowed: idcard.Dot | idcard.Variant, AsOf: At, Hash: "sha256:" + q.ID,
		Records: []catalog.Record{record, record},
	}
}

// Relay makes a question that a peer has asked at At, wanted for an hour.
func Relay(peer, query string, body []byte) store.Relay {
	return store.Relay{
		ID: store.RelayID(peer, query), Peer: peer, Query: query, Category: catalog.Hukou, Source: "hukou",
		State: hedui.Waiting, CreatedAt: At, ExpiresAt: At.Add(time.Hour), Body: body,
	}
}

// Answered returns a relay as it is when its answer, that there is nothing, has come.
func Answered(r store.Relay) store.Relay {
	r.State, r.Attempts, r.Outcome = hedui.Answered, r.Attempts+1, source.None
	r.AskedAt, r.AnsweredAt = At.Add(time.Second), At.Add(2*time.Second)
	return r
}
