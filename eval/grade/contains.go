package grade

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
)

// contains wants some texts to stand in the answer: all of them, or any.
type contains struct {
	want eval.Ref
	any  bool
	fold bool
	not  bool
}

func newContains(o *eval.Options) eval.Grader {
	o.Main("value")
	g := &contains{want: o.Ref("value")}
	g.any, _ = o.Bool("any")
	g.fold, _ = o.Bool("ignore_case")
	g.not, _ = o.Bool("not")
	return g
}

var errTexts = errors.New("this must be a text or a list of texts, none of them empty")

// textsOf reads a text or a list of texts. Numbers are taken as written.
func textsOf(v json.RawMessage) ([]string, error) {
	var list []json.RawMessage
	if json.Unmarshal(v, &list) != nil {
		list = []json.RawMessage{v}
	}
	var out []string
	for _, item := range list {
		var s string
		if json.Unmarshal(item, &s) != nil {
			if s = string(item); s == "null" || s[0] == '{' || s[0] == '[' {
				return nil, errTexts
			}
		}
		if s == "" {
			return nil, errTexts
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, errTexts
	}
	return out, nil
}

func (g *contains) Check(c *eval.Case) error {
	_, err := g.texts(c)
	return err
}

// Every holds for texts that must not be there.
func (g *contains) Every() bool { return g.not }

func (g *contains) Grade(_ context.Context, c *eval.Case, out *eval.Output) (eval.Score, error) {
	texts, err := g.texts(c)
	if err != nil {
		return eval.Score{}, err
	}
	answer := out.Text
	if g.fold {
		answer = strings.ToLower(answer)
	}
	found := 0
	var missing, there string
	for _, text := range texts {
		looked := text
		if g.fold {
			looked = strings.ToLower(looked)
		}
		if strings.Contains(answer, looked) {
			found++
			there = text
		} else if missing == "" {
			missing = text
		}
	}
	switch {
	case g.not && found > 0:
		return eval.Fail("the answer contains " + eval.Quote(there)), nil
	case g.not || found == len(texts) || (g.any && found > 0):
		return eval.Pass(), nil
	case g.any:
		return eval.Fail("the answer contains none of the texts, not even " + eval.Quote(missing)), nil
	default:
		return eval.Score{Value: float64(found) / float64(len(texts)), Why: "the answer does not contain " + eval.Quote(missing)}, nil
	}
}

// texts are the texts that are looked for.
func (g *contains) texts(c *eval.Case) ([]string, error) {
	v, err := g.want.Of(c)
	if err != nil {
		return nil, err
	}
	return textsOf(v)
}
