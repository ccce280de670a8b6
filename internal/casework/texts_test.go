package casework

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/source"
)

// Every key that the program writes out as a whole word must have a text, and
// every text must have somebody who says it.
func TestEveryKeyInTheCodeHasAText(t *testing.T) {
	key := regexp.MustCompile(`^(error|problem|rule|step|page|report|demo|verify|sim|bench|node|case|check|init|serve|link|hand|nodes|source|alert|action|intake|own|concern|search|requery|list|letter|workbook|sheet|rulebook|paper|signin|kept|mandate|audit|mirror|erasure|key|look|lead|menu|help|design|rights|staff|books|statistics|join|score|bulk|request|erasures|decision|length|calendar|public|sign|notice)\.[a-z_0-9.A-Z]+$`)
	said := map[string]bool{}
	var prefixes []string
	verbs := words(audit.Verbs()) // look like keys and are none
	for _, s := range stringsIn(t, "../..") {
		switch {
		case key.MatchString(s) && !strings.HasSuffix(s, "."):
			said[s] = true
			if !lang.Has(s) && s != jobSequence && !slices.Contains(verbs, s) && !strings.Contains(s, ".yaml") && !strings.HasSuffix(s, ".html") {
				t.Errorf("no text for %q", s)
			}
		case strings.HasSuffix(s, "."):
			prefixes = append(prefixes, s)
		}
	}
	for _, k := range lang.Keys() {
		if said[k] || saidByPrefix(prefixes, k) {
			continue
		}
		t.Errorf("nobody says %q", k)
	}
}

func saidByPrefix(prefixes []string, key string) bool {
	for _, p := range prefixes {
		if len(p) > 4 && strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}

// stringsIn returns all string literals of the program, and the keys that
// templates ask for.
func stringsIn(t *testing.T, root string) []string {
	t.Helper()
	inTemplate := regexp.MustCompile(`"([a-z]+\.[a-z_.]+)"`)
	var all []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".html") {
			text, err := os.ReadFile(path)
			for _, m := range inTemplate.FindAllStringSubmatch(string(text), -1) {
				all = append(all, m[1])
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					all = append(all, s)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryWordHasATextInBothLanguages(t *testing.T) {
	var keys []string
	add := func(prefix string, words ...string) {
		for _, w := range words {
			keys = append(keys, prefix+w)
		}
	}
	add("trail.", words(audit.Verbs())...)
	add("", words(audit.FaultKinds())...)
	add("stage.", words(hedui.Stages())...)
	add("own.stage.", words(hedui.Stages())...)
	add("action.", hedui.ActionNames()...)
	add("concern.", words(hedui.Detectors())...)
	for _, part := range []string{"figure.", "top.", "bottom.", "when.", "out."} {
		add("statistics."+part, hedui.StatFigures()...)
	}
	add("statistics.kind.", words(hedui.CaseKinds())...)
	add("notice.kind.", words(hedui.NoticeKinds())...)
	add("notice.say.", words(hedui.NoticeKinds())...)
	add("concern.state.", words(hedui.ConcernStates())...)
	add("programme.", words(hedui.Programmes())...)
	add("kind.", words(hedui.CaseKinds())...)
	add("relation.", words(hedui.Relations())...)
	add("capacity.", words(hedui.Capacities())...)
	add("class.", words(hedui.IncomeClasses())...)
	add("class.", words(hedui.PropertyClasses())...)
	add("outcome.", words(source.Outcomes())...)
	add("state.", words(hedui.QueryStates())...)
	add("conclusion.", words(hedui.Conclusions())...)
	add("finding.", words(hedui.FindingKinds())...)
	add("consent.", words(hedui.ConsentStates())...)
	add("explain.", words(hedui.ExplanationStates())...)
	add("correction.", words(hedui.CorrectionStates())...)
	add("reminder.", words(hedui.ReminderKinds())...)
	add("mirror.kind.", words(hedui.RequestKinds())...)
	add("mirror.state.", words(hedui.RequestStates())...)
	add("erasure.state.", words(hedui.ErasureStates())...)
	add("erasure.reason.", words(hedui.EraseReasons())...)
	add("erasure.reason.", words(hedui.HoldReasons())...)
	add("erasure.reason.", string(hedui.Restored))
	add("erasure.event.", words(hedui.CaseEvents())...)
	add("erasure.kind.", hedui.DestroyedKinds()...)
	add("mirror.look.", words(LookVerbs())...)
	for _, table := range hedui.DecisionTables() {
		for _, o := range table.Outcomes {
			add("decision.outcome.", o.Name)
		}
		add("decision.ground.", table.Grounds...)
	}
	for _, k := range keys {
		if !lang.Has(k) {
			t.Errorf("no text for %s", k)
		}
	}
	for _, v := range audit.Verbs() { // a sentence of the trail says who
		for _, l := range []lang.Lang{lang.Chinese, lang.English} {
			if said := lang.Text(l, "trail."+string(v), "SOMEBODY", "", ""); !strings.Contains(said, "SOMEBODY") {
				t.Errorf("%s in %s does not say who: %s", v, l, said)
			}
		}
	}
}

func words[T ~string](list []T) []string {
	var out []string
	for _, w := range list {
		out = append(out, string(w))
	}
	return out
}
