package audit

// A Verb says what was done.
type Verb string

// The verbs of a case, in the order of its life.
const (
	Registered     Verb = "case.register"
	Amended        Verb = "case.amend"
	ConsentGiven   Verb = "case.consent"
	Withdrawn      Verb = "case.withdraw" // a consent was withdrawn
	ConsentScanned Verb = "case.scan"     // a scan or a signature was put to a consent; the detail is its number
	ConsentRead    Verb = "case.scan_read"
	Commissioned   Verb = "case.commission"
	Returned       Verb = "case.return"
	Accepted       Verb = "case.accept"
	Dispatched     Verb = "case.dispatch"
	Asked          Verb = "case.ask" // a source was asked and has or has not answered
	ByHand         Verb = "case.by_hand"
	Answered       Verb = "case.answer" // an officer entered an answer
	Summarised     Verb = "case.summarise"
	Reviewed       Verb = "case.review"
	SentBack       Verb = "case.send_back"
	Prepared       Verb = "report.prepare" // the bytes to be sealed are stored
	Sealed         Verb = "report.seal"
	Delivered      Verb = "report.deliver"
	Decided        Verb = "decision.enter" // that the office has told its decision, not which
	Printed        Verb = "report.print"
	ReadReport     Verb = "report.read"
	PaperPrinted   Verb = "paper.print" // consent form, commission, notice, annex, public list; with its number
	Objected       Verb = "case.object"
	Confirmed      Verb = "case.confirm"
	AskedAgain     Verb = "case.ask_again"
	Requeried      Verb = "case.requery" // single cells were asked again
	Suspended      Verb = "case.suspend"
	Resumed        Verb = "case.resume"
	Terminated     Verb = "case.terminate"
	Archived       Verb = "case.archive"
	Moved          Verb = "case.move"      // to the division that took over from its own
	HandedOver     Verb = "case.hand_over" // to another node
	Arrived        Verb = "case.arrive"    // that node has confirmed it
	TakenOver      Verb = "case.take_over" // from another node
	Erased         Verb = "case.erase"     // its key was destroyed; the detail is the number and the digest of the certificate

	// Before that. The detail is the reason, a word of a list.
	ErasureProposed Verb = "erasure.propose"
	ErasureRejected Verb = "erasure.reject"
	CaseHeld        Verb = "erasure.hold" // it must not be erased
	HoldLifted      Verb = "erasure.lift"

	// A workbook with many households. The thing acted on is the upload; the detail is how many of them there are.
	UploadTaken     Verb = "upload.take"
	UploadExported  Verb = "upload.export" // the rows with problems, which hold whole numbers
	UploadWithdrawn Verb = "upload.withdraw"

	ReadCase Verb = "case.read"
	Searched Verb = "case.search" // by identity number, which the entry does not hold
	Replayed Verb = "case.replay" // all sealed cases of a division were worked out by other rule books; the detail says how many

	// The right to explain. The detail names the item, the correction or the reminder.
	ExplanationOpened   Verb = "explain.open"      // a finding asks the family
	ExplanationEntered  Verb = "explain.enter"     // the first officer
	ExplanationSettled  Verb = "explain.settle"    // the second officer agrees
	ExplanationSentBack Verb = "explain.send_back" // or does not
	ExplanationLapsed   Verb = "explain.lapse"     // open at its deadline
	ExplanationGone     Verb = "explain.gone"      // the finding is not there any more
	EvidenceAdded       Verb = "explain.attach"
	EvidenceRead        Verb = "explain.read"
	ClaimEnded          Verb = "explain.claim" // the timer of a company that is not theirs is over
	CorrectionAsked     Verb = "correction.ask"
	CorrectionAnswered  Verb = "correction.answer"
	CorrectionRead      Verb = "correction.read"
	Reminded            Verb = "reminder.note"
	ReminderHandled     Verb = "reminder.handle"

	// The work of people who answer for departments.
	ReadList      Verb = "list.read"    // items were shown; with each case, or mandate of another node
	ListPrepared  Verb = "list.prepare" // a workbook may be written, with its number and until when
	ListExported  Verb = "list.export"  // as a workbook
	ListImported  Verb = "list.import"  // a workbook came back; the answers in it have entries of their own
	ItemReturned  Verb = "list.return"  // the department cannot answer
	Corrected     Verb = "case.correct" // another answer was put beside one that was wrong
	LetterIssued  Verb = "letter.issue" // 协查函
	LetterPrinted Verb = "letter.print" // once more
	// What becomes of a letter; the detail begins with its number. The thing acted on is its case, or the letter where another node has asked.
	LetterRead     Verb = "letter.read"
	LetterSent     Verb = "letter.send"
	LetterFailed   Verb = "letter.fail" // it did not arrive
	LetterReminded Verb = "letter.remind"
	ReplyTaken     Verb = "letter.reply" // with its scan
	ReplyRead      Verb = "letter.scan_read"
	ReplyCompared  Verb = "letter.close"  // by a second officer
	LettersListed  Verb = "letter.export" // the list as a workbook

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

	// A test of a source on a test person; the detail is the source, then what came of it.
	SourceTested   Verb = "source.test"
	SourceTestOver Verb = "source.tested" // the office is the source

	// The log itself.
	LogRead    Verb = "audit.read"   // somebody looked at the trail; the detail is what was looked for
	LogCopied  Verb = "audit.copy"   // entries were fetched, to be proved elsewhere
	LogForked  Verb = "audit.forked" // the log of a peer does not go on from what was seen of it; the detail is its signed checkpoint
	LogUnlike  Verb = "audit.unlike" // a peer has seen another log of this node than this one
	KeyUnknown Verb = "audit.key"    // a peer has another key for its log than the one that is pinned
	// Officers. The thing acted on is the officer's id.
	OfficerSeeded   Verb = "officer.seed" // taken from the configuration at the first start; the detail names the roles
	OfficerAdded    Verb = "officer.add"
	RolesGranted    Verb = "officer.grant" // the detail names the roles he now has
	OfficerLocked   Verb = "officer.lock"
	OfficerUnlocked Verb = "officer.unlock"
	OfficerEnded    Verb = "officer.end"
	OfficeAdded     Verb = "office.add"
	RosterRead      Verb = "officer.list"
	TieDeclared     Verb = "officer.declare" // a person from whose cases the officer stands aside, who is not named
	TieRetracted    Verb = "officer.retract"
	// Keys under which the database lies. The detail is the version, and of a master key its id.
	KeysRead         Verb = "key.list"
	MasterRotated    Verb = "key.rotate" // a new master key wraps everything from now on
	MasterRetired    Verb = "key.retire" // nothing is wrapped under this one any more
	NodeKeyRotated   Verb = "key.renew"  // a new key of the node encrypts from now on what is not of a case
	NodeKeyDestroyed Verb = "key.destroy"
	// Signing in. The thing acted on is the session; the detail says by which proof. A name that belongs to nobody is never written.
	SignedIn          Verb = "sign_in.enter"
	SignInFailed      Verb = "sign_in.fail" // the officer is "nobody" where there is none of that name
	SignedOut         Verb = "sign_in.leave"
	ProvedAgain       Verb = "sign_in.prove"    // before a seal, a print or an export
	CredentialSet     Verb = "credential.set"   // a password, app, passkey or recovery codes
	CredentialDropped Verb = "credential.drop"  // or a recovery code was used
	CredentialReset   Verb = "credential.reset" // by an administrator; the thing acted on is the officer

	// The citizen's mirror. The officer is "citizen" where the person acts, "portal" where another portal asks for one.
	MirrorCode     Verb = "mirror.code"    // an office handed out a one-time code
	MirrorEntered  Verb = "mirror.enter"   // the code was used
	MirrorFailed   Verb = "mirror.fail"    // number and code do not belong together
	MirrorSeen     Verb = "mirror.look"    // a case was shown to its person
	MirrorLeft     Verb = "mirror.leave"   //
	MirrorAsked    Verb = "mirror.request" // the detail is number and kind
	MirrorAnswered Verb = "mirror.answer"  // by the office
	MirrorListed   Verb = "mirror.list"    // requests were shown to the office

	// What detectors notice about the looks of officers. The detail is detector and officer.
	ConcernRaised   Verb = "concern.raise"
	ConcernsRead    Verb = "concern.read"
	ConcernSettled  Verb = "concern.settle"
	ConcernReopened Verb = "concern.reopen"

	// Counts over all cases. The detail is period, division and programme, or what was entered.
	StatisticsRead     Verb = "statistics.read"
	StatisticsExported Verb = "statistics.export" // as a workbook or a bulletin
	TotalEntered       Verb = "statistics.enter"  // how many applications or households the offices of a division have

	Refused Verb = "refuse" // an officer had no right; the detail is what was tried
)

// Verbs lists all verbs.
func Verbs() []Verb {
	return []Verb{
		Registered, Amended, ConsentGiven, Withdrawn, ConsentScanned, ConsentRead, Commissioned, Returned, Accepted, Dispatched, Asked, ByHand,
		Answered, Summarised, Reviewed, SentBack, Prepared, Sealed, Delivered, Decided, Printed, ReadReport, PaperPrinted, Objected, Confirmed,
		AskedAgain, Requeried, Suspended, Resumed, Terminated, Archived, Moved, HandedOver, Arrived, TakenOver, Erased, ErasureProposed, ErasureRejected, CaseHeld, HoldLifted, UploadTaken, UploadExported, UploadWithdrawn, ReadCase, Searched, Replayed,
		ExplanationOpened, ExplanationEntered, ExplanationSettled, ExplanationSentBack, ExplanationLapsed, ExplanationGone, EvidenceAdded, EvidenceRead,
		ClaimEnded, CorrectionAsked, CorrectionAnswered, CorrectionRead, Reminded, ReminderHandled,
		ReadList, ListPrepared, ListExported, ListImported, ItemReturned, Corrected, LetterIssued, LetterPrinted,
		LetterRead, LetterSent, LetterFailed, LetterReminded, ReplyTaken, ReplyRead, ReplyCompared, LettersListed,
		RelayTaken, RelayAsked, RelayCancelled, NodeInvited, NodeAsked, NodeApproved, NodeDeclined, NodeRevoked, NodeKeys, LinkChanged,
		SourceAlert, SourceOver, SourceHandled, SourceTested, SourceTestOver,
		LogRead, LogCopied, LogForked, LogUnlike, KeyUnknown,
		OfficerSeeded, OfficerAdded, RolesGranted, OfficerLocked, OfficerUnlocked, OfficerEnded, OfficeAdded, RosterRead, TieDeclared, TieRetracted,
		KeysRead, MasterRotated, MasterRetired, NodeKeyRotated, NodeKeyDestroyed,
		SignedIn, SignInFailed, SignedOut, ProvedAgain, CredentialSet, CredentialDropped, CredentialReset,
		MirrorCode, MirrorEntered, MirrorFailed, MirrorSeen, MirrorLeft, MirrorAsked, MirrorAnswered, MirrorListed, ConcernRaised, ConcernsRead, ConcernSettled, ConcernReopened, StatisticsRead, StatisticsExported, TotalEntered, Refused,
	}
}

// Looks lists the verbs by which an officer sees something of a family and changes
// nothing.
func Looks() []Verb {
	return []Verb{ReadCase, Searched, ReadReport, Printed, PaperPrinted, ConsentRead, EvidenceRead, CorrectionRead, ReplyRead}
}
