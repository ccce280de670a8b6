package hedui

import "slices"

// A Stage is where a case stands (domain: merged model of section 2.1).
type Stage string

// The stages in the order of the work; the last three stand beside it.
const (
	Draft        Stage = "draft"        // 登记: members, obligors, declarations entered
	Consented    Stage = "consented"    // 授权: every person who must be is covered
	Commissioned Stage = "commissioned" // 委托: the office has sent its commission
	Returned     Stage = "returned"     // 退回: the centre named what is missing
	Accepted     Stage = "accepted"     // 受理
	Dispatched   Stage = "dispatched"   // 分发: one query per person and category is queued
	Collecting   Stage = "collecting"   // 反馈中: answers come in
	Manual       Stage = "manual"       // 人工核对: letters, files, visits
	Summarised   Stage = "summarised"   // 汇总: findings are made
	Reviewed     Stage = "reviewed"     // 审核: a second person agrees
	Issued       Stage = "issued"       // 签发: sealed
	Delivered    Stage = "delivered"    // 反馈: the office has taken it
	Objected     Stage = "objected"     // 异议
	Rechecked    Stage = "rechecked"    // 复核: the report was confirmed after an objection
	Archived     Stage = "archived"     // 归档
	Suspended    Stage = "suspended"    // 中止: waits for something
	Terminated   Stage = "terminated"   // 终止: ended without a result
	Handed       Stage = "handed"       // 移交: another node has the case, see [Handing]
)

// Stages lists all stages.
func Stages() []Stage {
	return []Stage{Draft, Consented, Commissioned, Returned, Accepted, Dispatched, Collecting, Manual,
		Summarised, Reviewed, Issued, Delivered, Objected, Rechecked, Archived, Suspended, Terminated, Handed}
}

// moves is the life of a case: from each stage, the stages it may go to.
//
// A consented draft whose members change needs new consents, so it goes back to
// draft. A late answer, a correction or an accepted objection leads from a
// sealed report to a supplement: queries run again or findings are made anew,
// and a further version is reviewed and sealed; the old one is kept. Withdrawal
// ends a case as long as no report was sealed.
var moves = map[Stage][]Stage{
	Draft:        {Consented, Terminated},
	Consented:    {Draft, Commissioned, Terminated},
	Commissioned: {Returned, Accepted, Terminated},
	Returned:     {Draft, Consented, Commissioned, Terminated},
	Accepted:     {Returned, Dispatched, Suspended, Terminated},
	Dispatched:   {Collecting, Summarised, Suspended, Terminated},
	Collecting:   {Manual, Summarised, Suspended, Terminated},
	Manual:       {Collecting, Summarised, Suspended, Terminated},
	Summarised:   {Collecting, Manual, Reviewed, Suspended, Terminated},
	Reviewed:     {Summarised, Issued, Suspended, Terminated},
	Issued:       {Summarised, Delivered},
	Delivered:    {Summarised, Objected, Archived},
	Objected:     {Collecting, Summarised, Rechecked},
	Rechecked:    {Summarised, Archived},
	Archived:     {},
	Suspended:    {Accepted, Dispatched, Collecting, Manual, Summarised, Reviewed, Terminated},
	Terminated:   {},
	Handed:       {},
}

// CanBecome reports whether a case may go from s to t. From every stage it may be
// handed over to another node, which takes it up there; here it stays so.
func (s Stage) CanBecome(t Stage) bool {
	if t == Handed {
		_, known := moves[s]
		return known && s != Handed
	}
	return slices.Contains(moves[s], t)
}

// Running reports whether a case in stage s is under way: a second case of the
// same household for the same programme must wait.
func (s Stage) Running() bool {
	switch s {
	case Delivered, Rechecked, Archived, Terminated, Handed:
		return false
	}
	return true
}

// Collects reports whether a case in stage s waits for answers before its summary.
func (s Stage) Collects() bool { return s == Dispatched || s == Collecting || s == Manual }

// Sealed reports whether a case in stage s rests on a sealed report that a late
// answer may supplement.
func (s Stage) Sealed() bool { return s == Issued || s == Delivered || s == Rechecked }

// Asking reports whether queries of a case in stage s may be sent to sources.
// After a report is sealed they still may: a late answer makes a supplement.
func (s Stage) Asking() bool {
	switch s {
	case Dispatched, Collecting, Manual, Summarised, Reviewed, Issued, Delivered, Objected, Rechecked:
		return true
	}
	return false
}
