package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/catalog"
	"hedui/day"
	"hedui/exchange"
	"hedui/internal/hedui"
	"hedui/internal/sim"
	"hedui/region"
	"hedui/seal"
)

// tiers is the demo's city of nodes: the hub with what the city knows, and a node
// for each county of the families, with what only the county knows.
type tiers struct {
	streams
	account  io.Writer
	dir      string
	deadline time.Duration
	database string     // of the hub
	suite    seal.Suite // of new nodes
	stepUp   time.Duration
	byHand   bool // nobody works in the archives of land
	cuts     map[string]time.Duration
	city     *sim.City
	nodes    []*tier // the hub first
}

// tier is one node of the demo.
type tier struct {
	*node
	name, division string
	peers, page    net.Listener
	line           *sim.Line // of a county, to the hub
}

// hubName is the demo's city hub.
const hubName = "ningbo"

// countyNames are the counties with a name of their own; others are named by
// their code.
var countyNames = map[string]string{"330203": "haishu", "330212": "yinzhou"}

func countyName(division string) string {
	if name, ok := countyNames[division]; ok {
		return name
	}
	return "county-" + division
}

// plan decides which nodes there are and takes their addresses.
func (t *tiers) plan(ctx context.Context, pages string, list []family) error {
	t.nodes = []*tier{{name: hubName, division: cityDivision}}
	divisions := slices.Collect(maps.Keys(countyNames))
	for _, f := range list {
		divisions = append(divisions, strings.TrimSpace(f.form.Division))
	}
	slices.Sort(divisions)
	for _, d := range slices.Compact(divisions) {
		t.nodes = append(t.nodes, &tier{name: countyName(d), division: d})
	}
	for name := range t.cuts {
		if !slices.ContainsFunc(t.nodes[1:], func(n *tier) bool { return n.name == name }) {
			return hedui.Fail(hedui.Invalid, hedui.Say("error.cut_link", name), nil)
		}
	}
	var err error
	for i, n := range t.nodes {
		if pages == "" {
			break
		}
		if n.page, err = listen(ctx, nextPort(pages, i)); err != nil {
			t.close()
			return err
		}
	}
	if t.nodes[0].peers, err = listen(ctx, "127.0.0.1:0"); err != nil {
		t.close()
		return err
	}
	return nil
}

// nextPort is the i-th address after the first; port 0 stays.
func nextPort(address string, i int) string {
	host, port, err := net.SplitHostPort(address)
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil || n == 0 {
		return address
	}
	return net.JoinHostPort(host, strconv.Itoa(n+i))
}

// close gives back what was taken.
func (t *tiers) close() {
	for _, n := range t.nodes {
		if n.line != nil {
			_ = n.line.Close()
		}
		_ = closeAll(n.peers, n.page) // closed already where it was served
		if n.node != nil {
			_ = n.closeSources()
			_ = n.db.Close()
		}
	}
}

// open writes the configuration of each node, as an operator would, and opens it.
func (t *tiers) open(ctx context.Context) error {
	for _, n := range t.nodes {
		path, err := t.configure(n)
		if err != nil {
			return err
		}
		set, err := readSettings(path, t.log)
		if err != nil {
			return err
		}
		o := set.nodeOptions
		o.deadline, o.log = t.deadline, t.log
		if n.division != cityDivision { // over a line that can be cut
			if n.line, err = sim.NewLine(ctx, "127.0.0.1:0", t.nodes[0].peers.Addr().String()); err != nil {
				return err
			}
			o.urls = []string{"https://" + n.line.Addr()}
		} else if t.database != "" {
			o.database = t.database
		}
		if n.node, err = openNode(ctx, o); err != nil {
			return err
		}
	}
	return t.writeTrust()
}

// configure writes node.yaml and the source files of a node. They are real: each
// node can be started from them with "hedui serve".
func (t *tiers) configure(n *tier) (string, error) {
	dir := filepath.Join(t.dir, n.name)
	if err := writable(filepath.Join(dir, "sources")); err != nil {
		return "", err
	}
	own, county := t.city.SourceFiles(), t.city.CountyFiles(n.division)
	for name := range county { // what the counties keep the city does not
		delete(own, name)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "# Written by the demo at each start.\nnode: %s\ndivision: %q\nissuer: %s\nsuite: %s\n", n.name, n.division, demoOffice(n.division), cmp.Or(t.suite, seal.Intl))
	if n.page != nil {
		fmt.Fprintf(&text, "page: %s\n", n.page.Addr())
	}
	if n.peers != nil {
		fmt.Fprintf(&text, "exchange: %s\n", n.peers.Addr())
	} else {
		fmt.Fprintf(&text, "parent: {node: %s, urls: [\"https://%s\"]}\n", hubName, t.nodes[0].peers.Addr())
	}
	text.WriteString("registers:\n")
	files := own
	if n.peers == nil {
		files = county
	}
	scope := n.division
	person, err := filepath.Abs(filepath.Join(dir, "test-person.yaml"))
	if err == nil {
		err = os.WriteFile(person, simPerson(), 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("test person: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		body := files[name]
		if n.peers != nil { // machines answer
			body = fmt.Appendf(slices.Clip(body), "test_person: %s\n", strconv.Quote(person))
		}
		if err := os.WriteFile(filepath.Join(dir, "sources", name), body, 0o600); err != nil {
			return "", fmt.Errorf("source files: %w", err)
		}
		fmt.Fprintf(&text, "  - {source: sources/%s, scope: %q}\n", name, scope)
	}
	t.elsewhere(&text, n, own, county)
	text.WriteString("sign_in: {second_factor: optional")
	if t.stepUp > 0 {
		fmt.Fprintf(&text, ", step_up: %s", t.stepUp)
	}
	text.WriteString("}\norders: trusted\nofficers:\n")
	for _, o := range demoStaff() {
		fmt.Fprintf(&text, "  - {id: %s, name: %s, office: %s, division: %q, roles: [%s]}\n", o.ID, o.Name, o.Office, o.Division, joinWords(o.Roles))
	}
	if n.peers == nil {
		text.WriteString(countyLiaison(n.division))
	}
	path := filepath.Join(dir, "node.yaml")
	if err := writeWhole(path, []byte(text.String())); err != nil {
		return "", fmt.Errorf("configuration: %w", err)
	}
	return path, nil
}

// elsewhere writes which registers a node reaches through others.
func (t *tiers) elsewhere(w io.Writer, n *tier, own, county map[string][]byte) {
	var city, counties []string
	for _, c := range catalog.All() {
		file := string(c.Code) + ".yaml"
		if _, there := county[file]; there {
			counties = append(counties, string(c.Code))
		} else if _, there := own[file]; there {
			city = append(city, string(c.Code))
		}
	}
	if n.peers == nil {
		fmt.Fprintf(w, "  - {node: %s, categories: [%s], scope: %q}\n", hubName, strings.Join(city, ", "), cityDivision)
		fmt.Fprintf(w, "  - {node: %s, categories: [%s], below: %q}\n", hubName, strings.Join(counties, ", "), cityDivision)
		return
	}
	for _, child := range t.nodes[1:] {
		fmt.Fprintf(w, "  - {node: %s, categories: [%s], scope: %q}\n", child.name, strings.Join(counties, ", "), child.division)
	}
}

// demoOffice is the verification centre of a division.
func demoOffice(division string) string {
	return region.Name(division, day.Of(time.Now())) + "居民家庭经济状况核对中心（演示）"
}

// trust is the file by which the reports of all nodes are checked.
func (t *tiers) trust() string { return filepath.Join(t.dir, "trust.pem") }

func (t *tiers) writeTrust() error {
	var all []byte
	for _, n := range t.nodes {
		text, err := os.ReadFile(n.trust)
		if err != nil {
			return fmt.Errorf("trust file: %w", err)
		}
		all = append(all, text...)
	}
	return writeWhole(t.trust(), all)
}

// of is the node of a family's county.
func (t *tiers) of(f family) *node {
	for _, n := range t.nodes[1:] {
		if n.division == strings.TrimSpace(f.form.Division) {
			return n.node
		}
	}
	return t.nodes[0].node
}

// run runs all nodes.
func (t *tiers) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, n := range t.nodes {
		g.Go(func() error { return n.run(ctx, n.peers, n.page) })
		g.Go(func() error { return n.takeOrders(ctx) })
		if n.division != cityDivision && !t.byHand {
			g.Go(func() error { return t.archivist(n).work(ctx) })
		}
		if n.page != nil {
			t.say(t.account, "demo.page", region.Name(n.division, day.Of(time.Now())), n.pageAddress(n.page))
		}
	}
	return g.Wait()
}

// enrol makes each county a child of the hub, as two operators would: one makes a
// code, the other uses it, the first compares the keys and approves.
func (t *tiers) enrol(ctx context.Context) error {
	hub := t.nodes[0].node.peers
	for _, n := range t.nodes[1:] {
		county := n.node.peers
		if hub.Knows(n.name) && county.Knows(hubName) {
			continue
		}
		code, err := hub.Invite(ctx, operator, n.name, n.division, n.level, time.Hour)
		if err != nil {
			return err
		}
		for _, approved := range []bool{false, true} {
			_, err := county.Join(ctx, operator, n.urls[0], code)
			if !approved && errors.Is(err, exchange.ErrPending) {
				err = hub.Decide(ctx, operator, n.name, true)
			}
			if err != nil {
				return err
			}
		}
		t.say(t.account, "demo.joined", n.name)
	}
	return nil
}

// cutFor is how long a link is cut if nobody says.
const cutFor = 30 * time.Second

func parseCuts(texts []string) (map[string]time.Duration, error) {
	cuts := map[string]time.Duration{}
	for _, text := range texts {
		name, length, given := strings.Cut(text, ":")
		d := cutFor
		if given {
			var err error
			if d, err = time.ParseDuration(length); err != nil || d <= 0 {
				return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.cut_link_form", text), nil)
			}
		}
		cuts[name] = d
	}
	return cuts, nil
}

// count has the statistics show what has just been told: the nodes do so of themselves,
// but not at once.
func (t *tiers) count(ctx context.Context) error {
	for _, n := range t.nodes {
		if err := n.desk.CountCases(ctx); err != nil {
			return err
		}
		if err := n.desk.ReportCounts(ctx); err != nil {
			return err
		}
	}
	return nil
}

// cutLinks breaks the links that were asked for, and mends them in time.
func (t *tiers) cutLinks(ctx context.Context) {
	for _, n := range t.nodes[1:] {
		d, cut := t.cuts[n.name]
		if !cut {
			continue
		}
		n.line.Cut(true)
		t.say(t.account, "demo.cut", n.name, d.String())
		go func() {
			if pause(ctx, d) == nil {
				n.line.Cut(false)
				t.say(t.account, "demo.mended", n.name)
			}
		}()
	}
}
