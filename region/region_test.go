package region

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hedui/day"
)

// names lists the counties of a city as "code name", and counts kinds.
func names(list []Division) (text string, kinds map[Kind]int) {
	kinds = map[Kind]int{}
	var parts []string
	for _, d := range list {
		kinds[d.Kind]++
		parts = append(parts, d.Code+" "+d.Name)
	}
	return strings.Join(parts, ", "), kinds
}

func TestNingboThenAndNow(t *testing.T) {
	for on, want := range map[string]string{
		"2013-03-01": "330203 海曙区, 330204 江东区, 330205 江北区, 330206 北仑区, 330211 镇海区, 330212 鄞州区, 330225 象山县, 330226 宁海县, " +
			"330281 余姚市, 330282 慈溪市, 330283 奉化市, 330293 国家高新区, 330295 杭州湾新区, 330297 大榭开发区",
		"2026-11-23": "330203 海曙区, 330205 江北区, 330206 北仑区, 330211 镇海区, 330212 鄞州区, 330213 奉化区, 330225 象山县, 330226 宁海县, " +
			"330281 余姚市, 330282 慈溪市, 330293 国家高新区, 330295 前湾新区, 330297 大榭开发区",
	} {
		if got, _ := names(Counties("330200", day.Must(on))); got != want {
			t.Errorf("Ningbo on %s:\n got %s\nwant %s", on, got, want)
		}
	}
	_, then := names(Counties("330200", day.Must("2013-03-01")))
	_, now := names(Counties("330200", day.Must("2026-11-23")))
	if then[KindCounty] != 11 || then[KindLocal] != 3 || now[KindCounty] != 10 {
		t.Errorf("got %v in 2013 and %v today, want 11 counties and 3 local areas, then 10 counties", then, now)
	}
}

func TestNamesByDay(t *testing.T) {
	for _, c := range []struct{ code, on, want string }{
		{"330203", "2013-03-01", "浙江省宁波市海曙区"},
		{"330204", "2016-09-30", "浙江省宁波市江东区"},
		{"330204", "2016-10-01", ""},
		{"330213", "2016-10-01", "浙江省宁波市奉化区"},
		{"330283", "2016-10-01", ""},
		{"330227", "2002-01-31", "浙江省宁波市鄞县"},
		{"330227", "2002-02-01", ""},
		{"330295", "2013-03-01", "浙江省宁波市杭州湾新区"},
		{"330295", "2020-01-01", "浙江省宁波市前湾新区"},
		{"330281", "2013-03-01", "浙江省宁波市余姚市"},
		{"110101", "2013-03-01", "北京市东城区"},
		{"429004", "2013-03-01", "湖北省仙桃市"},
		{"510400", "1985-01-01", "四川省渡口市"},
		{"510400", "2000-12-31", "四川省攀枝花市"},
		{"330000", "2013-03-01", "浙江省"},
		{"332123", "1981-01-01", "浙江省宁波地区余姚县"},
		{"123456", "2013-03-01", ""}, {"", "2013-03-01", ""}, {"3302", "2013-03-01", ""},
	} {
		if got := Name(c.code, day.Must(c.on)); got != c.want {
			t.Errorf("Name(%q, %s) = %q, want %q", c.code, c.on, got, c.want)
		}
	}
}

func TestSuccessors(t *testing.T) {
	for _, c := range []struct{ code, on, want string }{
		{"330204", "2016-01-01", "330204"}, {"330204", "2026-11-23", "330212"},
		{"330283", "2026-11-23", "330213"}, {"330227", "2026-11-23", "330212"}, {"330227", "1995-01-01", "330227"},
		{"330202", "2026-11-23", "330203"},
		{"332124", "2013-03-01", "330283"}, {"332124", "2026-11-23", "330213"}, // 奉化: county, two city codes, district
		{"332127", "2026-11-23", "330212"}, // 鄞: county below the prefecture, below the city, district
		{"330213", "2013-03-01", ""}, {"330212", "2001-01-01", ""}, {"123456", "2013-03-01", ""},
	} {
		d, ok := Successor(c.code, day.Must(c.on))
		if d.Code != c.want || ok != (c.want != "") {
			t.Errorf("Successor(%s, %s) = %s, %v, want %s", c.code, c.on, d.Code, ok, c.want)
		}
	}
}

func TestHistory(t *testing.T) {
	got := History("330295")
	if len(got) != 2 || got[0].Name != "杭州湾新区" || got[1].Name != "前湾新区" || got[0].Until != got[1].From ||
		got[0].Parent != "330200" || got[1].Parent != "330200" || got[0].Kind != KindLocal {
		t.Errorf("got %+v", got)
	}
	got[0].Name = "changed"
	if History("330295")[0].Name != "杭州湾新区" {
		t.Error("a caller can change the table")
	}
	if rows := History("440511"); len(rows) != 2 || rows[0].Name != "郊区" || rows[1].Name != "金平区" {
		t.Errorf("a code given out twice: got %+v", rows)
	}
	if rows := History("123456"); len(rows) != 0 {
		t.Errorf("an unknown code has the history %+v", rows)
	}
}

// The numbers of county-level divisions are those of the statistical yearbooks.
func TestAllChinaByYear(t *testing.T) {
	for _, c := range []struct {
		on                               string
		provinces, prefectures, counties int
	}{
		{"2000-12-31", 31, 333, 2861}, {"2004-12-31", 31, 333, 2862}, {"2010-12-31", 31, 333, 2856},
		{"2013-12-31", 34, 333, 2853}, {"2017-12-31", 34, 334, 2851}, {"2026-11-23", 34, 334, 2851},
	} {
		got := map[Kind]int{}
		for code := range table().rows {
			if d, ok := Lookup(code, day.Must(c.on)); ok {
				got[d.Kind]++
			}
		}
		if got[KindProvince] != c.provinces || got[KindPrefecture] != c.prefectures || got[KindCounty] != c.counties {
			t.Errorf("%s: got %v, want %d, %d and %d", c.on, got, c.provinces, c.prefectures, c.counties)
		}
	}
	for city, want := range map[string]int{"110000": 16, "310000": 16, "500000": 38, "330100": 13} {
		if got := len(Counties(city, day.Must("2018-06-01"))); got != want {
			t.Errorf("%s has %d counties in 2018, want %d", city, got, want)
		}
	}
}

func TestEveryRowHangsTogether(t *testing.T) {
	for code := range table().rows {
		for _, d := range History(code) {
			if (d.Parent == "") != (d.Kind == KindProvince) {
				t.Errorf("%s %s has the parent %q", code, d.Name, d.Parent)
			}
			if d.Successor == "" {
				continue
			}
			if next, ok := Lookup(d.Successor, d.Until); !ok || next.Code == code {
				t.Errorf("%s %s: the successor %s does not hold when it ends", code, d.Name, d.Successor)
			}
		}
	}
}

func TestOneRowADay(t *testing.T) {
	var codes []string
	for code := range table().rows {
		codes = append(codes, code)
	}
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom(codes).Draw(t, "code")
		on := day.Must("1980-01-01").Add(rapid.IntRange(0, 20000).Draw(t, "days"))
		valid := 0
		for _, d := range History(code) {
			if d.ValidOn(on) {
				valid++
			}
		}
		d, ok := Lookup(code, on)
		if valid > 1 || ok != (valid == 1) || ok != (Name(code, on) != "") {
			t.Fatalf("%s on %s: %d rows hold, Lookup gives %+v, %v", code, on, valid, d, ok)
		}
		if next, found := Successor(code, on); found && !next.ValidOn(on) || ok && next != d {
			t.Fatalf("%s on %s: successor %+v", code, on, next)
		}
	})
}

func TestReadTellsTheLine(t *testing.T) {
	for name, line := range map[string]string{
		"no name": "330203", "short code": "33020\t海曙区", "letters": "33020A\t海曙区", "bad successor": "330203\t海曙区\t\t2016\t33",
		"bad from": "330203\t海曙区\t16", "bad until": "330203\t海曙区\t\t2016-13", "vague day": "330203\t海曙区\t~2016-10-01",
		"vague nothing": "330203\t海曙区\t~", "long date": "330203\t海曙区\t2016-10-01-01", "ends first": "330203\t海曙区\t2016\t2016-01-01",
		"unknown kind": "330203\t海曙区\t\t\t\tcity", "too many": "330203\t海曙区\t\t\t\t\t\t", "overlap": "330202\t镇明区\t1980",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read("# head\n\n330202\t镇明区\n" + line + "\n")
			if err == nil || !strings.Contains(err.Error(), "line 4") {
				t.Errorf("got %v, want an error about line 4", err)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	for in, want := range map[string]string{"": "", "2016": "2016-01-01", "2016-10": "2016-10-01", "2016-10-02": "2016-10-02", "~1990-12": "1990-12-31", "~2019-04": "2019-04-30"} {
		if got, err := bound(in); err != nil || got.String() != want {
			t.Errorf("bound(%q) = %s, %v, want %s", in, got, err, want)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	on := day.Must("2013-03-01")
	for b.Loop() {
		Lookup("330203", on)
	}
}
