//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrServed means that another process serves the SQLite file.
var ErrServed = errors.New("another process serves this database")

// lockFile holds path until release is called or the process ends, however it
// ends. The file stays: removing it would let two processes hold two files.
func lockFile(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("%w (%s is locked)", ErrServed, path)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
