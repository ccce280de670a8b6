package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
)

// Every route of the console as every role: T where it is served. Whoever adds a
// route must say here whose it is. Workbooks are for who is named for their source.
func TestEveryRouteAsEveryRole(t *testing.T) {
	d, id := desk(t)
	table, err := hedui.RoleTableOn(day.Of(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, r := range routes() {
		method, path := filled(r.pattern, id, "000")
		for _, role := range hedui.OfficerRoles() {
			code, body, _ := send(t, d, officer(string(role), table.Rights(role)...), true, method, path, nil)
			mark := "T"
			switch {
			case code == http.StatusForbidden && !strings.Contains(body, "王"):
				mark = "."
			case code == http.StatusNotFound && strings.HasPrefix(r.pattern, "GET /log/"): // the log is shorter
			case code == http.StatusNotFound && strings.HasSuffix(r.pattern, "/erasure.pdf"): // the case is kept
			case code == http.StatusNotFound && strings.HasPrefix(r.pattern, "GET /cases/{id}/consents"): // there is no such consent
			case code == http.StatusNotFound && (strings.Contains(r.pattern, "{item}") || strings.Contains(r.pattern, "{evidence}") || strings.HasPrefix(r.pattern, "POST /corrections") || strings.Contains(r.pattern, "{entry}") || strings.Contains(r.pattern, "{officer}") || r.pattern == "POST /nodes/{act}" || r.pattern == "POST /keys/{act}" || strings.Contains(r.pattern, "{upload}") || strings.Contains(r.pattern, "/letters/{number}") || strings.HasPrefix(r.pattern, "POST /requests/") || strings.HasSuffix(r.pattern, "{id}/code")): // nothing is held against the family
			case code == http.StatusSeeOther && path == "/": // to where the day of the role begins
				mark = ">"
			case code == http.StatusSeeOther:
			case code == http.StatusNotFound && (strings.Contains(r.pattern, "/own/") || strings.Contains(r.pattern, "/concerns/")): // somebody else opened the case
			case code == http.StatusUnprocessableEntity && method == http.MethodPost:
			case code == http.StatusConflict && method == http.MethodPost: // nothing was filled in
			case code != http.StatusOK:
				t.Errorf("%s as %s: %d", r.pattern, role, code)
			}
			got.WriteString(mark)
		}
		fmt.Fprintf(&got, " %s\n", r.pattern)
	}
	want := `>TTTTTT>>>T>>> GET /{$}
.TTTTTT...T... POST /find
T............. POST /find/own
.TTTTTT...T... GET /cases/{id}
.TTTTTT...T... GET /cases/{id}/live
.TTTTTT...T... POST /cases/{id}/acts/{act}
.TTTTTT...T... POST /cases/{id}/requery
.TTTTTT...T... GET /cases/{id}/items/{item}
.TTTTTT...T... POST /cases/{id}/items/{item}/{act}
.TTTTTT...T... GET /cases/{id}/evidence/{evidence}
.T............ GET /cases/{id}/papers/{kind}
.TTTTTT...T... GET /cases/{id}/consents/{number}/scan
.T....T....... GET /cases/{id}/reports/{file}
.TTTTTT...T... GET /cases/{id}/erasure.pdf
.TTTTTT...T... GET /cases/{id}/erasure
.TTTTTT...T... POST /cases/{id}/erasure/{act}
.T............ GET /cases/{id}/decision
.T............ POST /cases/{id}/decision
.T............ POST /cases/{id}/code
.TTTTTT...T... GET /erasures
......T....... POST /erasures/run
......T....... POST /erasures/again
.T....T....... POST /public
.T............ GET /requests
.T............ POST /requests/{number}
T............. GET /intake
T............. GET /intake/new
T............. GET /intake/bulk
T............. POST /intake/bulk
T............. GET /intake/bulk/template.xlsx
T............. GET /intake/bulk/{upload}
T............. GET /intake/bulk/{upload}/problems.xlsx
T............. POST /intake/bulk/{upload}/withdraw
T............. GET /intake/{draft}
T............. POST /intake/{draft}
T............. GET /own/{id}
T............. GET /own/{id}/erasure.pdf
T............. GET /own/{id}/papers/{kind}
T............. POST /own/{id}/code
T............. POST /own/{id}/acts/{act}
T............. GET /own/{id}/consents/{number}/sign
T............. POST /own/{id}/consents/{number}/sign
T............. POST /own/{id}/consents/{number}/scan
...T.......... GET /corrections
...T.......... POST /corrections/{number}
...T.......... POST /corrections/reminders/{reminder}
........T..... GET /worklist
........T..... GET /worklist/score
........T..... GET /worklist/{entry}
........T..... POST /worklist/{entry}/{act}
.............. POST /workbooks/{source}/exports
.............. GET /workbooks/{source}/{number}
.............. POST /workbooks/{source}
...T....T..... GET /letters
...T....T..... GET /letters/export.xlsx
.TTTTTT.T.T... GET /letters/{number}
........T..... GET /letters/{number}/paper
........T..... GET /letters/{number}/reminder
.TTTTTT.T.T... GET /letters/{number}/scan
...T....T..... POST /letters/{number}/{act}
.TTTTTTT..TTTT GET /sources
.TTTTTTT..TTTT GET /sources/{name}
.......T...T.. POST /sources/{name}/check
.......T...T.. GET /sources/join
.......T...T.. POST /sources/join
......T..T.... GET /statistics
......T..T.... GET /statistics/export.xlsx
......T..T.... GET /statistics/bulletin/{bulletin}
......T..T.... POST /statistics/totals
.......T...T.. POST /alerts/{source}/{kind}
.TTTTTTT..TTTT GET /books
.TTTTTTT..TTTT POST /books
..........T..T GET /concerns
..........T..T POST /concerns/{concern}
..........T..T GET /audit
..........T..T GET /log/tile/entries/{path...}
......TT..TTTT GET /nodes
.......T...T.. POST /nodes/{act}
.TTTTTT...T... GET /link
......TT..TTTT GET /officers
...........T.. POST /officers
...........T.. POST /officers/offices
......TT..TTTT GET /officers/{officer}
...........TT. POST /officers/{officer}/acts/{act}
......TT..TTTT GET /rights
.......T..TTTT GET /keys
............T. POST /keys/{act}
TTTTTTTTTTTTTT GET /notices
TTTTTTTTTTTTTT POST /notices/seen
TTTTTTTTTTTTTT GET /calendar
TTTTTTTTTTTTTT GET /help
TTTTTTTTTTTTTT GET /design
TTTTTTTTTTTTTT POST /design
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}
