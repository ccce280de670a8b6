package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/staff"
	"hedui/internal/store/storetest"
)

// administrators are the two that keep the roster, taken into that of a desk with two
// of their own kind, since nobody changes himself.
func administrators(t *testing.T, d *casework.Desk) (system, security hedui.Officer) {
	t.Helper()
	var list []hedui.Officer
	for id, role := range map[string]hedui.OfficerRole{"system": hedui.SystemAdminRole, "system-2": hedui.SystemAdminRole, "security": hedui.SecurityAdminRole, "security-2": hedui.SecurityAdminRole} {
		if id == "system" { // a name that the program keeps for itself
			id = "operator"
		}
		list = append(list, hedui.Officer{ID: id, Name: "管理员" + id, Office: "核对中心", Division: "330200", Roles: []hedui.OfficerRole{role}})
	}
	roster := &staff.Roster{DB: d.DB, Now: time.Now}
	if _, err := roster.Seed(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	as := func(id string) hedui.Officer {
		o, err := roster.Officer(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	return as("operator"), as("security")
}

// A colleague is made by two on the page, does the work given, and leaves.
func TestTwoMakeAnOfficerOnThePage(t *testing.T) {
	d, _ := desk(t)
	system, security := administrators(t, d)
	post := func(o hedui.Officer, path string, form url.Values) (int, string) {
		t.Helper()
		code, body, _ := send(t, d, o, true, http.MethodPost, path, form)
		return code, body
	}
	own := storetest.ID(t, day.Must("1980-01-01"), 21)
	bad := url.Values{"id": {"Z"}, "name": {""}, "office": {"无此机构"}, "division": {"330203"}}
	if code, body := post(system, "/officers", bad); code != http.StatusUnprocessableEntity || !strings.Contains(body, `href="#f-id"`) || !strings.Contains(body, `href="#f-name"`) || !strings.Contains(body, `value="Z"`) {
		t.Errorf("three mistakes: %d\n%s", code, body)
	}
	if code, _ := post(system, "/officers", url.Values{"id": {"zhang"}, "number": {"123"}, "from": {"gestern"}}); code != http.StatusUnprocessableEntity {
		t.Errorf("a number and a day that are none: %d", code)
	}
	if code, body := post(system, "/officers/offices", url.Values{"office_name": {"海曙区住建局"}, "office_kind": {"commissioning"}, "office_division": {"330203"}}); code != http.StatusSeeOther {
		t.Fatalf("an office: %d %s", code, body)
	}
	if code, body := post(system, "/officers/offices", url.Values{"office_name": {"海曙区住建局"}, "office_kind": {"commissioning"}}); code != http.StatusConflict || !strings.Contains(body, "已登记") {
		t.Errorf("the office again: %d", code)
	}
	form := url.Values{"id": {"zhang"}, "name": {"张三"}, "office": {"海曙区住建局"}, "division": {"330203"}, "number": {own.Reveal()}}
	if code, body := post(security, "/officers", form); code != http.StatusForbidden {
		t.Errorf("registered by the security administrator: %d %s", code, body)
	}
	if code, body := post(system, "/officers", form); code != http.StatusSeeOther {
		t.Fatalf("registered: %d %s", code, body)
	}
	if code, body := post(system, "/officers", form); code != http.StatusConflict || !strings.Contains(body, `value="张三"`) {
		t.Errorf("the same id again: %d", code)
	}
	grant := url.Values{"roles": {"commissioner"}, "programmes": {"housing"}}
	if code, _ := post(system, "/officers/zhang/acts/grant", grant); code != http.StatusForbidden {
		t.Errorf("a role by the system administrator: %d", code)
	}
	apart := url.Values{"roles": {"commissioner", "signer"}}
	if code, body := post(security, "/officers/zhang/acts/grant", apart); code != http.StatusUnprocessableEntity || !strings.Contains(body, "不能由一人兼任") ||
		!regexp.MustCompile(`value="signer" checked`).MatchString(body) {
		t.Errorf("two roles that do not go together: %d", code)
	}
	if code, body := post(security, "/officers/zhang/acts/grant", grant); code != http.StatusSeeOther {
		t.Fatalf("a role: %d %s", code, body)
	}
	roster := &staff.Roster{DB: d.DB, Now: time.Now}
	if o, err := roster.Officer(t.Context(), "zhang"); err != nil || o.May(hedui.CommissionCases, "330203") != nil || len(o.Programmes) != 1 {
		t.Errorf("the officer is %+v: %v", o, err)
	}
	if _, page, _ := get(t, d, security, true, "/officers?office="+url.QueryEscape("海曙区住建局")); !strings.Contains(page, "/officers/zhang") || strings.Contains(page, "/officers/operator") || strings.Contains(page, own.Reveal()) {
		t.Errorf("the list of an office:\n%s", page)
	}
	if _, page, _ := get(t, d, security, true, "/officers/zhang?lang=en"); !strings.Contains(page, "officer of a commissioning office") || strings.Contains(page, "⟦") || strings.Contains(page, own.Reveal()) {
		t.Error("the page of the officer lacks a word or says too much")
	}
	kin := storetest.ID(t, day.Must("1960-01-01"), 22).Reveal()
	for _, c := range []struct {
		by   hedui.Officer
		act  string
		form url.Values
		want int
	}{
		{security, "declare", url.Values{"number": {"330200"}, "tie": {"kin"}}, http.StatusUnprocessableEntity},
		{security, "declare", url.Values{"number": {full(kin)}, "tie": {"kin"}}, http.StatusSeeOther},
		{system, "retract", url.Values{"number": {kin}}, http.StatusForbidden},
		{security, "retract", url.Values{"number": {kin}}, http.StatusSeeOther},
		{security, "lock", nil, http.StatusSeeOther},
		{security, "lock", nil, http.StatusConflict},
		{security, "unlock", nil, http.StatusForbidden},
		{system, "unlock", nil, http.StatusSeeOther},
		{system, "fire", nil, http.StatusNotFound},
		{system, "end", nil, http.StatusSeeOther},
		{system, "unlock", nil, http.StatusConflict},
	} {
		if code, body := post(c.by, "/officers/zhang/acts/"+c.act, c.form); code != c.want {
			t.Errorf("%s by %s: %d, want %d\n%.600s", c.act, c.by.ID, code, c.want, body)
		}
	}
	if code, body := post(security, "/officers/security/acts/grant", url.Values{"roles": {"signer"}}); code != http.StatusForbidden || !strings.Contains(body, "不能变更本人") {
		t.Errorf("oneself: %d", code)
	}
}

// full is a number in full-width digits, as input methods make them.
func full(number string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '０'
		}
		return r
	}, number)
}

func TestTheTableOfRightsIsForPeople(t *testing.T) {
	d, _ := desk(t)
	system, _ := administrators(t, d)
	_, page, _ := get(t, d, system, true, "/rights")
	for _, want := range []string{"核对中心签发", "签发报告", "任何其他岗位", "自 2012-12-01 起施行"} {
		if !strings.Contains(page, want) {
			t.Errorf("the table lacks %q", want)
		}
	}
	if _, page, _ := get(t, d, system, true, "/rights?on=2000-01-01"); !strings.Contains(page, "还没有权限表") {
		t.Error("before the first table")
	}
	if _, page, _ := get(t, d, system, true, "/rights?on=yesterday"); !strings.Contains(page, "2026-01-31") || !strings.Contains(page, "核对中心签发") {
		t.Error("a day that is none")
	}
}
