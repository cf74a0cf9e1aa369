package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"regexp"
	"syscall"
	"time"
)

// connects reports whether one of the faults is one of connecting.
func connects(faults []Fault) bool {
	for _, f := range faults {
		for _, row := range connectionRows() {
			if row.Name == f.Name && row.dial != nil {
				return true
			}
		}
	}
	return false
}

// connectionRows fail before there is an answer. Those of connecting strike
// connections in memory as they are made; one that was kept is spared. Over a
// socket the connection is there already: what comes nearest happens to it.
func connectionRows() []faultRow {
	silent := func(end ending) func(*call, Fault) *exchange {
		return func(*call, Fault) *exchange { return &exchange{silent: true, end: end} }
	}
	socket := func(end ending) func(*call, Fault) *exchange {
		return func(c *call, _ Fault) *exchange {
			if l := lineOf(c.ctx); l != nil {
				if _, memory := l.conn.(*memConn); memory || c.s.over.Load() {
					return nil // it was kept
				}
			}
			return &exchange{silent: true, end: end}
		}
	}
	return []faultRow{
		with("refused", argDuration, "5s", "refuses the connection; over a socket it resets this one and closes the listener that long").replies(func(c *call, f Fault) *exchange {
			c.s.refuseFor(c.duration(f))
			return &exchange{silent: true, end: endReset}
		}).dials(func(context.Context, time.Duration) error {
			return dialError(os.NewSyscallError("connect", syscall.ECONNREFUSED))
		}),
		row("unreachable", "has no way to the host for new connections (in memory; over a socket it resets)").replies(socket(endReset)).dials(func(context.Context, time.Duration) error {
			return dialError(os.NewSyscallError("connect", syscall.EHOSTUNREACH))
		}),
		with("blackhole", argDuration, "2s", "lets new connections hang until that budget for dialling is used up (in memory; over a socket it is silent)").replies(socket(endHang)).dials(func(ctx context.Context, d time.Duration) error {
			return after(ctx, d, dialError(os.ErrDeadlineExceeded))
		}),
		row("nxdomain", "has no name for new connections (in memory; over a socket it resets)").replies(socket(endReset)).dials(func(context.Context, time.Duration) error {
			return dialError(&net.DNSError{Err: "no such host", Name: "provider.simulated", IsNotFound: true})
		}),
		with("dns-stall", argDuration, "2s", "lets the name of new connections hang until that budget for dialling is used up (in memory; over a socket it is silent)").replies(socket(endHang)).dials(func(ctx context.Context, d time.Duration) error {
			return after(ctx, d, dialError(&net.DNSError{Err: "i/o timeout", Name: "provider.simulated", IsTimeout: true, IsTemporary: true}))
		}),
		row("tls-cert", "shows new connections a certificate that nobody signed (in memory; over a socket it resets)").replies(socket(endReset)).dials(func(context.Context, time.Duration) error {
			return &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
		}),
		with("tls-hang", argDuration, "3s", "lets the TLS handshake of new connections hang until that budget is used up (in memory; over a socket it is silent)").replies(socket(endHang)).dials(func(ctx context.Context, d time.Duration) error {
			return after(ctx, d, handshakeError{})
		}),
		row("reset", "resets the connection before any header").replies(silent(endReset)),
		with("errno", argErrno, "ETIMEDOUT", "breaks the connection before any header with that error: ECONNRESET, EPIPE, ETIMEDOUT, ECONNABORTED (in memory; over a socket it resets)").replies(func(c *call, f Fault) *exchange {
			return &exchange{silent: true, end: endReset, errno: errnos()[c.arg(f)]}
		}),
		row("close", "closes the connection before any header").replies(silent(endAbort)),
		row("reset-idle", "answers, and resets the kept connection when the next request comes over it").bends(func(c *call, _ *exchange, _ Fault) {
			if l := lineOf(c.ctx); l != nil {
				l.doomed.Store(true)
			}
		}),
		row("silence", "accepts the request and never answers").replies(silent(endHang)),
		with("stuck-body", argDuration, "30s", "stops reading a request after 16 KiB for that long, and then resets; shorter requests are answered").replies(func(c *call, _ Fault) *exchange {
			if c.stuck == 0 {
				return nil
			}
			return &exchange{silent: true, end: endStuck}
		}),
	}
}

func errnos() map[string]syscall.Errno {
	return map[string]syscall.Errno{
		"ECONNRESET": syscall.ECONNRESET, "EPIPE": syscall.EPIPE, "ETIMEDOUT": syscall.ETIMEDOUT, "ECONNABORTED": syscall.ECONNABORTED,
	}
}

func dialError(err error) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: memAddr{}, Err: err}
}

// after is an error that comes after d, or that of a context that ends first.
func after(ctx context.Context, d time.Duration, err error) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return dialError(ctx.Err())
	case <-timer.C:
		return err
	}
}

// handshakeError is what net/http says of a handshake that takes too long;
// its own type cannot be named.
type handshakeError struct{}

func (handshakeError) Error() string { return "net/http: TLS handshake timeout" }
func (handshakeError) Timeout() bool { return true }

// Temporary is a part of [net.Error].
func (handshakeError) Temporary() bool { return true }

// stuckAfter is how much of a request is read with the fault stuck-body.
const stuckAfter = 16 << 10

// hold keeps a connection whose request is not read, until it is over or the
// client goes away.
func (c *call) hold(d time.Duration) {
	conn, _, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if mem, ok := conn.(*memConn); ok {
		if mem.left(d) {
			c.note(func(*Entry) { c.cancelAt() })
		} else {
			c.broke()
		}
		mem.breakOff(syscall.ECONNRESET)
		return
	}
	timer := time.NewTimer(d)
	<-timer.C
	c.broke()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

var modelMember = regexp.MustCompile(`"model"\s*:\s*"([^"\\]*)"`)

// modelIn is the model that a body, or the beginning of one, names.
func modelIn(body []byte) string {
	if m := modelMember.FindSubmatch(body); m != nil {
		return string(m[1])
	}
	return ""
}
