package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/federation"
	"hedui/internal/hedui"
	"hedui/internal/sim"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// The story of issue 3: a hub and three counties, each a process of its own, with
// lines between them that are cut, slow and deaf, and processes that are killed
// at random. Every case must end with a sealed report, every query be answered
// once, and what the nodes have recorded must agree.
//
// HEDUI_TEST_STORY says how long and how many, such as "2m/500"; the usual test
// is shorter.

// storySize is what the test does if nobody says.
const storySize = "6s/30"

func storyOf(t *testing.T) (chaos time.Duration, cases int) {
	t.Helper()
	text := os.Getenv("HEDUI_TEST_STORY")
	if text == "" {
		text = storySize
	}
	length, n, _ := strings.Cut(text, "/")
	chaos, err1 := time.ParseDuration(length)
	cases, err2 := strconv.Atoi(n)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatalf("HEDUI_TEST_STORY: %v", err)
	}
	return chaos, cases
}

// A process is a node that can be killed.
type process struct {
	config string
	mu     sync.Mutex
	cmd    *exec.Cmd
	log    bytes.Buffer
	dead   bool // not to be started any more
	kills  int
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return nil
	}
	p.cmd = exec.Command(os.Args[0], "--lang=en", "serve", "--config", p.config)
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = &p.log
	return p.cmd.Start()
}

// kill ends the process at once and starts it again a little later.
func (p *process) kill(rest time.Duration) error {
	p.mu.Lock()
	cmd := p.cmd
	p.kills++
	p.mu.Unlock()
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	time.Sleep(rest)
	return p.start()
}

// stop ends the process in good order.
func (p *process) stop() error {
	p.mu.Lock()
	p.dead = true
	cmd := p.cmd
	p.mu.Unlock()
	if cmd == nil {
		return nil
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	return cmd.Wait()
}

// world is the hub, its counties and everything between them.
type world struct {
	t         *testing.T
	dir       string
	city      *sim.City
	hubs      []*process
	counties  map[string]*process // by division
	lines     []*sim.Line
	divisions []string
}

// freePort finds an address that nobody gets by chance while its process is down:
// below the ports that the system gives to connections.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := "127.0.0.1:" + strconv.Itoa(20000+rand.IntN(10000))
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

func (w *world) write(path, text string) {
	w.t.Helper()
	path = filepath.Join(w.dir, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		w.t.Fatal(err)
	}
}

func staffYAML() string {
	var b strings.Builder
	b.WriteString("orders: trusted\nofficers:\n")
	for _, o := range demoStaff() {
		fmt.Fprintf(&b, "  - {id: %s, name: %s, division: %q, roles: [%s]}\n", o.ID, o.Name, o.Division, joinWords(o.Roles))
	}
	return b.String()
}

// build writes the configurations. The hub has as many processes as ports.
func (w *world) build(database string, processes int) {
	files := w.city.SourceFiles()
	for name, text := range files {
		w.write("hub-sources/"+name, string(text))
	}
	var urls []string
	for i := range processes {
		port := freePort(w.t)
		urls = append(urls, port)
		text := "node: ningbo\ndivision: \"330200\"\nissuer: 市中心\nkeys: ../hub-keys\nexchange: " + port + "\nregisters:\n"
		if database != "" {
			w.write("hub.secret", database+"\n")
			text += "\n"
			text = "database_file: ../hub.secret\n" + text
		}
		for name := range files {
			if name != "land.yaml" {
				text += "  - {source: ../hub-sources/" + name + ", scope: \"330200\"}\n"
			}
		}
		for _, d := range w.divisions {
			text += fmt.Sprintf("  - {node: %s, categories: [land], scope: %q}\n", countyName(d), d)
		}
		config := fmt.Sprintf("hub-%d/node.yaml", i)
		w.write(config, text+staffYAML())
		w.hubs = append(w.hubs, &process{config: filepath.Join(w.dir, config)})
	}
	for _, d := range w.divisions {
		w.county(d, urls)
	}
}

func (w *world) county(division string, hubs []string) {
	name := countyName(division)
	var urls []string
	for _, hub := range hubs {
		line, err := sim.NewLine(w.t.Context(), "127.0.0.1:0", hub)
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _ = line.Close() })
		w.lines = append(w.lines, line)
		urls = append(urls, "\"https://"+line.Addr()+"\"")
	}
	for file, text := range w.city.CountyFiles(division) {
		w.write(name+"/"+file, string(text))
	}
	w.write(name+"/node.yaml", fmt.Sprintf("node: %s\ndivision: %q\nissuer: 区中心\nparent: {node: ningbo, urls: [%s]}\nregisters:\n"+
		"  - {source: land.yaml, scope: %q}\n  - {node: ningbo, categories: [land], below: \"330200\"}\n"+
		"  - {node: ningbo, categories: [hukou, vehicle, marriage, death, local_tax, national_tax, social_insurance, employment, housing, housing_fund, business], scope: \"330200\"}\n",
		name, division, strings.Join(urls, ", "), division)+staffYAML()+countyLiaison(division))
	w.counties[division] = &process{config: filepath.Join(w.dir, name, "node.yaml")}
}

func (w *world) processes() []*process {
	all := w.hubs
	for _, d := range w.divisions {
		all = append(all[:len(all):len(all)], w.counties[d])
	}
	return all
}

// archives has the land archive of each county worked by its clerk until ctx ends,
// over processes that are killed and start again. It returns how to send the
// clerks home.
func (w *world) archives() (home func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var clerks sync.WaitGroup
	for _, d := range w.divisions {
		dir := filepath.Dir(w.counties[d].config)
		a := &archivist{city: w.city, division: d,
			order: func(ctx context.Context, o order) ([]byte, error) {
				body, err := askRunning(ctx, dir, o)
				if errors.Is(err, errNotRunning) {
					return nil, hedui.Fail(hedui.Unavailable, hedui.Say("error.control"), err)
				}
				return body, err
			},
			trouble: func(err error) { w.t.Errorf("archive of %s: %v", d, err) },
		}
		clerks.Go(func() { _ = a.work(ctx) })
	}
	return func() {
		cancel()
		clerks.Wait()
	}
}

// join starts everything and makes the counties children of the hub.
func (w *world) join() {
	for _, p := range w.processes() {
		if err := p.start(); err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _ = p.stop() })
		w.await(p)
	}
	for _, d := range w.divisions {
		_, code, errs := runHedui(w.t, "node", "invite", countyName(d), d, "--config", w.hubs[0].config)
		code = strings.TrimSpace(code)
		if code == "" {
			w.t.Fatalf("invite: %s", errs)
		}
		joined := make(chan string, 1)
		go func() {
			_, out, errs := runHedui(w.t, "node", "join", "--config", w.counties[d].config, "--code", code)
			joined <- out + errs
		}()
		for range 100 {
			if exit, _, _ := runHedui(w.t, "node", "approve", countyName(d), "--config", w.hubs[0].config); exit == 0 {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if out := <-joined; !strings.Contains(out, "now a child of ningbo") {
			w.t.Fatalf("join: %s", out)
		}
	}
}

// await waits until a process takes orders.
func (w *world) await(p *process) {
	w.t.Helper()
	for range 400 {
		_, err := askRunning(w.t.Context(), filepath.Dir(p.config), order{Name: "node/status", As: operator.ID})
		if err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s does not start: %s", p.config, p.log.String())
}

// forms makes the applications: adults of the simulated city, spread over the
// counties, every fifth registered in another county.
func (w *world) forms(n int) []hedui.Form {
	var list []hedui.Form
	today := day.Of(time.Now())
	for i := 20; len(list) < n; i++ {
		name, id := w.city.Person(i)
		if age := id.AgeOn(today); age < hedui.AdultAge || age > 90 {
			continue
		}
		k := len(list)
		p := hedui.FormPerson{Name: name, ID: id.Reveal(), Relation: "self"}
		if k%5 == 0 {
			p.Registered = w.divisions[(k+1)%len(w.divisions)]
		}
		list = append(list, hedui.Form{Programme: "dibao", Division: w.divisions[k%len(w.divisions)], Office: "民政局", Persons: []hedui.FormPerson{p},
			Consents: []hedui.FormConsent{{Person: 1, Programme: "dibao", SignedOn: "today", Until: "today+300", Document: "授权书"}}})
	}
	return list
}

// chaos harms lines and processes at random until ctx ends.
func (w *world) chaos(ctx context.Context, random *rand.Rand) {
	processes := w.processes()
	for ctx.Err() == nil {
		line := w.lines[random.IntN(len(w.lines))]
		switch random.IntN(5) {
		case 0, 1:
			if err := processes[random.IntN(len(processes))].kill(time.Duration(random.IntN(700)) * time.Millisecond); err != nil {
				w.t.Error(err)
			}
		case 2:
			line.Cut(true)
			_ = pause(ctx, time.Duration(100+random.IntN(1500))*time.Millisecond)
			line.Cut(false)
		case 3:
			line.Mute(true)
			_ = pause(ctx, time.Duration(50+random.IntN(400))*time.Millisecond)
			line.Mute(false)
		case 4:
			line.Delay(time.Duration(random.IntN(120)) * time.Millisecond)
		}
		_ = pause(ctx, time.Duration(random.IntN(600))*time.Millisecond)
	}
	for _, line := range w.lines {
		line.Cut(false)
		line.Mute(false)
		line.Delay(0)
	}
}

func TestNoFailureLosesOrDoublesAnything(t *testing.T) {
	needFont(t)
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			database, processes := "", 1
			if e.Name == "postgres" {
				database, processes = e.Fresh(t).URL, 2
			}
			tellStory(t, database, processes)
		})
	}
}

func tellStory(t *testing.T, database string, processes int) {
	chaos, n := storyOf(t)
	city, err := sim.NewCity(sim.Options{Population: 4*n + 1000, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := city.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer city.Close()
	w := &world{t: t, dir: t.TempDir(), city: city, counties: map[string]*process{}, divisions: []string{"330203", "330205", "330212"}}
	w.build(database, processes)
	w.join()
	home := w.archives()
	defer home()
	seed := uint64(time.Now().UnixNano())
	t.Logf("chaos for %s, %d cases, seed %d", chaos, n, seed)
	storm, calm := context.WithTimeout(t.Context(), chaos)
	defer calm()
	var harm sync.WaitGroup
	harm.Go(func() { w.chaos(storm, rand.New(rand.NewPCG(seed, 1))) })
	cases := w.drive(chaos, n)
	harm.Wait()
	kills := 0
	for _, p := range w.processes() {
		kills += p.kills
	}
	t.Logf("%d processes were killed", kills)
	for _, p := range w.processes() {
		w.delivered(p)
	}
	home()
	for _, p := range w.processes() {
		if err := p.stop(); err != nil {
			t.Errorf("%s did not end in good order: %v\n%s", p.config, err, p.log.String())
		}
	}
	w.audit(cases)
}

// delivered waits until every message of a node has its receipt. What a killed
// process had taken out is nobody else's until its lease has ended.
func (w *world) delivered(p *process) {
	w.t.Helper()
	for range 900 {
		var st federation.Status
		body, err := askRunning(w.t.Context(), filepath.Dir(p.config), order{Name: "node/status", As: operator.ID})
		if err == nil {
			err = json.Unmarshal(body, &st)
		}
		if err == nil && !slices.ContainsFunc(st.Peers, func(p federation.PeerState) bool { return p.Waiting > 0 }) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.t.Errorf("%s: messages stay in the outbox", p.config)
}

// drive takes the cases through while everything breaks, spread over the time of
// the chaos, and returns what became of them, by division.
func (w *world) drive(chaos time.Duration, n int) map[string][]lookAnswer {
	ctx, cancel := context.WithTimeout(w.t.Context(), chaos+5*time.Minute)
	defer cancel()
	var mu sync.Mutex
	done := map[string][]lookAnswer{}
	var all sync.WaitGroup
	room := make(chan struct{}, 12)
	for i, form := range w.forms(n) {
		all.Go(func() {
			_ = pause(ctx, chaos*time.Duration(i)/time.Duration(n)) // families come one after the other
			room <- struct{}{}
			defer func() { <-room }()
			r := &caseRun{ctx: ctx, config: w.counties[form.Division].config, staff: demoStaff(), onlyRunning: true}
			look, err := r.through(fmt.Sprint("story-", i), form)
			if err != nil || len(look.Reports) != 1 {
				w.t.Errorf("case %d at %s with %d reports: %v", i, look.Stage, len(look.Reports), err)
			}
			mu.Lock()
			defer mu.Unlock()
			done[form.Division] = append(done[form.Division], look)
		})
	}
	all.Wait()
	return done
}

// audit opens the databases and counts.
func (w *world) audit(cases map[string][]lookAnswer) {
	t := w.t
	hub := w.open(w.hubs[0])
	defer hub.db.Close()
	for _, d := range w.divisions {
		county := w.open(w.counties[d])
		c := &counter{world: w, t: t, hub: hub, county: county, name: countyName(d)}
		if err := c.count(cases[d]); err != nil {
			t.Error(err)
		}
		provedLog(t, county)
		_ = county.db.Close()
	}
	provedLog(t, hub)
	if n, err := lettersLeft(t.Context(), hub); err != nil || n > 0 {
		t.Errorf("in the hub's outbox still: %d %v", n, err)
	}
}

// lettersLeft counts what waits in a node's outbox, but for letters about logs: nodes
// that run tell each other of every new checkpoint, so one may always be on its way.
func lettersLeft(ctx context.Context, n *node) (int, error) {
	left := 0
	waiting, _, err := n.db.Waiting(ctx)
	for _, count := range waiting {
		left += count
	}
	for _, kind := range []string{"tlog-checkpoint", "tlog-cosignature"} {
		about, err := n.db.ParcelsOfKind(ctx, kind)
		if err != nil {
			return 0, err
		}
		left -= about
	}
	return left, err
}

// provedLog proves the audit log of a node anew: whoever was killed, the entries
// have one place each and nothing was changed.
func provedLog(t *testing.T, n *node) {
	t.Helper()
	found, err := n.db.CheckLog(t.Context())
	if err != nil || len(found.Faults) > 0 || found.Head.Size == 0 {
		t.Errorf("%s: log of %d entries: %v %v", n.name, found.Head.Size, found.Faults, err)
	}
}

func (w *world) open(p *process) *node {
	w.t.Helper()
	set, err := readSettings(p.config, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := openNode(w.t.Context(), set.nodeOptions)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// counter holds one county's books against the hub's.
type counter struct {
	world       *world
	t           *testing.T
	hub, county *node
	name        string
}

func (c *counter) count(cases []lookAnswer) error {
	ctx := c.t.Context()
	if n, err := lettersLeft(ctx, c.county); err != nil || n > 0 {
		c.t.Errorf("%s: in the outbox still: %d %v", c.name, n, err)
	}
	return c.county.db.Read(ctx, func(tx *store.Tx) error {
		list, err := tx.Cases(ctx, store.Filter{Limit: 10000})
		if err != nil {
			return err
		}
		if len(list) != len(cases) {
			c.t.Errorf("%s has %d cases, want %d", c.name, len(list), len(cases))
		}
		return c.hub.db.Read(ctx, func(up *store.Tx) error {
			for _, s := range list {
				if err := c.one(ctx, tx, up, s.ID); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// one counts one case: each act once, each query answered, each that the hub
// answered there once and recorded on both sides as often.
func (c *counter) one(ctx context.Context, tx, up *store.Tx, id string) error {
	entries, err := tx.Entries(ctx, id)
	if err != nil {
		return err
	}
	acts := map[audit.Verb]int{}
	heard := 0
	for _, e := range entries {
		acts[e.Verb]++
		if e.Verb == audit.Asked && e.Office == hedui.AtNode("ningbo") {
			heard += finals(e.Detail)
		}
	}
	for _, v := range []audit.Verb{audit.Registered, audit.Commissioned, audit.Accepted, audit.Reviewed, audit.Prepared, audit.Sealed, audit.Delivered} {
		if acts[v] != 1 {
			c.t.Errorf("%s: case %s: %s recorded %d times, want once", c.name, id, v, acts[v])
		}
	}
	queries, err := tx.Queries(ctx, id)
	if err != nil {
		return err
	}
	asked := 0
	var relays []string
	for _, q := range queries {
		if q.State != hedui.Answered {
			c.t.Errorf("%s: %s of %s is %s (%s)", c.name, q.Category, q.Scope, q.State, q.Reason)
		}
		if peer, away := hedui.NodeOf(q.Source); away && peer == "ningbo" {
			asked++
			relays = append(relays, store.RelayID(c.name, q.ID))
		}
	}
	if heard != asked {
		c.t.Errorf("%s: case %s: %d answers of the hub are recorded, %d were asked", c.name, id, heard, asked)
	}
	there, err := up.RelaysByID(ctx, relays)
	if err != nil {
		return err
	}
	if len(there) != asked {
		c.t.Errorf("%s: case %s: %d questions at the hub, want %d", c.name, id, len(there), asked)
	}
	for _, r := range there {
		if r.State != hedui.Answered || r.Body != nil {
			c.t.Errorf("%s: question on %s is %s at the hub, and holds a body: %t", c.name, r.Category, r.State, r.Body != nil)
		}
	}
	full, err := tx.Case(ctx, id)
	if err != nil {
		return err
	}
	recorded := 0
	for _, mandate := range full.Mandates {
		entries, err := up.Entries(ctx, mandate)
		if err != nil {
			return err
		}
		for _, e := range entries {
			recorded += finals(e.Detail)
		}
	}
	if recorded != asked {
		c.t.Errorf("%s: case %s: the hub has recorded %d answers, %d were asked", c.name, id, recorded, asked)
	}
	return nil
}

// finals sums the answers in the detail of an audit entry: "housing=none×2".
func finals(detail string) int {
	sum := 0
	for word := range strings.FieldsSeq(detail) {
		what, times, _ := strings.Cut(word, "×")
		_, outcome, _ := strings.Cut(what, "=")
		if n, err := strconv.Atoi(times); err == nil && source.Outcome(outcome).Final() {
			sum += n
		}
	}
	return sum
}
