package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

type (
	openaiErrorBody struct {
		Error openaiErrorPart `json:"error"`
	}
	openaiErrorPart struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	anthropicErrorBody struct {
		Type  string             `json:"type"`
		Error anthropicErrorPart `json:"error"`
		ID    string             `json:"request_id,omitempty"`
	}
	anthropicErrorPart struct {
		Details json.RawMessage `json:"details,omitempty"`
		Type    string          `json:"type"`
		Message string          `json:"message"`
	}
)

// openaiError writes an error as OpenAI does. Those of its front door (a bad
// key, an unknown model) are laid out otherwise than those of the model.
func openaiError(status int, kind, code, param, text string) *exchange {
	body := openaiErrorBody{openaiErrorPart{Message: text, Type: kind}}
	if code != "" {
		body.Error.Code = &code
	}
	if param != "" {
		body.Error.Param = &param
	}
	if status == http.StatusUnauthorized || status == http.StatusNotFound {
		return whole(status, "application/json; charset=utf-8", append(jsonBody(body, "    "), '\n'))
	}
	return whole(status, "application/json", jsonBody(body, "  "))
}

// anthropicError writes an error as Anthropic does.
func (c *call) anthropicError(status int, kind, text string) *exchange {
	body := anthropicErrorBody{"error", anthropicErrorPart{Type: kind, Message: text}, c.requestID()}
	return whole(status, "application/json", quote(body))
}

// invalid is a 400 that says what is wrong with the request itself.
func (c *call) invalid(code, param, text string) *exchange {
	if c.dialect == anthropic {
		return c.anthropicError(http.StatusBadRequest, "invalid_request_error", text)
	}
	return openaiError(http.StatusBadRequest, "invalid_request_error", code, param, text)
}

func (c *call) badJSON(err error) *exchange {
	if c.dialect == anthropic {
		return c.anthropicError(http.StatusBadRequest, "invalid_request_error", "The request body is not valid JSON: "+err.Error())
	}
	return openaiError(http.StatusBadRequest, "invalid_request_error", "", "", "We could not parse the JSON body of your request. ("+err.Error()+")")
}

func (c *call) noSuchPath() *exchange {
	if c.dialect == anthropic {
		return c.anthropicError(http.StatusNotFound, "not_found_error", "Not Found")
	}
	return openaiError(http.StatusNotFound, "invalid_request_error", "", "", fmt.Sprintf("Invalid URL (%s %s)", c.r.Method, c.r.URL.Path))
}

func (c *call) noSuchModel(name string) *exchange {
	if c.dialect == anthropic {
		return c.anthropicError(http.StatusNotFound, "not_found_error", "model: "+name)
	}
	return openaiError(http.StatusNotFound, "invalid_request_error", "model_not_found", "", "The model `"+name+"` does not exist or you do not have access to it.")
}

// said is one provider's words for an error. MODEL stands for the model.
type said struct {
	kind, code, param, text string
	details                 string // Anthropic: JSON
}

// refusal is an error status in both providers' words; those of a provider
// that does not have it are empty.
type refusal struct {
	name      string
	status    int
	does      string
	openai    said
	anthropic said
}

// refusals are the error statuses that are answered in JSON.
func refusals() []refusal {
	inv := "invalid_request_error"
	return []refusal{
		{"400", 400, "a request the provider finds wrong", said{kind: inv, code: "invalid_value", param: "messages[0].content", text: "Invalid value for 'content': expected a string, got null."}, said{kind: inv, text: "messages.0: Input does not match the expected shape."}},
		{"400-context", 400, "a prompt longer than the model's context window", said{kind: inv, code: "context_length_exceeded", param: "messages", text: "This model's maximum context length is 128000 tokens. However, your messages resulted in 131077 tokens. Please reduce the length of the messages."}, said{kind: inv, text: "prompt is too long: 205123 tokens > 200000 maximum"}},
		{"400-filter", 400, "a prompt that a content filter rejects", said{kind: inv, code: "content_policy_violation", text: "Your request was rejected as a result of our safety system."}, said{kind: inv, text: "Output blocked by content filtering policy"}},
		{"400-vague", 400, "a valid request, refused in words that say nothing", said{kind: inv, text: "The request could not be processed."}, said{kind: inv, text: "The request could not be processed."}},
		{"400-usage-limit", 400, "a workspace over its own spending limit, which Anthropic says with a 400", said{}, said{kind: inv, text: "You have reached your specified API usage limits. You will regain access on 2027-01-01 at 00:00 UTC."}},
		{"401", 401, "a key the provider does not know", said{kind: inv, code: "invalid_api_key", text: "Incorrect API key provided: sk-sim**********. You can find your API key at https://platform.openai.com/account/api-keys."}, said{kind: "authentication_error", text: "invalid x-api-key"}},
		{"402", 402, "an account that has to be paid for", said{kind: "unknown_error", code: "invalid_request_error", text: "Insufficient Balance"}, said{kind: "billing_error", text: "Your account has a billing problem. Please update your payment details."}},
		{"403", 403, "a key that may not do this", said{kind: "request_forbidden", code: "unsupported_country_region_territory", text: "Country, region, or territory not supported"}, said{kind: "permission_error", text: "Your API key does not have permission to use the specified resource."}},
		{"404", 404, "a model the provider does not have", said{kind: inv, code: "model_not_found", text: "The model `MODEL` does not exist or you do not have access to it."}, said{kind: "not_found_error", text: "model: MODEL"}},
		{"408", 408, "a request the provider gave up on", said{kind: "timeout", code: "request_timeout", text: "Request timed out."}, said{kind: "timeout_error", text: "Request timed out"}},
		{"409", 409, "a conflict with another request", said{kind: "conflict_error", text: "The request conflicts with another one. Please try again."}, said{kind: "conflict_error", text: "The request conflicts with the current state of the resource."}},
		{"413", 413, "a request that is too large", said{kind: "tokens", code: "rate_limit_exceeded", text: "Request too large for MODEL in organization org-simulated on tokens per min (TPM): Limit 6000, Requested 12328."}, said{kind: "request_too_large", text: "Request exceeds the maximum size"}},
		{"422", 422, "a request that is well formed but cannot be processed", said{kind: inv, text: "Unprocessable entity"}, said{kind: inv, text: "Unprocessable entity"}},
		{"429-quota", 429, "an account without credit, which OpenAI says with a 429", said{kind: "insufficient_quota", code: "insufficient_quota", text: "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."}, said{}},
		{"429-spend", 429, "an account over its spending cap, which Anthropic says with a 429 and no Retry-After", said{}, said{kind: "rate_limit_error", text: "Your organization has reached its monthly spend limit.", details: `{"error_code":"enforced_spend_limit_reached"}`}},
		{"429-slow-down", 429, "a client that raised its rate too fast", said{kind: "rate_limit_error", code: "slow_down", text: "Requests are being made too quickly. Please slow down."}, said{}},
		{"500", 500, "a failure of the provider", said{kind: "server_error", text: "The server had an error while processing your request. Sorry about that!"}, said{kind: "api_error", text: "Internal server error"}},
		{"503", 503, "a provider without capacity", said{kind: "service_unavailable_error", code: "server_is_overloaded", text: "Our servers are currently overloaded. Please try again later."}, said{kind: "overloaded_error", text: "Overloaded"}},
		{"529", 529, "a provider without capacity, in Anthropic's own status", said{kind: "overloaded_error", code: "overloaded", text: "Overloaded"}, said{kind: "overloaded_error", text: "Overloaded"}},
	}
}

// rateLimit is the text of a plain 429.
func rateLimit() refusal {
	return refusal{
		"429", 429, "a key over its rate limit, without a hint how long",
		said{kind: "tokens", code: "rate_limit_exceeded", text: "Rate limit reached for MODEL in organization org-simulated on tokens per min (TPM): Limit 4000000, Used 3999000, Requested 2000."},
		said{kind: "rate_limit_error", text: "This request would exceed your account's rate limit. Please try again later."},
	}
}

// refuse writes a refusal in the words of the call's dialect.
func (c *call) refuse(r refusal) *exchange {
	words := r.openai
	if c.dialect == anthropic {
		words = r.anthropic
	}
	model := "unknown"
	if c.ask != nil {
		model = c.ask.model
	}
	text := strings.ReplaceAll(words.text, "MODEL", model)
	if c.dialect == openai {
		return openaiError(r.status, words.kind, words.code, words.param, text)
	}
	body := anthropicErrorBody{"error", anthropicErrorPart{Type: words.kind, Message: text}, c.requestID()}
	if words.details != "" {
		body.Error.Details = json.RawMessage(words.details)
	}
	return whole(r.status, "application/json", quote(body))
}

// statusFault answers as the fault of that name would.
func (c *call) statusFault(name string) *exchange {
	return c.s.table[name].reply(c, Fault{Name: name})
}

// page is what an edge server answers in place of the provider.
func page(status int, title string) *exchange {
	body := fmt.Sprintf("<!DOCTYPE html>\n<html>\n<head><title>%d %s</title></head>\n<body>\n<center><h1>%d %s</h1></center>\n<hr><center>cloudflare</center>\n</body>\n</html>\n",
		status, title, status, title)
	return whole(status, "text/html; charset=UTF-8", []byte(body))
}

// errorEvent is an error in the middle of a stream.
func (c *call) errorEvent() []byte {
	if c.dialect == anthropic {
		body := anthropicErrorBody{"error", anthropicErrorPart{Details: null(), Type: "overloaded_error", Message: "Overloaded"}, c.requestID()}
		return fmt.Appendf(nil, "event: error\ndata: %s\n\n", quote(body))
	}
	body := openaiErrorBody{openaiErrorPart{Message: "The server had an error while processing your request. Sorry about that!", Type: "server_error"}}
	return dataEvent(body)
}

// errorInside is an error in the body of a 200.
func (c *call) errorInside() *exchange {
	if c.dialect == anthropic {
		return c.anthropicError(http.StatusOK, "overloaded_error", "Overloaded")
	}
	return openaiError(http.StatusOK, "server_error", "", "", "The server had an error while processing your request. Sorry about that!")
}
