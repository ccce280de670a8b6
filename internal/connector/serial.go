package connector

import (
	"math/big"
	"time"

	"hedui/day"
)

// serialZero is day 0 of spreadsheets from March 1900 on: they count a 29 February
// 1900 that never was, as day 60.
var serialZero = day.Must("1899-12-30")

// fromSerial reads a day as a spreadsheet counts it; a fraction is the time of day,
// to the second.
func fromSerial(s string) (time.Time, bool) {
	d, ok := parseDecimal(s)
	if !ok || d.negative {
		return time.Time{}, false
	}
	days, ok := new(big.Rat).SetString(d.text())
	if !ok {
		return time.Time{}, false
	}
	whole := new(big.Int).Quo(days.Num(), days.Denom())
	if !whole.IsInt64() || whole.Int64() < 1 || whole.Int64() > 3_000_000 {
		return time.Time{}, false
	}
	n := int(whole.Int64())
	switch {
	case n == 60:
		return time.Time{}, false
	case n < 60:
		n++
	}
	rest := new(big.Rat).Sub(days, new(big.Rat).SetInt(whole))
	seconds := rest.Mul(rest, big.NewRat(86400, 1)).Add(rest, big.NewRat(1, 2))
	return inYears(serialZero.Add(n).Start().Add(time.Duration(new(big.Int).Quo(seconds.Num(), seconds.Denom()).Int64()) * time.Second))
}
