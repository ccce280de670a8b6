package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"hedui/internal/hedui"
)

// A keptForm is what an officer has sent when the session was over. It is shown to
// the same officer once they have signed in again, and sent on when they say so.
type keptForm struct {
	To     string     `json:"to"` // address to which it was sent
	Fields url.Values `json:"fields"`
	Files  bool       `json:"files"` // there was a file among it, which is not kept
}

// keep keeps the form of a request of nobody, if it comes from a session that is
// over, and leads to signing in and back to it. Its contents stand in no address.
// Whose any other form is cannot be told: it is handed back in the page, and kept
// nowhere else.
func (s *Server) keep(w http.ResponseWriter, r *http.Request) {
	over, cause := s.SignIn.Door.Over(r.Context(), s.SignIn.visitor(r).Token)
	if cause != nil && hedui.KindOf(cause) != hedui.Forbidden {
		s.fail(w, r, cause)
		return
	}
	k, err := readKept(r)
	switch {
	case err != nil:
	case cause != nil:
		err = render(w, http.StatusUnauthorized, "kept.html", s.keptPage(r, k, seat{}, ""))
	default:
		var form []byte
		if form, err = json.Marshal(k); err == nil {
			err = s.SignIn.Door.Keep(r.Context(), over, form)
		}
		if err == nil {
			lead(w, r, s.to(r, "/sign-in", "/kept/"+over.ID))
		}
	}
	switch {
	case err == nil:
	case hedui.KindOf(err) == hedui.Forbidden:
		s.failAs(w, r, http.StatusUnauthorized, err)
	default:
		s.fail(w, r, err)
	}
}

func readKept(r *http.Request) (keptForm, error) {
	k := keptForm{To: r.URL.RequestURI(), Files: strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/")}
	read := r.ParseForm
	if k.Files {
		read = func() error { return r.ParseMultipartForm(maxUpload) } //nolint:gosec // G120: the body was bounded by mostOf
	}
	if err := read(); err != nil {
		return k, hedui.Fail(hedui.Invalid, hedui.Say("intake.unreadable"), err)
	}
	if k.Files {
		defer func() { _ = r.MultipartForm.RemoveAll() }()
	}
	k.Fields = r.PostForm
	long := 0
	for name, values := range k.Fields {
		for _, v := range values {
			long += len(name) + len(v)
		}
	}
	if long > maxForm {
		return k, hedui.Fail(hedui.Forbidden, hedui.Say("signin.needed"), nil)
	}
	return k, nil
}

type keptPage struct {
	doorPage
	ID, To string
	Fields []keptField
	Do     string // what the button said
	Review bool   // the form can be looked at first
	Files  bool
}

type keptField struct{ Name, Value string }

// kept shows that a form was kept, to whoever has sent it.
func (s *Server) kept(w http.ResponseWriter, r *http.Request, at seat) error {
	form, err := s.SignIn.Door.Kept(r.Context(), at.session, r.PathValue("id"))
	if hedui.KindOf(err) == hedui.NotFound && err != nil {
		err = hedui.Fail(hedui.NotFound, hedui.Say("kept.none"), err)
	}
	if err != nil {
		return err
	}
	var k keptForm
	if err := json.Unmarshal(form, &k); err != nil {
		return fmt.Errorf("web: kept form: %w", err)
	}
	return render(w, http.StatusOK, "kept.html", s.keptPage(r, k, at, r.PathValue("id")))
}

// keptPage hands a form back. It has no id where it is kept in the page alone.
func (s *Server) keptPage(r *http.Request, k keptForm, at seat, id string) keptPage {
	p := keptPage{doorPage: s.doorPage(r, "kept.title", at), ID: id, To: inLanguage(k.To, langOf(r)), Do: k.Fields.Get("do"), Files: k.Files}
	if p.Path = "/"; id != "" { // no other address shows it
		p.Path = r.URL.Path
	}
	p.Review = strings.HasPrefix(k.To, "/intake/") && p.Do != "save"
	for name, values := range k.Fields {
		for _, v := range values {
			if name != "do" {
				p.Fields = append(p.Fields, keptField{name, v})
			}
		}
	}
	slices.SortStableFunc(p.Fields, func(a, b keptField) int { return strings.Compare(a.Name, b.Name) })
	return p
}

// forget throws a kept form away.
func (s *Server) forget(w http.ResponseWriter, r *http.Request, at seat) error {
	if err := s.SignIn.Door.Forget(r.Context(), at.session, r.PathValue("id")); err != nil {
		return err
	}
	lead(w, r, "/?lang="+string(langOf(r)))
	return nil
}
