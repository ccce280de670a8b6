package sim

import (
	"strings"
	"testing"
	"time"
)

func TestParseFault(t *testing.T) {
	tests := []struct {
		text, name string
		want       Fault
		err        string
	}{
		{"housing_fund", "housing_fund", Fault{Kind: Down}, ""},
		{"housing_fund:down:20s", "housing_fund", Fault{Kind: Down, For: 20 * time.Second}, ""},
		{"police:slow", "police", Fault{Kind: Slow}, ""},
		{"land:garbage:2m", "land", Fault{Kind: Garbage, For: 2 * time.Minute}, ""},
		{"hrss:flaky", "hrss", Fault{Kind: Flaky}, ""},
		{"", "", Fault{}, "unknown department"},
		{"library", "", Fault{}, "police, civil_affairs"},
		{"police:tired", "police", Fault{Kind: "tired"}, "down, slow, flaky, garbage"},
		{"police:down:soon", "", Fault{}, "20s"},
		{"police:down:-1s", "", Fault{}, "not a duration"},
		{"police:down:1s:2s", "", Fault{}, "NAME[:KIND[:DURATION]]"},
	}
	for _, tt := range tests {
		name, got, err := ParseFault(tt.text)
		switch {
		case tt.err == "" && (err != nil || name != tt.name || got != tt.want):
			t.Errorf("%q: %s %+v %v, want %s %+v", tt.text, name, got, err, tt.name, tt.want)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%q: error %v, want one with %q", tt.text, err, tt.err)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	f.Add("housing_fund:down:20s")
	f.Add("police")
	f.Fuzz(func(t *testing.T, s string) {
		name, fault, err := ParseFault(s)
		if err == nil && (checkName(name) != nil || fault.check() != nil || fault.For < 0) {
			t.Errorf("accepted %s %+v", name, fault)
		}
	})
}

// statuses makes n calls and returns what came: 0 is a broken connection.
func statuses(t *testing.T, c *City, n int, k call) (got []int, bodies []string) {
	t.Helper()
	for range n {
		status, body, _ := c.post(t, k)
		got, bodies = append(got, status), append(bodies, body)
	}
	return got, bodies
}

func TestFaults(t *testing.T) {
	c := open(t, Options{Instant: true, Faults: map[string]Fault{"marriage": {Kind: Down}}})
	if got, _ := statuses(t, c, 2, marriageCall(wang)); got[0] != 0 || got[1] != 503 {
		t.Errorf("down: %v, want a broken connection and 503", got)
	}
	if got, want := c.Calls("marriage"), 2; got != want {
		t.Errorf("%d calls, want %d", got, want)
	}
	if got := c.Asked("marriage", c.number(0)); got != 0 {
		t.Errorf("searched %d times while down", got)
	}
	set := func(name string, f Fault) {
		t.Helper()
		if err := c.SetFault(name, f); err != nil {
			t.Fatal(err)
		}
	}
	set("marriage", Fault{Kind: Garbage})
	if _, bodies := statuses(t, c, 2, marriageCall(wang)); strings.HasSuffix(bodies[0], "}\n") || !strings.Contains(bodies[1], "<html>") {
		t.Errorf("garbage: %q", bodies)
	}
	set("marriage", Fault{Kind: Flaky, Every: 2})
	if got, _ := statuses(t, c, 4, marriageCall(wang)); got[0] != 200 || got[1] != 500 || got[2] != 200 {
		t.Errorf("flaky: %v", got)
	}
	set("marriage", Fault{Kind: Slow, Delay: 120 * time.Millisecond})
	start := time.Now()
	if got, _ := statuses(t, c, 1, marriageCall(wang)); got[0] != 200 || time.Since(start) < 100*time.Millisecond {
		t.Errorf("slow: %v after %s", got, time.Since(start))
	}
	set("marriage", Fault{})
	set("hukou", Fault{Kind: Down, For: 150 * time.Millisecond})
	if got, _ := statuses(t, c, 1, marriageCall(wang)); got[0] != 200 {
		t.Errorf("another department: %v", got)
	}
	if got, _ := statuses(t, c, 1, hukouCall(wang, "王志强")); got[0] != 0 {
		t.Errorf("one category down: %v", got)
	}
	time.Sleep(160 * time.Millisecond)
	if got, _ := statuses(t, c, 1, hukouCall(wang, "王志强")); got[0] != 200 {
		t.Errorf("after the fault: %v", got)
	}
	if err := c.SetFault("library", Fault{Kind: Down}); err == nil {
		t.Error("an unknown department is accepted")
	}
}
