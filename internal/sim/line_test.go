package sim

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"
)

// echo answers every line with the same line.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	return l.Addr().String()
}

// say sends a line and returns what comes back, or nothing.
func say(t *testing.T, c net.Conn, wait time.Duration) string {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(wait))
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		return ""
	}
	got, _ := bufio.NewReader(c).ReadString('\n')
	return got
}

func TestALinePassesOnUntilItIsCut(t *testing.T) {
	line, err := NewLine(t.Context(), "127.0.0.1:0", echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", line.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	first := dial()
	if got := say(t, first, 5*time.Second); got != "hello\n" {
		t.Errorf("whole: got %q", got)
	}
	line.Cut(true)
	if got := say(t, first, 5*time.Second) + say(t, dial(), 5*time.Second); got != "" {
		t.Errorf("cut: got %q", got)
	}
	line.Cut(false)
	line.Delay(100 * time.Millisecond)
	begun := time.Now()
	if got := say(t, dial(), 5*time.Second); got != "hello\n" || time.Since(begun) < 200*time.Millisecond {
		t.Errorf("slow: got %q after %s", got, time.Since(begun))
	}
	line.Delay(0)
	line.Mute(true)
	if got := say(t, dial(), 300*time.Millisecond); got != "" {
		t.Errorf("mute: got %q", got)
	}
	line.Mute(false)
	if got := say(t, dial(), 5*time.Second); got != "hello\n" {
		t.Errorf("mended: got %q", got)
	}
}
