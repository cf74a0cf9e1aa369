package eval

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	switchgear "github.com/switchgear-dev/switchgear"
)

// Grader judges one answer to one case. It is called for many cases at once,
// and must neither change the case nor keep the output.
//
// An error means that the grader could not judge (it crashed, it ran out of
// time, its model did not answer): the answer is then not wrong, it is
// ungraded. A case that the answer fails is a [Score], not an error.
type Grader interface {
	Grade(ctx context.Context, c *Case, out *Output) (Score, error)
}

// Checker is a [Grader] that can tell beforehand whether it can judge a case:
// whether what is expected is something it understands. Check is called when a
// set is loaded; it neither waits for anything nor runs anything.
type Checker interface {
	Check(c *Case) error
}

// Exemplar is a [Grader] that knows an answer it would let pass. A set whose
// other graders reject that answer can be passed by nobody, and loading says so.
type Exemplar interface {
	Exemplar(c *Case) (*Output, bool)
}

// External is a [Grader] that reaches out of the process, to a command or a
// model. Checking a set never grades with it.
type External interface {
	External() string // "runs a command", "asks a model"
}

// Every is a [Grader] that an answer passes only if every reading of it passes:
// one that demands that something is absent. For all others the lenient score
// is that of the cheapest reading that passes.
type Every interface {
	Every() bool
}

// Comparer is a [Grader] that can also set one answer against another. The
// score is the candidate's: 1 if it is better, 0 if it is worse, in between if
// it cannot be told.
type Comparer interface {
	Compare(ctx context.Context, c *Case, candidate, incumbent *Output) (Score, error)
}

// Fingerprinter is a [Grader] that judges by more than its settings: by a
// prompt of its own, say. The fingerprint goes into its hash.
type Fingerprinter interface {
	Fingerprint() string
}

// Completer answers a request: the runtime, as far as graders and runs need it.
type Completer interface {
	Complete(ctx context.Context, r *switchgear.Request) (*switchgear.Response, error)
}

// Score is what a grader says of an answer.
type Score struct {
	Value float64 // from 0 to 1
	Pass  bool
	Why   string // one sentence that says where it fails; may be empty for a pass
}

// Pass is the score of an answer that is right.
func Pass() Score { return Score{Value: 1, Pass: true} }

// Fail is the score of an answer that is wrong, and where.
func Fail(why string) Score { return Score{Why: why} }

// Output is what a model said, as far as graders look at it.
type Output struct {
	Text    string
	Calls   []switchgear.ToolCall
	Finish  switchgear.Finish
	Refusal string // the provider's own text of a refusal; "" if it named none
	Usage   switchgear.Usage
}

// OutputOf is what graders look at in an answer.
func OutputOf(r *switchgear.Response) *Output {
	out := &Output{Text: r.Text(), Calls: r.ToolCalls(), Usage: r.Usage}
	if len(r.Choices) == 0 {
		return out
	}
	out.Finish = r.Choices[0].Finish
	var b strings.Builder
	for i := range r.Choices[0].Parts {
		if p := &r.Choices[0].Parts[i]; p.Kind == switchgear.PartRefusal {
			b.WriteString(p.Text)
		}
	}
	out.Refusal = b.String()
	return out
}

// Constructor makes a grader of its settings. It complains about them through
// [Options] and may return nil if it did.
type Constructor func(o *Options) Grader

// Table is the graders that may stand in a set, by name.
type Table map[string]Constructor

// Graded is a grader as it stands in a set.
type Graded struct {
	Kind   string // its name in the [Table]
	Name   string // what reports call it: its kind, unless the set names it
	Gate   bool   // whether the verdict depends on it
	Weight float64
	Margin float64 // its own margin; 0 for the set's
	Grader Grader
	Hash   string // of everything that it judges by
}

// Ref is a setting that is either written out or points into what the case
// expects: "$expect" or "$expect.total".
type Ref struct {
	literal json.RawMessage
	path    string // "" for the whole of what is expected
	points  bool
}

// Ref reads a setting that may point into what the case expects. Where it is
// not there, it is everything the case expects. A text that really begins with
// $expect is written with two dollars.
func (o *Options) Ref(key string) Ref {
	v := o.Value(key)
	if v == nil {
		return Ref{points: true}
	}
	if v.Kind == String {
		if rest, ok := strings.CutPrefix(v.Text, "$expect"); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			if _, err := parsePath(rest); err != nil {
				o.Complain(key, Quote(v.Text)+" does not say where in the expected to look", "Write $expect, $expect.total or $expect.lines[0].")
			}
			return Ref{points: true, path: strings.TrimPrefix(rest, ".")}
		}
		if strings.HasPrefix(v.Text, "$$expect") {
			return Ref{literal: appendString(nil, v.Text[1:])}
		}
	}
	return Ref{literal: v.JSON()}
}

// Literal is a Ref to a value that is written out.
func Literal(v json.RawMessage) Ref { return Ref{literal: v} }

// Points reports whether the value differs from case to case.
func (r Ref) Points() bool { return r.points }

// String is how the setting is written.
func (r Ref) String() string {
	switch {
	case !r.points:
		return visible(string(r.literal), 80)
	case r.path == "":
		return "$expect"
	default:
		return "$expect." + r.path
	}
}

// errNoExpect is what a case without the expected gets where a grader wants it.
var errNoExpect = errors.New("the case does not say what is expected (expect)")

// Of is the value for a case, as JSON.
func (r Ref) Of(c *Case) (json.RawMessage, error) {
	if !r.points {
		return r.literal, nil
	}
	if len(c.Expect) == 0 {
		return nil, errNoExpect
	}
	v, err := Look(c.Expect, r.path)
	if err != nil {
		return nil, errors.New("expect: " + err.Error())
	}
	return v, nil
}

// Text is the value for a case as text: a string's content, anything else as
// JSON writes it.
func (r Ref) Text(c *Case) (string, error) {
	v, err := r.Of(c)
	if err != nil {
		return "", err
	}
	var s string
	if json.Unmarshal(v, &s) == nil && len(v) > 0 && v[0] == '"' {
		return s, nil
	}
	return string(v), nil
}
