package drill

import (
	"context"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// tape is everything that was seen while an outage played. Times are since the
// outage began; before it they are negative.
type tape struct {
	zero time.Time

	mu       sync.Mutex
	answers  []seen
	attempts []tried
	events   []gateway.Event
	moves    []Move
	state    map[string]string
}

// seen is one request as its user saw it.
type seen struct {
	at, first, took time.Duration
	lane            *lane
	stream          bool
	server          string
	fate            fate
	calls           int // where there is no gateway
}

// tried is one attempt, as the gateway says.
type tried struct {
	at, end  time.Duration
	provider string
	target   switchgear.Target
	served   bool
	failed   bool
	extra    bool // a lost race or a probe
	tokens   int64
	cost     float64
	priced   bool
}

// Attempted implements [gateway.Observer].
func (t *tape) Attempted(_ context.Context, _ string, a *switchgear.Attempt) {
	if a.Skipped != "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.attempts = append(t.attempts, tried{
		at: t.since(a.Start), end: t.since(a.Start) + a.Duration, provider: a.Target.Provider, target: a.Target,
		served: a.Err == nil && !a.Lost && !a.Probe, failed: a.Err != nil, extra: a.Lost || a.Probe,
		tokens: a.Usage.Input + a.Usage.Output, cost: a.Cost.USD, priced: a.Cost.Known,
	})
}

func (t *tape) since(at time.Time) time.Duration { return at.Sub(t.zero) }

func (t *tape) answered(a *answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers = append(t.answers, seen{
		at: t.since(a.question.at), first: a.first, took: a.took, lane: a.question.route, stream: a.question.stream,
		server: a.server, fate: a.fate(), calls: 1 + a.question.retries,
	})
}

func (t *tape) event(e gateway.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, e)
}

// look notes which circuits have moved.
func (t *tape) look(g *gateway.Gateway) {
	infos := g.Breakers()
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range infos {
		name := infos[i].Target.String()
		if was, ok := t.state[name]; ok && was == infos[i].State {
			continue
		}
		t.state[name] = infos[i].State
		t.moves = append(t.moves, Move{At: seconds(t.since(time.Now())), Target: name, State: infos[i].State, Reason: infos[i].Reason})
	}
}

// play plays the outage with the gateway in between.
func (o *Options) play(ctx context.Context) (*Outcome, error) {
	t := &tape{zero: time.Now().Add(o.Calm), state: map[string]string{}}
	pager := newPager()
	cfg, names, err := house(o)
	if err != nil {
		return nil, err
	}
	server, up := o.providers(names)
	w, err := build(ctx, cfg, &site{server, up}, o.options(t, func(e gateway.Event) {
		t.event(e)
		pager.tell(e)
	}))
	if err != nil {
		return nil, err
	}
	pager.begin(w.cfg)
	hit, err := victim(w.cfg, o.Strike)
	if err != nil {
		return nil, err
	}
	d := &door{handler: w.gateway.Handler()}
	over := time.Now().Add(o.Calm + o.lasts() + o.After)
	var side sync.WaitGroup
	side.Go(func() { o.stage(ctx, w.sim, hit, t.zero) })
	side.Go(func() { o.watch(ctx, w.gateway, t, over) })
	load := o.traffic(w.lanes, d.serve, t.answered)
	load.run(ctx, over)
	load.running.Wait()
	side.Wait()
	pages := pager.end(ctx)
	if err := w.gateway.Close(); err != nil {
		return nil, err
	}
	return o.judge(w, t, hit, pages), nil
}

// stage begins the outage when it is time.
func (o *Options) stage(ctx context.Context, server *sim.Server, hit struck, at time.Time) {
	if pass(ctx, time.Until(at)) {
		server.Play(o.Script, strike(hit, o.Seed))
	}
}

// watch looks at the circuits every second.
func (o *Options) watch(ctx context.Context, g *gateway.Gateway, t *tape, until time.Time) {
	from := time.Now()
	all := until.Sub(from)
	for time.Now().Before(until) {
		t.look(g)
		if o.Tell != nil {
			o.Tell(time.Since(from), all)
		}
		if !pass(ctx, time.Second) {
			return
		}
	}
}

func (o *Options) traffic(lanes []*lane, serve func(*question, *answer), done func(*answer)) *traffic {
	return &traffic{rate: o.Rate, plain: max(o.Plain, 0), lanes: lanes, random: newRandom(o.Seed), serve: serve, done: done}
}

func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond)) / float64(time.Second)
}
