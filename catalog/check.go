package catalog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"hedui/day"
	"hedui/idcard"
	"hedui/money"
	"hedui/uscc"
)

// A FaultKind says what is wrong with a value.
type FaultKind string

// The kinds of a fault.
const (
	UnknownField FaultKind = "unknown_field" // the category has no such field
	WrongType    FaultKind = "wrong_type"    // not the canonical text of the field's type
	UnknownCode  FaultKind = "unknown_code"  // not in the code list; from UnknownCodes only
)

// A Fault is something in a record that the catalogue does not allow. It may be
// logged: it carries no name, no identity number and no sensitive value.
type Fault struct {
	Field string // key, or "withdrawals[2].amount" for the third row; "?" for a key that is not one
	Kind  FaultKind
	Type  Type   // that was expected; empty for an unknown field
	Value string // what was found, if it may be shown, else empty
}

// String returns the fault in one line for the operator.
func (f Fault) String() string {
	s := f.Field + ": " + string(f.Kind)
	if f.Type != "" {
		s += ", want " + string(f.Type)
	}
	if f.Value != "" {
		s += fmt.Sprintf(", got %q", f.Value)
	}
	return s
}

// Check returns what is wrong with r as a record of the category, ordered by
// field. Unknown codes are no fault, see [Record.UnknownCodes].
func (c Category) Check(r Record) []Fault { return check(c.Fields, r, "") }

func check(fields []Field, r Record, prefix string) []Fault {
	var faults []Fault
	for _, key := range slices.Sorted(maps.Keys(r)) {
		f, ok := field(fields, key)
		if !ok {
			faults = append(faults, Fault{Field: prefix + showKey(key), Kind: UnknownField})
			continue
		}
		value := r[key]
		if value == "" {
			continue
		}
		if !f.Type.canonical(value) {
			faults = append(faults, f.fault(prefix, WrongType, value))
			continue
		}
		if f.Type == Rows {
			rows, _ := parseRows(value)
			for i, row := range rows {
				faults = append(faults, check(f.Fields, row, rowPrefix(key, i))...)
			}
		}
	}
	return faults
}

// UnknownCodes returns the codes in r that the lists of the category lack,
// ordered by field. They are kept in the record: a department may know more
// than the list, and a person can still read the code.
func (r Record) UnknownCodes(c Category) []Fault { return unknownCodes(c.Fields, r, "") }

func unknownCodes(fields []Field, r Record, prefix string) []Fault {
	var faults []Fault
	for _, key := range slices.Sorted(maps.Keys(r)) {
		f, ok := field(fields, key)
		if !ok || r[key] == "" {
			continue
		}
		switch f.Type {
		case Coded:
			list, _ := CodeList(f.List)
			if _, _, ok := list.Name(r[key]); !ok {
				faults = append(faults, f.fault(prefix, UnknownCode, r[key]))
			}
		case Rows:
			rows, _ := parseRows(r[key])
			for i, row := range rows {
				faults = append(faults, unknownCodes(f.Fields, row, rowPrefix(key, i))...)
			}
		}
	}
	return faults
}

func rowPrefix(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]." }

// fault makes a fault that quotes the value only if it may be shown.
func (f Field) fault(prefix string, kind FaultKind, value string) Fault {
	fault := Fault{Field: prefix + f.Key, Kind: kind, Type: f.Type}
	if f.Sensitivity < Sensitive && f.Type != Text && f.Type != Rows && harmless(value) {
		fault.Value = value
	}
	return fault
}

// harmless keeps misplaced names and numbers out of faults: a department may
// send an identity number or a person's name in any column.
func harmless(value string) bool {
	wide := strings.IndexFunc(value, func(c rune) bool { return c > unicode.MaxASCII }) >= 0
	return !wide && len(value) <= 40 && digits(value) < 15
}

// showKey returns the key if it looks like one and can hold no number.
func showKey(key string) string {
	if len(key) > 40 || !snake.MatchString(key) || digits(key) > 4 {
		return "?"
	}
	return key
}

func digits(s string) int {
	n := 0
	for _, c := range s {
		if '0' <= c && c <= '9' {
			n++
		}
	}
	return n
}

var (
	// At most twelve digits before and six after the point: an int64 holds them.
	decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$`)
	count   = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)
)

// canonical reports whether s, which is not empty, is the canonical text of a
// value of type t.
func (t Type) canonical(s string) bool {
	switch t {
	case Text, Coded:
		return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
	case Date:
		return isDay(s)
	case Month:
		return isDay(s + "-01")
	case Money:
		f, err := money.Parse(s)
		return err == nil && f.String() == s
	case Decimal:
		return decimal.MatchString(s)
	case Percent:
		return isPercent(s)
	case Count:
		return count.MatchString(s)
	case Bool:
		return s == "true" || s == "false"
	case IDCard:
		n, err := idcard.Parse(s)
		return err == nil && n.Reveal() == s
	case USCC:
		c, err := uscc.Parse(s)
		return err == nil && c.String() == s
	case Rows:
		_, ok := parseRows(s)
		return ok
	}
	return false
}

func isDay(s string) bool {
	d, err := day.Parse(s)
	return err == nil && d.After(day.Day{})
}

func isPercent(s string) bool {
	num, den, ok := Record{"": s}.Fraction("")
	return ok && num >= 0 && num <= 100*den
}
