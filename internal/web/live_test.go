package web

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// A case whose category has a register of the city and one of the county shows
// both, each with all that is known of it.
func TestACellShowsEveryScope(t *testing.T) {
	d, id := desk(t, hedui.Register{Category: "housing", Scope: "330203", Source: "housing", Department: "海曙区住建局"},
		hedui.Register{Category: "employment", Scope: "330203", Source: "employment", Department: "海曙区人社局"})
	reader := officer("reader", hedui.ReadCases)
	_, body, _ := get(t, d, reader, true, "/cases/"+id)
	row := body[strings.Index(body, "<tbody>"):strings.Index(body, "</tbody>")]
	cells := regexp.MustCompile(`(?s)<td>.*?</td>`).FindAllString(row, -1)
	if len(cells) != 12 {
		t.Fatalf("%d cells", len(cells))
	}
	housing, death := cells[9], cells[3]
	for _, want := range []string{
		`title="宁波市登记 · 未发现 · 某局 · 数据截至`, `title="海曙区登记 · 未发现 · 海曙区住建局 · 数据截至`,
		`<b>宁波市登记</b> 未发现`, `<b>海曙区登记</b> 未发现`,
	} {
		if !strings.Contains(housing, want) {
			t.Errorf("cell lacks %q:\n%s", want, housing)
		}
	}
	if strings.Contains(death, "<b>") || !strings.Contains(death, `title="宁波市登记`) {
		t.Errorf("the only register of a category, and the widest:\n%s", death)
	}
	if want := "</span> 海曙区登记 · 未发现 · 海曙区住建局 · 数据截至"; !strings.Contains(body[strings.Index(body, "<details"):], want) {
		t.Error("the details, for those without a mouse, lack the county's register")
	}
	if _, body, _ := get(t, d, reader, true, "/cases/"+id+"?lang=en"); !strings.Contains(body, "register of ") || !strings.Contains(body, ">14/14<") {
		t.Error("English lacks the registers, or not every query counts")
	}
}

func TestAMarkSaysWhoAnswersAndWhatIsUnderWay(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	q := hedui.Query{Category: "land", Scope: "330212", Department: "某局", CreatedAt: now, AskedAt: now, Source: hedui.AtNode("city"), State: hedui.Pending}
	for _, c := range []struct {
		name   string
		change func(*hedui.Query)
		want   []string
	}{
		{"on its way", func(q *hedui.Query) { q.Reason = hedui.ReasonSent }, []string{"已转送，待反馈", "经节点 city 查询", "已送往相关核对节点"}},
		{"the link is down", func(q *hedui.Query) { q.Reason = hedui.ReasonLink }, []string{"链路中断，待恢复", "链路中断"}},
		{"a department has it", func(q *hedui.Query) { q.Reason = hedui.ReasonPending }, []string{"部门已接收"}},
		{"answered", func(q *hedui.Query) {
			q.State, q.Outcome, q.AnsweredBy, q.AnsweredAt = hedui.Answered, "none", "yinzhou", now
		}, []string{"鄞州区登记", "未发现", "由节点 yinzhou 反馈", "2026-11-23 18:00:00 反馈"}},
		{"nobody to ask", func(q *hedui.Query) {
			q.State, q.Outcome, q.Reason, q.AskedAt = hedui.Answered, "not_covered", hedui.ReasonNoSource, time.Time{}
		}, []string{"不在登记范围 · 某局"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, q := casePage{frame: frame{Lang: "zh"}}, q
			c.change(&q)
			m := p.mark(q, nil)
			for _, want := range c.want {
				if !strings.Contains(m.Text+" | "+m.Title, want) {
					t.Errorf("%q lacks %q", m.Title, want)
				}
			}
			if c.name == "nobody to ask" && strings.Contains(m.Title, "登记 ·") {
				t.Errorf("a register where there is none: %q", m.Title)
			}
		})
	}
}

// serve serves a desk on a real socket and returns its address, and how to stop it.
func serve(t *testing.T, d *casework.Desk) (base string, shutdown func() error) {
	t.Helper()
	return serveTo(t, d, func(*http.Request) (hedui.Officer, bool) { return officer("reader", hedui.ReadCases), true })
}

// serveTo is serve to whom who says.
func serveTo(t *testing.T, d *casework.Desk, who func(*http.Request) (hedui.Officer, bool)) (base string, shutdown func() error) {
	t.Helper()
	s := &Server{Desk: d, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now, Who: who}
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String(), func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return server.Shutdown(ctx)
	}
}

type answer struct {
	code int
	body string
	err  error
}

// wait asks for what moves on a case, with the revision that its page shows.
func wait(ctx context.Context, t *testing.T, base, id string) <-chan answer {
	t.Helper()
	fetch := func(ctx context.Context, path string) answer {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
		if err != nil {
			return answer{err: err}
		}
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			return answer{err: err}
		}
		defer func() { _ = w.Body.Close() }()
		body, err := io.ReadAll(w.Body)
		return answer{w.StatusCode, string(body), err}
	}
	page := fetch(t.Context(), "/cases/"+id)
	rev := regexp.MustCompile(`data-rev="([^"]+)"`).FindStringSubmatch(page.body)
	if rev == nil {
		t.Fatalf("no revision on the page: %d %v", page.code, page.err)
	}
	got := make(chan answer, 1)
	go func() { got <- fetch(ctx, "/cases/"+id+"/live?seen="+rev[1]) }()
	select {
	case early := <-got:
		t.Fatalf("answered before anything has changed: %d %v", early.code, early.err)
	case <-time.After(250 * time.Millisecond):
	}
	return got
}

func TestAnOpenPageHearsOfAChange(t *testing.T) {
	d, id := desk(t)
	base, _ := serve(t, d)
	for _, c := range []struct {
		name string
		act  func(t *testing.T) error
		want string
	}{
		{"made in this process", func(t *testing.T) error {
			_, err := d.Deliver(t.Context(), officer("all", hedui.Rights()...), id)
			return err
		}, "报告已送达"},
		{"written past this process's desk, as by another one", func(t *testing.T) error {
			return d.DB.InTx(t.Context(), func(tx *store.Tx) error {
				queries, err := tx.Queries(t.Context(), id)
				if err != nil {
					return err
				}
				queries[0].ID = hedui.QueryID(id, 1, queries[0].Category, "330203", 1)
				queries[0].Scope, queries[0].State, queries[0].Reason = "330203", hedui.Pending, hedui.ReasonSent
				return tx.AddQueries(t.Context(), queries[:1])
			})
		}, "已转送，待反馈"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := wait(t.Context(), t, base, id)
			begun := time.Now()
			if err := c.act(t); err != nil {
				t.Fatal(err)
			}
			a := <-got
			if a.err != nil || a.code != http.StatusOK || !strings.HasPrefix(a.body, `<div id="moving"`) || !strings.Contains(a.body, c.want) {
				t.Errorf("got %d %v %s", a.code, a.err, a.body)
			}
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("after %s", took)
			}
		})
	}
}

func TestAWaitEndsWithTheServerAndWithTheReader(t *testing.T) {
	d, id := desk(t)
	base, shutdown := serve(t, d)
	ctx, leave := context.WithCancel(t.Context())
	gone, stays := wait(ctx, t, base, id), wait(t.Context(), t, base, id)
	leave()
	if a := <-gone; a.err == nil {
		t.Error("the reader has left and got an answer")
	}
	begun := time.Now()
	if err := shutdown(); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if a := <-stays; a.err != nil || a.code != http.StatusNoContent {
		t.Errorf("got %d %v, want %d", a.code, a.err, http.StatusNoContent)
	}
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("the server waited %s for a page that waits", took)
	}
}

// A role that is taken away while a page waits counts for what the page gets.
func TestARoleThatGoesWhileAPageWaits(t *testing.T) {
	d, id := desk(t)
	var gone atomic.Bool
	base, _ := serveTo(t, d, func(*http.Request) (hedui.Officer, bool) {
		if gone.Load() {
			return officer("reader", hedui.OpenCases), true
		}
		return officer("reader", hedui.ReadCases), true
	})
	got := wait(t.Context(), t, base, id)
	gone.Store(true)
	if _, err := d.Deliver(t.Context(), officer("office", hedui.CommissionCases), id); err != nil {
		t.Fatal(err)
	}
	if a := <-got; a.err != nil || a.code != http.StatusForbidden || strings.Contains(a.body, "王") {
		t.Errorf("got %d %v %s", a.code, a.err, a.body)
	}
}
