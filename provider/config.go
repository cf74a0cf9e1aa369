package provider

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// Config is what makes a provider: a dialect, where it is spoken, and how to
// be let in.
type Config struct {
	// Name is what errors call the provider; required.
	Name string
	// BaseURL is the part of the address that stands before the dialect's
	// paths: "https://api.example.com/v1"; required. A query is sent with
	// every request.
	BaseURL string
	// Dialect is what the provider speaks; required.
	Dialect Dialect
	// Authorize puts the credential on each request; nil for a provider that
	// asks for none.
	Authorize Authorizer
	// Transport sends requests. It must stop reading and writing when the
	// request's context ends, as [http.Transport] does. Nil makes a transport
	// of the provider's own with [NewTransport], which Close then empties.
	Transport http.RoundTripper
	// Header is sent with every request, unless the request itself says
	// otherwise. Headers whose name ends in "-Beta" are lists: there the
	// request's values are sent as well.
	Header http.Header
}

// New makes a provider of a configuration. It is a [switchgear.Speaker] of its
// dialect; it is a [switchgear.Embedder] and a [switchgear.TokenCounter] only
// if its dialect can do that, and an [io.Closer] always.
//
// A request body is sent from the bytes the dialect returned, without a copy
// where it is large, and a connection may still be reading them for a moment
// after a call has failed: they must never change.
func New(c Config) (switchgear.Provider, error) {
	e, err := newEndpoint(&c)
	if err != nil {
		return nil, fmt.Errorf("provider %q: %w", c.Name, err)
	}
	embed, embeds := c.Dialect.(EmbedDialect)
	count, counts := c.Dialect.(CountDialect)
	switch {
	case embeds && counts:
		return &embedderCounter{e, embedder{e, embed}, counter{e, count}}, nil
	case embeds:
		return &embedding{e, embedder{e, embed}}, nil
	case counts:
		return &counting{e, counter{e, count}}, nil
	default:
		return e, nil
	}
}

// The concrete providers: what a type has as methods is what its dialect can
// do, so that a type assertion tells the truth.
type (
	embedderCounter struct {
		*endpoint
		embedder
		counter
	}
	embedding struct {
		*endpoint
		embedder
	}
	counting struct {
		*endpoint
		counter
	}
)

func newEndpoint(c *Config) (*endpoint, error) {
	if c.Name == "" {
		return nil, errors.New("a provider needs a name")
	}
	if c.Dialect == nil {
		return nil, errors.New("no dialect is given")
	}
	base, err := parseBase(c.BaseURL)
	if err != nil {
		return nil, err
	}
	fixed, err := fixedHeader(c.Header)
	if err != nil {
		return nil, err
	}
	e := &endpoint{
		name:      c.Name,
		dialect:   c.Dialect,
		speaks:    []string{c.Dialect.Name()},
		authorize: c.Authorize,
		transport: c.Transport,
		host:      base.Host,
		query:     base.RawQuery,
		fixed:     fixed,
	}
	base.RawQuery = ""
	e.base = strings.TrimRight(base.String(), "/")
	e.template = &http.Request{
		Method: http.MethodPost, Host: base.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if e.transport == nil {
		own := NewTransport()
		e.transport, e.own = own, own
	}
	return e, nil
}

// parseBase reads a base URL. Its errors never quote the URL: a key may have
// been put into it.
func parseBase(s string) (*url.URL, error) {
	if s == "" {
		return nil, errors.New("the base URL is missing")
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("the base URL cannot be parsed as a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New(`the base URL must begin with "https://" or "http://"`)
	case u.Hostname() == "":
		return nil, errors.New("the base URL names no host")
	case u.User != nil:
		return nil, errors.New("the base URL holds a user name or password: give the key as the provider's key instead")
	case u.Fragment != "":
		return nil, errors.New("the base URL holds a fragment (#...), which is never sent")
	default:
		return u, nil
	}
}

// fixedHeader is what every request starts from.
func fixedHeader(given http.Header) (http.Header, error) {
	h := http.Header{
		"Content-Type":    {"application/json"},
		"Accept-Encoding": {"identity"}, // an answer is passed on as it came, so it must come plain
		"User-Agent":      {userAgent()},
		// Present but empty, it is not sent: it tells net/http that a request
		// may be sent again if the kept connection it went out on turns out to
		// be dead. The payload's open has the last word on that.
		"Idempotency-Key": nil,
	}
	for name, values := range given {
		name = http.CanonicalHeaderKey(name)
		switch name {
		case "Content-Type", "Accept", "Accept-Encoding", "Content-Length", "Content-Encoding", "Host", "Connection",
			"Transfer-Encoding", "Te", "Trailer", "Upgrade", "Keep-Alive", "Proxy-Connection", "Expect":
			return nil, fmt.Errorf("the header %s is set by the gateway and cannot be configured", name)
		}
		h[name] = append([]string(nil), values...)
	}
	return h, nil
}

// userAgent names the gateway and its version to providers.
func userAgent() string {
	const module = "github.com/switchgear-dev/switchgear"
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Path == module {
			version = info.Main.Version
		}
		for _, dep := range info.Deps {
			if dep.Path == module {
				version = dep.Version
			}
		}
	}
	if version == "" || version == "(devel)" {
		version = "dev"
	}
	return "switchgear/" + strings.TrimPrefix(version, "v")
}
