package provider

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The bounds of what [RetryAfter] returns. A provider that asks for more than
// the upper one is out of quota rather than busy.
const (
	MinRetryAfter = 250 * time.Millisecond
	MaxRetryAfter = 5 * time.Minute
)

// absurd is the longest wait that is believed at all: a month's spending limit
// is the longest that providers tell of.
const absurd = 32 * 24 * time.Hour

// RetryAfter reads how long a provider asks to wait, in the first of these
// spellings that makes sense:
//
//   - Retry-After-Ms, in milliseconds
//   - Retry-After, in seconds, which may have a fraction, or as a date, which is
//     measured from the answer's own Date, since clocks differ
//   - the reset of a rate limit of which nothing remains, as the headers
//     X-Ratelimit-Reset-* and Anthropic-Ratelimit-*-Reset give it: as a duration,
//     in seconds, as a date or as unix time. Of several the latest counts.
//
// What is negative, past, not a number or longer than a month is ignored; the
// rest is brought between [MinRetryAfter] and [MaxRetryAfter]. It is 0 if the
// provider does not say. Some providers send Retry-After with answers that
// succeeded: ask only about failures.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	if wait, ok := number(h.Get("Retry-After-Ms"), time.Millisecond); ok {
		return bounded(wait)
	}
	if wait, ok := retryAfter(h.Get("Retry-After"), now); ok {
		return bounded(wait)
	}
	var longest time.Duration
	for name, values := range h {
		reset, ok := resetName(name)
		if !ok || len(values) == 0 || !none(values[0]) {
			continue
		}
		if wait, ok := resetTime(h.Get(reset), now); ok {
			longest = max(longest, wait)
		}
	}
	if longest == 0 {
		longest = unifiedReset(h, now)
	}
	if longest == 0 {
		return 0
	}
	return bounded(longest)
}

func bounded(wait time.Duration) time.Duration {
	return min(max(wait, MinRetryAfter), MaxRetryAfter)
}

// believed reports whether a wait makes sense. No wait at all does: the floor
// is applied to it.
func believed(wait time.Duration) bool { return wait >= 0 && wait <= absurd }

func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if wait, ok := number(value, time.Second); ok {
		return wait, true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	wait := date.Sub(now)
	return wait, believed(wait)
}

// number reads a number of units.
func number(value string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > float64(absurd/unit) {
		return 0, false
	}
	return time.Duration(n * float64(unit)), true
}

// resetName is the header with the time of the reset that belongs to a header
// with what remains. Names are canonical.
func resetName(name string) (string, bool) {
	if !strings.HasPrefix(name, "X-Ratelimit-") && !strings.HasPrefix(name, "Anthropic-Ratelimit-") && !strings.HasPrefix(name, "Ratelimit-") {
		return "", false
	}
	if !strings.Contains(name, "Remaining") {
		return "", false
	}
	return strings.Replace(name, "Remaining", "Reset", 1), true
}

// RoomLeft reports whether an answer names limits, and every one of them has
// room left. A rate limit that comes with that is not the key's.
func RoomLeft(h http.Header) bool {
	named := false
	for name, values := range h {
		if _, ok := resetName(name); !ok || len(values) == 0 {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(values[0]), 64)
		if err != nil || math.IsNaN(n) || n <= 0 {
			return false
		}
		named = true
	}
	return named
}

func none(remaining string) bool {
	n, err := strconv.ParseFloat(strings.TrimSpace(remaining), 64)
	return err == nil && n == 0
}

// unifiedReset is the reset of the limit that Anthropic puts on a subscription
// as a whole, which has a status in place of a number that remains.
func unifiedReset(h http.Header, now time.Time) time.Duration {
	if h.Get("Anthropic-Ratelimit-Unified-Status") != "rejected" {
		return 0
	}
	wait, _ := resetTime(h.Get("Anthropic-Ratelimit-Unified-Reset"), now)
	return wait
}

// Numbers from these on are unix times, in seconds and in milliseconds: both are
// in the year 2001, and no wait is as long.
const (
	unixSeconds = 1e9
	unixMillis  = 1e12
)

// resetTime reads when a limit is reset: "6m0s", "1d2h", "7.66", a date, a time
// of RFC 3339, or unix time.
func resetTime(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	var wait time.Duration
	n, err := strconv.ParseFloat(value, 64)
	switch {
	case err == nil && (math.IsNaN(n) || n < 0 || n >= math.MaxInt64):
		return 0, false
	case err == nil && n >= unixMillis:
		wait = time.UnixMilli(int64(n)).Sub(now)
	case err == nil && n >= unixSeconds:
		wait = time.Unix(int64(n), 0).Sub(now)
	case err == nil:
		return number(value, time.Second)
	default:
		var ok bool
		if wait, ok = written(value, now); !ok {
			return 0, false
		}
	}
	return wait, believed(wait)
}

// written reads a wait that is no plain number.
func written(value string, now time.Time) (time.Duration, bool) {
	if days, rest, ok := strings.Cut(value, "d"); ok {
		n, err := strconv.Atoi(days)
		if err == nil && n >= 0 && n <= int(absurd/(24*time.Hour)) {
			wait, err := time.ParseDuration("0s" + rest)
			return time.Duration(n)*24*time.Hour + wait, err == nil
		}
	}
	if wait, err := time.ParseDuration(value); err == nil {
		return wait, true
	}
	if date, err := time.Parse(time.RFC3339, value); err == nil {
		return date.Sub(now), true
	}
	if date, err := http.ParseTime(value); err == nil {
		return date.Sub(now), true
	}
	return 0, false
}
