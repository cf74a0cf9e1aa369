package grade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

// toolCalls wants the model to call some tools with some arguments.
type toolCalls struct {
	want    eval.Ref
	ordered bool
	extra   bool // other calls do not matter
	spare   bool // other arguments do not matter
	text    bool // calls are read from the text where there are none proper
	options compareOptions
}

func newToolCalls(o *eval.Options) eval.Grader {
	o.Main("expect")
	g := &toolCalls{want: o.Ref("expect"), ordered: true}
	if word, ok := o.Word("order", "same", "any"); ok {
		g.ordered = word == "same"
	}
	if word, ok := o.Word("extra", "fail", "ignore"); ok {
		g.extra = word == "ignore"
	}
	if word, ok := o.Word("arguments", "exact", "subset"); ok {
		g.spare = word == "subset"
	}
	if word, ok := o.Word("in", "calls", "text"); ok {
		g.text = word == "text"
	}
	g.options.loose, _ = o.Bool("loose")
	g.options.near = readNearness(o)
	if !g.want.Points() {
		v, _ := g.want.Of(nil)
		if _, err := readExpected(v); err != nil {
			o.Complain("expect", err.Error(), "For example: [{name: find, arguments: {city: Bern}}].")
			return nil
		}
	}
	return g
}

// Format is the form of answers this grader can read.
func (g *toolCalls) Format() normalise.Kind {
	if g.text {
		return normalise.Calls
	}
	return normalise.Text
}

// expectedCall is a call that is wanted.
type expectedCall struct {
	name      string
	arguments map[string]expectedArgument
}

// expectedArgument is what an argument may be.
type expectedArgument struct {
	anyOf    []any
	optional bool
}

var errExpected = errors.New("the expected calls must be a list of {name, arguments}")

// readExpected reads the calls that are wanted. An argument is the value itself,
// or {any_of: [...], optional: true}.
func readExpected(v json.RawMessage) ([]expectedCall, error) {
	parsed, err := rawValue(v)
	if err != nil {
		return nil, errExpected
	}
	list, ok := parsed.([]any)
	if !ok {
		list = []any{parsed}
	}
	var calls []expectedCall
	for _, item := range list {
		object, _ := item.(map[string]any)
		name, ok := object["name"].(string)
		if !ok || name == "" {
			return nil, errExpected
		}
		c := expectedCall{name: name, arguments: map[string]expectedArgument{}}
		arguments, ok := object["arguments"].(map[string]any)
		if !ok && object["arguments"] != nil {
			return nil, errors.New("the arguments of the expected call " + eval.Quote(name) + " must be a map")
		}
		for key := range object {
			if key != "name" && key != "arguments" && key != "id" {
				return nil, errors.New("an expected call has a name and arguments, not " + eval.Quote(key))
			}
		}
		for key, value := range arguments {
			c.arguments[key] = readArgument(value)
		}
		calls = append(calls, c)
	}
	return calls, nil
}

func readArgument(v any) expectedArgument {
	object, ok := v.(map[string]any)
	if !ok {
		return expectedArgument{anyOf: []any{v}}
	}
	choices, ok := object["any_of"].([]any)
	optional, _ := object["optional"].(bool)
	for key := range object {
		if key != "any_of" && key != "optional" {
			return expectedArgument{anyOf: []any{v}}
		}
	}
	if !ok && !optional {
		return expectedArgument{anyOf: []any{v}}
	}
	return expectedArgument{anyOf: choices, optional: optional}
}

// Check also holds the expected calls against the tools the case offers: a
// call to a tool that the model does not have is one it cannot make.
func (g *toolCalls) Check(c *eval.Case) error {
	calls, err := g.expected(c)
	if err != nil || c.Request == nil || len(c.Request.Tools) == 0 {
		return err
	}
	for _, call := range calls {
		offered := false
		for i := range c.Request.Tools {
			offered = offered || sameName(c.Request.Tools[i].Name, call.name)
		}
		if !offered {
			return errors.New("the expected call " + eval.Quote(call.name) + " is to a tool that the case does not offer")
		}
	}
	return nil
}

// sameName reports whether a call is to a tool: providers replace what their
// rules do not allow in a name.
func sameName(tool, called string) bool {
	return tool == called || normalise.WireName(tool) == called
}

func (g *toolCalls) Grade(_ context.Context, c *eval.Case, out *eval.Output) (eval.Score, error) {
	want, err := g.expected(c)
	if err != nil {
		return eval.Score{}, err
	}
	made, why := g.made(out)
	if why != "" {
		return eval.Fail(why), nil
	}
	if len(made) == 0 && len(want) > 0 {
		return eval.Fail("no tool was called, expected " + names(want) + "; the answer begins " + eval.Quote(head(out.Text))), nil
	}
	matched, why := g.match(want, made)
	if why == "" {
		return eval.Pass(), nil
	}
	return eval.Score{Value: float64(matched) / float64(max(len(want), len(made), 1)), Why: why}, nil
}

// match pairs the wanted calls with those made, and says what is amiss.
func (g *toolCalls) match(want []expectedCall, made []normalise.Call) (int, string) {
	used := make([]bool, len(made))
	matched, why, next := 0, "", 0
	for i := range want {
		found := -1
		reason := ""
		for j := range made {
			if used[j] || (g.ordered && j < next) {
				continue
			}
			problem := g.call(&want[i], &made[j])
			if problem == "" {
				found = j
				break
			}
			if reason == "" && sameName(want[i].name, made[j].Name) {
				reason = fmt.Sprintf("call %d (%s): %s", j+1, made[j].Name, problem)
			}
		}
		if found >= 0 {
			used[found] = true
			next = found + 1
			matched++
			continue
		}
		if why == "" {
			if why = reason; why == "" {
				often := ""
				if slices.ContainsFunc(made, func(m normalise.Call) bool { return sameName(want[i].name, m.Name) }) {
					often = " as often as expected"
					if g.ordered {
						often = " in the place it is expected"
					}
				}
				why = fmt.Sprintf("%s is not called%s; the calls made are %s", want[i].name, often, madeNames(made))
			}
		}
	}
	if why != "" {
		return matched, why
	}
	if j := slices.Index(used, false); j >= 0 && !g.extra {
		return matched, fmt.Sprintf("call %d (%s) is one too many", j+1, made[j].Name)
	}
	return matched, ""
}

// call says what is amiss with a call; "" if it is as wanted.
func (g *toolCalls) call(want *expectedCall, got *normalise.Call) string {
	if !sameName(want.name, got.Name) {
		return "it is to another tool"
	}
	if len(got.Positional) > 0 {
		return "its first argument has no name"
	}
	for _, key := range sortedKeys(want.arguments) {
		argument := want.arguments[key]
		value, ok := got.Arguments[key]
		if !ok {
			if !argument.optional {
				return "the argument " + key + " is missing"
			}
			continue
		}
		if why := g.argument(key, argument, value); why != "" {
			return why
		}
	}
	for _, key := range sortedKeys(got.Arguments) {
		if _, ok := want.arguments[key]; !ok && !g.spare {
			return "the argument " + key + " is not expected"
		}
	}
	return ""
}

func (g *toolCalls) argument(key string, want expectedArgument, got any) string {
	if want.anyOf == nil {
		return ""
	}
	first := ""
	for _, choice := range want.anyOf {
		why := g.value(key, choice, got)
		if why == "" {
			return ""
		}
		if first == "" {
			first = why
		}
	}
	if len(want.anyOf) > 1 {
		return key + " is " + brief(got) + ", which is none of " + brief(want.anyOf)
	}
	return first
}

// value compares an argument, whose parts may leave a choice as the whole does.
func (g *toolCalls) value(path string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return unlike(path, want, got)
		}
		for _, key := range sortedKeys(w) {
			argument := readArgument(w[key])
			value, ok := object[key]
			if !ok && !argument.optional {
				return join(path, key) + " is missing"
			}
			if !ok {
				continue
			}
			if why := g.argument(join(path, key), argument, value); why != "" {
				return why
			}
		}
		for _, key := range sortedKeys(object) {
			if _, ok := w[key]; !ok {
				return join(path, key) + " is not expected"
			}
		}
		return ""
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(w) {
			return unlike(path, want, got)
		}
		for i := range w {
			if why := g.value(fmt.Sprintf("%s[%d]", path, i), w[i], list[i]); why != "" {
				return why
			}
		}
		return ""
	default:
		return compare(path, want, got, g.options)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func names(want []expectedCall) string {
	var out []string
	for _, c := range want {
		out = append(out, c.name)
	}
	return strings.Join(out, ", ")
}

func madeNames(made []normalise.Call) string {
	var out []string
	for _, c := range made {
		out = append(out, c.Name)
	}
	return strings.Join(out, ", ")
}

// noToolCall wants an answer without any call.
type noToolCall struct{ text bool }

func newNoToolCall(o *eval.Options) eval.Grader {
	g := &noToolCall{}
	if word, ok := o.Word("in", "calls", "text"); ok {
		g.text = word == "text"
	}
	return g
}

// Format is the form of answers this grader can read.
func (g *noToolCall) Format() normalise.Kind { return (&toolCalls{text: g.text}).Format() }

// Every: a call that any reading finds is a call.
func (g *noToolCall) Every() bool { return true }

func (g *noToolCall) Grade(_ context.Context, _ *eval.Case, out *eval.Output) (eval.Score, error) {
	if len(out.Calls) > 0 {
		return eval.Fail("call 1 (" + out.Calls[0].Name + ") was made where none is wanted"), nil
	}
	if g.text {
		if calls, err := normalise.ParseCalls(out.Text); err == nil && len(calls) > 0 {
			return eval.Fail("the text is a call to " + calls[0].Name + " where none is wanted"), nil
		}
	}
	return eval.Pass(), nil
}

func (g *toolCalls) expected(c *eval.Case) ([]expectedCall, error) {
	v, err := g.want.Of(c)
	if err != nil {
		return nil, err
	}
	return readExpected(v)
}

// made are the calls of an answer.
func (g *toolCalls) made(out *eval.Output) ([]normalise.Call, string) {
	if len(out.Calls) == 0 && g.text {
		calls, err := normalise.ParseCalls(out.Text)
		if err != nil {
			return nil, "the answer is not a list of calls: " + eval.Quote(head(out.Text))
		}
		return calls, ""
	}
	var calls []normalise.Call
	for i, c := range out.Calls {
		arguments, err := eval.Arguments(c.Arguments)
		if err != nil {
			return nil, fmt.Sprintf("call %d (%s): %v: %s", i+1, c.Name, err, eval.Quote(head(c.Arguments)))
		}
		calls = append(calls, normalise.Call{Name: c.Name, Arguments: arguments})
	}
	return calls, ""
}
