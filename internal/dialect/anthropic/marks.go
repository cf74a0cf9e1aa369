package anthropic

import (
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// markPrefix begins the signature that a client of this protocol gets for
// thinking that was done elsewhere. It says by whom, and carries what that
// provider signed with: "switchgear:openai:gAAAA...". The client sends it back
// with the conversation. Whoever signed it gets it back, and this protocol's
// provider, which would refuse it, never does.
const markPrefix = "switchgear:"

// mark is the signature of thinking in an answer: the provider's own, or a mark.
func mark(origin, signature string) string {
	if origin == name {
		return signature
	}
	return markPrefix + origin + ":" + signature
}

// unmark undoes mark: who did the thinking, and what they signed it with.
func unmark(signature string) (origin, inner string) {
	rest, ok := strings.CutPrefix(signature, markPrefix)
	if !ok {
		return name, signature
	}
	origin, inner, _ = strings.Cut(rest, ":")
	if origin == "" {
		origin = "unknown"
	}
	return origin, inner
}

// stopReason is the protocol's word for why an answer ended. An answer that
// calls tools waits for them, whatever the provider calls it, unless it was cut
// short or declined.
func stopReason(f switchgear.Finish, called, declined bool) string {
	if f.Reason != "" && finish(f.Reason, "").Kind == f.Kind && f.Kind != switchgear.FinishOther {
		return f.Reason // in this protocol's words already
	}
	switch f.Kind {
	case switchgear.FinishLength:
		return "max_tokens"
	case switchgear.FinishFilter:
		return "refusal"
	case switchgear.FinishPause:
		return "pause_turn"
	case switchgear.FinishToolCall, switchgear.FinishNone, switchgear.FinishStop, switchgear.FinishOther:
	}
	switch {
	case called:
		return "tool_use"
	case declined:
		return "refusal"
	case f.Sequence != "":
		return "stop_sequence"
	default:
		return "end_turn"
	}
}

// callID is the id of a tool call, which a client needs to answer it.
func callID(id, answer string, place int) string {
	if id != "" {
		return id
	}
	return "toolu_" + safeID(strings.TrimPrefix(answer, "msg_")) + "_" + strconv.Itoa(place)
}

// answerID is the id of an answer, of the kind clients of this protocol know.
func answerID(id string) string {
	if strings.HasPrefix(id, "msg_") {
		return id
	}
	return "msg_" + safeID(id)
}
