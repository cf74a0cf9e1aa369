package drill_test

import (
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/drill"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// stormy is one minute of 400s on good requests, the keys in order.
const stormy = `name: storm
strikes: model
healthy: {first: 600ms, p95: 1.4s, rate: 70, errors: 0.5%}
phases:
  - {name: storm, for: 2m, faults: [{fault: slow-headers-100ms+400-vague, p: 40%}]}
`

// silent is two minutes in which half of the calls are never answered.
const silent = `name: silent
healthy: {first: 600ms, p95: 1.4s, rate: 70, errors: 0.5%}
phases:
  - {name: silent, for: 2m, faults: [{fault: silence, p: 45%}]}
`

// mute is four minutes without any answer.
const mute = `name: mute
healthy: {first: 600ms, p95: 1.4s, rate: 70, errors: 0.5%}
phases:
  - {name: mute, for: 4m, faults: [{fault: silence}]}
`

// tail is three minutes in which a few calls are never answered: enough for
// suspicion, not enough to open anything.
const tail = `name: tail
healthy: {first: 600ms, p95: 1.4s, rate: 70, errors: 0.5%}
phases:
  - {name: tail, for: 3m, faults: [{fault: silence, p: 7%}]}
`

// flaky is three minutes in which nine calls in ten fail: so few are answered
// that hardly any retry is paid for.
const flaky = `name: flaky
healthy: {first: 600ms, p95: 1.4s, rate: 70, errors: 0.5%}
phases:
  - {name: flaky, for: 3m, faults: [{fault: slow-headers-80ms+500, p: 90%}]}
`

// slowing is two minutes at a third of the usual speed, without an error.
const slowing = `name: slowing
healthy: {first: 600ms, p95: 1.4s, rate: 70, errors: 0.5%}
phases:
  - {name: slow, for: 2m, faults: [{slow: x3}]}
`

// narrow is a short capacity for three minutes: what is over it is refused at once.
const narrow = `name: narrow
healthy: {first: 600ms, p95: 1.4s, rate: 70, errors: 0.5%}
phases:
  - {name: narrow, for: 3m, faults: [{fault: slow-headers-80ms+503, capacity: 10/s}]}
`

// dark is two minutes of errors, and then all is well.
const dark = `name: dark
healthy: {first: 600ms, p95: 1.4s, rate: 70, errors: 0.5%}
phases:
  - {name: dark, for: 2m, faults: [{fault: slow-headers-80ms+503}]}
  - {name: over, for: 2m}
`

// over is two minutes in which the key is over its rate limit.
const over = `name: over
healthy: {first: 600ms, p95: 1.4s, rate: 70, errors: 0.5%}
phases:
  - {name: over, for: 2m, faults: [{fault: slow-headers-80ms+429}]}
`

func own(t testing.TB, text string) *sim.Script {
	t.Helper()
	s, err := sim.ParseOutage("own.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMechanisms: switching a mechanism off makes the report worse, and in the
// figure that it is there for.
func TestMechanisms(t *testing.T) {
	if raceEnabled {
		t.Skip("its figures are a matter of time; make test runs it without the race detector")
	}
	cases := map[gateway.Mechanism]struct {
		script string
		figure string
		worse  float64 // by how much, at least; less than 0 for a figure that falls
		rate   float64
		config string
		base   []gateway.Mechanism // off in both: what would else hide it
	}{
		gateway.MechanismBreaker:  {silent, drill.FigureP99, 0.5, 20, twoProviders, nil},
		gateway.MechanismHedge:    {tail, drill.FigureP99, 0.12, 20, twoProviders, nil},
		gateway.MechanismDeadline: {slowing, drill.FigureP50, 0.2, 20, twoProviders, nil},
		gateway.MechanismBudget:   {flaky, drill.FigureCalls, 0.5, 20, oneProvider, []gateway.Mechanism{gateway.MechanismBreaker}},
		gateway.MechanismOpinion:  {stormy, drill.FigureOK, -5, 20, twoProviders, nil},
		gateway.MechanismProbe:    {mute, drill.FigureOpen, 10, 0.1, twoProviders, nil},
		gateway.MechanismLimit:    {narrow, drill.FigureCalls, 0.1, 20, twoProviders, []gateway.Mechanism{gateway.MechanismBreaker}},
		gateway.MechanismRamp:     {dark, drill.FigureLoad, 5, 20, twoProviders, nil},
		gateway.MechanismCooloff:  {over, drill.FigureCalls, 0.5, 20, twoProviders, nil},
	}
	for _, mechanism := range gateway.Mechanisms() {
		c, ok := cases[mechanism]
		if !ok {
			t.Errorf("nothing shows what %q is worth", mechanism)
			continue
		}
		t.Run(string(mechanism), func(t *testing.T) {
			t.Parallel()
			o := drill.Options{Config: c.config, Rate: c.rate, Script: own(t, c.script), Seed: 1, Calm: 2 * time.Minute, After: time.Minute}
			o.Without = c.base
			with := run(t, o)
			o.Without = append([]gateway.Mechanism{mechanism}, c.base...)
			without := run(t, o)
			t.Logf("with\n%swithout\n%s", figures(with), figures(without))
			change := figure(t, without, c.figure) - figure(t, with, c.figure)
			if c.worse < 0 {
				change, c.worse = -change, -c.worse
			}
			if change < c.worse {
				t.Errorf("without %s, %s is %.4g; with it, %.4g", mechanism, c.figure, figure(t, without, c.figure), figure(t, with, c.figure))
			}
		})
	}
}
