package web

import (
	"bytes"
	"fmt"
	"html"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

var township = officer("clerk", hedui.OpenCases)

// filledIn is what a clerk types for a couple.
func filledIn(t *testing.T) url.Values {
	t.Helper()
	return url.Values{
		"programme": {"dibao"}, "kind": {"new_application"}, "division": {"330203"}, "office": {"某机构"}, "applied_on": {"today"},
		"persons[0].name": {"孙试验"}, "persons[0].id": {storetest.ID(t, day.Must("1972-02-02"), 31).Reveal()}, "persons[0].relation": {"self"}, "persons[0].role": {"member"}, "persons[0].capacity": {"full"},
		"persons[1].name": {"钱试验"}, "persons[1].id": {wide(storetest.ID(t, day.Must("1973-03-03"), 32).Reveal())}, "persons[1].relation": {"spouse"}, "persons[1].role": {"member"}, "persons[1].capacity": {"full"},
		"persons[2].name": {""}, "persons[2].relation": {""}, "persons[2].role": {"member"},
		"income[0].person": {"2"}, "income[0].class": {"wage"}, "income[0].monthly": {"1850.00"},
		"income[1].person": {""}, "income[1].monthly": {""},
		"consents[0].signed_on": {"today"}, "consents[0].until": {"today+365"},
		"consents[1].signed_on": {"today"}, "consents[1].until": {"today+365"}, "consents[1].witness": {"李经办"},
		"do": {"register"},
	}
}

// wide writes digits as an input method for Chinese may.
func wide(digits string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '０'
		}
		return r
	}, digits)
}

func TestACaseIsRegisteredOnAPage(t *testing.T) {
	d, _ := desk(t)
	code, body, h := send(t, d, township, true, http.MethodPost, "/intake/one", filledIn(t))
	if code != http.StatusSeeOther || !strings.HasPrefix(h.Get("Location"), "/intake?lang=zh&done=330203") {
		t.Fatalf("%d %s %s", code, h.Get("Location"), body)
	}
	_, list, _ := get(t, d, township, true, h.Get("Location"))
	for _, want := range []string{"已登记案件 330203", "孙**", "已授权"} {
		if !strings.Contains(list, want) {
			t.Errorf("the list lacks %q:\n%s", want, list)
		}
	}
	if strings.Contains(list, "王**") {
		t.Error("the list shows a case that somebody else has opened")
	}
	cases, err := d.OwnCases(t.Context(), township, store.Filter{})
	if err != nil || len(cases) != 1 || cases[0].Persons != 2 {
		t.Fatalf("own cases: %v %v", cases, err)
	}
	if _, err := d.Draft(t.Context(), township, "one"); hedui.KindOf(err) != hedui.NotFound {
		t.Errorf("the draft is still there: %v", err)
	}
}

// A form that is sent once more after the case is open says so, and leaves nothing to go
// on with; another form of the same household stays.
func TestAFormIsRegisteredOnce(t *testing.T) {
	d, _ := desk(t)
	form := filledIn(t)
	for _, tt := range []struct {
		form, says string
		code, left int
	}{
		{"one", "", http.StatusSeeOther, 0},
		{"one", "这份表已经登记为案件", http.StatusConflict, 0},
		{"other", "已有同类案件正在核对", http.StatusConflict, 1},
	} {
		code, page, _ := send(t, d, township, true, http.MethodPost, "/intake/"+tt.form, form)
		if code != tt.code || !strings.Contains(page, tt.says) {
			t.Errorf("%s: %d, want %d and %q", tt.form, code, tt.code, tt.says)
		}
		if list, err := d.Drafts(t.Context(), township, "", 9); err != nil || len(list) != tt.left {
			t.Errorf("after %s there are %d forms to go on with, want %d (%v)", tt.form, len(list), tt.left, err)
		}
	}
}

// Every problem stands beside its field and in the list, and what was typed is kept.
func TestWhatIsWrongStandsBesideItsField(t *testing.T) {
	d, _ := desk(t)
	form := filledIn(t)
	form.Set("persons[1].id", "33020019730303001X")
	form.Set("income[0].monthly", "很少")
	form.Set("consents[1].until", "明年")
	form.Del("consents[0].signed_on")
	form.Del("consents[0].until")
	code, body, _ := send(t, d, township, true, http.MethodPost, "/intake/two", form)
	if code != http.StatusUnprocessableEntity {
		t.Fatalf("%d %s", code, body)
	}
	for _, field := range []string{"persons-1-id", "income-0-monthly", "consents-1-until", "consents-0-signed_on"} {
		if !strings.Contains(body, `href="#`+field+`"`) || !strings.Contains(body, `id="`+field+`-wrong"`) || !regexp.MustCompile(`id="`+field+`"[^>]*aria-invalid`).MatchString(body) {
			t.Errorf("%s is not marked, told and led to", field)
		}
	}
	for _, kept := range []string{"33020019730303001X", "很少", "明年", "李经办", "孙试验"} {
		if !strings.Contains(body, `value="`+kept+`"`) {
			t.Errorf("%q is lost", kept)
		}
	}
	if _, again, _ := get(t, d, township, true, "/intake/two"); !strings.Contains(again, `value="很少"`) || !strings.Contains(again, "1972-02-02 出生") {
		t.Error("the draft does not hold what was typed")
	}
	if _, others, _ := get(t, d, officer("another", hedui.OpenCases), true, "/intake/two"); strings.Contains(others, "孙试验") {
		t.Error("another clerk sees the draft")
	}
}

func TestRowsComeAndGo(t *testing.T) {
	d, _ := desk(t)
	form := filledIn(t)
	form.Set("persons[2].name", "孙小试")
	form.Set("persons[2].guardian", "2")
	form.Set("consents[2].signer", "2")
	form.Set("consents[2].witness", "赵见证")
	form.Set("do", "drop persons[1]")
	if code, _, _ := send(t, d, township, true, http.MethodPost, "/intake/three", form); code != http.StatusSeeOther {
		t.Fatal(code)
	}
	f, err := d.Draft(t.Context(), township, "three")
	if err != nil || len(f.Persons) != 2 || f.Persons[1].Name != "孙小试" || f.Persons[1].Guardian != 0 || f.Income[0].Person != 0 ||
		len(f.Consents) != 2 || f.Consents[1].Witness != "赵见证" || f.Consents[1].Person != 2 || f.Consents[1].Signer != 0 {
		t.Errorf("without the second: %+v %v", fieldsOf(f), err)
	}
	for _, do := range []string{"add persons", "add property", "drop persons[0]", "drop income[7]", "drop nothing", "add nothing", "drop income[1]"} {
		form := url.Values{}
		for name, value := range fieldsOf(f) {
			form.Set(name, value)
		}
		form.Set("do", do)
		if code, body, _ := send(t, d, township, true, http.MethodPost, "/intake/three", form); code != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", do, code, body)
		}
		if f, err = d.Draft(t.Context(), township, "three"); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.Persons) != 3 || len(f.Property) != 1 || len(f.Income) != 1 {
		t.Errorf("at the end %d persons, %d property, %d income", len(f.Persons), len(f.Property), len(f.Income))
	}
	if code, _, _ := send(t, d, township, true, http.MethodPost, "/intake/three", url.Values{"do": {"discard"}}); code != http.StatusSeeOther {
		t.Error(code)
	}
	if _, err := d.Draft(t.Context(), township, "three"); hedui.KindOf(err) != hedui.NotFound {
		t.Errorf("the draft is still there: %v", err)
	}
}

// Whatever fields are named, nothing is lost that a form has a place for, and
// nothing breaks.
func TestFieldsOfAFormComeBack(t *testing.T) {
	f := formOf(filledIn(t))
	values := url.Values{}
	for name, value := range fieldsOf(f) {
		values.Set(name, value)
	}
	if again := formOf(values); !reflect.DeepEqual(fieldsOf(again), fieldsOf(f)) {
		t.Errorf("got  %v\nwant %v", fieldsOf(again), fieldsOf(f))
	}
	odd := formOf(url.Values{"persons[99].name": {"x"}, "persons[-1].name": {"x"}, "persons[0].family.size": {"three"}, "nothing[0].a": {"x"}, "persons[0]": {"x"}, "income[40].note": {"y"}})
	if len(odd.Persons) != 1 || odd.Persons[0].Family != nil || len(odd.Income) != 41 {
		t.Errorf("odd fields make %d persons, %d income", len(odd.Persons), len(odd.Income))
	}
}

func TestConsentFormsArePrintedBeforeTheCase(t *testing.T) {
	d, _ := desk(t)
	form := filledIn(t)
	form.Set("do", "print")
	code, body, h := send(t, d, township, true, http.MethodPost, "/intake/four", form)
	if code != http.StatusOK || h.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(body, "%PDF") {
		t.Errorf("%d %s", code, h.Get("Content-Type"))
	}
}

// scan is a picture of one shade.
func scan(t *testing.T, shade uint8) string {
	t.Helper()
	page := image.NewGray(image.Rect(0, 0, 1, 1))
	page.Pix[0] = shade
	var b strings.Builder
	if err := png.Encode(&b, page); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var ticked = regexp.MustCompile(`name="agree" [^>]* checked`)

// The clerk sees how their case stands and whose consent is missing, has one signed on
// the screen, attaches scans, records a withdrawal and a new consent; another clerk
// sees nothing of it.
func TestAClerkLooksAfterTheirCase(t *testing.T) {
	d, foreign := desk(t)
	c, err := d.Register(t.Context(), township, "five", tidy(formOf(filledIn(t))))
	if err != nil {
		t.Fatal(err)
	}
	home := "/own/" + c.ID
	do := func(path string, form url.Values) (int, string) {
		t.Helper()
		_, page, _ := get(t, d, township, true, home)
		form.Set("seen", seenField.FindStringSubmatch(page)[1])
		code, body, _ := send(t, d, township, true, http.MethodPost, home+path, form)
		return code, body
	}
	if _, page, _ := get(t, d, township, true, home); !strings.Contains(page, "等待民政等部门委托") || !strings.Contains(page, "已签署并见证") || strings.Contains(page, "孙试验") {
		t.Errorf("the page of the case:\n%s", page)
	}
	signHere := home + "/consents/" + c.Consents[0].Number + "/sign"
	agreed := url.Values{"strokes": {"100,200 120,90 200,60 320,180;500,100 520,180 610,200 700,90"}}
	if code, page, _ := get(t, d, township, true, signHere); code != http.StatusOK || !strings.Contains(page, c.Persons[0].Name) || !strings.Contains(page, "<canvas") || ticked.MatchString(page) {
		t.Errorf("the form to sign: %d\n%s", code, page)
	}
	if code, page, _ := send(t, d, township, true, http.MethodPost, signHere, url.Values{"strokes": {"5,5"}, "agree": {"vehicle"}}); code != http.StatusUnprocessableEntity ||
		!strings.Contains(page, "签名太短") || !strings.Contains(page, "项没有勾选") || len(ticked.FindAllString(page, -1)) != 1 || strings.Contains(page, `value="5,5"`) {
		t.Errorf("a slip of the pen: %d\n%s", code, page)
	}
	if code, page, _ := send(t, d, township, true, http.MethodPost, signHere, agreed); code != http.StatusUnprocessableEntity || !strings.Contains(page, agreed.Get("strokes")) {
		t.Errorf("nothing was ticked: %d\n%s", code, page)
	}
	for _, code := range c.Consents[0].Categories {
		agreed.Add("agree", string(code))
	}
	if code, page, h := send(t, d, township, true, http.MethodPost, signHere, agreed); code != http.StatusSeeOther || !strings.Contains(h.Get("Location"), "done=sign") {
		t.Fatalf("signed: %d\n%s", code, page)
	}
	if code, _, _ := send(t, d, township, true, http.MethodPost, signHere, agreed); code != http.StatusConflict {
		t.Errorf("signed twice: %d", code)
	}
	file, err := d.ConsentScan(t.Context(), officer("reader", hedui.ReadCases), c.ID, c.Consents[0].Number)
	if err != nil || !strings.HasSuffix(file.Name, ".pdf") || !bytes.HasPrefix(file.Body, []byte("%PDF")) || !bytes.Contains(file.Body, []byte("/ByteRange")) {
		t.Errorf("what is kept: %s %v", file.Name, err)
	}
	number := c.Consents[1].Number
	for _, step := range []struct {
		file string
		code int
	}{{"not a scan", http.StatusUnprocessableEntity}, {scan(t, 1), http.StatusSeeOther}, {scan(t, 2), http.StatusConflict}} {
		if code, body := sent(t, d, township, home+"/consents/"+number+"/scan", nil, []byte(step.file)); code != step.code {
			t.Errorf("%q: %d, want %d: %s", step.file, code, step.code, body)
		}
	}
	if code, body := do("/acts/withdraw", url.Values{"person": {"2"}}); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, body)
	}
	if _, page, _ := get(t, d, township, true, home); !strings.Contains(page, "已撤回") || !strings.Contains(page, "还缺少") {
		t.Errorf("after the withdrawal:\n%s", page)
	}
	if code, body := do("/acts/consent", url.Values{"person": {"2"}, "signed_on": {"昨天"}, "until": {"today+9"}}); code != http.StatusUnprocessableEntity || !strings.Contains(body, `value="昨天"`) {
		t.Errorf("a consent with a wrong day: %d %s", code, body)
	}
	if code, body := do("/acts/terminate", url.Values{"reason": {"withdrawn"}}); code != http.StatusSeeOther {
		t.Errorf("%d %s", code, body)
	}
	other := officer("another", hedui.OpenCases)
	for _, path := range []string{home, "/own/" + foreign} {
		if code, body, _ := get(t, d, other, true, path); code != http.StatusNotFound || strings.Contains(body, "**") {
			t.Errorf("%s by another clerk: %d", path, code)
		}
	}
}

// Who has many forms to go on with turns pages of them.
func TestFormsStandOnPages(t *testing.T) {
	d, _ := desk(t)
	clerk := officer("clerk", hedui.OpenCases)
	const all = rowsPerPage + 3
	for i := range all {
		f := hedui.Form{Programme: "dibao", Persons: []hedui.FormPerson{{Name: "试验" + strconv.Itoa(i)}}}
		if err := d.SaveDraft(t.Context(), clerk, fmt.Sprintf("f%03d", i), f); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	path, pages := "/intake", 0
	for path != "" && pages < 5 {
		_, page, _ := get(t, d, clerk, true, path)
		for _, m := range regexp.MustCompile(`href="/intake/(f\d+)`).FindAllStringSubmatch(page, -1) {
			if seen[m[1]] {
				t.Errorf("%s stands on two pages", m[1])
			}
			seen[m[1]] = true
		}
		path, pages = "", pages+1
		if m := regexp.MustCompile(`href="(/intake\?[^"]*after=[^"]*)#drafts"`).FindStringSubmatch(page); m != nil {
			path = html.UnescapeString(m[1])
		}
	}
	if len(seen) != all || pages != 2 {
		t.Errorf("%d forms on %d pages, want %d on 2", len(seen), pages, all)
	}
	if code, _, _ := get(t, d, clerk, true, "/intake?after="+url.QueryEscape("item:x")); code != http.StatusNotFound {
		t.Errorf("after what is no form: %d", code)
	}
}
