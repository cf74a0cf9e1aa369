package swap

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/eval/stat"
)

// Goal says what a target must be to be put forward.
type Goal struct {
	Incumbent string  `json:"incumbent,omitempty"` // what serves now; "" compares with the best that was measured
	Within    float64 `json:"within"`              // how much lower a score may be: 0.05 for five points
	Mean      float64 `json:"mean_s,omitempty"`    // the most seconds an answer may take on average; 0 for no limit
	P95       float64 `json:"p95_s,omitempty"`     // likewise for 95 of 100 answers
	Stakes    string  `json:"stakes,omitempty"`    // low, normal or high
}

// Choice is how a row stands to the goal.
type Choice string

// The choices.
const (
	ChoiceIncumbent Choice = "incumbent" // it serves now
	ChoicePasses    Choice = "passes"    // it is shown to be good enough
	ChoiceFails     Choice = "fails"     // it is shown not to be, or was blocked
	ChoiceUntested  Choice = "untested"  // its scores are near enough, and that proves nothing yet
	ChoiceDoubtful  Choice = "doubtful"  // its figures are not to be believed before somebody has looked
	ChoiceOut       Choice = "out"       // its scores are too low, it is too slow, or its price is not known
)

// Judged is a row and what is made of it.
type Judged struct {
	Row

	Choice Choice   `json:"choice"`
	Near   bool     `json:"near"`             // its scores are within the margin, its speed within the limits and its price known: taken at their word, it would do
	Same   bool     `json:"same"`             // it cannot be told from the best on any metric
	Why    string   `json:"why"`              // the reason for the choice, for people
	Doubts []string `json:"doubts,omitempty"` // why its figures are not to be believed
}

// Advice is what evidence says about one route.
type Advice struct {
	Route    string   `json:"route"`
	Goal     Goal     `json:"goal"`
	Best     string   `json:"best"`           // the highest score among those whose price is known
	Cheapest string   `json:"cheapest"`       // the cheapest whose figures, taken at their word, would do; a hint, not a proof
	Pick     string   `json:"pick,omitempty"` // the cheapest that is shown to be good enough; "" if there is none but the incumbent
	Eligible int      `json:"eligible"`       // how many would do, taken at their word
	Pareto   []string `json:"pareto"`         // those that no other beats on both score and cost, cheapest first
	Rows     []Judged `json:"rows"`           // cheapest first; those of unknown price last
	Say      []string `json:"say"`
}

// suspicious is a gain, in parts of 1, that is more likely to be the harness
// than the model. Between models that somebody would swap, gains of 15 points
// on one metric are unheard of unless the loser's answers were misread.
const suspicious = 0.15

// misfit is how far behind the others a target may be elsewhere before a high
// score is taken for a fluke.
const misfit = 0.40

// Tune judges the rows of one route. It is a pure function: the same rows give
// the same advice, in whatever order they come.
//
// Every metric of a row must be good enough, never their mean. A target is
// picked only if the gate passed it, or if it was compared with the incumbent
// case by case and shown not to be worse by the margin; with several such
// comparisons each is held to its share of the accepted chance of error, because
// picking the best of many tries is luck otherwise.
func Tune(rows []Row, g Goal) (*Advice, error) {
	if len(rows) == 0 {
		return nil, errors.New("there is no evidence. Run the route's eval: switchgear eval run ROUTE --candidate MODEL")
	}
	if !(g.Within > 0 && g.Within < 1) {
		return nil, fmt.Errorf("the margin %v is not above 0 and below 1: it is a share, 0.05 for five points", g.Within)
	}
	j := judge{goal: g, a: &Advice{Route: rows[0].Route, Goal: g}, best: map[string]*Score{}}
	for i := range rows {
		if err := rows[i].check(); err != nil {
			return nil, err
		}
		if rows[i].Route != j.a.Route {
			return nil, fmt.Errorf("rows of routes %s and %s are mixed", j.a.Route, rows[i].Route)
		}
		if slices.ContainsFunc(j.a.Rows, func(o Judged) bool { return o.Target == rows[i].Target }) {
			return nil, fmt.Errorf("%s is measured twice on %s. Keep the newer run", rows[i].Target, rows[i].Route)
		}
		j.a.Rows = append(j.a.Rows, Judged{Row: rows[i]})
	}
	slices.SortFunc(j.a.Rows, cheaper)
	if err := j.measure(); err != nil {
		return nil, err
	}
	j.decide()
	j.pareto()
	j.say()
	return j.a, nil
}

// cheaper orders rows by cost, then by score, then by name.
func cheaper(a, b Judged) int {
	switch {
	case a.Cost.USD == nil && b.Cost.USD != nil:
		return 1
	case a.Cost.USD != nil && b.Cost.USD == nil:
		return -1
	case a.Cost.USD != nil && *a.Cost.USD != *b.Cost.USD:
		return cmp.Compare(*a.Cost.USD, *b.Cost.USD)
	default:
		return cmp.Or(cmp.Compare(lowest(&b.Row), lowest(&a.Row)), strings.Compare(a.Target, b.Target))
	}
}

// lowest is a row's weakest score.
func lowest(r *Row) float64 {
	low := r.Scores[0].Mean
	for i := range r.Scores {
		low = min(low, r.Scores[i].Mean)
	}
	return low
}

// judge is the work on one route.
type judge struct {
	goal  Goal
	a     *Advice
	best  map[string]*Score // by metric, among rows whose price is known
	holds map[string]string // by metric, whose that is
	tests int               // how many are compared case by case
}

// measure finds the best score of each metric. All rows must have the same
// metrics: one that is missing may be the one a target fails.
func (j *judge) measure() error {
	j.holds = map[string]string{}
	names := metrics(&j.a.Rows[0].Row)
	for i := range j.a.Rows {
		r := &j.a.Rows[i]
		if got := metrics(&r.Row); !slices.Equal(got, names) {
			return fmt.Errorf("%s was measured by %s and %s by %s: they cannot be compared", j.a.Rows[0].Target, strings.Join(names, ", "), r.Target, strings.Join(got, ", "))
		}
		if r.Target != j.goal.Incumbent && r.Verdict == "" && r.paired(j.goal.Incumbent) {
			j.tests++
		}
		if r.Cost.USD == nil {
			continue
		}
		if j.a.Best == "" || lowest(&r.Row) > lowest(j.row(j.a.Best)) {
			j.a.Best = r.Target
		}
		for k := range r.Scores {
			s := &r.Scores[k]
			if top := j.best[s.Metric]; top == nil || s.Mean > top.Mean {
				j.best[s.Metric], j.holds[s.Metric] = s, r.Target
			}
		}
	}
	if j.goal.Incumbent != "" && j.row(j.goal.Incumbent) == nil {
		return fmt.Errorf("%s serves %s, and nothing was measured of it: there is nothing to compare with. Run the route's eval on it first", j.goal.Incumbent, j.a.Route)
	}
	return nil
}

func metrics(r *Row) []string {
	var out []string
	for i := range r.Scores {
		out = append(out, r.Scores[i].Metric)
	}
	slices.Sort(out)
	return out
}

func (j *judge) row(target string) *Row {
	for i := range j.a.Rows {
		if j.a.Rows[i].Target == target {
			return &j.a.Rows[i].Row
		}
	}
	return nil
}

// paired reports whether every score was compared with a target case by case.
func (r *Row) paired(against string) bool {
	for i := range r.Scores {
		if p := r.Scores[i].Pairs; p == nil || p.Against != against {
			return false
		}
	}
	return against != ""
}

// reference is what a metric's scores are measured against: the incumbent's, or
// the best.
func (j *judge) reference(metric string) (*Score, string) {
	if r := j.row(j.goal.Incumbent); r != nil {
		return r.score(metric), r.Target
	}
	return j.best[metric], j.holds[metric]
}

// decide judges every row and picks.
func (j *judge) decide() {
	for i := range j.a.Rows {
		r := &j.a.Rows[i]
		j.near(r)
		j.doubt(r)
		j.choose(r)
		if r.Near && r.Choice != ChoiceFails {
			j.a.Eligible++
			if j.a.Cheapest == "" {
				j.a.Cheapest = r.Target
			}
		}
		if j.a.Pick == "" && r.Choice == ChoicePasses && j.saves(r) {
			j.a.Pick = r.Target
		}
	}
}

// saves reports whether a row is known to be cheaper than the incumbent.
func (j *judge) saves(r *Judged) bool {
	now := j.row(j.goal.Incumbent)
	return now == nil || now.Cost.USD == nil || *r.Cost.USD < *now.Cost.USD
}

// near takes the figures at their word.
func (j *judge) near(r *Judged) {
	r.Near, r.Same = true, true
	out := func(format string, a ...any) {
		if r.Near {
			r.Near, r.Why = false, fmt.Sprintf(format, a...)
		}
	}
	if r.Cost.USD == nil {
		out("its price is not known")
	}
	for i := range r.Scores {
		s := &r.Scores[i]
		ref, whose := j.reference(s.Metric)
		if ref == nil {
			continue
		}
		if top := j.best[s.Metric]; top != nil {
			if _, in, _ := difference(s, top, j.holds[s.Metric]); in.High < 0 || in.Low > 0 {
				r.Same = false
			}
		}
		if s.Mean < ref.Mean-j.goal.Within-1e-9 {
			_, in, _ := difference(s, ref, whose)
			unsure := ""
			if in.High > -j.goal.Within {
				unsure = ", though it cannot be told from being within them"
			}
			out("%s %s, over %s behind %s%s", s.Metric, points(s.Mean-ref.Mean), share(j.goal.Within), whose, unsure)
		}
	}
	if j.goal.Mean > 0 && (r.Mean == 0 || r.Mean > j.goal.Mean) {
		out("its mean latency is %s, and %s allowed", seconds(r.Mean), seconds(j.goal.Mean))
	}
	if j.goal.P95 > 0 && (r.P95 == 0 || r.P95 > j.goal.P95) {
		out("its p95 latency is %s, and %s allowed", seconds(r.P95), seconds(j.goal.P95))
	}
}

// choose says what becomes of a row.
func (j *judge) choose(r *Judged) {
	switch {
	case r.Target == j.goal.Incumbent:
		r.Choice, r.Why = ChoiceIncumbent, "serves now"
	case unsettled(r.Verdict):
		r.Choice, r.Why = ChoiceUntested, "the gate could not tell: "+strings.ReplaceAll(r.Verdict, "_", " ")
	case r.Verdict != "" && !ships(r.Verdict, j.goal.Stakes):
		r.Choice, r.Why = ChoiceFails, "the gate said "+strings.ReplaceAll(r.Verdict, "_", " ")
	case !r.Near:
		r.Choice = ChoiceOut
	case len(r.Doubts) > 0:
		r.Choice, r.Why = ChoiceDoubtful, strings.Join(r.Doubts, "; ")
	case r.Verdict != "":
		r.Choice, r.Why = ChoicePasses, "the gate passed it"
	case r.paired(j.goal.Incumbent):
		j.test(r)
	default:
		r.Choice, r.Why = ChoiceUntested, "near enough by its scores alone; no run has shown it"
	}
}

// test decides from pairs, as the gate does.
func (j *judge) test(r *Judged) {
	t := stat.Test{Margin: j.goal.Within, Alpha: stat.DefaultAlpha / float64(max(j.tests, 1))}
	var results []stat.Result
	for i := range r.Scores {
		s := &r.Scores[i]
		got, err := stat.Exact(stat.Counts{Wins: s.Pairs.Wins, Losses: s.Pairs.Losses, N: s.N}, t)
		if err != nil {
			r.Choice, r.Why = ChoiceUntested, err.Error()
			return
		}
		results = append(results, got)
	}
	joint, err := stat.Intersection(results)
	if err != nil {
		r.Choice, r.Why = ChoiceUntested, err.Error()
		return
	}
	weak := &r.Scores[joint.Weakest]
	switch {
	case joint.Passes && joint.Standing == stat.WithinWorse && j.goal.Stakes == "high":
		r.Choice, r.Why = ChoiceFails, "worse, if by less than "+share(j.goal.Within)+", and the stakes are high"
	case joint.Passes:
		r.Choice, r.Why = ChoicePasses, "shown to be within "+share(j.goal.Within)
	case joint.Standing == stat.Worse:
		r.Choice, r.Why = ChoiceFails, "shown to be worse on "+weak.Metric
	default:
		r.Choice, r.Why = ChoiceUntested, fmt.Sprintf("near enough by its scores, but %d cases do not show it (p %.2g, %.2g wanted)", weak.N, joint.P, t.Alpha)
	}
}

// ships mirrors what the gate lets pass.
func ships(verdict, stakes string) bool {
	switch verdict {
	case "ship", "better":
		return true
	case "within_worse", "within_margin":
		return stakes != "high"
	default:
		return false
	}
}

// unsettled reports whether a run came to no verdict on the model.
func unsettled(verdict string) bool {
	return verdict == "inconclusive" || strings.HasPrefix(verdict, "invalid")
}

// pareto finds the rows that no cheaper one equals.
func (j *judge) pareto() {
	top := -1.0
	for i := range j.a.Rows {
		r := &j.a.Rows[i]
		if r.Cost.USD != nil && lowest(&r.Row) > top {
			top = lowest(&r.Row)
			j.a.Pareto = append(j.a.Pareto, r.Target)
		}
	}
}
