package house_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// asvs are the requirements of OWASP ASVS 5.0.0 of levels 1 and 2: 1.2.1-9 are 1.2.1 to 1.2.9.
const asvs = `
	1.1.1-2 1.2.1-9 1.3.1-11 1.4.1-3 1.5.1-2 2.1.1-3 2.2.1-3 2.3.1-4 2.4.1 3.2.1-2 3.3.1-4 3.4.1-6 3.5.1-5 3.7.1-2
	4.1.1-3 4.2.1 4.3.1-2 4.4.1-4 5.1.1 5.2.1-3 5.3.1-2 5.4.1-3 6.1.1-3 6.2.1-12 6.3.1-4 6.4.1-4 6.5.1-5 6.6.1-3
	6.8.1-4 7.1.1-3 7.2.1-4 7.3.1-2 7.4.1-5 7.5.1-2 7.6.1-2 8.1.1-2 8.2.1-3 8.3.1 8.4.1 9.1.1-3 9.2.1-4 10.1.1-2
	10.2.1-2 10.3.1-4 10.4.1-11 10.5.1-5 10.6.1-2 10.7.1-3 11.1.1-2 11.2.1-3 11.3.1-3 11.4.1-4 11.5.1 11.6.1
	12.1.1-3 12.2.1-2 12.3.1-4 13.1.1 13.2.1-5 13.3.1-2 13.4.1-5 14.1.1-2 14.2.1-4 14.3.1-3 15.1.1-3 15.2.1-3
	15.3.1-7 16.1.1 16.2.1-5 16.3.1-4 16.4.1-3 16.5.1-3 17.1.1 17.2.1-4 17.3.1-2`

// asvsIDs are those requirements one by one: 70 of level 1 and 183 of level 2.
func asvsIDs(t *testing.T) []string {
	t.Helper()
	var ids []string
	for span := range strings.FieldsSeq(asvs) {
		dot := strings.LastIndex(span, ".") + 1
		first, last, several := strings.Cut(span[dot:], "-")
		if !several {
			last = first
		}
		from, err1 := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err1 != nil || err2 != nil {
			t.Fatalf("%s is no id", span)
		}
		for n := from; n <= to; n++ {
			ids = append(ids, span[:dot]+strconv.Itoa(n))
		}
	}
	if len(ids) != 70+183 {
		t.Fatalf("%d ids, ASVS 5.0.0 has 70 of level 1 and 183 of level 2", len(ids))
	}
	return ids
}

// testNames are all tests there are, those of the laws too.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	laws, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	root := &room{Dir: ".", TestGoFiles: laws, fset: token.NewFileSet()}
	if err := root.read(); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, r := range append(slices.Clone(rooms(t)), root) {
		for _, f := range r.tests {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
					have[fn.Name.Name] = true
				}
			}
		}
	}
	return have
}

// TestSecurityListNamesRealTests holds docs/security.md to its form: each requirement of
// levels 1 and 2 once, under its chapter, with tests that exist, a reason, or an open gap,
// and the numbers of each at the top. Tests that are named anywhere there, in
// docs/threat-model.md and in docs/privacy-impact.md exist.
func TestSecurityListNamesRealTests(t *testing.T) {
	have := testNames(t)
	text, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^- ((\d+)\.\d+\.\d+) .+ — (test|reason|open): (.+)$`)
	var ids []string
	chapter, count := "", map[string]int{}
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			chapter, _, _ = strings.Cut(title, " ")
		}
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
		if m[2] != chapter {
			t.Errorf("%s stands under chapter %s", m[1], chapter)
		}
		ids = append(ids, m[1])
		count[m[3]]++
		for _, name := range strings.Split(m[4], ", ") {
			if m[3] == "test" && !have[name] {
				t.Errorf("%s names %s, which is no test", m[1], name)
			}
		}
	}
	for _, id := range asvsIDs(t) {
		if !slices.Contains(ids, id) {
			t.Errorf("%s is missing", id)
		}
	}
	if want := fmt.Sprintf("\nLines: %d test, %d reason, %d open.\n", count["test"], count["reason"], count["open"]); !strings.Contains(string(text), want) {
		t.Errorf("docs/security.md does not say %q", strings.TrimSpace(want))
	}
	for _, page := range []string{"docs/security.md", "docs/threat-model.md", "docs/privacy-impact.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(text), -1) {
			if !have[name] {
				t.Errorf("%s names %s, which is no test", page, name)
			}
		}
	}
}

// imported calls f with every package that what is built imports.
func imported(t *testing.T, f func(r *room, file, pkg string)) {
	t.Helper()
	for _, r := range rooms(t) {
		for i, file := range r.files {
			for _, spec := range file.Imports {
				pkg, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				f(r, r.GoFiles[i], pkg)
			}
		}
	}
}

// Hedui starts no program but the one that the operator names to guard master keys:
// what cannot be run cannot be injected.
func TestNoCommandIsRun(t *testing.T) {
	imported(t, func(r *room, file, pkg string) {
		if !r.support() && r.ImportPath+"/"+file != "hedui/cmd/hedui/keyhelper.go" && slices.Contains([]string{"os/exec", "plugin"}, pkg) {
			t.Errorf("%s/%s imports %s", r.ImportPath, file, pkg)
		}
	})
}

// Hashes and ciphers that do not protect any more stand only where a department wants
// them, and block ciphers are used as AEADs only (docs/security.md, Algorithms).
func TestOnlyNamedAlgorithms(t *testing.T) {
	allowed := map[string]bool{
		"hedui/internal/connector/sign.go crypto/md5": true, "hedui/internal/connector/sign.go crypto/sha1": true,
		"hedui/internal/connector/files_config.go crypto/md5": true, "hedui/internal/connector/soap.go crypto/sha1": true,
	}
	weak := []string{"crypto/md5", "crypto/sha1", "crypto/des", "crypto/rc4", "crypto/dsa", "crypto/rsa",
		"golang.org/x/crypto/md4", "golang.org/x/crypto/ripemd160", "golang.org/x/crypto/blowfish", "golang.org/x/crypto/tea"}
	imported(t, func(r *room, file, pkg string) {
		if slices.Contains(weak, pkg) && !r.in("internal/sim", "cmd/hedui") && !r.support() && !allowed[r.ImportPath+"/"+file+" "+pkg] {
			t.Errorf("%s/%s imports %s", r.ImportPath, file, pkg)
		}
	})
	for _, r := range rooms(t) {
		for _, f := range r.files {
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok && x.Name == "cipher" && slices.Contains([]string{"NewCBCEncrypter", "NewCBCDecrypter", "NewCTR", "NewOFB", "NewCFBEncrypter", "NewCFBDecrypter"}, s.Sel.Name) {
						t.Errorf("%s uses cipher.%s", r.where(n), s.Sel.Name)
					}
				}
				return true
			})
		}
	}
}
