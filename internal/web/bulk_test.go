package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store/storetest"
	"hedui/internal/workbook"
)

// A clerk hands a list in, sees what has become of it, fetches what has problems and
// takes all back; another clerk sees nothing of it.
func TestAClerkHandsInManyHouseholds(t *testing.T) {
	d, _ := desk(t)
	number := storetest.ID(t, day.Must("1972-02-02"), 31).Reveal()
	today := day.Of(time.Now())
	file := "户编号,姓名,公民身份号码,与申请人关系,救助类型,区县代码,委托单位,授权签署日期,授权有效期至\n" +
		"1,孙试验," + number + ",本人,最低生活保障,330203,某机构," + today.String() + "," + today.Add(99).String() + "\n" +
		"2,钱试验,123,本人,最低生活保障,330203,某机构,,\n"
	if code, page := sent(t, d, township, "/intake/bulk", nil, nil); code != http.StatusUnprocessableEntity || !strings.Contains(page, "没有收到文件") {
		t.Errorf("without a file: %d", code)
	}
	if code, page := sent(t, d, township, "/intake/bulk", nil, []byte("甲,乙\n")); code != http.StatusUnprocessableEntity || !strings.Contains(page, "户编号") {
		t.Errorf("another table: %d", code)
	}
	if code, page := sent(t, d, township, "/intake/bulk", nil, []byte(file)); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}
	list, err := d.BulkUploads(t.Context(), township)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	home := "/intake/bulk/" + list[0].ID
	until := func(want string) string {
		t.Helper()
		for {
			_, page, _ := get(t, d, township, true, home)
			if strings.Contains(page, want) {
				return page
			}
			select {
			case <-t.Context().Done():
				t.Fatal(page)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	page := until("已完成")
	for _, want := range []string{"第 3 行 · 公民身份号码", "应为 18 位", "problems.xlsx", `href="/own/`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	for _, secret := range []string{number, "孙试验", "钱试验"} {
		if strings.Contains(page, secret) {
			t.Errorf("the page shows %s", secret)
		}
	}
	if code, body, _ := get(t, d, township, true, home+"/problems.xlsx"); code != http.StatusOK || !workbook.Locked([]byte(body)) || !regexp.MustCompile(`<code>[A-Z2-7-]{15}</code>`).MatchString(page) {
		t.Errorf("the workbook of problems is encrypted, and the page has its password: %d", code)
	}
	if code, body, _ := get(t, d, township, true, "/intake/bulk/template.xlsx"); code != http.StatusOK || !strings.HasPrefix(body, "PK") {
		t.Errorf("the template: %d", code)
	}
	other := officer("another", hedui.OpenCases)
	for _, path := range []string{home, home + "/problems.xlsx"} {
		if code, _, _ := get(t, d, other, true, path); code != http.StatusNotFound {
			t.Errorf("%s by another clerk: %d", path, code)
		}
	}
	if code, _, _ := send(t, d, other, true, http.MethodPost, home+"/withdraw", nil); code != http.StatusNotFound {
		t.Errorf("taken back by another clerk: %d", code)
	}
	for range 2 { // a double click
		if code, _, _ := send(t, d, township, true, http.MethodPost, home+"/withdraw", nil); code != http.StatusSeeOther {
			t.Errorf("taken back: %d", code)
		}
	}
	if page := until("已撤回"); strings.Contains(page, "/withdraw") {
		t.Error("it can be taken back once more")
	}
	if _, page, _ := get(t, d, township, true, "/intake/bulk"); !strings.Contains(page, home) {
		t.Error("the list of uploads lacks it")
	}
}
