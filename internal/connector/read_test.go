package connector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/source"
)

func reasonOf(err error) source.Reason {
	var u *source.Unavailable
	if errors.As(err, &u) {
		return u.Reason
	}
	if err != nil {
		return "not an *Unavailable"
	}
	return ""
}

// answer lets a source of the dialect read one body about wang.
func answer(t testing.TB, d dialect, code int, body string) (source.Answer, error) {
	t.Helper()
	at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	})
	s := New(load(t, d.yaml, at), Options{Now: clock})
	queries := []source.Query{query(t, wang, "Q1", d.category)}
	answers, err := s.Ask(t.Context(), queries)
	if err != nil {
		return source.Answer{}, err
	}
	if err := source.CheckAnswers(queries, answers); err != nil {
		t.Fatal(err)
	}
	return answers[0], nil
}

func TestWhatCannotBeReadIsNeverNone(t *testing.T) {
	me := wang.ID.Reveal()
	record := func(s string) string {
		return `{"code":1,"data":[{"sfzmhm":"` + me + `","syr":"王小海",` + s + `}]}`
	}
	good := `"hphm":"浙B1","ccdjrq":"20060102"`
	tests := []struct {
		name string
		code int
		body string
		want source.Outcome
		why  source.Reason
	}{
		{"good", 200, record(good), source.Found, ""},
		{"byte order mark", 200, "\ufeff" + record(good), source.Found, ""},
		{"another content type", 200, record(good), source.Found, ""},
		{"empty list", 200, `{"code":1,"data":[]}`, source.None, ""},
		{"empty object", 200, `{"code":1,"data":{}}`, source.None, ""},
		{"404", 404, "<html>", source.None, ""},
		{"empty body", 200, "", source.Failed, "malformed"},
		{"page of a proxy", 200, "<html>Login</html>", source.Failed, "malformed"},
		{"cut off", 200, record(good)[:60], source.Failed, "malformed"},
		{"more behind the end", 200, record(good) + "{}", source.Failed, "malformed"},
		{"not UTF-8", 200, "{\"code\":1,\"data\":\"\xff\"}", source.Failed, "malformed"},
		{"key twice", 200, `{"code":1,"code":1,"data":[]}`, source.Failed, "malformed"},
		{"nested too deeply", 200, strings.Repeat("[", 5000) + strings.Repeat("]", 5000), source.Failed, "malformed"},
		{"null", 200, "null", source.Failed, "incomplete"},
		{"a list instead of an object", 200, "[]", source.Failed, "incomplete"},
		{"no code", 200, `{"data":[]}`, source.Failed, "incomplete"},
		{"unknown code", 200, `{"code":77,"data":[]}`, source.Failed, "unknown_code"},
		{"code is an object", 200, `{"code":{},"data":[]}`, source.Failed, "malformed"},
		{"no list", 200, `{"code":1}`, source.Failed, "incomplete"},
		{"null list", 200, `{"code":1,"data":null}`, source.Failed, "incomplete"},
		{"list is a number", 200, `{"code":1,"data":7}`, source.Failed, "malformed"},
		{"list holds null", 200, `{"code":1,"data":[null]}`, source.Failed, "malformed"},
		{"required field missing", 200, record(`"hphm":"浙B1"`), source.Failed, "incomplete"},
		{"required field null", 200, record(`"ccdjrq":null`), source.Failed, "incomplete"},
		{"impossible date", 200, record(`"ccdjrq":"20060230"`), source.Failed, "malformed"},
		{"field is an object", 200, record(`"ccdjrq":{}`), source.Failed, "malformed"},
		{"amount is a word", 200, record(good + `,"yz":"很多"`), source.Failed, "malformed"},
		{"amount finer than a fen", 200, record(good + `,"yz":1.0000001`), source.Failed, "malformed"},
		{"somebody else's number", 200, strings.Replace(record(good), me, li.ID.Reveal(), 1), source.Failed, "malformed"},
		{"no number", 200, strings.Replace(record(good), me, "", 1), source.Failed, "incomplete"},
		{"number with a character less", 200, strings.Replace(record(good), me, me[:17], 1), source.IdentityDoubt, "number"},
		{"number as a quantity", 200, strings.Replace(record(good), me, "3.30200196805040E+17", 1), source.IdentityDoubt, "number_damaged"},
		{"nothing of the name readable", 200, strings.Replace(record(good), "王小海", "???", 1), source.IdentityDoubt, "name_unreadable"},
		{"masked number of another", 200, strings.Replace(record(good), me, "3301**********1234", 1), source.Failed, "malformed"},
		{"masked number", 200, strings.Replace(record(good), me, me[:6]+"********"+me[14:], 1), source.Found, ""},
		{"another name", 200, strings.Replace(record(good), "王小海", "王大海", 1), source.IdentityDoubt, "name"},
		{"no name", 200, strings.Replace(record(good), "王小海", "", 1), source.Found, ""},
		{"doubt by code", 200, `{"code":"-3"}`, source.IdentityDoubt, "name"},
		{"time in words", 200, strings.Replace(record(good), `"code":1`, `"code":1,"sjsj":"昨天"`, 1), source.Failed, "malformed"},
		{"bad request", 400, "", source.Failed, "malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := answer(t, formDialect, tt.code, tt.body)
			if err != nil {
				t.Fatal(err)
			}
			if a.Outcome != tt.want || a.Reason != tt.why {
				t.Errorf("got %s/%s, want %s/%s", a.Outcome, a.Reason, tt.want, tt.why)
			}
			if want := hashOf([]byte(tt.body)); a.Hash != want {
				t.Errorf("hash %s, want %s", a.Hash, want)
			}
		})
	}
}

func TestOutagesAreUnavailable(t *testing.T) {
	tests := []struct {
		code  int
		body  string
		want  source.Reason
		after time.Duration
	}{
		{401, "", source.ReasonCredentials, 7 * time.Second},
		{429, "", source.ReasonThrottled, 7 * time.Second},
		{500, "", source.ReasonDown, 7 * time.Second},
		{503, "", source.ReasonDown, 7 * time.Second},
		{504, "", source.ReasonSlow, 7 * time.Second},
		{302, "", source.ReasonDown, 7 * time.Second},
		{200, `{"head":{"code":"9001"}}`, source.ReasonSlow, 7 * time.Second},
	}
	for _, tt := range tests {
		_, err := answer(t, batchDialect, tt.code, tt.body)
		var u *source.Unavailable
		if !errors.As(err, &u) || u.Reason != tt.want || u.RetryAfter != tt.after {
			t.Errorf("HTTP %d %s: got %v, want unavailable %s after %v", tt.code, tt.body, err, tt.want, tt.after)
		}
	}
}

func TestRetryAfterMayBeATime(t *testing.T) {
	header := http.Header{"Retry-After": {now.Add(90 * time.Second).UTC().Format(http.TimeFormat)}}
	if got := retryAfter(reply{header: header, at: now}); got != 90*time.Second {
		t.Errorf("got %v, want 90s", got)
	}
	for _, bad := range []string{"", "-5", "soon", now.Add(-time.Hour).UTC().Format(http.TimeFormat)} {
		if got := retryAfter(reply{header: http.Header{"Retry-After": {bad}}, at: now}); got != 0 {
			t.Errorf("%q: got %v, want 0", bad, got)
		}
	}
}

func TestBatchNeverMixesPersons(t *testing.T) {
	entry := func(p source.Person, rest string) string {
		return fmt.Sprintf(`{"zjhm":%q,"xm":%q,%s}`, p.ID.Reveal(), p.Name, rest)
	}
	one, none := `"rc":0,"list":[{"zh":"1"}]`, `"rc":1`
	tests := []struct {
		name    string
		entries []string
		want    string
	}{
		{"in another order", []string{entry(li, none), entry(wang, one)}, "found/ none/"},
		{"one is missing", []string{entry(wang, one)}, "found/ failed/incomplete"},
		{"a stranger's entry", []string{entry(wang, one), entry(li, none), entry(zeng, one)}, "failed/malformed failed/malformed"},
		{"an entry of nobody", []string{entry(wang, one), `{"rc":1}`}, "failed/malformed failed/malformed"},
		{"an entry with a broken number", []string{entry(wang, one), `{"zjhm":"33","rc":1}`}, "failed/malformed failed/malformed"},
		{"an entry that is no object", []string{entry(wang, one), `7`}, "failed/malformed failed/malformed"},
		{"two entries of one", []string{entry(wang, one), entry(wang, one), entry(li, none)}, "failed/malformed none/"},
		{"two entries that disagree", []string{entry(wang, one), entry(wang, none), entry(li, none)}, "failed/malformed none/"},
		{"one entry cannot be read", []string{entry(wang, `"rc":0,"list":[{"zh":"1","ye":"x"}]`), entry(li, none)}, "failed/malformed none/"},
		{"an unknown key", []string{entry(wang, `"rc":0,"list":[{"zh":"1","neu":1}]`), entry(li, none)}, "failed/malformed none/"},
		{"another name", []string{entry(source.Person{Name: "别人", ID: wang.ID}, one), entry(li, one)}, "identity_doubt/name found/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `{"head":{"code":"0000"},"results":[%s]}`, strings.Join(tt.entries, ","))
			})
			s := New(load(t, batchDialect.yaml, at), Options{Now: clock})
			queries := []source.Query{query(t, wang, "Q1", catalog.HousingFund), query(t, li, "Q2", catalog.HousingFund)}
			answers, err := s.Ask(t.Context(), queries)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range answers {
				got = append(got, string(a.Outcome)+"/"+string(a.Reason))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

func TestHashOfABatchIsThatOfThePersonsPart(t *testing.T) {
	body := `{"head":{"code":"0000"},"results":[{"xm":"王小海", "rc": 1,"zjhm":"` + wang.ID.Reveal() + `"}]}`
	a, err := answer(t, batchDialect, 200, body)
	if err != nil {
		t.Fatal(err)
	}
	if want := hashOf([]byte(`{"rc":1,"xm":"王小海","zjhm":"` + wang.ID.Reveal() + `"}`)); a.Hash != want {
		t.Errorf("got %s, want %s", a.Hash, want)
	}
}

// Nothing that is written for operators tells about whom was asked.
func TestNoErrorTellsAboutWhom(t *testing.T) {
	yaml := strings.Replace(gbkDialect.yaml, "absent: none", "absent: failed", 1)
	d := dialect{yaml: yaml, category: catalog.Business}
	var log bytes.Buffer
	hijack := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(c, text)
			_ = c.Close()
		}
	}
	me := wang.ID.Reveal() + wang.Name
	plain := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1/"+me)
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"not HTTP":          hijack(me + " " + me + "\r\n\r\n"),
		"broken header":     hijack("HTTP/1.1 200 OK\r\n" + me + "\r\n\r\n"),
		"shorter than said": hijack("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + me),
		"closed":            hijack(""),
		"redirect":          plain(302, me),
		"server error":      plain(500, me),
		"no JSON":           plain(200, me),
		"a strange code":    plain(200, `{"msg":"`+me+`"}`),
		"a strange key":     plain(200, `{"msg":"成功","data":{"`+me+`":1}}`),
		"a strange record":  plain(200, `{"msg":"成功","total":"1","data":{"frdb":[{"mc":"a","zczb":"`+me+`"}],"tz":[]}}`),
	} {
		t.Run(name, func(t *testing.T) {
			s := New(load(t, d.yaml, serve(t, h)), Options{Now: clock, Log: slog.New(slog.NewTextHandler(&log, nil))})
			answers, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Business)})
			text := fmt.Sprintf("%v %+v %#v %v", err, err, err, answers) + log.String()
			for e := err; e != nil; e = errors.Unwrap(e) {
				text += fmt.Sprintf("%v %+v", e, e)
			}
			if leaks(text) || strings.Contains(text, "/qy/") || strings.Contains(text, "key=") || strings.Contains(text, "demo-only") {
				t.Errorf("a text tells about whom was asked: %s", text)
			}
		})
	}
	if !strings.Contains(log.String(), "query=Q1") || !strings.Contains(log.String(), "why=") {
		t.Errorf("the log does not say which query failed and why: %s", log.String())
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	followed := false
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer target.Close()
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target.URL, http.StatusTemporaryRedirect)
	})
	s := New(load(t, formDialect.yaml, at), Options{Now: clock})
	_, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Vehicle)})
	if reasonOf(err) != source.ReasonDown || followed {
		t.Errorf("got %v, followed %v; want unavailable and not followed", err, followed)
	}
}

func TestAnswersAreNotReadWithoutEnd(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"code":1,"data":[],"x":"`+strings.Repeat("x", maxBody)+`"}`)
	})
	s := New(load(t, formDialect.yaml, at), Options{Now: clock})
	answers, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Vehicle)})
	if err != nil || answers[0].Outcome != source.Failed || answers[0].Reason != source.ReasonMalformed {
		t.Errorf("got %v %v, want failed/malformed", answers, err)
	}
}

// A department that switches protocols would hold the call for ever: its body
// does not heed the context.
func TestASwitchedProtocolIsLeftAtOnce(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nforever")
	})
	s := New(load(t, formDialect.yaml, at), Options{Now: clock})
	done := make(chan error, 1)
	go func() {
		_, err := s.Ask(context.Background(), []source.Query{query(t, wang, "Q1", catalog.Vehicle)})
		done <- err
	}()
	select {
	case err := <-done:
		if reasonOf(err) != source.ReasonMalformed {
			t.Errorf("got %v, want unavailable for a malformed answer", err)
		}
	case <-time.After(time.Minute):
		t.Error("the call does not end")
	}
}

// What no register holds about one person is not put into a report.
func TestARecordHasBounds(t *testing.T) {
	one := func(plate string) string {
		return `{"sfzmhm":"` + wang.ID.Reveal() + `","syr":"` + wang.Name + `","hphm":"` + plate + `","ccdjrq":20060102}`
	}
	for name, data := range map[string]string{
		"too many records": "[" + strings.Repeat(one("浙B1")+",", maxRecords) + one("浙B2") + "]",
		"a text too long":  "[" + one(strings.Repeat("长", maxText+1)) + "]",
	} {
		at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"code":1,"sjsj":"20130319220000","data":`+data+`}`)
		})
		s := New(load(t, formDialect.yaml, at), Options{Now: clock})
		answers, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Vehicle)})
		if err != nil || answers[0].Outcome != source.Failed || answers[0].Reason != source.ReasonMalformed {
			t.Errorf("%s: got %v %v, want failed/malformed", name, answers, err)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	me := wang.ID.Reveal()
	f.Add(`{"code":1,"sjsj":"20130319220000","data":{"sfzmhm":"` + me + `","syr":"王小海","hphm":"浙B1","ccdjrq":20060102,"yz":8.8}}`)
	f.Add(`{"head":{"code":"0000"},"results":[{"zjhm":"` + me + `","xm":"王小海","rc":0,"list":[{"zh":"1","ye":"1E3","tq":[{"rq":0,"je":""}]}]}]}`)
	f.Add(`{"msg":"成功","total":"1","data":"{\"frdb\":[{\"mc\":\"a\",\"zczb\":5E1}]}"}`)
	f.Add(`{"rows":[["Q1",201301,"2,000"]]}`)
	f.Add(`{"data":{"` + me + `":[{"rq":"2012/3/4","dw":["a"],"ys":3}]}}`)
	dialects := []dialect{formDialect, batchDialect, laterDialect, gbkDialect, flatDialect, keyedDialect}
	f.Fuzz(func(t *testing.T, body string) {
		for _, d := range dialects {
			cfg := load(t, d.yaml, "")
			queries := []source.Query{query(t, wang, "Q1", d.category)}
			results, down := cfg.read(reply{code: 200, header: http.Header{}, body: []byte(body), at: now}, queries)
			if down != nil {
				continue
			}
			answers := []source.Answer{results[0].answer}
			if err := source.CheckAnswers(queries, answers); err != nil {
				t.Fatal(err)
			}
			if leaks(results[0].say) {
				t.Fatal("the reason for operators holds personal data")
			}
			category, _ := catalog.Get(d.category)
			for _, r := range answers[0].Records {
				if faults := category.Check(r); len(faults) > 0 {
					t.Fatal(faults)
				}
			}
		}
	})
}
