package openai

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/provider"
)

// Error classifies an answer that is none: by its code and type, then by what
// its message says, then by its status.
func (*Dialect) Error(status int, h http.Header, body []byte) *switchgear.Error {
	return classify(status, h, body)
}

func classify(status int, h http.Header, body []byte) *switchgear.Error {
	e := &switchgear.Error{Status: status, Dialect: Name, Body: bytes.Clone(body[:min(len(body), longestError)])}
	page := isPage(body) || strings.HasPrefix(h.Get("Content-Type"), "text/html")
	switch {
	case status >= 300 && status < 400:
		e.Class, e.Code = switchgear.ClassServer, "redirect"
		e.Message = "the provider redirects to another address, which is never followed: check its base_url"
		return e
	case page:
		pageError(e, status)
	default:
		f := readFailure(body)
		if !f.some && status < 400 {
			e.Class = switchgear.ClassMalformed
			e.Code, e.Message = shapeless(body)
			return e
		}
		e.Class, e.Code = f.class(status), f.label()
		e.Message, e.Detail, e.Param = sentences[e.Class], f.message, f.param
		if f.raw != "" {
			e.Detail = strings.TrimPrefix(e.Detail+": "+f.raw, ": ")
		}
		if hinting(f.effective(status)) {
			e.RetryAfter = f.hint()
		}
	}
	if hinting(status) {
		if wait := provider.RetryAfter(h, time.Now()); wait > 0 {
			e.RetryAfter = wait
		}
	}
	if e.Class == switchgear.ClassRateLimited && e.RetryAfter >= provider.MaxRetryAfter {
		e.Class, e.Message = switchgear.ClassQuota, "our key is over a limit that lasts for five minutes or longer"
	}
	return e
}

// hinting reports whether a wait makes sense after a status. Some hosts send
// Retry-After with everything.
func hinting(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests, 498:
		return true
	default:
		return status >= 500
	}
}

// pageError is a page for people where an API should be: an edge, a proxy, a
// login. It says nothing about our key, whatever its status.
func pageError(e *switchgear.Error, status int) {
	e.Code, e.Message = "html", "a web page came instead of an answer: something in front of the provider answered in its place"
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusRequestEntityTooLarge:
		e.Class = statusClasses[status]
	case status >= 500:
		e.Class = switchgear.ClassServer
	default:
		e.Class = switchgear.ClassConnect
	}
}

// shapeless says what a body with a good status lacks.
func shapeless(body []byte) (code, message string) {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return "empty_body", "the provider sent an empty answer"
	case jsonx.Check(body) != nil:
		return "not_json", "the provider sent an answer that is not JSON"
	default:
		return "no_choices", "the provider sent an answer without choices"
	}
}

// effective is the status to go by: one in the body counts if the HTTP status
// says that all is well.
func (f *failure) effective(status int) int {
	if status < 300 && f.status != 0 {
		return f.status
	}
	return status
}

func (f *failure) class(status int) switchgear.Class {
	status = f.effective(status)
	text := strings.ToLower(f.message + " " + f.raw + " " + f.source)
	if class, ok := find(overriding, status, text); ok {
		return class
	}
	if f.flagged && status == http.StatusForbidden {
		return switchgear.ClassPolicy
	}
	for _, word := range []string{f.source, f.code, f.inner, f.kind} {
		if class, ok := codeClasses[strings.ToLower(word)]; ok {
			return class
		}
	}
	if class, ok := find(phrases, status, text); ok {
		return class
	}
	if class, ok := statusClasses[status]; ok {
		return class
	}
	switch {
	case status >= 500:
		return switchgear.ClassServer
	case status >= 400, f.kind == "invalid_request_error", f.kind == "BadRequestError":
		return switchgear.ClassInvalid
	default:
		return switchgear.ClassServer // an error object under a good status that does not say what is wrong
	}
}

// find finds the first phrase that a message holds. An error under a good
// status may be anything.
func find(table []phrase, status int, text string) (switchgear.Class, bool) {
	for i := range table {
		p := &table[i]
		if (status < 300 || (status >= p.from && status <= p.to)) && strings.Contains(text, p.text) {
			return p.class, true
		}
	}
	return 0, false
}

// hint is how long to wait as the body says: OpenRouter repeats a header there,
// and OpenAI and Groq say "try again in 1m2.5s". Dates are read as of now.
func (f *failure) hint() time.Duration {
	h := http.Header{}
	if f.reset != "" {
		h.Set("X-Ratelimit-Remaining", "0")
		h.Set("X-Ratelimit-Reset", f.reset)
	} else if _, rest, ok := strings.Cut(f.message, "ry again in "); ok {
		word, _, _ := strings.Cut(rest, " ")
		wait, err := time.ParseDuration(strings.TrimRight(word, ".,"))
		if err == nil && wait >= 0 {
			h.Set("Retry-After-Ms", strconv.FormatInt(wait.Milliseconds(), 10))
		}
	}
	return provider.RetryAfter(h, time.Now())
}
