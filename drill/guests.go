package drill

import (
	"slices"
	"sync"
	"time"
)

// guests are users who are watched while they wait.
type guests struct {
	mu   sync.Mutex
	list []*guest
}

// guest is one of them.
type guest struct {
	at   time.Time
	done bool
	seen seen // once it is done
}

// watching makes users watched from the moment on at which they ask.
func (g *guests) watching(serve func(*question, *answer)) func(*question, *answer) {
	return func(q *question, a *answer) {
		one := &guest{at: q.at}
		g.mu.Lock()
		g.list = append(g.list, one)
		g.mu.Unlock()
		serve(q, a)
		g.mu.Lock()
		defer g.mu.Unlock()
		one.done = true
		one.seen = seen{first: a.first, took: a.took, stream: q.stream, server: a.server, fate: a.fate()}
	}
}

// waiting is how many wait.
func (g *guests) waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, one := range g.list {
		if !one.done {
			n++
		}
	}
	return n
}

// wait is how long one waited for the first token, or waits so far; ok is false
// where there is nothing to say.
func (g *guest) wait(now time.Time) (d time.Duration, ok bool) {
	switch {
	case !g.done:
		return now.Sub(g.at), g.stuck(now)
	case !g.seen.stream:
		return 0, false
	case g.seen.first > 0:
		return g.seen.first, true
	default: // it never came, and the user waited all the same
		return g.seen.took, true
	}
}

// stuck reports whether one waits for too long.
func (g *guest) stuck(now time.Time) bool { return !g.done && now.Sub(g.at) > stuckTime }

// crowd sums them up. The outage lasts from one moment to another.
func (g *guests) crowd(now, from, to time.Time) Crowd {
	g.mu.Lock()
	defer g.mu.Unlock()
	var c Crowd
	var all, before, during []time.Duration
	for _, one := range g.list {
		c.Asked++
		switch {
		case !one.done:
			c.Waiting++
			if one.stuck(now) {
				c.Stuck++
			}
		case one.seen.fate == fateOK:
			c.OK++
		case one.seen.fate == fateTruncated:
			c.Truncated++
		default:
			c.Failed++
		}
		wait, ok := one.wait(now)
		if !ok {
			continue
		}
		all = append(all, wait)
		switch {
		case one.at.Before(from):
			before = append(before, wait)
		case one.at.Before(to):
			during = append(during, wait)
		}
	}
	for _, list := range [][]time.Duration{all, before, during} {
		slices.Sort(list)
	}
	c.OKShare = share(c.OK, c.Asked-c.Waiting+c.Stuck)
	c.P50, c.P99 = rank(all, 0.5), rank(all, 0.99)
	if len(before) > 0 && len(during) > 0 {
		c.AddedP50, c.AddedP99 = rank(during, 0.5)-rank(before, 0.5), rank(during, 0.99)-rank(before, 0.99)
	}
	return c
}
