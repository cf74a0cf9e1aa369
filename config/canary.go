package config

import (
	"strconv"
	"strings"
)

// DefaultCanaryAnswers is how many answers a candidate gives on trial before it
// is ready, if the file does not say: enough to tell a model that goes wrong in
// five more of a hundred answers from one that does not.
const DefaultCanaryAnswers = 600

// MaxCanaryShare is the most of a step's requests that a candidate may answer.
// What it is compared with are the rest.
const MaxCanaryShare = 0.5

// Canary is a model that answers a part of a step's requests on trial.
type Canary struct {
	Step     Step    // what answers: with what the file says, or else as the step it stands in
	Share    float64 // of the requests, above 0 and at most [MaxCanaryShare]
	Answers  int     // how many of them make it ready
	Pos      Position
	SharePos Position
}

// canary reads the candidate of a step.
func (r *reader) canary(s *Step, n *node, path string) {
	o := r.object(n, path, shapeCanary)
	if o.node.kind != kindMap {
		return
	}
	c := &Canary{Pos: n.pos, SharePos: o.pos("share"), Answers: DefaultCanaryAnswers}
	c.Step = Step{With: s.With, WithText: s.WithText, WithPos: s.WithPos}
	use, at, ok := o.text("use", "anthropic/claude-haiku-4-5")
	if o.get("use") == nil {
		r.errorf(n.pos, path, "this canary does not say which model it tries", "Add use: provider/model.")
	}
	if with := o.get("with"); with != nil {
		c.Step.With, c.Step.WithText, c.Step.WithPos = nil, "", nil // WithAt says that they are its own
		r.levers(&c.Step, with, child(path, "with"))
	}
	if i, ok := o.integer("answers", 1_000_000); ok {
		c.Answers = int(i)
	}
	share, fine := r.part(o)
	if !ok || !fine {
		return
	}
	c.Step.Use, c.Step.Pos, c.Share = use, at.pos, share
	s.Canary = c
}

// part reads which part of the requests a candidate answers: 5%, or 0.05.
func (r *reader) part(o *object) (float64, bool) {
	s, n, ok := o.text("share", "5%")
	if o.get("share") == nil {
		r.errorf(o.node.pos, o.path, "this canary does not say how much it answers", "Add share: 5%.")
	}
	if !ok {
		return 0, false
	}
	share, ok := ParseShare(s)
	if !ok {
		r.errorf(n.pos, child(o.path, "share"), quote(n.text)+" is not a part of the requests that a canary may answer", "Write a percentage above 0% and up to 50%: 5%.")
	}
	return share, ok
}

// ParseShare reads the part of the requests that a canary answers: "5%", or
// 0.05.
func ParseShare(s string) (float64, bool) {
	number, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		f /= 100
	}
	return f, err == nil && f > 0 && f <= MaxCanaryShare
}

// ShareText is a share as it is written: "5%".
func ShareText(share float64) string {
	return strconv.FormatFloat(share*100, 'g', 4, 64) + "%"
}
