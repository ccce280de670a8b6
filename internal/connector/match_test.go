package connector

import (
	"strings"
	"testing"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/source"
)

// personKeys is a source whose person keys are put in.
func personKeys(keys string) dialect {
	yaml := strings.Replace(sound, "  records: data\n", "  records: data\n  person: "+keys+"\n", 1)
	return dialect{category: catalog.Vehicle, yaml: strings.Replace(yaml, "https://cgs.example", "http://127.0.0.1", 1)}
}

const (
	everyKey  = `{id: h, former_id: jh, name: m, other_names: [cym, bm], birth: {at: sr, format: [20060102, 2006-01-02]}, sex: {at: xb, codes: {"1": male, "0": female}}}`
	birthOnly = `{name: m, birth: sr, sex: xb}`
)

func TestWhoseARecordIsDecidesTheGrade(t *testing.T) {
	other := li.ID.Reveal()
	twin, _ := idcard.Make("330200", wang.ID.Birth(), 103)
	for name, c := range map[string]struct{ keys, record, want string }{
		"number and name":            {everyKey, `"h":"ID","m":"王小海"`, "id+name"},
		"name not said":              {everyKey, `"h":"ID"`, "id"},
		"old number":                 {everyKey, `"h":"ID15","m":"王 小海"`, "id15 short_number,blank"},
		"name not fully readable":    {everyKey, `"h":"ID","m":"王?海"`, "id unreadable"},
		"former name of two":         {everyKey, `"h":"ID","m":"王大江","cym":"王大河","bm":"王小海"`, "id+name other_name"},
		"former names in a list":     {everyKey, `"h":"ID","m":"王大江","cym":["王大河",null,"王小海"]`, "id+name other_name"},
		"no former name agrees":      {everyKey, `"h":"ID","m":"王大江","cym":"王大河"`, "identity_doubt/name"},
		"former number":              {everyKey, `"h":"TWIN","jh":"ID","m":"王小海"`, "id+name former_number"},
		"two numbers":                {everyKey, `"h":"TWIN","m":"王小海"`, "identity_doubt/two_numbers"},
		"number as a quantity":       {everyKey, `"h":3.3020019680504E+17,"m":"王小海"`, "identity_doubt/number_damaged"},
		"wrong number":               {everyKey, `"h":"330200196805041010","m":"王小海"`, "identity_doubt/number"},
		"wrong number, another name": {everyKey, `"h":"330200197206080019","m":"李鄞州"`, "failed/malformed"},
		"somebody else":              {everyKey, `"h":"OTHER","m":"李鄞州"`, "failed/malformed"},
		"number missing, birthday":   {everyKey, `"h":"","m":"王小海","sr":"19680504"`, "name+birth"},
		"number and birthday gone":   {everyKey, `"m":"王小海"`, "failed/incomplete"},

		"birthday":            {birthOnly, `"m":"王小海","sr":"1968-05-04"`, "name+birth"},
		"birthday and sex":    {birthOnly, `"m":"王小海","sr":"1968-05-04","xb":"男"`, "name+birth"},
		"another birthday":    {birthOnly, `"m":"王小海","sr":"1968-05-05"`, "identity_doubt/birth"},
		"another sex":         {birthOnly, `"m":"王小海","sr":"1968-05-04","xb":2`, "identity_doubt/birth"},
		"birthday and stars":  {birthOnly, `"m":"王**","sr":"1968-05-04"`, "identity_doubt/name_unreadable"},
		"birthday is no date": {birthOnly, `"m":"王小海","sr":"不详"`, "failed/malformed"},
		"birthday missing":    {birthOnly, `"m":"王小海"`, "failed/incomplete"},
		"birthday as a list":  {birthOnly, `"m":"王小海","sr":["1968-05-04"]`, "failed/malformed"},

		"two persons under one number": {everyKey, `"h":"ID","m":"王小海","p":"浙B1"},{"h":"ID","m":"李鄞州"`, "identity_doubt/two_persons"},
		"the same, ours last":          {everyKey, `"h":"ID","m":"李鄞州"},{"h":"ID","m":"王小海"`, "identity_doubt/two_persons"},
		"two records, both others":     {everyKey, `"h":"ID","m":"李鄞州"},{"h":"ID","m":"曾无名"`, "identity_doubt/name"},
		"the weaker grade holds":       {everyKey, `"h":"ID","m":"王小海"},{"h":"ID15","m":"王小海","p":"浙B1"`, "id15 short_number"},
	} {
		t.Run(name, func(t *testing.T) {
			record := strings.NewReplacer("ID15", short15(wang), "ID", wang.ID.Reveal(), "OTHER", other, "TWIN", twin.Reveal()).Replace(c.record)
			a, err := answer(t, personKeys(c.keys), 200, `{"data":[{"hphm":"浙B00001",`+strings.ReplaceAll(record, `{"h"`, `{"hphm":"浙B00002","h"`)+`}]}`)
			if err != nil {
				t.Fatal(err)
			}
			got := string(a.Outcome) + "/" + string(a.Reason)
			if a.Outcome == source.Found {
				got = strings.TrimSpace(string(a.Match) + " " + a.Allowed.String())
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestPersonKeysWithoutUseAreProblems(t *testing.T) {
	for keys, want := range map[string]string{
		`{former_id: jh}`:           "former_id",
		`{id: h, other_names: cym}`: "other_names",
		`{birth: sr}`:               "birth",
		`{id: h, sex: xb}`:          "sex",
		`{name: m, birth: {at: sr, format: yyyyMMdd}}`:           "format",
		`{name: m, birth: {format: 20060102}}`:                   "at",
		`{name: m, birth: sr, sex: {at: xb, codes: {"1": man}}}`: "codes",
		`{name: m, birth: sr, sex: {at: xb}}`:                    "codes",
		`{named: m}`:                                             "named",
	} {
		e := problems(t, personKeys(keys).yaml)
		if len(e.Problems) != 1 || !strings.Contains(e.Error(), want) {
			t.Errorf("%s: got %v, want one about %s", keys, e, want)
		}
	}
}

func TestPersonKeysCountAsTaken(t *testing.T) {
	d := personKeys(everyKey)
	d.yaml += "closed: true\n"
	a, err := answer(t, d, 200, `{"data":[{"hphm":"浙B1","h":"`+wang.ID.Reveal()+`","jh":"","m":"王小海","cym":"","bm":"","sr":"","xb":""}]}`)
	if err != nil || a.Outcome != source.Found {
		t.Errorf("got %s/%s, %v", a.Outcome, a.Reason, err)
	}
}

func TestEveryDoubtHasAReason(t *testing.T) {
	for d := idcard.DoubtName; d <= idcard.DoubtBirth; d++ {
		f := doubts[d]
		if f == nil || f.word != "identity_doubt" || f.reason == "" || f.say == "" {
			t.Errorf("doubt %d becomes %v", d, f)
		}
	}
	if len(doubts) != int(idcard.DoubtBirth) {
		t.Errorf("%d doubts are translated, want %d", len(doubts), idcard.DoubtBirth)
	}
}
