package audit

// A Verb says what was done.
type Verb string

// The verbs of a case, in the order of its life.
const (
	Registered   Verb = "case.register"
	Amended      Verb = "case.amend"
	ConsentGiven Verb = "case.consent"
	Withdrawn    Verb = "case.withdraw" // a consent was withdrawn
	Commissioned Verb = "case.commission"
	Returned     Verb = "case.return"
	Accepted     Verb = "case.accept"
	Dispatched   Verb = "case.dispatch"
	Asked        Verb = "case.ask" // a source was asked and has or has not answered
	ByHand       Verb = "case.by_hand"
	Answered     Verb = "case.answer" // an officer entered an answer
	Summarised   Verb = "case.summarise"
	Reviewed     Verb = "case.review"
	SentBack     Verb = "case.send_back"
	Prepared     Verb = "report.prepare" // the bytes to be sealed are stored
	Sealed       Verb = "report.seal"
	Delivered    Verb = "report.deliver"
	Printed      Verb = "report.print"
	ReadReport   Verb = "report.read"
	Objected     Verb = "case.object"
	Confirmed    Verb = "case.confirm"
	AskedAgain   Verb = "case.ask_again"
	Requeried    Verb = "case.requery" // single cells were asked again
	Suspended    Verb = "case.suspend"
	Resumed      Verb = "case.resume"
	Terminated   Verb = "case.terminate"
	Archived     Verb = "case.archive"
	Moved        Verb = "case.move"      // to the division that took over from its own
	HandedOver   Verb = "case.hand_over" // to another node
	Arrived      Verb = "case.arrive"    // that node has confirmed it
	TakenOver    Verb = "case.take_over" // from another node
	Erased       Verb = "case.erase"
	ReadCase     Verb = "case.read"
	Searched     Verb = "case.search" // by identity number, which the entry does not hold

	// The work of people who answer for departments.
	ReadList      Verb = "list.read"    // items were shown; with each case, or mandate of another node
	ListExported  Verb = "list.export"  // as a workbook
	ListImported  Verb = "list.import"  // a workbook came back; the answers in it have entries of their own
	ItemReturned  Verb = "list.return"  // the department cannot answer
	Corrected     Verb = "case.correct" // another answer was put beside one that was wrong
	LetterIssued  Verb = "letter.issue" // 协查函
	LetterPrinted Verb = "letter.print" // once more

	// What other nodes ask of this one, and what this one knows of them.
	RelayTaken     Verb = "relay.take"   // questions came in; the thing acted on is the message
	RelayAsked     Verb = "relay.ask"    // a source, or the next node, was asked on a mandate of another node
	RelayCancelled Verb = "relay.cancel" // a peer wants no answer any more
	NodeInvited    Verb = "node.invite"  // a code was made with which a node may enrol
	NodeAsked      Verb = "node.ask"     // a node has used its code and waits for approval
	NodeApproved   Verb = "node.approve" // its keys are pinned
	NodeDeclined   Verb = "node.decline"
	NodeRevoked    Verb = "node.revoke" // its keys count no more
	NodeKeys       Verb = "node.keys"   // a peer, or this node, has new keys
	LinkChanged    Verb = "node.link"   // a link went up or down

	SourceAlert   Verb = "source.alert"  // something is wrong with a source; the office is the source
	SourceOver    Verb = "source.over"   // and is over
	SourceHandled Verb = "source.handle" // an officer has seen to it

	Refused Verb = "refuse" // an officer had no right; the detail is what was tried
)

// Verbs lists all verbs.
func Verbs() []Verb {
	return []Verb{
		Registered, Amended, ConsentGiven, Withdrawn, Commissioned, Returned, Accepted, Dispatched, Asked, ByHand,
		Answered, Summarised, Reviewed, SentBack, Prepared, Sealed, Delivered, Printed, ReadReport, Objected, Confirmed,
		AskedAgain, Requeried, Suspended, Resumed, Terminated, Archived, Moved, HandedOver, Arrived, TakenOver, Erased, ReadCase, Searched,
		ReadList, ListExported, ListImported, ItemReturned, Corrected, LetterIssued, LetterPrinted,
		RelayTaken, RelayAsked, RelayCancelled, NodeInvited, NodeAsked, NodeApproved, NodeDeclined, NodeRevoked, NodeKeys, LinkChanged,
		SourceAlert, SourceOver, SourceHandled, Refused,
	}
}
