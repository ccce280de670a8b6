package connector

import "math/big"

// over divides d exactly, to so many places. What does not come out even is
// refused, or rounded half away from zero if round says so.
func (d decimal) over(by int64, places int, round bool) (decimal, bool) {
	digits, ok := new(big.Int).SetString(d.digits, 10)
	if !ok {
		return decimal{}, false
	}
	divisor := big.NewInt(by)
	if shift := int64(places - d.scale); shift >= 0 {
		digits.Mul(digits, power(shift))
	} else {
		divisor.Mul(divisor, power(-shift))
	}
	quotient, rest := new(big.Int).QuoRem(digits, divisor, new(big.Int))
	if rest.Sign() != 0 {
		if !round {
			return decimal{}, false
		}
		if rest.Lsh(rest, 1).Cmp(divisor) >= 0 {
			quotient.Add(quotient, big.NewInt(1))
		}
	}
	return decimal{d.negative && quotient.Sign() != 0, quotient.String(), places}, true
}

func power(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }
