package alert

import (
	"slices"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// blocked are the targets and providers whose circuits are open, and the models
// that are gone, over all incidents.
func (a *Alerts) blocked(now time.Time) map[switchgear.Target]bool {
	out := map[switchgear.Target]bool{}
	for _, i := range a.incidents {
		for at, c := range i.conditions {
			if (at.kind != switchgear.AlertCircuitOpen && at.kind != switchgear.AlertModelGone) || c.over(now) {
				continue
			}
			if at.target == (switchgear.Target{}) {
				at.target.Provider = i.provider
			}
			out[at.target] = true
		}
	}
	return out
}

// impacts are the routes an incident touches, in the order of the
// configuration.
func (a *Alerts) impacts(i *incident, now time.Time) []Impact {
	blocked := a.blocked(now)
	shut := func(t switchgear.Target) bool {
		return blocked[t] || blocked[switchgear.Target{Provider: t.Provider}]
	}
	said, lost := i.namedRoutes()
	impacts := []Impact{}
	for _, r := range a.routes {
		_, named := said[r.Name]
		delete(said, r.Name)
		if !named && !slices.ContainsFunc(r.Targets, func(t switchgear.Target) bool { return i.about(t) && (shut(t) || i.scope == scopeKey) }) {
			continue
		}
		left := slices.IndexFunc(r.Targets, func(t switchgear.Target) bool { return !shut(t) })
		impact := Impact{Route: r.Name, Stakes: r.Stakes.String(), Stranded: left < 0 && len(r.Targets) > 0}
		if left >= 0 && (i.scope == scopeCircuit || i.scope == scopeModel) {
			impact.Serving = r.Targets[left].String()
		}
		impacts = append(impacts, impact)
	}
	for _, name := range sortedNames(said) {
		impacts = append(impacts, Impact{Route: name, Serving: said[name], Stranded: lost[name]})
	}
	return impacts[:min(len(impacts), maxRoutes)]
}

// namedRoutes are the routes that events named, with who serves them, and those
// that nobody is left for. They count where the configuration does not have the
// route; where it does, more is known here: other circuits, and floors.
func (i *incident) namedRoutes() (serving map[string]string, stranded map[string]bool) {
	serving, stranded = map[string]string{}, map[string]bool{}
	for _, c := range i.conditions {
		for k, r := range c.event.Routes {
			if k == 0 {
				serving[r] = or(c.event.Serving, serving[r])
			} else {
				serving[r] = or(serving[r], "")
			}
			stranded[r] = stranded[r] || slices.Contains(c.event.Stranded, r)
		}
	}
	return serving, stranded
}

// about reports whether a target is among what the incident is about.
func (i *incident) about(t switchgear.Target) bool {
	for at := range i.conditions {
		if at.target == t || (at.target == switchgear.Target{} && i.provider != "" && i.provider == t.Provider) {
			return true
		}
	}
	return false
}

// severity judges by what is at stake: whether a route is left without a way
// out, whether high stakes are touched, and whether it takes a person.
func severity(i *incident, impacts []Impact) Severity {
	worst := Warning
	for at := range i.conditions {
		if needsPerson(at.kind) {
			worst = max(worst, Serious)
		}
	}
	for _, r := range impacts {
		low := r.Stakes == switchgear.StakesLow.String()
		switch {
		case r.Stranded && !low, i.scope == scopeRoute && !low:
			worst = max(worst, Critical)
		case r.Stranded, i.scope == scopeRoute, r.Stakes == switchgear.StakesHigh.String():
			worst = max(worst, Serious)
		}
	}
	return worst
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func sortedNames(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sorted are counts by receiver and outcome.
func sorted(sum map[[2]string]uint64) []Count {
	out := make([]Count, 0, len(sum))
	for key, n := range sum {
		if n > 0 {
			out = append(out, Count{Receiver: key[0], Outcome: key[1], N: n})
		}
	}
	slices.SortFunc(out, func(a, b Count) int {
		if a.Receiver != b.Receiver {
			return compare(a.Receiver, b.Receiver)
		}
		return compare(a.Outcome, b.Outcome)
	})
	return out
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}
