package drill

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The vendors' SDKs as they come: two more tries after a status or a
// connection that failed, with a wait that doubles, and a hint of up to a
// minute obeyed. They look at the status alone, and know nothing of other
// models.
const (
	sdkRetries  = 2
	sdkBase     = 500 * time.Millisecond
	sdkCap      = 8 * time.Second
	sdkLongHint = time.Minute
)

// alone plays the outage without a gateway: each user asks the first target of
// the route, through an SDK with its own retries.
func (o *Options) alone(ctx context.Context) (*Phase, error) {
	cfg, names, err := house(o)
	if err != nil {
		return nil, err
	}
	hit, err := victim(cfg, o.Strike)
	if err != nil {
		return nil, err
	}
	served, err := lanes(cfg)
	if err != nil {
		return nil, err
	}
	server, up := o.providers(names)
	defer up.CloseIdleConnections()
	t := &tape{zero: time.Now()}
	server.Play(o.Script, strike(hit, o.Seed))
	load := o.traffic(served, (&sdk{ctx, up}).serve, t.answered)
	load.run(ctx, time.Now().Add(o.lasts()))
	load.running.Wait()
	return t.alone(o.lasts()), nil
}

// alone sums up what users had from the SDK.
func (t *tape) alone(lasted time.Duration) *Phase {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := phase(t.answers, 0, lasted)
	calls := 0
	for i := range t.answers {
		calls += t.answers[i].calls
	}
	p.calls(calls)
	return p
}

// sdk is a client as its vendor made it.
type sdk struct {
	ctx       context.Context // ends when nobody waits for answers any more
	transport http.RoundTripper
}

func (s *sdk) serve(q *question, a *answer) {
	defer func() { a.over(time.Since(q.at)) }()
	for try := range sdkRetries + 1 {
		resp, err := s.send(q)
		if err == nil && !retried(resp) || try == sdkRetries || s.ctx.Err() != nil {
			if err != nil {
				a.cut = true
				return
			}
			read(resp, q, a)
			return
		}
		wait := backoff(try, q.n)
		if err == nil {
			if hint, ok := hinted(resp.Header); ok {
				wait = hint
			}
			_ = resp.Body.Close()
		}
		pass(s.ctx, wait)
		q.retries++
	}
}

// send posts a request to the first target of its route.
func (s *sdk) send(q *question) (*http.Response, error) {
	body := q.body(q.route.first.Model)
	r, err := http.NewRequestWithContext(s.ctx, http.MethodPost, "http://sdk.sim/v1"+q.path(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+keyOf(q.route.provider, 0).Reveal())
	if q.route.anthropic {
		r.Header.Set("Anthropic-Version", "2023-06-01")
	}
	return s.transport.RoundTrip(r)
}

// read takes an answer of the first target's as it comes.
func read(resp *http.Response, q *question, a *answer) {
	a.server = q.route.first.String()
	a.drink(resp)
}

// drink takes an answer as it comes.
func (a *answer) drink(resp *http.Response) {
	defer func() { _ = resp.Body.Close() }()
	a.status = resp.StatusCode
	piece := make([]byte, 4096)
	for {
		n, err := resp.Body.Read(piece)
		a.take(piece[:n], time.Since(a.question.at))
		if err != nil {
			a.cut = !errors.Is(err, io.EOF)
			return
		}
	}
}

// retried reports whether an SDK tries again after an answer.
func retried(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return true
	default:
		return resp.StatusCode >= http.StatusInternalServerError
	}
}

// backoff is the wait before another try: up to a quarter less than the bound.
func backoff(try, n int) time.Duration {
	bound := min(float64(sdkCap), float64(sdkBase)*math.Exp2(float64(try)))
	return time.Duration(bound * (1 - 0.25*newRandom(uint64(n)).Float64()))
}

// hinted is how long the provider asks to wait, if an SDK would.
func hinted(h http.Header) (time.Duration, bool) {
	for name, unit := range map[string]time.Duration{"Retry-After-Ms": time.Millisecond, "Retry-After": time.Second} {
		v, err := strconv.ParseFloat(h.Get(name), 64)
		if d := time.Duration(v * float64(unit)); err == nil && d > 0 && d <= sdkLongHint {
			return d, true
		}
	}
	return 0, false
}
