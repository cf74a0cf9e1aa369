package telemetry

import "github.com/prometheus/client_golang/prometheus"

// RecordCount is how often something became of a request that was to be kept.
type RecordCount struct {
	Outcome string // "written", "dropped", "too_large" or "failed"
	N       int64
}

// Records adds what became of requests that were to be kept. Read is asked each
// time the metrics are read.
func (m *Metrics) Records(read func() []RecordCount) {
	m.registry.MustRegister(&recordCollector{read: read, total: prometheus.NewDesc(
		"switchgear_records_total", "Requests that were to be kept with their answers, by what became of them.", []string{"outcome"}, nil,
	)})
}

type recordCollector struct {
	read  func() []RecordCount
	total *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (c *recordCollector) Describe(out chan<- *prometheus.Desc) { out <- c.total }

// Collect implements [prometheus.Collector].
func (c *recordCollector) Collect(out chan<- prometheus.Metric) {
	for _, n := range c.read() {
		out <- prometheus.MustNewConstMetric(c.total, prometheus.CounterValue, float64(n.N), n.Outcome)
	}
}
