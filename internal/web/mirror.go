package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// The citizen's mirror. Its pages know nothing of officers and their sessions, work
// without script, and take the identity number in the body of a form only.

// mirrorRoutes are the pages of the mirror and what other government portals ask.
var mirrorRoutes = []struct {
	pattern string
	serve   func(*Server, http.ResponseWriter, *http.Request) error
}{
	{"GET /mirror", (*Server).mirror},
	{"POST /mirror", (*Server).openMirror},
	{"POST /mirror/requests", (*Server).askInMirror},
	{"POST /mirror/leave", (*Server).leaveMirror},
	{"GET /mirror/api/v1/heartbeat", (*Server).heartbeat},
	{"POST /mirror/api/v1/usagePeriod", (*Server).usagePeriod},
	{"POST /mirror/api/v1/findUsage", (*Server).findUsage},
}

// mirrorCookie is the name of the citizen's cookie, and the paths it goes to. Over TLS
// it has the prefix by which browsers hold it to this host; that wants all paths.
func (s *Server) mirrorCookie() (name, path string) {
	if s.secure() {
		return "__Host-hedui-mirror", "/"
	}
	return "hedui-mirror", "/mirror"
}

// mirrorBody is the most that a form or a question of a portal may hold.
const mirrorBody = 16 << 10

type mirrorPage struct {
	frame
	Cases    []mirrorCase
	Problems []string
	Kinds    []choice
	Made     string // what became of a request
}

// A choice is one of those that a form offers: what is sent, and what is read.
type choice struct{ Value, Text string }

type mirrorCase struct {
	ID, Number, Programme, Office, Stage, Opened, Consent string
	Owes                                                  bool
	Kinds                                                 []choice
	Asked, Looks                                          [][4]string
	Requests                                              [][5]string
}

func (s *Server) inMirror(w http.ResponseWriter, r *http.Request, serve func(*Server, http.ResponseWriter, *http.Request) error) {
	r.Body = http.MaxBytesReader(w, r.Body, mirrorBody)
	if err := serve(s, w, r); err != nil {
		s.fail(w, r, err)
	}
}

// mirrorFrame is a frame on which no officer stands, whoever is signed in.
func (s *Server) mirrorFrame(r *http.Request) frame {
	f := frame{Lang: langOf(r), HTML: "zh-CN", Issuer: s.Desk.Issuer, Path: "/mirror", Public: true}
	if f.Lang == lang.English {
		f.HTML = "en"
	}
	f.Title = f.T("mirror.title")
	return f
}

func (s *Server) secure() bool { return s.SignIn != nil && s.SignIn.Secure }

func (s *Server) mirrorToken(r *http.Request) string {
	name, _ := s.mirrorCookie()
	if c, err := r.Cookie(name); err == nil && len(c.Value) <= 64 {
		return c.Value
	}
	return ""
}

func (s *Server) keepToken(w http.ResponseWriter, token string, age int) {
	name, path := s.mirrorCookie()
	http.SetCookie(w, &http.Cookie{Name: name, Value: token, Path: path, MaxAge: age, Secure: s.secure(), HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // G124: Secure wherever there is TLS; without it only on loopback
}

func (s *Server) mirror(w http.ResponseWriter, r *http.Request) error {
	return s.showMirror(w, r, http.StatusOK, "", nil)
}

func (s *Server) showMirror(w http.ResponseWriter, r *http.Request, code int, made string, wrong error) error {
	p := mirrorPage{frame: s.mirrorFrame(r), Made: made}
	var known *hedui.Error
	switch {
	case errors.As(wrong, &known) && hedui.KindOf(wrong) != hedui.Internal:
		p.Problems = append(p.Problems, Sentence(p.Lang, known.Say))
		for _, one := range known.Problems {
			p.Problems = append(p.Problems, p.T(one.Say.Key, one.Say.Args...))
		}
	case wrong != nil:
		return wrong
	}
	token := s.mirrorToken(r)
	if token == "" {
		return render(w, code, "mirror-enter.html", p)
	}
	list, err := s.Desk.Mirror(r.Context(), token)
	if hedui.KindOf(err) == hedui.Forbidden && err != nil {
		s.keepToken(w, "", -1)
		p.Problems = append(p.Problems, p.T("error.mirror.over"))
		return render(w, code, "mirror-enter.html", p)
	}
	if err != nil {
		return err
	}
	for _, one := range list {
		p.Cases = append(p.Cases, p.reflect(one))
	}
	return render(w, code, "mirror.html", p)
}

// reflect puts a case into words.
func (f frame) reflect(r casework.Reflection) mirrorCase {
	c := mirrorCase{ID: r.Case, Number: r.Number, Programme: f.T("programme." + string(r.Programme)), Office: r.Office, Stage: f.T("stage." + string(r.Stage)),
		Opened: clock(r.OpenedAt)[:len("2006-01-02")], Owes: r.Owes}
	if r.Consented {
		c.Consent = f.T("mirror.consent.holds", clock(r.Until))
	}
	for _, k := range hedui.RequestKinds() {
		if k != hedui.WithdrawRequest || r.Consented {
			c.Kinds = append(c.Kinds, choice{string(k), f.T("mirror.kind." + string(k))})
		}
	}
	for _, a := range r.Asked {
		outcome := f.T("mirror.no_answer")
		if a.Outcome != "" {
			outcome = f.T("outcome." + string(a.Outcome))
		}
		c.Asked = append(c.Asked, [4]string{clock(a.At), f.categoryName(a.Category), a.Department, outcome})
	}
	for _, l := range r.Looks {
		c.Looks = append(c.Looks, [4]string{l.On.String(), l.Office, strings.TrimSpace(f.T("mirror.look."+string(l.Verb)) + " " + l.Report), f.T("mirror.times", strconv.Itoa(l.Times))})
	}
	for _, q := range r.Requests {
		c.Requests = append(c.Requests, [5]string{q.Number, f.T("mirror.kind." + string(q.Kind)), f.T("mirror.state." + string(q.State)), clock(q.DueAt)[:len("2006-01-02")], q.Answer})
	}
	return c
}

func (f frame) categoryName(code catalog.Code) string {
	c, ok := catalog.Get(code)
	switch {
	case !ok:
		return string(code)
	case f.Lang == lang.English:
		return c.NameEn
	}
	return c.Name
}

func (s *Server) openMirror(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Desk.OpenMirror(r.Context(), r.PostFormValue("number"), r.PostFormValue("code"), addressOf(r))
	if err != nil {
		r.Header.Del("Cookie") // a look of before is not shown beside a wrong code
		return s.showMirror(w, r, status[hedui.KindOf(err)], "", err)
	}
	s.keepToken(w, token, 0)
	lead(w, r, "/mirror?lang="+string(langOf(r)))
	return nil
}

func (s *Server) askInMirror(w http.ResponseWriter, r *http.Request) error {
	q, err := s.Desk.AskInMirror(r.Context(), s.mirrorToken(r), r.PostFormValue("case"), hedui.RequestKind(r.PostFormValue("kind")), r.PostFormValue("text"))
	if err != nil {
		return s.showMirror(w, r, status[hedui.KindOf(err)], "", err)
	}
	f := s.mirrorFrame(r)
	return s.showMirror(w, r, http.StatusOK, f.T("mirror.made", q.Number, f.T("mirror.kind."+string(q.Kind)), clock(q.DueAt)[:len("2006-01-02")]), nil)
}

func (s *Server) leaveMirror(w http.ResponseWriter, r *http.Request) error {
	if token := s.mirrorToken(r); token != "" {
		if err := s.Desk.CloseMirror(r.Context(), token); err != nil {
			return err
		}
	}
	s.keepToken(w, "", -1)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	lead(w, r, "/mirror?lang="+string(langOf(r)))
	return nil
}

// The machine interface, in the style of Estonia's data tracker: findUsage, with the
// paging and the order of its protocol, usagePeriod and heartbeat.

// portalAllowed holds the bearer key against the node's, in the same time whatever it is.
func (s *Server) portalAllowed(r *http.Request) bool {
	given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.Portal))
	return bearer && s.Portal != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func answerJSON(w http.ResponseWriter, code int, v any) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	return json.NewEncoder(w).Encode(v)
}

func portalError(w http.ResponseWriter, code int, kind string) error {
	return answerJSON(w, code, map[string]string{"error": kind})
}

func (s *Server) heartbeat(w http.ResponseWriter, r *http.Request) error {
	if !s.portalAllowed(r) {
		return portalError(w, http.StatusUnauthorized, "key")
	}
	return answerJSON(w, http.StatusOK, map[string]string{"status": "ok", "time": s.Now().UTC().Format(time.RFC3339)})
}

type usageQuestion struct {
	Number string    `json:"number"`
	Offset int       `json:"offset"` // counts from 1
	Limit  int       `json:"limit"`  // 100 without one
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
}

const mostUsages = 1000

// usages reads a question and finds what it asks for; answered says that it was
// refused.
func (s *Server) usages(w http.ResponseWriter, r *http.Request) (q usageQuestion, list []casework.Usage, answered bool, err error) {
	if !s.portalAllowed(r) {
		return q, nil, true, portalError(w, http.StatusUnauthorized, "key")
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	wrong := d.Decode(&q) != nil
	if _, end := d.Token(); !errors.Is(end, io.EOF) {
		wrong = true
	}
	id, bad := idcard.Parse(q.Number)
	if wrong || bad != nil || q.Offset < 0 || q.Limit < 0 || q.Limit > mostUsages {
		return q, nil, true, portalError(w, http.StatusBadRequest, "sender")
	}
	list, err = s.Desk.FindUsage(r.Context(), id, q.From, q.Until)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "find usage", "error", err)
		return q, nil, true, portalError(w, http.StatusInternalServerError, "receiver")
	}
	return q, list, false, nil
}

func (s *Server) findUsage(w http.ResponseWriter, r *http.Request) error {
	q, list, answered, err := s.usages(w, r)
	if answered || err != nil {
		return err
	}
	if q.Limit == 0 {
		q.Limit = 100
	}
	from := min(max(q.Offset-1, 0), len(list))
	return answerJSON(w, http.StatusOK, map[string]any{"usage": list[from:min(from+q.Limit, len(list))]})
}

// usagePeriod says between which instants there are uses of a person's data.
func (s *Server) usagePeriod(w http.ResponseWriter, r *http.Request) error {
	_, list, answered, err := s.usages(w, r)
	if answered || err != nil {
		return err
	}
	period := map[string]string{}
	if n := len(list); n > 0 {
		period["from"], period["until"] = list[n-1].LogTime.UTC().Format(time.RFC3339), list[0].LogTime.UTC().Format(time.RFC3339)
	}
	return answerJSON(w, http.StatusOK, period)
}
