package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
)

// statisticsCommands are about counts over all cases, docs/statistics.md.
type statisticsCommands struct {
	Show     statisticsShowCommand     `cmd:"" default:"withargs" help:"Figures of a period, with --json as one JSON object."`
	Bulletin statisticsBulletinCommand `cmd:"" help:"The bulletin of a period as PDF."`
	Export   statisticsExportCommand   `cmd:"" help:"The figures of a period as a workbook."`
	Enter    statisticsEnterCommand    `cmd:"" help:"Enter how many applications or recipients the offices of a county have."`
	Import   statisticsImportCommand   `cmd:"" help:"Enter them from a CSV file with the heads division,month,new,existing,origin."`
}

// statisticsFlags say of what the figures are.
type statisticsFlags struct {
	Config    string `help:"The node's configuration." default:"node.yaml" type:"path"`
	As        string `help:"Id of the officer who asks, as in the configuration; needs read_statistics." default:"reader"`
	Month     string `help:"A month such as 2026-10, or one within the quarter or year (default: that of today)."`
	Span      string `help:"month, quarter or year." enum:"month,quarter,year" default:"month"`
	From      string `help:"Begin with this month instead."`
	Division  string `help:"Only this division, six digits."`
	Programme string `help:"Only this programme, such as dibao."`
}

func (f statisticsFlags) node() nodeFlags { return nodeFlags{Config: f.Config, As: f.As} }

func (f statisticsFlags) query(now time.Time) (casework.StatQuery, error) {
	m, err := hedui.ParseMonth(cmp.Or(f.Month, string(hedui.MonthOf(day.Of(now)))))
	if err != nil {
		return casework.StatQuery{}, hedui.Problems([]hedui.Problem{{Field: "month", Say: hedui.Say("problem.statistics.month")}})
	}
	q := casework.StatQuery{Period: hedui.PeriodOf(f.Span, m), Division: f.Division, Programme: hedui.Programme(f.Programme)}
	if f.From != "" {
		q.From = hedui.Month(f.From)
	}
	return q, nil
}

type statisticsArgs struct {
	casework.StatQuery
	Language lang.Lang           `json:"language,omitempty"`
	Form     string              `json:"form,omitempty"`
	Totals   []hedui.OfficeTotal `json:"totals,omitempty"`
}

type statisticsAnswer struct {
	Statistics json.RawMessage  `json:"statistics"`
	Tables     []statisticsText `json:"tables"`
}

// A statisticsText is a table in words.
type statisticsText struct {
	Title string     `json:"title"`
	Note  string     `json:"note"`
	Rows  [][]string `json:"rows"`
}

func orderStatistics(ctx context.Context, n *node, o hedui.Officer, a statisticsArgs) (any, error) {
	s, err := n.desk.Statistics(ctx, o, a.StatQuery)
	if err != nil {
		return nil, err
	}
	var out statisticsAnswer
	if out.Statistics, err = json.Marshal(s); err != nil {
		return nil, err
	}
	for _, t := range report.StatTables(s, a.Language) {
		text := statisticsText{Title: t.Title, Note: t.Note, Rows: [][]string{t.Columns}}
		for _, row := range t.Rows {
			cells := make([]string, len(row))
			for i, v := range row {
				cells[i] = report.StatCell(v)
			}
			text.Rows = append(text.Rows, cells)
		}
		out.Tables = append(out.Tables, text)
	}
	return out, nil
}

func orderStatisticsFile(ctx context.Context, n *node, o hedui.Officer, a statisticsArgs) (any, error) {
	return n.desk.StatisticsFile(ctx, o, a.StatQuery, a.Form, a.Language)
}

func orderEnterTotals(ctx context.Context, n *node, o hedui.Officer, a statisticsArgs) (any, error) {
	return none{}, n.desk.EnterTotals(ctx, o, a.Totals)
}

type statisticsShowCommand struct {
	statisticsFlags
	JSON bool `name:"json" help:"Print the figures as one JSON object."`
}

// Run prints the figures.
func (c *statisticsShowCommand) Run(ctx context.Context, s streams) error {
	q, err := c.query(time.Now())
	if err != nil {
		return err
	}
	var answer statisticsAnswer
	if err := c.node().do(ctx, "statistics/show", statisticsArgs{StatQuery: q, Language: s.lang}, &answer); err != nil {
		return err
	}
	if c.JSON {
		_, err := fmt.Fprintln(s.out, string(answer.Statistics))
		return err
	}
	for _, t := range answer.Tables {
		if err := t.print(s.out); err != nil {
			return err
		}
	}
	return nil
}

func (t statisticsText) print(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, err := fmt.Fprintf(out, "== %s ==\n%s\n", t.Title, t.Note)
	for _, row := range t.Rows {
		_, more := fmt.Fprintln(out, strings.Join(row, "\t"))
		err = errors.Join(err, more)
	}
	_, more := fmt.Fprintln(out)
	return errors.Join(err, more, out.Flush())
}

type statisticsBulletinCommand struct {
	statisticsFlags
	Out string `help:"Where to write it; a directory, or a file ending in .pdf." default:"." type:"path"`
}

// Run writes the bulletin.
func (c *statisticsBulletinCommand) Run(ctx context.Context, s streams) error {
	return c.file(ctx, s, "pdf", c.Out)
}

type statisticsExportCommand struct {
	statisticsFlags
	Out string `help:"Where to write it; a directory, or a file ending in .xlsx." default:"." type:"path"`
}

// Run writes the workbook.
func (c *statisticsExportCommand) Run(ctx context.Context, s streams) error {
	return c.file(ctx, s, "xlsx", c.Out)
}

func (f statisticsFlags) file(ctx context.Context, s streams, form, out string) error {
	q, err := f.query(time.Now())
	if err != nil {
		return err
	}
	var file casework.File
	if err := f.node().do(ctx, "statistics/file", statisticsArgs{StatQuery: q, Language: s.lang, Form: form}, &file); err != nil {
		return err
	}
	path, err := listFlags{}.save(file, out)
	if err != nil {
		return err
	}
	s.say(s.out, "statistics.saved", path)
	return nil
}

type statisticsEnterCommand struct {
	nodeFlags
	Division string `arg:"" help:"The county, six digits."`
	Month    string `arg:"" help:"The month, such as 2026-10."`
	New      *int64 `help:"New applications in the month."`
	Existing *int64 `help:"Recipients at the end of the month."`
	Origin   string `help:"Where the numbers are from." required:""`
}

// Run enters the numbers.
func (c *statisticsEnterCommand) Run(ctx context.Context, s streams) error {
	list := totalsOf(c.Division, c.Month, c.Origin, c.New, c.Existing)
	if err := c.do(ctx, "statistics/enter", statisticsArgs{Totals: list}, &none{}); err != nil {
		return err
	}
	s.say(s.out, "statistics.entered", strconv.Itoa(len(list)))
	return nil
}

func totalsOf(division, month, origin string, fresh, existing *int64) []hedui.OfficeTotal {
	var list []hedui.OfficeTotal
	for _, one := range []struct {
		kind hedui.CaseKind
		n    *int64
	}{{hedui.NewApplication, fresh}, {hedui.PeriodicRecheck, existing}} {
		if one.n != nil {
			list = append(list, hedui.OfficeTotal{Division: division, Month: hedui.Month(month), Kind: one.kind, N: *one.n, Origin: origin})
		}
	}
	return list
}

type statisticsImportCommand struct {
	nodeFlags
	File string `arg:"" help:"The CSV file, UTF-8." type:"path"`
}

// Run enters the numbers of a file: all or none.
func (c *statisticsImportCommand) Run(ctx context.Context, s streams) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", c.File), err)
	}
	list, err := readTotals(data, time.Now())
	if err != nil {
		return err
	}
	if err := c.do(ctx, "statistics/enter", statisticsArgs{Totals: list}, &none{}); err != nil {
		return err
	}
	s.say(s.out, "statistics.entered", strconv.Itoa(len(list)))
	return nil
}

// totalsHead is the first line of a file of totals.
var totalsHead = []string{"division", "month", "new", "existing", "origin"}

// readTotals reads a file of totals and names every line that is wrong at once.
func readTotals(data []byte, now time.Time) ([]hedui.OfficeTotal, error) {
	lines := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	lines.FieldsPerRecord, lines.TrimLeadingSpace = len(totalsHead), true
	rows, err := lines.ReadAll()
	if err != nil || len(rows) == 0 || strings.Join(rows[0], ",") != strings.Join(totalsHead, ",") {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("problem.statistics.file", strings.Join(totalsHead, ",")), err)
	}
	var list []hedui.OfficeTotal
	var bad []hedui.Problem
	for i, row := range rows[1:] {
		numbers := make([]*int64, 2)
		for k, text := range row[2:4] {
			if strings.TrimSpace(text) == "" {
				continue
			}
			n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			if err != nil {
				n = -1
			}
			numbers[k] = &n
		}
		for _, t := range totalsOf(row[0], row[1], row[4], numbers[0], numbers[1]) {
			var e *hedui.Error
			if errors.As(t.Check(now), &e) {
				for _, p := range e.Problems {
					bad = append(bad, hedui.Problem{Field: "line " + strconv.Itoa(i+2) + " " + p.Field, Say: p.Say})
				}
			}
			list = append(list, t)
		}
	}
	return list, hedui.Problems(bad)
}
