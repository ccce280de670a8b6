package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"hedui/day"
	"hedui/internal/lang"
)

// sheetForm names the form of a readiness sheet for programs.
const sheetForm = "hedui source sheet 1"

// The states of a line.
const (
	lineOK       = "ok"
	lineWarning  = "warning"
	lineNotReady = "not_ready"
	lineSkipped  = "not_checked"
)

// A sheet says whether a department's interface is ready to be joined. It holds
// no personal data: of values it has the shape only.
type sheet struct {
	Form       string       `json:"form"`
	Salt       string       `json:"salt"` // for the seal, see package seal
	Program    string       `json:"program"`
	CheckedAt  time.Time    `json:"checked_at"`
	File       string       `json:"file"`
	Digest     string       `json:"file_digest"` // of the source file that was tried
	Source     string       `json:"source"`
	Kind       string       `json:"kind"`
	Department string       `json:"department"`
	Category   string       `json:"category"`
	Mandate    *mandateNote `json:"mandate,omitempty"`
	Ready      bool         `json:"ready"`
	Lines      []line       `json:"lines"`
	Records    int          `json:"records"` // that came on the test person
	Fields     []fieldNote  `json:"fields,omitempty"`
	Strangers  []string     `json:"unmapped_keys,omitempty"`
	Sample     []sampled    `json:"sample,omitempty"`
	Latency    *latency     `json:"latency,omitempty"`
	Certified  *time.Time   `json:"certificate_until,omitempty"`

	lang lang.Lang
}

// A mandateNote says under which declared mandate the questions were asked.
type mandateNote struct {
	Number   string    `json:"number"`
	Purpose  string    `json:"purpose"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	StatedBy string    `json:"test_person_stated_by"`
}

// A line is one thing that was checked.
type line struct {
	Check string `json:"check"`
	State string `json:"state"`
	Say   string `json:"say"`
	Do    string `json:"do,omitempty"`
	Why   string `json:"why,omitempty"` // for the operator, in English
}

// A fieldNote counts in how many records a mapped field was filled.
type fieldNote struct {
	Key     string `json:"key"`
	Name    string `json:"name"`
	Filled  int    `json:"filled"`
	Records int    `json:"records"`
}

// A sampled is one value of the sample record, masked.
type sampled struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	Shape string `json:"shape"`
}

// note adds a line. What to do stands under the key of what is said with ".do",
// where anything can be done.
func (s *sheet) note(check, state, key string, args ...string) *line {
	l := line{Check: check, State: state, Say: lang.Text(s.lang, "sheet."+key, args...)}
	if do := "sheet." + key + ".do"; lang.Has(do) {
		l.Do = lang.Text(s.lang, do, args...)
	}
	s.Lines = append(s.Lines, l)
	return &s.Lines[len(s.Lines)-1]
}

// count returns how many lines have the state.
func (s *sheet) count(state string) int {
	n := 0
	for _, l := range s.Lines {
		if l.State == state {
			n++
		}
	}
	return n
}

// encode writes the sheet as JSON; these bytes are what a seal covers.
func (s *sheet) encode() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("readiness sheet: %w", err)
	}
	return append(text, '\n'), nil
}

var marks = map[string]string{lineOK: "✓", lineWarning: "!", lineNotReady: "✗", lineSkipped: "-"}

// print writes the sheet for people.
func (s *sheet) print(st streams) {
	if s.Source != "" {
		st.say(st.out, "sheet.title", s.Department, s.Category)
		st.say(st.out, "sheet.of", s.Source, s.Kind, s.File, s.Digest[:len("sha256:")+12])
	}
	st.say(st.out, "sheet.at", s.CheckedAt.In(day.Beijing).Format(time.DateTime), s.Program)
	if m := s.Mandate; m != nil {
		st.say(st.out, "sheet.mandate", m.Number, m.Purpose, m.Until.In(day.Beijing).Format(time.TimeOnly), m.StatedBy)
	}
	fmt.Fprintln(st.out)
	for i, l := range s.Lines {
		fmt.Fprintf(st.out, "%s %s %s\n", marks[l.State], pad(lang.Text(s.lang, "sheet.check."+l.Check), 12), l.Say)
		if l.Why != "" {
			fmt.Fprintf(st.out, "  %s %s\n", pad("", 12), l.Why)
		}
		again := i+1 < len(s.Lines) && s.Lines[i+1].Do == l.Do // what is to be done is said once
		if l.Do != "" && l.State != lineOK && !again {
			fmt.Fprintf(st.out, "  %s → %s\n", pad("", 12), l.Do)
		}
	}
	if len(s.Sample) > 0 {
		fmt.Fprintln(st.out)
		if s.Records > 0 {
			st.say(st.out, "sheet.sample", strconv.Itoa(s.Records))
		}
		for _, v := range s.Sample {
			fmt.Fprintf(st.out, "  %s %s %s\n", pad(v.Key, 28), pad(v.Name, 24), v.Shape)
		}
	}
	fmt.Fprintln(st.out)
	key := "sheet.ready"
	if !s.Ready {
		key = "sheet.unready"
	}
	st.say(st.out, key, strconv.Itoa(s.count(lineNotReady)), strconv.Itoa(s.count(lineWarning)))
}

// pad fills a text up to n columns.
func pad(text string, n int) string {
	for i := columnsOf(text); i < n; i++ {
		text += " "
	}
	return text
}
