// Package web is the door for people: server-rendered pages that work without
// script, Chinese first. Scripts of our own keep pages up to date. Every route names the right it needs; an officer without
// it is refused. Pages are rendered to a buffer before the first byte goes out,
// and only masked names and numbers stand on them, but for an item that a
// department looks up.
package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/staff"
)

// A Server serves the pages. All fields are needed but SignIn: without it Who
// knows by itself, and there are no pages for signing in.
type Server struct {
	Desk   *casework.Desk
	Who    func(*http.Request) (hedui.Officer, bool) // who is at the other end
	SignIn *SignIn
	Roster *staff.Roster // nil: no pages for officers
	Peers  Peers         // nil: other nodes are only shown
	Keys   *staff.Keys   // nil: no page for keys
	Log    *slog.Logger
	Now    func() time.Time
	Portal string // bearer key of other government portals that ask for a citizen; empty = none may

	held    held
	turning turning
}

type handler func(*Server, http.ResponseWriter, *http.Request, hedui.Officer) error

// A route is an address of the console, the right it takes, and what serves it. No
// right means every officer; one among those of proved takes a fresh proof as well.
type route struct {
	pattern string
	right   hedui.Right
	serve   handler
}

// besides are rights by which a route is open too: several administrators keep the
// roster, each for a part, and the office below asks for which.
func besides(pattern string) []hedui.Right {
	switch pattern {
	case "GET /officers", "GET /officers/{officer}", "GET /rights":
		return []hedui.Right{hedui.GrantRoles, hedui.ReadIncidents}
	case "GET /keys":
		return []hedui.Right{hedui.RunNode, hedui.ReadAudit}
	case "GET /nodes":
		return []hedui.Right{hedui.RunNode}
	case "GET /sources", "GET /sources/{name}", "GET /books", "POST /books":
		return []hedui.Right{hedui.RunNode, hedui.ReadIncidents}
	case "GET /letters", "GET /letters/export.xlsx", "POST /letters/{number}/{act}":
		return []hedui.Right{hedui.VerifyCases}
	case "GET /letters/{number}", "GET /letters/{number}/scan":
		return []hedui.Right{hedui.ReadCases}
	case "POST /officers/{officer}/acts/{act}":
		return []hedui.Right{hedui.GrantRoles}
	}
	return nil
}

// may reports, as a Forbidden error, why the route is not for the officer, or nil.
func (r route) may(o hedui.Officer) error {
	if r.right == "" {
		return nil
	}
	err := o.May(r.right, o.Division)
	for _, right := range besides(r.pattern) {
		if err != nil && o.May(right, o.Division) == nil {
			return nil
		}
	}
	return err
}

// routes is the whole console.
func routes() []route {
	return []route{
		{"GET /{$}", hedui.ReadCases, (*Server).cases},
		{"POST /find", hedui.ReadCases, (*Server).find},
		{"POST /find/own", hedui.OpenCases, (*Server).findOwn},
		{"GET /cases/{id}", hedui.ReadCases, (*Server).showCase},
		{"GET /cases/{id}/live", hedui.ReadCases, (*Server).live},
		{"POST /cases/{id}/acts/{act}", hedui.ReadCases, (*Server).act},
		{"POST /cases/{id}/requery", hedui.ReadCases, (*Server).cellsAgain},
		{"GET /cases/{id}/items/{item}", hedui.ReadCases, (*Server).item},
		{"POST /cases/{id}/items/{item}/{act}", hedui.ReadCases, (*Server).actOnItem},
		{"GET /cases/{id}/evidence/{evidence}", hedui.ReadCases, (*Server).evidence},
		{"GET /cases/{id}/papers/{kind}", hedui.ReadCases, (*Server).paper},
		{"GET /cases/{id}/consents/{number}/scan", hedui.ReadCases, (*Server).consentScan},
		{"GET /cases/{id}/reports/{file}", hedui.PrintReports, (*Server).report},
		{"GET /cases/{id}/erasure.pdf", hedui.ReadCases, (*Server).erasureCertificate},
		{"GET /cases/{id}/erasure", hedui.ReadCases, (*Server).erasure},
		{"POST /cases/{id}/erasure/{act}", hedui.ReadCases, (*Server).actOnErasure},
		{"GET /cases/{id}/decision", hedui.CommissionCases, (*Server).decision},
		{"POST /cases/{id}/decision", hedui.CommissionCases, (*Server).decide},
		{"POST /cases/{id}/code", hedui.CommissionCases, (*Server).mirrorCode},
		{"GET /erasures", hedui.ReadCases, (*Server).erasures},
		{"POST /erasures/run", hedui.ConfirmErasure, (*Server).eraseDue},
		{"POST /erasures/again", hedui.ConfirmErasure, (*Server).eraseAgain},
		{"POST /public", hedui.PrintReports, (*Server).publish},
		{"GET /requests", hedui.CommissionCases, (*Server).requests},
		{"POST /requests/{number}", hedui.CommissionCases, (*Server).answerRequest},
		{"GET /intake", hedui.OpenCases, (*Server).intakes},
		{"GET /intake/new", hedui.OpenCases, (*Server).newIntake},
		{"GET /intake/bulk", hedui.OpenCases, (*Server).bulk},
		{"POST /intake/bulk", hedui.OpenCases, (*Server).takeBulk},
		{"GET /intake/bulk/template.xlsx", hedui.OpenCases, (*Server).bulkTemplate},
		{"GET /intake/bulk/{upload}", hedui.OpenCases, (*Server).upload},
		{"GET /intake/bulk/{upload}/problems.xlsx", hedui.OpenCases, (*Server).uploadProblems},
		{"POST /intake/bulk/{upload}/withdraw", hedui.OpenCases, (*Server).withdrawUpload},
		{"GET /intake/{draft}", hedui.OpenCases, (*Server).intake},
		{"POST /intake/{draft}", hedui.OpenCases, (*Server).typed},
		{"GET /own/{id}", hedui.OpenCases, (*Server).own},
		{"GET /own/{id}/erasure.pdf", hedui.OpenCases, (*Server).erasureCertificate},
		{"GET /own/{id}/papers/{kind}", hedui.OpenCases, (*Server).ownPaper},
		{"POST /own/{id}/code", hedui.OpenCases, (*Server).ownCode},
		{"POST /own/{id}/acts/{act}", hedui.OpenCases, (*Server).ownAct},
		{"GET /own/{id}/consents/{number}/sign", hedui.OpenCases, (*Server).signConsent},
		{"POST /own/{id}/consents/{number}/sign", hedui.OpenCases, (*Server).takeSignature},
		{"POST /own/{id}/consents/{number}/scan", hedui.OpenCases, (*Server).scan},
		{"GET /corrections", hedui.VerifyCases, (*Server).corrections},
		{"POST /corrections/{number}", hedui.VerifyCases, (*Server).answerCorrection},
		{"POST /corrections/reminders/{reminder}", hedui.VerifyCases, (*Server).handleReminder},
		{"GET /worklist", hedui.AnswerQueries, (*Server).worklist},
		{"GET /worklist/score", hedui.AnswerQueries, (*Server).score},
		{"GET /worklist/{entry}", hedui.AnswerQueries, (*Server).task},
		{"POST /worklist/{entry}/{act}", hedui.AnswerQueries, (*Server).actOnTask},
		{"POST /workbooks/{source}/exports", hedui.AnswerQueries, (*Server).prepareExport},
		{"GET /workbooks/{source}/{number}", hedui.AnswerQueries, (*Server).workbook},
		{"POST /workbooks/{source}", hedui.AnswerQueries, (*Server).takeWorkbook},
		{"GET /letters", hedui.AnswerQueries, (*Server).letters},
		{"GET /letters/export.xlsx", hedui.AnswerQueries, (*Server).exportLetters},
		{"GET /letters/{number}", hedui.AnswerQueries, (*Server).letter},
		{"GET /letters/{number}/paper", hedui.AnswerQueries, (*Server).letterPaper},
		{"GET /letters/{number}/reminder", hedui.AnswerQueries, (*Server).letterReminder},
		{"GET /letters/{number}/scan", hedui.AnswerQueries, (*Server).replyScan},
		{"POST /letters/{number}/{act}", hedui.AnswerQueries, (*Server).actOnLetter},
		{"GET /sources", hedui.ReadCases, (*Server).sources},
		{"GET /sources/{name}", hedui.ReadCases, (*Server).source},
		{"POST /sources/{name}/check", hedui.RunNode, (*Server).checkSource},
		{"GET /sources/join", hedui.RunNode, (*Server).join},
		{"POST /sources/join", hedui.RunNode, (*Server).tryJoin},
		{"GET /statistics", hedui.ReadStatistics, (*Server).statistics},
		{"GET /statistics/export.xlsx", hedui.ReadStatistics, (*Server).exportStatistics},
		{"GET /statistics/bulletin/{bulletin}", hedui.ReadStatistics, (*Server).bulletin},
		{"POST /statistics/totals", hedui.KeepTotals, (*Server).enterTotals},
		{"POST /alerts/{source}/{kind}", hedui.RunNode, (*Server).handleAlert},
		{"GET /books", hedui.ReadCases, (*Server).books},
		{"POST /books", hedui.ReadCases, (*Server).tryBook},
		{"GET /concerns", hedui.ReadConcerns, (*Server).concerns},
		{"POST /concerns/{concern}", hedui.DisposeConcerns, (*Server).disposeOf},
		{"GET /audit", hedui.ReadAudit, (*Server).audit},
		{"GET /log/tile/entries/{path...}", hedui.ReadAudit, (*Server).logEntries},
		{"GET /nodes", hedui.ReadIncidents, (*Server).nodes},
		{"POST /nodes/{act}", hedui.RunNode, (*Server).actOnNode},
		{"GET /link", hedui.ReadCases, (*Server).link},
		{"GET /officers", hedui.KeepOfficers, (*Server).officers},
		{"POST /officers", hedui.KeepOfficers, (*Server).addOfficer},
		{"POST /officers/offices", hedui.KeepOfficers, (*Server).addOffice},
		{"GET /officers/{officer}", hedui.KeepOfficers, (*Server).officer},
		{"POST /officers/{officer}/acts/{act}", hedui.KeepOfficers, (*Server).actOnOfficer},
		{"GET /rights", hedui.KeepOfficers, (*Server).rights},
		{"GET /keys", hedui.KeepKeys, (*Server).keys},
		{"POST /keys/{act}", hedui.KeepKeys, (*Server).changeKey},
		{"GET /notices", "", (*Server).notices},
		{"POST /notices/seen", "", (*Server).seeNotices},
		{"GET /calendar", "", (*Server).calendar},
		{"GET /help", "", (*Server).help},
		{"GET /design", "", (*Server).design},
		{"POST /design", "", (*Server).design},
	}
}

//go:embed static pages help
var files embed.FS

// Handler returns the console.
func (s *Server) Handler() (http.Handler, error) {
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, fmt.Errorf("web: static files: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(static)))
	mux.HandleFunc("GET /static/{$}", s.nothing) // no list of what is there
	mux.HandleFunc("GET /log/{path...}", s.log)
	for _, r := range routes() {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { s.handle(w, req, r) })
	}
	for _, r := range mirrorRoutes {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { s.inMirror(w, req, r.serve) })
	}
	mux.HandleFunc("GET /trust.pem", s.trust)
	mux.HandleFunc("POST /look", s.setLook)
	if s.SignIn != nil {
		for _, r := range doorRoutes {
			mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { s.atDoor(w, req, r.need, r.serve) })
		}
	}
	mux.HandleFunc("/", s.nothing)
	return s.protect(http.NewCrossOriginProtection().Handler(mux)), nil
}

// nothing is what there is at an address of no page.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil))
}

// handle asks for the right first; the office below asks again with the case's
// division.
func (s *Server) handle(w http.ResponseWriter, r *http.Request, to route) {
	o, ok := s.Who(r)
	if !ok {
		s.unknown(w, r, to.right)
		return
	}
	if err := to.may(o); err != nil {
		if page := home(o); r.URL.Path == "/" && r.Method == http.MethodGet && page != "/" {
			lead(w, r, page+"?lang="+string(langOf(r)))
			return
		}
		s.fail(w, r, err)
		return
	}
	if err := s.touch(r); err != nil {
		s.fail(w, r, err)
		return
	}
	if !s.admit(w, r, to.right) {
		return
	}
	if err := to.serve(s, w, r, o); err != nil {
		s.fail(w, r, err)
	}
}

// home is the page with which the day of an officer begins.
func home(o hedui.Officer) string {
	for _, h := range []struct {
		right hedui.Right
		page  string
	}{{hedui.ReadCases, "/"}, {hedui.OpenCases, "/intake"}, {hedui.AnswerQueries, "/worklist"}, {hedui.ReadStatistics, "/statistics"}, {hedui.ReadAudit, "/audit"}, {hedui.RunNode, "/sources"}, {hedui.KeepOfficers, "/officers"}, {hedui.GrantRoles, "/officers"}, {hedui.ReadIncidents, "/nodes"}} {
		if o.May(h.right, o.Division) == nil {
			return h.page
		}
	}
	return "/"
}

// status is what each kind of error is on the wire.
var status = map[hedui.Kind]int{
	hedui.Invalid:     http.StatusUnprocessableEntity,
	hedui.NotFound:    http.StatusNotFound,
	hedui.Forbidden:   http.StatusForbidden,
	hedui.Conflict:    http.StatusConflict,
	hedui.Unavailable: http.StatusServiceUnavailable,
	hedui.Internal:    http.StatusInternalServerError,
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.failAs(w, r, status[hedui.KindOf(err)], err)
}

func (s *Server) failAs(w http.ResponseWriter, r *http.Request, code int, err error) {
	kind := hedui.KindOf(err)
	text := hedui.Say("error.internal", reference(s.Now()))
	var e *hedui.Error
	if errors.As(err, &e) && kind != hedui.Internal {
		text = e.Say
	}
	switch kind {
	case hedui.Internal:
		s.Log.ErrorContext(r.Context(), "serve page", "pattern", r.Pattern, "reference", text.Args[0], "error", err)
	case hedui.Unavailable:
		s.Log.WarnContext(r.Context(), "serve page", "pattern", r.Pattern, "error", err)
	}
	page := errorPage{frame: s.frame(r, ""), Message: Sentence(langOf(r), text)}
	page.Title = lang.Text(page.Lang, "page.error")
	if page.query == nil { // the address only takes forms
		page.Path = "/"
	}
	if err := render(w, code, "error.html", page); err != nil {
		s.Log.ErrorContext(r.Context(), "render error page", "error", err)
	}
}

// reference names one failure, so that the person and the log speak of the same.
func reference(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 36) }

// Sentence writes the text of an error in a language. Codes that the office puts
// into it – a stage, a right – become words.
func Sentence(l lang.Lang, t hedui.Text) string {
	prefix := map[string]string{"error.stage": "stage.", "error.right": "right.", "error.item.state": "item.", "error.letter.state": "letter.state.", "error.explanation.state": "explain.", "error.erasure.state": "erasure.state."}[t.Key]
	args := make([]string, len(t.Args))
	for i, a := range t.Args {
		if args[i] = a; prefix != "" && lang.Has(prefix+a) {
			args[i] = lang.Text(l, prefix+a)
		}
	}
	return lang.Text(l, t.Key, args...)
}

type errorPage struct {
	frame
	Message string
}

// frame is what every page has.
type frame struct {
	Lang    lang.Lang
	HTML    string // the language as HTML names it
	Title   string
	Moving  bool   // what the page shows changes by itself
	Refresh int    // seconds after which the page loads itself anew, 0 = never
	Live    string // address of what moves on the page, for the script that does this better
	Issuer  string
	Path    string
	Unkept  string      // what it means that looks cannot be recorded; empty while they can
	Next    string      // on pages of the door: where the person wanted to go
	Officer string      // who is signed in
	Door    bool        // there are pages for signing in
	Public  bool        // a page of the citizen's mirror
	Console bool        // the console is for who is here
	Menu    []menuGroup // the pages at which the day of the reader passes
	Help    string      // section of the handbook on this page
	Look    look        // what the reader has chosen
	Nodes   bool        // the reader may see how this node stands among others
	Below   bool        // this node has a parent
	Apart   string      // what the link to the parent being down means; empty while it is up
	still   bool        // the reader has stopped the page from loading itself anew
	told    func() *headNotices
	query   url.Values // what else the address says, the language and what was just done left out
}

// refreshEvery is how often, in seconds, a page that changes loads itself anew.
const refreshEvery = 5

func (s *Server) frame(r *http.Request, title string) frame {
	l := langOf(r)
	f := frame{Lang: l, Look: lookOf(r), HTML: "zh-CN", Issuer: s.Desk.Issuer, Path: r.URL.Path, still: r.URL.Query().Get("live") == "0"}
	if r.Method == http.MethodGet {
		f.query = r.URL.Query()
		f.query.Del("done")
	}
	if l == lang.English {
		f.HTML = "en"
	}
	if title != "" {
		f.Title = lang.Text(l, title)
	}
	f.Door = s.SignIn != nil
	if o, ok := s.Who(r); ok {
		f.Officer, f.Console = o.Name, true
		f.Nodes = s.Desk.Node != "" && s.Desk.MayReadNodes(o) == nil
		f.Help = sectionOf(r.URL.Path)
		if n, since := s.Desk.Pending(); n > 0 {
			f.Unkept = lang.Text(l, "apart.unkept", clock(since), strconv.Itoa(n))
		}
		f.Menu = s.menu(r, o, l)
		f.told = sync.OnceValue(func() *headNotices { return s.headNotices(r, o, l) })
		s.fillApart(r, &f)
	}
	return f
}

// moves says that what the page shows changes by itself.
func (f *frame) moves() {
	f.Moving = true
	if !f.still {
		f.Refresh = refreshEvery
	}
}

// Here is the address of this page in a language.
func (f frame) Here(l lang.Lang) string {
	query := url.Values{}
	maps.Copy(query, f.query)
	query.Set("lang", string(l))
	if f.Next != "" {
		query.Set("next", f.Next)
	}
	return f.Path + "?" + query.Encode()
}

// Lead is the one line that says what is done on this page; empty where the page
// itself says it.
func (f frame) Lead() string {
	path := f.Path
	if strings.HasPrefix(path, "/intake/") && !strings.HasPrefix(path, "/intake/bulk") {
		path = "/intake/new"
	}
	if key, ok := leads[path]; ok {
		return f.T(key)
	}
	return ""
}

// leads are the lines of [frame.Lead] by address.
var leads = map[string]string{"/": "lead.cases", "/intake": "lead.intakes", "/intake/new": "lead.intake", "/corrections": "lead.corrections",
	"/worklist": "lead.worklist", "/notices": "lead.notices", "/worklist/score": "lead.score", "/letters": "lead.letters", "/sources": "lead.sources", "/sources/join": "lead.join", "/nodes": "lead.nodes", "/account": "lead.account", "/statistics": "lead.statistics",
	"/calendar": "lead.calendar"}

// T is a text in the language of the page.
func (f frame) T(key string, args ...string) string { return lang.Text(f.Lang, key, args...) }

// langOf is the language that the address asks for, or else the one that was chosen
// in this browser, or else Chinese.
func langOf(r *http.Request) lang.Lang {
	asked := r.URL.Query().Get("lang")
	if asked == "" {
		asked = lookOf(r).Language
	}
	if asked == string(lang.English) {
		return lang.English
	}
	return lang.Chinese
}

var pages = template.Must(template.ParseFS(files, "pages/*.html"))

func render(w http.ResponseWriter, code int, name string, page any) error {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, page); err != nil {
		return fmt.Errorf("web: page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, err := w.Write(b.Bytes())
	return err
}
