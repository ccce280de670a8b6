package connector

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// auth is how the department knows us.
type auth struct {
	kind, name, user   string
	secret, secretFile string
	grant              grant    // of oauth2
	signing            signing  // of hmac
	identity           identity // of TLS, with any kind
}

// at returns the same at another scheme and host.
func (a auth) at(base *url.URL) auth {
	if a.grant.tokenURL != "" {
		a.grant.tokenURL = address{path: a.grant.path}.at(base).fill(func(piece) string { return "" })
	}
	return a
}

// reveal returns the secret, read anew each time so that it can be exchanged
// while Hedui runs.
func (a auth) reveal() (string, error) {
	if a.secretFile == "" {
		return a.secret, nil
	}
	text, err := os.ReadFile(a.secretFile)
	secret := strings.TrimSpace(string(text))
	if err == nil && secret == "" {
		err = errors.New("empty")
	}
	return secret, err
}

func (a auth) set(req *http.Request, secret string) {
	switch a.kind {
	case "header":
		req.Header.Set(a.name, secret)
	case "bearer", "oauth2":
		req.Header.Set("Authorization", "Bearer "+secret)
	case "basic":
		req.SetBasicAuth(a.user, secret)
	}
}
