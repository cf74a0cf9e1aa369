package provider

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/switchgear-dev/switchgear"
)

// endpoint is a dialect spoken at an address: a [switchgear.Provider].
type endpoint struct {
	name      string
	dialect   Dialect
	speaks    []string
	authorize Authorizer
	transport http.RoundTripper
	own       *http.Transport // the transport, if it was made here
	base      string          // no trailing slash, no query
	host      string          // with its port: for messages
	query     string
	template  *http.Request
	fixed     http.Header
	last      atomic.Pointer[address]
}

// address is a URL that was built before.
type address struct {
	path, query string
	url         *url.URL
}

// Dialects implements [switchgear.Speaker].
func (e *endpoint) Dialects() []string { return slices.Clone(e.speaks) }

// Close closes idle connections, if the transport is the provider's own.
// Requests under way go on.
func (e *endpoint) Close() error {
	if e.own != nil {
		e.own.CloseIdleConnections()
	}
	return nil
}

// send makes the one attempt. The answer it returns has a 2xx status and a
// body that comes in no encoding.
func (e *endpoint) send(ctx context.Context, enc *Encoded, c switchgear.Credential, accept string) (*http.Response, error) {
	r, err := e.request(ctx, enc, c, accept)
	if err != nil {
		return nil, e.fail(err)
	}
	resp, err := e.transport.RoundTrip(r) // not a Client: redirects are never followed
	if err != nil {
		return nil, e.unreachable(ctx, err)
	}
	if err := decompress(resp); err != nil {
		_ = resp.Body.Close()
		if resp.StatusCode < 200 || resp.StatusCode > 299 {
			resp.Body = http.NoBody // the status counts, whatever the body is packed in
			return nil, e.refusal(resp)
		}
		return nil, e.fail(err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, e.refusal(resp)
	}
	return resp, nil
}

func (e *endpoint) request(ctx context.Context, enc *Encoded, c switchgear.Credential, accept string) (*http.Request, error) {
	u, err := e.url(enc)
	if err != nil {
		return nil, err
	}
	r := e.template.WithContext(ctx)
	r.URL = u
	r.Header = e.header(enc)
	r.Header["Accept"] = []string{accept}
	attach(r, enc)
	if e.authorize == nil {
		return r, nil
	}
	if err := e.authorize(ctx, r, c); err != nil {
		if _, ok := errors.AsType[*switchgear.Error](err); !ok {
			err = &switchgear.Error{Class: switchgear.ClassAuth, Code: "credential", Message: "the credential could not be put on the request", Err: err}
		}
		return nil, err
	}
	return r, nil
}

// header lays the request's own feature headers over the fixed ones.
func (e *endpoint) header(enc *Encoded) http.Header {
	h := make(http.Header, len(e.fixed)+len(enc.Header)+2) // 2: accept, and the credential
	maps.Copy(h, e.fixed)
	for name, values := range enc.Header {
		if !AllowedRequestHeader(name) {
			continue
		}
		if fixed := h[name]; len(fixed) > 0 && strings.HasSuffix(name, "-Beta") {
			values = append(slices.Clip(fixed), values...)
		}
		h[name] = values
	}
	return h
}

// url is the address of an encoded request. Nearly all requests of a provider
// have the same, so the last one is kept.
func (e *endpoint) url(enc *Encoded) (*url.URL, error) {
	if a := e.last.Load(); a != nil && a.path == enc.Path && a.query == enc.Query {
		return a.url, nil
	}
	u, err := url.Parse(e.base + enc.Path)
	if err != nil || !strings.HasPrefix(enc.Path, "/") || u.RawQuery != "" || u.Fragment != "" {
		return nil, &switchgear.Error{Class: switchgear.ClassInternal, Code: "path", Message: "the request's path is not one a URL can have"}
	}
	u.RawQuery = e.query
	if e.query != "" && enc.Query != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += enc.Query
	e.last.Store(&address{path: strings.Clone(enc.Path), query: strings.Clone(enc.Query), url: u})
	return u, nil
}

// fail makes any error one of this provider's.
func (e *endpoint) fail(err error) *switchgear.Error {
	known, ok := errors.AsType[*switchgear.Error](err)
	if !ok {
		known = &switchgear.Error{Class: switchgear.ClassMalformed, Message: "the answer could not be read", Err: err}
	}
	if known.Provider == "" {
		known.Provider = e.name
	}
	if known.Dialect == "" && known.Body != nil {
		known.Dialect = e.dialect.Name()
	}
	return known
}
