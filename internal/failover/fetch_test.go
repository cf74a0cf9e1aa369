package failover

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

// TestFetchStream: silence costs a whole answer the time to a first token, and
// what comes bit by bit is put together.
func TestFetchStream(t *testing.T) {
	part := func(choice, index int, p switchgear.Part) beat {
		return beat{event: switchgear.Event{Kind: switchgear.EventPart, Choice: choice, Index: index, Part: &p}}
	}
	piece := func(kind switchgear.EventKind, index int, text string) beat {
		return beat{event: switchgear.Event{Kind: kind, Index: index, Text: text}}
	}
	events := []beat{
		{event: switchgear.Event{Kind: switchgear.EventStart, ID: "id", Model: "m-1", Usage: tokens(9, 1)}},
		part(0, 0, switchgear.Part{Kind: switchgear.PartThinking, Origin: "anthropic"}),
		piece(switchgear.EventThinking, 0, "hm"), piece(switchgear.EventThinking, 0, "m"), piece(switchgear.EventSignature, 0, "sig"),
		ping(0),
		piece(switchgear.EventText, 1, "Hel"), piece(switchgear.EventText, 1, "lo"),
		{event: switchgear.Event{Kind: switchgear.EventDelta, Index: 1, Raw: []byte("a citation")}},
		{event: switchgear.Event{Kind: switchgear.EventDelta, Index: 1, Raw: []byte("another")}},
		part(0, 2, switchgear.Part{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "c", Name: "f"}}),
		piece(switchgear.EventToolCall, 2, `{"a":`), piece(switchgear.EventToolCall, 2, `1}`),
		{event: switchgear.Event{Kind: switchgear.EventText, Choice: 1, Text: "other"}},
		finish(switchgear.FinishToolCall),
		usage(9, 20),
	}
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{hang: true}}, []act{{events: events}})
		s.plan.Fetch = FetchStream
		resp, err := s.runner.Complete(t.Context(), s.plan, ask0())
		if err != nil || s.elapsed() != 3*time.Second {
			t.Fatalf("%v after %v", err, s.elapsed())
		}
		s.over(resp.Trace)
		want := []switchgear.Choice{{
			Finish: switchgear.Finish{Kind: switchgear.FinishToolCall, Reason: "why"},
			Parts: []switchgear.Part{
				{Kind: switchgear.PartThinking, Text: "hmm", Signature: "sig", Origin: "anthropic"},
				{Text: "Hello"},
				{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "c", Name: "f", Arguments: `{"a":1}`}},
			},
		}, {Index: 1, Parts: []switchgear.Part{{Text: "other"}}}}
		if diff := cmp.Diff(want, resp.Choices); diff != "" {
			t.Error(diff)
		}
		if resp.ID != "id" || resp.Model != "m-1" || resp.Usage.Total() != 29 || resp.Cost.USD != 29 || resp.Trace.Step != 2 {
			t.Errorf("%+v", resp)
		}
		if diff := cmp.Diff([]string{"answer.choices[0].parts[1]"}, resp.Trace.Dropped); diff != "" {
			t.Error(diff)
		}
	})
}

// TestFetchStreamCut: half of an answer is no answer, however far it came.
func TestFetchStreamCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{events: []beat{opening("a"), text(0, "from a, but")}, broken: fault(switchgear.ClassInterrupted)}}, []act{{events: []beat{text(0, "from b"), finish(switchgear.FinishStop)}}})
		s.plan.Fetch = FetchStream
		r := s.complete(t.Context())
		s.over(r.trace)
		if r.err != nil || r.text != "from b" || s.counts() != "1 1" {
			t.Errorf("%q, %v", r.text, r.err)
		}
	})
}

// TestFetchDeclined: a refusal that nobody betters is passed on.
func TestFetchDeclined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{events: []beat{text(0, "no"), finish(switchgear.FinishFilter)}}}, []act{{err: fault(switchgear.ClassOverloaded)}})
		s.plan.Fetch, s.plan.Policy = FetchStream, PolicyFallback
		r := s.complete(t.Context())
		s.over(r.trace)
		if r.err != nil || r.text != "no" || r.trace.Step != 1 {
			t.Errorf("%q from %d, %v", r.text, r.trace.Step, r.err)
		}
	})
}

// TestFetchWire: a request that came over the wire is told by its values, by
// whatever protocol the target goes: silence costs the time to a first token.
// Without a way to read it, it is fetched whole.
func TestFetchWire(t *testing.T) {
	for name, c := range map[string]struct {
		dialects []string
		unread   bool
		took     time.Duration
	}{
		"native":  {[]string{"openai"}, false, 3 * time.Second},
		"foreign": {nil, false, 3 * time.Second},
		"unread":  {[]string{"openai"}, true, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{{hang: true}}, nil)
				s.plan.Fetch, s.plan.Steps[0].Dialects = FetchStream, c.dialects
				if s.runner.decode = nil; !c.unread {
					s.runner.decode = func(*switchgear.Wire) (*switchgear.Request, error) { return ask0(), nil }
				}
				s.plan.Steps[1].Dialects = c.dialects
				req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("{}")}}
				resp, err := s.runner.Complete(t.Context(), s.plan, req)
				if err != nil || s.elapsed() != c.took || resp.Trace.Step != 2 || resp.Text() == "" {
					t.Errorf("%q, %v after %v", resp.Text(), err, s.elapsed())
				}
			})
		})
	}
}
