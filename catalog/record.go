package catalog

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"hedui/day"
	"hedui/money"
)

// A Record is one entry of a register: field key → canonical text, see [Type].
// An absent key and an empty value both mean that the source did not state it.
// It prints and logs as its size only; as JSON it is a plain object with all its
// values, so encode it only where it may lie encrypted or is asked for.
type Record map[string]string

// Format implements [fmt.Formatter]: every verb prints "record(n fields)".
func (r Record) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.size()) }

// LogValue implements [slog.LogValuer]: "record(n fields)".
func (r Record) LogValue() slog.Value { return slog.StringValue(r.size()) }

func (r Record) size() string { return fmt.Sprintf("record(%d fields)", len(r)) }

// Money returns the amount under key, and false if there is none.
func (r Record) Money(key string) (money.Fen, bool) {
	if r[key] == "" {
		return 0, false
	}
	f, err := money.Parse(r[key])
	return f, err == nil
}

// Day returns the day under key, and false if there is none.
func (r Record) Day(key string) (day.Day, bool) {
	d, err := day.Parse(r[key])
	return d, err == nil
}

// Month returns the first day of the month under key, and false if there is none.
func (r Record) Month(key string) (day.Day, bool) {
	d, err := day.Parse(r[key] + "-01")
	return d, err == nil
}

// Fraction returns the decimal under key exactly as num/den with den a power of
// ten, and false if there is none: "12.5" is 125/10. A percentage p of an amount
// is amount.MulDiv(num, 100*den).
func (r Record) Fraction(key string) (num, den int64, ok bool) {
	if !decimal.MatchString(r[key]) {
		return 0, 0, false
	}
	whole, frac, _ := strings.Cut(r[key], ".")
	num, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	den = 1
	for range frac {
		den *= 10
	}
	return num, den, true
}

// Rows returns the rows under key, and false if there are none or the value is
// not a JSON array of objects of texts.
func (r Record) Rows(key string) ([]Record, bool) {
	rows, ok := parseRows(r[key])
	return rows, ok && len(rows) > 0
}

// RowsText returns the canonical text of rows.
func RowsText(rows []Record) string {
	if len(rows) == 0 {
		return "[]"
	}
	b, err := json.Marshal(rows)
	if err != nil { // texts cannot fail to encode
		return "[]"
	}
	return string(b)
}

func parseRows(s string) ([]Record, bool) {
	var rows []Record
	if !strings.HasPrefix(s, "[") || json.Unmarshal([]byte(s), &rows) != nil {
		return nil, false
	}
	for _, row := range rows {
		if row == nil {
			return nil, false
		}
	}
	return rows, true
}
