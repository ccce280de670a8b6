package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hedui/internal/hedui"
)

// A case is terminated, held, let go and erased by two officers, all from the command
// line beside a running node; its certificate is verified offline with its proof.
func TestACaseIsErasedFromTheCommandLine(t *testing.T) {
	needFont(t)
	w, p := lists(t)
	r := &caseRun{ctx: t.Context(), config: p.config, staff: demoStaff()}
	var look lookAnswer
	for look.Stage != hedui.Commissioned {
		if _, err := r.step("draft", w.forms(1)[0], &look); err != nil {
			t.Fatal(err)
		}
		if err := r.order(hedui.ReadCases, "case/look", caseArgs{ID: look.ID}, &look); err != nil {
			t.Fatal(err)
		}
	}
	run := func(want int, contains string, args ...string) {
		t.Helper()
		code, o, e := runHedui(t, append(args, "--config", p.config)...)
		if code != want || !strings.Contains(o+e, contains) || strings.Contains(o+e, "⟦") {
			t.Errorf("%s: code %d, want %d with %q:\n%s%s", strings.Join(args, " "), code, want, contains, o, e)
		}
	}
	name := w.forms(1)[0].Persons[0].Name
	run(1, "under way", "erase", "propose", look.ID, "withdrawn", "--as", "receiver")
	run(0, look.Number, "case", "act", look.ID, "terminate", "--why", "withdrawn", "--as", "receiver")
	run(0, "24 months", "erase", "due", "--as", "reader")
	run(0, "Cases that are due: 0", "erase", "due", "--as", "reader")
	run(0, look.Number, "erase", "due", "--days", "800", "--as", "reader")
	run(1, "purpose, withdrawn, unlawful, request", "erase", "propose", look.ID, name, "--as", "receiver")
	run(0, "waits for a second officer", "erase", "propose", look.ID, "withdrawn", "--as", "receiver")
	run(1, "has no right", "erase", "confirm", look.ID, "--as", "receiver")
	run(0, "held", "erase", "hold", look.ID, "court", "--as", "reader")
	run(1, "held", "erase", "confirm", look.ID, "--as", "reader")
	run(0, "a court or an arbitration", "erase", "due", "--as", "reader")
	run(0, "kept", "erase", "lift", look.ID, "--as", "reader")
	run(0, "waits", "erase", "propose", look.ID, "withdrawn", "--as", "receiver")
	run(0, "rejected", "erase", "reject", look.ID, "--as", "reader")
	run(1, "no certificate", "erase", "certificate", look.ID, "--as", "reader")
	run(0, "waits", "erase", "propose", look.ID, "withdrawn", "--as", "receiver")
	run(0, "0 case(s)", "erase", "run", "--as", "reader")
	if err := p.stop(); err != nil { // a backup; from here on the orders are carried out without a running node
		t.Fatal(err)
	}
	backup, err := os.ReadFile(filepath.Join(w.dir, "hedui.db"))
	if err != nil {
		t.Fatal(err)
	}
	run(0, "Certificate E330203", "erase", "confirm", look.ID, "--as", "reader")
	run(1, "the case is erased", "erase", "confirm", look.ID, "--as", "reader")
	run(0, `"state":"erased"`, "case", "look", look.ID, "--as", "receiver")
	run(0, "erased the data", "audit", "show", "--case", look.ID, "--as", "auditor")

	pdf := filepath.Join(w.dir, "certificate.pdf")
	run(0, pdf, "erase", "certificate", look.ID, "--as", "reader", "-o", pdf)
	code, o, e := runHedui(t, "verify", "--require-proof", "--trust", filepath.Join(w.dir, "trust.pem"), pdf)
	if code != 0 || !strings.Contains(o, "Certificate of erasure") || !strings.Contains(o, "In the audit log") {
		t.Errorf("verify: %d\n%s%s", code, o, e)
	}
	altered := filepath.Join(w.dir, "altered.pdf")
	body, err := os.ReadFile(pdf)
	if err != nil {
		t.Fatal(err)
	}
	body[len(body)/2] ^= 1
	if err := os.WriteFile(altered, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, o, _ := runHedui(t, "verify", "--trust", filepath.Join(w.dir, "trust.pem"), altered); code == 0 {
		t.Errorf("an altered certificate was taken:\n%s", o)
	}
	txt := filepath.Join(w.dir, "certificate.txt")
	run(0, txt, "erase", "certificate", look.ID, "--as", "reader", "-o", txt, "--format", "txt", "--language", "en")
	if body, err := os.ReadFile(txt); err != nil || strings.Contains(string(body), name) || !strings.Contains(string(body), look.Number) {
		t.Errorf("the certificate as text: %v\n%s", err, body)
	}
	if code, o, e := runHedui(t, "audit", "verify", w.dir); code != 0 {
		t.Errorf("the log after the erasure: %d\n%s%s", code, o, e)
	}

	// The backup is put back, and the list of erased cases is lost: the case is there
	// again, and goes by its certificate.
	_ = os.Remove(filepath.Join(w.dir, "keys", "erased"))
	for _, end := range []string{"-wal", "-shm"} {
		_ = os.Remove(filepath.Join(w.dir, "hedui.db"+end))
	}
	if err := os.WriteFile(filepath.Join(w.dir, "hedui.db"), backup, 0o600); err != nil {
		t.Fatal(err)
	}
	run(0, `"state":"proposed"`, "case", "look", look.ID, "--as", "receiver")
	run(1, "no certificate of erasure", "erase", "again", altered, "--as", "reader")
	run(1, "has no right", "erase", "again", pdf, "--as", "receiver")
	run(0, "Certificate E330203", "erase", "again", pdf, "--as", "reader")
	run(0, "erased", "erase", "again", pdf, "--as", "reader") // is no error
	run(0, `"reason":"restored"`, "case", "look", look.ID, "--as", "receiver")
}
