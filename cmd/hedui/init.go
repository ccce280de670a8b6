package main

import (
	"cmp"
	"context"
	_ "embed" // the configuration of a new node
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hedui/day"
	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/federation"
	"hedui/internal/hedui"
	"hedui/region"
	"hedui/seal"
)

// initCommand makes a new node.
type initCommand struct {
	Dir      string `arg:"" help:"Directory of the node; it is made." type:"path"`
	Name     string `help:"Name among the other nodes: small letters, digits, hyphens." required:""`
	Division string `help:"Division, six digits." required:""`
	Issuer   string `help:"Name of the verification centre, as reports print it."`
	Parent   string `help:"Name of the parent node."`
	Suite    string `help:"Cryptography: intl, or gm for SM2, SM3 and SM4 (docs/suites.md)." enum:"intl,gm" default:"intl"`
	URL      string `name:"parent-url" help:"Address of the parent, https://host:port."`
}

//go:embed node.yaml
var nodeTemplate string

// Run makes the keys and a configuration with a comment on every key.
func (c *initCommand) Run(ctx context.Context, s streams) error {
	d, ok := region.Lookup(c.Division, day.Of(time.Now()))
	var problems []hedui.Problem
	if !ok {
		problems = append(problems, hedui.Problem{Field: "--division", Say: hedui.Say("problem.division.unknown")})
	}
	if exchange.CheckName(c.Name) != nil {
		problems = append(problems, hedui.Problem{Field: "--name", Say: hedui.Say("problem.config.name")})
	}
	if c.Parent != "" && (exchange.CheckName(c.Parent) != nil || c.Parent == c.Name) {
		problems = append(problems, hedui.Problem{Field: "--parent", Say: hedui.Say("problem.config.name")})
	}
	if (c.Parent == "") != (c.URL == "") {
		problems = append(problems, hedui.Problem{Field: "--parent-url", Say: hedui.Say("problem.config.parent")})
	}
	path := filepath.Join(c.Dir, "node.yaml")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		problems = append(problems, hedui.Problem{Field: path, Say: hedui.Say("problem.config.exists")})
	}
	if err := hedui.Problems(problems); err != nil {
		return err
	}
	if err := writable(c.Dir); err != nil {
		return err
	}
	issuer := cmp.Or(c.Issuer, region.Name(c.Division, day.Of(time.Now()))+"居民家庭经济状况核对中心")
	keys, err := openKeys(ctx, filepath.Join(c.Dir, "keys"), issuer, seal.Suite(c.Suite), nil)
	if err != nil {
		return err
	}
	logKey, err := keys.logKey(c.Name)
	if err != nil {
		return err
	}
	ring, err := federation.OpenRing(filepath.Join(c.Dir, "keys", "node"))
	if err != nil {
		return err
	}
	if seal.Suite(c.Suite) == seal.GM {
		if err := ring.UseGM(true); err != nil {
			return err
		}
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(c.Dir, "sources"), 0o700),
		os.WriteFile(filepath.Join(c.Dir, "trust.pem"), append(seal.CertificatePEM(keys.certificate), audit.Trust{logKey.Verifier()}.Text()...), 0o644)); err != nil { //nolint:gosec // public
		return fmt.Errorf("init: %w", err)
	}
	if err := writeWhole(path, []byte(c.fill(d, issuer))); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	sign, box := ring.KeyIDs()
	s.say(s.out, "init.done", path, filepath.Join(c.Dir, "keys"))
	s.say(s.out, "init.keys", sign, box)
	next := "init.next"
	if c.Parent != "" {
		next = "init.next_child"
	}
	s.say(s.out, next, path)
	return nil
}

// fill writes the configuration. A node without a parent waits for children.
func (c *initCommand) fill(d region.Division, issuer string) string {
	parent, listen := "# parent: {node: ningbo, urls: [\"https://hub.example:9440\"]}", "exchange: 0.0.0.0:9440"
	if c.Parent != "" {
		parent = fmt.Sprintf("parent: {node: %s, urls: [%q]}", c.Parent, c.URL)
		listen = "# exchange: 0.0.0.0:9440"
	}
	return strings.NewReplacer("{{node}}", c.Name, "{{division}}", c.Division, "{{place}}", region.Name(c.Division, day.Of(time.Now())),
		"{{level}}", string(d.Kind), "{{issuer}}", issuer, "{{suite}}", c.Suite, "{{parent}}", parent, "{{exchange}}", listen).Replace(nodeTemplate)
}
