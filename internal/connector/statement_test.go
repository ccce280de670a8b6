package connector

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/microsoft/go-mssqldb/msdsn"
	"github.com/sijms/go-ora/v2/configurations"
	"pgregory.net/rapid"

	"hedui/catalog"
	"hedui/source"
)

var allHoles = []string{"ids", "ids15", "from", "to", "purpose"}

func TestStatements(t *testing.T) {
	tests := []struct{ text, want string }{
		{"SELECT a FROM t WHERE id IN ({ids})", ""},
		{"with x as (select 1) select a from x, t where id in ({ids}) or id in ({ids15})", ""},
		{"SELECT 'it''s; DROP TABLE x', \"update\", `set`, [do] /* ; insert */ FROM t -- delete\n WHERE id IN ({ids})", ""},
		{"SELECT a::date, '{{}}' FROM t WHERE id IN ({ids}) AND d > {from:200601}", ""},
		{"UPDATE t SET a = 1 WHERE id IN ({ids})", "must begin"},
		{"(SELECT a FROM t WHERE id IN ({ids}))", "must begin"},
		{"SELECT a FROM t WHERE id IN ({ids}); DROP TABLE t", "semicolons"},
		{"WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x WHERE id IN ({ids})", "DELETE"},
		{"SELECT a INTO b FROM t WHERE id IN ({ids})", "INTO"},
		{"SELECT a FROM t WHERE id IN ({ids}) FOR UPDATE", "UPDATE"},
		{"SELECT a FROM t WHERE id = $1", "of its own"},
		{"SELECT a FROM t WHERE id = ?", "of its own"},
		{"SELECT a FROM t WHERE id = :id", "of its own"},
		{"SELECT @@version", "of its own"},
		{"SELECT a FROM t WHERE id IN ('{ids}')", "is a list"},
		{"SELECT a FROM t WHERE x = '{purpose}' AND id IN ({ids})", "within quotes"},
		{"SELECT a FROM t -- {purpose}\nWHERE id IN ({ids})", "within quotes or a comment"},
		{"SELECT a FROM t WHERE id = {id}", "{id} cannot stand here"},
		{"SELECT a FROM t WHERE id = {ids}", "is a list"},
		{"SELECT a /*! , leer() */ FROM t WHERE id IN ({ids})", "carried out"},
		{`SELECT a FROM t WHERE x = '\' OR id IN ({ids}) -- '`, "\\ within quotes"},
		{"SELECT a FROM t WHERE x = 'open", "does not end"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			_, err := parseStatement(tt.text, allHoles...)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestParametersInTheStyleOfEachEngine(t *testing.T) {
	s, err := parseStatement("SELECT a FROM t WHERE (id IN ({ids}) OR id IN ({ids15})) AND m >= {from:200601} AND y = {purpose}", allHoles...)
	if err != nil {
		t.Fatal(err)
	}
	x := person("有叉", "1990-01-01", 1)
	for !strings.HasSuffix(x.ID.Reveal(), "X") {
		x = person("有叉", x.ID.Birth().Add(1).String(), 1)
	}
	queries := []source.Query{query(t, x, "Q1", catalog.LocalTax), query(t, baby, "Q2", catalog.LocalTax)}
	want := map[string]string{
		"postgres": "($1, $2, $3) OR id IN ($4)) AND m >= $5 AND y = $6", "mariadb": "(?, ?, ?) OR id IN (?)) AND m >= ? AND y = ?",
		"mysql": "(?, ?, ?) OR id IN (?)) AND m >= ? AND y = ?", "sqlite": "(?, ?, ?) OR id IN (?)) AND m >= ? AND y = ?",
		"sqlserver": "(@p1, @p2, @p3) OR id IN (@p4)) AND m >= @p5 AND y = @p6", "oracle": "(:1, :2, :3) OR id IN (:4)) AND m >= :5 AND y = :6",
	}
	if _, short := baby.ID.Short(); short {
		t.Fatal("the child should have no 15-digit number")
	}
	values := []string{x.ID.Reveal(), strings.ToLower(x.ID.Reveal()), baby.ID.Reveal(), short15(x), "201203", "dibao"}
	for name, e := range engines {
		text, args := s.write(e, queries)
		if got := strings.TrimPrefix(text, "SELECT a FROM t WHERE (id IN "); got != want[name] {
			t.Errorf("%s: %s, want %s", name, got, want[name])
		}
		if got := fmt.Sprint(args...); got != fmt.Sprint(toAny(values)...) {
			t.Errorf("%s: other parameters", name)
		}
	}
	text, args := s.write(engines["sqlite"], queries[1:])
	if !strings.Contains(text, "id IN (?) OR id IN (NULL)") || len(args) != 3 {
		t.Errorf("nobody with 15 digits: %s", text)
	}
	if got, want := s.parameters(2), 8; got != want {
		t.Errorf("at most %d parameters, want %d", got, want)
	}
}

func toAny(texts []string) []any {
	all := make([]any, len(texts))
	for i, s := range texts {
		all[i] = s
	}
	return all
}

// awkward is a secret with every character that addresses and texts care for.
const awkward = `p@ss:w/o?r&d=1;#%20 '"密`

// SQL Server and Oracle do not run on the machine of these tests; their drivers
// read what we write.
func TestConnectionTexts(t *testing.T) {
	d := database{engine: engines["sqlserver"], host: "10.1.2.3", port: "1433", name: "税务 前置", user: `dom\ro`, serverName: "qzj.example"}
	c, err := msdsn.Parse(d.sqlServer(awkward, 20*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if c.Host != "10.1.2.3" || c.Port != 1433 || c.Database != "税务 前置" || c.User != `dom\ro` || c.Password != awkward || !c.ReadOnlyIntent || c.DialTimeout != 20*time.Second {
		t.Errorf("SQL Server: %+v", c)
	}
	if c.Encryption != msdsn.EncryptionRequired || c.TLSConfig == nil || c.TLSConfig.InsecureSkipVerify || c.TLSConfig.ServerName != "qzj.example" {
		t.Errorf("SQL Server is not encrypted: %+v", c.TLSConfig)
	}
	d.unencrypted = true
	if c, err = msdsn.Parse(d.sqlServer(awkward, time.Second)); err != nil || c.Encryption != msdsn.EncryptionDisabled {
		t.Errorf("SQL Server on a dedicated line: %v %v", c.Encryption, err)
	}
	d = database{engine: engines["oracle"], host: "10.1.2.4", port: "1521", name: "QZK", user: "ro"}
	o, err := configurations.ParseConfig(d.oracle(awkward, time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Servers) != 1 || o.Servers[0].Addr != "10.1.2.4" || o.Servers[0].Port != 1521 || o.ServiceName != "QZK" || o.UserID != "ro" || o.Password != awkward {
		t.Errorf("Oracle: %+v", o.Servers)
	}
	if !o.SSL || !o.SSLVerify {
		t.Error("Oracle is not encrypted")
	}
	for _, driver := range []string{"mariadb", "mysql"} {
		d = database{engine: engines[driver], host: "::1", port: "3306", name: "qzk", user: "ro", unencrypted: true}
		if _, err := d.engine.dial(d, awkward, 1500*time.Millisecond); err != nil {
			t.Errorf("%s: %v", driver, err)
		}
	}
}

// A query that is accepted has every placeholder where the database sees a
// parameter: filling it changes nothing else of the text.
func TestPlaceholdersAreNeverPartOfTheText(t *testing.T) {
	queries := []source.Query{query(t, wang, "Q1", catalog.LocalTax)}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"SELECT ", "a ", "'", `"`, "`", "[", "]", "--", "\n", "/*", "*/", "''", "{purpose}", "IN ({ids})", "\\", ";", "x"}), 1, 12).Draw(t, "parts")
		s, err := parseStatement(strings.Join(parts, ""), allHoles...)
		if err != nil {
			return
		}
		text, args := s.write(engines["postgres"], queries)
		code, err := bare(text)
		if err != nil {
			t.Fatalf("%q does not end", text)
		}
		if got := strings.Count(code, "$"); got != len(args) {
			t.Errorf("%q: %d of %d parameters are seen", text, got, len(args))
		}
	})
}

func FuzzStatement(f *testing.F) {
	f.Add("SELECT a FROM t WHERE id IN ({ids}) AND x = '{{'")
	f.Add("with x as (select 1) select * from x -- {purpose}")
	f.Add("SELECT [a] /* ' */ FROM \"t\" WHERE id IN ({ids15}) AND d <= {to:20060102}")
	f.Fuzz(func(t *testing.T, s string) {
		q, err := parseStatement(s, allHoles...)
		if err != nil {
			return
		}
		text, args := q.write(engines["oracle"], []source.Query{query(t, wang, "Q1", catalog.LocalTax)})
		if strings.Contains(text, wang.ID.Reveal()) && !strings.Contains(s, wang.ID.Reveal()) || len(args) < len(q)/2-1 {
			t.Errorf("%q became %q", s, text)
		}
	})
}

func TestLoadOfFrontEnds(t *testing.T) {
	sqlFile := strings.ReplaceAll(taxFile, "$database", `{driver: postgres, server: "10.1.2.3:5432", name: qzk, user: ro, secret_file: /etc/hedui/x.key}`)
	if _, err := Load("x.yaml", []byte(sqlFile)); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, from, to, want string }{
		{"unknown driver", "driver: postgres", "driver: postgre", `did you mean "postgres"`},
		{"no secret away from this machine", ", secret_file: /etc/hedui/x.key", "", "exactly one of secret_file"},
		{"relative secret", "/etc/hedui/x.key", "x.key", "absolute"},
		{"no reason", "user: ro", "user: ro, unencrypted: yes", "reason in words"},
		{"two minds", "user: ro", "user: ro, ca_file: /etc/ca.pem, unencrypted: dedicated line of the city", "it is not"},
		{"not a server", "10.1.2.3:5432", "postgres://10.1.2.3/x", "is no server"},
		{"file beside a server", "user: ro", "user: ro, file: /x.db", "for driver sqlite only"},
		{"large name of a column", "income_amount: {at: sre", "income_amount: {at: SRE", "written small, sre"},
		{"no person", "person: {id: zjhm, name: nsrmc}", "person: {name: nsrmc}", "person.id is missing"},
		{"as of what", "as_of: {query: SELECT max(sjrq) FROM gxjl, ", "as_of: {", "exactly one of at and query"},
		{"placeholder in as of", "SELECT max(sjrq) FROM gxjl", "'SELECT max(sjrq) FROM gxjl WHERE x = {purpose}'", "takes no placeholder"},
		{"about nobody", "(zjhm IN ({ids}) OR zjhm IN ({ids15})) AND ", "", "about whom"},
		{"writes", "SELECT ZJHM", "DELETE", "must begin with SELECT"},
		{"a request", "database:", "request: {url: x}\ndatabase:", `"request" is not known`},
		{"too many", `driver: postgres, server: "10.1.2.3:5432"`, `driver: sqlserver, server: "10.1.2.3"`, ""},
		{"far too many", "batch: 50", "batch: 1000", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(sqlFile, tt.from, tt.to, 1)
			if text == sqlFile {
				t.Fatal("nothing was changed")
			}
			_, err := Load("x.yaml", []byte(text))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	many := strings.NewReplacer("batch: 50", "batch: 1000", "driver: postgres", "driver: oracle").Replace(sqlFile)
	if _, err := Load("x.yaml", []byte(many)); err == nil || !strings.Contains(err.Error(), "lower limits.batch") {
		t.Errorf("too many parameters: %v", err)
	}
	cfg := load(t, sqlFile, "")
	if _, err := cfg.At("https://127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "only a source over HTTP") {
		t.Errorf("at another base: %v", err)
	}
	if got := cfg.Info().Limits.Calls; got > 1 {
		t.Errorf("%d calls for one batch", got)
	}
}
