package money

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCapital(t *testing.T) {
	for _, c := range []struct {
		f    Fen
		want string
	}{
		// the examples of the bank rules
		{140950, "壹仟肆佰零玖元伍角整"},
		{600714, "陆仟零柒元壹角肆分"},
		{168032, "壹仟陆佰捌拾元叁角贰分"},
		{10700053, "壹拾万柒仟元伍角叁分"},
		{1640902, "壹万陆仟肆佰零玖元零贰分"},
		{32504, "叁佰贰拾伍元零肆分"},
		// the ends and the joints
		{0, "零元整"}, {5, "伍分"}, {50, "伍角整"}, {55, "伍角伍分"}, {100, "壹元整"}, {1000, "壹拾元整"}, {1500, "壹拾伍元整"},
		{10005, "壹佰元零伍分"}, {123450, "壹仟贰佰叁拾肆元伍角整"}, {100000, "壹仟元整"}, {100100, "壹仟零壹元整"},
		{1000100, "壹万零壹元整"}, {1010000, "壹万零壹佰元整"}, {1100000, "壹万壹仟元整"}, {50000000, "伍拾万元整"},
		{10000000500, "壹亿零伍元整"}, {10000000000, "壹亿元整"}, {1000000000000, "壹佰亿元整"}, {100010000000, "壹拾亿零壹拾万元整"},
		{11000000000, "壹亿壹仟万元整"}, {10010000000, "壹亿零壹拾万元整"}, {100000000000000, "壹万亿元整"}, {100000000000100, "壹万亿零壹元整"},
		{-123405, "负壹仟贰佰叁拾肆元零伍分"}, {-5, "负伍分"},
		{math.MaxInt64, "玖亿贰仟贰佰叁拾叁万柒仟贰佰零叁亿陆仟捌佰伍拾肆万柒仟柒佰伍拾捌元零柒分"},
	} {
		if got := c.f.Capital(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.f, got, c.want)
		}
	}
}

// readCapital reads capital figures the way a person does, independently of how
// they are written.
func readCapital(s string) (Fen, bool) {
	s, negative := strings.CutPrefix(s, "负")
	units := map[string]uint64{"拾": 10, "佰": 100, "仟": 1000, "万": 1e4, "亿": 1e8}
	var total, section, digit uint64 // fen, yuan so far, last figure
	for _, r := range s {
		c := string(r)
		switch u, isUnit := units[c]; {
		case isUnit && u < 1e4:
			section += digit * u
			digit = 0
		case c == "万":
			section = section/1e8*1e8 + (section%1e8+digit)*1e4
			digit = 0
		case c == "亿":
			section = (section + digit) * 1e8
			digit = 0
		case c == "元":
			total = (section + digit) * 100
			digit = 0
		case c == "角":
			total += digit * 10
			digit = 0
		case c == "分":
			total += digit
			digit = 0
		case c == "整":
		default:
			i := figure(c)
			if i < 0 {
				return 0, false
			}
			digit = uint64(i)
		}
	}
	if negative {
		total = -total
	}
	return Fen(total), true
}

func figure(c string) int {
	for i, f := range figures {
		if f == c {
			return i
		}
	}
	return -1
}

func TestCapitalReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Fen(rapid.Int64().Draw(t, "f"))
		if rapid.Bool().Draw(t, "sparse") { // many zeros, where mistakes live
			f = 0
			for range 3 {
				place := Fen(math.Pow10(rapid.IntRange(0, 17).Draw(t, "place")))
				f += place * Fen(rapid.IntRange(0, 9).Draw(t, "figure"))
			}
		}
		s := f.Capital()
		if back, ok := readCapital(s); !ok || back != f {
			t.Fatalf("%s written %s reads %s", f, s, back)
		}
		for _, bad := range []string{"零零", "零万", "零亿", "零角", "零拾", "元元", "万万"} {
			if strings.Contains(s, bad) {
				t.Fatalf("%s written %s", f, s)
			}
		}
		if strings.Contains(strings.TrimSuffix(s, "整"), "整") || strings.HasSuffix(s, "分整") {
			t.Fatalf("%s: 整 in the wrong place of %s", f, s)
		}
	})
}
