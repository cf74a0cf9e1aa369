package grade

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
)

// equals wants the answer to be the expected, to the letter. An expected object
// or list is compared as JSON.
type equals struct {
	want  eval.Ref
	fold  bool // letters of either case are the same
	space bool // runs of white space are one space, and none at the ends
	not   bool
}

func newEquals(o *eval.Options) eval.Grader {
	o.Main("value")
	g := &equals{want: o.Ref("value")}
	g.fold, _ = o.Bool("ignore_case")
	g.space, _ = o.Bool("ignore_space")
	g.not, _ = o.Bool("not")
	return g
}

// Short: the answer is to be this and nothing else.
func (g *equals) Short() bool { return true }

func (g *equals) Check(c *eval.Case) error {
	_, err := g.want.Of(c)
	return err
}

func (g *equals) Exemplar(c *eval.Case) (*eval.Output, bool) {
	text, err := g.want.Text(c)
	return &eval.Output{Text: text}, err == nil && !g.not
}

func (g *equals) Grade(_ context.Context, c *eval.Case, out *eval.Output) (eval.Score, error) {
	want, err := g.want.Of(c)
	if err != nil {
		return eval.Score{}, err
	}
	if want[0] == '{' || want[0] == '[' {
		return inverted(g.not, g.json(want, out.Text), "the answer equals the value that it must not"), nil
	}
	text, err := g.want.Text(c)
	if err != nil {
		return eval.Score{}, err
	}
	why := differs(g.plain(text), g.plain(out.Text))
	return inverted(g.not, why, "the answer equals the text that it must not: "+eval.Quote(text)), nil
}

func (g *equals) plain(s string) string {
	if g.space {
		s = strings.Join(strings.Fields(s), " ")
	}
	if g.fold {
		s = strings.ToLower(s)
	}
	return s
}

func (g *equals) json(want json.RawMessage, text string) string {
	got, err := parseJSON(text)
	if err != nil {
		return "the answer is not JSON: " + err.Error()
	}
	expected, err := parseJSON(string(want))
	if err != nil {
		return "the expected value is not JSON"
	}
	return compare("", expected, got, compareOptions{fold: g.fold})
}

// inverted makes a score of why an answer fails; "" if it does not. With not,
// it is the other way about.
func inverted(not bool, why, otherwise string) eval.Score {
	switch {
	case not && why == "":
		return eval.Fail(otherwise)
	case not || why == "":
		return eval.Pass()
	default:
		return eval.Fail(why)
	}
}
