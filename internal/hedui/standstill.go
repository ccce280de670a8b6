package hedui

import (
	"slices"
	"strings"
)

// standstills are the reasons for which a case is given back, suspended or ended,
// as offices use them. Each has a text under its key, and where the family can do
// something one under the key with ".next".
var standstills = map[Stage]struct {
	prefix string
	names  []string
}{
	Returned:   {"step.return.", []string{"unsigned", "signer", "id", "name", "household", "programme", "scan", "expired", "area"}},
	Suspended:  {"step.suspend.", []string{"source", "province", "evidence", "identity"}},
	Terminated: {"step.terminate.", []string{"withdrawn", "refused", "death", "commission"}},
}

// ReasonsFor lists the reasons for which a case may come to stand still at a stage;
// there are none for other stages.
func ReasonsFor(to Stage) []string { return slices.Clone(standstills[to].names) }

// ReasonFor is the text of a named reason for a stage. An unknown name is Invalid
// and names the ones there are.
func ReasonFor(to Stage, name string) (Text, error) {
	s := standstills[to]
	if !slices.Contains(s.names, name) {
		return Text{}, Fail(Invalid, Say("error.reason", name, strings.Join(s.names, ", ")), nil)
	}
	return Say(s.prefix + name), nil
}

// NoticeSeries numbers the notices that go to families 通知书、告知书. Every print has
// a number of its own.
const NoticeSeries Series = "T"
