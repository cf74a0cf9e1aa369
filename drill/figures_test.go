package drill

import (
	"testing"

	"github.com/switchgear-dev/switchgear/config"
)

// TestFigures: a configuration may limit each figure there is, in its own unit.
func TestFigures(t *testing.T) {
	known := config.DrillFigures()
	all := figures()
	if len(known) != len(all) {
		t.Fatalf("there are %d figures, and a configuration knows %d", len(all), len(known))
	}
	for i, f := range all {
		if known[i].Name != f.name || known[i].Unit != f.unit {
			t.Errorf("%s in %q: a configuration has %s in %q", f.name, f.unit, known[i].Name, known[i].Unit)
		}
		v, err := known[i].Limit(known[i].Example())
		if err != nil || v <= 0 {
			t.Errorf("%s: its own example %s is read as %g, %v", f.name, known[i].Example(), v, err)
		}
	}
}

// TestRealLimits: over sockets a share of the users may be as many times greater
// as the outage is shorter, and a limit of one's own is taken as it is.
func TestRealLimits(t *testing.T) {
	o := Options{Shorter: 10, real: true}
	for name, want := range map[string]float64{FigureOK: 99.5, FigureCalls: 1.3, FigureP99: 2.5, FigureP999: -1, FigureBack: 45, FigureResolves: -1} {
		if got := o.limit(kindNamed(name), "A"); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
	o.Limits = Limits{FigureOK: 99.9}
	if got := o.limit(kindNamed(FigureOK), "A"); got != 99.9 {
		t.Errorf("ok: %g, want what was asked for", got)
	}
	virtual := Options{}
	if got := virtual.limit(kindNamed(FigureOK), "A"); got != 99.95 {
		t.Errorf("in virtual time: %g", got)
	}
}
