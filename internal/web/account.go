package web

import (
	"errors"
	"net/http"

	"hedui/internal/hedui"
	"hedui/internal/staff"
	"hedui/internal/store"
)

// The pages of one's own account: how one signs in, and where one is signed in.

type sessionRow struct {
	ID, Browser, Address, Since, Seen string
	Here                              bool
}

type proofRow struct{ ID, Kind, Name, Made, Used string }

func (s *Server) account(w http.ResponseWriter, r *http.Request, at seat) error {
	return s.showAccount(w, r, at, nil)
}

func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, at seat, wrong error) error {
	p := s.doorPage(r, "signin.account", at)
	if err := s.fillHas(r.Context(), &p, at); err != nil {
		return err
	}
	list, err := s.SignIn.Door.Credentials(r.Context(), at.session)
	if err != nil {
		return err
	}
	for _, c := range list {
		switch c.Kind {
		case store.PasswordCredential:
			p.Changed = clock(c.MadeAt)
		case store.TOTPCredential, store.PasskeyCredential:
			p.Proofs = append(p.Proofs, proofRow{ID: c.ID, Kind: p.T("signin.kind." + string(c.Kind)), Name: c.Name, Made: clock(c.MadeAt), Used: clock(c.UsedAt)})
		}
	}
	p.Last = !s.SignIn.Door.Rules.Optional && len(p.Proofs) == 1
	sessions, err := s.SignIn.Door.Sessions(r.Context(), at.session)
	if err != nil {
		return err
	}
	for _, one := range sessions {
		p.Sessions = append(p.Sessions, sessionRow{ID: one.ID, Browser: one.Browser, Address: one.Address, Since: clock(one.MadeAt), Seen: clock(one.SeenAt), Here: one.ID == at.session.ID})
	}
	idle, absolute := s.SignIn.Door.Ends(at.session)
	p.Idle, p.Absolute = clock(idle), clock(absolute)
	return s.show(w, "account.html", p, wrong)
}

func (s *Server) endSessions(w http.ResponseWriter, r *http.Request, at seat) error {
	id := r.PostFormValue("session")
	if id == "all" {
		id = ""
	} else if id == "" {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	if err := s.SignIn.Door.End(r.Context(), at.session, id); err != nil {
		return err
	}
	lead(w, r, s.to(r, "/account", ""))
	return nil
}

func (s *Server) passwordPage(w http.ResponseWriter, r *http.Request, at seat) error {
	return s.showPassword(w, r, at, nil)
}

func (s *Server) showPassword(w http.ResponseWriter, r *http.Request, at seat, wrong error) error {
	p := s.doorPage(r, "signin.change", at)
	if err := s.fillHas(r.Context(), &p, at); err != nil {
		return err
	}
	p.Initial = at.session.Stage == store.SessionChange
	return s.show(w, "password.html", p, wrong)
}

func (s *Server) password(w http.ResponseWriter, r *http.Request, at seat) error {
	if r.PostFormValue("password") != r.PostFormValue("repeat") {
		return s.showPassword(w, r, at, hedui.Problems([]hedui.Problem{{Field: "repeat", Say: hedui.Say("signin.repeat_wrong")}}))
	}
	pass, err := s.SignIn.Door.ChangePassword(r.Context(), at.visitor, at.session, r.PostFormValue("old"), r.PostFormValue("password"))
	if to := s.staleTo(r, err); to != "" {
		lead(w, r, to)
		return nil
	}
	if err != nil {
		return s.showPassword(w, r, at, err)
	}
	return s.passed(w, r, pass, or(at.next, "/account", at.session))
}

// or is where one goes on after a change: where one wanted to go, or the account
// if one came from there.
func or(next, account string, was store.Session) string {
	if next == "/" && was.Stage == store.SessionOpen {
		return account
	}
	return next
}

// staleTo leads to the page for a fresh proof, if that is what is missing.
func (s *Server) staleTo(r *http.Request, err error) string {
	var e *hedui.Error
	if errors.As(err, &e) && e.Say.Key == "signin.stale" {
		return s.to(r, "/sign-in/again", sameSite(r.URL.Path))
	}
	return ""
}

func (s *Server) choosePage(w http.ResponseWriter, r *http.Request, at seat) error {
	return s.show(w, "choose.html", s.doorPage(r, "signin.choose", at), nil)
}

func (s *Server) appPage(w http.ResponseWriter, r *http.Request, at seat) error {
	return s.showApp(w, r, at, nil)
}

func (s *Server) showApp(w http.ResponseWriter, r *http.Request, at seat, wrong error) error {
	offer, err := s.SignIn.Door.OfferTOTP(r.Context(), at.visitor, at.session)
	if to := s.staleTo(r, err); to != "" {
		lead(w, r, to)
		return nil
	}
	if err != nil {
		return err
	}
	p := s.doorPage(r, "signin.app", at)
	p.Secret = offer.Secret
	if p.QR, p.QRSide, err = qrOf(offer.URL); err != nil {
		return err
	}
	return s.show(w, "app.html", p, wrong)
}

func (s *Server) app(w http.ResponseWriter, r *http.Request, at seat) error {
	pass, err := s.SignIn.Door.SetTOTP(r.Context(), at.visitor, at.session, r.PostFormValue("code"))
	if err != nil {
		return s.showApp(w, r, at, err)
	}
	return s.setUp(w, r, pass, at)
}

// setUp leads on after a second proof was set up: to the recovery codes, which
// whoever has one should have.
func (s *Server) setUp(w http.ResponseWriter, r *http.Request, p staff.Pass, at seat) error {
	if p.Session.Stage != store.SessionOpen {
		return s.passed(w, r, p, at.next)
	}
	s.SignIn.give(w, p)
	lead(w, r, s.to(r, "/account/recovery", or(at.next, "/account", at.session)))
	return nil
}

func (s *Server) newPasskeyPage(w http.ResponseWriter, r *http.Request, at seat) error {
	return s.show(w, "passkey.html", s.doorPage(r, "signin.passkey_new", at), nil)
}

func (s *Server) newPasskeyOptions(w http.ResponseWriter, r *http.Request, at seat) error {
	options, err := s.SignIn.Door.OfferPasskey(r.Context(), at.visitor, at.session)
	if err != nil {
		return err
	}
	return writeJSON(w, options)
}

func (s *Server) newPasskey(w http.ResponseWriter, r *http.Request, at seat) error {
	name := r.PostFormValue("name")
	pass, err := s.SignIn.Door.SetPasskey(r.Context(), at.visitor, at.session, name, []byte(r.PostFormValue("response")))
	if to := s.staleTo(r, err); to != "" {
		lead(w, r, to)
		return nil
	}
	if err != nil {
		p := s.doorPage(r, "signin.passkey_new", at)
		p.Typed = name
		return s.show(w, "passkey.html", p, err)
	}
	return s.setUp(w, r, pass, at)
}

func (s *Server) drop(w http.ResponseWriter, r *http.Request, at seat) error {
	err := s.SignIn.Door.Drop(r.Context(), at.session, r.PostFormValue("credential"))
	if err != nil {
		return s.showAccount(w, r, at, err)
	}
	lead(w, r, s.to(r, "/account", ""))
	return nil
}

func (s *Server) recoveryPage(w http.ResponseWriter, r *http.Request, at seat) error {
	p := s.doorPage(r, "signin.recovery", at)
	if err := s.fillHas(r.Context(), &p, at); err != nil {
		return err
	}
	return s.show(w, "recovery.html", p, nil)
}

func (s *Server) recovery(w http.ResponseWriter, r *http.Request, at seat) error {
	codes, err := s.SignIn.Door.RecoveryCodes(r.Context(), at.session)
	if err != nil {
		return err
	}
	p := s.doorPage(r, "signin.recovery", at)
	p.Codes = codes
	return s.show(w, "recovery.html", p, nil)
}
