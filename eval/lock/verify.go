package lock

import (
	"slices"
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
	With   string  // what it would set on its requests, as one writes it; "none" for nothing, "" if that is not to be told
	First  bool    // it is the first step of the route's chain, with which candidates are compared unless one says otherwise
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

	served     string // the incumbent that a first step without evidence is to be compared with
	judged     *Try   // what came of the last run, where there is no evidence
	servedWith string // what that set on its requests; "" if that is not known, or goes without saying
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

// Command is the command that would prove the claim.
func (s *Standing) Command() string {
	command := "switchgear eval run " + word(s.Claim.Route) + " --candidate " + word(s.Claim.Target)
	if s.Claim.With != "" && (s.Claim.With != none || s.served == s.Claim.Target) {
		command += " --with " + word(s.Claim.With)
	}
	if s.served != "" {
		command += " --incumbent " + word(s.served)
		if s.servedWith == "" && s.served == s.Claim.Target {
			command += " --incumbent-with 'WHAT IT SET'" // an older lock does not tell
		}
		if s.servedWith != "" && (s.servedWith != none || s.served == s.Claim.Target) {
			command += " --incumbent-with " + word(s.servedWith)
		}
	}
	return command
}

// none is how it is written that a step sets nothing.
const none = "none"

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
		if s.judged != nil && s.judged.Verdict == VerdictHarness {
			f.Fix = "What to change, so that it may ship: switchgear eval report " + s.judged.Run + "."
		}
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
		switch {
		case r == nil:
			s.Why = "the lock has nothing on this route"
		case c.First:
			s.served, s.servedWith = r.incumbent(c)
		}
		return s
	}
	s.Pos = t.Pos
	if c.First {
		s.served, s.servedWith = r.incumbent(c)
	}
	if !v.evidence(&s, r, t) && !v.baseline(&s, t) {
		v.override(&s, t)
	}
	return s
}

// incumbent is what a route was last known to be served by first, as far as the
// lock tells, and with what levers; "" if it is just what is claimed.
func (r *Route) incumbent(c *Claim) (name, with string) {
	var date time.Time
	params := ""
	for _, t := range r.Targets {
		for _, b := range t.Baselines {
			if b.First && name == "" {
				name, with, params, date = t.Name, b.With, b.Bound.Params, b.Date
			}
		}
	}
	for _, t := range r.Targets {
		for _, e := range t.Evidence {
			// What was compared with the last one is likely to have followed it.
			claimed := t.Name == c.Target && e.Bound.Params == c.Bound.Params
			if e.Verdict.Ships(e.Stakes) && e.Incumbent == name && !e.Date.Before(date) && !claimed {
				name, with, params, date = t.Name, e.With, e.Bound.Params, e.Date
			}
		}
	}
	if name == c.Target && params == c.Bound.Params {
		return "", ""
	}
	return name, with
}

// evidence looks for evidence that holds, the latest first.
func (v *verifier) evidence(s *Standing, r *Route, t *Target) bool {
	c := &s.Claim
	closest := false
	for _, e := range slices.Backward(t.Evidence) {
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

// baseFlaw says why a baseline is not to be believed.
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
			changed := b.changed(&c.Bound)
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

// changed names what differs of what was declared. A normaliser that was added
// since touches only answers that the application could not read before: what
// served then serves no worse with it.
func (b *Baseline) changed(want *Bound) []string {
	plain := *want
	if !slices.ContainsFunc(b.Bound.Normalise, func(n string) bool { return !slices.Contains(want.Normalise, n) }) {
		plain.Normalise = b.Bound.Normalise
	}
	return b.Bound.changed(&plain, false)
}

// override looks for people who answer for the target.
func (v *verifier) override(s *Standing, t *Target) {
	c := &s.Claim
	if s.Why == "" {
		s.Why = "there is no evidence"
		if n := len(t.Tries); n > 0 && !t.Tries[n-1].Verdict.Ships(c.Stakes) {
			last := &t.Tries[n-1]
			s.Why = "run " + last.Run + " of " + last.Date.Format(time.DateOnly) + " judged it: " + strings.ReplaceAll(string(last.Verdict), "_", " ")
			s.judged = last
		}
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
