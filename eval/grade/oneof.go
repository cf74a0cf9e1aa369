package grade

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
)

// oneOf wants the answer to be the right one of some labels. Which one is
// right the case says; where it does not, any label will do.
type oneOf struct {
	labels []string
	want   eval.Ref
	given  bool
	fold   bool
}

func newOneOf(o *eval.Options) eval.Grader {
	o.Main("labels")
	g := &oneOf{labels: o.Texts("labels"), want: o.Ref("value"), given: o.Has("value")}
	g.fold, _ = o.Bool("ignore_case")
	if len(g.labels) < 2 {
		o.Complain("labels", "there must be at least two labels to choose from", "For example: one_of: {labels: [billing, technical]}.")
		return nil
	}
	seen := map[string]bool{}
	for _, label := range g.labels {
		if seen[g.plain(label)] {
			o.Complain("labels", "the label "+eval.Quote(label)+" stands here twice", "Keep one of them.")
			return nil
		}
		seen[g.plain(label)] = true
	}
	return g
}

// Short: the answer is to be this and nothing else.
func (g *oneOf) Short() bool { return true }

func (g *oneOf) Check(c *eval.Case) error {
	_, err := g.right(c)
	return err
}

func (g *oneOf) Exemplar(c *eval.Case) (*eval.Output, bool) {
	right, err := g.right(c)
	if err != nil || len(right) != 1 {
		return nil, false
	}
	return &eval.Output{Text: right[0]}, true
}

func (g *oneOf) Grade(_ context.Context, c *eval.Case, out *eval.Output) (eval.Score, error) {
	right, err := g.right(c)
	if err != nil {
		return eval.Score{}, err
	}
	got := g.plain(out.Text)
	if slices.ContainsFunc(right, func(l string) bool { return g.plain(l) == got }) {
		return eval.Pass(), nil
	}
	if slices.ContainsFunc(g.labels, func(l string) bool { return g.plain(l) == got }) {
		return eval.Fail("the label is " + eval.Quote(got) + ", expected " + strings.Join(right, " or ")), nil
	}
	return eval.Fail("the answer is no label: " + eval.Quote(head(out.Text))), nil
}

func (g *oneOf) plain(s string) string {
	s = strings.TrimSpace(s)
	if g.fold {
		s = strings.ToLower(s)
	}
	return s
}

// right are the labels that are right for a case.
func (g *oneOf) right(c *eval.Case) ([]string, error) {
	if !g.given && len(c.Expect) == 0 {
		return g.labels, nil
	}
	v, err := g.want.Of(c)
	if err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	if !g.given && json.Unmarshal(v, &object) == nil {
		return g.labels, nil // what the case expects is for other graders
	}
	right, err := textsOf(v)
	if err != nil {
		return nil, err
	}
	for _, label := range right {
		if !slices.ContainsFunc(g.labels, func(l string) bool { return g.plain(l) == g.plain(label) }) {
			return nil, errors.New("the expected " + eval.Quote(label) + " is none of the labels " + strings.Join(g.labels, ", "))
		}
	}
	return right, nil
}
