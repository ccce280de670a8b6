package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"hedui/internal/checkup"
	"hedui/internal/connector"
	"hedui/internal/federation"
	"hedui/internal/hedui"
	"hedui/seal"
)

type sourceCheckCommand struct {
	File    string        `arg:"" help:"Source file, see docs/source-file.md."`
	Person  string        `name:"person-file" help:"Test person: a YAML file with name, id and stated_by (who states that this is one); - for standard input. Without it you are asked."`
	Purpose string        `help:"Purpose that the department is told." default:"check"`
	Asks    int           `help:"Questions by which the time of an answer is measured." default:"20"`
	Wait    time.Duration `help:"How long to wait where the department answers later." default:"2m"`
	JSON    bool          `name:"json" help:"Print the sheet as JSON."`
	Out     string        `help:"Write the sheet as JSON to this file as well."`
	Sign    string        `help:"Sign the file of --out with the key in this directory of a node's keys (seal.key); the signature stands beside it (.sig)."`

	Node string `help:"Configuration of the node that signs the test's mandates, for departments that verify them (docs/mandate.md)." type:"path"`

	in io.Reader // instead of standard input
}

// maxSource is more than a source file has.
const maxSource = 1 << 20

// Run tries the file and prints the sheet; it fails where the source is not ready.
func (c *sourceCheckCommand) Run(ctx context.Context, s streams) error {
	key, err := c.signer()
	if err != nil {
		return err
	}
	text, err := readBounded(c.File, maxSource)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	sh := &checkup.Sheet{Form: checkup.Form, Salt: seal.NewSalt(), Program: version(), CheckedAt: time.Now().Truncate(time.Second),
		File: filepath.Base(c.File), Digest: "sha256:" + hex.EncodeToString(sum[:]), Lang: s.lang}
	cfg, err := connector.Load(sh.File, text)
	var file *connector.FileError
	switch {
	case errors.As(err, &file):
		for _, p := range file.Problems {
			sh.Note("file", checkup.NotReady, "file.problem", strconv.Itoa(p.Line), strconv.Itoa(p.Column), p.Field, p.Say)
		}
	case err != nil:
		return err
	default:
		if err := c.try(ctx, s, sh, cfg); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	sh.Ready = sh.Count(checkup.NotReady) == 0
	return c.deliver(s, sh, key)
}

// try asks the department.
func (c *sourceCheckCommand) try(ctx context.Context, s streams, sh *checkup.Sheet, cfg *connector.Config) error {
	in := c.in
	if in == nil {
		in = os.Stdin
	}
	up := checkup.New(sh, cfg, time.Now)
	if up.Manual() {
		up.ShowForm()
		return nil
	}
	person, err := readTestPerson(c.Person, in, s)
	if err != nil {
		return err
	}
	if c.Node != "" {
		if up.Signs, err = nodeSigner(c.Node, s.log); err != nil {
			return err
		}
	}
	up.Begin(person, c.Purpose, c.Wait)
	told := time.Now()
	up.Run(ctx, c.Asks, c.Wait, func(left int, waited time.Duration) {
		if time.Since(told) >= 2*time.Second {
			told = time.Now()
			s.say(s.err, "source.waiting", strconv.Itoa(left), waited.Round(time.Second).String(), c.Wait.String())
		}
	})
	return nil
}

// nodeSigner signs the mandates of a check in the name of a node.
func nodeSigner(config string, log *slog.Logger) (*checkup.Signer, error) {
	set, err := readSettings(config, log)
	if err != nil {
		return nil, err
	}
	ring, err := federation.OpenRing(filepath.Join(set.keys, "node"))
	if err != nil {
		return nil, err
	}
	return &checkup.Signer{Node: set.name, Division: set.division, Key: ring.Signer()}, nil
}

// signer loads the key before anything is asked.
func (c *sourceCheckCommand) signer() (*seal.PrivateKey, error) {
	if c.Sign == "" {
		return nil, nil //nolint:nilnil // no key was asked for
	}
	if c.Out == "" {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("source.sign.out"), nil)
	}
	key, err := seal.LoadPrivate(filepath.Join(c.Sign, "seal.key"))
	if err != nil {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("source.sign.key", c.Sign), err)
	}
	return key, nil
}

// deliver prints the sheet and writes it where it was asked for.
func (c *sourceCheckCommand) deliver(s streams, sh *checkup.Sheet, key *seal.PrivateKey) error {
	body, err := sh.Encode()
	if err != nil {
		return err
	}
	if c.JSON {
		_, err = s.out.Write(body)
	} else {
		printSheet(s, sh)
	}
	if err != nil {
		return fmt.Errorf("readiness sheet: %w", err)
	}
	if c.Out != "" {
		if err := c.write(s, sh, body, key); err != nil {
			return err
		}
	}
	if !sh.Ready {
		return hedui.Fail(hedui.Invalid, hedui.Say("source.unready", strconv.Itoa(sh.Count(checkup.NotReady))), nil)
	}
	return nil
}

func (c *sourceCheckCommand) write(s streams, sh *checkup.Sheet, body []byte, key *seal.PrivateKey) error {
	if err := writeWhole(c.Out, body); err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", c.Out), err)
	}
	s.say(s.err, "source.sheet", c.Out)
	if key == nil {
		return nil
	}
	signature, err := signSheet(key, sh.Source, sh.CheckedAt, body)
	if err == nil {
		err = writeWhole(c.Out+".sig", signature)
	}
	if err != nil {
		return fmt.Errorf("sign readiness sheet: %w", err)
	}
	s.say(s.err, "source.signed", c.Out+".sig", key.KeyID(), c.Out)
	return nil
}
