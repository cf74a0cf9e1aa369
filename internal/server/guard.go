package server

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// maxHeaders bounds the sum of all header names and values, in bytes.
const maxHeaders = 64 << 10

// guard refuses what must not be served at all, before the body is read.
func (x *exchange) guard(p place) error {
	r := x.r
	if n := headerSize(r.Header); n > maxHeaders {
		return own(http.StatusRequestHeaderFieldsTooLarge, "headers_too_large", "The headers of the request are larger than 64 KiB.")
	}
	if err := checkOrigin(r, x.set.Loopback); err != nil {
		return err
	}
	if r.Header.Get("Upgrade") != "" {
		return own(http.StatusUpgradeRequired, "no_upgrade", "The gateway speaks HTTP only: send the request without an Upgrade header.")
	}
	if !p.found() {
		return notFound(r, p)
	}
	if p.models {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return methodError(x.w, "GET")
		}
		return nil
	}
	if r.Method != http.MethodPost {
		return methodError(x.w, "POST")
	}
	return checkContent(r.Header)
}

func methodError(w http.ResponseWriter, want string) error {
	w.Header().Set("Allow", want)
	return own(http.StatusMethodNotAllowed, "method_not_allowed", "This path takes "+want+" requests.")
}

func headerSize(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}

// checkOrigin keeps web pages from spending the user's money: a page may have
// its browser send requests to a loopback address, but the browser then says
// where they come from, and a name that was rebound to loopback shows in Host.
func checkOrigin(r *http.Request, loopback bool) error {
	if loopback && !loopbackHost(r.Host) {
		return own(http.StatusMisdirectedRequest, "wrong_host",
			"The gateway is bound to a loopback address and answers only to localhost, 127.0.0.1 and [::1].")
	}
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return own(http.StatusForbidden, "cross_site", "Requests from other web sites are refused.")
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || !strings.EqualFold(u.Host, r.Host) {
		return own(http.StatusForbidden, "cross_site", "Requests from pages of another origin are refused.")
	}
	return nil
}

func loopbackHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

// checkContent demands plain JSON. A form or text body is what a web page can
// send without asking first; a compressed body can be a bomb.
func checkContent(h http.Header) error {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return own(http.StatusUnsupportedMediaType, "content_type", "The body must be sent with content-type: application/json.")
	}
	if enc := h.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return own(http.StatusUnsupportedMediaType, "content_encoding", "The body must be sent without content-encoding.")
	}
	return nil
}

// clientKey is the key a client sent, in either of the two usual places.
func clientKey(h http.Header) string {
	if key := h.Get("X-Api-Key"); key != "" {
		return key
	}
	scheme, key, ok := strings.Cut(h.Get("Authorization"), " ")
	if ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(key)
	}
	return ""
}
