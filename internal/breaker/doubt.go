package breaker

import (
	"fmt"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// When a closed breaker opens, besides failures in a row. With 2 % of errors at
// random none of these comes up: 10 of 20 in one window 2e-12, 10 of 50 5e-8
// and less in a fuller one, 15 of 75 in half of one 2e-11, 8 of 20 3e-9, five in a row once in half a year
// at 20 requests a second.
const (
	windowSome, windowSomeShare = 20, 50 // percent of at least so many
	windowMany, windowManyShare = 50, 20
	halfMany                    = 75    // in half a window; the share is the same
	fewLast, fewBad             = 20, 8 // 40 % of the last 20, where the window is not filled
	fewSpan                     = 5 * time.Minute
	suspectNeeds, suspectShare  = 10, 5
	suspectRow                  = 2
	promptLast                  = 10               // failures that are looked at for whether they show at once
	calmRow                     = 10               // good ones in a row that end a suspicion, if the share is low again
	calmTime                    = 10 * time.Second // without a bad one, which end it too
	loneConnect                 = 30 * time.Second // see verdict
	quietSpan                   = time.Minute
	quietPer                    = 2 * time.Second // a target that is asked for less than once in this is quiet
	quietLeast                  = 5
	lockedSpan                  = 30 * time.Second
	confirmPoints               = 4
	confirmPause                = 250 * time.Millisecond // from one confirming probe to the next
	confirmRest                 = 2 * time.Second        // after a good one: a prompt that always fails must not cost a probe each time
)

// doubt is what is held against a target that is closed or suspect, beyond the
// outcomes that were counted.
type doubt struct {
	confirming bool // probes are made to find out
	silence    bool // because of silence, though the target is busy enough: see suspectOf
	unusable   bool // they were, but tell nothing: the provider does not take them
	points     int  // while confirming: two for what was slow or a user could not connect to, else one
	proof      bodies
	gone       int // answers that the model is not there, since the last good one
	goneProof  bodies
	goneProbed bool          // one of them was a probe's
	spells     int           // slow ones in a row
	slow       time.Duration // they have lasted
	locked     time.Time     // when the last key was refused, for a target without a provider
	last       time.Duration
}

// lived takes an outcome of a user's request that was let through as if
// nothing had happened.
func (b *Breaker) lived(o *failover.Outcome, now time.Time) bool {
	tripped := false
	switch {
	case refused(o):
		tripped = b.locked(o, now)
	case o.Kind == failover.OutcomeOK:
		b.fine(now)
	case o.Overran && b.probing():
		b.overran(o, now)
	case o.Kind == failover.OutcomeFail || o.Kind == failover.OutcomeSlow:
		tripped = b.failed(o, originOf(o), now)
	case o.Ratio >= farTooSlow:
		tripped = b.outrun(o, now)
	}
	if !tripped && telling(o) && b.weather.note(o, b.at(now)) && !o.Spared {
		tripped = b.weigh(o, now)
	}
	return tripped
}

// fine takes a good outcome while closed or suspect.
func (b *Breaker) fine(now time.Time) {
	b.good.Load().add(b.at(now))
	b.seq.Add(1)
	b.row = row{}
	b.doubt.gone, b.doubt.goneProof, b.doubt.goneProbed = 0, bodies{}, false
	if b.state == Closed {
		b.calm.Store(b.gen + 1)
	}
	b.relaxAfterGood(now)
}

// failed takes a bad outcome while closed or suspect. It reports whether that
// opened the circuit.
func (b *Breaker) failed(o *failover.Outcome, from origin, now time.Time) bool {
	at := b.at(now)
	b.calm.Store(0)
	b.bad.add(at)
	b.row.add(o, from)
	b.history.add(sighting{seq: b.seq.Add(1), at: at, from: from, late: o.Late})
	b.heed(o, now)
	b.suspectOf(o, from, at)
	if !o.Spared {
		several := b.crowd.several(at)
		if b.isGone(several) {
			b.vanish(o.Err, now)
			return true
		}
		if reason := b.verdict(at, several); reason != "" {
			b.open(cause{reason: reason, err: o.Err}, now)
			return true
		}
		if several && !b.doubt.confirming && b.probing() && b.verdict(at, false) != "" {
			b.confirm() // one client of several: a probe is to say whether it is its own doing
			b.doubt.proof.add(from)
		}
	}
	if b.state == Closed {
		if reason := b.suspicion(at); reason != "" {
			b.change(Suspect, cause{reason: reason, err: o.Err}, now)
		}
	}
	return false
}

// overran takes an answer in one piece that was not there in time: it may have
// been a long one, or nothing may ever have come. A probe is to say which, and
// nothing is held against the target until then. A silent probe is proof.
func (b *Breaker) overran(o *failover.Outcome, now time.Time) {
	d := &b.doubt
	d.last = b.at(now)
	if !d.confirming {
		b.confirm()
		d.silence = true
	}
	d.proof.add(originOf(o))
	if b.state == Closed {
		b.change(Suspect, cause{reason: "an answer took longer than its share", err: o.Err}, now)
	}
}

// outrun takes a race that was lost late while suspect. Where failures take long
// to show, races keep half of them from the user, and from us: the loser is cut
// short a moment before it would have failed. So it counts as bad, but only
// beside failures that were seen to take long, and never more of them than of
// those: one in fifty that waits so long is well.
func (b *Breaker) outrun(o *failover.Outcome, now time.Time) bool {
	at := b.at(now)
	if b.state != Suspect || b.hidden.sum(at) >= b.history.late(at-b.options.Window) {
		return false
	}
	b.hidden.add(at)
	b.bad.add(at)
	if o.Spared {
		return false
	}
	reason := b.verdict(at, b.crowd.several(at))
	if reason == "" {
		return false
	}
	b.open(cause{reason: reason}, now) // that it was cut short is no sample of what is wrong
	return true
}

// suspectOf keeps the account of what is being confirmed.
func (b *Breaker) suspectOf(o *failover.Outcome, from origin, at time.Duration) {
	d, body := &b.doubt, from.body
	d.last = at
	gone := o.Err != nil && o.Err.Class == switchgear.ClassGone
	if gone {
		d.gone++
		d.goneProof.add(from)
		d.goneProbed = d.goneProbed || body == probeBody
	}
	// Under suspicion a silent target is raced, and who loses a race tells
	// nothing: users' requests alone might never prove it dead. Two that waited
	// in vain are looked into, and a probe that does so too is the proof.
	quiet, silent := b.quiet(at), o.Kind == failover.OutcomeSlow && b.row.failures >= suspectRow
	if !d.confirming && b.probing() && (gone || quiet || silent) {
		b.confirm()
		d.silence = !gone && !quiet
	}
	switch {
	case !d.confirming:
		return
	case d.silence && body != probeBody:
	case d.silence && o.Kind == failover.OutcomeSlow:
		d.points += confirmPoints
	case o.Kind == failover.OutcomeSlow || connect(o) && body != probeBody:
		d.points += 2
	default:
		d.points++
	}
	d.proof.add(from)
}

// confirm asks for probes.
func (b *Breaker) confirm() {
	b.doubt.confirming, b.doubt.silence, b.doubt.points, b.doubt.proof = true, false, 0, bodies{}
	b.trial.due = b.rested
	b.wake = true
}

// probing reports whether synthetic probes can be made and tell something.
func (b *Breaker) probing() bool {
	return b.options.Synthetic && !b.doubt.unusable && !b.trial.unusable
}

// quiet reports whether too few requests come by to fill a window. A new
// breaker's target is taken to be so at first: probes will tell.
func (b *Breaker) quiet(at time.Duration) bool {
	return b.demand.sum(at) < max(quietLeast, int(b.demand.covers(at)/quietPer))
}

// busy reports whether so many come by that letting all of them through at
// once would be a herd: two a second.
func (b *Breaker) busy(at time.Duration) bool {
	return b.demand.sum(at) >= max(quietLeast, int(2*b.demand.covers(at)/time.Second))
}

// isGone reports whether the model is not there: a user's request and a probe
// have heard so, or, without probes, two users'.
func (b *Breaker) isGone(several bool) bool {
	d := &b.doubt
	return d.gone >= 2 && d.goneProof.proven(several) && (d.goneProbed || !b.probing())
}

// verdict is why the circuit is to be opened; "" if it is not. Where several
// clients are about, those of one prove nothing.
func (b *Breaker) verdict(at time.Duration, several bool) string {
	bad, n := b.counts(at)
	share := func(k, of int) bool { return n >= k && 100*bad >= of*n }
	halfBad, halfN, half := b.half(at, several)
	switch {
	case b.row.proven(several) && b.row.failures >= b.options.Failures:
		return fmt.Sprintf("%d failures in a row", b.row.failures)
	case b.row.connects >= b.options.ConnectFailures && b.alone(at):
		return fmt.Sprintf("%d failures to connect in a row", b.row.connects)
	case (share(windowSome, windowSomeShare) || share(windowMany, windowManyShare)) && b.history.proven(at-b.options.Window, windowMany, several):
		return fmt.Sprintf("%d %% of %d failed in %v", 100*bad/n, n, b.options.Window)
	case half:
		return fmt.Sprintf("%d %% of %d failed in %v", 100*halfBad/halfN, halfN, b.options.Window/2)
	case n < windowSome && b.few(at, several):
		return fmt.Sprintf("%d of the last %d failed", fewBad, fewLast)
	case b.doubt.confirming && b.doubt.points >= confirmPoints && b.doubt.proof.proven(several):
		return "failed, and confirmed by probes"
	case !b.probing() && b.row.failures >= suspectRow && b.row.proven(several) && at >= quietSpan && b.quiet(at):
		return fmt.Sprintf("%d failures in a row, with little traffic", b.row.failures)
	default:
		return ""
	}
}

// half is the rule for a busy target that begins to fail a little: a full
// window of good answers would hide that for long.
func (b *Breaker) half(at time.Duration, several bool) (bad, n int, opens bool) {
	bad = b.bad.lately(at, b.bad.span/2)
	n = bad + b.good.Load().lately(at, b.bad.span/2)
	return bad, n, n >= halfMany && 100*bad >= windowManyShare*n && b.history.proven(at-b.options.Window/2, windowMany, several)
}

// alone reports whether nothing else has failed for a while before the present
// row. Three failures to connect in a row are a dead target if they come out of
// the blue; where 2 % fail to connect all day, they come 14 times a day at 20
// requests a second, and five in a row have to do.
func (b *Breaker) alone(at time.Duration) bool {
	before, ok := b.history.last(b.row.failures + 1)
	return !ok || at-before.at > loneConnect
}

// few is the rule for targets whose window is never filled.
func (b *Breaker) few(at time.Duration, several bool) bool {
	s, ok := b.history.last(fewBad)
	return ok && b.seq.Load()-s.seq < fewLast && at-s.at <= fewSpan && b.history.proven(s.at, fewBad, several)
}

// suspicion is why the target is to be watched; "" if it is not.
func (b *Breaker) suspicion(at time.Duration) string {
	bad, n := b.counts(at)
	switch {
	case b.doubt.gone > 0:
		return "said not to have this model"
	case b.row.failures >= suspectRow:
		return fmt.Sprintf("%d failures in a row", b.row.failures)
	case n >= suspectNeeds && 100*bad >= suspectShare*n:
		return fmt.Sprintf("%d %% of %d failed in %v", 100*bad/n, n, b.options.Window)
	case b.doubt.confirming || b.quiet(at):
		return "a failure, with little traffic"
	default:
		return ""
	}
}

// prompt reports whether the suspicion is about failures that show at once: a
// race helps against waiting, and what fails at once keeps nobody waiting.
func (b *Breaker) prompt(at time.Duration) bool {
	return b.doubt.spells == 0 && !b.doubt.silence && b.history.prompt(at-b.options.Window)
}

// relax ends a suspicion that nothing has fed for a while.
func (b *Breaker) relax(now time.Time) {
	at := b.at(now)
	if began := time.Duration(b.weather.began.Load()); b.doubt.spells > 0 && at-began > spellMost {
		b.doubt.spells, b.doubt.slow = 0, 0 // nothing is measured any more
		b.weather.clear()
	}
	if b.doubt.spells == 0 && at-b.doubt.last >= calmTime {
		b.change(Closed, cause{reason: "no failure for " + calmTime.String()}, now)
	}
}

// relaxAfterGood ends one that good outcomes disprove.
func (b *Breaker) relaxAfterGood(now time.Time) {
	if b.state != Suspect || b.doubt.spells > 0 || !b.doubt.locked.IsZero() {
		return
	}
	bad, n := b.counts(b.at(now))
	s, ok := b.history.last(1)
	if 100*bad < suspectShare*n && (!ok || b.seq.Load()-s.seq >= calmRow) {
		b.change(Closed, cause{reason: fmt.Sprintf("%d good answers in a row", calmRow)}, now)
	}
}

// weigh judges the weather when a spell may be over.
func (b *Breaker) weigh(o *failover.Outcome, now time.Time) bool {
	age := b.at(now) - time.Duration(b.weather.began.Load())
	if !b.state.lively() || age < spellLeast {
		return false // another was first
	}
	ratio, n, is := b.weather.median(spellNeeds)
	if n < spellNeeds && age < spellMost {
		return false
	}
	b.weather.clear()
	b.weather.began.Store(int64(b.at(now)))
	if is != skyBlind {
		b.blind = 0
	} else if b.blind++; b.blind > spellsBlind {
		is = skyClear
	}
	if n < spellNeeds || is == skyClear {
		b.doubt.spells, b.doubt.slow = 0, 0
		return false
	}
	b.doubt.spells++
	b.doubt.slow += age
	b.doubt.last = b.at(now)
	switch {
	case b.doubt.spells >= spellsInRow && b.doubt.slow >= slowLeast && is == skySlow:
		b.open(cause{reason: slowReason(ratio), kind: kindSlow, err: o.Err}, now)
		return true
	case b.state == Closed:
		b.change(Suspect, cause{reason: slowReason(ratio)}, now)
	}
	return false
}

// locked takes a refused key. The last one there was is looked into at once.
func (b *Breaker) locked(o *failover.Outcome, now time.Time) bool {
	if !o.Locked {
		return false
	}
	before := b.doubt.locked
	b.doubt.locked, b.doubt.last = now, b.at(now)
	if b.options.Provider == nil && !before.IsZero() && now.Sub(before) <= lockedSpan && !o.Spared {
		b.open(cause{reason: "every key was refused", kind: kindRefused, err: o.Err}, now)
		return true
	}
	if b.state == Closed {
		b.change(Suspect, cause{reason: "the last key was refused", err: o.Err}, now)
	}
	if !b.doubt.confirming && b.probing() {
		b.confirm()
	}
	b.doubt.proof.needed = true // no body made it refuse the key: what probes find now needs no second one
	return false
}
