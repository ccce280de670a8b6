package sim

import (
	"context"
	"crypto/md5" //nolint:gosec // against accidents on the way, as departments use it
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"hedui/catalog"
)

// A drop is a place where files are exchanged about one category: requests in
// to, answers in from.
type drop struct {
	category      catalog.Code
	dir           string // in the directory of the exchange
	prefix, after string // of names
	answer        func(c *City, request []byte) ([]byte, error)
}

// An exchange is the directory with all drops, the job that answers, and the
// SFTP server.
type exchange struct {
	dir  string
	own  bool // made by us
	sftp *server
	stop context.CancelFunc
	jobs sync.WaitGroup
	once sync.Once
	err  error
}

func (c *City) openExchange(ctx context.Context) (err error) {
	x := &exchange{dir: c.opts.Exchange}
	if x.dir == "" {
		x.own = true
		if x.dir, err = os.MkdirTemp("", "hedui-sim-"); err != nil {
			return fmt.Errorf("sim: directory of the exchange: %w", err)
		}
	}
	if x.dir, err = filepath.Abs(x.dir); err != nil {
		return err
	}
	c.files = x
	ctx, x.stop = context.WithCancel(ctx)
	for _, d := range departments() {
		for _, drop := range d.drops {
			for _, dir := range []string{"to", "from", "read"} {
				if err := os.MkdirAll(filepath.Join(x.dir, drop.dir, dir), 0o700); err != nil {
					return fmt.Errorf("sim: directory of the exchange: %w", err)
				}
			}
			x.jobs.Go(func() { c.nightly(ctx, d.id, drop) })
		}
	}
	if x.sftp, err = c.serveFiles(ctx, filepath.Join(x.dir, "fund")); err != nil {
		return err
	}
	c.urls["housing"] = "sftp://" + x.sftp.addr
	return nil
}

// close ends the job and the server and removes what the city made.
func (x *exchange) close() error {
	x.once.Do(func() {
		x.stop()
		var errs []error
		if x.sftp != nil {
			errs = append(errs, x.sftp.close())
		}
		x.jobs.Wait()
		if x.own {
			errs = append(errs, os.RemoveAll(x.dir))
		}
		x.err = errors.Join(errs...)
	})
	return x.err
}

// exchangeIn puts the places of this city's exchange into a source file.
func (c *City) exchangeIn(text string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil || c.files.sftp == nil {
		return text
	}
	return strings.NewReplacer(`"/housing.sim"`, strconv.Quote(filepath.Join(c.files.dir, "housing")), "fund.sim:22", c.files.sftp.addr,
		"ssh-ed25519 fund.sim", c.files.sftp.hostKey).Replace(text)
}

// nightly answers requests, night after night.
func (c *City) nightly(ctx context.Context, department string, d drop) {
	seen := map[string]heldBack{}
	for {
		requests, _ := filepath.Glob(filepath.Join(c.files.dir, d.dir, "to", d.prefix+"*.ok")) // the form is right
		for _, ok := range requests {
			name := strings.TrimSuffix(filepath.Base(ok), ".ok")
			h, known := seen[name]
			if !known {
				c.counts.call(d.category)
				h.fault, h.n = c.faults.current(department, d.category, time.Now())
				h.until = time.Now()
				if h.fault.Kind == Slow {
					h.until = h.until.Add(max(h.fault.Delay, map[bool]time.Duration{true: 3 * time.Second}[h.fault.Delay == 0]))
				}
				seen[name] = h
			}
			if c.faults.down(department, d.category, time.Now()) || time.Now().Before(h.until) {
				continue
			}
			if c.process(d, name, h) == nil {
				delete(seen, name)
			}
		}
		if !wait(ctx, c.opts.Nightly) {
			return
		}
	}
}

// heldBack is a request that was seen, and what befalls it.
type heldBack struct {
	fault Fault
	n     int
	until time.Time
}

// process answers one request and takes it away. One that cannot be read stays:
// nobody hears of it, as usual.
func (c *City) process(d drop, name string, h heldBack) error {
	to := filepath.Join(c.files.dir, d.dir, "to", name)
	request, err := os.ReadFile(to + d.after)
	if err != nil {
		return err
	}
	var body []byte
	sum := [md5.Size]byte{}
	switch kind := h.fault.spoils(h.n); kind {
	case "page":
		body = []byte("<!DOCTYPE html><html><title>系统维护</title><body>系统正在维护，请稍后再试。</body></html>")
		sum = md5.Sum(body) //nolint:gosec // as above
	default:
		if body, err = d.answer(c, request); err != nil {
			return err
		}
		sum = md5.Sum(body) //nolint:gosec // as above
		if kind == "half" {
			body = body[:len(body)/2]
		}
	}
	from := filepath.Join(c.files.dir, d.dir, "from", name+"_R"+strconv.FormatInt(time.Now().UnixMilli(), 10)+d.after)
	return errors.Join(
		os.WriteFile(from+".tmp", body, 0o600), os.Rename(from+".tmp", from),
		os.WriteFile(from+".tmp", []byte(hex.EncodeToString(sum[:])+"  "+filepath.Base(from)+"\r\n"), 0o600), os.Rename(from+".tmp", from+".md5"),
		gone(to+".ok"), gone(to+d.after+".md5"), gone(to+d.after),
	)
}

// gone removes a file, if whoever laid it down has not done so.
func gone(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// spoils says in which way the n-th answer within a fault is no good.
func (f Fault) spoils(n int) string {
	every := 1
	switch f.Kind {
	case Flaky:
		if every = f.Every; every == 0 {
			every = 3
		}
	case Garbage:
	default:
		return ""
	}
	switch {
	case n%every != 0:
		return ""
	case n/every%2 == 1:
		return "half"
	}
	return "page"
}
