package connector

import (
	"embed"
	"maps"
	"slices"
)

//go:embed examples/*.yaml
var examples embed.FS

// Kinds lists the ways in which a department can be joined.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// Example returns a commented source file of the kind that loads as it stands,
// for whoever joins a department; false for an unknown kind.
func Example(kind string) ([]byte, bool) {
	text, err := examples.ReadFile("examples/" + kind + ".yaml")
	return text, err == nil
}
