//go:build unix

package gateway_test

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// The faults of the network itself are met on real sockets: TCP, TLS, HTTP/2
// and name look-ups as the system has them, through the transport that ships.
// Only its patience is shorter, so that a test takes milliseconds.

// impatient is a tenth of what ships, or less.
func impatient() provider.Network {
	return provider.Network{
		Dial: 150 * time.Millisecond, Write: 200 * time.Millisecond,
		Quiet: 100 * time.Millisecond, Ping: 100 * time.Millisecond,
	}
}

const socketConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "ONE/v1", key: "${KEY_1}"}
  two: {kind: KIND, base_url: "TWO/v1", key: "${KEY_1}"}
retry: {backoff: 1ms..2ms}
routes:
  chat: {chain: [one/m1, two/m2]}
breakers: {default: {probe: off}} # a probe is a call as well, and here the calls are counted
`

// onSockets is a gateway on a socket. The second step is a simulated provider
// on a socket of its own, which is well; where the first is, the test says.
func onSockets(t *testing.T, m mode, one string, n provider.Network) *house {
	t.Helper()
	h := &house{t: t, sim: sim.New(sim.Options{KeepBodies: true}), records: &recorder{}}
	two := simOn(t, h.sim)
	if one == "" {
		one = two
	}
	transport := n.Transport()
	transport.Proxy = nil
	text := strings.NewReplacer("KIND", m.name, "ONE", one, "TWO", two).Replace(socketConfig)
	gw, err := gateway.New(t.Context(), parse(t, text), gateway.WithTransport(transport), gateway.WithObserver(h.records))
	if err != nil {
		t.Fatal(err)
	}
	h.gateway = gw
	door := httptest.NewServer(gw.Handler())
	h.client = &http.Transport{
		DisableKeepAlives: true, DisableCompression: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, door.Listener.Addr().String())
		},
	}
	t.Cleanup(func() {
		door.Close()
		transport.CloseIdleConnections()
		if err := gw.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// simOn serves a simulated provider until the test ends.
func simOn(t *testing.T, s *sim.Server) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	l := listening(t)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func listening(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// spoken hands every connection to a function and then closes it; it counts
// them.
func spoken(t *testing.T, l net.Listener, handle func(net.Conn)) *atomic.Int64 {
	t.Helper()
	var n atomic.Int64
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			go func() {
				handle(c)
				_ = c.Close()
			}()
		}
	}()
	return &n
}

// fell asserts that the second step answered, to the byte, after so many tries
// of the first, in time, with the first's failure named.
func fell(t *testing.T, h *house, m mode, got *reply, tries int, code string, most time.Duration) {
	t.Helper()
	got.same(t, h.direct(m, "m2"))
	if by, fallback := got.own("Served-By"), got.own("Fallback"); by != "two/m2" || !strings.HasPrefix(fallback, "one/m1: ") {
		t.Errorf("served by %q, fallback %q", by, fallback)
	}
	h.records.mu.Lock()
	defer h.records.mu.Unlock()
	if n := len(h.records.attempts); n != tries+1 {
		t.Fatalf("%d attempts, want %d and one more", n, tries)
	}
	for i, a := range h.records.attempts[:tries] {
		if a.Err == nil || a.Err.Code != code {
			t.Errorf("attempt %d failed with %v, want code %q", i+1, a.Err, code)
		}
	}
	if got.took > most {
		t.Errorf("took %v, want at most %v", got.took, most)
	}
}

// room is what a loaded machine may add to a wait.
const room = 700 * time.Millisecond

func TestSocketFaults(t *testing.T) {
	cert := httptest.NewUnstartedServer(http.NotFoundHandler())
	cert.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	cert.StartTLS()
	defer cert.Close()
	silent := make(chan struct{})
	defer close(silent)
	for _, c := range []struct {
		name string
		open func(t *testing.T, n *provider.Network) (base string, seen func() int64)
		seen int64 // connections, or look-ups at least
		code string
		most time.Duration
	}{
		{"1 refused", func(t *testing.T, _ *provider.Network) (string, func() int64) {
			l := listening(t)
			_ = l.Close()
			return "http://" + l.Addr().String(), nil
		}, 0, provider.CodeRefused, 50*time.Millisecond + room},
		{"2 SYN blackhole", func(t *testing.T, _ *provider.Network) (string, func() int64) {
			return "http://" + blackhole(t), nil
		}, 0, provider.CodeConnectTime, 150*time.Millisecond + room},
		{"3 NXDOMAIN", func(t *testing.T, n *provider.Network) (string, func() int64) {
			var asked *atomic.Int64
			n.Resolver, asked = resolver(t, true)
			return "http://api.provider.example", asked.Load
		}, 1, provider.CodeDNS, 50*time.Millisecond + room},
		{"4 DNS stall", func(t *testing.T, n *provider.Network) (string, func() int64) {
			var asked *atomic.Int64
			n.Resolver, asked = resolver(t, false)
			return "http://api.provider.example", asked.Load
		}, 1, provider.CodeDNSTimeout, 150*time.Millisecond + room},
		{"5 bad certificate", func(*testing.T, *provider.Network) (string, func() int64) {
			return cert.URL, nil // signed by nobody the transport knows
		}, 0, provider.CodeTLS, 100*time.Millisecond + room},
		{"6 handshake hangs", func(t *testing.T, n *provider.Network) (string, func() int64) {
			n.Handshake = 150 * time.Millisecond // elsewhere a loaded machine may take its time
			l := listening(t)
			met := spoken(t, l, func(net.Conn) { <-silent })
			return "https://" + l.Addr().String(), met.Load
		}, 1, provider.CodeConnectTime, 150*time.Millisecond + room},
	} {
		for _, m := range allModes {
			t.Run(c.name+"/"+m.String(), func(t *testing.T) {
				n := impatient()
				base, seen := c.open(t, &n)
				h := onSockets(t, m, base, n)
				got := h.ask(m)
				if a, b := h.calls("m1"), h.calls("m2"); a != 0 || b != 1 {
					t.Errorf("%d and %d upstream calls, want 0 and 1", a, b)
				}
				fell(t, h, m, &got, 1, c.code, c.most)
				if seen != nil && seen() < c.seen {
					t.Errorf("the first step saw %d, want at least %d", seen(), c.seen)
				}
			})
		}
	}
}

// TestSocketResetBeforeHeaders: the same step is tried once more, then the
// next. (Fault 7.)
func TestSocketResetBeforeHeaders(t *testing.T) {
	for _, m := range allModes {
		t.Run(m.String(), func(t *testing.T) {
			h := onSockets(t, m, "", impatient())
			h.fault("m1", "reset")
			got := h.ask(m)
			if a, b := h.calls("m1"), h.calls("m2"); a != 2 || b != 1 {
				t.Errorf("%d and %d upstream calls, want 2 and 1", a, b)
			}
			fell(t, h, m, &got, 2, provider.CodeReset, room)
		})
	}
}

// TestSocketResetWhileIdle: a kept connection that the server has given up
// costs nobody an attempt. (Fault 8.)
func TestSocketResetWhileIdle(t *testing.T) {
	for _, m := range allModes {
		t.Run(m.String(), func(t *testing.T) {
			h := onSockets(t, m, "", impatient())
			h.fault("m1", "reset-idlex1")
			first, second := h.ask(m), h.ask(m)
			for _, got := range []reply{first, second} {
				got.same(t, h.direct(m, "m1"))
				if got.own("Served-By") != "one/m1" || got.own("Attempts") != "1" {
					t.Errorf("served by %q after %s attempts", got.own("Served-By"), got.own("Attempts"))
				}
			}
			log := h.sim.Log()
			if len(log) < 2 || log[0].Conn == log[1].Conn {
				t.Errorf("the second request went over the connection of the first: %+v", log)
			}
			if n := h.calls("m2"); n != 0 {
				t.Errorf("%d calls at the second step", n)
			}
		})
	}
}

// TestSocketStuckBody: a provider that stops reading a large request is given
// up when it has taken nothing for a while. (Fault 43.)
func TestSocketStuckBody(t *testing.T) {
	for _, m := range []mode{{openaiSide, false}, {anthropicSide, true}} { // megabytes, and neither dialect nor shape matters
		t.Run(m.String(), func(t *testing.T) {
			h := onSockets(t, m, "", impatient())
			h.fault("m1", "stuck-body-2s")
			got := h.post(m.path, m.body("chat", strings.Repeat("far too much ", 1<<19))) // 6.5 MiB: more than sockets buffer
			if by := got.own("Served-By"); got.status != 200 || by != "two/m2" || got.err != nil {
				t.Errorf("status %d, served by %q, %v", got.status, by, got.err)
			}
			if a, b := h.calls("m1"), h.calls("m2"); a != 1 || b != 1 {
				t.Errorf("%d and %d upstream calls, want 1 and 1", a, b)
			}
			h.records.mu.Lock()
			defer h.records.mu.Unlock()
			if a := h.records.attempts[0]; a.Err == nil || a.Err.Code != provider.CodeStuck || a.Err.Class.String() != "timeout" {
				t.Errorf("the attempt failed with %v", a.Err)
			}
			if got.took > 200*time.Millisecond+4*room {
				t.Errorf("took %v", got.took)
			}
		})
	}
}

// TestSocketHTTP2 meets what HTTP/2 alone can do, with a server that writes its
// frames by hand. (Faults 9 and 10.)
func TestSocketHTTP2(t *testing.T) {
	lender := httptest.NewTLSServer(nil)
	defer lender.Close()
	for _, c := range []struct {
		name     string
		second   h2Act // what the second request meets
		attempts string
		conns    int64
		calls    int // that the server answered
	}{
		{"9 GOAWAY", h2GoAway, "1", 2, 2},
		{"9 REFUSED_STREAM", h2Refuse, "1", 1, 2},
		{"10 stuck connection", h2Freeze, "2", 2, 2},
	} {
		for _, m := range allModes {
			t.Run(c.name+"/"+m.String(), func(t *testing.T) {
				up := sim.New(sim.Options{})
				server := &h2Server{sim: up, second: c.second, frozen: make(chan struct{})}
				l := listening(t)
				conns := spoken(t, l, server.serve(lender.TLS))
				defer close(server.frozen)
				n := impatient()
				n.Roots = x509.NewCertPool()
				n.Roots.AddCert(lender.Certificate())
				h := onSockets(t, m, "https://"+l.Addr().String(), n)
				for i, attempts := range []string{"1", c.attempts} {
					got := h.ask(m)
					direct := h.direct(m, "m1")
					got.same(t, direct)
					if got.own("Served-By") != "one/m1" || got.own("Attempts") != attempts {
						t.Errorf("request %d: served by %q after %s attempts, want %s: %.300s", i+1, got.own("Served-By"), got.own("Attempts"), attempts, got.body)
					}
					if got.took > 200*time.Millisecond+2*room {
						t.Errorf("request %d took %v", i+1, got.took)
					}
				}
				if n := conns.Load(); n != c.conns {
					t.Errorf("%d connections, want %d", n, c.conns)
				}
				if n := len(up.Log()); n != c.calls {
					t.Errorf("the server answered %d requests, want %d", n, c.calls)
				}
				if n := h.calls("m2"); n != 0 {
					t.Errorf("%d calls at the second step", n)
				}
			})
		}
	}
}

var errDNS = errors.New("not a name server's business")

// resolver looks names up at a name server of its own, which says that there
// is no such name, or nothing. It counts what it was asked.
func resolver(t *testing.T, answers bool) (*net.Resolver, *atomic.Int64) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	var asked atomic.Int64
	go func() {
		packet := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			asked.Add(1)
			if answers && n > 12 {
				_, _ = server.WriteTo(noSuchName(packet[:n]), from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		if !strings.HasPrefix(network, "udp") {
			return nil, errDNS
		}
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}, &asked
}

// noSuchName turns a question into the answer NXDOMAIN.
func noSuchName(question []byte) []byte {
	end := 12
	for end < len(question) && question[end] != 0 {
		end += int(question[end]) + 1
	}
	answer := append([]byte(nil), question[:min(end+5, len(question))]...) // header, name, type, class: no options
	answer[2] |= 0x80                                                      // an answer
	answer[3] = 0x83                                                       // recursion was to be had; name error
	answer[10], answer[11] = 0, 0                                          // no further records
	return answer
}
