// Package keyring holds the credentials of one provider: it spreads the work
// over them and rests those that are in trouble.
package keyring

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// MaxPlaces is how many credentials a keyring can hold.
const MaxPlaces = 64

// The cool-offs, by what the provider said.
const (
	rateFirst  = time.Second      // over the rate limit, and no word on how long; doubles each time
	rateMax    = time.Minute      // a rate limit's window is a minute almost everywhere
	authFirst  = 30 * time.Second // the key is refused; doubles each time
	authMax    = 5 * time.Minute  // never longer: an outage of a provider's authentication looks the same
	quotaRest  = 10 * time.Minute // out of money: somebody has to pay first
	longestAny = time.Hour        // whatever the provider says
)

// Keyring is a set of credentials in numbered places. It is safe for
// concurrent use, and while no credential is in trouble it takes no lock.
type Keyring struct {
	credentials []switchgear.Credential // never change
	uses        []atomic.Uint64
	answered    []atomic.Int64 // beside credentials: when one last served well, in nanoseconds after made; never, if it has not
	made        time.Time
	turn        atomic.Uint64
	cooling     atomic.Uint64 // a bit for each place whose cool-off may not be over
	marked      atomic.Uint64 // a bit for each place with a longer next cool-off than at first

	mu     sync.Mutex // guards what follows, and changes of cooling and marked
	places []place
	first  time.Time // when the first cooling place is back
}

type place struct {
	began    time.Time // when it began to cool, or last did
	until    time.Time
	class    switchgear.Class // why it cools, or last did
	asked    bool             // for how long is the provider's word, and not our guess
	rateRest time.Duration    // the next cool-off for a rate limit
	authRest time.Duration    // the next for a refused key
	failures uint64
	lent     bool // for a probe, while it cooled, and not reported yet
	lentAt   time.Time
}

// Snapshot is one place at one moment. It holds no secret.
type Snapshot struct {
	ID       string
	Cooling  bool
	Until    time.Time        // zero if it does not cool
	Class    switchgear.Class // why it cools; meaningless if it does not
	Uses     uint64
	Failures uint64 // of those, how many said something about the key
}

// New makes a keyring. With no credentials it has one place without a secret,
// for a provider that needs none. More than MaxPlaces are cut off.
func New(credentials ...switchgear.Credential) *Keyring {
	if len(credentials) == 0 {
		credentials = []switchgear.Credential{{}}
	}
	n := min(len(credentials), MaxPlaces)
	k := &Keyring{
		credentials: slices.Clone(credentials[:n]), uses: make([]atomic.Uint64, n), places: make([]place, n),
		answered: make([]atomic.Int64, n), made: time.Now(),
	}
	for i := range k.places {
		k.places[i] = place{rateRest: rateFirst, authRest: authFirst}
		k.answered[i].Store(never)
	}
	return k
}

// Pick returns the next credential in turn that is neither cooling nor
// avoided, and the number of its place. If there is none, until is when the
// first of those not avoided is back, zero if all are avoided.
func (k *Keyring) Pick(now time.Time, avoid uint64) (c switchgear.Credential, number int, until time.Time, ok bool) {
	n := len(k.credentials)
	free := ^(avoid | k.coolingAt(now)) & (^uint64(0) >> (MaxPlaces - n))
	if free == 0 {
		k.mu.Lock()
		defer k.mu.Unlock()
		return switchgear.Credential{}, 0, k.back(avoid), false
	}
	i := 0
	if n > 1 {
		// The first free place from the one whose turn it is.
		turn := int((k.turn.Add(1) - 1) % uint64(n))
		i = bits.TrailingZeros64(free)
		if after := free >> turn << turn; after != 0 {
			i = bits.TrailingZeros64(after)
		}
	}
	return k.credentials[i], i, time.Time{}, true
}

// Report tells what came of using the credential at a place; err is nil if all
// went well. Failures that say nothing about the credential change nothing.
func (k *Keyring) Report(number int, err *switchgear.Error, now time.Time) {
	if number < 0 || number >= len(k.credentials) {
		return
	}
	k.uses[number].Add(1)
	if err == nil {
		k.answered[number].Store(int64(now.Sub(k.made)))
	}
	bit := uint64(1) << number
	switch {
	case err == nil && k.marked.Load()&bit != 0:
		k.mu.Lock()
		defer k.mu.Unlock()
		p := &k.places[number]
		if p.lent {
			k.returned(number)
		}
		p.lent = false
		p.rateRest, p.authRest = max(p.rateRest/2, rateFirst), authFirst
		if p.rateRest == rateFirst {
			k.marked.And(^bit)
		}
	case err != nil && err.CoolsKey():
		k.mu.Lock()
		defer k.mu.Unlock()
		p := &k.places[number]
		p.failures++
		k.marked.Or(bit)
		p.lent = false
		if until := now.Add(p.rest(err, now)); until.After(p.until) {
			if !now.Before(p.until) {
				p.began = now
			}
			p.until, p.class, p.asked = until, err.Class, err.RetryAfter > 0
			k.cooling.Or(bit)
			k.first = k.back(0)
		}
	}
}

// Snapshot lists the places in order.
func (k *Keyring) Snapshot(now time.Time) []Snapshot {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := make([]Snapshot, len(k.places))
	for i := range k.places {
		p := &k.places[i]
		list[i] = Snapshot{ID: k.credentials[i].ID, Uses: k.uses[i].Load(), Failures: p.failures}
		if now.Before(p.until) {
			list[i].Cooling, list[i].Until, list[i].Class = true, p.until, p.class
		}
	}
	return list
}

// Len is the number of places.
func (k *Keyring) Len() int { return len(k.credentials) }

// coolingAt forgets the cool-offs that are over and returns the rest.
func (k *Keyring) coolingAt(now time.Time) uint64 {
	if k.cooling.Load() == 0 {
		return 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	cooling := k.cooling.Load()
	if now.Before(k.first) {
		return cooling
	}
	for rest := cooling; rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest); !now.Before(k.places[i].until) {
			cooling &^= 1 << i
		}
	}
	k.cooling.Store(cooling)
	k.first = k.back(0)
	return cooling
}

// back is when the first cooling place that is not avoided is free again.
func (k *Keyring) back(avoid uint64) time.Time {
	var first time.Time
	for rest := k.cooling.Load() &^ avoid; rest != 0; rest &= rest - 1 {
		until := k.places[bits.TrailingZeros64(rest)].until
		if first.IsZero() || until.Before(first) {
			first = until
		}
	}
	return first
}

// rest is how long a place cools for a failure. Failures of the same kind that
// were on their way when it began to cool make that no longer, unless the
// provider says so.
func (p *place) rest(err *switchgear.Error, now time.Time) time.Duration {
	hint := min(max(err.RetryAfter, 0), longestAny)
	again := err.Class == p.class && now.Before(p.until)
	switch {
	case err.Class == switchgear.ClassQuota:
		return max(hint, quotaRest)
	case err.Class == switchgear.ClassRateLimited && hint > 0:
		return hint
	case again:
		return max(hint, p.until.Sub(now))
	case err.Class == switchgear.ClassAuth:
		rest := p.authRest
		p.authRest = min(2*rest, authMax)
		return max(hint, rest)
	default:
		rest := p.rateRest
		p.rateRest = min(2*rest, rateMax)
		return rest
	}
}
