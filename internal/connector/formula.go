package connector

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
)

// A formula is an expression in CEL for what the other keys of a mapping cannot
// say. It sees texts, lists and objects as the department sent them and nothing
// else: not the person asked about, no clock, no file, no network. What it may
// cost is bounded, and what it gives is a text or, for a filter, yes or no.
type formula struct {
	program cel.Program
	keys    []string // of the record, as far as it names them
}

const (
	maxFormula     = 2000    // characters of the expression
	maxFormulaCost = 100_000 // of CEL's units; a comparison is about one
	maxFormulaText = 4 * maxText
)

var errFormula = errors.New("the formula cannot be worked out for this record")

// formulas is the language: the standard functions but those on floating point,
// which is no way to handle money, and functions on texts.
var formulas = sync.OnceValues(func() (*cel.Env, error) {
	object := cel.MapType(cel.StringType, cel.DynType)
	return cel.NewCustomEnv(
		cel.StdLib(cel.StdLibSubset(env.NewLibrarySubset().AddExcludedFunctions(&env.Function{Name: "double"}))),
		ext.Strings(ext.StringsVersion(5)),
		cel.OptionalTypes(),
		cel.CustomTypeAdapter(received{}),
		cel.Variable("record", object),
		cel.Variable("entry", object),
		cel.Variable("top", object),
		cel.ParserExpressionSizeLimit(maxFormula),
		cel.ParserRecursionLimit(50),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateComprehensionNestingLimit(2)),
	)
})

// received gives CEL what a department sent: texts and numbers as the texts that the
// other keys of a mapping see, null as the empty text, true and false as they are.
type received struct{}

// NativeToValue implements [types.Adapter].
func (received) NativeToValue(v any) ref.Val {
	if b, ok := v.(bool); ok {
		return types.Bool(b)
	}
	if text, ok := plain(v); ok {
		if len(text) > maxFormulaText {
			return types.NewErr("a text is too long for a formula")
		}
		return types.String(text)
	}
	switch v := v.(type) {
	case map[string]any:
		return types.NewStringInterfaceMap(received{}, v)
	case []any:
		return types.NewDynamicList(received{}, v)
	}
	return types.DefaultTypeAdapter.NativeToValue(v)
}

// A flaw is a mistake in an expression and where in it, from 0.
type flaw struct {
	line, column int
	say          string
}

// compile reads an expression that must give a text, or for a filter yes or no.
func compile(text string, filter bool) (*formula, []flaw) {
	language, err := formulas()
	if err != nil {
		return nil, []flaw{{say: err.Error()}}
	}
	if utf8.RuneCountInString(text) > maxFormula {
		return nil, []flaw{{say: fmt.Sprintf("is longer than %d characters", maxFormula)}}
	}
	tree, issues := language.Compile(text)
	if issues.Err() != nil {
		var flaws []flaw
		for _, e := range issues.Errors() {
			flaws = append(flaws, flaw{max(e.Location.Line()-1, 0), max(e.Location.Column(), 0), e.Message})
		}
		return nil, flaws
	}
	if out := tree.OutputType(); filter && !out.IsExactType(cel.BoolType) {
		return nil, []flaw{{say: "must give true or false, such as record.lx == '01'"}}
	} else if !filter && !out.IsExactType(cel.StringType) && !out.IsExactType(cel.BoolType) && !out.IsExactType(cel.DynType) {
		return nil, []flaw{{say: fmt.Sprintf("gives %s and must give a text; write string(…), or words in quotes", out)}}
	}
	program, err := language.Program(tree, cel.CostLimit(maxFormulaCost))
	if err != nil {
		return nil, []flaw{{say: err.Error()}}
	}
	return &formula{program, keysRead(tree)}, nil
}

// keysRead lists the keys that an expression takes from the record.
func keysRead(tree *cel.Ast) []string {
	var keys []string
	ast.PostOrderVisit(tree.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			if s := e.AsSelect(); s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == "record" {
				keys = append(keys, s.FieldName())
			}
		case ast.CallKind:
			c := e.AsCall()
			at := c.FunctionName() == operators.Index || c.FunctionName() == operators.OptIndex || c.FunctionName() == operators.OptSelect
			if !at || len(c.Args()) < 2 || c.Args()[0].Kind() != ast.IdentKind || c.Args()[0].AsIdent() != "record" || c.Args()[1].Kind() != ast.LiteralKind {
				return
			}
			if key, ok := c.Args()[1].AsLiteral().(types.String); ok {
				keys = append(keys, string(key))
			}
		}
	}))
	return keys
}

// note adds what the formula reads of a record to the keys that are known.
func (f *formula) note(known map[string]bool) {
	if f == nil {
		return
	}
	for _, key := range f.keys {
		known[key] = true
	}
}

// value works the formula out where s stands. The error of CEL may quote what was
// received, so nobody sees it.
func (f *formula) value(s scope) (ref.Val, error) {
	seen := map[string]any{}
	for name, v := range map[string]any{"record": s.here, "entry": s.entry, "top": s.top} {
		if object, ok := v.(map[string]any); ok {
			seen[name] = object
		}
	}
	v, _, err := f.program.Eval(seen)
	if err != nil {
		return nil, errFormula
	}
	return v, nil
}

// text is the value of a formula for a field.
func (f *formula) text(s scope) (string, bool) {
	v, err := f.value(s)
	if err != nil {
		return "", false
	}
	switch v := v.(type) {
	case types.String:
		return strings.TrimFunc(string(v), blankRune), true
	case types.Bool:
		return strconv.FormatBool(bool(v)), true
	}
	return "", false
}

// holds is the value of a filter.
func (f *formula) holds(s scope) (yes, ok bool) {
	v, err := f.value(s)
	b, ok := v.(types.Bool)
	return bool(b), err == nil && ok
}
