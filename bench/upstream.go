package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// upstream is a provider that costs as little as can be: it answers every
// request with the same bytes. A request for a stream gets one event at once
// and a comment every few seconds, until its connection closes.
type upstream struct {
	listener net.Listener
	answer   []byte
	mu       sync.Mutex
	open     map[net.Conn]struct{}
}

// breath is how often an open stream says that it is alive.
const breath = 5 * time.Second

func newUpstream(ctx context.Context) (*upstream, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	body := chatCompletion()
	u := &upstream{
		listener: l, open: map[net.Conn]struct{}{},
		answer: []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body),
	}
	go u.serve()
	return u, nil
}

// chatCompletion is an answer of about 1 KB.
func chatCompletion() string {
	text := strings.TrimSpace(strings.Repeat("The quick brown fox jumps over the lazy dog. ", 15))
	return fmt.Sprintf(`{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"gpt-5.4-mini","choices":[{"index":0,`+
		`"message":{"role":"assistant","content":%q,"refusal":null},"logprobs":null,"finish_reason":"stop"}],`+
		`"usage":{"prompt_tokens":120,"completion_tokens":150,"total_tokens":270,"prompt_tokens_details":{"cached_tokens":0}}}`, text)
}

func (u *upstream) address() string { return u.listener.Addr().String() }

func (u *upstream) close() {
	_ = u.listener.Close()
	u.mu.Lock()
	defer u.mu.Unlock()
	for c := range u.open {
		_ = c.Close()
	}
}

func (u *upstream) serve() {
	for {
		c, err := u.listener.Accept()
		if err != nil {
			return
		}
		u.mu.Lock()
		u.open[c] = struct{}{}
		u.mu.Unlock()
		go func() {
			u.talk(c)
			u.mu.Lock()
			delete(u.open, c)
			u.mu.Unlock()
			_ = c.Close()
		}()
	}
}

var streamWanted = []byte(`"stream":true`)

func (u *upstream) talk(c net.Conn) {
	m := newMessages(c)
	for {
		head, body, err := m.next()
		switch {
		case err != nil:
			return
		case len(body) < 4<<10 && bytes.Contains(body, streamWanted):
			stream(c)
			return
		case len(head) > 0:
			if _, err := c.Write(u.answer); err != nil {
				return
			}
		}
	}
}

const firstEvent = `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"gpt-5.4-mini",` +
	`"choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":null}]}` + "\n\n"

// stream holds a stream open until the other side is gone.
func stream(c net.Conn) {
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, c)
		close(gone)
	}()
	head := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
	text := firstEvent
	for {
		if _, err := fmt.Fprintf(c, "%s%x\r\n%s\r\n", head, len(text), text); err != nil {
			return
		}
		head, text = "", ": still here\n\n"
		select {
		case <-gone:
			return
		case <-time.After(breath):
		}
	}
}

// messages reads HTTP/1.1 messages that say their length, from a peer that is
// known to send nothing else.
type messages struct {
	from io.Reader
	buf  []byte
	size int // of buf, what is filled
	used int // of that, what has been given out
}

func newMessages(from io.Reader) *messages { return &messages{from: from, buf: make([]byte, 4<<10)} }

// next gives a message out; it is valid until the one after is asked for.
func (m *messages) next() (head, body []byte, err error) {
	m.size = copy(m.buf, m.buf[m.used:m.size])
	m.used = 0
	end := -1
	for end < 0 {
		if end = bytes.Index(m.buf[:m.size], []byte("\r\n\r\n")); end < 0 {
			if err := m.fill(); err != nil {
				return nil, nil, err
			}
		}
	}
	end += len("\r\n\r\n")
	total := end + contentLength(m.buf[:end])
	for m.size < total {
		if err := m.fill(); err != nil {
			return nil, nil, err
		}
	}
	m.used = total
	return m.buf[:end], m.buf[end:total], nil
}

func (m *messages) fill() error {
	if m.size == len(m.buf) {
		m.buf = append(m.buf, make([]byte, len(m.buf))...)
	}
	n, err := m.from.Read(m.buf[m.size:])
	m.size += n
	if n > 0 {
		return nil
	}
	return err
}

// contentLength finds the length of a body in its head; 0 if it does not say.
func contentLength(head []byte) int {
	const name = "content-length:"
	for line := range bytes.Lines(head) {
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			n, err := strconv.Atoi(string(bytes.TrimSpace(line[len(name):])))
			if err == nil {
				return n
			}
		}
	}
	return 0
}
