package casework

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
	"hedui/internal/store"
)

// A PaperKind is a paper that an office prints beside the report.
type PaperKind string

// The papers of a case. Consent form and one-time notice can be printed of a form
// before there is a case.
const (
	ConsentPaper    PaperKind = "consent"    // 授权书
	CommissionPaper PaperKind = "commission" // 委托书
	MissingPaper    PaperKind = "missing"    // 一次性告知书
	NoticePaper     PaperKind = "notice"     // 退回、中止、终止通知书, as the case stands
	AnnexPaper      PaperKind = "annex"      // of the newest sealed report, to the office's decision
)

// PaperKinds lists all papers of a case.
func PaperKinds() []PaperKind {
	return []PaperKind{ConsentPaper, CommissionPaper, MissingPaper, NoticePaper, AnnexPaper}
}

// A PaperOrder says what is printed and how: Form is "pdf", "html" or "txt".
type PaperOrder struct {
	Kind PaperKind
	Lang lang.Lang
	Form string
}

// rights are those of which an officer needs one who prints the paper: whoever does
// the act that it belongs to, or hands out reports.
func (p PaperOrder) rights() []hedui.Right {
	switch p.Kind {
	case ConsentPaper:
		return []hedui.Right{hedui.OpenCases}
	case MissingPaper:
		return []hedui.Right{hedui.OpenCases, hedui.AcceptCases}
	case CommissionPaper:
		return []hedui.Right{hedui.CommissionCases}
	case NoticePaper:
		return []hedui.Right{hedui.PrintReports, hedui.AcceptCases, hedui.VerifyCases, hedui.OpenCases}
	}
	return []hedui.Right{hedui.PrintReports}
}

// may refuses an officer who has none of the rights on the case.
func (p PaperOrder) may(o hedui.Officer, c *hedui.Case) error {
	var first error
	for _, r := range p.rights() {
		err := o.MayOn(r, c)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// Papers are those that an officer may print of a case as it stands. The annex is
// that of its newest report.
func Papers(o hedui.Officer, c *hedui.Case, at time.Time) []PaperKind {
	if c.Gone() != nil {
		return nil
	}
	stands := map[PaperKind]bool{
		ConsentPaper: c.Stage != hedui.Archived && c.Stage != hedui.Terminated,
		// a case keeps the number of its commission when it is given back
		CommissionPaper: c.Commission != "" && slices.ContainsFunc(c.Steps, func(s hedui.Step) bool { return s.Stage == hedui.Commissioned }),
		MissingPaper:    c.Stage != hedui.Archived && c.Stage != hedui.Terminated && len(c.Missing(at)) > 0,
		NoticePaper:     c.Stage == hedui.Returned || c.Stage == hedui.Suspended || c.Stage == hedui.Terminated,
		AnnexPaper:      c.Version > 0,
	}
	return slices.DeleteFunc(PaperKinds(), func(k PaperKind) bool { return !stands[k] || PaperOrder{Kind: k}.may(o, c) != nil })
}

func (p PaperOrder) check() error {
	if !slices.Contains(PaperKinds(), p.Kind) {
		names := make([]string, 0, len(PaperKinds()))
		for _, k := range PaperKinds() {
			names = append(names, string(k))
		}
		return hedui.Fail(hedui.Invalid, hedui.Say("error.paper.kind", string(p.Kind), strings.Join(names, ", ")), nil)
	}
	return p.checkForm()
}

func (p PaperOrder) checkForm() error {
	switch p.Form {
	case "pdf", "html", "txt":
		return nil
	}
	return hedui.Fail(hedui.Invalid, hedui.Say("error.paper.form"), nil)
}

// Paper prints a paper of a case. It is recorded with its number before it is
// handed out; papers that have no number of the case's draw one for each print.
func (d *Desk) Paper(ctx context.Context, o hedui.Officer, id string, want PaperOrder) (File, error) {
	if !plausibleID(id) {
		return File{}, notFound()
	}
	if err := want.check(); err != nil {
		return File{}, err
	}
	at := d.Now()
	var paper report.Paper
	var number string
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		c, err := tx.Case(ctx, id)
		if err != nil {
			return err
		}
		if err := want.may(o, c); err != nil {
			return err
		}
		if err := standsAside(ctx, tx, o, id); err != nil {
			return err
		}
		if gone := c.Gone(); gone != nil { // papers are numbered where the case is
			return gone
		}
		if paper, number, err = d.paper(ctx, tx, o, c, want.Kind, at); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.PaperPrinted, id, string(want.Kind)+" "+number))
	})
	if err != nil {
		return File{}, d.refused(ctx, o, id, audit.PaperPrinted, err)
	}
	return d.printPaper(o, paper, want, paper.Name()+"-"+number, at)
}

// paper makes the content of a paper and its number.
func (d *Desk) paper(ctx context.Context, tx *store.Tx, o hedui.Officer, c *hedui.Case, kind PaperKind, at time.Time) (report.Paper, string, error) {
	if kind == CommissionPaper {
		l, err := d.commissionLetter(c)
		return l, c.Commission, err
	}
	spans, err := report.StandardSpans()
	if err != nil {
		return nil, "", err
	}
	series := hedui.NoticeSeries
	if kind == ConsentPaper {
		series = hedui.ConsentSeries
	}
	numbers, err := d.numbers(ctx, tx, series, c, at, 1)
	if err != nil {
		return nil, "", err
	}
	switch number := numbers[0]; kind {
	case ConsentPaper:
		return d.consentForm(c, number, at), number, nil
	case MissingPaper:
		return missingNotice(o, c, c.Missing(at), number, at), number, nil
	case NoticePaper:
		n, err := report.NewStandstill(c, number, d.Issuer, spans, at)
		return n, number, err
	default:
		a, err := d.annex(ctx, tx, c, number, spans, at)
		return a, number, err
	}
}

func (d *Desk) consentForm(c *hedui.Case, number string, at time.Time) report.ConsentForm {
	return report.ConsentForm{Number: number, Programme: c.Programme, Division: c.Division, Office: c.Office, Centre: d.Issuer,
		Categories: c.Categories(nil), Persons: c.Persons, On: day.Of(at)}
}

func missingNotice(o hedui.Officer, c *hedui.Case, problems []hedui.Problem, number string, at time.Time) report.MissingNotice {
	n := report.MissingNotice{Number: number, Case: c.Number, Programme: c.Programme, Division: c.Division, Office: o.Office,
		Persons: c.Persons, Problems: problems, On: day.Of(at)}
	if len(c.Persons) > 0 {
		n.Applicant = c.Applicant().Name
	}
	return n
}

func (d *Desk) commissionLetter(c *hedui.Case) (report.CommissionLetter, error) {
	l := report.CommissionLetter{Case: c, Consents: make([]string, len(c.Persons)), Centre: d.Issuer}
	for _, k := range c.Consents { // the newest stands last
		if k.Person >= 1 && k.Person <= len(l.Consents) {
			l.Consents[k.Person-1] = cmp.Or(k.Form, k.Number) // as it stands on the paper
		}
	}
	for _, step := range c.Steps {
		if step.Stage == hedui.Commissioned {
			l.On = day.Of(step.At)
		}
	}
	if c.Commission == "" || l.On.IsZero() {
		return l, hedui.Fail(hedui.Conflict, hedui.Say("error.paper.stage"), fmt.Errorf("case %s has no commission", c.ID))
	}
	return l, nil
}

func (d *Desk) annex(ctx context.Context, tx *store.Tx, c *hedui.Case, number string, spans report.Spans, at time.Time) (report.Annex, error) {
	a := report.Annex{Number: number, Spans: spans, On: day.Of(at)}
	if c.Version == 0 {
		return a, hedui.Fail(hedui.NotFound, hedui.Say("error.no_report"), nil)
	}
	stored, err := tx.Report(ctx, c.ID, c.Version)
	if err != nil {
		return a, err
	}
	if a.Report, err = report.Parse(stored.Content); err != nil {
		return a, err
	}
	if dl, ok := d.deadlinesOf(c, c.AcceptedAt); ok {
		a.ObjectionDays = day.Of(dl.Objection.After(stored.MadeAt, d.Calendar).Add(-time.Second)).Sub(day.Of(stored.MadeAt))
	}
	return a, nil
}

// DraftPaper prints the consent form or the one-time notice of a form that is not
// a case yet. The form is not kept; a consent form cannot be numbered without
// place, programme, office and persons.
func (d *Desk) DraftPaper(ctx context.Context, o hedui.Officer, f hedui.Form, want PaperOrder) (File, error) {
	if err := want.check(); err != nil {
		return File{}, err
	}
	if want.Kind != ConsentPaper && want.Kind != MissingPaper {
		return File{}, hedui.Fail(hedui.Invalid, hedui.Say("error.paper.form_file"), nil)
	}
	at := d.Now()
	c, consents, problems := f.Read(at)
	c.Consents = consents
	if len(problems) == 0 {
		problems = d.early(c, at)
	}
	place := c.Division
	lacks := lacking(problems, "division", "programme", "office", "persons")
	if len(lacking(lacks, "division")) > 0 {
		place = o.Division // nothing is told of another place
	}
	if err := o.May(hedui.OpenCases, place); err != nil {
		return File{}, d.refused(ctx, o, "", audit.PaperPrinted, err)
	}
	if want.Kind == ConsentPaper {
		if err := hedui.Problems(lacks); err != nil {
			return File{}, err
		}
	}
	var paper report.Paper
	var name string
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		number := ""
		if len(lacking(lacks, "division", "programme")) == 0 {
			series := hedui.NoticeSeries
			if want.Kind == ConsentPaper {
				series = hedui.ConsentSeries
			}
			numbers, err := d.numbers(ctx, tx, series, c, at, 1)
			if err != nil {
				return err
			}
			number = numbers[0]
		}
		paper, name = d.consentForm(c, number, at), strings.TrimSuffix(string(want.Kind)+"-"+number, "-")
		if want.Kind == MissingPaper {
			paper = missingNotice(o, c, problems, number, at)
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.PaperPrinted, "", strings.TrimSpace(string(want.Kind)+" "+number)))
	})
	if err != nil {
		return File{}, err
	}
	return d.printPaper(o, paper, want, name, at)
}

// lacking picks the problems of whole fields.
func lacking(problems []hedui.Problem, fields ...string) []hedui.Problem {
	var list []hedui.Problem
	for _, p := range problems {
		if slices.Contains(fields, p.Field) {
			list = append(list, p)
		}
	}
	return list
}

// perPublicList is how many households one public list holds at most.
const perPublicList = 500

// PublicList prints the 公示名单 of cases with a sealed report, all of one county and
// programme. It cannot hold more than masked names and counts; each case is
// recorded.
func (d *Desk) PublicList(ctx context.Context, o hedui.Officer, ids []string, want PaperOrder) (File, error) {
	if err := want.checkForm(); err != nil {
		return File{}, err
	}
	if len(ids) == 0 || len(ids) > perPublicList || slices.ContainsFunc(ids, func(id string) bool { return !plausibleID(id) }) {
		return File{}, notFound()
	}
	at := d.Now()
	var paper report.PublicList
	name := ""
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		found, err := tx.CasesByID(ctx, ids)
		if err != nil {
			return err
		}
		cases := make([]*hedui.Case, 0, len(ids))
		entries := make([]audit.Entry, 0, len(ids))
		for _, id := range ids {
			c := found[id]
			if c == nil {
				return notFound()
			}
			if err := o.MayOn(hedui.PrintReports, c); err != nil {
				return err
			}
			if err := standsAside(ctx, tx, o, id); err != nil {
				return err
			}
			if c.Version == 0 {
				return hedui.Fail(hedui.NotFound, hedui.Say("error.no_report"), nil)
			}
			cases = append(cases, c)
			entries = append(entries, audit.New(at, o.ID, o.Office, audit.PaperPrinted, id, "public"))
		}
		spans, err := report.StandardSpans()
		if err != nil {
			return err
		}
		if paper, err = report.NewPublicList(cases[0].Division, cases[0].Programme, day.Of(at), spans, cases); err != nil {
			return err
		}
		name = "public-" + cases[0].Division + "-" + string(cases[0].Programme) + "-" + day.Of(at).String()
		return tx.Record(ctx, entries...)
	})
	if err != nil {
		return File{}, d.refused(ctx, o, "", audit.PaperPrinted, err)
	}
	return d.printPaper(o, paper, want, name, at)
}

// printPaper renders a paper; a PDF is signed as copies of reports are.
func (d *Desk) printPaper(o hedui.Officer, p report.Paper, want PaperOrder, name string, at time.Time) (File, error) {
	return d.printProved(o, p, want, name, at, nil)
}

// printProved does so with the proof that what the paper is about is in the log.
func (d *Desk) printProved(o hedui.Officer, p report.Paper, want PaperOrder, name string, at time.Time, proof []byte) (File, error) {
	file := File{Name: name + "." + want.Form}
	print := report.Copy{Reader: o.Name, ReaderOffice: o.Office, At: at}
	var err error
	switch want.Form {
	case "txt":
		file.Body = []byte(report.PaperText(p, want.Lang, print))
	case "html":
		file.Body, err = report.PaperHTML(p, want.Lang, print)
		file.Body = withProof(file.Body, proof)
	default:
		file.Body, err = report.PaperPDF(p, want.Lang, print, &report.Signing{Signer: d.Signer, Certificate: d.Certificate, At: at, Proof: proof})
	}
	if err != nil {
		return File{}, fmt.Errorf("casework: %s: %w", name, err)
	}
	return file, nil
}
