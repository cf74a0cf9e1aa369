package gateway

import (
	"context"
	"net/http"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// Option changes how a gateway is made.
type Option interface{ apply(o *options) }

type options struct {
	transport http.RoundTripper
	providers map[string]switchgear.Provider
	observers []Observer
	events    []func(Event)
	recorder  Recorder
	lock      *lock.File // what the last configuration was held against
	ungated   bool
	without   []Mechanism
	canaries  CanaryStore // nil for none
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithProvider serves the provider the configuration calls name by p, whatever
// kind the configuration gives it. A p that is no [switchgear.Speaker] is given
// typed requests only.
func WithProvider(name string, p switchgear.Provider) Option {
	return optionFunc(func(o *options) {
		if o.providers == nil {
			o.providers = make(map[string]switchgear.Provider)
		}
		o.providers[name] = p
	})
}

// WithTransport sends all upstream requests over rt instead of the default
// transport. It must not follow redirects.
func WithTransport(rt http.RoundTripper) Option {
	return optionFunc(func(o *options) { o.transport = rt })
}

// WithObserver tells o of attempts and, if it is a [RequestObserver], of
// requests. It may be given several times.
func WithObserver(o Observer) Option {
	return optionFunc(func(all *options) { all.observers = append(all.observers, o) })
}

// Observer is told of every attempt at a provider once it is over: those that
// lost a race, and the gateway's own probes, too. It must not block, must not
// keep a, and must be safe for concurrent use; the loser of a race may end
// after its request has.
type Observer interface {
	Attempted(ctx context.Context, route string, a *switchgear.Attempt)
}

// RequestObserver is an [Observer] that is also told of every request served
// over HTTP once it is over.
type RequestObserver interface {
	Requested(ctx context.Context, r *switchgear.Record)
}

// observers tells many.
type observers struct{ list []Observer }

func (o *observers) Attempted(ctx context.Context, plan *failover.Plan, a *switchgear.Attempt) {
	for _, each := range o.list {
		each.Attempted(ctx, plan.Route, a)
	}
}

func (o *observers) Requested(ctx context.Context, r *switchgear.Record) {
	for _, each := range o.list {
		if whole, ok := each.(RequestObserver); ok {
			whole.Requested(ctx, r)
		}
	}
}

// ConfigError is a configuration that cannot be served.
type ConfigError struct{ Findings []config.Finding }

// Error lists what is wrong, one finding a line.
func (e *ConfigError) Error() string {
	lines := make([]string, 0, len(e.Findings))
	for i := range e.Findings {
		lines = append(lines, e.Findings[i].String())
	}
	return strings.Join(lines, "\n")
}

func hasErrors(findings []config.Finding) bool {
	for i := range findings {
		if findings[i].Severity == config.Error {
			return true
		}
	}
	return false
}
