package connector

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"hedui/source"
)

// A live is a database of the test's own on a server that runs here.
type live struct {
	driver  string
	db      *sql.DB
	section string // of the source file
}

// each runs f on every engine that is here, with a database that is new.
func each(t *testing.T, f func(t *testing.T, at live)) {
	t.Run("sqlite", func(t *testing.T) { f(t, openSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, openPostgres(t, "")) })
	t.Run("mariadb", func(t *testing.T) { f(t, openMariaDB(t)) })
}

// server returns the address of a server, and skips or fails without one.
func server(t *testing.T, variable string) *url.URL {
	t.Helper()
	u, err := url.Parse(os.Getenv(variable))
	switch {
	case err != nil:
		t.Fatalf("%s is no URL", variable)
	case u.Host == "" && os.Getenv("HEDUI_TEST_TOOLS") != "":
		t.Fatalf("%s is not set", variable)
	case u.Host == "":
		t.Skipf("%s is not set", variable)
	}
	return u
}

func openDB(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func run(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%.200s: %v", s, err)
		}
	}
}

// drop is for the end of a test, when its context is done.
func drop(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	t.Cleanup(func() {
		if _, err := db.Exec(statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	})
}

func openSQLite(t *testing.T) live {
	path := filepath.Join(t.TempDir(), "qzk.db")
	return live{"sqlite", openDB(t, "sqlite", path), fmt.Sprintf("{driver: sqlite, file: %q}", path)}
}

func openPostgres(t *testing.T, options string) live {
	u := server(t, "HEDUI_TEST_POSTGRES")
	name := "hedui_qzk_" + strings.ToLower(rand.Text())
	admin := openDB(t, "pgx", u.String())
	run(t, admin, "CREATE DATABASE "+name+" "+options)
	drop(t, admin, "DROP DATABASE "+name+" WITH (FORCE)")
	u.Path = "/" + name
	return live{"postgres", openDB(t, "pgx", u.String()), section("postgres", u, name)}
}

func openMariaDB(t *testing.T) live {
	u := server(t, "HEDUI_TEST_MARIADB")
	name := "hedui_qzk_" + strings.ToLower(rand.Text())
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User = "tcp", u.Host, u.User.Username()
	c.Passwd, _ = u.User.Password()
	admin := openDB(t, "mysql", c.FormatDSN())
	run(t, admin, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	drop(t, admin, "DROP DATABASE "+name)
	c.DBName = name
	return live{"mariadb", openDB(t, "mysql", c.FormatDSN()), section("mariadb", u, name)}
}

func section(driver string, u *url.URL, name string) string {
	secret := ""
	if password, ok := u.User.Password(); ok && password != "" {
		secret = fmt.Sprintf(", secret: %q", password)
	}
	return fmt.Sprintf("{driver: %s, server: %q, name: %s, user: %s%s}", driver, u.Host, name, u.User.Username(), secret)
}

// source makes the source of a file, with $database for the section, and closes it.
func (at live) source(t *testing.T, file string) source.Source {
	t.Helper()
	return at.logged(t, file, nil)
}

func (at live) logged(t *testing.T, file string, log *slog.Logger) source.Source {
	t.Helper()
	s := New(load(t, strings.ReplaceAll(file, "$database", at.section), ""), Options{Now: clock, Log: log})
	t.Cleanup(func() { _ = s.(*site).Close() })
	return s
}

// taxFile joins the table of taxes below.
const taxFile = `name: local-tax
kind: sql
department: 某市税务局
category: local_tax
limits: {batch: 50, concurrency: 4, per_second: 10000, timeout: 5s}
database: $database
query: |
  SELECT ZJHM, nsrmc, nsrlx, skssqq, skssqz, sre, sjje, rksj
  FROM grss
  WHERE (zjhm IN ({ids}) OR zjhm IN ({ids15})) AND skssqq <= {to} AND skssqz >= {from}
  ORDER BY zjhm, skssqq
answer:
  blank: ["-"]
  person: {id: zjhm, name: nsrmc}
  as_of: {query: SELECT max(sjrq) FROM gxjl, format: 20060102}
fields:
  taxpayer_role: {at: nsrlx, required: true, codes: {"01": person}}
  period_from: {at: skssqq, required: true}
  period_to: {at: skssqz, required: true}
  income_amount: {at: sre, unit: wan}
  tax_amount: sjje
  paid_date: {at: rksj, format: "2006-01-02 15:04:05"}
`

// taxes fills a front-end database: Wang two months, Li under the 15-digit number,
// Chen under another name, and Zeng nothing.
func (at live) taxes(t *testing.T) {
	t.Helper()
	when := map[string]string{"sqlite": "DATETIME", "postgres": "TIMESTAMP", "mariadb": "DATETIME(6)"}[at.driver]
	run(t, at.db,
		"CREATE TABLE grss (zjhm CHAR(18), nsrmc VARCHAR(60), nsrlx VARCHAR(2), skssqq DATE, skssqz DATE, sre DECIMAL(14,4), sjje VARCHAR(20), rksj "+when+")",
		"CREATE TABLE gxjl (sjrq VARCHAR(8))", "INSERT INTO gxjl VALUES ('20130301'), ('20130319')")
	for _, r := range []struct{ id, name, month, rest string }{
		{wang.ID.Reveal(), wang.Name, "2013-01", "0.4800, '1,234.50', '2013-02-05 09:30:01.25'"},
		{wang.ID.Reveal(), wang.Name, "2012-12", "1.2345, '-', NULL"},
		{wang.ID.Reveal(), wang.Name, "2011-12", "9, '1', NULL"}, // before the window
		{short15(li), li.Name, "2013-01", "0.5, '0.00', NULL"},
		{chen.ID.Reveal(), "陈某某", "2013-01", "0.5, '0.00', NULL"},
	} {
		run(t, at.db, fmt.Sprintf("INSERT INTO grss VALUES ('%s', '%s', '01', '%s-01', '%s-28', %s)", r.id, r.name, r.month, r.month, r.rest))
	}
}

// one asks about one person and returns what became of it in short.
func one(t *testing.T, s source.Source, p source.Person) (source.Answer, error) {
	t.Helper()
	answers, err := s.Ask(t.Context(), []source.Query{query(t, p, "Q1", s.Info().Categories[0])})
	if err != nil {
		return source.Answer{}, err
	}
	return answers[0], nil
}

// until waits for a condition.
func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !met(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after ten seconds: %s", what)
		}
	}
}
