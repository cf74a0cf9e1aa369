package gateway_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// mutation is one mechanism, a way to take it out of service, and what is then
// no longer so.
type mutation struct {
	name  string
	extra string            // settings of the route that switch it off
	file  string            // a line of the file that does
	less  gateway.Mechanism // what is switched off by the program, if the configuration has no word for it
	pace  time.Duration     // to the first token; 600 ms if it is zero
	text  string            // the configuration; lifeConfig if it is empty
	also  string            // in either case, where the configuration has room for it
	bare  bool              // in either case there is no breaker, which would do its work for it
	holds func(h *house) string
}

// inStreams is the shape all mutations are looked at in.
func inStreams() mode { return mode{openaiSide, true} }

func mutations() []mutation {
	return []mutation{
		{name: "breaker", less: gateway.MechanismBreaker, holds: deadIsLeftAlone},
		{name: "hedge", extra: "hedge: off", holds: suspectIsRaced},
		{name: "adaptive deadline", less: gateway.MechanismDeadline, pace: 200 * time.Millisecond, holds: silenceIsCutShort},
		{name: "retry budget", file: "retry: {budget: 1}", bare: true, holds: outageIsNotAmplified},
		{name: "second opinion", extra: "second_opinion: off", holds: stormIsUnseen},
		{name: "probes", file: "breakers: {default: {probe: off}}", holds: returnNeedsNoUser},
		{name: "limit", less: gateway.MechanismLimit, text: loadConfig, also: "max_in_flight: 5", holds: placesAreBounded},
		{name: "jury", less: gateway.MechanismOpinion, holds: stormIsUnseen},
	}
}

// TestMutations takes each mechanism out of service in turn: what held with it
// must not hold without. A mechanism whose absence nothing notices is not
// tested.
func TestMutations(t *testing.T) {
	for _, m := range mutations() {
		for _, without := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/without=%t", m.name, without), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					missing := m.holds(m.house(t, without))
					switch {
					case !without && missing != "":
						t.Errorf("all is there, and yet: %s", missing)
					case without && missing == "":
						t.Errorf("the %s is missing, and nothing shows it", m.name)
					}
					t.Log(missing)
				})
			})
		}
	}
}

func (m *mutation) house(t *testing.T, without bool) *house {
	t.Helper()
	text, extra, pace := lifeConfig, m.also, m.pace
	if m.text != "" {
		text = m.text
	}
	if without {
		text += m.file + "\n"
		if m.extra != "" {
			extra = m.extra
		}
	}
	var opts []gateway.Option
	if m.bare {
		opts = append(opts, gateway.Without(gateway.MechanismBreaker))
	}
	if without && m.less != "" {
		opts = append(opts, gateway.Without(m.less))
	}
	if pace == 0 {
		pace = 600 * time.Millisecond
	}
	return houseAt(t, inStreams(), text, extra, sim.Profile{FirstToken: pace, Spread: 0.3}, opts...)
}

// deadIsLeftAlone: ten seconds into an outage no user's request goes to what is
// dead.
func deadIsLeftAlone(h *house) string {
	h.traffic(inStreams(), 4, 20*time.Second)
	h.fault("m1", "503")
	h.traffic(inStreams(), 4, 10*time.Second)
	before := h.calls("m1") - h.probes("m1")
	h.traffic(inStreams(), 4, 20*time.Second)
	if n := h.calls("m1") - h.probes("m1") - before; n > 0 {
		return fmt.Sprintf("%d users' requests went to what is dead", n)
	}
	return ""
}

// suspectIsRaced: under suspicion nobody waits for the deadline.
func suspectIsRaced(h *house) string {
	h.traffic(inStreams(), 5, 2*time.Minute)
	h.fault("m1", "503x2+slow-20s")
	for range 2 {
		h.traffic(inStreams(), 1, time.Second)
	}
	if got := h.ask(inStreams()); got.took > 2500*time.Millisecond {
		return fmt.Sprintf("a user waited %v", got.took)
	}
	return ""
}

// silenceIsCutShort: of a target that is fast, silence is believed for a second.
func silenceIsCutShort(h *house) string {
	h.traffic(inStreams(), 5, 3*time.Minute)
	h.fault("m1", "silence")
	if got := h.ask(inStreams()); got.took > 1800*time.Millisecond {
		return fmt.Sprintf("a user waited %v", got.took)
	}
	return ""
}

// outageIsNotAmplified: a total outage makes 15 % more calls at the most.
func outageIsNotAmplified(h *house) string {
	h.fault("m1", "500")
	n := len(h.trafficTo(inStreams(), "solo", 20, time.Minute))
	if x := float64(h.calls("m1")-h.probes("m1")) / float64(n); x > 1.15 {
		return fmt.Sprintf("%.2f calls a request", x)
	}
	return ""
}

// stormIsUnseen: no user sees a 400 that the next step would not have given.
func stormIsUnseen(h *house) string {
	h.fault("m1", "400-vague")
	if share := servedShare(h.traffic(inStreams(), 2, 20*time.Second)); share < 1 {
		return fmt.Sprintf("%.2f were served", share)
	}
	return ""
}

// returnNeedsNoUser: a target is found well again while nobody asks for it.
func returnNeedsNoUser(h *house) string {
	h.fault("m1", "503")
	h.traffic(inStreams(), 2, 10*time.Second)
	h.fault("m1", "")
	time.Sleep(30 * time.Second)
	if b := h.first(); b.State != "closed" {
		return "half a minute after it is well it is " + b.State
	}
	return ""
}

// placesAreBounded: a fallback is given no more at once than it may be.
func placesAreBounded(h *house) string {
	h.fault("m1", "refused")
	h.traffic(inStreams(), 20, 20*time.Second)
	if n := h.inFlight("m2"); n > 5 {
		return fmt.Sprintf("%d in flight at the fallback at once", n)
	}
	return ""
}
