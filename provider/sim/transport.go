package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
// [http.Transport]. The server's goroutine ends when the connection is closed:
// a transport that keeps connections must close its idle ones before a bubble
// ends.
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
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
		r = r.WithContext(r.Context()) // a copy: the request is the caller's
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if err := t.s.refused(r, body); err != nil {
		return nil, err
	}
	return t.base.RoundTrip(r)
}

// refused is the error of dialling, if the first fault of a call is that.
func (s *Server) refused(r *http.Request, body []byte) error {
	var head struct {
		Model string `json:"model"`
	}
	_ = json.Unmarshal(body, &head)
	dialect, fault := dialectOf(r), r.Header.Get(faultHeader)
	faults, err := s.choose(fault, head.Model, dialect, false)
	if err != nil || len(faults) == 0 || faults[0].Name != "refused" {
		return nil //nolint:nilerr // the server itself will say what is wrong
	}
	_, _ = s.choose(fault, head.Model, dialect, true)
	e := s.arrive(r, body)
	s.mu.Lock()
	e.Dialect, e.Model, e.Fault, e.Outcome = dialect, head.Model, joinFaults(faults), OutcomeBroken
	s.mu.Unlock()
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
