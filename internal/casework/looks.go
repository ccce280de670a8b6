package casework

import (
	"sync"
	"time"
)

// oneLook is how long an officer's reading of one case counts as one look.
const oneLook = 10 * time.Minute

type lookKey struct{ officer, id string }

// looks remembers who reads which case just now. After a restart a look is
// recorded once more, which does no harm.
type looks struct {
	mu   sync.Mutex
	last map[lookKey]time.Time
}

// again reports whether the look is to be recorded.
func (l *looks) again(officer, id string, at time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, t := range l.last { // only those of the last minutes are kept
		if at.Sub(t) >= oneLook {
			delete(l.last, k)
		}
	}
	k := lookKey{officer, id}
	if _, recent := l.last[k]; recent {
		return false
	}
	if l.last == nil {
		l.last = map[lookKey]time.Time{}
	}
	l.last[k] = at
	return true
}

func (l *looks) forget(officer, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.last, lookKey{officer, id})
}
