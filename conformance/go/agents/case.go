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
	lost    []string // what x-switchgear-dropped is to name of the last request that crosses to OpenAI
	signed  int      // thinking blocks that came back signed with the last turn, if Anthropic answered it
}

var all = []int{0, 2, 3, 4}

func up(int) bool   { return true }
func down(int) bool { return false }

// before is an upstream that goes down in the middle of the task.
func before(turn int) func(int) bool { return func(results int) bool { return results < turn } }

// What a request of the agent's loses on its way to OpenAI: the cache markers,
// since OpenAI caches unasked, and the editing of the context.
var (
	always  = []string{"system[1].cache", "extra.context_management"}
	thought = append([]string{"(thinking)"}, always...)
)

func cases() []testCase {
	return []testCase{
		{name: "anthropic", route: "claude-opus-4-8", one: up, first: all, signed: 3},
		{name: "anthropic step answers 503", route: "claude-opus-4-8", one: down, second: all, signed: 3},
		{name: "anthropic step refuses connections", route: "claude-opus-4-8", refused: true, second: all, signed: 3},
		{name: "anthropic step dies midway", route: "claude-opus-4-8", one: before(3), first: []int{0, 2}, second: []int{3, 4}, signed: 3},
		{name: "openai", route: "openai", one: up, first: all, lost: always},
		{name: "anthropic step answers 503, openai serves", route: "claude-opus-4-7", one: down, second: all, lost: always},
		{name: "anthropic step refuses connections, openai serves", route: "claude-opus-4-7", refused: true, second: all, lost: always},
		{name: "anthropic step dies midway, openai goes on", route: "claude-opus-4-7", one: before(3), first: []int{0, 2}, second: []int{3, 4}, lost: thought},
		{name: "openai step dies midway, anthropic goes on", route: "claude-sonnet-5", one: before(3), first: []int{0, 2}, second: []int{3, 4}, lost: always, signed: 1},
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
		errs = append(errs, u.heard(c.signed))
	}
	if o.Usage.CacheRead < 20000 || o.Usage.Input == 0 || o.Usage.Input > 10000 || o.Usage.Output == 0 {
		errs = append(errs, fmt.Errorf("the agent counted %+v, though 20,000 of 20,020 tokens of each prompt came from the cache", o.Usage))
	}
	return errors.Join(append(errs, s.told(c))...)
}

// heard checks that every turn arrived with its system text, and the last with
// the thinking of those before it.
func (u *upstream) heard(signed int) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, a := range u.asks {
		if a.Offers("Read", "Write", "Bash") && a.System < 1000 {
			return fmt.Errorf("upstream %s received %d bytes of system text", u.name, a.System)
		}
		if a.Dialect == "anthropic" && len(a.Results) == 4 && a.Signed != signed {
			return fmt.Errorf("upstream %s received %d signed thoughts with the last turn, want %d", u.name, a.Signed, signed)
		}
	}
	return nil
}

// told checks what the gateway's headers said: the agent saw no failure,
// nothing is lost in its own protocol, and what is lost in translation has a
// name.
func (s *scene) told(c testCase) error {
	dropped := ""
	for _, m := range s.watch.messages() {
		if m.status != 200 {
			return fmt.Errorf("the agent was answered with status %d", m.status)
		}
		if (m.step != "1/2") != (m.fallback != "") {
			return fmt.Errorf("step %s answered, and x-switchgear-fallback is %q", m.step, m.fallback)
		}
		if strings.HasPrefix(m.servedBy, "openai-") {
			dropped = m.dropped
		} else if m.dropped != "" {
			return fmt.Errorf("%s speaks the agent's own protocol, and %q was dropped", m.servedBy, m.dropped)
		}
	}
	for _, name := range c.lost {
		if !strings.Contains(dropped, name) {
			return fmt.Errorf("x-switchgear-dropped is %q, without %s", dropped, name)
		}
	}
	return nil
}
