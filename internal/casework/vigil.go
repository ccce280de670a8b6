package casework

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
)

// A vigil is one day of looks, as the detectors see it.
type vigil struct {
	on       day.Day
	over     bool // the day is over: what nobody had a part in by its end stays so
	table    hedui.ConcernTable
	calendar *hedui.Calendar
	officers map[string]hedui.StaffMember
	entries  []audit.Entry // looks and refusals of the day
	prints   []audit.Entry // of the days that count together
	ended    map[string]time.Time
	parts    map[string]map[string]bool // per case, officers and offices that have worked on it
	at       time.Time
}

// personal tells an officer from clocks, answers, citizens and who is nobody's.
func personal(e audit.Entry) bool {
	return e.Officer != hedui.System.ID && e.Officer != hedui.CitizenID && e.Officer != hedui.NobodyID && e.Officer != ""
}

// cases are the cases that were looked at.
func (v *vigil) cases() []string {
	var ids []string
	for _, e := range v.entries {
		if e.Verb != audit.Refused && e.Case != "" {
			ids = append(ids, e.Case)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// counted are how often each officer did something, by the case or, under "", by day.
type counted map[string]map[string]int

func (c counted) add(officer, of string) {
	if c[officer] == nil {
		c[officer] = map[string]int{}
	}
	c[officer][of]++
}

// concerns runs the detectors over the day.
func (v *vigil) concerns() []hedui.Concern {
	var list []hedui.Concern
	office := map[string]string{}
	counts := map[hedui.Detector]counted{}
	for _, d := range hedui.Detectors() {
		counts[d] = counted{}
	}
	seen := counted{}
	for _, e := range v.entries {
		if !personal(e) {
			continue
		}
		office[e.Officer] = e.Office
		if e.Verb == audit.Refused {
			counts[hedui.DetectRefused].add(e.Officer, "")
			if strings.HasSuffix(e.Detail, asideDetail) {
				counts[hedui.DetectTied].add(e.Officer, e.Case)
			}
			continue
		}
		if e.Verb == audit.Searched {
			counts[hedui.DetectSearches].add(e.Officer, "")
		}
		if !v.table.InHours(e.At, v.calendar) {
			counts[hedui.DetectOffHours].add(e.Officer, "")
		}
		if e.Case == "" {
			continue
		}
		first := seen[e.Officer][e.Case] == 0
		seen.add(e.Officer, e.Case)
		if first {
			counts[hedui.DetectVolume].add(e.Officer, "")
			if ended, ok := v.ended[e.Case]; ok && e.At.After(ended) {
				counts[hedui.DetectClosed].add(e.Officer, "")
			}
		}
		if parts := v.parts[e.Case]; v.over && !parts[e.Officer] && !parts["@"+e.Office] {
			counts[hedui.DetectOutside].add(e.Officer, e.Case)
		}
	}
	for _, e := range v.prints {
		if personal(e) {
			office[e.Officer] = e.Office
			counts[hedui.DetectPrints].add(e.Officer, e.Case)
		}
	}
	for _, d := range hedui.Detectors() {
		rule, ok := v.table.Detectors[d]
		if !ok {
			continue
		}
		for officer, of := range counts[d] {
			if slices.ContainsFunc(v.officers[officer].Roles, func(r hedui.OfficerRole) bool { return slices.Contains(rule.Except, r) }) {
				continue
			}
			for about, n := range of {
				if n < rule.AtLeast || rule.Times > 0 && n < rule.Times*median(counts[d], office, officer) {
					continue
				}
				list = append(list, v.concern(d, rule, officer, office[officer], about, n))
			}
		}
	}
	slices.SortFunc(list, func(a, b hedui.Concern) int { return strings.Compare(a.ID, b.ID) })
	return list
}

func (v *vigil) concern(d hedui.Detector, rule hedui.DetectorRule, officer, office, about string, n int) hedui.Concern {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(d), officer, v.on.String(), about}, "\x00")))
	return hedui.Concern{ID: v.on.String() + "-" + hex.EncodeToString(sum[:6]), Detector: d, Officer: officer, Office: office, On: v.on, Case: about,
		Count: n, Weight: rule.Weight, RaisedAt: v.at, State: hedui.ConcernOpen}
}

// median is that of the others of the officer's office who have any; 0 without others.
func median(counts counted, office map[string]string, officer string) int {
	var others []int
	for o, of := range counts {
		if o != officer && office[o] == office[officer] {
			others = append(others, of[""])
		}
	}
	if len(others) == 0 {
		return 0
	}
	slices.Sort(others)
	return others[len(others)/2]
}
