package rule

import (
	"testing"

	"hedui/catalog"
	"hedui/internal/hedui"
)

// Of what is explained, nothing is left to suspect; every other state leaves the
// conclusion as it is.
func TestOnlyExplanationsThatAreConfirmedChangeTheConclusion(t *testing.T) {
	asset := hedui.Finding{Kind: hedui.Undeclared, Person: 1, Category: catalog.Vehicle, Class: "vehicle", Facts: []hedui.Fact{{Query: "q"}}}
	doubt := hedui.Finding{Kind: hedui.DoubtfulMatch, Person: 2, Category: "land", Reason: hedui.Say("rule.doubt.name")}
	quiet := hedui.Finding{Kind: hedui.Consistent, Person: 1, Category: "housing", Facts: []hedui.Fact{{Query: "p"}}}
	gap := []hedui.Gap{{Person: 1, Category: "land"}}
	item := func(f hedui.Finding, s hedui.ExplanationState) hedui.Explanation {
		return hedui.Explanation{ID: string(f.Category), Key: f.Key(nil), State: s}
	}
	done := hedui.ExplanationDone
	for _, c := range []struct {
		name     string
		findings []hedui.Finding
		gaps     []hedui.Gap
		items    []hedui.Explanation
		want     hedui.Conclusion
	}{
		{"nobody was asked", []hedui.Finding{asset}, nil, nil, hedui.Suspect},
		{"one is explained", []hedui.Finding{asset, quiet}, nil, []hedui.Explanation{item(asset, done)}, hedui.AllConsistent},
		{"one of two", []hedui.Finding{asset, doubt}, nil, []hedui.Explanation{item(asset, done)}, hedui.Suspect},
		{"both", []hedui.Finding{asset, doubt}, nil, []hedui.Explanation{item(asset, done), item(doubt, done)}, hedui.AllConsistent},
		{"a doubt only", []hedui.Finding{doubt}, nil, []hedui.Explanation{item(doubt, done)}, hedui.NoFinding},
		{"explained, but somebody has not answered", []hedui.Finding{asset}, gap, []hedui.Explanation{item(asset, done)}, hedui.Incomplete},
	} {
		a := Explain(hedui.Assessment{Conclusion: hedui.Suspect, Findings: c.findings, Gaps: c.gaps}, nil, c.items)
		if a.Conclusion != c.want {
			t.Errorf("%s: %s, want %s", c.name, a.Conclusion, c.want)
		}
	}
	for _, s := range hedui.ExplanationStates() {
		a := Explain(hedui.Assessment{Conclusion: hedui.Suspect, Findings: []hedui.Finding{asset}}, nil, []hedui.Explanation{item(asset, s)})
		if got, want := a.Conclusion == hedui.Suspect, s != done; got != want {
			t.Errorf("%s: conclusion %s", s, a.Conclusion)
		}
		if a.Findings[0].Explanation == nil {
			t.Errorf("%s: the finding does not tell of its item", s)
		}
	}
}
