package connector

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hedui/catalog"
	"hedui/source"
)

// A list in pages is whole or failed.
func TestPagesMakeOneAnswerOrNone(t *testing.T) {
	row := func(p source.Person, n int) string {
		return fmt.Sprintf(`{"zjhm":%q,"xm":%q,"mc":"公司%d"}`, p.ID.Reveal(), p.Name, n)
	}
	page := func(total string, rows ...string) string {
		return `{"code":0,"total":` + total + `,"list":[` + strings.Join(rows, ",") + `]}`
	}
	one, two := page("3", row(wang, 1), row(wang, 2)), page("3", row(wang, 3))
	down := http.StatusServiceUnavailable
	tests := []struct {
		name  string
		pages []any // a body, or an HTTP status
		want  string
		calls int
	}{
		{"two pages", []any{one, two}, "found 3 id+name", 2},
		{"all on the first", []any{page("1", row(wang, 1))}, "found 1 id+name", 1},
		{"an empty list", []any{page("0")}, "none/", 1},
		{"none by code", []any{`{"code":1}`}, "none/", 1},
		{"an empty list that promises records", []any{page("2")}, "failed/incomplete", 1},
		{"a first page without total", []any{`{"code":0,"list":[` + row(wang, 1) + `]}`}, "failed/incomplete", 1},
		{"an empty list without total", []any{`{"code":0,"list":[]}`}, "failed/incomplete", 1},
		{"no list", []any{`{"code":0,"total":0}`}, "failed/incomplete", 1},
		{"more than promised", []any{page("1", row(wang, 1), row(wang, 2))}, "failed/incomplete", 1},
		{"fewer than promised", []any{one, page("3")}, "failed/incomplete", 2},
		{"the last page is too long", []any{one, page("3", row(wang, 3), row(wang, 4))}, "failed/incomplete", 2},
		{"the same page again", []any{page("4", row(wang, 1), row(wang, 2)), page("4", row(wang, 1), row(wang, 2))}, "failed/incomplete", 2},
		{"the number changes", []any{one, page("4", row(wang, 3), row(wang, 4))}, "failed/incomplete", 2},
		{"a later page without list", []any{one, `{"code":0,"total":3}`}, "failed/incomplete", 2},
		{"a later page says none", []any{one, `{"code":1}`}, "failed/incomplete", 2},
		{"a later page with an unknown code", []any{one, `{"code":7}`}, "failed/unknown_code", 2},
		{"a later page cannot be read", []any{one, two[:20]}, "failed/malformed", 2},
		{"a later page about somebody else", []any{one, page("3", row(li, 3))}, "failed/malformed", 2},
		{"a later page under another name", []any{one, page("3", row(source.Person{Name: "别人", ID: wang.ID}, 3))}, "identity_doubt/name", 2},
		{"a later page is down", []any{one, down}, "unavailable/down", 2},
		{"the first page is down", []any{down}, "unavailable/down", 1},
		{"pages without end", []any{page("99", row(wang, 1)), page("99", row(wang, 2)), page("99", row(wang, 3)), page("99", row(wang, 4)), page("99", row(wang, 5)), page("99", row(wang, 6))}, "failed/incomplete", 5},
		{"a number that is none", []any{page(`"many"`, row(wang, 1))}, "failed/incomplete", 1},
		{"a page of a proxy", []any{"<html>"}, "failed/malformed", 1},
		{"a later page without the number", []any{one, page("3", `{"mc":"公司3"}`)}, "failed/incomplete", 2},
		{"a grade is the worst of all", []any{one, page("3", fmt.Sprintf(`{"zjhm":%q,"mc":"公司3"}`, short15(wang)))}, "found 3 id15", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if calls++; calls > len(tt.pages) {
					t.Error("more pages are asked for than there are")
					return
				}
				switch p := tt.pages[calls-1].(type) {
				case int:
					w.WriteHeader(p)
				case string:
					_, _ = io.WriteString(w, p)
				}
			})
			s := New(load(t, signedDialect.yaml, at), Options{Now: clock})
			queries := []source.Query{query(t, wang, "Q1", catalog.Business)}
			answers, err := s.Ask(t.Context(), queries)
			got := "unavailable/" + string(reasonOf(err))
			if err == nil {
				if err := source.CheckAnswers(queries, answers); err != nil {
					t.Fatal(err)
				}
				got = string(answers[0].Outcome) + "/" + string(answers[0].Reason)
				if answers[0].Outcome == source.Found {
					got = fmt.Sprintf("found %d %s", len(answers[0].Records), answers[0].Match)
				}
				if !strings.HasPrefix(answers[0].Hash, "sha256:") {
					t.Error("no hash")
				}
			}
			if got != tt.want || calls != tt.calls {
				t.Errorf("got %s after %d calls, want %s after %d", got, calls, tt.want, tt.calls)
			}
		})
	}
}

func TestMarksOfPages(t *testing.T) {
	yaml := strings.Replace(oauthDialect.yaml, `auth: {kind: oauth2, token_url: "http://127.0.0.1/token", client_id: app1, scope: a b, client_auth: body, secret: demo-only}`, "", 1)
	yaml = strings.Replace(yaml, "{next: next}", "{next: next, most: 3}", 1)
	tests := []struct {
		name  string
		pages []string
		want  string
	}{
		{"an empty page at the end", []string{`{"rows":[{"dw":"a"}],"next":"2"}`, `{"rows":[]}`}, "found/"},
		{"an empty page at the beginning", []string{`{"rows":[],"next":"2"}`, `{"rows":[{"dw":"a"}]}`}, "found/"},
		{"only empty pages", []string{`{"rows":[],"next":"2"}`, `{"rows":[],"next":""}`}, "none/"},
		{"round in a circle", []string{`{"rows":[{"dw":"a"}],"next":"2"}`, `{"rows":[{"dw":"b"}],"next":"2"}`}, "failed/incomplete"},
		{"too many", []string{`{"rows":[{"dw":"a"}],"next":"2"}`, `{"rows":[{"dw":"b"}],"next":"3"}`, `{"rows":[{"dw":"c"}],"next":"4"}`}, "failed/incomplete"},
	}
	for _, tt := range tests {
		calls := 0
		at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, tt.pages[min(calls, len(tt.pages)-1)])
			calls++
		})
		s := New(load(t, yaml, at), Options{Now: clock})
		answers, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Employment)})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(answers[0].Outcome) + "/" + string(answers[0].Reason); got != tt.want || calls != len(tt.pages) {
			t.Errorf("%s: got %s after %d calls, want %s after %d", tt.name, got, calls, tt.want, len(tt.pages))
		}
	}
}

func TestCallsOfPagesAreCounted(t *testing.T) {
	if got, want := load(t, signedDialect.yaml, "").Info().Limits.Calls, 25; got != want {
		t.Errorf("%d calls, want %d: five persons with five pages", got, want)
	}
}

// However a list is cut into pages, the records are those of the list.
func TestPagesAreTheirList(t *testing.T) {
	var list []string
	size := 1
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		start := 0
		_, _ = fmt.Sscan(r.PostFormValue("start"), &start)
		start = min(start, len(list))
		fmt.Fprintf(w, `{"code":0,"total":%d,"list":[%s]}`, len(list), strings.Join(list[start:min(start+size, len(list))], ","))
	})
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(r, "records")
		size = rapid.IntRange(1, 12).Draw(r, "size")
		list = nil
		for i := range n {
			list = append(list, fmt.Sprintf(`{"zjhm":%q,"xm":%q,"mc":"公司%d"}`, wang.ID.Reveal(), wang.Name, i))
		}
		yaml := strings.Replace(signedDialect.yaml, "step: 2, most: 5", fmt.Sprintf("step: %d, most: 100", size), 1)
		answers, err := New(load(t, yaml, at), Options{Now: clock}).Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Business)})
		if err != nil {
			r.Fatal(err)
		}
		a := answers[0]
		if n == 0 && a.Outcome == source.None {
			return
		}
		if a.Outcome != source.Found || len(a.Records) != n {
			r.Fatalf("got %s with %d records, want %d", a.Outcome, len(a.Records), n)
		}
		for i, record := range a.Records {
			if got, want := record["name"], fmt.Sprintf("公司%d", i); got != want {
				r.Fatalf("record %d is %s, want %s", i, got, want)
			}
		}
	})
}
