package web

import (
	"cmp"
	"context"
	"errors"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
	"hedui/internal/staff"
	"hedui/internal/store"
)

// A SignIn is how browsers stand before the door: cookies in, cookies out. Its
// method Who is the one that a [Server] asks.
type SignIn struct {
	Door   *staff.Door
	Node   string // in the names of the cookies: nodes on one machine do not take each other's
	Secure bool   // browsers come over TLS
}

// Who is the officer of the request's session, if there is one.
func (i *SignIn) Who(r *http.Request) (hedui.Officer, bool) {
	_, o, err := i.Door.Who(r.Context(), i.visitor(r).Token)
	return o, err == nil
}

// proved are the rights for which an officer must have proved anew, not long ago,
// who they are. A route that needs such a right asks for the proof: it seals,
// prints or exports.
var proved = []hedui.Right{hedui.PrintReports, hedui.SealReports}

// A need is what a page of the door asks of the session.
type need int

const (
	anybody need = iota
	second       // the first proof was given
	setup        // something must be set up before the session is open, or it is open
	open
	fresh // open, and proved anew not long ago
)

// A seat is who uses a page of the door, as far as is known.
type seat struct {
	visitor staff.Visitor
	session store.Session // zero for nobody
	next    string        // where the person wanted to go
}

type doorHandler func(*Server, http.ResponseWriter, *http.Request, seat) error

// doorRoutes are the pages for signing in and for one's own account. They need no
// right: each shows and changes what belongs to who uses it.
var doorRoutes = []struct {
	pattern string
	need    need
	serve   doorHandler
}{
	{"GET /sign-in", anybody, (*Server).signInPage},
	{"POST /sign-in", anybody, (*Server).signIn},
	{"POST /sign-in/passkey/options", anybody, (*Server).askPasskey},
	{"POST /sign-in/passkey", anybody, (*Server).passkey},
	{"GET /sign-in/office", anybody, (*Server).office},
	{"GET /sign-in/office/back", anybody, (*Server).officeBack},
	{"GET /sign-in/second", second, (*Server).secondPage},
	{"POST /sign-in/second", second, (*Server).second},
	{"GET /sign-in/again", open, (*Server).againPage},
	{"POST /sign-in/again", open, (*Server).again},
	{"GET /kept/{id}", open, (*Server).kept},
	{"POST /kept/{id}", open, (*Server).forget},
	{"POST /sign-out", anybody, (*Server).signOut},
	{"GET /account", open, (*Server).account},
	{"POST /account/sessions", open, (*Server).endSessions},
	{"GET /account/password", setup, (*Server).passwordPage},
	{"POST /account/password", setup, (*Server).password},
	{"GET /account/second", setup, (*Server).choosePage},
	{"GET /account/app", setup, (*Server).appPage},
	{"POST /account/app", setup, (*Server).app},
	{"GET /account/passkey", setup, (*Server).newPasskeyPage},
	{"POST /account/passkey/options", setup, (*Server).newPasskeyOptions},
	{"POST /account/passkey", setup, (*Server).newPasskey},
	{"POST /account/drop", fresh, (*Server).drop},
	{"GET /account/recovery", fresh, (*Server).recoveryPage},
	{"POST /account/recovery", fresh, (*Server).recovery},
}

// maxForm is the longest form of these pages in bytes.
const maxForm = 128 << 10

// atDoor serves a page of the door if the session is what it needs, and leads to
// the page that comes first if not.
func (s *Server) atDoor(w http.ResponseWriter, r *http.Request, n need, serve doorHandler) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	at := seat{visitor: s.SignIn.visitor(r), next: sameSite(r.FormValue("next"))}
	session, err := s.SignIn.Door.Session(r.Context(), at.visitor.Token)
	if err != nil && hedui.KindOf(err) != hedui.Forbidden {
		s.fail(w, r, err)
		return
	}
	at.session = session
	here := at.next
	if r.Method == http.MethodGet && n != anybody && n != second && here == "/" {
		here = r.URL.RequestURI()
	}
	if to := s.leads(r, n, session, here); to != "" {
		lead(w, r, to)
		return
	}
	err = s.touch(r)
	if err == nil {
		err = serve(s, w, r, at)
	}
	if err != nil {
		s.fail(w, r, err)
	}
}

// leads is the page that comes before one that needs n, or nothing.
func (s *Server) leads(r *http.Request, n need, session store.Session, next string) string {
	stage := session.Stage
	isOpen := stage == store.SessionOpen
	if isOpen && n != anybody {
		if _, ok := s.Who(r); !ok { // the officer may not sign in any more
			return s.to(r, "/sign-in", next)
		}
	}
	switch {
	case n == anybody, n == second && stage == store.SessionSecond, isOpen && n != second && n != fresh,
		n == setup && (stage == store.SessionChange || stage == store.SessionEnrol):
		return ""
	case n == fresh && isOpen:
		if s.SignIn.Door.Fresh(session) {
			return ""
		}
		if r.Method != http.MethodGet {
			next = "/account"
		}
		return s.to(r, "/sign-in/again", next)
	}
	return s.onward(r, session, next)
}

// onward is where a session leads to at its stage.
func (s *Server) onward(r *http.Request, session store.Session, next string) string {
	switch session.Stage {
	case store.SessionSecond:
		return s.to(r, "/sign-in/second", next)
	case store.SessionChange:
		return s.to(r, "/account/password", next)
	case store.SessionEnrol:
		return s.to(r, "/account/second", next)
	case store.SessionOpen:
		return inLanguage(sameSite(next), langOf(r))
	}
	return s.to(r, "/sign-in", next)
}

// lead leads a browser to another page: one of ours, or the office's provider.
func lead(w http.ResponseWriter, r *http.Request, to string) {
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // G710: every address went through sameSite, or is the provider's
}

// to is the address of a page of the door from which one comes to next.
func (*Server) to(r *http.Request, page, next string) string {
	q := url.Values{"lang": {string(langOf(r))}}
	if next != "" && next != "/" {
		q.Set("next", next)
	}
	return page + "?" + q.Encode()
}

// inLanguage keeps the language that was chosen while signing in.
func inLanguage(address string, l lang.Lang) string {
	u, err := url.Parse(address)
	if err != nil || l != lang.English {
		return address
	}
	q := u.Query()
	q.Set("lang", string(l))
	u.RawQuery = q.Encode()
	return u.String()
}

// sameSite is an address to return to if it is a page of ours, and the first page
// if not: nobody is led elsewhere by a link to our sign-in page.
func sameSite(address string) string {
	u, err := url.Parse(address)
	bad := err != nil || address == "" || len(address) > 1000 || address[0] != '/' || strings.HasPrefix(address, "//") ||
		strings.ContainsAny(address, "\\\r\n\t") || strings.ContainsFunc(address, func(c rune) bool { return c < ' ' || c == 0x7f }) ||
		u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || path.Clean(u.Path) != u.Path || strings.ContainsAny(u.Path, "\\")
	if bad || u.Path == "/sign-in" || u.Path == "/sign-out" || strings.HasPrefix(u.Path, "/sign-in/") {
		return "/"
	}
	return u.RequestURI()
}

// admit asks whether the session may use a route of the console, beyond the right.
// What it leads to has been written if it says no.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, right hedui.Right) bool {
	if !slices.Contains(proved, right) {
		return true
	}
	back := ""
	if r.Method == http.MethodGet {
		back = r.URL.RequestURI()
	}
	if next, ok := strings.CutSuffix(r.URL.Path, "/acts/seal"); ok {
		back = next // to press the button again
	}
	if r.URL.Path == "/public" {
		back = "/?list=public&lang=" + string(langOf(r))
	}
	return s.provedAnew(w, r, back)
}

// provedAnew asks whether the officer has proved anew who they are, not long ago. If
// not, a person is led to do so and from there back to a page, if there is one.
func (s *Server) provedAnew(w http.ResponseWriter, r *http.Request, back string) bool {
	if s.SignIn == nil {
		return true
	}
	session, _, err := s.SignIn.Door.Who(r.Context(), s.SignIn.visitor(r).Token)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case s.SignIn.Door.Fresh(session):
		return true
	case back == "" || !navigates(r):
		s.fail(w, r, hedui.Fail(hedui.Forbidden, hedui.Say("signin.stale"), nil))
	default:
		lead(w, r, s.to(r, "/sign-in/again", sameSite(back)))
	}
	return false
}

// unknown answers a request of nobody: a page is led to the sign-in page and back,
// a form is kept for its officer if that can be told, a script is told.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request, right hedui.Right) {
	switch {
	case s.SignIn == nil:
		s.fail(w, r, hedui.Fail(hedui.Forbidden, hedui.Say("error.right", string(right)), errors.New("nobody is signed in")))
	case navigates(r) && r.Method == http.MethodPost:
		s.keep(w, r)
	case !navigates(r) || r.Method != http.MethodGet && r.Method != http.MethodHead:
		s.failAs(w, r, http.StatusUnauthorized, hedui.Fail(hedui.Forbidden, hedui.Say("signin.needed"), nil))
	default:
		session, err := s.SignIn.Door.Session(r.Context(), s.SignIn.visitor(r).Token)
		if err != nil && hedui.KindOf(err) != hedui.Forbidden {
			s.fail(w, r, err)
			return
		}
		if session.Stage == store.SessionOpen { // but its officer may not sign in any more
			session = store.Session{}
		}
		lead(w, r, s.onward(r, session, sameSite(r.URL.RequestURI())))
	}
}

// navigates reports whether a person looks at a page, and not a script of one.
// Browsers that do not say are taken to.
func navigates(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return mode == "" || mode == "navigate"
}

// touch notes that the session is in use, where a person has asked. A page that
// loads itself anew keeps nobody signed in.
func (s *Server) touch(r *http.Request) error {
	if s.SignIn == nil || !navigates(r) || r.Header.Get("Sec-Fetch-Mode") != "" && r.Header.Get("Sec-Fetch-User") == "" {
		return nil
	}
	session, err := s.SignIn.Door.Session(r.Context(), s.SignIn.visitor(r).Token)
	if err != nil {
		if hedui.KindOf(err) == hedui.Forbidden {
			return nil
		}
		return err
	}
	return s.SignIn.Door.See(r.Context(), session)
}

// cookie is the name of the session's cookie. The prefix makes browsers refuse one
// that was not set by this host over TLS, for all of its paths (RFC 6265bis 4.1.3).
func (i *SignIn) cookie() string {
	name := "hedui-" + i.Node
	if i.Secure {
		name = "__Host-" + name
	}
	return name
}

func (i *SignIn) visitor(r *http.Request) staff.Visitor {
	v := staff.Visitor{Browser: browserOf(r.UserAgent()), Address: r.RemoteAddr}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		v.Address = host
	}
	if c, err := r.Cookie(i.cookie()); err == nil {
		v.Token = c.Value
	}
	if c, err := r.Cookie(i.cookie() + "-known"); err == nil {
		v.Known = c.Value
	}
	return v
}

// give gives the browser its pass. Lax, because the office's provider sends the
// browser back from another site.
func (i *SignIn) give(w http.ResponseWriter, p staff.Pass) {
	if p.Token != "" {
		http.SetCookie(w, i.made(i.cookie(), p.Token, 0))
	}
	if p.Known != "" {
		http.SetCookie(w, i.made(i.cookie()+"-known", p.Known, knownFor))
	}
}

const knownFor = 180 * 24 * time.Hour

func (i *SignIn) made(name, value string, age time.Duration) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", Secure: i.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(age.Seconds())} //nolint:gosec // G124: Secure wherever there is TLS; without it only on loopback
}

func (i *SignIn) forget(w http.ResponseWriter) {
	http.SetCookie(w, i.made(i.cookie(), "", -time.Second))
}

// browserOf names a browser as its user would.
func browserOf(agent string) string {
	pick := func(names ...string) string {
		for _, n := range names {
			mark, name, _ := strings.Cut(n, "=")
			if strings.Contains(agent, mark) {
				return cmp.Or(name, mark)
			}
		}
		return ""
	}
	browser := pick("Edg/=Edge", "OPR/=Opera", "QQBrowser", "MicroMessenger=WeChat", "Firefox", "Chrome", "Safari", "Trident=Internet Explorer")
	system := pick("Android", "iPhone", "iPad", "Windows", "Mac OS X=macOS", "Linux")
	return strings.Trim(browser+" · "+system, " ·")
}

// A doorPage is what the pages of the door have.
type doorPage struct {
	frame
	Problems []fieldProblem
	Typed    string // the id, or a name, as it was typed
	Holder   string // id of the officer, for the browser's store of passwords
	Passkeys bool   // can be used at this address
	Else     string // the address at which they can
	Origin   string // of the node, where this page is seen under another one
	Office   string // the name of the office's provider, if there is one
	Password bool   // the officer has one
	App      bool   // the officer has an authenticator app
	Keys     bool   // the officer has a passkey
	Forced   bool   // the session is not open before this is done
	Initial  bool   // the password was given by an administrator
	Secret   string
	QR       template.HTMLAttr // path of the code
	QRSide   string
	Codes    []string
	Left     string // recovery codes that are left
	Last     bool   // a second proof is demanded
	Sessions []sessionRow
	Proofs   []proofRow
	Changed  string // when the password was set
	Since    string
	Idle     string
	Absolute string
	Notice   string
}

type fieldProblem struct{ Field, Say string }

// Wrong is what is said beside a field.
func (p doorPage) Wrong(field string) string {
	for _, f := range p.Problems {
		if f.Field == field {
			return f.Say
		}
	}
	return ""
}

func (s *Server) doorPage(r *http.Request, title string, at seat) doorPage {
	p := doorPage{frame: s.frame(r, title)}
	p.Next = at.next
	if p.Next == "/" {
		p.Next = ""
	}
	p.Refresh, p.Moving, p.Holder = 0, false, at.session.Officer
	door := s.SignIn.Door
	p.Forced = at.session.Stage != store.SessionOpen
	u, err := url.Parse(door.Origin)
	if p.Passkeys = err == nil && u.Host == r.Host && door.Passkeys(); err == nil && u.Host != r.Host {
		p.Origin = door.Origin
		if door.Passkeys() {
			p.Else = door.Origin
		}
	}
	if door.Office != nil {
		p.Office = door.Office.Name
	}
	return p
}

// pathOf is where each page is asked for, also where it is shown in answer to a form.
var pathOf = map[string]string{
	"signin.html": "/sign-in", "second.html": "/sign-in/second", "again.html": "/sign-in/again", "account.html": "/account",
	"password.html": "/account/password", "choose.html": "/account/second", "app.html": "/account/app",
	"passkey.html": "/account/passkey", "recovery.html": "/account/recovery",
}

// show shows a form, with what was wrong with it. An error of another kind goes on.
func (s *Server) show(w http.ResponseWriter, name string, p doorPage, err error) error {
	code := http.StatusOK
	p.Path = pathOf[name]
	if err != nil {
		var e *hedui.Error
		if !errors.As(err, &e) || e.Kind == hedui.Internal || e.Kind == hedui.NotFound {
			return err
		}
		code = status[e.Kind]
		for _, f := range e.Problems {
			p.Problems = append(p.Problems, fieldProblem{f.Field, p.T(f.Say.Key, f.Say.Args...)})
		}
		if len(e.Problems) == 0 {
			p.Problems = append(p.Problems, fieldProblem{"", p.T(e.Say.Key, e.Say.Args...)})
		}
		if e.Say.Key == "signin.locked" {
			code = http.StatusTooManyRequests
			if minutes, err := strconv.Atoi(e.Say.Args[0]); err == nil {
				w.Header().Set("Retry-After", strconv.Itoa(minutes*60))
			}
		}
	}
	return render(w, code, name, p)
}

func (s *Server) signInPage(w http.ResponseWriter, r *http.Request, at seat) error {
	if _, ok := s.Who(r); ok {
		lead(w, r, s.onward(r, at.session, at.next))
		return nil
	}
	return s.show(w, "signin.html", s.doorPage(r, "signin.title", at), nil)
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request, at seat) error {
	id := r.PostFormValue("id")
	pass, err := s.SignIn.Door.Password(r.Context(), at.visitor, id, r.PostFormValue("password"))
	if err != nil {
		p := s.doorPage(r, "signin.title", at)
		if len(id) <= 64 {
			p.Typed = id
		}
		return s.show(w, "signin.html", p, err)
	}
	return s.passed(w, r, pass, at.next)
}

// passed gives the browser its pass and leads it on.
func (s *Server) passed(w http.ResponseWriter, r *http.Request, p staff.Pass, next string) error {
	s.SignIn.give(w, p)
	lead(w, r, s.onward(r, p.Session, next))
	return nil
}

func (s *Server) askPasskey(w http.ResponseWriter, r *http.Request, at seat) error {
	options, pass, err := s.SignIn.Door.AskPasskey(r.Context(), at.visitor)
	if err != nil {
		return err
	}
	s.SignIn.give(w, pass)
	return writeJSON(w, options)
}

func writeJSON(w http.ResponseWriter, text []byte) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(text)
	return err
}

// passkey takes what the authenticator has answered, on whichever page it was asked.
func (s *Server) passkey(w http.ResponseWriter, r *http.Request, at seat) error {
	pass, err := s.SignIn.Door.Passkey(r.Context(), at.visitor, []byte(r.PostFormValue("response")))
	if err == nil {
		return s.passed(w, r, pass, at.next)
	}
	switch at.session.Stage {
	case store.SessionSecond:
		return s.showSecond(w, r, at, err)
	case store.SessionOpen:
		return s.showAgain(w, r, at, err)
	}
	return s.show(w, "signin.html", s.doorPage(r, "signin.title", at), err)
}

func (s *Server) office(w http.ResponseWriter, r *http.Request, at seat) error {
	address, pass, err := s.SignIn.Door.AskOffice(r.Context(), at.visitor, inLanguage(at.next, langOf(r)))
	if err != nil {
		return s.show(w, "signin.html", s.doorPage(r, "signin.title", at), err)
	}
	s.SignIn.give(w, pass)
	lead(w, r, address)
	return nil
}

func (s *Server) officeBack(w http.ResponseWriter, r *http.Request, at seat) error {
	q := r.URL.Query()
	pass, next, err := s.SignIn.Door.OfficeBack(r.Context(), at.visitor, q.Get("state"), q.Get("code"))
	if err != nil {
		if at.session.Stage == store.SessionOpen {
			return s.showAgain(w, r, at, err)
		}
		return s.show(w, "signin.html", s.doorPage(r, "signin.title", at), err)
	}
	return s.passed(w, r, pass, sameSite(next))
}

func (s *Server) secondPage(w http.ResponseWriter, r *http.Request, at seat) error {
	return s.showSecond(w, r, at, nil)
}

func (s *Server) showSecond(w http.ResponseWriter, r *http.Request, at seat, err error) error {
	p := s.doorPage(r, "signin.second", at)
	if err := s.fillHas(r.Context(), &p, at); err != nil {
		return err
	}
	return s.show(w, "second.html", p, err)
}

// fillHas says what the officer has to prove themselves with.
func (s *Server) fillHas(ctx context.Context, p *doorPage, at seat) error {
	list, err := s.SignIn.Door.Credentials(ctx, at.session)
	if err != nil {
		return err
	}
	p.Password = staff.HasPassword(list)
	left := 0
	for _, c := range list {
		p.App = p.App || c.Kind == store.TOTPCredential
		p.Keys = p.Keys || c.Kind == store.PasskeyCredential
		if c.Kind == store.RecoveryCredential {
			left++
		}
	}
	p.Left = strconv.Itoa(left)
	return nil
}

func (s *Server) second(w http.ResponseWriter, r *http.Request, at seat) error {
	pass, err := s.SignIn.Door.Code(r.Context(), at.visitor, at.session, r.PostFormValue("code"))
	if err != nil {
		return s.showSecond(w, r, at, err)
	}
	return s.passed(w, r, pass, at.next)
}

func (s *Server) againPage(w http.ResponseWriter, r *http.Request, at seat) error {
	return s.showAgain(w, r, at, nil)
}

func (s *Server) showAgain(w http.ResponseWriter, r *http.Request, at seat, err error) error {
	p := s.doorPage(r, "signin.again", at)
	if err := s.fillHas(r.Context(), &p, at); err != nil {
		return err
	}
	return s.show(w, "again.html", p, err)
}

func (s *Server) again(w http.ResponseWriter, r *http.Request, at seat) error {
	pass, err := s.SignIn.Door.Prove(r.Context(), at.visitor, at.session, r.PostFormValue("password"), r.PostFormValue("code"))
	if err != nil {
		return s.showAgain(w, r, at, err)
	}
	return s.passed(w, r, pass, at.next)
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, at seat) error {
	if at.session.ID != "" {
		if err := s.SignIn.Door.SignOut(r.Context(), at.session); err != nil {
			return err
		}
	}
	s.SignIn.forget(w)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`) // nothing stays for who sits down next
	lead(w, r, s.to(r, "/sign-in", ""))
	return nil
}

// qrOf draws a code for an authenticator app, and returns its side with the white
// border of four modules that scanners want.
func qrOf(text string) (template.HTMLAttr, string, error) {
	path, side, err := report.QR(text)
	return template.HTMLAttr(`d="` + path + `"`), strconv.Itoa(side + 8), err //nolint:gosec // G203: numbers and letters of a path that we drew
}
