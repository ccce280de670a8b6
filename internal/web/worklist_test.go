package web

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store/storetest"
	"hedui/internal/workbook"
	"hedui/source"
)

// listed is a source that people answer.
type listed struct{ none }

func (l listed) Info() source.Info {
	info := l.none.Info()
	info.Manual = &source.Manual{Means: source.Worklist, Within: "3wd"}
	return info
}

// listDesk has a case whose land is answered by people, and the number of its person.
func listDesk(t *testing.T) (d *casework.Desk, number string) {
	t.Helper()
	d = deskWith(t, storetest.Engines()[0].Fresh(t), []source.Source{listed{none{"land"}}})
	all := officer("all", hedui.Rights()...)
	number = storetest.ID(t, day.Must("1975-03-03"), 41).Reveal()
	f := hedui.Form{Programme: "dibao", Division: "330203", Office: "海曙区民政局",
		Persons:  []hedui.FormPerson{{Name: "孙试验", ID: number, Relation: "self"}},
		Consents: []hedui.FormConsent{{Person: 1, Programme: "dibao", SignedOn: "today", Until: "today+9", Document: "授权书"}}}
	c, err := d.Register(t.Context(), all, "list", f)
	if err == nil {
		_, err = d.Commission(t.Context(), all, c.ID)
	}
	if err == nil {
		_, err = d.Accept(t.Context(), all, c.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d, number
}

func liaison() hedui.Officer {
	o := officer("liaison", hedui.AnswerQueries)
	o.Sources = []string{"land"}
	return o
}

var taskLink = regexp.MustCompile(`href="(/worklist/[A-Z0-9]+)\?`)

// firstTask waits until something is on the list.
func firstTask(t *testing.T, d *casework.Desk, o hedui.Officer) (address, page string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		_, page, _ = get(t, d, o, true, "/worklist")
		if m := taskLink.FindStringSubmatch(page); m != nil {
			return m[1], page
		}
	}
	t.Fatalf("nothing is listed:\n%s", page)
	return "", ""
}

// A liaison finds the item, answers with what the register holds after some mistakes,
// and corrects it later.
func TestALiaisonAnswers(t *testing.T) {
	d, number := listDesk(t)
	o := liaison()
	if code, _, h := get(t, d, o, true, "/"); code != http.StatusSeeOther || !strings.HasPrefix(h.Get("Location"), "/worklist") {
		t.Errorf("the day of a liaison begins with %d %s", code, h.Get("Location"))
	}
	address, page := firstTask(t, d, o)
	if strings.Contains(page, number) || !strings.Contains(page, "孙") {
		t.Error("the list shows a whole number, or no name")
	}
	_, page, _ = get(t, d, o, true, address)
	for _, want := range []string{number, "孙试验", `name="records[0].area_m2"`, `面积（m²）`, `<option value="true">是`, `name="records[0].land_use"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	answer := func(act string, values url.Values) (int, string) {
		code, page, _ := send(t, d, o, true, http.MethodPost, address+"/"+act, values)
		return code, page
	}
	code, page := answer("answer", url.Values{"outcome": {"found"}, "records[0].area_m2": {"很大"}, "records[0].land_use": {"自编码"}, "records[1].mortgage": {"true"}, "records[3].acquire_date": {"2030-13-01"}})
	for _, want := range []string{`id="as_of-wrong"`, `id="by-wrong"`, `id="records-0-area_m2-wrong"`, `value="很大"`, `id="records-2-acquire_date-wrong"`, `value="found" checked`, `<option value="自编码" selected>`} {
		if code != http.StatusUnprocessableEntity || !strings.Contains(page, want) {
			t.Errorf("mistakes: %d without %q", code, want)
		}
	}
	if _, again, _ := get(t, d, o, true, address); !strings.Contains(again, `value="很大"`) {
		t.Error("what was typed is lost")
	}
	good := url.Values{"outcome": {"found"}, "as_of": {day.Of(time.Now()).String()}, "by": {"登记科"}, "records[0].area_m2": {"８９.5"}, "records[0].location": {"某路 <1> 号"}}
	if code, page := answer("more", good); code != http.StatusOK || !strings.Contains(page, `name="records[1].area_m2"`) || !strings.Contains(page, "某路 &lt;1&gt; 号") {
		t.Errorf("another record: %d", code)
	}
	if code, page := answer("answer", good); code != http.StatusSeeOther {
		t.Fatalf("answered: %d %s", code, page)
	}
	if code, _ := answer("answer", good); code != http.StatusSeeOther {
		t.Errorf("a second click: %d", code)
	}
	other := maps.Clone(good)
	other["records[0].area_m2"] = []string{"90"}
	if code, page := answer("answer", other); code != http.StatusConflict || !strings.Contains(page, "/correct?") {
		t.Errorf("another answer: %d", code)
	}
	if code, page := answer("correct", other); code != http.StatusSeeOther {
		t.Errorf("corrected: %d %s", code, page)
	}
	if code, _ := answer("return", nil); code != http.StatusConflict {
		t.Errorf("given back after an answer: %d", code)
	}
	if code, _ := answer("decide", nil); code != http.StatusNotFound {
		t.Errorf("an act that is none: %d", code)
	}
	if _, page, _ := get(t, d, o, true, "/worklist?done=correct"); taskLink.MatchString(page) || !strings.Contains(page, "已更正") {
		t.Error("it is still listed, or nothing says that it was corrected")
	}
}

// Who answers for a department is told which, also when nothing waits, and tells the
// lists of several sources apart.
func TestAListNamesItsDepartment(t *testing.T) {
	d := deskWith(t, storetest.Engines()[0].Fresh(t), []source.Source{listed{none{"land"}}})
	o := liaison()
	if _, page, _ := get(t, d, o, true, "/worklist"); !strings.Contains(page, `<strong lang="zh-CN">某局 · land</strong>`) {
		t.Error("an empty list does not name its department")
	}
	o.Sources = []string{"land", "gone"}
	if _, page, _ := get(t, d, o, true, "/worklist"); !strings.Contains(page, ">某局 · land</a>") || !strings.Contains(page, ">gone</a>") {
		t.Error("the lists are not told apart")
	}
}

// Only who is named for a source sees its list.
func TestAListIsForWhoIsNamed(t *testing.T) {
	d, number := listDesk(t)
	address, _ := firstTask(t, d, liaison())
	unnamed := officer("l2", hedui.AnswerQueries)
	elsewhere := liaison()
	elsewhere.Sources = []string{"housing"}
	if code, page, _ := get(t, d, unnamed, true, "/worklist"); code != http.StatusOK || !strings.Contains(page, "不是任何数据源") {
		t.Errorf("without a source: %d", code)
	}
	for _, o := range []hedui.Officer{unnamed, elsewhere} {
		for _, path := range []string{"/worklist?source=land", address, "/workbooks/land/E20260101-0001"} {
			if path == "/worklist?source=land" && len(o.Sources) == 0 {
				continue
			}
			if code, page, _ := get(t, d, o, true, path); code != http.StatusForbidden || strings.Contains(page, number) {
				t.Errorf("%s as %s with %v: %d", path, o.ID, o.Sources, code)
			}
		}
		if code, _ := sent(t, d, o, "/workbooks/land", nil, []byte("x")); code != http.StatusForbidden {
			t.Errorf("a workbook of %v: %d", o.Sources, code)
		}
	}
}

// The workbook goes out, comes back with a mistake, and comes back right.
func TestAWorkbookGoesOutAndComesIn(t *testing.T) {
	d, _ := listDesk(t)
	o := liaison()
	firstTask(t, d, o)
	if code, page := sent(t, d, o, "/workbooks/land/exports", nil, nil); code != http.StatusSeeOther {
		t.Fatalf("to make it ready: %d %s", code, page)
	}
	_, page, _ := get(t, d, o, true, "/worklist")
	made := regexp.MustCompile(`(?s)href="(/workbooks/land/E[0-9]{8}-0001)\?.*?<code>([A-Z2-7-]{15})</code>`).FindStringSubmatch(page)
	if made == nil {
		t.Fatalf("no export on the page:\n%s", page)
	}
	code, locked, h := get(t, d, o, true, made[1])
	if code != http.StatusOK || !strings.Contains(h.Get("Content-Disposition"), "attachment") {
		t.Fatalf("the workbook: %d", code)
	}
	plain, at, err := workbook.Unlock([]byte(locked), []string{made[2]})
	if err != nil || at != 0 {
		t.Fatalf("its password: %v", err)
	}
	file := string(plain)
	fill := func(by string) []byte {
		f, err := excelize.OpenReader(strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		sheet := f.GetSheetName(f.GetActiveSheetIndex())
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		set := func(title, value string) {
			for y, row := range rows {
				for x, text := range row {
					if text == title {
						cell, _ := excelize.CoordinatesToCellName(x+1, y+2)
						_ = f.SetCellValue(sheet, cell, value)
						return
					}
				}
			}
			t.Fatalf("no column %s in %v", title, rows)
		}
		set("结果", "无记录")
		set("数据截至日期", day.Of(time.Now()).String())
		if by != "" {
			set("答复人（岗位）", by)
		}
		var out bytes.Buffer
		if err := f.Write(&out); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	if code, page := sent(t, d, o, "/workbooks/land", nil, []byte("not a workbook")); code != http.StatusUnprocessableEntity || !strings.Contains(page, `role="alert"`) {
		t.Errorf("no workbook: %d", code)
	}
	if code, page := sent(t, d, o, "/workbooks/land", nil, fill("")); code != http.StatusOK || !strings.Contains(page, "未收 1 项") || !strings.Contains(page, "请填写答复人") {
		t.Errorf("without who answers: %d\n%s", code, page)
	}
	if code, back := sent(t, d, o, "/workbooks/land", url.Values{"back": {"1"}}, fill("")); code != http.StatusOK || !strings.HasPrefix(back, "PK") {
		t.Errorf("the marked workbook: %d", code)
	}
	if code, page := sent(t, d, o, "/workbooks/land", nil, fill("登记科")); code != http.StatusOK || !strings.Contains(page, "已收下 1 项") {
		t.Errorf("filled in: %d\n%s", code, page)
	}
	if _, page := sent(t, d, o, "/workbooks/land", nil, fill("登记科")); !strings.Contains(page, "此前已收 1 项") {
		t.Error("again")
	}
}

// What a form shows of an entry it reads back as the same, rows included.
func TestAnEntryGoesThroughItsForm(t *testing.T) {
	housing, _ := catalog.Get("housing")
	e := hedui.Entry{Outcome: "found", AsOf: "2026-01-02", By: "科", Records: []hedui.EntryRecord{
		{Fields: map[string]string{"location": "某路"}, Rows: map[string][]map[string]string{"co_holders": {{"name": "甲", "share": "50"}, {"name": "乙"}}}},
		{Fields: map[string]string{"price": "1"}, Rows: map[string][]map[string]string{}}}}
	values := url.Values{"strange": {"x"}, "records[7].location": {"  "}}
	for name, text := range entryFields(e) {
		values.Set(name, text)
	}
	if got := entryOf(values, housing); !reflect.DeepEqual(got, e) {
		t.Errorf("got %#v, want %#v", got.Records, e.Records)
	}
}
