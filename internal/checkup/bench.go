package checkup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"hedui/internal/connector"
	"hedui/internal/hedui"
)

// A Bench tries the sources of a node while it runs. Each time it reads the source
// file as it lies there now.
type Bench struct {
	Files map[string]string // path of the file by the name of the source
	Signs func() *Signer    // of the hour; nil = the department is sent the number of the mandate only
	Now   func() time.Time
}

// maxFile is more than a source file, or that of a test person, has.
const maxFile = 1 << 20

// A File is a source file as it lies there now.
type File struct {
	Name       string // without its directory
	Digest     string // empty where it cannot be read
	Problems   []connector.Problem
	Unreadable []string // keys that name files which cannot be read
	Person     string   // text, after "sheet.", of why there is no test person; empty if there is one
	Config     *connector.Config
}

// File reads the file of a source. False means that the source has none.
func (b *Bench) File(name string) (File, bool) {
	path, ok := b.Files[name]
	if !ok {
		return File{}, false
	}
	f := File{Name: filepath.Base(path)}
	text, err := readFile(path)
	if err != nil {
		return f, true
	}
	f.read(text)
	if f.Config != nil && f.Config.Info().Manual == nil {
		_, f.Person = person(f.Config)
	}
	return f, true
}

// Dry reads a source file that somebody hands in, and nothing else: no file that it
// names is opened and nobody is asked.
func Dry(text []byte) File {
	f := File{Name: "source.yaml"}
	f.read(text)
	f.Unreadable = nil
	return f
}

func (f *File) read(text []byte) {
	sum := sha256.Sum256(text)
	f.Digest = "sha256:" + hex.EncodeToString(sum[:])
	cfg, err := connector.Load(f.Name, text)
	var bad *connector.FileError
	switch {
	case errors.As(err, &bad):
		f.Problems = bad.Problems
	case err == nil:
		f.Config = cfg
	}
}

// Check looks for the files that the source file names.
func (f *File) Check() {
	if f.Config != nil {
		f.Unreadable = f.Config.Unreadable()
	}
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// person reads the test person that a source file names, or says why there is none.
func person(cfg *connector.Config) (Person, string) {
	if cfg.TestPerson() == "" {
		return Person{}, "person.unnamed"
	}
	text, err := readFile(cfg.TestPerson())
	if err != nil {
		return Person{}, "person.unreadable"
	}
	p, err := ParsePerson(text)
	if err != nil { // its text may quote the file
		return Person{}, "person.wrong"
	}
	return p, ""
}

// Limits of a trial of a running node: the department has other work to do.
const (
	trialAsks = 3
	trialWait = time.Minute
	// TrialFare is what a trial takes of a department's quota at most, in persons or calls.
	TrialFare = 9
)

// Try tries a source. strange says, as a text after "sheet.", why the test person must
// not be asked about; told hears of each line.
func (b *Bench) Try(ctx context.Context, name string, strange func(Person) (string, error), told func(*Sheet) error) (*Sheet, error) {
	sh := &Sheet{Form: Form, CheckedAt: b.Now().Truncate(time.Second)}
	var failed error
	sh.Told = func() {
		if err := told(sh); err != nil && failed == nil {
			failed = err
		}
	}
	f, ok := b.File(name)
	f.Check()
	sh.File, sh.Digest = f.Name, f.Digest
	switch {
	case !ok || f.Digest == "":
		sh.Note("file", NotReady, "file.gone")
	case f.Config == nil:
		for _, p := range f.Problems {
			sh.Note("file", NotReady, "file.problem", strconv.Itoa(p.Line), strconv.Itoa(p.Column), p.Field, p.Say)
		}
	case f.Config.Info().Name != name:
		sh.Note("file", NotReady, "file.other", name, f.Config.Info().Name)
	default:
		if err := b.ask(ctx, sh, f, strange); err != nil {
			return sh, err
		}
	}
	sh.Ready = sh.Count(NotReady) == 0
	return sh, errors.Join(failed, ctx.Err())
}

func (b *Bench) ask(ctx context.Context, sh *Sheet, f File, strange func(Person) (string, error)) error {
	up := New(sh, f.Config, b.Now)
	if up.Manual() {
		up.ShowForm()
		return nil
	}
	for _, key := range f.Unreadable {
		sh.Note("file", Warning, "file.names", key)
	}
	who, why := person(f.Config)
	if why == "" {
		var err error
		if why, err = strange(who); err != nil {
			return err
		}
	}
	if why != "" {
		sh.Note("person", NotReady, why)
		return nil
	}
	if b.Signs != nil {
		up.Signs = b.Signs()
	}
	up.Begin(who, "check", trialWait)
	defer up.Close()
	up.Run(ctx, trialAsks, trialWait, func(int, time.Duration) {})
	return nil
}

// Kept are the lines of a sheet as they are kept.
func (s *Sheet) Kept() []hedui.CheckLine {
	list := make([]hedui.CheckLine, len(s.Lines))
	for i, l := range s.Lines {
		list[i] = hedui.CheckLine{Check: l.Check, State: l.State, Key: l.Key, Args: l.Args, Why: l.Why}
	}
	return list
}
