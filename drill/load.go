package drill

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"
)

// question is one request of a user's: what is asked, of which route, and in
// whose protocol.
type question struct {
	n       int
	at      time.Time
	route   *lane
	stream  bool
	retries int // SDK retries it took; only where there is no gateway
}

// body is the request's. Each is different: a breaker that saw one body only
// would have to wait for another.
func (q *question) body(model string) string {
	var b strings.Builder
	b.Grow(160)
	b.WriteString(`{"model":"`)
	b.WriteString(model)
	n := strconv.Itoa(q.n)
	if q.route.embeds {
		b.WriteString(`","input":"Drill, text ` + n + `."}`)
		return b.String()
	}
	if q.route.anthropic {
		b.WriteString(`","max_tokens":` + strconv.Itoa(maxTokens))
	} else {
		b.WriteString(`"`)
		if q.stream {
			b.WriteString(`,"stream_options":{"include_usage":true}`)
		}
	}
	if q.stream {
		b.WriteString(`,"stream":true`)
	}
	b.WriteString(`,"messages":[{"role":"user","content":"Drill, request ` + n + `."}]}`)
	return b.String()
}

// path is where the request is posted, below the version.
func (q *question) path() string {
	switch {
	case q.route.embeds:
		return "/embeddings"
	case q.route.anthropic:
		return "/messages"
	default:
		return "/chat/completions"
	}
}

// traffic makes users come as they do: each without regard for the others.
type traffic struct {
	rate   float64 // requests a second
	plain  float64 // the share of them that want their answer in one piece
	lanes  []*lane
	random *rand.Rand
	serve  func(*question, *answer)
	done   func(*answer)

	running sync.WaitGroup
}

// run sends requests until a time, or until it is stopped, and returns without
// waiting for the last.
func (t *traffic) run(ctx context.Context, until time.Time) {
	next := time.Now()
	for n := 1; ; n++ {
		next = next.Add(time.Duration(t.random.ExpFloat64() / t.rate * float64(time.Second)))
		if next.After(until) {
			pass(ctx, time.Until(until))
			return
		}
		if !pass(ctx, time.Until(next)) {
			return
		}
		q := &question{n: n, at: next, route: t.lanes[t.random.IntN(len(t.lanes))]}
		q.stream = t.random.Float64() >= t.plain && !q.route.embeds
		t.running.Go(func() {
			a := newAnswer(q)
			t.serve(q, a)
			t.done(a)
		})
	}
}

// pass lets time pass, and reports whether all of it did: false if ctx ended
// first.
func pass(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
