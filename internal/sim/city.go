package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
)

// Options say which city to build. The zero value is a city of 2,000 persons with
// small delays on free ports of 127.0.0.1.
type Options struct {
	Population int              // persons, the fixed families among them; 0 = 2,000, at most 5,000,000
	Seed       uint64           // the same seed and population give the same city
	Listen     string           // host to listen on; "" = 127.0.0.1
	Instant    bool             // no delays and no limits, for benchmarks
	Now        func() time.Time // until when the registers are kept; nil = the clock
	Faults     map[string]Fault // by department or category, from the start on
	Dirt       Dirt             // how registers spell names and numbers; nil = as they are

	// Where the departments with a front-end database keep it, by department:
	// mariadb://user:password@host:port or postgres://user:password@host:port/database,
	// for servers on which the city makes a database of its own and drops it. Without
	// one it is a SQLite file.
	FrontEnds map[string]string
	// The front-end databases are filled while the city runs already. Until that is
	// done they do not say of when they are.
	Background bool
	Exchange   string        // directory where files are exchanged; "" = a temporary one, which Close removes
	Nightly    time.Duration // how often departments look for request files; 0 = 40 ms, in an instant city 5 ms
}

const (
	defaultPopulation = 2000
	maxPopulation     = 5_000_000
)

// A City is a population and the departments that keep registers on it. Its
// methods may be called at the same time.
type City struct {
	opts Options
	seed uint64

	people       []person
	homes        []household
	firms        []firm
	byKey        map[uint32]int32
	lastEmployer int32 // firms before it employ people
	nextFirm     int32 // first employer without an owner

	faults   faults
	counts   counter
	tickets  ticketer
	nonces   nonces
	batches  batches // of the banks
	mandates mandates

	mu      sync.Mutex
	servers map[string]*http.Server
	urls    map[string]string
	fronts  map[string]*front
	dir     string // of SQLite files
	files   *exchange
}

// NewCity builds the population. Nothing listens yet.
func NewCity(opts Options) (*City, error) {
	if opts.Population == 0 {
		opts.Population = defaultPopulation
	}
	if opts.Population < len(fixtures) || opts.Population > maxPopulation {
		return nil, fmt.Errorf("sim: population %d: choose between %d and %d", opts.Population, len(fixtures), maxPopulation)
	}
	if opts.Listen == "" {
		opts.Listen = "127.0.0.1"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Nightly == 0 {
		opts.Nightly = 40 * time.Millisecond
		if opts.Instant {
			opts.Nightly = 5 * time.Millisecond
		}
	}
	c := &City{
		opts: opts, seed: opts.Seed,
		people:   make([]person, 0, opts.Population+8),
		byKey:    make(map[uint32]int32, opts.Population),
		nextFirm: int32(len(fixedFirms)), //nolint:gosec // few
		tickets:  newTicketer(opts.Seed),
	}
	for name, address := range opts.FrontEnds {
		if err := checkFrontEnd(name, address); err != nil {
			return nil, err
		}
	}
	for name, f := range opts.Faults {
		if err := c.SetFault(name, f); err != nil {
			return nil, err
		}
	}
	if err := c.resettle(); err != nil {
		return nil, err
	}
	c.populate(opts.Population)
	return c, nil
}

// Start opens all departments; when it returns they listen. They close when ctx
// is done, or with [City.Close].
func (c *City) Start(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.servers != nil {
		return errors.New("sim: the city is started already")
	}
	c.servers, c.urls, c.fronts = map[string]*http.Server{}, map[string]string{}, map[string]*front{}
	c.faults.restart(time.Now())
	for _, d := range departments() {
		if err := c.openDepartment(ctx, d); err != nil {
			err = errors.Join(err, c.closeAll())
			c.servers, c.urls, c.fronts = nil, nil, nil
			return err
		}
	}
	if err := c.openExchange(ctx); err != nil {
		err = errors.Join(err, c.closeAll())
		c.servers, c.urls, c.fronts = nil, nil, nil
		return err
	}
	context.AfterFunc(ctx, func() { _ = c.Close() })
	return nil
}

func (c *City) openDepartment(ctx context.Context, d department) error {
	if d.front != nil {
		f, err := c.openFront(ctx, d)
		if err == nil {
			c.fronts[d.id], c.urls[d.id] = f, f.shelf.address()
		}
		return err
	}
	if d.routes == nil {
		return nil
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(c.opts.Listen, "0"))
	if err != nil {
		return fmt.Errorf("sim: listen for department %s: %w", d.id, err)
	}
	server := &http.Server{Handler: c.office(d), ReadHeaderTimeout: 10 * time.Second}
	c.servers[d.id], c.urls[d.id] = server, "http://"+l.Addr().String()
	go func() { _ = server.Serve(l) }() // ends with ErrServerClosed
	return nil
}

// Close ends all departments at once; calls under way break off. Closing twice
// does no harm.
func (c *City) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closeAll()
}

func (c *City) closeAll() error {
	var errs []error
	for _, s := range c.servers {
		errs = append(errs, s.Close())
	}
	for _, f := range c.fronts {
		errs = append(errs, f.close())
	}
	clear(c.fronts)
	if c.dir != "" {
		errs = append(errs, os.RemoveAll(c.dir))
		c.dir = ""
	}
	if c.files != nil {
		errs = append(errs, c.files.close())
	}
	return errors.Join(errs...)
}

// Departments lists the ids of the departments.
func Departments() []string {
	var ids []string
	for _, d := range departments() {
		ids = append(ids, d.id)
	}
	return ids
}

// URL is where a department listens, without a final stroke, or its front-end
// database; "" before [City.Start] and for an unknown department.
func (c *City) URL(department string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.urls[department]
}

// SetFault makes a department (such as "police") or one category (such as
// "housing_fund") fail from now on; the zero Fault ends it.
func (c *City) SetFault(name string, f Fault) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	c.faults.set(name, f, time.Now())
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, front := range c.fronts {
		errs = append(errs, front.settle(context.Background()))
	}
	return errors.Join(errs...)
}

// Size is the number of persons in the registers, the dead among them.
func (c *City) Size() int { return len(c.people) }

// Person returns the name and number of person i, 0 ≤ i < Size, as the registers
// have them; the fixed families come first. It is for benchmarks and bulk tests.
func (c *City) Person(i int) (name string, id idcard.Number) {
	return c.name(int32(i)), c.number(int32(i)) //nolint:gosec // below Size
}

// Calls is the number of calls that reached the category's register, failed and
// refused ones among them. Fetching a ticket is a call too. A front-end database
// does not tell who asks it: of its category nothing is counted, here and by
// [City.Asked].
func (c *City) Calls(category catalog.Code) int { return c.counts.callsOf(category) }

// Asked is how often the category's register was searched for a person. It
// counts persons, not calls; a call that failed or was refused searched nothing,
// and fetching what was searched before is not a search.
func (c *City) Asked(category catalog.Code, id idcard.Number) int {
	return c.counts.askedFor(category, id)
}

func (c *City) today() day.Day { return day.Of(c.opts.Now()) }

// now is the time as a clock in Beijing shows it.
func (c *City) now() time.Time { return c.opts.Now().In(day.Beijing) }
