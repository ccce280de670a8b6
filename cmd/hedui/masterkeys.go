package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/seal"
)

// masterKeys are the versions of the master key in a directory: master.key,
// master-2.key and so on. Which of them the database uses it says itself, by their
// ids: names of files only order those that are new.
type masterKeys struct {
	dir    string
	suite  seal.Suite // of new ones
	helper *keyHelper // wraps new ones, and unwraps those it has wrapped; nil = files in clear

	mu   sync.Mutex
	read map[string]masterFile // by path
}

type masterFile struct {
	n   int
	id  string
	key seal.Key
}

var masterName = regexp.MustCompile(`^master(?:-([2-9]|[1-9][0-9]{1,3}))?\.key$`)

// wrapper is the helper as what the seal room knows.
func (m *masterKeys) wrapper() seal.Wrapper {
	if m.helper == nil {
		return nil
	}
	return m.helper
}

// load reads the files it has not read, oldest first. What cannot be read is in the
// error; the others are returned all the same.
func (m *masterKeys) load(ctx context.Context) ([]masterFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	var list []masterFile
	var bad []error
	for _, entry := range entries {
		name := masterName.FindStringSubmatch(entry.Name())
		if name == nil {
			continue
		}
		path := filepath.Join(m.dir, entry.Name())
		f, ok := m.read[path]
		if !ok {
			f.n = 1
			if name[1] != "" {
				f.n, _ = strconv.Atoi(name[1]) // digits
			}
			if f.key, err = seal.LoadKeyBy(ctx, path, m.wrapper()); err == nil {
				f.id, err = f.key.ID()
			}
			if errors.Is(err, seal.ErrWrapped) {
				err = hedui.Fail(hedui.Invalid, hedui.Say("error.helper.none", path), err)
			}
			if err != nil {
				bad = append(bad, err)
				continue
			}
			if m.read == nil {
				m.read = map[string]masterFile{}
			}
			m.read[path] = f
		}
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b masterFile) int { return a.n - b.n })
	return list, errors.Join(bad...)
}

func (m *masterKeys) path(n int) string {
	if n == 1 {
		return filepath.Join(m.dir, "master.key")
	}
	return filepath.Join(m.dir, "master-"+strconv.Itoa(n)+".key")
}

// first is the oldest version that is there. Where there is none it makes one; a file
// that cannot be read is never a reason for that.
func (m *masterKeys) first(ctx context.Context) (seal.Key, error) {
	list, err := m.load(ctx)
	switch {
	case len(list) > 0:
		return list[0].key, nil
	case err != nil:
		return seal.Key{}, err
	}
	_, err = m.make(ctx, 1)
	if err != nil {
		return seal.Key{}, err
	}
	return m.first(ctx)
}

// make makes a new version and returns its id.
func (m *masterKeys) make(ctx context.Context, n int) (id string, err error) {
	key, err := seal.NewKeyFor(m.suite.Cipher())
	if err != nil {
		return "", err
	}
	if id, err = key.ID(); err != nil {
		return "", err
	}
	if m.helper != nil {
		err = key.SaveWrapped(ctx, m.path(n), m.helper.key, m.helper)
	} else {
		err = key.Save(m.path(n))
	}
	if err != nil && !errors.Is(err, fs.ErrExist) { // another process was quicker
		return "", err
	}
	return id, nil
}

// find is a version by its id.
func (m *masterKeys) find(id string) (seal.Key, error) {
	list, err := m.load(context.Background())
	for _, f := range list {
		if f.id == id {
			return f.key, nil
		}
	}
	return seal.Key{}, errors.Join(store.ErrKeyMissing, err)
}

// file is where a version lies, or "".
func (m *masterKeys) file(id string) string {
	list, _ := m.load(context.Background()) // what is not read is not found
	for _, f := range list {
		if f.id == id {
			return m.path(f.n)
		}
	}
	return ""
}

// next is the newest version that the database does not know, or a new one, which it
// makes.
func (m *masterKeys) next(ctx context.Context, known []store.MasterKey) (id string, fresh bool, err error) {
	list, err := m.load(ctx)
	if err != nil {
		return "", false, err
	}
	n := len(known)
	for _, f := range list {
		n = max(n, f.n)
	}
	if len(list) > 0 {
		last := list[len(list)-1]
		if !slices.ContainsFunc(known, func(k store.MasterKey) bool { return k.ID == last.id }) {
			return last.id, false, nil
		}
	}
	if id, err = m.make(ctx, n+1); err != nil {
		return "", false, err
	}
	return id, true, nil
}
