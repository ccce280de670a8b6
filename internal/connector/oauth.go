package connector

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"hedui/source"
)

// grant is how a token of OAuth 2.0 is fetched: client credentials, RFC 6749 § 4.4.
type grant struct {
	tokenURL string
	path     template // of tokenURL
	client   string
	scopes   []string
	inBody   bool // id and secret travel in the body, not by HTTP Basic
}

// tokens keeps the token of one department until shortly before its end. One
// call at a time fetches; the others wait for what it brings.
type tokens struct {
	turn  chan struct{} // holds one element while nobody fetches
	value string
	until time.Time // zero = until the department refuses it
}

func newTokens() *tokens {
	t := &tokens{turn: make(chan struct{}, 1)}
	t.turn <- struct{}{}
	return t
}

// take returns a token that holds at now, fetching one if need be.
func (t *tokens) take(ctx context.Context, now time.Time, fetch func() (string, time.Duration, error)) (string, error) {
	select {
	case <-t.turn:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { t.turn <- struct{}{} }()
	if t.value != "" && (t.until.IsZero() || now.Before(t.until)) {
		return t.value, nil
	}
	value, life, err := fetch()
	if err != nil {
		return "", err
	}
	t.value, t.until = value, time.Time{}
	if life > 0 {
		t.until = now.Add(life - min(life/10, time.Minute))
	}
	return value, nil
}

// drop throws the token away that the department refused, unless another call
// has fetched a newer one by now; with an empty text, whichever there is.
func (t *tokens) drop(ctx context.Context, refused string) {
	select {
	case <-t.turn:
		if t.value == refused || refused == "" {
			t.value = ""
		}
		t.turn <- struct{}{}
	case <-ctx.Done():
	}
}

// fetchToken asks for a token. What the department sends with a refusal is not
// passed on.
func (s *desk) fetchToken(ctx context.Context, client *http.Client, secret string) (string, time.Duration, error) {
	g := s.cfg.auth.grant
	config := clientcredentials.Config{ClientID: g.client, ClientSecret: secret, TokenURL: g.tokenURL, Scopes: g.scopes, AuthStyle: oauth2.AuthStyleInHeader}
	if g.inBody {
		config.AuthStyle = oauth2.AuthStyleInParams
	}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return "", 0, err
	}
	return token.AccessToken, lifetime(token), nil
}

// lifetime is how long the department says that the token holds, from now; zero
// if it does not say. The library's own reckoning is by a clock of its own.
func lifetime(token *oauth2.Token) time.Duration {
	seconds := 0.0
	switch v := token.Extra("expires_in").(type) {
	case float64:
		seconds = v
	case json.Number:
		seconds, _ = v.Float64()
	case string: // against the standard, and not rare
		seconds, _ = json.Number(v).Float64()
	}
	return time.Duration(max(0, min(seconds, 366*24*3600))) * time.Second
}

// noToken says why there is no token.
func (s *desk) noToken(ctx context.Context, err error) *source.Unavailable {
	var refused *oauth2.RetrieveError
	var connection *url.Error
	switch {
	case ctx.Err() != nil, errors.As(err, &connection):
		return s.cfg.broken(ctx, err)
	case !errors.As(err, &refused) || refused.Response == nil:
		return &source.Unavailable{Reason: source.ReasonMalformed, Err: s.cfg.oops("what came instead of a token cannot be read")}
	}
	m := httpMeaning(refused.Response.StatusCode)
	if !m.unavailable() { // 400 invalid_client
		m = meaning{"credentials", source.ReasonCredentials}
	}
	return s.cfg.unavailable(reply{header: refused.Response.Header, at: s.now()}, m, "no token was given")
}
