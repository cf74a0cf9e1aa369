package eval

import (
	"encoding/json"
	"slices"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

// Set is an eval set: the cases a route is judged by, and how.
type Set struct {
	Name        string // the file's name without its ending
	File        string
	Description string
	Route       string
	Stakes      switchgear.Stakes // unset for the route's own
	Margin      float64           // how much worse a candidate may be and still ship; 0 for what the stakes say
	Repeats     int               // how often each case is asked, from 1
	Cases       []*Case
	Graders     []*Graded
	Limits      Limits
	Harness     Harness
	Hashes      Hashes
}

// Limits are bounds on what is not tested but counted. A zero is no limit.
type Limits struct {
	CostRatio   float64 // the candidate's mean cost over the incumbent's
	P95MS       int     // the candidate's 95th percentile of latency, in milliseconds
	RefusalRate float64 // the share of refusals
	refusals    bool    // whether the rate was given: zero is a limit there
}

// Refusals is the limit on refusals, and whether there is one: none at all is a
// limit too.
func (l Limits) Refusals() (float64, bool) { return l.RefusalRate, l.refusals }

// Harness is how the application reads answers today.
type Harness struct {
	Format    normalise.Kind
	Normalise []string // the rungs that serving really uses
}

// Hashes say what evidence was gathered with. They are SHA-256 in hexadecimal,
// of the meaning and not of the text: comments, formatting and the order of
// keys and cases do not count.
type Hashes struct {
	Cases   string `json:"cases"`   // every case: what is asked and expected
	System  string `json:"system"`  // the instructions the cases send
	Graders string `json:"graders"` // graders with their settings and files
	Harness string `json:"harness"` // format and normalisers
	Set     string `json:"set"`     // all of these, and margin, stakes, repeats and limits
}

// Case is one thing that is asked, and what is expected of the answer.
type Case struct {
	ID      string
	Request *switchgear.Request // only its Wire is set where the case is in a client's dialect
	Expect  json.RawMessage     // compact; nil if the case says nothing
	Tags    []string
	Cluster string // cases of one cluster stand or fall together; "" is a cluster of its own
	Weight  float64
	Graders []*Graded // on top of the set's
	Pos     config.Position

	Hash  string // of everything above but the place
	Input string // the hash of what is sent alone
}

// DefaultMargin is how much worse a candidate may be at some stakes.
func DefaultMargin(s switchgear.Stakes) float64 {
	switch s {
	case switchgear.StakesHigh:
		return 0.02
	case switchgear.StakesLow:
		return 0.10
	case switchgear.StakesUnset, switchgear.StakesNormal:
		return 0.05
	default:
		return 0.05
	}
}

// MarginAt is the margin that holds for a route of some stakes: the set's own
// if it has one, else what the set's stakes say, else what the route's say.
func (s *Set) MarginAt(route switchgear.Stakes) float64 {
	switch {
	case s.Margin > 0:
		return s.Margin
	case s.Stakes != switchgear.StakesUnset:
		return DefaultMargin(s.Stakes)
	default:
		return DefaultMargin(route)
	}
}

// GradersOf are the graders that judge a case: the set's and its own.
func (s *Set) GradersOf(c *Case) []*Graded {
	if len(c.Graders) == 0 {
		return s.Graders
	}
	return append(slices.Clip(s.Graders), c.Graders...)
}

// Clusters counts the clusters, cases that stand alone included.
func (s *Set) Clusters() int {
	seen, alone := map[string]bool{}, 0
	for _, c := range s.Cases {
		if c.Cluster == "" {
			alone++
		}
		seen[c.Cluster] = true
	}
	delete(seen, "")
	return len(seen) + alone
}

// FormatOf is the form the answer to a case is declared to have, with the
// names the model was given: the keys of the schema, the tools.
func (s *Set) FormatOf(c *Case) normalise.Format {
	f := normalise.Format{Kind: s.Harness.Format, Short: short(s.GradersOf(c))}
	if c.Request == nil {
		return f
	}
	if f.Kind != normalise.JSON {
		for i := range c.Request.Tools {
			f.Words = append(f.Words, c.Request.Tools[i].Name)
		}
	}
	if out := c.Request.Output; out != nil && f.Kind == normalise.JSON {
		f.Words = schemaKeys(out.Schema)
	}
	return f
}

// short reports whether the graders that gate all want a short answer.
func short(graders []*Graded) bool {
	n := 0
	for _, g := range graders {
		if !g.Gate {
			continue
		}
		if s, ok := g.Grader.(interface{ Short() bool }); !ok || !s.Short() {
			return false
		}
		n++
	}
	return n > 0
}

// schemaKeys are the names of the properties of a schema, at any depth.
func schemaKeys(schema json.RawMessage) []string {
	var v any
	if json.Unmarshal(schema, &v) != nil {
		return nil
	}
	var keys []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			if properties, ok := v["properties"].(map[string]any); ok {
				for key := range properties {
					keys = append(keys, key)
				}
			}
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(v)
	return keys
}

// Serve sets what serving undoes, as if the file said so. The hashes follow.
func (s *Set) Serve(normalisers []string) {
	s.Harness.Normalise = slices.DeleteFunc(slices.Clone(normalisers), func(n string) bool { return n == "" })
	s.hash()
}
