package report

import (
	"strings"
	"testing"

	"hedui/internal/hedui"
)

// The report tells how each question stands; what nobody has confirmed is not in
// it, and no identity number that an officer wrote gets out.
func TestAFindingTellsHowItWasExplained(t *testing.T) {
	secret := id(t, "1962-05-01", 7).Reveal()
	for _, state := range hedui.ExplanationStates() {
		in := wang(t)
		f := &in.Assessment.Findings[0]
		f.Explanation = &hedui.Explanation{State: state, Outcome: hedui.ExplanationDone, Text: "转让给 " + secret, DueAt: at.AddDate(0, 0, 5),
			Evidence: []hedui.Evidence{{Digest: "sha256:ab" + secret + "ff"}}}
		confirmed := state == hedui.ExplanationDone
		if confirmed {
			f.Kind = hedui.Explained
		}
		c := content(t, in)
		draft, err := Prepare(c)
		if err != nil {
			t.Fatalf("%s: %v", state, err)
		}
		text := string(draft.JSON())
		got := c.Findings[0].Explanation
		if got.State != state || got.StateText == "" || strings.HasPrefix(got.StateText, "⟦") {
			t.Errorf("%s: the finding says %+v", state, got)
		}
		if strings.Contains(text, "转让给") != confirmed || (len(got.Evidence) == 1) != confirmed {
			t.Errorf("%s: what was entered is printed although nobody has confirmed it, or not although somebody has", state)
		}
		if strings.Contains(got.Text, secret) {
			t.Errorf("%s: a full number gets out", state)
		}
		if waits := state == hedui.ExplanationOpen || state == hedui.ExplanationEntered; waits == got.Until.IsZero() {
			t.Errorf("%s: until %v", state, got.Until)
		}
	}
}

func TestAllExplainedIsNotCalledAsDeclared(t *testing.T) {
	in := wang(t)
	for i := range in.Assessment.Findings {
		in.Assessment.Findings[i].Kind = hedui.Explained
	}
	in.Assessment.Conclusion = hedui.AllConsistent
	if got, plain := content(t, in).Conclusion.Text, zh("conclusion."+string(hedui.AllConsistent)); got == plain || got != zh("report.explained") {
		t.Errorf("conclusion %q", got)
	}
}
