package casework

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
	"hedui/internal/store"
)

// A ConsentToSign is a consent of a case whose form nobody has signed yet, as it is
// put before the person.
type ConsentToSign struct {
	Case    *hedui.Case
	Consent hedui.Consent
	Form    report.ConsentForm
}

// ConsentToSign shows the form of a consent to the clerk who opened the case, to be
// signed on the screen; a Conflict where it has been signed, has ended, or was
// entered as signed on another day.
func (d *Desk) ConsentToSign(ctx context.Context, o hedui.Officer, id, number string) (ConsentToSign, error) {
	c, err := d.OwnCase(ctx, o, id)
	if err != nil {
		return ConsentToSign{}, err
	}
	return d.toSign(c, number, d.Now())
}

func (d *Desk) toSign(c *hedui.Case, number string, at time.Time) (ConsentToSign, error) {
	i := slices.IndexFunc(c.Consents, func(k hedui.Consent) bool { return k.Number == number })
	if i < 0 {
		return ConsentToSign{}, notFound()
	}
	k := c.Consents[i]
	no := func(key string, args ...string) (ConsentToSign, error) {
		return ConsentToSign{}, hedui.Fail(hedui.Conflict, hedui.Say(key, args...), fmt.Errorf("consent %s of case %s", number, c.ID))
	}
	switch state := c.ConsentState(k, at); {
	case c.Gone() != nil:
		return ConsentToSign{}, c.Gone()
	case k.Scan != "":
		return no("error.consent.scan", number)
	case state != hedui.ConsentGiven && state != hedui.ConsentWitnessed:
		return no("error.signature.ended", number)
	case day.Of(k.SignedAt) != day.Of(at):
		return no("error.signature.day", day.Of(k.SignedAt).String())
	case k.Wording != "" && k.Wording != report.ConsentWording:
		return no("error.signature.wording", k.Wording)
	}
	f := d.consentForm(c, cmp.Or(k.Form, k.Number), at)
	f.Categories = k.Categories
	return ConsentToSign{Case: c, Consent: k, Form: f}, nil
}

// SignConsent takes what a person has drawn on the screen under the form of a
// consent, before the eyes of the officer. Each category of the consent must have
// been ticked. The signed form is kept as the scan of the consent: a PDF with the
// lines in it, under the signature of the node. Every problem is named at once.
func (d *Desk) SignConsent(ctx context.Context, o hedui.Officer, id, number, strokes string, agreed []catalog.Code) (*hedui.Case, error) {
	c, err := d.OwnCase(ctx, o, id)
	if err != nil {
		return nil, err
	}
	at := d.Now()
	sign, err := d.toSign(c, number, at)
	if err != nil {
		return nil, err
	}
	var problems []hedui.Problem
	for _, code := range sign.Consent.Categories {
		if !slices.Contains(agreed, code) {
			known, _ := catalog.Get(code)
			problems = append(problems, hedui.Problem{Field: "agree-" + string(code), Say: hedui.Say("problem.signature.agree", known.Name)})
		}
	}
	lines, err := report.ParseStrokes(strokes)
	var bad *hedui.Error
	if errors.As(err, &bad) {
		problems = append(problems, bad.Problems...)
	}
	if err := hedui.Problems(problems); err != nil {
		return nil, err
	}
	sign.Form.Agreed = sign.Consent.Categories
	sign.Form.Signatures = map[int]report.Signature{sign.Consent.Person: {Strokes: lines, At: at, Witness: o.Name, Office: o.Office,
		Until: day.Of(sign.Consent.Until.Add(-time.Second))}}
	file, err := d.printPaper(o, sign.Form, PaperOrder{Form: "pdf", Lang: lang.Chinese}, number, at)
	if err != nil {
		return nil, err
	}
	return d.act(ctx, o, id, audit.ConsentScanned, func(tx *store.Tx, now *hedui.Case, _ time.Time) (string, error) {
		if err := o.MayOn(hedui.OpenCases, now); err != nil {
			return "", err
		}
		if now.Rev != c.Rev { // the form was made of what it was
			return "", hedui.Fail(hedui.Conflict, hedui.Say("error.changed"), fmt.Errorf("case %s is %d, was %d", id, now.Rev, c.Rev))
		}
		k := &now.Consents[slices.IndexFunc(now.Consents, func(k hedui.Consent) bool { return k.Number == number })]
		k.Scan, k.Document = "application/pdf", digestOf(file.Body)
		k.Witness, k.Wording = cmp.Or(k.Witness, o.Name), report.ConsentWording
		return number, tx.AddScan(ctx, id, number, file.Body)
	})
}
