package book

import (
	"fmt"
	"math"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"hedui/day"
	"hedui/money"
)

// The types that formulas have beside CEL's own. That money, ratios, days and
// numbers are four types is what finds a formula that adds yuan to months.
var (
	moneyType = cel.ObjectType("money", traits.AdderType|traits.SubtractorType|traits.MultiplierType|traits.DividerType|traits.ComparerType)
	ratioType = cel.ObjectType("ratio", traits.MultiplierType|traits.ComparerType)
	dayType   = cel.ObjectType("day", traits.ComparerType)
)

// amount is money within a formula.
type amount money.Fen

var errMixed = types.NewErr("these two do not go together")

// ConvertToNative implements [ref.Val].
func (a amount) ConvertToNative(t reflect.Type) (any, error) { return nil, noNative("money", t) }

// ConvertToType implements [ref.Val].
func (a amount) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("money is no %s", t.TypeName())
}

// Equal implements [ref.Val].
func (a amount) Equal(other ref.Val) ref.Val { return types.Bool(a == other) }

// Type implements [ref.Val].
func (a amount) Type() ref.Type { return moneyType }

// Value implements [ref.Val].
func (a amount) Value() any { return money.Fen(a) }

// Add implements [traits.Adder]; a sum beyond any household stays at the end of the range.
func (a amount) Add(other ref.Val) ref.Val {
	if b, ok := other.(amount); ok {
		return amount(plus(money.Fen(a), money.Fen(b)))
	}
	return errMixed
}

// Subtract implements [traits.Subtractor].
func (a amount) Subtract(other ref.Val) ref.Val {
	if b, ok := other.(amount); ok && b != math.MinInt64 {
		return amount(plus(money.Fen(a), money.Fen(-b)))
	}
	return errMixed
}

// Multiply implements [traits.Multiplier].
func (a amount) Multiply(other ref.Val) ref.Val {
	switch b := other.(type) {
	case types.Int:
		return amount(mulDiv(money.Fen(a), int64(b), 1))
	case fraction:
		return amount(Ratio(b).Of(money.Fen(a)))
	}
	return errMixed
}

// Divide implements [traits.Divider].
func (a amount) Divide(other ref.Val) ref.Val {
	b, ok := other.(types.Int)
	if !ok {
		return errMixed
	}
	if b <= 0 {
		return types.NewErr("divided by %d", int64(b))
	}
	return amount(mulDiv(money.Fen(a), 1, int64(b)))
}

// Compare implements [traits.Comparer].
func (a amount) Compare(other ref.Val) ref.Val {
	if b, ok := other.(amount); ok {
		return order(int64(a), int64(b))
	}
	return errMixed
}

// fraction is a ratio within a formula.
type fraction Ratio

// ConvertToNative implements [ref.Val].
func (r fraction) ConvertToNative(t reflect.Type) (any, error) { return nil, noNative("ratio", t) }

// ConvertToType implements [ref.Val].
func (r fraction) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("a ratio is no %s", t.TypeName())
}

// Equal implements [ref.Val].
func (r fraction) Equal(other ref.Val) ref.Val {
	b, ok := other.(fraction)
	return types.Bool(ok && r.Num*b.Den == b.Num*r.Den)
}

// Type implements [ref.Val].
func (r fraction) Type() ref.Type { return ratioType }

// Value implements [ref.Val].
func (r fraction) Value() any { return Ratio(r) }

// Multiply implements [traits.Multiplier].
func (r fraction) Multiply(other ref.Val) ref.Val {
	if a, ok := other.(amount); ok {
		return a.Multiply(r)
	}
	return errMixed
}

// Compare implements [traits.Comparer].
func (r fraction) Compare(other ref.Val) ref.Val {
	if b, ok := other.(fraction); ok {
		return order(r.Num*b.Den, b.Num*r.Den)
	}
	return errMixed
}

// date is a day within a formula; to order an unknown day is an error, so that a
// missing date never decides.
type date day.Day

// ConvertToNative implements [ref.Val].
func (d date) ConvertToNative(t reflect.Type) (any, error) { return nil, noNative("day", t) }

// ConvertToType implements [ref.Val].
func (d date) ConvertToType(t ref.Type) ref.Val { return types.NewErr("a day is no %s", t.TypeName()) }

// Equal implements [ref.Val].
func (d date) Equal(other ref.Val) ref.Val { return types.Bool(d == other) }

// Type implements [ref.Val].
func (d date) Type() ref.Type { return dayType }

// Value implements [ref.Val].
func (d date) Value() any { return day.Day(d) }

// Compare implements [traits.Comparer].
func (d date) Compare(other ref.Val) ref.Val {
	b, ok := other.(date)
	if !ok || day.Day(d).IsZero() || day.Day(b).IsZero() {
		return errUnknownDay
	}
	return order(int64(day.Day(d).Sub(day.Day(b))), 0)
}

var errUnknownDay = types.NewErr("a day is not known; ask known(…) first")

func noNative(what string, t reflect.Type) error { return fmt.Errorf("book: %s as %s", what, t) }

func order(a, b int64) ref.Val {
	switch {
	case a < b:
		return types.IntNegOne
	case a > b:
		return types.IntOne
	}
	return types.IntZero
}

// plus adds without wrapping around.
func plus(a, b money.Fen) money.Fen {
	s := a + b
	switch {
	case a > 0 && b > 0 && s < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && s >= 0:
		return math.MinInt64
	}
	return s
}

// arithmetic declares what the types can do and the functions of a formula.
func arithmetic() []cel.EnvOption {
	over := func(name string, out *cel.Type, in ...*cel.Type) cel.FunctionOpt {
		for _, t := range in {
			name += "_" + t.String()
		}
		return cel.Overload(name, in, out)
	}
	options := []cel.EnvOption{
		cel.Function(operators.Add, over("add", moneyType, moneyType, moneyType)),
		cel.Function(operators.Subtract, over("subtract", moneyType, moneyType, moneyType)),
		cel.Function(operators.Multiply, over("multiply", moneyType, moneyType, cel.IntType), over("multiply", moneyType, moneyType, ratioType), over("multiply", moneyType, ratioType, moneyType)),
		cel.Function(operators.Divide, over("divide", moneyType, moneyType, cel.IntType)),
	}
	for _, op := range []string{operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals} {
		options = append(options, cel.Function(op, over("compare"+op, cel.BoolType, moneyType, moneyType),
			over("compare"+op, cel.BoolType, ratioType, ratioType), over("compare"+op, cel.BoolType, dayType, dayType)))
	}
	two := func(name string, in, out *cel.Type, do func(a, b ref.Val) ref.Val) {
		options = append(options, cel.Function(name, cel.Overload(name+"_"+in.String(), []*cel.Type{in, in}, out, cel.BinaryBinding(do))))
	}
	two("min", moneyType, moneyType, func(a, b ref.Val) ref.Val { return min(a.(amount), b.(amount)) })
	two("max", moneyType, moneyType, func(a, b ref.Val) ref.Val { return max(a.(amount), b.(amount)) })
	two("min", cel.IntType, cel.IntType, func(a, b ref.Val) ref.Val { return min(a.(types.Int), b.(types.Int)) })
	two("max", cel.IntType, cel.IntType, func(a, b ref.Val) ref.Val { return max(a.(types.Int), b.(types.Int)) })
	two("months", dayType, cel.IntType, between(monthsBetween))
	two("years", dayType, cel.IntType, between(func(a, b day.Day) int { return monthsBetween(a, b) / 12 }))
	two("days", dayType, cel.IntType, between(func(a, b day.Day) int { return b.Sub(a) }))
	return append(options,
		cel.Function("yuan", cel.Overload("yuan_string", []*cel.Type{cel.StringType}, moneyType, cel.UnaryBinding(func(s ref.Val) ref.Val {
			f, err := money.Parse(string(s.(types.String)))
			if err != nil {
				return types.WrapErr(err)
			}
			return amount(f)
		}))),
		cel.Function("ratio", cel.Overload("ratio_string", []*cel.Type{cel.StringType}, ratioType, cel.UnaryBinding(func(s ref.Val) ref.Val {
			r, err := ParseRatio(string(s.(types.String)))
			if err != nil {
				return types.WrapErr(err)
			}
			return fraction(r)
		}))),
		cel.Function("day", cel.Overload("day_string", []*cel.Type{cel.StringType}, dayType, cel.UnaryBinding(func(s ref.Val) ref.Val {
			d, err := day.Parse(string(s.(types.String)))
			if err != nil {
				return types.WrapErr(err)
			}
			return date(d)
		}))),
		cel.Function("known", cel.Overload("known_day", []*cel.Type{dayType}, cel.BoolType, cel.UnaryBinding(func(d ref.Val) ref.Val {
			return types.Bool(!day.Day(d.(date)).IsZero())
		}))),
		cel.Function("depreciate", cel.Overload("depreciate_money_ratio_int", []*cel.Type{moneyType, ratioType, cel.IntType}, moneyType,
			cel.FunctionBinding(func(in ...ref.Val) ref.Val {
				return depreciate(in[0].(amount), Ratio(in[1].(fraction)), in[2].(types.Int))
			}))),
		move("addDays", day.Day.Add), move("addMonths", day.Day.AddMonths))
}

// move is a function from a day and a number to a day.
func move(name string, do func(day.Day, int) day.Day) cel.EnvOption {
	return cel.Function(name, cel.Overload(name+"_day_int", []*cel.Type{dayType, cel.IntType}, dayType, cel.BinaryBinding(func(d, n ref.Val) ref.Val {
		from, by := day.Day(d.(date)), n.(types.Int)
		if from.IsZero() {
			return errUnknownDay
		}
		if by < -maxMoved || by > maxMoved {
			return types.NewErr("moved by %d", int64(by))
		}
		return date(do(from, int(by)))
	})))
}

const maxMoved = 12000 // a thousand years in months

func between(do func(from, to day.Day) int) func(a, b ref.Val) ref.Val {
	return func(a, b ref.Val) ref.Val {
		from, to := day.Day(a.(date)), day.Day(b.(date))
		if from.IsZero() || to.IsZero() {
			return errUnknownDay
		}
		return types.Int(do(from, to))
	}
}

// monthsBetween counts whole months; a month is over on the same day of the next.
func monthsBetween(from, to day.Day) int {
	if to.Before(from) {
		return -monthsBetween(to, from)
	}
	n := 12*(to.Year()-from.Year()) + int(to.Month()) - int(from.Month())
	if to.Before(from.AddMonths(n)) {
		n--
	}
	return n
}

// depreciate is price × (1 − rate)^years, rounded half up to the fen each year as
// a valuer writes it down.
func depreciate(price amount, rate Ratio, years types.Int) ref.Val {
	if rate.Num > rate.Den {
		return types.NewErr("depreciates by more than 100%%")
	}
	for range min(max(years, 0), 100) {
		price = amount(mulDiv(money.Fen(price), rate.Den-rate.Num, rate.Den))
	}
	return price
}
