package grade

import (
	"context"
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

// number wants the answer to be a number, near enough to the expected.
type number struct {
	want eval.Ref
	near nearness
	take string // which number of the answer: whole (it is nothing else), first, last
}

// nearness is how far off a number may be. An allowance of zero forgives what
// rounding in binary does, and no more.
type nearness struct {
	absolute float64
	relative float64 // of the expected
}

func readNearness(o *eval.Options) nearness {
	var n nearness
	n.absolute, _ = o.Number("tolerance", 0, math.MaxFloat64)
	n.relative, _ = o.Number("relative", 0, 1)
	return n
}

func (n nearness) holds(want, got float64) bool {
	allowed := max(n.absolute, n.relative*math.Abs(want), 1e-9*max(1, math.Abs(want)))
	return math.Abs(want-got) <= allowed
}

func newNumber(o *eval.Options) eval.Grader {
	o.Main("value")
	g := &number{want: o.Ref("value"), near: readNearness(o), take: "whole"}
	if word, ok := o.Word("take", "whole", "first", "last"); ok {
		g.take = word
	}
	return g
}

// Short: the answer is to be this and nothing else.
func (g *number) Short() bool { return true }

func (g *number) Check(c *eval.Case) error {
	_, err := g.expected(c)
	return err
}

func (g *number) Exemplar(c *eval.Case) (*eval.Output, bool) {
	n, err := g.expected(c)
	return &eval.Output{Text: show(n)}, err == nil
}

func (g *number) Grade(_ context.Context, c *eval.Case, out *eval.Output) (eval.Score, error) {
	want, err := g.expected(c)
	if err != nil {
		return eval.Score{}, err
	}
	got, why := g.read(out.Text)
	if why != "" {
		return eval.Fail(why), nil
	}
	if g.near.holds(want, got) {
		return eval.Pass(), nil
	}
	return eval.Fail("the number is " + show(got) + ", expected " + show(want)), nil
}

// read takes the number out of an answer, or says why there is none.
func (g *number) read(text string) (float64, string) {
	if g.take == "whole" {
		n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return 0, "the answer is not a number and nothing else: " + eval.Quote(head(text))
		}
		return n, ""
	}
	all := written.FindAllString(text, -1)
	if len(all) == 0 {
		return 0, "there is no number in the answer: " + eval.Quote(head(text))
	}
	word := all[0]
	if g.take == "last" {
		word = all[len(all)-1]
	}
	n, ok := amount(word)
	if !ok {
		return 0, "the answer's number cannot be read: " + eval.Quote(word)
	}
	return n, ""
}

// written finds numbers as people write them.
var written = regexp.MustCompile(`-?[$€£]?\d+(?:,\d{3})*(?:\.\d+)?`)

// amount reads a number as JSON or as people write it.
func amount(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	if plain, ok := normalise.Number(text); ok {
		text = plain
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}

// firstAmount reads the first number in a text.
func firstAmount(text string) (float64, bool) {
	if n, ok := amount(text); ok {
		return n, true
	}
	return amount(written.FindString(text))
}

func show(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func (g *number) expected(c *eval.Case) (float64, error) {
	text, err := g.want.Text(c)
	if err != nil {
		return 0, err
	}
	n, ok := amount(text)
	if !ok {
		return 0, errors.New("the expected " + eval.Quote(text) + " is not a number")
	}
	return n, nil
}
