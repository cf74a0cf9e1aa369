package gateway

import (
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

// normalisers checks what a route says of its answers' form.
func (c *checker) normalisers(r *config.Route, path string) {
	if len(r.Normalise) == 0 {
		return
	}
	known := serving()
	for i, word := range r.Normalise {
		rung, ok := normalise.Named(word.Text)
		at := at(path+".normalise", i)
		switch {
		case !ok:
			c.errorf(word.Pos, at, "there is no normaliser "+strconv.Quote(word.Text), orElse(config.DidYouMean(word.Text, known), "There are: "+strings.Join(known, ", ")+"."))
		case !rung.Serves():
			c.errorf(word.Pos, at, strconv.Quote(word.Text)+" is for diagnosis, and changes what an answer says; serving cannot use it", "There are: "+strings.Join(known, ", ")+".")
		case slices.ContainsFunc(r.Normalise[:i], func(w config.Word) bool { return w.Text == word.Text }):
			c.errorf(word.Pos, at, strconv.Quote(word.Text)+" stands here twice", "Keep one of them.")
		case !rung.Safe && r.Stakes == switchgear.StakesHigh:
			c.warn(word.Pos, at, "the stakes are high, and "+word.Text+" guesses at what an answer means", "Remove it, or have an eval show that it does no harm.")
		case word.Text == "convert_calls":
			c.warn(word.Pos, at, "no request can declare tool calls written as text, so that convert_calls never acts in serving", "Remove it.")
		}
	}
	first := r.Normalise[0].Pos
	if r.Kind == config.KindEmbedding {
		c.errorf(first, path+".normalise", "vectors have no form to be brought into", "Remove normalise.")
		return
	}
	if !declaresJSON(r) {
		c.warn(first, path+".normalise", "the route declares no form, so that only answers to requests with a response_format or an output_config of their own are normalised", "Add needs: [json_schema] if all its answers are JSON.")
	}
	if !r.CommitPos.IsZero() && r.Commit != r.CommitsAt() {
		c.warn(r.CommitPos, path+".commit", "normalise takes the whole answer, so that commit: "+string(r.CommitsAt())+" holds, not "+string(r.Commit), "Write commit: "+string(r.CommitsAt())+", or remove commit.")
	}
}

// serving are the rungs that serving can use.
func serving() []string {
	var names []string
	for _, r := range normalise.Ladder() {
		if r.Serves() {
			names = append(names, r.Name)
		}
	}
	return names
}
