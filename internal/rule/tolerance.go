package rule

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

// A Tolerance says which differences matter, and from which age data is stale.
type Tolerance struct {
	Place     string    `yaml:"place"` // division code, 000000 = everywhere
	From      day.Day   `yaml:"from"`
	Income    money.Fen `yaml:"income"`   // fen a month; up to this much is no difference
	Property  money.Fen `yaml:"property"` // fen
	StaleDays int       `yaml:"stale_days"`
}

//go:embed data/tolerances.yaml
var tolerances []byte

// Standard is the list that comes with the program.
var Standard = sync.OnceValues(func() ([]Tolerance, error) {
	var list []Tolerance
	if err := yaml.UnmarshalWithOptions(tolerances, &list, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("rule: tolerances: %w", err)
	}
	return list, nil
})

// ErrNoTolerance means that the list has no entry for a place and day.
var ErrNoTolerance = errors.New("rule: no tolerance for this place and day")

// For returns the tolerance that holds in a county on a day: the most particular
// place, then the newest.
func For(list []Tolerance, division string, on day.Day) (Tolerance, error) {
	var best *Tolerance
	length := func(t *Tolerance) int { return len(strings.TrimRight(t.Place, "0")) }
	for i := range list {
		t := &list[i]
		if t.From.After(on) || !hedui.Covers(t.Place, division) {
			continue
		}
		if best == nil || length(t) > length(best) || length(t) == length(best) && t.From.After(best.From) {
			best = t
		}
	}
	if best == nil {
		return Tolerance{}, ErrNoTolerance
	}
	return *best, nil
}
