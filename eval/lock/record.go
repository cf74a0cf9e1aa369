package lock

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// NextTry is which try over some cases the next run of a target would be, from
// 1. It has to pass at [Alpha] divided by that. Answers is the hash of what was
// answered, as graded, if it is known already: a run over answers that were
// judged before is no new try.
func (f *File) NextTry(route, target, cases, answers string) int {
	t := f.Route(route).Target(target)
	if t == nil {
		return 1
	}
	k, _ := t.ordinal(cases, "")
	if answers != "" && slices.ContainsFunc(t.Tries, func(try Try) bool {
		return try.Cases == short(cases) && try.Answers == short(answers) && try.Verdict != VerdictInvalid
	}) {
		return max(k, 1)
	}
	return k + 1
}

// Record keeps a run: as a try whatever it ended in, and as evidence if it
// ships. It fills in Try and the seal. The run is kept as a try even if the error
// says that it makes no evidence.
func (f *File) Record(route, target string, e Evidence, s *Signer) error {
	switch {
	case route == "" || target == "" || e.Run == "" || e.Date.IsZero() || e.Bound.Cases == "" || e.Bound.Params == "":
		return errors.New("a run needs a route, a target, a name, a date and the hashes of its cases and parameters to be kept")
	case rank(e.Stakes) == 0:
		return fmt.Errorf("%q are no stakes", e.Stakes)
	}
	t := f.open(route, target)
	if !slices.ContainsFunc(t.Tries, func(try Try) bool { return try.Run == e.Run }) {
		t.Tries = append(t.Tries, Try{
			Run: e.Run, Date: e.Date.UTC().Truncate(time.Second), Verdict: e.Verdict,
			Cases: short(e.Bound.Cases), Params: short(e.Bound.Params), Answers: short(e.Answers),
		})
		t.sort()
	}
	if !e.Verdict.Ships(e.Stakes) {
		return nil
	}
	e.Try, _ = t.ordinal(e.Bound.Cases, e.Run)
	e.Date = e.Date.UTC().Truncate(time.Second)
	if why := t.luck(&e); why != "" {
		return fmt.Errorf("run %s makes no evidence: it %s", e.Run, why)
	}
	at := place{"evidence", route, target}
	e.Seal, e.Signature = at.seal(e.node(), s)
	v := newVerifier(f, &Terms{})
	if why := v.flaw(f.Route(route), t, &e); why != "" {
		return fmt.Errorf("run %s makes no evidence: it %s", e.Run, why)
	}
	if _, ok := v.lineage(f.Route(route), &e, nil); !ok {
		return fmt.Errorf("run %s makes no evidence: the lock does not know that its incumbent, %s, ever served route %s. Declare what serves today: switchgear lock baseline %s",
			e.Run, e.Incumbent, route, route)
	}
	same := e.Bound
	t.Evidence = slices.DeleteFunc(t.Evidence, func(old *Evidence) bool {
		return len(old.Bound.changed(&same, false)) == 0
	})
	t.Evidence = append(t.Evidence, &e)
	t.sort()
	return nil
}

// ErrKnown is that a route has entries already, so that it cannot be given a
// baseline: what serves it now may not be what served before.
var ErrKnown = errors.New("the lock knows this route already")

// Declare gives a route that has no entries its baselines: what the claims say
// serves today, without evidence. The claims are all of one route.
func (f *File) Declare(claims []Claim, by string, now time.Time, s *Signer) error {
	if len(claims) == 0 {
		return errors.New("there is nothing to declare")
	}
	if r := f.Route(claims[0].Route); r != nil {
		if slices.ContainsFunc(r.Targets, func(t *Target) bool { return len(t.Evidence)+len(t.Baselines)+len(t.Overrides) > 0 }) {
			return ErrKnown
		}
		for i := range claims {
			if t := r.Target(claims[i].Target); t != nil && len(t.Tries) > 0 {
				last := t.Tries[len(t.Tries)-1]
				return fmt.Errorf("run %s judged %s already (%s): what was tried is not declared", last.Run, t.Name, last.Verdict)
			}
		}
	}
	for i := range claims {
		c := &claims[i]
		t := f.open(c.Route, c.Target)
		b := &Baseline{
			Date: now.UTC().Truncate(time.Second), By: by, First: c.First, With: c.With,
			Bound: Bound{Params: c.Bound.Params, Endpoint: c.Bound.Endpoint, Normalise: slices.Clone(c.Bound.Normalise)},
		}
		if slices.ContainsFunc(t.Baselines, func(o *Baseline) bool { return len(o.Bound.changed(&b.Bound, false)) == 0 }) {
			continue
		}
		b.Seal, b.Signature = (place{"baseline", c.Route, c.Target}).seal(b.node(), s)
		t.Baselines = append(t.Baselines, b)
	}
	return nil
}

// Excuse adds an override, and removes those of the target that have expired.
// Its seal is filled in.
func (f *File) Excuse(route, target string, o Override, s *Signer) error {
	for i, name := range o.By {
		o.By[i] = strings.TrimSpace(name)
	}
	o.Reason = strings.TrimSpace(o.Reason)
	o.Date, o.Expires = o.Date.UTC().Truncate(time.Second), o.Expires.UTC().Truncate(time.Second)
	if why := o.wrong(); why != "" {
		return errors.New("the override " + why)
	}
	t := f.open(route, target)
	t.Overrides = slices.DeleteFunc(t.Overrides, func(old *Override) bool { return !o.Date.Before(old.Expires) })
	o.Seal, o.Signature = (place{"override", route, target}).seal(o.node(), s)
	t.Overrides = append(t.Overrides, &o)
	t.sort()
	return nil
}

// wrong says why an override cannot hold, whatever the time.
func (o *Override) wrong() string {
	switch {
	case len(o.By) == 0 || slices.Contains(o.By, ""):
		return "names nobody who answers for it"
	case o.Reason == "":
		return "gives no reason"
	case !o.Date.Before(o.Expires):
		return "expires before it begins"
	case o.Expires.Sub(o.Date) > MaxOverride:
		return fmt.Sprintf("lasts longer than %d days", int(MaxOverride/(24*time.Hour)))
	default:
		return ""
	}
}

// people are the names of those who answer for something, each once.
func people(overrides []*Override) []string {
	var out []string
	for _, o := range overrides {
		for _, name := range o.By {
			if !slices.ContainsFunc(out, func(known string) bool { return strings.EqualFold(known, name) }) {
				out = append(out, name)
			}
		}
	}
	return out
}
