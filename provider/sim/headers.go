package sim

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// providerHeaders sets what the provider's edge sends with every answer.
// What an answer has set itself stays.
func (c *call) providerHeaders(x *exchange) {
	if x.silent {
		return
	}
	set := func(name, value string) {
		if x.header.Get(name) == "" {
			x.header.Set(name, value)
		}
	}
	set("Server", "cloudflare")
	set("Cf-Cache-Status", "DYNAMIC")
	set("Cf-Ray", digits(c.rng, 16)+"-SIM")
	if strings.HasPrefix(x.header.Get("Content-Type"), "text/html") {
		return // the edge itself speaks
	}
	left := 4999 - c.entry.N%1000
	took := strconv.Itoa(9 + c.rng.IntN(80) + int(x.hold.Milliseconds()))
	if c.dialect == openai {
		set("X-Request-Id", "req_"+digits(c.rng, 32))
		if x.status == http.StatusUnauthorized {
			return // limits are told to those who have a key
		}
		set("Openai-Version", "2020-10-01")
		set("Openai-Processing-Ms", took)
		set("Openai-Organization", "org-simulated")
		set("X-Ratelimit-Limit-Requests", "5000")
		set("X-Ratelimit-Limit-Tokens", "4000000")
		set("X-Ratelimit-Remaining-Requests", strconv.Itoa(left))
		set("X-Ratelimit-Remaining-Tokens", strconv.Itoa(4000000-tokensOf(len(c.body))))
		set("X-Ratelimit-Reset-Requests", "12ms")
		set("X-Ratelimit-Reset-Tokens", "0s")
		return
	}
	set("Request-Id", c.requestID())
	set("Anthropic-Organization-Id", "00000000-0000-4000-8000-000000000000")
	set("X-Envoy-Upstream-Service-Time", took)
	if x.status >= http.StatusBadRequest && x.status != http.StatusTooManyRequests && x.status < http.StatusInternalServerError {
		set("X-Should-Retry", "false")
	}
	if x.status == http.StatusUnauthorized {
		return // limits are told to those who have a key
	}
	now := time.Now().UTC().Format(time.RFC3339)
	for _, limit := range []struct {
		name  string
		limit int
		left  int
	}{{"Requests", 4000, left - 1000}, {"Tokens", 4800000, 4799000}, {"Input-Tokens", 4000000, 3999000}, {"Output-Tokens", 800000, 799000}} {
		set("Anthropic-Ratelimit-"+limit.name+"-Limit", strconv.Itoa(limit.limit))
		set("Anthropic-Ratelimit-"+limit.name+"-Remaining", strconv.Itoa(limit.left))
		set("Anthropic-Ratelimit-"+limit.name+"-Reset", now)
	}
}

// requestID is Anthropic's, which stands in a header and in error bodies.
func (c *call) requestID() string {
	if c.id == "" {
		c.id = "req_011C" + letters(c.rng, 20)
	}
	return c.id
}
