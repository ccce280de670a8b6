package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hedui/catalog"
	"hedui/internal/checkup"
	"hedui/internal/connector"
	"hedui/internal/hedui"
	"hedui/internal/report"
	"hedui/internal/sim"
	"hedui/source"
)

// A wrong is one way in which all departments fail at once. total says that
// nothing that comes can be read, so that not even a true "none" may be shown.
type wrong struct {
	name  string
	total bool
	fault sim.Fault                   // of the department …
	spoil func(r *http.Response) bool // … or of what comes back from it
}

var wrongs = []wrong{
	{name: "down", total: true, fault: sim.Fault{Kind: sim.Down}},
	{name: "slow", total: true, fault: sim.Fault{Kind: sim.Slow, Delay: time.Minute}},
	{name: "flaky", fault: sim.Fault{Kind: sim.Flaky, Every: 2}},
	{name: "garbage", total: true, fault: sim.Fault{Kind: sim.Garbage}},
	{name: "truncated", total: true, spoil: func(r *http.Response) bool {
		body := whole(r)
		return put(r, body[:len(body)/2])
	}},
	{name: "wrong encoding", spoil: recode},
	{name: "empty answer", total: true, spoil: func(r *http.Response) bool { r.StatusCode = http.StatusOK; return put(r, nil) }},
	{name: "someone else's record", spoil: func(r *http.Response) bool { return put(r, number18.ReplaceAllFunc(whole(r), someoneElse)) }},
}

func whole(r *http.Response) []byte {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	return body
}

func put(r *http.Response, body []byte) bool {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return true
}

// recode sends UTF-8 where GB 18030 was promised, and the other way round.
func recode(r *http.Response) bool {
	body := whole(r)
	if utf8.Valid(body) {
		body, _ = simplifiedchinese.GB18030.NewEncoder().Bytes(body)
	} else {
		body, _ = simplifiedchinese.GB18030.NewDecoder().Bytes(body)
	}
	return put(r, body)
}

var number18 = regexp.MustCompile(`\b\d{17}[\dX]\b`)

// someoneElse puts the number of somebody else where a person's stands.
func someoneElse([]byte) []byte {
	return []byte(checkup.Nobodies(sim.Families()[0].Members[0].ID, 1)[0].ID.Reveal())
}

// spoiled is a city whose answers over HTTP pass somebody who spoils them.
func spoiled(t *testing.T, city *sim.City, spoil func(*http.Response) bool) map[string][]byte {
	t.Helper()
	files := city.SourceFiles()
	for _, id := range sim.Departments() {
		target, err := url.Parse(city.URL(id))
		if err != nil || target.Scheme != "http" {
			continue
		}
		proxy := httptest.NewServer(&httputil.ReverseProxy{
			Rewrite:        func(p *httputil.ProxyRequest) { p.SetURL(target); p.Out.Host = p.In.Host },
			ModifyResponse: func(r *http.Response) error { spoil(r); return nil },
			ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		})
		t.Cleanup(proxy.Close)
		for name, text := range files {
			files[name] = bytes.ReplaceAll(text, []byte(target.String()), []byte(proxy.URL))
		}
	}
	return files
}

// household is a form of people on whom the registers hold something: one at
// least for each category.
func household(t *testing.T, tr trial) hedui.Form {
	t.Helper()
	f := hedui.Form{Programme: string(hedui.Dibao), Division: "330203", Office: "海曙区民政局"}
	var in []string
	files := slices.Sorted(maps.Keys(tr.city.SourceFiles()))
	var named []string // the later categories must be
	for _, file := range files {
		named = append(named, strings.TrimSuffix(file, ".yaml"))
	}
	for _, file := range files {
		p, _ := tr.known(t, file)
		if slices.Contains(in, p.ID.Reveal()) {
			continue
		}
		in = append(in, p.ID.Reveal())
		f.Persons = append(f.Persons, hedui.FormPerson{Name: p.Name, ID: p.ID.Reveal(), Relation: map[bool]string{true: "self", false: "other"}[len(in) == 1]})
		f.Consents = append(f.Consents, hedui.FormConsent{Person: len(in), Programme: f.Programme, Categories: named, SignedOn: "today", Until: "today+30", Document: "授权书"})
	}
	return f
}

// cells is what a report says, by category and person.
type cells map[catalog.Code]map[int]source.Outcome

// reported takes a family through a node that joins the files, and reads the report.
func reported(t *testing.T, files map[string][]byte, form hedui.Form, deadline time.Duration) cells {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var sources []source.Source
	for name, text := range files {
		cfg, err := connector.Load(name, text)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, connector.New(cfg, connector.Options{Now: time.Now}))
	}
	n, err := openNode(ctx, nodeOptions{dir: t.TempDir(), issuer: demoIssuer, sources: sources, deadline: deadline, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- n.desk.Run(ctx) }()
	defer func() { cancel(); <-ended; _ = n.db.Close() }()
	c, err := n.desk.Register(ctx, clerk, "draft", form)
	if err != nil {
		s := streams{err: t.Output(), lang: "en"}
		s.explain(err)
		t.Fatal(err)
	}
	for stage := hedui.Consented; stage != hedui.Delivered; {
		switch stage {
		case hedui.Consented:
			_, err = n.desk.Commission(ctx, commissioner, c.ID)
		case hedui.Commissioned:
			_, err = n.desk.Accept(ctx, receiver, c.ID)
		case hedui.Summarised:
			_, err = n.desk.Review(ctx, reviewer, c.ID)
		case hedui.Reviewed:
			_, err = n.desk.Seal(ctx, signer, c.ID)
		case hedui.Issued:
			_, err = n.desk.Deliver(ctx, commissioner, c.ID)
		default:
			_, err = n.desk.Await(ctx, c.ID, func(now hedui.Stage) bool { return now != hedui.Dispatched && now != hedui.Collecting })
		}
		if err != nil && hedui.KindOf(err) != hedui.Conflict { // an answer may come in between
			t.Fatal(err)
		}
		if stage, err = n.desk.Stage(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
	}
	file, err := n.desk.Copy(ctx, commissioner, c.ID, 1, "json")
	if err != nil {
		t.Fatal(err)
	}
	said, err := report.Parse(file.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := cells{}
	for _, row := range said.Categories {
		out[row.Code] = map[int]source.Outcome{}
		for _, cell := range row.Persons {
			out[row.Code][cell.Person] = source.Outcome(cell.Outcome)
		}
	}
	return out
}

// All categories of the city by eight faults: whatever a department does, no report shows
// a gap as "none", nor anything else that the register does not say.
func TestNoFaultMakesAReportSayNone(t *testing.T) {
	tr := newTrial(t)
	form := household(t, tr)
	truth := reported(t, tr.city.SourceFiles(), form, time.Minute)
	if len(truth) != len(tr.city.SourceFiles()) {
		t.Fatalf("%d categories in the report", len(truth))
	}
	for _, w := range wrongs {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			city := newTrial(t).city
			files, http := city.SourceFiles(), map[catalog.Code]bool{}
			if w.spoil != nil {
				files = spoiled(t, city, w.spoil)
			}
			for name, text := range files {
				cfg, err := connector.Load(name, text)
				if err != nil {
					t.Fatal(err)
				}
				code := cfg.Info().Categories[0]
				http[code] = cfg.Kind() == "http"
				if w.spoil == nil || !http[code] { // what passes no wire cannot be spoiled on it
					fault := w.fault
					if w.spoil != nil {
						fault.Kind = sim.Garbage
					}
					if err := city.SetFault(string(code), fault); err != nil {
						t.Fatal(err)
					}
				}
			}
			got := reported(t, files, form, 3*time.Second)
			for code := range truth {
				t.Run(string(code), func(t *testing.T) { w.judge(t, code, got[code], truth[code]) })
			}
		})
	}
}

// judge holds what a report says of one category under the fault against the truth.
func (w wrong) judge(t *testing.T, code catalog.Code, got, truth map[int]source.Outcome) {
	t.Helper()
	if len(got) != len(truth) || len(truth) == 0 {
		t.Fatalf("%d persons, want %d", len(got), len(truth))
	}
	some := false
	for person, want := range truth {
		some = some || want == source.Found
		settled := got[person].Final()
		byStatus := w.name == "truncated" && code == catalog.Business && want == source.None // HTTP 404 says it, whatever the body
		switch {
		case settled && got[person] != want && got[person] != source.IdentityDoubt:
			t.Errorf("person %d: the report says %s, the register %s", person, got[person], want)
		case settled && w.total && !byStatus:
			t.Errorf("person %d: the report says %s, and nothing could be read", person, got[person])
		}
	}
	if !some {
		t.Errorf("nobody is in the register: the test proves nothing")
	}
}
