package connector

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"hedui/catalog"
	"hedui/source"
	"hedui/source/sourcetest"
)

// endless is a query that does not answer for a minute.
var endless = map[string]string{
	"postgres": "SELECT zjhm, '01' AS nsrlx FROM grss, (SELECT pg_sleep(60)) s WHERE zjhm IN ({ids})",
	"mariadb":  "SELECT zjhm, '01' AS nsrlx FROM grss, (SELECT sleep(60)) s WHERE zjhm IN ({ids})",
	"sqlite":   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT zjhm, '01' AS nsrlx FROM grss, n WHERE i < 0 AND zjhm IN ({ids})",
}

// plainFile asks with another query and maps the least.
func plainFile(query string) string {
	return strings.NewReplacer("$query", query).Replace(`name: local-tax
kind: sql
department: 某市税务局
category: local_tax
limits: {batch: 50, timeout: 5s}
database: $database
query: "$query"
answer: {person: {id: zjhm}}
fields: {taxpayer_role: nsrlx}
`)
}

func TestFrontEndContract(t *testing.T) {
	each(t, func(t *testing.T, at live) {
		at.taxes(t)
		sourcetest.Run(t, sourcetest.Fixture{
			New: func(t *testing.T) source.Source { return at.source(t, taxFile) },
			At:  now, Category: catalog.LocalTax, Known: wang, Unknown: zeng, Doubt: &chen,
			Slow: func(t *testing.T) source.Source { return at.source(t, plainFile(endless[at.driver])) },
			Down: func(t *testing.T) source.Source {
				away := at
				away.section = `{driver: postgres, server: "127.0.0.1:1", name: qzk, user: hedui}`
				if at.driver == "sqlite" {
					away.section = `{driver: sqlite, file: /no/such/qzk.db}`
				}
				return away.source(t, taxFile)
			},
		})
	})
}

func TestOneQueryAnswersABatch(t *testing.T) {
	each(t, func(t *testing.T, at live) {
		at.taxes(t)
		s := at.source(t, taxFile)
		people := []source.Person{zeng, li, wang, chen, baby}
		var queries []source.Query
		for i, p := range people {
			queries = append(queries, query(t, p, fmt.Sprint("Q", i), catalog.LocalTax))
		}
		answers, err := s.Ask(t.Context(), queries)
		if err != nil || source.CheckAnswers(queries, answers) != nil {
			t.Fatalf("got %v %v", answers, err)
		}
		var got []string
		for _, a := range answers {
			got = append(got, fmt.Sprint(a.Outcome, " ", a.Match, a.Reason, " ", len(a.Records)))
			if a.Outcome == source.Found && a.AsOf.Format("2006-01-02") != "2013-03-19" {
				t.Errorf("as of %v", a.AsOf)
			}
		}
		want := []string{"none  0", "found id15 1", "found id+name 2", "identity_doubt name 0", "none  0"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		first, second := answers[2].Records[0], answers[2].Records[1]
		for key, want := range map[string]string{"income_amount": "12345.00", "tax_amount": "", "paid_date": "", "period_from": "2012-12-01"} {
			if got := first[key]; got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
		for key, want := range map[string]string{"income_amount": "4800.00", "tax_amount": "1234.50", "paid_date": "2013-02-05"} {
			if got := second[key]; got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
		alone, err := one(t, s, wang)
		if err != nil || alone.Hash != answers[2].Hash || alone.Hash == answers[1].Hash {
			t.Error("the hash is not one over the person's own rows")
		}
	})
}

// reading runs a query of the connector and returns its rows.
func (at live) rows(t *testing.T, q string, queries ...source.Query) ([]any, error) {
	t.Helper()
	f := at.source(t, plainFile(q)).(*site).medium.(*frontEnd)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	tx, err := f.db.BeginTx(ctx, f.cfg.database.engine.begin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	got, err := f.read(ctx, stop, tx, f.cfg.database.query, queries, maxRecords)
	return got.rows, err
}

func TestValuesComeAsExactTexts(t *testing.T) {
	types := map[string][]struct{ sql, want string }{
		"postgres": {
			{"123456789012345678.0123456789::numeric", "123456789012345678.0123456789"}, {"9007199254740993::bigint", "9007199254740993"},
			{"0.1::real", "0.1"}, {"0.1::float8", "0.1"}, {"true", "true"}, {"DATE '2013-02-28'", "2013-02-28"}, {"TIMESTAMP '2013-02-28 00:00:00'", "2013-02-28 00:00:00"},
			{"TIMESTAMPTZ '2013-02-28 16:30:00Z'", "2013-03-01 00:30:00"}, {"'王'::varchar", "王"}, {"'王'::text::bytea", "王"}, {"'{{\"a\": 1.10}}'::json", `{"a": 1.10}`},
			{"'12.30'::money::numeric", "12.30"}, {"NULL::text", "<nil>"}, {"''::text", ""}, {"TIME '09:05:00'", "09:05:00"},
		},
		"mariadb": {
			{"CAST('123456789012345678.0123456789' AS DECIMAL(30,10))", "123456789012345678.0123456789"}, {"9007199254740993", "9007199254740993"},
			{"18446744073709551615", "18446744073709551615"}, {"CAST(0.1 AS DOUBLE)", "0.1"}, {"CAST(0.1 AS FLOAT)", "0.1"}, {"DATE '2013-02-28'", "2013-02-28"},
			{"TIMESTAMP '2013-02-28 09:05:00.123456'", "2013-02-28 09:05:00"}, {"'王'", "王"}, {"CAST('王' AS BINARY)", "王"}, {"NULL", "<nil>"}, {"''", ""},
			{"FROM_UNIXTIME(0)", "1970-01-01 08:00:00"},
		},
		"sqlite": {
			{"'123456789012345678.0123456789'", "123456789012345678.0123456789"}, {"9007199254740993", "9007199254740993"}, {"0.1", "0.1"},
			{"'王'", "王"}, {"CAST('王' AS BLOB)", "王"}, {"NULL", "<nil>"}, {"''", ""}, {"'2013-02-28'", "2013-02-28"},
		},
	}
	each(t, func(t *testing.T, at live) {
		run(t, at.db, "CREATE TABLE eins (zjhm VARCHAR(18))", "INSERT INTO eins VALUES ('"+wang.ID.Reveal()+"')")
		for _, tt := range types[at.driver] {
			rows, err := at.rows(t, strings.ReplaceAll("SELECT zjhm, "+tt.sql+" AS Wert, '01' AS nsrlx FROM eins WHERE zjhm IN ({ids})", `"`, `\"`), query(t, wang, "Q1", catalog.LocalTax))
			if err != nil || len(rows) != 1 {
				t.Errorf("%s: %d rows, %v", tt.sql, len(rows), err)
				continue
			}
			if got := fmt.Sprint(rows[0].(map[string]any)["wert"]); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.sql, got, tt.want)
			}
		}
	})
}

func TestOldDatabasesInGB18030(t *testing.T) {
	gbk := "\xcd\xf5\xd0\xa1\xba\xa3" // 王小海
	each(t, func(t *testing.T, at live) {
		switch at.driver {
		case "postgres":
			at = openPostgres(t, "ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
			run(t, at.db, "CREATE TABLE grss (zjhm VARCHAR(18), nsrmc TEXT)", "INSERT INTO grss VALUES ('"+wang.ID.Reveal()+"', convert_from('\\x"+fmt.Sprintf("%x", gbk)+"', 'SQL_ASCII'))")
		case "mariadb": // says latin1 and holds GBK, as many do
			run(t, at.db, "CREATE TABLE grss (zjhm VARCHAR(18), nsrmc VARCHAR(40)) CHARACTER SET latin1", "INSERT INTO grss VALUES ('"+wang.ID.Reveal()+"', x'"+fmt.Sprintf("%x", gbk)+"')")
		default:
			run(t, at.db, "CREATE TABLE grss (zjhm VARCHAR(18), nsrmc BLOB)", "INSERT INTO grss VALUES ('"+wang.ID.Reveal()+"', x'"+fmt.Sprintf("%x", gbk)+"')")
		}
		file := strings.ReplaceAll(plainFile("SELECT zjhm, nsrmc, '01' AS nsrlx FROM grss WHERE zjhm IN ({ids})"), "{person: {id: zjhm}}", "{person: {id: zjhm, name: nsrmc}}")
		a, err := one(t, at.source(t, file), wang)
		if told := reasonOf(err) == source.ReasonMalformed && strings.Contains(err.Error(), "database.charset"); !told && a.Outcome != source.IdentityDoubt {
			t.Errorf("read as UTF-8: %s %v", a.Outcome, err) // latin1 gives another name
		}
		at.section = strings.Replace(at.section, "}", ", charset: gb18030}", 1)
		if a, err := one(t, at.source(t, file), wang); err != nil || a.Outcome != source.Found || a.Match != source.MatchIDName {
			t.Errorf("got %s %s %v, want found with the name", a.Outcome, a.Reason, err)
		}
	})
}

func TestAQueryThatTakesTooLongEndsOnTheServer(t *testing.T) {
	running := map[string]string{
		"postgres": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hedui' AND state = 'active' AND query LIKE '%pg_sleep%'",
		"mariadb":  "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND info LIKE '%sleep(60)%' AND info NOT LIKE '%processlist%'",
	}
	each(t, func(t *testing.T, at live) {
		at.taxes(t)
		count := func() (n int) {
			if at.driver != "sqlite" {
				if err := at.db.QueryRowContext(t.Context(), running[at.driver]).Scan(&n); err != nil {
					t.Fatal(err)
				}
			}
			return n
		}
		s := at.source(t, strings.Replace(plainFile(endless[at.driver]), "timeout: 5s", "timeout: 1s", 1))
		asked := make(chan error, 1)
		go func() {
			_, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.LocalTax)})
			asked <- err
		}()
		if at.driver != "sqlite" {
			until(t, "the query is not seen on the server", func() bool { return count() == 1 })
		}
		if err := <-asked; reasonOf(err) != source.ReasonSlow {
			t.Errorf("got %v, want slow", err)
		}
		until(t, "the query goes on at the server", func() bool { return count() == 0 })
	})
}

func TestWhoGoesAwayEndsTheQueryInPostgreSQL(t *testing.T) {
	at := openPostgres(t, "")
	at.taxes(t)
	s := at.source(t, strings.Replace(plainFile(endless["postgres"]), "timeout: 5s", "timeout: 5m", 1))
	count := func() (n int) {
		if err := at.db.QueryRow("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	ctx, leave := context.WithCancel(t.Context())
	asked := make(chan error, 1)
	go func() {
		_, err := s.Ask(ctx, []source.Query{query(t, wang, "Q1", catalog.LocalTax)})
		asked <- err
	}()
	until(t, "the query is not seen on the server", func() bool { return count() == 1 })
	leave()
	if err := <-asked; reasonOf(err) != source.ReasonSlow || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want slow", err)
	}
	until(t, "the query goes on at the server", func() bool { return count() == 0 })
}

func TestAMillionRowsAreNotKept(t *testing.T) {
	million := map[string]string{
		"postgres": "SELECT zjhm, '01' AS nsrlx, repeat('x', 100) AS bz FROM grss, generate_series(1, 1000000) WHERE zjhm IN ({ids})",
		"mariadb":  "SELECT zjhm, '01' AS nsrlx, repeat('x', 100) AS bz FROM grss, seq_1_to_1000000 WHERE zjhm IN ({ids})",
		"sqlite":   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT zjhm, '01' AS nsrlx, 'xxxxxxxxxxxxxxxxxxxxxxxx' AS bz FROM grss, n WHERE zjhm IN ({ids})",
	}
	each(t, func(t *testing.T, at live) {
		at.taxes(t)
		s := at.source(t, strings.Replace(plainFile(million[at.driver]), "timeout: 5s", "timeout: 1m", 1))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := one(t, s, wang)
		runtime.ReadMemStats(&after)
		if reasonOf(err) != source.ReasonMalformed || !strings.Contains(err.Error(), "limits.batch") {
			t.Errorf("got %v, want malformed with what to do", err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 32<<20 {
			t.Errorf("%d MiB were taken for it", got>>20)
		}
		if a, err := one(t, s, zeng); err != nil || a.Outcome != source.None {
			t.Errorf("the next query: %s %v", a.Outcome, err)
		}
	})
}

func TestWideTableAndNulls(t *testing.T) {
	var columns, nulls []string
	for i := range 300 {
		columns, nulls = append(columns, fmt.Sprintf("c%d VARCHAR(2)", i)), append(nulls, "NULL")
	}
	each(t, func(t *testing.T, at live) {
		run(t, at.db, "CREATE TABLE breit (zjhm VARCHAR(18), nsrlx VARCHAR(2), "+strings.Join(columns, ", ")+")",
			"INSERT INTO breit VALUES ('"+wang.ID.Reveal()+"', '01', "+strings.Join(nulls, ", ")+")", "INSERT INTO breit (zjhm) VALUES ('"+li.ID.Reveal()+"')")
		s := at.source(t, plainFile("SELECT * FROM breit WHERE zjhm IN ({ids})"))
		if a, err := one(t, s, wang); err != nil || a.Outcome != source.Found || a.Records[0]["taxpayer_role"] != "01" {
			t.Errorf("got %v %v", a, err)
		}
		if a, err := one(t, s, li); err != nil || a.Outcome != source.Failed || a.Reason != source.ReasonIncomplete {
			t.Errorf("a row without anything: got %s %s %v, want incomplete", a.Outcome, a.Reason, err)
		}
	})
}

// What comes from outside is bound, never part of the text.
func TestInjectionFindsNothing(t *testing.T) {
	each(t, func(t *testing.T, at live) {
		at.taxes(t)
		s := at.source(t, plainFile("SELECT zjhm, '01' AS nsrlx FROM grss WHERE zjhm IN ({ids}) AND nsrlx = {purpose}"))
		for _, evil := range []string{"x' OR '1'='1", "01'; DROP TABLE grss; --", `01" OR 1=1`, `\' OR 1=1 -- `, "{ids}", "$1", "?", "01\x00"} {
			p := source.Person{Name: evil, ID: wang.ID}
			answers, err := s.Ask(t.Context(), []source.Query{queryFor(t, p, "Q1", catalog.LocalTax, evil)})
			if err == nil && answers[0].Outcome != source.None {
				t.Errorf("%q: got %s %s", evil, answers[0].Outcome, answers[0].Reason)
			}
			if err != nil && (!strings.Contains(evil, "\x00") || leaks(err.Error())) {
				t.Errorf("%q: %v", evil, err)
			}
		}
		answers, err := s.Ask(t.Context(), []source.Query{queryFor(t, wang, "Q1", catalog.LocalTax, "01")})
		if err != nil || answers[0].Outcome != source.Found || len(answers[0].Records) != 3 {
			t.Errorf("the table afterwards: %v %v", answers, err)
		}
	})
}

func TestRowsAboutOthersSpoilTheCall(t *testing.T) {
	each(t, func(t *testing.T, at live) {
		at.taxes(t)
		var log bytes.Buffer
		s := at.logged(t, plainFile("SELECT zjhm, nsrlx FROM grss WHERE zjhm IN ({ids}) OR 1 = 1"), slog.New(slog.NewTextHandler(&log, nil)))
		queries := []source.Query{query(t, wang, "Q1", catalog.LocalTax), query(t, zeng, "Q2", catalog.LocalTax)}
		answers, err := s.Ask(t.Context(), queries)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range answers {
			if a.Outcome != source.Failed || a.Reason != source.ReasonMalformed || len(a.Records) > 0 {
				t.Errorf("got %s %s, want failed", a.Outcome, a.Reason)
			}
		}
		if !strings.Contains(log.String(), "of 5 entries 2 are about nobody") || leaks(log.String()) {
			t.Errorf("log: %s", log.String())
		}
	})
}

// A register that is being filled anew holds nothing on anybody, and that is no answer.
func TestAnEmptyRegisterIsNotNone(t *testing.T) {
	each(t, func(t *testing.T, at live) {
		at.taxes(t)
		s := at.source(t, taxFile)
		run(t, at.db, "DELETE FROM grss", "DELETE FROM gxjl")
		if a, err := one(t, s, wang); reasonOf(err) != source.ReasonIncomplete {
			t.Errorf("got %s %v, want incomplete", a.Outcome, err)
		}
	})
}

func TestAColumnThatIsNewIsNoticedWhereTheFileIsClosed(t *testing.T) {
	each(t, func(t *testing.T, at live) {
		at.taxes(t)
		file := strings.NewReplacer("answer: {person: {id: zjhm}}", "answer: {person: {id: zjhm}, as_of: {at: sjrq, format: 20060102}}\nclosed: true").
			Replace(plainFile("SELECT zjhm, nsrlx, sjje, '20130301' AS sjrq FROM grss WHERE zjhm IN ({ids})"))
		if a, err := one(t, at.source(t, file), wang); err != nil || a.Reason != source.ReasonMalformed {
			t.Errorf("got %s %v, want malformed", a.Outcome, err)
		}
		a, err := one(t, at.source(t, file+"ignore: [sjje]\n"), wang)
		if err != nil || a.Outcome != source.Found || a.AsOf.Format("20060102") != "20130301" {
			t.Errorf("got %s %s as of %v %v", a.Outcome, a.Reason, a.AsOf, err)
		}
	})
}

func TestErrorsSayWhatToDo(t *testing.T) {
	each(t, func(t *testing.T, at live) {
		at.taxes(t)
		tests := []struct {
			name, query string
			reason      source.Reason
			want        string
		}{
			{"no table", "SELECT zjhm, nsrlx FROM v_grss WHERE zjhm IN ({ids})", source.ReasonMalformed, "v_grss"},
			{"no column", "SELECT zjhm, nsrlx, sre_wan FROM grss WHERE zjhm IN ({ids})", source.ReasonMalformed, "no column sre_wan"},
			{"a column that the mapping reads", "SELECT zjhm FROM grss WHERE zjhm IN ({ids})", source.ReasonMalformed, "no column nsrlx"},
			{"two of one name", "SELECT zjhm, nsrlx, nsrlx FROM grss WHERE zjhm IN ({ids})", source.ReasonMalformed, "AS"},
			{"not SQL", "SELECT zjhm nsrlx, FROM grss WHERE zjhm IN ({ids})", source.ReasonMalformed, "does not understand"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				_, err := one(t, at.source(t, plainFile(tt.query)), wang)
				if reasonOf(err) != tt.reason || !strings.Contains(err.Error(), tt.want) || leaks(err.Error()) {
					t.Errorf("got %v, want %s with %q", err, tt.reason, tt.want)
				}
			})
		}
	})
}

// A department that exchanges its views while they are read: the query is given up
// by the server, and that is no fault of the source file.
func TestAQueryThatWaitsCrosswiseIsNoFaultOfTheFile(t *testing.T) {
	at := openPostgres(t, "")
	at.taxes(t)
	s := at.source(t, taxFile)
	var err error
	// The server gives up the one of the two that looks first: mostly the query, which
	// has waited longer.
	until(t, "the query was given up", func() bool {
		err = at.crossed(t, s)
		return err != nil
	})
	if reasonOf(err) != source.ReasonDown || !strings.Contains(err.Error(), "given up for a change") {
		t.Errorf("got %v", err)
	}
}

// crossed locks the register while it is asked, and then what says of when it is, which
// has been read by then. It returns what became of the query.
func (at live) crossed(t *testing.T, s source.Source) error {
	t.Helper()
	tx, err := at.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "LOCK TABLE grss"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := one(t, s, wang)
		ended <- err
	}()
	until(t, "the query waits for the register", func() bool {
		var n int
		err := at.db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'grss'::regclass").Scan(&n)
		return err == nil && n == 1
	})
	if _, err := tx.ExecContext(t.Context(), "LOCK TABLE gxjl"); err != nil {
		_ = tx.Rollback() // it was given up itself
	}
	return <-ended
}

func TestNothingIsWrittenThroughAFunction(t *testing.T) {
	at := openPostgres(t, "")
	at.taxes(t)
	run(t, at.db, "CREATE FUNCTION leer() RETURNS text LANGUAGE sql AS $$ DELETE FROM grss RETURNING '01' $$")
	_, err := one(t, at.source(t, plainFile("SELECT zjhm, leer() AS nsrlx FROM grss WHERE zjhm IN ({ids})")), wang)
	if reasonOf(err) != source.ReasonMalformed || !strings.Contains(err.Error(), "change something") {
		t.Errorf("got %v, want a refusal", err)
	}
}

// account makes an account that may only read.
func (at live) account(t *testing.T, password, limits string) (user string) {
	t.Helper()
	user = fmt.Sprintf("hedui_ro_%d", os.Getpid())
	run(t, at.db, "CREATE OR REPLACE USER "+user+" IDENTIFIED BY '"+password+"' "+limits, "GRANT SELECT ON grss TO "+user, "GRANT SELECT ON gxjl TO "+user)
	drop(t, at.db, "DROP USER "+user)
	return user
}

func TestSecretIsExchangedWhileItRuns(t *testing.T) {
	at := openMariaDB(t)
	at.taxes(t)
	user := at.account(t, "first", "WITH MAX_USER_CONNECTIONS 1")
	key := filepath.Join(t.TempDir(), "key")
	write := func(secret string) {
		if err := os.WriteFile(key, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	cut, _, _ := strings.Cut(at.section, ", user:")
	at.section = fmt.Sprintf("%s, user: %s, secret_file: %q}", cut, user, key)
	s := at.source(t, taxFile)
	if a, err := one(t, s, wang); err != nil || a.Outcome != source.Found {
		t.Fatalf("got %s %v", a.Outcome, err)
	}
	if _, err := one(t, at.source(t, taxFile), wang); reasonOf(err) != source.ReasonThrottled {
		t.Errorf("a second connection: %v, want throttled", err)
	}
	s.(*site).medium.(*frontEnd).db.SetMaxIdleConns(-1) // as after a minute
	run(t, at.db, "ALTER USER "+user+" IDENTIFIED BY 'second'")
	if _, err := one(t, s, wang); reasonOf(err) != source.ReasonCredentials || strings.Contains(err.Error(), "first") {
		t.Errorf("with the old secret: %v, want credentials", err)
	}
	write("second")
	if a, err := one(t, s, wang); err != nil || a.Outcome != source.Found {
		t.Errorf("with the new secret: %s %v", a.Outcome, err)
	}
	run(t, at.db, "REVOKE SELECT ON gxjl FROM "+user)
	if _, err := one(t, s, wang); reasonOf(err) != source.ReasonCredentials || !strings.Contains(err.Error(), "may not read") {
		t.Errorf("without the right: %v, want credentials", err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if _, err := one(t, s, wang); reasonOf(err) != source.ReasonCredentials {
		t.Errorf("without the file: %v, want credentials", err)
	}
}

func TestConnectionIsEncryptedWithAPinnedAuthority(t *testing.T) {
	at := openPostgres(t, "")
	at.taxes(t)
	var on, cert string
	if err := at.db.QueryRow("SHOW ssl").Scan(&on); err != nil || on != "on" {
		t.Skip("this PostgreSQL has no TLS")
	}
	if err := at.db.QueryRow("SHOW ssl_cert_file").Scan(&cert); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(cert)
	if err != nil {
		t.Skip("the certificate of this PostgreSQL cannot be read")
	}
	name := commonName(t, text)
	with := func(rest string) source.Source {
		away := at
		away.section = strings.TrimSuffix(at.section, "}") + ", " + rest + "}"
		return away.source(t, taxFile)
	}
	if a, err := one(t, with(fmt.Sprintf("ca_file: %q, server_name: %q", cert, name)), wang); err != nil || a.Outcome != source.Found {
		t.Errorf("got %s %v, want found", a.Outcome, err)
	}
	stranger := filepath.Join(t.TempDir(), "ca.pem")
	department := httptest.NewTLSServer(http.NotFoundHandler())
	defer department.Close()
	if err := os.WriteFile(stranger, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: department.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, rest := range map[string]string{
		"another name":      fmt.Sprintf("ca_file: %q, server_name: elsewhere.example", cert),
		"another authority": fmt.Sprintf("ca_file: %q, server_name: %q", stranger, name),
	} {
		if _, err := one(t, with(rest), wang); reasonOf(err) != source.ReasonDown || !strings.Contains(err.Error(), "not trusted") {
			t.Errorf("%s: %v, want down", what, err)
		}
	}
}

func commonName(t *testing.T, text []byte) string {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Skip("the certificate cannot be read")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || len(cert.DNSNames) == 0 {
		t.Skip("the certificate names no host")
	}
	return cert.DNSNames[0]
}

func TestAServerWithoutTLSIsNotSpokenTo(t *testing.T) {
	at := openMariaDB(t)
	at.taxes(t)
	var ssl, have string
	if err := at.db.QueryRow("SHOW VARIABLES LIKE 'have_ssl'").Scan(&ssl, &have); err != nil || have == "YES" {
		t.Skip("this MariaDB has TLS")
	}
	at.section = strings.TrimSuffix(at.section, "}") + ", server_name: qzj.example}"
	if _, err := one(t, at.source(t, taxFile), wang); reasonOf(err) != source.ReasonDown || !strings.Contains(err.Error(), "encrypt") {
		t.Errorf("got %v, want down", err)
	}
}

func TestAnExchangedFileIsReadAnew(t *testing.T) {
	old, fresh := openSQLite(t), openSQLite(t)
	old.taxes(t)
	fresh.taxes(t)
	run(t, fresh.db, "DELETE FROM grss")
	s := old.source(t, taxFile)
	if a, err := one(t, s, wang); err != nil || a.Outcome != source.Found {
		t.Fatalf("got %s %v", a.Outcome, err)
	}
	path := func(at live) string { return strings.Split(at.section, `"`)[1] }
	if err := os.Rename(path(fresh), path(old)); err != nil {
		t.Fatal(err)
	}
	if a, err := one(t, s, wang); err != nil || a.Outcome != source.None {
		t.Errorf("got %s %v, want what the new file says", a.Outcome, err)
	}
	if err := s.(*site).Reach(t.Context()); err != nil {
		t.Errorf("not reached: %v", err)
	}
	if err := os.Remove(path(old)); err != nil {
		t.Fatal(err)
	}
	if err := s.(*site).Reach(t.Context()); reasonOf(err) != source.ReasonDown {
		t.Errorf("the file is gone: %v, want down", err)
	}
}
