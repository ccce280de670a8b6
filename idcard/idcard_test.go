package idcard

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hedui/day"
)

// must reads a number that the test itself wrote down.
func must(t *testing.T, s string) Number {
	t.Helper()
	n, err := Parse(s)
	if err != nil {
		t.Fatalf("Parse of a good number: %v", err)
	}
	return n
}

// reasonOf returns the reason in err, or nothing.
func reasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

func TestGoodNumbers(t *testing.T) {
	for _, c := range []struct {
		in    string
		birth string
		male  bool
	}{
		{"33020019680101001X", "1968-01-01", true},
		{"330200197205200022", "1972-05-20", false},
		{"330200200509090031", "2005-09-09", true},
		{"330200198002290018", "1980-02-29", true},
		{"330200195307150127", "1953-07-15", false},
		{"33020019700101018X", "1970-01-01", false},
	} {
		n := must(t, c.in)
		if n.Reveal() != c.in || n.Birth().String() != c.birth || n.Male() != c.male || n.Division() != "330200" {
			t.Errorf("%s: got %s, %s, male %v, division %s", c.in, n.Reveal(), n.Birth(), n.Male(), n.Division())
		}
	}
}

func TestParseReadsWhatPeopleType(t *testing.T) {
	const want = "33020019680101001X"
	for name, in := range map[string]string{
		"fifteen digits":        "330200680101001",
		"lower-case x":          "33020019680101001x",
		"full width":            "３３０２００１９６８０１０１００１Ｘ",
		"full-width lower x":    "33020019680101001ｘ",
		"full-width fifteen":    "３３０２００６８０１０１００１",
		"blanks around":         "  33020019680101001X\r\n",
		"blanks between":        "330200 19680101 001X",
		"ideographic blank":     "\u300033020019680101001X\u3000",
		"no-break blank":        "330200\u00a019680101001X",
		"byte order mark":       "\ufeff33020019680101001X",
		"zero-width characters": "33020019680101001X\u200b\u202c",
	} {
		t.Run(name, func(t *testing.T) {
			n, err := Parse(in)
			if err != nil || n.Reveal() != want {
				t.Errorf("got %s, %v, want %s", n.Reveal(), err, want)
			}
		})
	}
}

func TestRefusalsAreToldApart(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Reason
	}{
		{"", ReasonEmpty}, {" \ufeff\t", ReasonEmpty},
		{"3302001968010100", ReasonLength}, {"33020019680101001X0", ReasonLength}, {"王五", ReasonLength},
		{"33020019680101OO1X", ReasonCharacter}, {"X30200196801010011", ReasonCharacter},
		{"33020068010100X", ReasonCharacter}, {"33020019680101001Y", ReasonCharacter},
		{"三三〇二〇〇六八〇一〇一〇〇一", ReasonCharacter}, {"33020019680101\xff01X", ReasonCharacter},
		{"330200198102290018", ReasonBirth}, {"330200198013010018", ReasonBirth},
		{"330200810229001", ReasonBirth}, {"330200179912310018", ReasonBirth},
		{"330200000229001", ReasonBirth}, // 1900 was no leap year
		{"330200196801010011", ReasonCheck},
		{"3.30200196801010E+17", ReasonDamaged}, {"3.302e+17", ReasonDamaged},
		{"330200196801010000", ReasonDamaged},
	} {
		n, err := Parse(c.in)
		if got := reasonOf(err); got != c.want || !n.IsZero() {
			t.Errorf("Parse(%q): got reason %q, want %q", c.in, got, c.want)
		}
		if err != nil && len(c.in) > 2 && strings.Contains(err.Error(), c.in) {
			t.Errorf("the error for %q quotes it: %v", c.in, err)
		}
	}
}

func TestCentenariansKeepTheirCentury(t *testing.T) {
	for in, want := range map[string]string{
		"330200840101996": "1884-01-01", "330200991231999": "1899-12-31",
		"330200840101995": "1984-01-01",
	} {
		n := must(t, in)
		if n.Birth().String() != want {
			t.Errorf("%s: born %s, want %s", in, n.Birth(), want)
		}
		if short, ok := n.Short(); !ok || short != in {
			t.Errorf("%s: short form is %q, %v", in, short, ok)
		}
	}
	late, _ := Make("330200", day.Must("1984-01-01"), 997)
	if short, ok := late.Short(); ok {
		t.Errorf("19840101 with serial 997 has the short form %s, which means 1884", short)
	}
}

func TestADissolvedDivisionIsNoReason(t *testing.T) {
	for _, division := range []string{"330227", "330204", "000000", "999999"} {
		n, ok := Make(division, day.Must("1990-06-01"), 12)
		if !ok {
			t.Fatalf("Make for %s failed", division)
		}
		if again := must(t, n.Reveal()); again != n || again.Division() != division {
			t.Errorf("division %s: got %s", division, again.Division())
		}
	}
}

func TestMakeRefusesWhatCannotBe(t *testing.T) {
	born := day.Must("1990-06-01")
	for _, c := range []struct {
		division string
		birth    day.Day
		serial   int
	}{
		{"33020", born, 1}, {"33020X", born, 1}, {"", born, 1}, {"330200", day.Day{}, 1},
		{"330200", day.Must("1799-12-31"), 1}, {"330200", born, 0}, {"330200", born, 1000}, {"330200", born, -1},
	} {
		if n, ok := Make(c.division, c.birth, c.serial); ok || !n.IsZero() {
			t.Errorf("Make(%q, %s, %d) gave a number", c.division, c.birth, c.serial)
		}
	}
}

func TestAgeAndPlausibility(t *testing.T) {
	leap := must(t, "330200198002290018")
	for on, want := range map[string]int{
		"1980-02-29": 0, "1981-02-28": 0, "1981-03-01": 1, "1998-02-28": 17, "1998-03-01": 18,
		"2000-02-28": 19, "2000-02-29": 20, "1980-02-28": -1,
	} {
		if got := leap.AgeOn(day.Must(on)); got != want {
			t.Errorf("age on %s = %d, want %d", on, got, want)
		}
	}
	for on, want := range map[string]Reason{
		"1980-02-28": ReasonFuture, "1980-02-29": "", "2111-02-28": "", "2111-03-01": ReasonAge,
	} {
		if got := reasonOf(leap.PlausibleOn(day.Must(on))); got != want {
			t.Errorf("plausible on %s: got %q, want %q", on, got, want)
		}
	}
}

func TestZeroNumberIsHarmless(t *testing.T) {
	var n Number
	_, short := n.Short()
	if n.Reveal() != "" || n.Masked() != "" || n.Division() != "" || !n.Birth().IsZero() || n.Male() || short ||
		n.AgeOn(day.Must("2026-01-01")) != 0 || reasonOf(n.PlausibleOn(day.Must("2026-01-01"))) != ReasonEmpty {
		t.Error("the zero Number says something about a person")
	}
}

// numbers draws valid numbers of every division, century and serial.
func numbers() *rapid.Generator[Number] {
	return rapid.Custom(func(t *rapid.T) Number {
		division := rapid.StringMatching(`[0-9]{6}`).Draw(t, "division")
		birth := day.Must("1800-01-01").Add(rapid.IntRange(0, 100000).Draw(t, "days"))
		n, ok := Make(division, birth, rapid.IntRange(1, 999).Draw(t, "serial"))
		if !ok {
			t.Fatal("Make refused a possible person")
		}
		return n
	})
}

func TestAnyChangedCharacterIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(numbers().Draw(t, "number").Reveal())
		at := rapid.IntRange(0, 17).Draw(t, "place")
		alphabet := "0123456789"
		if at == 17 {
			alphabet += "X"
		}
		other := alphabet[rapid.IntRange(0, len(alphabet)-1).Draw(t, "other")]
		if other == b[at] {
			t.Skip("no change")
		}
		b[at] = other
		if _, err := Parse(string(b)); err == nil {
			t.Fatalf("%s is accepted", b)
		}
	})
}

func TestSwappedNeighboursAreRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(numbers().Draw(t, "number").Reveal())
		at := rapid.IntRange(0, 15).Draw(t, "place")
		if b[at] == b[at+1] {
			t.Skip("no change")
		}
		b[at], b[at+1] = b[at+1], b[at]
		if _, err := Parse(string(b)); err == nil {
			t.Fatalf("%s is accepted", b)
		}
	})
}

func TestLongAndShortRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := numbers().Draw(t, "number")
		if again, err := Parse(n.Reveal()); err != nil || again != n {
			t.Fatalf("18 characters: %v", err)
		}
		short, ok := n.Short()
		if !ok {
			if y := n.Birth().Year(); y >= 1900 && y < 2000 && n.Reveal()[14:17] < "996" {
				t.Fatalf("born in %d and no short form", y)
			}
			return
		}
		if again, err := Parse(short); err != nil || again != n {
			t.Fatalf("15 digits: %v", err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "33020019680101001X", "330200680101001", "３３０２００１９６８０１０１００１ｘ",
		"\ufeff330200 19680101 001x", "3.30200196801010E+17", "330200198102290018", "330200840101996", "33020019680101\xff01X"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			if !n.IsZero() || reasonOf(err) == "" {
				t.Fatalf("refused with %v and a number", err)
			}
			return
		}
		if again, err := Parse(n.Reveal()); err != nil || again != n {
			t.Fatalf("the 18-character form does not parse to itself: %v", err)
		}
		if len(n.Reveal()) != 18 || n.Birth().IsZero() {
			t.Fatal("a number without 18 characters or birth day")
		}
	})
}
