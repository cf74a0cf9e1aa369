package openai

import (
	"net/http"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/sse"
)

// ownStatuses are the statuses of the codes the gateway itself gives.
var ownStatuses = map[string]int{ //nolint:gochecknoglobals // a constant table
	switchgear.CodeChainExhausted:    http.StatusServiceUnavailable,
	switchgear.CodeFloorRefused:      http.StatusServiceUnavailable,
	switchgear.CodeSpendLimit:        http.StatusTooManyRequests,
	switchgear.CodeRateLimit:         http.StatusTooManyRequests,
	switchgear.CodeUnknownRoute:      http.StatusNotFound,
	switchgear.CodeContentPolicy:     http.StatusBadRequest,
	switchgear.CodeStreamInterrupted: http.StatusServiceUnavailable,
}

// Error writes a failure as a client of OpenAI expects it.
//
// What is the caller's fault keeps its status, and if it was said in this
// dialect its very body. What is not is never a 401 or a 403, which clients
// take for their own key: it is 503, or 429 if every key is over its limit, or
// 504 if a deadline passed. Clients try again on each of these.
func (*Codec) Error(e *switchgear.Error, requestID string) (status int, body []byte) {
	status = statusOf(e)
	if callers(e.Class) && e.Dialect == Name && jsonx.KindOf(e.Body) == jsonx.Object && jsonx.Check(e.Body) == nil {
		return status, e.Body
	}
	return status, object(typeOf(status, e.Code), codeOf(e), e.Param, text(e, requestID))
}

// StreamError writes a failure as the last event of a stream. There is no
// [DONE] behind it: a client must not take what came before for an answer.
func (*Codec) StreamError(e *switchgear.Error, requestID string) []byte {
	return sse.AppendEvent(nil, "", object("server_error", switchgear.CodeStreamInterrupted, "", text(e, requestID)))
}

// Models writes what a client may name as the model.
func (*Codec) Models(models []switchgear.ModelInfo) []byte {
	var w jsonx.Writer
	w.Object()
	w.Key("object")
	w.Str("list")
	w.Key("data")
	w.Array()
	for i := range models {
		w.Object()
		w.Key("id")
		w.Str(models[i].Name)
		w.Key("object")
		w.Str("model")
		w.Key("created")
		w.Int(models[i].Created)
		w.Key("owned_by")
		w.Str("switchgear")
		w.End()
	}
	w.End()
	w.End()
	return w.Buf()
}

// callers reports whether a failure is about the request.
func callers(c switchgear.Class) bool {
	return c == switchgear.ClassInvalid || c == switchgear.ClassContext || c == switchgear.ClassPolicy
}

// ours reports whether the gateway itself failed, rather than a provider.
func ours(e *switchgear.Error) bool { return e.Provider == "" && e.Dialect == "" }

func statusOf(e *switchgear.Error) int {
	if status, ok := ownStatuses[e.Code]; ok && ours(e) {
		return status
	}
	if ours(e) && e.Status >= 400 && e.Status < 600 {
		return e.Status // said by the gateway itself: 401 for a bad client key, 413, 421 and the like
	}
	switch {
	case callers(e.Class):
		switch e.Status {
		case http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			return e.Status
		default:
			return http.StatusBadRequest
		}
	case e.Class == switchgear.ClassRateLimited:
		return http.StatusTooManyRequests
	case e.Class == switchgear.ClassTimeout:
		return http.StatusGatewayTimeout
	case e.Class == switchgear.ClassCanceled:
		return 499 // nobody reads it; the word of the trade in logs
	case e.Class == switchgear.ClassInternal:
		return http.StatusInternalServerError
	default:
		return http.StatusServiceUnavailable
	}
}

// typeOf is the coarse word OpenAI puts beside the code.
func typeOf(status int, code string) string {
	switch {
	case code == switchgear.CodeSpendLimit:
		return "insufficient_quota"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status == http.StatusForbidden:
		return "permission_error"
	case status < 500:
		return "invalid_request_error"
	default:
		return "server_error"
	}
}

func codeOf(e *switchgear.Error) string {
	switch {
	case e.Code != "" && (ours(e) || callers(e.Class)):
		return e.Code
	case e.Class == switchgear.ClassPolicy:
		return switchgear.CodeContentPolicy
	case e.Class == switchgear.ClassRateLimited:
		return switchgear.CodeRateLimit
	case callers(e.Class), !ours(e):
		return switchgear.CodeTerminalUpstream
	default:
		return e.Class.String()
	}
}

// text is the message: ours, with the provider's words where the caller needs
// them to mend the request, and the id to ask about.
func text(e *switchgear.Error, requestID string) string {
	message := e.Message
	if message == "" {
		message = "the request failed: " + e.Class.String()
	}
	if callers(e.Class) && e.Detail != "" {
		message += ": " + e.Detail
	}
	if requestID != "" && !strings.Contains(message, requestID) {
		message += " (request " + requestID + ")"
	}
	return message
}

func object(kind, code, param, message string) []byte {
	var w jsonx.Writer
	w.Object()
	w.Key("error")
	w.Object()
	w.Key("message")
	w.Str(message)
	w.Key("type")
	w.Str(kind)
	w.Key("param")
	if param != "" {
		w.Str(param)
	} else {
		w.Null()
	}
	w.Key("code")
	w.Str(code)
	w.End()
	w.End()
	return w.Buf()
}
