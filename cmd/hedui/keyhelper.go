package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
	"unicode"

	"hedui/internal/hedui"
)

// helperConfig names the program through which a device or a service outside of
// this one wraps the master keys. docs/keys.md says what it is told and must answer.
type helperConfig struct {
	Command []string      `yaml:"command"`
	Key     string        `yaml:"key"`     // name, there, of the key that wraps new master keys
	Timeout time.Duration `yaml:"timeout"` // of one call; zero = ten seconds
}

// A keyHelper is a [seal.Wrapper] by a program that is started for each call.
type keyHelper struct {
	command []string
	key     string
	timeout time.Duration
}

const (
	helperTimeout = 10 * time.Second
	helperVersion = 1
	helperMax     = 64 << 10 // a wrapped key of 32 bytes is far below
)

type helperCall struct {
	Version   int    `json:"version"`
	Operation string `json:"operation"`
	Key       string `json:"key"`
	Data      []byte `json:"data"` // in base 64
}

type helperAnswer struct {
	Data  []byte `json:"data"`
	Error string `json:"error"`
}

// Wrap implements [seal.Wrapper].
func (h *keyHelper) Wrap(ctx context.Context, key string, plain []byte) ([]byte, error) {
	return h.call(ctx, "wrap", key, plain)
}

// Unwrap implements [seal.Wrapper].
func (h *keyHelper) Unwrap(ctx context.Context, key string, wrapped []byte) ([]byte, error) {
	return h.call(ctx, "unwrap", key, wrapped)
}

func (h *keyHelper) call(ctx context.Context, operation, key string, data []byte) ([]byte, error) {
	question, err := json.Marshal(helperCall{helperVersion, operation, key, data})
	if err != nil {
		return nil, err
	}
	defer clear(question)
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, h.command[0], h.command[1:]...) //nolint:gosec // named by whoever writes the node's configuration
	all := &limited{w: &out, left: helperMax}
	cmd.Stdin, cmd.Stdout = bytes.NewReader(question), all
	cmd.WaitDelay = time.Second // a child of the helper may hold the pipe
	err = cmd.Run()
	defer clear(out.Bytes())
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, h.fail("error.helper.slow", h.timeout.String())
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case all.over:
		return nil, h.fail("error.helper.answer", "more than "+strconv.Itoa(helperMax)+" bytes")
	case errors.As(err, &exit) && out.Len() == 0:
		return nil, h.fail("error.helper.exit", strconv.Itoa(exit.ExitCode()))
	case err != nil && exit == nil:
		return nil, h.fail("error.helper.start", err.Error())
	}
	answer, problem := readHelper(out.Bytes())
	switch {
	case problem != "":
		return nil, h.fail("error.helper.answer", problem)
	case answer.Error != "":
		return nil, h.fail("error.helper.said", printable(answer.Error))
	case exit != nil:
		return nil, h.fail("error.helper.exit", strconv.Itoa(exit.ExitCode()))
	}
	return answer.Data, nil
}

// fail is never [hedui.Unavailable]: a node that starts would ask again and again.
func (h *keyHelper) fail(key, arg string) error {
	return hedui.Fail(hedui.Invalid, hedui.Say(key, h.command[0], arg), nil)
}

// readHelper reads the one JSON object that a helper answers with, and says what is
// wrong with it without quoting it.
func readHelper(text []byte) (a helperAnswer, problem string) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return a, "no JSON object with data or error"
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return a, "more than one JSON object"
	}
	if (len(a.Data) == 0) == (a.Error == "") {
		return a, "either data or error"
	}
	return a, ""
}

// printable is what of a helper's words is shown: one short line.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[:200]) + "…"
	}
	return s
}

var errTooLong = errors.New("too long")

// limited takes so many bytes and no more.
type limited struct {
	w    *bytes.Buffer
	left int
	over bool
}

// Write implements [io.Writer].
func (l *limited) Write(p []byte) (int, error) {
	if l.over = l.over || len(p) > l.left; l.over {
		return 0, errTooLong
	}
	l.left -= len(p)
	return l.w.Write(p)
}

// keyHelper reads key_helper.
func (s *settings) keyHelper() {
	c := s.config.KeyHelper
	if c == nil {
		return
	}
	if len(c.Command) == 0 || strings.TrimSpace(c.Command[0]) == "" {
		s.bad("key_helper.command", "problem.empty")
		return
	}
	if strings.TrimSpace(c.Key) == "" || len(c.Key) > 200 || strings.ContainsFunc(c.Key, func(r rune) bool { return !unicode.IsPrint(r) || r == ':' }) {
		s.bad("key_helper.key", "problem.config.helper_key")
	}
	if c.Timeout < 0 || c.Timeout > 5*time.Minute {
		s.bad("key_helper.timeout", "problem.config.helper_timeout")
	}
	h := &keyHelper{command: c.Command, key: c.Key, timeout: c.Timeout}
	if h.timeout == 0 {
		h.timeout = helperTimeout
	}
	if strings.ContainsRune(h.command[0], '/') { // like every path of the configuration; a bare name is looked for in PATH
		h.command = append([]string{s.beside(h.command[0])}, h.command[1:]...)
	}
	if _, err := exec.LookPath(h.command[0]); err != nil {
		s.bad("key_helper.command", "problem.config.helper", fmt.Sprint(c.Command[0]))
	}
	s.helper = h
}
