package idcard

import (
	"testing"

	"hedui/day"
)

func TestNumbersAreComparedAsRegistersWriteThem(t *testing.T) {
	asked := must(t, "33020019680101001X")
	for _, c := range []struct {
		returned string
		want     Agreement
		used     Allowance
	}{
		{"33020019680101001X", Agrees, 0},
		{"33020019680101001x", Agrees, LooseNumber},
		{"330200680101001", Agrees, ShortNumber},
		{"３３０２００６８０１０１００１", Agrees, ShortNumber | LooseNumber},
		{"330200680101001.0", Agrees, ShortNumber | LooseNumber},
		{"'33020019680101001X", Agrees, LooseNumber},
		{"‘33020019680101001X", Agrees, LooseNumber},
		{`="33020019680101001X"`, Agrees, LooseNumber},
		{"330,200,680,101,001", Agrees, ShortNumber | LooseNumber},
		{"330200-19680101-001X", Agrees, LooseNumber},
		{"33020019680101001×", Agrees, LooseNumber},
		{"33020019680101001Х", Agrees, LooseNumber}, // Cyrillic
		{"33020019680101001ｘ", Agrees, LooseNumber},
		{"3302 0019\u00a06801\u200b01001X\ufeff", Agrees, LooseNumber},
		{"3302**********001X", Agrees, MaskedNumber},
		{"3302＊＊＊＊＊＊＊＊＊＊001x", Agrees, MaskedNumber},
		{"330200******001", Agrees, MaskedNumber | ShortNumber},
		{"3302**********0011", Differs, 0},
		{"******************", Differs, 0},
		{"", Unsaid, 0}, {" \ufeff", Unsaid, 0}, {"'", Unsaid, 0},
		{"3.30200196801010E+17", Damaged, 0}, {"3.3020019680101e17", Damaged, 0}, {"330200196801010000.00", Damaged, 0},
		{"330200196801010000", Damaged, 0},
		{"330200196801010011", Illegible, 0}, // wrong check character
		{"33020019680110001X", Illegible, 0}, // swapped digits
		{"3302001968010100", Illegible, 0}, {"不详", Illegible, 0}, {"33020019680101OO1X", Illegible, 0},
		{"330200197205200022", Differs, 0}, {"330200720520002", Differs, 0},
	} {
		if got, used := CompareNumber(c.returned, asked); got != c.want || used != c.used {
			t.Errorf("%q: got %d %q, want %d %q", c.returned, got, used, c.want, c.used)
		}
	}
	if got, _ := CompareNumber("33020019680101001X", Number{}); got == Agrees {
		t.Error("a number agrees with none")
	}
}

func TestWhatASpreadsheetMakesOfANumberIsDamagedEvenWhereItIsANumber(t *testing.T) {
	asked, ok := Make("330200", day.Must("1971-11-30"), 203)
	if !ok {
		t.Fatal("no such number")
	}
	seen := 0
	for serial := 1; serial <= 999; serial++ {
		n, _ := Make("330200", asked.Birth(), serial)
		cut := n.Reveal()[:15] + "000"
		if cut == n.Reveal() {
			continue
		}
		if _, err := Parse(cut); err == nil {
			seen++
		}
		if got, _ := CompareNumber(cut, n); got != Damaged {
			t.Fatalf("serial %d with its last digits lost: got %d, want damaged", serial, got)
		}
	}
	if seen == 0 {
		t.Error("no spoilt number passes Parse; the case is not tested")
	}
}

func TestNamesAreComparedAsRegistersWriteThem(t *testing.T) {
	for _, c := range []struct {
		returned, asked string
		want            Agreement
		used            Allowance
	}{
		{"王小海", "王小海", Agrees, 0},
		{" 王 小海　", "王小海", Agrees, Blank},
		{"王\u200b小\ufeff海\u00a0", "王小海", Agrees, Blank},
		{"", "王小海", Unsaid, 0}, {" \u3000", "王小海", Unsaid, 0},
		{"王大海", "王小海", Differs, 0}, {"王小", "王小海", Differs, 0}, {"李小海", "王小海", Differs, 0}, {"海小王", "王小海", Differs, 0},
		{"王玮", "王伟", Differs, 0}, {"王小海海", "王小海", Differs, 0},

		{"阿依古丽.买买提", "阿依古丽·买买提", Agrees, Dot},
		{"阿依古丽买买提", "阿依古丽•买买提", Agrees, Dot},
		{"阿依古丽・买买提", "阿依古丽·买买提", Agrees, Dot},
		{"阿依古丽．买买提", "阿依古丽·买买提", Agrees, Dot},
		{"阿依古丽‧买买提", "阿依古丽∙买买提", Agrees, Dot},
		{"阿依古丽⋅买买提", "阿依古丽 · 买买提", Agrees, Dot | Blank},
		{"阿依古丽?买买提", "阿依古丽·买买提", Partly, Unreadable},
		{"阿依古丽", "阿依古丽·买买提", Partly, Cut},
		{"阿依古丽·买买", "阿依古丽·买买提", Partly, Cut},
		{"阿依古", "阿依古丽·买买提", Differs, 0},               // three characters are a name of their own
		{"阿不都热合曼·艾合买提", "阿不都热合曼·艾合买提·依明", Differs, 0}, // ten characters fit old columns
		{"买买提·阿依古丽", "阿依古丽·买买提", Differs, 0},
		{"热依汗·买买提", "阿依古丽·买买提", Differs, 0},

		{"張偉強", "张伟强", Agrees, Variant}, {"吳峯", "吴峰", Agrees, Variant}, {"李龑", "李䶮", Agrees, Variant}, {"戶羣", "户群", Agrees, Variant},
		{"王\uf900", "王豈", Agrees, Width}, // a compatibility ideograph
		{"王喆", "王哲", Differs, 0}, {"阎明", "闫明", Differs, 0}, {"萧明", "肖明", Differs, 0}, {"傅明", "付明", Differs, 0},
		{"王\U000e0100伟", "王伟", Agrees, Blank}, // a variation selector

		{"王?", "王䶮", Partly, Unreadable}, {"王？明", "王䶮明", Partly, Unreadable}, {"王??明", "王䶮明", Partly, Unreadable}, {"王????", "王𠮷", Partly, Unreadable},
		{"王□明", "王䶮明", Partly, Unreadable}, {"王〓", "王䶮", Partly, Unreadable}, {"王■", "王䶮", Partly, Unreadable}, {"王\ufffd\ufffd", "王䶮", Partly, Unreadable},
		{"王\ue863", "王䶮", Partly, Unreadable}, {"王\U000f0001", "王䶮", Partly, Unreadable}, {"王䶮", "王\ue863", Partly, Unreadable},
		{"李?", "王䶮", Differs, 0}, {"王□明", "王䶮", Differs, 0}, {"王□光", "王䶮明", Differs, 0},
		{"??", "王䶮", Illegible, 0}, {"□□", "王䶮", Illegible, 0}, {"***", "王小海", Illegible, 0},
		{"王yan", "王䶮", Partly, Pinyin}, {"王yǎn明", "王䶮明", Partly, Pinyin | Width | Case}, {"王 YAN", "王䶮", Partly, Pinyin | Blank},
		{"李yan", "王䶮", Differs, 0}, {"WANG YAN", "王䶮", Illegible, 0}, {"ÍõÐ¡º£", "王小海", Illegible, 0},

		{"王*海", "王小海", Agrees, MaskedName}, {"**海", "王小海", Agrees, MaskedName}, {"王＊海", "王小海", Agrees, MaskedName | Width},
		{"王*海", "王小明", Differs, 0}, {"王*", "王小海", Differs, 0},

		{"李娜(曾用名李红)", "李娜", Agrees, Remark}, {"李娜（曾用名：李红）", "李红", Agrees, OtherName}, {"李娜 曾用名 李红", "李红", Agrees, OtherName},
		{"李红", "李娜（原名李红）", Agrees, OtherName}, {"王伟[小]", "王伟", Agrees, Remark}, {"（王伟）", "王伟", Agrees, Remark},
		{"李娜(曾用名李红)", "李丽", Differs, 0}, {"张三、李四", "李四", Differs, 0},

		{"john smith", "JOHN SMITH", Agrees, Case}, {"SMITH, JOHN", "JOHN SMITH", Agrees, Order}, {"Smith John", "JOHN SMITH", Agrees, Order | Case},
		{"JOHNSMITH", "JOHN SMITH", Agrees, Blank}, {"ＪＯＨＮ　ＳＭＩＴＨ", "JOHN SMITH", Agrees, Width | Blank}, {"José Núñez", "JOSE NUNEZ", Agrees, Width | Case},
		{"MARGARET ELISA", "MARGARET ELISABETH SMITH", Partly, Cut}, {"JOHN SMYTH", "JOHN SMITH", Differs, 0}, {"JOHN", "JOHN SMITH", Differs, 0},
	} {
		if got, used := CompareName(c.returned, c.asked); got != c.want || used&c.used != c.used || (used != 0) != (c.used != 0) {
			t.Errorf("%q for %q: got %d %q, want %d %q", c.returned, c.asked, got, used, c.want, c.used)
		}
	}
}

func TestFurtherNamesOfARegisterCountOnlyInFull(t *testing.T) {
	for _, c := range []struct {
		returned, others string
		want             Agreement
		used             Allowance
	}{
		{"李娜", "李红", Agrees, OtherName}, {"", "李红", Agrees, OtherName}, {"李娜", "李 紅", Agrees, OtherName | Blank | Variant},
		{"李娜", "李□", Differs, 0}, {"李娜", "李丽", Differs, 0}, {"李□", "李娜", Partly, Unreadable},
	} {
		if got, used := CompareName(c.returned, "李红", c.others); got != c.want || used != c.used {
			t.Errorf("%q, also %q: got %d %q, want %d %q", c.returned, c.others, got, used, c.want, c.used)
		}
	}
}

func TestEntriesAreJudged(t *testing.T) {
	asked := must(t, "33020019680101001X")
	sibling, _ := Make("330200", asked.Birth(), 3)
	woman, _ := Make("330200", asked.Birth(), 2)
	born := asked.Birth()
	for name, c := range map[string]struct {
		entry Entry
		want  Verdict
	}{
		"number and name":             {Entry{Number: asked.Reveal(), Name: "李国良"}, Verdict{Grade: GradeNumberName}},
		"name not said":               {Entry{Number: asked.Reveal()}, Verdict{Grade: GradeNumber}},
		"name not fully readable":     {Entry{Number: asked.Reveal(), Name: "李国?"}, Verdict{Grade: GradeNumber, Used: Unreadable}},
		"old number":                  {Entry{Number: "330200680101001", Name: "李國良"}, Verdict{Grade: GradeShort, Used: ShortNumber | Variant}},
		"another name":                {Entry{Number: asked.Reveal(), Name: "李国栋"}, Verdict{Doubt: DoubtName}},
		"former name":                 {Entry{Number: asked.Reveal(), Name: "李国栋", OtherNames: []string{"李国良"}}, Verdict{Grade: GradeNumberName, Used: OtherName}},
		"pinyin":                      {Entry{Number: asked.Reveal(), Name: "LI GUOLIANG"}, Verdict{Doubt: DoubtNameIllegible}},
		"former number":               {Entry{Number: sibling.Reveal(), FormerNumber: asked.Reveal(), Name: "李国良"}, Verdict{Grade: GradeNumberName, Used: FormerNumber}},
		"number as a quantity":        {Entry{Number: "3.30200196801010E+17", Name: "李国良"}, Verdict{Doubt: DoubtNumberDamaged}},
		"the same, another name":      {Entry{Number: "3.30200196801010E+17", Name: "王芳"}, Verdict{Doubt: DoubtNumberDamaged}},
		"quantity of another":         {Entry{Number: "3.30200197206080E+17", Name: "王芳"}, Verdict{}},
		"quantity of another, name":   {Entry{Number: "3.30200197206080E+17", Name: "李国良"}, Verdict{Doubt: DoubtNumberDamaged}},
		"typing error":                {Entry{Number: "330200196801010011", Name: "李国良"}, Verdict{Doubt: DoubtNumber}},
		"typing error and no name":    {Entry{Number: "330200196801010011"}, Verdict{Doubt: DoubtNumber}},
		"typing error, another name":  {Entry{Number: "330200196801010011", Name: "王芳"}, Verdict{Doubt: DoubtNumber}},
		"digits swapped":              {Entry{Number: "33020019680110001X", Name: "王芳"}, Verdict{Doubt: DoubtNumber}},
		"another's typing error":      {Entry{Number: "330200197206080019", Name: "王芳"}, Verdict{}},
		"somebody else":               {Entry{Number: "330200197205200022", Name: "周秀芬"}, Verdict{}},
		"a namesake":                  {Entry{Number: "330200197206080018", Name: "李国良"}, Verdict{}},
		"one person, two numbers":     {Entry{Number: sibling.Reveal(), Name: "李国良"}, Verdict{Doubt: DoubtTwoNumbers}},
		"a namesake of the other sex": {Entry{Number: woman.Reveal(), Name: "李国良"}, Verdict{}},
		"name and birthday":           {Entry{Name: "李国良", Birth: born, Sex: Male}, Verdict{Grade: GradeNameBirth}},
		"name and no sex":             {Entry{Name: "李 国良", Birth: born}, Verdict{Grade: GradeNameBirth, Used: Blank}},
		"another birthday":            {Entry{Name: "李国良", Birth: born.Add(1)}, Verdict{Doubt: DoubtBirth}},
		"another sex":                 {Entry{Name: "李国良", Birth: born, Sex: Female}, Verdict{Doubt: DoubtBirth}},
		"name not said, birthday":     {Entry{Birth: born}, Verdict{Unknown: true}},
		"name and nothing else":       {Entry{Name: "李国良"}, Verdict{Unknown: true}},
		"nothing":                     {Entry{}, Verdict{Unknown: true}},
		"stars and birthday":          {Entry{Name: "李**", Birth: born}, Verdict{Doubt: DoubtNameIllegible}},
		"half a name and birthday":    {Entry{Name: "李国□", Birth: born}, Verdict{Doubt: DoubtNameIllegible}},
		"former name and birthday":    {Entry{Name: "李红", OtherNames: []string{"李国良"}, Birth: born}, Verdict{Doubt: DoubtNameIllegible}},
		"other name and birthday":     {Entry{Name: "李红", Birth: born}, Verdict{Doubt: DoubtName}},
		"asked by number":             {Entry{ByNumber: true, Name: "李国良"}, Verdict{Grade: GradeNumberName}},
		"asked by number, no name":    {Entry{ByNumber: true}, Verdict{Grade: GradeNumber}},
		"asked by number, disputed":   {Entry{ByNumber: true, Name: "李红"}, Verdict{Doubt: DoubtName}},
	} {
		if got := c.entry.Judge("李国良", asked); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestAllowancesAreTextWithoutPersonalData(t *testing.T) {
	all := Allowance(1<<len(allowances) - 1)
	for a := range all + 1 {
		text, err := a.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var again Allowance
		if err := again.UnmarshalText(text); err != nil || again != a {
			t.Fatalf("%q reads as %d, want %d (%v)", text, again, a, err)
		}
	}
	if all&Cut == 0 || all.Has(Cut<<1) {
		t.Error("allowances and their words are not of the same number")
	}
	if err := new(Allowance).UnmarshalText([]byte("dot,33020019680101001X")); err == nil || len(err.Error()) > 40 {
		t.Errorf("an unknown word: got %v", err)
	}
}
