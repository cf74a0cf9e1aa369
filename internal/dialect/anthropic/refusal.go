package anthropic

import (
	"errors"
	"net/http"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/sse"
)

// statusOverloaded is the provider's own, which net/http has no name for.
const statusOverloaded = 529

// Error writes a failure in the client's shape, and the HTTP status that goes
// with it. What the provider says about a request that is wrong passes as it
// came, if it is in this dialect; everything else is told in our words.
func (*Codec) Error(e *switchgear.Error, requestID string) (status int, body []byte) {
	if passes(e) {
		return e.Status, e.Body
	}
	status = statusOf(e)
	return status, errorBody(e, status, requestID)
}

// StreamError writes a failure as the last frame of a stream.
func (*Codec) StreamError(e *switchgear.Error, requestID string) []byte {
	body := errorBody(e, statusOf(e), requestID)
	return sse.AppendEvent(nil, "error", body)
}

// passes reports whether the provider's own words are the client's answer: they
// are about the client's request, and the client can read them.
func passes(e *switchgear.Error) bool {
	if e.Provider == "" || e.Dialect != name || e.Status < 400 || e.Status > 499 || !terminal(e.Class) {
		return false
	}
	return jsonx.KindOf(e.Body) == jsonx.Object && jsonx.Check(e.Body) == nil
}

// terminal reports whether the caller's request is to blame.
func terminal(c switchgear.Class) bool {
	return c == switchgear.ClassInvalid || c == switchgear.ClassContext || c == switchgear.ClassPolicy
}

// statusOf is the status of a failure. The gateway's own say theirs; of a
// provider's, only those about the request keep their meaning: that a provider
// refuses our key, or its limits, is no fault of the client's.
func statusOf(e *switchgear.Error) int {
	own := e.Provider == ""
	if own && e.Status >= 400 && e.Status <= 599 {
		return e.Status
	}
	switch e.Class {
	case switchgear.ClassInvalid, switchgear.ClassContext, switchgear.ClassPolicy:
		if e.Code == switchgear.CodeUnknownRoute {
			return http.StatusNotFound
		}
		if e.Status == http.StatusRequestEntityTooLarge || e.Status == http.StatusUnprocessableEntity {
			return e.Status
		}
		return http.StatusBadRequest
	case switchgear.ClassRateLimited:
		return http.StatusTooManyRequests
	case switchgear.ClassOverloaded:
		return statusOverloaded
	case switchgear.ClassExhausted:
		if overloaded(e) {
			return statusOverloaded
		}
		return http.StatusServiceUnavailable
	case switchgear.ClassInternal:
		return http.StatusInternalServerError
	case switchgear.ClassRefused:
		if e.Code == switchgear.CodeSpendLimit || e.Code == switchgear.CodeRateLimit {
			return http.StatusTooManyRequests
		}
		return http.StatusServiceUnavailable
	case switchgear.ClassAuth, switchgear.ClassQuota, switchgear.ClassGone:
		if own {
			return ownStatus(e.Class)
		}
		return http.StatusServiceUnavailable
	default:
		return http.StatusServiceUnavailable
	}
}

// ownStatus is for what the gateway itself refuses: a client key, a client's
// limit, a name.
func ownStatus(c switchgear.Class) int {
	switch c {
	case switchgear.ClassAuth:
		return http.StatusUnauthorized
	case switchgear.ClassQuota:
		return http.StatusTooManyRequests
	default:
		return http.StatusNotFound
	}
}

// overloaded reports whether overload is why a chain is exhausted: whether the
// first step that was really called failed so. That is the failure everything
// after it followed from, and the one the client waits out best.
func overloaded(e *switchgear.Error) bool {
	if e.Trace != nil {
		for i := range e.Trace.Attempts {
			a := &e.Trace.Attempts[i]
			if a.Skipped == "" && a.Err != nil && a.Err.Class != switchgear.ClassCanceled {
				return a.Err.Class == switchgear.ClassOverloaded
			}
		}
	}
	cause, ok := errors.AsType[*switchgear.Error](e.Err)
	return ok && cause.Class == switchgear.ClassOverloaded
}

// errorBody is the error object of the protocol. Clients decide by its type and
// show its message; the code is ours, for those who look.
func errorBody(e *switchgear.Error, status int, requestID string) []byte {
	var w jsonx.Writer
	w.Object()
	w.Key("type")
	w.Str("error")
	w.Key("error")
	w.Object()
	w.Key("type")
	w.Str(typeOf(status))
	w.Key("message")
	w.Str(sentence(e))
	if e.Provider == "" && e.Code != "" {
		w.Key("code")
		w.Str(e.Code)
	}
	w.End()
	if requestID != "" {
		w.Key("request_id")
		w.Str(requestID)
	}
	w.End()
	return w.Buf()
}

// typeOf is the error type that goes with a status.
func typeOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusPaymentRequired:
		return "billing_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case http.StatusGatewayTimeout:
		return "timeout_error"
	case statusOverloaded:
		return "overloaded_error"
	}
	if status < http.StatusInternalServerError {
		return "invalid_request_error"
	}
	return "api_error"
}

// sentence is what the client reads. About its own request it may hear the
// provider's words, which say what to mend.
func sentence(e *switchgear.Error) string {
	switch {
	case terminal(e.Class) && e.Provider != "" && e.Detail != "":
		return e.Provider + ": " + e.Detail
	case e.Message != "" && e.Provider != "":
		return e.Provider + ": " + e.Message
	case e.Message != "":
		return e.Message
	default:
		return e.Error()
	}
}
