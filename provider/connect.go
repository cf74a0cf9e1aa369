package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/switchgear-dev/switchgear"
)

// The codes of errors that have no status, because there was no answer, or
// because it broke off.
const (
	CodeRefused     = "refused"     // nothing listens at the address
	CodeUnreachable = "unreachable" // no way leads to the address
	CodeDNS         = "dns"         // the host has no address: asking again will not help
	CodeDNSTimeout  = "dns_timeout" // the name service did not answer, or not now
	CodeTLS         = "tls"         // no TLS, or a certificate that does not hold: asking again will not help
	CodeConnectTime = "timeout"     // no connection came about in time
	CodeReset       = "reset"       // the connection was reset
	CodeClosed      = "closed"      // the connection was closed, or lost
	CodeStuck       = "stuck"       // the request was not read
	CodeHTTP        = "http"        // what came back is no HTTP
	CodeTransport   = "transport"   // something else
)

// unreachable classifies a request that got no answer.
func (e *endpoint) unreachable(ctx context.Context, err error) *switchgear.Error {
	if ctx.Err() != nil {
		return e.ended(ctx)
	}
	f := diagnose(err)
	class := switchgear.ClassConnect
	switch f.code {
	case CodeHTTP:
		class = switchgear.ClassMalformed
	case CodeStuck:
		class = switchgear.ClassTimeout
	}
	return &switchgear.Error{
		Class: class, Provider: e.name, Code: f.code, Err: f.cause, Marks: settled(f.code) | sent(f.code, err),
		Message: f.what + " (" + e.host + ")",
	}
}

// settled marks what a second try a moment later cannot change: nobody
// listens, the name, the certificate, and the two seconds that were given to
// connecting and are gone.
func settled(code string) switchgear.Mark {
	switch code {
	case CodeRefused, CodeUnreachable, CodeDNS, CodeDNSTimeout, CodeTLS, CodeConnectTime:
		return switchgear.MarkSettled
	default:
		return 0
	}
}

// sent marks a connection that was lost after it had come about: the request
// was on its way by then, or there. A handshake that is cut off looks the same.
func sent(code string, err error) switchgear.Mark {
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "dial", strings.Contains(err.Error(), "GOAWAY"), strings.Contains(err.Error(), "REFUSED_STREAM"):
		return 0 // by what HTTP/2 says of them, not a byte was looked at
	case code == CodeReset, code == CodeClosed, code == CodeTransport:
		return switchgear.MarkSent
	default:
		return 0
	}
}

// brokeOff classifies an answer that did not come to its end.
func (e *endpoint) brokeOff(ctx context.Context, err error) *switchgear.Error {
	switch {
	case errors.Is(err, errTooLarge):
		return &switchgear.Error{Class: switchgear.ClassMalformed, Provider: e.name, Code: "too_large", Message: errTooLarge.Error()}
	case errors.Is(err, errCorrupt):
		return &switchgear.Error{Class: switchgear.ClassMalformed, Provider: e.name, Code: "encoding", Message: errCorrupt.Error()}
	case ctx.Err() != nil:
		return e.ended(ctx)
	}
	f := diagnose(err)
	return &switchgear.Error{
		Class: switchgear.ClassInterrupted, Provider: e.name, Code: f.code, Err: f.cause,
		Message: "the connection broke before the answer was complete",
	}
}

// ended is the error of an attempt whose context is over. Who ended it may
// have said why: an [*switchgear.Error] as the context's cause is the error.
func (e *endpoint) ended(ctx context.Context) *switchgear.Error {
	cause := context.Cause(ctx)
	if why, ok := errors.AsType[*switchgear.Error](cause); ok {
		if why.Provider != "" {
			return why
		}
		named := *why // a cause may be shared: it is not ours to change
		named.Provider = e.name
		return &named
	}
	if errors.Is(cause, context.DeadlineExceeded) {
		return &switchgear.Error{
			Class: switchgear.ClassTimeout, Provider: e.name, Code: "deadline", Err: context.DeadlineExceeded,
			Message: "the deadline passed before the answer was complete",
		}
	}
	return &switchgear.Error{
		Class: switchgear.ClassCanceled, Provider: e.name, Code: "canceled", Err: context.Canceled,
		Message: "the call was canceled",
	}
}

// finding is what an error of the transport comes down to. Cause is set where
// its text is known to hold nothing but names and numbers of the network.
type finding struct {
	code, what string
	cause      error
}

func diagnose(err error) finding {
	if f, ok := diagnoseName(err); ok {
		return f
	}
	if f, ok := diagnoseTLS(err); ok {
		return f
	}
	if f, ok := diagnoseSystem(err); ok {
		return f
	}
	return diagnoseText(err)
}

func diagnoseName(err error) (finding, bool) {
	var dns *net.DNSError
	switch {
	case !errors.As(err, &dns):
		return finding{}, false
	case dns.IsNotFound:
		return finding{CodeDNS, "the provider's host name has no address", nil}, true
	default:
		return finding{CodeDNSTimeout, "the provider's host name could not be looked up", nil}, true
	}
}

func diagnoseTLS(err error) (finding, bool) {
	var (
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case errors.As(err, &unknown):
		return finding{CodeTLS, "the provider's certificate is signed by an authority that is not known here", nil}, true
	case errors.As(err, &host):
		return finding{CodeTLS, "the provider's certificate is for another host name", nil}, true
	case errors.As(err, &invalid):
		return finding{CodeTLS, "the provider's certificate is not valid", invalid}, true
	case errors.As(err, &verify):
		return finding{CodeTLS, "the provider's certificate could not be verified", nil}, true
	case errors.As(err, &alert):
		return finding{CodeTLS, "the TLS handshake with the provider failed", alert}, true
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return finding{CodeTLS, "the provider does not speak TLS at this address", nil}, true
	default:
		return finding{}, false
	}
}

func diagnoseSystem(err error) (finding, bool) {
	var number syscall.Errno
	errors.As(err, &number)
	var timeout net.Error
	switch {
	case errors.Is(err, errStuck):
		return finding{CodeStuck, errStuck.Error(), nil}, true
	case number == syscall.ECONNREFUSED:
		return finding{CodeRefused, "the provider refused the connection", number}, true
	case number == syscall.ECONNRESET, number == syscall.EPIPE, number == syscall.ECONNABORTED:
		return finding{CodeReset, "the provider reset the connection", number}, true
	case number == syscall.EHOSTUNREACH, number == syscall.ENETUNREACH, number == syscall.EADDRNOTAVAIL:
		return finding{CodeUnreachable, "the provider's address cannot be reached", number}, true
	case errors.As(err, &timeout) && timeout.Timeout():
		return finding{CodeConnectTime, "no connection to the provider came about in time", nil}, true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe),
		errors.Is(err, net.ErrClosed), errors.Is(err, errLate):
		return finding{CodeClosed, "the provider closed the connection without an answer", nil}, true
	default:
		return finding{}, false
	}
}

// diagnoseText reads the errors that net/http gives no type to.
func diagnoseText(err error) finding {
	text := err.Error()
	for _, known := range [...]struct{ part, code, what string }{
		{"malformed HTTP", CodeHTTP, "the provider answered with something that is not HTTP"},
		{"malformed MIME header", CodeHTTP, "the provider answered with something that is not HTTP"},
		{"unsupported transfer encoding", CodeHTTP, "the provider answered with something that is not HTTP"},
		{"response headers exceeded", CodeHTTP, "the provider answered with headers without end"},
		{"server closed idle connection", CodeClosed, "the provider closed the connection without an answer"},
		{"GOAWAY", CodeClosed, "the provider is closing its HTTP/2 connection"},
		{"REFUSED_STREAM", CodeClosed, "the provider takes no more streams on its HTTP/2 connection"},
		{"client connection lost", CodeClosed, "the HTTP/2 connection to the provider no longer answered"},
		{"client connection force closed", CodeClosed, "the HTTP/2 connection to the provider was closed"},
		{"stream error", CodeReset, "the provider reset the HTTP/2 stream"},
		{"connection error", CodeReset, "the provider broke the HTTP/2 protocol"},
		{"connection reset", CodeReset, "the provider reset the connection"},
		{"remote error: tls", CodeTLS, "the TLS handshake with the provider failed"},
		{"Proxy Authentication Required", CodeUnreachable, "the HTTP proxy asks for a login"},
	} {
		if strings.Contains(text, known.part) {
			return finding{known.code, known.what, nil}
		}
	}
	return finding{CodeTransport, "the request to the provider failed", nil}
}
