package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hedui/internal/connector"
	"hedui/internal/hedui"
	"hedui/internal/rule/book"
	"hedui/internal/sim"
)

// orderArguments are what an order is given besides {}: ID is a case, CARD the card of
// another node. An order on something that is not there shows a row of ?.
var orderArguments = map[string]string{
	"node/invite":       `{"name":"zhenhai","division":"330211","level":"county"}`,
	"node/decide":       `{"name":"zhenhai"}`,
	"node/revoke":       `{"name":"zhenhai"}`,
	"node/join":         `{"url":"https://127.0.0.1:1","code":"AAAA-AAAA-AAAA-AAAA"}`,
	"node/handover":     `{"card":"CARD","out":"OUT"}`,
	"node/takeover":     `{"card":"CARD","in":"CARD","out":"OUT"}`,
	"node/handed":       `{"card":"CARD","in":"CARD"}`,
	"node/handle":       `{"source":"x","kind":"breaker","note":"x"}`,
	"case/decide":       `{"id":"ID","outcome":"granted","on":"2013-03-01"}`,
	"case/requery":      `{"id":"ID"}`,
	"case/look":         `{"id":"ID"}`,
	"case/download":     `{"id":"ID","version":1,"form":"json"}`,
	"case/publish":      `{"ids":["ID"],"language":"zh","format":"pdf"}`,
	"case/paper":        `{"kind":"consent","id":"ID","language":"zh","format":"pdf"}`,
	"sign-in/reset":     `{"officer":"signer"}`,
	"officer/add":       `{"member":{"id":"new","name":"某人","office":"区中心","division":"330203"}}`,
	"officer/grant":     `{"id":"clerk","grant":{}}`,
	"officer/lock":      `{"id":"nobody"}`,
	"officer/unlock":    `{"id":"nobody"}`,
	"officer/end":       `{"id":"nobody"}`,
	"officer/declare":   `{"id":"nobody","number":"33020019680101001X","tie":"kin"}`,
	"officer/retract":   `{"id":"nobody","number":"33020019680101001X"}`,
	"office/add":        `{"Name":"某局","Kind":"centre","Division":"330203"}`,
	"mirror/code":       `{"case":"ID","person":1}`,
	"consent/list":      `{"case":"ID"}`,
	"consent/withdraw":  `{"case":"ID","person":1}`,
	"consent/scan":      `{"case":"ID","number":"x","file":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}`,
	"consent/fetch":     `{"case":"ID","number":"1"}`,
	"erase/propose":     `{"id":"ID","reason":"x"}`,
	"erase/confirm":     `{"id":"ID"}`,
	"erase/reject":      `{"id":"ID","reason":"x"}`,
	"erase/hold":        `{"id":"ID","reason":"x"}`,
	"erase/lift":        `{"id":"ID"}`,
	"erase/certificate": `{"id":"ID","language":"zh","format":"txt"}`,
	"erase/again":       `{"id":"ID"}`,
	"concern/settle":    `{"id":"x","to":"explained","note":"x"}`,
	"concern/reopen":    `{"id":"x","note":"x"}`,
	"explain/list":      `{"case":"ID"}`,
	"explain/enter":     `{"case":"ID","item":"1"}`,
	"explain/attach":    `{"case":"ID","item":"1","file":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}`,
	"explain/settle":    `{"case":"ID","item":"1"}`,
	"explain/send_back": `{"case":"ID","item":"1","why":"x"}`,
	"explain/suspend":   `{"case":"ID","item":"1"}`,
	"explain/evidence":  `{"case":"ID","evidence":"1"}`,
	"statistics/show":   `{"from":"2026-10","until":"2026-10","language":"zh"}`,
	"statistics/file":   `{"from":"2026-10","until":"2026-10","language":"zh","form":"xlsx"}`,
	"worklist/list":     `{"source":"housing-archive"}`,
	"worklist/export":   `{"source":"housing-archive"}`,
	"worklist/import":   `{"source":"housing-archive"}`,
}

// acts are what case/act can do.
var acts = []string{"accept", "archive", "commission", "deliver", "finish", "resume", "return", "review", "seal", "suspend", "terminate"}

// idOf is the officer of a role.
func idOf(role hedui.OfficerRole) string { return strings.ReplaceAll(string(role), "_", "-") }

// reasons are for the acts that need one.
var reasons = map[string]string{"return": "unsigned", "suspend": "evidence", "terminate": "withdrawn"}

// Every order of the control door, and each act it can carry out, as every role: T
// where the office below does not forbid it. A row of ? is an order on something that is
// not there: so it says of what is not the asker's, too (TestAnotherOfficerSeesAndAnswersNothing).
// Whoever adds an order must say here whose it is.
func TestEveryOrderAsEveryRole(t *testing.T) {
	city, err := sim.NewCity(sim.Options{Population: 1000, Seed: 3, Instant: true})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: t.TempDir(), city: city, divisions: []string{"330203"}}
	for file, text := range city.CountyFiles("330203") {
		w.write(file, string(text))
	}
	letter, _ := connector.Example("letter")
	w.write("letter.yaml", string(letter))
	var staff strings.Builder
	for _, role := range hedui.OfficerRoles() {
		extra := ""
		if role == hedui.LiaisonRole {
			extra = ", sources: [housing-archive]"
		}
		fmt.Fprintf(&staff, "  - {id: %s, name: 某人, roles: [%s]%s}\n", idOf(role), role, extra)
	}
	w.write("node.yaml", "node: haishu\ndivision: \"330203\"\nissuer: 区中心\nparent: {node: ningbo, urls: [\"https://127.0.0.1:1\"]}\nregisters:\n"+
		"  - {source: land.yaml, scope: \"330203\"}\n  - {source: letter.yaml, scope: \"330203\"}\norders: trusted\nofficers:\n"+staff.String())
	n := w.open(&process{config: filepath.Join(w.dir, "node.yaml")})
	t.Cleanup(func() { _ = n.db.Close() })
	ask := func(name, as string, args any) (any, error) {
		text, err := json.Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		return n.carryOut(t.Context(), order{Name: name, As: as, Args: text})
	}
	made, err := ask("case/open", "clerk", openArgs{Draft: "d", Form: w.forms(1)[0]})
	if err != nil {
		t.Fatal(err)
	}
	id := made.(caseAnswer).ID
	// The other node of handovers.
	w.write("other/node.yaml", "node: yinzhou\ndivision: \"330212\"\nissuer: 区中心\n")
	other := w.open(&process{config: filepath.Join(w.dir, "other", "node.yaml")})
	t.Cleanup(func() { _ = other.db.Close() })
	peers, err := other.federated()
	if err != nil {
		t.Fatal(err)
	}
	card, err := peers.Card()
	if err != nil {
		t.Fatal(err)
	}
	w.write("card.json", string(card))
	fill := strings.NewReplacer(`"ID"`, `"`+id+`"`, "CARD", filepath.Join(w.dir, "card.json"), "OUT", filepath.Join(w.dir, "out"))

	var got strings.Builder
	row := func(title, name, args string) {
		do := orders[name]
		if long := longOrders[name]; long != nil {
			do = func(ctx context.Context, n *node, o hedui.Officer, args json.RawMessage) (any, error) {
				return long(ctx, n, o, args, func(int, int) {})
			}
		}
		marks := ""
		for _, role := range hedui.OfficerRoles() {
			o, err := n.roster.Officer(t.Context(), idOf(role))
			if err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(filepath.Join(w.dir, "out"))
			_, err = do(t.Context(), n, o, json.RawMessage(fill.Replace(args)))
			if err != nil && strings.Contains(err.Error(), "control: arguments") {
				t.Fatalf("%s: %v", name, err)
			}
			switch hedui.KindOf(err) {
			case hedui.Forbidden:
				marks += "."
			case hedui.NotFound:
				marks += "?"
			default:
				marks += "T"
			}
		}
		if strings.Contains(marks, ".") { // the right was looked at first
			marks = strings.ReplaceAll(marks, "?", "T")
		}
		fmt.Fprintf(&got, "%s %s\n", marks, title)
	}
	for _, name := range slices.Sorted(maps.Keys(orders)) {
		if name == "case/act" {
			for _, act := range acts {
				row(name+" "+act, name, fmt.Sprintf(`{"id":"ID","act":%q,"reason":%q}`, act, reasons[act]))
			}
			continue
		}
		row(name, name, cmp.Or(orderArguments[name], "{}"))
	}
	books := map[string]string{}
	if err := fs.WalkDir(book.Files(), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(book.Files(), path)
		books[path] = string(text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	replay, err := json.Marshal(replayArgs{Books: books, Least: 5})
	if err != nil {
		t.Fatal(err)
	}
	long := map[string]string{"rule/replay": string(replay)}
	for _, name := range slices.Sorted(maps.Keys(longOrders)) {
		row(name, name, cmp.Or(long[name], "{}"))
	}
	if want := everyOrder; got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}

// everyOrder is the table, the roles in the order of hedui.OfficerRoles.
const everyOrder = `..........T..T audit/export
..........T..T audit/show
..T........... case/act accept
...T.......... case/act archive
.T............ case/act commission
.T............ case/act deliver
...T.......... case/act finish
...T.......... case/act resume
..T........... case/act return
....T......... case/act review
.....T........ case/act seal
...T.......... case/act suspend
T..T.......... case/act terminate
.T............ case/decide
.T....T....... case/download
T............. case/find
.TTTTTT...T... case/look
TTTTTTTTTTTTTT case/noticed
TTTTTTTTTTTTTT case/notices
T............. case/open
T............. case/paper
.T....T....... case/publish
...T.......... case/requery
..........T..T concern/list
..........T..T concern/reopen
..........T..T concern/settle
.TTTTTT...T... consent/fetch
.TTTTTT...T... consent/list
T............. consent/scan
T..T.......... consent/withdraw
......T....... erase/again
TTTTTTT...T... erase/certificate
......T....... erase/confirm
.TTTTTT...T... erase/due
......T...T... erase/hold
......T...T... erase/lift
...T.......... erase/propose
......T....... erase/reject
......T....... erase/run
.T.T.......... explain/attach
?????????????? explain/correct
...T.......... explain/corrections
.T.T.......... explain/enter
.TTTTTT...T... explain/evidence
?????????????? explain/handle
.TTTTTT...T... explain/list
...T.......... explain/reminders
....T......... explain/send_back
....T......... explain/settle
...T.......... explain/suspend
.......T..TTTT key/list
?????????????? mirror/answer
TT............ mirror/code
.T............ mirror/list
TTTTTTTTTTTTTT node/card
.......T...T.. node/decide
......T....... node/handed
.......T...T.. node/handle
......T....... node/handover
.......T...T.. node/invite
.......T...T.. node/join
.......T...T.. node/revoke
.......T...T.. node/rotate
......TT..TTTT node/sources
......TT..TTTT node/status
......T....... node/takeover
...........T.. office/add
...........T.. officer/add
............T. officer/declare
...........T.. officer/end
............T. officer/grant
......TT..TTTT officer/list
...........TT. officer/lock
............T. officer/retract
...........T.. officer/unlock
............T. sign-in/reset
......T..T.... statistics/enter
......T..T.... statistics/file
......T..T.... statistics/show
?????????????? worklist/answer
?????????????? worklist/compared
?????????????? worklist/correct
........T..... worklist/export
?????????????? worklist/failed
........T..... worklist/import
?????????????? worklist/letter
...T....T..... worklist/letters
........T..... worklist/list
?????????????? worklist/reminder
?????????????? worklist/reply
?????????????? worklist/reply_scan
?????????????? worklist/reprint
?????????????? worklist/return
?????????????? worklist/sent
?????????????? worklist/show
............T. key/rotate
......T..T.... rule/replay
`
