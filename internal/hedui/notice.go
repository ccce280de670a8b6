package hedui

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hedui/day"
)

// A NoticeKind is what an officer can be told of the own work (通知).
type NoticeKind string

// The kinds of notice, in the order in which they are offered as a filter.
const (
	NoticeReturned   NoticeKind = "returned"
	NoticeAccepted   NoticeKind = "accepted"
	NoticeDelivered  NoticeKind = "delivered"
	NoticeExplain    NoticeKind = "explain"      // an item asks the family to explain
	NoticeConsent    NoticeKind = "consent_ends" // soon
	NoticeToTake     NoticeKind = "to_take"      // the first report of a case
	NoticeSupplement NoticeKind = "supplement"   // a further one
	NoticeObjection  NoticeKind = "objection_answered"
	NoticeRequest    NoticeKind = "request" // of a citizen
	NoticeToAccept   NoticeKind = "to_accept"
	NoticeObjected   NoticeKind = "objected"
	NoticeToReview   NoticeKind = "to_review"
	NoticeToSign     NoticeKind = "to_sign"
	NoticeSentBack   NoticeKind = "sent_back"
	NoticeLate       NoticeKind = "late_answer" // after the report was sealed
	NoticeLetter     NoticeKind = "letter_overdue"
	NoticeDeadline   NoticeKind = "deadline" // soon
	NoticeQuery      NoticeKind = "query"    // of a day, for one source
	NoticeCorrection NoticeKind = "correction"
	NoticeAlert      NoticeKind = "alert"
	NoticeErasure    NoticeKind = "erasure" // of a case is proposed
	NoticeConcern    NoticeKind = "concern" // those that were raised on a day
	NoticeNode       NoticeKind = "node"    // waits for approval
)

// noticeRights say to which roles each kind can be told at all, and which right the
// role must still have: who has lost it is told nothing, whatever the table says.
var noticeRights = []struct {
	kind NoticeKind
	to   map[OfficerRole]Right
}{
	{NoticeReturned, map[OfficerRole]Right{ClerkRole: OpenCases, CommissionerRole: CommissionCases}},
	{NoticeAccepted, map[OfficerRole]Right{ClerkRole: OpenCases, CommissionerRole: CommissionCases}},
	{NoticeDelivered, map[OfficerRole]Right{ClerkRole: OpenCases}},
	{NoticeExplain, map[OfficerRole]Right{ClerkRole: OpenCases, CommissionerRole: CommissionCases, VerifierRole: VerifyCases}},
	{NoticeConsent, map[OfficerRole]Right{ClerkRole: OpenCases, CommissionerRole: CommissionCases}},
	{NoticeToTake, map[OfficerRole]Right{CommissionerRole: CommissionCases}},
	{NoticeSupplement, map[OfficerRole]Right{CommissionerRole: CommissionCases}},
	{NoticeObjection, map[OfficerRole]Right{CommissionerRole: CommissionCases}},
	{NoticeRequest, map[OfficerRole]Right{CommissionerRole: CommissionCases}},
	{NoticeToAccept, map[OfficerRole]Right{ReceiverRole: AcceptCases}},
	{NoticeObjected, map[OfficerRole]Right{VerifierRole: VerifyCases}},
	{NoticeToReview, map[OfficerRole]Right{ReviewerRole: ReviewReports}},
	{NoticeToSign, map[OfficerRole]Right{SignerRole: SealReports}},
	{NoticeSentBack, map[OfficerRole]Right{VerifierRole: VerifyCases, ReviewerRole: ReviewReports}},
	{NoticeLate, map[OfficerRole]Right{VerifierRole: VerifyCases}},
	{NoticeLetter, map[OfficerRole]Right{VerifierRole: VerifyCases, LiaisonRole: AnswerQueries}},
	{NoticeDeadline, map[OfficerRole]Right{VerifierRole: VerifyCases, ReviewerRole: ReviewReports, SignerRole: SealReports}},
	{NoticeQuery, map[OfficerRole]Right{LiaisonRole: AnswerQueries}},
	{NoticeCorrection, map[OfficerRole]Right{LiaisonRole: AnswerQueries}},
	{NoticeAlert, map[OfficerRole]Right{ManagerRole: ReadIncidents, HubOperatorRole: RunNode, SystemAdminRole: RunNode, SecurityAdminRole: ReadIncidents, InspectorRole: ReadIncidents, AuditAdminRole: ReadIncidents}},
	{NoticeErasure, map[OfficerRole]Right{ManagerRole: ConfirmErasure}},
	{NoticeConcern, map[OfficerRole]Right{InspectorRole: ReadConcerns, AuditAdminRole: ReadConcerns}},
	{NoticeNode, map[OfficerRole]Right{HubOperatorRole: RunNode, SystemAdminRole: RunNode}},
}

// NoticeKinds lists all kinds of notice.
func NoticeKinds() []NoticeKind {
	kinds := make([]NoticeKind, len(noticeRights))
	for i, n := range noticeRights {
		kinds[i] = n.kind
	}
	return kinds
}

// ends reports whether the kind is told some time before something ends.
func (k NoticeKind) ends() bool { return k == NoticeConsent || k == NoticeDeadline }

// A NoticeRule says to which roles a kind is told.
type NoticeRule struct {
	Roles  []OfficerRole `yaml:"roles"`
	Before Length        `yaml:"before"`
}

// A NoticeTable says what is told to whom from a day on.
type NoticeTable struct {
	From  day.Day                   `yaml:"from"`
	Kept  int                       `yaml:"kept"` // days
	Kinds map[NoticeKind]NoticeRule `yaml:"kinds"`
}

//go:embed data/notices.yaml
var notices []byte

// noticeTables are those that come with the program.
var noticeTables = sync.OnceValues(func() ([]NoticeTable, error) { return ReadNoticeTables(notices) })

// ReadNoticeTables reads tables of notices and names every problem at once.
func ReadNoticeTables(text []byte) ([]NoticeTable, error) {
	tables, err := readDated[NoticeTable]("notices", text)
	if err != nil {
		return nil, err
	}
	var bad []error
	for i, t := range tables {
		wrong := func(format string, args ...any) {
			bad = append(bad, fmt.Errorf("table %d: "+format, append([]any{i + 1}, args...)...))
		}
		if t.From.IsZero() {
			wrong("from is missing")
		}
		if t.Kept < 1 || t.Kept > 366 {
			wrong("kept is a number of days, 1 to 366")
		}
		for kind, rule := range t.Kinds {
			n := slices.IndexFunc(noticeRights, func(n struct {
				kind NoticeKind
				to   map[OfficerRole]Right
			}) bool {
				return n.kind == kind
			})
			if n < 0 {
				wrong("there is no kind %q", kind)
				continue
			}
			for _, role := range rule.Roles {
				if noticeRights[n].to[role] == "" {
					wrong("%s is never told to the role %q", kind, role)
				}
			}
			if kind.ends() != (rule.Before != (Length{})) || rule.Before.Working+rule.Before.Months > 0 {
				wrong("%s: before belongs to consent_ends and deadline, in hours or days", kind)
			}
		}
	}
	if err := errors.Join(bad...); err != nil {
		return nil, fmt.Errorf("hedui: notices: %w", err)
	}
	return tables, nil
}

// NoticeTableOn returns the table that counts on a day; an empty one before the first.
func NoticeTableOn(on day.Day) (NoticeTable, error) {
	tables, err := noticeTables()
	return newest(tables, func(t NoticeTable) day.Day { return t.From }, on), err
}

// A Told is a kind of notice that is for an officer because of a role.
type Told struct {
	Kind   NoticeKind
	Role   OfficerRole
	Before time.Duration // of its end
}

// For lists what is told to an officer: what the table names for the roles that the
// officer has, as far as the rights of the day go with it. What is about a case, and not
// for the clerk who opened it, takes the right to read cases too.
func (t NoticeTable) For(o Officer) []Told {
	var list []Told
	for _, n := range noticeRights {
		rule := t.Kinds[n.kind]
		for _, role := range rule.Roles {
			right := n.to[role]
			if !slices.Contains(o.Roles, role) || right == "" || o.May(right, o.Division) != nil {
				continue
			}
			if n.kind.OfCase() && role != ClerkRole && role != LiaisonRole && o.May(ReadCases, o.Division) != nil {
				continue
			}
			list = append(list, Told{n.kind, role, rule.Before.Exact + time.Duration(rule.Before.Days)*24*time.Hour})
		}
	}
	return list
}

// OfCase reports whether notices of the kind are about single cases.
func (k NoticeKind) OfCase() bool {
	return !slices.Contains([]NoticeKind{NoticeQuery, NoticeCorrection, NoticeAlert, NoticeConcern, NoticeNode}, k)
}

// A Notice 通知 says that something happened in an officer's work: what, when, and by
// whom. It holds no more of a family than a list of cases.
type Notice struct {
	Kind   NoticeKind
	Role   OfficerRole // for which it is told
	ID     string      // of what it is about: an entry of the log, a case, a letter …
	At     time.Time
	By     string // officer; empty where nobody did it
	Name   string // of that officer
	Case   string // id; empty where it is about none
	Source string
	Count  int       // of queries or concerns
	Due    time.Time // end of a deadline, a consent or a letter
	Why    string    // reason that was named, as a key of a text
	New    bool      // since the officer has seen notices

	Number    string // of the case, and what else a list shows of it
	Applicant string // masked
	Programme Programme
}

// A NoticeMark is the place of a notice in the list, the newest first: where the next
// page begins.
type NoticeMark struct {
	At   time.Time
	Kind NoticeKind
	ID   string
}

// Mark is the place of the notice.
func (n Notice) Mark() NoticeMark { return NoticeMark{n.At, n.Kind, n.ID} }

// String writes the mark as an address takes it.
func (m NoticeMark) String() string {
	return strconv.FormatInt(m.At.UnixMicro(), 36) + "." + string(m.Kind) + "." + m.ID
}

// ParseNoticeMark reads what String wrote; an empty text is the beginning of the list.
func ParseNoticeMark(s string) (NoticeMark, error) {
	if s == "" {
		return NoticeMark{}, nil
	}
	parts := strings.SplitN(s, ".", 3)
	plain := strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_./") == ""
	if len(parts) == 3 && len(s) <= 200 && plain && slices.Contains(NoticeKinds(), NoticeKind(parts[1])) {
		if at, err := strconv.ParseInt(parts[0], 36, 64); err == nil && at > 0 && at < 1<<53 {
			return NoticeMark{time.UnixMicro(at).UTC(), NoticeKind(parts[1]), parts[2]}, nil
		}
	}
	return NoticeMark{}, Fail(NotFound, Say("error.not_found"), fmt.Errorf("notice mark %q", s))
}

// Compare orders marks as the list does.
func (m NoticeMark) Compare(n NoticeMark) int {
	if c := n.At.Compare(m.At); c != 0 {
		return c
	}
	if c := slices.Index(NoticeKinds(), m.Kind) - slices.Index(NoticeKinds(), n.Kind); c != 0 {
		return c
	}
	return strings.Compare(m.ID, n.ID)
}
