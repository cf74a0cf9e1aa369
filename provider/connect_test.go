package provider_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider"
)

func TestTransportErrors(t *testing.T) {
	for _, test := range []struct {
		err  error
		code string
	}{
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, provider.CodeRefused},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, provider.CodeReset},
		{&net.OpError{Op: "write", Err: syscall.EPIPE}, provider.CodeReset},
		{&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, provider.CodeUnreachable},
		{&net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}, provider.CodeConnectTime},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}, provider.CodeDNS},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "i/o timeout", IsTimeout: true}}, provider.CodeDNSTimeout},
		{&net.OpError{Op: "dial", Err: context.DeadlineExceeded}, provider.CodeConnectTime},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, provider.CodeTLS},
		{x509.CertificateInvalidError{Reason: x509.Expired}, provider.CodeTLS},
		{tls.AlertError(40), provider.CodeTLS},
		{http.ErrSchemeMismatch, provider.CodeTLS},
		{io.EOF, provider.CodeClosed},
		{errors.New("http2: server sent GOAWAY and closed the connection; LastStreamID=1"), provider.CodeClosed},
		{errors.New("http2: client connection lost"), provider.CodeClosed},
		{errors.New("stream error: stream ID 1; REFUSED_STREAM"), provider.CodeClosed},
		{errors.New("stream error: stream ID 1; INTERNAL_ERROR"), provider.CodeReset},
		{errors.New("something new: https://upstream.test/?secret=" + canary), provider.CodeTransport},
		{&url.Error{Op: "Post", URL: "https://upstream.test/?secret=" + canary, Err: io.EOF}, provider.CodeClosed},
	} {
		p := newTalk(t, "https://upstream.test/?secret="+canary, roundTrip(func(*http.Request) (*http.Response, error) { return nil, test.err }))
		_, err := p.Complete(t.Context(), call(`{}`))
		e := expect(t, err, switchgear.ClassConnect, test.code)
		if settled := test.code != provider.CodeReset && test.code != provider.CodeClosed && test.code != provider.CodeTransport; e.Retryable() == settled {
			t.Errorf("%v: worth another try: %v", test.err, e.Retryable())
		}
		sent := !e.Marks.Has(switchgear.MarkSettled) && !strings.Contains(test.err.Error(), "GOAWAY") && !strings.Contains(test.err.Error(), "REFUSED_STREAM")
		if e.NeedsBody() != sent {
			t.Errorf("%v: needs a body: %v", test.err, e.NeedsBody())
		}
		if !strings.Contains(e.Message, "upstream.test") {
			t.Errorf("%v: the message does not say where: %q", test.err, e.Message)
		}
		if _, err = p.Stream(t.Context(), call(`{}`)); err != nil {
			expect(t, err, switchgear.ClassConnect, test.code)
		}
	}
}

// TestRealConnections meets the same failures on real sockets, where the texts
// and types are those of the system.
func TestRealConnections(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	transport := provider.NewTransport()
	transport.Proxy = nil
	defer transport.CloseIdleConnections()
	for name, test := range map[string]struct {
		base, code string
		class      switchgear.Class
	}{
		"refused":         {"http://" + unused(t), provider.CodeRefused, switchgear.ClassConnect},
		"no TLS":          {"https" + strings.TrimPrefix(plain.URL, "http"), provider.CodeTLS, switchgear.ClassConnect},
		"own certificate": {secure.URL, provider.CodeTLS, switchgear.ClassConnect},
		"reset":           {"http://" + listen(t, reset), provider.CodeReset, switchgear.ClassConnect},
		"closed":          {"http://" + listen(t, func(c net.Conn) { read(c) }), provider.CodeClosed, switchgear.ClassConnect},
		"no HTTP":         {"http://" + listen(t, shout), provider.CodeHTTP, switchgear.ClassMalformed},
		"unknown host":    {"http://host.invalid", "", switchgear.ClassConnect},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newTalk(t, test.base, transport).Complete(t.Context(), call(`{}`))
			e := failure(t, err)
			if e.Class != test.class || (e.Code != test.code && test.code != "") {
				t.Errorf("error is %q, code %q, want class %v, code %q", e, e.Code, test.class, test.code)
			}
			if test.code == "" && e.Code != provider.CodeDNS && e.Code != provider.CodeDNSTimeout {
				t.Errorf("code is %q, want dns or dns_timeout", e.Code)
			}
		})
	}
}

func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// listen hands every connection to a function and closes it.
func listen(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go accept(l, handle)
	return l.Addr().String()
}

func accept(l net.Listener, handle func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			handle(c)
			_ = c.Close()
		}()
	}
}

// read takes one request off a connection, and says whether there was one.
func read(c net.Conn) bool {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err == nil
}

func reset(c net.Conn) {
	read(c)
	_ = c.(*net.TCPConn).SetLinger(0)
}

func shout(c net.Conn) {
	read(c)
	_, _ = io.WriteString(c, "-ERR who are you? "+canary+"\r\n")
}

// TestKeptConnectionThatDied: a request that runs into a connection its server
// has given up meanwhile is sent again, and nobody is told. One that was being
// worked on when the connection died is not.
func TestKeptConnectionThatDied(t *testing.T) {
	for name, test := range map[string]struct {
		worked time.Duration // between the second request and the end of its connection
		served int           // requests the server has seen in the end
	}{
		"at once":       {0, 3},
		"after a while": {2 * time.Second, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				served, connections := 0, 0
				go accept(n, func(c net.Conn) {
					connections++
					mortal := connections == 1
					for read(c) {
						served++
						if mortal && served == 2 {
							time.Sleep(test.worked)
							return
						}
						_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n"+`{"text":"hi"}`)
					}
				})
				p, transport := dial(t, n)
				defer n.Close()
				defer transport.CloseIdleConnections()
				if _, err := p.Complete(context.Background(), call(`{"a":1}`)); err != nil {
					t.Fatal(err)
				}
				_, err := p.Complete(context.Background(), call(`{"a":2}`))
				if test.worked == 0 && err != nil {
					t.Errorf("the request was not sent again: %v", err)
				}
				if test.worked > 0 {
					expect(t, err, switchgear.ClassConnect, provider.CodeClosed)
				}
				if served != test.served {
					t.Errorf("the server saw %d requests, want %d", served, test.served)
				}
			})
		})
	}
}

// TestFreshConnectionThatDies: what kills a new connection may be the request,
// so it is not sent again.
func TestFreshConnectionThatDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		served := 0
		go accept(n, func(c net.Conn) {
			if read(c) {
				served++
			}
		})
		p, transport := dial(t, n)
		defer n.Close()
		defer transport.CloseIdleConnections()
		_, err := p.Complete(context.Background(), call(`{}`))
		expect(t, err, switchgear.ClassConnect, provider.CodeClosed)
		if served != 1 {
			t.Errorf("the server saw %d requests, want 1", served)
		}
	})
}

func TestHTTP2(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.ProtoMajor != 2 || r.ContentLength != int64(len(body)) || r.Header.Get("Idempotency-Key") != "" {
			t.Errorf("request is %s with length %d, header %v, for %d bytes", r.Proto, r.ContentLength, r.Header, len(body))
		}
		if r.Header.Get("Accept") == "text/event-stream" {
			events(w, "one", "[DONE]")
			return
		}
		answer(w, string(body))
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	transport := trusting(server)
	defer transport.CloseIdleConnections()
	p := newTalk(t, server.URL, transport)
	resp, err := p.Complete(t.Context(), call(`{"text":"`+strings.Repeat("x", 100_000)+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.Text()) != 100_000 {
		t.Errorf("text has %d bytes", len(resp.Text()))
	}
	s, err := p.Stream(t.Context(), call(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := texts(s); len(got) != 1 || s.Err() != nil || s.Close() != nil {
		t.Errorf("events are %v, error is %v", got, s.Err())
	}
}

func trusting(server *httptest.Server) *http.Transport {
	transport := provider.NewTransport()
	transport.Proxy = nil
	transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	return transport
}

// TestStuckHTTP2: a connection that all requests share and that stops moving is
// noticed and given up, so that the next request gets a new one.
func TestStuckHTTP2(t *testing.T) {
	certified := httptest.NewTLSServer(nil) // lends its certificate, which it makes outside of the bubble's time
	defer certified.Close()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(certified.Certificate().NotBefore.Add(24 * time.Hour)))
		n := newNetwork()
		server := &http.Server{
			Handler:   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, `{}`) }),
			TLSConfig: certified.TLS.Clone(),
		}
		server.TLSConfig.NextProtos = []string{"h2"}
		go func() { _ = server.ServeTLS(n, "", "") }()
		transport := trusting(certified)
		var freeze []chan struct{}
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := n.DialContext(ctx, network, address)
			frozen := make(chan struct{})
			freeze = append(freeze, frozen)
			return &freezing{Conn: c, frozen: frozen, closed: make(chan struct{})}, err
		}
		p := newTalk(t, "https://example.com", transport)
		if _, err := p.Complete(context.Background(), call(`{}`)); err != nil {
			t.Fatal(err)
		}
		close(freeze[0])
		start := time.Now()
		_, err := p.Complete(context.Background(), call(`{}`))
		expect(t, err, switchgear.ClassConnect, provider.CodeClosed)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("the stuck connection was given up after %v, want at most 20 s", took)
		}
		if _, err := p.Complete(context.Background(), call(`{}`)); err != nil {
			t.Errorf("on a new connection: %v", err)
		}
		transport.CloseIdleConnections()
		_ = server.Close()
		_ = n.Close()
	})
}

// freezing is a connection that at some moment stops moving without a word.
type freezing struct {
	net.Conn

	frozen, closed chan struct{}
}

func (f *freezing) Read(b []byte) (int, error) {
	n, err := f.Conn.Read(b)
	select {
	case <-f.frozen:
		<-f.closed
		return 0, net.ErrClosed
	default:
		return n, err
	}
}

func (f *freezing) Write(b []byte) (int, error) {
	select {
	case <-f.frozen:
		return len(b), nil
	default:
		return f.Conn.Write(b)
	}
}

func (f *freezing) Close() error {
	select {
	case <-f.closed:
	default:
		close(f.closed)
	}
	return f.Conn.Close()
}

func TestDialGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := provider.NewTransport()
		if transport.ResponseHeaderTimeout != 0 || transport.TLSHandshakeTimeout != 3*time.Second {
			t.Errorf("header timeout %v, TLS timeout %v", transport.ResponseHeaderTimeout, transport.TLSHandshakeTimeout)
		}
		n := newNetwork()
		defer n.Close()
		silent := make(chan struct{})
		go accept(n, func(net.Conn) { <-silent })
		transport.DialContext = n.DialContext
		start := time.Now()
		_, err := newTalk(t, "https://upstream.test", transport).Complete(context.Background(), call(`{}`))
		expect(t, err, switchgear.ClassConnect, provider.CodeConnectTime)
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("the silent handshake was given up after %v, want 3 s", took)
		}
		close(silent)
	})
}

// TestRequestThatIsNotRead: a provider that takes nothing more of a request is
// given up, whether the request lies in one piece or in several.
func TestRequestThatIsNotRead(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	address := listen(t, func(net.Conn) { <-hold })
	transport := provider.Network{Write: 100 * time.Millisecond}.Transport()
	transport.Proxy = nil
	defer transport.CloseIdleConnections()
	start := time.Now()
	_, err := newTalk(t, "http://"+address, transport).Complete(t.Context(), call(`{"text":"`+strings.Repeat("x", 16<<20)+`"}`))
	e := expect(t, err, switchgear.ClassTimeout, provider.CodeStuck)
	if e.Retryable() || time.Since(start) > 3*time.Second {
		t.Errorf("worth another try: %v; after %v", e.Retryable(), time.Since(start))
	}
}
