package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
)

// signPage is a consent form on the screen: what is signed, what it covers, and a box
// to sign in. It is the one page of the console that needs script and a pen or a
// finger; everything else about a consent is done on paper as well.
type signPage struct {
	frame
	Case, Number, Who, Office, Centre string
	Text                              []string
	Ticks                             []tickRow
	Strokes                           string
	Wide, High                        int
	Problems                          []problemRow
	Wrong                             []string // about the signature
}

type tickRow struct {
	Code, Name, Owner string
	On                bool
	Wrong             bool
}

func (s *Server) signConsent(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.signPage(r, o, nil)
	if err != nil {
		return err
	}
	return render(w, http.StatusOK, "sign.html", p)
}

func (s *Server) signPage(r *http.Request, o hedui.Officer, agreed []catalog.Code) (*signPage, error) {
	id, number := r.PathValue("id"), r.PathValue("number")
	sign, err := s.Desk.ConsentToSign(r.Context(), o, id, number)
	if err != nil {
		return nil, err
	}
	p := &signPage{frame: s.frame(r, "sign.title"), Case: "/own/" + id + "?lang=" + string(langOf(r)), Number: sign.Form.Number, Office: sign.Form.Office, Centre: sign.Form.Centre,
		Text: sign.Form.Wording(lang.Chinese), Wide: report.SignatureWidth, High: report.SignatureHeight}
	p.Path = "/own/" + id + "/consents/" + number + "/sign" // also of a page that a form has brought
	if signer, ok := sign.Case.Person(sign.Consent.Signer); ok {
		p.Who = signer.Name
		if person, ok := sign.Case.Person(sign.Consent.Person); ok && person.No != signer.No {
			p.Who = p.T("sign.for", signer.Name, person.Name)
		}
	}
	for _, code := range sign.Consent.Categories {
		row := tickRow{Code: string(code), Name: p.category(code), On: slices.Contains(agreed, code)}
		if known, ok := catalog.Get(code); ok {
			if owner, ok := known.OwnerOn(sign.Form.On); ok {
				row.Owner = owner.Name
			}
		}
		p.Ticks = append(p.Ticks, row)
	}
	return p, nil
}

// takeSignature keeps a form that was signed on the screen, or shows it with what is
// missing and what was ticked and drawn.
func (s *Server) takeSignature(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if err := r.ParseForm(); err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("problem.signature.form"), err)
	}
	var agreed []catalog.Code
	for _, code := range r.PostForm["agree"] {
		agreed = append(agreed, catalog.Code(code))
	}
	strokes := r.PostFormValue("strokes")
	_, err := s.Desk.SignConsent(r.Context(), o, r.PathValue("id"), r.PathValue("number"), strokes, agreed)
	if err == nil {
		lead(w, r, "/own/"+r.PathValue("id")+"?lang="+string(langOf(r))+"&done=sign")
		return nil
	}
	var known *hedui.Error
	if hedui.KindOf(err) != hedui.Invalid || !errors.As(err, &known) {
		return err
	}
	p, cause := s.signPage(r, o, agreed)
	if cause != nil {
		return cause
	}
	if _, bad := report.ParseStrokes(strokes); bad == nil {
		p.Strokes = strokes
	}
	missing := 0
	for _, one := range known.Problems {
		if one.Field == "strokes" {
			p.Wrong = append(p.Wrong, p.say(one.Say))
			continue
		}
		missing++
		for i := range p.Ticks {
			if "agree-"+p.Ticks[i].Code == one.Field {
				p.Ticks[i].Wrong = true
			}
		}
		if missing == 1 {
			p.Problems = append(p.Problems, problemRow{Anchor: one.Field})
		}
	}
	if missing > 0 {
		p.Problems[0].Text = p.T("sign.unticked", strconv.Itoa(missing))
	}
	for _, text := range p.Wrong {
		p.Problems = append(p.Problems, problemRow{Anchor: "pad", Text: text})
	}
	return render(w, http.StatusUnprocessableEntity, "sign.html", p)
}
