package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Transport reaches a server without a socket: over connections in memory,
// which speak HTTP/1.1 as sockets do, and fail with the same errors.
type Transport struct {
	s       *Server
	base    *http.Transport
	sockets bool // base makes them
}

// Transport makes a transport whose connections are not kept after an answer,
// so that nothing is left behind in a bubble of testing/synctest. What host is
// asked matters only to scripts that name providers: see [Options.Place].
func (s *Server) Transport() *Transport {
	t := s.KeepAlive()
	t.base.DisableKeepAlives = true
	return t
}

// KeepAlive makes a transport that keeps connections, as the one for providers
// does: a script can then fail new connections while old ones live, and a run
// of many thousand calls takes a third of the time. Whoever makes one in a
// bubble must call CloseIdleConnections before the bubble ends.
func (s *Server) KeepAlive() *Transport {
	return &Transport{s: s, base: &http.Transport{
		DialContext: s.DialContext, DialTLSContext: s.DialContext, DisableCompression: true, MaxIdleConnsPerHost: 256,
	}}
}

// Over makes a transport that reaches the server's listener through one of the
// caller's own, over sockets: a script's faults of connecting strike its new
// connections as they strike those in memory, and kept ones live on. base must
// know how to dial whatever host is asked for, and is changed.
func (s *Server) Over(base *http.Transport) *Transport {
	s.over.Store(true)
	dial := base.DialContext
	base.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if err := s.mayDial(ctx, addr); err != nil {
			return nil, err
		}
		return dial(ctx, network, addr)
	}
	return &Transport{s: s, base: base, sockets: true}
}

// CloseIdleConnections closes the connections that no call uses.
func (t *Transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// DialContext opens a connection in memory, for programs that bring their own
// [http.Transport]. The server's goroutine ends when the connection is closed:
// a transport that keeps connections must close its idle ones before a bubble
// ends. Faults of connecting can come from scripts only, by the provider's
// name: which model is asked for is not known yet.
func (s *Server) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	if err := s.mayDial(ctx, addr); err != nil {
		return nil, err
	}
	client, server := newPipe()
	go s.mem.Serve(&oneListener{conn: server}) //nolint:errcheck // it always ends with net.ErrClosed, right away
	return client, nil
}

// mayDial is nil if a connection may come about.
func (s *Server) mayDial(ctx context.Context, addr string) error {
	d, ok := ctx.Value(dialKey{}).(*dialing)
	if !ok {
		d = s.strayDial(addr)
	}
	if d.fault == nil {
		return nil
	}
	return s.failDial(ctx, d)
}

// dialing is a connection that is about to be made, and what for.
type dialing struct {
	fault  *Fault // nil lets it come about
	faults []Fault
	query  query
	r      *http.Request // nil if it is not known
	body   []byte
}

type dialKey struct{}

// strayDial is a connection made for a transport that is not ours.
func (s *Server) strayDial(addr string) *dialing {
	d := &dialing{query: query{dialect: openai}}
	d.query.provider, d.query.region = s.place(addr)
	d.query.body = hashOf([]byte(d.query.provider))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.playing != nil && s.playing.script.dials {
		d.find(s, s.played(&d.query, time.Now(), true))
	}
	return d
}

// find keeps the first fault that is one of connecting.
func (d *dialing) find(s *Server, faults []Fault) {
	for i, f := range faults {
		if s.table[f.Name].dial != nil {
			d.fault, d.faults = &faults[i], faults
			return
		}
	}
}

// failDial makes a connection fail, and writes it into the log.
func (s *Server) failDial(ctx context.Context, d *dialing) error {
	r := d.r
	if r != nil {
		_, _ = s.choose(&d.query, true)
	} else {
		r = &http.Request{Method: http.MethodConnect, URL: &url.URL{}}
	}
	e := s.arrive(r, d.body, &d.query)
	s.mu.Lock()
	e.Model, e.Fault, e.Outcome = d.query.model, joinFaults(d.faults), OutcomeBroken
	s.mu.Unlock()
	err := s.table[d.fault.Name].dial(ctx, s.durationOf(*d.fault))
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Duration = time.Since(e.Time)
	if ctx.Err() != nil {
		e.Outcome, e.Cancelled = OutcomeCancelled, time.Now()
	}
	return err
}

// RoundTrip finds out first whether the call has a fault of connecting: over a
// socket that is decided before the request is read.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.s.mayFailToConnect(r) {
		return t.base.RoundTrip(r)
	}
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
	}
	d := &dialing{query: t.s.queryOf(r, body), r: r, body: body}
	d.query.model, d.query.moment = modelIn(body), time.Now().Round(0) // without what the header cannot carry
	faults, err := t.s.choose(&d.query, false)
	if err == nil { // else the server itself will say what is wrong
		d.find(t.s, faults)
	}
	if d.fault != nil && d.fault.Name == "refused" { // nobody is there: kept connections are dead too
		return nil, t.s.failDial(r.Context(), d)
	}
	again := r.WithContext(context.WithValue(r.Context(), dialKey{}, d)) // a copy: the request is the caller's
	if r.Body != nil {
		again.Body = io.NopCloser(bytes.NewReader(body))
	}
	if t.sockets { // time passes on the way
		again.Header = r.Header.Clone()
		again.Header.Set(momentHeader, strconv.FormatInt(d.query.moment.UnixNano(), 10))
	}
	return t.base.RoundTrip(again)
}

// mayFailToConnect spares calls that have nothing to do with faults of
// connecting the reading of their bodies.
func (s *Server) mayFailToConnect(r *http.Request) bool {
	if r.Header.Get(faultHeader) != "" {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.playing != nil {
		return s.playing.script.dials || len(s.standing) > 0
	}
	return true
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
