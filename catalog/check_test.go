package catalog

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCanonicalText(t *testing.T) {
	tests := []struct {
		typ  Type
		good []string
		bad  []string
	}{
		{Text, []string{"王", "阿依古丽·买买提", "A 1"}, []string{"two\nlines", "\x00", "\xff"}},
		{Coded, []string{"01", "no_such_code"}, []string{"a\tb"}},
		{Date, []string{"2013-03-01", "2012-02-29"}, []string{"2013-02-29", "2013-3-1", "20130301", "2013-03-01 ", "0000-01-01"}},
		{Month, []string{"2013-03"}, []string{"2013-13", "201303", "2013-03-01"}},
		{Money, []string{"0.00", "1234.50", "-0.01"}, []string{"1234.5", "1,234.50", "¥1.00", "1e3", "01.00", "NaN"}},
		{Decimal, []string{"0", "12.5", "89.50", "-1"}, []string{"012", "1.", ".5", "1e3", "1234567890123"}},
		{Percent, []string{"0", "25", "33.33", "100"}, []string{"100.01", "-1", "25%", "200"}},
		{Count, []string{"0", "3", "240"}, []string{"-1", "3.0", "03", "9999999999"}},
		{Bool, []string{"true", "false"}, []string{"1", "yes", "True", "是"}},
		{IDCard, []string{wang}, []string{"33020019680101001x", "330200680101001", "330200196801010011", " " + wang}},
		{USCC, []string{code}, []string{strings.ToLower(code), "91330203MA2ABCD134", "1"}},
		{Rows, []string{"[]", `[{"date":"2013-03-01"}]`, "[{}]"}, []string{"{}", "null", "[null]", `[{"a":1}]`, "[", "[1]"}},
		{"string", nil, []string{"a"}},
	}
	for _, tt := range tests {
		for _, s := range tt.good {
			if !tt.typ.canonical(s) {
				t.Errorf("%s: %q is refused", tt.typ, s)
			}
		}
		for _, s := range tt.bad {
			if tt.typ.canonical(s) {
				t.Errorf("%s: %q is accepted", tt.typ, s)
			}
		}
	}
}

func TestCheckNamesEveryFault(t *testing.T) {
	tests := []struct {
		name     string
		category Code
		record   Record
		want     []string
	}{
		{"sound", Business, Record{"uscc": code, "name": "某某商行", "registered_capital": "500000.00", "status": "active"}, nil},
		{"empty values are not stated", Hukou, Record{"id_no": "", "cancel_on": ""}, nil},
		{"nothing at all", Hukou, nil, nil},
		{"unknown code is no fault", Vehicle, Record{"status": "GQ"}, nil},
		{"unknown field", Death, Record{"colour": "red"}, []string{"colour: unknown_field"}},
		{"unknown field that holds a number", Death, Record{"k" + wang: "1"}, []string{"?: unknown_field"}},
		{"public value is quoted", Business, Record{"found_date": "2010/05/01"},
			[]string{`found_date: wrong_type, want date, got "2010/05/01"`}},
		{"sensitive value is not", HousingFund, Record{"balance": "12,000"}, []string{"balance: wrong_type, want money"}},
		{"number is not", Hukou, Record{"id_no": "330200196801010011"}, []string{"id_no: wrong_type, want idcard"}},
		{"number in a public column is not", Business, Record{"found_date": wang}, []string{"found_date: wrong_type, want date"}},
		{"name in a column is not", Hukou, Record{"cancel_on": "王某某"}, []string{"cancel_on: wrong_type, want date"}},
		{"ordered by field, rows too", HousingFund,
			Record{"withdrawals": `[{"date":"2013-03-01"},{"date":"2013","amount":"1","what":"x"}]`, "loan_months": "x"},
			[]string{"loan_months: wrong_type, want count", "withdrawals[1].amount: wrong_type, want money",
				`withdrawals[1].date: wrong_type, want date, got "2013"`, "withdrawals[1].what: unknown_field"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := Get(tt.category)
			wantFaults(t, c.Check(tt.record), tt.want)
		})
	}
}

func TestUnknownCodesAreListed(t *testing.T) {
	c, _ := Get(Housing)
	r := Record{"planned_use": "residential", "co_ownership": "X9", "right_status": "冻结", "location": "X9",
		"transactions": `[{"kind":"gift"},{"kind":"raffle"}]`, "colour": "red", "nature": ""}
	wantFaults(t, r.UnknownCodes(c), []string{
		"co_ownership: unknown_code, want code",
		"right_status: unknown_code, want code",
		`transactions[1].kind: unknown_code, want code, got "raffle"`,
	})
	if faults := c.Check(r); len(faults) != 1 {
		t.Errorf("Check: got %v, want the unknown field only", faults)
	}
}

func wantFaults(t *testing.T, faults []Fault, want []string) {
	t.Helper()
	var got []string
	for _, f := range faults {
		got = append(got, f.String())
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

// Whatever stands in whichever field, no fault carries an identity number or a name.
func TestFaultsCarryNoPersonalData(t *testing.T) {
	const name = "欧阳某某"
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(All()).Draw(t, "category")
		f := rapid.SampledFrom(c.Fields).Draw(t, "field")
		secret := rapid.SampledFrom([]string{wang, "330200196801010011", "330200680101001", name}).Draw(t, "secret")
		value := rapid.SampledFrom([]string{"", " ", "x", "\n"}).Draw(t, "noise") + secret
		r := Record{f.Key: value, secret: value, "key_" + secret: value}
		for _, fault := range append(c.Check(r), r.UnknownCodes(c)...) {
			if strings.Contains(fault.String(), secret) {
				t.Fatalf("a fault in %s.%s quotes a secret", c.Code, f.Key)
			}
		}
	})
}

func FuzzCheck(f *testing.F) {
	f.Add("id_no", wang)
	f.Add("withdrawals", `[{"date":"2013-03-01","amount":"1.00"}]`)
	f.Add("withdrawals", `[{"type":[[[`)
	f.Add("share", "-0.000001")
	f.Fuzz(func(t *testing.T, key, value string) {
		r := Record{key: value}
		for _, c := range All() {
			faults := append(c.Check(r), r.UnknownCodes(c)...)
			for _, fault := range faults {
				if digits(fault.Value) >= 15 {
					t.Errorf("%s: a fault quotes %d digits", fault.Field, digits(fault.Value))
				}
			}
		}
	})
}
