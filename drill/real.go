package drill

import (
	"context"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
)

// The shape of a drill over sockets. The gateway's clocks are those that serve,
// so what it learns from and how it comes back take as long as ever; only the
// outage is shorter.
const (
	DefaultShorter = 10
	realCalm       = 30 * time.Second // the first deadlines are learned from 20 s
	realAfter      = 55 * time.Second // a cool-off, trials and a ramp
	realGrace      = 15 * time.Second // for answers that have begun when the last user has come
	realSetOff     = 100 * time.Millisecond
)

// RealTime is how long [RunReal] takes at most.
func RealTime(o Options) time.Duration {
	o.fillReal()
	return o.Calm + o.lasts() + o.After + realGrace
}

func (o *Options) fillReal() {
	o.real = true
	if o.Calm <= 0 {
		o.Calm = realCalm
	}
	if o.After <= 0 {
		o.After = realAfter
	}
	if o.Shorter <= 0 {
		o.Shorter = DefaultShorter
	}
	o.Script = o.Script.Compressed(o.Shorter)
	o.fill()
}

// RunReal plays one outage over loopback sockets and in real time: users, the
// gateway and its providers each on sockets of their own. The outage is
// [Options.Shorter] times shorter than its script has it, and every clock of
// the gateway is what it is when it serves. With [Options.Alone] the users
// without a gateway play at the same time, against a provider of their own.
func RunReal(ctx context.Context, o Options) (*Outcome, error) {
	o.fillReal()
	cfg, names, err := house(&o)
	if err != nil {
		return nil, err
	}
	hit, err := victim(cfg, o.Strike)
	if err != nil {
		return nil, err
	}
	r := &realRun{o: &o, hit: hit, names: names, tape: &tape{state: map[string]string{}}, pager: newPager()}
	r.tape.zero = time.Now().Add(realSetOff + o.Calm)
	pages, w, alone, err := r.play(ctx, cfg)
	if err != nil {
		return nil, err
	}
	out := o.judge(w, r.tape, hit, pages)
	out.Alone = alone
	return out, ctx.Err()
}

// realRun is one outage over sockets.
type realRun struct {
	o     *Options
	hit   struck
	names []string
	tape  *tape
	pager *pager
}

// play opens everything, plays, and closes it again.
func (r *realRun) play(ctx context.Context, cfg *config.Config) (pages []Page, w *world, alone *Phase, err error) {
	at, closeSite, err := r.o.onSockets(ctx, r.names)
	if err != nil {
		return nil, nil, nil, err
	}
	defer closeSite()
	w, err = build(ctx, cfg, at, r.o.options(r.tape, func(e gateway.Event) {
		r.tape.event(e)
		r.pager.tell(e)
	}))
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { _ = w.gateway.Close() }()
	r.pager.begin(cfg)
	d, err := openDoor(ctx, w.gateway.Handler())
	if err != nil {
		return nil, nil, nil, err
	}
	defer d.close()
	var without sync.WaitGroup
	if r.o.Alone {
		without.Go(func() { alone, err = r.alone(ctx) })
	}
	r.crowd(ctx, w, d)
	without.Wait()
	return r.pager.leave(ctx), w, alone, err
}

// crowd sends the users, and waits for their answers.
func (r *realRun) crowd(ctx context.Context, w *world, d *socketDoor) {
	over := r.tape.zero.Add(r.o.lasts() + r.o.After)
	var side sync.WaitGroup
	side.Go(func() { r.o.stage(ctx, w.sim, r.hit, r.tape.zero) })
	side.Go(func() { r.o.watch(ctx, w.gateway, r.tape, over) })
	pass(ctx, time.Until(r.tape.zero.Add(-r.o.Calm)))
	patience, giveUp := context.WithCancel(ctx)
	defer giveUp()
	load := r.o.traffic(w.lanes, d.user(patience).serve, r.tape.answered)
	load.run(ctx, over)
	load.end(realGrace, giveUp)
	side.Wait()
}

// alone is the same without a gateway, from the outage's beginning to its end.
func (r *realRun) alone(ctx context.Context) (*Phase, error) {
	cfg, names, err := house(r.o)
	if err != nil {
		return nil, err
	}
	served, err := lanes(cfg)
	if err != nil {
		return nil, err
	}
	at, closeSite, err := r.o.onSockets(ctx, names)
	if err != nil {
		return nil, err
	}
	defer closeSite()
	t := &tape{zero: r.tape.zero}
	pass(ctx, time.Until(t.zero))
	at.sim.Play(r.o.Script, strike(r.hit, r.o.Seed))
	patience, giveUp := context.WithCancel(ctx)
	defer giveUp()
	load := r.o.traffic(served, (&sdk{patience, at.up}).serve, t.answered)
	load.run(ctx, t.zero.Add(r.o.lasts()))
	load.end(r.o.After+realGrace, giveUp)
	return t.alone(r.o.lasts()), nil
}

// end waits for the last answers, and gives those up that take too long.
func (t *traffic) end(grace time.Duration, giveUp context.CancelFunc) {
	late := time.AfterFunc(grace, giveUp)
	defer late.Stop()
	t.running.Wait()
}

// limit is what a figure may be. What an outage costs once weighs more in a
// shorter one: a share of its users may be as many times greater, and so may
// the calls beyond one a request. The slowest in a thousand of ten minutes are
// the slowest in a hundred of one.
func (o *Options) limit(f kindOf, script string) float64 {
	limit := o.Limits.of(f, script)
	if _, set := o.Limits[f.name]; set || !o.real {
		return limit
	}
	switch f.name {
	case FigureOK:
		return max(0, 100-(100-limit)*o.Shorter)
	case FigureCalls:
		return 1 + (limit-1)*o.Shorter
	case FigureP50:
		return realP50
	case FigureP99:
		if o.Shorter >= DefaultShorter {
			return o.Limits.of(kindNamed(FigureP999), script)
		}
		return limit
	case FigureP999:
		return -1
	case FigureResolves:
		return -1 // it is told after five calm minutes, and nobody waits for them here
	default:
		return limit
	}
}

// realP50 allows for few users: the median of a thousand waits, less that of
// six hundred, is off by 20 ms one time in three.
const realP50 = 0.1

// notReal says why a figure is not told of a drill over sockets.
func notReal(name string) string {
	if name == FigureResolves {
		return "it is told after five calm minutes, which are not waited for"
	}
	return "too few users to tell"
}
