package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"hedui/internal/hedui"
)

// decode reads the form strictly. A problem names file, line and field, and never
// quotes the line, which may hold a name or number.
func (f *family) decode() (hedui.Problem, bool) {
	text, refused := checkText(f.text)
	if refused != nil {
		return hedui.Problem{Field: f.path, Say: *refused}, true
	}
	f.text = text
	err := decodeForm(f.text, &f.form)
	if err == nil {
		return hedui.Problem{}, false
	}
	p := hedui.Problem{Field: f.path, Say: hedui.Say("problem.form.syntax")}
	if errors.Is(err, errDocuments) {
		p.Say = hedui.Say("problem.form.documents")
	}
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return p, true
	}
	p.Field = fmt.Sprintf("%s:%d", f.path, at.GetToken().Position.Line)
	var unknown *yaml.UnknownFieldError
	var twice *yaml.DuplicateKeyError
	var syntax *yaml.SyntaxError
	switch {
	case errors.As(err, &unknown):
		p.Say = hedui.Say("problem.form.key", keyName(unknown.Token))
	case errors.As(err, &twice):
		p.Say = hedui.Say("problem.form.twice", keyName(twice.Token))
	case !errors.As(err, &syntax):
		p.Say = hedui.Say("problem.form.type")
		p.Field = strings.TrimSpace(p.Field + " " + f.fieldAt(at.GetToken()))
	}
	return p, true
}

var plainKey = regexp.MustCompile(`^[A-Za-z_]{1,40}$`)

// keyName is the name of a key as it may stand in a message: a key that does not
// look like one may be a person's name or number in the wrong place.
func keyName(t *token.Token) string {
	if t == nil || !plainKey.MatchString(t.Value) {
		return "…"
	}
	return t.Value
}

// fieldAt returns the path of the value that begins at the token, or "".
func (f *family) fieldAt(t *token.Token) string {
	file, err := parser.ParseBytes(f.text, 0)
	if err != nil {
		return ""
	}
	find := &finder{at: *t.Position}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			ast.Walk(find, doc.Body)
		}
	}
	return strings.TrimPrefix(find.path, "$.")
}

// finder looks for the value that stands where an error was found.
type finder struct {
	at   token.Position
	path string
}

// Visit implements [ast.Visitor].
func (f *finder) Visit(n ast.Node) ast.Visitor {
	if n == nil || n.GetToken() == nil {
		return f
	}
	if p := n.GetToken().Position; p != nil && p.Line == f.at.Line && p.Column == f.at.Column {
		f.path = n.GetPath()
	}
	return f
}

// locate turns the fields of problems into "file:line field". What is not on the
// form gets the line of what it belongs to: a missing consent that of the person.
func (f family) locate(problems []hedui.Problem) []hedui.Problem {
	located := make([]hedui.Problem, len(problems))
	file, err := parser.ParseBytes(f.text, 0)
	for i, p := range problems {
		located[i] = hedui.Problem{Field: f.path + " " + p.Field, Say: p.Say}
		if err != nil {
			continue
		}
		for field := p.Field; field != ""; field = parent(field) {
			if line := lineOf(file, field); line > 0 {
				located[i].Field = fmt.Sprintf("%s:%d %s", f.path, line, p.Field)
				break
			}
		}
	}
	return located
}

// parent of "persons[1].id" is "persons[1]", of that "persons", of that "".
func parent(field string) string {
	return field[:max(0, strings.LastIndexAny(field, ".["))]
}

// lineOf returns the line on which a field begins, or 0.
func lineOf(file *ast.File, field string) int {
	path, err := yaml.PathString("$." + field)
	if err != nil {
		return 0
	}
	node, err := path.FilterFile(file)
	if err != nil || node == nil || node.GetToken() == nil {
		return 0
	}
	return node.GetToken().Position.Line
}
