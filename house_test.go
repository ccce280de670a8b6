// The laws of the house. Hedui is drawn as floors of rooms (README.md), a room is a package, and these tests keep the code the shape
// of the drawing. A law that fails says what to do; a law that is wrong is changed here and in the drawing, with a reason in docs/adr.
package house_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	module   = "hedui/"
	maxLines = 100 // of a function; the aim is 60
)

// house lists the rooms from the ground up. A room imports rooms of lines above its own only. Floor 0 has three steps, because a
// catalogue of fields knows money and days; api is drawn but not built yet.
var house = []struct{ floor, rooms string }{
	{"0, first step", "day seal"},
	{"0, second step", "idcard uscc region money"},
	{"0, third step", "catalog"},
	{"1", "source exchange"},
	{"2", "internal/hedui internal/lang internal/queue internal/audit internal/sim"},
	{"3", "internal/rule internal/report internal/workbook internal/store internal/connector"},
	{"3, second step", "internal/checkup"},
	{"4", "internal/casework internal/staff"},
	{"5", "internal/web internal/api internal/federation"},
	{"6", "cmd/hedui"},
	{"outside, with a browser", "e2e"},
}

// outsiders stand for the world outside: they know floors 0 and 1 only.
var outsiders = []string{"internal/connector", "internal/sim", "e2e"}

// A room is one package as go list reports it, with its files read.
type room struct {
	Dir, ImportPath, Name              string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports               []string
	fset                               *token.FileSet
	files, tests                       []*ast.File
}

// place is the room and its line in house, or -1: "internal/store" for hedui/internal/store and for hedui/internal/store/storetest.
func place(importPath string) (string, int) {
	p, ours := strings.CutPrefix(importPath, module)
	for level, floor := range house {
		for name := range strings.FieldsSeq(floor.rooms) {
			if ours && (p == name || strings.HasPrefix(p, name+"/")) {
				return name, level
			}
		}
	}
	return p, -1
}

// in reports whether the package is in one of the rooms.
func (r *room) in(rooms ...string) bool {
	name, _ := place(r.ImportPath)
	return slices.Contains(rooms, name)
}

// support reports whether the package helps tests only, as store/storetest does.
func (r *room) support() bool {
	return path.Base(r.ImportPath) == path.Base(path.Dir(r.ImportPath))+"test"
}

var load = sync.OnceValues(func() ([]*room, error) {
	cmd := exec.Command("go", "list", "-e", "-json", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var all []*room
	for dec := json.NewDecoder(out); ; {
		r := &room{fset: token.NewFileSet()}
		if err := dec.Decode(r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if err := r.read(); err != nil {
			return nil, err
		}
		if strings.HasPrefix(r.ImportPath, module+"docs/") { // an outsider's example: no room, and nothing of ours in it
			if slices.ContainsFunc(r.Imports, func(p string) bool { return strings.HasPrefix(p, module) }) {
				return nil, errors.New(r.ImportPath + " imports a room: an example for outsiders uses what outsiders have")
			}
			continue
		}
		if r.ImportPath != strings.TrimSuffix(module, "/") {
			all = append(all, r)
		}
	}
	return all, cmd.Wait()
})

func (r *room) read() error {
	var forCode, forTests error
	r.files, forCode = r.parse(r.GoFiles)
	r.tests, forTests = r.parse(slices.Concat(r.TestGoFiles, r.XTestGoFiles))
	return errors.Join(forCode, forTests)
}

func (r *room) parse(names []string) ([]*ast.File, error) {
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(r.fset, filepath.Join(r.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// where prints a place in the source as file:line.
func (r *room) where(n ast.Node) string {
	p := r.fset.Position(n.Pos())
	return fmt.Sprintf("%s/%s:%d", strings.TrimPrefix(r.ImportPath, module), filepath.Base(p.Filename), p.Line)
}

func rooms(t *testing.T) []*room {
	t.Helper()
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("go list found no package")
	}
	return all
}

// uses calls found for every mention of pkg.Name in f, where pkg is imported under its own name.
func uses(f *ast.File, pkg string, names []string, found func(n ast.Node, name string)) {
	if !slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return unquote(i) == pkg }) {
		return
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == path.Base(pkg) && slices.Contains(names, s.Sel.Name) {
				found(n, pkg+"."+s.Sel.Name)
			}
		}
		return true
	})
}

func unquote(i *ast.ImportSpec) string {
	p, _ := strconv.Unquote(i.Path.Value)
	return p
}

func TestFloors(t *testing.T) {
	_, contracts := place(module + "source")
	for _, r := range rooms(t) {
		from, floor := place(r.ImportPath)
		if floor < 0 {
			t.Errorf("%s is in no room: put it into one, or draw a new room in house_test.go and README.md", r.ImportPath)
			continue
		}
		for _, p := range slices.Concat(r.Imports, r.TestImports) {
			to, below := place(p)
			onlyTest := !slices.Contains(r.Imports, p) // a test may look sideways too
			switch {
			case !strings.HasPrefix(p, module), to == from, onlyTest && below == floor:
			case below < 0:
				t.Errorf("%s imports %s, which is in no room", from, to)
			case below >= floor:
				t.Errorf("%s (floor %s) imports %s (floor %s): a room imports lower floors only; move what both need down, or pass it in from above",
					from, house[floor].floor, to, house[below].floor)
			case r.in(outsiders...) && below > contracts && !onlyTest:
				t.Errorf("%s imports %s: it stands for the world outside and may know floors 0 and 1 only", from, to)
			}
		}
	}
}

func TestOnlyStoreSpeaksSQL(t *testing.T) {
	drivers := []string{"database/sql", "database/sql/driver", "github.com/jackc/pgx", "modernc.org/sqlite", "github.com/pressly/goose"}
	for _, r := range rooms(t) {
		if r.in("internal/store") || r.in(outsiders...) { // departments have databases
			continue
		}
		for _, p := range r.Imports {
			if slices.ContainsFunc(drivers, func(d string) bool { return p == d || strings.HasPrefix(p, d+"/") }) {
				t.Errorf("%s imports %s: only internal/store speaks SQL; give it a method that does what is needed", r.ImportPath, p)
			}
		}
	}
}

func TestOnlyCmdReadsFlagsAndEnvironment(t *testing.T) {
	names := []string{"Args", "Environ", "ExpandEnv", "Getenv", "LookupEnv", "Setenv", "Exit"}
	for _, r := range rooms(t) {
		if r.in("cmd/hedui") || r.support() {
			continue
		}
		for _, p := range []string{"flag", "github.com/alecthomas/kong"} {
			if slices.Contains(r.Imports, p) {
				t.Errorf("%s imports %s: only cmd/hedui reads flags; take a parameter", r.ImportPath, p)
			}
		}
		for _, f := range r.files {
			uses(f, "os", names, func(n ast.Node, name string) {
				t.Errorf("%s: %s: only cmd/hedui reads flags and environment, and only it exits; take a parameter, return an error", r.where(n), name)
			})
		}
	}
}

func TestTimeIsAnArgument(t *testing.T) {
	for _, r := range rooms(t) {
		if r.in("cmd/hedui", "internal/queue", "internal/sim") || r.support() {
			continue
		}
		for _, f := range r.files {
			uses(f, "time", []string{"Now", "Since", "Until"}, func(n ast.Node, name string) {
				t.Errorf("%s: %s: only cmd, queue and sim read the clock; take the instant, or a clock, from the caller", r.where(n), name)
			})
		}
	}
}

func TestOnlyCmdPrints(t *testing.T) {
	for _, r := range rooms(t) {
		if r.in("cmd/hedui") {
			continue
		}
		for _, f := range r.files {
			uses(f, "fmt", []string{"Print", "Printf", "Println"}, func(n ast.Node, name string) {
				t.Errorf("%s: %s: only cmd speaks to the terminal; return it, or write to an io.Writer", r.where(n), name)
			})
		}
	}
}

func TestDocumented(t *testing.T) {
	for _, r := range rooms(t) {
		if len(r.files) == 0 {
			continue
		}
		files, err := r.parse(r.GoFiles) // anew: doc takes the files apart
		if err != nil {
			t.Fatal(err)
		}
		p, err := doc.NewFromFiles(r.fset, files, r.ImportPath)
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(p.Doc) == "" {
			t.Errorf("%s has no package comment: say what it is for and what it refuses", r.ImportPath)
		}
		undocumented(p, func(n ast.Node, name string) {
			t.Errorf("%s: %s has no comment: say what it means, in which unit, which error, which clause", r.where(n), name)
		})
	}
}

// undocumented calls found for every exported name of p without a sentence. In a group, a sentence over the group is enough; Error and
// Unwrap mean what they mean everywhere.
func undocumented(p *doc.Package, found func(n ast.Node, name string)) {
	funcs := func(fs []*doc.Func) {
		for _, f := range fs {
			if f.Doc == "" && f.Name != "Error" && f.Name != "Unwrap" {
				found(f.Decl, strings.TrimPrefix(f.Recv+"."+f.Name, "."))
			}
		}
	}
	values := func(vs []*doc.Value) {
		for _, v := range vs {
			for _, s := range v.Decl.Specs {
				s := s.(*ast.ValueSpec)
				for _, name := range s.Names {
					if name.IsExported() && v.Doc == "" && s.Doc == nil && s.Comment == nil {
						found(name, name.Name)
					}
				}
			}
		}
	}
	funcs(p.Funcs)
	values(p.Consts)
	values(p.Vars)
	for _, typ := range p.Types {
		if typ.Doc == "" && ast.IsExported(typ.Name) {
			found(typ.Decl, typ.Name)
		}
		funcs(typ.Funcs)
		funcs(typ.Methods)
		values(typ.Consts)
		values(typ.Vars)
	}
}

func TestPackageNames(t *testing.T) {
	vague := strings.Fields("util utils common shared model models type types base core helper helpers constant constants misc lib pkg service manager")
	std, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	for p := range strings.FieldsSeq(string(std)) {
		if !strings.Contains(p, "internal") && !strings.Contains(p, "vendor") {
			vague = append(vague, path.Base(p))
		}
	}
	for _, r := range rooms(t) {
		if r.Name != "main" && (slices.Contains(vague, r.Name) || strings.HasSuffix(r.Name, "util") || strings.HasSuffix(r.Name, "utils")) {
			t.Errorf("%s: %q says nothing, or is a name of the standard library: name the package by the noun it is about", r.ImportPath, r.Name)
		}
		if r.Name != "main" && r.Name != path.Base(r.ImportPath) {
			t.Errorf("%s: the package is called %q: give both one name", r.ImportPath, r.Name)
		}
	}
}

func TestNoImportAliases(t *testing.T) {
	for _, r := range rooms(t) {
		for _, f := range slices.Concat(r.files, r.tests) {
			for _, i := range f.Imports {
				if i.Name != nil && i.Name.Name != "_" {
					t.Errorf("%s: %s is imported as %s: use its own name, and rename what stands in its way", r.where(i), unquote(i), i.Name.Name)
				}
			}
		}
	}
}

func TestNoInit(t *testing.T) {
	for _, r := range rooms(t) {
		for _, f := range r.files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s: func init: nothing happens by being imported; wire it in cmd/hedui", r.where(fn))
				}
			}
		}
	}
}

func TestFunctionsAreShort(t *testing.T) {
	total, long := 0, 0
	for _, r := range rooms(t) {
		for _, f := range r.files {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				lines := r.fset.Position(fn.End()).Line - r.fset.Position(fn.Pos()).Line + 1
				total++
				if lines > 60 {
					long++
				}
				if lines > maxLines {
					t.Errorf("%s: %s has %d lines, %d are the limit: split it where its story has a break", r.where(fn), fn.Name.Name, lines, maxLines)
				}
			}
		}
	}
	t.Logf("%d of %d functions are longer than 60 lines; the aim is one in fifty", long, total)
}

func TestLockFileNamesNoHost(t *testing.T) {
	b, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), `"resolved"`) || strings.Contains(string(b), "://") {
		t.Error("package-lock.json names a download address: keep omit-lockfile-registry-resolved in .npmrc and make the file anew")
	}
}
