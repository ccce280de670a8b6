package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/source"
)

const demoIssuer = "宁波市居民家庭经济状况核对中心（演示）"

// The officers of the demo. Each does one job, because the case demands it.
var (
	clerk        = demoOfficer("clerk", "街道经办（演示）", "街道社会救助窗口", hedui.OpenCases)
	commissioner = demoOfficer("commissioner", "民政委托（演示）", "县级民政部门", hedui.CommissionCases, hedui.ReadCases, hedui.PrintReports)
	receiver     = demoOfficer("receiver", "中心受理（演示）", demoIssuer, hedui.AcceptCases, hedui.VerifyCases, hedui.ReadCases)
	reviewer     = demoOfficer("reviewer", "中心审核（演示）", demoIssuer, hedui.ReviewReports, hedui.ReadCases)
	signer       = demoOfficer("signer", "中心签发（演示）", demoIssuer, hedui.SealReports, hedui.ReadCases)
	reader       = demoOfficer("reader", "演示浏览", demoIssuer, hedui.ReadCases, hedui.PrintReports)
)

func demoOfficer(id, name, office string, rights ...hedui.Right) hedui.Officer {
	return hedui.Officer{ID: id, Name: name, Office: office, Division: "330200", Rights: rights}
}

// story takes families through every stage and tells of it.
type story struct {
	streams
	account  io.Writer
	node     *node
	families []family
	once     bool

	mu       sync.Mutex
	chapters []chapter
}

// chapter is what became of one family.
type chapter struct {
	family  family
	view    casework.View
	files   map[string]string // form → path
	seconds float64
}

// tell takes all families on at once, as counters do, and returns when each has
// its report. Where the demo goes on, supplements are reviewed and sealed too.
func (s *story) tell(ctx context.Context) error {
	s.chapters = make([]chapter, len(s.families))
	errs := make([]error, len(s.families))
	var all sync.WaitGroup
	for i, f := range s.families {
		all.Go(func() {
			begun := time.Now()
			id, err := s.through(ctx, f)
			if err == nil {
				err = s.close(ctx, i, f, id, time.Since(begun))
			}
			errs[i] = err
			if err == nil && !s.once {
				go s.follow(ctx, i, f, id)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// through registers a family, or finds its case again after a restart, and takes
// it on from wherever it stands until its report is delivered.
func (s *story) through(ctx context.Context, f family) (string, error) {
	id, err := s.find(ctx, f)
	if err != nil {
		return "", err
	}
	for {
		stage, err := s.node.desk.Stage(ctx, id)
		if err != nil {
			return "", err
		}
		if done, err := s.step(ctx, f, id, stage); err != nil || done {
			return id, err
		}
	}
}

// find returns the family's case: the newest one, or a new one.
func (s *story) find(ctx context.Context, f family) (string, error) {
	id, err := s.node.desk.CaseOf(ctx, clerk, f.form)
	if err != nil || id != "" {
		if id != "" {
			s.tellStep(f, "demo.found")
		}
		return id, err
	}
	c, err := s.node.desk.Register(ctx, clerk, "demo-"+f.key, f.form)
	var problems *hedui.Error
	if errors.As(err, &problems) {
		problems.Problems = f.locate(problems.Problems, f.key+".yaml")
	}
	if err != nil {
		return "", err
	}
	s.tellStep(f, "demo.registered", c.Number, strconv.Itoa(len(c.Persons)))
	return c.ID, nil
}

// step does what the stage of a case calls for.
func (s *story) step(ctx context.Context, f family, id string, stage hedui.Stage) (done bool, err error) {
	desk := s.node.desk
	var c *hedui.Case
	switch stage {
	case hedui.Consented:
		if c, err = desk.Commission(ctx, commissioner, id); err == nil {
			s.tellStep(f, "demo.commissioned", c.Commission)
		}
	case hedui.Commissioned:
		if c, err = desk.Accept(ctx, receiver, id); err == nil {
			s.tellStep(f, "demo.accepted", strconv.Itoa(len(c.Persons)*len(c.Programme.Categories())), c.DueAt.In(day.Beijing).Format(time.DateTime))
		}
	case hedui.Dispatched, hedui.Collecting:
		_, err = desk.Await(ctx, id, func(now hedui.Stage) bool { return now != hedui.Dispatched && now != hedui.Collecting })
	case hedui.Summarised:
		if _, err = desk.Review(ctx, reviewer, id); err == nil {
			s.tellStep(f, "demo.reviewed")
		}
	case hedui.Reviewed:
		if c, err = desk.Seal(ctx, signer, id); err == nil {
			s.tellStep(f, "demo.sealed", strconv.Itoa(c.Version))
		}
	case hedui.Issued:
		if _, err = desk.Deliver(ctx, commissioner, id); err == nil {
			s.tellStep(f, "demo.delivered")
		}
	case hedui.Delivered, hedui.Rechecked, hedui.Archived:
		return true, nil
	default:
		return true, fmt.Errorf("case of %s stands at %s; use another --dir to begin anew", f.key, stage)
	}
	if hedui.KindOf(err) == hedui.Conflict { // an answer came in between: look again
		return false, nil
	}
	return false, err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// follow reviews and seals supplements for as long as the demo runs.
func (s *story) follow(ctx context.Context, i int, f family, id string) {
	for pause(ctx, 500*time.Millisecond) == nil {
		stage, err := s.node.desk.Stage(ctx, id)
		if err != nil || stage == hedui.Delivered {
			continue
		}
		begun := time.Now()
		if _, err = s.through(ctx, f); err == nil {
			err = s.close(ctx, i, f, id, time.Since(begun))
		}
		if err != nil && ctx.Err() == nil {
			s.explain(err)
			return
		}
	}
}

// close writes the report's files and tells what it says.
func (s *story) close(ctx context.Context, i int, f family, id string, took time.Duration) error {
	v, err := s.node.desk.Look(ctx, commissioner, id)
	if err != nil {
		return err
	}
	files, err := s.export(ctx, v)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chapters[i] = chapter{f, v, files, took.Seconds()}
	s.tellStep(f, "demo.conclusion", lang.Text(s.lang, "conclusion."+string(v.Assessment.Conclusion)), strconv.FormatFloat(took.Seconds(), 'f', 2, 64))
	for _, x := range v.Assessment.Findings {
		tableLine(s.account, "· "+lang.Text(s.lang, "finding."+string(x.Kind)), categoryName(s.lang, x.Category), lang.Text(s.lang, x.Reason.Key, x.Reason.Args...))
	}
	for _, g := range gapsByCategory(v.Assessment.Gaps) {
		tableLine(s.account, "· "+lang.Text(s.lang, "outcome."+string(g.Outcome)), categoryName(s.lang, g.Category), lang.Text(s.lang, "reason."+string(g.Reason)))
	}
	for _, form := range []string{"pdf", "html", "json"} {
		tableLine(s.account, files[form])
	}
	return nil
}

func gapsByCategory(gaps []hedui.Gap) []hedui.Gap {
	seen := map[catalog.Code]bool{}
	var out []hedui.Gap
	for _, g := range gaps {
		if !seen[g.Category] {
			seen[g.Category] = true
			out = append(out, g)
		}
	}
	return out
}

func categoryName(l lang.Lang, code catalog.Code) string {
	c, ok := catalog.Get(code)
	switch {
	case !ok:
		return string(code)
	case l == lang.English:
		return c.NameEn
	}
	return c.Name
}

// export writes one copy of the newest report into the directory. File names
// hold numbers only. Files of a version that are there already stay.
func (s *story) export(ctx context.Context, v casework.View) (map[string]string, error) {
	dir := filepath.Join(s.node.dir, "reports")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	report := v.Reports[len(v.Reports)-1]
	base := filepath.Join(dir, fmt.Sprintf("%s-v%d.", report.Number, report.Version))
	files := map[string]string{}
	for _, form := range []string{"json", "json.sig", "html", "pdf"} {
		files[form] = base + form
		if _, err := os.Stat(files[form]); err == nil {
			continue
		}
		file, err := s.node.desk.Copy(ctx, commissioner, v.Case.ID, report.Version, form)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(files[form], file.Body, 0o600); err != nil {
			return nil, fmt.Errorf("reports: %w", err)
		}
	}
	return files, nil
}

func (s *story) tellStep(f family, key string, args ...string) {
	fmt.Fprintf(s.account, "%-6s %s\n", f.title(), lang.Text(s.lang, key, args...))
}

// The JSON of the demo.
type (
	demoJSON struct {
		Cases []caseJSON `json:"cases"`
		Trust string     `json:"trust"`
	}
	caseJSON struct {
		ID        string        `json:"id"`
		Name      string        `json:"name"`
		Programme string        `json:"programme"`
		State     string        `json:"state"`
		Report    reportJSON    `json:"report"`
		Grid      []gridJSON    `json:"grid"`
		Findings  []findingJSON `json:"findings"`
		Seconds   float64       `json:"seconds"`
	}
	reportJSON struct {
		Number     string `json:"number"`
		Version    int    `json:"version"`
		Conclusion string `json:"conclusion"`
		JSON       string `json:"json"`
		HTML       string `json:"html"`
		PDF        string `json:"pdf"`
	}
	gridJSON struct {
		Category string       `json:"category"`
		Outcome  string       `json:"outcome"`
		AsOf     *time.Time   `json:"as_of"`
		Millis   int64        `json:"millis"`
		Members  []memberJSON `json:"members"`
	}
	memberJSON struct {
		Member  string `json:"member"`
		Outcome string `json:"outcome"`
		Reason  string `json:"reason,omitempty"`
		Millis  int64  `json:"millis"`
	}
	findingJSON struct {
		Kind     string `json:"kind"`
		Category string `json:"category"`
		Member   string `json:"member"`
		Declared string `json:"declared"`
		Found    string `json:"found"`
		Reason   string `json:"reason"`
	}
)

func (s *story) printJSON(w io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	doc := demoJSON{Cases: []caseJSON{}, Trust: s.node.trust}
	for _, ch := range s.chapters {
		doc.Cases = append(doc.Cases, ch.json(s.lang))
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}

func (ch chapter) json(l lang.Lang) caseJSON {
	c, report := ch.view.Case, ch.view.Reports[len(ch.view.Reports)-1]
	out := caseJSON{
		ID: c.Number, Name: ch.family.title() + " " + idcard.MaskName(c.Applicant().Name), Programme: string(c.Programme), State: string(c.Stage),
		Report: reportJSON{report.Number, report.Version, string(ch.view.Assessment.Conclusion),
			ch.files["json"], ch.files["html"], ch.files["pdf"]},
		Grid: gridOf(ch.view), Findings: []findingJSON{}, Seconds: ch.seconds,
	}
	for _, f := range ch.view.Assessment.Findings {
		out.Findings = append(out.Findings, findingJSON{string(f.Kind), string(f.Category), memberName(c, f.Person),
			f.Declared.String(), f.Found.String(), lang.Text(l, f.Reason.Key, f.Reason.Args...)})
	}
	return out
}

func memberName(c *hedui.Case, no int) string {
	p, ok := c.Person(no)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d %s", p.No, idcard.MaskName(p.Name))
}

// weight says which outcome of several persons stands for a category.
var weight = []source.Outcome{source.None, source.NotCovered, source.Found, source.IdentityDoubt, source.Refused, source.Failed}

func gridOf(v casework.View) []gridJSON {
	rows := map[catalog.Code]*gridJSON{}
	for _, q := range v.Grid {
		row := rows[q.Category]
		if row == nil {
			row = &gridJSON{Category: string(q.Category)}
			rows[q.Category] = row
		}
		outcome := q.Outcome
		if outcome == "" {
			outcome = source.Failed
		}
		row.Members = append(row.Members, memberJSON{memberName(v.Case, q.Person), string(outcome), string(q.Reason), q.Millis()})
		row.Millis = max(row.Millis, q.Millis())
		if !q.AsOf.IsZero() && (row.AsOf == nil || q.AsOf.Before(*row.AsOf)) {
			row.AsOf = &q.AsOf
		}
		if row.Outcome == "" || heavier(outcome, source.Outcome(row.Outcome)) {
			row.Outcome = string(outcome)
		}
	}
	var out []gridJSON
	for _, c := range v.Case.Programme.Categories() {
		if row := rows[c]; row != nil {
			out = append(out, *row)
		}
	}
	return out
}

func heavier(a, b source.Outcome) bool {
	position := map[source.Outcome]int{}
	for i, o := range weight {
		position[o] = i
	}
	// All not covered is "not covered"; one person covered and clean is "none".
	if a == source.None && b == source.NotCovered {
		return true
	}
	if a == source.NotCovered && b == source.None {
		return false
	}
	return position[a] > position[b]
}
