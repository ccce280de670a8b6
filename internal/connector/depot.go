package connector

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
)

// A depot is a place where files lie. Names are parted by strokes and never lead
// out of it.
type depot interface {
	// list describes what is in a directory; links are described, not followed.
	list(ctx context.Context, dir string) ([]fs.FileInfo, error)
	// open opens a file to be read or, with create, makes one that is not there.
	open(name string, create bool) (file, error)
	// rename moves a file; one of the new name is replaced.
	rename(from, to string) error
	remove(name string) error
}

type file interface {
	io.ReadWriteCloser
	Stat() (fs.FileInfo, error)
}

// partPattern are the names of files that are being written.
const partPattern pattern = ".hedui-{any}.part"

// layDown writes a whole file: under another name first, so that nobody picks up a
// half.
func layDown(ctx context.Context, d depot, dir, name string, body []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	part := dir + "/.hedui-" + rand.Text() + ".part"
	f, err := d.open(part, true)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if disk, ok := f.(*os.File); ok && err == nil {
		err = disk.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = d.rename(part, dir+"/"+name)
	}
	if err != nil {
		err = errors.Join(err, d.remove(part))
	}
	return err
}

// directory is a depot on this machine or one that is mounted. Nothing in it
// leads out of it, links neither.
type directory struct{ root *os.Root }

func visitDirectory(name string) (visit, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return visit{}, err
	}
	return visit{depot: directory{root}, leave: func(error) { _ = root.Close() }}, nil
}

func (d directory) list(ctx context.Context, dir string) ([]fs.FileInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(d.root.FS(), dir)
	if err != nil {
		return nil, err
	}
	var infos []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) { // taken away since
			continue
		}
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

func (d directory) open(name string, create bool) (file, error) {
	if create { // the department is another user, often of the same group
		return d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o660)
	}
	return d.root.Open(name)
}

func (d directory) rename(from, to string) error { return d.root.Rename(from, to) }

func (d directory) remove(name string) error { return d.root.Remove(name) }
