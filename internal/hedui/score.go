package hedui

import (
	"time"
)

// A ScoreCell is how many items that were put before the people of a source have all
// of this in common.
type ScoreCell struct {
	Month    Month // in which they were put
	Open     bool  // an answer is waited for
	Late     bool  // and the promised time is over
	Answered bool
	Returned bool // given back: the department cannot answer
	InTime   bool // what was answered or given back came when it was promised
	None     bool // of those answered
	Doubt    bool
	Dated    bool // the answer says of when the data is
	Stale    bool // and that is older than was promised at the time
	Hours    int  // begun, from being put to the answer
	N        int64

	Asked, Settled int64 // corrections of that month
}

// A Score is how a source that people answer has done: counts only, small ones as
// bounds.
type Score struct {
	Month     Month `json:"month,omitempty"` // empty: all of them
	Asked     Count `json:"asked"`
	Answered  Count `json:"answered"`
	InTime    Count `json:"in_time"` // of those answered
	Returned  Count `json:"returned"`
	None      Count `json:"none"`
	Doubt     Count `json:"doubt"`
	Dated     Count `json:"dated"`
	Stale     Count `json:"stale"` // of those dated
	Median    int   `json:"median_hours,omitempty"`
	P95       int   `json:"p95_hours,omitempty"`
	Corrected Count `json:"corrections"` // asked for
	Settled   Count `json:"settled"`     // of these

	hours map[int]int64
}

// A Scorecard is a source's scores by month, and their sum.
type Scorecard struct {
	Source     string          `json:"source"`
	Department string          `json:"department"`
	Least      int             `json:"least"` // smaller counts are shown as bounds
	Whole      Score           `json:"whole"`
	Months     []Score         `json:"months"` // oldest first
	Open       Count           `json:"open"`   // now
	Late       Count           `json:"late"`   // of these, past the promised time
	Promises   []SourcePromise `json:"promises"`
}

// MakeScorecard sums cells up. Each month is veiled by itself, and the whole is the
// sum of what may be known of them, so that no subtraction finds a small number.
func MakeScorecard(cells []ScoreCell, p Period, least int64) Scorecard {
	var card Scorecard
	var open, late int64
	for _, m := range p.Months() {
		s := scoreOf(cells, m, least)
		card.Months = append(card.Months, s)
		card.Whole.add(s)
	}
	for _, c := range cells {
		if c.Open {
			open += c.N
		}
		if c.Late {
			late += c.N
		}
	}
	card.Whole.settle()
	card.Least, card.Open = int(least), Veil(open, least)
	card.Late = VeilPart(late, open, card.Open, least)
	return card
}

func scoreOf(cells []ScoreCell, m Month, least int64) Score {
	var asked, answered, inTime, returned, none, doubt, dated, stale, corrected, settled int64
	s := Score{Month: m, hours: map[int]int64{}}
	count := func(is bool, to *int64, n int64) {
		if is {
			*to += n
		}
	}
	for _, c := range cells {
		if c.Month != m {
			continue
		}
		asked += c.N
		count(c.Answered, &answered, c.N)
		count(c.Answered && c.InTime, &inTime, c.N)
		count(c.Returned, &returned, c.N)
		count(c.Answered && c.None, &none, c.N)
		count(c.Answered && c.Doubt, &doubt, c.N)
		count(c.Answered && c.Dated, &dated, c.N)
		count(c.Answered && c.Dated && c.Stale, &stale, c.N)
		corrected += c.Asked
		settled += c.Settled
		if c.Answered {
			s.hours[c.Hours] += c.N
		}
	}
	s.Asked, s.Corrected = Veil(asked, least), Veil(corrected, least)
	s.Answered, s.Returned = VeilPart(answered, asked, s.Asked, least), VeilPart(returned, asked, s.Asked, least)
	s.InTime, s.None, s.Doubt = VeilPart(inTime, answered, s.Answered, least), VeilPart(none, answered, s.Answered, least), VeilPart(doubt, answered, s.Answered, least)
	s.Dated = VeilPart(dated, answered, s.Answered, least)
	s.Stale = VeilPart(stale, dated, s.Dated, least)
	s.Settled = VeilPart(settled, corrected, s.Corrected, least)
	if !s.Answered.Exact() || answered < least { // of so few the hours are nobody's business either
		s.hours = nil
	}
	s.settle()
	return s
}

func (s *Score) settle() { s.Median, s.P95 = quantile(s.hours, 0.5), quantile(s.hours, 0.95) }

func (s *Score) add(o Score) {
	mine, other := s.counts(), o.counts()
	for i := range mine {
		*mine[i] = mine[i].plus(*other[i])
	}
	for h, n := range o.hours {
		if s.hours == nil {
			s.hours = map[int]int64{}
		}
		s.hours[h] += n
	}
}

func (s *Score) counts() []*Count {
	return []*Count{&s.Asked, &s.Answered, &s.InTime, &s.Returned, &s.None, &s.Doubt, &s.Dated, &s.Stale, &s.Corrected, &s.Settled}
}

// PromiseAt is what a source had promised at an instant; false before the first that
// is known. The list is in the order of time.
func PromiseAt(list []SourcePromise, at time.Time) (p SourcePromise, ok bool) {
	for _, one := range list {
		if one.Since.After(at) {
			break
		}
		p, ok = one, true
	}
	return p, ok
}
