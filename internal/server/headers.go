package server

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// maxRetryAfter is the longest wait a client is told of. Some clients sleep it
// whole, past the moment their own caller gave up.
const maxRetryAfter = 10 * time.Second

// describe writes the headers that say how the answer came about. Clients that
// may not know what stands behind the gateway get only what concerns them.
func (x *exchange) describe(t *switchgear.Trace, cost *switchgear.Cost) {
	h := x.w.Header()
	h["X-Switchgear-Request-Id"] = []string{x.record.ID}
	if x.codec.Dialect() == "anthropic" {
		h["Request-Id"] = []string{x.record.ID}
	} else {
		h["X-Request-Id"] = []string{x.record.ID}
	}
	if x.record.Route != "" {
		h["X-Switchgear-Route"] = []string{x.record.Route}
	}
	if x.set.Simulated {
		h["X-Switchgear-Simulated"] = []string{"1"}
	}
	if t == nil {
		if x.set.Full {
			h["X-Switchgear-Config"] = []string{x.set.Generation}
		}
		return
	}
	h["X-Switchgear-Degraded"] = []string{bit(t.Degraded)}
	if len(t.Dropped) > 0 {
		h["X-Switchgear-Dropped"] = []string{strings.Join(t.Dropped, ", ")}
	}
	if x.set.Full {
		x.describeFully(h, t, cost)
	}
}

func (x *exchange) describeFully(h http.Header, t *switchgear.Trace, cost *switchgear.Cost) {
	h["X-Switchgear-Config"] = []string{x.set.Generation}
	h["X-Switchgear-Attempts"] = []string{strconv.Itoa(t.Calls())}
	if t.Step > 0 {
		h["X-Switchgear-Served-By"] = []string{t.Target.String()}
		h["X-Switchgear-Step"] = []string{strconv.Itoa(t.Step) + "/" + strconv.Itoa(t.Steps)}
	}
	if why := fallbackReasons(t); why != "" {
		h["X-Switchgear-Fallback"] = []string{why}
	}
	if cost != nil && cost.Known {
		h["X-Switchgear-Cost-Usd"] = []string{strconv.FormatFloat(roundCost(cost.USD), 'f', -1, 64)}
	}
	spent := overhead(t, time.Since(x.record.Start))
	h["X-Switchgear-Overhead-Ms"] = []string{strconv.FormatFloat(float64(spent.Microseconds())/1000, 'f', 3, 64)}
}

// roundCost keeps a hundredth of a millionth of a dollar: a small model's single
// token.
func roundCost(usd float64) float64 { return math.Round(usd*1e8) / 1e8 }

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// fallbackReasons says, for each target that was passed over or failed, why.
func fallbackReasons(t *switchgear.Trace) string {
	var b strings.Builder
	for i := range t.Attempts {
		a := &t.Attempts[i]
		reason := a.Skipped
		if a.Err != nil {
			reason = a.Err.Class.String()
		}
		if reason == "" || (a.Target == t.Target && a.Step == t.Step && t.Step == 1) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.Target.String() + ": " + reason)
	}
	return b.String()
}

// advise tells a client whether to try again. A client that retries a chain
// which has just been walked in vain makes a bad minute worse.
func advise(h http.Header, e *switchgear.Error) {
	if e.RetryAfter > 0 && e.RetryAfter <= maxRetryAfter {
		ms := max(e.RetryAfter.Milliseconds(), 1)
		h["Retry-After"] = []string{strconv.FormatInt((ms+999)/1000, 10)}
		h["Retry-After-Ms"] = []string{strconv.FormatInt(ms, 10)}
		return
	}
	h["X-Should-Retry"] = []string{"false"}
}
