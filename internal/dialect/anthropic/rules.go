package anthropic

import (
	"net/http"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// ruling is what a failure is taken for.
type ruling struct {
	class   switchgear.Class
	code    string // ours; "" leaves the provider's
	say     string // in our words
	monthly bool   // it lasts until the next month begins, UTC
}

// rule gives a ruling to errors that match all that it names.
type rule struct {
	ruling

	kind, code, text string // type; code; part of the message, in lower case
}

// Sayings that several rules share.
const (
	sayKey      = "the provider refuses the key"
	saySpent    = "the account behind the key has reached its spending limit or has no credit left"
	sayRate     = "the key is over its rate limit"
	sayBusy     = "the provider has no capacity right now"
	sayFailed   = "the provider failed"
	sayInvalid  = "the provider finds the request invalid"
	sayTooLarge = "the request is larger than the provider takes"
	sayGone     = "the provider does not have this model, or not for this key"
)

// rules holds what the provider's errors mean; the first match counts. Texts
// are the last resort: the provider has no type for these. Seen in recorded
// traffic and in the provider's documentation up to November 2026.
var rules = [...]rule{ //nolint:gochecknoglobals // a constant table
	{kind: "invalid_request_error", text: "prompt is too long", ruling: ruling{class: switchgear.ClassContext, say: "the prompt is longer than the model's context window"}},
	{kind: "invalid_request_error", text: "exceed context limit", ruling: ruling{class: switchgear.ClassContext, say: "the prompt and max_tokens together are longer than the model's context window"}},
	{text: "api usage limits", ruling: ruling{class: switchgear.ClassQuota, say: saySpent}},
	{text: "credit balance is too low", ruling: ruling{class: switchgear.ClassQuota, say: saySpent}},
	{code: "enforced_spend_limit_reached", ruling: ruling{class: switchgear.ClassQuota, say: saySpent, monthly: true}},
	{kind: "invalid_request_error", text: "does not support assistant message prefill", ruling: ruling{class: switchgear.ClassInvalid, code: "prefill_unsupported", say: "this model does not continue a message the assistant began; let the last message be the user's"}},
	{text: "content filtering policy", ruling: ruling{class: switchgear.ClassPolicy, say: "the provider's content filter stopped the answer"}},
	{kind: "rate_limit_error", text: "acceleration", ruling: ruling{class: switchgear.ClassRateLimited, code: "acceleration_limit", say: "traffic to the provider grew faster than it allows"}},
	{kind: "authentication_error", ruling: ruling{class: switchgear.ClassAuth, say: sayKey}},
	{kind: "permission_error", ruling: ruling{class: switchgear.ClassAuth, say: "the key may not do this at the provider"}},
	{kind: "billing_error", ruling: ruling{class: switchgear.ClassQuota, say: saySpent}},
	{kind: "not_found_error", ruling: ruling{class: switchgear.ClassGone, say: sayGone}},
	{kind: "request_too_large", ruling: ruling{class: switchgear.ClassInvalid, say: sayTooLarge}},
	{kind: "conflict_error", ruling: ruling{class: switchgear.ClassServer, say: "the provider met a conflict and asks for another try"}},
	{kind: "rate_limit_error", ruling: ruling{class: switchgear.ClassRateLimited, say: sayRate}},
	{kind: "overloaded_error", ruling: ruling{class: switchgear.ClassOverloaded, say: sayBusy}},
	{kind: "api_error", ruling: ruling{class: switchgear.ClassServer, say: sayFailed}},
	{kind: "timeout_error", ruling: ruling{class: switchgear.ClassServer, say: "the provider took too long by its own clock"}},
	{code: "rate_limit_error", ruling: ruling{class: switchgear.ClassRateLimited, say: sayRate}},
	{kind: "invalid_request_error", ruling: ruling{class: switchgear.ClassInvalid, say: sayInvalid}},
}

// statuses holds what a status means that comes without words.
var statuses = map[int]ruling{ //nolint:gochecknoglobals // a constant table
	http.StatusUnauthorized:          {class: switchgear.ClassAuth, say: sayKey},
	http.StatusPaymentRequired:       {class: switchgear.ClassQuota, say: saySpent},
	http.StatusForbidden:             {class: switchgear.ClassAuth, say: "the provider forbids this to the key"},
	http.StatusNotFound:              {class: switchgear.ClassGone, say: "the provider does not know this address or model; check the base URL"},
	http.StatusMethodNotAllowed:      {class: switchgear.ClassGone, say: "the provider does not take requests at this address; check the base URL"},
	http.StatusRequestTimeout:        {class: switchgear.ClassServer, say: "the provider gave up waiting"},
	http.StatusConflict:              {class: switchgear.ClassServer, say: "the provider met a conflict and asks for another try"},
	http.StatusGone:                  {class: switchgear.ClassGone, say: sayGone},
	http.StatusRequestEntityTooLarge: {class: switchgear.ClassInvalid, code: "request_too_large", say: sayTooLarge},
	http.StatusTooEarly:              {class: switchgear.ClassServer, say: "the provider asks for another try"},
	http.StatusTooManyRequests:       {class: switchgear.ClassRateLimited, say: sayRate},
	statusClientClosed:               {class: switchgear.ClassServer, say: "something before the provider closed the request"},
	http.StatusServiceUnavailable:    {class: switchgear.ClassOverloaded, say: sayBusy},
	statusOverloaded:                 {class: switchgear.ClassOverloaded, say: sayBusy},
}

// Statuses net/http has no name for.
const (
	statusClientClosed = 499
	statusOverloaded   = 529
)

// judge rules on an error object; status is 0 for one that came in a 200.
func judge(p problem, status int) ruling {
	text := strings.ToLower(p.message)
	for i := range rules {
		r := &rules[i]
		if (r.kind == "" || r.kind == p.kind) && (r.code == "" || r.code == p.code) &&
			(r.text == "" || strings.Contains(text, r.text)) {
			return status529(r.ruling, status)
		}
	}
	if status < 400 {
		return ruling{class: switchgear.ClassServer, say: "the provider reports an error of a kind that is not known"}
	}
	return judgeStatus(status)
}

// status529 lets a status that is about capacity win over a type that is only
// about failure.
func status529(r ruling, status int) ruling {
	if r.class == switchgear.ClassServer && (status == statusOverloaded || status == http.StatusServiceUnavailable) {
		r.class, r.say = switchgear.ClassOverloaded, sayBusy
	}
	return r
}

// judgeStatus rules by the status alone.
func judgeStatus(status int) ruling {
	if r, ok := statuses[status]; ok {
		return r
	}
	switch {
	case status < 400:
		return ruling{class: switchgear.ClassMalformed, say: "the provider's answer is no answer"}
	case status < 500:
		return ruling{class: switchgear.ClassInvalid, say: sayInvalid}
	default:
		return ruling{class: switchgear.ClassServer, say: sayFailed}
	}
}

// judgePage rules on a web page. It comes from a network in front of the
// provider, which knows nothing of keys and models.
func judgePage(status int) ruling {
	switch status {
	case http.StatusRequestEntityTooLarge, http.StatusTooManyRequests:
		return judgeStatus(status)
	}
	if status < 400 {
		return ruling{class: switchgear.ClassMalformed, say: "the answer is a web page, not JSON"}
	}
	return ruling{class: switchgear.ClassServer, code: "web_page", say: "a web page came instead of an answer: the network before the provider is in trouble, or the base URL is wrong"}
}
