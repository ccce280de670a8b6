package connector

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/microsoft/go-mssqldb"
	"github.com/sijms/go-ora/v2/network"
	"modernc.org/sqlite"

	"hedui/source"
)

// What errors of databases mean, in the order of how often they are met.
var (
	denied     = trouble{source.ReasonCredentials, "user or password are not accepted; look at the account and at database.secret_file"}
	locked     = trouble{source.ReasonCredentials, "the account may not read what the query asks for; have the right to SELECT granted"}
	noTable    = trouble{source.ReasonMalformed, "there is no table or view %s; was it renamed, or is it being built anew?"}
	noColumn   = trouble{source.ReasonMalformed, "there is no column %s; was the view changed?"}
	noDB       = trouble{source.ReasonMalformed, "there is no database of the name in database.name"}
	badQuery   = trouble{source.ReasonMalformed, "the database does not understand the query near %s"}
	badValue   = trouble{source.ReasonMalformed, "a parameter or value does not fit its column; look at the types and layouts in the query"}
	badText    = trouble{source.ReasonMalformed, "the database holds bytes that are no text in its encoding; set database.charset"}
	writes     = trouble{source.ReasonMalformed, "the query would change something"}
	crowded    = trouble{source.ReasonThrottled, "the database has no connection free; lower limits.concurrency or have more allowed"}
	tooLong    = trouble{source.ReasonSlow, "the query was ended by its time limit; is there an index on the identity number?"}
	shut       = trouble{source.ReasonDown, "the database is being shut down, started or closed for maintenance"}
	crossed    = trouble{source.ReasonDown, "the query was given up for a change of the database that stood against it; is a view built anew while it is read?"}
	unreadable = trouble{source.ReasonMalformed, "the file is no sound database"}
)

// identifier is what a name of a table or column looks like; nothing else of an
// error's text is passed on.
var identifier = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_.$#]{0,79}$`)

// safeName returns the name if it looks like one.
func safeName(s string) string {
	if identifier.MatchString(s) {
		return s
	}
	return "(name not shown)"
}

// known returns the trouble of an error code with the name it is about, or one
// that only tells the code.
func known(table map[string]trouble, code, name string) trouble {
	t, ok := table[code]
	if !ok {
		return trouble{source.ReasonMalformed, "the database refuses the query with code " + safeCode(code)}
	}
	if strings.Contains(t.say, "%s") {
		t.say = fmt.Sprintf(t.say, safeName(name))
	}
	return t
}

func safeCode(code string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return r
	}, code)
}

// A locatedError is an error with the query it came from: PostgreSQL tells the
// place within, in every language.
type locatedError struct {
	error
	query string
}

func located(err error, query string) error { return locatedError{err, query} }

// Unwrap returns the cause.
func (e locatedError) Unwrap() error { return e.error }

// wordAt returns the name that stands at a place of the query, counted from 1.
func wordAt(query string, place int) string {
	runes := []rune(query)
	if place < 1 || place > len(runes) {
		return ""
	}
	rest := string(runes[place-1:])
	end := strings.IndexFunc(rest, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(`_.$#"`, r)
	})
	if end >= 0 {
		rest = rest[:end]
	}
	return strings.Trim(rest, `"`)
}

// quoted returns what stands first in quotes of a message about a name.
func quoted(message, open, end string) string {
	_, rest, _ := strings.Cut(message, open)
	name, _, ok := strings.Cut(rest, end)
	if !ok {
		return ""
	}
	return name
}

var postgresCodes = map[string]trouble{
	"28P01": denied, "28000": denied, "42501": locked, "3D000": noDB, "42P01": noTable, "42703": noColumn, "42601": badQuery, "42883": badQuery,
	"42702": badQuery, "42804": badValue, "22007": badValue, "22008": badValue, "22P02": badValue, "22021": badText, "25006": writes, "53300": crowded,
	"57014": tooLong, "55P03": tooLong, "57P01": shut, "57P02": shut, "57P03": shut, "57P05": shut, "55000": shut,
	"40001": crossed, "40P01": crossed,
}

func explainPostgres(err error) trouble {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return unheard(err)
	}
	var at locatedError
	name := ""
	if errors.As(err, &at) {
		name = wordAt(at.query, int(e.Position))
	}
	if strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "58") {
		return shut
	}
	return known(postgresCodes, e.Code, name)
}

var mysqlCodes = map[string]trouble{
	"1045": denied, "1044": denied, "1698": denied, "4151": denied, "1862": denied, "1142": locked, "1143": locked, "1370": locked, "1049": noDB,
	"1146": noTable, "1054": noColumn, "1064": badQuery, "1792": writes, "1290": writes, "1040": crowded, "1203": crowded, "1226": crowded,
	"1969": tooLong, "3024": tooLong, "1317": tooLong, "1205": tooLong, "1213": crossed, "1053": shut, "1927": shut, "1356": noTable,
}

func explainMySQL(err error) trouble {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return unheard(err)
	}
	name := ""
	if e.Number == 1146 || e.Number == 1054 || e.Number == 1356 { // others quote values
		name = quoted(e.Message, "'", "'")
	}
	return known(mysqlCodes, strconv.Itoa(int(e.Number)), name)
}

var sqlServerCodes = map[string]trouble{
	"18456": denied, "18470": denied, "18488": denied, "4060": noDB, "229": locked, "230": locked, "208": noTable, "207": noColumn,
	"102": badQuery, "156": badQuery, "241": badValue, "242": badValue, "245": badValue, "8114": badValue, "10928": crowded, "10929": crowded,
	"17809": crowded, "1205": crossed, "1222": tooLong, "6005": shut, "40613": shut,
}

func explainSQLServer(err error) trouble {
	var e mssql.Error
	if !errors.As(err, &e) {
		return unheard(err)
	}
	name := ""
	if e.Number == 207 || e.Number == 208 {
		name = quoted(e.Message, "'", "'")
	}
	return known(sqlServerCodes, strconv.Itoa(int(e.Number)), name)
}

var oracleCodes = map[string]trouble{
	"1017": denied, "1005": denied, "28000": denied, "28001": denied, "1045": locked, "1031": locked, "942": noTable, "904": noColumn,
	"900": badQuery, "933": badQuery, "936": badQuery, "1722": badValue, "1858": badValue, "1861": badValue, "1456": writes,
	"18": crowded, "20": crowded, "2391": crowded, "12519": crowded, "12520": crowded, "60": crossed, "1013": tooLong, "4020": crossed, "4021": tooLong,
	"12514": noDB, "12505": noDB, "12541": shut, "1033": shut, "1034": shut, "1089": shut, "12528": shut,
}

func explainOracle(err error) trouble {
	var e *network.OracleError
	if !errors.As(err, &e) {
		return unheard(err)
	}
	name := ""
	if e.ErrCode == 904 {
		name = strings.ReplaceAll(quoted(e.ErrMsg, "ORA-00904: ", ": "), `"`, "")
	}
	return known(oracleCodes, strconv.Itoa(e.ErrCode), name)
}

// Codes of SQLite; the first is for any mistake in a statement.
const (
	sqliteError = 1
)

var sqliteCodes = map[string]trouble{
	"5": tooLong, "6": tooLong, "8": writes, "9": tooLong, "10": shut, "11": unreadable, "14": shut, "20": badValue, "23": locked, "26": unreadable,
}

func explainSQLite(err error) trouble {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return unheard(err)
	}
	code := e.Code() & 0xff
	if code != sqliteError {
		return known(sqliteCodes, strconv.Itoa(code), "")
	}
	for before, t := range map[string]trouble{"no such table: ": noTable, "no such column: ": noColumn, "near ": badQuery} {
		if _, name, ok := strings.Cut(e.Error(), before); ok {
			name, _, _ = strings.Cut(name, " ")
			t.say = fmt.Sprintf(t.say, safeName(strings.Trim(name, `":`)))
			return t
		}
	}
	return known(nil, "1", "")
}
