// Package route is the routing table: it finds the route a client names, and
// the plan for a request. All plans are made when the table is, so that
// finding one allocates nothing.
package route

import (
	"cmp"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// Spec is a route as the configuration says it.
type Spec struct {
	Name    string
	Aliases []string
	// Base is what every plan of the route shares: Config, Timeout, Commit,
	// Policy, Strict and Attempts. The other fields are filled in here.
	Base   failover.Plan
	Stakes switchgear.Stakes // unset is normal
	Floor  switchgear.Tier   // unknown is no floor of its own
	Steps  []Step
	Rules  []Rule // the first that matches replaces Steps
}

// Step is a step of a chain and what is known of its model. Number and
// Degraded are filled in here.
type Step struct {
	failover.Step

	Tier      switchgear.Tier
	Family    string // names the model itself, whoever hosts it; "" if unknown
	Candidate *Step  // it answers some of the requests in its place, on trial; nil for none. A chain has at most one
}

// Rule is a chain for some of a route's requests.
type Rule struct {
	Match Match
	Steps []Step
}

// Query is what a plan depends on, besides the route. The same query of the
// same table gives the same plan.
type Query struct {
	Stakes      switchgear.Stakes // raises the route's; a lower value changes nothing
	InputTokens int64             // an estimate: Estimate
	Labels      map[string]string
	Stream      bool
	NoFallback  bool
}

// Estimate is how many tokens a request of so many bytes holds, roughly: four
// bytes of English or JSON make a token.
func Estimate(bodyBytes int) int64 { return int64(bodyBytes) / 4 }

// Table holds the routes of one configuration. It never changes.
type Table struct {
	routes []*Route
	names  map[string]*Route
}

// New makes a table. Where two routes claim a name the first has it, and a
// route's own name goes before an alias.
func New(specs []Spec) *Table {
	t := &Table{names: make(map[string]*Route, len(specs))}
	for i := range specs {
		r := newRoute(&specs[i])
		t.routes = append(t.routes, r)
		t.claim(r.name, r)
	}
	for _, r := range t.routes {
		for _, alias := range r.aliases {
			t.claim(alias, r)
		}
	}
	return t
}

// Lookup finds a route by its name or an alias.
func (t *Table) Lookup(name string) (*Route, bool) {
	r, ok := t.names[name]
	return r, ok
}

// Routes lists the routes in the order of the configuration.
func (t *Table) Routes() []*Route { return slices.Clone(t.routes) }

// Nearest lists the names and aliases most like an unknown one, at most three,
// the most likely first.
func (t *Table) Nearest(name string) []string {
	type candidate struct {
		name     string
		distance int
	}
	if len(name) > longestName {
		return nil
	}
	var found []candidate
	for known := range t.names {
		d := distance(strings.ToLower(name), strings.ToLower(known))
		within := strings.HasPrefix(name, known) || strings.HasPrefix(known, name)
		if d <= max(2, len(known)/3) || (within && len(name) > 1) {
			found = append(found, candidate{known, d})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	names := make([]string, 0, 3)
	for _, c := range found[:min(len(found), 3)] {
		names = append(names, c.name)
	}
	return names
}

func (t *Table) claim(name string, r *Route) {
	if _, taken := t.names[name]; !taken {
		t.names[name] = r
	}
}

// longestName bounds the work an unknown name makes; no route has a longer
// one worth guessing at.
const longestName = 128

// distance is how many letters must be put in, taken out, changed or swapped
// with their neighbour to make one word of the other.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for k := range last {
		last[k] = k
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for k := 1; k <= len(b); k++ {
			change := last[k-1]
			if a[i-1] != b[k-1] {
				change++
			}
			row[k] = min(change, last[k]+1, row[k-1]+1)
			if i > 1 && k > 1 && a[i-1] == b[k-2] && a[i-2] == b[k-1] {
				row[k] = min(row[k], before[k-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
