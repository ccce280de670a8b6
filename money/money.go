// Package money holds amounts in renminbi, exact to the fen. There are no
// floating-point amounts in Hedui: what is read is either exact or refused, and a
// division rounds once, in the open, in [Fen.MulDiv].
package money

import (
	"math"
	"math/big"
	"strconv"
)

// Fen is an amount in fen, a hundredth of a yuan; it may be negative.
type Fen int64

// Limit is the largest amount that [Parse] reads, one fen under ten trillion
// yuan. No household and no company holds more, and thousands of such amounts
// can be added before a Fen overflows.
const Limit Fen = 999_999_999_999_999

// Of returns an amount of whole yuan. Beyond the range of Fen it gives the
// nearest Fen.
func Of(yuan int64) Fen { return Fen(yuan).MulDiv(100, 1) }

// MulDiv returns f × num ÷ den, exact until it is rounded to the fen at the end,
// half a fen away from zero. Beyond the range of Fen it gives the nearest Fen,
// and so does a division by zero: an amount per head of nobody is never small.
func (f Fen) MulDiv(num, den int64) Fen {
	product := new(big.Int).Mul(big.NewInt(int64(f)), big.NewInt(num))
	if den == 0 {
		return Fen(clamp(product.Sign()))
	}
	// half away from zero: (2|p| + |d|) ÷ 2|d|, then the sign
	d := new(big.Int).Abs(big.NewInt(den))
	q := new(big.Int).Abs(product)
	q.Lsh(q, 1).Add(q, d).Quo(q, d.Lsh(d, 1))
	if (product.Sign() < 0) != (den < 0) {
		q.Neg(q)
	}
	if !q.IsInt64() {
		return Fen(clamp(q.Sign()))
	}
	return Fen(q.Int64())
}

// clamp returns the end of the range on the side of sign.
func clamp(sign int) int64 {
	switch {
	case sign < 0:
		return math.MinInt64
	case sign > 0:
		return math.MaxInt64
	}
	return 0
}

// split returns the sign as text, and the whole yuan and the fen of |f|.
func (f Fen) split(minus string) (sign string, yuan, fen uint64) {
	u := uint64(f) //nolint:gosec // two's complement, set right below
	if f < 0 {
		sign, u = minus, -u
	}
	return sign, u / 100, u % 100
}

// String returns the amount in yuan with two decimals, "1234.50".
func (f Fen) String() string {
	sign, yuan, fen := f.split("-")
	return sign + strconv.FormatUint(yuan, 10) + "." + two(fen)
}

// Grouped returns the amount in yuan for people to read, "1,234.50".
func (f Fen) Grouped() string {
	sign, yuan, fen := f.split("-")
	s := strconv.FormatUint(yuan, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s + "." + two(fen)
}

func two(n uint64) string { return strconv.FormatUint(100+n, 10)[1:] }

// MarshalText writes the form of [Fen.String].
func (f Fen) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what [Parse] reads.
func (f *Fen) UnmarshalText(text []byte) error {
	v, err := Parse(string(text))
	if err == nil {
		*f = v
	}
	return err
}
