package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A look is how a person wants to see the pages, kept by the browser.
type look struct {
	Theme    string // of themes
	Size     string // of sizes
	Language string // zh, en, or empty: Chinese
}

var (
	themes = []string{"system", "light", "dark"}
	sizes  = []string{"normal", "large", "larger"}
)

// Themes lists the choices of brightness, the standard first.
func (look) Themes() []string { return themes }

// Sizes lists the choices of type, the standard first.
func (look) Sizes() []string { return sizes }

// Class is what the page's root element is given.
func (l look) Class() string {
	var names []string
	if l.Theme != themes[0] {
		names = append(names, l.Theme)
	}
	if l.Size != sizes[0] {
		names = append(names, l.Size)
	}
	return strings.Join(names, " ")
}

// lookCookie tells nothing of anybody, so it holds for the whole host.
const lookCookie = "hedui-look"

// lookOf reads what was chosen; what is not known counts as not chosen.
func lookOf(r *http.Request) look {
	l := look{Theme: themes[0], Size: sizes[0]}
	c, err := r.Cookie(lookCookie)
	if err != nil {
		return l
	}
	for _, word := range strings.Split(c.Value, ".") {
		switch {
		case slices.Contains(themes, word):
			l.Theme = word
		case slices.Contains(sizes, word):
			l.Size = word
		case word == "zh", word == "en":
			l.Language = word
		}
	}
	return l
}

// setLook keeps a choice for a year and leads back to the page.
func (s *Server) setLook(w http.ResponseWriter, r *http.Request) {
	var words []string
	for _, one := range []struct {
		field string
		known []string
	}{{"theme", themes}, {"size", sizes}, {"language", []string{"zh", "en"}}} {
		if word := r.PostFormValue(one.field); slices.Contains(one.known, word) {
			words = append(words, word)
		}
	}
	http.SetCookie(w, &http.Cookie{Name: lookCookie, Value: strings.Join(words, "."), Path: "/", MaxAge: 365 * 24 * 3600, //nolint:gosec // G124: Secure wherever there is TLS; without it only on loopback
		Secure: s.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode})
	back, err := url.Parse(sameSite(r.PostFormValue("back")))
	if err != nil {
		back = &url.URL{Path: "/"}
	}
	query := back.Query()
	query.Set("lang", r.PostFormValue("language"))
	back.RawQuery = query.Encode()
	lead(w, r, back.RequestURI())
}
