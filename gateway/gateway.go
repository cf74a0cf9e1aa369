// Package gateway is the runtime: it plans requests over a routing table and
// carries them to the first provider that can answer.
//
//	gw, err := gateway.Open(ctx, "switchgear.yaml")
//	if err != nil { ... }
//	defer gw.Close()
//	resp, err := gw.Complete(ctx, switchgear.Ask("chat", "Where is my order?"))
//
// The same runtime serves clients over HTTP: see [Gateway.Handler].
//
// A Gateway is safe for concurrent use. Its configuration can be replaced while
// it serves; a request runs to its end under the one it began with.
package gateway

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/internal/dialect/anthropic"
	"github.com/switchgear-dev/switchgear/internal/dialect/openai"
	"github.com/switchgear-dev/switchgear/internal/failover"
	"github.com/switchgear-dev/switchgear/internal/server"
	"github.com/switchgear-dev/switchgear/provider"
)

// Gateway is a running routing table.
type Gateway struct {
	options options
	runner  *failover.Runner
	now     atomic.Pointer[snapshot] // what requests are planned by
	mu      sync.Mutex               // held while a configuration is loaded
	parts   parts                    // what outlives a configuration, by identity
	keys    *keyWatch
	ward    *ward      // where targets that are not well are looked after
	keeping sync.Mutex // held while the store keeps the canaries
	closed  atomic.Bool
}

// Open reads a configuration file, and switchgear.lock beside it, and starts a
// gateway over them. The error is a
// [*ConfigError] if the file is wrong. Warnings are passed over: [Check] and
// the command line show them.
func Open(ctx context.Context, path string, opts ...Option) (*Gateway, error) {
	cfg, findings, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	if hasErrors(findings) || cfg == nil {
		return nil, &ConfigError{Findings: findings}
	}
	held, _, err := lock.Load(lock.Beside(path))
	if err != nil {
		return nil, err
	}
	return New(ctx, cfg, append([]Option{WithLock(held)}, opts...)...)
}

// New starts a gateway over a configuration that was parsed already. It calls
// no provider. The error is a [*ConfigError] if the configuration makes no
// sense.
func New(_ context.Context, cfg *config.Config, opts ...Option) (*Gateway, error) {
	g := &Gateway{parts: newParts(), ward: newWard()}
	for _, opt := range opts {
		opt.apply(&g.options)
	}
	if g.options.transport == nil {
		g.options.transport = provider.NewTransport()
	}
	g.keys = &keyWatch{gateway: g}
	g.options.observers = append(g.options.observers, g.keys)
	g.runner = failover.NewRunner(failover.Options{
		Decode: decode, Reword: reword, May: mayAsk, MaxTokens: maxTokens, Alone: alone, Observer: &observers{list: g.options.observers},
	})
	if err := g.Reload(cfg, WithLock(g.options.lock)); err != nil {
		return nil, err
	}
	return g, nil
}

// Reload replaces the configuration. If the new one is wrong, the error is a
// [*ConfigError] and the old one stays in place. What is known of the targets
// that both have is kept, unless their provider's address is another; cool-offs
// are kept for the keys that both have. The gate goes by the lock that comes with
// the configuration, or else by the one it had; a lock that comes with a
// configuration that is refused is forgotten with it.
func (g *Gateway) Reload(cfg *config.Config, with ...LockOption) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	held := g.options.lock
	for _, o := range with {
		held = o.file
	}
	given := slices.Sorted(maps.Keys(g.options.providers))
	findings := check(cfg, given, held, time.Now())
	if g.options.ungated {
		findings = slices.DeleteFunc(findings, func(f config.Finding) bool { return f.Gate })
	}
	if hasErrors(findings) {
		return &ConfigError{Findings: findings}
	}
	ended := g.move(cfg)
	if g.options.canaries != nil {
		g.parts.kept = g.options.canaries.Load()
	}
	next, err := g.build(cfg)
	if err != nil {
		return err
	}
	next.lock, g.options.lock = held, held
	g.now.Store(next)
	g.prune(next)
	clear(g.parts.held)
	g.keys.withdraw(cfg)
	ended = append(ended, g.settleTrials(next)...)
	g.keepTrials()
	for i := range ended {
		ended[i].At = time.Now()
		g.tell(&ended[i])
	}
	return nil
}

// Generation names the configuration that is served: it changes when the
// configuration does.
func (g *Gateway) Generation() string { return g.now.Load().cfg.Generation }

// Complete gets a whole answer. The error is an [*switchgear.Error].
func (g *Gateway) Complete(ctx context.Context, req *switchgear.Request) (*switchgear.Response, error) {
	return g.now.Load().complete(ctx, req)
}

// Stream gets an answer bit by bit. It returns once the first content has come,
// or as the route's commit point says; what goes wrong before that is made good
// by the next target and never seen. The stream must be closed; it is a
// [switchgear.Traced]. The error is an [*switchgear.Error].
func (g *Gateway) Stream(ctx context.Context, req *switchgear.Request) (switchgear.Stream, error) {
	return g.now.Load().stream(ctx, req)
}

// Embed gets the vectors of some texts. The error is an [*switchgear.Error].
func (g *Gateway) Embed(ctx context.Context, req *switchgear.EmbedRequest) (*switchgear.EmbedResponse, error) {
	return g.now.Load().embed(ctx, req)
}

// CountTokens asks how many tokens a request would read. The error is an
// [*switchgear.Error].
func (g *Gateway) CountTokens(ctx context.Context, req *switchgear.Request) (*switchgear.TokenCount, error) {
	return g.now.Load().countTokens(ctx, req)
}

// Handler serves clients over HTTP: OpenAI's and Anthropic's protocols under
// /v1, /openai and /anthropic, and /healthz and /readyz.
func (g *Gateway) Handler() http.Handler {
	return server.New(server.Options{
		Gateway:   (*source)(g),
		OpenAI:    openai.NewCodec(),
		Anthropic: anthropic.NewCodec(),
		Observer:  &observers{list: g.options.observers},
		Headers:   provider.AllowedRequestHeader,
	})
}

// Close ends the gateway: new requests are refused, and idle connections to
// providers are closed. Requests that have begun run to their end.
func (g *Gateway) Close() error {
	if g.closed.Swap(true) {
		return nil
	}
	g.ward.close()
	g.keepTrials()
	if idle, ok := g.options.transport.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
	return nil
}
