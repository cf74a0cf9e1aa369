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
	x.header("X-Switchgear-Request-Id", x.record.ID)
	if x.codec.Dialect() == "anthropic" {
		x.header("Request-Id", x.record.ID)
	} else {
		x.header("X-Request-Id", x.record.ID)
	}
	if x.record.Route != "" {
		x.header("X-Switchgear-Route", x.record.Route)
	}
	if x.set.Simulated {
		x.header("X-Switchgear-Simulated", "1")
	}
	if t == nil {
		if x.set.Full {
			x.header("X-Switchgear-Config", x.set.Generation)
		}
		return
	}
	x.header("X-Switchgear-Degraded", bit(t.Degraded))
	if len(t.Dropped) > 0 {
		x.header("X-Switchgear-Dropped", list(t.Dropped))
	}
	if len(t.Normalised) > 0 {
		x.header("X-Switchgear-Normalised", list(t.Normalised))
	}
	if x.set.Full {
		x.describeFully(t, cost)
	}
}

func (x *exchange) describeFully(t *switchgear.Trace, cost *switchgear.Cost) {
	x.header("X-Switchgear-Config", x.set.Generation)
	x.header("X-Switchgear-Attempts", strconv.Itoa(t.Calls()))
	if t.Step > 0 {
		x.header("X-Switchgear-Served-By", t.Target.String())
		x.header("X-Switchgear-Step", strconv.Itoa(t.Step)+"/"+strconv.Itoa(t.Steps))
	}
	if t.Arm != "" {
		x.header("X-Switchgear-Canary", string(t.Arm))
	}
	if why := fallbackReasons(t); why != "" {
		x.header("X-Switchgear-Fallback", why)
	}
	if cost != nil && cost.Known {
		x.header("X-Switchgear-Cost-Usd", strconv.FormatFloat(roundCost(cost.USD), 'f', -1, 64))
	}
	spent := overhead(t, time.Since(x.record.Start))
	x.header("X-Switchgear-Overhead-Ms", strconv.FormatFloat(float64(spent.Microseconds())/1000, 'f', 3, 64))
}

// header sets a header of the answer, whose canonical name is given. The values
// live in the exchange, so that a dozen of them are no dozen allocations.
func (x *exchange) header(name, value string) {
	if x.used == len(x.values) {
		x.w.Header()[name] = []string{value}
		return
	}
	x.values[x.used] = value
	x.w.Header()[name] = x.values[x.used : x.used+1 : x.used+1]
	x.used++
}

// longestList bounds a header, in bytes: some clients refuse an answer with
// more than 16 KB of them.
const longestList = 4000

// list writes names in one header. They can come out of a request, so what no
// header may hold is replaced, and what is too much is counted.
func list(names []string) string {
	var b strings.Builder
	for i, name := range names {
		if b.Len()+len(name)+2 > longestList {
			b.WriteString(", and " + strconv.Itoa(len(names)-i) + " more")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strings.Map(visible, name))
	}
	return strings.TrimPrefix(b.String(), ", ")
}

func visible(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
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

// fallbackReasons says, for each target that was passed over or failed, why:
// the last reason, if it was tried more than once.
func fallbackReasons(t *switchgear.Trace) string {
	var b strings.Builder
	for i := range t.Attempts {
		a := &t.Attempts[i]
		reason := a.Skipped
		if a.Err != nil {
			reason = a.Err.Class.String()
		}
		if t.Step > 0 && a.Step != t.Step && (a.Lost || reason == "") { // it was raced, and may not know yet that it lost
			if a.Step > t.Step {
				continue // it was there in case of need, and there was none
			}
			reason = "slower"
		}
		if reason == "" || (a.Target == t.Target && a.Step == t.Step && a.Trial == t.Trial && t.Step == 1) {
			continue
		}
		if i+1 < len(t.Attempts) && t.Attempts[i+1].Step == a.Step && t.Attempts[i+1].Trial == a.Trial {
			continue // tried again: the last word counts
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
