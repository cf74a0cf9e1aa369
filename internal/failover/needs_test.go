package failover

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/switchgear-dev/switchgear"
)

func media(kind switchgear.PartKind, mime string) switchgear.Part {
	return switchgear.Part{Kind: kind, Media: &switchgear.Media{Type: mime, Data: "AAAA"}}
}

// asking is a request for everything a model can lack.
func asking() *switchgear.Request {
	req := ask0()
	req.Tools = []switchgear.Tool{{Name: "f"}}
	req.Output = &switchgear.Output{Schema: []byte(`{}`)}
	req.Messages = append(req.Messages, switchgear.Message{Role: switchgear.RoleUser, Parts: []switchgear.Part{
		{Text: "see"},
		media(switchgear.PartDocument, "text/plain"), media(switchgear.PartDocument, "application/pdf"), media(switchgear.PartAudio, "audio/wav"),
		{Kind: switchgear.PartToolResult, Result: &switchgear.ToolResult{Parts: []switchgear.Part{media(switchgear.PartImage, "image/png")}}},
	}})
	return req
}

// A target whose model is known to lack something is not called for it; if that
// leaves no target, the error names each part of the request and each target.
func TestLacks(t *testing.T) {
	for feature, want := range map[Feature]string{
		FeatureTools:  "a/m cannot call tools (tools)",
		FeatureSchema: "a/m cannot hold an answer to a JSON Schema (output)",
		FeatureImage:  "a/m does not read images (messages[1].parts[4].result.parts[0])",
		FeaturePDF:    "a/m does not read PDF documents (messages[1].parts[2])",
		FeatureAudio:  "a/m does not hear audio (messages[1].parts[3])",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := set(t, nil, nil)
			s.plan.Steps[0].Lacks = feature
			resp, err := s.runner.Complete(t.Context(), s.plan, asking())
			if err != nil || s.counts() != "0 1" || "a/m "+resp.Trace.Attempts[0].Skipped != want {
				t.Fatalf("%v after %s calls: %+v", err, s.counts(), resp)
			}
			s.plan.Steps[1].Lacks = FeatureTools
			_, err = s.runner.Stream(t.Context(), s.plan, asking())
			e, ok := errors.AsType[*switchgear.Error](err)
			if !ok || e.Class != switchgear.ClassInvalid || e.Code != CodeUnsupported || s.counts() != "0 1" ||
				e.Message != `route "chat" has no target that can do this: `+want+", b/m cannot call tools (tools). Use another route." ||
				!strings.HasSuffix(want, "("+e.Param+")") {
				t.Errorf("%v after %s calls, param %s", err, s.counts(), e.Param)
			}
			resp, err = s.runner.Complete(t.Context(), s.plan, ask0())
			if err != nil || resp.Trace.Step != 1 {
				t.Errorf("a request that needs nothing was kept from the first step: %v", err)
			}
		})
	}
}

// A request that is much too long for a model is not sent there. What is a
// little too long, or long only for its media or its blanks, is.
func TestMuchTooLong(t *testing.T) {
	words := func(n int) string { return strings.Repeat("word ", n/5) }
	for name, c := range map[string]struct {
		part  switchgear.Part
		tries string
	}{
		"fits":      {switchgear.Part{Text: words(4_000)}, "1 0"},
		"too long":  {switchgear.Part{Text: words(7_900)}, "1 0"}, // 1,975 tokens: within the margin
		"much more": {switchgear.Part{Text: words(8_200)}, "0 1"},
		"blanks":    {switchgear.Part{Text: strings.Repeat(" ", 100_000)}, "1 0"},
		"an image":  {switchgear.Part{Kind: switchgear.PartImage, Media: &switchgear.Media{Data: words(100_000)}}, "1 0"},
		"Chinese":   {switchgear.Part{Text: strings.Repeat("字", 2_100)}, "0 1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := set(t, nil, nil)
			s.plan.Steps[0].Context, s.plan.Steps[1].Context = 1000, 1_000_000
			req := ask0()
			req.Messages[0].Parts = []switchgear.Part{c.part}
			_, err := s.runner.Complete(t.Context(), s.plan, req)
			if err != nil || s.counts() != c.tries {
				t.Errorf("%s: %v after %s calls, want %s", name, err, s.counts(), c.tries)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil)
		s.plan.Steps[0].Context = 1000
		req := ask0()
		req.Messages[0].Parts[0].Text = words(20_000)
		_, err := s.runner.Complete(t.Context(), s.plan, req)
		e, ok := errors.AsType[*switchgear.Error](err)
		want := `prompt is too long for route "chat": a/m reads at most 1000 tokens, and messages has about 5004. ` +
			`Shorten the request, or use another route.`
		if !ok || e.Class != switchgear.ClassContext || e.Code != CodeTooLong || e.Message != want || e.Param != "messages" || s.counts() != "0" {
			t.Errorf("%v after %s calls", err, s.counts())
		}
	})
}

// The bytes of a request are read only if they may ask for what is lacking, and
// once. What cannot be read is left to the target.
func TestNeedsOfWire(t *testing.T) {
	for name, c := range map[string]struct {
		may    Feature
		broken error
		reads  int
		tries  string
	}{
		"nothing at a glance": {0, nil, 0, "1 0"},
		"something":           {FeatureImage, nil, 1, "0 1"},
		"nothing on reading":  {FeatureTools, nil, 1, "1 0"},
		"cannot be read":      {FeatureImage, errors.New("broken"), 1, "1 0"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := set(t, nil, nil)
			s.plan.Steps[0].Lacks = FeatureImage | FeatureTools
			reads := 0
			s.runner.decode = func(*switchgear.Wire) (*switchgear.Request, error) {
				reads++
				req := asking()
				req.Tools = nil
				return req, c.broken
			}
			s.runner.may = func(_ *switchgear.Wire, of Feature) Feature { return of & c.may }
			_, err := s.runner.Complete(t.Context(), s.plan, wired())
			if err != nil || reads != c.reads || s.counts() != c.tries {
				t.Errorf("%s: %v after %s calls, read %d times", name, err, s.counts(), reads)
			}
		})
	}
}

// Knowing what models lack costs a request that asks for nothing of it no
// allocation.
func TestNeedsAllocate(t *testing.T) {
	r, plan := NewRunner(Options{
		Decode: func(*switchgear.Wire) (*switchgear.Request, error) { return nil, errors.New("must not be read") },
		May:    func(*switchgear.Wire, Feature) Feature { return 0 },
	}), instantPlan()
	req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("{}")}}
	run := func() {
		if _, err := r.Complete(t.Context(), plan, req); err != nil {
			t.Fatal(err)
		}
	}
	before := testing.AllocsPerRun(200, run)
	plan.Steps[0].Lacks, plan.Steps[0].Context = FeatureAudio|FeatureImage, 200_000
	if after := testing.AllocsPerRun(200, run); after != before {
		t.Errorf("%v allocations, %v without", after, before)
	}
}

// A count that no target can give is an estimate, and says so.
func TestCountEstimated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil, nil)
		s.plan.Steps[0].Provider = s.fakes[0] // cannot count
		s.plan.Steps[1].Dialects = []string{"anthropic"}
		for name, c := range map[string]struct {
			req  *switchgear.Request
			want int64
		}{
			"typed":      {switchgear.Ask("chat", "twelve bytes"), 3 + 4},
			"wire":       {&switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("twenty bytes of text")}}, 5 + 4},
			"unreadable": {&switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("?and twelve bytes")}}, 4},
			"an image":   {&switchgear.Request{Messages: []switchgear.Message{{Parts: []switchgear.Part{media(switchgear.PartImage, "image/png")}}}}, 1604},
			"a document": {&switchgear.Request{System: []switchgear.Part{{Kind: switchgear.PartDocument, Media: &switchgear.Media{Type: "application/pdf", Data: strings.Repeat("A", 4000)}}}}, 75},
		} {
			s.runner.decode = func(w *switchgear.Wire) (*switchgear.Request, error) {
				if w.Body[0] == '?' {
					return nil, errors.New("broken")
				}
				return switchgear.Ask("", string(w.Body)), nil
			}
			if c.req.Wire == nil {
				s.plan.Steps[1].Provider = s.fakes[1]
			}
			count, err := s.runner.CountTokens(t.Context(), s.plan, c.req)
			if err != nil || !count.Estimated || count.Input != c.want || s.counts() != "0 0" || count.Trace.Step != 0 || len(count.Trace.Attempts) != 2 {
				t.Errorf("%s: %+v, %v after %s calls", name, count, err, s.counts())
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{err: fault(switchgear.ClassOverloaded)}})
		_, err := s.runner.CountTokens(t.Context(), s.plan, ask0())
		if e, ok := errors.AsType[*switchgear.Error](err); !ok || e.Class != switchgear.ClassExhausted {
			t.Errorf("a target that can count and failed is passed over: %v", err)
		}
	})
}
