package book

import (
	"strconv"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/money"
)

// An Outcome is what the rules make of a household. It sets figures beside
// limits; it never says approve or refuse.
type Outcome struct {
	Conclusion hedui.Conclusion
	Members    []Membership
	Income     []ClassIncome
	Things     []Counted // one for each found thing of a person who counts
	Support    []Counted // one for each obligor family, fen a month
	Spending   []Counted // one for each person and kind, within the window
	Totals     Totals
	Lines      []Line
	Findings   []Finding
	Steps      []Step   // the arithmetic, in order; empty without explanation
	Failed     []string // rules that could not be worked out, as section.name.key
}

// A Membership says whether a person counts, and by which entry; none means that
// no entry lets the person in.
type Membership struct {
	Person int
	Counts bool
	Rule   *Entry
}

// ClassIncome is one class of one person, in fen over the window. Counted is not
// the sum of the others: a declared income is never added to a verified one.
type ClassIncome struct {
	Person                      int
	Class                       hedui.IncomeClass
	Verified, Declared, Counted money.Fen
	Stated, Gross               money.Fen // declared and found before anything is taken off
	Facts                       []Ref
	stated, found               money.Fen // before any disregard, to be compared
}

// A Counted is what facts come to in fen: Value as the source has it, as far as
// it is the household's, and what of it counts. Effect is exempt or apart where
// an entry takes it out; Rule is the entry that settled it, nil where none did.
type Counted struct {
	Facts          []Ref
	Person         int // of a thing: the first of those who have it and count
	Value, Counted money.Fen
	Effect         string
	Rule           *Entry
}

// Totals are the sums that lines are drawn through.
type Totals struct {
	Size                                                  int
	Months                                                int       // of the income window
	From, To                                              day.Day   // of the income window
	Window                                                money.Fen // counted over the window, support included
	Monthly                                               money.Fen // fen a month
	PerHead                                               money.Fen // fen a month
	Verified                                              money.Fen // over the window
	Support                                               money.Fen // imputed, over the window; apart from what is verified
	Financial, FinancialPerHead, VehicleValue             money.Fen
	Dwellings, NonResidential, Vehicles, Businesses, Land int
	DwellingArea                                          money.Fen // the household's shares, hundredths of a square metre
	HouseholdOver, PersonOver                             bool      // as a source says that gives no amounts
	HouseholdWithin, PersonWithin                         bool      // likewise
	NotStated                                             bool      // an account is there, and its balance is not said
	Spent                                                 money.Fen // counted over the spending window
}

// A Side is where a figure stands to a limit.
type Side string

// The sides. At or under and over belong to limits; reached and short to marks
// that must be reached. Unknown is the limit of a household of which sources only
// say how single persons stand to limits of their own, or that there is an account.
const (
	AtOrUnder Side = "at_or_under"
	Over      Side = "over"
	Reached   Side = "reached"
	Short     Side = "short"
	Unknown   Side = "unknown"
)

// A Line is a figure beside its limit.
type Line struct {
	Rule          *Entry
	Figure, Limit int64
	Unit          string // month and total are fen; count is a number
	Figures       bool   // false where a source gave no amounts
	Side          Side
}

// A Ref points at a fact of the household: the list and the place in it.
type Ref struct {
	List  string `yaml:"list" json:"list"`
	Index int    `yaml:"index" json:"index"`
}

// A Finding is something a person should know, with the rule that says so. None
// says approve or refuse.
type Finding struct {
	Kind            hedui.FindingKind // may be empty: a flag alone
	Flag            string            // may be empty
	Weight          string            // Note, Look or Material
	Person          int               // 0 is the household
	Class           string            // income class or property kind
	Unit            hedui.Unit
	Declared, Found money.Fen
	Facts           []Ref
	Rule            *Entry
	Settle          string  // what would settle it
	Due             day.Day // when it must be looked at again
	Explained       bool    // evidence was confirmed
	Say             string  // key of the text, for findings that no book words
}

// Text is the finding in plain words.
func (f *Finding) Text(l lang.Lang) string {
	if f.Say == "" {
		return f.Rule.Title.In(l)
	}
	return lang.Text(l, f.Say, strconv.Itoa(f.Person), WordText(l, f.Class), f.Declared.Grouped(), f.Found.Grouped())
}

// ThingWord is the word under which a kind of property is printed: a business as
// property is not the income from one.
func ThingWord(kind string) string {
	if kind == "business" {
		return "enterprise"
	}
	return kind
}

// WordText is a word of the facts in a language; words without a text stay as they are.
func WordText(l lang.Lang, w string) string {
	if k := "book.kind." + w; lang.Has(k) {
		return lang.Text(l, k)
	}
	return w
}

// In is the title in a language.
func (t Title) In(l lang.Lang) string {
	if l == lang.English {
		return t.En
	}
	return t.Zh
}

// A Step is one line of the arithmetic. Its text is made when it is printed, so
// that explaining costs little.
type Step struct {
	Key    string // in package lang
	Rule   *Entry // nil where the arithmetic is the same everywhere
	Person int
	Facts  []Ref
	Args   []Arg
}

// An Arg is one figure or word of a step.
type Arg struct {
	kind byte
	n    int64
	s    string
}

func yuanArg(f money.Fen) Arg { return Arg{'f', int64(f), ""} }
func countArg(n int) Arg      { return Arg{'n', int64(n), ""} }
func wordArg(s string) Arg    { return Arg{'w', 0, s} }

// Text prints the argument.
func (a Arg) Text(l lang.Lang) string {
	switch a.kind {
	case 'f':
		return money.Fen(a.n).Grouped()
	case 'n':
		return strconv.FormatInt(a.n, 10)
	}
	return WordText(l, a.s)
}

// Text is the step in plain words, with the rule it follows.
func (s *Step) Text(l lang.Lang) string {
	args := make([]string, len(s.Args))
	for i, a := range s.Args {
		args[i] = a.Text(l)
	}
	text := lang.Text(l, s.Key, args...)
	if s.Rule != nil {
		text += lang.Text(l, "book.step.by", s.Rule.Title.In(l), s.Rule.ID())
	}
	return text
}
