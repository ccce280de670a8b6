package connector

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/microsoft/go-mssqldb"
	"github.com/sijms/go-ora/v2"
	"modernc.org/sqlite"

	"hedui/source"
)

// engine is everything in which databases differ.
type engine struct {
	port      string                                                                         // usual one; "" for a file
	most      int                                                                            // parameters of one statement
	clocked   bool                                                                           // a DATE has a time of day
	begin     *sql.TxOptions                                                                 // read-only and of one moment, where the driver can
	first     func(limit time.Duration) string                                               // statement at the beginning of a transaction, or ""
	parameter func(n int) string                                                             // how the n-th is written, from 1
	narrow    func(number string) any                                                        // an identity number as a parameter that leaves indexes of use
	dial      func(d database, secret string, limit time.Duration) (driver.Connector, error) //
	explain   func(error) trouble
}

// engines are the databases that front-end machines have, by the word of the file.
var engines = map[string]engine{
	"postgres": {
		port: "5432", most: 60000, begin: snapshot, narrow: same, dial: dialPostgres, explain: explainPostgres,
		parameter: func(n int) string { return "$" + strconv.Itoa(n) },
		first:     func(limit time.Duration) string { return "SET LOCAL statement_timeout = " + millis(limit) },
	},
	"mariadb": {
		port: "3306", most: 60000, begin: snapshot, narrow: same, parameter: question, first: nothing, explain: explainMySQL,
		dial: dialMySQL("max_statement_time", func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }),
	},
	"mysql": {
		port: "3306", most: 60000, begin: snapshot, narrow: same, parameter: question, first: nothing, explain: explainMySQL,
		dial: dialMySQL("max_execution_time", millis),
	},
	"sqlserver": {
		port: "1433", most: 2000, begin: &sql.TxOptions{}, dial: dialSQLServer, explain: explainSQLServer,
		narrow:    func(number string) any { return mssql.VarChar(number) }, // nvarchar would pass over the index
		parameter: func(n int) string { return "@p" + strconv.Itoa(n) },
		first:     func(limit time.Duration) string { return "SET LOCK_TIMEOUT " + millis(limit) },
	},
	"oracle": {
		port: "1521", most: 1000, clocked: true, begin: &sql.TxOptions{}, narrow: same, dial: dialOracle, explain: explainOracle,
		parameter: func(n int) string { return ":" + strconv.Itoa(n) },
		first:     func(time.Duration) string { return "SET TRANSACTION READ ONLY" },
	},
	"sqlite": {
		most: 30000, begin: &sql.TxOptions{ReadOnly: true}, narrow: same, parameter: question, first: nothing, dial: dialSQLite, explain: explainSQLite,
	},
}

// snapshot reads the state of one moment, so that a refresh in between is not seen.
var snapshot = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}

func engineNames() []string          { return slices.Sorted(maps.Keys(engines)) }
func same(number string) any         { return number }
func question(int) string            { return "?" }
func nothing(time.Duration) string   { return "" }
func millis(d time.Duration) string  { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) }
func (d database) address() string   { return net.JoinHostPort(d.host, d.port) }
func (d database) certified() string { return firstOf(d.serverName, d.host) }

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// tls returns how the connection is encrypted, nil for not at all.
func (d database) tls() (*tls.Config, error) {
	if d.unencrypted {
		return nil, nil
	}
	// Servers of front-end machines are old: TLS 1.2 must do.
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: d.certified()}
	if d.ca == "" {
		return c, nil
	}
	text, err := os.ReadFile(d.ca)
	c.RootCAs = x509.NewCertPool()
	if err != nil || !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, trouble{"down", "the certificate of the authority cannot be read from database.ca_file"}
	}
	return c, nil
}

var errConnection = trouble{"malformed", "the driver refuses the connection's settings"}

func dialPostgres(d database, secret string, _ time.Duration) (driver.Connector, error) {
	encryption, err := d.tls()
	if err != nil {
		return nil, err
	}
	c, err := pgx.ParseConfig("postgres://?sslmode=disable") // only this makes one; all of it is set below
	port, bad := strconv.ParseUint(d.port, 10, 16)
	if err != nil || bad != nil {
		return nil, errConnection
	}
	c.Host, c.Port, c.Database, c.User, c.Password = d.host, uint16(port), d.name, d.user, secret
	c.TLSConfig, c.Fallbacks, c.ValidateConnect = encryption, nil, nil
	c.RuntimeParams = map[string]string{"application_name": "hedui", "client_encoding": "UTF8"}
	if d.gb18030 {
		c.RuntimeParams["client_encoding"] = "SQL_ASCII" // as the bytes stand there
	}
	// Types of parameters are the server's to say, and nothing is prepared that a
	// pooler in between would lose.
	c.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler { // ends the query there, too
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: time.Second}
	}
	return stdlib.GetConnector(*c), nil
}

// dialMySQL makes connections whose statements end after the limit, which
// MariaDB and MySQL name and write differently.
func dialMySQL(variable string, write func(time.Duration) string) func(database, string, time.Duration) (driver.Connector, error) {
	return func(d database, secret string, limit time.Duration) (driver.Connector, error) {
		encryption, err := d.tls()
		if err != nil {
			return nil, err
		}
		c := mysql.NewConfig()
		c.Net, c.Addr, c.DBName, c.User, c.Passwd, c.TLS = "tcp", d.address(), d.name, d.user, secret, encryption
		c.Logger = &mysql.NopLogger{}
		c.Params = map[string]string{variable: write(limit), "time_zone": "'+08:00'"}
		charset := "utf8mb4"
		if d.gb18030 {
			// Bytes as they stand there, whatever the column says of itself.
			charset, c.Params["character_set_results"] = "latin1", "binary"
		}
		if err := c.Apply(mysql.Charset(charset, "")); err != nil {
			return nil, errConnection
		}
		return mysql.NewConnector(c)
	}
}

func dialSQLServer(d database, secret string, limit time.Duration) (driver.Connector, error) {
	return mssql.NewConnector(d.sqlServer(secret, limit))
}

// sqlServer is the connection text. The driver reads the authority's file itself.
func (d database) sqlServer(secret string, limit time.Duration) string {
	options := url.Values{
		"database": {d.name}, "app name": {"hedui"}, "applicationintent": {"ReadOnly"}, "encrypt": {"disable"},
		"dial timeout": {strconv.Itoa(int(max(limit, time.Second) / time.Second))},
	}
	if !d.unencrypted {
		options.Set("encrypt", "true")
		options.Set("trustservercertificate", "false")
		options.Set("hostnameincertificate", d.certified())
		options.Set("tlsmin", "1.2")
		if d.ca != "" {
			options.Set("certificate", d.ca)
		}
	}
	u := url.URL{Scheme: "sqlserver", User: url.UserPassword(d.user, secret), Host: d.address(), RawQuery: options.Encode()}
	return u.String()
}

func dialOracle(d database, secret string, limit time.Duration) (driver.Connector, error) {
	encryption, err := d.tls()
	if err != nil {
		return nil, err
	}
	c := go_ora.NewConnector(d.oracle(secret, limit))
	if oracle, ok := c.(*go_ora.OracleConnector); ok && encryption != nil {
		oracle.WithTLSConfig(encryption)
	}
	return c, nil
}

// oracle is the connection text; name is the service.
func (d database) oracle(secret string, limit time.Duration) string {
	port, _ := strconv.Atoi(d.port) // the file was checked
	options := map[string]string{"CONNECTION TIMEOUT": strconv.Itoa(int(max(limit, time.Second) / time.Second))}
	if !d.unencrypted {
		options["SSL"], options["SSL VERIFY"] = "true", "true"
	}
	return go_ora.BuildUrl(d.host, port, d.name, d.user, secret, options)
}

func dialSQLite(d database, _ string, limit time.Duration) (driver.Connector, error) {
	if _, err := os.Stat(d.file); err != nil {
		return nil, trouble{"down", "there is no file of the database"}
	}
	options := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(" + millis(limit) + ")", "query_only(1)"}}
	u := url.URL{Scheme: "file", OmitHost: true, Path: d.file, RawQuery: options.Encode()}
	return sqlite.NewConnector(u.String())
}

// A trouble is why a database gave nothing, in words for the operator that hold
// nothing of what was sent or received.
type trouble struct {
	reason source.Reason
	say    string
}

func (t trouble) Error() string { return "connector: front-end database: " + t.say }

// unheard is what an error that no database sent means.
func unheard(err error) trouble {
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var dial *net.OpError
	var timeout net.Error
	text := strings.ToLower(err.Error())
	switch {
	case errors.As(err, &verify), errors.As(err, &authority), errors.As(err, &name):
		return trouble{"down", "the certificate of the database is not trusted; see database.ca_file and database.server_name"}
	case errors.As(err, &timeout) && timeout.Timeout():
		return trouble{"slow", "no answer in time"}
	case errors.As(err, &dial) && dial.Op == "dial":
		return trouble{"down", "no connection to the database"}
	case strings.Contains(text, "tls"), strings.Contains(text, "ssl"), strings.Contains(text, "encrypt"):
		return trouble{"down", "the database does not encrypt the connection as it must; have TLS switched on there"}
	}
	return trouble{"down", "the connection to the database broke"}
}
