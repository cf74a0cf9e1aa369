package keyring

import (
	"cmp"
	"math"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// Trial lends a credential for a probe, even while all of them cool: a
// provider whose every key was refused would else never be found well again.
// One that does not cool is lent first; then one that was refused, one that is
// over its rate limit, one that is out of money; among equals the one that has
// not been lent for longest, then the one that has cooled for longest. One that
// is out of money is lent every ten minutes at most; ok is false if there is no
// other.
//
// Report ends the cool-off of a credential that was lent, if it went well.
func (k *Keyring) Trial(now time.Time) (c switchgear.Credential, number int, ok bool) {
	k.coolingAt(now)
	k.mu.Lock()
	defer k.mu.Unlock()
	best := -1
	for i := range k.places {
		p := &k.places[i]
		if p.rank(now) == rankQuota && (now.Sub(p.began) < quotaRest || now.Sub(p.lentAt) < quotaRest) {
			continue
		}
		if best < 0 || p.before(&k.places[best], now) {
			best = i
		}
	}
	if best < 0 {
		return switchgear.Credential{}, 0, false
	}
	p := &k.places[best]
	p.lentAt = now
	if p.lent = now.Before(p.until); p.lent {
		k.marked.Or(1 << best) // so that a good Report takes notice
	}
	return k.credentials[best], best, true
}

// The ranks of places that may be lent, the likeliest to be of use first.
const (
	rankFree = iota
	rankAuth
	rankRate
	rankQuota
)

func (p *place) rank(now time.Time) int {
	switch {
	case !now.Before(p.until):
		return rankFree
	case p.class == switchgear.ClassAuth:
		return rankAuth
	case p.class == switchgear.ClassQuota:
		return rankQuota
	default:
		return rankRate
	}
}

// before reports whether p is to be lent rather than q.
func (p *place) before(q *place, now time.Time) bool {
	return cmp.Or(cmp.Compare(p.rank(now), q.rank(now)), p.lentAt.Compare(q.lentAt), p.began.Compare(q.began)) < 0
}

// never is when a credential served well that never has.
const never = math.MinInt64

// lately is how long ago a credential may have served well to be lent to a
// request: a limit that is really reached, or a key that is really refused, is
// believed after as long.
const lately = 10 * time.Second

// Lend lends a credential that cools to a request that would else go unserved.
// It must have served well within the last ten seconds, and cool because it was
// refused or was over a rate limit that the provider put no time to. So a
// provider that refuses good keys, or limits calls, at random is still asked,
// and one that refuses everything is left alone. The one that served last is lent.
//
// Report ends its cool-off if it goes well.
func (k *Keyring) Lend(now time.Time) (c switchgear.Credential, number int, ok bool) {
	since := int64(now.Sub(k.made) - lately)
	k.mu.Lock()
	defer k.mu.Unlock()
	best := -1
	for i := range k.places {
		p, at := &k.places[i], k.answered[i].Load()
		if p.asked || p.class == switchgear.ClassQuota || at < since {
			continue
		}
		if best < 0 || at > k.answered[best].Load() {
			best = i
		}
	}
	if best < 0 {
		return switchgear.Credential{}, 0, false
	}
	p := &k.places[best]
	if p.lent = now.Before(p.until); p.lent {
		k.marked.Or(1 << best) // so that a good Report takes notice
	}
	return k.credentials[best], best, true
}

// returned takes a credential back that was lent and went well.
func (k *Keyring) returned(number int) {
	p := &k.places[number]
	p.until = time.Time{}
	k.cooling.And(^(uint64(1) << number))
	k.first = k.back(0)
}

// Inherit takes over from the keyring it is to replace what that knows of the
// credentials they share: changing one key must not wake the others. It is to
// be called before k is used.
func (k *Keyring) Inherit(old *Keyring) {
	type legacy struct {
		place    place
		uses     uint64
		answered int64
		marked   bool
	}
	known := make(map[switchgear.Secret]legacy, len(old.credentials))
	old.mu.Lock()
	for i := range old.places {
		known[old.credentials[i].Secret] = legacy{old.places[i], old.uses[i].Load(), old.answered[i].Load(), old.marked.Load()&(1<<i) != 0}
	}
	old.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made = old.made
	for i := range k.places {
		l, ok := known[k.credentials[i].Secret]
		if !ok {
			continue
		}
		k.places[i] = l.place
		k.uses[i].Store(l.uses)
		k.answered[i].Store(l.answered)
		if l.marked {
			k.marked.Or(1 << i)
		}
		if !l.place.until.IsZero() {
			k.cooling.Or(1 << i)
		}
	}
	k.first = k.back(0)
}
