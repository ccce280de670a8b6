package main

import (
	"strings"
	"testing"

	"hedui/internal/hedui"
	"hedui/internal/sim"
)

// Clean registers show all that is kept quiet, and raise nothing about what is not;
// in dirty ones nothing is lost but what the register itself has lost.
func TestFindingsAreScoredAgainstTheTruth(t *testing.T) {
	for _, tt := range []struct {
		name              string
		dirt              sim.Dirt
		precision, recall float64
	}{{"clean", nil, 0.99, 0.999}, {"dirty", sim.UsualDirt(), 0.98, 0.97}} {
		t.Run(tt.name, func(t *testing.T) {
			scores, err := scoreFindings(t.Context(), 120, tt.dirt)
			if err != nil {
				t.Fatal(err)
			}
			var sum detection
			for _, d := range scores {
				sum.found, sum.doubt, sum.hidden, sum.alarms = sum.found+d.found, sum.doubt+d.doubt, sum.hidden+d.hidden, sum.alarms+d.alarms
			}
			if sum.hidden < 40 || sum.precision() < tt.precision || sum.recall() < tt.recall {
				var b strings.Builder
				printDetections(&b, tt.name, 120, scores)
				t.Errorf("want a precision of %v and a recall of %v at least:\n%s", tt.precision, tt.recall, b.String())
			}
		})
	}
}

func TestADetectionCountsDoubtsApart(t *testing.T) {
	told := []hedui.Finding{{Kind: hedui.Undeclared, Class: "vehicle"}}
	doubt := []hedui.Finding{{Kind: hedui.DoubtfulMatch, Category: "vehicle"}}
	var d detection
	d.add(told, "vehicle", true)
	d.add(told, "vehicle", false)
	d.add(doubt, "vehicle", true)
	d.add(doubt, "house", true)
	d.add(nil, "vehicle", false)
	if want := (detection{hidden: 3, found: 1, doubt: 1, missed: 1, alarms: 1, quiet: 1}); d != want {
		t.Errorf("got %+v, want %+v", d, want)
	}
}
