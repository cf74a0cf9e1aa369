package grade

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval"
)

// length wants the answer neither longer nor shorter than some bounds.
type length struct{ bounds []bound }

type bound struct {
	unit        string
	least, most int // -1 for none
}

func newLength(o *eval.Options) eval.Grader {
	o.Main("max_words")
	g := &length{}
	for _, unit := range []string{"words", "chars", "lines", "tokens"} {
		b := bound{unit: unit, least: -1, most: -1}
		if n, ok := o.Int("min_"+unit, 0, 1<<30); ok {
			b.least = n
		}
		if n, ok := o.Int("max_"+unit, 0, 1<<30); ok {
			b.most = n
		}
		if b.least < 0 && b.most < 0 {
			continue
		}
		if b.most >= 0 && b.least > b.most {
			o.Complain("min_"+unit, "nothing is both longer than this and shorter than max_"+unit, "")
			return nil
		}
		g.bounds = append(g.bounds, b)
	}
	if len(g.bounds) == 0 {
		o.Complain("", "the grader has no bounds", "For example: length: {max_words: 80}.")
		return nil
	}
	return g
}

func (g *length) Grade(_ context.Context, _ *eval.Case, out *eval.Output) (eval.Score, error) {
	for _, b := range g.bounds {
		n, ok := measure(b.unit, out)
		if !ok {
			return eval.Score{}, fmt.Errorf("the provider did not say how many %s the answer has", b.unit)
		}
		switch {
		case b.most >= 0 && n > b.most:
			return eval.Fail(fmt.Sprintf("the answer has %d %s, at most %d are allowed", n, b.unit, b.most)), nil
		case n < b.least:
			return eval.Fail(fmt.Sprintf("the answer has %d %s, at least %d are wanted", n, b.unit, b.least)), nil
		}
	}
	return eval.Pass(), nil
}

func measure(unit string, out *eval.Output) (int, bool) {
	switch unit {
	case "words":
		return len(strings.Fields(out.Text)), true
	case "chars":
		return utf8.RuneCountInString(out.Text), true
	case "lines":
		text := strings.TrimRight(out.Text, "\n")
		if text == "" {
			return 0, true
		}
		return strings.Count(text, "\n") + 1, true
	default:
		return int(out.Usage.Output), out.Usage.Has(switchgear.UsageOutput)
	}
}
