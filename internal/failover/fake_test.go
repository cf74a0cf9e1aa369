package failover

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// act is what a fake provider does with one call.
type act struct {
	delay   time.Duration // before it answers
	err     error         // instead of an answer
	hang    bool          // answers never
	deaf    time.Duration // goes on for this long after it was told to stop
	panics  any
	nothing bool // neither an answer nor an error

	resp   *switchgear.Response
	events []beat // of a stream
	broken error  // how a stream ends; nil for the proper end
}

// beat is one event of a fake stream.
type beat struct {
	wait  time.Duration
	event switchgear.Event
}

// fake is a provider that follows a script: the n-th call is given the n-th
// act, and those beyond the last.
type fake struct {
	target switchgear.Target
	acts   []act

	mu      sync.Mutex
	began   time.Time
	at      []time.Duration // when it was called
	keys    []string
	stopped []time.Duration // when a call saw its context end
	closed  int             // streams
	alive   int             // of them those whose context had not ended
}

func (f *fake) Complete(ctx context.Context, call *switchgear.Call) (*switchgear.Response, error) {
	a, err := f.start(ctx, call.Credential.ID)
	switch {
	case err != nil || a.nothing:
		return nil, err
	case a.resp != nil:
		resp := *a.resp
		return &resp, nil
	default:
		return answer(f.target.Provider), nil
	}
}

func (f *fake) Stream(ctx context.Context, call *switchgear.Call) (switchgear.Stream, error) {
	a, err := f.start(ctx, call.Credential.ID)
	if err != nil || a.nothing {
		return nil, err
	}
	if a.events == nil && a.broken == nil {
		a.events = story(f.target.Provider)
	}
	return &fakeStream{fake: f, ctx: ctx, act: a}, nil
}

func (f *fake) next(key string) act {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.at)
	f.at = append(f.at, time.Since(f.began))
	f.keys = append(f.keys, key)
	if len(f.acts) == 0 {
		return act{}
	}
	return f.acts[min(n, len(f.acts)-1)]
}

func (f *fake) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.at)
}

// pass waits as an upstream would; a negative time is for ever.
func (f *fake) pass(ctx context.Context, a *act, d time.Duration) error {
	var timer <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-timer:
		return nil
	case <-ctx.Done():
		f.mu.Lock()
		f.stopped = append(f.stopped, time.Since(f.began))
		f.mu.Unlock()
		if a.deaf > 0 {
			time.Sleep(a.deaf)
		}
		return fmt.Errorf("transport: %w", ctx.Err())
	}
}

func (f *fake) start(ctx context.Context, key string) (act, error) {
	a := f.next(key)
	if a.panics != nil {
		panic(a.panics)
	}
	delay := a.delay
	if a.hang && a.events == nil {
		delay = -1
	}
	if err := f.pass(ctx, &a, delay); err != nil {
		return a, err
	}
	return a, a.err
}

// able is a fake that can do everything.
type able struct{ *fake }

func (f able) Embed(ctx context.Context, call *switchgear.EmbedCall) (*switchgear.EmbedResponse, error) {
	_, err := f.start(ctx, call.Credential.ID)
	if err != nil {
		return nil, err
	}
	return &switchgear.EmbedResponse{Vectors: [][]float32{{1}}, Usage: tokens(3, 0)}, nil
}

func (f able) CountTokens(ctx context.Context, call *switchgear.Call) (*switchgear.TokenCount, error) {
	_, err := f.start(ctx, call.Credential.ID)
	if err != nil {
		return nil, err
	}
	return &switchgear.TokenCount{Input: 7}, nil
}

type fakeStream struct {
	fake *fake
	ctx  context.Context
	act  act
	pos  int
	raw  []byte // overwritten by every event, as a real one's is
	err  error
	shut bool
}

func (s *fakeStream) Next() bool {
	if s.err != nil || s.shut {
		return false
	}
	if s.pos == len(s.act.events) {
		if s.act.hang {
			s.err = s.fake.pass(s.ctx, &s.act, -1)
			return false
		}
		s.err = s.act.broken
		return false
	}
	b := &s.act.events[s.pos]
	if s.err = s.fake.pass(s.ctx, &s.act, b.wait); s.err != nil {
		return false
	}
	s.pos++
	return true
}

func (s *fakeStream) Event() switchgear.Event {
	e := s.act.events[s.pos-1].event
	s.raw = append(s.raw[:0], e.Raw...)
	e.Raw = s.raw
	return e
}

func (s *fakeStream) Err() error { return s.err }

func (s *fakeStream) Close() error {
	if !s.shut {
		s.shut = true
		s.fake.mu.Lock()
		s.fake.closed++
		if s.ctx.Err() == nil {
			s.fake.alive++
		}
		s.fake.mu.Unlock()
	}
	return nil
}

// answer is what a fake says unless told otherwise.
func answer(from string) *switchgear.Response {
	return &switchgear.Response{
		Usage: tokens(10, 5),
		Choices: []switchgear.Choice{{
			Parts:  []switchgear.Part{{Text: "from " + from}},
			Finish: switchgear.Finish{Kind: switchgear.FinishStop},
		}},
	}
}

func tokens(in, out int64) switchgear.Usage {
	var u switchgear.Usage
	u.Set(switchgear.UsageInput, in)
	u.Set(switchgear.UsageOutput, out)
	return u
}

func opening(from string) beat {
	return beat{event: switchgear.Event{Kind: switchgear.EventStart, Usage: tokens(10, 0), Raw: []byte("<" + from + " start>")}}
}

func ping(wait time.Duration) beat {
	return beat{wait: wait, event: switchgear.Event{Kind: switchgear.EventPing, Raw: []byte("<ping>")}}
}

func text(wait time.Duration, from string) beat {
	return beat{wait: wait, event: switchgear.Event{Kind: switchgear.EventText, Text: from, Raw: []byte("<" + from + " text>")}}
}

func finish(kind switchgear.FinishKind) beat {
	return beat{event: switchgear.Event{Kind: switchgear.EventFinish, Finish: switchgear.Finish{Kind: kind, Reason: "why"}, Raw: []byte("<finish>")}}
}

func usage(in, out int64) beat {
	return beat{event: switchgear.Event{Kind: switchgear.EventUsage, Usage: tokens(in, out), Raw: []byte("<usage>")}}
}

func story(from string) []beat {
	return []beat{opening(from), ping(0), text(0, from), text(0, from), finish(switchgear.FinishStop), usage(10, 5)}
}

// fault is a failure as a dialect would classify it.
func fault(class switchgear.Class) *switchgear.Error {
	return &switchgear.Error{Class: class, Message: "scripted"}
}

// ledger is a breaker and a set of keys that count what they are told.
type ledger struct {
	t        *testing.T
	mu       sync.Mutex
	closed   bool      // passes nothing
	until    time.Time // with closed
	final    bool      // with closed
	mood     Verdict   // of what passes
	trips    bool      // the first failure opens it
	passed   uint64
	open     map[uint64]bool
	outcomes []OutcomeKind
	bodies   []uint64
	told     []Outcome
	forced   int
}

func (l *ledger) Acquire(time.Time) (Token, Verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return Token{}, Verdict{Reason: "breaker open", Until: l.until, Final: l.final}
	}
	verdict := l.mood
	verdict.Pass = true
	return l.pass(), verdict
}

func (l *ledger) Barred(time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

func (l *ledger) Force(time.Time) Token {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forced++
	t := l.pass()
	t.Forced = true
	return t
}

func (l *ledger) Done(t Token, o Outcome, _ time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.open[t.Serial] {
		l.t.Errorf("token %d was given back twice, or never given", t.Serial)
	}
	delete(l.open, t.Serial)
	l.outcomes = append(l.outcomes, o.Kind)
	l.bodies = append(l.bodies, o.Body)
	l.told = append(l.told, o)
	if l.trips && (o.Kind == OutcomeFail || o.Kind == OutcomeSlow) && !o.Spared {
		l.trips = false
		return true
	}
	return false
}

func (l *ledger) pass() Token {
	l.passed++
	if l.open == nil {
		l.open = map[uint64]bool{}
	}
	l.open[l.passed] = true
	return Token{Serial: l.passed}
}

// heard is how often it was told something.
func (l *ledger) heard() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.told)
}

// last is what it was told last.
func (l *ledger) last() Outcome {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.told) == 0 {
		l.t.Fatal("the breaker was told nothing")
	}
	return l.told[len(l.told)-1]
}

func (l *ledger) settled() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) > 0 {
		l.t.Errorf("%d tokens were never given back", len(l.open))
	}
}

// ring is a set of keys that cools as it is told.
type ring struct {
	mu      sync.Mutex
	names   []string
	until   []time.Time
	turn    int
	rest    time.Duration // for a rate limit without a hint
	reports []switchgear.Class
}

func keys(names ...string) *ring {
	return &ring{names: names, until: make([]time.Time, len(names)), rest: time.Second}
}

func (r *ring) Pick(now time.Time, avoid uint64) (switchgear.Credential, int, time.Time, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var first time.Time
	for k := range r.names {
		i := (r.turn + k) % len(r.names)
		if avoid&(1<<i) != 0 {
			continue
		}
		if !now.Before(r.until[i]) {
			return switchgear.Credential{ID: r.names[i]}, i, time.Time{}, true
		}
		if first.IsZero() || r.until[i].Before(first) {
			first = r.until[i]
		}
	}
	return switchgear.Credential{}, 0, first, false
}

func (r *ring) Report(place int, err *switchgear.Error, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		return
	}
	r.reports = append(r.reports, err.Class)
	if err.CoolsKey() {
		rest := r.rest
		if err.RetryAfter > 0 {
			rest = err.RetryAfter
		}
		r.until[place] = now.Add(rest)
	}
}

// watcher is an observer that keeps what it sees.
type watcher struct {
	mu   sync.Mutex
	seen []switchgear.Attempt
}

func (w *watcher) Attempted(_ context.Context, _ *Plan, a *switchgear.Attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, *a)
}

// flat is a price of a dollar per token.
type flat struct{}

func (flat) Cost(u *switchgear.Usage, _ time.Time) switchgear.Cost {
	return switchgear.Cost{USD: float64(u.Total()), Known: true, AsOf: "2026-11-01"}
}

// stage is a chain of fakes with everything around it.
type stage struct {
	t       *testing.T
	plan    *Plan
	fakes   []*fake
	books   []*ledger
	rings   []*ring
	doors   []*door // for those that want them
	watcher *watcher
	runner  *Runner
	began   time.Time
}

// set makes a chain with one step for each script. Waits are half of what they
// could be at most.
func set(t *testing.T, scripts ...[]act) *stage {
	t.Helper()
	s := &stage{t: t, watcher: &watcher{}, began: time.Now()}
	s.plan = &Plan{
		Route: "chat", Config: "g1", Length: len(scripts), Attempts: 10,
		Timeout: Timeout{FirstToken: 3 * time.Second, Idle: 15 * time.Second, Total: time.Minute},
	}
	for i, acts := range scripts {
		name := string(rune('a' + i))
		target := switchgear.Target{Provider: name, Model: "m"}
		f := &fake{target: target, acts: acts, began: s.began}
		book, ring := &ledger{t: t}, keys(name+"#1")
		s.doors = append(s.doors, &door{places: 1})
		s.fakes, s.books, s.rings = append(s.fakes, f), append(s.books, book), append(s.rings, ring)
		s.plan.Steps = append(s.plan.Steps, Step{
			Number: i + 1, Target: target, Provider: able{f}, Dialects: []string{"openai"}, Breaker: book, Keys: ring, Price: flat{},
			Retry: Retry{Attempts: 2, Base: 250 * time.Millisecond, Cap: 2 * time.Second, WaitHint: 2500 * time.Millisecond},
		})
	}
	s.runner = NewRunner(Options{Observer: s.watcher, Rand: func() float64 { return 0.5 }})
	return s
}

func ask0() *switchgear.Request { return switchgear.Ask("chat", "hello") }

// over checks what must hold after every request.
func (s *stage) over(trace *switchgear.Trace) {
	s.t.Helper()
	called := 0
	for i := range s.fakes {
		s.books[i].settled()
		called += s.fakes[i].calls()
	}
	if n := len(s.watcher.seen); n != called {
		s.t.Errorf("the observer saw %d attempts, %d calls were made", n, called)
	}
	if trace == nil {
		s.t.Fatal("no trace")
	}
	if trace.Calls() != called {
		s.t.Errorf("the trace has %d calls, %d were made", trace.Calls(), called)
	}
}

// counts is how often each fake was called.
func (s *stage) counts() string {
	var b strings.Builder
	for i, f := range s.fakes {
		if i > 0 {
			b.WriteString(" ")
		}
		fmt.Fprint(&b, f.calls())
	}
	return b.String()
}

func (s *stage) elapsed() time.Duration { return time.Since(s.began) }

// read takes a stream to its end: the bytes, and the error.
func read(st switchgear.Stream) (string, error) {
	var b strings.Builder
	for st.Next() {
		b.Write(st.Event().Raw)
	}
	return b.String(), st.Err()
}
