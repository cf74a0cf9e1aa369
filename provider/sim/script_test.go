package sim

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const outage = `
phases:
  - {name: calm, for: 1m}
  - name: bad
    for: 2m
    faults:
      - {match: "claude-*", fault: 529}
      - {match: "gpt-*", dialect: openai, fault: slow-8s+error, p: 0%..100%}
  - name: over
`

func TestScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script, err := ParseScript([]byte(outage))
		if err != nil {
			t.Fatal(err)
		}
		s := New(Options{Script: script})
		status := func(dialect, model string) int { return s.ask(t, dialect, request(model, false, "")).status }
		got := []int{status(anthropic, "claude-x")}
		time.Sleep(90 * time.Second)
		got = append(got, status(anthropic, "claude-x"), status(anthropic, "other"), status(anthropic, "claude-x+409"))
		time.Sleep(2 * time.Minute)
		got = append(got, status(anthropic, "claude-x"))
		s.Reset()
		got = append(got, status(anthropic, "claude-x"))
		if want := []int{200, 529, 200, 409, 200, 200}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		ramp := func(at time.Duration) (bad int) {
			for range 50 {
				s.Reset()
				time.Sleep(time.Second)
				s.Play(script, Strike{Seed: uint64(bad) + uint64(time.Now().UnixNano())})
				s.playing.started = time.Now().Add(-at)
				r, err := s.choose(&query{model: "gpt-5", dialect: openai}, true)
				if err != nil {
					t.Fatal(err)
				}
				bad += len(r)
			}
			return bad
		}
		if early, late := ramp(61*time.Second), ramp(179*time.Second); early > 10 || late < 90 { // two faults each time
			t.Errorf("%d faults at the start of the ramp, %d at its end", early, late)
		}
	})
}

func TestScriptPhases(t *testing.T) {
	script, err := ParseScript([]byte("phases: [{name: a, for: 10s}, {for: 5s}]\nrepeat: true"))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Duration]string{0: "a", 9 * time.Second: "a", 10 * time.Second: "2", 16 * time.Second: "a", 40 * time.Second: "2"} {
		if got := script.Phase(at); got != want {
			t.Errorf("at %v: %q, want %q", at, got, want)
		}
	}
}

func TestScriptMistakes(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if _, err := ParseScript([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f("", "script:1:1: the script has no phases")
	f("phases:\n  - name: a\n    for: 1m\n    faults:\n      - {fault: 503}\n      - {fault: 503, p: 3}\n  - {for: never}", "script:6:25: `p: 3` is no share of calls: write 0.25, 25% or 2%..60%\nscript:7:11: phase 2: `for: never`")
	f("phases: [{faults: [{fault: 503, surprise: 1}]}]", `script:1:33: there is no setting "surprise"`)
	f("phases: [{faults: [{match: x}]}]", "a rule does nothing")
	f("phases: [{faults: [{slow: 4}]}]", "`slow: 4` is no factor: write x4 or x1..x8")
	f("phases: [{faults: [{fault: 503, capacity: 4}]}]", "`capacity: 4` is no rate")
	f("phases: [{faults: [{slow: x2, capacity: 4/s}]}]", "add `fault: 503`")
	f("phases: [{faults: [{fault: 503, flap: 60s}]}]", "`flap: 60s` is not two durations")
	f("phases: [{faults: [{fault: 503, returns: soon}]}]", "`returns: soon` is not known")
	f("phases: [{faults: [{fault: 503, returns: model by model}]}]", "no model ever returns")
	f("phases: [{faults: [{fault: [503]}]}]", "a rule does nothing")
	f("strikes: all\nphases: [{name: a}]", "script:1:10: `strikes: all` is not one of")
	f("healthy: {first: 2s, p95: 1s}\nphases: [{name: a}]", "is less than the median")
	f("healthy: {first: fast, rate: many, errors: 200%}\nphases: [{name: a}]", "`errors: 200%` is no number from 0 to 1")
	f("phases: [{name: a, surprise: 1}]", "surprise")
	f("phases: [{name: a}, {name: b}]", "phase a lasts for ever")
	f("phases: [{name: a}]\nrepeat: perhaps", "script:2:9: `repeat: perhaps` is not one of true and false")
	f("phases: 3", "script:1:9: here must stand a list, not a number")
	f("phases: [{name: a}", "cannot be read as YAML")
	f("phases: [{name: a}]\nrepeat: true", "phase a lasts for ever")
	f("phases: [{for: soon}]", "`for: soon` is no duration")
	f("phases: [{faults: [{fault: nonsense}]}]", `phase 1: there is no fault "nonsense"`)
	f("phases: [{faults: [{fault: 503, p: often}]}]", "`p: often` is no share of calls")
	f("phases: [{faults: [{fault: 503, p: 1..2}]}]", "is no share of calls")
	f("phases: [{faults: [{fault: 503, match: '[x'}]}]", "is no pattern")
	f("phases: [{faults: [{fault: 503, dialect: morse}]}]", "is not one of openai and anthropic")
	if _, err := LoadScript(filepath.Join(t.TempDir(), "none.yaml")); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
}
