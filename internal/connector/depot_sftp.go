package connector

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// account is where and as whom files are exchanged over SFTP.
type account struct {
	server, user string
	auth         auth   // a password, if there is no key file
	keyFile      string // of a private key without passphrase
	hostKey      ssh.PublicKey
}

// Errors of an account, for the operator.
var (
	errSecret  = errors.New("the key or the password of the account cannot be read from its file")
	errAccount = errors.New("the server does not accept the account")
	errHostKey = errors.New("the server's host key is not the one in the source file; ask the department whether it was changed, before changing known_host")
)

// station keeps one connection to an SFTP server, for all calls together.
type station struct {
	account
	mu     sync.Mutex
	client *sftp.Client
}

// visit uses the connection that is there or makes one. When ctx is done the
// connection is closed: nothing else ends a call that hangs.
func (s *station) visit(ctx context.Context) (visit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	client, reused := s.client, s.client != nil
	if !reused {
		var err error
		if client, err = s.connect(ctx); err != nil {
			return visit{}, err
		}
		s.client = client
	}
	stop := context.AfterFunc(ctx, func() { s.drop(client) })
	leave := func(err error) {
		stop()
		if lost(err) {
			s.drop(client)
		}
	}
	return visit{depot: remote{client}, reused: reused, leave: leave}, nil
}

func (s *station) drop(client *sftp.Client) {
	_ = client.Close() // it is broken or unwanted
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == client {
		s.client = nil
	}
}

// connect opens the connection. Nobody is asked for a password, and no other
// host key than the one agreed is accepted.
func (s *station) connect(ctx context.Context) (*sftp.Client, error) {
	method, err := s.method()
	if err != nil {
		return nil, errSecret
	}
	var known error
	config := &ssh.ClientConfig{
		User: s.user, Auth: []ssh.AuthMethod{method}, HostKeyAlgorithms: algorithms(s.hostKey),
		HostKeyCallback: func(host string, remote net.Addr, key ssh.PublicKey) error {
			known = ssh.FixedHostKey(s.hostKey)(host, remote, key)
			return known
		},
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.server)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	link, channels, requests, err := ssh.NewClientConn(conn, s.server, config)
	var algorithm *ssh.AlgorithmNegotiationError
	switch {
	case known != nil, errors.As(err, &algorithm) && algorithm.What == "host key":
		return nil, errors.Join(errHostKey, conn.Close())
	case err != nil && strings.Contains(err.Error(), "unable to authenticate"): // the package has no value for it
		return nil, errors.Join(errAccount, conn.Close())
	case err != nil:
		return nil, errors.Join(err, conn.Close())
	}
	session := ssh.NewClient(link, channels, requests)
	client, err := sftp.NewClient(session)
	if err != nil {
		return nil, errors.Join(err, session.Close())
	}
	go func() {
		_ = client.Wait() // until one side ends it
		_ = session.Close()
	}()
	return client, nil
}

// algorithms are those by which a server proves a key of this type.
func algorithms(key ssh.PublicKey) []string {
	if key.Type() == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{key.Type()}
}

// method reads key or password anew for each connection, so that they can be
// exchanged while Hedui runs.
func (s *station) method() (ssh.AuthMethod, error) {
	if s.keyFile == "" {
		secret, err := s.auth.reveal()
		return ssh.Password(secret), err
	}
	text, err := os.ReadFile(s.keyFile)
	if err != nil {
		return nil, err
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, err
	}
	return ssh.PublicKeys(key), nil
}

// lost reports whether an error means that the connection is of no use any more:
// every one that is not a server's word about a file.
func lost(err error) bool {
	var status *sftp.StatusError
	return err != nil && !errors.As(err, &status) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) &&
		!errors.Is(err, fs.ErrExist) && !errors.Is(err, errNotYet)
}

// remote is a depot behind SFTP.
type remote struct{ client *sftp.Client }

func (r remote) list(ctx context.Context, dir string) ([]fs.FileInfo, error) {
	return r.client.ReadDirContext(ctx, dir)
}

func (r remote) open(name string, create bool) (file, error) {
	if create {
		return r.client.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	}
	return r.client.Open(name)
}

// rename replaces at once where the server can; SFTP itself refuses to.
func (r remote) rename(from, to string) error {
	if _, ok := r.client.HasExtension("posix-rename@openssh.com"); ok {
		return r.client.PosixRename(from, to)
	}
	if err := r.client.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace: %w", err)
	}
	return r.client.Rename(from, to)
}

func (r remote) remove(name string) error { return r.client.Remove(name) }
