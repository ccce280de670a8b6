package uscc

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func reasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

func TestGoodCodes(t *testing.T) {
	for _, c := range []struct {
		in           string
		kind         Kind
		division     string
		organisation string
	}{
		{"91350100M000100Y43", KindUSCC, "350100", "M000100Y4"}, // widely published example
		{"91330203MA2ABCD133", KindUSCC, "330203", "MA2ABCD13"},
		{"92330212MA2XYWQ92C", KindUSCC, "330212", "MA2XYWQ92"},
		{"93330282MA2TEE0798", KindUSCC, "330282", "MA2TEE079"},
		{"110108000000016", KindRegistration, "110108", ""}, // widely published example
		{"D2143569X", KindOrganisation, "", "D2143569X"},    // widely published example
	} {
		code, err := Parse(c.in)
		if err != nil || code.String() != c.in || code.Kind() != c.kind || code.Division() != c.division || code.Organisation() != c.organisation {
			t.Errorf("%s: got %s, kind %s, division %s, organisation %s, %v", c.in, code, code.Kind(), code.Division(), code.Organisation(), err)
		}
	}
}

func TestParseReadsWhatPeopleType(t *testing.T) {
	for in, want := range map[string]string{
		" 91330203ma2abcd133\r\n":    "91330203MA2ABCD133",
		"９１３３０２０３ＭＡ２ＡＢＣＤ１３３":         "91330203MA2ABCD133",
		"\ufeff91330203 MA2ABCD1 33": "91330203MA2ABCD133",
		"d2143569-x":                 "D2143569X",
		"D2143569－X":                 "D2143569X",
		"110108 000000016":           "110108000000016",
	} {
		if code, err := Parse(in); err != nil || code.String() != want {
			t.Errorf("Parse(%q) = %s, %v, want %s", in, code, err, want)
		}
	}
}

func TestRefusalsAreToldApart(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Reason
	}{
		{"", ReasonEmpty}, {" \ufeff", ReasonEmpty}, {"9133020", ReasonLength}, {"91330203MA2ABCD1333", ReasonLength}, {"D21435-69X", ReasonLength},
		{"91330203MA2ABCDI33", ReasonCharacter}, {"91330203MA2ABCDO33", ReasonCharacter}, {"9133020XMA2ABCD133", ReasonCharacter},
		{"11010800000001X", ReasonCharacter}, {"D2143569A", ReasonCharacter}, {"宁波某某有限公司甲", ReasonCharacter}, {"D2143-69X", ReasonCharacter},
		{"91330203MA2ABCD134", ReasonCheck}, {"110108000000017", ReasonCheck}, {"D21435690", ReasonCheck},
	} {
		code, err := Parse(c.in)
		if got := reasonOf(err); got != c.want || !code.IsZero() {
			t.Errorf("Parse(%q): got reason %q, want %q", c.in, got, c.want)
		}
	}
}

func TestMake(t *testing.T) {
	if c, ok := MakeUSCC("91", "330203", "MA2ABCD1"); !ok || c.String() != "91330203MA2ABCD133" {
		t.Errorf("MakeUSCC gave %s, %v", c, ok)
	}
	if c, ok := MakeRegistration("110108", 1); !ok || c.String() != "110108000000016" {
		t.Errorf("MakeRegistration gave %s, %v", c, ok)
	}
	if c, ok := MakeOrganisation("D2143569"); !ok || c.String() != "D2143569X" {
		t.Errorf("MakeOrganisation gave %s, %v", c, ok)
	}
	for _, parts := range [][3]string{{"9", "330203", "MA2ABCD1"}, {"91", "33020A", "MA2ABCD1"}, {"91", "330203", "MA2ABCI1"}, {"91", "330203", "MA2"}, {"9i", "330203", "MA2ABCD1"}} {
		if c, ok := MakeUSCC(parts[0], parts[1], parts[2]); ok {
			t.Errorf("MakeUSCC(%q) gave %s", parts, c)
		}
	}
	for _, sequence := range []int{-1, 100_000_000} {
		if c, ok := MakeRegistration("330203", sequence); ok {
			t.Errorf("MakeRegistration(%d) gave %s", sequence, c)
		}
	}
	for _, base := range []string{"", "D214356", "d2143569", "D214356-"} {
		if c, ok := MakeOrganisation(base); ok {
			t.Errorf("MakeOrganisation(%q) gave %s", base, c)
		}
	}
}

// codes draws valid codes of all kinds.
func codes() *rapid.Generator[Code] {
	return rapid.Custom(func(t *rapid.T) Code {
		division := rapid.StringMatching(`[0-9]{6}`).Draw(t, "division")
		var c Code
		var ok bool
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			entity := rapid.SampledFrom([]string{"91", "92", "93", "52", "Y1", "11"}).Draw(t, "entity")
			c, ok = MakeUSCC(entity, division, rapid.StringMatching(`[0-9A-HJ-NPQRTUWXY]{8}`).Draw(t, "base"))
		case 1:
			c, ok = MakeRegistration(division, rapid.IntRange(0, 99_999_999).Draw(t, "sequence"))
		case 2:
			c, ok = MakeOrganisation(rapid.StringMatching(`[0-9A-Z]{8}`).Draw(t, "base"))
		}
		if !ok {
			t.Fatal("Make refused good parts")
		}
		return c
	})
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := codes().Draw(t, "code")
		for _, s := range []string{c.String(), strings.ToLower(c.String())} {
			if back, err := Parse(s); err != nil || back != c {
				t.Fatalf("Parse(%q) = %s, %v", s, back, err)
			}
		}
		b, err := json.Marshal(map[Code]Code{c: c, {}: {}})
		var back map[Code]Code
		if err != nil || json.Unmarshal(b, &back) != nil || back[c] != c || len(back) != 2 {
			t.Fatalf("%s gave %v", b, back)
		}
		if c.Kind() == KindUSCC {
			if o, err := Parse(c.Organisation()); err != nil || o.Kind() != KindOrganisation {
				t.Fatalf("the organisation code in %s: %v", c, err)
			}
		}
	})
}

// GB 32100 and GS 15 catch every changed character. GB 11714 does not: a digit
// and a letter eleven apart look alike to it.
func TestAnyChangedCharacterIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := codes().Filter(func(c Code) bool { return c.Kind() != KindOrganisation }).Draw(t, "code")
		b := []byte(c.String())
		at := rapid.IntRange(0, len(b)-1).Draw(t, "place")
		other := alphabet[rapid.IntRange(0, len(alphabet)-1).Draw(t, "other")]
		if other == b[at] {
			t.Skip("no change")
		}
		b[at] = other
		if got, err := Parse(string(b)); err == nil {
			t.Fatalf("%s became %s and is accepted", c, got)
		}
	})
}

func TestZeroCodeIsHarmless(t *testing.T) {
	var c Code
	if c.String() != "" || c.Kind() != "" || c.Division() != "" || c.Organisation() != "" {
		t.Error("the zero Code says something")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "91350100M000100Y43", "110108000000016", "D2143569-X", "９１３３０２０３ＭＡ２ＡＢＣＤ１３３", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			if !c.IsZero() || reasonOf(err) == "" {
				t.Fatalf("refused with %v and %s", err, c)
			}
			return
		}
		if back, err := Parse(c.String()); err != nil || back != c || c.Kind() == "" {
			t.Fatalf("%s does not parse to itself: %s, %v", c, back, err)
		}
	})
}
