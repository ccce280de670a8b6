package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/federation"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/source"
)

type mandateCommands struct {
	Verify mandateVerifyCommand `cmd:"" help:"Check a signed mandate offline, as a department or a court would."`
	Show   mandateShowCommand   `cmd:"" help:"Say what a signed mandate claims, without checking it."`
	Keys   mandateKeysCommand   `cmd:"" help:"Print the keys by which departments check this node's mandates: a trust file."`
}

// mandateFile is where a mandate is read.
type mandateFile struct {
	File string `arg:"" help:"The mandate, one line of text; - for standard input."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

func (f mandateFile) read() (source.Signed, error) {
	text, err := readMandateInput(f.File)
	if err != nil {
		return source.Signed{}, err
	}
	s, err := source.ParseSigned(strings.TrimSpace(text))
	if err != nil {
		return source.Signed{}, hedui.Fail(hedui.Invalid, mandateFault(err), err)
	}
	return s, nil
}

func readMandateInput(path string) (string, error) {
	if path == "-" {
		text, err := io.ReadAll(io.LimitReader(os.Stdin, source.MaxSigned+3))
		return string(text), err
	}
	text, err := readBounded(path, source.MaxSigned+2)
	return string(text), err
}

type mandateVerifyCommand struct {
	mandateFile
	Trust    string `help:"Trust file, as hedui mandate keys prints it." type:"path" required:""`
	To       string `help:"Whose mandate it must be: a node, or node/source as in its last block (default: whoever stands there)."`
	Category string `help:"Category that is asked (default: each of the mandate)."`
	Purpose  string `help:"Programme for which is asked (default: the mandate's)."`
	At       string `help:"When it must be live, as 2006-01-02T15:04:05+08:00 (default: now)."`
	IDFile   string `name:"id-file" help:"File that holds the identity number, and nothing else; - for standard input. Without it the person is not checked." type:"path"`
	Name     string `help:"Name of the person, with --id-file."`
}

// Run checks the mandate with nothing but the trust file.
func (c *mandateVerifyCommand) Run(_ context.Context, s streams) error {
	m, err := c.read()
	if err != nil {
		return err
	}
	text, err := readBounded(c.Trust, maxForm)
	if err != nil {
		return err
	}
	trust, err := source.ParseTrust(text)
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.mandate.trust", c.Trust), err)
	}
	at := time.Now()
	if c.At != "" {
		if at, err = time.Parse(time.RFC3339, c.At); err != nil {
			return hedui.Fail(hedui.Invalid, hedui.Say("error.mandate.at", c.At), nil)
		}
	}
	person, err := c.person()
	if err != nil {
		return err
	}
	bad := c.check(m, trust, person, at)
	if err := s.printMandate(m, c.JSON, bad, person != nil); err != nil || bad == nil {
		return err
	}
	return hedui.Fail(hedui.Invalid, hedui.Say("error.mandate.bad"), nil)
}

// check is the verdict for each category that is asked about.
func (c *mandateVerifyCommand) check(m source.Signed, trust source.Trust, person *source.Person, at time.Time) error {
	said := m.Statement()
	asked := source.Asked{Purpose: said.Purpose, To: m.Holder(), At: at}
	if c.Purpose != "" {
		asked.Purpose = c.Purpose
	}
	if c.To != "" {
		asked.To = c.To
	}
	if person != nil {
		asked.Person = *person
	}
	categories := said.Categories
	if c.Category != "" {
		categories = []catalog.Code{catalog.Code(c.Category)}
	}
	for _, asked.Category = range categories {
		_, err := m.Verify(asked, trust)
		if person == nil {
			err = m.VerifyUnopened(asked, trust)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// person reads whom the mandate must be about: the number never stands on the
// command line, which shells and process lists remember.
func (c *mandateVerifyCommand) person() (*source.Person, error) {
	if c.IDFile == "" {
		return nil, nil
	}
	text, err := readMandateInput(c.IDFile)
	if err != nil {
		return nil, err
	}
	id, err := idcard.Parse(strings.TrimSpace(text))
	if err != nil {
		var wrong *idcard.Error
		if errors.As(err, &wrong) {
			return nil, hedui.Problems([]hedui.Problem{{Field: "id", Say: hedui.Say("problem.id." + string(wrong.Reason))}})
		}
		return nil, err
	}
	return &source.Person{Name: strings.TrimSpace(c.Name), ID: id}, nil
}

type mandateShowCommand struct{ mandateFile }

// Run prints what the mandate claims.
func (c *mandateShowCommand) Run(_ context.Context, s streams) error {
	m, err := c.read()
	if err != nil {
		return err
	}
	if !c.JSON {
		s.say(s.out, "mandate.unchecked")
	}
	return s.printStatement(m, c.JSON, nil)
}

type mandateKeysCommand struct {
	Config string `help:"The node's configuration." default:"node.yaml" type:"path"`
	Strict bool   `help:"Without the word vouches: keys of other nodes count only where the file names them."`
}

// Run prints the node's own keys as a trust file.
func (c *mandateKeysCommand) Run(_ context.Context, s streams) error {
	set, err := readSettings(c.Config, s.log)
	if err != nil {
		return err
	}
	ring, err := federation.OpenRing(filepath.Join(set.keys, "node"))
	if err != nil {
		return err
	}
	trust := ring.Trust(set.name)
	for i := range trust {
		trust[i].Vouches = !c.Strict
	}
	for line := range strings.Lines(lang.Text(s.lang, "mandate.keys.head", set.name)) {
		fmt.Fprintln(s.out, "# "+strings.TrimSpace(line))
	}
	fmt.Fprint(s.out, trust.String())
	return nil
}

// printMandate tells the verdict and what the mandate says.
func (s streams) printMandate(m source.Signed, asJSON bool, bad error, opened bool) error {
	if asJSON {
		return s.printStatement(m, true, &bad)
	}
	switch {
	case bad != nil:
		fault := mandateFault(bad)
		s.say(s.out, fault.Key, fault.Args...)
	case opened:
		s.say(s.out, "mandate.live")
	default:
		s.say(s.out, "mandate.live_unopened")
	}
	return s.printStatement(m, false, nil)
}

// statementJSON is a mandate as a program reads it.
type statementJSON struct {
	Valid *bool  `json:"valid,omitempty"` // of verify
	Error string `json:"error,omitempty"`
	source.Statement
}

func (s streams) printStatement(m source.Signed, asJSON bool, verdict *error) error {
	said := m.Statement()
	if asJSON {
		out := statementJSON{Statement: said}
		if verdict != nil {
			valid := *verdict == nil
			out.Valid = &valid
			if !valid {
				out.Error = mandateFault(*verdict).Key[len("mandate.bad."):]
			}
		}
		text, err := json.MarshalIndent(out, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.out, string(text))
		return err
	}
	var categories []string
	for _, c := range said.Categories {
		categories = append(categories, string(c))
	}
	beijing := func(t time.Time) string { return t.In(day.Beijing).Format("2006-01-02 15:04:05") }
	s.say(s.out, "mandate.number", said.Number, said.Issuer, said.Division)
	s.say(s.out, "mandate.rests", said.Consent, said.Document, said.Wording)
	s.say(s.out, "mandate.allows", lang.Text(s.lang, "programme."+said.Purpose), strings.Join(categories, ", "))
	s.say(s.out, "mandate.time", beijing(said.From), beijing(said.Until))
	s.say(s.out, "mandate.path", strings.Join(append([]string{said.Issuer}, said.Path...), " → "))
	if len(said.Offices) > 0 {
		s.say(s.out, "mandate.offices", strings.Join(said.Offices, ", "))
	}
	return nil
}

// mandateFault is what is wrong with a mandate, in a sentence.
func mandateFault(err error) hedui.Text {
	for _, f := range []struct {
		err error
		key string
	}{
		{source.ErrSigned, "mandate.bad.malformed"}, {source.ErrAlgorithm, "mandate.bad.algorithm"}, {source.ErrUntrusted, "mandate.bad.untrusted"},
		{source.ErrForged, "mandate.bad.forged"}, {source.ErrWidened, "mandate.bad.widened"}, {source.ErrHolder, "mandate.bad.holder"},
		{source.ErrAddressee, "mandate.bad.addressee"}, {source.ErrPerson, "mandate.bad.person"}, {source.ErrPurpose, "mandate.bad.purpose"},
		{source.ErrCategory, "mandate.bad.category"}, {source.ErrNotYet, "mandate.bad.not_yet"}, {source.ErrExpired, "mandate.bad.expired"},
	} {
		if errors.Is(err, f.err) {
			return hedui.Say(f.key)
		}
	}
	return hedui.Say("mandate.bad.malformed")
}
