package connector

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/source"
)

func TestCallsKeepTheLimitOfConcurrency(t *testing.T) {
	var under, most atomic.Int64
	yaml := strings.Replace(sound, "answer:", "limits: {batch: 20, concurrency: 3, per_second: 10000}\nanswer:", 1)
	at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		most.Store(max(most.Load(), under.Add(1)))
		time.Sleep(5 * time.Millisecond)
		under.Add(-1)
		_, _ = io.WriteString(w, `{"data":[]}`)
	})
	s := New(load(t, yaml, at), Options{Now: clock})
	var queries []source.Query
	for i := range 20 {
		queries = append(queries, query(t, wang, fmt.Sprint("Q", i), catalog.Vehicle))
	}
	answers, err := s.Ask(t.Context(), queries)
	if err != nil || source.CheckAnswers(queries, answers) != nil {
		t.Fatalf("got %v %v", answers, err)
	}
	if got := most.Load(); got < 2 || got > 3 {
		t.Errorf("%d calls at once, want 2 or 3", got)
	}
}

func TestBatchIsDividedWherePersonsCannotShareACall(t *testing.T) {
	var calls atomic.Int64
	handler := flatDialect.handler(t)
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		handler(w, r)
	})
	tests := []struct {
		name    string
		queries []source.Query
		calls   int64
	}{
		{"alike", []source.Query{query(t, wang, "Q1", catalog.SocialInsurance), query(t, li, "Q2", catalog.SocialInsurance)}, 1},
		{"another purpose outside each", []source.Query{query(t, wang, "Q1", catalog.SocialInsurance), queryFor(t, li, "Q2", catalog.SocialInsurance, "housing")}, 2},
		{"the same person twice", []source.Query{query(t, wang, "Q1", catalog.SocialInsurance), query(t, wang, "Q2", catalog.SocialInsurance)}, 2},
		{"one without mandate", []source.Query{{}, query(t, wang, "Q2", catalog.SocialInsurance)}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls.Store(0)
			s := New(load(t, flatDialect.yaml, at), Options{Now: clock})
			answers, err := s.Ask(t.Context(), tt.queries)
			if err != nil || source.CheckAnswers(tt.queries, answers) != nil {
				t.Fatalf("got %v %v", answers, err)
			}
			if got := calls.Load(); got != tt.calls {
				t.Errorf("%d calls, want %d", got, tt.calls)
			}
		})
	}
}

func TestOutageOfAPartLeavesTheRest(t *testing.T) {
	yaml := strings.Replace(sound, "answer:", "limits: {batch: 5}\nanswer:", 1)
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("sfzmhm") == li.ID.Reveal() {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_, _ = io.WriteString(w, `{"data":[{"hphm":"浙B1"}]}`)
	})
	s := New(load(t, yaml, at), Options{Now: clock})
	queries := []source.Query{query(t, li, "Q1", catalog.Vehicle), query(t, wang, "Q2", catalog.Vehicle), {}}
	answers, err := s.Ask(t.Context(), queries)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"failed/throttled", "found/", "refused/mandate"}
	for i, a := range answers {
		if got := string(a.Outcome) + "/" + string(a.Reason); got != want[i] {
			t.Errorf("answer %d: got %s, want %s", i, got, want[i])
		}
	}
}

func TestPersonWithoutA15DigitNumberIsNotCovered(t *testing.T) {
	n, ok := idcard.Make("330200", baby.ID.Birth(), 12)
	if _, short := n.Short(); !ok || short {
		t.Skip("born in the last century")
	}
	s := New(load(t, laterDialect.yaml, "http://127.0.0.1:1"), Options{Now: clock})
	answers, err := s.Ask(t.Context(), []source.Query{query(t, baby, "Q1", catalog.Housing)})
	if err != nil || answers[0].Outcome != source.NotCovered || answers[0].Reason != source.ReasonOutside {
		t.Errorf("got %v %v, want not_covered/outside without a call", answers, err)
	}
}

func TestNoClockNoAnswer(t *testing.T) {
	s := New(load(t, sound, "http://127.0.0.1:1"), Options{})
	answers, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Vehicle)})
	if err != nil || answers[0].Outcome != source.Refused {
		t.Errorf("got %v %v, want refused", answers, err)
	}
}

func TestOnlyTLS13IsSpoken(t *testing.T) {
	tests := []struct {
		name    string
		version uint16
		trust   bool
		want    string
	}{
		{"1.3", tls.VersionTLS13, true, ""},
		{"1.2", tls.VersionTLS12, true, "refuses TLS 1.3"},
		{"certificate of a stranger", tls.VersionTLS13, false, "not trusted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `{"data":[]}`)
			}))
			server.TLS = &tls.Config{MaxVersion: tt.version}
			server.Config.ErrorLog = nil
			server.StartTLS()
			defer server.Close()
			client := server.Client()
			client.Transport.(*http.Transport).TLSClientConfig.MinVersion = tls.VersionTLS12
			if !tt.trust {
				client = nil
			}
			s := New(load(t, sound, server.URL), Options{Client: client, Now: clock})
			_, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Vehicle)})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestTimeoutOfTheFile(t *testing.T) {
	yaml := strings.Replace(sound, "answer:", "limits: {timeout: 30ms}\nanswer:", 1)
	at := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	})
	s := New(load(t, yaml, at), Options{Now: clock})
	_, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Vehicle)})
	if reasonOf(err) != source.ReasonSlow || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want slow", err)
	}
}

func TestEntriesOfOthersAreLeftOutWhenABatchIsFetched(t *testing.T) {
	yaml := strings.Replace(batchDialect.yaml, `"9001": slow`, `"9001": slow, "2": later`, 1)
	yaml = strings.Replace(yaml, "  records: list\n", `  records: list
  later: {token: token, after: 1m, after_at: wait, fetch: {url: "http://127.0.0.1/fetch", method: POST, json: {t: "{token}"}}}
`, 1)
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/fetch" {
			_, _ = io.WriteString(w, `{"head":{"code":2},"token":"T","wait":"90"}`)
			return
		}
		fmt.Fprintf(w, `{"head":{"code":"0000"},"results":[{"zjhm":%q,"rc":1},{"zjhm":%q,"rc":1}]}`, wang.ID.Reveal(), li.ID.Reveal())
	})
	s := New(load(t, yaml, at), Options{Now: clock})
	queries := []source.Query{query(t, wang, "Q1", catalog.HousingFund), query(t, li, "Q2", catalog.HousingFund)}
	answers, err := s.Ask(t.Context(), queries)
	if err != nil || answers[1].Later == nil || *answers[1].Later != (source.Later{Token: "T", After: 90 * time.Second}) {
		t.Fatalf("got %v %v, want later", answers, err)
	}
	answers, err = s.Ask(t.Context(), []source.Query{queries[1].WithToken("T")})
	if err != nil || answers[0].Outcome != source.None {
		t.Errorf("got %v %v, want none", answers, err)
	}
}

// A signed mandate goes where the file puts it, as it is.
func TestTheSignedMandateIsSent(t *testing.T) {
	const signed = "hedui-mandate1.eyJ9.AA~c2FsdA"
	yaml := strings.Replace(sound, `form: {`, `headers: {X-Mandate: "{signed}"}
  form: {sqpz: "{signed}", `, 1)
	var header, field string
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		header, field = r.Header.Get("X-Mandate"), r.FormValue("sqpz")
		_, _ = io.WriteString(w, `{"data":[]}`)
	})
	q := query(t, wang, "Q1", catalog.Vehicle).WithSigned(signed)
	if _, err := New(load(t, yaml, at), Options{Now: clock}).Ask(t.Context(), []source.Query{q}); err != nil {
		t.Fatal(err)
	}
	if header != signed || field != signed {
		t.Errorf("sent %q and %q", header, field)
	}
}
