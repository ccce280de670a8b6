package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/seal"
)

// signSheet makes the detached seal of a sheet's bytes.
func signSheet(key seal.Signer, name string, at time.Time, body []byte) ([]byte, error) {
	sealed, err := seal.MakeJSONSeal(key, sheetSubject+name, at, body)
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(sealed, "", "  ")
}

// sheetSubject begins the subject of a sheet's seal, so that the seal of
// something else does not count for one.
const sheetSubject = "readiness sheet of source "

type sourceVerifyCommand struct {
	File  string `arg:"" help:"Readiness sheet as JSON; its signature stands beside it (FILE.sig)."`
	Trust string `help:"Keys and certificates that are trusted (default: trust.pem beside FILE or one level above)."`
}

// Run checks a signed sheet without any network, or names what was altered.
func (c *sourceVerifyCommand) Run(_ context.Context, s streams) error {
	body, err := readBounded(c.File, maxSource)
	if err != nil {
		return err
	}
	signature, err := readBounded(c.File+".sig", maxSource)
	if err != nil {
		return err
	}
	find := verifyCommand{Trust: c.Trust}
	trust, from, err := find.trust(c.File)
	if err != nil {
		return err
	}
	var sealed seal.Seal
	if json.Unmarshal(signature, &sealed) != nil || !strings.HasPrefix(sealed.Subject, sheetSubject) {
		return hedui.Fail(hedui.Invalid, hedui.Say("source.verify.other", c.File+".sig"), nil)
	}
	err = checkSheet(sealed, body, trust)
	var altered *seal.Altered
	switch {
	case errors.As(err, &altered):
		return hedui.Fail(hedui.Invalid, hedui.Say("source.verify.altered", strings.Join(altered.Names, " ")), nil)
	case err != nil:
		return hedui.Fail(hedui.Invalid, hedui.Say("source.verify.bad"), err)
	}
	s.say(s.out, "source.verify.good", strings.TrimPrefix(sealed.Subject, sheetSubject),
		sealed.SealedAt.In(day.Beijing).Format(time.DateTime), sealed.KeyID, from)
	return nil
}

func checkSheet(sealed seal.Seal, body []byte, trust *seal.Trust) error {
	verifier, err := trust.Verifier(sealed.KeyID)
	if err != nil {
		return err
	}
	sections, err := seal.JSONSections(sealed.Algorithm, body)
	if err != nil { // no JSON any more: nothing can be named
		return &seal.Altered{Names: []string{seal.WholeDocument}}
	}
	return sealed.Check(body, sections, verifier)
}
