package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/alert"
	"github.com/switchgear-dev/switchgear/internal/alert/pagerduty"
	"github.com/switchgear-dev/switchgear/internal/alert/webhook"
	"github.com/switchgear-dev/switchgear/internal/telemetry"
)

// lastCall is how long alerts that are not out yet may take when the process
// ends.
const lastCall = 10 * time.Second

// Receivers are those that a configuration names, with the ways to reach them.
func Receivers(cfg *config.Config, transport http.RoundTripper) []alert.Receiver {
	out := make([]alert.Receiver, 0, len(cfg.Alerts))
	for i := range cfg.Alerts {
		r := &cfg.Alerts[i]
		out = append(out, alert.Receiver{Name: r.Name, Sink: sinkOf(r, transport), On: config.Texts(r.On), Identity: identity(r)})
	}
	return out
}

func sinkOf(r *config.Receiver, transport http.RoundTripper) alert.Sink {
	if r.Kind == "pagerduty" {
		return pagerduty.New(pagerduty.Options{Key: r.Key, URL: r.URL.Reveal(), Transport: transport})
	}
	return webhook.New(webhook.Options{URL: r.URL, Secret: r.Secret, Transport: transport})
}

// identity tells whether a receiver is still the same after a reload. It is
// kept in memory only.
func identity(r *config.Receiver) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{r.Kind, r.Key.Reveal(), r.URL.Reveal(), r.Secret.Reveal()}, "\x00")))
	return hex.EncodeToString(sum[:])
}

// Instance names this gateway in alerts: what SWITCHGEAR_INSTANCE says, else
// the name of the machine.
func Instance(env func(string) (string, bool)) string {
	if env == nil {
		env = os.LookupEnv
	}
	if name, ok := env("SWITCHGEAR_INSTANCE"); ok && name != "" {
		return name
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "switchgear"
}

// watch feeds the alerts. It is told of requests as an observer, and of what
// happens to circuits and keys by the gateway's events.
type watch struct {
	alerts    *alert.Alerts
	transport http.RoundTripper
	routes    atomic.Pointer[map[string]bool] // those of the table
}

func newWatch(instance string, transport http.RoundTripper) *watch {
	return &watch{alerts: alert.New(alert.Options{Instance: instance}), transport: transport}
}

// Attempted does nothing: what attempts mean for circuits the gateway tells.
func (*watch) Attempted(context.Context, string, *switchgear.Attempt) {}

// Requested counts what a route's users see. What is the user's own doing does
// not count; a floor's refusal does, since to the user it is a failure.
func (w *watch) Requested(_ context.Context, r *switchgear.Record) {
	if r.Operation != "chat" && r.Operation != "embeddings" {
		return
	}
	if routes := w.routes.Load(); routes == nil || !(*routes)[r.Route] {
		return // a target that a client named itself: nobody is to be woken for names that are made up
	}
	switch r.Outcome {
	case switchgear.OutcomeOK, switchgear.OutcomeFallback, switchgear.OutcomeDegraded:
		w.alerts.Observe(r.Route, true, time.Now())
	case switchgear.OutcomeFailed:
		w.alerts.Observe(r.Route, false, time.Now())
	case switchgear.OutcomeRefused:
		if r.Err != nil && r.Err.Code == switchgear.CodeFloorRefused {
			w.alerts.Observe(r.Route, false, time.Now())
		}
	case switchgear.OutcomeInvalid, switchgear.OutcomeCanceled:
	}
}

// happened passes on what the gateway tells of circuits and keys.
func (w *watch) happened(e gateway.Event) { w.alerts.Tell(alert.Event(e)) }

// use takes the receivers and routes of a configuration that is served from
// now on.
func (w *watch) use(cfg *config.Config, g *gateway.Gateway) {
	routes := make(map[string]bool, len(cfg.Routes))
	for i := range cfg.Routes {
		routes[cfg.Routes[i].Name] = true
	}
	w.routes.Store(&routes)
	w.alerts.Use(Receivers(cfg, w.transport), routesOf(cfg, g))
}

// reloaded tells of a configuration that was not taken, and of the one that was
// after it.
func (w *watch) reloaded(err error) {
	e := alert.Event{Kind: switchgear.AlertReloadTaken, At: time.Now()}
	if err != nil {
		e.Kind, e.Reason = switchgear.AlertReloadRefused, "it has mistakes, or cannot be read"
		if broken, ok := errors.AsType[*gateway.ConfigError](err); ok && broken.GateOnly() {
			e.Reason = "it names a model that is not proven"
		}
	}
	w.alerts.Tell(e)
}

func (w *watch) counts() []telemetry.AlertCount {
	var out []telemetry.AlertCount
	for _, c := range w.alerts.Counts() {
		out = append(out, telemetry.AlertCount(c))
	}
	return out
}

// close delivers what is not out yet.
func (w *watch) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCall)
	defer cancel()
	return w.alerts.Close(ctx)
}

// routesOf are the routes with the targets that may serve them: steps under a
// floor or of a provider that cannot be used are no way out.
func routesOf(cfg *config.Config, g *gateway.Gateway) []alert.Route {
	var out []alert.Route
	for i := range cfg.Routes {
		r := &cfg.Routes[i]
		out = append(out, alert.Route{Name: r.Name, Stakes: r.Stakes, Targets: mayServe(cfg, g, r)})
		for k := range r.Rules {
			name := r.Name + " (rule " + strconv.Itoa(k+1) + ")"
			out = append(out, alert.Route{Name: name, Stakes: r.Stakes, Targets: usable(cfg, r.Rules[k].Chain)})
		}
	}
	return out
}

func mayServe(cfg *config.Config, g *gateway.Gateway, r *config.Route) []switchgear.Target {
	e, err := g.Explain(r.Name, gateway.Query{})
	if err != nil || e.Rule != 0 { // a rule takes the request that nothing is known of
		return usable(cfg, r.Chain)
	}
	var out []switchgear.Target
	for i := range e.Steps {
		if e.Steps[i].Serves {
			out = append(out, e.Steps[i].Target)
		}
	}
	return out
}

// usable are the targets of a chain whose providers can be used.
func usable(cfg *config.Config, chain []config.Step) []switchgear.Target {
	var out []switchgear.Target
	for i := range chain {
		if p, ok := cfg.Provider(chain[i].Target.Provider); ok && p.Disabled == "" {
			out = append(out, chain[i].Target)
		}
	}
	return out
}

// unwatched warns of a file that says nothing of alerts. Where every answer is
// made up nobody needs to be woken.
func unwatched(cfg *config.Config) []config.Finding {
	simulated := !slices.ContainsFunc(cfg.Providers, func(p config.Provider) bool { return p.Kind != "sim" })
	if cfg.File == "" || simulated || !cfg.Pos.Alerts.IsZero() {
		return nil
	}
	return []config.Finding{{
		Pos: config.Position{File: cfg.File, Line: 1, Col: 1}, Path: "alerts", Severity: config.Warning,
		Message: "there are none, so an open circuit pages nobody",
		Fix:     `Add alerts: {pager: {kind: pagerduty, key: "${PD_ROUTING_KEY}", on: [circuit_open]}}, or write alerts: none.`,
	}}
}
