package seal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

const (
	ownerOnly = 0o600
	everyone  = 0o644

	maxFile = 1 << 20 // a trust file of thousands of keys still fits
)

// WriteSecret makes the file of a secret, readable by its owner only, see writeNew.
func WriteSecret(path string, data []byte) error { return writeNew(path, data, ownerOnly) }

// writeNew creates path, which must not exist, and returns when the bytes and
// the directory entry are on disk: a key that is lost after its first use would
// take everything encrypted under it along. The file is there in full or not at
// all, also when the program is killed meanwhile.
func writeNew(path string, data []byte, mode os.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return fmt.Errorf("seal: write key file: %w", err)
	}
	defer func() {
		if err = errors.Join(err, os.Remove(f.Name())); err != nil {
			err = fmt.Errorf("seal: write key file: %w", err)
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil { // unlike a rename it never replaces a key
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	if runtime.GOOS == "windows" { // which cannot sync a directory
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("seal: write key file: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("seal: write key file: %w", err)
	}
	return nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("seal: read key file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("seal: read key file: %w", err)
	case len(data) > maxFile:
		return nil, fmt.Errorf("%w: %s is larger than a key file can be", ErrMalformed, path)
	case len(data) == 0:
		return nil, fmt.Errorf("%w: %s is empty", ErrMalformed, path)
	}
	return data, nil
}

// readSecret reads a file that must not be open to everyone. A group is allowed:
// services are given their keys that way.
func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("seal: read key file: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("seal: %s holds a secret but is open to every user (mode %04o); chmod 600 it",
			path, info.Mode().Perm())
	}
	return readFile(path)
}
