package gateway

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/server"
)

// source is the gateway as the data plane finds it.
type source Gateway

// Now implements [server.Source].
func (g *source) Now() server.Gateway { return (*port)(g.now.Load()) }

// Ready implements [server.Source]. An open breaker is no reason not to be
// ready: the gateway is there for just that.
func (g *source) Ready() error {
	if g.closed.Load() {
		return errClosed
	}
	return nil
}

// port is the gateway under one configuration, as the data plane sees it.
type port snapshot

// Complete implements [server.Gateway].
func (p *port) Complete(ctx context.Context, req *switchgear.Request) (*switchgear.Response, error) {
	return (*snapshot)(p).complete(ctx, req)
}

// Stream implements [server.Gateway].
func (p *port) Stream(ctx context.Context, req *switchgear.Request) (switchgear.Stream, error) {
	return (*snapshot)(p).stream(ctx, req)
}

// Embed implements [server.Gateway].
func (p *port) Embed(ctx context.Context, req *switchgear.EmbedRequest) (*switchgear.EmbedResponse, error) {
	return (*snapshot)(p).embed(ctx, req)
}

// CountTokens implements [server.Gateway].
func (p *port) CountTokens(ctx context.Context, req *switchgear.Request) (*switchgear.TokenCount, error) {
	return (*snapshot)(p).countTokens(ctx, req)
}

// Settings implements [server.Gateway].
func (p *port) Settings() *server.Settings { return &p.settings }

var errClosed = &switchgear.Error{
	Class: switchgear.ClassRefused, Status: http.StatusServiceUnavailable, Code: "closed", Message: "The gateway is shutting down.",
}

// doorman knows the client keys of a configuration.
type doorman struct {
	clients []known
	anyone  *server.Client // nil if a key is asked for
}

type known struct {
	digest [sha256.Size]byte
	client *server.Client
}

func newDoorman(clients []config.Client) doorman {
	if len(clients) == 0 {
		return doorman{anyone: &server.Client{}}
	}
	d := doorman{clients: make([]known, 0, len(clients))}
	for i := range clients {
		c := &clients[i]
		admitted := &server.Client{Name: c.Name, Labels: c.Labels}
		if c.Routes != nil {
			admitted.Routes = make(map[string]bool, len(c.Routes))
			for _, r := range c.Routes {
				admitted.Routes[r] = true
			}
		}
		var sum [sha256.Size]byte
		if _, err := hex.Decode(sum[:], []byte(strings.TrimPrefix(c.Hash, "sha256:"))); err == nil {
			d.clients = append(d.clients, known{digest: sum, client: admitted})
		}
	}
	return d
}

// Admit implements [server.Gateway]. Keys are compared by their digests, all of
// them, each in constant time: how long it takes says nothing about a key.
func (p *port) Admit(key string) (*server.Client, error) {
	d := &p.door
	if d.anyone != nil {
		return d.anyone, nil
	}
	if key == "" {
		return nil, &switchgear.Error{
			Class: switchgear.ClassAuth, Status: http.StatusUnauthorized, Code: "no_client_key",
			Message: "The gateway asks for a client key: send it as authorization: Bearer KEY or x-api-key: KEY.",
		}
	}
	sum := sha256.Sum256([]byte(key))
	var found *server.Client
	for i := range d.clients {
		if subtle.ConstantTimeCompare(sum[:], d.clients[i].digest[:]) == 1 {
			found = d.clients[i].client
		}
	}
	if found != nil {
		return found, nil
	}
	return nil, &switchgear.Error{
		Class: switchgear.ClassAuth, Status: http.StatusUnauthorized, Code: "bad_client_key",
		Message: "The gateway does not know this client key.",
	}
}

// Resolve implements [server.Gateway].
func (p *port) Resolve(c *server.Client, name string) (string, error) {
	s := (*snapshot)(p)
	route, ok := s.resolve(name)
	if !ok {
		return "", s.unknownRoute(c, name)
	}
	if c.Routes != nil && !c.Routes[route] {
		return "", &switchgear.Error{
			Class: switchgear.ClassRefused, Status: http.StatusForbidden, Code: "route_not_allowed", Param: "model",
			Message: "The client key " + quote(c.Name) + " may not use route " + quote(route) + ".",
		}
	}
	return route, nil
}

func (s *snapshot) unknownRoute(c *server.Client, name string) error {
	message := "There is no route " + quote(clip(name)) + "."
	var near []string
	for _, n := range s.table.Nearest(name) {
		route, _ := s.resolve(n)
		if c == nil || c.Routes == nil || c.Routes[route] {
			near = append(near, quote(n))
		}
	}
	switch {
	case len(near) > 0:
		message += " Did you mean " + strings.Join(near, " or ") + "?"
	default:
		message += " GET /v1/models lists the routes."
	}
	return &switchgear.Error{
		Class: switchgear.ClassInvalid, Status: http.StatusNotFound, Code: switchgear.CodeUnknownRoute, Param: "model", Message: message,
	}
}

// Models implements [server.Gateway]: routes first, in the order of the file,
// each followed by its aliases.
func (p *port) Models(c *server.Client) []switchgear.ModelInfo {
	s := (*snapshot)(p)
	var models []switchgear.ModelInfo
	for i := range s.cfg.Routes {
		r := &s.cfg.Routes[i]
		if c.Routes != nil && !c.Routes[r.Name] {
			continue
		}
		models = append(models, switchgear.ModelInfo{Name: r.Name, Display: r.Description, Created: s.created})
		for _, alias := range r.Aliases {
			models = append(models, switchgear.ModelInfo{Name: alias.Text, Alias: true, Display: r.Description, Created: s.created})
		}
	}
	return models
}

func quote(s string) string { return `"` + s + `"` }

// clip keeps what a client sent short enough to repeat, and printable.
func clip(s string) string {
	const most = 80
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
	if len(clean) > most {
		return clean[:most] + "..."
	}
	return clean
}

// IsLoopback reports whether an address ("127.0.0.1:8080", "localhost:0") can be
// reached from this machine only.
func IsLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}
