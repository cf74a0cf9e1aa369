package grade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

// field wants one field of a JSON answer to be something.
type field struct {
	path    string
	want    eval.Ref
	as      string // how it is compared: json, text, number, amount
	exists  bool   // it is enough that it is there
	matches *regexp.Regexp
	fold    bool
	near    nearness
}

func newField(o *eval.Options) eval.Grader {
	g := &field{as: "json", want: o.Ref("equals"), near: readNearness(o)}
	g.path, _ = o.Text("path")
	if g.path == "" {
		o.Complain("path", "the grader does not say which field it looks at", "For example: field: {path: lines[0].total, equals: $expect.total}.")
		return nil
	}
	if err := eval.CheckPath(g.path); err != nil {
		o.Complain("path", err.Error(), "")
		return nil
	}
	if word, ok := o.Word("as", "json", "text", "number", "amount"); ok {
		g.as = word
	}
	g.fold, _ = o.Bool("ignore_case")
	g.exists, _ = o.Bool("exists")
	if text, ok := o.Text("matches"); ok {
		pattern, err := compile(text)
		if err != nil {
			o.Complain("matches", err.Error(), "Patterns are RE2: no look-around, no back-references.")
			return nil
		}
		g.matches = pattern
	}
	ways := 0
	for _, key := range []string{"equals", "matches", "exists"} {
		if o.Has(key) {
			ways++
		}
	}
	if ways > 1 {
		o.Complain("", "equals, matches and exists are three ways of looking at a field", "Keep one of them, and write another field grader for the next.")
		return nil
	}
	return g
}

// Format is the form of answers this grader can read.
func (g *field) Format() normalise.Kind { return normalise.JSON }

func (g *field) Check(c *eval.Case) error {
	if g.exists || g.matches != nil {
		return nil
	}
	v, err := g.want.Of(c)
	if err != nil {
		return err
	}
	if g.as == "number" || g.as == "amount" {
		if _, ok := numberOf(v, g.as); !ok {
			return fmt.Errorf("the expected %s is not a number", eval.Quote(string(v)))
		}
	}
	return nil
}

func (g *field) Grade(_ context.Context, c *eval.Case, out *eval.Output) (eval.Score, error) {
	if _, err := parseJSON(out.Text); err != nil {
		return eval.Fail("the answer is not JSON: " + err.Error()), nil //nolint:nilerr // an answer that cannot be read is wrong, not ungraded
	}
	got, err := eval.Look(json.RawMessage(out.Text), g.path)
	if err != nil {
		return eval.Fail(err.Error()), nil
	}
	switch {
	case g.exists:
		return eval.Pass(), nil
	case g.matches != nil:
		text := textOf(got)
		if !g.matches.MatchString(text) {
			return eval.Fail(g.path + " is " + eval.Quote(text) + ", which does not match " + eval.Quote(g.matches.String())), nil
		}
		return eval.Pass(), nil
	}
	want, err := g.want.Of(c)
	if err != nil {
		return eval.Score{}, err
	}
	why, err := g.compare(want, got)
	if err != nil {
		return eval.Score{}, err
	}
	return inverted(false, why, ""), nil
}

func (g *field) compare(want, got json.RawMessage) (string, error) {
	switch g.as {
	case "number", "amount":
		a, ok := numberOf(want, g.as)
		if !ok {
			return "", errors.New("the expected is not a number")
		}
		b, ok := numberOf(got, g.as)
		if !ok {
			return g.path + " is not a number: " + eval.Quote(string(got)), nil
		}
		if g.near.holds(a, b) {
			return "", nil
		}
		return g.path + " is " + show(b) + ", expected " + show(a), nil
	case "text":
		a, b := textOf(want), textOf(got)
		if a == b || (g.fold && strings.EqualFold(a, b)) {
			return "", nil
		}
		return g.path + " is " + eval.Quote(b) + ", expected " + eval.Quote(a), nil
	}
	a, err := rawValue(want)
	if err != nil {
		return "", err
	}
	b, err := rawValue(got)
	if err != nil {
		return "", err
	}
	return compare(g.path, a, b, compareOptions{fold: g.fold, near: g.near}), nil
}

// numberOf reads a field as a number: a JSON number or a text that is one; as
// an amount, the first number that stands in the text.
func numberOf(v json.RawMessage, as string) (float64, bool) {
	text := textOf(v)
	if as == "amount" {
		return firstAmount(text)
	}
	var n json.Number
	if json.Unmarshal(v, &n) != nil {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// textOf is a JSON value as text: a string's content, anything else as written.
func textOf(v json.RawMessage) string {
	var s string
	if len(v) > 0 && v[0] == '"' && json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}
