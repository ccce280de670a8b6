package connector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hedui/day"
	"hedui/source"
)

// courier exchanges files with a department: it lays a request file down, and
// comes back for the answer with the number of the batch as token. The number
// follows from the queries and the day, so that asking twice writes the same
// file again.
type courier struct {
	cfg  *Config
	now  func() time.Time
	log  *slog.Logger
	open func(ctx context.Context) (visit, error)

	mu    sync.Mutex
	seed  maphash.Seed
	asked map[string]map[uint64]bool // by batch, whom it is about; lost when Hedui stops
	seen  map[string]sighting        // by name, answer files that are not complete
	swept time.Time
}

// visit is one stay at the place where files lie.
type visit struct {
	depot
	reused bool // over a connection that may have died unnoticed
	leave  func(err error)
}

// sighting is how an answer file looked, and since when it looks like that.
type sighting struct {
	size     int64
	modified time.Time
	since    time.Time
}

// Most batches and files that are remembered.
const maxRemembered = 4096

var batchForm = regexp.MustCompile(`^[0-9]{8}-[0-9a-f]{16}$`)

func openCourier(cfg *Config, o Options) medium {
	c := &courier{cfg: cfg, now: o.Now, log: o.Log, seed: maphash.MakeSeed(), asked: map[string]map[uint64]bool{}, seen: map[string]sighting{}}
	if a := cfg.files.account; a != nil {
		c.open = (&station{account: *a}).visit
	} else {
		c.open = func(context.Context) (visit, error) { return visitDirectory(cfg.files.directory) }
	}
	return c
}

// carry implements [medium]. A connection that was kept may have died since; then
// it is tried once more with a new one, which is harmless.
func (c *courier) carry(ctx context.Context, queries []source.Query, fetch bool) (reply, *source.Unavailable) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.info.Limits.Timeout)
	defer cancel()
	for again := true; ; again = false {
		v, err := c.open(ctx)
		if err != nil {
			return reply{}, c.broken(ctx, err)
		}
		var r reply
		if fetch {
			r, err = c.fetch(ctx, v.depot, queries)
		} else {
			r, err = c.ask(ctx, v.depot, queries)
		}
		v.leave(err)
		switch {
		case err == nil:
			return r, nil
		case again && v.reused && lost(err) && ctx.Err() == nil:
		default:
			return reply{}, c.broken(ctx, err)
		}
	}
}

// broken tells an error of the exchange apart. Texts of the system may quote
// names, so none is passed on.
func (c *courier) broken(ctx context.Context, err error) *source.Unavailable {
	say := func(reason source.Reason, text string) *source.Unavailable {
		return &source.Unavailable{Reason: reason, Err: c.cfg.oops(text)}
	}
	var unwritable unwritableError
	switch {
	case ctx.Err() != nil:
		return say(source.ReasonSlow, "no answer in time")
	case errors.As(err, &unwritable):
		return say(source.ReasonMalformed, unwritable.Error())
	case errors.Is(err, errSecret):
		return say(source.ReasonCredentials, errSecret.Error())
	case errors.Is(err, errAccount):
		return say(source.ReasonCredentials, errAccount.Error())
	case errors.Is(err, errHostKey):
		return say(source.ReasonDown, errHostKey.Error())
	case errors.Is(err, fs.ErrPermission):
		return say(source.ReasonCredentials, "a file or directory of the exchange may not be read or written")
	case errors.Is(err, fs.ErrNotExist):
		return say(source.ReasonDown, "a directory of the exchange is not there")
	}
	return say(source.ReasonDown, "the place of the exchange cannot be reached, or the connection broke")
}

// reach looks whether the directories of the exchange are there.
func (c *courier) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.info.Limits.Timeout)
	defer cancel()
	v, err := c.open(ctx)
	if err == nil {
		for _, dir := range c.cfg.files.directories() {
			if _, err = v.list(ctx, dir); err != nil {
				break
			}
		}
		v.leave(err)
	}
	if err != nil {
		return c.broken(ctx, err)
	}
	return nil
}

// ask writes the request file and what belongs to it: data last but for the
// file that says that all is there.
func (c *courier) ask(ctx context.Context, d depot, queries []source.Query) (reply, error) {
	queries = slices.Clone(queries)
	slices.SortFunc(queries, func(a, b source.Query) int { return strings.Compare(a.ID(), b.ID()) })
	batch := batchOf(queries, c.now())
	x := c.cfg.files
	body, err := x.request.write(queries, batch, c.now())
	if err != nil {
		return reply{}, err
	}
	name := x.request.file.fill(batch, "")
	if sum := x.request.checksum; sum != nil {
		if err := layDown(ctx, d, x.out, sum.file.fill(batch, ""), []byte(sum.line(body, name))); err != nil {
			return reply{}, err
		}
	}
	if err := layDown(ctx, d, x.out, name, body); err != nil {
		return reply{}, err
	}
	if x.request.ready != "" {
		if err := layDown(ctx, d, x.out, x.request.ready.fill(batch, ""), nil); err != nil {
			return reply{}, err
		}
	}
	c.remember(batch, queries)
	c.sweep(ctx, d)
	return reply{later: &source.Later{Token: batch + "." + strconv.Itoa(len(queries)), After: x.answer.after}}, nil
}

// batchOf numbers a batch without personal data.
func batchOf(queries []source.Query, now time.Time) string {
	h := sha256.New()
	for _, q := range queries {
		_, _ = h.Write([]byte(q.ID() + "\x00")) // never fails
	}
	return now.In(day.Beijing).Format("20060102") + "-" + hex.EncodeToString(h.Sum(nil)[:8])
}

// parseToken returns the batch and how many persons it is about.
func parseToken(token string) (batch string, persons int, ok bool) {
	batch, count, _ := strings.Cut(token, ".")
	persons, err := strconv.Atoi(count)
	return batch, persons, err == nil && persons > 0 && batchForm.MatchString(batch)
}

func (c *courier) remember(batch string, queries []source.Query) {
	persons := make(map[uint64]bool, len(queries))
	for key := range c.cfg.reading.persons.owners(queries) {
		persons[maphash.String(c.seed, key)] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.asked) >= maxRemembered {
		clear(c.asked)
	}
	c.asked[batch] = persons
}

// steady notes how a file looks that is not complete, and since when it does.
func (c *courier) steady(name string, info fs.FileInfo) (since time.Duration, before bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	s, ok := c.seen[name]
	if ok && s.size == info.Size() && s.modified.Equal(info.ModTime()) {
		return now.Sub(s.since), true
	}
	if len(c.seen) >= maxRemembered {
		clear(c.seen)
	}
	c.seen[name] = sighting{info.Size(), info.ModTime(), now}
	return 0, false
}

// fetch looks for the answer. Until it is complete the department is still at
// it; one that is complete and cannot be read fails.
func (c *courier) fetch(ctx context.Context, d depot, queries []source.Query) (reply, error) {
	x := c.cfg.files
	token := queries[0].Token()
	batch, persons, ok := parseToken(token)
	if !ok {
		return reply{code: 200, fault: malformed("the token is none of this exchange"), fetch: true}, nil
	}
	notYet := reply{later: &source.Later{Token: token, After: x.answer.after}}
	a, err := c.find(ctx, d, batch)
	switch {
	case err != nil:
		return reply{}, err
	case a == nil:
		return notYet, nil
	}
	r, err := c.receive(ctx, d, a, queries, persons)
	if errors.Is(err, errNotYet) {
		return notYet, nil
	}
	if err != nil || r.fault != nil {
		return r, err
	}
	c.tidy(ctx, d, a)
	return r, nil
}

// tidy puts an answer that was read aside, if that is agreed, and takes back the
// request: it holds names and numbers. What cannot be done now is left to the
// sweep, and the answer stands.
func (c *courier) tidy(ctx context.Context, d depot, a *arrival) {
	x := c.cfg.files
	var errs []error
	for _, name := range a.names() {
		if x.done != "" && a.files[name].dir == x.in {
			errs = append(errs, d.rename(x.in+"/"+name, x.done+"/"+name))
		}
	}
	for _, name := range x.request.names(a.batch) {
		errs = append(errs, d.remove(x.out+"/"+name))
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.log.LogAttrs(ctx, slog.LevelWarn, "files of an answered batch stay where they are", slog.String("source", c.cfg.info.Name))
			break
		}
	}
	c.sweep(ctx, d)
}

// sweep removes, once an hour, what is older than was agreed: requests that were
// never answered and answers that were put aside, and halves that a crash left.
func (c *courier) sweep(ctx context.Context, d depot) {
	c.mu.Lock()
	now := c.now()
	due := now.Sub(c.swept) >= time.Hour
	if due {
		c.swept = now
	}
	c.mu.Unlock()
	if !due {
		return
	}
	x := c.cfg.files
	old := func(dir string, after time.Duration, ours ...pattern) {
		if dir == "" {
			return
		}
		files, err := d.list(ctx, dir)
		if err != nil {
			return
		}
		for _, f := range files {
			if f.Mode().IsRegular() && now.Sub(f.ModTime()) > after && slices.ContainsFunc(ours, func(p pattern) bool { return p.fits(f.Name()) }) {
				_ = d.remove(dir + "/" + f.Name()) // tried again in an hour
			}
		}
	}
	old(x.out, x.keep, x.request.patterns()...)
	old(x.out, time.Hour, partPattern)
	old(x.done, x.keep, x.answer.patterns()...)
}
