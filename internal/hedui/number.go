package hedui

import (
	"fmt"

	"hedui/day"
)

// A Series is a row of numbers of its own. Numbers are never used twice.
type Series string

// The series. Case numbers have no letter, all others start with theirs.
const (
	CaseSeries       Series = ""
	ConsentSeries    Series = "S" // 授权书
	CommissionSeries Series = "W" // 委托书
	MandateSeries    Series = "M"
	ReportSeries     Series = "B" // 核对报告
	LetterSeries     Series = "X" // 协查函
	CorrectionSeries Series = "G" // 更正请求
	RequestSeries    Series = "Q" // 本人申请, from the citizen's mirror
	ErasureSeries    Series = "E" // 销毁证明
)

// MaxSerial is the largest serial of one series, division, programme and day.
const MaxSerial = 99999

// SerialKey names the counter from which the serial of a number is drawn.
func SerialKey(s Series, division string, on day.Day, p Programme) string {
	return fmt.Sprintf("%s%s%04d%02d%02d%s", s, division, on.Year(), on.Month(), on.Dom(), p.Digits())
}

// Number writes a number: series letter, 6-digit division, day, programme,
// 5-digit serial and a check digit (ISO 7064 MOD 11,10) over the digits.
func Number(s Series, division string, on day.Day, p Programme, serial int) (string, error) {
	if serial < 1 || serial > MaxSerial || len(division) != 6 || p.Digits() == "" {
		return "", Fail(Internal, Say("error.number"), fmt.Errorf("series %q: serial %d of %d", s, serial, MaxSerial))
	}
	key := SerialKey(s, division, on, p)
	body := fmt.Sprintf("%s%05d", key, serial)
	return body + string(checkDigit(body[len(s):])), nil
}

// ValidNumber reports whether n is a well-formed number of series s.
func ValidNumber(s Series, n string) bool {
	if len(n) != len(s)+22 || n[:len(s)] != string(s) {
		return false
	}
	digits := n[len(s):]
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return checkDigit(digits[:21]) == digits[21]
}

func checkDigit(digits string) byte {
	p := 10
	for i := range len(digits) {
		s := (p + int(digits[i]-'0')) % 10
		if s == 0 {
			s = 10
		}
		p = s * 2 % 11
	}
	return byte('0' + (11-p)%10)
}
