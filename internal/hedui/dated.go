package hedui

import (
	"fmt"

	"github.com/goccy/go-yaml"

	"hedui/day"
)

// Rules, thresholds and deadlines are dated data: files of entries, each of which holds
// from a day on.

// readDated reads the entries of a file of the named data. What the entries have no
// place for is an error.
func readDated[T any](name string, text []byte) ([]T, error) {
	var list []T
	if err := yaml.UnmarshalWithOptions(text, &list, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("hedui: %s: %w", name, err)
	}
	return list, nil
}

// newest is the entry that holds on a day: the one that began last, of those of one day
// the last in the file. Before the first it is the zero entry.
func newest[T any](list []T, from func(T) day.Day, on day.Day) T {
	var best T
	for _, next := range list {
		if !from(next).After(on) && !from(next).Before(from(best)) {
			best = next
		}
	}
	return best
}
