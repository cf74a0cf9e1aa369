package alert

import (
	"time"
)

// gather watches the incidents until the end: it tells the receivers when it is
// time, and ends what is over.
func (a *Alerts) gather() {
	defer close(a.finished)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait, last := a.round(time.Now())
		if last {
			return
		}
		timer.Reset(wait)
		select {
		case <-a.wake:
		case <-timer.C:
		}
	}
}

// round does what is due, and says when the next round is.
func (a *Alerts) round(now time.Time) (wait time.Duration, last bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing {
		a.finish(now)
		return 0, true
	}
	next := now.Add(time.Hour)
	for _, i := range a.incidents {
		if !i.look.IsZero() && !i.look.After(now) {
			i.look = time.Time{}
			a.announce(i, now)
		}
		over := i.overAt()
		if i.told && !over.IsZero() && !over.After(now) {
			a.conclude(i, now)
			continue
		}
		for _, at := range []time.Time{i.look, over} {
			if !at.IsZero() && at.Before(next) {
				next = at
			}
		}
	}
	a.release()
	return max(next.Sub(now), time.Millisecond), false
}

// announce tells of an incident to those who want to know and do not yet.
func (a *Alerts) announce(i *incident, now time.Time) {
	fresh := !i.told
	i.told = true
	if !fresh && !i.lasting(now) && len(i.left(now)) == 0 {
		return // nobody is to be woken for what has passed
	}
	for _, r := range a.receivers {
		seen := i.view(r.on)
		if len(seen) == 0 {
			continue
		}
		a.tell(r, i, seen, now)
	}
}

// tell sends a receiver the beginning of an incident, or what is new of it.
func (a *Alerts) tell(r *receiver, i *incident, seen []place, now time.Time) {
	known := r.known(i)
	if known == nil || known.lost {
		n := a.notice(i, seen, Trigger, now)
		if r.put(n, now) {
			r.told[i.key] = &knowledge{serial: i.serial, places: len(seen), severity: n.Severity, at: now}
		} else {
			i.due(now.Add(calmTime)) // its queue was full
		}
		return
	}
	n := a.notice(i, seen, Update, now)
	if len(seen) <= known.places && n.Severity <= known.severity {
		return
	}
	if again := known.at.Add(updateEvery); now.Before(again) {
		i.due(again)
		return
	}
	if r.put(n, now) {
		known.places, known.at, known.severity = len(seen), now, max(known.severity, n.Severity)
	}
}

// conclude ends an incident.
func (a *Alerts) conclude(i *incident, now time.Time) {
	delete(a.incidents, i.key)
	defer a.part(i, i.left(now), now)
	for _, list := range [][]*receiver{a.receivers, a.retired} {
		for _, r := range list {
			known := r.known(i)
			if known == nil {
				continue
			}
			delete(r.told, i.key)
			if known.lost && !known.unsure {
				continue // it never knew
			}
			r.put(a.notice(i, i.sortedPlaces(), Resolve, now), now)
		}
	}
}

// finish tells what was not told yet, ends all incidents, and has the receivers
// end once they have delivered everything.
func (a *Alerts) finish(now time.Time) {
	for _, i := range a.incidents {
		if !i.look.IsZero() {
			a.announce(i, now)
		}
	}
	for _, i := range a.incidents {
		a.conclude(i, now)
	}
	for _, list := range [][]*receiver{a.receivers, a.retired} {
		for _, r := range list {
			r.drain()
		}
	}
}

// release lets go of retired receivers that know of no open incident.
func (a *Alerts) release() {
	kept := a.retired[:0]
	for _, r := range a.retired {
		if len(r.told) > 0 || !r.empty() {
			kept = append(kept, r)
			continue
		}
		r.drain()
		a.gone = append(a.gone, r.counts()...)
	}
	clear(a.retired[len(kept):])
	a.retired = kept
}

// failed notes that the beginning of an incident never reached a receiver.
// While the incident lasts it is tried anew, after a while.
func (a *Alerts) failed(r *receiver, n *Notice, unsure bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := r.told[n.Key]
	if known == nil || known.serial != n.serial {
		return
	}
	known.lost, known.unsure = true, known.unsure || unsure
	if i, ok := a.incidents[n.Key]; ok && i.serial == n.serial {
		i.due(time.Now().Add(calmTime))
	}
	a.nudge()
}
