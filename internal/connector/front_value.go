package connector

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hedui/day"
)

// Times are written in these layouts whatever the database is.
const (
	dayLayout    = "2006-01-02"
	secondLayout = "2006-01-02 15:04:05"
)

// text writes a value of a column of the given type exactly; NULL is nil. It is
// false for bytes that are no text.
func (d database) text(value any, column string) (any, bool) {
	switch v := value.(type) {
	case nil:
		return nil, true
	case string:
		return d.decoded(v, column)
	case []byte:
		return d.decoded(string(v), column)
	case int64:
		return strconv.FormatInt(v, 10), true
	case uint64: // of MariaDB
		return strconv.FormatUint(v, 10), true
	case bool:
		return strconv.FormatBool(v), true
	case float32:
		return strconv.FormatFloat(float64(v), 'f', -1, 32), true
	case float64:
		if column == "FLOAT4" { // came with 32 bits
			return strconv.FormatFloat(v, 'f', -1, 32), true
		}
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case time.Time:
		return d.moment(v, column), true
	}
	return nil, false
}

// decoded is a text of the database in UTF-8.
func (d database) decoded(s, column string) (any, bool) {
	if d.gb18030 {
		text, err := simplifiedchinese.GB18030.NewDecoder().String(s)
		if err != nil || strings.ContainsRune(text, utf8.RuneError) {
			return nil, false
		}
		s = text
	}
	if (column == "DATETIME" || column == "TIMESTAMP") && len(s) > len(secondLayout) && s[len(secondLayout)] == '.' {
		s = s[:len(secondLayout)] // MariaDB sends times as texts
	}
	return s, utf8.ValidString(s)
}

// moment writes a time as the database shows it, and one with a zone in Beijing's.
func (d database) moment(t time.Time, column string) string {
	name := strings.ToUpper(column)
	if strings.Contains(name, "TZ") || strings.Contains(name, "ZONE") || strings.Contains(name, "OFFSET") {
		t = t.In(day.Beijing)
	}
	hour, minute, second := t.Clock()
	if name == "DATE" && !d.engine.clocked && hour+minute+second == 0 {
		return t.Format(dayLayout)
	}
	return t.Format(secondLayout)
}
