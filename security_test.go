package house_test

import (
	"go/ast"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSecurityListNamesRealTests holds docs/security.md to its form: each id once,
// each with a test that exists, a reason, or an open gap. What docs/threat-model.md
// names exists too.
func TestSecurityListNamesRealTests(t *testing.T) {
	have := map[string]bool{}
	for _, r := range rooms(t) {
		for _, f := range r.tests {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
					have[fn.Name.Name] = true
				}
			}
		}
	}
	text, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^- (\d+\.\d+\.\d+) .+ — (test|reason|open): (.+)$`)
	var ids []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "- ") {
			continue
		}
		m := form.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			t.Errorf("not `- id words — test|reason|open: …`: %s", line)
			continue
		}
		if slices.Contains(ids, m[1]) {
			t.Errorf("%s stands twice", m[1])
		}
		ids = append(ids, m[1])
		for _, name := range strings.Split(m[3], ", ") {
			if m[2] == "test" && !have[name] {
				t.Errorf("%s names %s, which is no test", m[1], name)
			}
		}
	}
	if len(ids) == 0 {
		t.Error("the list is empty")
	}
	model, err := os.ReadFile("docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`Test[A-Z]\w+`).FindAllString(string(model), -1) {
		if !have[name] {
			t.Errorf("docs/threat-model.md names %s, which is no test", name)
		}
	}
}
