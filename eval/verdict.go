package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/eval/normalise"
	"github.com/switchgear-dev/switchgear/eval/stat"
)

// Word is a verdict in a word.
type Word string

// The verdicts.
const (
	Ship         Word = "ship"             // the drop is under the margin
	Better       Word = "better"           // and the candidate is better
	WithinWorse  Word = "within_worse"     // and yet it is worse: ships but where the stakes are high
	Regression   Word = "regression"       // the candidate is worse, or over a limit
	Inconclusive Word = "inconclusive"     // the cases do not tell
	Mismatch     Word = "harness_mismatch" // it is the form of the answers, not what they say
	InvalidRun   Word = "invalid_run"      // nothing can be said
)

// The exit codes of a gate.
const (
	exitShip         = 0
	exitRegression   = 1
	exitInconclusive = 3
	exitMismatch     = 4
	exitInvalid      = 5
)

// Verdict is what a run comes to.
type Verdict struct {
	Word     Word   `json:"word"`
	Ships    bool   `json:"ships"`
	Exit     int    `json:"exit"`
	Early    bool   `json:"early"` // the run was stopped: it could not have shipped
	Headline string `json:"headline"`
	// Class is how the two tracks stand to each other, whatever the guards made of
	// it: ok, harness_mismatch, harness_and_regression, regression, or
	// other:STRICT/LENIENT.
	Class   string        `json:"class"`
	Strict  stat.Standing `json:"strict"`
	Lenient stat.Standing `json:"lenient"`
	Reasons []string      `json:"reasons"`
	Fixes   []string      `json:"fixes"`
	More    int           `json:"more"`    // about how many more cases would settle it; 0 if none would
	Mending []string      `json:"mending"` // the normalisers that serving could use, and that would ship it
}

// harnessPart is the part of a gap that is worth a name of its own.
const harnessPart = 0.05

// classOfTracks names how the two tracks stand to each other.
func classOfTracks(strict, lenient stat.Standing, harness float64) string {
	switch {
	case ships(strict) && ships(lenient):
		return "ok"
	case strict == stat.Worse && ships(lenient):
		return "harness_mismatch"
	case strict == stat.Worse && lenient == stat.Worse && math.Abs(harness) >= harnessPart:
		return "harness_and_regression"
	case strict == stat.Worse && lenient == stat.Worse:
		return "regression"
	default:
		return "other:" + string(strict) + "/" + string(lenient)
	}
}

func ships(s stat.Standing) bool {
	return s == stat.Better || s == stat.Within || s == stat.WithinWorse
}

// finish works out what the run comes to.
func (r *runner) finish(ctx context.Context) error {
	run := r.run
	run.lose()
	run.Incumbent.total(run.Cases, func(o *Outcome) *Judged { return &o.Incumbent }, r.Store)
	run.Candidate.total(run.Cases, func(o *Outcome) *Judged { return &o.Candidate }, r.Store)
	if err := r.tries(); err != nil {
		return err
	}
	if why := r.invalid(); why != "" {
		run.Verdict = invalidVerdict(why, r.invalidFixes())
		return nil
	}
	strict, lenient, err := r.measureAll()
	if errors.Is(err, stat.ErrOneCluster) || errors.Is(err, stat.ErrNoCases) {
		run.Verdict = invalidVerdict(err.Error(), nil)
		return nil
	}
	if err != nil {
		return err
	}
	run.Gap, run.Length, run.Slices, run.Limits = run.gap(), run.length(), run.bySlice(&r.metrics[0]), run.limits(r.set.Limits)
	if path, err := stat.LossPath(run.pairs(0, strictTrack), stat.Stopping{Heaviest: r.set.heaviest()}); err == nil {
		for _, s := range path.Steps {
			run.Path = append(run.Path, Step{Cases: s.Cases, Diff: s.Diff, E: s.E})
		}
	}
	r.decide(ctx, strict, lenient)
	return nil
}

func invalidVerdict(why string, fixes []string) Verdict {
	return Verdict{
		Word: InvalidRun, Exit: exitInvalid, Headline: "INVALID RUN: " + why,
		Reasons: []string{}, Fixes: append([]string{}, fixes...), Mending: []string{},
	}
}

// measureAll tests every metric on both tracks, and joins them.
func (r *runner) measureAll() (strict, lenient stat.Joint, err error) {
	var strictly, leniently []stat.Result
	for i := range r.metrics {
		m := Metric{Name: r.metrics[i].name, Graded: r.metrics[i].graded}
		var s, l stat.Result
		if m.Strict, s, err = measure(r.run.pairs(i, strictTrack), r.test(i)); err != nil {
			return strict, lenient, err
		}
		if m.Lenient, l, err = measure(r.run.pairs(i, lenientTrack), r.test(i)); err != nil {
			return strict, lenient, err
		}
		r.run.Metrics = append(r.run.Metrics, m)
		strictly, leniently = append(strictly, s), append(leniently, l)
	}
	if strict, err = stat.Intersection(strictly); err != nil {
		return strict, lenient, err
	}
	lenient, err = stat.Intersection(leniently)
	return strict, lenient, err
}

// tries counts the tries of this candidate on these cases whose answers were
// others: each wears the alpha out.
func (r *runner) tries() error {
	said := map[string]string{}
	for i := range r.run.Cases {
		said[r.run.Cases[i].ID] = r.run.Cases[i].Candidate.Said
	}
	var different []map[string]string
	for _, old := range r.Earlier {
		if old.Hashes.Cases != r.run.Hashes.Cases || old.Candidate.Target != r.run.Candidate.Target || old.Verdict.Word == InvalidRun {
			continue
		}
		then := map[string]string{}
		for i := range old.Cases {
			then[old.Cases[i].ID] = old.Cases[i].Candidate.Said
		}
		if !agree(said, then) && !slices.ContainsFunc(different, func(d map[string]string) bool { return agree(d, then) }) {
			different = append(different, then)
		}
	}
	r.run.Try = len(different) + 1
	alpha, err := stat.AlphaForTry(r.Alpha, r.run.Try)
	r.run.Alpha = alpha
	return err
}

// agree reports whether two runs heard the same where they asked the same.
func agree(a, b map[string]string) bool {
	for id, said := range a {
		if other, ok := b[id]; ok && other != said && other != "" && said != "" {
			return false
		}
	}
	return true
}

// invalid says why the run says nothing; "" if it does.
func (r *runner) invalid() string {
	asked, lost := len(r.run.Cases), r.run.countMissing()
	if s := r.run.Stopped; s != nil && s.Reason == StopSpent {
		return fmt.Sprintf("stopped after %d of %d cases: %s", s.Cases, s.Of, s.Why)
	}
	if err := r.barred(); err != nil {
		return fmt.Sprintf("%d of %d cases were not asked: %s", lost, asked, err)
	}
	if lost == asked || float64(lost) > missingMost*float64(len(r.set.Cases)) {
		first := ""
		if len(r.run.Missing) > 0 {
			m := &r.run.Missing[0]
			first = fmt.Sprintf(". The first: case %s, %s: %s", m.Case, m.Party, m.Why)
		}
		return fmt.Sprintf("%d of %d cases have no score, and at most %.0f%% may be missing%s", lost, asked, 100*missingMost, first)
	}
	return ""
}

func (r *runner) invalidFixes() []string {
	if r.barred() != nil {
		return []string{"Raise --max-cost (or --max-calls) and run the same command again: what was answered is stored and costs nothing."}
	}
	return []string{"Run the same command again: what was answered is stored and costs nothing; only what is missing is asked for."}
}

// decide is the matrix of the two tracks, with its guards.
func (r *runner) decide(ctx context.Context, strict, lenient stat.Joint) {
	run := r.run
	v := Verdict{Strict: strict.Standing, Lenient: lenient.Standing, Reasons: []string{}, Fixes: []string{}, Mending: []string{}}
	if s := run.Stopped; s != nil {
		v.Early = true
		if s.Reason == StopWorse {
			v.Strict = stat.Worse
		}
		v.Reasons = append(v.Reasons, "stopped early: "+s.Why)
	}
	v.Class = classOfTracks(v.Strict, v.Lenient, run.Gap.Harness)
	for i := range run.Metrics {
		v.More = max(v.More, run.Metrics[i].Strict.More)
	}
	if weakest := run.Metrics[strict.Weakest].Strict; v.Strict == stat.Unclear && weakest.More == 0 {
		v.More = 0 // the metric that holds it up would not be settled by any number
	}
	if f := &run.Foresight; v.Strict == stat.Unclear && v.More > 0 && f.TooFew {
		v.More = max(v.More, f.MinCases-f.N) // with fewer not even a candidate that never differs ships
	}
	v.Word = r.word(&v)
	r.guard(&v)
	r.settle(ctx, &v)
	run.Verdict = v
}

// word is the matrix.
func (r *runner) word(v *Verdict) Word {
	gap := &r.run.Gap
	switch {
	case v.Early && r.run.recovered() >= 0.5 && v.Lenient != stat.Worse:
		return Mismatch
	case v.Early && v.Strict == stat.Worse:
		return Regression
	case v.Lenient == stat.Worse && ships(v.Strict):
		v.Reasons = append(v.Reasons, "masked: as the application reads the answers the candidate looks good enough; with the form ironed out it is worse")
		return Regression
	case v.Lenient == stat.Worse:
		return Regression
	case v.Strict == stat.Worse && ships(v.Lenient):
		return Mismatch
	case v.Strict == stat.Worse && gap.Harness <= gap.Total/2: // both are below zero
		v.Reasons = append(v.Reasons, "what is left of the gap once the form is ironed out is unclear")
		return Mismatch
	case v.Strict == stat.Worse:
		return Regression
	case v.Strict == stat.Unclear && ships(v.Lenient):
		v.Reasons = append(v.Reasons, "with the form ironed out it would ship: the harness may be what holds it up"+r.mainRung())
		return Inconclusive
	case v.Strict == stat.Unclear:
		return Inconclusive
	case v.Lenient == stat.Unclear:
		v.Reasons = append(v.Reasons, "the harness favours the candidate"+r.mainRung()+"; with the form ironed out the cases do not tell")
		return Inconclusive
	case v.Strict == stat.Better:
		return Better
	case v.Strict == stat.WithinWorse:
		return WithinWorse
	default:
		return Ship
	}
}

func (r *runner) mainRung() string {
	if len(r.run.Gap.Rungs) == 0 {
		return ""
	}
	return " (" + r.run.Gap.Rungs[0].Rung + ")"
}

// guard keeps what looks good from shipping where the harness reads nobody's
// answers or a limit is passed, and says what else is odd.
func (r *runner) guard(v *Verdict) {
	if broken := r.broken(); broken != "" {
		v.Reasons = append(v.Reasons, broken)
		switch v.Word {
		case Ship, Better, WithinWorse, Inconclusive:
			v.Word = Mismatch
		case Regression, Mismatch, InvalidRun:
		}
	}
	r.bound(v)
	v.Reasons = append(v.Reasons, r.oddities()...)
}

// broken says why a comparison through this harness would say little; "" if it
// says something.
func (r *runner) broken() string {
	for i := range r.run.Metrics {
		m := &r.run.Metrics[i]
		if m.Strict.Incumbent < m.Lenient.Incumbent-m.Strict.Margin {
			return fmt.Sprintf("your harness fails the incumbent too: %s as the application reads it, %s with the form ironed out. A comparison through it says little", percent(m.Strict.Incumbent), percent(m.Lenient.Incumbent))
		}
	}
	now, recorded := r.run.Metrics[0].Strict.Incumbent, r.recorded()
	if recorded > 0 && now < recorded/2 {
		return fmt.Sprintf("the incumbent scores %s, and scored %s in earlier evidence: something besides the candidate has changed", percent(now), percent(recorded))
	}
	return ""
}

// bound holds the candidate to the limits of the set.
func (r *runner) bound(v *Verdict) {
	good := v.Word == Ship || v.Word == Better || v.Word == WithinWorse
	for _, l := range r.run.Limits {
		switch {
		case l.Over:
			v.Reasons = append(v.Reasons, fmt.Sprintf("over a limit of the set: %s is %.4g, and %.4g is the most", l.Name, l.Value, l.Most))
			if good {
				v.Word = Regression
			}
		case !l.Known:
			v.Reasons = append(v.Reasons, "the limit "+l.Name+" could not be looked at: prices or counts are not known")
			if good && v.Word != Regression {
				v.Word = Inconclusive
			}
		}
	}
}

// oddities are what somebody who has to defend the verdict should know.
func (r *runner) oddities() []string {
	run := r.run
	var list []string
	if rung := run.bothWays(); rung != "" {
		list = append(list, "one rung, "+rung+", accounts for most wins and most losses: the two models differ in form on different cases")
	}
	if l := run.Length; l != nil && l.Moves {
		list = append(list, fmt.Sprintf("length moves the score: the candidate writes %.1f times as much; at equal length the difference is %s [%s, %s] instead of %s", l.Ratio, points(l.Matched), bare(l.Low), bare(l.High), points(run.Metrics[0].Strict.Diff)))
	}
	if run.Try > 1 {
		list = append(list, fmt.Sprintf("try %d of this candidate on these cases, so that alpha is %.2g: of %d tries at 5%% one is lucky with a chance of %.0f%%", run.Try, run.Alpha, run.Try, 100*stat.LuckyShip(stat.DefaultAlpha, run.Try)))
	}
	for _, s := range run.Slices {
		if s.Worse {
			list = append(list, fmt.Sprintf("worse on the slice %q: %s to %s of %d cases (p %s, for all slices)", s.Tag, percent(s.Incumbent), percent(s.Candidate), s.N, pvalue(s.PWorse)))
		}
	}
	if d := run.Candidate.Dropped; len(d) > 0 {
		list = append(list, "the candidate's provider could not be told: "+strings.Join(d, ", "))
	}
	if run.Foresight.TooFew {
		list = append(list, run.Foresight.Says)
	}
	return list
}

// recorded is the incumbent's score in the latest earlier evidence.
func (r *runner) recorded() float64 {
	if r.Recorded > 0 {
		return r.Recorded
	}
	score := 0.0
	for _, old := range r.Earlier {
		if old.Hashes.Cases != r.run.Hashes.Cases || old.Hashes.Graders != r.run.Hashes.Graders || old.Hashes.Harness != r.run.Hashes.Harness ||
			len(old.Metrics) == 0 || old.Stopped != nil {
			continue
		}
		if old.Incumbent.Target == r.run.Incumbent.Target {
			score = old.Metrics[0].Strict.Incumbent
		}
	}
	return score
}

// bothWays is the rung that explains most wins and most losses; "" if there is
// none.
func (run *Run) bothWays() string {
	wins, losses := 0, 0
	won, lost := map[string]int{}, map[string]int{}
	for i := range run.Cases {
		o := &run.Cases[i]
		switch {
		case o.missing() || o.Candidate.Strict[0] == o.Incumbent.Strict[0]:
		case o.Candidate.Strict[0] > o.Incumbent.Strict[0]:
			wins++
			eachGain(&o.Incumbent, func(rung string, _ float64) { won[rung]++ })
		default:
			losses++
			eachGain(&o.Candidate, func(rung string, _ float64) { lost[rung]++ })
		}
	}
	for _, name := range normalise.Names() {
		if wins >= 3 && losses >= 3 && 2*won[name] > wins && 2*lost[name] > losses {
			return name
		}
	}
	return ""
}

// settle puts the verdict into words and says what would change it.
func (r *runner) settle(ctx context.Context, v *Verdict) {
	run := r.run
	first := &run.Metrics[0].Strict
	if weakest := run.weakest(); weakest > 0 && (v.Word == Inconclusive || v.Word == Regression) {
		first = &run.Metrics[weakest].Strict
	}
	diff := fmt.Sprintf("%s [%s, %s]", points(first.Diff), bare(first.Low), bare(first.High))
	high := run.Stakes == "high"
	switch v.Word {
	case Ship:
		v.Ships, v.Exit, v.Headline = true, exitShip, fmt.Sprintf("SHIP: %s, within %s (p %s)", diff, width(first.Margin), pvalue(first.P))
	case Better:
		v.Ships, v.Exit, v.Headline = true, exitShip, fmt.Sprintf("SHIP: %s, better (p %s)", diff, pvalue(first.PBetter))
	case WithinWorse:
		v.Ships, v.Exit = !high, exitShip
		v.Headline = fmt.Sprintf("WITHIN MARGIN BUT WORSE: %s (p %s), inside your %s: ", diff, pvalue(first.PWorse), width(first.Margin))
		if v.Ships {
			v.Headline += "ships (stakes " + run.Stakes + ")"
		} else {
			v.Exit = exitRegression
			v.Headline += "blocked (stakes high)"
		}
	case Regression:
		v.Exit, v.Headline = exitRegression, "REGRESSION: "+diff
		if v.Early {
			v.Headline = fmt.Sprintf("REGRESSION: %s after %d of %d cases (stopped%s)", points(first.Diff), run.Stopped.Cases, run.Stopped.Of, savedText(run.Stopped.SavedUSD))
		}
	case Inconclusive:
		v.Exit, v.Headline = exitInconclusive, r.unclear(v, first, diff)
	case Mismatch:
		v.Exit, v.Headline = exitMismatch, fmt.Sprintf("HARNESS MISMATCH: not shipped as it is. Gap %s = harness %s + real %s", points(run.Gap.Total), bare(run.Gap.Harness), bare(run.Gap.Real))
		if v.Early {
			v.Headline += fmt.Sprintf(", after %d of %d cases", run.Stopped.Cases, run.Stopped.Of)
		}
	case InvalidRun:
	}
	if v.Word == Mismatch || (v.Word == Inconclusive && ships(v.Lenient)) {
		r.mend(ctx, v)
	}
}

// unclear says what the cases cannot tell and what would: more of them, or
// where the form of the answers is what holds the candidate up, mending that.
func (r *runner) unclear(v *Verdict, first *Track, diff string) string {
	suspect := v.Strict == stat.Unclear && ships(v.Lenient)
	text := "INCONCLUSIVE: "
	if suspect {
		text = "INCONCLUSIVE (HARNESS?): "
	}
	text += fmt.Sprintf("%s, cannot rule out %s (p %s)", diff, points(-first.Margin), pvalue(first.P))
	switch {
	case v.More == 1:
		text += "; about 1 more case if the estimate stays"
	case v.More > 0:
		text += fmt.Sprintf("; about %d more cases if the estimate stays", v.More)
	}
	if rungs := r.run.Gap.Rungs; suspect && len(rungs) > 0 {
		text += ", or mend " + rungs[0].Rung
	}
	return text
}

// weakest is the metric with the largest p value.
func (run *Run) weakest() int {
	at := 0
	for i := range run.Metrics {
		if run.Metrics[i].Strict.P > run.Metrics[at].Strict.P {
			at = i
		}
	}
	return at
}

func savedText(dollars float64) string {
	if dollars <= 0 {
		return ""
	}
	return fmt.Sprintf(", saved $%.2f", dollars)
}

// points is a difference for people, signed.
func points(x float64) string {
	if math.Abs(x) < 0.0005 {
		return "0.0 points"
	}
	return fmt.Sprintf("%+.1f points", 100*x)
}

func bare(x float64) string { return strings.TrimSuffix(points(x), " points") }

func width(x float64) string   { return strings.TrimPrefix(points(x), "+") }
func percent(x float64) string { return fmt.Sprintf("%.1f%%", 100*x) }

func pvalue(p float64) string {
	if p < 0.001 {
		return "<.001"
	}
	return fmt.Sprintf("%.3f", p)
}
