package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/internal/web"
)

// auditCommands are for those who check what was done: see docs/audit-log.md.
type auditCommands struct {
	Verify auditVerifyCommand `cmd:"" help:"Prove a whole log anew from a copy, an address or a node's database, and say where it was tampered with."`
	Export auditExportCommand `cmd:"" help:"Copy the log into a directory, or go on with a copy."`
	Show   auditShowCommand   `cmd:"" help:"Who did what, in sentences, the newest first."`
	Key    auditKeyCommand    `cmd:"" help:"Print the public key of the node's log."`
}

type auditVerifyCommand struct {
	Log   string   `arg:"" optional:"" help:"Directory of a copy, address (https://…/log), directory of a node, SQLite file or postgres://…" default:"."`
	Key   []string `help:"Public key of the log (hedui.NODE/audit+…), and those of witnesses; several."`
	Trust string   `help:"Trust file with these keys (default: trust.pem there)." type:"path"`
	Since []string `help:"A checkpoint that was kept from before; several." type:"path"`
	JSON  bool     `name:"json" help:"Print the result as one JSON object."`
}

// logReport is what came of a proof, as a program reads it.
type logReport struct {
	Log      string        `json:"log"`
	Sound    bool          `json:"sound"`
	Origin   string        `json:"origin"`
	Size     int64         `json:"size"`
	Root     string        `json:"root"`
	SignedAt time.Time     `json:"signed_at,omitzero"`
	Waiting  int64         `json:"waiting"` // without a place yet
	Faults   []provedFault `json:"faults"`
	Count    int64         `json:"count"` // of all faults

	Seen []audit.Sighting `json:"seen"`
}

type provedFault struct {
	audit.Fault
	Sentence string
}

// Run proves the log. The exit code is 0 only for a sound one.
func (c *auditVerifyCommand) Run(ctx context.Context, s streams) error {
	trust, given, err := c.trust(ctx)
	if err != nil {
		return err
	}
	var kept []audit.Kept
	for _, path := range c.Since {
		text, err := readBounded(path, 1<<20)
		if err != nil {
			return err
		}
		kept = append(kept, audit.Kept{Name: path, Note: string(text)})
	}
	check, err := c.prove(ctx, trust, kept)
	if err != nil {
		return hedui.Fail(hedui.Unavailable, hedui.Say("error.audit.unreadable", c.Log), err)
	}
	out := logReport{c.Log, check.Sound(), check.Origin, check.Size, check.Root.String(), check.SignedAt, check.Waiting, []provedFault{}, check.Count, check.Seen}
	for _, f := range joinFaults(check.Faults) {
		out.Faults = append(out.Faults, provedFault{f, s.faultSentence(f)})
	}
	if c.JSON {
		err = json.NewEncoder(s.out).Encode(out)
	} else {
		s.printProved(out, given)
	}
	if err == nil && !out.Sound {
		err = hedui.Fail(hedui.Invalid, hedui.Say("error.audit.unsound", strconv.FormatInt(out.Count, 10)), nil)
	}
	return err
}

// prove proves what the argument names.
func (c *auditVerifyCommand) prove(ctx context.Context, trust audit.Trust, kept []audit.Kept) (audit.Check, error) {
	if address, ok := databaseOf(c.Log); ok {
		db, err := store.OpenLog(address)
		if err != nil {
			return audit.Check{}, err
		}
		check, err := db.ProveLog(ctx, trust, kept...)
		return check, errors.Join(err, db.Close())
	}
	return audit.Copy{Read: c.read}.Verify(ctx, trust, kept...)
}

// databaseOf is the database that an argument means, if it means one.
func databaseOf(name string) (string, bool) {
	if strings.HasPrefix(name, "postgres") && strings.Contains(name, "://") {
		return name, true
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return "", false
	case !info.IsDir():
		return name, true
	}
	if set, err := readSettings(filepath.Join(name, "node.yaml"), slog.New(slog.DiscardHandler)); err == nil {
		_ = set.closeSources()
		return set.url(), true
	}
	db := filepath.Join(name, "hedui.db")
	_, err = os.Stat(db)
	return db, err == nil
}

// mostTile is how large a file of a log may be.
const mostTile = 32 << 20

// read reads a file of a copy, in a directory or behind an address.
func (c *auditVerifyCommand) read(ctx context.Context, path string) ([]byte, error) {
	if !strings.Contains(c.Log, "://") {
		return os.ReadFile(filepath.Join(c.Log, filepath.FromSlash(path)))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.Log, "/")+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		return io.ReadAll(io.LimitReader(answer.Body, mostTile))
	case http.StatusNotFound:
		return nil, fs.ErrNotExist
	}
	return nil, fmt.Errorf("%s: %s", path, answer.Status)
}

// trust is the keys that are given, or those that lie with what is proved, which
// given says: then only whoever compares them knows whose log it is.
func (c *auditVerifyCommand) trust(ctx context.Context) (t audit.Trust, given bool, err error) {
	for _, key := range c.Key {
		v, err := audit.ParseVerifier(strings.TrimSpace(key))
		if err != nil {
			return nil, true, hedui.Fail(hedui.Invalid, hedui.Say("error.audit.key"), err)
		}
		t = append(t, v)
	}
	files := []string{filepath.Join(c.Log, "trust.pem"), filepath.Join(filepath.Dir(c.Log), "trust.pem")}
	if c.Trust != "" {
		files = []string{c.Trust}
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if len(t) > 0 || err != nil {
			continue
		}
		if t, err = audit.ReadTrust(text); err != nil {
			return nil, true, hedui.Fail(hedui.Invalid, hedui.Say("error.trust", name), err)
		}
	}
	if len(t) > 0 {
		return t, len(c.Key) > 0 || c.Trust != "", nil
	}
	if text, err := c.read(ctx, audit.KeyPath); err == nil {
		t, _ = audit.ReadTrust(text)
	}
	return t, false, nil
}

// joinFaults puts neighbours of one kind into one.
func joinFaults(list []audit.Fault) []audit.Fault {
	var joined []audit.Fault
	for _, f := range list {
		if n := len(joined) - 1; n >= 0 && f.Kind == audit.Missing && joined[n].Kind == f.Kind && joined[n].Until == f.Seq {
			joined[n].Until = f.Until
			continue
		}
		joined = append(joined, f)
	}
	return joined
}

// faultSentence says what is wrong and where.
func (s streams) faultSentence(f audit.Fault) string {
	where := ""
	switch {
	case f.Seq >= 0 && f.Until > f.Seq+1:
		where = lang.Text(s.lang, "audit.places", strconv.FormatInt(f.Seq, 10), strconv.FormatInt(f.Until-1, 10))
	case f.Seq >= 0 && f.Until > f.Seq:
		where = lang.Text(s.lang, "audit.place", strconv.FormatInt(f.Seq, 10))
	case f.ID != "":
		where = lang.Text(s.lang, "audit.waiting_entry")
	}
	return strings.TrimSpace(lang.Text(s.lang, string(f.Kind), where, f.ID, f.Who))
}

func (s streams) printProved(p logReport, given bool) {
	key := "audit.sound"
	if !p.Sound {
		key = "audit.unsound"
	}
	s.say(s.out, key, p.Origin, strconv.FormatInt(p.Size, 10), clock(p.SignedAt), strconv.FormatInt(p.Count, 10))
	for _, f := range p.Faults {
		fmt.Fprintln(s.out, "  - "+f.Sentence)
	}
	for _, w := range p.Seen {
		s.say(s.out, "audit.seen", audit.NodeOf(w.Witness), strconv.FormatInt(w.Size, 10), clock(w.At))
	}
	if p.Waiting > 0 {
		s.say(s.out, "audit.waiting", strconv.FormatInt(p.Waiting, 10))
	}
	if !given {
		s.say(s.out, "audit.key_beside")
	}
}

type auditExportCommand struct {
	nodeFlags
	Dir string `arg:"" help:"Directory of the copy; it is made, or gone on with." type:"path"`
}

// copyAnswer says where the log is read from, for those who may.
type copyAnswer struct {
	Database string `json:"database"`
	Key      string `json:"key"`
}

func orderCopyLog(ctx context.Context, n *node, o hedui.Officer, _ none) (any, error) {
	if err := n.desk.CopiesLog(ctx, o); err != nil {
		return nil, err
	}
	key, err := n.db.LogKey()
	return copyAnswer{n.url(), audit.Trust{key}.Text()}, err
}

// Run writes tiles that are not there yet, then the checkpoint over them.
func (c *auditExportCommand) Run(ctx context.Context, s streams) error {
	var from copyAnswer
	if err := c.do(ctx, "audit/export", none{}, &from); err != nil {
		return err
	}
	db, err := store.OpenLog(from.Database)
	if err != nil {
		return err
	}
	size, wrote, err := copyLog(ctx, db, c.Dir, from.Key)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	s.say(s.out, "audit.exported", c.Dir, strconv.FormatInt(size, 10), strconv.Itoa(wrote))
	return nil
}

func copyLog(ctx context.Context, db *store.DB, dir, key string) (size int64, wrote int, err error) {
	var note string
	var cosigned []string
	err = db.Read(ctx, func(tx *store.Tx) error {
		if note, err = tx.Checkpoint(ctx); err != nil {
			return err
		}
		cosigned, err = tx.Cosigned(ctx, 0)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	if size, err = audit.SizeOf(note); err != nil {
		return 0, 0, err
	}
	err = audit.Tiles(size, func(t tlog.Tile) error {
		path := filepath.Join(dir, filepath.FromSlash(audit.TilePath(t)))
		if _, err := os.Stat(path); err == nil && t.W == audit.TileWidth {
			return nil
		}
		var data []byte
		err := db.Read(ctx, func(tx *store.Tx) (err error) {
			data, err = tx.ReadTile(ctx, t)
			return err
		})
		if err != nil {
			return err
		}
		wrote++
		return writeBelow(path, data)
	})
	for path, text := range map[string]string{audit.KeyPath: key, audit.CosignedPath: strings.Join(cosigned, "\n")} {
		if err == nil && text != "" {
			err = writeBelow(filepath.Join(dir, path), []byte(text))
		}
	}
	if err == nil { // last: whoever sees it finds everything below it
		err = writeBelow(filepath.Join(dir, audit.CheckpointPath), []byte(note))
	}
	return size, wrote, err
}

func writeBelow(path string, data []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return writeWhole(path, data)
}

type auditKeyCommand struct {
	Config string `help:"The node's configuration." default:"node.yaml" type:"path"`
}

// Run prints the key of the log, and that of the node as a witness.
func (c *auditKeyCommand) Run(ctx context.Context, s streams) error {
	set, err := readSettings(c.Config, s.log)
	if err != nil {
		return err
	}
	defer func() { _ = set.closeSources() }() // nothing is lost by what does not close
	keys, err := openKeys(ctx, set.keys, set.issuer, set.suite, set.helper)
	if err != nil {
		return err
	}
	key, err := keys.logKey(set.name)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s\n%s\n", key.Verifier(), key.Verifier().Cosigner())
	return nil
}

type auditShowCommand struct {
	nodeFlags
	Case    string `help:"Only what was done about this case."`
	Officer string `help:"Only what this officer did."`
	Verb    string `help:"Only this act, such as case.read."`
	From    string `help:"From this day on, such as 2026-11-01."`
	Until   string `help:"Up to this day."`
	Before  string `help:"Go on after this entry."`
	JSON    bool   `name:"json" help:"Print the entries as JSON."`
}

// Run prints the trail.
func (c *auditShowCommand) Run(ctx context.Context, s streams) error {
	f, err := web.TrailFilter(c.Case, c.Officer, c.Verb, c.From, c.Until, c.Before)
	if err != nil {
		return err
	}
	var t casework.Trail
	if err := c.do(ctx, "audit/show", f, &t); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(t)
	}
	for _, e := range t.Entries {
		state := ""
		if !e.Intact {
			state = "  !! " + lang.Text(s.lang, "trail.changed")
		}
		fmt.Fprintf(s.out, "%s  %s%s\n", e.At.In(day.Beijing).Format(time.DateTime), web.TrailSentence(s.lang, e.Entry), state)
	}
	if t.More != "" {
		s.say(s.out, "trail.more", t.More)
	}
	return nil
}

func orderTrail(ctx context.Context, n *node, o hedui.Officer, f store.TrailFilter) (any, error) {
	return n.desk.Trail(ctx, o, f)
}
