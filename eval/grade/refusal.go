package grade

import (
	"context"
	"strings"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

// notRefusal wants an answer, not a polite no.
type notRefusal struct{ phrases []string }

func newNotRefusal(o *eval.Options) eval.Grader {
	o.Main("phrases")
	g := &notRefusal{}
	for _, phrase := range o.Texts("phrases") {
		if strings.TrimSpace(phrase) == "" {
			o.Complain("phrases", "an empty phrase is found in every answer", "Take it out.")
			return nil
		}
		g.phrases = append(g.phrases, strings.ToLower(phrase))
	}
	return g
}

func (g *notRefusal) Grade(_ context.Context, _ *eval.Case, out *eval.Output) (eval.Score, error) {
	if why, refused := Refused(out); refused {
		return eval.Fail(why), nil
	}
	text := strings.ToLower(out.Text)
	for _, phrase := range g.phrases {
		if i := strings.Index(text, phrase); i >= 0 {
			return eval.Fail("the answer contains " + eval.Quote(phrase) + " " + place(text, i)), nil
		}
	}
	return eval.Pass(), nil
}

// Refused reports whether an answer declines to answer, and what says so: the
// provider's word first, else how the answer begins.
func Refused(out *eval.Output) (string, bool) {
	switch {
	case out.Refusal != "":
		return "the provider marks the answer as a refusal: " + eval.Quote(head(out.Refusal)), true
	case out.Finish.Kind == switchgear.FinishFilter:
		return "the answer ended at a content filter or a refusal (" + eval.Quote(out.Finish.Reason) + ")", true
	case len(out.Calls) == 0 && normalise.Refuses(out.Text):
		return "the answer begins as a refusal: " + eval.Quote(head(out.Text)), true
	default:
		return "", false
	}
}
