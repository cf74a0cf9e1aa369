package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/conformance/process"
)

// testCase is one way a task can go. The task takes four turns, numbered by
// the results of tools that are there when they begin: 0, 2, 3, 4.
type testCase struct {
	name    string
	route   string
	refused bool           // nothing listens where the first step points
	one     func(int) bool // the turns the first step answers
	first   []int          // what it is to have answered in the end
	second  []int
	cross   bool     // an answer comes in the other protocol
	lost    []string // what x-switchgear-dropped is to name at least once
	signed  int      // thinking blocks that come back signed to the Anthropic upstream at the end
}

var all = []int{0, 2, 3, 4}

func up(int) bool   { return true }
func down(int) bool { return false }

// before is an upstream that goes down in the middle of the task.
func before(turn int) func(int) bool { return func(results int) bool { return results < turn } }

func cases() []testCase {
	return []testCase{
		{name: "anthropic", route: "anthropic", one: up, first: all},
		{name: "anthropic step answers 503", route: "anthropic", one: down, second: all},
		{name: "anthropic step refuses connections", route: "anthropic", refused: true, second: all},
		{name: "anthropic step dies midway", route: "anthropic", one: before(3), first: []int{0, 2}, second: []int{3, 4}},
		{name: "openai", route: "openai", one: up, first: all, cross: true},
		{name: "anthropic step answers 503, openai serves", route: "crossing", one: down, second: all, cross: true},
		{name: "anthropic step refuses connections, openai serves", route: "crossing", refused: true, second: all, cross: true},
		{name: "anthropic step dies midway, openai goes on", route: "crossing", one: before(3), first: []int{0, 2}, second: []int{3, 4}, cross: true},
		{name: "openai step dies midway, anthropic goes on", route: "openai", one: before(3), first: []int{0, 2}, second: []int{3, 4}, cross: true},
	}
}

// scene is everything a case runs on.
type scene struct {
	task     *task
	one, two *upstream
	gateway  *process.Process
	watch    *watch
	fence    *fence
	stops    []func()
}

func (s *scene) stop() {
	for _, stop := range slices.Backward(s.stops) {
		stop()
	}
}

// run lets the agent do a task in one case and holds what it did, and what
// everyone was sent, against what should have been.
func (d *driver) run(ctx context.Context, c testCase) error {
	s, err := d.set(ctx, c)
	defer s.stop()
	if err != nil {
		return err
	}
	o, err := d.claude(ctx, s.task, s.watch.url, c.route, s.fence.url)
	if d.verbose {
		for _, m := range s.watch.messages() {
			fmt.Fprintf(d.out, "    %s %d by %s, fallback %q, dropped %q\n", m.path, m.status, m.servedBy, m.fallback, m.dropped)
		}
	}
	if err == nil {
		err = s.judge(c, o)
	}
	if err = errors.Join(err, s.one.complaints(), s.two.complaints()); err != nil {
		return fmt.Errorf("%w\nthe last the gateway said:\n%s", err, s.gateway.Tail(5))
	}
	return nil
}

// set starts the upstreams, the gateway, and what watches them.
func (d *driver) set(ctx context.Context, c testCase) (*scene, error) {
	s := &scene{}
	dir, err := os.MkdirTemp("", "agents")
	if err != nil {
		return s, err
	}
	s.stops = append(s.stops, func() { _ = os.RemoveAll(dir) })
	if s.task, err = newTask(dir); err != nil {
		return s, err
	}
	if c.one == nil {
		c.one = down
	}
	if s.one, err = newUpstream(ctx, "one", s.task, c.one); err != nil {
		return s, err
	}
	s.stops = append(s.stops, s.one.stop)
	if s.two, err = newUpstream(ctx, "two", s.task, up); err != nil {
		return s, err
	}
	s.stops = append(s.stops, s.two.stop)
	one := s.one.url
	if c.refused {
		one = "http://127.0.0.1:1/v1"
	}
	s.gateway, err = process.Launch(ctx, []string{"UPSTREAM_KEY=sk-scripted", "ONE_URL=" + one, "TWO_URL=" + s.two.url}, d.binary, "serve", "--config", d.config, "--log", "json")
	if err != nil {
		return s, err
	}
	s.stops = append(s.stops, s.gateway.Stop)
	url, err := s.gateway.Listening(ctx)
	if err != nil {
		return s, err
	}
	if s.watch, err = newWatch(ctx, url); err != nil {
		return s, err
	}
	s.stops = append(s.stops, s.watch.stop)
	if s.fence, err = newFence(ctx); err != nil {
		return s, err
	}
	s.stops = append(s.stops, s.fence.stop)
	return s, nil
}

// judge holds a finished run against its case.
func (s *scene) judge(c testCase, o *outcome) error {
	errs := []error{s.task.done(o.Result), s.fence.held()}
	if got := s.one.turns(); !slices.Equal(got, c.first) {
		errs = append(errs, fmt.Errorf("the first step answered the turns %v, want %v", got, c.first))
	}
	if got := s.two.turns(); !slices.Equal(got, c.second) {
		errs = append(errs, fmt.Errorf("the second step answered the turns %v, want %v", got, c.second))
	}
	for _, u := range []*upstream{s.one, s.two} {
		errs = append(errs, u.heard())
	}
	if o.Usage.CacheRead < 20000 || o.Usage.Input == 0 || o.Usage.Input > 10000 || o.Usage.Output == 0 {
		errs = append(errs, fmt.Errorf("the agent counted %+v, though 20,000 of 20,020 tokens of each prompt came from the cache", o.Usage))
	}
	return errors.Join(append(errs, s.told(c))...)
}

// heard checks that every turn arrived with its system text.
func (u *upstream) heard() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, a := range u.asks {
		if a.Offers("Read", "Write", "Bash") && a.System < 1000 {
			return fmt.Errorf("upstream %s received %d bytes of system text", u.name, a.System)
		}
	}
	return nil
}

// told checks what the gateway's headers said: the agent saw no failure, and
// every loss in translation has a name.
func (s *scene) told(c testCase) error {
	var dropped strings.Builder
	for _, m := range s.watch.messages() {
		if m.status != 200 {
			return fmt.Errorf("the agent was answered with status %d", m.status)
		}
		if (m.step != "1/2") != (m.fallback != "") {
			return fmt.Errorf("step %s answered, and x-switchgear-fallback is %q", m.step, m.fallback)
		}
		if translated := strings.HasPrefix(m.servedBy, "openai-"); !translated && m.dropped != "" {
			return fmt.Errorf("%s speaks the agent's own protocol, and %q was dropped", m.servedBy, m.dropped)
		}
		dropped.WriteString(m.dropped + ", ")
	}
	for _, name := range c.lost {
		if !strings.Contains(dropped.String(), name) {
			return fmt.Errorf("x-switchgear-dropped does not name %s: %s", name, dropped.String())
		}
	}
	return nil
}
