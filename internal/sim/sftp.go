package sim

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// A server gives one directory to whoever has the account, over SFTP.
type server struct {
	addr, hostKey string
	listener      net.Listener
	root          *os.Root
	down          func() bool
	refused       func()

	mu   sync.Mutex
	open map[net.Conn]bool
}

// serveFiles starts the SFTP server of the housing fund, with a host key made now.
func (c *City) serveFiles(ctx context.Context, dir string) (*server, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, err
	}
	config := &ssh.ServerConfig{PasswordCallback: func(conn ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if conn.User() != "hedui" || string(password) != keyOf("housing") {
			return nil, errors.New("sim: unknown account")
		}
		return &ssh.Permissions{}, nil
	}}
	config.AddHostKey(key)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", net.JoinHostPort(c.opts.Listen, "0"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sim: listen for SFTP: %w", err), root.Close())
	}
	s := &server{
		addr: l.Addr().String(), hostKey: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey()))), listener: l, root: root, open: map[net.Conn]bool{},
		down:    func() bool { return c.faults.down("housing", "housing_fund", time.Now()) },
		refused: func() { c.counts.call("housing_fund") },
	}
	go s.accept(config)
	return s, nil
}

func (s *server) close() error {
	err := s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.open {
		_ = conn.Close() // the client hears of it
	}
	return errors.Join(err, s.root.Close())
}

func (s *server) accept(config *ssh.ServerConfig) {
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if s.down() {
			s.refused()
			_ = conn.Close()
			continue
		}
		s.mu.Lock()
		s.open[conn] = true
		s.mu.Unlock()
		go func() {
			s.talk(conn, config)
			_ = conn.Close()
			s.mu.Lock()
			delete(s.open, conn)
			s.mu.Unlock()
		}()
	}
}

// talk serves one connection until it ends.
func (s *server) talk(conn net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range asked {
				_ = r.Reply(r.Type == "subsystem" && strings.HasSuffix(string(r.Payload), "sftp"), nil)
			}
		}()
		go func() {
			h := &room{s, conn}
			_ = sftp.NewRequestServer(channel, sftp.Handlers{FileGet: h, FilePut: h, FileCmd: h, FileList: h}).Serve() // ends with the connection
			_ = channel.Close()
		}()
	}
}

// A room is the directory as one connection sees it: nothing leads out of it.
type room struct {
	*server
	conn net.Conn
}

// name is a path within the directory. A server that is down hangs up.
func (r *room) name(path string) (string, error) {
	if r.down() {
		_ = r.conn.Close()
		return "", sftp.ErrSSHFxConnectionLost
	}
	if path = strings.Trim(path, "/"); path == "" {
		path = "."
	}
	return path, nil
}

// Fileread implements [sftp.FileReader].
func (r *room) Fileread(q *sftp.Request) (io.ReaderAt, error) {
	name, err := r.name(q.Filepath)
	if err != nil {
		return nil, err
	}
	return r.root.Open(name)
}

// Filewrite implements [sftp.FileWriter].
func (r *room) Filewrite(q *sftp.Request) (io.WriterAt, error) {
	name, err := r.name(q.Filepath)
	if err != nil {
		return nil, err
	}
	flags := os.O_WRONLY | os.O_CREATE
	if q.Pflags().Excl {
		flags |= os.O_EXCL
	}
	return r.root.OpenFile(name, flags, 0o600)
}

// Filecmd implements [sftp.FileCmder].
func (r *room) Filecmd(q *sftp.Request) error {
	name, err := r.name(q.Filepath)
	if err != nil {
		return err
	}
	switch q.Method {
	case "Rename":
		return r.PosixRename(q)
	case "Remove":
		return r.root.Remove(name)
	}
	return sftp.ErrSSHFxOpUnsupported
}

// PosixRename implements [sftp.PosixRenameFileCmder].
func (r *room) PosixRename(q *sftp.Request) error {
	from, err := r.name(q.Filepath)
	if err != nil {
		return err
	}
	to, err := r.name(q.Target)
	if err != nil {
		return err
	}
	return r.root.Rename(from, to)
}

// Filelist implements [sftp.FileLister].
func (r *room) Filelist(q *sftp.Request) (sftp.ListerAt, error) {
	name, err := r.name(q.Filepath)
	if err != nil {
		return nil, err
	}
	if q.Method != "List" {
		info, err := r.root.Lstat(name)
		return listing{info}, err
	}
	entries, err := fs.ReadDir(r.root.FS(), name)
	if err != nil {
		return nil, err
	}
	var all listing
	for _, e := range entries {
		if info, err := e.Info(); err == nil { // else it is gone
			all = append(all, info)
		}
	}
	return all, nil
}

// A listing is what a directory holds.
type listing []fs.FileInfo

// ListAt implements [sftp.ListerAt].
func (l listing) ListAt(to []fs.FileInfo, offset int64) (int, error) {
	if offset >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(to, l[offset:])
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}
