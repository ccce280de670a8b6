package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// A Line is the network between two nodes, with faults that can be told: it
// passes TCP connections on, until it is cut, and late if it is slow. It knows
// nothing of what passes.
type Line struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	cut   bool
	mute  bool // what comes back is swallowed, so that the asker does not learn what was done
	delay time.Duration
	open  map[net.Conn]bool
}

// NewLine listens on an address of this machine and passes on to the target.
func NewLine(ctx context.Context, address, target string) (*Line, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("sim: line: %w", err)
	}
	line := &Line{listener: l, target: target, open: map[net.Conn]bool{}}
	go line.accept(ctx)
	return line, nil
}

// Addr is where the line begins.
func (l *Line) Addr() string { return l.listener.Addr().String() }

// Close ends the line and every connection on it.
func (l *Line) Close() error {
	l.Cut(true)
	return l.listener.Close()
}

// Cut breaks the line and every connection on it, or mends it.
func (l *Line) Cut(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut = cut; cut {
		for c := range l.open {
			_ = c.Close()
		}
		clear(l.open)
	}
}

// Mute makes the line swallow what comes back from the target, and break the
// connections when it ends: what was sent arrived, and nobody heard so.
func (l *Line) Mute(mute bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mute && !mute {
		for c := range l.open {
			_ = c.Close()
		}
		clear(l.open)
	}
	l.mute = mute
}

// Delay holds back each piece that passes for so long.
func (l *Line) Delay(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = d
}

func (l *Line) accept(ctx context.Context) {
	for {
		near, err := l.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		go l.join(ctx, near)
	}
}

// join connects one caller with the target.
func (l *Line) join(ctx context.Context, near net.Conn) {
	defer near.Close()
	if !l.keep(near) {
		return
	}
	defer l.forget(near)
	var dialer net.Dialer
	far, err := dialer.DialContext(ctx, "tcp", l.target)
	if err != nil {
		return
	}
	defer far.Close()
	if !l.keep(far) {
		return
	}
	defer l.forget(far)
	ended := make(chan struct{}, 2)
	go func() { l.pass(ctx, far, near, false); ended <- struct{}{} }()
	go func() { l.pass(ctx, near, far, true); ended <- struct{}{} }()
	<-ended
}

func (l *Line) keep(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return false
	}
	l.open[c] = true
	return true
}

func (l *Line) forget(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

func (l *Line) pass(ctx context.Context, to io.Writer, from io.Reader, back bool) {
	piece := make([]byte, 16<<10)
	for {
		n, err := from.Read(piece)
		l.mu.Lock()
		delay, swallow := l.delay, l.mute && back
		l.mu.Unlock()
		if delay > 0 && !wait(ctx, delay) {
			return
		}
		if n > 0 && !swallow {
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
