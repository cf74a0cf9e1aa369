package provider_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/provider"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		h    map[string]string
		want time.Duration
	}{
		{"nothing", nil, 0},
		{"seconds", map[string]string{"Retry-After": "7"}, 7 * time.Second},
		{"a fraction", map[string]string{"Retry-After": "1.5"}, 1500 * time.Millisecond},
		{"milliseconds win", map[string]string{"Retry-After": "7", "Retry-After-Ms": "900"}, 900 * time.Millisecond},
		{"no wait is the floor", map[string]string{"Retry-After": "1", "Retry-After-Ms": "0"}, 250 * time.Millisecond},
		{"a broken one falls through", map[string]string{"Retry-After": "2", "Retry-After-Ms": "soon"}, 2 * time.Second},
		{"a date", map[string]string{"Retry-After": "Sat, 01 Aug 2026 12:00:30 GMT"}, 30 * time.Second},
		{"a date by the provider's clock", map[string]string{"Retry-After": "Sat, 01 Aug 2026 13:00:30 GMT", "Date": "Sat, 01 Aug 2026 13:00:20 GMT"}, 10 * time.Second},
		{"a past date", map[string]string{"Retry-After": "Sat, 01 Aug 2026 11:00:00 GMT"}, 0},
		{"negative", map[string]string{"Retry-After": "-3"}, 0},
		{"not a number", map[string]string{"Retry-After": "NaN"}, 0},
		{"endless", map[string]string{"Retry-After": "Inf"}, 0},
		{"years", map[string]string{"Retry-After": "99999999999"}, 0},
		{"longer than the cap", map[string]string{"Retry-After": "86400"}, 5 * time.Minute},
		{"a reset with something left", map[string]string{"X-Ratelimit-Remaining-Requests": "4999", "X-Ratelimit-Reset-Requests": "12s"}, 0},
		{"the reset of what is used up", map[string]string{
			"X-Ratelimit-Remaining-Requests": "9", "X-Ratelimit-Reset-Requests": "4m0s",
			"X-Ratelimit-Remaining-Tokens": "0", "X-Ratelimit-Reset-Tokens": "7.66s",
		}, 7660 * time.Millisecond},
		{"the later of two", map[string]string{
			"X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "1m2s",
			"X-Ratelimit-Remaining-Tokens": "0", "X-Ratelimit-Reset-Tokens": "120ms",
		}, 62 * time.Second},
		{"bare seconds", map[string]string{"X-Ratelimit-Remaining-Tokens-Minute": "0", "X-Ratelimit-Reset-Tokens-Minute": "11.38"}, 11380 * time.Millisecond},
		{"days", map[string]string{"X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "1d2h"}, 5 * time.Minute},
		{"unix seconds", map[string]string{"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "1785585640"}, 40 * time.Second},
		{"unix milliseconds", map[string]string{"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "1785585640500"}, 40500 * time.Millisecond},
		{"a time of RFC 3339", map[string]string{"Anthropic-Ratelimit-Input-Tokens-Remaining": "0", "Anthropic-Ratelimit-Input-Tokens-Reset": "2026-08-01T12:00:20Z"}, 20 * time.Second},
		{"a subscription", map[string]string{"Anthropic-Ratelimit-Unified-Status": "rejected", "Anthropic-Ratelimit-Unified-Reset": "1785585615"}, 15 * time.Second},
		{"a subscription that allows", map[string]string{"Anthropic-Ratelimit-Unified-Status": "allowed", "Anthropic-Ratelimit-Unified-Reset": "1785585615"}, 0},
		{"values of -1", map[string]string{"X-Ratelimit-Remaining-Requests": "-1", "X-Ratelimit-Reset-Requests": "-1"}, 0},
	} {
		h := http.Header{}
		for k, v := range c.h {
			h.Set(k, v)
		}
		if got := provider.RetryAfter(h, now); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("1.5", "12ms", "Sat, 01 Aug 2026 12:00:30 GMT")
	f.Add("1e300", "9d9h", "")
	f.Add("-0", "1785585640500", "x")
	f.Fuzz(func(t *testing.T, after, reset, date string) {
		h := http.Header{"Retry-After": {after}, "X-Ratelimit-Remaining-Tokens": {"0"}, "X-Ratelimit-Reset-Tokens": {reset}, "Date": {date}}
		got := provider.RetryAfter(h, time.Unix(1785585600, 0))
		if got != 0 && (got < provider.MinRetryAfter || got > provider.MaxRetryAfter) {
			t.Errorf("%v is out of bounds", got)
		}
	})
}
