package provider

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// Network is how patient a transport is with the network, and what it trusts.
// The zero value of each field stands for what is said there.
type Network struct {
	Dial      time.Duration  // for a connection to come about, the look-up of its name included; 2 s
	Handshake time.Duration  // for TLS; 3 s
	Write     time.Duration  // in which a piece of a request must be taken; 10 s
	Quiet     time.Duration  // after which a silent HTTP/2 connection is asked whether it lives; 10 s
	Ping      time.Duration  // for the answer to that; 5 s
	Resolver  *net.Resolver  // of host names; that of the system
	Roots     *x509.CertPool // authorities whose certificates hold; those of the system
}

// NewTransport makes a transport for talking to providers: it gives up quickly
// on what cannot be reached and waits for an answer as long as the request's
// context lets it. One transport can serve many providers.
func NewTransport() *http.Transport { return Network{}.Transport() }

// Transport is [NewTransport] with another patience.
func (n Network) Transport() *http.Transport {
	dialer := &net.Dialer{
		Timeout:         cmp.Or(n.Dial, 2*time.Second),
		Resolver:        n.Resolver,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 4},
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if tcp, ok := c.(*net.TCPConn); ok {
				return &conn{TCPConn: tcp, patience: cmp.Or(n.Write, 10*time.Second)}, nil
			}
			return c, err
		},
		TLSHandshakeTimeout:    cmp.Or(n.Handshake, 3*time.Second),
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 128 << 10,
		DisableCompression:     true,    // an answer is passed on as it came
		ReadBufferSize:         4 << 10, // per connection, and an open stream holds one
		WriteBufferSize:        4 << 10,
		Protocols:              protocols,
		HTTP2: &http.HTTP2Config{
			// All requests to a host share one connection: if nothing comes
			// over it for a while it is asked whether it lives.
			SendPingTimeout: cmp.Or(n.Quiet, 10*time.Second),
			PingTimeout:     cmp.Or(n.Ping, 5*time.Second),
		},
	}
	if n.Roots != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: n.Roots, MinVersion: tls.VersionTLS12}
	}
	return t
}

// errStuck is a connection that takes nothing more of a request.
var errStuck = errors.New("the provider stopped reading the request")

// conn is a connection that sends large bodies as they lie in memory, in few
// writes, and gives up when the other end takes nothing. By itself net/http
// copies them through a buffer of 32 KB, which it makes for each request, and
// waits for ever.
type conn struct {
	*net.TCPConn

	patience time.Duration
}

// writeStep is how much of a body, in bytes, goes into one write: each has its
// own deadline, so that a long body on a slow line is no stall.
const writeStep = 256 << 10

// Write implements [net.Conn].
func (c *conn) Write(b []byte) (n int, err error) {
	for first := true; first || n < len(b); first = false {
		if err := c.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
			return n, err
		}
		m, err := c.TCPConn.Write(b[n:min(n+writeStep, len(b))])
		n += m
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return n, errStuck
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// ReadFrom implements [io.ReaderFrom], which is what net/http hands the rest
// of a body to.
func (c *conn) ReadFrom(r io.Reader) (n int64, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		return io.Copy(writing{c}, r)
	}
	switch body := limited.R.(type) {
	case *payload:
		n, err = c.all(body, limited.N)
	case *bytes.Reader:
		n, err = body.WriteTo(writing{c})
	default:
		return io.Copy(writing{c}, r)
	}
	limited.N -= n
	return n, err
}

// all writes a body of pieces: a short one with one system call for them all.
func (c *conn) all(body *payload, size int64) (int64, error) {
	if size > writeStep {
		return body.WriteTo(writing{c})
	}
	if err := c.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	n, err := body.WriteTo(c.TCPConn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, errStuck
	}
	return n, err
}

// writing is a connection that can do nothing but write, so that every write
// has its deadline.
type writing struct{ c *conn }

func (w writing) Write(b []byte) (int, error) { return w.c.Write(b) }
