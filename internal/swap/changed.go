package swap

import (
	"reflect"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/config"
)

// Difference is a route that answers otherwise than it did, or may.
type Difference struct {
	Route string   `json:"route"`
	Why   []string `json:"why"`
}

// Changed names the routes of a configuration that evidence for an older one
// may not hold for: those that are new, that can reach another target, send it
// other levers, find it at another address, or have other terms. How long a
// route waits and who is told of what changes no answer and is left out; so is
// what only a file beside the configuration says, like the cases of an eval.
func Changed(old, now *config.Config) []Difference {
	var out []Difference
	for i := range now.Routes {
		r := &now.Routes[i]
		was := slices.IndexFunc(old.Routes, func(o config.Route) bool { return o.Name == r.Name })
		if was < 0 {
			out = append(out, Difference{r.Name, []string{"the route is new"}})
			continue
		}
		if why := differs(old, now, &old.Routes[was], r); len(why) > 0 {
			out = append(out, Difference{r.Name, why})
		}
	}
	return out
}

// differs says what of a route is another.
func differs(old, now *config.Config, a, b *config.Route) []string {
	var why []string
	before, after := reached(old, a), reached(now, b)
	for _, s := range after {
		if !slices.Contains(before, s) {
			why = append(why, "it can reach "+s)
		}
	}
	for _, s := range before {
		if !slices.Contains(after, s) {
			why = append(why, "it no longer reaches "+s)
		}
	}
	if x, y := terms(a), terms(b); len(why) == 0 && !reflect.DeepEqual(x, y) {
		why = append(why, "its terms are others: "+strings.Join(fields(x, y), ", "))
	}
	return why
}

// reached are the targets of a route with all that decides what they answer.
func reached(c *config.Config, r *config.Route) []string {
	var out []string
	add := func(chain []config.Step) {
		for i := range chain {
			s := &chain[i]
			text := s.Target.String()
			if s.WithText != "" {
				text += " with " + s.WithText
			}
			if p, ok := c.Provider(s.Target.Provider); ok && (p.Kind != p.Name || p.BaseURL != "") {
				text += " (" + strings.TrimSpace(p.Kind+" "+p.BaseURL) + ")"
			}
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	add(r.Chain)
	for i := range r.Rules {
		add(r.Rules[i].Chain)
	}
	return out
}

// terms is what else of a route has a say in its answers: everything that is
// not known to have none. A setting of a later version counts until somebody
// says here that it does not.
func terms(r *config.Route) *config.Route {
	t := *r
	t.Description, t.Aliases, t.SinglePoint, t.Surface = "", nil, false, ""
	t.Timeout, t.Retry, t.Opinion, t.Hedge, t.Fetch = config.Timeout{}, config.Retry{}, "", false, ""
	t.Chain = steps(r.Chain)
	t.Rules = nil
	for i := range r.Rules {
		t.Rules = append(t.Rules, config.Rule{When: r.Rules[i].When, Chain: steps(r.Rules[i].Chain)})
	}
	t.Needs = nil
	for _, n := range r.Needs {
		t.Needs = append(t.Needs, config.Word{Text: n.Text})
	}
	unplace(&t)
	return &t
}

// steps keeps only the order of a chain: which of its targets is asked first.
func steps(chain []config.Step) []config.Step {
	out := make([]config.Step, 0, len(chain))
	for i := range chain {
		out = append(out, config.Step{Target: chain[i].Target, WithText: chain[i].WithText})
	}
	return out
}

// fields names the settings in which two routes differ.
func fields(a, b *config.Route) []string {
	x, y := reflect.ValueOf(*a), reflect.ValueOf(*b)
	var out []string
	for i := range x.NumField() {
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			out = append(out, strings.ToLower(x.Type().Field(i).Name))
		}
	}
	return out
}
