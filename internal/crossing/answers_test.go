package crossing

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// answered are the recorded answers of a dialect that came to a proper end.
func answered(t *testing.T, s *side, streamed bool, f func(r *corpus.Record)) {
	t.Helper()
	n := 0
	for _, r := range s.records(t) {
		if r.Status >= 300 || r.Has("error_in_200") || r.Has("in_stream_error") || r.Suspect != nil {
			continue
		}
		if streamed == (r.ResponseText != "") {
			n++
			f(r)
		}
	}
	t.Logf("%s: %d answers", s.name, n)
	if n < 100 {
		t.Errorf("only %d answers were found", n)
	}
}

// TestAnswersCross writes every recorded answer for a client of the other
// dialect, reads it as that client would, and wants the same answer but for
// what was named.
func TestAnswersCross(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		t.Run(from.name+" for "+to.name, func(t *testing.T) {
			lost, kinds := count{}, count{}
			answered(t, from, false, func(r *corpus.Record) {
				got, err := from.dialect.Decode(r.ResponseBody)
				if err != nil {
					kinds.add("unreadable: "+err.Error(), r.ID)
					return
				}
				body, dropped, err := to.answer(nil, got)
				if err != nil {
					t.Errorf("record %s: %v", r.ID, err)
					return
				}
				for _, name := range dropped {
					lost.add(places.ReplaceAllString(name, "[]"), r.ID)
				}
				again, err := to.dialect.Decode(body)
				if err != nil {
					t.Errorf("record %s: what was written cannot be read: %v\n%.300s", r.ID, err, body)
					return
				}
				sameAnswer(t, r.ID, to, got, again, len(dropped) > 0)
			})
			lost.log(t, "named as lost", 3)
			kinds.log(t, "others", 3)
		})
	}
}

// sameAnswer compares what a client of either dialect needs: the first choice's
// text, calls and refusals, why it ended, and the counts. Thoughts, blocks of
// tools that run at the provider and other choices may be missing if something
// was named as lost.
func sameAnswer(t *testing.T, id string, to *side, want, got *switchgear.Response, lossy bool) {
	t.Helper()
	if len(want.Choices) == 0 || len(got.Choices) == 0 {
		if len(want.Choices) != len(got.Choices) {
			t.Errorf("record %s: %d choices became %d", id, len(want.Choices), len(got.Choices))
		}
		return
	}
	if want.Model != got.Model {
		t.Errorf("record %s: model %q became %q", id, want.Model, got.Model)
	}
	adapt(want, got, lossy)
	if diff := cmp.Diff(said(&want.Choices[0], false), said(&got.Choices[0], false)); diff != "" {
		t.Errorf("record %s (-was +is)\n%s", id, diff)
	}
	if diff := cmp.Diff(said(&want.Choices[0], true), said(&got.Choices[0], true)); diff != "" && !lossy {
		t.Errorf("record %s, nothing was named as lost, but (-was +is)\n%s", id, diff)
	}
	a, b := ending(want), ending(got)
	forced := a == switchgear.FinishNone                                                       // a protocol that must give a reason gives one
	paused := a == switchgear.FinishPause && b == switchgear.FinishStop && to.name == "openai" // which has no word for it
	if a != b && !forced && !paused {
		t.Errorf("record %s: the end %v became %v (%+v)", id, a, b, want.Choices[0].Finish)
	}
	sameUsage(t, id, to, &want.Usage, &got.Usage)
}

// adapt gives the wanted calls what a protocol demands of each: an id, and
// arguments that are an object where others were named as lost.
func adapt(want, got *switchgear.Response, lossy bool) {
	is := got.ToolCalls()
	n := 0
	for i := range want.Choices[0].Parts {
		call := want.Choices[0].Parts[i].Call
		if call == nil || n >= len(is) {
			continue
		}
		own := *call
		if own.ID == "" && is[n].ID != "" {
			own.ID = is[n].ID
		}
		if lossy && !strings.HasPrefix(strings.TrimSpace(own.Arguments), "{") {
			own.Arguments = "{}"
		}
		want.Choices[0].Parts[i].Call = &own
		n++
	}
}

// said is what a choice says, texts joined. All adds what a client can do
// without.
func said(c *switchgear.Choice, all bool) []string {
	var text strings.Builder
	var out []string
	for i := range c.Parts {
		switch p := &c.Parts[i]; p.Kind {
		case switchgear.PartText, switchgear.PartRefusal:
			text.WriteString(p.Text)
		case switchgear.PartToolCall:
			out = append(out, "call "+p.Call.ID+" "+p.Call.Name+" "+arguments(p.Call.Arguments))
		case switchgear.PartThinking:
			if all && p.Text != "" {
				out = append(out, "thought "+p.Text)
			}
		default:
			if all {
				out = append(out, "other "+compact(p.Raw))
			}
		}
	}
	if text.Len() > 0 {
		out = append([]string{"text " + text.String()}, out...)
	}
	return out
}

// ending is why an answer ended. A forced call that ends with "stop" ends with
// a call where the protocol has a word for it.
func ending(r *switchgear.Response) switchgear.FinishKind {
	c := &r.Choices[0]
	if c.Finish.Kind == switchgear.FinishStop && len(r.ToolCalls()) > 0 {
		return switchgear.FinishToolCall
	}
	return c.Finish.Kind
}

func sameUsage(t *testing.T, id string, to *side, want, got *switchgear.Usage) {
	t.Helper()
	for f, name := range map[switchgear.UsageField]string{
		switchgear.UsageInput: "input", switchgear.UsageOutput: "output", switchgear.UsageCacheRead: "cache read",
	} {
		a, b := *want, *got
		if want.Has(f) && (!got.Has(f) || pick(&a, f) != pick(&b, f)) {
			t.Errorf("record %s, for %s: %s tokens %d became %d (%+v, %+v)", id, to.name, name, pick(&a, f), pick(&b, f), want, got)
		}
	}
}

func pick(u *switchgear.Usage, f switchgear.UsageField) int64 {
	switch f {
	case switchgear.UsageInput:
		return u.Input
	case switchgear.UsageOutput:
		return u.Output
	default:
		return u.CacheRead
	}
}

// TestStreamsCross writes the events of every recorded stream as frames of the
// other dialect, reads those, and wants the same answer.
func TestStreamsCross(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		t.Run(from.name+" for "+to.name, func(t *testing.T) {
			others := count{}
			answered(t, from, true, func(r *corpus.Record) {
				want, frames, err := retell(from, to, r.ResponseText)
				if err != nil {
					others.add("unreadable: "+err.Error(), r.ID)
					return
				}
				got, err := collect(to.dialect.Events(strings.NewReader(string(frames))))
				if err != nil {
					t.Errorf("record %s: what was written is no whole stream: %v\n%.400s", r.ID, err, frames)
					return
				}
				sameAnswer(t, r.ID, to, want, got, true)
				others.add("streams", r.ID)
				for i := range want.Choices[0].Parts {
					p := &want.Choices[0].Parts[i]
					if p.Kind == switchgear.PartThinking && p.Origin == "anthropic" && p.Signature != "" {
						others.add("streams with a signed thought", r.ID)
						if !strings.Contains(string(frames), p.Signature) {
							t.Errorf("record %s: the signature of a thought is gone", r.ID)
						}
					}
				}
				asWhole(t, r.ID, to, want, got)
			})
			others.log(t, "others", 3)
		})
	}
}

// asWhole writes the answer a stream made as one body, and wants a client to
// read the same there as it read in the frames.
func asWhole(t *testing.T, id string, to *side, told, frames *switchgear.Response) {
	t.Helper()
	body, _, err := to.answer(nil, told)
	if err != nil {
		t.Errorf("record %s: %v", id, err)
		return
	}
	whole, err := to.dialect.Decode(body)
	if err != nil || len(whole.Choices) != len(frames.Choices) {
		t.Errorf("record %s: %d choices as a body, %d as frames (%v)", id, len(whole.Choices), len(frames.Choices), err)
		return
	}
	for i := range whole.Choices {
		if diff := cmp.Diff(said(&whole.Choices[i], true), said(&frames.Choices[i], true)); diff != "" {
			t.Errorf("record %s (-as a body +as frames)\n%s", id, diff)
		}
	}
	if a, b := ending(whole), ending(frames); a != b {
		t.Errorf("record %s: the end is %v as a body and %v as frames", id, a, b)
	}
	sameUsage(t, id, to, &whole.Usage, &frames.Usage)
}

// retell reads a stream, and writes it in the other dialect as it comes.
func retell(from, to *side, text string) (whole *switchgear.Response, frames []byte, err error) {
	ask := &switchgear.Request{Options: map[string]json.RawMessage{"openai": []byte(`{"stream_options":{"include_usage":true}}`)}}
	w := to.stream(ask)
	s := from.dialect.Events(strings.NewReader(text))
	c := newCollector()
	for s.Next() {
		e := s.Event()
		c.take(&e)
		frames = w.Event(frames, &e)
	}
	if err := s.Err(); err != nil {
		return nil, nil, err
	}
	c.r.Usage.Estimated = false
	return c.whole(), w.End(frames, &c.r.Usage), nil
}

// collector puts a stream together.
type collector struct {
	r     switchgear.Response
	parts map[[2]int]int // (choice, index) to place
}

func newCollector() *collector { return &collector{parts: make(map[[2]int]int)} }

func collect(s switchgear.Stream) (*switchgear.Response, error) {
	c := newCollector()
	for s.Next() {
		e := s.Event()
		c.take(&e)
	}
	return c.whole(), s.Err()
}

func (c *collector) whole() *switchgear.Response { return &c.r }

func (c *collector) choice(i int) *switchgear.Choice {
	for len(c.r.Choices) <= i {
		c.r.Choices = append(c.r.Choices, switchgear.Choice{Index: len(c.r.Choices)})
	}
	return &c.r.Choices[i]
}

func (c *collector) part(e *switchgear.Event, kind switchgear.PartKind) *switchgear.Part {
	choice := c.choice(e.Choice)
	at, ok := c.parts[[2]int{e.Choice, e.Index}]
	if !ok {
		at = len(choice.Parts)
		c.parts[[2]int{e.Choice, e.Index}] = at
		part := switchgear.Part{Kind: kind}
		if e.Part != nil {
			part = *e.Part
			if part.Call != nil {
				own := *part.Call // the event's is only lent
				part.Call = &own
			}
		}
		choice.Parts = append(choice.Parts, part)
	}
	return &choice.Parts[at]
}

func (c *collector) take(e *switchgear.Event) {
	c.r.Usage.Merge(&e.Usage)
	switch e.Kind {
	case switchgear.EventStart:
		c.r.ID, c.r.Model = e.ID, e.Model
	case switchgear.EventPart:
		c.part(e, switchgear.PartOther)
	case switchgear.EventText:
		c.part(e, switchgear.PartText).Text += e.Text
	case switchgear.EventThinking:
		c.part(e, switchgear.PartThinking).Text += e.Text
	case switchgear.EventRefusal:
		c.part(e, switchgear.PartRefusal).Text += e.Text
	case switchgear.EventSignature:
		c.part(e, switchgear.PartThinking).Signature += e.Text
	case switchgear.EventToolCall:
		if p := c.part(e, switchgear.PartToolCall); p.Call != nil {
			p.Call.Arguments += e.Text
		}
	case switchgear.EventFinish:
		c.choice(e.Choice).Finish = e.Finish
	case switchgear.EventOther, switchgear.EventPing, switchgear.EventPartEnd, switchgear.EventUsage, switchgear.EventDelta:
	}
}

// TestStreamedAndWhole finds requests that were recorded both ways, and wants
// the two answers to have the same shape: models do not say the same twice.
func TestStreamedAndWhole(t *testing.T) {
	a, o := sides()
	for _, s := range []*side{a, o} {
		t.Run(s.name, func(t *testing.T) {
			whole := make(map[string]*corpus.Record)
			answered(t, s, false, func(r *corpus.Record) {
				if len(r.RequestBody) > 4 {
					whole[question(r)] = r
				}
			})
			pairs, odd := 0, count{}
			answered(t, s, true, func(r *corpus.Record) {
				other := whole[question(r)]
				if len(r.RequestBody) <= 4 || other == nil {
					return
				}
				pairs++
				one, err := s.dialect.Decode(other.ResponseBody)
				if err != nil {
					t.Fatalf("record %s: %v", other.ID, err)
				}
				two, err := collect(s.dialect.Events(strings.NewReader(r.ResponseText)))
				if err != nil {
					t.Fatalf("record %s: %v", r.ID, err)
				}
				if x, y := shape(one), shape(two); x != y {
					odd.add(x+" | "+y, other.ID+"/"+r.ID)
				}
			})
			t.Logf("%d requests were recorded both ways", pairs)
			differ := 0
			for _, ids := range odd {
				differ += len(ids)
			}
			if pairs < 40 || 4*differ > pairs { // models do differ a little from one time to the next
				t.Errorf("of %d requests that were recorded both ways, %d have answers of another shape", pairs, differ)
			}
			odd.log(t, "shapes that differ (whole | streamed)", 5)
		})
	}
}

// question is a request without how it wants its answer.
func question(r *corpus.Record) string {
	body := leavesOf(nil, r.RequestBody)
	var b strings.Builder
	b.WriteString(r.Provider)
	for _, line := range body {
		if !strings.HasPrefix(line, ".stream") {
			b.WriteString("\n" + line)
		}
	}
	return b.String()
}

// shape is what an answer consists of.
func shape(r *switchgear.Response) string {
	if len(r.Choices) == 0 {
		return "nothing"
	}
	c := &r.Choices[0]
	words := map[switchgear.PartKind]string{switchgear.PartText: "text", switchgear.PartThinking: "thinking", switchgear.PartToolCall: "call", switchgear.PartRefusal: "refusal"}
	var b strings.Builder
	before := ""
	for i := range c.Parts {
		word, ok := words[c.Parts[i].Kind]
		if !ok {
			word = "other"
		}
		if word != before {
			b.WriteString(word + " ")
		}
		before = word
	}
	return fmt.Sprint(b.String(), "end ", c.Finish.Kind)
}
