package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// clientKey is the key the load presents; the gateway knows its hash.
const clientKey = "sg-bench-0123456789abcdef0123456789abcdef"

// request is a chat request with a body of a given size, in bytes.
func request(size int, streamed bool) []byte {
	const head, tail = `{"model":"chat","temperature":0.7,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"`, `"}]}`
	mode := ""
	if streamed {
		mode = `{"stream":true,`
	}
	body := head
	if mode != "" {
		body = mode + head[1:]
	}
	const sentence = "Pack my box with five dozen liquor jugs. "
	room := max(size-len(body)-len(tail), 0)
	body += strings.Repeat(sentence, room/len(sentence)+1)[:room] + tail
	return fmt.Appendf(nil, "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: application/json\r\n"+
		"Authorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", clientKey, len(body), body)
}

func connect(ctx context.Context, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", address)
}

// load is a closed loop: a number of connections, each of which sends its next
// request when it has its answer.
type load struct {
	requests int
	took     time.Duration
	times    []time.Duration // of every 16th request
}

// drive loads an address for a time. Any answer but a 200 is an error.
func drive(ctx context.Context, address string, message []byte, connections int, cell time.Duration) (*load, error) {
	ctx, cancel := context.WithTimeout(ctx, cell+30*time.Second)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failure error
	all := &load{}
	start := time.Now()
	for range connections {
		wg.Go(func() {
			one, err := loop(ctx, address, message, start.Add(cell))
			mu.Lock()
			defer mu.Unlock()
			all.requests += one.requests
			all.times = append(all.times, one.times...)
			failure = errors.Join(failure, err)
		})
	}
	wg.Wait()
	all.took = time.Since(start)
	return all, failure
}

func loop(ctx context.Context, address string, message []byte, until time.Time) (load, error) {
	var l load
	c, err := connect(ctx, address)
	if err != nil {
		return l, err
	}
	defer func() { _ = c.Close() }()
	deadline, _ := ctx.Deadline()
	_ = c.SetDeadline(deadline)
	m := newMessages(c)
	for {
		before := time.Now()
		if before.After(until) {
			return l, nil
		}
		if _, err := c.Write(message); err != nil {
			return l, err
		}
		head, _, err := m.next()
		if err != nil {
			return l, fmt.Errorf("reading an answer: %w", err)
		}
		if !ok(head) {
			return l, fmt.Errorf("the answer is %q", firstLine(head))
		}
		if l.requests%16 == 0 {
			l.times = append(l.times, time.Since(before))
		}
		l.requests++
	}
}

func ok(head []byte) bool { return bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) }

func firstLine(text []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.TrimSpace(line))
}

func lastLine(text []byte) string {
	text = bytes.TrimSpace(text)
	return string(text[bytes.LastIndexByte(text, '\n')+1:])
}

// median is the middle of the values, which it sorts.
func median[T int | float64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// hold opens streams and keeps them open until it is told to let go.
func hold(ctx context.Context, address string, streams int) (release func(), err error) {
	conns := make([]net.Conn, 0, streams)
	release = func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}
	message := request(512, true)
	buf := make([]byte, 4<<10)
	for range streams {
		c, err := connect(ctx, address)
		if err != nil {
			return release, err
		}
		conns = append(conns, c)
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := c.Write(message); err != nil {
			return release, err
		}
		for n := 0; !bytes.Contains(buf[:n], []byte("data: ")); {
			m, err := c.Read(buf[n:])
			if n += m; err != nil || n == len(buf) || (n > 20 && !ok(buf[:n])) {
				return release, fmt.Errorf("stream %d did not begin: %q (%w)", len(conns), firstLine(buf[:n]), errors.Join(err, ctx.Err()))
			}
		}
		_ = c.SetDeadline(time.Time{})
	}
	return release, nil
}
