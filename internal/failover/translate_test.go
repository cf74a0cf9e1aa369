package failover

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/switchgear-dev/switchgear"
)

// decoding lets the runner read requests, and counts how often it does.
func decoding(s *stage, err error) *int {
	n := 0
	s.runner.decode = func(w *switchgear.Wire) (*switchgear.Request, error) {
		n++
		if err != nil {
			return nil, err
		}
		return switchgear.Ask("", string(w.Body)), nil
	}
	return &n
}

func wired() *switchgear.Request {
	return &switchgear.Request{
		Route: "chat", Labels: map[string]string{"a": "b"},
		Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("{}")},
	}
}

// A target of another protocol is given the request's values, read once for
// all of them; one of the same is given the bytes, and then nothing is read.
func TestTranslation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{err: fault(switchgear.ClassOverloaded)}}, []act{{err: fault(switchgear.ClassOverloaded)}}, nil)
		s.plan.Steps[0].Dialects = []string{"anthropic"}
		s.plan.Steps[1].Dialects = nil
		s.plan.Steps[2].Dialects = []string{"openai"}
		reads := decoding(s, nil)
		req := wired()
		resp, err := s.runner.Complete(t.Context(), s.plan, req)
		if err != nil || s.counts() != "1 1 1" || *reads != 1 || resp.Trace.Translated {
			t.Fatalf("%v after %s calls, read %d times: %+v", err, s.counts(), *reads, resp)
		}
		if req.Wire.Values == nil || req.Wire.Values.Messages[0].Parts[0].Text != "{}" {
			t.Error("the values are not kept")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil)
		s.plan.Steps[0].Dialects = []string{"anthropic"}
		decoding(s, nil)
		st, err := s.runner.Stream(t.Context(), s.plan, wired())
		if err != nil {
			t.Fatal(err)
		}
		if !st.(switchgear.Traced).Trace().Translated {
			t.Error("the trace does not say that the answer is in another protocol")
		}
		_ = st.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil)
		s.plan.Steps[0].Dialects = []string{"openai"}
		if reads := decoding(s, nil); *reads != 0 {
			t.Error("a request was read that could pass as it came")
		}
	})
}

// A request whose values cannot be read is the caller's fault, unless a target
// of its own protocol can take it.
func TestTranslationFails(t *testing.T) {
	bad := &switchgear.Error{Class: switchgear.ClassInvalid, Message: "messages[0] is no object"}
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil, nil)
		s.plan.Steps[0].Dialects, s.plan.Steps[1].Dialects = []string{"anthropic"}, []string{"anthropic"}
		decoding(s, bad)
		_, err := s.runner.Complete(t.Context(), s.plan, wired())
		e, ok := errors.AsType[*switchgear.Error](err)
		if !ok || e.Message != bad.Message || s.counts() != "0 0" || e.Trace == nil {
			t.Errorf("%v after %s calls", err, s.counts())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil, nil)
		s.plan.Steps[0].Dialects, s.plan.Steps[1].Dialects = []string{"anthropic"}, []string{"openai"}
		decoding(s, bad)
		resp, err := s.runner.Complete(t.Context(), s.plan, wired())
		if err != nil || s.counts() != "0 1" || resp.Trace.Attempts[0].Skipped != skipTranslation {
			t.Errorf("%v after %s calls", err, s.counts())
		}
	})
}
