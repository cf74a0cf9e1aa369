package gateway_test

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// tried is a route whose first step has a candidate. What is sent twice would
// hide what the candidate does.
const tried = `version: 1
retry: {attempts: 1}
providers:
  one: {kind: openai, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: openai, base_url: "http://two.test/v1", key: "${KEY_2}"}
routes:
  chat:
    needs: [json_schema]
    chain:
      - {use: one/old, canary: {use: two/new, share: SHARE, answers: ANSWERS}}
      - one/spare
`

func triedConfig(share string, answers int) string {
	return strings.NewReplacer("SHARE", share, "ANSWERS", strconv.Itoa(answers)).Replace(tried)
}

// shelf is a canary store in memory.
type shelf struct {
	mu   sync.Mutex
	kept map[string]gateway.CanaryRecord
}

func (s *shelf) Load() map[string]gateway.CanaryRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept
}

func (s *shelf) Save(all map[string]gateway.CanaryRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = all
}

// trialHouse is a gateway with a canary, and models that take half a second.
func trialHouse(t *testing.T, text string, opts ...gateway.Option) *house {
	t.Helper()
	up := sim.New(sim.Options{
		Keys: []string{secrets["KEY_1"], secrets["KEY_2"]}, Lean: true, Latency: sim.Profile{FirstToken: 500 * time.Millisecond, Spread: 0.35, TokensPerSecond: 70},
	})
	return build(t, text, up, up.Transport(), opts...)
}

// talk sends a request of a conversation of its own, and wants an answer.
func (h *house) talk(m mode) reply {
	h.t.Helper()
	n := h.prompted.Add(1)
	r := h.post(m.path, with(m.body("chat", "conversation "+strconv.FormatInt(n, 10)), m.asksJSON()))
	if r.status != http.StatusOK || r.err != nil {
		h.t.Fatalf("request %d: a user notices the canary: %d, %v: %s", n, r.status, r.err, r.body)
	}
	time.Sleep(50 * time.Millisecond)
	return r
}

// whileIn sends requests until the canary is in another state than it was in, and
// returns where it stands then.
func (h *house) whileIn(m mode, state string, most int) gateway.CanaryInfo {
	h.t.Helper()
	for range most {
		h.talk(m)
		if c := h.gateway.Canaries()[0]; c.State != state {
			return c
		}
	}
	return h.gateway.Canaries()[0]
}

// given counts the attempts at a model for somebody's request, probes aside.
func (h *house) given(model string) int {
	h.records.mu.Lock()
	defer h.records.mu.Unlock()
	n := 0
	for i := range h.records.attempts {
		if a := &h.records.attempts[i]; a.Target.Model == model && !a.Probe {
			n++
		}
	}
	return n
}

// swaps are the kinds of events that were told of a canary.
func (h *house) swaps() (kinds []string, last gateway.Event) {
	h.records.mu.Lock()
	defer h.records.mu.Unlock()
	for _, e := range h.records.events {
		if strings.HasPrefix(e.Kind, "swap_") {
			kinds, last = append(kinds, e.Kind), e
		}
	}
	return kinds, last
}

// TestCanaryIsWithdrawn: a candidate that goes wrong in 20 more of a hundred
// answers, or takes twice as long, is withdrawn before it was given 200
// requests; no user is refused an answer; and from then on it is given none.
func TestCanaryIsWithdrawn(t *testing.T) {
	for _, c := range []struct{ name, fault, sign string }{
		{"form", "fenced-json@20%", "answers in the wrong form"},
		{"errors", "500@20%", "errors"},
		{"mistakes of its own", "400@20%", "errors"},
		{"dead", "refused", "errors"},
		{"refusals", "refusal@20%", "refusals"},
		{"slow", "slow-1500ms@60%", "slow answers"},
	} {
		for _, m := range allModes {
			t.Run(c.name+"/"+m.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := trialHouse(t, triedConfig("25%", 600))
					h.fault("new", c.fault)
					got := h.whileIn(m, "running", 1500)
					given := h.given("new")
					if got.State != "withdrawn" || given >= 200 || !strings.HasPrefix(got.Why, "too many "+c.sign+": ") {
						t.Fatalf("%s after %d requests: %s", got.State, given, got.Why)
					}
					t.Logf("withdrawn after %d of its own, in %s: %s", given, time.Since(got.Began), got.Why)
					for range 50 {
						if r := h.talk(m); r.own("Served-By") != "one/old" {
							t.Fatalf("served by %s", r.own("Served-By"))
						}
					}
					if more := h.given("new") - given; more > 0 {
						t.Errorf("%d requests after it was withdrawn", more)
					}
					if kinds, last := h.swaps(); fmt.Sprint(kinds) != "[swap_started swap_reverted]" || last.Target.String() != "two/new" || fmt.Sprint(last.Routes) != "[chat]" || last.Reason != got.Why {
						t.Errorf("told %v, %+v", kinds, last)
					}
				})
			})
		}
	}
}

// TestCanaryIsReady: one that is as good comes to be ready, is given its share
// and no more, and goes on being guarded.
func TestCanaryIsReady(t *testing.T) {
	for _, m := range []mode{{openaiSide, false}, {anthropicSide, true}} {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := trialHouse(t, triedConfig("25%", 120))
				h.fault("new", "fenced-json@5%+500@2%")
				h.fault("old", "fenced-json@5%+500@2%")
				got := h.whileIn(m, "running", 2000)
				if got.State != "ready" || got.Answers < 120 || time.Since(got.Began) < 10*time.Minute {
					t.Fatalf("%+v", got)
				}
				kinds, last := h.swaps()
				if fmt.Sprint(kinds) != "[swap_started swap_finished]" || !strings.HasSuffix(last.Reason, "switchgear swap apply chat --promote") {
					t.Errorf("told %v, %+v", kinds, last)
				}
				before := h.calls("new")
				for range 100 {
					h.talk(m)
				}
				if more := h.calls("new") - before; more < 10 || more > 45 {
					t.Errorf("%d of 100 once it is ready", more)
				}
				h.fault("new", "fenced-json")
				if got := h.whileIn(m, "ready", 400); got.State != "withdrawn" {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// TestCanaryShare: 5 % is 5 %, within what chance allows; a conversation stays
// where it began, whatever is said in it later; and a request that raises the
// stakes or wants no fallback is not for trying things out on.
func TestCanaryShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := sim.New(sim.Options{Keys: []string{secrets["KEY_1"], secrets["KEY_2"]}, Lean: true})
		h := build(t, triedConfig("5%", 1_000_000), up, up.Transport())
		const n = 2000
		candidate := -1
		for i := range n {
			r := h.talk(mode{openaiSide, i%2 == 0})
			if arm := r.own("Canary"); (arm == "candidate") != (r.own("Served-By") == "two/new") || (arm != "candidate" && arm != "incumbent") {
				t.Fatalf("%s, served by %s", arm, r.own("Served-By"))
			} else if arm == "candidate" && candidate < 0 {
				candidate = i + 1
			}
		}
		given, sigma := float64(h.calls("new")), math.Sqrt(n*0.05*0.95)
		if math.Abs(given-n*0.05) > 4*sigma {
			t.Errorf("%v of %d", given, n)
		}
		opening := `{"role":"user","content":"conversation ` + strconv.Itoa(candidate) + `"}`
		say := func(rest string, headers ...string) string {
			r := h.post("/v1/chat/completions", `{"model":"chat","messages":[`+opening+rest+`]}`, headers...)
			return r.own("Served-By")
		}
		for _, c := range []struct {
			rest    string
			headers []string
			want    string
		}{
			{"", nil, "two/new"},
			{`,{"role":"assistant","content":"yes"},{"role":"user","content":"and then?"}`, nil, "two/new"},
			{`,{"role":"assistant","content":"no"},{"role":"user","content":"why?"}`, nil, "two/new"},
			{"", []string{"X-Switchgear-No-Fallback", "1"}, "one/old"},
			{"", []string{"X-Switchgear-Stakes", "high"}, "one/old"},
		} {
			if got := say(c.rest, c.headers...); got != c.want {
				t.Errorf("%s %v: served by %s, want %s", c.rest, c.headers, got, c.want)
			}
		}
		for i := range 200 { // by its label, a conversation may begin with anything
			label := []string{"X-Switchgear-Label-Conversation", strconv.Itoa(i)}
			first := say(`,{"role":"user","content":"a"}`, label...)
			if again := say(`,{"role":"user","content":"b"}`, label...); again != first {
				t.Fatal("one conversation, two models")
			}
		}
	})
}

// TestCanaryStaysWithdrawn: neither a reload nor a restart brings back a
// candidate that was withdrawn, as long as the file says the same of it; once
// it was taken out, or is given another share, it may be tried again.
func TestCanaryStaysWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, store := mode{openaiSide, false}, &shelf{}
		text := triedConfig("25%", 600)
		h := trialHouse(t, text, gateway.WithCanaryStore(store))
		h.fault("new", "fenced-json")
		if got := h.whileIn(m, "running", 400); got.State != "withdrawn" {
			t.Fatalf("%+v", got)
		}
		h.fault("new", "")
		synctest.Wait() // the store is told beside the request
		state := func(h *house, text string) string {
			t.Helper()
			if err := h.gateway.Reload(parse(t, text)); err != nil {
				t.Fatal(err)
			}
			if len(h.gateway.Canaries()) == 0 {
				return "none"
			}
			return h.gateway.Canaries()[0].State
		}
		if got := state(h, text+"  other: {chain: [one/old]}\n"); got != "withdrawn" {
			t.Errorf("a reload: %s", got)
		}
		again := trialHouse(t, text, gateway.WithCanaryStore(store))
		again.prompted.Store(10_000)
		for range 40 {
			again.talk(m)
		}
		if got := again.gateway.Canaries()[0]; got.State != "withdrawn" || got.Why == "" || again.calls("new") != 0 {
			t.Errorf("a restart: %+v, %d calls", got, again.calls("new"))
		}
		if kinds, _ := again.swaps(); len(kinds) > 0 {
			t.Errorf("a restart tells %v", kinds)
		}
		if got := state(again, triedConfig("10%", 600)); got != "running" {
			t.Errorf("another share: %s", got)
		}
		if got := state(h, strings.ReplaceAll(text, "{use: one/old, canary: {use: two/new, share: 25%, answers: 600}}", "one/old")); got != "none" {
			t.Errorf("taken out: %s", got)
		}
		if len(store.Load()) != 0 {
			t.Errorf("the store keeps %v", store.Load())
		}
		if got := state(h, text); got != "running" {
			t.Errorf("put in again: %s", got)
		}
		kinds, _ := h.swaps()
		if fmt.Sprint(kinds) != "[swap_started swap_reverted swap_ended swap_started]" {
			t.Errorf("told %v", kinds)
		}
	})
}

// TestCanaryGoesOn: a share that somebody raises while all is well takes nothing
// back of what was seen, and neither does a restart.
func TestCanaryGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, store := mode{openaiSide, false}, &shelf{}
		h := trialHouse(t, triedConfig("25%", 600), gateway.WithCanaryStore(store))
		for range 100 {
			h.talk(m)
		}
		seen := h.gateway.Canaries()[0]
		if err := h.gateway.Reload(parse(t, triedConfig("50%", 600))); err != nil {
			t.Fatal(err)
		}
		next := trialHouse(t, triedConfig("50%", 600), gateway.WithCanaryStore(store))
		for _, got := range []gateway.CanaryInfo{h.gateway.Canaries()[0], next.gateway.Canaries()[0]} {
			if got.Answers != seen.Answers || got.Answers < 10 || !got.Began.Equal(seen.Began) || got.State != "running" || got.Share != 0.5 {
				t.Errorf("%+v, was %+v", got, seen)
			}
		}
	})
}

// TestCanaryGate: the gate holds for a candidate, and nothing about it may
// hide in a rule.
func TestCanaryGate(t *testing.T) {
	for _, text := range []string{
		`chain: [{use: one/old, canary: {use: two/new, share: 5%}}]`,
		`chain: [one/old], rules: [{when: {input_tokens: ">10"}, chain: [{use: one/old, canary: {use: two/new, share: 5%}}]}]`,
	} {
		cfg := parse(t, `version: 1
providers:
  one: {kind: openai, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: openai, base_url: "http://two.test/v1", key: "${KEY_2}"}
routes:
  chat: {`+text+`, eval: evals/chat.yaml}
`)
		var claimed []string
		for _, c := range gateway.Claims(cfg) {
			if c.Canary {
				claimed = append(claimed, c.Path+" "+c.Target)
			}
		}
		if len(claimed) != 1 || !strings.HasSuffix(claimed[0], "chain[0].canary two/new") {
			t.Errorf("claims %v", claimed)
		}
		_, err := gateway.New(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), "two/new is not proven for route chat") {
			t.Errorf("an unproven candidate: %v", err)
		}
	}
}

// TestCanaryElsewhere: a candidate may stand in for a fallback, or in the chain
// of a rule: it is drawn from the requests that come there, and from no others.
func TestCanaryElsewhere(t *testing.T) {
	const text = `version: 1
retry: {attempts: 1}
providers:
  one: {kind: openai, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: openai, base_url: "http://two.test/v1", key: "${KEY_2}"}
routes:
  chat:
    chain: [one/old, CHAIN]
    rules: [{when: {stream: true}, chain: [RULE]}]
`
	canary := "{use: one/spare, canary: {use: two/new, share: 50%}}"
	t.Run("a fallback", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := trialHouse(t, strings.NewReplacer("CHAIN", canary, "RULE", "one/old").Replace(text))
			for range 30 {
				h.talk(mode{openaiSide, false})
			}
			if n := h.calls("new") + h.calls("spare"); n > 0 {
				t.Errorf("%d calls of a fallback that was not needed", n)
			}
			h.fault("old", "529")
			steps := map[string]int{}
			for range 40 {
				r := h.talk(mode{openaiSide, false})
				steps[r.own("Served-By")+" "+r.own("Step")]++
			}
			if steps["two/new 2/2"] < 8 || steps["one/spare 2/2"] < 8 || len(steps) != 2 {
				t.Errorf("served by %v", steps)
			}
			if c := h.gateway.Canaries()[0]; c.Step != 2 || c.Rule != 0 || c.Answers != steps["two/new 2/2"] {
				t.Errorf("%+v", c)
			}
		})
	})
	t.Run("a rule", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := trialHouse(t, strings.NewReplacer("CHAIN", "one/spare", "RULE", canary).Replace(text))
			by := map[string]int{}
			for i := range 60 {
				m := mode{openaiSide, i%2 == 0}
				r := h.talk(m)
				by[fmt.Sprint(m.stream, " ", r.own("Served-By"))]++
			}
			if by["false one/old"] != 30 || by["true two/new"] < 6 || by["true one/spare"] < 6 || len(by) != 3 {
				t.Errorf("served by %v", by)
			}
			if c := h.gateway.Canaries()[0]; c.Step != 1 || c.Rule != 1 {
				t.Errorf("%+v", c)
			}
		})
	})
}

// TestCanaryOfLevers: a model may be tried against itself, with other levers.
func TestCanaryOfLevers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, `version: 1
providers: {one: {kind: openai, base_url: "http://one.test/v1", key: "${KEY_1}"}}
routes:
  chat: {chain: [{use: one/m, with: {effort: low}, canary: {use: one/m, with: {effort: high}, share: 50%}}], single_point: ok}
`)
		for range 40 {
			r := h.talk(mode{openaiSide, false})
			log := h.sim.Log()
			want := `"reasoning_effort":"low"`
			if r.own("Canary") == "candidate" {
				want = `"reasoning_effort":"high"`
			}
			if body := string(log[len(log)-1].Body); !strings.Contains(body, want) {
				t.Fatalf("%s of the %s is not in %s", want, r.own("Canary"), body)
			}
		}
		c := h.gateway.Canaries()[0]
		if c.Answers < 8 || c.With != "effort=high" || c.Counts[0].IncumbentOf != 40-c.Answers {
			t.Errorf("%+v", c)
		}
		h.fault("m", "500x1") // the candidate's or not, somebody fails once and is followed by itself with the other levers
		for range 6 {
			h.talk(mode{openaiSide, false})
		}
	})
}
