package book

import (
	"errors"
	"strconv"
	"strings"

	"hedui/money"
)

// A Ratio is an exact fraction: a rate, a share of a house, a factor. It is
// written as people write it: "50%", "1.5", "1/4".
type Ratio struct{ Num, Den int64 }

// maxRatio keeps a product of an amount and a ratio exact.
const maxRatio = 1_000_000_000

var errRatio = errors.New(`not a ratio: write 50%, 1.5 or 1/4`)

// ParseRatio reads a ratio of zero or more.
func ParseRatio(s string) (Ratio, error) {
	s = strings.TrimSpace(s)
	if top, bottom, ok := strings.Cut(s, "/"); ok {
		n, err1 := strconv.ParseInt(strings.TrimSpace(top), 10, 64)
		d, err2 := strconv.ParseInt(strings.TrimSpace(bottom), 10, 64)
		if err1 != nil || err2 != nil || n < 0 || d <= 0 || n > maxRatio || d > maxRatio {
			return Ratio{}, errRatio
		}
		return Ratio{n, d}, nil
	}
	den := int64(1)
	s, percent := strings.CutSuffix(s, "%")
	if percent {
		den = 100
	}
	whole, part, _ := strings.Cut(strings.TrimSpace(s), ".")
	for range part {
		den *= 10
		if den > maxRatio {
			return Ratio{}, errRatio
		}
	}
	n, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil || n < 0 || n > maxRatio || whole == "" || strings.HasPrefix(whole, "+") {
		return Ratio{}, errRatio
	}
	return Ratio{n, den}, nil
}

// Of is the part of an amount that the ratio takes, rounded half up to the fen.
func (r Ratio) Of(f money.Fen) money.Fen { return mulDiv(f, r.Num, r.Den) }

// IsZero reports whether nothing was written.
func (r Ratio) IsZero() bool { return r.Den == 0 }

// String writes a percentage where it is exact to a hundredth, else a fraction.
func (r Ratio) String() string {
	if r.Den == 0 {
		return ""
	}
	if r.Num*10000%r.Den != 0 {
		return strconv.FormatInt(r.Num, 10) + "/" + strconv.FormatInt(r.Den, 10)
	}
	n := r.Num * 10000 / r.Den
	s := strconv.FormatInt(n/100, 10)
	if part := n % 100; part != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(100+part, 10)[1:], "0")
	}
	return s + "%"
}

// MarshalText writes the form of [Ratio.String].
func (r Ratio) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what [ParseRatio] reads.
func (r *Ratio) UnmarshalText(text []byte) error {
	v, err := ParseRatio(string(text))
	if err == nil {
		*r = v
	}
	return err
}

// mulDiv is [money.Fen.MulDiv], in machine words where they hold it.
func mulDiv(f money.Fen, num, den int64) money.Fen {
	const amount, factor = 1 << 42, 1 << 20 // yuan by the ten billion, factors by the million
	if den <= 0 || f < -amount || f > amount || num < 0 || num > factor {
		return f.MulDiv(num, den)
	}
	p := int64(f) * num
	q, rest := p/den, p%den
	if rest < 0 {
		rest = -rest
	}
	if rest >= den-rest {
		if p < 0 {
			return money.Fen(q - 1)
		}
		return money.Fen(q + 1)
	}
	return money.Fen(q)
}
