package jury

import (
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

const (
	askEvery  = 5 * time.Second // a token comes, and in doubt one is asked about, in this time
	burst     = 10              // tokens there are at first, and at most
	together  = time.Minute     // two refusals overruled within it make doubt
	forgotten = time.Minute     // without a refusal, after which doubt is over
)

// Jury is a failover.Jury of one target. It is safe for concurrent use.
type Jury struct {
	mu sync.Mutex

	// saved is what there is to ask with, in time: a token is askEvery.
	saved time.Duration
	last  time.Time // when saved was last added to
	asked time.Time // the last question

	overruled time.Time // the last refusal that was overruled; zero if both agreed since
	doubt     bool
	refused   time.Time // in doubt, the last sign that it is still due

	count Count
}

// Count is what a jury has done, ever.
type Count struct {
	Believed  uint64 // refusals that went to the caller for want of a token
	Asked     uint64 // second opinions that were asked for
	Doubted   uint64 // refusals that were taken for failures
	Overruled uint64 // judgements: the second target took the request
	Agreed    uint64 // judgements: the second target refused it as well
}

// New makes a jury that doubts nothing.
func New() *Jury { return &Jury{saved: burst * askEvery} }

// Opinion says what to make of a refusal in unknown words.
func (j *Jury) Opinion(now time.Time) failover.Opinion {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.save(now)
	doubt := j.doubts(now)
	if doubt && now.After(j.refused) {
		j.refused = now
	}
	switch {
	case j.saved >= askEvery && (!doubt || now.Sub(j.asked) >= askEvery):
		j.saved -= askEvery
		j.asked = now
		j.count.Asked++
		return failover.OpinionAsk
	case doubt:
		j.count.Doubted++
		return failover.OpinionDoubt
	default:
		j.count.Believed++
		return failover.OpinionBelieve
	}
}

// Judge tells what came of asking: accepted is whether the second target took
// the same request. If it could not be asked after all, or said neither, there is
// nothing to tell.
func (j *Jury) Judge(accepted bool, now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !accepted {
		j.count.Agreed++
		j.doubt, j.overruled = false, time.Time{}
		return
	}
	j.count.Overruled++
	j.doubts(now)
	if !j.overruled.IsZero() && now.Sub(j.overruled) <= together {
		j.doubt = true
		if now.After(j.refused) {
			j.refused = now
		}
	}
	if now.After(j.overruled) {
		j.overruled = now
	}
}

// Snapshot is what a jury looks like at one moment.
type Snapshot struct {
	Count

	Doubt  bool // refusals in unknown words are failures
	Tokens int  // second opinions that can be asked for at once
}

// Snapshot looks at the jury.
func (j *Jury) Snapshot(now time.Time) Snapshot {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.save(now)
	return Snapshot{Doubt: j.doubts(now), Tokens: int(j.saved / askEvery), Count: j.count}
}

// save adds the tokens that have come since the last time.
func (j *Jury) save(now time.Time) {
	if elapsed := now.Sub(j.last); elapsed > 0 {
		j.saved += min(elapsed, burst*askEvery-j.saved)
		j.last = now
	}
}

// doubts reports whether there is doubt, and ends it when it is forgotten.
func (j *Jury) doubts(now time.Time) bool {
	if j.doubt && now.Sub(j.refused) > forgotten {
		j.doubt, j.overruled = false, time.Time{}
	}
	return j.doubt
}
