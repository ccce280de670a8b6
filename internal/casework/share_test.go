package casework

import (
	"testing"
	"time"

	"hedui/catalog"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// Two processes ask a department half as often each; one that is gone, or has not
// been heard of, leaves its half to the other.
func TestProcessesShareTheRateOfADepartment(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			c := &hands{at: friday(10, 0)}
			tune := func(s map[catalog.Code]*fake) {
				s["land"].tune = func(i *source.Info) { i.Limits.PerSecond = 40 }
			}
			first := onClock(t, storetest.Open(t, o), time.Hour, c, tune)
			want := func(b *bench, rate float64) {
				t.Helper()
				if err := b.share(t.Context()); err != nil {
					t.Fatal(err)
				}
				if l := b.guards["land"].rate; float64(l.Limit()) != rate || l.Burst() != int(rate) {
					t.Errorf("%v a second, %d at once, want %v", l.Limit(), l.Burst(), rate)
				}
			}
			want(first, 40)
			if !first.DB.Shared() {
				return
			}
			second := onClock(t, storetest.Open(t, o), time.Hour, c, tune)
			want(second, 20)
			want(first, 20)
			if err := second.DB.LeaveProcess(t.Context()); err != nil {
				t.Fatal(err)
			}
			want(first, 40)
			want(second, 20)
			c.move(c.now().Add(time.Minute)) // the second is killed
			want(first, 40)
		})
	}
}
