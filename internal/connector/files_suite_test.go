package connector

import (
	"context"
	"crypto/ed25519"
	"encoding/csv"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"hedui/catalog"
	"hedui/source"
	"hedui/source/sourcetest"
)

// nightJob answers the requests in a directory until the test ends, as a department
// does by night, but every few milliseconds.
func nightJob(t testing.TB, dir string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			requests, _ := filepath.Glob(filepath.Join(dir, "to", "HD_*.ok"))
			for _, ok := range requests {
				if err := answerRequest(dir, strings.TrimSuffix(filepath.Base(ok), ".ok")); err != nil && !errors.Is(err, fs.ErrNotExist) {
					ended <- err
					return
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(3 * time.Millisecond):
			}
		}
		ended <- nil
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// answerRequest takes a request away and answers it: Wang has an account, the
// others have none, and the name of Zeng is another.
func answerRequest(dir, name string) error {
	text, err := os.ReadFile(filepath.Join(dir, "to", name+".csv"))
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		return err
	}
	body := head
	for _, r := range rows[1:] {
		code := map[string]string{wang.ID.Reveal(): "1", zeng.ID.Reveal(): "2"}[r[0]]
		if code == "" {
			code = "0"
		}
		body += r[0] + "," + r[1] + "," + code + ",330200000001,1234.50\n"
	}
	target := filepath.Join(dir, "from", name+"_A")
	return errors.Join(os.WriteFile(target+".tmp", []byte(body), 0o600), os.Chtimes(target+".tmp", now, now), os.Rename(target+".tmp", target+".csv"), os.WriteFile(target+".ok", nil, 0o600),
		os.Remove(filepath.Join(dir, "to", name+".ok")), os.Remove(filepath.Join(dir, "to", name+".csv")))
}

func fundFixture(make func(*testing.T) source.Source, down func(*testing.T) source.Source) sourcetest.Fixture {
	return sourcetest.Fixture{New: make, At: now, Category: catalog.HousingFund, Known: wang, Unknown: li, Doubt: &zeng, Later: &wang, Down: down}
}

func TestContractOverADirectory(t *testing.T) {
	sourcetest.Run(t, fundFixture(func(t *testing.T) source.Source {
		o := newOffice(t)
		nightJob(t, o.dir)
		return o
	}, func(t *testing.T) source.Source {
		o := newOffice(t)
		if err := os.RemoveAll(o.dir); err != nil {
			t.Fatal(err)
		}
		return o
	}))
}

// A daemon is an OpenSSH server of the test's own, on a free port, as this user.
type daemon struct {
	dir, server, config, hostKey, keyFile, user string
	start                                       string // directory in which the account finds itself
	cmd                                         *exec.Cmd
}

func startDaemon(t testing.TB) *daemon {
	t.Helper()
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		sshd = "/usr/sbin/sshd"
	}
	if _, err := os.Stat(sshd); err != nil {
		if os.Getenv("HEDUI_TEST_TOOLS") != "" {
			t.Fatal("sshd is not here: apt-get install openssh-server")
		}
		t.Skip("sshd is not here")
	}
	d := &daemon{dir: t.TempDir(), start: t.TempDir()}
	d.hostKey = d.writeKey(t, "host")
	public := d.writeKey(t, "user")
	d.keyFile = filepath.Join(d.dir, "user")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.server = l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(d.server)
	d.config = filepath.Join(d.dir, "sshd_config")
	text := fmt.Sprintf("ListenAddress 127.0.0.1\nPort %s\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nSubsystem sftp internal-sftp -d %s\n",
		port, filepath.Join(d.dir, "host"), filepath.Join(d.dir, "authorized"), d.start)
	if err := errors.Join(os.WriteFile(d.config, []byte(text), 0o600), os.WriteFile(filepath.Join(d.dir, "authorized"), []byte(public+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "id", "-un").Output(); err == nil {
		d.user = strings.TrimSpace(string(out))
	}
	if os.Geteuid() == 0 {
		_ = os.MkdirAll("/run/sshd", 0o755)
	}
	d.run(t, sshd)
	return d
}

func (d *daemon) run(t testing.TB, sshd string) {
	t.Helper()
	d.cmd = exec.CommandContext(t.Context(), sshd, "-D", "-e", "-f", d.config)
	log, err := os.Create(filepath.Join(d.dir, "log")) // a file: sessions outlive the server and would hold a pipe
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d.cmd.Stderr = log
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.stop() })
	for range 200 {
		var dialer net.Dialer
		conn, err := dialer.DialContext(t.Context(), "tcp", d.server)
		if err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	d.stop()
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("sshd does not listen:\n%s", text)
}

func (d *daemon) stop() {
	_ = d.cmd.Process.Kill()
	_ = d.cmd.Wait()
}

// writeKey makes a key pair and returns the public key as one line.
func (d *daemon) writeKey(t testing.TB, name string) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func TestContractOverOpenSSH(t *testing.T) {
	d := startDaemon(t)
	sourcetest.Run(t, fundFixture(func(t *testing.T) source.Source {
		o := d.away(t)
		nightJob(t, o.dir)
		return o
	}, func(t *testing.T) source.Source {
		closed := *d
		closed.server = "127.0.0.1:1"
		return closed.away(t)
	}))
}

// away is an office below the account's start, which names must not leave.
func (d *daemon) away(t testing.TB, pairs ...string) *office {
	t.Helper()
	o := newOffice(t)
	base, err := os.MkdirTemp(d.start, "away-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	for _, dir := range []string{"to", "from", "read"} {
		if err := os.Mkdir(filepath.Join(base, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Base(base)
	account := fmt.Sprintf("exchange: {sftp: {server: %q, user: %q, key_file: %q, known_host: %q}, out: %s/to, in: %s/from, done: %s/read}", d.server, d.user, d.keyFile, d.hostKey, name, name, name)
	text := strings.NewReplacer(append(pairs, "exchange: {directory: \"DIR\", out: to, in: from, done: read}", account)...).Replace(fundYAML)
	o.dir, o.Source = base, New(load(t, text, ""), Options{Now: clock})
	return o
}

func TestAnSFTPServerThatIsNotWhatItShouldBe(t *testing.T) {
	d := startDaemon(t)
	other := *d
	other.hostKey = d.writeKey(t, "other-host")
	stranger := *d
	d.writeKey(t, "stranger")
	stranger.keyFile = filepath.Join(d.dir, "stranger")
	lostKey := *d
	lostKey.keyFile = filepath.Join(d.dir, "nothing")
	mute := *d
	var l net.ListenConfig
	deaf, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	mute.server = deaf.Addr().String()
	for name, c := range map[string]struct {
		office *office
		reason source.Reason
		say    string
	}{
		"another host key":              {other.away(t), source.ReasonDown, "host key"},
		"a key it does not know":        {stranger.away(t), source.ReasonCredentials, "account"},
		"no key at all":                 {lostKey.away(t), source.ReasonCredentials, "cannot be read"},
		"a server without a word":       {mute.away(t, "timeout: 5s", "timeout: 200ms"), source.ReasonSlow, "in time"},
		"a directory that is not there": {d.away(t), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.reason == "" {
				c.reason, c.say = source.ReasonDown, "not there"
				if err := os.RemoveAll(c.office.dir); err != nil {
					t.Fatal(err)
				}
			}
			_, err := c.office.Ask(t.Context(), []source.Query{query(t, wang, "Q", catalog.HousingFund)})
			if reasonOf(err) != c.reason || !strings.Contains(err.Error(), c.say) || leaks(err.Error()) {
				t.Errorf("got %v, want %s with %q", err, c.reason, c.say)
			}
		})
	}
}

// A server that ended its connection since is connected anew, without an outage.
func TestABrokenConnectionIsMadeAnew(t *testing.T) {
	d := startDaemon(t)
	o := d.away(t)
	queries, batch := o.ask(t, wang)
	first := o.Source.(*site)
	c := first.medium.(*courier)
	v, err := c.open(t.Context())
	if err != nil || !v.reused {
		t.Fatalf("the connection is not kept: %v", err)
	}
	v.leave(nil)
	_ = v.depot.(remote).client.Close()
	o.write(t, "from/HD_"+batch+"_A.csv", head+row(wang, "1"))
	o.write(t, "from/HD_"+batch+"_A.ok", "")
	if _, got := o.fetch(t, queries); got != "found" {
		t.Errorf("got %s", got)
	}
	if left := o.names(t, "to"); len(left) > 0 {
		t.Errorf("the request is still there: %v", left)
	}
}
