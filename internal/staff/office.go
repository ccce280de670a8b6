package staff

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"hedui/internal/hedui"
	"hedui/internal/store"
)

// A Provider is the identity provider of an office (OpenID Connect), which says
// who stands before the door. Which officer that is says Claim: its value is the
// officer's id. Fields without a comment are needed.
type Provider struct {
	Name     string // as the button says it
	Issuer   string
	ClientID string
	Secret   string
	Claim    string       // empty = sub
	Client   *http.Client // nil = the standard one

	mu    sync.Mutex
	found *oidc.Provider
}

// officeBack is the path to which the provider sends the browser back.
const officeBack = "/sign-in/office/back"

// officeWait is how long the provider may take to answer.
const officeWait = 15 * time.Second

// officeState is what was asked of a provider, so that its answer belongs to the
// question: the state ties it to the browser, the nonce to the token, the
// verifier to the code (RFC 7636).
type officeState struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Next     string    `json:"next"`
	Again    time.Time `json:"again,omitzero"` // a step-up that was begun then
}

func (p *Provider) context(ctx context.Context) context.Context {
	client := p.Client
	if client == nil {
		client = &http.Client{Timeout: officeWait}
	}
	return oidc.ClientContext(ctx, client)
}

// find reads what the provider says of itself, once it answers. What it keeps
// outlives the request that asked first.
func (p *Provider) find(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	found, err := oidc.NewProvider(p.context(context.WithoutCancel(ctx)), p.Issuer)
	if err != nil {
		return nil, hedui.Fail(hedui.Unavailable, hedui.Say("signin.office_away"), err)
	}
	p.found = found
	return found, nil
}

func (d *Door) client(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: d.Office.ClientID, ClientSecret: d.Office.Secret, Endpoint: found.Endpoint(),
		RedirectURL: d.Origin + officeBack, Scopes: []string{oidc.ScopeOpenID, "profile"}}
}

// AskOffice returns the address at the provider to which the browser is led, and
// the pass that it must bring back. Somebody who is signed in steps up; next is
// returned by [Door.OfficeBack].
func (d *Door) AskOffice(ctx context.Context, v Visitor, next string) (address string, pass Pass, err error) {
	if d.Office == nil {
		return "", Pass{}, hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	found, err := d.Office.find(ctx)
	if err != nil {
		return "", Pass{}, err
	}
	o := &officeState{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next}
	options := []oauth2.AuthCodeOption{oidc.Nonce(o.Nonce), oauth2.S256ChallengeOption(o.Verifier)}
	if s, err := d.Session(ctx, v.Token); err == nil && s.Stage == store.SessionOpen {
		o.Again = d.Now()
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	if pass, err = d.begin(ctx, v, pending{Office: o}); err != nil {
		return "", Pass{}, err
	}
	return d.client(found).AuthCodeURL(o.State, options...), pass, nil
}

// OfficeBack is the proof by the provider: the browser has come back with a state
// and a code. It returns what AskOffice was given as next.
func (d *Door) OfficeBack(ctx context.Context, v Visitor, state, code string) (p Pass, next string, err error) {
	again := func(err error) (Pass, string, error) {
		return Pass{}, "", hedui.Fail(hedui.Conflict, hedui.Say("signin.begin_again"), err)
	}
	if d.Office == nil {
		return again(nil)
	}
	s, asked, err := d.officeAsked(ctx, v)
	if err != nil || asked == nil {
		return again(err)
	}
	if code == "" || subtle.ConstantTimeCompare([]byte(state), []byte(asked.State)) != 1 {
		return again(errors.New("the state is not that of this browser"))
	}
	id, proof, err := d.officeSays(ctx, asked, code)
	if hedui.KindOf(err) == hedui.Unavailable {
		return Pass{}, "", err
	}
	var o hedui.Officer
	known := false
	if err == nil {
		if o, known, err = d.known(ctx, id); err != nil {
			return Pass{}, "", err
		}
	}
	if !known || s.Officer != "" && s.Officer != o.ID {
		failed := d.failed(ctx, hedui.Officer{ID: s.Officer}, byOffice, "signin.office_wrong")
		return Pass{}, "", errors.Join(failed, err)
	}
	if s.Stage == store.SessionOpen {
		p, err = d.proved(ctx, v, s, proof.how)
	} else {
		p, err = d.enter(ctx, v, o, proof, func(*store.Tx) error { return nil })
	}
	return p, asked.Next, err
}

// officeAsked takes what was asked of the provider in the visitor's session; it
// counts once.
func (d *Door) officeAsked(ctx context.Context, v Visitor) (s store.Session, asked *officeState, err error) {
	if s, err = d.Session(ctx, v.Token); err != nil {
		return s, nil, err
	}
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		if s, err = tx.Session(ctx, s.Token); err != nil {
			return err
		}
		p, err := readPending(s)
		if err != nil {
			return err
		}
		asked, p.Office = p.Office, nil
		if s.Pending, err = json.Marshal(p); err != nil {
			return fmt.Errorf("staff: session: %w", err)
		}
		return tx.MoveSession(ctx, s.Token, s)
	})
	return s, asked, err
}

// Check reports whether the provider answers.
func (p *Provider) Check(ctx context.Context) error {
	_, err := p.find(ctx)
	return err
}

// officeSays redeems the code and reads from the provider's token who it is.
func (d *Door) officeSays(ctx context.Context, asked *officeState, code string) (id string, proof shownProof, err error) {
	found, err := d.Office.find(ctx)
	if err != nil {
		return "", proof, err
	}
	ctx, cancel := context.WithTimeout(d.Office.context(ctx), officeWait)
	defer cancel()
	token, err := d.client(found).Exchange(ctx, code, oauth2.VerifierOption(asked.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			return "", proof, fmt.Errorf("staff: provider: %s", refused.ErrorCode)
		}
		return "", proof, hedui.Fail(hedui.Unavailable, hedui.Say("signin.office_away"), err)
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := found.Verifier(&oidc.Config{ClientID: d.Office.ClientID, Now: d.Now}).Verify(ctx, raw)
	if err != nil {
		return "", proof, fmt.Errorf("staff: provider: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(asked.Nonce)) != 1 {
		return "", proof, errors.New("staff: provider: the token is not the answer to this question")
	}
	return d.officeClaims(verified, asked)
}

func (d *Door) officeClaims(token *oidc.IDToken, asked *officeState) (id string, proof shownProof, err error) {
	var claims map[string]any
	var known struct {
		AuthTime int64    `json:"auth_time"`
		AMR      []string `json:"amr"`
	}
	if err := errors.Join(token.Claims(&claims), token.Claims(&known)); err != nil {
		return "", proof, fmt.Errorf("staff: provider: %w", err)
	}
	if !asked.Again.IsZero() && time.Unix(known.AuthTime, 0).Before(asked.Again.Add(-skew)) {
		return "", proof, errors.New("staff: provider: the person was not asked again")
	}
	claim := d.Office.Claim
	if claim == "" {
		claim = "sub"
	}
	if verified, said := claims["email_verified"].(bool); claim == "email" && (!said || !verified) {
		return "", proof, errors.New("staff: provider: the address is not verified")
	}
	id, _ = claims[claim].(string)
	if id == "" || !plainID(id) {
		return "", proof, fmt.Errorf("staff: provider: no claim %s", claim)
	}
	proof.how = byOffice
	if slices.Contains(known.AMR, "mfa") { // RFC 8176
		proof.how = byOfficeMFA
	}
	if known.AuthTime > 0 { // without it nobody knows how long ago the person was asked
		proof.at = time.Unix(known.AuthTime, 0)
	}
	return id, proof, nil
}
