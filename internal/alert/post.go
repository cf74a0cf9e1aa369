package alert

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// Delivery is a JSON body to be posted.
type Delivery struct {
	Address string
	Header  http.Header // beside those every delivery has
	Body    []byte
	Success int // the one status that means that it was taken; 0 for any 2xx
}

// Post delivers over HTTP, without following a redirect. The error is an
// [*Error] that names neither the address nor the body, since both may hold
// secrets; nor does it repeat what the other side answered.
func (d Delivery) Post(ctx context.Context, rt http.RoundTripper) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Address, bytes.NewReader(d.Body))
	if err != nil {
		return &Error{Message: "its address cannot be used", Terminal: true, Refused: true}
	}
	maps.Copy(req.Header, d.Header)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "switchgear")
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return unreachable(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	if ok := resp.StatusCode/100 == 2; ok && d.Success != 0 && d.Success != resp.StatusCode {
		return &Error{Message: "what answers at this address is something else", Status: resp.StatusCode, Terminal: true, Refused: true}
	}
	return answered(resp.StatusCode, resp.Header.Get("Retry-After"), time.Now())
}

// NewTransport is a way to sinks that nobody else uses: few connections, and no
// waiting for long.
func NewTransport() http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: sendTime,
		IdleConnTimeout:       30 * time.Second,
		MaxIdleConnsPerHost:   1,
		ForceAttemptHTTP2:     true,
	}
}

// answered judges a status.
func answered(status int, retryAfter string, now time.Time) error {
	e := &Error{Status: status, Refused: true}
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		e.Message, e.Terminal = "it answered with a redirect, which is not followed", true
	case status == http.StatusTooManyRequests:
		e.Message, e.RetryAfter = "it is told too much at once", parseRetryAfter(retryAfter, now)
	case status == http.StatusRequestTimeout || status == http.StatusTooEarly:
		e.Message = "it did not take the notice in time"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		e.Message, e.Terminal = "it refuses the key or the signature", true
	case status == http.StatusNotFound || status == http.StatusGone:
		e.Message, e.Terminal = "there is nobody at this address", true
	case status >= 400 && status < 500:
		e.Message, e.Terminal = "it refused the notice", true
	default:
		// Behind a gateway that lost patience the notice may have been taken.
		e.Message, e.Refused, e.RetryAfter = "it failed", status != http.StatusGatewayTimeout, parseRetryAfter(retryAfter, now)
	}
	return e
}

// parseRetryAfter reads seconds or a date; 0 for none.
func parseRetryAfter(s string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(s); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(giveUp.Seconds()))) * time.Second
	}
	if date, err := http.ParseTime(s); err == nil && date.After(now) {
		return min(date.Sub(now), giveUp)
	}
	return 0
}

// unreachable says why there was no answer, in words of ours: the error's own
// hold names and addresses.
func unreachable(ctx context.Context, err error) *Error {
	e := &Error{Message: "the connection broke off"}
	_, isName := errors.AsType[*net.DNSError](err)
	_, isCert := errors.AsType[*tls.CertificateVerificationError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	switch {
	case isName:
		e.Message, e.Refused = "its name could not be resolved", true
	case isCert:
		e.Message, e.Refused = "its certificate is not trusted", true
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Message, e.Refused = "the connection was refused", true
	case isOp && op.Op == "dial":
		e.Message, e.Refused = "it could not be reached", true
	case ctx.Err() != nil || isTimeout(err):
		e.Message = "it did not answer in time"
	}
	return e
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
