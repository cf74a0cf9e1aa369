package breaker

import (
	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// run is a row of failures with no success between.
type run struct {
	failures int
	connects int    // of them the last ones, without a break, failures to connect
	body     uint64 // the body of the first failure that needs one
	proven   bool   // two bodies have failed, or a failure needed none
}

// add notes one more failure.
func (r *run) add(o *failover.Outcome) {
	r.failures++
	if o.Err != nil && o.Err.Class == switchgear.ClassConnect {
		r.connects++
	} else {
		r.connects = 0
	}
	switch {
	case o.Body == 0:
		r.proven = true
	case r.body == 0:
		r.body = o.Body
	case r.body != o.Body:
		r.proven = true
	}
}

// trips reports whether the row is long enough. One request, sent again and
// again, proves nothing about a target: it may be what is wrong.
func (r *run) trips(o *Options) bool {
	return r.proven && (r.failures >= o.Failures || r.connects >= o.ConnectFailures)
}
