package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
)

// Transport reaches the server without a socket: over connections in memory,
// which speak HTTP/1.1 as sockets do, and fail with the same errors. The host
// of a request does not matter. Connections are not kept after an answer, so
// that nothing is left behind in a bubble of testing/synctest.
func (s *Server) Transport() http.RoundTripper {
	return &memTransport{s: s, base: &http.Transport{
		DialContext: s.DialContext, DialTLSContext: s.DialContext, DisableKeepAlives: true, DisableCompression: true,
	}}
}

// DialContext opens a connection in memory, for programs that bring their own
// [http.Transport]. Its goroutine ends when the connection is closed.
func (s *Server) DialContext(context.Context, string, string) (net.Conn, error) {
	client, server := newPipe()
	go s.mem.Serve(&oneListener{conn: server}) //nolint:errcheck // it always ends with net.ErrClosed, right away
	return client, nil
}

type memTransport struct {
	s    *Server
	base *http.Transport
}

// RoundTrip finds out first whether the call is to be refused: over a socket
// that is decided before the request is read.
func (t *memTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.refused(r); err != nil {
		return nil, err
	}
	return t.base.RoundTrip(r)
}

func (t *memTransport) refused(r *http.Request) error {
	var body []byte
	if r.Body != nil && r.GetBody != nil {
		copied, err := r.GetBody()
		if err != nil {
			return err
		}
		body, _ = io.ReadAll(copied)
	} else if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body)) // the request is the caller's, but its body is spent either way
	}
	var head struct {
		Model string `json:"model"`
	}
	_ = json.Unmarshal(body, &head)
	dialect, fault := dialectOf(r), r.Header.Get(faultHeader)
	faults, err := t.s.choose(fault, head.Model, dialect, false)
	if err != nil || len(faults) == 0 || faults[0].Name != "refused" {
		return nil //nolint:nilerr // the server itself will say what is wrong
	}
	_, _ = t.s.choose(fault, head.Model, dialect, true)
	if r.Body != nil {
		_ = r.Body.Close()
	}
	e := t.s.arrive(r, body)
	t.s.mu.Lock()
	e.Dialect, e.Model, e.Fault, e.Outcome = dialect, head.Model, joinFaults(faults), OutcomeBroken
	t.s.mu.Unlock()
	return &net.OpError{Op: "dial", Net: "tcp", Addr: memAddr{}, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// oneListener gives out one connection.
type oneListener struct {
	mu   sync.Mutex
	conn net.Conn
}

func (l *oneListener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	conn := l.conn
	l.conn = nil
	if conn == nil {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (*oneListener) Close() error   { return nil }
func (*oneListener) Addr() net.Addr { return memAddr{} }

// memAddr is the address of both ends.
type memAddr struct{}

func (memAddr) Network() string { return "tcp" }
func (memAddr) String() string  { return "simulated:80" }
