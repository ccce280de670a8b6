package store

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// ErrServed means that another process serves the SQLite file.
var ErrServed = errors.New("another process serves this database")

// lockFile holds path until release is called or the process ends, however it
// ends.
func lockFile(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	const how = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{}); err != nil {
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			err = fmt.Errorf("%w (%s is locked)", ErrServed, path)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
