package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/staff"
)

// The key of the node is changed on the page once, however often the form is sent; who
// only runs the node sees the versions and no button.
func TestAKeyIsChangedOnThePage(t *testing.T) {
	d, _ := desk(t)
	keeper, runner := officer("keeper", hedui.KeepKeys), officer("runner", hedui.RunNode)
	version := func() int64 {
		t.Helper()
		_, nodes, err := (&staff.Keys{DB: d.DB, Now: time.Now}).List(t.Context(), keeper)
		if err != nil || len(nodes) != 1 {
			t.Fatalf("keys of the node: %v %v", nodes, err)
		}
		return nodes[0].Version
	}
	if _, page, _ := get(t, d, keeper, true, "/keys?lang=en"); !strings.Contains(page, `action="/keys/master`) || !strings.Contains(page, `action="/keys/data`) || strings.Contains(page, "⟦") {
		t.Error("the keeper finds no way to change keys")
	}
	if code, page, _ := get(t, d, runner, true, "/keys"); code != http.StatusOK || strings.Contains(page, `action="/keys/`) {
		t.Errorf("who runs the node: %d, or is offered a change", code)
	}
	sure, before := url.Values{"version": {"1"}, "sure": {"1"}}, version()
	for _, c := range []struct {
		name, path string
		by         hedui.Officer
		form       url.Values
		want       int
		version    int64
	}{
		{"by who may only look", "/keys/data", runner, sure, http.StatusForbidden, before},
		{"without the tick", "/keys/data", keeper, url.Values{"version": {"1"}}, http.StatusUnprocessableEntity, before},
		{"of no known kind", "/keys/blind", keeper, sure, http.StatusNotFound, before},
		{"as it should be", "/keys/data", keeper, sure, http.StatusSeeOther, before + 1},
		{"sent twice", "/keys/data", keeper, sure, http.StatusConflict, before + 1},
		{"from a page without a version", "/keys/master", keeper, url.Values{"sure": {"1"}}, http.StatusConflict, before + 1},
	} {
		code, page, _ := send(t, d, c.by, true, http.MethodPost, c.path, c.form)
		if code != c.want || version() != c.version {
			t.Errorf("%s: got %d and version %d, want %d and %d", c.name, code, version(), c.want, c.version)
		}
		if code == http.StatusConflict && !strings.Contains(page, "这次没有再换") {
			t.Errorf("%s: the page does not say that nothing was changed", c.name)
		}
	}
}
