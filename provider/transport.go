package provider

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// NewTransport makes a transport for talking to providers: it gives up quickly
// on what cannot be reached and waits for an answer as long as the request's
// context lets it. One transport can serve many providers.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{
		Timeout:         2 * time.Second,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 4},
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if tcp, ok := c.(*net.TCPConn); ok {
				return &conn{tcp}, nil
			}
			return c, err
		},
		TLSHandshakeTimeout:    3 * time.Second,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 128 << 10,
		DisableCompression:     true,    // an answer is passed on as it came
		ReadBufferSize:         4 << 10, // per connection, and an open stream holds one
		WriteBufferSize:        4 << 10,
		Protocols:              protocols,
		HTTP2: &http.HTTP2Config{
			// All requests to a host share one connection: if nothing comes
			// over it for 10 s it is asked whether it lives, and given 5 s.
			SendPingTimeout: 10 * time.Second,
			PingTimeout:     5 * time.Second,
		},
	}
}

// conn is a connection that sends large bodies as they lie in memory, in one
// write. By itself net/http copies them through a buffer of 32 KB, which it
// makes for each request.
type conn struct{ *net.TCPConn }

// ReadFrom implements [io.ReaderFrom], which is what net/http hands the rest
// of a body to.
func (c *conn) ReadFrom(r io.Reader) (n int64, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		return c.TCPConn.ReadFrom(r)
	}
	switch body := limited.R.(type) {
	case *payload:
		n, err = body.WriteTo(c.TCPConn)
	case *bytes.Reader:
		n, err = body.WriteTo(c.TCPConn)
	default:
		return c.TCPConn.ReadFrom(r)
	}
	limited.N -= n
	return n, err
}
