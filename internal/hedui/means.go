package hedui

import (
	"hedui/day"
	"hedui/money"
)

// Means is what the rule books of a place make of a household: every figure
// beside its limit, with the entry, the clause and the arithmetic. It is a piece
// of a report, so its texts stand in one language. It never says approve or refuse.
type Means struct {
	Missing string      `json:"missing,omitempty"` // why nothing could be worked out; then nothing below is set
	Books   []MeansBook `json:"books,omitempty"`   // from the nation to the county
	From    day.Day     `json:"from,omitzero"`     // income window, first day
	To      day.Day     `json:"to,omitzero"`       // and last
	Months  int         `json:"months,omitempty"`
	Size    int         `json:"size"` // members who count

	Members  []MeansMember `json:"members,omitempty"`
	Income   []MeansRow    `json:"income,omitempty"`   // by person and class, fen a month
	Support  []MeansRow    `json:"support,omitempty"`  // imputed, by obligor, fen a month
	Property []MeansRow    `json:"property,omitempty"` // each thing found or declared, fen
	Spending []MeansRow    `json:"spending,omitempty"` // by person and kind, fen
	Sums     MeansSums     `json:"sums"`
	Lines    []MeansLine   `json:"lines,omitempty"`
	Hints    []MeansHint   `json:"hints,omitempty"`
	Open     []string      `json:"open,omitempty"`  // what the rules ask for and nobody has stated
	Steps    []string      `json:"steps,omitempty"` // the whole arithmetic, in order
}

// A MeansBook is one rule book that was applied.
type MeansBook struct {
	Name    string `json:"name"`
	Version string `json:"version"` // hash of its text
	Title   string `json:"title"`
	Demo    bool   `json:"demo,omitempty"` // its values are invented to show the program
}

// A MeansMember says whether a person counts as living together, and by what.
type MeansMember struct {
	Person int    `json:"person"`
	Counts bool   `json:"counts"`
	Why    string `json:"why"` // title of the entry; empty: no entry lets the person in
	Clause string `json:"clause,omitempty"`
}

// A MeansRow sets declared, found and counted side by side and says why.
type MeansRow struct {
	Person   int       `json:"person"`
	What     string    `json:"what"`
	Source   string    `json:"source,omitempty"` // department; empty for what the family declares
	AsOf     day.Day   `json:"as_of,omitzero"`
	Stated   bool      `json:"stated,omitempty"` // the family declares it; Declared may be nothing all the same
	Declared money.Fen `json:"declared"`
	Found    money.Fen `json:"found"`
	Counted  money.Fen `json:"counted"`
	Unvalued bool      `json:"unvalued,omitempty"` // the source gives no amount: Found and Counted are not nothing
	Why      []string  `json:"why,omitempty"`
}

// MeansSums are the figures that limits are set beside.
type MeansSums struct {
	Verified  money.Fen `json:"verified"`  // income found, fen a month
	Support   money.Fen `json:"support"`   // imputed, apart from what is found, fen a month
	Monthly   money.Fen `json:"monthly"`   // income counted, support included, fen a month
	PerHead   money.Fen `json:"per_head"`  // of it a head, fen a month
	Financial money.Fen `json:"financial"` // deposits, securities, insurance, fen
	Spent     money.Fen `json:"spent"`     // counted over the spending window, fen
}

// A MeansLine is a figure beside its limit. Side is at_or_under, over, reached,
// short or unknown; without Figures the source said so and gave no amount.
type MeansLine struct {
	Rule    string `json:"rule"` // section.name of the entry
	Title   string `json:"title"`
	Clause  string `json:"clause,omitempty"`
	Figure  int64  `json:"figure"`
	Limit   int64  `json:"limit"`
	Unit    string `json:"unit"` // month and total are fen; count is a number
	Figures bool   `json:"figures"`
	Side    string `json:"side"`
}

// Over reports whether the line is a limit that is exceeded.
func (l MeansLine) Over() bool { return l.Side == "over" }

// A MeansHint is something an entry asks the office to look at. Weight is
// material, look or note; Settle says what would settle it.
type MeansHint struct {
	Rule   string  `json:"rule"`
	Weight string  `json:"weight"`
	Person int     `json:"person"` // 0 is the household
	Text   string  `json:"text"`
	Settle string  `json:"settle,omitempty"`
	Due    day.Day `json:"due,omitzero"` // to be looked at again
	Clause string  `json:"clause,omitempty"`
}
