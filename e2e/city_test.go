// Package e2e sits before the pages with a real browser, as officers and citizens do. It knows nothing of the house but its door: it
// starts bin/hedui as a process and speaks to it by the pages alone. It wants a browser: see "make e2e".
package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The nodes of the city.
const (
	hub     = 0
	haishu  = 1
	yinzhou = 2
)

// A city is the demo as a process: three nodes with their pages, and the passwords of the officers.
type city struct {
	dir       string
	nodes     [3]string         // addresses of the pages
	passwords map[string]string // by officer
	browser   context.Context
}

// stepUp is how old a proof may be before a report is sealed or opened: the least that a node allows.
const stepUp = 30 * time.Second

var (
	begun city
	asked = os.Getenv("HEDUI_TEST_BROWSER") // path of the browser
)

// TestMain starts the city and the browser once: each takes seconds.
func TestMain(m *testing.M) {
	if asked == "" {
		os.Exit(m.Run()) // every test skips itself
	}
	code, err := inCity(m)
	if err != nil {
		log.Print("e2e: ", err)
		code = 1
	}
	os.Exit(code)
}

func inCity(m *testing.M) (code int, err error) {
	if begun.dir, err = os.MkdirTemp("", "hedui-e2e-"); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(begun.dir)) }()
	stop, err := begun.start()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(asked), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(filepath.Join(begun.dir, "browser")),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "zh-CN"), chromedp.WindowSize(1280, 900))
	all, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	browser, end := chromedp.NewContext(all, chromedp.WithErrorf(func(string, ...any) {})) // it complains of events it does not know
	defer end()
	if err := chromedp.Do(browser); err != nil {
		return 0, fmt.Errorf("browser %s: %w", asked, err)
	}
	begun.browser = browser
	return m.Run(), nil
}

// start starts the demo and waits until its own family has its report. One department takes its time, so that there is something to see,
// and nobody works in the archives of land, so that a person answers for them by the page.
func (c *city) start() (stop func() error, err error) {
	port, err := freePorts(len(c.nodes))
	if err != nil {
		return nil, err
	}
	for i := range c.nodes {
		c.nodes[i] = "http://127.0.0.1:" + strconv.Itoa(port+i)
	}
	said := &account{}
	cmd := exec.Command("../bin/hedui", "--lang", "zh", "demo", "--dir", filepath.Join(c.dir, "demo"), "--listen", "127.0.0.1:"+strconv.Itoa(port),
		"--down", "police:slow", "--by-hand", "--deadline", "1h", "--step-up", stepUp.String(), "testdata/gao.yaml")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: make build makes it", err)
	}
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		c.read(io.TeeReader(out, said), ready)
		ended <- cmd.Wait()
	}()
	stop = func() error {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case err := <-ended:
			return err
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			return errors.New("the demo does not stop:\n" + said.String())
		}
	}
	select {
	case <-ready:
		return stop, nil
	case err := <-ended:
		return nil, fmt.Errorf("the demo ended: %w\n%s", err, said)
	case <-time.After(3 * time.Minute):
		return nil, errors.Join(errors.New("the demo is not ready:\n"+said.String()), stop())
	}
}

// read takes the passwords from what the demo says, and tells when its pages are served and its own family is done.
func (c *city) read(from io.Reader, ready chan<- struct{}) {
	password := regexp.MustCompile(`^ {4}([a-z]+) +([a-z0-9]{5}(?:-[a-z0-9]{5}){3})$`)
	c.passwords = map[string]string{}
	for lines := bufio.NewScanner(from); lines.Scan(); {
		if m := password.FindStringSubmatch(lines.Text()); m != nil {
			c.passwords[m[1]] = m[2]
		}
		if strings.HasPrefix(lines.Text(), "报告已出具") {
			close(ready)
		}
	}
}

// freePorts finds ports that follow each other.
func freePorts(n int) (int, error) {
	var config net.ListenConfig
	for range 50 {
		first, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		port := first.Addr().(*net.TCPAddr).Port
		free := []net.Listener{first}
		for i := 1; i < n; i++ {
			if l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:"+strconv.Itoa(port+i)); err == nil {
				free = append(free, l)
			}
		}
		for _, l := range free {
			_ = l.Close()
		}
		if len(free) == n {
			return port, nil
		}
	}
	return 0, errors.New("no free ports")
}

// An account is what a process has said so far.
type account struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements [io.Writer].
func (a *account) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.Write(b)
}

func (a *account) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.String()
}
