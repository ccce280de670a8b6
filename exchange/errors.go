package exchange

import (
	"errors"
	"fmt"
)

// What can be wrong with an envelope, a connection or an enrolment. Test with
// [errors.Is]; the wrapping text tells an operator more and holds no personal data.
var (
	// ErrUnknownPeer means that the sender is no peer of this node.
	ErrUnknownPeer = errors.New("exchange: unknown peer")
	// ErrKey means that a key is not pinned for the peer, is not valid now, or is not ours.
	ErrKey = errors.New("exchange: key is not known or not valid now")
	// ErrSignature means that the signature is wrong: header, ciphertext or signature were changed.
	ErrSignature = errors.New("exchange: broken signature")
	// ErrAltered means that a rightly signed body does not open under its header.
	ErrAltered = errors.New("exchange: body does not open")
	// ErrExpired means that the time of the envelope is over.
	ErrExpired = errors.New("exchange: expired")
	// ErrClock means that the envelope was sent in the future by more than the allowed skew.
	ErrClock = errors.New("exchange: sent in the future, clocks differ")
	// ErrNotForMe means that the envelope is for another node.
	ErrNotForMe = errors.New("exchange: for another node")
	// ErrVersion means that version or suite of the envelope is not known here.
	ErrVersion = errors.New("exchange: unknown version")
	// ErrSuite means that an envelope or a key is of another suite than the link.
	ErrSuite = errors.New("exchange: not the suite of the link")
	// ErrTooLarge means that something is above its limit.
	ErrTooLarge = errors.New("exchange: too large")
	// ErrMalformed means that bytes are not in the one form expected.
	ErrMalformed = errors.New("exchange: malformed")
	// ErrDivision means that the sender claims a division that is not its own.
	ErrDivision = errors.New("exchange: division is not the sender's")
	// ErrDuplicate is what a [Receiver] returns for a message it has taken before.
	ErrDuplicate = errors.New("exchange: taken before")
	// ErrCircle means that a question has passed the node before, or too many nodes.
	ErrCircle = errors.New("exchange: question goes in circles")
	// ErrCode means that an enrolment code is wrong, unknown or run out; which of them is not told.
	ErrCode = errors.New("exchange: enrolment code is not right")
	// ErrCodeUsed means that the enrolment code was used by another request.
	ErrCodeUsed = errors.New("exchange: enrolment code was used before")
	// ErrPending means that the parent has the enrolment and an officer has not approved it yet.
	ErrPending = errors.New("exchange: enrolment waits for approval")
)

// A Reason says in one word why something was refused or a link is down. It is
// stable, travels on the wire and is what a person's text is chosen by.
type Reason string

// The reasons of this package. A Receiver may add its own in the same spelling.
const (
	ReasonUnknownPeer Reason = "unknown_peer" // ErrUnknownPeer
	ReasonKey         Reason = "key"          // ErrKey
	ReasonSignature   Reason = "signature"    // ErrSignature
	ReasonAltered     Reason = "altered"      // ErrAltered
	ReasonExpired     Reason = "expired"      // ErrExpired
	ReasonClock       Reason = "clock"        // ErrClock
	ReasonNotForMe    Reason = "not_for_me"   // ErrNotForMe
	ReasonVersion     Reason = "version"      // ErrVersion
	ReasonSuite       Reason = "suite"        // ErrSuite
	ReasonTooLarge    Reason = "too_large"    // ErrTooLarge
	ReasonMalformed   Reason = "malformed"    // ErrMalformed
	ReasonDivision    Reason = "division"     // ErrDivision
	ReasonCircle      Reason = "circle"       // ErrCircle
	ReasonCode        Reason = "code"         // ErrCode
	ReasonCodeUsed    Reason = "code_used"    // ErrCodeUsed
	ReasonPending     Reason = "pending"      // ErrPending
	ReasonUnsigned    Reason = "unsigned"     // questions without signed mandates, of a node of an earlier version
	ReasonKind        Reason = "kind"         // the receiver knows no such kind of message

	ReasonDown  Reason = "down"  // no connection, or a server error
	ReasonSlow  Reason = "slow"  // no answer in time
	ReasonBusy  Reason = "busy"  // the other side asks to come back later
	ReasonLost  Reason = "lost"  // no word came back about a message that was sent
	ReasonLocal Reason = "local" // this node's own store did not take it
)

// reasons pairs the reasons that travel with the errors they stand for.
func reasons() []struct {
	reason Reason
	err    error
} {
	return []struct {
		reason Reason
		err    error
	}{
		{ReasonUnknownPeer, ErrUnknownPeer}, {ReasonKey, ErrKey}, {ReasonSignature, ErrSignature}, {ReasonAltered, ErrAltered},
		{ReasonExpired, ErrExpired}, {ReasonClock, ErrClock}, {ReasonNotForMe, ErrNotForMe}, {ReasonVersion, ErrVersion}, {ReasonSuite, ErrSuite},
		{ReasonTooLarge, ErrTooLarge}, {ReasonMalformed, ErrMalformed}, {ReasonDivision, ErrDivision}, {ReasonCircle, ErrCircle},
		{ReasonCode, ErrCode}, {ReasonCodeUsed, ErrCodeUsed}, {ReasonPending, ErrPending},
	}
}

// ReasonOf returns the reason of an error of this package or of a [Refusal], and
// nothing for any other error.
func ReasonOf(err error) Reason {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	for _, r := range reasons() {
		if errors.Is(err, r.err) {
			return r.reason
		}
	}
	return ""
}

// Settled reports whether a refusal for this reason ends a message. The others
// are faults of a link, a key or a clock that somebody repairs: the message
// stays in the outbox and is sealed and sent anew.
func (r Reason) Settled() bool {
	switch r {
	case ReasonUnknownPeer, ReasonKey, ReasonSignature, ReasonAltered, ReasonClock, ReasonNotForMe, ReasonVersion, ReasonSuite,
		ReasonDown, ReasonSlow, ReasonBusy, ReasonLost, ReasonLocal:
		return false
	}
	return true
}

// err returns the error that a reason stands for on this side of the wire.
func (r Reason) err() error {
	for _, known := range reasons() {
		if known.reason == r {
			return known.err
		}
	}
	return &Refusal{Reason: r}
}

// A Refusal is what a [Receiver] returns to refuse a message for good: the reason
// travels back to the sender, the cause stays here for the operator.
type Refusal struct {
	Reason Reason
	Err    error // without personal data; may be nil
}

func (r *Refusal) Error() string {
	if r.Err == nil {
		return "exchange: refused: " + string(r.Reason)
	}
	return fmt.Sprintf("exchange: refused: %s: %v", r.Reason, r.Err)
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Err }
