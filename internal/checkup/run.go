// Package checkup tries a source on its department with a test person and writes
// down what it finds: whether it can be reached, lets us in, is understood, answers
// alike, tells a stranger from a friend, and is quick enough. It asks about nobody
// but the test person, for whom somebody has said that this is one, and persons who
// do not exist. What it writes down holds no name, no number and no value.
package checkup

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/connector"
	"hedui/internal/lang"
	"hedui/source"
)

// A Checkup tries one source and writes down what it finds.
type Checkup struct {
	*Sheet
	cfg      *connector.Config
	now      func() time.Time
	web      *http.Client
	info     source.Info
	category catalog.Category
	person   Person
	Signs    *Signer // signs the mandates; nil = the department is sent their number only
	prober   *prober

	mu        sync.Mutex
	strangers map[string]bool
	certified time.Time // until when the department's certificate holds

	known, twice, nobody, misnamed, batch *probe
}

// New begins the sheet of a source file that was found sound.
func New(sh *Sheet, cfg *connector.Config, now func() time.Time) *Checkup {
	c := &Checkup{Sheet: sh, now: now, cfg: cfg, info: cfg.Info(), strangers: map[string]bool{}}
	c.category, _ = catalog.Get(c.info.Categories[0])
	sh.Source, sh.Kind, sh.Department, sh.Category = c.info.Name, cfg.Kind(), c.info.Department, string(c.category.Code)
	if c.Manual() {
		return c
	}
	whole := slices.DeleteFunc(cfg.Mapped(), func(key string) bool { return strings.Contains(key, ".") })
	c.Note("file", OK, "file.ok", strconv.Itoa(len(whole)), strconv.Itoa(len(c.category.Fields)))
	return c
}

// Begin joins the source, under a mandate that is live for this check.
func (c *Checkup) Begin(person Person, purpose string, wait time.Duration) {
	now := c.now()
	c.person = person
	heard := newListener()
	c.web = c.client()
	joined := connector.New(c.cfg, connector.Options{Client: c.web, Now: c.now, Log: slog.New(heard), Stranger: c.stranger})
	to := day.Of(now)
	c.prober = &prober{source: joined, category: c.category.Code, window: source.Window{From: to.AddMonths(-12), To: to}, purpose: purpose,
		number: "CHECK-" + now.In(day.Beijing).Format("20060102-150405"), consent: "test person, stated by " + person.StatedBy,
		from: now.Add(-time.Minute), until: now.Add(wait + 10*time.Minute).Truncate(time.Second), heard: heard, signs: c.Signs, now: c.now}
	c.Mandate = &Mandate{c.prober.number, purpose, c.prober.from.Truncate(time.Second), c.prober.until, person.StatedBy}
}

// Close ends what was opened to the department.
func (c *Checkup) Close() {
	if s, ok := c.prober.source.(io.Closer); ok {
		_ = s.Close() // nothing is lost by what does not close
	}
	c.web.CloseIdleConnections()
}

// client looks at the department's certificate in passing.
func (c *Checkup) client() *http.Client {
	look := func(state tls.ConnectionState) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(state.PeerCertificates) > 0 {
			c.certified = state.PeerCertificates[0].NotAfter
		}
		return nil
	}
	return &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13, VerifyConnection: look}}}
}

func (c *Checkup) stranger(key string) {
	if key == c.person.Name || strings.Contains(key, c.person.Name) {
		key = "?"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.strangers[key] = true
}

// Manual reports whether people answer, so that only the file can be tried.
func (c *Checkup) Manual() bool { return c.Kind == "worklist" || c.Kind == "letter" }

// ShowForm shows what people fill in: all fields of the category.
func (c *Checkup) ShowForm() {
	c.Note("file", OK, "file.manual", strconv.Itoa(len(c.category.Fields)))
	c.Note("connection", Skipped, "manual."+c.Kind)
	for _, f := range c.category.Fields {
		c.Sample = append(c.Sample, Sampled{f.Key, f.Name, lang.Text(c.Lang, "source.type."+string(f.Type))})
	}
}

// Run asks everything that can be asked and writes the lines.
func (c *Checkup) Run(ctx context.Context, asks int, wait time.Duration, tell func(left int, waited time.Duration)) {
	p := c.prober
	c.known = p.ask(ctx, c.person.Person)
	c.encryption()
	if c.known.err != nil {
		c.failed("connection", c.known)
		c.Note("other", Skipped, "other.skipped")
		return
	}
	c.Note("connection", OK, "connection.ok")
	c.twice = &probe{queries: c.known.queries}
	p.again(ctx, c.twice)
	c.nobody = p.ask(ctx, Nobodies(c.person.ID, 1)...)
	c.misnamed = p.ask(ctx, source.Person{Name: nobodyName, ID: c.person.ID})
	probes := []*probe{c.known, c.twice, c.nobody, c.misnamed}
	if n := min(c.info.Limits.Batch, 4); n > 1 {
		c.batch = p.ask(ctx, append([]source.Person{c.person.Person}, Nobodies(c.person.ID, n)[1:]...)...)
		probes = append(probes, c.batch)
	}
	accepted := c.known.answers[0].Later != nil
	p.wait(ctx, probes, c.now().Add(wait), tell)
	if !c.judgeKnown(wait) {
		c.strange()
		c.Note("other", Skipped, "other.skipped")
		return
	}
	c.judgeTwice()
	c.judgeNobody()
	c.judgeMisnamed()
	c.judgeBatch()
	c.mapping()
	c.asOf()
	if accepted {
		c.Note("later", OK, "later", c.known.waited.Round(time.Second/10).String())
	}
	c.measure(ctx, asks, accepted)
}

// encryption tells of the line to the department, where it was one of TLS.
func (c *Checkup) encryption() {
	c.mu.Lock()
	until := c.certified
	c.mu.Unlock()
	if until.IsZero() {
		return
	}
	c.Certified = &until
	state, key := OK, "tls.ok"
	if left := until.Sub(c.now()); left < 30*24*time.Hour {
		state, key = Warning, "tls.soon"
	}
	c.Note("tls", state, key, until.In(day.Beijing).Format(time.DateOnly))
}

// failed writes why a probe came to nothing, and what can be done.
func (c *Checkup) failed(check string, pr *probe) {
	reason, why := c.prober.why(pr)
	key := "reason." + string(reason)
	if !lang.Has("sheet." + key) {
		key = "reason.other"
	}
	c.Note(check, NotReady, key, string(reason), c.info.Limits.Timeout.String()).Why = why
}

// settled returns the first answer of a probe if it has one that is final;
// otherwise it has written the line.
func (c *Checkup) settled(check string, pr *probe) (source.Answer, bool) {
	if pr.err != nil {
		c.failed(check, pr)
		return source.Answer{}, false
	}
	a := pr.answers[0]
	switch {
	case a.Later != nil:
		c.Note(check, NotReady, "pending")
		return a, false
	case a.Outcome == source.Failed, a.Outcome == source.Refused:
		c.failed(check, pr)
		return a, false
	}
	return a, true
}

// judgeKnown reports whether there is an answer that says anything of the source.
func (c *Checkup) judgeKnown(wait time.Duration) bool {
	a, ok := c.settled("known", c.known)
	switch {
	case !ok:
	case a.Outcome == source.Found:
		c.Note("known", OK, "known.found", strconv.Itoa(len(a.Records)), string(a.Match))
	default:
		c.Note("known", NotReady, "known."+string(a.Outcome), wait.String())
	}
	return ok
}

// found reports whether the test person's records came.
func (c *Checkup) found() bool {
	return c.known.answers[0].Outcome == source.Found
}

func (c *Checkup) judgeTwice() {
	a, ok := c.settled("twice", c.twice)
	first := c.known.answers[0]
	switch {
	case !ok:
	case a.Outcome == first.Outcome && a.Match == first.Match && reflect.DeepEqual(a.Records, first.Records):
		c.Note("twice", OK, "twice.same")
	default:
		c.Note("twice", NotReady, "twice.differs")
	}
}

func (c *Checkup) judgeNobody() {
	a, ok := c.settled("nobody", c.nobody)
	if !ok {
		return
	}
	state := map[source.Outcome]string{source.None: OK, source.NotCovered: OK, source.IdentityDoubt: Warning, source.Found: NotReady}[a.Outcome]
	c.Note("nobody", state, "nobody."+string(a.Outcome))
}

// judgeMisnamed: a name that disagrees must be a doubt, never a silent match and
// never a silent miss.
func (c *Checkup) judgeMisnamed() {
	if !c.found() {
		return
	}
	a, ok := c.settled("misnamed", c.misnamed)
	switch {
	case !ok:
	case a.Outcome == source.IdentityDoubt:
		c.Note("misnamed", OK, "misnamed.identity_doubt")
	case a.Outcome == source.Found && a.Match == source.MatchIDName:
		c.Note("misnamed", NotReady, "misnamed.claimed")
	case a.Outcome == source.Found:
		c.Note("misnamed", Warning, "misnamed.blind")
	default:
		c.Note("misnamed", NotReady, "misnamed.none")
	}
}

// judgeBatch: in one call everybody gets the answer that he gets alone.
func (c *Checkup) judgeBatch() {
	if c.batch == nil || c.nobody.err != nil {
		return
	}
	if _, ok := c.settled("batch", c.batch); !ok {
		return
	}
	n := strconv.Itoa(len(c.batch.queries))
	for i, a := range c.batch.answers {
		alone := c.nobody.answers[0]
		if i == 0 {
			alone = c.known.answers[0]
		}
		if a.Outcome != alone.Outcome || len(a.Records) != len(alone.Records) {
			c.Note("batch", NotReady, "batch.differs", n).Why = c.prober.heard.about(a.Query)
			return
		}
	}
	c.Note("batch", OK, "batch.same", n, strconv.Itoa(c.info.Limits.Batch))
}

// mapping holds the file against the records that came.
func (c *Checkup) mapping() {
	if c.strange(); !c.found() {
		return
	}
	records, mapped := c.known.answers[0].Records, c.cfg.Mapped()
	c.Records = len(records)
	c.Fields = filled(c.category.Fields, mapped, records, "")
	var never []string
	for _, f := range c.Fields {
		if f.Filled == 0 {
			never = append(never, f.Key)
		}
	}
	if len(never) == 0 {
		c.Note("fields", OK, "fields.all", strconv.Itoa(len(c.Fields)))
	} else {
		c.Note("fields", Warning, "fields.never", strconv.Itoa(len(never)), strings.Join(never, " "))
	}
	var unlisted []string
	for _, r := range records {
		for _, f := range r.UnknownCodes(c.category) {
			unlisted = append(unlisted, strings.TrimSuffix(f.Field+" "+f.Value, " "))
		}
	}
	if slices.Sort(unlisted); len(unlisted) > 0 {
		c.Note("codes", Warning, "codes.unlisted", strings.Join(slices.Compact(unlisted), ", "))
	}
	c.Sample = sample(c.category.Fields, mapped, records[0], c.person.Person, "")
}

// strange names the keys of records that nobody looks at.
func (c *Checkup) strange() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.strangers) > 0 {
		c.Strangers = slices.Sorted(maps.Keys(c.strangers))
		c.Note("keys", Warning, "keys.strange", strings.Join(c.Strangers, " "))
	}
}

func (c *Checkup) asOf() {
	if !c.found() {
		return
	}
	at := c.known.answers[0].AsOf
	text := at.In(day.Beijing).Format(time.DateTime)
	switch age := c.CheckedAt.Sub(at); {
	case at.IsZero():
		c.Note("as_of", Warning, "as_of.unsaid")
	case c.info.Refresh > 0 && age > c.info.Refresh:
		c.Note("as_of", Warning, "as_of.old", text, c.info.Refresh.String())
	default:
		c.Note("as_of", OK, "as_of.ok", text)
	}
}

// patience is how long measuring may take altogether.
const patience = 15 * time.Second

// measure asks about the test person again and again, as fast as the limits of
// the file allow. What is accepted for later has no time of an answer.
func (c *Checkup) measure(ctx context.Context, asks int, accepted bool) {
	limits := c.info.Limits.WithDefaults()
	gap := time.Duration(float64(time.Second) / limits.PerSecond)
	took := []time.Duration{c.known.took, c.twice.took}
	failures, begun := 0, c.now()
	for len(took) < asks && c.now().Sub(begun) < patience {
		if pause(ctx, gap) != nil {
			return
		}
		pr := c.prober.ask(ctx, c.person.Person)
		if took = append(took, pr.took); pr.err != nil || pr.answers[0].Outcome == source.Failed {
			failures++
		}
	}
	c.Latency = latencyOf(took, failures)
	l := c.Latency
	key, p95 := "latency.few", ""
	if l.P95 != nil {
		key, p95 = "latency.many", millis(*l.P95)
	}
	if accepted {
		key = "latency.accepted"
	}
	state := OK
	if failures > 0 {
		state, key = Warning, "latency.failed"
	}
	c.Note("latency", state, key, strconv.Itoa(l.Asks), millis(l.Min), millis(l.Median), cmp.Or(p95, millis(l.Max)), strconv.Itoa(failures))
	if slowest := time.Duration(l.Max * float64(time.Millisecond)); slowest > limits.Timeout/2 {
		c.Note("timeout", Warning, "timeout.near", millis(l.Max), limits.Timeout.String())
	} else {
		c.Note("timeout", OK, "timeout.ok", limits.Timeout.String())
	}
}

func millis(ms float64) string { return strconv.FormatFloat(ms, 'f', 1, 64) + " ms" }
