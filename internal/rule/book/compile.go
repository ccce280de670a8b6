package book

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"hedui/money"
)

const (
	maxFormula     = 2000 // characters
	maxFormulaCost = 2000 // of CEL's units, at worst; a comparison is about one
)

func parseYuan(s string) (money.Fen, error) {
	f, err := money.Parse(s)
	if err != nil || f < 0 {
		return 0, errors.New("must be an amount in yuan, such as 588.00")
	}
	return f, nil
}

// dictionary tells CEL the types of the vocabulary and how their fields are read.
type dictionary struct {
	*types.Registry
	objects map[string]map[string]field
}

func newDictionary(parameters map[string]ref.Val, kinds map[string]*cel.Type) (*dictionary, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	d := &dictionary{registry, map[string]map[string]field{}}
	own := object{name: "parameters"}
	for name, v := range parameters {
		own.fields = append(own.fields, field{name, kinds[name], nil, func(any) ref.Val { return v }})
	}
	for _, o := range append(objects(), own) {
		fields := map[string]field{}
		for _, f := range o.fields {
			fields[f.name] = f
		}
		d.objects[o.typ().TypeName()] = fields
	}
	return d, nil
}

// FindStructType implements [types.Provider].
func (d *dictionary) FindStructType(name string) (*types.Type, bool) {
	if _, ok := d.objects[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return d.Registry.FindStructType(name)
}

// FindStructFieldNames implements [types.Provider].
func (d *dictionary) FindStructFieldNames(name string) ([]string, bool) {
	fields, ok := d.objects[name]
	var names []string
	for n := range fields {
		names = append(names, n)
	}
	slices.Sort(names)
	return names, ok
}

// FindStructFieldType implements [types.Provider].
func (d *dictionary) FindStructFieldType(name, key string) (*types.FieldType, bool) {
	f, ok := d.objects[name][key]
	if !ok {
		return nil, false
	}
	return &types.FieldType{Type: f.typ, IsSet: func(any) bool { return true }, GetFrom: func(v any) (any, error) { return f.get(v), nil }}, true
}

// NativeToValue implements [types.Adapter]; everything is a value of CEL already.
func (d *dictionary) NativeToValue(v any) ref.Val {
	if v, ok := v.(ref.Val); ok {
		return v
	}
	return d.Registry.NativeToValue(v)
}

// compiler turns the formulas of one set of entries into programs.
type compiler struct {
	words    *dictionary
	top      *cel.Env
	scopes   map[string]*cel.Env
	problems []Problem
}

func newCompiler(words *dictionary) (*compiler, error) {
	std := cel.StdLib(cel.StdLibSubset(env.NewLibrarySubset().AddExcludedFunctions(&env.Function{Name: "double"}, &env.Function{Name: "matches"})))
	options := append([]cel.EnvOption{std, cel.ClearMacros(), cel.CustomTypeAdapter(words), cel.CustomTypeProvider(words),
		cel.ParserExpressionSizeLimit(maxFormula), cel.ParserRecursionLimit(50),
		cel.Variable("parameters", cel.ObjectType("hedui.parameters")), cel.Variable("household", cel.ObjectType("hedui.household")),
		cel.Variable("date", dayType), cel.Variable("months", cel.IntType)}, arithmetic()...)
	top, err := cel.NewCustomEnv(options...)
	if err != nil {
		return nil, err
	}
	return &compiler{words: words, top: top, scopes: map[string]*cel.Env{}}, nil
}

// in is the language with what a scope can see.
func (c *compiler) in(scope string) (*cel.Env, error) {
	if e, ok := c.scopes[scope]; ok {
		return e, nil
	}
	var options []cel.EnvOption
	for _, name := range scopes[scope] {
		options = append(options, cel.Variable(name, cel.ObjectType("hedui."+name)))
	}
	e, err := c.top.Extend(options...)
	c.scopes[scope] = e
	return e, err
}

func (c *compiler) bad(e *Entry, key string, at span, say string, args ...any) {
	c.problems = append(c.problems, Problem{e.Book.File, max(at.line, 1), max(at.column, 1), e.ID() + "." + key, fmt.Sprintf(say, args...)})
}

// formula compiles what stands under the key; no key gives no program.
func (c *compiler) formula(e *Entry, key, scope string, want *cel.Type) (cel.Program, *cel.Type) {
	v, ok := e.keys[key]
	if !ok {
		return nil, nil
	}
	language, err := c.in(scope)
	if err != nil {
		c.bad(e, key, v.at, "%v", err)
		return nil, nil
	}
	if len([]rune(v.text)) > maxFormula {
		c.bad(e, key, v.at, "is longer than %d characters", maxFormula)
		return nil, nil
	}
	tree, issues := language.Compile(v.text)
	if issues.Err() != nil {
		for _, i := range issues.Errors() {
			at := v.at
			if at.line += max(i.Location.Line()-1, 0); !at.block {
				at.column += max(i.Location.Column(), 0)
			}
			c.bad(e, key, at, "%s", c.hint(i.Message, scope))
		}
		return nil, nil
	}
	out := tree.OutputType()
	switch {
	case want == cel.DynType && !out.IsExactType(moneyType) && !out.IsExactType(cel.IntType):
		c.bad(e, key, v.at, "gives %s and must give money or a number", typeName(out))
		return nil, nil
	case want != cel.DynType && !out.IsExactType(want):
		c.bad(e, key, v.at, "gives %s and must give %s", typeName(out), typeName(want))
		return nil, nil
	}
	c.texts(e, key, v, tree)
	estimate, err := language.EstimateCost(tree, short{})
	if err != nil || estimate.Max > maxFormulaCost {
		c.bad(e, key, v.at, "costs up to %d and may cost %d: make it shorter", min(estimate.Max, math.MaxInt64), maxFormulaCost)
		return nil, nil
	}
	program, err := language.Program(tree, cel.EvalOptions(cel.OptOptimize), cel.CustomDecoratorV2(constants))
	if err != nil {
		c.bad(e, key, v.at, "%v", err)
		return nil, nil
	}
	return program, out
}

// constants works out once, when a formula is compiled, what is the same for every
// household: parameters, and written amounts, ratios and days.
func constants(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	switch i := i.(type) {
	case interpreter.InterpretableAttribute:
		a, ok := i.Attr().(interpreter.NamespacedAttribute)
		if !ok || len(a.Qualifiers()) != 1 || !slices.Contains(a.CandidateVariableNames(), Parameters) {
			return i, nil
		}
	case interpreter.InterpretableCall:
		if !slices.Contains([]string{"yuan", "ratio", "day"}, i.Function()) {
			return i, nil
		}
	default:
		return i, nil
	}
	if v := i.Eval(&state{}); !types.IsUnknownOrError(v) {
		return interpreter.NewConstValue(i.ID(), v), nil
	}
	return i, nil
}

// short says that texts of facts are single words.
type short struct{}

// EstimateSize implements [cost.Estimator].
func (short) EstimateSize(cost.AstNode) *cost.SizeEstimate {
	return &cost.SizeEstimate{Min: 0, Max: 32}
}

// EstimateCallCost implements [cost.Estimator].
func (short) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

var (
	noName    = regexp.MustCompile(`undeclared reference to '([^']+)'`)
	noField   = regexp.MustCompile(`undefined field '([^']+)'`)
	noMeaning = regexp.MustCompile(`found no matching overload for '([^']+)' applied to '([^']+)'`)
)

// hint adds to what CEL says what was probably meant.
func (c *compiler) hint(say, scope string) string {
	say = strings.ReplaceAll(say, "\n", " ")
	if m := noName.FindStringSubmatch(say); m != nil {
		names := append([]string{"parameters", "household", "date", "months"}, scopes[scope]...)
		functions := []string{"min", "max", "years", "days", "yuan", "ratio", "day", "known", "depreciate", "addDays", "addMonths"}
		if near := nearest(m[1], functions); near != "" {
			return fmt.Sprintf("%q is not known; did you mean %q?", m[1], near)
		}
		return choice(m[1], names)
	}
	if m := noField.FindStringSubmatch(say); m != nil {
		near, here := "", append([]string{"parameters", "household"}, scopes[scope]...)
		for _, object := range here {
			var fields []string
			for f := range c.words.objects["hedui."+object] {
				fields = append(fields, f)
			}
			slices.Sort(fields)
			if f := nearest(m[1], fields); f != "" {
				near = object + "." + f
			}
		}
		if near != "" {
			return fmt.Sprintf("there is no %q; did you mean %s?", m[1], near)
		}
		return fmt.Sprintf("there is no %q; docs/rule-books.md lists the words of %s", m[1], strings.Join(here, ", "))
	}
	if m := noMeaning.FindStringSubmatch(say); m != nil {
		name := strings.Trim(m[1], "_")
		if kinds := strings.ReplaceAll(m[2], "int", "number"); strings.Contains(kinds, "money") {
			return fmt.Sprintf(`%s does not go with %s; an amount is written yuan("588.00"), a rate ratio("50%%")`, name, kinds)
		}
		return fmt.Sprintf("%s does not go with %s", name, strings.ReplaceAll(m[2], "int", "number"))
	}
	return say
}

// texts refuses a text that the field beside it can never have, a mistyped kind
// or relation, and constants that are no amount, ratio or day.
func (c *compiler) texts(e *Entry, key string, v value, tree *cel.Ast) {
	native := tree.NativeRep()
	ast.PostOrderVisit(native.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() == ast.LiteralKind && x.AsLiteral().Type() == types.DoubleType {
			c.bad(e, key, v.at, `a number with a point is not exact: write yuan("1.50") or ratio("1.5")`)
		}
		if x.Kind() != ast.CallKind {
			return
		}
		call := x.AsCall()
		switch call.FunctionName() {
		case operators.Equals, operators.NotEquals, operators.In:
			for i, side := range call.Args() {
				if list := c.possible(native, side); list != nil {
					for _, word := range literals(call.Args()[1-i]) {
						if !slices.Contains(list, word) {
							c.bad(e, key, v.at, "%s", choice(word, list))
						}
					}
				}
			}
		case "yuan", "ratio", "day":
			constant := literals(call.Args()[0])
			if len(constant) != 1 {
				c.bad(e, key, v.at, "%s takes a text in quotes", call.FunctionName())
				return
			}
			if err := readConstant(call.FunctionName(), constant[0]); err != nil {
				c.bad(e, key, v.at, "%q: %v", clip(constant[0]), err)
			}
		}
	}))
}

func readConstant(kind, text string) error {
	var err error
	switch kind {
	case "yuan":
		_, err = parseYuan(text)
	case "ratio":
		_, err = ParseRatio(text)
	default:
		_, err = parseDay(text)
	}
	return err
}

// possible lists what a field of the vocabulary can say, or nil.
func (c *compiler) possible(tree *ast.AST, x ast.Expr) []string {
	if x.Kind() != ast.SelectKind {
		return nil
	}
	s := x.AsSelect()
	return c.words.objects[tree.GetType(s.Operand().ID()).TypeName()][s.FieldName()].list
}

func literals(x ast.Expr) []string {
	switch x.Kind() {
	case ast.LiteralKind:
		if s, ok := x.AsLiteral().(types.String); ok {
			return []string{string(s)}
		}
	case ast.ListKind:
		var all []string
		for _, one := range x.AsList().Elements() {
			all = append(all, literals(one)...)
		}
		return all
	}
	return nil
}
