package swap

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
)

// planVersion is the version of the plan file that this package writes and
// reads.
const planVersion = 1

// Wish is what somebody wants changed, and how much traffic it is about.
type Wish struct {
	Place

	To      string  // provider/model or a short name; "" for the model the step has
	With    *string // what the step is to set on its requests, as YAML in braces; nil to leave it, "" for nothing
	Share   float64 // let it answer only that part of the requests, on trial; 0 for all
	Promote bool    // put what is on trial in the step's place
	Usage   Usage
	Calls   float64 // requests a month; 0 if nobody says
}

// Usage is what one request reads and writes on average, in tokens.
type Usage struct {
	Input  int64 `json:"input"`
	Output int64 `json:"output"`
	Cached int64 `json:"cached,omitempty"` // part of Input that is read from the provider's cache
}

// tokens is the usage as prices take it.
func (u Usage) tokens() *switchgear.Usage {
	var out switchgear.Usage
	out.Set(switchgear.UsageInput, u.Input)
	out.Set(switchgear.UsageOutput, u.Output)
	if u.Cached > 0 {
		out.Set(switchgear.UsageCacheRead, u.Cached)
	}
	return &out
}

// House is what a plan asks of the rest of the program.
type House struct {
	// Check finds what is wrong with the meaning of a configuration, and what
	// of it is not proven.
	Check func(*config.Config) []config.Finding
	// Price is what a usage costs at a step at list price.
	Price func(*config.Config, *config.Step, *switchgear.Usage) switchgear.Cost
	// Facts is what is known of a step's model.
	Facts func(*config.Config, *config.Step) Facts
	// Gate says whether a step may serve its route; nil if there is no gate.
	Gate Gate
	// Lock is the lock's text; nil if there is none.
	Lock []byte
}

// Facts is what is known of a model. Zero values are unknown.
type Facts struct {
	Tier      switchgear.Tier
	Context   int64  // tokens it can read
	MaxOutput int64  // tokens it can write
	Retires   string // YYYY-MM-DD
}

// Gate says whether a target may serve.
type Gate interface {
	// Proof says whether what stands at a path of a step, the step itself or its
	// canary, is proven. It is asked before the configuration serves.
	Proof(after *config.Config, at Place, path string) Proof
}

// Status is how the gate stands to a target.
type Status string

// The statuses.
const (
	StatusNoEval     Status = "no_eval"    // the route has no eval: nothing is asked
	StatusProven     Status = "proven"     // the lock bears it out
	StatusOverridden Status = "overridden" // it serves on somebody's word
	StatusUnproven   Status = "unproven"   // it must not serve
	StatusWarned     Status = "warned"     // it is not proven, and the gate only warns
	StatusOff        Status = "off"        // the gate is off
)

// Proof is what the gate says of a target, and in a sentence why.
type Proof struct {
	Status   Status    `json:"status"`
	Sentence string    `json:"sentence"`
	Evidence *Measured `json:"evidence,omitempty"`
}

// Measured is what the run behind a proof showed.
type Measured struct {
	Verdict    string  `json:"verdict"`
	N          int     `json:"n"`
	Difference float64 `json:"difference"`
	Lower      float64 `json:"lower"`
	Upper      float64 `json:"upper"`
	Incumbent  string  `json:"incumbent"`
	Run        string  `json:"run"`
}

// Bound is what a plan was made for: when one of these is another, the plan is
// stale.
type Bound struct {
	Config     string `json:"config"`     // hash of the file
	Generation string `json:"generation"` // with what was substituted into it
	Lock       string `json:"lock"`       // hash of the lock; "" if there is none
}

// Plan is a swap thought through.
type Plan struct {
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	File    string    `json:"file"`
	Place   Place     `json:"place"`
	Title   string    `json:"title"`
	From    string    `json:"from"` // provider/model
	To      string    `json:"to"`   // provider/model
	Line    int       `json:"line"`
	Old     string    `json:"old"` // the lines that differ
	New     string    `json:"new"`
	Use     string    `json:"use"` // as it was asked for
	With    *string   `json:"with,omitempty"`
	Share   float64   `json:"share,omitempty"` // of the requests, if it is a canary
	Promote bool      `json:"promote,omitempty"`
	Before  []Link    `json:"before"`
	After   []Link    `json:"after"`
	Notes   []string  `json:"notes,omitempty"`
	Breaks  []string  `json:"breaks,omitempty"` // what would be lost
	Mends   []string  `json:"mends,omitempty"`  // what was wrong and no longer would be
	Faults  []string  `json:"faults,omitempty"` // why the edited file would not load
	Proof   Proof     `json:"proof"`
	Usage   Usage     `json:"usage"`
	Cost    Forecast  `json:"cost"`
	Bound   Bound     `json:"bound"`

	edit *Edit
}

// Link is one step of a chain as a plan shows it.
type Link struct {
	Target string `json:"target"`
	Tier   string `json:"tier,omitempty"`
	With   string `json:"with,omitempty"`
	Canary string `json:"canary,omitempty"` // who is on trial there, and with how much
}

// Refusal says why a plan must not be applied; nil if it may.
func (p *Plan) Refusal() error {
	if len(p.Faults) > 0 {
		return &FaultError{Faults: p.Faults}
	}
	if p.Proof.Status == StatusUnproven {
		return &UnprovenError{Sentence: p.Proof.Sentence}
	}
	return nil
}

// Edit is the change that a plan just made comes down to; nil for a plan that
// was read.
func (p *Plan) Edit() *Edit { return p.edit }

// Make thinks a swap through. It changes nothing.
func Make(f File, w *Wish, h *House, now time.Time) (*Plan, error) {
	switch {
	case w.Usage.Input < 0 || w.Usage.Output < 0 || w.Usage.Cached < 0 || w.Calls < 0:
		return nil, errors.New("tokens and calls cannot be fewer than none")
	case w.Usage.Cached > w.Usage.Input:
		return nil, fmt.Errorf("%d of %d tokens cannot come from the cache: cached tokens are part of those read", w.Usage.Cached, w.Usage.Input)
	}
	e, err := f.Change(w)
	if err != nil {
		return nil, err
	}
	p := &Plan{
		Version: planVersion, Made: now.UTC().Truncate(time.Second), File: f.Name, Place: e.Place,
		Title: e.Title, From: e.From.String(), To: e.To.String(), Line: e.Line, Old: e.Old, New: e.New, Notes: e.Notes,
		Use: w.To, With: w.With, Share: w.Share, Promote: w.Promote,
		Before: links(e.before, e.Place, h), After: links(e.after, e.Place, h), Usage: w.Usage, edit: e,
		Bound: Bound{Config: Hash(f.Text), Generation: e.before.Generation},
	}
	if h.Lock != nil {
		p.Bound.Lock = Hash(h.Lock)
	}
	p.compare(h)
	p.Cost = forecast(e, w, h)
	p.Proof = Proof{Status: StatusNoEval, Sentence: "route " + e.Place.Route + " has no eval, so nothing is known of how well " + p.To + " does its work"}
	if h.Gate != nil {
		p.Proof = h.Gate.Proof(e.after, e.Place, e.path())
	}
	return p, nil
}

// Hash is a short name for a text that changes when it does.
func Hash(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func links(c *config.Config, at Place, h *House) []Link {
	chain, err := at.chain(c)
	if err != nil {
		return nil
	}
	out := make([]Link, 0, len(chain))
	for i := range chain {
		l := Link{Target: chain[i].Target.String(), With: chain[i].WithText}
		if c := chain[i].Canary; c != nil {
			l.Canary = config.ShareText(c.Share) + " by " + shown(c.Step.Target, c.Step.WithText)
		}
		if tier := h.Facts(c, &chain[i]).Tier; tier != switchgear.TierUnknown {
			l.Tier = tier.String()
		}
		out = append(out, l)
	}
	return out
}

// compare finds what would be lost, and what would be mended.
func (p *Plan) compare(h *House) {
	old, next := h.Check(p.edit.before), h.Check(p.edit.after)
	for i := range next {
		switch f := &next[i]; {
		case has(old, f) || (f.Gate && f.Path == p.edit.path()): // of this step the proof speaks
		case f.Severity == config.Error:
			p.Faults = append(p.Faults, told(f))
		default:
			p.Breaks = append(p.Breaks, told(f))
		}
	}
	for i := range old {
		if !has(next, &old[i]) && !old[i].Gate {
			p.Mends = append(p.Mends, told(&old[i]))
		}
	}
	p.limits(h)
}

// has reports whether a finding is among others, wherever it stands: an edit
// moves what follows it on its line.
func has(findings []config.Finding, f *config.Finding) bool {
	return slices.ContainsFunc(findings, func(o config.Finding) bool {
		return o.Path == f.Path && o.Message == f.Message && o.Severity == f.Severity
	})
}

// told is a finding without its place in the file, which is the old file's or
// the new one's and would confuse.
func told(f *config.Finding) string {
	text := f.Path + ": " + f.Message + "."
	if f.Fix != "" {
		text += " " + f.Fix
	}
	return strings.TrimPrefix(text, ": ")
}

// limits says where the new model holds less than the old one.
func (p *Plan) limits(h *House) {
	was, is := p.edit.was, p.edit.is
	old, next := h.Facts(p.edit.before, was), h.Facts(p.edit.after, is)
	less := func(verb string, a, b int64) {
		switch {
		case a > 0 && b > 0 && b < a:
			p.Breaks = append(p.Breaks, fmt.Sprintf("%s %s at most %d tokens, where %s %s %d", p.To, verb, b, p.From, verb, a))
		case a > 0 && b == 0:
			p.Notes = append(p.Notes, fmt.Sprintf("it is not known how many tokens %s %s; %s %s %d", p.To, verb, p.From, verb, a))
		}
	}
	less("reads", old.Context, next.Context)
	less("writes", old.MaxOutput, next.MaxOutput)
	if old.Tier != switchgear.TierUnknown && next.Tier != switchgear.TierUnknown && next.Tier < old.Tier {
		p.Breaks = append(p.Breaks, fmt.Sprintf("%s is of tier %s, under %s's %s", p.To, next.Tier, p.From, old.Tier))
	}
	if r, ok := p.edit.after.Route(p.Place.Route); ok && !p.edit.trial && p.Place.Rule == 0 && p.Place.Step == 1 {
		if r.Stakes == switchgear.StakesHigh && r.Floor == switchgear.TierUnknown && next.Tier < old.Tier {
			p.Breaks = append(p.Breaks, fmt.Sprintf("the stakes are high and no floor is written, so the floor follows the first step: from %s down to %s. Write floor: %s to keep it",
				old.Tier, next.Tier, old.Tier))
		}
	}
	if next.Retires != "" {
		p.Notes = append(p.Notes, p.To+" retires on "+next.Retires)
	}
	if was.With != nil && was.With.Cache != nil && was.Target != is.Target {
		p.Notes = append(p.Notes, "what "+p.From+" has cached is of no use to "+p.To+": its first requests pay to write the cache again")
	}
}

// path is where what is to answer stands in the edited file.
func (e *Edit) path() string {
	if e.trial {
		return e.Place.Path() + ".canary"
	}
	return e.Place.Path()
}

// FaultError is that the edited file would not load.
type FaultError struct{ Faults []string }

// Error implements error.
func (e *FaultError) Error() string {
	return "the edited file would not load: " + strings.Join(e.Faults, " ")
}

// UnprovenError is that the gate does not let the target serve.
type UnprovenError struct{ Sentence string }

// Error implements error.
func (e *UnprovenError) Error() string { return e.Sentence }
