package sim

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"hedui/catalog"
)

// A FaultKind is a way in which a department fails.
type FaultKind string

// The kinds of fault.
const (
	Down    FaultKind = "down"    // the connection breaks, or HTTP 503; a database's line is cut, its file gone; files are not answered
	Slow    FaultKind = "slow"    // answers after Fault.Delay; a SQLite file is locked for so long, again and again
	Flaky   FaultKind = "flaky"   // every Fault.Every-th call fails: HTTP 500 or garbage; a database is down for one second in Every
	Garbage FaultKind = "garbage" // half of an answer, or an HTML page, with HTTP 200; a database's view lacks a column; half a file
)

// What a fault is that does not say more.
const (
	usualDelay = 3 * time.Second
	usualEvery = 3
)

// FaultKinds lists all kinds.
func FaultKinds() []FaultKind { return []FaultKind{Down, Slow, Flaky, Garbage} }

// A Fault makes a department, or one of its registers, fail. The zero Fault
// means that all is well.
type Fault struct {
	Kind  FaultKind
	For   time.Duration // how long from when it is set; 0 = until it is changed
	Delay time.Duration // of Slow; 0 = three seconds
	Every int           // of Flaky; 0 = every third call
}

// ParseFault reads the text form NAME[:KIND[:DURATION]], such as "land",
// "housing_fund:down:20s" or "police:slow": NAME is a department or a category,
// the kind is down unless it is given, the duration for ever.
func ParseFault(s string) (name string, f Fault, err error) {
	part := strings.SplitN(s, ":", 4)
	if len(part) > 3 {
		return "", Fault{}, fmt.Errorf("sim: fault %q: want NAME[:KIND[:DURATION]], such as housing_fund:down:20s", s)
	}
	if err := checkName(part[0]); err != nil {
		return "", Fault{}, err
	}
	f.Kind = Down
	if len(part) > 1 {
		f.Kind = FaultKind(part[1])
	}
	if len(part) > 2 {
		f.For, err = time.ParseDuration(part[2])
		if err != nil || f.For <= 0 {
			return "", Fault{}, fmt.Errorf("sim: fault %q: %q is not a duration: write it as 20s, 5m or 2h", s, part[2])
		}
	}
	return part[0], f, f.check()
}

func (f Fault) check() error {
	if f.Kind != "" && !slices.Contains(FaultKinds(), f.Kind) {
		return fmt.Errorf("sim: unknown kind of fault %q: it is one of down, slow, flaky, garbage", f.Kind)
	}
	return nil
}

func checkName(name string) error {
	for _, d := range departments() {
		if d.id == name {
			return nil
		}
		if slices.Contains(d.categories(), catalog.Code(name)) {
			return nil
		}
	}
	return fmt.Errorf("sim: unknown department or category %q: it is one of %s", name, strings.Join(names(), ", "))
}

// names lists all departments, then all categories that are not named alike.
func names() []string {
	var ids, codes []string
	for _, d := range departments() {
		ids = append(ids, d.id)
		for _, c := range d.categories() {
			codes = append(codes, string(c))
		}
	}
	slices.Sort(codes)
	for _, c := range slices.Compact(codes) {
		if !slices.Contains(ids, c) {
			ids = append(ids, c)
		}
	}
	return ids
}

// faults are what is wrong now, by department or category.
type faults struct {
	mu   sync.Mutex
	list map[string]*running
}

type running struct {
	Fault
	until time.Time // zero = for ever
	calls int
}

func (s *faults) set(name string, f Fault, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list == nil {
		s.list = map[string]*running{}
	}
	if f.Kind == "" {
		delete(s.list, name)
		return
	}
	r := &running{Fault: f}
	if f.For > 0 {
		r.until = at.Add(f.For)
	}
	s.list[name] = r
}

// restart counts the durations from at: a city begins to fail when it starts.
func (s *faults) restart(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range maps.All(s.list) {
		if r.For > 0 {
			r.until = at.Add(r.For)
		}
	}
}

// live returns the fault that holds now, or nil: one of the category goes before
// one of its department. The caller has the lock.
func (s *faults) live(department string, c catalog.Code, at time.Time) *running {
	for _, name := range []string{string(c), department} {
		if r := s.list[name]; r != nil && (r.until.IsZero() || at.Before(r.until)) {
			return r
		}
	}
	return nil
}

// standing returns what is wrong with a front-end database now. It cannot count its
// calls: where it is flaky it is down for one second of every Every.
func (s *faults) standing(department string, c catalog.Code, at time.Time) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.live(department, c, at)
	switch {
	case r == nil:
	case r.Kind == Slow:
		return Fault{Kind: Slow, Delay: cmp.Or(r.Delay, usualDelay)}
	case r.Kind != Flaky:
		return Fault{Kind: r.Kind}
	case at.Unix()%int64(cmp.Or(r.Every, usualEvery)) == 0:
		return Fault{Kind: Down}
	}
	return Fault{}
}

// current returns the fault for a call now and the number of the call within it.
func (s *faults) current(department string, c catalog.Code, at time.Time) (Fault, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.live(department, c, at)
	if r == nil {
		return Fault{}, 0
	}
	r.calls++
	return r.Fault, r.calls
}

// down reports whether a department or its category is down, without counting a
// call.
func (s *faults) down(department string, c catalog.Code, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.live(department, c, at)
	return r != nil && r.Kind == Down
}

// fail spoils the call as the fault says, and reports whether it is answered
// thereby. n is the number of the call within the fault, b how the department's
// answers look then.
func (f Fault) fail(w http.ResponseWriter, r *http.Request, n int, b breakage) bool {
	switch f.Kind {
	case Down:
		down(w, n)
	case Slow:
		return !wait(r.Context(), cmp.Or(f.Delay, usualDelay))
	case Flaky:
		every := cmp.Or(f.Every, usualEvery)
		if n%every != 0 {
			return false
		}
		if n/every%2 == 0 {
			b.garbage(w, n)
			return true
		}
		if b.crash != nil {
			b.crash(w)
			return true
		}
		http.Error(w, "java.lang.NullPointerException", http.StatusInternalServerError)
	case Garbage:
		b.garbage(w, n)
	default:
		return false
	}
	return true
}

// down breaks the connection at odd calls and says 503 at even ones.
func down(w http.ResponseWriter, n int) {
	if n%2 == 1 {
		panic(http.ErrAbortHandler) // the way net/http offers to break a connection
	}
	http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
}

// breakage is how the answers of a department look that fails; what is nil is as
// with JSON.
type breakage struct {
	crash func(w http.ResponseWriter) // at every other failure of Flaky
	half  func(w http.ResponseWriter) // the first half of an answer
}

func (b breakage) garbage(w http.ResponseWriter, n int) {
	if n%2 == 1 && b.half != nil {
		b.half(w)
		return
	}
	if n%2 == 1 {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"code":"0","data":{"rows":[{"xm":"`))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("<!DOCTYPE html><html><title>系统维护</title><body>系统正在维护，请稍后再试。</body></html>"))
}
