package lock

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Claim is a target that is to serve a route, and what it would serve with.
// Fields of Bound that are empty are not compared: who only serves has neither
// cases nor graders at hand.
type Claim struct {
	Route  string
	Target string  // provider/model
	Stakes string  // low, normal or high
	Margin float64 // what the eval set allows; 0 if not at hand
	Bound  Bound
}

// Terms are what verification depends on beside the lock and the claims.
type Terms struct {
	Now     time.Time
	Trusted []Key // if there are any, only what one of them signed counts
}

// Ground is what a target serves on.
type Ground string

// The grounds.
const (
	Proven     Ground = "evidence"
	Declared   Ground = "baseline"
	Overridden Ground = "override"
	Unproven   Ground = "none"
)

// Standing is what the lock says of a claim.
type Standing struct {
	Claim    Claim
	Ground   Ground
	Evidence *Evidence   // what proves it, or what no longer does
	Override []*Override // those that hold
	Until    time.Time   // when the overrides no longer do
	Why      string      // why there is neither evidence nor a baseline; "" if there is
	Notes    []string    // what should be looked at all the same
	Pos      Position    // in the lock
}

// soon is how long before an override expires somebody should act.
const soon = 7 * 24 * time.Hour

// Verify finds the claims that the lock does not bear out, and the overrides in
// force. A nil file is a lock without entries; one with errors bears out
// nothing.
func Verify(file *File, wanted []Claim, terms Terms) []Finding {
	if file != nil && HasErrors(file.findings) {
		return file.findings
	}
	var out []Finding
	for i, s := range Stand(file, wanted, terms) {
		out = append(out, s.findings(i, file, terms.Now)...)
	}
	return out
}

// Stand says of each claim what the lock holds of it.
func Stand(file *File, wanted []Claim, terms Terms) []Standing {
	out := make([]Standing, 0, len(wanted))
	v := newVerifier(file, &terms)
	for i := range wanted {
		out = append(out, v.stand(&wanted[i]))
	}
	return out
}

// findings are what is to be said of a standing.
func (s *Standing) findings(claim int, file *File, now time.Time) []Finding {
	c := &s.Claim
	f := Finding{Pos: s.Pos, Claim: claim, Path: "routes." + c.Route + ".targets." + c.Target}
	if f.Pos.File == "" && file != nil {
		f.Pos.File = file.Name
	}
	var out []Finding
	switch s.Ground {
	case Unproven:
		f.Message = c.Target + " is not proven for route " + c.Route + ": " + s.Why
		f.Fix = "Prove it: " + s.Command() + "."
		if file.Route(c.Route) == nil {
			f.Fix += " If it is what serves today: switchgear lock baseline " + c.Route + "."
		}
		return append(out, f)
	case Overridden:
		f.Warning = true
		f.Message = c.Target + " serves route " + c.Route + " without evidence (" + s.Why + "), on an override by " + s.names() + " until " +
			stamp(s.Until) + ": " + s.reasons()
		if left := s.Until.Sub(now); left <= soon {
			f.Message += "; it expires in " + days(left)
			f.Fix = "Prove it before then: " + s.Command() + "."
		}
		out = append(out, f)
	case Proven, Declared:
	}
	for _, note := range s.Notes {
		f.Warning, f.Message, f.Fix = true, note, ""
		out = append(out, f)
	}
	return out
}

// String says in a few words on what a target serves.
func (s *Standing) String() string {
	switch s.Ground {
	case Proven:
		return "proven by run " + s.Evidence.Run + " of " + s.Evidence.Date.Format(time.DateOnly)
	case Declared:
		return "baseline"
	case Overridden:
		return "override by " + s.names() + " until " + stamp(s.Until)
	case Unproven:
		return "not proven"
	default:
		return "not proven"
	}
}

// days says how much time is left.
func days(d time.Duration) string {
	switch {
	case d < time.Hour:
		return "less than an hour"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	default:
		return strconv.Itoa(int(d.Round(24*time.Hour)/(24*time.Hour))) + " days"
	}
}

// Command is the command that would prove the claim.
func (s *Standing) Command() string {
	return "switchgear eval run " + word(s.Claim.Route) + " --candidate " + word(s.Claim.Target)
}

// word is a text as a shell takes it for one word.
func word(s string) string {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && strings.IndexByte("_./:@+-", c) < 0 {
			return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		}
	}
	return s
}

func (s *Standing) names() string {
	return strings.Join(people(s.Override), " and ")
}

func (s *Standing) reasons() string {
	var out []string
	for _, o := range s.Override {
		out = append(out, o.Reason)
	}
	return strings.Join(out, "; ")
}

// verifier holds claims against a lock. What it found out of an entry it keeps:
// every evidence on a route leads back to the same baseline.
type verifier struct {
	file   *File
	terms  *Terms
	flaws  map[*Evidence]string
	bases  map[*Baseline]string
	copied map[string]place // where sound evidence stands, by its seal; made when it is first asked for
}

func newVerifier(file *File, terms *Terms) *verifier {
	return &verifier{file: file, terms: terms, flaws: map[*Evidence]string{}, bases: map[*Baseline]string{}}
}

func (v *verifier) stand(c *Claim) Standing {
	s := Standing{Claim: *c, Ground: Unproven}
	r := v.file.Route(c.Route)
	t := r.Target(c.Target)
	if t == nil {
		s.Why = "the lock has nothing on it"
		if r == nil {
			s.Why = "the lock has nothing on this route"
		}
		return s
	}
	s.Pos = t.Pos
	if !v.evidence(&s, r, t) && !v.baseline(&s, t) {
		v.override(&s, t)
	}
	return s
}

// evidence looks for evidence that holds, the latest first.
func (v *verifier) evidence(s *Standing, r *Route, t *Target) bool {
	c := &s.Claim
	closest := false
	for i := len(t.Evidence) - 1; i >= 0; i-- {
		e := t.Evidence[i]
		why := v.doubt(r, t, e, c)
		if why == "" {
			s.Ground, s.Evidence, s.Pos, s.Why = Proven, e, e.Pos, ""
			s.Notes = v.notes(r, t, e)
			return true
		}
		// Of several, the one for the parameters of the step is worth a word.
		if same := e.Bound.Params == c.Bound.Params; s.Why == "" || (same && !closest) {
			closest = same
			s.Evidence, s.Pos = e, e.Pos
			s.Why = "the evidence of run " + e.Run + " " + why
		}
	}
	return false
}

// doubt says why evidence does not bear out a claim; "" if it does.
func (v *verifier) doubt(r *Route, t *Target, e *Evidence, c *Claim) string {
	if why := v.flaw(r, t, e); why != "" {
		return why
	}
	switch {
	case !e.Verdict.Ships(e.Stakes):
		return "says " + strconv.Quote(string(e.Verdict)) + " at " + e.Stakes + " stakes, which lets nothing serve"
	case rank(c.Stakes) > rank(e.Stakes):
		return "was decided for " + e.Stakes + " stakes, and the route's are " + c.Stakes
	}
	if why := t.luck(e); why != "" {
		return why
	}
	if changed := e.Bound.changed(&c.Bound, true); len(changed) > 0 {
		return "no longer holds: " + enumerate(changed) + " changed since"
	}
	if c.Margin > 0 && e.Margin > c.Margin+1e-9 {
		return fmt.Sprintf("was decided against a margin of %v, and the eval now allows %v", e.Margin, c.Margin)
	}
	if _, ok := v.lineage(r, e, nil); !ok {
		return "compares with " + e.Incumbent + ", of which the lock does not know that it ever served this route"
	}
	return ""
}

// flaw says why evidence is not to be believed at all.
func (v *verifier) flaw(r *Route, t *Target, e *Evidence) string {
	why, known := v.flaws[e]
	if !known {
		why = v.findFlaw(r, t, e)
		v.flaws[e] = why
	}
	return why
}

func (v *verifier) findFlaw(r *Route, t *Target, e *Evidence) string {
	at := place{"evidence", r.Name, t.Name}
	if why := at.flawed(e.node(), e.Seal, e.Signature, v.terms.Trusted); why != "" {
		if from := v.original(at, e.Seal); from != "" {
			return "was copied: it is that of " + from
		}
		return why
	}
	if e.N < 1 || e.Margin <= 0 || e.Margin > 0.5 || e.P < 0 || e.P > 1 || e.Alpha <= 0 || e.Lower > e.Difference || e.Upper < e.Difference || rank(e.Stakes) == 0 {
		return "has numbers that cannot be"
	}
	return ""
}

// original finds where else in the lock an entry with the same seal stands.
func (v *verifier) original(at place, seal string) string {
	if v.copied == nil {
		v.copied = map[string]place{}
		for _, r := range v.file.Routes {
			for _, t := range r.Targets {
				for _, e := range t.Evidence {
					here := place{"evidence", r.Name, t.Name}
					if here.flawed(e.node(), e.Seal, "", nil) == "" {
						v.copied[e.Seal] = here
					}
				}
			}
		}
	}
	if from, ok := v.copied[seal]; ok && from != at {
		return from.target + " on route " + from.route
	}
	return ""
}

// luck says whether evidence may only have been lucky: who tries often must
// pass at a smaller alpha.
func (t *Target) luck(e *Evidence) string {
	k, found := t.ordinal(e.Bound.Cases, e.Run)
	switch {
	case !found:
		return "is not among the tries that the lock lists"
	case k < e.Try:
		return fmt.Sprintf("was try %d over these cases, and the lock lists only %s up to it: tries are missing", e.Try, count(k, "try", "tries"))
	case e.P > e.Alpha:
		return fmt.Sprintf("does not pass: p is %.4g, and it was decided at %.4g", e.P, e.Alpha)
	case e.P > Alpha/float64(k):
		return fmt.Sprintf("came with try %d over the same cases, which has to pass at %.4g, and p is %.4g", k, Alpha/float64(k), e.P)
	default:
		return ""
	}
}

// ordinal is which try over some cases a run was, from 1. Runs that ended
// invalid had no chance to be lucky, and the same answers judged the same way
// are the same try.
func (t *Target) ordinal(cases, run string) (k int, found bool) {
	seen := map[string]bool{}
	for i := range t.Tries {
		try := &t.Tries[i]
		if try.Cases != short(cases) || try.Verdict == VerdictInvalid {
			continue
		}
		key := "run " + try.Run
		if try.Answers != "" {
			key = "answers " + try.Answers
		}
		seen[key] = true
		if try.Run == run {
			return len(seen), true
		}
	}
	return len(seen), false
}

// changed names what differs of two bounds. What want leaves empty is not
// compared, but for what a step and a route always have; and a baseline is
// compared in that only.
func (b *Bound) changed(want *Bound, all bool) []string {
	var out []string
	differ := func(what, had, wants string) {
		if wants != "" && had != wants {
			out = append(out, what)
		}
	}
	if all {
		differ("the eval's file", b.Eval, want.Eval)
		differ("the cases", b.Cases, want.Cases)
		differ("the system text", b.System, want.System)
		differ("the graders", b.Graders, want.Graders)
		differ("how answers are read", b.Harness, want.Harness)
	}
	differ("the step's with", b.Params, want.Params)
	differ("the provider's kind or address", b.Endpoint, want.Endpoint)
	if strings.Join(b.Normalise, "\x00") != strings.Join(want.Normalise, "\x00") {
		out = append(out, "the normalisers")
	}
	return out
}

// lineage follows evidence from incumbent to incumbent down to a baseline, and
// adds up the differences on the way. It reports whether there is such a way.
func (v *verifier) lineage(r *Route, e *Evidence, seen []*Evidence) (total float64, ok bool) {
	for _, other := range seen {
		if other == e {
			return 0, false // each proven by the other is proven by nothing
		}
	}
	t := r.Target(e.Incumbent)
	if t == nil {
		return 0, false
	}
	fits := func(params string) bool { return e.IncumbentParams == "" || params == e.IncumbentParams }
	for _, b := range t.Baselines {
		if fits(b.Bound.Params) && v.baseFlaw(r.Name, t.Name, b) == "" {
			return e.Difference, true
		}
	}
	for _, up := range t.Evidence {
		if !fits(up.Bound.Params) || !up.Verdict.Ships(up.Stakes) || t.luck(up) != "" || v.flaw(r, t, up) != "" {
			continue
		}
		if sum, ok := v.lineage(r, up, append(seen, e)); ok {
			return sum + e.Difference, true
		}
	}
	return 0, false
}

// notes are what should be looked at although evidence holds.
func (v *verifier) notes(r *Route, t *Target, e *Evidence) []string {
	var out []string
	if total, ok := v.lineage(r, e, nil); ok && total < -e.Margin && total < e.Difference {
		out = append(out, fmt.Sprintf("the swaps of route %s were each within their margin and add up to %+.1f points since its baseline", r.Name, 100*total))
	}
	after := false
	for i := range t.Tries {
		try := &t.Tries[i]
		if after && try.Verdict == VerdictRegression && try.Cases == short(e.Bound.Cases) && try.Params == short(e.Bound.Params) {
			out = append(out, fmt.Sprintf("run %s of %s found a regression of %s on route %s, after run %s had proven it", try.Run, stamp(try.Date), t.Name, r.Name, e.Run))
		}
		after = after || try.Run == e.Run
	}
	return out
}

func (v *verifier) baseFlaw(route, target string, b *Baseline) string {
	why, known := v.bases[b]
	if !known {
		why = (place{"baseline", route, target}).flawed(b.node(), b.Seal, b.Signature, v.terms.Trusted)
		v.bases[b] = why
	}
	return why
}

// baseline looks for a declaration that holds.
func (v *verifier) baseline(s *Standing, t *Target) bool {
	c := &s.Claim
	for _, b := range t.Baselines {
		why := v.baseFlaw(c.Route, c.Target, b)
		if why == "" {
			changed := b.Bound.changed(&c.Bound, false)
			if len(changed) == 0 {
				s.Ground, s.Pos, s.Why = Declared, b.Pos, ""
				return true
			}
			why = "no longer holds: " + enumerate(changed) + " changed since"
		}
		if s.Why == "" {
			s.Pos, s.Why = b.Pos, "its baseline "+why
		}
	}
	return false
}

// override looks for people who answer for the target.
func (v *verifier) override(s *Standing, t *Target) {
	c := &s.Claim
	if s.Why == "" {
		s.Why = "there is no evidence"
	}
	var doubts []string
	for _, o := range t.Overrides {
		why := (place{"override", c.Route, c.Target}).flawed(o.node(), o.Seal, o.Signature, v.terms.Trusted)
		if why == "" {
			why = o.wrong()
		}
		switch {
		case why != "":
			doubts = append(doubts, "the override by "+strings.Join(o.By, " and ")+" "+why)
		case !v.terms.Now.Before(o.Expires):
			doubts = append(doubts, "the override by "+strings.Join(o.By, " and ")+" expired at "+stamp(o.Expires))
		default:
			s.Override = append(s.Override, o)
			if s.Until.IsZero() || o.Expires.Before(s.Until) {
				s.Until = o.Expires
			}
		}
	}
	names := people(s.Override)
	if c.Stakes == "high" && len(names) == 1 {
		doubts = append(doubts, "stakes are high, and only "+names[0]+" answers for it: an override takes two people")
	} else if len(names) > 0 {
		s.Ground, s.Pos = Overridden, s.Override[0].Pos
		return
	}
	s.Override, s.Until = nil, time.Time{}
	s.Why = strings.Join(append([]string{s.Why}, doubts...), "; ")
}

// rank orders stakes; 0 for a word that is none.
func rank(stakes string) int {
	switch stakes {
	case "low":
		return 1
	case "normal":
		return 2
	case "high":
		return 3
	default:
		return 0
	}
}

// count makes "1 try" and "2 tries".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// enumerate makes "a, b and c".
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
