package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval/stat"
)

// Settings are how a comparison is run. The zero value works.
type Settings struct {
	Store       *Store            // nil keeps the answers in memory, and no longer than the run
	Purse       *Purse            // nil for no limit
	Stakes      switchgear.Stakes // of the route: its margin, where the set says none
	Margin      float64           // over the set's; 0 for the set's
	Alpha       float64           // 0 for stat.DefaultAlpha
	Seed        uint64            // of the order of the cases
	Wave        int               // cases after each of which the run is looked at; 0 for 20
	Concurrency int               // calls at once; 0 for 8
	Full        bool              // ask every case, whatever has come out so far
	Fresh       bool              // ask again what was answered in an earlier run
	Recorded    float64           // the incumbent's strict score in earlier evidence; 0 if there is none
	Earlier     []*Run            // runs of the same set, for counting tries and judging Recorded's place
	Progress    func(p Progress)  // told after each answer; called by one goroutine at a time
}

// Progress is how far a run has come.
type Progress struct {
	Done, Total int // answers, those from the store included
	Asked       int // answers that were paid for
	Missing     int
	Cases       int     // compared so far
	Incumbent   float64 // strict scores so far
	Candidate   float64
	USD         float64
	Elapsed     time.Duration
	Left        time.Duration // at the pace so far; 0 if there is no telling
}

const (
	defaultWave        = 20
	defaultConcurrency = 8
	// missingMost is the share of cases without a score above which a run says
	// nothing: those that are missing are seldom the easy ones.
	missingMost = 0.02
)

// runner is one comparison under way.
type runner struct {
	Settings

	set     *Set
	inc     *Contender
	cand    *Contender
	metrics []metric
	run     *Run
	start   time.Time

	mu       sync.Mutex
	progress Progress
	spent    error // why no more may be asked
}

// Compare asks two models the cases of a set and says whether the candidate may
// take the incumbent's place. Answers in the store are not asked for again. The
// error is of the run itself (it was cancelled, the store is full); that the
// models could not be compared is a verdict.
func Compare(ctx context.Context, set *Set, incumbent, candidate Contender, o Settings) (*Run, error) {
	r, err := newRunner(set, incumbent, candidate, o)
	if err != nil {
		return nil, err
	}
	for _, wave := range r.waves() {
		outcomes, err := r.wave(ctx, wave)
		r.run.Cases = append(r.run.Cases, outcomes...)
		if err != nil {
			return nil, err
		}
		if stop := r.look(); stop != nil {
			r.run.Stopped = stop
			break
		}
	}
	return r.run, r.finish(ctx)
}

func newRunner(set *Set, incumbent, candidate Contender, o Settings) (*runner, error) {
	if o.Store == nil {
		o.Store = NewStore()
	}
	if o.Wave <= 0 {
		o.Wave = defaultWave
	}
	if o.Concurrency <= 0 {
		o.Concurrency = defaultConcurrency
	}
	if o.Alpha == 0 {
		o.Alpha = stat.DefaultAlpha
	}
	if o.Margin == 0 {
		o.Margin = set.MarginAt(o.Stakes)
	}
	r := &runner{Settings: o, set: set, inc: &incumbent, cand: &candidate, metrics: set.metrics(), start: time.Now()}
	r.run = newRun(set, &incumbent, &candidate, &r.Settings)
	foresight, err := r.foresee()
	if err != nil {
		return nil, err
	}
	r.run.Foresight = foresight
	r.progress.Total = 2 * len(set.Cases) * set.Repeats
	return r, nil
}

// foresee says what the set can show, before anything is spent.
func (r *runner) foresee() (Foresight, error) {
	graded := len(r.metrics) > 0 && r.metrics[0].graded
	n := r.set.Clusters()
	f, err := stat.Plan{Test: stat.Test{Margin: r.Margin, Alpha: r.Alpha, Graded: graded || n < len(r.set.Cases)}}.Foresee(n)
	return Foresight{N: f.N, MinCases: f.MinCases, Typical: f.Typical, Detectable: f.Detectable, Chance: f.Chance, TooFew: f.TooFew(), Says: f.String()}, err
}

func (r *runner) waves() [][]int {
	cases := make([]stat.Case, len(r.set.Cases))
	for i, c := range r.set.Cases {
		cases[i] = stat.Case{ID: c.ID, Cluster: c.Cluster}
	}
	return stat.Waves(cases, r.Seed, r.Wave)
}

// need is one answer of a wave.
type need struct {
	who    *Contender
	at     int // in the wave
	repeat int
	answer *Answer
	err    error
}

// wave gets the answers of some cases, and grades them.
func (r *runner) wave(ctx context.Context, wave []int) ([]Outcome, error) {
	var needs []*need
	for at := range wave {
		for _, who := range []*Contender{r.inc, r.cand} {
			for repeat := range r.set.Repeats {
				needs = append(needs, &need{who: who, at: at, repeat: repeat})
			}
		}
	}
	each(r.Concurrency, len(needs), func(i int) { r.fetch(ctx, r.set.Cases[wave[needs[i].at]], needs[i]) })
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for _, n := range needs {
		if n.err != nil && errors.As(n.err, new(*storeError)) {
			return nil, n.err
		}
	}
	outcomes := make([]Outcome, len(wave))
	each(r.Concurrency, len(wave), func(i int) {
		c := r.set.Cases[wave[i]]
		outcomes[i] = outcomeOf(c)
		mine := func(who *Contender) []*need {
			return slices.DeleteFunc(slices.Clone(needs), func(n *need) bool { return n.at != i || n.who != who })
		}
		outcomes[i].Incumbent = r.mark(ctx, c, mine(r.inc))
		outcomes[i].Candidate = r.mark(ctx, c, mine(r.cand))
	})
	r.scored(outcomes)
	return outcomes, ctx.Err()
}

// each does n things, so many at a time.
func each(most, n int, do func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, most)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	wg.Wait()
}

// fetch finds an answer in the store or asks for it.
func (r *runner) fetch(ctx context.Context, c *Case, n *need) {
	key := KeyOf(n.who.Target, n.who.Params, c, n.repeat)
	stored, ok := r.Store.Get(key)
	if ok && (!r.Fresh || !stored.At.Before(r.start)) {
		n.answer = stored
		r.told(func(p *Progress) { p.Done++ })
		return
	}
	if err := r.barred(); err != nil {
		n.err = err
	} else {
		n.answer, n.err = r.ask(ctx, n.who, c, n.repeat)
	}
	if errors.Is(n.err, ErrSpent) || errors.Is(n.err, ErrUnpriced) {
		r.bar(n.err)
	}
	r.told(func(p *Progress) {
		p.Done++
		if n.err != nil {
			p.Missing++
			return
		}
		p.Asked++
		if n.who == r.inc {
			r.run.Incumbent.Asked++
		} else {
			r.run.Candidate.Asked++
		}
	})
}

func (r *runner) barred() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spent
}

func (r *runner) bar(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spent = err
}

// told changes the progress and passes it on.
func (r *runner) told(change func(p *Progress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.progress)
	if r.Progress == nil {
		return
	}
	p := r.progress
	p.Elapsed = time.Since(r.start)
	p.USD, _ = r.Purse.Spent()
	if p.Asked > 0 && p.Done < p.Total {
		p.Left = p.Elapsed / time.Duration(p.Done) * time.Duration(p.Total-p.Done)
	}
	r.Progress(p)
}

// scored brings the running scores up to date.
func (r *runner) scored(outcomes []Outcome) {
	r.told(func(p *Progress) {
		for i := range outcomes {
			o := &outcomes[i]
			if o.missing() || len(r.metrics) == 0 {
				continue
			}
			n := float64(p.Cases)
			p.Incumbent = (p.Incumbent*n + o.Incumbent.Strict[0]) / (n + 1)
			p.Candidate = (p.Candidate*n + o.Candidate.Strict[0]) / (n + 1)
			p.Cases++
		}
	})
}

// mark is what became of a model's answers to a case.
func (r *runner) mark(ctx context.Context, c *Case, needs []*need) Judged {
	answers := make([]*Answer, 0, len(needs))
	for _, n := range needs {
		if n.err != nil {
			return Judged{Missing: missing(n.err)}
		}
		answers = append(answers, n.answer)
	}
	return r.set.judged(ctx, c, answers, r.metrics)
}

// missing is why there is no answer, in words that are safe to keep.
func missing(err error) string {
	if errors.Is(err, ErrSpent) || errors.Is(err, ErrUnpriced) {
		return "not asked: " + err.Error()
	}
	if errors.Is(err, errNotStored) {
		return "no answer: " + errNotStored.Error()
	}
	class := classOf(err)
	text := "no answer: " + class.String()
	if e, ok := errors.AsType[*switchgear.Error](err); ok && e.Status != 0 {
		text += fmt.Sprintf(" (%d)", e.Status)
	}
	return text
}

// judged grades the answers to a case.
func (s *Set) judged(ctx context.Context, c *Case, answers []*Answer, metrics []metric) Judged {
	j := Judged{Strict: make([]float64, len(metrics)), Lenient: make([]float64, len(metrics)), Priced: true, Said: said(answers)}
	n := float64(len(answers))
	for _, a := range answers {
		j.count(a, n)
		one, err := s.judge(ctx, c, a.Output(), metrics)
		if err != nil {
			return Judged{Keys: j.Keys, Missing: "no score: " + strings.TrimPrefix(err.Error(), "case "+c.ID+": ")}
		}
		for i := range metrics {
			j.Strict[i] += one.strict[i] / n
			j.Lenient[i] += one.lenient[i] / n
		}
		j.Rungs, j.Gains = append(j.Rungs, one.rung), append(j.Gains, one.gain)
		if j.Why == "" {
			j.Why = one.why
		}
	}
	if !slices.ContainsFunc(j.Rungs, func(r string) bool { return r != "" }) {
		j.Rungs, j.Gains = nil, nil
	}
	return j
}

// said is a short hash of what was answered.
func said(answers []*Answer) string {
	var all []object
	for _, a := range answers {
		all = append(all, object{"text": a.Text, "calls": a.Calls})
	}
	return digest(all)[:12]
}

// count adds what is counted of an answer, one of n.
func (j *Judged) count(a *Answer, n float64) {
	j.Keys = append(j.Keys, a.Key)
	j.Refused = j.Refused || a.Refusal != "" || a.Finish == switchgear.FinishFilter
	j.Size += a.size()
	j.Latency += a.LatencyMS / n
	j.Priced = j.Priced && a.USD != nil
	if a.USD != nil {
		j.USD += *a.USD
	}
	for to, from := range map[*int64]*int64{&j.Input: a.Tokens.Input, &j.Output: a.Tokens.Output, &j.Cached: a.Tokens.CacheRead, &j.Thought: a.Tokens.Reasoning} {
		if from != nil {
			*to += *from
		}
	}
}
