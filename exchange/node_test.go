package exchange

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/seal"
)

func TestBoxKeyFiles(t *testing.T) {
	key, err := GenerateBox()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "box.pem")
	if err := key.Save(path); err != nil {
		t.Fatal(err)
	}
	if err := key.Save(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("saved twice: got %v", err)
	}
	got, err := LoadBox(path)
	if err != nil || !got.Public().Equal(key.Public()) || got.KeyID() != key.KeyID() {
		t.Errorf("got %v, %v", got, err)
	}
	public, err := ParseBoxPublic(key.Public().PEM())
	if err != nil || !public.Equal(key.Public()) || len(public.KeyID()) != 16 {
		t.Errorf("got %v, %v", public, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadBox(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("open to everyone: got %v", err)
	}
	signer, err := seal.Generate(seal.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "sign.pem")
	if err := signer.Save(other); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadBox(other); !errors.Is(err, ErrKey) {
		t.Errorf("a signing key: got %v", err)
	}
	if _, err := ParseBoxPublic(signer.Public().PEM()); !errors.Is(err, ErrKey) {
		t.Errorf("a public signing key: got %v", err)
	}
	for _, bad := range []string{"", "x", string(key.Public().PEM()) + string(key.Public().PEM())} {
		if _, err := ParseBoxPublic([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("got %v, want %v", err, ErrMalformed)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"haishu": true, "a": true, "node-2": true, strings.Repeat("a", 32): true,
		"": false, "2a": false, "-a": false, "Haishu": false, "a_b": false, "海曙": false, "a\n": false, strings.Repeat("a", 33): false,
	} {
		if err := CheckName(name); (err == nil) != want {
			t.Errorf("%q: got %v, want accepted %t", name, err, want)
		}
	}
}

func TestPeerCoversItsDivisions(t *testing.T) {
	ningbo, haishu, yinzhou := Peer{Division: "330200"}, Peer{Division: "330203"}, Peer{Division: "330212"}
	zhejiang := Peer{Division: "330000"}
	on := day.Must("2026-03-02")
	for _, c := range []struct {
		peer     Peer
		division string
		want     bool
	}{
		{haishu, "330203", true}, {haishu, "330212", false}, {haishu, "330200", false}, {haishu, "", false},
		{ningbo, "330203", true}, {ningbo, "330212", true}, {ningbo, "330102", false}, {zhejiang, "330203", true},
		{yinzhou, "330204", true}, // 江东区, part of 鄞州区 since 2016
		{haishu, "330204", false},
	} {
		if got := c.peer.Covers(c.division, on); got != c.want {
			t.Errorf("%s covers %s: got %t, want %t", c.peer.Division, c.division, got, c.want)
		}
	}
}

func TestEveryErrorHasAReason(t *testing.T) {
	seen := map[Reason]bool{}
	for _, r := range reasons() {
		if got := ReasonOf(errors.Join(errors.New("x"), r.err)); got != r.reason || seen[r.reason] || !errors.Is(r.reason.err(), r.err) {
			t.Errorf("%v: got %s, want %s once", r.err, got, r.reason)
		}
		seen[r.reason] = true
	}
	if got := ReasonOf(&Refusal{Reason: "category", Err: ErrKey}); got != "category" {
		t.Errorf("refusal: got %s", got)
	}
	if got := ReasonOf(errors.New("x")); got != "" {
		t.Errorf("another error: got %s", got)
	}
	for _, r := range []Receipt{{Status: Accepted}, {Status: Duplicate}, {Status: Refused, Reason: ReasonExpired}, {Status: Refused, Reason: "category"}} {
		if !r.Settled() {
			t.Errorf("%+v is not settled", r)
		}
	}
	for _, r := range []Receipt{{}, {Status: Busy}, {Status: Refused, Reason: ReasonKey}, {Status: Refused, Reason: ReasonClock}} {
		if r.Settled() {
			t.Errorf("%+v is settled", r)
		}
	}
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	for failures := range 100 {
		got := backoff(failures, 15*time.Second)
		if got > 15*time.Second || got < 125*time.Millisecond || failures >= 6 && got < 7500*time.Millisecond {
			t.Errorf("after %d failures: %v", failures, got)
		}
	}
}
