// Package web is the door for people: server-rendered pages that work without
// script, Chinese first. A script of our own keeps a case's page up to date. Every route names the right it needs; an officer without
// it is refused. Pages are rendered to a buffer before the first byte goes out,
// and only masked names and numbers stand on them.
package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
)

// A Server serves the pages. All fields are needed.
type Server struct {
	Desk *casework.Desk
	Who  func(*http.Request) (hedui.Officer, bool) // who is at the other end
	Log  *slog.Logger
	Now  func() time.Time

	held held
}

type handler func(*Server, http.ResponseWriter, *http.Request, hedui.Officer) error

// routes is the whole console: what can be asked for, and the right it takes.
var routes = []struct {
	pattern string
	right   hedui.Right
	serve   handler
}{
	{"GET /{$}", hedui.ReadCases, (*Server).cases},
	{"GET /cases/{id}", hedui.ReadCases, (*Server).showCase},
	{"GET /cases/{id}/live", hedui.ReadCases, (*Server).live},
	{"GET /cases/{id}/reports/{file}", hedui.PrintReports, (*Server).report},
	{"GET /sources", hedui.ReadCases, (*Server).sources},
	{"GET /nodes", hedui.ReadIncidents, (*Server).nodes},
	{"GET /link", hedui.ReadCases, (*Server).link},
	{"GET /trust.pem", hedui.ReadCases, (*Server).trust},
}

//go:embed static pages
var files embed.FS

// Handler returns the console.
func (s *Server) Handler() (http.Handler, error) {
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, fmt.Errorf("web: static files: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(static)))
	for _, r := range routes {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { s.handle(w, req, r.right, r.serve) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		s.fail(w, req, hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil))
	})
	return protect(http.NewCrossOriginProtection().Handler(mux)), nil
}

// protect sets what a browser must not do with our pages.
func protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' "+report.StyleSource()+"; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// handle asks for the right first; the office below asks again with the case's
// division.
func (s *Server) handle(w http.ResponseWriter, r *http.Request, right hedui.Right, serve handler) {
	o, ok := s.Who(r)
	if !ok {
		s.fail(w, r, hedui.Fail(hedui.Forbidden, hedui.Say("error.right", string(right)), errors.New("nobody is signed in")))
		return
	}
	if err := o.May(right, o.Division); err != nil {
		s.fail(w, r, err)
		return
	}
	if err := serve(s, w, r, o); err != nil {
		s.fail(w, r, err)
	}
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
	if err := render(w, status[kind], "error.html", page); err != nil {
		s.Log.ErrorContext(r.Context(), "render error page", "error", err)
	}
}

// reference names one failure, so that the person and the log speak of the same.
func reference(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 36) }

// Sentence writes the text of an error in a language. Codes that the office puts
// into it – a stage, a right – become words.
func Sentence(l lang.Lang, t hedui.Text) string {
	prefix := map[string]string{"error.stage": "stage.", "error.right": "right.", "error.item.state": "item."}[t.Key]
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
	Nodes   bool   // the reader may see how this node stands among others
	Below   bool   // this node has a parent
	Apart   string // what the link to the parent being down means; empty while it is up
	still   bool   // the reader has stopped the page from loading itself anew
}

// refreshEvery is how often, in seconds, a page that changes loads itself anew.
const refreshEvery = 5

func (s *Server) frame(r *http.Request, title string) frame {
	l := langOf(r)
	f := frame{Lang: l, HTML: "zh-CN", Issuer: s.Desk.Issuer, Path: r.URL.Path, still: r.URL.Query().Get("live") == "0"}
	if l == lang.English {
		f.HTML = "en"
	}
	if title != "" {
		f.Title = lang.Text(l, title)
	}
	if o, ok := s.Who(r); ok {
		f.Nodes = s.Desk.Node != "" && s.Desk.MayReadNodes(o) == nil
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

// T is a text in the language of the page.
func (f frame) T(key string, args ...string) string { return lang.Text(f.Lang, key, args...) }

// langOf is English when asked for, in the address or by an earlier choice.
func langOf(r *http.Request) lang.Lang {
	if r.URL.Query().Get("lang") == string(lang.English) {
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
