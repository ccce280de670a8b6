package connector

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hedui/catalog"
)

// fieldOf reads a mapping of one field of the housing category or, where that
// lacks a type, of another.
func fieldOf(t *testing.T, category, key, options string) field {
	t.Helper()
	yaml := strings.Replace(sound, "category: vehicle", "category: "+category, 1)
	yaml = strings.Replace(yaml, "plate_no: hphm", key+": {at: x"+options+"}", 1)
	return load(t, yaml, "").fields[0]
}

func TestConversions(t *testing.T) {
	const bad = "malformed"
	tests := []struct{ category, field, options, in, want string }{
		// texts
		{"housing", "location", "", `" 海曙区\t1号\u3000"`, "海曙区 1号"},
		{"housing", "location", "", `12`, "12"},
		{"housing", "location", "", `true`, "true"},
		{"housing", "location", "", `null`, ""},
		{"housing", "location", "", `"-"`, ""},
		{"housing", "location", "", `["a","-","b"]`, "a、b"},
		{"housing", "location", ", join: /", `["a",2]`, "a/2"},
		{"housing", "location", "", `[{}]`, bad},
		{"housing", "location", "", `{}`, bad},
		{"housing", "location", ", trim: [坐落, 。]", `"坐落 海曙。"`, "海曙"},
		// codes
		{"vehicle", "status", `, codes: {"01": A}`, `"01"`, "A"},
		{"vehicle", "status", `, codes: {"1": A}`, `1`, "A"},
		{"vehicle", "status", `, codes: {"1": A}`, `"外地"`, "外地"},
		// truth
		{"land", "mortgage", "", `true`, "true"},
		{"land", "mortgage", "", `"否"`, "false"},
		{"land", "mortgage", "", `"Y"`, "true"},
		{"land", "mortgage", "", `"maybe"`, bad},
		{"land", "mortgage", `, codes: {"02": "false"}`, `"02"`, "false"},
		{"land", "mortgage", `, codes: {"02": "false"}`, `"1"`, bad},
		// dates
		{"housing", "reg_date", "", `"2012-03-04"`, "2012-03-04"},
		{"housing", "reg_date", "", `"2012-3-4"`, bad},
		{"housing", "reg_date", ", format: 20060102", `20120304`, "2012-03-04"},
		{"housing", "reg_date", ", format: 20060102", `20120230`, bad},
		{"housing", "reg_date", ", format: 20060102", `0`, bad},
		{"housing", "reg_date", ", format: 2006/1/2", `"2012/3/4"`, "2012-03-04"},
		{"housing", "reg_date", ", format: 2006年01月02日", `"2012年03月04日"`, "2012-03-04"},
		{"housing", "reg_date", ", format: [20060102, 2006.01.02]", `"2012.03.04"`, "2012-03-04"},
		{"housing", "reg_date", ", format: epoch_ms", `1330790400000`, "2012-03-04"}, // midnight of Beijing
		{"housing", "reg_date", ", format: epoch_ms", `"-1"`, "1970-01-01"},
		{"housing", "reg_date", ", format: epoch", `1.3307904E9`, "2012-03-04"},
		{"housing", "reg_date", ", format: epoch", `1e30`, bad},
		{"housing", "reg_date", ", format: \"2006-01-02T15:04:05Z07:00\"", `"2012-03-03T16:00:00Z"`, "2012-03-04"},
		{"social_insurance", "month", "", `"2013-02"`, "2013-02"},
		{"social_insurance", "month", ", format: 200601", `201302`, "2013-02"},
		{"social_insurance", "month", ", format: 2006年1月", `"2013年2月"`, "2013-02"},
		{"social_insurance", "month", ", format: 200601", `201313`, bad},
		// amounts
		{"housing", "price", "", `1234.5`, "1234.50"},
		{"housing", "price", "", `"¥1,234,567.8元"`, "1234567.80"},
		{"housing", "price", "", `"１２３．４"`, "123.40"},
		{"housing", "price", "", `"1,23"`, bad},
		{"housing", "price", "", `1.234e3`, "1234.00"},
		{"housing", "price", "", `9007199254740993`, bad}, // beyond money's limit
		{"housing", "price", "", `9007199254741.93`, "9007199254741.93"},
		{"housing", "price", "", `-5`, "-5.00"},
		{"housing", "price", "", `-0.0`, "0.00"},
		{"housing", "price", "", `1.500`, "1.50"},
		{"housing", "price", "", `1.005`, bad},
		{"housing", "price", ", round: true", `1.005`, "1.01"},
		{"housing", "price", ", round: true", `99.995`, "100.00"},
		{"housing", "price", ", round: true", `0.0049`, "0.00"},
		{"housing", "price", ", round: true", `-0.004`, "0.00"},
		{"housing", "price", ", unit: wan", `85.5`, "855000.00"},
		{"housing", "price", ", unit: wan", `"0.00001"`, "0.10"},
		{"housing", "price", ", unit: wan", `0.0000001`, bad},
		{"housing", "price", ", unit: fen", `123`, "1.23"},
		{"housing", "price", ", unit: fen", `5`, "0.05"},
		{"housing", "price", ", unit: fen", `1.5`, bad},
		{"housing", "price", "", `"NaN"`, bad},
		{"housing", "price", "", `"1e999"`, bad},
		{"housing", "price", "", `"12万"`, bad},
		// shares and numbers
		{"housing", "share", "", `25`, "25"},
		{"housing", "share", "", `"33.33%"`, "33.33"},
		{"housing", "share", ", scale: fraction", `0.25`, "25"},
		{"housing", "share", ", scale: fraction", `"1"`, "100"},
		{"housing", "share", ", scale: fraction", `25`, bad},
		{"housing", "share", "", `120`, bad},
		{"housing", "share", "", `"1/4"`, bad},
		{"housing", "area", "", `"60.50"`, "60.50"},
		{"housing", "area", "", `"1,060.5"`, "1060.5"},
		{"housing", "area", "", `.5`, "0.5"},
		{"housing", "area", "", `0.12345678`, bad},
		{"housing", "area", ", round: true", `0.30000000000000004`, "0.300000"},
		{"employment", "benefit_months_left", "", `3.0`, "3"},
		{"employment", "benefit_months_left", "", `3.5`, bad},
		{"employment", "benefit_months_left", "", `-1`, bad},
		// numbers of people and companies
		{"marriage", "spouse_id_no", "", `"` + short15(wang) + `"`, wang.ID.Reveal()},
		{"marriage", "spouse_id_no", "", `"` + wang.ID.Reveal()[:17] + `"`, bad},
	}
	for _, tt := range tests {
		t.Run(tt.field+tt.options+" "+tt.in, func(t *testing.T) {
			f := fieldOf(t, tt.category, tt.field, tt.options)
			in, err := parseJSON([]byte(`{"x":` + strings.ReplaceAll(tt.in, ":.", ":0.") + `}`))
			if err != nil { // .5 is no JSON; departments send it as a text
				in = map[string]any{"x": tt.in}
			}
			got, fault := converter{blank: []string{"-"}}.value(f, scope{in, in, in})
			if fault == nil && got != "" {
				c, _ := catalog.Get(catalog.Code(tt.category))
				if faults := c.Check(catalog.Record{f.key: got}); len(faults) > 0 {
					fault = malformed(faults[0].String())
				}
			}
			if fault != nil {
				got = string(fault.reason)
				if leaks(fault.say) {
					t.Error("the reason for operators holds personal data")
				}
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	top, err := parseJSON([]byte(`{"a":{"b":[1,{"c":"x"}]},"j":"{\"k\":[2]}","bad":"{","n":null}`))
	if err != nil {
		t.Fatal(err)
	}
	s := scope{top: top, entry: "entry", here: top.(map[string]any)["a"]}
	for _, tt := range []struct {
		path  string
		want  any
		found bool
	}{
		{"$.a.b.0", json.Number("1"), true},
		{"b.1.c", "x", true},
		{"b.2", nil, false},
		{"b.-1", nil, false},
		{"b.x", nil, false},
		{"$.n", nil, true},
		{"$.n.x", nil, false},
		{"^", "entry", true},
		{"$.j|json.k.0", json.Number("2"), true},
		{"$.bad|json", garbled{}, true},
		{"$.bad|json.x", garbled{}, true},
	} {
		p, err := parsePath(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if got, found := p.find(s); got != tt.want || found != tt.found {
			t.Errorf("%s: got %v %v, want %v %v", tt.path, got, found, tt.want, tt.found)
		}
	}
	for _, bad := range []string{"", "a..b", ".a", "a.", "$.", "a b", "a[0]", "|json"} {
		if _, err := parsePath(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestDecimalsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?[0-9]{1,18}(\.[0-9]{1,12})?([eE][-+]?[0-9]{1,2})?`).Draw(t, "number")
		shift := rapid.IntRange(-6, 6).Draw(t, "shift")
		d, ok := parseDecimal(s)
		if !ok {
			return // an exponent beyond the limit
		}
		want, _ := new(big.Rat).SetString(s)
		ten := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil))
		if shift < 0 {
			ten.Inv(ten)
		}
		want.Mul(want, ten)
		got, ok := new(big.Rat).SetString(d.shift(shift).text())
		if !ok || got.Cmp(want) != 0 {
			t.Errorf("%s × 10^%d: got %s", s, shift, d.shift(shift).text())
		}
		if r, ok := d.shift(shift).to(2, true); !ok || rounded(want) != r.text() && new(big.Rat).Sub(ratOf(r.text()), ratOf(rounded(want))).Sign() != 0 {
			t.Errorf("%s × 10^%d rounded: got %s, want %s", s, shift, r.text(), rounded(want))
		}
	})
}

func ratOf(s string) *big.Rat {
	r, _ := new(big.Rat).SetString(s)
	return r
}

// rounded is half away from zero at two places, as big.Rat does it.
func rounded(r *big.Rat) string { return r.FloatString(2) }

func TestTemplates(t *testing.T) {
	q := query(t, wang, "Q1", catalog.Vehicle)
	for in, want := range map[string]string{
		"x{{{query}}}y":                    "x{Q1}y",
		"{id15}":                           short15(wang),
		"{from:2006年1月}/{to}":              "2012年3月/2013-03-20",
		"{purpose} {mandate} {name}":       "dibao M-Q1 王小海",
		"{from:epoch_ms}":                  fmt.Sprint(q.Window().From.Start().UnixMilli()),
		"{to:Mon, 02 Jan 2006 15:04:05}":   "Wed, 20 Mar 2013 00:00:00",
		"":                                 "",
		"no placeholder, only {{braces}}.": "no placeholder, only {braces}.",
	} {
		tpl, err := parseTemplate(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := tpl.fill(personal(q, "")); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}
