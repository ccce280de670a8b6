package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store/storetest"
)

var seenField = regexp.MustCompile(`name="seen" value="([^"]*)"`)

// press opens the case's page, finds the button and presses it.
func press(t *testing.T, d *casework.Desk, o hedui.Officer, id, act, reason string) (int, string) {
	t.Helper()
	_, page, _ := get(t, d, o, true, "/cases/"+id)
	seen := seenField.FindStringSubmatch(page)
	if seen == nil || !strings.Contains(page, "/acts/"+act+"?") {
		t.Fatalf("%s is not offered to %s", act, o.ID)
	}
	code, body, _ := send(t, d, o, true, http.MethodPost, "/cases/"+id+"/acts/"+act, url.Values{"seen": {seen[1]}, "reason": {reason}})
	return code, body
}

// A case is taken from its commission to its archive in the console, by one role after the other.
func TestACaseGoesThroughTheConsole(t *testing.T) {
	d, _ := desk(t)
	ctx := t.Context()
	clerk := officer("clerk", hedui.OpenCases)
	f := hedui.Form{Programme: "dibao", Division: "330203", Office: "某机构",
		Persons:  []hedui.FormPerson{{Name: "赵试验", ID: storetest.ID(t, day.Must("1971-01-01"), 21).Reveal(), Relation: "self"}},
		Consents: []hedui.FormConsent{{Person: 1, Programme: "dibao", SignedOn: "today", Until: "today+9", Document: "授权书"}}}
	c, err := d.Register(ctx, clerk, "d2", f)
	if err != nil {
		t.Fatal(err)
	}
	office := officer("office", hedui.CommissionCases, hedui.ReadCases, hedui.PrintReports)
	receiver := officer("receiver", hedui.AcceptCases, hedui.VerifyCases, hedui.ReadCases)
	reviewer := officer("reviewer", hedui.ReviewReports, hedui.ReadCases)
	signer := officer("signer", hedui.SealReports, hedui.ReadCases)
	for _, step := range []struct {
		o           hedui.Officer
		act, reason string
		stage       hedui.Stage
	}{
		{office, "commission", "", hedui.Commissioned},
		{receiver, "return", "scan", hedui.Returned},
		{office, "commission", "", hedui.Commissioned},
		{receiver, "accept", "", hedui.Dispatched},
		{reviewer, "send_back", "open", hedui.Manual},
		{receiver, "finish", "", hedui.Summarised},
		{reviewer, "review", "", hedui.Reviewed},
		{signer, "seal", "", hedui.Issued},
		{office, "deliver", "", hedui.Delivered},
		{office, "object", "income", hedui.Objected},
		{receiver, "confirm", "stands", hedui.Rechecked},
		{receiver, "archive", "", hedui.Archived},
	} {
		if step.act == "send_back" {
			if _, err := d.Await(ctx, c.ID, func(s hedui.Stage) bool { return s == hedui.Summarised }); err != nil {
				t.Fatal(err)
			}
		}
		if code, body := press(t, d, step.o, c.ID, step.act, step.reason); code != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", step.act, code, body)
		}
		if stage, err := d.Stage(ctx, c.ID); err != nil || stage != step.stage && step.act != "accept" {
			t.Fatalf("%s: %s %v, want %s", step.act, stage, err, step.stage)
		}
	}
	if _, page, _ := get(t, d, receiver, true, "/cases/"+c.ID); strings.Contains(page, "/acts/") {
		t.Error("something can be done with an archived case")
	}
}

// What cannot be done changes nothing and says why, on the page of the case as it is.
func TestAnActThatCannotBe(t *testing.T) {
	d, id := desk(t)
	office := officer("office", hedui.CommissionCases, hedui.ReadCases)
	_, page, _ := get(t, d, office, true, "/cases/"+id)
	seen := seenField.FindStringSubmatch(page)[1]
	for name, c := range map[string]struct {
		o         hedui.Officer
		act, seen string
		reason    string
		code      int
		want      string
	}{
		"seen before a change":    {office, "deliver", "older", "", http.StatusConflict, "有了变化"},
		"without what was seen":   {office, "deliver", "", "", http.StatusConflict, "有了变化"},
		"not at this stage":       {office, "commission", seen, "", http.StatusConflict, "已签发"},
		"an act that is none":     {office, "decide", seen, "", http.StatusUnprocessableEntity, "commission, accept"},
		"of another role":         {office, "archive", seen, "", http.StatusForbidden, "没有"},
		"a reason that is none":   {officer("v", hedui.VerifyCases, hedui.ReadCases), "suspend", seen, "夜里", http.StatusUnprocessableEntity, "source, province"},
		"without a needed reason": {officer("v", hedui.VerifyCases, hedui.ReadCases), "suspend", seen, "", http.StatusUnprocessableEntity, "source, province"},
	} {
		t.Run(name, func(t *testing.T) {
			code, body, _ := send(t, d, c.o, true, http.MethodPost, "/cases/"+id+"/acts/"+c.act, url.Values{"seen": {c.seen}, "reason": {c.reason}})
			if code != c.code || !strings.Contains(body, c.want) {
				t.Errorf("got %d, want %d with %q:\n%s", code, c.code, c.want, body)
			}
			if stage, err := d.Stage(t.Context(), id); err != nil || stage != hedui.Issued {
				t.Errorf("the case is %s, %v", stage, err)
			}
		})
	}
}

var cellField = regexp.MustCompile(`name="cell" id="[^"]*" value="([^"]*)"`)

// Single cells are asked again from the page; a page that is out of date, or nothing
// ticked, asks nothing.
func TestCellsAreAskedAgain(t *testing.T) {
	d := prepared(t, storetest.Engines()[0].Fresh(t), nil)
	d.Deadlines = slices.Clone(d.Deadlines)
	for i := range d.Deadlines {
		d.Deadlines[i].Requery = hedui.Length{} // at once
	}
	works(t, d)
	id, _ := ownersCase(t, d)
	verifier, reader := officer("v", hedui.VerifyCases, hedui.ReadCases), officer("r", hedui.ReadCases)
	if _, page, _ := get(t, d, reader, true, "/cases/"+id); cellField.MatchString(page) {
		t.Error("offered to who may only read")
	}
	_, page, _ := get(t, d, verifier, true, "/cases/"+id)
	cells := cellField.FindAllStringSubmatch(page, -1)
	if len(cells) < 2 {
		t.Fatalf("%d cells can be ticked", len(cells))
	}
	ask := func(o hedui.Officer, cells ...string) (int, string) {
		code, page, _ := send(t, d, o, true, http.MethodPost, "/cases/"+id+"/requery", url.Values{"cell": cells})
		return code, page
	}
	if code, page := ask(verifier); code != http.StatusUnprocessableEntity || !strings.Contains(page, "请先勾选") {
		t.Errorf("nothing ticked: %d", code)
	}
	if code, _ := ask(reader, cells[0][1]); code != http.StatusForbidden {
		t.Errorf("by who may only read: %d", code)
	}
	if code, page := ask(verifier, cells[0][1], cells[1][1]); code != http.StatusSeeOther {
		t.Fatalf("asked again: %d %s", code, page)
	}
	if code, page := ask(verifier, cells[0][1]); code != http.StatusConflict || !strings.Contains(page, "有了变化") && !strings.Contains(page, "查询") {
		t.Errorf("with what the page showed before: %d %s", code, page)
	}
}
