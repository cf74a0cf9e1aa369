package drill

import (
	"context"
	"fmt"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
)

// Attempted implements [gateway.Observer].
func (l *live) Attempted(_ context.Context, _ string, a *switchgear.Attempt) {
	if a.Skipped != "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	nothing := a.Err != nil || a.Lost || a.Probe
	if nothing {
		l.wasted++
	}
	switch {
	case a.Cost.Known:
		l.bill.All += a.Cost.USD
		if nothing {
			l.bill.Nothing += a.Cost.USD
		}
	case a.Usage.Input+a.Usage.Output > 0:
		l.unpriced = true
	}
}

// event hears of circuits.
func (l *live) event(e gateway.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := seconds(e.At.Sub(l.zero))
	switch {
	case e.Target == (switchgear.Target{}): // a whole provider's is made of those of its models
	case e.Kind == switchgear.AlertCircuitOpen:
		l.opened++
		text := "the circuit of " + e.Target.String() + " opens"
		if e.Reason != "" {
			text += ": " + e.Reason
		}
		l.news = append(l.news, News{At: at, Text: text, Bad: true})
		if e.Serving != "" {
			l.news = append(l.news, News{At: at, Text: e.Serving + " takes over, and somebody would be paged"})
		}
	case e.Kind == switchgear.AlertCircuitClose:
		l.closed++
		l.news = append(l.news, News{At: at, Text: "the circuit of " + e.Target.String() + " closes: everything is as before", Good: true})
	}
}

// tell makes news of what a scene has that the last one had not.
func (l *live) tell(s *Scene) {
	l.mu.Lock()
	defer l.mu.Unlock()
	say := func(n News, format string, args ...any) {
		n.At, n.Text = s.At, fmt.Sprintf(format, args...)
		l.news = append(l.news, n)
	}
	l.news = append(l.news, l.phases(s)...)
	for i := range s.Chain {
		link := &s.Chain[i]
		if was := l.states[link.Target]; was != link.State && link.State == "ramp" {
			say(News{}, "%s answers trials again, and gets its load back by shares", link.Target)
		}
		l.states[link.Target] = link.State
	}
	if failed := s.With.Failed + s.With.Truncated; failed > l.failed {
		say(News{Bad: true}, "%d of our users got no answer", failed-l.failed)
		l.failed = failed
	}
}

// phases are the changes of the outage since the last scene, each at its time:
// a machine that is busy looks seldom.
func (l *live) phases(s *Scene) (out []News) {
	now := time.Duration(s.At * float64(time.Second))
	for step := max(l.show.Lasts/1000, time.Millisecond); l.looked < now; {
		l.looked = min(l.looked+step, now)
		into, phase := l.looked-l.begins().Sub(l.zero), ""
		if into >= 0 && into < l.outage {
			phase = l.o.Script.Phase(into)
		}
		if phase == l.phase {
			continue
		}
		l.phase = phase
		n := News{At: seconds(l.looked), Text: s.Struck + ": " + phase, Bad: true}
		if phase == "" {
			n = News{At: n.At, Text: s.Struck + " is well again", Good: true}
		}
		out = append(out, n)
	}
	return out
}

// Moment is when something happened, for people: minutes and seconds.
func (n *News) Moment() string { return Moment(n.At) }

// Moment writes seconds as minutes and seconds.
func Moment(at float64) string {
	d := time.Duration(at * float64(time.Second)).Truncate(time.Second)
	return fmt.Sprintf("%d:%02d", int(d/time.Minute), int(d%time.Minute/time.Second))
}
