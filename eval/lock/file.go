package lock

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Version is the version of the format that this package writes. It reads this
// one and older ones.
const Version = 1

// Alpha is the chance, for one try, of shipping a model that is worse by the
// whole margin. The k-th try over the same cases gets Alpha/k.
const Alpha = 0.05

// MaxOverride is the longest an override may last.
const MaxOverride = 30 * 24 * time.Hour

// File is a lock.
type File struct {
	Name   string   // the name it was parsed under, for positions
	Routes []*Route // by name

	extra    []field
	findings []Finding
	origin   string // hash of the text it was parsed from; "" for one that is not on disk
}

// Route is what the lock holds of one route.
type Route struct {
	Name    string
	Targets []*Target // by name

	extra []field
}

// Target is what the lock holds of one target of a route.
type Target struct {
	Name      string // provider/model
	Evidence  []*Evidence
	Baselines []*Baseline
	Overrides []*Override
	Tries     []Try // oldest first
	Pos       Position

	extra []field
}

// Bound is what an entry was made with. When one of these changes, the entry no
// longer holds. Hashes are "sha256:" and 64 hexadecimal digits.
type Bound struct {
	Eval      string   // the eval set's file, as the routing table names it
	Cases     string   // what is asked and expected
	System    string   // the instructions that the cases send
	Graders   string   // with their settings and files
	Harness   string   // the format of answers, and how the application reads them
	Params    string   // what the step sets on every request
	Endpoint  string   // what kind of provider it is, and where
	Limits    string   // bounds on what is counted rather than tested: cost, latency, refusals
	Normalise []string // what serving does to answers that fail their format
}

// Verdict is how a try ended.
type Verdict string

// The verdicts.
const (
	VerdictShip         Verdict = "ship"
	VerdictBetter       Verdict = "better"       // it ships, and is better than the incumbent beyond doubt
	VerdictWithinWorse  Verdict = "within_worse" // worse beyond doubt, but within the margin: it ships unless stakes are high
	VerdictRegression   Verdict = "regression"
	VerdictInconclusive Verdict = "inconclusive"
	VerdictHarness      Verdict = "harness_mismatch"
	VerdictInvalid      Verdict = "invalid_run"
)

// Ships reports whether a target with this verdict may serve at some stakes.
func (v Verdict) Ships(stakes string) bool {
	switch v {
	case VerdictShip, VerdictBetter:
		return true
	case VerdictWithinWorse:
		return stakes != "high"
	case VerdictRegression, VerdictInconclusive, VerdictHarness, VerdictInvalid:
		return false
	default:
		return false
	}
}

// Evidence is what one run of a route's eval showed of a target: that it is not
// worse than the incumbent by the margin.
type Evidence struct {
	Run             string
	Date            time.Time
	Verdict         Verdict
	Stakes          string // low, normal or high: what the run was decided for
	Incumbent       string // provider/model
	IncumbentParams string // the incumbent's Params; "" if not known
	N               int    // cases
	Difference      float64
	Lower, Upper    float64 // the interval around the difference
	Margin          float64
	Alpha           float64 // the level it was decided at
	P               float64 // the chance of such a result if it were worse by the margin; of several metrics the largest
	Try             int     // which try over these cases it was, from 1
	By              string  // who ran it
	With            string  // what the step set, as one writes it; "none" for nothing, "" if that is not told
	IncumbentWith   string  // likewise, of the incumbent
	Answers         string  // hash of what was answered, as graded, if it is known; kept with the try, and not here
	Bound           Bound
	Seal            string
	Signature       string
	Pos             Position

	extra []field
}

// Baseline declares that a target served a route before there was any evidence.
// Of its Bound only Params, Endpoint and Normalise hold: nothing was asked.
type Baseline struct {
	Date      time.Time
	By        string
	First     bool   // it was the first step of the route's chain
	With      string // what the step set, as one writes it; "none" for nothing, "" if that is not told
	Bound     Bound
	Seal      string
	Signature string
	Pos       Position

	extra []field
}

// Override lets a target serve without evidence until it expires. Where stakes
// are high it takes two people.
type Override struct {
	By        []string
	Reason    string
	Date      time.Time
	Expires   time.Time
	Seal      string
	Signature string
	Pos       Position

	extra []field
}

// Try is one run that could have ended in evidence, whatever it ended in. Its
// hashes are cut short: they only tell tries apart.
type Try struct {
	Run     string
	Date    time.Time
	Verdict Verdict
	Cases   string
	Params  string
	Answers string // of what was answered, as graded: the same answers judged the same way are the same try; "" if not known

	extra []field
}

// Route finds a route; nil if the lock has none of that name.
func (f *File) Route(name string) *Route {
	if f == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(f.Routes, name, func(r *Route, name string) int { return strings.Compare(r.Name, name) })
	if !ok {
		return nil
	}
	return f.Routes[i]
}

// Target finds a target; nil if the route has none of that name.
func (r *Route) Target(name string) *Target {
	if r == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(r.Targets, name, func(t *Target, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		return nil
	}
	return r.Targets[i]
}

// open finds the place of a target, and makes it if there is none.
func (f *File) open(route, target string) *Target {
	r := f.Route(route)
	if r == nil {
		r = &Route{Name: route}
		f.Routes = append(f.Routes, r)
	}
	t := r.Target(target)
	if t == nil {
		t = &Target{Name: target}
		r.Targets = append(r.Targets, t)
	}
	f.sort()
	return t
}

// sort brings everything into the order of the file: names by the alphabet,
// entries by date.
func (f *File) sort() {
	slices.SortFunc(f.Routes, func(a, b *Route) int { return strings.Compare(a.Name, b.Name) })
	for _, r := range f.Routes {
		slices.SortFunc(r.Targets, func(a, b *Target) int { return strings.Compare(a.Name, b.Name) })
		for _, t := range r.Targets {
			t.sort()
		}
	}
}

func (t *Target) sort() {
	slices.SortStableFunc(t.Evidence, func(a, b *Evidence) int { return cmp.Or(a.Date.Compare(b.Date), strings.Compare(a.Run, b.Run)) })
	slices.SortStableFunc(t.Baselines, func(a, b *Baseline) int { return a.Date.Compare(b.Date) })
	slices.SortStableFunc(t.Overrides, func(a, b *Override) int { return a.Date.Compare(b.Date) })
	slices.SortStableFunc(t.Tries, func(a, b Try) int { return cmp.Or(a.Date.Compare(b.Date), strings.Compare(a.Run, b.Run)) })
}
