package web

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

var (
	statManager = officer("overseer", hedui.ReadStatistics, hedui.ReadCases, hedui.KeepTotals)
	statReader  = officer("statreader", hedui.ReadStatistics, hedui.KeepTotals)
)

func thisMonth() string { return string(hedui.MonthOf(day.Of(time.Now()))) }

// The page has every figure with its definition, charts with their tables, and nobody
// of any case; what leads on from it leads to figures.
func TestThePageOfStatistics(t *testing.T) {
	d, id := desk(t)
	if err := d.CountCases(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"zh", "en"} {
		code, page, _ := get(t, d, statManager, true, "/statistics?lang="+lang)
		if code != http.StatusOK || len(page) > 100<<10 {
			t.Fatalf("%s: %d, %d bytes", lang, code, len(page))
		}
		for _, key := range hedui.StatFigures() {
			if !strings.Contains(page, `id="def-`+key+`"`) {
				t.Errorf("%s: no definition of %s", lang, key)
			}
		}
		if strings.Contains(page, "王") || strings.Contains(page, id) || strings.Contains(page, "/cases/") {
			t.Errorf("%s: a case stands on the page", lang)
		}
		svg := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindString(page)
		words := xml.NewDecoder(strings.NewReader(svg))
		for err := error(nil); !errors.Is(err, io.EOF); {
			if _, err = words.Token(); err != nil && !errors.Is(err, io.EOF) {
				t.Fatalf("%s: the chart: %v", lang, err)
			}
		}
		for _, part := range []string{`role="img"`, "<title ", "<desc ", thisMonth()} {
			if !strings.Contains(svg, part) {
				t.Errorf("%s: the chart has no %s:\n%s", lang, part, svg)
			}
		}
		for _, link := range regexp.MustCompile(`<th scope="row"><a href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			address := strings.ReplaceAll(link[1], "&amp;", "&")
			if strings.HasPrefix(address, "#") {
				continue
			}
			if code, _, _ := get(t, d, statManager, true, "/statistics"+address); code != http.StatusOK {
				t.Errorf("%s leads to %d", address, code)
			}
		}
	}
	_, page, _ := get(t, d, statReader, true, "/statistics")
	if !strings.Contains(page, "小于 5 的数只显示范围") || strings.Contains(page, `id="t-offices"`) || !strings.Contains(page, "&lt;5") {
		t.Error("who may not read cases is not told what is veiled, or sees it")
	}
}

func TestAPeriodThatIsWrong(t *testing.T) {
	d, _ := desk(t)
	for query, want := range map[string]string{
		"month=２０２６-13":                            `value="2026-13"`,
		"span=range&from=2026-10&month=2026-09":    "结束月份不能早于开始月份",
		"span=range&from=&month=2026-09":           "月份要写成",
		"span=range&from=1990-01&month=2026-09":    "一次最多统计 60 个月",
		"span=range&from=%3Cb%3E&month=2026-09":    "&lt;b&gt;",
		"span=month&month=2026-09&programme=bingo": "",
	} {
		code, page, _ := get(t, d, statManager, true, "/statistics?"+query)
		if want == "" {
			if code != http.StatusForbidden {
				t.Errorf("%s: %d", query, code)
			}
			continue
		}
		if code != http.StatusUnprocessableEntity || !strings.Contains(page, want) || !strings.Contains(page, `aria-invalid="true"`) || !strings.Contains(page, `<a href="#f-`) {
			t.Errorf("%s: %d, the page lacks %s", query, code, want)
		}
	}
	if code, page, _ := get(t, d, statManager, true, "/statistics?month=２０２６-10"); code != http.StatusOK || !strings.Contains(page, `value="2026-10"`) {
		t.Errorf("full-width digits: %d", code)
	}
}

// What an office counts is entered on the page: all that is wrong is named beside its
// field, what was typed stays, and a second click adds nothing.
func TestTotalsAreEnteredOnThePage(t *testing.T) {
	d, _ := desk(t)
	form := url.Values{"division": {"330203"}, "month": {"2099-01"}, "new": {"many"}, "existing": {"８００"}, "origin": {""}}
	code, page, _ := send(t, d, statReader, true, http.MethodPost, "/statistics/totals", form)
	for _, want := range []string{`id="w-enter-month"`, `id="w-enter-new"`, `id="w-enter-origin"`, `value="many"`, `value="８００"`, `href="#f-enter-month"`} {
		if code != http.StatusUnprocessableEntity || !strings.Contains(page, want) {
			t.Errorf("%d, the page lacks %s", code, want)
		}
	}
	if strings.Contains(page, `id="w-enter-existing"`) {
		t.Error("a number in full-width digits is called wrong")
	}
	if code, page, _ := send(t, d, statReader, true, http.MethodPost, "/statistics/totals", url.Values{"division": {"330203"}, "month": {thisMonth()}}); code != http.StatusUnprocessableEntity || !strings.Contains(page, "请至少填写一个数") {
		t.Errorf("nothing typed: %d", code)
	}
	form = url.Values{"division": {"330203"}, "month": {thisMonth()}, "new": {"１,２００"}, "existing": {"800"}, "origin": {"月报表"}}
	for range 2 {
		code, _, h := send(t, d, statReader, true, http.MethodPost, "/statistics/totals", form)
		if code != http.StatusSeeOther || !strings.HasPrefix(h.Get("Location"), "/statistics?") {
			t.Fatalf("%d %s", code, h.Get("Location"))
		}
	}
	if _, page, _ := get(t, d, statManager, true, "/statistics?done"); !strings.Contains(page, "<td>1200</td>") || !strings.Contains(page, "<td>800</td>") || !strings.Contains(page, "已保存") {
		t.Error("the page lacks the totals")
	}
	if code, _, _ := send(t, d, officer("reads", hedui.ReadStatistics), true, http.MethodPost, "/statistics/totals", form); code != http.StatusForbidden {
		t.Errorf("without the right: %d", code)
	}
}

func TestStatisticsAsFiles(t *testing.T) {
	d, _ := desk(t)
	for address, want := range map[string][2]string{
		"/statistics/export.xlsx?month=" + thisMonth():              {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "PK"},
		"/statistics/bulletin/" + thisMonth() + ".pdf?lang=en":      {"application/pdf", "%PDF"},
		"/statistics/bulletin/" + thisMonth() + ".pdf?span=quarter": {"application/pdf", "%PDF"},
	} {
		code, body, h := get(t, d, statReader, true, address)
		if code != http.StatusOK || h.Get("Content-Type") != want[0] || !strings.HasPrefix(body, want[1]) {
			t.Errorf("%s: %d %s", address, code, h.Get("Content-Type"))
		}
	}
	for address, want := range map[string]int{"/statistics/bulletin/2026-13.pdf": http.StatusUnprocessableEntity, "/statistics/bulletin/2026-10": http.StatusNotFound} {
		if code, _, _ := get(t, d, statReader, true, address); code != want {
			t.Errorf("%s: %d, want %d", address, code, want)
		}
	}
	if code, _, _ := send(t, d, statReader, true, http.MethodHead, "/statistics/export.xlsx", nil); code != http.StatusMethodNotAllowed {
		t.Errorf("HEAD: %d", code)
	}
}

// The page of a hub says up to when each county is counted, and which have sent nothing.
func TestThePageOfAHub(t *testing.T) {
	d, _ := desk(t)
	counted := time.Date(2026, 10, 31, 1, 0, 0, 0, time.UTC)
	err := d.DB.InTx(t.Context(), func(tx *store.Tx) error {
		for name, division := range map[string]string{"haishu": "330203", "yinzhou": "330212"} {
			if err := tx.SavePeer(t.Context(), store.Peer{Name: name, Division: division, Level: "county", Role: store.ChildRole, ChangedAt: counted}); err != nil {
				return err
			}
		}
		_, err := tx.SaveCounts(t.Context(), store.CountNode{Node: "haishu", Division: "330203", Peer: "haishu", At: counted, CountedAt: counted}, nil, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []hedui.Officer{statManager, statReader} {
		_, page, _ := get(t, d, o, true, "/statistics")
		for _, want := range []string{`<p class="conclusion ask">没有收齐：鄞州区。`, `id="t-counted"`, "2026-10-31 09:00", "没有报送过，不在任何数里"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %s", o.ID, want)
			}
		}
		_, page, _ = get(t, d, o, true, "/statistics?division=330212")
		if !strings.Contains(page, "没有收齐</td>") || strings.Contains(page, "<td>0</td>") || strings.Contains(page, `id="t-months"`) {
			t.Errorf("%s: a county that has sent nothing is shown as 0", o.ID)
		}
	}
	if _, page, _ := get(t, d, statManager, true, "/statistics?division=330203"); strings.Contains(page, "没有收齐") {
		t.Error("a county that has sent is called not received")
	}
}
