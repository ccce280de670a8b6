package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hedui/internal/hedui"
)

var (
	requestForm  = regexp.MustCompile(`action="(/corrections/[^"/?]+)\?`)
	reminderForm = regexp.MustCompile(`action="(/corrections/reminders/[^"?]+)\?`)
)

// A record that a family says is wrong becomes a request, its answer a reminder, and
// that is taken off the list.
func TestACorrectionIsAnsweredAndRemindsOnce(t *testing.T) {
	d, _ := desk(t)
	_, item := ownersCase(t, d)
	verifier, second := officer("v", hedui.VerifyCases, hedui.ReadCases), officer("s", hedui.ReviewReports, hedui.ReadCases)
	seen, _ := seenOn(t, d, verifier, item)
	if code, page := sent(t, d, verifier, item+"/explain", url.Values{"seen": {seen}, "outcome": {"source_error"}, "text": {"早已注销"}, "wrong": {"2"}}, nil); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}
	seen, _ = seenOn(t, d, second, item)
	if code, page, _ := send(t, d, second, true, http.MethodPost, item+"/settle", url.Values{"seen": {seen}}); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}

	_, page, _ := get(t, d, verifier, true, "/corrections")
	found := requestForm.FindAllStringSubmatch(page, -1)
	if len(found) != 1 || !strings.Contains(page, "早已注销") || reminderForm.MatchString(page) {
		t.Fatalf("%d requests:\n%s", len(found), page)
	}
	address := found[0][1]
	answer := func(to, why string) (int, string) {
		code, page, _ := send(t, d, verifier, true, http.MethodPost, address, url.Values{"answer": {to}, "reason": {why}})
		return code, page
	}
	if code, page := answer("corrected", " "); code != http.StatusUnprocessableEntity || !strings.Contains(page, `value="corrected" id="`+"a-"+strings.TrimPrefix(address, "/corrections/")+`-corrected" required checked`) {
		t.Errorf("without a reason: %d", code)
	}
	if code, page := answer("perhaps", "核<b>实"); code != http.StatusUnprocessableEntity || !strings.Contains(page, "核&lt;b&gt;实") {
		t.Errorf("an answer that is none: %d", code)
	}
	if code, page := answer("corrected", "已注销"); code != http.StatusSeeOther {
		t.Fatalf("answered: %d %s", code, page)
	}
	if code, _ := answer("upheld", "又维持"); code != http.StatusConflict {
		t.Errorf("typed over: %d", code)
	}
	if _, page, _ := get(t, d, verifier, true, "/corrections?list=all&done=answer"); !strings.Contains(page, "已更正，待再次查询") || !strings.Contains(page, "答复已录入") {
		t.Error("the list of all does not show the answer")
	}

	var reminder []string
	for end := time.Now().Add(time.Minute); reminder == nil && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		_, page, _ = get(t, d, verifier, true, "/corrections")
		reminder = reminderForm.FindStringSubmatch(page)
	}
	if reminder == nil || requestForm.MatchString(page) {
		t.Fatalf("no reminder, or the request is still open:\n%s", page)
	}
	if code, _, _ := send(t, d, verifier, true, http.MethodPost, reminder[1], nil); code != http.StatusSeeOther {
		t.Errorf("handled: %d", code)
	}
	if _, page, _ := get(t, d, verifier, true, "/corrections"); reminderForm.MatchString(page) {
		t.Error("it is still there")
	}
}
