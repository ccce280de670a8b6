package sim

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// A serverShelf is a database of the city's own on a server, behind a line that
// can be cut.
type serverShelf struct {
	dialect
	register *register
	url      *url.URL // of the server, with the name of the database
	name     string
	admin    *sql.DB // makes and drops the database
	db       *sql.DB
	line     *Line

	mu    sync.Mutex
	table string
	round int
	shown Fault // what the views make wrong
}

func openServer(ctx context.Context, d department, address, host string) (shelf, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address cannot be read")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), map[string]string{"mariadb": "3306", "postgres": "5432"}[u.Scheme])
	}
	s := &serverShelf{dialect: dialects[u.Scheme], register: d.front, name: "hedui_qzk_" + d.id + "_" + strings.ToLower(rand.Text())}
	if s.admin, err = openURL(u, strings.Trim(u.Path, "/")); err != nil {
		return nil, err
	}
	charset := ""
	if u.Scheme == "mariadb" {
		charset = " CHARACTER SET utf8mb4"
	}
	if err := execute(ctx, s.admin, "CREATE DATABASE "+s.name+charset); err != nil {
		return nil, errors.Join(err, s.admin.Close())
	}
	s.url = u
	if s.db, err = openURL(u, s.name); err == nil {
		s.line, err = NewLine(ctx, net.JoinHostPort(host, "0"), u.Host)
	}
	if err == nil {
		s.table = s.next()
		err = execute(ctx, s.db, s.create(s.table, s.register), "CREATE TABLE t_gxjl (sjrq VARCHAR(8))", "INSERT INTO t_gxjl VALUES (NULL)")
	}
	if err == nil {
		err = s.show(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func openURL(u *url.URL, database string) (*sql.DB, error) {
	if u.Scheme == "postgres" {
		at := *u
		at.Path = "/" + database
		return sql.Open("pgx", at.String())
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.DBName = "tcp", u.Host, u.User.Username(), database
	c.Passwd, _ = u.User.Password()
	return sql.Open("mysql", c.FormatDSN())
}

// next names the table of the next state.
func (s *serverShelf) next() string {
	s.round++
	return fmt.Sprintf("t_%s_%d", s.register.name, s.round)
}

// show makes the views lead to the newest state, in one step where the database can.
func (s *serverShelf) show(ctx context.Context, more ...string) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, text := range append(s.views(s.table, s.register, s.shown), more...) {
		for one := range strings.SplitSeq(text, "; ") {
			if _, err := tx.ExecContext(ctx, one); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

func (s *serverShelf) fill(ctx context.Context, put putter, asOf string) error {
	s.mu.Lock()
	fresh, old := s.next(), s.table
	s.mu.Unlock()
	if err := execute(ctx, s.db, s.create(fresh, s.register)); err != nil {
		return err
	}
	if err := put(s.db, s.dialect, fresh); err != nil {
		return err
	}
	if err := execute(ctx, s.db, "CREATE INDEX i_"+fresh+" ON "+fresh+" ("+s.register.key+")"); err != nil {
		return err
	}
	s.mu.Lock()
	s.table = fresh
	err := s.show(ctx, "UPDATE t_gxjl SET sjrq = '"+asOf+"'")
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return execute(ctx, s.db, "DROP TABLE "+old)
}

// fail cuts the line to a database that is down; a slow one sleeps before it says
// of when it is.
func (s *serverShelf) fail(ctx context.Context, f Fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line.Cut(f.Kind == Down)
	if f.Kind == Down || f == s.shown {
		return nil
	}
	s.shown = f
	return s.show(ctx)
}

func (s *serverShelf) section() string {
	driver, user := s.url.Scheme, s.url.User.Username()
	secret := ""
	if password, ok := s.url.User.Password(); ok && password != "" {
		secret = fmt.Sprintf(", secret: %q", password)
	}
	return fmt.Sprintf("{driver: %s, server: %q, name: %s, user: %q%s}", driver, s.line.Addr(), s.name, user, secret)
}

func (s *serverShelf) address() string {
	return (&url.URL{Scheme: s.url.Scheme, Host: s.line.Addr(), Path: "/" + s.name}).String()
}

func (s *serverShelf) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	var errs []error
	if s.line != nil {
		errs = append(errs, s.line.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	force := ""
	if s.url.Scheme == "postgres" {
		force = " WITH (FORCE)"
	}
	return errors.Join(append(errs, execute(ctx, s.admin, "DROP DATABASE "+s.name+force), s.admin.Close())...)
}
