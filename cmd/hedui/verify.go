package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
	"hedui/seal"
)

type verifyCommand struct {
	Files []string `arg:"" name:"file" help:"Sealed reports: PDF, or JSON with its detached seal beside it." type:"path"`
	Sig   string   `help:"The detached seal of one JSON report (default: FILE.sig)." type:"path"`
	Trust string   `help:"Keys and certificates that are trusted (default: trust.pem beside FILE or one level above)." type:"path"`
	Proof bool     `name:"require-proof" help:"Fail where a report has no proof that its sealing is in the audit log, or it cannot be checked."`
	JSON  bool     `name:"json" help:"Print each result as one JSON object."`
}

// Run checks files without any network and says of each what it is, or what was
// altered. A file that cannot be checked does not keep the others from it.
func (v *verifyCommand) Run(_ context.Context, s streams) error {
	if v.Sig != "" && len(v.Files) > 1 {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.one_sig"), nil)
	}
	bad := 0
	for _, path := range v.Files {
		r, from, err := v.check(path)
		var in inLog
		if err == nil {
			in = v.proved(path, from, r)
			err = v.print(s, path, from, r, in)
		}
		if err != nil {
			if len(v.Files) == 1 {
				return err
			}
			s.explain(err)
		}
		if err != nil || !r.Valid() || in.bad(v.Proof) {
			bad++
		}
	}
	switch {
	case bad == 0:
		return nil
	case len(v.Files) == 1:
		return hedui.Fail(hedui.Invalid, hedui.Say("error.not_valid"), nil)
	}
	return hedui.Fail(hedui.Invalid, hedui.Say("error.some_not_valid", strconv.Itoa(bad), strconv.Itoa(len(v.Files))), nil)
}

// check reads one report and checks it.
func (v *verifyCommand) check(path string) (r report.Result, from string, err error) {
	file, err := readBounded(path, report.MaxFile)
	if err != nil {
		return r, "", err
	}
	detached, err := v.detached(path)
	if err != nil {
		return r, "", err
	}
	trust, from, err := v.trust(path)
	if err != nil {
		return r, "", err
	}
	r, err = report.Verify(file, detached, trust)
	switch {
	case err != nil && isHTML(file):
		return r, from, hedui.Fail(hedui.Invalid, hedui.Say("error.html_copy", path), nil)
	case err != nil, foreign(file, detached, r):
		return r, from, hedui.Fail(hedui.Invalid, hedui.Say("error.not_report", path), nil)
	}
	return r, from, nil
}

func isHTML(file []byte) bool {
	head := strings.ToLower(string(file[:min(len(file), 200)]))
	return strings.Contains(head, "<!doctype html") || strings.Contains(head, "<html")
}

// foreign reports whether a file is of somebody else: it has no seal of ours, and
// nothing in it says that it ever was a report of Hedui.
func foreign(file, detached []byte, r report.Result) bool {
	if r.Number != "" || len(detached) > 0 || r.Verdict != report.Unsealed && r.Verdict != report.Truncated {
		return false
	}
	producer := []byte{'H', 0, 'e', 0, 'd', 0, 'u', 0, 'i'} // as a PDF of ours names itself, in UTF-16
	return !bytes.Contains(file, producer) && !bytes.Contains(file, []byte(report.Form)) && !bytes.Contains(file, []byte("Hedui"))
}

// outcome is a result as a program reads it, with the sentence for people.
type outcome struct {
	File     string `json:"file"`
	Valid    bool   `json:"valid"`
	Trust    string `json:"trust"` // file of the keys
	Sentence string `json:"sentence"`
	Log      inLog  `json:"log"`
	report.Result
}

func (v *verifyCommand) print(s streams, path, from string, r report.Result, in inLog) error {
	if !v.JSON {
		if len(v.Files) > 1 {
			fmt.Fprintln(s.out, path)
		}
		s.printResult(r)
		in.print(s)
		key := "verify.trust"
		if v.Trust == "" {
			key = "verify.trust_beside"
		}
		s.say(s.out, key, from)
		return nil
	}
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(outcome{path, r.Valid(), from, lang.Text(s.lang, r.Say.Key, r.Say.Args...), in, r}); err != nil {
		return fmt.Errorf("print result: %w", err)
	}
	return nil
}

func (s streams) printResult(r report.Result) {
	s.say(s.out, r.Say.Key, r.Say.Args...)
	switch title := "paper." + r.Paper + ".title"; {
	case r.Paper != "" && lang.Has(title):
		s.say(s.out, "verify.paper", lang.Text(s.lang, title), r.Number)
	case r.Number != "":
		s.say(s.out, "verify.which", r.Number, strconv.Itoa(r.Version))
	}
	if at := r.SealedAt.In(day.Beijing).Format(time.DateTime); !r.SealedAt.IsZero() && r.By != "" {
		s.say(s.out, "verify.sealed", at, r.By, r.KeyID)
	} else if !r.SealedAt.IsZero() {
		s.say(s.out, "verify.sealed_key", at, r.KeyID)
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
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, hedui.Fail(hedui.NotFound, hedui.Say("error.no_file", path), err)
	case err == nil && (info.IsDir() || info.Size() > limit):
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.not_report", path), nil)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", path), err)
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, limit+1)) // what is no file has no size
	if err != nil {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", path), err)
	}
	if int64(len(body)) > limit {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.not_report", path), nil)
	}
	return body, nil
}

func (v *verifyCommand) detached(path string) ([]byte, error) {
	if v.Sig != "" {
		return readBounded(v.Sig, report.MaxDetached)
	}
	sig, err := readBounded(path+".sig", report.MaxDetached)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a PDF needs none; a JSON report is told so
	}
	return sig, err
}

func (v *verifyCommand) trust(path string) (t *seal.Trust, from string, err error) {
	candidates := []string{v.Trust}
	if v.Trust == "" {
		dir := filepath.Dir(path)
		candidates = []string{filepath.Join(dir, "trust.pem"), filepath.Join(filepath.Dir(dir), "trust.pem")}
	}
	for _, name := range candidates {
		trust, err := seal.LoadTrust(name)
		switch {
		case err == nil:
			return trust, name, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, "", hedui.Fail(hedui.Invalid, hedui.Say("error.trust", name), err)
		}
	}
	if v.Trust != "" {
		return nil, "", hedui.Fail(hedui.NotFound, hedui.Say("error.no_file", v.Trust), nil)
	}
	return nil, "", hedui.Fail(hedui.NotFound, hedui.Say("error.no_trust"), nil)
}
