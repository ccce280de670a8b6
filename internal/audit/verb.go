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
	Suspended    Verb = "case.suspend"
	Resumed      Verb = "case.resume"
	Terminated   Verb = "case.terminate"
	Archived     Verb = "case.archive"
	Erased       Verb = "case.erase"
	ReadCase     Verb = "case.read"
	Searched     Verb = "case.search" // by identity number, which the entry does not hold
	Refused      Verb = "refuse"      // an officer had no right; the detail is what was tried
)

// Verbs lists all verbs.
func Verbs() []Verb {
	return []Verb{
		Registered, Amended, ConsentGiven, Withdrawn, Commissioned, Returned, Accepted, Dispatched, Asked, ByHand,
		Answered, Summarised, Reviewed, SentBack, Prepared, Sealed, Delivered, Printed, ReadReport, Objected, Confirmed,
		AskedAgain, Suspended, Resumed, Terminated, Archived, Erased, ReadCase, Searched, Refused,
	}
}
