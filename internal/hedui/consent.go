package hedui

import (
	"slices"
	"time"

	"hedui/catalog"
	"hedui/source"
)

// A Consent is one person's signed 授权书 for one programme. It never widens:
// another programme, another category or a changed household needs a new one.
type Consent struct {
	Number     string         `json:"number"`
	Person     int            `json:"person"`
	Programme  Programme      `json:"programme"`
	Categories []catalog.Code `json:"categories"`
	Signer     int            `json:"signer"`            // the person, or the guardian
	Witness    string         `json:"witness,omitempty"` // officer who saw the signature
	SignedAt   time.Time      `json:"signed_at"`
	Until      time.Time      `json:"until"` // first instant at which it no longer holds
	Withdrawn  time.Time      `json:"withdrawn,omitzero"`
	Document   string         `json:"document"` // digest of the scan or signed form, "sha256:…"
}

// Holds reports why the consent does not hold for the programme at the instant
// at, as the key of a problem text, or "" if it does.
func (c Consent) Holds(p Programme, at time.Time) string {
	switch {
	case c.Programme != p:
		return "problem.consent.programme"
	case !c.Withdrawn.IsZero() && !at.Before(c.Withdrawn):
		return "problem.consent.withdrawn"
	case at.Before(c.SignedAt):
		return "problem.consent.future"
	case !at.Before(c.Until):
		return "problem.consent.expired"
	}
	return ""
}

// mandate is the right to ask about p that the consent gives for the case.
func (c Consent) mandate(number string, p Person) (source.Mandate, error) {
	until := c.Until
	if !c.Withdrawn.IsZero() && c.Withdrawn.Before(until) {
		until = c.Withdrawn
	}
	return source.Mint(source.Terms{
		Number: number, Consent: c.Number, Purpose: string(c.Programme), Person: p.Subject(),
		Categories: slices.Clone(c.Categories), From: c.SignedAt, Until: until,
	})
}
