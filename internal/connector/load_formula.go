package connector

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// formula reads p as an expression; its mistakes are told where they stand.
func (l *loader) formula(p place, filter bool) *formula {
	text, ok := l.text(p)
	if !ok {
		return nil
	}
	f, flaws := compile(text, filter)
	for _, flaw := range flaws {
		line, column := within(p, text, flaw)
		l.problems = append(l.problems, Problem{line, column, p.field, strings.ReplaceAll(flaw.say, "\n", " ")})
	}
	return f
}

// within finds the place of a flaw in the file: in a text of one line the very
// character, in a block the line.
func within(p place, text string, f flaw) (line, column int) {
	line, column = position(p.node)
	if block, ok := p.node.(*ast.LiteralNode); ok {
		return block.Start.Position.Line + 1 + f.line, 1
	}
	before, _, verbatim := strings.Cut(p.node.GetToken().Origin, text)
	if !verbatim || strings.Contains(text, "\n") { // escapes, or folded over lines
		return line, column
	}
	return line, column + utf8.RuneCountInString(strings.TrimLeft(before, " \t")) + f.column
}
