package rule

import (
	"slices"

	"hedui/internal/hedui"
)

// Explain puts what families have explained beside the findings they were asked
// about. A finding that is explained with evidence, and confirmed by a second
// officer, is no question any more: where that leaves none, the conclusion is what
// it would be without them. Every other state, a claim that the register is wrong
// among them, leaves the finding and the conclusion as they are: the register says
// so until it says something else.
func Explain(a hedui.Assessment, grid []hedui.Query, items []hedui.Explanation) hedui.Assessment {
	a.Findings = slices.Clone(a.Findings)
	explained := 0
	for i := range a.Findings {
		f := &a.Findings[i]
		if !f.Kind.Suspicious() {
			continue
		}
		key := f.Key(grid)
		n := slices.IndexFunc(items, func(e hedui.Explanation) bool { return e.Key == key })
		if n < 0 {
			continue
		}
		f.Explanation = &items[n]
		if items[n].State == hedui.ExplanationDone {
			f.Kind = hedui.Explained
			explained++
		}
	}
	if explained == 0 {
		return a
	}
	slices.SortStableFunc(a.Findings, func(x, y hedui.Finding) int {
		switch p, q := x.Kind.Suspicious(), y.Kind.Suspicious(); {
		case p == q:
			return 0
		case p:
			return -1
		}
		return 1
	})
	if a.Conclusion == hedui.Suspect {
		a.Conclusion = conclude(a, explained) // each of them rests on an answer
	}
	return a
}
