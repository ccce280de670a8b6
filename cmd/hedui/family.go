package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"hedui/internal/hedui"
)

//go:embed families/*.yaml
var families embed.FS

// A family is one filled-in form with the name of its file.
type family struct {
	key  string
	text []byte
	form hedui.Form
}

// title is the name of the file as a name: "wang" is Wang.
func (f family) title() string {
	if f.key == "" {
		return ""
	}
	return strings.ToUpper(f.key[:1]) + f.key[1:]
}

// readFamilies reads form files, or the two families that come with the program.
// Every file is read before any error is returned, so that all are named.
func readFamilies(paths []string) ([]family, error) {
	if len(paths) == 0 {
		return embeddedFamilies()
	}
	var list []family
	var problems []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		f, err := readFamily(path, text)
		if err != nil {
			problems = append(problems, err.Error())
		}
		list = append(list, f)
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(problems, "\n"))
	}
	return list, nil
}

func embeddedFamilies() ([]family, error) {
	names, err := fs.Glob(families, "families/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("families: %w", err)
	}
	var list []family
	for i := len(names) - 1; i >= 0; i-- { // Wang, then Li, as the article tells it
		text, err := families.ReadFile(names[i])
		if err != nil {
			return nil, fmt.Errorf("families: %w", err)
		}
		f, err := readFamily(names[i], text)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// readFamily decodes a form strictly; an error names file, line and field and
// never quotes the line, which may hold a name or number.
func readFamily(path string, text []byte) (family, error) {
	f := family{key: strings.TrimSuffix(filepath.Base(path), ".yaml"), text: text}
	err := yaml.UnmarshalWithOptions(text, &f.form, yaml.Strict())
	if err == nil {
		return f, nil
	}
	return f, fmt.Errorf("%s: %s", path, strings.ReplaceAll(yaml.FormatError(err, false, false), "\n", " "))
}

// locate turns the fields of problems into "file:line field".
func (f family) locate(problems []hedui.Problem, path string) []hedui.Problem {
	file, err := parser.ParseBytes(f.text, 0)
	if err != nil {
		return problems
	}
	located := make([]hedui.Problem, len(problems))
	for i, p := range problems {
		located[i] = hedui.Problem{Field: fmt.Sprintf("%s %s", path, p.Field), Say: p.Say}
		yp, err := yaml.PathString("$." + p.Field)
		if err != nil {
			continue
		}
		node, err := yp.FilterFile(file)
		if err != nil || node == nil {
			continue
		}
		located[i].Field = fmt.Sprintf("%s:%d %s", path, node.GetToken().Position.Line, p.Field)
	}
	return located
}
