package sourcetest_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/source"
	"hedui/source/sourcetest"
)

var now = time.Date(2013, 3, 20, 9, 0, 0, 0, day.Beijing)

// register is a department in memory: the smallest source that keeps the contract.
type register struct {
	known  idcard.Number
	calls  *atomic.Int64
	closed bool
}

func (r register) Info() source.Info {
	return source.Info{Name: "register", Department: "车辆管理所", Categories: []catalog.Code{catalog.Vehicle}, Limits: source.Limits{Batch: 10}}
}

func (r register) Ask(ctx context.Context, queries []source.Query) ([]source.Answer, error) {
	if r.closed || ctx.Err() != nil {
		return nil, &source.Unavailable{Reason: source.ReasonDown, Err: errors.Join(errors.New("closed"), ctx.Err())}
	}
	answers := make([]source.Answer, len(queries))
	for i, q := range queries {
		answers[i] = r.answer(q)
	}
	return answers, nil
}

func (r register) answer(q source.Query) source.Answer {
	a := source.Answer{Query: q.ID(), Outcome: source.None, Hash: fmt.Sprintf("sha256:%x", sha256.Sum256(nil))}
	switch {
	case q.Check(now) != nil || q.Category() != catalog.Vehicle:
		return source.Answer{Query: q.ID(), Outcome: source.Refused, Reason: source.ReasonMandate}
	case q.Person().ID == r.known:
		a.Outcome, a.Match = source.Found, source.MatchID
		a.Records = []catalog.Record{{"plate_no": "浙B00001"}}
	}
	r.calls.Add(1)
	return a
}

func TestTheSmallestSourceKeepsTheContract(t *testing.T) {
	one, _ := idcard.Make("330200", day.Must("1968-05-04"), 101)
	two, _ := idcard.Make("330200", day.Must("1971-11-30"), 203)
	var calls atomic.Int64
	sourcetest.Run(t, sourcetest.Fixture{
		New:      func(*testing.T) source.Source { return register{known: one, calls: &calls} },
		At:       now,
		Category: catalog.Vehicle,
		Known:    source.Person{Name: "王小海", ID: one},
		Unknown:  source.Person{Name: "李鄞州", ID: two},
		Down:     func(*testing.T) source.Source { return register{closed: true} },
		Calls:    func() int { return int(calls.Load()) },
	})
}
