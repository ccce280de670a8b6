package exchange

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Counts of cases go up so that whoever stands above sees the figures of a whole
// city. A node tells its parent at intervals what it has ([Counts]), the parent
// asks for the months that are other than those it holds ([WantedCounts]), and gets
// each of them whole ([MonthCounts]). Neither side remembers what it has sent: an
// old copy of a database on either side is made good by the next round. No case, no
// person and no officer is in any of them.

// Counts say which months a node has counted, and what is under way there. It is
// the body of KindCounts.
type Counts struct {
	Node     string    // whose they are: the sender, or a node below it
	Division string    // of that node
	At       time.Time // when this was so there; whole milliseconds. What is older than what is held changes nothing
	Counted  time.Time // up to when that node has counted; whole milliseconds, zero = not yet
	Months   []CountsMark
	Running  []CountsRunning
}

// A CountsMark is a month and the mark of its counts: another one when they differ.
type CountsMark struct {
	Month string // 2006-01
	Mark  string // one printable word of at most 64 bytes, made by the node that counts
}

// CountsRunning is how many cases are under way.
type CountsRunning struct {
	Division, Programme, Kind string
	N                         int64
}

// MonthCounts are all counts of a month at a node, in the place of those before. It
// is the body of KindMonthCounts.
type MonthCounts struct {
	Node   string
	Month  string
	Mark   string
	At     time.Time // as in Counts
	Cells  []CountsCell
	Totals []CountsTotal
}

// A CountsCell are the counts of a division in the month. Office is set, and
// programme and kind are not, where offices are counted; all three are empty where
// sources are.
type CountsCell struct {
	Division, Office, Programme, Kind string
	Lines                             []CountsLine
}

// A CountsLine is how often something was counted, see docs/statistics.md.
type CountsLine struct {
	What, Part string
	N          int64
}

// A CountsTotal is how many applications or recipients offices say they have.
type CountsTotal struct {
	Division, Kind string
	N              int64
	Origin         string    // where the number is from
	At             time.Time // entered; whole milliseconds
}

// WantedCounts ask a node for whole months of its counts, or of those of a node
// below it. It is the body of KindWantedCounts.
type WantedCounts struct {
	Node   string
	Months []string
}

// maxLines is how many counts a cell has at most.
const maxLines = 10_000

// maxOrigin and maxOfficeName are in bytes.
const (
	maxOrigin     = 800
	maxOfficeName = 800
)

// Counts reads the body of a message.
func (m Message) Counts() (Counts, error) {
	var w wireCounts
	if err := m.decode(KindCounts, &w); err != nil {
		return Counts{}, err
	}
	c := Counts{Node: w.Node, Division: w.Division, At: w.At.Time}
	if w.Counted != nil {
		c.Counted = w.Counted.Time
	}
	for _, one := range w.Months {
		c.Months = append(c.Months, CountsMark(one))
	}
	for _, one := range w.Running {
		c.Running = append(c.Running, CountsRunning(one))
	}
	return c, m.agrees(c)
}

// MonthCounts reads the body of a message.
func (m Message) MonthCounts() (MonthCounts, error) {
	var w wireMonthCounts
	if err := m.decode(KindMonthCounts, &w); err != nil {
		return MonthCounts{}, err
	}
	c := MonthCounts{Node: w.Node, Month: w.Month, Mark: w.Mark, At: w.At.Time}
	for _, one := range w.Cells {
		cell := CountsCell{Division: one.Division, Office: one.Office, Programme: one.Programme, Kind: one.Kind}
		for _, l := range one.Lines {
			cell.Lines = append(cell.Lines, CountsLine(l))
		}
		c.Cells = append(c.Cells, cell)
	}
	for _, one := range w.Totals {
		c.Totals = append(c.Totals, CountsTotal{Division: one.Division, Kind: one.Kind, N: one.N, Origin: one.Origin, At: one.At.Time})
	}
	return c, m.agrees(c)
}

// WantedCounts reads the body of a message.
func (m Message) WantedCounts() (WantedCounts, error) {
	var w wireWantedCounts
	if err := m.decode(KindWantedCounts, &w); err != nil {
		return WantedCounts{}, err
	}
	return WantedCounts(w), m.agrees(WantedCounts(w))
}

func (Counts) kind() Kind       { return KindCounts }
func (MonthCounts) kind() Kind  { return KindMonthCounts }
func (WantedCounts) kind() Kind { return KindWantedCounts }

func (Counts) about(*Message)       {}
func (MonthCounts) about(*Message)  {}
func (WantedCounts) about(*Message) {}

func month(s string) bool {
	_, err := time.Parse("2006-01", s)
	return err == nil && len(s) == len("2006-01")
}

// free reports whether s is text as people type it, of at most limit bytes.
func free(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func word(s string, limit int) bool { return s != "" && line(s, limit) }

func codeOrNone(s string) bool { return s == "" || code(s) }

func (c Counts) check() error {
	if CheckName(c.Node) != nil || !digitsForm.MatchString(c.Division) || c.At.IsZero() {
		return at("counts", 0, "node, division or time")
	}
	if len(c.Months) > MaxItems || len(c.Running) > MaxItems {
		return checkCount(max(len(c.Months), len(c.Running)))
	}
	seen := map[any]bool{}
	for i, one := range c.Months {
		if !month(one.Month) || !word(one.Mark, 64) || seen[one.Month] {
			return at("month", i, "month or mark")
		}
		seen[one.Month] = true
	}
	for i, one := range c.Running {
		n := one.N
		one.N = 0
		if !digitsForm.MatchString(one.Division) || !code(one.Programme) || !code(one.Kind) || n < 1 || seen[one] {
			return at("running", i, "division, programme, kind or number")
		}
		seen[one] = true
	}
	return nil
}

func (c MonthCounts) check() error {
	if CheckName(c.Node) != nil || !month(c.Month) || !word(c.Mark, 64) || c.At.IsZero() {
		return at("month", 0, "node, month, mark or time")
	}
	if err := checkCount(len(c.Cells) + len(c.Totals)); err != nil {
		return err
	}
	seen := map[any]bool{}
	for i, one := range c.Cells {
		key := [4]string{one.Division, one.Office, one.Programme, one.Kind}
		if !digitsForm.MatchString(one.Division) || !free(one.Office, maxOfficeName) || !codeOrNone(one.Programme) || !codeOrNone(one.Kind) ||
			len(one.Lines) == 0 || len(one.Lines) > maxLines || seen[key] {
			return at("cell", i, "division, office, programme or kind")
		}
		seen[key] = true
		lines := map[[2]string]bool{}
		for k, l := range one.Lines {
			if !word(l.What, 64) || !line(l.Part, 128) || l.N < 1 || lines[[2]string{l.What, l.Part}] {
				return at("cell", i, "line "+strconv.Itoa(k+1))
			}
			lines[[2]string{l.What, l.Part}] = true
		}
	}
	for i, one := range c.Totals {
		key := [2]string{one.Division, one.Kind}
		if !digitsForm.MatchString(one.Division) || !code(one.Kind) || one.N < 0 || one.Origin == "" || !free(one.Origin, maxOrigin) || one.At.IsZero() || seen[key] {
			return at("total", i, "division, kind, number, origin or time")
		}
		seen[key] = true
	}
	return nil
}

func (c WantedCounts) check() error {
	if CheckName(c.Node) != nil {
		return at("wanted", 0, "node")
	}
	for i, one := range c.Months {
		if !month(one) {
			return at("wanted", i, "month")
		}
	}
	return checkCount(len(c.Months))
}

type wireCounts struct {
	Node     string           `json:"node"`
	Division string           `json:"division"`
	At       instant          `json:"at"`
	Counted  *instant         `json:"counted,omitempty"`
	Months   []wireCountsMark `json:"months,omitempty"`
	Running  []wireRunning    `json:"running,omitempty"`
}

type wireCountsMark struct {
	Month string `json:"month"`
	Mark  string `json:"mark"`
}

type wireRunning struct {
	Division  string `json:"division"`
	Programme string `json:"programme"`
	Kind      string `json:"kind"`
	N         int64  `json:"n"`
}

type wireMonthCounts struct {
	Node   string             `json:"node"`
	Month  string             `json:"month"`
	Mark   string             `json:"mark"`
	At     instant            `json:"at"`
	Cells  []wireCountsCell   `json:"cells,omitempty"`
	Totals []wireCountsTotals `json:"totals,omitempty"`
}

type wireCountsCell struct {
	Division  string           `json:"division"`
	Office    string           `json:"office,omitempty"`
	Programme string           `json:"programme,omitempty"`
	Kind      string           `json:"kind,omitempty"`
	Lines     []wireCountsLine `json:"lines"`
}

type wireCountsLine struct {
	What string `json:"what"`
	Part string `json:"part,omitempty"`
	N    int64  `json:"n"`
}

type wireCountsTotals struct {
	Division string  `json:"division"`
	Kind     string  `json:"kind"`
	N        int64   `json:"n"`
	Origin   string  `json:"origin"`
	At       instant `json:"at"`
}

type wireWantedCounts struct {
	Node   string   `json:"node"`
	Months []string `json:"months"`
}

func (c Counts) wire() any {
	w := wireCounts{Node: c.Node, Division: c.Division, At: instant{c.At}}
	if !c.Counted.IsZero() {
		w.Counted = &instant{c.Counted}
	}
	for _, one := range c.Months {
		w.Months = append(w.Months, wireCountsMark(one))
	}
	for _, one := range c.Running {
		w.Running = append(w.Running, wireRunning(one))
	}
	return &w
}

func (c MonthCounts) wire() any {
	w := wireMonthCounts{Node: c.Node, Month: c.Month, Mark: c.Mark, At: instant{c.At}}
	for _, one := range c.Cells {
		cell := wireCountsCell{Division: one.Division, Office: one.Office, Programme: one.Programme, Kind: one.Kind}
		for _, l := range one.Lines {
			cell.Lines = append(cell.Lines, wireCountsLine(l))
		}
		w.Cells = append(w.Cells, cell)
	}
	for _, one := range c.Totals {
		w.Totals = append(w.Totals, wireCountsTotals{Division: one.Division, Kind: one.Kind, N: one.N, Origin: one.Origin, At: instant{one.At}})
	}
	return &w
}

func (c WantedCounts) wire() any {
	w := wireWantedCounts(c)
	return &w
}
