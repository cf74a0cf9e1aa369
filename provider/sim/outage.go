package sim

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed outages/*.yaml
var outageFiles embed.FS

// Outages are the eight scripted outages, A to H, each modelled on one that
// happened. Their files are provider/sim/outages.
func Outages() ([]*Script, error) {
	entries, err := outageFiles.ReadDir("outages")
	if err != nil {
		return nil, err
	}
	var out []*Script
	for _, e := range entries {
		text, err := outageFiles.ReadFile(path.Join("outages", e.Name()))
		if err != nil {
			return nil, err
		}
		s, err := ParseOutage(e.Name(), text)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *Script) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

// Outage is one of [Outages], by its letter.
func Outage(name string) (*Script, error) {
	all, err := Outages()
	if err != nil {
		return nil, err
	}
	var known []string
	for _, s := range all {
		if strings.EqualFold(s.name, name) {
			return s, nil
		}
		known = append(known, s.name+" "+s.title)
	}
	return nil, fmt.Errorf("there is no outage %q; there are %s", name, strings.Join(known, ", "))
}

// Play runs a script from now on in place of [Options.Script], against what at
// names. What is drawn meanwhile depends on at.Seed, the calls and the time
// only: in a bubble of testing/synctest the same calls at the same moments meet
// the same faults. A nil script ends the play. Counts of faults ("503x2") and
// capacities begin anew.
func (s *Server) Play(script *Script, at Strike) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.playing = nil
	if script != nil {
		s.playing = &play{script: script, strike: at, started: time.Now()}
	}
	s.buckets = nil
	for key := range s.counts {
		if strings.HasPrefix(key, "script ") {
			delete(s.counts, key)
		}
	}
}

// bucket counts what a capacity has let through.
type bucket struct {
	left float64
	last time.Time
}

// full takes a place in a rule's capacity, and reports whether there was none.
// A second's worth may come at once. The caller holds the lock.
func (s *Server) full(r *rule, rate float64, now time.Time, take bool) bool {
	room := max(rate, 1)
	b, ok := s.buckets[r.owner]
	if !ok {
		b = bucket{left: room, last: now}
	}
	b.left = min(room, b.left+rate*now.Sub(b.last).Seconds())
	b.last = now
	out := b.left < 1
	if take {
		if !out {
			b.left--
		}
		if s.buckets == nil {
			s.buckets = map[string]bucket{}
		}
		s.buckets[r.owner] = b
	}
	return out
}
