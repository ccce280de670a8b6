package checkup

import (
	"encoding/json"
	"fmt"
	"time"

	"hedui/internal/lang"
)

// Form names the form of a readiness sheet for programs.
const Form = "hedui source sheet 1"

// The states of a line.
const (
	OK       = "ok"
	Warning  = "warning"
	NotReady = "not_ready"
	Skipped  = "not_checked"
)

// A Sheet says whether a department's interface is ready to be joined. It holds
// no personal data: of values it has the shape only.
type Sheet struct {
	Form       string     `json:"form"`
	Salt       string     `json:"salt"` // for the seal, see package seal
	Program    string     `json:"program"`
	CheckedAt  time.Time  `json:"checked_at"`
	File       string     `json:"file"`
	Digest     string     `json:"file_digest"` // of the source file that was tried
	Source     string     `json:"source"`
	Kind       string     `json:"kind"`
	Department string     `json:"department"`
	Category   string     `json:"category"`
	Mandate    *Mandate   `json:"mandate,omitempty"`
	Ready      bool       `json:"ready"`
	Lines      []Line     `json:"lines"`
	Records    int        `json:"records"` // that came on the test person
	Fields     []Filled   `json:"fields,omitempty"`
	Strangers  []string   `json:"unmapped_keys,omitempty"`
	Sample     []Sampled  `json:"sample,omitempty"`
	Latency    *Latency   `json:"latency,omitempty"`
	Certified  *time.Time `json:"certificate_until,omitempty"`

	Lang lang.Lang `json:"-"`
	Told func()    `json:"-"` // after each line, for who waits; may be nil
}

// A Mandate says under which declared mandate the questions were asked.
type Mandate struct {
	Number   string    `json:"number"`
	Purpose  string    `json:"purpose"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	StatedBy string    `json:"test_person_stated_by"`
}

// A Line is one thing that was checked.
type Line struct {
	Check string `json:"check"`
	State string `json:"state"`
	Say   string `json:"say"`
	Do    string `json:"do,omitempty"`
	Why   string `json:"why,omitempty"` // for the operator, in English

	Key  string   `json:"-"` // of the text, after "sheet."
	Args []string `json:"-"`
}

// A Filled counts in how many records a mapped field was filled.
type Filled struct {
	Key     string `json:"key"`
	Name    string `json:"name"`
	Filled  int    `json:"filled"`
	Records int    `json:"records"`
}

// A Sampled is one value of the sample record, masked.
type Sampled struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	Shape string `json:"shape"`
}

// Note adds a line. What to do stands under the key of what is said with ".do",
// where anything can be done.
func (s *Sheet) Note(check, state, key string, args ...string) *Line {
	l := Line{Check: check, State: state, Key: key, Args: args, Say: lang.Text(s.Lang, "sheet."+key, args...)}
	if do := "sheet." + key + ".do"; lang.Has(do) {
		l.Do = lang.Text(s.Lang, do, args...)
	}
	s.Lines = append(s.Lines, l)
	if s.Told != nil {
		s.Told()
	}
	return &s.Lines[len(s.Lines)-1]
}

// Count returns how many lines have the state.
func (s *Sheet) Count(state string) int {
	n := 0
	for _, l := range s.Lines {
		if l.State == state {
			n++
		}
	}
	return n
}

// Encode writes the sheet as JSON; these bytes are what a seal covers.
func (s *Sheet) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("readiness sheet: %w", err)
	}
	return append(text, '\n'), nil
}
