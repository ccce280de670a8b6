package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"hedui/internal/staff"
	"hedui/internal/store"
)

// withInput runs a command that reads its standard input.
func withInput(t *testing.T, input string, args ...string) (code int, out, errs string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, []byte(input), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	defer func(was *os.File) { os.Stdin = was }(os.Stdin)
	os.Stdin = f
	return runHedui(t, args...)
}

// on opens a node's door, as the console would.
func on(t *testing.T, config string, do func(ctx context.Context, n *node, d *staff.Door) error) {
	t.Helper()
	set, err := readSettings(config, discardLog())
	if err != nil {
		t.Fatal(err)
	}
	n, err := openNode(t.Context(), set.nodeOptions)
	if err != nil {
		t.Fatal(err)
	}
	d, err := n.openDoor(n.door.at(nil))
	if err == nil {
		err = do(t.Context(), n, d)
	}
	if err := errors.Join(err, n.db.Close()); err != nil {
		t.Fatal(err)
	}
}

// A new node takes nobody's word: commands act for an officer who has signed in with
// both proofs, for as long as the session lives, and only as that officer.
func TestCommandsTakeASignIn(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	config := filepath.Join(t.TempDir(), "node.yaml")
	if code, _, errs := runHedui(t, "init", filepath.Dir(config), "--name", "haishu", "--division", "330203"); code != 0 {
		t.Fatal(errs)
	}
	list := []string{"key", "list", "--config", config, "--as", "security"}
	if code, _, errs := runHedui(t, list...); code != 1 || !strings.Contains(errs, "hedui sign-in enter security") {
		t.Fatalf("without a sign-in: %d %s", code, errs)
	}
	if code, _, errs := runHedui(t, "node", "status", "--config", config); code != 0 {
		t.Errorf("how the links stand: %d %s", code, errs)
	}
	code, out, errs := runHedui(t, "sign-in", "reset", "security", "--config", config)
	if code != 0 {
		t.Fatal(errs)
	}
	initial := strings.TrimSpace(out[strings.LastIndex(strings.TrimSpace(out), " "):])
	if code, _, errs := withInput(t, initial+"\n", "sign-in", "enter", "security", "--config", config); code != 1 || !strings.Contains(errs, "Sign in at the console first") {
		t.Errorf("with the first password: %d %s", code, errs)
	}
	const password = "korrekt-pferd-77-batterie"
	var secret string
	on(t, config, func(ctx context.Context, n *node, d *staff.Door) error { // at the console
		v := staff.Visitor{Browser: "Firefox", Address: "127.0.0.1"}
		p, err := d.Password(ctx, v, "security", initial)
		if err != nil {
			return err
		}
		v.Token = p.Token
		if p, err = d.ChangePassword(ctx, v, p.Session, initial, password); err != nil {
			return err
		}
		v.Token = p.Token
		offer, err := d.OfferTOTP(ctx, v, p.Session)
		if err != nil {
			return err
		}
		secret = strings.ReplaceAll(offer.Secret, " ", "")
		s, err := d.Session(ctx, p.Token)
		if err != nil {
			return err
		}
		code, err := totp.GenerateCode(secret, time.Now().Add(-30*time.Second))
		if err != nil {
			return err
		}
		_, err = d.SetTOTP(ctx, v, s, code)
		return err
	})
	codeNow := func() string {
		t.Helper()
		text, err := totp.GenerateCode(secret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if code, _, errs := withInput(t, "wrong\n", "sign-in", "enter", "security", "--config", config); code != 1 || !strings.Contains(errs, "do not fit") {
		t.Errorf("another password: %d %s", code, errs)
	}
	if code, _, errs := withInput(t, password+"\n", "sign-in", "enter", "security", "--config", config); code != 1 || !strings.Contains(errs, "Nothing was typed") {
		t.Errorf("without the second proof: %d %s", code, errs)
	}
	if code, _, errs := runHedui(t, list...); code != 1 || !strings.Contains(errs, "sign-in enter") {
		t.Errorf("half signed in: %d %s", code, errs)
	}
	if code, out, errs := withInput(t, password+"\n"+codeNow()+"\n", "sign-in", "enter", "security", "--config", config); code != 0 || strings.Contains(out+errs, password) {
		t.Fatalf("signed in: %d %s%s", code, out, errs)
	}
	if code, _, errs := runHedui(t, list...); code != 0 {
		t.Errorf("signed in: %d %s", code, errs)
	}
	if code, _, errs := runHedui(t, "key", "list", "--config", config, "--as", "operator"); code != 1 || !strings.Contains(errs, "sign-in enter operator") {
		t.Errorf("as somebody else: %d %s", code, errs)
	}
	stolen := session(filepath.Dir(config), "security")
	if err := keep(filepath.Dir(config), "operator", stolen); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runHedui(t, "key", "list", "--config", config, "--as", "operator"); code != 1 || !strings.Contains(errs, "sign-in enter operator") {
		t.Errorf("with the session of another: %d %s", code, errs)
	}
	rotate := []string{"key", "rotate", "--config", config, "--as", "security"}
	if code, _, errs := runHedui(t, rotate...); code != 0 {
		t.Errorf("with a fresh proof: %d %s", code, errs)
	}
	on(t, config, func(ctx context.Context, n *node, d *staff.Door) error { // ten minutes later
		s, err := d.Session(ctx, stolen.Session)
		if err != nil {
			return err
		}
		s.ProvedAt = s.ProvedAt.Add(-10 * time.Minute)
		return n.db.InTx(ctx, func(tx *store.Tx) error { return tx.MoveSession(ctx, s.Token, s) })
	})
	if code, _, errs := runHedui(t, rotate...); code != 1 || !strings.Contains(errs, "fresh proof") {
		t.Errorf("with a proof that is ten minutes old: %d %s", code, errs)
	}
	if code, _, errs := runHedui(t, list...); code != 0 {
		t.Errorf("what takes no fresh proof: %d %s", code, errs)
	}
	if code, _, errs := runHedui(t, "sign-in", "leave", "security", "--config", config); code != 0 {
		t.Errorf("sign out: %d %s", code, errs)
	}
	if err := keep(filepath.Dir(config), "security", stolen); err != nil {
		t.Fatal(err)
	}
	if code, _, _ := runHedui(t, list...); code != 1 {
		t.Error("a session that was ended still counts")
	}
}

// Every order stands in one of the tables, and what takes a fresh proof exists.
func TestFreshProofsAreForOrdersThatExist(t *testing.T) {
	proven := 0
	for name := range orders {
		if provenAnew(order{Name: name, Args: json.RawMessage(`{}`)}) {
			proven++
		}
		if _, twice := doorOrders[name]; twice {
			t.Errorf("%s is in two tables", name)
		}
	}
	for name := range longOrders {
		if provenAnew(order{Name: name}) {
			proven++
		}
	}
	if proven != 11 {
		t.Errorf("%d orders take a fresh proof, the list has 11", proven)
	}
	if provenAnew(order{Name: "case/act", Args: json.RawMessage(`{"act":"accept"}`)}) || !provenAnew(order{Name: "case/act", Args: json.RawMessage(`{"act":"seal"}`)}) {
		t.Error("of the acts on a case, the seal takes one")
	}
}
