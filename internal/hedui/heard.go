package hedui

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"hedui/source"
)

// Heard counts what came of questions to a source: answers, failures by reason, and
// by a bound of milliseconds how long answers took from question to answer.
type Heard map[string]int64

const (
	heardAnswered = "answered"
	heardFailed   = "failed."
	heardTook     = "took."
)

// tookBounds are the bounds, in milliseconds; what took longer than the last has
// that. Migration 00027 has the same ones.
var tookBounds = []int64{10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10_000, 15_000, 20_000, 30_000,
	60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, 86_400_000, 172_800_000, 604_800_000}

// Hear adds one answer to a query that was first asked at an instant. One that will
// come later is nothing yet.
func (h Heard) Hear(a source.Answer, asked, at time.Time) {
	switch {
	case a.Later != nil:
	case a.Outcome.Final():
		h[heardAnswered]++
		if !asked.IsZero() && at.After(asked) {
			took := (at.Sub(asked).Microseconds() + 999) / 1000
			i, _ := slices.BinarySearch(tookBounds, took)
			h[heardTook+strconv.FormatInt(tookBounds[min(i, len(tookBounds)-1)], 10)]++
		}
	default:
		h[heardFailed+string(a.Reason)]++
	}
}

// Answered is how many answers came.
func (h Heard) Answered() int64 { return h[heardAnswered] }

// Failed is how often there was none; each time that is asked in vain counts.
func (h Heard) Failed() int64 {
	n := int64(0)
	for what, k := range h {
		if strings.HasPrefix(what, heardFailed) {
			n += k
		}
	}
	return n
}

// Slow is how many of the failures were for want of time.
func (h Heard) Slow() int64 { return h[heardFailed+string(source.ReasonSlow)] }

// Reasons are the failures by reason.
func (h Heard) Reasons() map[source.Reason]int64 {
	list := map[source.Reason]int64{}
	for what, n := range h {
		if reason, ok := strings.CutPrefix(what, heardFailed); ok {
			list[source.Reason(reason)] = n
		}
	}
	return list
}

// Quantile is the least bound within which the share of the answers came; 0 without
// any.
func (h Heard) Quantile(share float64) time.Duration {
	total := int64(0)
	took := map[int64]int64{}
	for what, n := range h {
		bound, ok := strings.CutPrefix(what, heardTook)
		if ms, err := strconv.ParseInt(bound, 10, 64); ok && err == nil {
			took[ms] += n
			total += n
		}
	}
	seen := int64(0)
	for _, ms := range slices.Sorted(maps.Keys(took)) {
		if seen += took[ms]; float64(seen) >= share*float64(total) {
			return time.Duration(ms) * time.Millisecond
		}
	}
	return 0
}

// Asked is how many answers and failures there were.
func (h Heard) Asked() int64 { return h.Answered() + h.Failed() }
