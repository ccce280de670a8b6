package sim

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// A fileShelf is a SQLite file that is exchanged as a whole, as where a machine
// gets a copy each night.
type fileShelf struct {
	register *register
	path     string
	table    string

	mu     sync.Mutex
	fault  Fault
	spoilt bool   // a view lacks a column
	unlock func() // ends the locking; nil while nothing is locked
}

func openFile(ctx context.Context, d department, dir string) (shelf, error) {
	s := &fileShelf{register: d.front, path: filepath.Join(dir, d.id+".db"), table: "t_" + d.front.name}
	return s, s.fill(ctx, nil, "")
}

func (s *fileShelf) section() string { return fmt.Sprintf("{driver: sqlite, file: %q}", s.path) }
func (s *fileShelf) address() string { return "sqlite:" + s.path }

func (s *fileShelf) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	return nil
}

// place is where the file is now.
func (s *fileShelf) place() string {
	if s.fault.Kind == Down {
		return s.path + ".off"
	}
	return s.path
}

func openSQLite(path string) (*sql.DB, error) {
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "_pragma=busy_timeout(10000)&_pragma=synchronous(0)"}
	db, err := sql.Open("sqlite", u.String())
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

func (s *fileShelf) fill(ctx context.Context, put putter, asOf string) error {
	fresh := s.path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := s.write(ctx, fresh, put, asOf); err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoilt = false
	if s.fault.Kind == Garbage {
		if err := s.views(ctx, fresh); err != nil {
			return err
		}
	}
	return os.Rename(fresh, s.place())
}

func (s *fileShelf) write(ctx context.Context, path string, put putter, asOf string) error {
	db, err := openSQLite(path)
	if err != nil {
		return err
	}
	defer db.Close()
	d := dialects["sqlite"]
	steps := append([]string{d.create(s.table, s.register), "CREATE TABLE t_gxjl (sjrq TEXT)"}, d.views(s.table, s.register, Fault{})...)
	if err := execute(ctx, db, steps...); err != nil || put == nil {
		return err
	}
	if err := put(db, d, s.table); err != nil {
		return err
	}
	return execute(ctx, db, "CREATE INDEX i_"+s.register.name+" ON "+s.table+" ("+s.register.key+")", "INSERT INTO t_gxjl VALUES ('"+asOf+"')")
}

func execute(ctx context.Context, db *sql.DB, statements ...string) error {
	for _, text := range statements {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// views builds the views anew, as the fault says.
func (s *fileShelf) views(ctx context.Context, path string) error {
	db, err := openSQLite(path)
	if err != nil {
		return err
	}
	defer db.Close()
	s.spoilt = s.fault.Kind == Garbage
	return execute(ctx, db, dialects["sqlite"].views(s.table, s.register, s.fault)...)
}

// fail takes the file away for a database that is down, and locks it for one that
// is slow.
func (s *fileShelf) fail(ctx context.Context, f Fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	before := s.place()
	s.fault = f
	if now := s.place(); now != before {
		if err := os.Rename(before, now); err != nil {
			return err
		}
	}
	if spoilt := f.Kind == Garbage; f.Kind != Down && spoilt != s.spoilt {
		if err := s.views(ctx, s.place()); err != nil {
			return err
		}
	}
	if f.Kind == Slow {
		return s.lock(f.Delay)
	}
	return nil
}

// stop ends the locking.
func (s *fileShelf) stop() {
	if s.unlock != nil {
		s.unlock()
		s.unlock = nil
	}
}

// pauses between two locks: long enough for whoever waits to notice.
const pauses = 300 * time.Millisecond

// lock keeps readers out for so long, lets them in, and locks again. When it
// returns the file is locked.
func (s *fileShelf) lock(delay time.Duration) error {
	ctx, stop := context.WithCancel(context.Background())
	first, ended := make(chan error, 1), make(chan struct{})
	s.unlock = func() { stop(); <-ended }
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			err := s.lockOnce(ctx, delay, first)
			select {
			case first <- err:
			default:
			}
			wait(ctx, pauses)
		}
	}()
	return <-first
}

func (s *fileShelf) lockOnce(ctx context.Context, delay time.Duration, locked chan<- error) error {
	db, err := openSQLite(s.path) // each time: it may be another file by now
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		return err
	}
	select {
	case locked <- nil:
	default:
	}
	wait(ctx, delay)
	_, err = db.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return err
}
