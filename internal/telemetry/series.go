package telemetry

import (
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/switchgear-dev/switchgear"
)

// routeSeries are the time series of one route, looked up once and kept:
// finding them by their labels costs more than counting.
type routeSeries struct {
	name     string
	duration prometheus.Observer
	ok       prometheus.Counter
	all      *prometheus.CounterVec
	costs    sync.Map // switchgear.Target's name -> prometheus.Counter
}

// maxSeries is how many routes and how many targets have series of their own.
// Where clients may name targets themselves, names are without end: what comes
// later is counted together.
const maxSeries = 500

// other stands for the routes and the targets that came too late.
const other = "other"

func (m *Metrics) route(name string) *routeSeries {
	if found, ok := m.routes.Load(name); ok {
		return found.(*routeSeries) //nolint:forcetypeassert // the map holds nothing else
	}
	if name != other && m.routeCount.Add(1) >= maxSeries {
		return m.route(other)
	}
	name = strings.ToValidUTF8(name, "?") // or the library panics
	series := &routeSeries{
		name: name, duration: m.duration.WithLabelValues(name), all: m.requests,
		ok: m.requests.WithLabelValues(name, string(switchgear.OutcomeOK)),
	}
	found, _ := m.routes.LoadOrStore(name, series)
	return found.(*routeSeries) //nolint:forcetypeassert // the map holds nothing else
}

func (r *routeSeries) outcome(o switchgear.Outcome) prometheus.Counter {
	if o == switchgear.OutcomeOK {
		return r.ok
	}
	return r.all.WithLabelValues(r.name, string(o))
}

func (m *Metrics) routeCost(route string, t *targetSeries) prometheus.Counter {
	series := m.route(route)
	costs := &series.costs
	if found, ok := costs.Load(t.name); ok {
		return found.(prometheus.Counter) //nolint:forcetypeassert // the map holds nothing else
	}
	counter := m.cost.WithLabelValues(series.name, t.name)
	costs.Store(t.name, counter)
	return counter
}

// targetSeries are the time series of one target.
type targetSeries struct {
	name     string
	ok       prometheus.Counter
	duration prometheus.Observer
	first    prometheus.Observer
	unpriced prometheus.Counter
	tokens   [len(tokenKinds)]prometheus.Counter
}

// tokenKinds are the values of the label "kind". Kinds overlap as the fields
// of [switchgear.Usage] do: cache_read is part of input.
var tokenKinds = [...]string{"input", "output", "cache_read", "cache_write", "reasoning"} //nolint:gochecknoglobals // a constant list

func (m *Metrics) target(t switchgear.Target) *targetSeries {
	if found, ok := m.targets.Load(t); ok {
		return found.(*targetSeries) //nolint:forcetypeassert // the map holds nothing else
	}
	rest := switchgear.Target{Provider: other, Model: other}
	if t != rest && m.targetCount.Add(1) >= maxSeries {
		return m.target(rest)
	}
	name := strings.ToValidUTF8(t.String(), "?")
	series := &targetSeries{
		name: name, ok: m.attempts.WithLabelValues(name, "ok"),
		duration: m.latency.WithLabelValues(name), first: m.first.WithLabelValues(name),
		unpriced: m.unpriced.WithLabelValues(name),
	}
	for i, kind := range tokenKinds {
		series.tokens[i] = m.tokens.WithLabelValues(name, kind)
	}
	found, _ := m.targets.LoadOrStore(t, series)
	return found.(*targetSeries) //nolint:forcetypeassert // the map holds nothing else
}

func (t *targetSeries) count(u *switchgear.Usage) {
	for i, n := range [...]int64{u.Input, u.Output, u.CacheRead, u.CacheWrite, u.Reasoning} {
		if n > 0 {
			t.tokens[i].Add(float64(n))
		}
	}
}

// skipReason keeps the label's values few: what follows a colon or a comma is
// detail.
func skipReason(why string) string {
	if i := strings.IndexAny(why, ",:;("); i > 0 {
		why = why[:i]
	}
	return strings.TrimSpace(why)
}

// breakerCollector reads the breakers when the metrics are read.
type breakerCollector struct {
	read  func() []BreakerState
	state *prometheus.Desc
	share *prometheus.Desc
	opens *prometheus.Desc
}

// stateNumbers are the values of the gauge of states.
var stateNumbers = map[string]float64{ //nolint:gochecknoglobals // a constant table
	"closed": 0, "half-open": 1, "open": 2, "suspect": 3, "ramp": 4, "held": 5, "gone": 6,
}

func newBreakerCollector(read func() []BreakerState) *breakerCollector {
	return &breakerCollector{
		read:  read,
		state: prometheus.NewDesc("switchgear_breaker_state", "0 closed, 1 half-open, 2 open, 3 suspect, 4 ramp, 5 held, 6 gone.", []string{"target"}, nil),
		share: prometheus.NewDesc("switchgear_breaker_share", "How much of the traffic the breaker lets through, 0 to 1.", []string{"target"}, nil),
		opens: prometheus.NewDesc("switchgear_breaker_opens_total", "How often the breaker opened.", []string{"target"}, nil),
	}
}

// Describe implements [prometheus.Collector].
func (c *breakerCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.state
	out <- c.share
	out <- c.opens
}

// Collect implements [prometheus.Collector].
func (c *breakerCollector) Collect(out chan<- prometheus.Metric) {
	if c.read == nil {
		return
	}
	for _, b := range c.read() {
		value, name := stateNumbers[b.State], b.Target.String()
		out <- prometheus.MustNewConstMetric(c.state, prometheus.GaugeValue, value, name)
		out <- prometheus.MustNewConstMetric(c.share, prometheus.GaugeValue, b.Share, name)
		out <- prometheus.MustNewConstMetric(c.opens, prometheus.CounterValue, float64(b.Opens), name)
	}
}
