package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hedui/internal/hedui"
)

//go:embed families/*.yaml
var families embed.FS

// A family is one filled-in form with the file it stands in.
type family struct {
	path string
	text []byte
	form hedui.Form
}

// title is the name of the file as a name: "wang.yaml" is Wang.
func (f family) title() string {
	name := filepath.Base(f.path)
	if ext := strings.ToLower(filepath.Ext(name)); ext == ".yaml" || ext == ".yml" {
		name = name[:len(name)-len(ext)]
	}
	first, size := utf8.DecodeRuneInString(name)
	if size == 0 {
		return name
	}
	return string(unicode.ToUpper(first)) + name[size:]
}

// draftID names the draft of the form. A file is sometimes named after a
// person, so the id holds a digest of the name and not the name.
func (f family) draftID() string {
	sum := sha256.Sum256([]byte(f.path))
	return "demo-" + hex.EncodeToString(sum[:8])
}

// problems says everything that is wrong with the form, with file and line.
func (f family) problems(at time.Time) []hedui.Problem {
	_, _, list := f.form.Read(at)
	return f.locate(list)
}

// readFamilies reads form files, or the two families that come with the program.
// Every file is read and checked before any error is returned, so that all
// problems of all files are named at once and before anything is begun.
func readFamilies(paths []string, at time.Time) ([]family, error) {
	if len(paths) == 0 {
		return embeddedFamilies()
	}
	var list []family
	var problems []hedui.Problem
	for _, path := range paths {
		f, p, bad := readFamily(path)
		if bad {
			problems = append(problems, p)
			continue
		}
		problems = append(problems, f.problems(at)...)
		list = append(list, f)
	}
	return list, hedui.Problems(problems)
}

// readFamily reads one form file, whether what was typed is complete or not.
func readFamily(path string) (f family, p hedui.Problem, bad bool) {
	f.path = path
	var err error
	if f.text, err = os.ReadFile(path); err != nil {
		return f, unreadable(path, err), true
	}
	p, bad = f.decode()
	return f, p, bad
}

func unreadable(path string, err error) hedui.Problem {
	if errors.Is(err, fs.ErrNotExist) {
		return hedui.Problem{Field: path, Say: hedui.Say("problem.file.none")}
	}
	return hedui.Problem{Field: path, Say: hedui.Say("problem.file.unreadable")}
}

func embeddedFamilies() ([]family, error) {
	names, err := fs.Glob(families, "families/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("families: %w", err)
	}
	var list []family
	for i := len(names) - 1; i >= 0; i-- { // Wang, then Li, as the article tells it
		f := family{path: names[i]}
		if f.text, err = families.ReadFile(names[i]); err != nil {
			return nil, fmt.Errorf("families: %w", err)
		}
		if p, bad := f.decode(); bad {
			return nil, hedui.Problems([]hedui.Problem{p})
		}
		list = append(list, f)
	}
	return list, nil
}
