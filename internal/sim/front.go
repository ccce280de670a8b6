package sim

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"hedui/catalog"
	"hedui/day"
)

// A register is what a department copies into its front-end database.
type register struct {
	name    string // of the view; the table behind it has another at each refresh
	key     string // the column with the identity number
	lacks   string // the column that is forgotten when the view is built wrongly
	columns []column
	rows    func(c *City, i int32, from string) []object // on person i, of the months since
}

type column struct {
	name string
	kind columnKind
}

type columnKind int

const (
	asText columnKind = iota
	asDay
	asAmount
	asCount
)

// frontMonths is how far back a front-end database goes.
const frontMonths = 14

// A putter fills a table.
type putter func(db *sql.DB, d dialect, table string) error

// A shelf is where a front-end database stands: a file or a server.
type shelf interface {
	// fill puts a new state of the register in the place of the old one. Until the
	// first, there is an empty register, which does not say of when it is.
	fill(ctx context.Context, put putter, asOf string) error
	// fail makes the database fail in a way, or, with the zero Fault, work again.
	fail(ctx context.Context, f Fault) error
	// section is how a source file names it.
	section() string
	address() string // for people, without a password
	close() error
}

// A front is a department's front-end database while the city runs.
type front struct {
	city     *City
	dept     department
	category catalog.Code
	shelf    shelf

	stop  context.CancelFunc // ends the warden
	ended chan struct{}

	mu      sync.Mutex
	applied Fault
	filled  day.Day
	err     error // that the warden met
}

// openFront makes the database and fills it; in the background if the city is not
// to wait for it.
func (c *City) openFront(ctx context.Context, d department) (*front, error) {
	s, err := c.openShelf(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("sim: front-end database of %s: %w", d.id, err)
	}
	f := &front{city: c, dept: d, category: d.routes[0].category, shelf: s, ended: make(chan struct{})}
	if !c.opts.Background {
		err = f.refresh(ctx)
	}
	if err == nil {
		err = f.settle(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sim: front-end database of %s: %w", d.id, err), s.close())
	}
	ctx, f.stop = context.WithCancel(ctx)
	go f.watch(ctx)
	return f, nil
}

// watch refreshes the register each day, and begins and ends faults at their time.
func (f *front) watch(ctx context.Context) {
	defer close(f.ended)
	for ctx.Err() == nil {
		err := f.refresh(ctx)
		if err == nil {
			err = f.settle(ctx)
		}
		if err != nil && ctx.Err() == nil {
			f.mu.Lock()
			f.err = err
			f.mu.Unlock()
		}
		wait(ctx, 100*time.Millisecond)
	}
}

// refresh fills the register once a day, with the state of the day before.
func (f *front) refresh(ctx context.Context) error {
	today := f.city.today()
	f.mu.Lock()
	done := f.filled == today
	f.mu.Unlock()
	if done {
		return nil
	}
	put := func(db *sql.DB, d dialect, table string) error { return f.city.put(ctx, db, d, table, f.dept.front) }
	if err := f.shelf.fill(ctx, put, write(today.Add(-1), compact)); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.filled = today
	return nil
}

// settle makes the database fail as it is told to now.
func (f *front) settle(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.city.faults.standing(f.dept.id, f.category, time.Now())
	if now == f.applied {
		return nil
	}
	if err := f.shelf.fail(ctx, now); err != nil {
		return err
	}
	f.applied = now
	return nil
}

// put copies what the register holds on everybody.
func (c *City) put(ctx context.Context, db *sql.DB, d dialect, table string, r *register) error {
	from := write(monthStart(c.today(), -frontMonths), "200601")
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	b := bulk{dialect: d, ctx: ctx, tx: tx, table: table, columns: r.columns}
	for i := range c.people {
		for _, row := range r.rows(c, int32(i), from) {
			if err := b.add(row); err != nil {
				return err
			}
		}
	}
	return errors.Join(b.end(), tx.Commit())
}

// A bulk inserts many rows with few statements.
type bulk struct {
	dialect
	ctx     context.Context //nolint:containedctx // lives as long as one call of put
	tx      *sql.Tx
	table   string
	columns []column
	full    *sql.Stmt
	args    []any
}

// batchRows is how many rows go into one statement.
const batchRows = 100

func (b *bulk) add(row object) error {
	for _, c := range b.columns {
		b.args = append(b.args, row[c.name])
	}
	if len(b.args) < batchRows*len(b.columns) {
		return nil
	}
	if b.full == nil {
		var err error
		if b.full, err = b.tx.PrepareContext(b.ctx, b.statement(batchRows)); err != nil {
			return err
		}
	}
	_, err := b.full.ExecContext(b.ctx, b.args...)
	b.args = b.args[:0]
	return err
}

func (b *bulk) end() error {
	if b.full != nil {
		defer func() { _ = b.full.Close() }()
	}
	if len(b.args) == 0 {
		return nil
	}
	_, err := b.tx.ExecContext(b.ctx, b.statement(len(b.args)/len(b.columns)), b.args...)
	return err
}

// statement inserts n rows. Only names of our own are in it.
func (b *bulk) statement(n int) string {
	var s strings.Builder
	s.WriteString("INSERT INTO " + b.table + " VALUES ")
	for i := range n {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteByte('(')
		for j := range b.columns {
			if j > 0 {
				s.WriteByte(',')
			}
			s.WriteString(b.parameter(i*len(b.columns) + j + 1))
		}
		s.WriteByte(')')
	}
	return s.String()
}

func (f *front) close() error {
	f.stop()
	<-f.ended
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.err, f.shelf.close())
}
