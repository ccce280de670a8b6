package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hedui/exchange"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/region"
)

// asked writes down what a page asks of the federation.
type asked struct{ calls []string }

func (a *asked) Invite(_ context.Context, o hedui.Officer, name, division string, level region.Kind, life time.Duration) (exchange.Code, error) {
	a.calls = append(a.calls, fmt.Sprint("invite ", name, " ", division, " ", level, " ", life, " by ", o.ID))
	return exchange.NewCode(), nil
}

func (a *asked) Decide(_ context.Context, _ hedui.Officer, name string, approve bool) error {
	a.calls = append(a.calls, fmt.Sprint("decide ", name, " ", approve))
	return nil
}

func (a *asked) Revoke(_ context.Context, _ hedui.Officer, name string) error {
	a.calls = append(a.calls, "revoke "+name)
	return hedui.Fail(hedui.NotFound, hedui.Say("error.node.unknown", name), nil)
}

func (a *asked) Rotate(_ context.Context, _ hedui.Officer, overlap time.Duration) error {
	a.calls = append(a.calls, fmt.Sprint("rotate ", overlap))
	return nil
}

func TestAnOperatorActsOnNodes(t *testing.T) {
	keys, _ := keysOf(t)
	d := county(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveEnrolment(ctx, store.Enrolment{Name: "yinzhou", Division: "330212", Level: "county", State: store.Asked, Request: keys, ExpiresAt: time.Now().Add(time.Hour), ChangedAt: downAt, ChangedBy: "o"})
	})
	peers := &asked{}
	as := func(o hedui.Officer) func(method, path string, form url.Values) (int, string) {
		h, err := (&Server{Desk: d, Peers: peers, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now, Who: func(*http.Request) (hedui.Officer, bool) { return o, true }}).Handler()
		if err != nil {
			t.Fatal(err)
		}
		return func(method, path string, form url.Values) (int, string) {
			r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Code, w.Body.String()
		}
	}
	operator, watcher := as(officer("operator", hedui.RunNode)), as(officer("watcher", hedui.ReadIncidents))
	if _, page := operator(http.MethodGet, "/nodes", nil); !strings.Contains(page, `action="/nodes/approve`) || !strings.Contains(page, `action="/nodes/invite`) {
		t.Error("the operator finds no way to approve or invite")
	}
	if _, page := watcher(http.MethodGet, "/nodes", nil); strings.Contains(page, "<form method=\"post\" action=\"/nodes/") {
		t.Error("who may only read is offered acts")
	}
	if code, _ := watcher(http.MethodPost, "/nodes/approve", url.Values{"name": {"yinzhou"}}); code != http.StatusForbidden {
		t.Errorf("approved by who may only read: %d", code)
	}
	code, page := operator(http.MethodPost, "/nodes/invite", url.Values{"name": {"jiangbei"}, "division": {"330205"}, "hours": {"24"}})
	if code != http.StatusOK || !regexp.MustCompile(`class="secret">[A-Z0-9]{4}-`).MatchString(page) || strings.Contains(page, `http-equiv="refresh"`) {
		t.Errorf("invited: %d; the code stands on a page that stays", code)
	}
	if code, page := operator(http.MethodPost, "/nodes/invite", url.Values{"name": {"jiangbei"}, "division": {"999999"}}); code != http.StatusUnprocessableEntity || !strings.Contains(page, `value="jiangbei"`) {
		t.Errorf("a division that is none: %d", code)
	}
	for path, want := range map[string]int{"/nodes/approve": http.StatusSeeOther, "/nodes/decline": http.StatusSeeOther, "/nodes/revoke": http.StatusNotFound, "/nodes/rotate": http.StatusSeeOther, "/nodes/explode": http.StatusNotFound} {
		if code, _ := operator(http.MethodPost, path, url.Values{"name": {"yinzhou"}, "days": {"4000"}}); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	said := strings.Join(peers.calls, "\n")
	for _, want := range []string{"invite jiangbei 330205 county 24h0m0s by operator", "decide yinzhou true", "decide yinzhou false", "revoke yinzhou", "rotate 168h0m0s"} {
		if !strings.Contains(said, want) {
			t.Errorf("never asked: %s\n%s", want, said)
		}
	}
	if len(peers.calls) != 5 {
		t.Errorf("asked\n%s", said)
	}
}
