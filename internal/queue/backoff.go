package queue

import "time"

// The first retry comes after a quarter to half a second, later ones after at
// most MaxBackoff.
const (
	firstBackoff = 500 * time.Millisecond
	// MaxBackoff is the longest wait between two attempts that [Backoff] gives.
	MaxBackoff = 5 * time.Minute
)

// Backoff returns how long to wait after the given attempt, from 1: it doubles
// from attempt to attempt up to [MaxBackoff], and rnd, which gives a number in
// [0, 1), takes away up to a half, so that jobs that failed together do not come
// back together.
func Backoff(attempt int, rnd func() float64) time.Duration {
	d := MaxBackoff
	if shift := max(attempt, 1) - 1; shift < 20 {
		d = min(firstBackoff<<shift, MaxBackoff)
	}
	return d - time.Duration(rnd()*float64(d)/2)
}
