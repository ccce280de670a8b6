package idcard

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// repairs are spellings of a number from which it must be read back.
var repairs = map[string]func(*rapid.T, Number) string{
	"as it is": func(_ *rapid.T, n Number) string { return n.Reveal() },
	"15 digits": func(_ *rapid.T, n Number) string {
		if s, ok := n.Short(); ok {
			return s
		}
		return n.Reveal()
	},
	"lower case": func(_ *rapid.T, n Number) string { return strings.ToLower(n.Reveal()) },
	"look-alike": func(t *rapid.T, n Number) string {
		return strings.ReplaceAll(n.Reveal(), "X", rapid.SampledFrom([]string{"×", "Х", "х", "Χ", "ｘ", "Ⅹ"}).Draw(t, "letter"))
	},
	"full width": func(_ *rapid.T, n Number) string {
		return strings.Map(func(r rune) rune { return r - '0' + '０' }, n.Reveal())
	},
	"invisible": func(t *rapid.T, n Number) string {
		at := rapid.IntRange(0, 18).Draw(t, "place")
		return n.Reveal()[:at] + rapid.SampledFrom([]string{" ", "\u00a0", "\u200b", "\ufeff", "\u3000", "\t", "-", "'"}).Draw(t, "sign") + n.Reveal()[at:]
	},
	"formula": func(_ *rapid.T, n Number) string { return `="` + n.Reveal() + `"` },
}

// losses are damages from which nothing must be read back.
var losses = map[string]func(*rapid.T, Number) string{
	"quantity": func(_ *rapid.T, n Number) string {
		s := n.Reveal()
		return s[:1] + "." + strings.TrimRight(s[1:15], "0") + "E+17"
	},
	"short quantity": func(_ *rapid.T, n Number) string { return n.Reveal()[:1] + "." + n.Reveal()[1:6] + "E+17" },
	"last digits":    func(_ *rapid.T, n Number) string { return n.Reveal()[:15] + "000" },
	"cut off":        func(t *rapid.T, n Number) string { return n.Reveal()[:rapid.IntRange(1, 14).Draw(t, "length")] },
	"one too few": func(t *rapid.T, n Number) string {
		return n.Reveal()[:rapid.SampledFrom([]int{16, 17}).Draw(t, "length")]
	},
	"typing error": func(t *rapid.T, n Number) string {
		b := []byte(n.Reveal())
		at := rapid.IntRange(0, 16).Draw(t, "place")
		b[at] = '0' + (b[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		return string(b)
	},
	"swapped": func(t *rapid.T, n Number) string {
		b := []byte(n.Reveal())
		at := rapid.IntRange(0, 15).Draw(t, "place")
		b[at], b[at+1] = b[at+1], b[at]
		return string(b)
	},
}

func TestEveryRepairGivesTheSameNumber(t *testing.T) {
	for name, spell := range repairs {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			n := numbers().Draw(t, "number")
			if got, _ := CompareNumber(spell(t, n), n); got != Agrees {
				t.Fatalf("got %d, want the same number", got)
			}
		}))
	}
}

func TestNothingLostIsGuessed(t *testing.T) {
	for name, damage := range losses {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			n := numbers().Draw(t, "number")
			text := damage(t, n)
			if text == n.Reveal() {
				t.Skip("no damage")
			}
			if got, _ := CompareNumber(text, n); got == Agrees || got == Unsaid || got == Differs {
				t.Fatalf("got %d, want illegible or damaged", got)
			}
		}))
	}
}

// Whatever is done to one number, it never agrees with another, unless the damage
// has written the other number down.
func TestTwoNumbersNeverAgree(t *testing.T) {
	all := []func(*rapid.T, Number) string{}
	for _, from := range []map[string]func(*rapid.T, Number) string{repairs, losses} {
		for _, f := range from {
			all = append(all, f)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := numbers().Draw(t, "number")
		other := numbers().Draw(t, "other")
		if rapid.Bool().Draw(t, "near") { // the same day and division
			serial := rapid.IntRange(1, 999).Draw(t, "serial")
			other, _ = Make(n.Division(), n.Birth(), serial)
		}
		if n == other {
			t.Skip("the same")
		}
		for _, f := range all {
			text := f(t, n)
			if got, _ := CompareNumber(text, other); got == Agrees && text != other.Reveal() {
				t.Fatalf("a spelling of one number agrees with another")
			}
		}
		if got, _ := CompareNumber(n.Reveal(), other); got != Differs && got != Damaged {
			t.Fatalf("got %d, want differs", got)
		}
	})
}

// names draws Chinese names of common characters, some with a dot.
func names() *rapid.Generator[string] {
	one := func(least, most int) *rapid.Generator[string] {
		return rapid.StringOfN(rapid.SampledFrom([]rune("王李张刘陈杨伟强磊军勇杰涛明芳娜敏静丽娟艳秀阿依古买提郑国龑")), least, most, -1)
	}
	return rapid.OneOf(one(2, 4), rapid.Custom(func(t *rapid.T) string { return one(2, 5).Draw(t, "given") + "·" + one(2, 5).Draw(t, "father") }))
}

func TestEveryNameAgreesWithItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(names(), rapid.StringMatching(`[A-Z][a-z]{1,8}( [A-Z][a-z]{1,8}){0,2}`)).Draw(t, "name")
		if got, used := CompareName(name, name); got != Agrees || used != 0 {
			t.Fatalf("got %d with %s", got, used)
		}
	})
}

func TestSpellingsOfANameAgree(t *testing.T) {
	traditional := strings.NewReplacer("张", "張", "刘", "劉", "陈", "陳", "杨", "楊", "伟", "偉", "强", "強", "军", "軍", "杰", "傑", "涛", "濤",
		"静", "靜", "丽", "麗", "艳", "艷", "买", "買", "郑", "鄭", "国", "國", "龑", "䶮")
	rapid.Check(t, func(t *rapid.T) {
		name := names().Draw(t, "name")
		spelt := name
		if rapid.Bool().Draw(t, "traditional") {
			spelt = traditional.Replace(spelt)
		}
		spelt = strings.ReplaceAll(spelt, "·", rapid.SampledFrom([]string{"·", "•", "・", "‧", "∙", "⋅", "．", ".", "･", ""}).Draw(t, "dot"))
		at := rapid.IntRange(0, utf8.RuneCountInString(spelt)).Draw(t, "place")
		r := []rune(spelt)
		spelt = string(r[:at]) + rapid.SampledFrom([]string{"", " ", "\u3000", "\u00a0", "\u200b"}).Draw(t, "blank") + string(r[at:])
		if got, _ := CompareName(spelt, name); got != Agrees {
			t.Fatalf("%q for %q: got %d", spelt, name, got)
		}
		if got, _ := CompareName(name, spelt); got != Agrees {
			t.Fatalf("%q for %q: got %d", name, spelt, got)
		}
	})
}

// Agreement in full does not depend on who asks.
func TestAgreementOfNamesIsSymmetric(t *testing.T) {
	any := rapid.OneOf(names(), rapid.StringOfN(rapid.SampledFrom([]rune("王張张伟偉·. ?*aA(）曾用名\ue863")), 0, 8, -1))
	rapid.Check(t, func(t *rapid.T) {
		a, b := any.Draw(t, "a"), any.Draw(t, "b")
		x, _ := CompareName(a, b)
		y, _ := CompareName(b, a)
		if (x == Agrees) != (y == Agrees) && !strings.Contains(a+b, "*") {
			t.Fatalf("%q for %q: %d, and the other way %d", a, b, x, y)
		}
	})
}

// An unreadable or shortened name never agrees in full, and fits the name it was.
func TestUnreadablePartsAreNeverAgreement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := []rune(names().Draw(t, "name"))
		at := rapid.IntRange(0, len(name)-1).Draw(t, "place")
		if name[at] == '·' {
			t.Skip("a dot")
		}
		sign := rapid.SampledFrom([]string{"?", "？", "□", "〓", "■", "\ufffd", "\ue123", "\U000f1234", "yan"}).Draw(t, "sign")
		spelt := string(name[:at]) + sign + string(name[at+1:])
		if got, used := CompareName(spelt, string(name)); got != Partly || !used.Has(open) {
			t.Fatalf("%q for %q: got %d with %s, want partly", spelt, string(name), got, used)
		}
	})
}

// Two names with another character at some place never agree and never fit.
func TestAnotherNameIsNeverTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := []rune(names().Draw(t, "name"))
		other := append([]rune(nil), name...)
		at := rapid.IntRange(0, len(name)-1).Draw(t, "place")
		other[at] = rapid.SampledFrom([]rune("赵钱孙周吴冯褚卫蒋沈韩杰涛")).Draw(t, "character")
		if name[at] == '·' || sameCharacter(name[at], other[at]) {
			t.Skip("no other name")
		}
		if got, _ := CompareName(string(other), string(name)); got != Differs {
			t.Fatalf("%q for %q: got %d, want differs", string(other), string(name), got)
		}
	})
}

func FuzzCompareNumber(f *testing.F) {
	for _, s := range []string{"", "33020019680101001X", "330200680101001.0", "3.30200196801010E+17", "330200196801010000", "＊＊330200", `="330200"`, "E+", "'", "1e999999999"} {
		f.Add(s)
	}
	asked, err := Parse("33020019680101001X")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, used := CompareNumber(s, asked)
		n, err := Parse(s)
		switch {
		case got == Agrees && !used.Has(MaskedNumber) && n != asked:
			t.Fatal("agrees, and is not the number")
		case err == nil && n == asked && got != Agrees:
			t.Fatalf("is the number, and got %d", got)
		case got != Agrees && used != 0:
			t.Fatal("an allowance without agreement")
		}
	})
}

func FuzzCompareName(f *testing.F) {
	for _, s := range [][2]string{{"王小海", "王小海"}, {"阿依古丽.买买提", "阿依古丽·买买提"}, {"王?", "王䶮"}, {"??a??a??a??", "aaaaaaaa"}, {"李娜(曾用名", "李娜"},
		{"SMITH, JOHN", "John Smith"}, {"\xff\xfe", "王"}, {"((((", "）"}, {"王yan", "王䶮"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		got, used := CompareName(a, b)
		if got == Damaged || got != Agrees && got != Partly && used != 0 {
			t.Fatalf("got %d with %s", got, used)
		}
		if got == Partly != used.Has(open) {
			t.Fatalf("partly and the allowances disagree: %d with %s", got, used)
		}
		if self, _ := CompareName(a, a); self == Differs && len(readName(a).main.folded) > 0 {
			t.Fatalf("%q differs from itself", a)
		}
	})
}
