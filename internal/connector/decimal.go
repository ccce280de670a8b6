package connector

import (
	"regexp"
	"strconv"
	"strings"
)

// decimal is an exact number as a department writes it; no amount passes
// through floating point.
type decimal struct {
	negative bool
	digits   string // without leading zeros, at least "0"
	scale    int    // how many of them stand behind the point; may be negative
}

var decimalForm = regexp.MustCompile(`^([-+]?)(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d*))?(?:[eE]([-+]?\d{1,3}))?$`)

const (
	maxDigits   = 40
	maxExponent = 40
)

// parseDecimal reads digits with commas between groups of three, a point, an
// exponent, full-width characters and a leading currency sign.
func parseDecimal(s string) (decimal, bool) {
	s = strings.Map(narrow, s)
	s = strings.TrimPrefix(s, "¥")
	m := decimalForm.FindStringSubmatch(s)
	if m == nil || m[2]+m[3] == "" {
		return decimal{}, false
	}
	digits := strings.TrimLeft(strings.ReplaceAll(m[2], ",", "")+m[3], "0")
	exponent, _ := strconv.Atoi(m[4]) // empty or at most three digits
	if len(digits) > maxDigits || len(m[3]) > maxDigits || exponent > maxExponent || exponent < -maxExponent {
		return decimal{}, false
	}
	if digits == "" {
		return decimal{digits: "0", scale: min(len(m[3]), 2)}, true
	}
	return decimal{m[1] == "-", digits, len(m[3]) - exponent}, true
}

// narrow turns full-width forms into ASCII.
func narrow(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case r == '￥':
		return '¥'
	case r == '−':
		return '-'
	}
	return r
}

// shift multiplies by ten to the n-th.
func (d decimal) shift(n int) decimal {
	d.scale -= n
	return d
}

// trimmed drops zeros at the end behind the point.
func (d decimal) trimmed() decimal {
	for d.scale > 0 && strings.HasSuffix(d.digits, "0") && len(d.digits) > 1 {
		d.digits, d.scale = d.digits[:len(d.digits)-1], d.scale-1
	}
	if d.digits == "0" {
		d.scale = 0
	}
	return d
}

// to returns d with at most places digits behind the point: zeros are dropped,
// others rounded (half away from zero) if round says so, else d is refused.
func (d decimal) to(places int, round bool) (decimal, bool) {
	if d.scale <= places {
		return d, true
	}
	if t := d.trimmed(); t.scale <= places {
		return t, true
	}
	if !round {
		return decimal{}, false
	}
	digits := d.padded()
	keep, up := digits[:len(digits)-(d.scale-places)], digits[len(digits)-(d.scale-places)] >= '5'
	if up {
		keep = increment(keep)
	}
	keep = strings.TrimLeft(keep, "0")
	if keep == "" {
		return decimal{digits: "0"}, true
	}
	return decimal{d.negative, keep, places}, true
}

// padded returns the digits with at least one before the point.
func (d decimal) padded() string {
	if missing := d.scale + 1 - len(d.digits); missing > 0 {
		return strings.Repeat("0", missing) + d.digits
	}
	return d.digits
}

func increment(digits string) string {
	b := []byte("0" + digits)
	for i := len(b) - 1; ; i-- {
		if b[i] != '9' {
			b[i]++
			return string(b)
		}
		b[i] = '0'
	}
}

// text writes d without exponent.
func (d decimal) text() string {
	sign := ""
	if d.negative {
		sign = "-"
	}
	if d.scale <= 0 {
		if d.digits == "0" {
			return "0"
		}
		return sign + d.digits + strings.Repeat("0", -d.scale)
	}
	digits := d.padded()
	return sign + digits[:len(digits)-d.scale] + "." + digits[len(digits)-d.scale:]
}
