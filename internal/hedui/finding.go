package hedui

import (
	"time"

	"hedui/catalog"
	"hedui/money"
	"hedui/source"
)

// A FindingKind says how declared and found stand to each other.
type FindingKind string

// The vocabulary of differences.
const (
	Consistent    FindingKind = "CONSISTENT"     // 一致
	Undeclared    FindingKind = "UNDECLARED"     // 未申报
	UnderDeclared FindingKind = "UNDER_DECLARED" // 少报
	OverDeclared  FindingKind = "OVER_DECLARED"  // 多报
	NotVerifiable FindingKind = "NOT_VERIFIABLE" // 无法核实
	SourceSilent  FindingKind = "SOURCE_SILENT"  // 未反馈
	Stale         FindingKind = "STALE"          // 数据陈旧
	DoubtfulMatch FindingKind = "IDENTITY_DOUBT" // 身份存疑
	Exempt        FindingKind = "EXEMPT"         // 按规定豁免
	Explained     FindingKind = "EXPLAINED"      // 已说明并佐证
)

// FindingKinds lists all kinds of finding.
func FindingKinds() []FindingKind {
	return []FindingKind{Consistent, Undeclared, UnderDeclared, OverDeclared, NotVerifiable,
		SourceSilent, Stale, DoubtfulMatch, Exempt, Explained}
}

// Suspicious reports whether a finding of this kind needs an explanation. A hit
// is not guilt: it is a question.
func (k FindingKind) Suspicious() bool {
	switch k {
	case Undeclared, UnderDeclared, DoubtfulMatch:
		return true
	}
	return false
}

// A Unit says what the amounts of a finding or fact are.
type Unit string

// The units of amounts.
const (
	PerMonth Unit = "month" // fen a month, averaged over the income window
	InTotal  Unit = "total" // fen
	NoAmount Unit = ""      // amounts are not compared
)

// A Finding 核对结果 sets declared and found side by side for one person and
// category. It never says approve or refuse.
type Finding struct {
	Kind     FindingKind  `json:"kind"`
	Category catalog.Code `json:"category"`
	Person   int          `json:"person"`
	Class    string       `json:"class,omitempty"` // income or property class
	Unit     Unit         `json:"unit,omitempty"`
	Declared money.Fen    `json:"declared"`
	Found    money.Fen    `json:"found"`
	Count    int          `json:"count,omitempty"` // records behind it
	Reason   Text         `json:"reason"`
	Facts    []Fact       `json:"facts,omitempty"`

	Explanation *Explanation `json:"-"` // the item that asks the family about it, once there is one
}

// A Fact is what one record says, in one sentence and at most one amount.
type Fact struct {
	Query      string    `json:"query"`
	Record     int       `json:"record"` // index within the answer
	Department string    `json:"department"`
	AsOf       time.Time `json:"as_of,omitzero"`
	Say        Text      `json:"say"`
	Unit       Unit      `json:"unit,omitempty"`
	Amount     money.Fen `json:"amount"`
}

// A Conclusion is the one word above a report.
type Conclusion string

// The conclusions. None of them is approve or refuse.
const (
	NoFinding       Conclusion = "NO_FINDING" // 核对范围内未发现
	AllConsistent   Conclusion = "CONSISTENT" // 与申报一致
	Suspect         Conclusion = "SUSPECT"    // 存在疑似信息待核实
	OverLimit       Conclusion = "OVER_LIMIT" // 核对结果超过标准
	Incomplete      Conclusion = "INCOMPLETE" // 部分来源未反馈
	UnableToConfirm Conclusion = "UNABLE"     // 无法确认
)

// Conclusions lists all conclusions.
func Conclusions() []Conclusion {
	return []Conclusion{NoFinding, AllConsistent, Suspect, OverLimit, Incomplete, UnableToConfirm}
}

// A Gap is a query that no register has settled. Scope is the division of the
// register, empty where there is none to ask.
type Gap struct {
	Person     int            `json:"person"`
	Category   catalog.Code   `json:"category"`
	Scope      string         `json:"scope,omitempty"`
	Department string         `json:"department"`
	Outcome    source.Outcome `json:"outcome"`
	Reason     source.Reason  `json:"reason"`
}

// Totals are sums over the members, declared and found.
type Totals struct {
	IncomeDeclared   money.Fen `json:"income_declared"` // fen a month
	IncomeFound      money.Fen `json:"income_found"`
	PropertyDeclared money.Fen `json:"property_declared"` // fen
	PropertyFound    money.Fen `json:"property_found"`
}

// An Assessment is what reconciling gives.
type Assessment struct {
	Conclusion Conclusion `json:"conclusion"`
	Findings   []Finding  `json:"findings"`
	Gaps       []Gap      `json:"gaps"`
	Totals     Totals     `json:"totals"`
	Means      *Means     `json:"means,omitempty"` // nil where rule books were not applied
}
