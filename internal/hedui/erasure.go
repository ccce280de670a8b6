package hedui

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// An ErasureState says where a case stands on the way to its erasure.
type ErasureState string

// The states. A case without an [Erasure] is kept.
const (
	Kept            ErasureState = "kept"
	ErasureProposed ErasureState = "proposed" // before its term, by one officer
	ErasureRejected ErasureState = "rejected" // by a second; it may be proposed again
	ErasureHeld     ErasureState = "held"     // must not be erased until the hold is lifted
	Erased          ErasureState = "erased"
)

// ErasureStates lists all states.
func ErasureStates() []ErasureState {
	return []ErasureState{Kept, ErasureProposed, ErasureRejected, ErasureHeld, Erased}
}

// erasureMoves is the way to the erasure: from each state, those that may follow.
// A hold ends a proposal; after it the case must be proposed anew. A term that is
// over erases whatever is not held.
var erasureMoves = map[ErasureState][]ErasureState{
	Kept:            {ErasureProposed, ErasureHeld, Erased},
	ErasureProposed: {ErasureRejected, ErasureHeld, Erased},
	ErasureRejected: {ErasureProposed, ErasureHeld, Erased},
	ErasureHeld:     {Kept},
	Erased:          {},
}

// CanBecome reports whether a case may go from s to t.
func (s ErasureState) CanBecome(t ErasureState) bool { return slices.Contains(erasureMoves[s], t) }

// An EraseReason is why a case is erased before its term: the cases of article 47
// of the Personal Information Protection Law. It is a word and no free text, so that
// nothing personal outlives the case in it.
type EraseReason string

// Restored is the reason of an erasure that was done before, see [Erasure.Again].
const Restored EraseReason = "restored"

// EraseReasons lists the reasons that an officer may give.
func EraseReasons() []EraseReason {
	return []EraseReason{"purpose", "withdrawn", "unlawful", "request"}
}

// A HoldReason is why a case must not be erased for the time being.
type HoldReason string

// HoldReasons lists the reasons.
func HoldReasons() []HoldReason {
	return []HoldReason{"court", "review", "discipline", "audit", "complaint"}
}

// A Hand is an officer who has a part in an erasure.
type Hand struct {
	ID     string    `json:"id"`
	Office string    `json:"office,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// Destroyed counts what an erasure has destroyed, by kind.
type Destroyed struct {
	Kind string `json:"kind"` // see [DestroyedKinds]
	N    int    `json:"n"`
}

// DestroyedKinds lists the kinds in the order in which a certificate names them.
func DestroyedKinds() []string {
	return []string{"content", "persons", "answers", "reports", "explanations", "evidence", "scans", "corrections", "requests", "items", "letters", "replies", "drafts", "parcels"}
}

// An Erasure is how far the erasure of a case is, and how it came about. It holds
// no personal data: it outlives the case.
type Erasure struct {
	Case     string       `json:"case"` // id
	State    ErasureState `json:"state"`
	Reason   string       `json:"reason,omitempty"` // an [EraseReason] or a [HoldReason]; empty where a term is over
	Proposed Hand         `json:"proposed,omitzero"`
	Decided  Hand         `json:"decided,omitzero"` // who confirmed, rejected, held or lifted

	Rule      *Retention  `json:"rule,omitempty"`   // whose term is over
	Since     time.Time   `json:"since,omitzero"`   // from when it counted
	Number    string      `json:"number,omitempty"` // of the certificate
	Key       string      `json:"key,omitempty"`    // fingerprint of the key that was destroyed
	Destroyed []Destroyed `json:"destroyed,omitempty"`

	Rev int64 `json:"-"` // changes so far, for safe saving
}

// Standing is the state; a case of which nothing is known is kept.
func (e *Erasure) Standing() ErasureState {
	if e.State == "" {
		return Kept
	}
	return e.State
}

func (e *Erasure) move(to ErasureState) error {
	if from := e.Standing(); !from.CanBecome(to) {
		return Fail(Conflict, Say("error.erasure.state", string(from)), fmt.Errorf("case %s: erasure %s to %s", e.Case, from, to))
	}
	e.State = to
	return nil
}

func reasonProblem[T ~string](given string, known []T) error {
	if slices.Contains(known, T(given)) {
		return nil
	}
	words := make([]string, len(known))
	for i, r := range known {
		words[i] = string(r)
	}
	return Fail(Invalid, Say("error.erasure.reason", given, strings.Join(words, ", ")), nil)
}

// ended refuses a case that is under way: it must have its end first, or its
// registration would vanish while somebody works on it.
func ended(c *Case) error {
	if c.Stage.Running() {
		return Fail(Conflict, Say("error.erasure.running"), fmt.Errorf("case %s is %s", c.ID, c.Stage))
	}
	return nil
}

// Propose is the first officer's word that a case is to be erased before its term.
func (e *Erasure) Propose(o Officer, c *Case, reason string, at time.Time) error {
	if err := o.MayOn(ProposeErasure, c); err != nil {
		return err
	}
	if err := reasonProblem(reason, EraseReasons()); err != nil {
		return err
	}
	if err := ended(c); err != nil {
		return err
	}
	if err := e.move(ErasureProposed); err != nil {
		return err
	}
	e.Reason, e.Proposed, e.Decided = reason, Hand{o.ID, o.Office, at}, Hand{}
	return nil
}

// Confirm is the second officer's word: the case is to be erased now. It is never
// the one who has proposed it.
func (e *Erasure) Confirm(o Officer, c *Case, at time.Time) error {
	if err := e.second(o, c); err != nil {
		return err
	}
	if err := ended(c); err != nil {
		return err
	}
	if e.Standing() != ErasureProposed { // a term erases from other states too, an officer does not
		return Fail(Conflict, Say("error.erasure.state", string(e.Standing())), nil)
	}
	e.Decided = Hand{o.ID, o.Office, at}
	return e.move(Erased)
}

// Reject is the second officer's word against it.
func (e *Erasure) Reject(o Officer, c *Case, at time.Time) error {
	if err := e.second(o, c); err != nil {
		return err
	}
	if err := e.move(ErasureRejected); err != nil {
		return err
	}
	e.Decided = Hand{o.ID, o.Office, at}
	return nil
}

func (e *Erasure) second(o Officer, c *Case) error {
	if err := o.MayOn(ConfirmErasure, c); err != nil {
		return err
	}
	if e.Proposed.ID == o.ID && e.Standing() == ErasureProposed {
		return Fail(Forbidden, Say("error.same_person"), nil)
	}
	return nil
}

// Hold keeps a case from being erased, by its term or by officers, until [Erasure.Lift].
func (e *Erasure) Hold(o Officer, c *Case, reason string, at time.Time) error {
	if err := o.MayOn(HoldCases, c); err != nil {
		return err
	}
	if err := reasonProblem(reason, HoldReasons()); err != nil {
		return err
	}
	if err := e.move(ErasureHeld); err != nil {
		return err
	}
	e.Reason, e.Proposed, e.Decided = reason, Hand{}, Hand{o.ID, o.Office, at}
	return nil
}

// Lift ends a hold. The case is kept until its term is over, or it is proposed anew.
func (e *Erasure) Lift(o Officer, c *Case, at time.Time) error {
	if err := o.MayOn(HoldCases, c); err != nil {
		return err
	}
	if err := e.move(Kept); err != nil {
		return err
	}
	e.Reason, e.Decided = "", Hand{o.ID, o.Office, at}
	return nil
}

// Again marks that a case that was erased, and came back with an old copy of the
// database, is erased once more by its certificate.
func (e *Erasure) Again(o Officer, c *Case, at time.Time) error {
	if err := o.MayOn(ConfirmErasure, c); err != nil {
		return err
	}
	if err := e.move(Erased); err != nil {
		return err
	}
	e.Reason, e.Proposed, e.Decided = string(Restored), Hand{}, Hand{o.ID, o.Office, at}
	return nil
}

// CameBack marks that a case is erased once more that came back with an old copy of
// the database, because it stands in the list of erased cases. However it stood when the
// copy was made, also held, somebody who might has had it erased since.
func (e *Erasure) CameBack(at time.Time) {
	e.State, e.Reason, e.Proposed, e.Decided = Erased, string(Restored), Hand{}, Hand{ID: System.ID, At: at}
}

// Lapse marks that the term of a case, which counted from the instant since, is
// over. It is an error before that, and while the case is held.
func (e *Erasure) Lapse(r Retention, since, at time.Time, calendar *Calendar) error {
	if over, ok := r.Over(since, calendar); !ok || at.Before(over) {
		return Fail(Conflict, Say("error.erasure.early"), fmt.Errorf("case %s: the term of %s is not over", e.Case, r.Name()))
	}
	if err := e.move(Erased); err != nil {
		return err
	}
	e.Reason, e.Proposed, e.Decided = "", Hand{}, Hand{ID: System.ID, At: at}
	e.Rule, e.Since = &r, since
	return nil
}
