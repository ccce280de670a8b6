package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"hedui/internal/hedui"
)

// A form file has room for forty people with long notes; what is larger or
// nested deeper is no form, and the parser would need memory out of proportion.
const (
	maxForm  = 256 << 10
	maxDepth = 20
)

// checkText refuses what should not reach the parser, and takes away the mark
// that some editors put before a text.
func checkText(text []byte) ([]byte, *hedui.Text) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	say := hedui.Say("problem.form.size")
	if len(text) > maxForm {
		return nil, &say
	}
	depth := 0
	for line := range bytes.Lines(text) {
		indent := len(line) - len(bytes.TrimLeft(line, " -\t"))
		depth += bytes.Count(line, []byte("[")) + bytes.Count(line, []byte("{"))
		if indent > 4*maxDepth || depth > maxDepth {
			return nil, &say
		}
		depth -= bytes.Count(line, []byte("]")) + bytes.Count(line, []byte("}"))
	}
	return text, nil
}

// errDocuments means that a file holds several forms, or none.
var errDocuments = errors.New("a file holds one form")

// wholeNumbers are the keys of a form whose values are numbers of lines; every
// other number is a text to the form, digit for digit as it was typed.
var wholeNumbers = []string{"person", "guardian", "signer", "disability", "size", "children", "supports"}

// decodeForm reads one form strictly. YAML would make 8 of 010 and 1.2345671e+06
// of 1234567.10, so numbers are handed on as they were typed.
func decodeForm(text []byte, form *hedui.Form) error {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return err
	}
	if len(file.Docs) != 1 {
		return errDocuments
	}
	if file.Docs[0].Body == nil {
		return nil
	}
	typed := &typist{}
	ast.Walk(typed, file.Docs[0].Body)
	if typed.fraction != nil {
		return &yaml.TypeError{Token: typed.fraction}
	}
	return yaml.NodeToValue(file.Docs[0].Body, form, yaml.Strict())
}

// typist turns numbers back into what was typed.
type typist struct{ fraction *token.Token }

// Visit implements [ast.Visitor].
func (t *typist) Visit(n ast.Node) ast.Visitor {
	pair, ok := n.(*ast.MappingValueNode)
	if !ok {
		return t
	}
	at := pair.Value.GetToken()
	switch pair.Value.(type) {
	case *ast.FloatNode:
		if slices.Contains(wholeNumbers, pair.Key.String()) {
			t.fraction = at
			return t
		}
	case *ast.IntegerNode:
		if slices.Contains(wholeNumbers, pair.Key.String()) {
			return t
		}
	default:
		return t
	}
	pair.Value = ast.String(token.New(strings.TrimSpace(at.Origin), at.Origin, at.Position))
	return t
}
