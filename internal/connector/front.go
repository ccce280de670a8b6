package connector

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"hedui/source"
)

// database is where a department's front-end database is and how it is entered.
type database struct {
	engine      engine
	host, port  string
	name, user  string
	file        string // of SQLite, instead of the others
	ca          string // file of the only authority that is trusted; "" = those of the machine
	serverName  string // in the certificate, if it is not the host
	unencrypted bool   // because of what the file says, or because the server is on this machine
	gb18030     bool
	query       statement
	asOf        statement // nil = none
}

// frontEnd is a department's front-end database (前置库): a copy of its register
// that a clerk or a nightly job refreshes.
type frontEnd struct {
	cfg *Config
	db  *sql.DB
	now func() time.Time
}

// idle is how long a connection is kept that nobody uses.
const idle = time.Minute

func openFrontEnd(cfg *Config, o Options) medium {
	db := sql.OpenDB(dialer{cfg})
	db.SetMaxOpenConns(cfg.info.Limits.Concurrency)
	db.SetMaxIdleConns(min(2, cfg.info.Limits.Concurrency))
	db.SetConnMaxIdleTime(idle)
	if cfg.database.file != "" {
		// A file is exchanged for a newer one as a whole; whoever keeps the old one
		// open goes on reading it.
		db.SetMaxIdleConns(-1)
	}
	return &frontEnd{cfg, db, o.Now}
}

// Close ends the connections.
func (f *frontEnd) Close() error { return f.db.Close() }

// reach enters the database and asks nothing.
func (f *frontEnd) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.info.Limits.Timeout)
	defer cancel()
	if err := f.db.PingContext(ctx); err != nil {
		return f.broken(ctx, err)
	}
	return nil
}

// A dialer makes connections. The secret is read anew for each, so that it can be
// exchanged while Hedui runs.
type dialer struct{ cfg *Config }

func (d dialer) Connect(ctx context.Context) (driver.Conn, error) {
	secret, err := d.cfg.auth.reveal()
	if err != nil {
		return nil, trouble{source.ReasonCredentials, "the secret cannot be read from its file"}
	}
	c, err := d.cfg.database.engine.dial(d.cfg.database, secret, d.cfg.info.Limits.Timeout)
	if err != nil {
		return nil, err
	}
	return c.Connect(ctx)
}

func (d dialer) Driver() driver.Driver { return d }

// Open is for the old way of making connections, which nobody goes.
func (d dialer) Open(string) (driver.Conn, error) { return d.Connect(context.Background()) }

// carry asks about all queries at once.
func (f *frontEnd) carry(ctx context.Context, queries []source.Query, _ bool) (reply, *source.Unavailable) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.info.Limits.Timeout)
	defer cancel()
	top, err := f.ask(ctx, queries)
	if err != nil {
		return reply{}, f.broken(ctx, err)
	}
	return reply{code: 200, body: encode(top), top: top, at: f.now()}, nil
}

// ask reads, in one transaction that changes nothing, of when the register is and
// what it holds on the persons.
func (f *frontEnd) ask(ctx context.Context, queries []source.Query) (map[string]any, error) {
	d := f.cfg.database
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tx, err := f.db.BeginTx(ctx, d.engine.begin)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // nothing was changed
	if first := d.engine.first(f.cfg.info.Limits.Timeout); first != "" {
		if _, err := tx.ExecContext(ctx, first); err != nil {
			return nil, err
		}
	}
	top := map[string]any{}
	if d.asOf != nil {
		got, err := f.read(ctx, stop, tx, d.asOf, nil, 1)
		if err != nil {
			return nil, err
		}
		if top["as_of"] = only(got.rows); top["as_of"] == nil {
			return nil, trouble{source.ReasonIncomplete, "as_of.query gives nothing: the register is empty, perhaps because it is being filled anew"}
		}
	}
	got, err := f.read(ctx, stop, tx, d.query, queries, len(queries)*maxRecords)
	if err != nil {
		return nil, err
	}
	for _, column := range f.cfg.columns() {
		if !got.columns[column] {
			return nil, trouble{source.ReasonMalformed, "the query gives no column " + column + ", which the mapping reads"}
		}
	}
	top["rows"] = got.rows
	return top, nil
}

// only returns the value of one row with one column, or nil.
func only(rows []any) any {
	for _, row := range rows {
		object, _ := row.(map[string]any)
		for _, v := range object {
			return v
		}
	}
	return nil
}

// table is what a query gave.
type table struct {
	columns map[string]bool
	rows    []any
}

// read runs one query and reads at most so many rows, and no more bytes than any
// answer may have. Whoever stops early stops the database too: it would send the
// rest before the connection can be used again.
func (f *frontEnd) read(ctx context.Context, stop func(), tx *sql.Tx, s statement, queries []source.Query, most int) (table, error) {
	text, args := s.write(f.cfg.database.engine, queries)
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return table{}, located(err, text)
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return table{}, err
	}
	got := table{columns: map[string]bool{}, rows: []any{}}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = strings.ToLower(t.Name())
		if got.columns[names[i]] {
			return table{}, trouble{source.ReasonMalformed, "two columns of the query have one name; give each its own with AS"}
		}
		got.columns[names[i]] = true
	}
	cells, into := make([]any, len(types)), make([]any, len(types))
	for i := range cells {
		into[i] = &cells[i]
	}
	for size := 0; rows.Next(); {
		if err := rows.Scan(into...); err != nil {
			return table{}, err
		}
		row := make(map[string]any, len(cells))
		for i, cell := range cells {
			value, ok := f.cfg.database.text(cell, types[i].DatabaseTypeName())
			if !ok {
				return table{}, trouble{source.ReasonMalformed, fmt.Sprintf(
					"column %s holds bytes that are no text; leave it out of the query, or set database.charset", safeName(names[i]))}
			}
			row[names[i]] = value
			if text, ok := value.(string); ok {
				size += len(text)
			}
			size += len(names[i]) + len(`"":"",`)
		}
		if len(got.rows) == most || size > maxBody {
			stop()
			return table{}, trouble{source.ReasonMalformed, fmt.Sprintf(
				"more rows than %d, or more than 8 MiB; look at the query, or ask about fewer persons at once (limits.batch)", most)}
		}
		got.rows = append(got.rows, row)
	}
	if err := rows.Err(); err != nil {
		return table{}, located(err, text)
	}
	return got, nil
}

// columns are those that the mapping reads.
func (c *Config) columns() []string {
	var all []string
	note := func(p *path) {
		if p != nil && p.base != '$' && len(p.steps) > 0 {
			all = append(all, p.steps[0].name)
		}
	}
	w := c.reading.whose
	for _, at := range []*path{w.id, w.formerID, w.name, w.birth, w.sex, c.reading.asOf.at} {
		note(at)
	}
	for i := range w.others {
		note(&w.others[i])
	}
	for _, f := range c.fields {
		note(f.at)
	}
	return all
}

// broken says for the operator what went wrong. Texts of drivers may quote what
// was sent or received, so none is passed on.
func (f *frontEnd) broken(ctx context.Context, err error) *source.Unavailable {
	var t trouble
	if !errors.As(err, &t) {
		t = f.cfg.database.engine.explain(err)
	}
	if ctx.Err() != nil && t.reason == source.ReasonDown {
		t = trouble{source.ReasonSlow, "no answer in time"}
	}
	if t.reason == source.ReasonSlow && ctx.Err() != nil {
		return &source.Unavailable{Reason: t.reason, Err: fmt.Errorf("%s: %s: %w", f.cfg.info.Name, t.say, ctx.Err())}
	}
	return &source.Unavailable{Reason: t.reason, Err: f.cfg.oops(t.say)}
}
