package gateway

import (
	"errors"
	"fmt"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/breaker"
)

// BreakerInfo is the state of one target's breaker.
type BreakerInfo struct {
	Target switchgear.Target
	State  string    // "closed", "suspect", "open", "half-open", "ramp", "held" or "gone"
	Since  time.Time // when it came into this state; zero if it has never changed
	Until  time.Time // of an open one: when the next trial is due
	Reason string    // what brought it there
	Share  float64   // how much of the traffic it is let have: 0 to 1
	Bad    int       // of the last Of attempts in its window, how many failed or were slow
	Of     int
	Opens  uint64 // how often it opened since the gateway started
	HeldBy string // who took it out of use
}

// ErrUnknownTarget is the error for a target that no route uses.
var ErrUnknownTarget = errors.New("no route uses this target")

// Breakers are the breakers of all targets of the routing table, in the order
// of the file.
func (g *Gateway) Breakers() []BreakerInfo {
	s := g.now.Load()
	now := time.Now()
	infos := make([]BreakerInfo, 0, len(s.breakers))
	for _, b := range s.breakers {
		state := b.breaker.Snapshot(now)
		infos = append(infos, BreakerInfo{
			Target: b.target, State: state.State.String(), Since: state.Since, Until: state.Until, Reason: state.Reason,
			Share: share(&state), Bad: state.Bad, Of: state.N, Opens: state.Opens, HeldBy: state.By,
		})
	}
	return infos
}

// Hold takes a target out of use: nothing is sent to it, by anybody, until it
// is released. By is who says so.
func (g *Gateway) Hold(t switchgear.Target, by string) error {
	return g.order(t, func(b *breaker.Breaker) error { return b.Hold(time.Now(), by) })
}

// Trial tries a target now, whatever is left of its cool-off.
func (g *Gateway) Trial(t switchgear.Target) error {
	return g.order(t, func(b *breaker.Breaker) error { return b.Trial(time.Now()) })
}

// Release ends a hold. The target is readmitted gently.
func (g *Gateway) Release(t switchgear.Target) error {
	return g.order(t, func(b *breaker.Breaker) error { return b.Release(time.Now()) })
}

func (g *Gateway) order(t switchgear.Target, give func(*breaker.Breaker) error) error {
	s := g.now.Load()
	for _, b := range s.breakers {
		if b.target == t {
			if err := give(b.breaker); err != nil {
				return fmt.Errorf("%s: %w", t, err)
			}
			return nil
		}
	}
	return ErrUnknownTarget
}

// share is how much of the traffic a breaker lets through, from 0 to 1.
func share(s *breaker.Snapshot) float64 {
	switch s.State {
	case breaker.Closed, breaker.Suspect:
		return 1
	case breaker.Ramp:
		return float64(s.Share) / 100
	default:
		return 0
	}
}
