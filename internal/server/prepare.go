package server

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
)

const labelPrefix = "X-Switchgear-Label-"

// prepare makes the request the gateway is given.
func (x *exchange) prepare(e switchgear.Envelope, body []byte) error {
	name := e.Model
	if header := x.r.Header.Get("X-Switchgear-Route"); header != "" {
		name = header
	}
	route, err := x.gw.Resolve(x.client, name)
	if err != nil {
		return err
	}
	x.record.Route = route
	limits, err := readLimits(x.r.Header)
	if err != nil {
		return err
	}
	if x.client != nil {
		limits.Client = x.client.Name
	}
	x.req = &switchgear.Request{
		Route:  route,
		User:   e.User,
		Labels: labels(x.r.Header, x.client),
		Limits: limits,
		Wire: &switchgear.Wire{
			Dialect: x.codec.Dialect(),
			Body:    body,
			Header:  x.upstreamHeaders(),
			Query:   upstreamQuery(x.r.URL.RawQuery),
			Model:   e.Span,
			Stream:  e.Stream,
		},
	}
	return nil
}

// upstreamHeaders picks the client's headers a provider may see.
func (x *exchange) upstreamHeaders() http.Header {
	var picked http.Header
	for name, values := range x.r.Header {
		if x.h.headers == nil || !x.h.headers(name) {
			continue
		}
		if picked == nil {
			picked = make(http.Header, 2)
		}
		picked[name] = values
	}
	return picked
}

// upstreamQuery keeps the one query parameter that selects features, and never
// one that may hold a key.
func upstreamQuery(raw string) string {
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "beta=true" {
			return pair
		}
	}
	return ""
}

func readLimits(h http.Header) (switchgear.Limits, error) {
	limits := switchgear.Limits{Retry: retryCount(h)}
	if word := h.Get("X-Switchgear-Stakes"); word != "" {
		stakes, ok := switchgear.ParseStakes(word)
		if !ok {
			return limits, own(http.StatusBadRequest, "bad_header", "The header x-switchgear-stakes takes low, normal or high.")
		}
		limits.Stakes = stakes
	}
	switch strings.ToLower(h.Get("X-Switchgear-No-Fallback")) {
	case "", "0", "false":
	case "1", "true":
		limits.NoFallback = true
	default:
		return limits, own(http.StatusBadRequest, "bad_header", "The header x-switchgear-no-fallback takes 1 or 0.")
	}
	return limits, nil
}

// retryCount is which retry of the client's own a request is, as the SDKs of
// OpenAI and Anthropic say; 0 for the first try, and where nothing that could be
// a count is said.
func retryCount(h http.Header) int {
	n, err := strconv.Atoi(h.Get("X-Stainless-Retry-Count"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// labels are what the client's key says, and what the request adds to it.
func labels(h http.Header, c *Client) map[string]string {
	var found map[string]string
	for name, values := range h {
		label, ok := strings.CutPrefix(name, labelPrefix)
		if !ok || len(values) == 0 || label == "" {
			continue
		}
		if found == nil {
			found = make(map[string]string)
		}
		found[strings.ToLower(label)] = values[0]
	}
	if found == nil {
		return c.Labels
	}
	maps.Copy(found, c.Labels)
	return found
}

// deadline applies the timeout a client asks for, which can only be shorter
// than the route's.
func (x *exchange) deadline() (stop func()) {
	timeout, ok := requestTimeout(x.r.Header.Get("X-Request-Timeout"))
	if !ok {
		return func() {}
	}
	ctx, cancel := context.WithTimeoutCause(x.ctx, timeout, &switchgear.Error{
		Class: switchgear.ClassTimeout, Code: "client_deadline",
		Message: "the time the client allowed (x-request-timeout) is over",
	})
	x.ctx = ctx
	return cancel
}

// requestTimeout reads seconds ("30", "2.5") or a duration with units
// ("1500ms"). What is neither is ignored, as proxies do.
func requestTimeout(text string) (time.Duration, bool) {
	if text == "" {
		return 0, false
	}
	const most = 24 * time.Hour
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if seconds > 0 && seconds < most.Seconds() {
			return time.Duration(seconds * float64(time.Second)), true
		}
		return 0, false
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0 && d < most
}
