package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/workbook"
	"hedui/seal"
)

type listVerifyCommand struct {
	File     string `arg:"" help:"The workbook." type:"path"`
	Password string `name:"password-file" help:"File with the password of the workbook; - reads standard input. None for one that is not encrypted."`
	Trust    string `help:"Keys and certificates that are trusted (default: trust.pem beside FILE or one level above)." type:"path"`
}

// Run checks without any network that a centre has given the workbook out with the
// persons that stand in it; what a clerk has filled in since is not signed.
func (c *listVerifyCommand) Run(_ context.Context, s streams) error {
	data, err := readBounded(c.File, workbook.MaxFile)
	if err != nil {
		return err
	}
	var passwords []string
	if c.Password != "" {
		password, err := readPassword(c.Password)
		if err != nil {
			return err
		}
		passwords = []string{password}
	}
	find := verifyCommand{Trust: c.Trust}
	trust, from, err := find.trust(c.File)
	if err != nil {
		return err
	}
	plain, _, err := workbook.Unlock(data, passwords)
	if err != nil {
		return err
	}
	number, body, signature, err := workbook.Statement(plain)
	if err != nil {
		return err
	}
	var sealed seal.Seal
	if json.Unmarshal(signature, &sealed) != nil || sealed.Subject != casework.ListSubject+number {
		return hedui.Fail(hedui.Invalid, hedui.Say("list.verify.other", c.File), nil)
	}
	err = sealed.CheckJSON(body, trust)
	var altered *seal.Altered
	switch {
	case errors.As(err, &altered):
		return hedui.Fail(hedui.Invalid, hedui.Say("list.verify.altered", strings.Join(altered.Names, " ")), nil)
	case err != nil:
		return hedui.Fail(hedui.Invalid, hedui.Say("list.verify.bad"), err)
	}
	s.say(s.out, "list.verify.good", number, clock(sealed.SealedAt), sealed.KeyID, from)
	return nil
}

// readPassword reads the first line of a file, or of standard input.
func readPassword(path string) (string, error) {
	body, err := []byte(nil), error(nil)
	if path == "-" {
		body, err = io.ReadAll(io.LimitReader(os.Stdin, 1<<10))
	} else {
		body, err = os.ReadFile(path)
	}
	if err != nil {
		return "", hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", path), err)
	}
	line, _, _ := bytes.Cut(body, []byte("\n"))
	return strings.TrimSpace(string(line)), nil
}
