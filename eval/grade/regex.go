package grade

import (
	"context"
	"errors"
	"regexp"

	"github.com/switchgear-dev/switchgear/eval"
)

// regex wants the answer to match a pattern. Patterns are Go's (RE2): they
// take time linear in the answer, whatever the pattern.
type regex struct {
	want    eval.Ref
	pattern *regexp.Regexp // nil where it differs from case to case
	not     bool
}

// maxPattern bounds a pattern, in bytes.
const maxPattern = 4096

func newRegex(o *eval.Options) eval.Grader {
	o.Main("pattern")
	g := &regex{want: o.Ref("pattern")}
	g.not, _ = o.Bool("not")
	if g.want.Points() {
		return g
	}
	text, ok := o.Text("pattern")
	if !ok {
		return g
	}
	pattern, err := compile(text)
	if err != nil {
		o.Complain("pattern", err.Error(), "Patterns are RE2: no look-around, no back-references.")
		return nil
	}
	g.pattern = pattern
	return g
}

func compile(text string) (*regexp.Regexp, error) {
	if len(text) > maxPattern {
		return nil, errors.New("the pattern is longer than 4,096 bytes")
	}
	pattern, err := regexp.Compile(text)
	if err != nil {
		return nil, errors.New("the pattern does not compile: " + reasonOf(err))
	}
	return pattern, nil
}

// reasonOf is what is wrong with a pattern, without the library's preamble.
func reasonOf(err error) string {
	if broken, ok := errors.AsType[interface {
		error
		Unwrap() error
	}](err); ok && broken.Unwrap() != nil {
		err = broken.Unwrap()
	}
	const preamble = "error parsing regexp: "
	if text := err.Error(); len(text) > len(preamble) && text[:len(preamble)] == preamble {
		return text[len(preamble):]
	}
	return err.Error()
}

func (g *regex) Check(c *eval.Case) error {
	_, err := g.of(c)
	return err
}

// Every holds for patterns that must not be matched.
func (g *regex) Every() bool { return g.not }

func (g *regex) Grade(_ context.Context, c *eval.Case, out *eval.Output) (eval.Score, error) {
	pattern, err := g.of(c)
	if err != nil {
		return eval.Score{}, err
	}
	at := pattern.FindStringIndex(out.Text)
	switch {
	case at == nil && !g.not:
		return eval.Fail("the answer does not match " + eval.Quote(pattern.String()) + "; it begins " + eval.Quote(head(out.Text))), nil
	case at != nil && g.not:
		return eval.Fail("the answer matches " + eval.Quote(pattern.String()) + " " + place(out.Text, at[0]) + ": " + eval.Quote(out.Text[at[0]:at[1]])), nil
	default:
		return eval.Pass(), nil
	}
}

func (g *regex) of(c *eval.Case) (*regexp.Regexp, error) {
	if g.pattern != nil {
		return g.pattern, nil
	}
	text, err := g.want.Text(c)
	if err != nil {
		return nil, err
	}
	return compile(text)
}
