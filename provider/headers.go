package provider

import (
	"net/http"
	"strings"
)

// UpstreamRequestID is the header under which an answer carries the id its
// provider gave the exchange ("x-request-id", "request-id"): those names
// themselves are the gateway's own towards its clients.
const UpstreamRequestID = "X-Upstream-Request-Id"

// AllowedRequestHeader reports whether a header of a client's request may go
// on to a provider. Only the headers that switch a provider's features are:
// never a cookie, a key, a forwarding header, or one that says whose account
// pays.
func AllowedRequestHeader(name string) bool {
	name = http.CanonicalHeaderKey(name)
	switch name {
	case "Idempotency-Key":
		return true
	case "Anthropic-Dangerous-Direct-Browser-Access":
		return false
	}
	return vendorHeader(name)
}

// AllowedResponseHeader reports whether a header of a provider's answer may go
// on to a client. What the gateway writes itself (lengths, dates, request ids,
// retry-after), what tells of our account and our rate limits, and what
// belongs to one connection is not.
func AllowedResponseHeader(name string) bool {
	name = http.CanonicalHeaderKey(name)
	return name == "Content-Type" || name == UpstreamRequestID || vendorHeader(name)
}

// vendorHeader tells the headers that speak of features from those that speak
// of accounts. Name is canonical.
func vendorHeader(name string) bool {
	rest, ok := strings.CutPrefix(name, "Anthropic-")
	if !ok {
		if rest, ok = strings.CutPrefix(name, "Openai-"); !ok {
			return false
		}
	}
	for _, private := range [...]string{"Organization", "Project", "Workspace", "Ratelimit", "Api-Key", "Auth"} {
		if strings.HasPrefix(rest, private) {
			return false
		}
	}
	return true
}

// pruned removes from the header of an answer what a client may not see, in
// place: the header is the caller's from the moment the answer is.
func pruned(h http.Header) http.Header {
	id := h["X-Request-Id"]
	if id == nil {
		id = h["Request-Id"]
	}
	for name := range h {
		if !AllowedResponseHeader(name) {
			delete(h, name)
		}
	}
	if id != nil {
		h[UpstreamRequestID] = id
	}
	return h
}
