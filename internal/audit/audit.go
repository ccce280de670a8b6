// Package audit is what Hedui remembers of who did what: one [Entry] for each
// act, written in the transaction of the change it is about, so that neither
// exists without the other. An entry's bytes are fixed by [Entry.Canonical], and
// [Entry.Leaf] makes them a leaf of a Merkle log (RFC 6962), to which entries
// are added in a row later.
//
// Entries never hold personal data: they name a case, not a person, and outlive
// the data of the case. Officers act in office and are named by their id.
package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"
)

// An Entry says that an officer did something. Make one with [New].
type Entry struct {
	ID      string    // unique, increasing with time (UUID version 7)
	At      time.Time // whole microseconds
	Officer string    // who acted, "system" for clocks and answers
	Office  string    // for which office or source, may be empty
	Verb    Verb
	Case    string // id of the case, or of the draft or thing acted on
	Detail  string // short, for people, without personal data
}

// MaxDetail is the longest detail of an entry in bytes; [New] cuts off the rest.
const MaxDetail = 500

// New makes an entry with an id of its own. The instant is cut to microseconds,
// which every engine keeps.
func New(at time.Time, officer, office string, verb Verb, caseID, detail string) Entry {
	detail = strings.ToValidUTF8(detail[:min(len(detail), MaxDetail)], "")
	return Entry{
		ID: NewID(), At: at.UTC().Truncate(time.Microsecond),
		Officer: officer, Office: office, Verb: verb, Case: caseID, Detail: detail,
	}
}

// NewID makes an identifier that is unique and increases with time (UUID version
// 7, RFC 9562), for entries and for whatever entries are about.
func NewID() string { return uuid.Must(uuid.NewV7()).String() } // fails only without a random source, which ends the program anyway

// canonical is the form in which an entry is hashed. The order and the names of
// the fields never change; a new field gets a new version.
type canonical struct {
	Version int    `json:"v"`
	ID      string `json:"id"`
	At      string `json:"at"`
	Officer string `json:"officer"`
	Office  string `json:"office"`
	Verb    Verb   `json:"verb"`
	Case    string `json:"case"`
	Detail  string `json:"detail"`
}

const (
	version = 1
	instant = "2006-01-02T15:04:05.000000Z"
)

// Canonical returns the bytes of the entry that are hashed: one line of JSON with
// fixed fields in a fixed order, without the line's end.
func (e Entry) Canonical() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(canonical{version, e.ID, e.At.UTC().Format(instant), e.Officer, e.Office, e.Verb, e.Case, e.Detail}) // strings always encode
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Parse reads what Canonical wrote. It refuses every other form, so that an entry
// has one form only.
func Parse(line []byte) (Entry, error) {
	var c canonical
	if err := json.Unmarshal(line, &c); err != nil {
		return Entry{}, fmt.Errorf("audit: entry: %w", err)
	}
	at, err := time.Parse(instant, c.At)
	if err != nil {
		return Entry{}, fmt.Errorf("audit: entry: %w", err)
	}
	e := Entry{c.ID, at, c.Officer, c.Office, c.Verb, c.Case, c.Detail}
	if !bytes.Equal(e.Canonical(), line) {
		return Entry{}, errors.New("audit: entry is not in canonical form")
	}
	return e, nil
}

// Leaf returns the entry's leaf hash in a Merkle log: RFC 6962, section 2.1, over
// the canonical bytes.
func (e Entry) Leaf() [32]byte { return tlog.RecordHash(e.Canonical()) }
