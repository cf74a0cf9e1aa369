package failover

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

// shout is a mender that writes small letters large, and has enough of a text
// that has none. It counts how often it is asked.
type shout struct{ wanted, asked int }

func (s *shout) Wants(text string) bool {
	s.wanted++
	return text != strings.ToUpper(text)
}

func (s *shout) Mend(req *switchgear.Request, text string) (string, []string) {
	s.asked++
	if req.Output == nil {
		return text, nil
	}
	return strings.ToUpper(text), []string{"shout"}
}

// mended plans one step and asks for an answer in the declared form.
func mended(t *testing.T, f *fake) (*Plan, *shout) {
	t.Helper()
	s := &shout{}
	plan := &Plan{Route: "read", Length: 1, Commit: CommitWhole, Mender: s}
	plan.Steps = []Step{{Number: 1, Target: f.target, Provider: f}}
	return plan, s
}

func formed() *switchgear.Request {
	req := switchgear.Ask("read", "hello")
	req.Output = &switchgear.Output{}
	return req
}

func choice(index int, end switchgear.Finish, parts ...switchgear.Part) switchgear.Choice {
	return switchgear.Choice{Index: index, Parts: parts, Finish: end}
}

var (
	itsEnd   = switchgear.Finish{Kind: switchgear.FinishStop}
	aThought = switchgear.Part{Kind: switchgear.PartThinking, Text: "hm", Signature: "s"}
	called   = switchgear.Part{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "1", Name: "f", Arguments: "{}"}}
)

func spoken(text string) switchgear.Part { return switchgear.Part{Text: text} }

// TestMendWhole: what is changed is the text of plain choices that came to
// their own end, and nothing else.
func TestMendWhole(t *testing.T) {
	cited := switchgear.Part{Text: "see", Extra: map[string]json.RawMessage{"citations": json.RawMessage(`[{"at":1}]`)}}
	uncited := switchgear.Part{Text: "see", Extra: map[string]json.RawMessage{"citations": json.RawMessage(`null`)}}
	for _, c := range []struct {
		name string
		in   switchgear.Choice
		want []switchgear.Part // nil for unchanged
	}{
		{"plain", choice(0, itsEnd, spoken("a")), []switchgear.Part{spoken("A")}},
		{"already so", choice(0, itsEnd, spoken("A")), nil},
		{"after a thought", choice(0, itsEnd, aThought, spoken("a")), []switchgear.Part{aThought, spoken("A")}},
		{"in two parts", choice(0, itsEnd, spoken("a"), aThought, spoken("b")), []switchgear.Part{spoken("AB"), aThought}},
		{"beside a tool call", choice(0, itsEnd, spoken("a"), called), nil},
		{"refused", choice(0, itsEnd, switchgear.Part{Kind: switchgear.PartRefusal, Text: "no"}), nil},
		{"with citations", choice(0, itsEnd, cited), nil},
		{"without citations, said aloud", choice(0, itsEnd, uncited), []switchgear.Part{{Text: "SEE", Extra: uncited.Extra}}},
		{"cut", choice(0, switchgear.Finish{Kind: switchgear.FinishLength}, spoken("a")), nil},
		{"cut by a stop sequence", choice(0, switchgear.Finish{Kind: switchgear.FinishStop, Sequence: "x"}, spoken("a")), nil},
		{"filtered", choice(0, switchgear.Finish{Kind: switchgear.FinishFilter}, spoken("a")), nil},
		{"of no known end", choice(0, switchgear.Finish{}, spoken("a")), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			given := &switchgear.Response{
				ID: "i", Model: "m", Usage: tokens(10, 5), Choices: []switchgear.Choice{c.in},
				Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("old")},
			}
			before := append([]switchgear.Part(nil), c.in.Parts...)
			f := &fake{acts: []act{{resp: given}}}
			plan, _ := mended(t, f)
			got, err := NewRunner(Options{}).Complete(t.Context(), plan, formed())
			if err != nil {
				t.Fatal(err)
			}
			want, by, body := c.want, []string{"shout"}, ""
			if want == nil {
				want, by, body = before, nil, "old"
			}
			if diff := cmp.Diff(want, got.Choices[0].Parts); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(by, got.Trace.Normalised); diff != "" {
				t.Error(diff)
			}
			if got.ID != "i" || got.Model != "m" || got.Usage != given.Usage || got.Choices[0].Finish != c.in.Finish || string(got.Wire.Body) != body {
				t.Errorf("%+v, wire %q", got, got.Wire.Body)
			}
		})
	}
}

// TestMendSeveral: of several choices those are changed that need it.
func TestMendSeveral(t *testing.T) {
	f := &fake{acts: []act{{resp: &switchgear.Response{Choices: []switchgear.Choice{
		choice(0, itsEnd, spoken("a")), choice(1, itsEnd, spoken("B")), choice(2, itsEnd, spoken("c"), called), choice(3, itsEnd, spoken("d")),
	}}}}}
	plan, s := mended(t, f)
	got, err := NewRunner(Options{}).Complete(t.Context(), plan, formed())
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for i := range got.Choices {
		texts = append(texts, got.Choices[i].Parts[0].Text)
	}
	if diff := cmp.Diff([]string{"A", "B", "c", "D"}, texts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"shout"}, got.Trace.Normalised); diff != "" || s.asked != 2 {
		t.Errorf("asked %d times: %s", s.asked, diff)
	}
}

// TestMendReadsLate: a request that came over the wire is read only if an
// answer looks wrong, and one that cannot be read leaves the answer alone.
func TestMendReadsLate(t *testing.T) {
	wire := func() *switchgear.Request {
		return &switchgear.Request{Route: "read", Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("{}")}}
	}
	for _, c := range []struct {
		text, want string
		err        error
		reads      int
	}{
		{"FINE", "FINE", nil, 0}, {"wrong", "WRONG", nil, 1}, {"wrong", "wrong", fault(switchgear.ClassInvalid), 1},
	} {
		reads := 0
		runner := NewRunner(Options{Decode: func(*switchgear.Wire) (*switchgear.Request, error) {
			reads++
			return formed(), c.err
		}})
		f := &fake{acts: []act{{resp: &switchgear.Response{Usage: tokens(1, 1), Choices: []switchgear.Choice{choice(0, itsEnd, spoken(c.text))}}}}}
		plan, _ := mended(t, f)
		plan.Steps[0].Dialects = []string{"openai"}
		req := wire()
		got, err := runner.Complete(t.Context(), plan, req)
		if err != nil || got.Text() != c.want || reads != c.reads {
			t.Errorf("%q: %q after %d readings, %v", c.text, got.Text(), reads, err)
		}
		if len(got.Trace.Normalised) > 0 && req.Wire.Values == nil {
			t.Error("who writes the changed answer has no values of the request")
		}
	}
}

func event(kind switchgear.EventKind, choice, index int, text string) beat {
	return beat{event: switchgear.Event{Kind: kind, Choice: choice, Index: index, Text: text, Raw: []byte("<raw>")}}
}

func part(choice, index int, p switchgear.Part) beat {
	b := event(switchgear.EventPart, choice, index, "")
	b.event.Part = &p
	return b
}

func end(choice int, f switchgear.Finish) beat {
	b := event(switchgear.EventFinish, choice, 0, "")
	b.event.Finish = f
	return b
}

// heard is what a stream says, by choice: texts in front of a bar, and how it
// ended behind it.
func heard(t *testing.T, s switchgear.Stream) (said map[int]string, raws int) {
	t.Helper()
	said = map[int]string{}
	for e, err := range switchgear.Events(s) {
		if err != nil {
			t.Fatal(err)
		}
		raws += len(e.Raw)
		switch e.Kind {
		case switchgear.EventText:
			said[e.Choice] += e.Text
		case switchgear.EventPart:
			said[e.Choice] += "[" + e.Part.Text
		case switchgear.EventPartEnd:
			said[e.Choice] += "]"
		case switchgear.EventToolCall:
			said[e.Choice] += "(" + e.Text + ")"
		case switchgear.EventFinish:
			said[e.Choice] += "|"
		default:
		}
	}
	return said, raws
}

// TestMendStream: the text of a changed choice comes where the first of the old
// one came, between the same parts, and the frames are gone; a stream without a
// changed choice is what it was.
func TestMendStream(t *testing.T) {
	const (
		txt = switchgear.EventText
		fin = switchgear.EventPartEnd
	)
	for _, c := range []struct {
		name    string
		in      []beat
		want    map[int]string
		changed bool
	}{
		{"bare", []beat{opening("x"), event(txt, 0, 0, "a"), event(txt, 0, 0, "b"), end(0, itsEnd)}, map[int]string{0: "AB|"}, true},
		{"in parts", []beat{
			part(0, 0, switchgear.Part{Text: "a"}), event(txt, 0, 0, "b"), event(fin, 0, 0, ""), part(0, 1, aThought), event(fin, 0, 1, ""),
			part(0, 2, switchgear.Part{Text: "c"}), event(fin, 0, 2, ""), end(0, itsEnd),
		}, map[int]string{0: "[ABC][hm][]|"}, true},
		{"already so", []beat{event(txt, 0, 0, "A"), event(txt, 0, 0, "B"), end(0, itsEnd)}, map[int]string{0: "AB|"}, false},
		{"of several", []beat{
			event(txt, 1, 0, "b"), event(txt, 0, 0, "A"), event(txt, 2, 0, "c"), event(txt, 1, 0, "b"), part(2, 1, called), end(2, itsEnd), end(0, itsEnd), end(1, itsEnd),
		}, map[int]string{0: "A|", 1: "BB|", 2: "c[|"}, true},
		{"calling a tool", []beat{event(txt, 0, 0, "a"), part(0, 1, called), event(switchgear.EventToolCall, 0, 1, "{}"), end(0, itsEnd)}, map[int]string{0: "a[({})|"}, false},
		{"cut", []beat{event(txt, 0, 0, "a"), end(0, switchgear.Finish{Kind: switchgear.FinishLength})}, map[int]string{0: "a|"}, false},
		{"refused", []beat{event(switchgear.EventRefusal, 0, 0, "no"), event(txt, 0, 1, "a"), end(0, itsEnd)}, map[int]string{0: "a|"}, false},
		{"cited", []beat{event(txt, 0, 0, "a"), event(switchgear.EventDelta, 0, 0, "x"), end(0, itsEnd)}, map[int]string{0: "a|"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{acts: []act{{events: c.in}}}
			plan, _ := mended(t, f)
			s, err := NewRunner(Options{}).Stream(t.Context(), plan, formed())
			if err != nil {
				t.Fatal(err)
			}
			named := s.(switchgear.Traced).Trace().Normalised
			got, raws := heard(t, s)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if (len(named) > 0) != c.changed || (raws == 0) != c.changed {
				t.Errorf("named %v, with %d bytes of frames", named, raws)
			}
		})
	}
}

// TestMendFetched: an answer that is fetched as a stream and wanted whole is
// brought into its form as well.
func TestMendFetched(t *testing.T) {
	f := &fake{acts: []act{{events: []beat{event(switchgear.EventText, 0, 0, "a"), end(0, itsEnd)}}}}
	plan, _ := mended(t, f)
	plan.Fetch = FetchStream
	got, err := NewRunner(Options{}).Complete(t.Context(), plan, formed())
	if err != nil || got.Text() != "A" || len(got.Trace.Normalised) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestMendPieces: a long text comes in pieces, cut between characters.
func TestMendPieces(t *testing.T) {
	long := strings.Repeat("ä", 3000) + "." + strings.Repeat("€", 3000)
	f := &fake{acts: []act{{events: []beat{event(switchgear.EventText, 0, 0, long), end(0, itsEnd)}}}}
	plan, _ := mended(t, f)
	s, err := NewRunner(Options{}).Stream(t.Context(), plan, formed())
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for e := range switchgear.Events(s) {
		if len(e.Text) > pieceBytes || !utf8.ValidString(e.Text) {
			t.Fatalf("a piece of %d bytes: %q", len(e.Text), e.Text)
		}
		text += e.Text
	}
	if text != strings.ToUpper(long) {
		t.Error("the pieces are not the text")
	}
}

// ear notes which models answered.
type ear struct{ names []string }

func (e *ear) Answered(model string) { e.names = append(e.names, model) }

// TestWitness: whoever watches a step hears which model answered, however it
// was asked, and nothing of answers that do not say.
func TestWitness(t *testing.T) {
	start := beat{event: switchgear.Event{Kind: switchgear.EventStart, Model: "streamed"}}
	whole := answer("x")
	whole.Model = "whole"
	f := &fake{acts: []act{{resp: whole}, {events: []beat{start, text(0, "x"), finish(switchgear.FinishStop)}}, {}}}
	e := &ear{}
	plan := &Plan{Route: "read", Length: 1, Steps: []Step{{Number: 1, Target: f.target, Provider: f, Witness: e}}}
	r := NewRunner(Options{})
	if _, err := r.Complete(t.Context(), plan, formed()); err != nil {
		t.Fatal(err)
	}
	s, err := r.Stream(t.Context(), plan, formed())
	if err != nil {
		t.Fatal(err)
	}
	heard(t, s)
	if _, err := r.Complete(t.Context(), plan, formed()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"whole", "streamed"}, e.names); diff != "" {
		t.Error(diff)
	}
}
