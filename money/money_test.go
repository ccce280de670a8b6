package money

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseReadsWhatPeopleType(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Fen
	}{
		{"0", 0}, {"-0", 0}, {"0.05", 5}, {".5", 50}, {"1234.5", 123450}, {"1234.50", 123450}, {"1,234.50", 123450},
		{"12,345,678", 1234567800}, {"007", 700}, {"¥1,234.50", 123450}, {"￥500000", 50000000}, {"１，２３４．５０", 123450},
		{" \ufeff12.30\u3000", 1230}, {"-12.3", -1230}, {"－12.3", -1230}, {"−12.3", -1230}, {"¥-5", -500}, {"-¥5", -500},
		{"9999999999999.99", Limit}, {"-9,999,999,999,999.99", -Limit}, {"0000000000000000000000001", 100},
	} {
		if got, err := Parse(c.in); err != nil || got != c.want {
			t.Errorf("Parse(%q) = %d, %v, want %d", c.in, got, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for reason, texts := range map[Reason][]string{
		ReasonEmpty: {"", "  ", "\ufeff"},
		ReasonFormat: {"NaN", "Inf", "-Infinity", "1e5", "1E+5", "0x10", "1_000", "+5", "--5", "-", "¥", ".", "5.", "1.2.3", "12 34", "abc", "五百",
			"50万", "1,23", "1,2345", ",123", "1234,567", "1,,234", "12,34.5", "1.234,50", "5-", "(5)", "¥¥5", "¥-¥5", "-¥-5", "٣", "½"},
		ReasonDecimals: {"1.234", "0.001", "1.000", "-5.555"},
		ReasonRange:    {"10000000000000", "-10000000000000.00", "92233720368547758.08", "1" + strings.Repeat("0", 40)},
	} {
		for _, in := range texts {
			got, err := Parse(in)
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Reason != reason || got != 0 {
				t.Errorf("Parse(%q) = %d, %v, want reason %q", in, got, err, reason)
			}
		}
	}
}

func TestStringAndGrouped(t *testing.T) {
	for _, c := range []struct {
		f             Fen
		text, grouped string
	}{
		{0, "0.00", "0.00"}, {5, "0.05", "0.05"}, {-5, "-0.05", "-0.05"}, {123450, "1234.50", "1,234.50"}, {100000, "1000.00", "1,000.00"},
		{99999, "999.99", "999.99"}, {-123456789, "-1234567.89", "-1,234,567.89"},
		{math.MaxInt64, "92233720368547758.07", "92,233,720,368,547,758.07"}, {math.MinInt64, "-92233720368547758.08", "-92,233,720,368,547,758.08"},
	} {
		if c.f.String() != c.text || c.f.Grouped() != c.grouped {
			t.Errorf("%d: got %s and %s, want %s and %s", int64(c.f), c.f.String(), c.f.Grouped(), c.text, c.grouped)
		}
	}
}

func TestMulDiv(t *testing.T) {
	for _, c := range []struct{ f, num, den, want int64 }{
		{100, 1, 3, 33}, {200, 1, 3, 67}, {5, 1, 10, 1}, {-5, 1, 10, -1}, {4, 1, 10, 0}, {-4, 1, 10, 0}, {15, -1, 10, -2}, {15, 1, -10, -2},
		{-15, -1, 10, 2}, {58800, 3, 2, 88200}, {math.MaxInt64, 7, 7, math.MaxInt64}, {math.MinInt64, 1, 1, math.MinInt64},
		{math.MaxInt64, 2, 1, math.MaxInt64}, {math.MaxInt64, -2, 1, math.MinInt64}, {math.MinInt64, -1, 1, math.MaxInt64},
		{7, 1, 0, math.MaxInt64}, {-7, 1, 0, math.MinInt64}, {0, 1, 0, 0}, {1, math.MinInt64, math.MinInt64, 1},
	} {
		if got := Fen(c.f).MulDiv(c.num, c.den); int64(got) != c.want {
			t.Errorf("%d × %d ÷ %d = %d, want %d", c.f, c.num, c.den, int64(got), c.want)
		}
	}
	if Of(500_000) != 50_000_000 || Of(-3) != -300 || Of(math.MaxInt64) != math.MaxInt64 || Of(math.MinInt64) != math.MinInt64 {
		t.Error("Of does not give whole yuan, or wraps around")
	}
}

func TestMulDivRoundsHalfAwayFromZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Fen(rapid.Int64Range(-int64(Limit), int64(Limit)).Draw(t, "f"))
		num := rapid.Int64Range(-9000, 9000).Draw(t, "num")
		den := rapid.Int64Range(1, 10000).Draw(t, "den")
		got := f.MulDiv(num, den)
		// twice the error is at most den, and a tie lies farther from zero
		exact := new(big.Int).Mul(big.NewInt(int64(f)), big.NewInt(num))
		miss := new(big.Int).Sub(new(big.Int).Mul(big.NewInt(int64(got)), big.NewInt(den)), exact)
		twice := new(big.Int).Lsh(new(big.Int).Abs(miss), 1)
		switch twice.Cmp(big.NewInt(den)) {
		case 1:
			t.Fatalf("%d × %d ÷ %d = %d is more than half a fen off", f, num, den, got)
		case 0:
			if miss.Sign() != exact.Sign() {
				t.Fatalf("%d × %d ÷ %d = %d rounds a half towards zero", f, num, den, got)
			}
		}
		if minus := (-f).MulDiv(num, den); minus != -got {
			t.Fatalf("the negative amount gives %d, want %d", minus, -got)
		}
	})
}

func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Fen(rapid.Int64Range(-int64(Limit), int64(Limit)).Draw(t, "f"))
		for _, s := range []string{f.String(), f.Grouped(), "¥" + f.Grouped()} {
			if back, err := Parse(s); err != nil || back != f {
				t.Fatalf("Parse(%q) = %d, %v, want %d", s, back, err, f)
			}
		}
		b, err := json.Marshal(map[Fen]Fen{f: f})
		var back map[Fen]Fen
		if err != nil || json.Unmarshal(b, &back) != nil || back[f] != f {
			t.Fatalf("%s gave %v", b, back)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "0", "1,234.50", "￥１２３", "-¥5", "1e9", "9999999999999.99", ".5", "1,23"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Parse(s)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok || got != 0 {
				t.Fatalf("refused with %v and %d", err, got)
			}
			return
		}
		if got > Limit || got < -Limit {
			t.Fatalf("%d is beyond the limit", got)
		}
		if back, err := Parse(got.String()); err != nil || back != got {
			t.Fatalf("%s does not parse to itself: %d, %v", got, back, err)
		}
		if back, ok := readCapital(got.Capital()); !ok || back != got {
			t.Fatalf("%s written %s reads %d", got, got.Capital(), back)
		}
	})
}
