package telemetry

import (
	"strings"
	"testing"
)

func TestAlerts(t *testing.T) {
	m := NewMetrics("v1", nil)
	n := uint64(3)
	m.Alerts(func() []AlertCount {
		return []AlertCount{{"pager", "sent", n}, {"pager", "failed", 1}, {"team", "sent", 2}}
	})
	n++
	got := read(m)
	for _, line := range []string{
		`switchgear_alerts_total{outcome="sent",receiver="pager"} 4`,
		`switchgear_alerts_total{outcome="failed",receiver="pager"} 1`,
		`switchgear_alerts_total{outcome="sent",receiver="team"} 2`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
}
