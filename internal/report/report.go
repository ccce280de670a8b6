// Package report makes the verification report 核对报告: content, then JSON, HTML
// and PDF of the same content; prepared and checked first, then sealed once; and
// the offline check of a sealed file that names what was altered.
//
// The way of a report is [New], [Prepare], [Draft.Seal], then [HTML] and [PDF]
// for each copy, and [Verify] by anyone. docs/report-cycle.md tells who stores
// and records what in between.
//
// The package is pure: no clock, no input or output; instants, the salt and the
// signer are arguments. It refuses to say "approve" or "refuse", to let a full
// identity number out, and to leave a gap unnamed.
package report

import (
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
	"hedui/source"
)

// Form names the shape of the JSON report. Another shape gets another number.
const Form = "hedui report 1"

// Content is everything a report says. Its JSON is the report; HTML and PDF show
// nothing else but what belongs to one copy. Texts are Chinese and stand in full,
// so that a report can be read without this program. Names are in full, identity
// numbers masked: the report goes to the office that decides.
type Content struct {
	Form    string `json:"form"`
	Salt    string `json:"salt"` // see seal.JSONSections
	Title   string `json:"title"`
	Number  string `json:"number"`
	Version int    `json:"version"`
	Case    About  `json:"case"`
	Issuer  string `json:"issuer"`
	// MadeAt is when the content was made: nothing after it is in the report.
	MadeAt      time.Time `json:"made_at"`
	CheckedFrom time.Time `json:"checked_from,omitzero"` // first query asked
	CheckedTo   time.Time `json:"checked_to,omitzero"`   // last answer taken
	ValidUntil  day.Day   `json:"valid_until"`           // last day of use

	Conclusion Conclusion `json:"conclusion"`
	Lead       []string   `json:"lead"`    // the two lines a reader must not miss
	Unknown    string     `json:"unknown"` // what is not known, in one line

	Previous *Previous `json:"previous,omitempty"`
	Changes  []Change  `json:"changes,omitempty"` // against Previous
	History  []Past    `json:"history,omitempty"` // all versions before, the oldest first
	Earlier  *Earlier  `json:"earlier,omitempty"` // the household's report of before, if this node has one

	Members    []Person   `json:"members"`
	Obligors   []Person   `json:"obligors"`
	Categories []Category `json:"categories"` // the grid, in catalogue order
	Findings   []Finding  `json:"findings"`
	Totals     Totals     `json:"totals"`
	// Means is what the rule books make of the household, texts in Chinese; nil in
	// reports of before there were rule books.
	Means      *hedui.Means `json:"means,omitempty"`
	Tables     []Table      `json:"tables"`      // records found
	Gaps       []Gap        `json:"gaps"`        // asked, but nobody answered
	NotCovered []Gap        `json:"not_covered"` // outside what a register can know
	Notices    []Notice     `json:"notices"`

	Reviewer Hand `json:"reviewer"`
	Signer   Hand `json:"signer"`
}

// A Word is a code for programs with its text for people.
type Word struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// About says which case the report is about.
type About struct {
	Number     string  `json:"number"`
	Commission string  `json:"commission,omitempty"`
	Programme  Word    `json:"programme"`
	Kind       Word    `json:"kind"`
	Division   Word    `json:"division"`
	Office     string  `json:"office"` // who commissioned
	AppliedOn  day.Day `json:"applied_on"`
	IncomeFrom day.Day `json:"income_from"`
	IncomeTo   day.Day `json:"income_to"`
}

// Conclusion is the one word above the report and what it means.
type Conclusion struct {
	Code    hedui.Conclusion `json:"code"`
	Text    string           `json:"text"`
	Meaning string           `json:"meaning"`
}

// A Person is one line of the household or of the obligors.
type Person struct {
	No       int        `json:"no"`
	Name     string     `json:"name"`
	ID       string     `json:"id"` // masked
	Relation Word       `json:"relation"`
	Role     hedui.Role `json:"role"`
	Age      int        `json:"age"` // on the day the report was made
	Note     string     `json:"note,omitempty"`
}

// A Category is one row of the grid: what became of all queries of a category.
// A person has one cell for each register that was asked, see Cell.Scope.
// Outcome is the one that matters most: found, identity doubt, failed, refused,
// not covered, none. AsOf is the oldest, AnsweredAt the latest, Millis the longest.
type Category struct {
	Code       catalog.Code   `json:"code"`
	Name       string         `json:"name"`
	Department string         `json:"department"`
	Outcome    source.Outcome `json:"outcome"`
	Text       string         `json:"text"`
	AsOf       time.Time      `json:"as_of,omitzero"`
	AnsweredAt time.Time      `json:"answered_at,omitzero"`
	Millis     int64          `json:"millis"`
	Persons    []Cell         `json:"persons"`
}

// A Cell is what became of one query. Scope is the division for which the
// register speaks; there is none where nobody could be asked, and in reports of
// before there were several. AnsweredBy is the node that asked the department, if
// it is another one.
type Cell struct {
	Person     int            `json:"person"`
	Scope      Word           `json:"scope,omitzero"`
	AnsweredBy string         `json:"answered_by,omitempty"`
	Outcome    source.Outcome `json:"outcome"`
	Text       string         `json:"text"`
	Department string         `json:"department"`
	Records    int            `json:"records,omitempty"`
	Unknown    int            `json:"unknown_codes,omitempty"` // values in the records whose code nobody here knows
	Reason     string         `json:"reason,omitempty"`
	AsOf       time.Time      `json:"as_of,omitzero"`
	AnsweredAt time.Time      `json:"answered_at,omitzero"`
	Millis     int64          `json:"millis,omitempty"`
	Hash       string         `json:"hash,omitempty"` // of what was received
	// Promised is the age that the department has promised its data not to pass,
	// in words, where the data was older when it was given.
	Promised string `json:"promised,omitempty"`
	Letter   string `json:"letter,omitempty"` // by which the department was asked, and its reply, in words
}

// A Finding sets declared and found side by side, in plain words.
type Finding struct {
	Kind         hedui.FindingKind `json:"kind"`
	KindText     string            `json:"kind_text"`
	Category     catalog.Code      `json:"category"`
	CategoryName string            `json:"category_name"`
	Person       int               `json:"person"`
	Name         string            `json:"name"`
	Class        string            `json:"class,omitempty"`
	ClassText    string            `json:"class_text,omitempty"`
	Unit         hedui.Unit        `json:"unit,omitempty"`
	Declared     money.Fen         `json:"declared"` // "1234.50" yuan
	Found        money.Fen         `json:"found"`
	Count        int               `json:"count,omitempty"`
	Reason       string            `json:"reason"`
	Facts        []Fact            `json:"facts,omitempty"`
	Explanation  *Explanation      `json:"explanation,omitempty"`
}

// A Fact is the sentence one record gives for a finding.
type Fact struct {
	Text       string     `json:"text"`
	Department string     `json:"department"`
	AsOf       time.Time  `json:"as_of,omitzero"`
	Unit       hedui.Unit `json:"unit,omitempty"`
	Amount     money.Fen  `json:"amount"`
}

// Totals are sums over the members, in yuan; income is monthly.
type Totals struct {
	IncomeDeclared   money.Fen `json:"income_declared"`
	IncomeFound      money.Fen `json:"income_found"`
	PropertyDeclared money.Fen `json:"property_declared"`
	PropertyFound    money.Fen `json:"property_found"`
}

// A Table holds the records found of one category. Only columns that some record
// fills are in it.
type Table struct {
	Category catalog.Code `json:"category"`
	Name     string       `json:"name"`
	Columns  []Column     `json:"columns"`
	Rows     []Row        `json:"rows"`
}

// A Column is one field of the catalogue.
type Column struct {
	Key  string       `json:"key"`
	Name string       `json:"name"`
	Type catalog.Type `json:"type"`
}

// A Row is one record, its values written for people in the order of the columns.
type Row struct {
	Person     int       `json:"person"`
	Name       string    `json:"name"`
	Scope      Word      `json:"scope,omitzero"` // of the register
	Department string    `json:"department"`
	Match      string    `json:"match"`
	AsOf       time.Time `json:"as_of,omitzero"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	Values     []string  `json:"values"`
	Unknown    []string  `json:"unknown_codes,omitempty"` // fields whose code nobody here knows, "withdrawals[2].type" for a row
	Promised   string    `json:"promised,omitempty"`      // as of the cell
	Letter     string    `json:"letter,omitempty"`        // as of the cell
}

// A Gap is a register of a category from which some persons have no result, and
// why. Of one category each scope has gaps of its own.
type Gap struct {
	Category   catalog.Code   `json:"category"`
	Name       string         `json:"name"`
	Scope      Word           `json:"scope,omitzero"`
	Department string         `json:"department"`
	Persons    []int          `json:"persons"`
	Outcome    source.Outcome `json:"outcome"`
	Text       string         `json:"text"`
}

// A Notice is one thing every reader is told.
type Notice struct {
	Topic string `json:"topic"`
	Text  string `json:"text"`
}

// Previous names the version a supplement follows. Digest is the SHA-256 of its
// JSON as sealed, if the caller gave it.
type Previous struct {
	Version int       `json:"version"`
	MadeAt  time.Time `json:"made_at"`
	Digest  string    `json:"digest,omitempty"`
}

// Past is a version of the same report that this one follows.
type Past struct {
	Version    int       `json:"version"`
	MadeAt     time.Time `json:"made_at"`
	Conclusion Word      `json:"conclusion"`
	Digest     string    `json:"digest"` // SHA-256 of its JSON as sealed
}

// Earlier is the newest report of an earlier case of the same applicant under the
// same programme. Only conclusion and sums are set beside those of now: its records
// were asked for under other mandates.
type Earlier struct {
	Number  string    `json:"number"`
	Version int       `json:"version"`
	MadeAt  time.Time `json:"made_at"`
	Changes []Change  `json:"changes,omitempty"`
}

// A ChangeKind says what happened between two versions.
type ChangeKind string

// The kinds of change.
const (
	Added   ChangeKind = "added"
	Changed ChangeKind = "changed"
	Removed ChangeKind = "removed"
)

// A Change is one difference against the previous version.
type Change struct {
	Kind    ChangeKind `json:"kind"`
	Subject string     `json:"subject"`
	Before  string     `json:"before"`
	After   string     `json:"after"`
}

// A Hand is an officer who answers for a step of the report.
type Hand struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Office string    `json:"office"`
	At     time.Time `json:"at,omitzero"`
}
