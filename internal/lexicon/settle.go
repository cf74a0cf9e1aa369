package lexicon

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider"
)

// Settle fills in how long a provider asks to wait: as its headers say, or else
// as it says in its text or in a hint. Two classes depend on that. A rate limit
// of five minutes and more is a spent quota; and one that comes although all
// limits it names have room left, and without any word of how long, is no limit
// of our key: the limiter is broken.
func Settle(e *switchgear.Error, h http.Header, hint string) {
	now := time.Now()
	if !waits(e.Class) {
		return // successes and terminal errors carry the header too, and mean nothing by it
	}
	e.RetryAfter = provider.RetryAfter(h, now)
	if e.RetryAfter == 0 {
		e.RetryAfter = spoken(hint, e.Detail, now)
	}
	if e.Class != switchgear.ClassRateLimited {
		return
	}
	switch {
	case e.RetryAfter >= provider.MaxRetryAfter:
		e.Class, e.Message = switchgear.ClassQuota, "our key is over a limit that lasts for five minutes or longer"
	case e.RetryAfter == 0 && e.Marks == 0 && e.Status == http.StatusTooManyRequests &&
		h.Get("Retry-After") == "" && h.Get("Retry-After-Ms") == "" && provider.RoomLeft(h):
		e.Class = switchgear.ClassOverloaded
		e.Message = "the provider limits our key although its limits have room left: its limiter is broken"
	}
}

func waits(c switchgear.Class) bool {
	switch c {
	case switchgear.ClassRateLimited, switchgear.ClassQuota, switchgear.ClassOverloaded, switchgear.ClassServer, switchgear.ClassConnect:
		return true
	default:
		return false
	}
}

// spoken is how long to wait as a hint ("34s") or a text says: "try again in
// 1m2.5s", "retry after 20 seconds".
func spoken(hint, text string, now time.Time) time.Duration {
	wait, ok := span(hint, "")
	text = strings.ToLower(text[:min(len(text), longestText)])
	for _, lead := range []string{"try again in ", "retry in ", "retry after ", "try again after ", "reset after "} {
		if ok {
			break
		}
		if _, rest, found := strings.Cut(text, lead); found {
			number, unit, _ := strings.Cut(rest, " ")
			unit, _, _ = strings.Cut(unit, " ")
			wait, ok = span(number, unit)
		}
	}
	if !ok {
		return 0
	}
	return provider.RetryAfter(http.Header{"Retry-After-Ms": {strconv.FormatInt(wait.Milliseconds(), 10)}}, now)
}

// span reads "1m2.5s", or a number and a unit.
func span(number, unit string) (time.Duration, bool) {
	number = strings.TrimRight(number, ".,;:!")
	if wait, err := time.ParseDuration(number); err == nil {
		return wait, wait > 0
	}
	for _, u := range []struct {
		word string
		is   time.Duration
	}{{"ms", time.Millisecond}, {"millisecond", time.Millisecond}, {"second", time.Second}, {"minute", time.Minute}, {"hour", time.Hour}, {"day", 24 * time.Hour}} {
		if !strings.HasPrefix(unit, u.word) {
			continue
		}
		const most = 1e6 // of any unit; more is nonsense
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || !(n > 0 && n < most) {
			return 0, false
		}
		return time.Duration(n * float64(u.is)), true
	}
	return 0, false
}
