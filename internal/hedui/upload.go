package hedui

import "time"

// An Upload is a workbook with many households that a clerk has handed in.
type Upload struct {
	ID    string
	Owner string // officer
	At    time.Time
	State UploadState

	Persons, Households int // in the file
	Done                int // households that were gone over; each is one of the following
	Opened              int // became cases
	Drafts              int // became forms that lack consents
	Same                int // had come in before
	Refused             int // have problems
	Withdrawn           int // cases and forms that were taken back
}

// An UploadState says where an upload is in its life.
type UploadState string

// The states of an upload.
const (
	UploadWaiting   UploadState = "waiting"   // to be worked off, or at work
	UploadDone      UploadState = "done"      //
	UploadLeaving   UploadState = "leaving"   // its cases are being taken back
	UploadWithdrawn UploadState = "withdrawn" // those that nobody had commissioned are
)

// UploadStates lists all states.
func UploadStates() []UploadState {
	return []UploadState{UploadWaiting, UploadDone, UploadLeaving, UploadWithdrawn}
}

// Moving reports whether there is still work on the upload.
func (u Upload) Moving() bool { return u.State == UploadWaiting || u.State == UploadLeaving }
