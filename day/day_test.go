package day

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNewRefusesImpossibleDays(t *testing.T) {
	for _, c := range []struct {
		y  int
		m  time.Month
		d  int
		ok bool
	}{
		{1981, 2, 29, false}, {1980, 2, 29, true}, {2000, 2, 29, true}, {1900, 2, 29, false},
		{2026, 13, 1, false}, {2026, 0, 1, false}, {2026, 4, 31, false}, {0, 1, 1, false}, {10000, 1, 1, false},
	} {
		if _, ok := New(c.y, c.m, c.d); ok != c.ok {
			t.Errorf("New(%d, %d, %d) ok = %v, want %v", c.y, c.m, c.d, ok, c.ok)
		}
	}
}

func TestOfCountsInBeijing(t *testing.T) {
	late := time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)
	if got, want := Of(late).String(), "2026-11-23"; got != want {
		t.Errorf("Of(%v) = %s, want %s", late, got, want)
	}
	if got := Of(late.Add(-time.Nanosecond)).String(); got != "2026-11-22" {
		t.Errorf("a nanosecond before midnight is %s, want 2026-11-22", got)
	}
	if got := Must("2026-11-23").Start(); !got.Equal(late) {
		t.Errorf("Start = %v, want %v", got, late)
	}
}

func TestAddMonthsKeepsInsideTheMonth(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2025-01-31", 1, "2025-02-28"}, {"2024-01-31", 1, "2024-02-29"}, {"2025-03-31", -12, "2024-03-31"},
		{"2025-12-15", 1, "2026-01-15"}, {"2025-01-15", -1, "2024-12-15"},
	} {
		if got := Must(c.from).AddMonths(c.n).String(); got != c.want {
			t.Errorf("%s + %d months = %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Must("1800-01-01").Add(rapid.IntRange(0, 130000).Draw(t, "days"))
		text, err := d.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Day
		if err := back.UnmarshalText(text); err != nil || back != d {
			t.Fatalf("round trip of %s gave %s, %v", d, back, err)
		}
		if again, ok := New(d.Year(), d.Month(), d.Dom()); !ok || again != d {
			t.Fatalf("New of the parts of %s gave %s", d, again)
		}
	})
	var none Day
	if text, _ := none.MarshalText(); len(text) != 0 {
		t.Errorf("zero day prints %q, want nothing", text)
	}
}
