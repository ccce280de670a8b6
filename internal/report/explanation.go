package report

import (
	"slices"
	"time"

	"hedui/internal/hedui"
)

// An Explanation is where the question stands that a finding puts to the family.
type Explanation struct {
	State     hedui.ExplanationState `json:"state"`
	StateText string                 `json:"state_text"`
	Text      string                 `json:"text,omitempty"` // once a second officer has confirmed it
	Evidence  []string               `json:"evidence,omitempty"`
	Until     time.Time              `json:"until,omitzero"` // while it is open
}

// explanation says how the question of a finding stands. What nobody has confirmed
// is not printed.
func explanation(f hedui.Finding) *Explanation {
	e := f.Explanation
	if e == nil {
		return nil
	}
	out := &Explanation{State: e.State, StateText: zh("explain." + string(e.State))}
	switch e.State {
	case hedui.ExplanationOpen, hedui.ExplanationEntered:
		out.Until = instant(e.DueAt)
		out.StateText = zh("explain.until", out.StateText, e.DueOn().String())
	case e.Outcome:
		out.Text = mask(e.Text)
		for _, v := range e.Evidence {
			out.Evidence = append(out.Evidence, v.Digest)
		}
	}
	return out
}

// note is the explanation in one sentence.
func (e *Explanation) note() string {
	if e == nil {
		return ""
	}
	note := e.StateText
	if e.Text != "" {
		note = zh("explain.note", note, e.Text)
	}
	for _, digest := range e.Evidence {
		note = join("；", note, zh("explain.evidence", digest))
	}
	return note
}

// explained reports whether a finding was answered by the family.
func (c Content) explained() bool {
	return slices.ContainsFunc(c.Findings, func(f Finding) bool { return f.Kind == hedui.Explained })
}

// withoutDigests leaves the digests of evidence out, which are random.
func withoutDigests(list []Finding) []Finding {
	list = slices.Clone(list)
	for i, f := range list {
		if f.Explanation != nil {
			e := *f.Explanation
			e.Evidence = nil
			list[i].Explanation = &e
		}
	}
	return list
}
