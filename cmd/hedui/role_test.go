package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
)

// Every order of the control door as every role: T where the role has a right to it.
// A row of ? is an order that looks first whether there is such a thing, or whether the
// node has peers at all; the rights of what it calls are in the tables of casework and
// federation. Whoever adds an order must say here whose it is.
func TestEveryOrderAsEveryRole(t *testing.T) {
	n, err := openNode(t.Context(), nodeOptions{dir: filepath.Join(t.TempDir(), "node"), issuer: demoIssuer})
	if err != nil {
		t.Fatal(err)
	}
	defer n.db.Close()
	table, err := hedui.RoleTableOn(day.Of(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	clerk := hedui.Officer{ID: "clerk", Office: "某机构", Division: cityDivision, Rights: table.Rights(hedui.ClerkRole)}
	families, err := embeddedFamilies()
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.desk.Register(t.Context(), clerk, "draft", families[0].form)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(orders)) {
		row := ""
		for _, role := range hedui.OfficerRoles() {
			o := hedui.Officer{ID: "someone", Name: "某人", Office: "某机构", Division: cityDivision, Roles: []hedui.OfficerRole{role}, Rights: table.Rights(role)}
			mark := "T"
			for _, args := range []string{"", `{"id":"` + c.ID + `"}`, `{"case":"` + c.ID + `"}`, `{"id":"` + c.ID + `","act":"archive"}`, `{"kind":"consent","id":"` + c.ID + `","form":"pdf"}`} {
				_, err := orders[name](t.Context(), n, o, json.RawMessage(args))
				var known *hedui.Error
				if errors.As(err, &known) && known.Kind == hedui.Forbidden && known.Say.Key == "error.right" {
					mark = "."
				}
			}
			row += mark
		}
		if !strings.Contains(row, ".") {
			row = strings.Repeat("?", len(row))
		}
		fmt.Fprintf(&got, "%s %s\n", row, name)
	}
	want := `..........T..T audit/export
..........T..T audit/show
...T.......... case/act
.T....T....... case/download
T............. case/find
.TTTTTT...T... case/look
T............. case/open
?????????????? case/paper
?????????????? case/publish
...T.......... case/requery
..........T..T concern/list
..........T..T concern/reopen
..........T..T concern/settle
.TTTTTT...T... consent/fetch
.TTTTTT...T... consent/list
?????????????? consent/scan
T..T.......... consent/withdraw
......T....... erase/again
?????????????? erase/certificate
......T....... erase/confirm
.TTTTTT...T... erase/due
......T...T... erase/hold
......T...T... erase/lift
...T.......... erase/propose
......T....... erase/reject
......T....... erase/run
?????????????? explain/attach
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
?????????????? node/card
?????????????? node/decide
?????????????? node/handed
.......T...T.. node/handle
?????????????? node/handover
?????????????? node/invite
?????????????? node/join
?????????????? node/revoke
?????????????? node/rotate
......TT..T.TT node/sources
?????????????? node/status
?????????????? node/takeover
...........T.. office/add
...........T.. officer/add
?????????????? officer/declare
...........T.. officer/end
............T. officer/grant
......TT..TTTT officer/list
...........TT. officer/lock
?????????????? officer/retract
...........T.. officer/unlock
............T. sign-in/reset
?????????????? worklist/answer
?????????????? worklist/correct
........T..... worklist/export
........T..... worklist/import
?????????????? worklist/letter
........T..... worklist/list
?????????????? worklist/reprint
?????????????? worklist/return
?????????????? worklist/show
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}
