package gateway

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/canary"
	"github.com/switchgear-dev/switchgear/internal/route"
)

// How long a candidate answers on trial at least, and how much more often than
// the incumbent it may go wrong: one in a hundred is within what differs from
// hour to hour.
const (
	canaryLeast     = 10 * time.Minute
	canaryTolerance = 0.01
)

// CanaryRecord is what is kept of a canary over restarts.
type CanaryRecord struct {
	About   string    `json:"about"` // for people
	Share   float64   `json:"share"`
	Enough  int       `json:"enough"`
	State   string    `json:"state"` // "running", "ready" or "withdrawn"
	Why     string    `json:"why,omitempty"`
	Began   time.Time `json:"began"`
	Answers int       `json:"answers"` // of the candidate
}

// CanaryStore keeps what is known of canaries, so that one that was withdrawn
// stays withdrawn when the process starts again. The ids mean nothing; they are
// the same as long as the configuration says the same of a canary.
type CanaryStore interface {
	Load() map[string]CanaryRecord
	// Save keeps the canaries of the table that is served, and forgets others.
	// It is called by one goroutine at a time, and by none that serves a request.
	Save(all map[string]CanaryRecord)
}

// WithCanaryStore keeps what is known of canaries in s. Without it a restart
// begins every canary anew.
func WithCanaryStore(s CanaryStore) Option {
	return optionFunc(func(o *options) { o.canaries = s })
}

// trial is a canary under way.
type trial struct {
	id        string
	route     string
	path      string // of its step: "routes.chat.chain[0]"
	rule      int    // from 1; 0 for the route's own chain
	step      int    // from 1
	incumbent switchgear.Target
	candidate switchgear.Target
	with      string // what the candidate sets, for the eye
	terms     canary.Terms
	guard     *canary.Guard
	form      *mender // what form the route's answers are to have
	fresh     bool    // it began with the configuration that is loaded
}

// about says in a line what a canary tries.
func (t *trial) about() string {
	return t.path + ": " + t.candidate.String() + " for " + t.incumbent.String()
}

// try gives a step its candidate, and the snapshot the trial.
func (g *Gateway) try(s *snapshot, r *config.Route, written *config.Step, step *route.Step, at spot) error {
	c := written.Canary
	if c == nil || r.Kind == config.KindEmbedding || s.trials[r.Name] != nil {
		return nil
	}
	candidate, err := g.step(s, r, &c.Step)
	if err != nil {
		return err
	}
	if p, ok := s.cfg.Provider(c.Step.Target.Provider); ok && p.Disabled != "" {
		return nil
	}
	step.Candidate = &candidate
	t := &trial{
		route: r.Name, path: at.path(r.Name), rule: at.rule, step: at.step, incumbent: written.Target, candidate: c.Step.Target, with: c.Step.WithText,
		form: &mender{declared: declaresJSON(r)},
	}
	t.id = canaryID(s.cfg, t, written, &c.Step)
	t.terms = canary.Terms{Share: c.Share, Enough: c.Answers, Least: canaryLeast, Tolerance: canaryTolerance, Seed: t.id}
	if err := g.begin(t, time.Now()); err != nil {
		return err
	}
	if s.trials == nil {
		s.trials = make(map[string]*trial)
	}
	s.trials[r.Name] = t
	return nil
}

// spot is where a step stands in its route.
type spot struct{ rule, step int } // from 1; rule 0 is the route's own chain

func (p spot) path(route string) string {
	path := "routes." + route
	if p.rule > 0 {
		path = at(path+".rules", p.rule-1)
	}
	return at(path+".chain", p.step-1)
}

// canaryID tells canaries apart by what they try: another place, another model,
// another address or other levers on either side are another canary.
func canaryID(cfg *config.Config, t *trial, incumbent, candidate *config.Step) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		t.path, t.incumbent.String(), paramsHash(incumbent.With), endpointHash(cfg, t.incumbent.Provider),
		t.candidate.String(), paramsHash(candidate.With), endpointHash(cfg, t.candidate.Provider),
	}, "\n")))
	return hex.EncodeToString(sum[:8])
}

// begin gives a trial its guard: the one it has, or a new one that goes on
// where the store says it stood. A share or a number of answers that somebody
// has changed begins a withdrawn one anew.
func (g *Gateway) begin(t *trial, now time.Time) error {
	if old, ok := g.parts.trials[t.id]; ok && old.terms == t.terms {
		t.guard = old.guard
		return nil
	}
	made, err := canary.New(t.terms, now)
	if err != nil {
		return err
	}
	t.guard, t.fresh = made, true
	kept, ok := g.parts.kept[t.id]
	if old, running := g.parts.trials[t.id]; running {
		kept, ok = old.record(), true
	}
	same := kept.Share == t.terms.Share && kept.Enough == t.terms.Enough
	if ok && (same || kept.State != string(canary.StateWithdrawn)) {
		t.fresh = false
		t.guard.Resume(&canary.Record{State: resumed(&kept, same), Why: kept.Why, Began: kept.Began, Answers: kept.Answers})
	}
	return nil
}

// resumed is the state in which a canary goes on: what was enough for another
// number of answers may not be for this one.
func resumed(kept *CanaryRecord, same bool) canary.State {
	if !same {
		return canary.StateRunning
	}
	return canary.State(kept.State)
}

func (t *trial) record() CanaryRecord {
	r := t.guard.Record()
	return CanaryRecord{
		About: t.about(), Share: t.terms.Share, Enough: t.terms.Enough, State: string(r.State), Why: r.Why, Began: r.Began.UTC(), Answers: r.Answers,
	}
}

// settleTrials takes over the trials of a configuration that is served from now
// on, keeps them, and says which have begun and which have ended.
func (g *Gateway) settleTrials(s *snapshot) (told []Event) {
	next := make(map[string]*trial, len(s.trials))
	for _, t := range s.trials {
		next[t.id] = t
		if t.fresh {
			told = append(told, t.event(switchgear.AlertSwapStarted, config.ShareText(t.terms.Share)+" of the requests, in place of "+t.incumbent.String()))
		}
	}
	for id, t := range g.parts.trials {
		if next[id] == nil {
			told = append(told, t.event(switchgear.AlertSwapEnded, "the canary is no longer in the configuration"))
		}
	}
	slices.SortFunc(told, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Routes[0], b.Routes[0]))
	})
	g.parts.trials, g.parts.kept = next, nil
	return told
}

func (t *trial) event(kind, reason string) Event {
	return Event{
		Kind: kind, Provider: t.candidate.Provider, Target: t.candidate, Reason: reason, At: time.Now(), Routes: []string{t.route},
		Serving: t.incumbent.String(),
	}
}

// keepTrials has the store keep where the trials of the table stand.
func (g *Gateway) keepTrials() {
	store := g.options.canaries
	if store == nil {
		return
	}
	g.keeping.Lock()
	defer g.keeping.Unlock()
	all := make(map[string]CanaryRecord)
	if s := g.now.Load(); s != nil {
		for _, t := range s.trials {
			all[t.id] = t.record()
		}
	}
	store.Save(all)
}

// CanaryCount is how often something went wrong on the two sides of a canary.
type CanaryCount struct {
	Sign                      string // "errors", "refusals", "answers in the wrong form", "slow answers"
	CandidateBad, CandidateOf int
	IncumbentBad, IncumbentOf int
}

// CanaryInfo is where a canary stands.
type CanaryInfo struct {
	Route     string
	Rule      int // from 1; 0 for the route's own chain
	Step      int // from 1
	Incumbent switchgear.Target
	Candidate switchgear.Target
	With      string // what the candidate sets on its requests, for the eye
	Share     float64
	State     string // "running", "ready" or "withdrawn"
	Why       string // it was withdrawn
	Began     time.Time
	Answers   int // of the candidate
	Enough    int // that make it ready
	Counts    []CanaryCount
}

// Canaries are the canaries of the routing table, in the order of the file.
func (g *Gateway) Canaries() []CanaryInfo {
	s := g.now.Load()
	var out []CanaryInfo
	for i := range s.cfg.Routes {
		if t := s.trials[s.cfg.Routes[i].Name]; t != nil {
			out = append(out, t.info())
		}
	}
	return out
}

func (t *trial) info() CanaryInfo {
	r := t.guard.Record()
	info := CanaryInfo{
		Route: t.route, Rule: t.rule, Step: t.step, Incumbent: t.incumbent, Candidate: t.candidate, With: t.with, Share: t.terms.Share,
		State: string(r.State), Why: r.Why, Began: r.Began, Answers: r.Answers, Enough: r.Enough,
	}
	for i := range r.Candidate {
		info.Counts = append(info.Counts, CanaryCount{
			Sign: r.Candidate[i].Sign, CandidateBad: r.Candidate[i].Bad, CandidateOf: r.Candidate[i].Of, IncumbentBad: r.Incumbent[i].Bad, IncumbentOf: r.Incumbent[i].Of,
		})
	}
	return info
}

// swapCommand is the command that puts a candidate in its step's place.
func (t *trial) swapCommand() string {
	command := "switchgear swap apply " + t.route
	if t.rule > 0 {
		command += " --rule " + strconv.Itoa(t.rule)
	}
	if t.step > 1 {
		command += " --step " + strconv.Itoa(t.step)
	}
	return command + " --promote"
}
