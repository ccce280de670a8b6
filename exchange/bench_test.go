package exchange

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hedui/seal"
)

// The benchmarks measure a question and its reply between two nodes over
// loopback, and beside it, in the same run, the same bodies read and written by
// the same code as plain HTTPS JSON: one POST with the questions, answered by
// the replies. docs/exchange.md tells how to read them.

// plainPair is an HTTPS server that answers questions, and a client.
func plainPair(b *testing.B) (ask func(body []byte) []byte) {
	b.Helper()
	cert, err := certificate(newHub(b))
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	serve := func(w http.ResponseWriter, r *http.Request) {
		data, err := readAll(r.Body, r.ContentLength, MaxBody)
		if err != nil {
			b.Error(err)
			return
		}
		out, err := answer(Message{Kind: KindQuestions, Purpose: "dibao", Body: data}, false)
		if err != nil {
			b.Error(err)
			return
		}
		w.Header().Set("Content-Type", typeJSON)
		_, _ = w.Write(out.Body)
	}
	server := &http.Server{Handler: http.HandlerFunc(serve), TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}}}
	go server.ServeTLS(l, "", "")
	b.Cleanup(func() { server.Close() })
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, DisableCompression: true}
	b.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	return func(body []byte) []byte {
		resp, err := client.Post("https://"+l.Addr().String()+"/ask", typeJSON, bytes.NewReader(body))
		if err != nil {
			b.Error(err)
			return nil
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			b.Error(err)
		}
		return data
	}
}

// answer makes the replies to a message of questions, as both sides of the comparison do.
func answer(m Message, checked bool) (Message, error) {
	if !checked { // plain HTTPS has no header to hold against the body
		var w wireQuestions
		if err := decodeJSON(m.Body, &w); err != nil {
			return Message{}, err
		}
		numbers := map[string]bool{}
		for _, q := range w.Questions {
			numbers[q.Mandate.Number] = true
		}
		if m.Mandates = len(numbers); m.Mandates == 1 {
			m.Mandate = w.Questions[0].Mandate.Number
		}
	}
	qs, err := m.Questions()
	if err != nil {
		return Message{}, err
	}
	now := time.Now()
	replies := make(Replies, len(qs))
	for i, q := range qs {
		replies[i] = reply(q.ID, now)
	}
	return NewMessage(NewID(), now.Add(time.Hour), replies)
}

// benchPair is a pair whose hub answers, and which calls done for each message of replies.
func benchPair(b *testing.B, done func(Replies)) *pair {
	p := newPair(b)
	p.up.lease, p.down.lease = time.Minute, time.Minute
	var atHub, atHaishu receiverFunc = func(from Peer, m Message) error {
		out, err := answer(m, true)
		if err == nil {
			p.down.put(from.Name, out)
		}
		return err
	}, func(_ Peer, m Message) error {
		rs, err := m.Replies()
		if err == nil {
			done(rs)
		}
		return err
	}
	p.handler.Receiver, p.client.Receiver = atHub, atHaishu
	p.run(b)
	p.link(b, true, "")
	return p
}

type receiverFunc func(Peer, Message) error

func (f receiverFunc) Receive(_ context.Context, from Peer, m Message) error { return f(from, m) }

// BenchmarkQueries has 2,000 questions outstanding all the time, in bodies of so
// many, and counts those answered in a second.
func BenchmarkQueries(b *testing.B) {
	for _, size := range []int{1, 10, 50} {
		outstanding := 2000 / size
		b.Run(fmt.Sprintf("exchange/%d", size), func(b *testing.B) {
			slots := make(chan struct{}, outstanding)
			var wait sync.WaitGroup
			p := benchPair(b, func(Replies) { <-slots; wait.Done() })
			bodies := manyBodies(b, size)
			b.ResetTimer()
			for n := 0; n < b.N; n += size {
				slots <- struct{}{}
				wait.Add(1)
				m, err := NewMessage(NewID(), time.Now().Add(time.Hour), bodies[n/size%len(bodies)])
				if err != nil {
					b.Fatal(err)
				}
				p.up.put("ningbo", m)
			}
			wait.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "queries/s")
		})
		b.Run(fmt.Sprintf("plain/%d", size), func(b *testing.B) {
			ask := plainPair(b)
			bodies := manyBodies(b, size)
			var next atomic.Int64
			var wait sync.WaitGroup
			b.ResetTimer()
			for range min(outstanding, 200) { // more streams than a server takes at once gain nothing
				wait.Go(func() {
					for n := next.Add(int64(size)); n <= int64(b.N); n = next.Add(int64(size)) {
						plainAsk(b, ask, bodies[int(n)/size%len(bodies)])
					}
				})
			}
			wait.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "queries/s")
		})
	}
}

func manyBodies(b *testing.B, size int) []Questions {
	all := make([]Questions, 64)
	for i := range all {
		all[i] = questions(b, size, time.Now())
	}
	return all
}

// plainAsk writes the questions, asks, and reads the replies as the county would.
func plainAsk(b *testing.B, ask func([]byte) []byte, qs Questions) {
	m, err := NewMessage(NewID(), time.Now().Add(time.Hour), qs)
	if err != nil {
		b.Error(err)
		return
	}
	if _, err := (Message{Kind: KindReplies, Body: ask(m.Body)}).Replies(); err != nil {
		b.Error(err)
	}
}

// BenchmarkLatency asks one question after the other in so many lines at once.
func BenchmarkLatency(b *testing.B) {
	for _, lines := range []int{1, 16} {
		b.Run(fmt.Sprintf("exchange/%d", lines), func(b *testing.B) {
			var waiting sync.Map
			p := benchPair(b, func(rs Replies) {
				if ch, ok := waiting.LoadAndDelete(rs[0].Query); ok {
					close(ch.(chan struct{}))
				}
			})
			inLines(b, lines, func(qs Questions) {
				qs = slices.Clone(qs)
				qs[0].ID = NewID()
				ch := make(chan struct{})
				waiting.Store(qs[0].ID, ch)
				m, err := NewMessage(NewID(), time.Now().Add(time.Hour), qs)
				if err != nil {
					b.Error(err)
					return
				}
				p.up.put("ningbo", m)
				<-ch
			})
		})
		b.Run(fmt.Sprintf("plain/%d", lines), func(b *testing.B) {
			ask := plainPair(b)
			inLines(b, lines, func(qs Questions) { plainAsk(b, ask, qs) })
		})
	}
}

func inLines(b *testing.B, lines int, ask func(Questions)) {
	qs := questions(b, 1, time.Now())
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wait sync.WaitGroup
	ask(qs) // the connection is there
	b.ResetTimer()
	for range lines {
		wait.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				start := time.Now()
				ask(qs)
				took[n-1] = time.Since(start)
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// benchSuites runs a benchmark with messages of one question and of fifty, in both suites.
func benchSuites(b *testing.B, run func(b *testing.B, l suiteLink, m Message)) {
	for _, suite := range []seal.Suite{seal.Intl, seal.GM} {
		for _, n := range []int{1, 50} {
			b.Run(fmt.Sprintf("%s/%d", suite, n), func(b *testing.B) {
				m := message(b, questions(b, n, noon), noon)
				b.SetBytes(int64(len(m.Body)))
				run(b, newSuiteLink(b, suite), m)
			})
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	benchSuites(b, func(b *testing.B, l suiteLink, m Message) {
		for b.Loop() {
			if _, err := Seal(l.haishu, l.hubPeer(), m, noon); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	benchSuites(b, func(b *testing.B, l suiteLink, m Message) {
		data, err := Seal(l.haishu, l.hubPeer(), m, noon)
		if err != nil {
			b.Fatal(err)
		}
		peers := l.known()
		for b.Loop() {
			if _, _, err := Open(l.hub, peers, data, noon, DefaultSkew); err != nil {
				b.Fatal(err)
			}
		}
	})
}
