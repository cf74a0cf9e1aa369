package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/switchgear-dev/switchgear"
)

// CanaryState is a canary at the moment the metrics are read.
type CanaryState struct {
	Route                string
	Candidate, Incumbent switchgear.Target
	State                string // "running", "ready" or "withdrawn"
	Share                float64
	Signs                []CanarySign
}

// CanarySign is how often something went wrong on the two sides of a canary,
// since it began or the process did.
type CanarySign struct {
	Sign                      string
	CandidateBad, CandidateOf int
	IncumbentBad, IncumbentOf int
}

// Canaries adds the canaries. Read is asked each time the metrics are read.
func (m *Metrics) Canaries(read func() []CanaryState) {
	labels := []string{"route", "arm", "target", "sign"}
	m.registry.MustRegister(&canaryCollector{
		read:  read,
		state: prometheus.NewDesc("switchgear_canary_state", "0 running, 1 ready, 2 withdrawn.", []string{"route", "target"}, nil),
		share: prometheus.NewDesc("switchgear_canary_share", "How much of the requests the candidate is given, 0 to 1.", []string{"route", "target"}, nil),
		bad:   prometheus.NewDesc("switchgear_canary_bad_total", "What went wrong on each side of a canary, by its sign.", labels, nil),
		of:    prometheus.NewDesc("switchgear_canary_judged_total", "Of how many that were looked at for it.", labels, nil),
	})
}

type canaryCollector struct {
	read                  func() []CanaryState
	state, share, bad, of *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (c *canaryCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.state, c.share, c.bad, c.of} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *canaryCollector) Collect(out chan<- prometheus.Metric) {
	states := map[string]float64{"running": 0, "ready": 1, "withdrawn": 2}
	for _, s := range c.read() {
		candidate, incumbent, share := s.Candidate.String(), s.Incumbent.String(), s.Share
		if s.State == "withdrawn" {
			share = 0
		}
		out <- prometheus.MustNewConstMetric(c.state, prometheus.GaugeValue, states[s.State], s.Route, candidate)
		out <- prometheus.MustNewConstMetric(c.share, prometheus.GaugeValue, share, s.Route, candidate)
		for _, sign := range s.Signs {
			for _, side := range []struct {
				arm     switchgear.Arm
				target  string
				bad, of int
			}{
				{switchgear.ArmCandidate, candidate, sign.CandidateBad, sign.CandidateOf},
				{switchgear.ArmIncumbent, incumbent, sign.IncumbentBad, sign.IncumbentOf},
			} {
				labels := []string{s.Route, string(side.arm), side.target, sign.Sign}
				out <- prometheus.MustNewConstMetric(c.bad, prometheus.CounterValue, float64(side.bad), labels...)
				out <- prometheus.MustNewConstMetric(c.of, prometheus.CounterValue, float64(side.of), labels...)
			}
		}
	}
}
