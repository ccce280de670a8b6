package connector_test

import (
	"testing"

	"hedui/internal/connector"
)

// Whoever begins with an example begins with a file that loads.
func TestEveryKindHasAnExampleThatLoads(t *testing.T) {
	for _, kind := range connector.Kinds() {
		text, ok := connector.Example(kind)
		if !ok {
			t.Errorf("%s has no example", kind)
			continue
		}
		if _, err := connector.Load(kind+".yaml", text); err != nil {
			t.Errorf("the example of %s: %v", kind, err)
		}
	}
}
