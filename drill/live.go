package drill

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// LiveOptions say what is watched.
type LiveOptions struct {
	File   string        // what the configuration is called in findings
	Config string        // its text
	Script *sim.Script   // what happens
	Lasts  time.Duration // all of it: a tenth is calm, half is the outage, the rest is the way back
	Rate   float64       // requests a second; 0 for DefaultRate
	Seed   uint64
	Every  time.Duration // how often it is looked at
	Show   func(*Scene)  // is given what there is to see; nil for nobody
}

// How the time of a drill that is watched is shared out.
const (
	liveCalm   = 0.1
	liveOutage = 0.5
	liveGrace  = 5 * time.Second // for answers that have begun when the last user has come
)

// Live plays an outage over loopback sockets and in real time, in less time than
// its script has for it, and shows it meanwhile. The users without a gateway
// ask at the same moments as the others, and have providers of their own that
// fail alike. If ctx ends, so does the drill, and what came of it so far is
// returned.
func Live(ctx context.Context, o *LiveOptions) (*Scene, error) {
	options := Options{File: o.File, Config: o.Config, Script: o.Script, Rate: o.Rate, Seed: o.Seed, real: true}
	outage := time.Duration(liveOutage * float64(o.Lasts))
	options.Shorter = float64(options.lasts()) / float64(outage)
	options.Script = o.Script.Compressed(options.Shorter)
	options.fill()
	cfg, names, err := house(&options)
	if err != nil {
		return nil, err
	}
	hit, err := victim(cfg, "")
	if err != nil {
		return nil, err
	}
	l := &live{show: o, o: &options, cfg: cfg, names: names, hit: hit, outage: outage, states: map[string]string{}, served: map[string]int{}}
	return l.play(ctx)
}

// live is a drill that is watched.
type live struct {
	show   *LiveOptions
	o      *Options
	cfg    *config.Config
	names  []string
	hit    struck
	outage time.Duration

	zero        time.Time // when it began
	with, alone guests
	gateway     *gateway.Gateway
	lanes       []*lane

	mu             sync.Mutex // for what the gateway tells
	news           []News
	opened, closed int
	calls, wasted  int
	bill           Bill
	unpriced       bool

	states  map[string]string // of circuits, when they were last looked at
	worst   [Columns]string   // of the first target's circuit
	served  map[string]int
	phase   string
	looked  time.Duration // up to when the outage's phases were told
	failed  int
	stopped bool
}

func (l *live) begins() time.Time {
	return l.zero.Add(time.Duration(liveCalm * float64(l.show.Lasts)))
}
func (l *live) ends() time.Time { return l.begins().Add(l.outage) }

// play opens everything, plays, and closes it again.
func (l *live) play(ctx context.Context) (*Scene, error) {
	lasting := context.WithoutCancel(ctx) // users whose answers have begun are not cut off by its end
	patience, giveUp := context.WithCancel(lasting)
	defer giveUp()
	at, closeSite, err := l.o.onSockets(lasting, l.names)
	if err != nil {
		return nil, err
	}
	defer closeSite()
	other, closeOther, err := l.o.onSockets(lasting, l.names)
	if err != nil {
		return nil, err
	}
	defer closeOther()
	w, err := build(lasting, l.cfg, at, []gateway.Option{gateway.WithObserver(l), gateway.WithEvents(l.event)})
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.gateway.Close() }()
	d, err := openDoor(lasting, w.gateway.Handler())
	if err != nil {
		return nil, err
	}
	defer d.close()
	l.gateway, l.lanes, l.zero = w.gateway, w.lanes, time.Now()
	last := l.run(ctx, [2]func(*question, *answer){l.with.watching(d.user(patience).serve), l.alone.watching((&sdk{patience, other.up}).serve)}, at.sim, other.sim)
	return last, nil
}

// run lets two crowds come, and looks on until both have been served, or until
// nobody wants to look any longer.
func (l *live) run(ctx context.Context, crowds [2]func(*question, *answer), sims ...*sim.Server) *Scene {
	over := l.zero.Add(l.show.Lasts)
	coming, stop := context.WithCancel(ctx)
	defer stop()
	var side sync.WaitGroup
	for _, server := range sims {
		side.Go(func() { l.o.stage(coming, server, l.hit, l.begins()) })
	}
	for _, serve := range crowds {
		side.Go(func() { l.o.traffic(l.lanes, serve, func(*answer) {}).run(coming, over) })
	}
	for pass(ctx, l.show.Every) {
		now := time.Now()
		if now.After(over) && (l.with.waiting() == 0 || now.After(over.Add(liveGrace))) {
			break
		}
		l.look(now)
	}
	stop()
	side.Wait()
	l.stopped = ctx.Err() != nil
	return l.look(time.Now())
}

// look takes everything in, and shows it.
func (l *live) look(now time.Time) *Scene {
	s := l.scene(now)
	if l.show.Show != nil {
		l.show.Show(s)
	}
	return s
}

// scene is how things stand.
func (l *live) scene(now time.Time) *Scene {
	since := now.Sub(l.zero)
	s := &Scene{
		At: seconds(min(since, l.show.Lasts)), All: seconds(l.show.Lasts), Begins: seconds(l.begins().Sub(l.zero)), Ends: seconds(l.ends().Sub(l.zero)),
		Struck: l.hit.provider, Stopped: l.stopped, Slow: 1,
		With: l.with.crowd(now, l.begins(), l.ends()), Alone: l.alone.crowd(now, l.begins(), l.ends()),
	}
	s.Over = l.stopped || since > l.show.Lasts && (s.With.Waiting == 0 || since > l.show.Lasts+liveGrace)
	if into := now.Sub(l.begins()); into >= 0 && into < l.outage {
		w := l.o.Script.Weather(into, l.o.Rate)
		s.Phase, s.Harm, s.Slow = l.o.Script.Phase(into), w.Harm, w.Slow
	}
	l.circuits(s)
	l.columns(s, now)
	for i := range s.Chain {
		s.Chain[i].Served = l.served[s.Chain[i].Target]
	}
	l.tell(s)
	l.mu.Lock()
	defer l.mu.Unlock()
	s.News = append([]News{}, l.news...)
	s.Opened, s.Closed, s.Calls, s.Wasted = l.opened, l.closed, l.calls, l.wasted
	if !l.unpriced {
		s.Cost = &Bill{l.bill.All, l.bill.Nothing}
	}
	return s
}

// circuits looks at the chain of the first route.
func (l *live) circuits(s *Scene) {
	infos := l.gateway.Breakers()
	for k := range l.cfg.Routes[0].Chain {
		t := l.cfg.Routes[0].Chain[k].Target
		for i := range infos {
			if infos[i].Target == t {
				s.Chain = append(s.Chain, Link{Target: t.String(), Provider: t.Provider, State: infos[i].State, Share: infos[i].Share})
			}
		}
	}
	if len(s.Chain) == 0 {
		return
	}
	if k := l.column(time.Duration(s.At * float64(time.Second))); rankOf(s.Chain[0].State) >= rankOf(l.worst[k]) {
		l.worst[k] = s.Chain[0].State
	}
}

// rankOf orders states by how much is wrong.
func rankOf(state string) int {
	return map[string]int{"": 0, "closed": 1, "suspect": 2, "ramp": 3, "half-open": 4, "open": 5}[state]
}

// column is the piece of the run that a moment falls in.
func (l *live) column(since time.Duration) int {
	k := int(float64(since) / float64(l.show.Lasts) * Columns)
	return min(max(k, 0), Columns-1)
}

// columns sort the users by when they asked.
func (l *live) columns(s *Scene, now time.Time) {
	width := l.show.Lasts / Columns
	last := l.column(now.Sub(l.zero))
	for k := range last + 1 {
		c := Column{From: seconds(time.Duration(k) * width), Served: map[string]int{}, State: l.worst[k]}
		if into := l.zero.Add(time.Duration(k)*width + width/2).Sub(l.begins()); into >= 0 && into < l.outage {
			c.Harm = l.o.Script.Weather(into, l.o.Rate).Harm
		}
		s.Columns = append(s.Columns, c)
	}
	clear(l.served)
	l.with.mu.Lock()
	for _, one := range l.with.list {
		c := &s.Columns[min(l.column(one.at.Sub(l.zero)), last)] // who came since now counts as here
		switch {
		case !one.done:
			c.Waiting++
		case one.seen.fate == fateOK:
			c.Served[one.seen.server]++
			l.served[one.seen.server]++
		default:
			c.Failed++
		}
	}
	l.with.mu.Unlock()
	l.alone.mu.Lock()
	defer l.alone.mu.Unlock()
	for _, one := range l.alone.list {
		c := &s.Columns[min(l.column(one.at.Sub(l.zero)), last)] // who came since now counts as here
		switch {
		case one.done && one.seen.fate == fateOK:
			c.AloneOK++
		case one.done, one.stuck(now):
			c.Lost++
		}
	}
	maps.DeleteFunc(l.served, func(name string, _ int) bool { return name == "" })
}
