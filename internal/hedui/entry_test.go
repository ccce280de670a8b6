package hedui

import (
	"slices"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
)

// The number of whom a record is about must be that of the person asked about; those
// of co-holders are of other people.
func TestAnEntryIsAboutThePersonAskedAbout(t *testing.T) {
	housing, _ := catalog.Get("housing")
	about, other := mustID(t, "330200197001010016"), mustID(t, "330200197503030412")
	e := Entry{Outcome: "found", AsOf: "2020-01-01", By: "科", Records: []EntryRecord{{
		Fields: map[string]string{"right_holder_id_no": about.Reveal()},
		Rows:   map[string][]map[string]string{"co_holders": {{"name": "某人", "id_no": other.Reveal()}}}}}}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, day.Beijing)
	if _, problems := e.Read(housing, about, at); len(problems) > 0 {
		t.Errorf("with a co-holder: %v", problems)
	}
	_, problems := e.Read(housing, other, at)
	if !slices.ContainsFunc(problems, func(p Problem) bool {
		return p.Field == "records[0].right_holder_id_no" && p.Say.Key == "problem.entry.other"
	}) {
		t.Errorf("somebody else's record: %v", problems)
	}
}
