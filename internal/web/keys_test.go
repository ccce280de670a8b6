package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/staff"
	"hedui/internal/store"
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

// A change that takes longer than a browser waits goes on, alone; the page tells how far
// it is, and at last why it came to no end.
func TestALongChangeOfKeysIsTold(t *testing.T) {
	d, _ := desk(t)
	keeper := officer("keeper", hedui.KeepKeys)
	release := make(chan struct{})
	gone, leave := context.WithCancel(t.Context())
	s := &Server{Desk: d, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now, Who: func(*http.Request) (hedui.Officer, bool) { return keeper, true },
		Keys: &staff.Keys{DB: d.DB, Now: time.Now, Next: func(context.Context, []store.MasterKey) (string, bool, error) {
			leave() // the browser goes away
			<-release
			return "", false, hedui.Fail(hedui.Conflict, hedui.Say("error.key.busy"), nil)
		}}}
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	ask := func(ctx context.Context, method, path string) (int, string) {
		t.Helper()
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader("version=1&sure=1"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		h.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	if code, page := ask(gone, http.MethodPost, "/keys/master"); code != http.StatusSeeOther {
		t.Fatalf("%d: %s", code, page)
	}
	if _, page := ask(t.Context(), http.MethodGet, "/keys"); !strings.Contains(page, "正在更换主密钥") || !strings.Contains(page, `content="5"`) || strings.Contains(page, "<form method=\"post\" action=\"/keys/") {
		t.Errorf("the page does not tell of the change:\n%s", page)
	}
	if code, _ := ask(t.Context(), http.MethodPost, "/keys/data"); code != http.StatusConflict {
		t.Errorf("a second change meanwhile: %d", code)
	}
	close(release)
	s.turning.one.Lock() // its end
	if _, page := ask(t.Context(), http.MethodGet, "/keys?done=master"); !strings.Contains(page, "请稍后再执行一次") || strings.Contains(page, "已更换。") {
		t.Errorf("the page does not tell why it came to no end:\n%s", page)
	}
	s.turning.one.Unlock()
}
