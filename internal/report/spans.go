package report

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"hedui/day"
	"hedui/internal/hedui"
)

//go:embed data/spans.yaml
var spanText []byte

// A Span is how long something may take that a paper tells a family about: to ask
// for a review, to go to court, a public notice. It is data, since places and
// years differ.
type Span struct {
	What   string       `yaml:"what"`
	Place  string       `yaml:"place"`
	From   day.Day      `yaml:"from"`
	Within hedui.Length `yaml:"within"`
}

// Spans are all that are known to a node.
type Spans []Span

// What a span can be about.
const (
	spanReview    = "review"
	spanCourt     = "court"
	spanPublish   = "publish"
	spanInform    = "inform"
	spanComplaint = "complaint"
)

// StandardSpans are those that come with the program.
var StandardSpans = sync.OnceValues(func() (Spans, error) { return ReadSpans(spanText) })

// ReadSpans reads the form of data/spans.yaml.
func ReadSpans(text []byte) (Spans, error) {
	var list Spans
	if err := yaml.UnmarshalWithOptions(text, &list, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("report: spans: %w", err)
	}
	for i, s := range list {
		switch s.What {
		case spanReview, spanCourt, spanPublish, spanInform, spanComplaint:
		default:
			return nil, fmt.Errorf("report: spans: entry %d: nothing is called %q", i+1, s.What)
		}
		if len(s.Place) != 6 || s.From.IsZero() || s.Within == (hedui.Length{}) {
			return nil, fmt.Errorf("report: spans: entry %d: place, from and within must be right", i+1)
		}
	}
	return list, nil
}

// within returns the span that holds in a county on a day.
func (s Spans) within(what, division string, on day.Day) (hedui.Length, bool) {
	var best Span
	rank := func(s Span) int { return len(strings.TrimRight(s.Place, "0")) }
	for _, one := range s {
		if one.What != what || one.From.After(on) || !hedui.Covers(one.Place, division) {
			continue
		}
		if best.What == "" || rank(one) > rank(best) || rank(one) == rank(best) && one.From.After(best.From) {
			best = one
		}
	}
	return best.Within, best.What != ""
}

// length writes a span in words.
func (w words) length(l hedui.Length) string {
	switch {
	case l.Working > 0:
		return w.t("paper.length.working", strconv.Itoa(l.Working))
	case l.Months > 0:
		return w.t("paper.length.months", strconv.Itoa(l.Months))
	case l.Days > 0:
		return w.t("paper.length.days", strconv.Itoa(l.Days))
	}
	return l.Exact.String()
}

// ways tells what a family can do against a decision of the office, each way with
// its span where one is known.
func (w words) ways(s Spans, division string, on day.Day) []Notice {
	var list []Notice
	for _, what := range []string{spanReview, spanCourt, spanComplaint} {
		topic := w.t("paper.way." + what)
		if l, known := s.within(what, division, on); known {
			list = append(list, Notice{topic, w.t("paper.way."+what+".within", w.length(l))})
		} else if what != spanComplaint {
			list = append(list, Notice{topic, w.t("paper.way." + what + ".open")})
		}
	}
	return list
}
