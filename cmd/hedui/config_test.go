package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// initNode makes a node and returns its configuration.
func initNode(t *testing.T, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "node")
	if code, out, errs := runHedui(t, append([]string{"init", dir}, args...)...); code != 0 || !strings.Contains(out, "Key ids") {
		t.Fatalf("init: exit %d: %s%s", code, out, errs)
	}
	path := filepath.Join(dir, "node.yaml")
	trusting(t, path)
	return path
}

// trusting has a new node take the word of commands, where a test is not about who
// gives orders.
func trusting(t *testing.T, config string) {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil || !bytes.Contains(text, []byte("orders: signed_in")) {
		t.Fatalf("a new node trusts everybody: %v", err)
	}
	if err := os.WriteFile(config, bytes.Replace(text, []byte("orders: signed_in"), []byte("orders: trusted"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestANewNodePassesItsOwnCheck(t *testing.T) {
	path := initNode(t, "--name", "ningbo", "--division", "330200")
	code, out, errs := runHedui(t, "check", "--config", path, "--json")
	var doc struct {
		OK     bool      `json:"ok"`
		Checks []checked `json:"checks"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || code != 0 || !doc.OK || len(doc.Checks) < 5 {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	for _, name := range []string{"keys/master.key", "keys/node/node-1.sign.key", "keys/node/node-1.box.key"} {
		info, err := os.Stat(filepath.Join(filepath.Dir(path), name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, mode %v, want it readable by its owner only", name, err, info.Mode())
		}
	}
	if code, _, errs := runHedui(t, "init", filepath.Dir(path), "--name", "ningbo", "--division", "330200"); code != 1 || !strings.Contains(errs, "nothing was changed") {
		t.Errorf("a second init: exit %d: %s", code, errs)
	}
}

func TestACheckNamesWhatIsMissing(t *testing.T) {
	path := initNode(t, "--name", "haishu", "--division", "330203", "--parent", "ningbo", "--parent-url", "https://127.0.0.1:1")
	if code, out, errs := runHedui(t, "check", "--config", path); code != 1 || !strings.Contains(out, "✗ parent ningbo") || !strings.Contains(out, "hedui node join") {
		t.Errorf("not joined: exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := runHedui(t, "node", "join", "--config", path, "--code", "0000-0000-0000-0000"); code != 1 || !strings.Contains(errs, "cannot be reached") {
		t.Errorf("nobody there: exit %d: %s", code, errs)
	}
	if code, _, errs := runHedui(t, "node", "join", "--config", path, "--code", "short"); code != 1 || !strings.Contains(errs, "16 letters") {
		t.Errorf("no code: exit %d: %s", code, errs)
	}
	if code, _, errs := runHedui(t, "node", "status", "--config", path, "--as", "nobody"); code != 1 || !strings.Contains(errs, "no officer nobody") {
		t.Errorf("unknown officer: exit %d: %s", code, errs)
	}
	if code, _, errs := runHedui(t, "node", "revoke", "ningbo", "--config", path, "--as", "security"); code != 1 || !strings.Contains(errs, "no right") {
		t.Errorf("officer without the right: exit %d: %s", code, errs)
	}
}

func TestInitRefusesWhatCannotBeANode(t *testing.T) {
	for name, c := range map[string]struct{ args, want string }{
		"unknown division":   {"--name a --division 999999", "--division"},
		"name in capitals":   {"--name Haishu --division 330203", "--name"},
		"its own parent":     {"--name a --division 330203 --parent a --parent-url https://x:1", "--parent"},
		"parent without URL": {"--name a --division 330203 --parent b", "--parent-url"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"init", filepath.Join(t.TempDir(), "n")}, strings.Fields(c.args)...)
			if code, _, errs := runHedui(t, args...); code != 1 || !strings.Contains(errs, c.want) {
				t.Errorf("exit %d: %s", code, errs)
			}
		})
	}
}

// Everything that is wrong with a configuration is named at once, by its key.
func TestEveryProblemOfAConfigurationIsNamed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "node.yaml")
	text := `
node: Haishu
division: "330203"
level: prefecture
issuer: ""
report_layout: poster
database: a.db
database_file: b.secret
page: "8420"
exchange: nowhere
suite: none
links: {Yinzhou: gm, ningbo: rot13}
parent: {node: Haishu, suite: none, urls: ["http://hub:1", "https://hub:1/path"]}
registers:
  - {source: none.yaml, scope: "330203"}
  - {source: a.yaml, node: b, scope: "330203"}
  - {node: ningbo, scope: "330200"}
  - {node: ningbo, categories: [moon], scope: "999999", below: "330200"}
  - {node: ningbo, categories: [land], scope: "330200", from: 2020-01-01, until: 2019-01-01}
deadlines: none.yaml
orders: perhaps
officers:
  - {id: a, roles: [fly]}
tls: {certificate: none.crt, key: none.key}
sign_in: {origin: "http://hedui.example/x", second_factor: sometimes, idle: 1s, absolute: 100h, step_up: 1s, oidc: {issuer: "http://id.example", secret_file: none.secret}}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"check", "serve"} {
		code, _, errs := runHedui(t, command, "--config", path)
		if code != 1 {
			t.Errorf("%s: exit %d", command, code)
		}
		for _, want := range []string{"  node:", "level:", "issuer:", "report_layout:", "database:", "page:", "exchange:", "suite:", "links.Yinzhou:", "links.ningbo:", "parent.suite:", "parent.node:", "parent.urls[0]:", "parent.urls[1]:",
			"registers[0].source:", "registers[1]:", "registers[2].categories:", "registers[3].categories[0]:", "registers[3]:", "registers[4].until:",
			"deadlines:", "officers[0].id:", "officers[0].name:", "officers[0].roles:", "tls:", "sign_in.origin:", "orders:",
			"sign_in.second_factor:", "sign_in.idle:", "sign_in.absolute:", "sign_in.step_up:", "sign_in.oidc.name:", "sign_in.oidc.client_id:", "sign_in.oidc.issuer:",
			"sign_in.oidc.secret_file:"} {
			if !strings.Contains(errs, want) {
				t.Errorf("%s does not name %s\n%s", command, want, errs)
			}
		}
	}
	for name, c := range map[string]struct{ text, want string }{
		"unknown key": {"node: a\nnod: b\n", "nod"},
		"no YAML":     {"node: [", "node.yaml"},
		"no TLS":      {"node: a\npage: 0.0.0.0:8420\n", "page: Without a certificate"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := runHedui(t, "check", "--config", path); code != 1 || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit %d: %s", name, code, errs)
		}
	}
	if code, _, errs := runHedui(t, "check", "--config", filepath.Join(dir, "none.yaml")); code != 1 || !strings.Contains(errs, "cannot be read") {
		t.Errorf("no file: exit %d: %s", code, errs)
	}
}

func TestADemoLinkThatIsCutIsNamedInTheReport(t *testing.T) {
	needFont(t)
	doc := demo(t, t.TempDir(), "--cut-link", "haishu:1h", "--deadline", "12s")
	wang, li := doc.Cases[0], doc.Cases[1]
	if wang.Node != "haishu" || li.Node != "yinzhou" {
		t.Errorf("Wang at %s, Li at %s", wang.Node, li.Node)
	}
	for _, g := range wang.Grid {
		want, outcome := "", "failed"
		if g.Category == "land" {
			want, outcome = "haishu", "none"
		}
		if g.AnsweredBy != want || g.Outcome != outcome || outcome == "failed" && !strings.Contains(g.Members[0].Reason, "link") {
			t.Errorf("Wang's %s: %s by %q: %v", g.Category, g.Outcome, g.AnsweredBy, g.Members)
		}
	}
	for _, g := range li.Grid {
		if want := map[bool]string{true: "yinzhou", false: "ningbo"}[g.Category == "land"]; g.AnsweredBy != want {
			t.Errorf("Li's %s: answered by %q, want %q", g.Category, g.AnsweredBy, want)
		}
	}
	for _, args := range [][]string{{"--cut-link", "moon"}, {"--cut-link", "haishu:x"}} {
		if code, _, errs := runHedui(t, append([]string{"demo", "--once", "--dir", t.TempDir()}, args...)...); code != 1 || !strings.Contains(errs, args[1][:4]) {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}

// A node whose division has ended still runs, and hands its cases to the one that
// follows; both know each other by their cards.
func TestAnEndedCountyHandsOver(t *testing.T) {
	yinzhou := initNode(t, "--name", "yinzhou", "--division", "330212")
	jiangdong := initNode(t, "--name", "jiangdong", "--division", "330203")
	for config, place := range map[string]string{jiangdong: "330204", yinzhou: "330212"} {
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), `"330203"`, `"`+place+`"`, 1)
		changed = strings.Replace(changed, "officers:\n", "officers:\n  - {id: manager, name: 中心负责人, roles: [manager]}\n", 1)
		if err := os.WriteFile(config, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	cards := map[string]string{}
	for name, config := range map[string]string{"yinzhou": yinzhou, "jiangdong": jiangdong} {
		code, out, errs := runHedui(t, "node", "card", "--config", config)
		cards[name] = filepath.Join(dir, name+".json")
		if err := os.WriteFile(cards[name], []byte(out), 0o600); err != nil || code != 0 {
			t.Fatalf("card of %s: %v %s", name, err, errs)
		}
	}
	file, receipts := filepath.Join(dir, "cases"), filepath.Join(dir, "receipts")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"handover", "--config", jiangdong, "--to", cards["yinzhou"], "--out", file}, "0 case(s)"},
		{[]string{"takeover", file, "--config", yinzhou, "--from", cards["jiangdong"], "--receipts", receipts}, "0 case(s)"},
		{[]string{"handed", receipts, "--config", jiangdong, "--from", cards["yinzhou"]}, "0 case(s)"},
	} {
		if code, out, errs := runHedui(t, append([]string{"node", c.args[0], "--as", "manager"}, c.args[1:]...)...); code != 0 || !strings.Contains(out, c.want) {
			t.Errorf("%v: exit %d: %s%s", c.args[0], code, out, errs)
		}
	}
	if code, _, errs := runHedui(t, "node", "handover", "--as", "manager", "--config", yinzhou, "--to", cards["jiangdong"], "--out", filepath.Join(dir, "other")); code != 1 || !strings.Contains(errs, "330212") {
		t.Errorf("a division that has not ended: exit %d: %s", code, errs)
	}
	if code, _, errs := runHedui(t, "node", "handover", "--config", jiangdong, "--to", cards["yinzhou"], "--out", file); code != 1 || !strings.Contains(errs, "choose another name") {
		t.Errorf("an old file: exit %d: %s", code, errs)
	}
}

func TestACheckWantsTLSToADatabaseElsewhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.yaml")
	if err := os.WriteFile(path, []byte("node: a\ndatabase: postgres://h:secret@db.example/hedui\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runHedui(t, "check", "--config", path); code != 1 || !strings.Contains(errs, "sslmode=verify-full") || strings.Contains(errs, "secret") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
