package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// model reads one entry of models. Its target is resolved later.
func (r *reader) model(e entry, path string) Model {
	m := Model{Name: e.key, Pos: e.pos}
	o := r.object(e.value, path, shapeModel)
	if s, n, ok := o.text("model", "anthropic/claude-haiku-4-5"); ok {
		m.ModelPos = n.pos
		target, err := switchgear.ParseTarget(s)
		if err != nil {
			r.errorf(n.pos, child(path, "model"), quote(n.text)+" is not of the form provider/model", "For example: anthropic/claude-haiku-4-5.")
		}
		m.Target = target
	} else if o.node.kind == kindMap && o.get("model") == nil {
		r.errorf(e.pos, path, "this short name does not say which model it is", "Add model: provider/model.")
	}
	m.Tier, _ = switchgear.ParseTier(o.word("tier", "small", "mid", "frontier"))
	m.TierPos, m.PricePos, m.SamePos = o.pos("tier"), o.pos("price"), o.pos("same_as")
	m.Price = r.price(o)
	m.SameAs, _, _ = o.text("same_as", "opus")
	m.Retires = r.day(o, "retires")
	return m
}

// day reads a date; "" if there is none.
func (r *reader) day(o *object, key string) string {
	s, n, ok := o.text(key, "2027-03-31")
	if !ok {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		r.errorf(n.pos, child(o.path, key), quote(n.text)+" is not a date", "Write year, month and day: 2027-03-31.")
		return ""
	}
	return s
}

// maxPrice bounds a price in dollars per million tokens: more is a slip of the
// unit.
const maxPrice = 10_000

// price reads "in/out".
func (r *reader) price(o *object) *Price {
	s, n, ok := o.text("price", "3/15")
	if !ok {
		return nil
	}
	left, right, cut := strings.Cut(s, "/")
	in, err1 := strconv.ParseFloat(strings.TrimSpace(left), 64)
	out, err2 := strconv.ParseFloat(strings.TrimSpace(right), 64)
	if !cut || err1 != nil || err2 != nil || !(in >= 0 && in <= maxPrice) || !(out >= 0 && out <= maxPrice) {
		r.errorf(n.pos, child(o.path, "price"), quote(n.text)+" is not a price",
			"Write dollars per million tokens, in and out: 3/15, or 0.02/0 for embeddings.")
		return nil
	}
	return &Price{In: in, Out: out}
}

// route reads one entry of routes. The targets of its steps are resolved later.
func (r *reader) route(e entry, path string) Route {
	o := r.object(e.value, path, shapeRoute)
	t := Route{
		Name: e.key, Pos: e.pos,
		Kind:          or(RouteKind(o.word("kind", "chat", "embedding")), KindChat),
		Surface:       or(Surface(o.word("surface", "interactive", "quality", "background")), SurfaceInteractive),
		Commit:        or(Commit(o.word("commit", "first_token", "hold", "whole")), CommitFirstToken),
		ContentPolicy: or(PolicyAction(o.word("content_policy", "stop", "fallback")), PolicyStop),
		Strict:        o.word("strict", "true", "false") == "true",
		SinglePoint:   o.word("single_point", "ok") == "ok",
		Stakes:        switchgear.StakesNormal,
		Needs:         o.list("needs", "[json_schema]"),
		Normalise:     o.list("normalise", "[strip_fence]"),
		Aliases:       r.aliases(o),
		Retry:         r.retry(o),
		Opinion:       o.onOff("second_opinion"),
		Hedge:         o.onOff("hedge") != SwitchOff,
		Fetch:         or(Fetch(o.word("fetch", "whole", "stream")), FetchWhole),
		Record:        o.onOff("record"), RecordPos: o.pos("record"),
		ChainPos: o.pos("chain"), FloorPos: o.pos("floor"), StakesPos: o.pos("stakes"),
		PolicyPos: o.pos("content_policy"), CommitPos: o.pos("commit"), TimeoutPos: o.pos("timeout"), KindPos: o.pos("kind"),
	}
	t.Description, _, _ = o.text("description", "Answers customers")
	if s, ok := switchgear.ParseStakes(o.word("stakes", "low", "normal", "high")); ok {
		t.Stakes = s
	}
	t.Floor, _ = switchgear.ParseTier(o.word("floor", "small", "mid", "frontier"))
	t.Chain = r.chain(o, e.pos)
	t.Eval, t.EvalPos = r.eval(o), o.pos("eval")
	if n := o.get("timeout"); n != nil {
		t.Timeout = r.timeout(n, child(path, "timeout"))
	}
	t.Rules = r.rules(o)
	return t
}

func (r *reader) timeout(n *node, path string) Timeout {
	o := r.object(n, path, shapeTimeout)
	return Timeout{FirstToken: o.duration("first_token"), Idle: o.duration("idle"), Total: o.duration("total")}
}

// aliases reads the other names of a route. They are whatever clients insist on
// sending, so nearly anything goes.
func (r *reader) aliases(o *object) []Word {
	var out []Word
	for i, w := range o.list("aliases", "[claude-reason]") {
		if w.Text == "" || len(w.Text) > 200 || strings.ContainsFunc(w.Text, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
			r.errorf(w.Pos, index(child(o.path, "aliases"), i), quote(w.Text)+" cannot be an alias", "Use up to 200 ASCII characters without spaces.")
			continue
		}
		out = append(out, w)
	}
	return out
}

// chain reads the steps of a route or a rule.
func (r *reader) chain(o *object, pos Position) []Step {
	if o.node.kind == kindBad {
		return nil
	}
	n, path := o.get("chain"), child(o.path, "chain")
	switch {
	case n == nil:
		r.errorf(pos, o.path, "there is no chain", "Add chain: [provider/model, ...], first choice first.")
		return nil
	case n.kind != kindList:
		r.wrongType(n, path, "a list", "[anthropic/claude-sonnet-5, openai/gpt-5.6-terra]")
		return nil
	case len(n.items) == 0:
		r.errorf(n.pos, path, "the chain is empty", "Name at least one model.")
	}
	var steps []Step
	for i, item := range n.items {
		if s, ok := r.step(item, index(path, i)); ok {
			steps = append(steps, s)
		}
	}
	return steps
}

// step reads a short name, a provider/model, or {use, with}.
func (r *reader) step(n *node, path string) (Step, bool) {
	if n.kind == kindScalar {
		s, ok := r.substitute(n, path)
		return Step{Use: s, Pos: n.pos}, ok
	}
	if n.kind != kindMap {
		r.wrongType(n, path, "a model", "anthropic/claude-haiku-4-5, or "+shapeStep.example())
		return Step{}, false
	}
	o := r.object(n, path, shapeStep)
	use, at, ok := o.text("use", "anthropic/claude-haiku-4-5")
	if !ok {
		if o.get("use") == nil {
			r.errorf(n.pos, path, "this step does not say which model it uses", "Add use: provider/model.")
		}
		return Step{}, false
	}
	s := Step{Use: use, Pos: at.pos}
	if with := o.get("with"); with != nil {
		r.levers(&s, with, child(path, "with"))
	}
	if canary := o.get("canary"); canary != nil {
		r.canary(&s, canary, child(path, "canary"))
	}
	return s, true
}

// retry reads the retry settings of a file, a provider or a route.
func (r *reader) retry(parent *object) Retry {
	n := parent.get("retry")
	if n == nil {
		return Retry{}
	}
	o := r.object(n, child(parent.path, "retry"), shapeRetry)
	out := Retry{Pos: n.pos, Backoff: r.backoff(o)}
	if i, ok := o.integer("attempts", 10); ok {
		out.Attempts = int(i)
	}
	if s, n, ok := o.text("wait_hint_max", "2.5s"); ok {
		if d, ok := r.parseDuration(s, n, child(o.path, "wait_hint_max")); ok {
			out.WaitHint = &d
		}
	}
	out.Budget = o.share("budget")
	return out
}

// backoff reads "250ms..2s".
func (r *reader) backoff(o *object) *Backoff {
	base, most, ok := o.span("backoff", "250ms..2s", "the first wait is longer than the longest")
	if !ok {
		return nil
	}
	return &Backoff{Base: base, Cap: most}
}

// span reads two lengths of time, the shorter first.
func (o *object) span(key, example, backwards string) (low, high time.Duration, ok bool) {
	s, n, ok := o.text(key, example)
	if !ok {
		return 0, 0, false
	}
	first, last, cut := strings.Cut(s, "..")
	low, err1 := time.ParseDuration(strings.TrimSpace(first))
	high, err2 := time.ParseDuration(strings.TrimSpace(last))
	at := child(o.path, key)
	switch {
	case !cut || err1 != nil || err2 != nil || low < 0 || high > maxDuration:
		o.r.errorf(n.pos, at, quote(n.text)+" is not a range of time", "Write the first and the longest "+spanWord(key)+": "+example+".")
	case low > high:
		o.r.errorf(n.pos, at, backwards, "Write the shorter one first: "+example+".")
	default:
		return low, high, true
	}
	return 0, 0, false
}

// spanWord is what a range of time is of.
func spanWord(key string) string {
	if key == "backoff" {
		return "wait"
	}
	return "cool-off"
}

// share reads a number from 0 to 1; nil if there is none.
func (o *object) share(key string) *float64 {
	s, n, ok := o.text(key, "0.1")
	if !ok {
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f <= 1) || (n.quoted && s == n.text) {
		o.r.errorf(n.pos, child(o.path, key), quote(n.text)+" is not a share", "Write a number from 0 to 1: 0.1 is one for every ten.")
		return nil
	}
	return &f
}
