// Package telemetry counts and logs what the gateway does. It never sees a
// prompt, an answer or a key.
package telemetry

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/switchgear-dev/switchgear"
)

// durations are the buckets of all timings, in seconds: from a cached one-token
// answer to a long piece of reasoning.
var durations = []float64{0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 60, 120, 300, 600} //nolint:gochecknoglobals // a constant list

// overheads are the buckets of the gateway's own share, in seconds.
var overheads = []float64{0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25} //nolint:gochecknoglobals // a constant list

// BreakerState is a breaker at the moment the metrics are read.
type BreakerState struct {
	Target switchgear.Target
	State  string  // "closed", "suspect", "open", "half-open", "ramp", "held" or "gone"
	Share  float64 // how much of the traffic it lets through, 0 to 1
	Opens  uint64  // how often it opened since the start
}

// Metrics are the Prometheus metrics of one gateway.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	attempts *prometheus.CounterVec
	skips    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	first    *prometheus.HistogramVec
	latency  *prometheus.HistogramVec
	extras   *prometheus.CounterVec
	overhead prometheus.Histogram
	mended   *prometheus.CounterVec
	tokens   *prometheus.CounterVec
	cost     *prometheus.CounterVec
	unpriced *prometheus.CounterVec
	retries  prometheus.Counter
	panics   prometheus.Counter

	routes      sync.Map // route -> *routeSeries
	targets     sync.Map // switchgear.Target -> *targetSeries
	routeCount  atomic.Int64
	targetCount atomic.Int64
}

// NewMetrics makes the metrics. Breakers is asked for the state of all breakers
// each time they are read; version labels the build.
func NewMetrics(version string, breakers func() []BreakerState) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counters("switchgear_requests_total", "Requests, by route and by what became of them.", "route", "outcome"),
		attempts: counters("switchgear_attempts_total", "Upstream calls, by target and class of failure (ok for none).", "target", "class"),
		skips:    counters("switchgear_skips_total", "Times a target was passed over without a call, by target and reason.", "target", "reason"),
		duration: histograms("switchgear_request_duration_seconds", "From the arrival of a request to the end of its answer.", durations, "route"),
		first:    histograms("switchgear_time_to_first_token_seconds", "From an upstream call to its first content.", durations, "target"),
		latency:  histograms("switchgear_attempt_duration_seconds", "From an upstream call to its end.", durations, "target"),
		extras:   counters("switchgear_extra_calls_total", "Upstream calls that served nobody, by target and kind: those that lost a race, and probes.", "target", "kind"),
		mended:   counters("switchgear_normalised_total", "Answers brought into the form declared for them, by route, target and what it took.", "route", "target", "rung"),
		overhead: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "switchgear_overhead_seconds", Buckets: overheads,
			Help: "What of a request's time was not spent waiting for a provider.",
		}),
		tokens:   counters("switchgear_tokens_total", "Tokens, by target and kind (input, cached, output, ...).", "target", "kind"),
		cost:     counters("switchgear_cost_usd_total", "List price of what was used, in US dollars.", "route", "target"),
		unpriced: counters("switchgear_unpriced_attempts_total", "Answered upstream calls whose price or usage is unknown.", "target"),
		retries:  prometheus.NewCounter(prometheus.CounterOpts{Name: "switchgear_client_retries_total", Help: "Requests that a client says are its own retries."}),
		panics:   prometheus.NewCounter(prometheus.CounterOpts{Name: "switchgear_panics_total", Help: "Requests that met a fault of the gateway's own."}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "switchgear_build_info", Help: "1, with the version as a label.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.attempts, m.skips, m.duration, m.first, m.latency, m.extras, m.overhead, m.mended, m.tokens,
		m.cost, m.unpriced, m.retries, m.panics, build, newBreakerCollector(breakers))
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Requested counts a request that is over.
func (m *Metrics) Requested(_ context.Context, r *switchgear.Record) {
	route := m.route(r.Route)
	route.outcome(r.Outcome).Inc()
	route.duration.Observe(r.Duration.Seconds())
	m.overhead.Observe(r.Overhead.Seconds())
	if r.Retry > 0 {
		m.retries.Inc()
	}
	if r.Trace != nil {
		for _, rung := range r.Trace.Normalised {
			m.mended.WithLabelValues(route.name, m.target(r.Trace.Target).name, rung).Inc()
		}
	}
	if r.Panicked {
		m.panics.Inc()
	}
}

// Attempted counts an attempt that is over.
func (m *Metrics) Attempted(_ context.Context, route string, a *switchgear.Attempt) {
	target := m.target(a.Target)
	if a.Skipped != "" {
		m.skips.WithLabelValues(target.name, skipReason(a.Skipped)).Inc()
		return
	}
	if a.Err != nil {
		m.attempts.WithLabelValues(target.name, a.Err.Class.String()).Inc()
	} else {
		target.ok.Inc()
	}
	switch {
	case a.Probe:
		m.extras.WithLabelValues(target.name, "probe").Inc()
	case a.Lost:
		m.extras.WithLabelValues(target.name, "race").Inc()
	}
	target.duration.Observe(a.Duration.Seconds())
	if a.FirstToken > 0 {
		target.first.Observe(a.FirstToken.Seconds())
	}
	target.count(&a.Usage)
	switch {
	case a.Cost.Known:
		m.routeCost(route, target).Add(a.Cost.USD)
	case a.Err == nil:
		target.unpriced.Inc()
	}
}
