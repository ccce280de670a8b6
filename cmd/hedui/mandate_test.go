package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/internal/federation"
	"hedui/internal/hedui"
	"hedui/internal/sim"
	"hedui/source"
)

// Every department that can see a query sees a mandate with it, verifies it with
// nothing but the node's key, and has it in its log; with another node's key it
// answers nothing.
func TestDepartmentsVerifyEveryMandate(t *testing.T) {
	city, err := sim.NewCity(sim.Options{Seed: 1, Instant: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := city.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer city.Close()
	sources, err := usualSources(city)
	if err != nil {
		t.Fatal(err)
	}
	n, err := openNode(t.Context(), nodeOptions{dir: filepath.Join(t.TempDir(), "node"), issuer: demoIssuer, sources: sources})
	if err != nil {
		t.Fatal(err)
	}
	defer n.db.Close()
	go func() { _ = n.desk.Run(t.Context()) }()
	ring, err := federation.OpenRing(filepath.Join(n.keys, "node"))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := federation.OpenRing(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	unseen := []catalog.Code{"local_tax", "national_tax"} // front-end databases
	for name, keys := range map[string]*federation.Ring{"its node's key": ring, "another key": stranger} {
		t.Run(name, func(t *testing.T) {
			form := formOf(city, map[string]int{"its node's key": 1, "another key": 2}[name])
			city.RequireMandates(n.desk.MandateNode(), keys.Trust(n.desk.MandateNode()))
			person, err := idcard.Parse(form.Persons[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			c, err := n.desk.Register(t.Context(), clerk, name, form)
			if err == nil {
				_, err = n.desk.Commission(t.Context(), commissioner, c.ID)
			}
			if err == nil {
				_, err = n.desk.Accept(t.Context(), receiver, c.ID)
			}
			if err == nil {
				_, err = n.desk.Await(t.Context(), c.ID, func(now hedui.Stage) bool { return now == hedui.Summarised })
			}
			if err != nil {
				t.Fatal(err)
			}
			trusted := keys == ring
			for _, code := range hedui.Dibao.Usual() {
				if slices.Contains(unseen, code) {
					continue
				}
				log := city.Mandates(code)
				asked := city.Asked(code, person)
				if len(log) == 0 || trusted && len(log) < len(form.Persons) || trusted != (asked > 0) { // a list is refused at the first
					t.Errorf("%s: %d mandates, asked about the applicant %d times", code, len(log), asked)
				}
				for _, p := range log {
					if (p.Err == nil) != trusted || strings.Contains(p.Sealed, "~") || trusted && !slices.Equal(p.Statement.Categories, []catalog.Code{code}) {
						t.Errorf("%s: %v, %v", code, p.Err, p.Statement)
					}
				}
			}
		})
	}
}

// The command tells the same as the library, and never the number.
func TestTheCommandMandate(t *testing.T) {
	vectors, err := os.ReadFile("../../source/testdata/mandates.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(vectors), "mandate: ")
	mandate, _, _ := strings.Cut(rest, "\n")
	_, rest, _ = strings.Cut(string(vectors), "id: ")
	number, _, _ := strings.Cut(rest, "\n")
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, id, wrong := file("m", mandate+"\n"), file("id", number+"\n"), file("cut", mandate[:200])
	const trust, at = "../../source/testdata/trust.txt", "2026-11-23T13:00:00+08:00"
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"live":             {[]string{"verify", good, "--trust", trust, "--at", at, "--id-file", id, "--name", "王试验"}, 0, "is live: signatures, hops, person"},
		"unopened":         {[]string{"verify", good, "--trust", trust, "--at", at}, 0, "was not checked"},
		"another name":     {[]string{"verify", good, "--trust", trust, "--at", at, "--id-file", id, "--name", "别人"}, 1, "another person"},
		"another source":   {[]string{"verify", good, "--trust", trust, "--at", at, "--to", "ningbo/vehicle"}, 1, "somebody else"},
		"another category": {[]string{"verify", good, "--trust", trust, "--at", at, "--category", "vehicle"}, 1, "does not hold the category"},
		"expired":          {[]string{"verify", good, "--trust", trust}, 1, "expired"},
		"as JSON":          {[]string{"verify", good, "--trust", trust, "--at", at, "--json"}, 0, `"valid": true`},
		"cut":              {[]string{"verify", wrong, "--trust", trust}, 1, "cut short"},
		"no trust file":    {[]string{"verify", good, "--trust", good}, 1, "no trust file"},
		"no instant":       {[]string{"verify", good, "--trust", trust, "--at", "noon"}, 1, "no instant"},
		"no number":        {[]string{"verify", good, "--trust", trust, "--id-file", trust}, 1, ""},
		"show":             {[]string{"show", good}, 0, "nothing was checked"},
		"show nothing":     {[]string{"show", filepath.Join(dir, "none")}, 1, "There is no file"},
	} {
		code, out, errs := runHedui(t, append([]string{"mandate"}, tt.args...)...)
		if code != tt.code || !strings.Contains(out+errs, tt.want) || strings.Contains(out+errs, number) {
			t.Errorf("%s: exit %d: %s%s", name, code, out, errs)
		}
	}
	if code, out, errs := runHedui(t, "init", "--name", "haishu", "--division", "330203", dir+"/node"); code != 0 {
		t.Fatalf("init: %s%s", out, errs)
	}
	code, out, errs := runHedui(t, "mandate", "keys", "--config", dir+"/node/node.yaml")
	got, err := source.ParseTrust([]byte(out))
	if code != 0 || err != nil || len(got) != 1 || got[0].Node != "haishu" || !got[0].Vouches {
		t.Errorf("keys: exit %d: %s%s, %v", code, out, errs, err)
	}
}
