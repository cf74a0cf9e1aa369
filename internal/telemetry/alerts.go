package telemetry

import "github.com/prometheus/client_golang/prometheus"

// AlertCount is how often something became of the notices for a receiver.
type AlertCount struct {
	Receiver string
	Outcome  string // "sent", "retried", "failed" or "dropped"
	N        uint64
}

// Alerts adds what became of alerts. Read is asked each time the metrics are
// read.
func (m *Metrics) Alerts(read func() []AlertCount) {
	m.registry.MustRegister(&alertCollector{read: read, total: prometheus.NewDesc(
		"switchgear_alerts_total", "Notices of alerts, by receiver and by what became of them.", []string{"receiver", "outcome"}, nil,
	)})
}

type alertCollector struct {
	read  func() []AlertCount
	total *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (c *alertCollector) Describe(out chan<- *prometheus.Desc) { out <- c.total }

// Collect implements [prometheus.Collector].
func (c *alertCollector) Collect(out chan<- prometheus.Metric) {
	for _, n := range c.read() {
		out <- prometheus.MustNewConstMetric(c.total, prometheus.CounterValue, float64(n.N), n.Receiver, n.Outcome)
	}
}
