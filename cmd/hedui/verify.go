package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
	"hedui/seal"
)

type verifyCommand struct {
	File  string `arg:"" help:"A sealed report: PDF, or JSON with its detached seal." type:"path"`
	Sig   string `help:"The detached seal of a JSON report (default: FILE.sig)." type:"path"`
	Trust string `help:"Keys and certificates that are trusted (default: trust.pem beside FILE or one level above)." type:"path"`
	JSON  bool   `name:"json" help:"Print the result as JSON."`
}

// errNotValid ends the command with 1 after the result was printed.
var errNotValid = errors.New("the report is not valid")

// Run checks a file without any network and says what it is, or what was altered.
func (v *verifyCommand) Run(_ context.Context, s streams) error {
	file, err := readBounded(v.File, report.MaxFile)
	if err != nil {
		return err
	}
	detached, err := v.detached()
	if err != nil {
		return err
	}
	trust, err := v.trust()
	if err != nil {
		return err
	}
	r, err := report.Verify(file, detached, trust)
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.not_report", v.File), err)
	}
	if v.JSON {
		enc := json.NewEncoder(s.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("print result: %w", err)
		}
	} else {
		s.printResult(r)
	}
	if !r.Valid() {
		return errNotValid
	}
	return nil
}

func (s streams) printResult(r report.Result) {
	s.say(s.out, r.Say.Key, r.Say.Args...)
	if r.Number != "" {
		s.say(s.out, "verify.which", r.Number, strconv.Itoa(r.Version))
	}
	if !r.SealedAt.IsZero() {
		s.say(s.out, "verify.sealed", r.SealedAt.In(day.Beijing).Format(time.DateTime), r.By, r.KeyID)
	}
	for _, a := range r.Altered {
		name := a.Name
		if a.Say.Key != "" {
			name = lang.Text(s.lang, a.Say.Key, a.Say.Args...)
		}
		fmt.Fprintln(s.out, "  - "+name)
	}
}

// readBounded reads a file that is not larger than limit.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("read report: %w", report.ErrTooLarge)
	}
	return os.ReadFile(path)
}

func (v *verifyCommand) detached() ([]byte, error) {
	path := v.Sig
	if path == "" {
		path = v.File + ".sig"
	}
	sig, err := readBounded(path, report.MaxDetached)
	if v.Sig == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a PDF needs none; a JSON report is told so
	}
	return sig, err
}

func (v *verifyCommand) trust() (*seal.Trust, error) {
	if v.Trust != "" {
		return seal.LoadTrust(v.Trust)
	}
	dir := filepath.Dir(v.File)
	for _, d := range []string{dir, filepath.Dir(dir)} {
		trust, err := seal.LoadTrust(filepath.Join(d, "trust.pem"))
		if !errors.Is(err, fs.ErrNotExist) {
			return trust, err
		}
	}
	return nil, hedui.Fail(hedui.NotFound, hedui.Say("error.no_trust"), nil)
}
