package store

import (
	"context"
	"database/sql/driver"
	"fmt"
)

// The driver of SQLite compiles a statement each time it is run, which costs as
// much as running it. A preparedConn keeps compiled statements by their text: as
// it runs nothing itself, database/sql prepares every statement, and what is
// closed is kept for the next time. The driver of PostgreSQL does the same by
// itself.
type preparedConn struct {
	sqliteConn
	idle map[string][]*preparedStmt // two of one text if its rows are read twice at once
	kept int
}

// maxKept is how many compiled statements one connection keeps: more than the
// store has texts.
const maxKept = 500

// sqliteConn is what the driver's connections can do beside running statements.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// sqliteStmt is what the driver's statements can do.
type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// sqliteConnector opens connections for a [sql.DB].
type sqliteConnector struct {
	driver driver.Driver
	name   string
}

// Connect implements [driver.Connector].
func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	inner, err := c.driver.Open(c.name)
	if err != nil {
		return nil, err
	}
	conn, ok := inner.(sqliteConn)
	if !ok {
		return nil, fmt.Errorf("store: connections of type %T cannot be used", inner)
	}
	return &preparedConn{sqliteConn: conn, idle: map[string][]*preparedStmt{}}, nil
}

// Driver implements [driver.Connector].
func (c sqliteConnector) Driver() driver.Driver { return c.driver }

// PrepareContext implements [driver.ConnPrepareContext].
func (c *preparedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if idle := c.idle[query]; len(idle) > 0 {
		c.idle[query] = idle[:len(idle)-1]
		c.kept--
		return idle[len(idle)-1], nil
	}
	inner, err := c.sqliteConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	stmt, ok := inner.(sqliteStmt)
	if !ok {
		return nil, fmt.Errorf("store: statements of type %T cannot be used", inner)
	}
	return &preparedStmt{sqliteStmt: stmt, conn: c, query: query}, nil
}

// Prepare implements [driver.Conn].
func (c *preparedConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// Close implements [driver.Conn].
func (c *preparedConn) Close() error {
	for _, idle := range c.idle {
		for _, s := range idle {
			_ = s.sqliteStmt.Close() // closing the connection says what matters
		}
	}
	clear(c.idle)
	return c.sqliteConn.Close()
}

type preparedStmt struct {
	sqliteStmt
	conn  *preparedConn
	query string
	bad   bool // it failed, so it is not kept
}

// Close implements [driver.Stmt].
func (s *preparedStmt) Close() error {
	if s.bad || s.conn.kept >= maxKept {
		return s.sqliteStmt.Close()
	}
	s.conn.idle[s.query] = append(s.conn.idle[s.query], s)
	s.conn.kept++
	return nil
}

// ExecContext implements [driver.StmtExecContext].
func (s *preparedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	r, err := s.sqliteStmt.ExecContext(ctx, args)
	s.bad = s.bad || err != nil
	return r, err
}

// QueryContext implements [driver.StmtQueryContext].
func (s *preparedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	r, err := s.sqliteStmt.QueryContext(ctx, args)
	s.bad = s.bad || err != nil
	return r, err
}
