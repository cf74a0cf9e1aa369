package failover

import (
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// inputTokens is how many tokens the request reads, as a [Pace] tells requests
// apart by: cheap rather than right. It belongs to the job's own goroutine.
func (j *job) inputTokens() int64 {
	if j.input > 0 {
		return j.input
	}
	switch wire := j.wire(); {
	case wire != nil:
		j.input = max(int64(len(wire.Body))/plainBytes, 1)
	case j.req != nil:
		j.input = estimate(j.req)
	default:
		j.input = estimateTexts(j.texts)
	}
	return j.input
}

// mostTokens is how many tokens a step's answer has at most; 0 if nobody says.
func (j *job) mostTokens(step *Step) int64 {
	switch {
	case j.req == nil:
		return 0
	case step.Levers != nil && step.Levers.MaxTokens != nil:
		return *step.Levers.MaxTokens
	case j.req.Sampling.MaxTokens != nil:
		return *j.req.Sampling.MaxTokens
	case j.req.Wire != nil && j.runner.most != nil:
		return j.runner.most(j.req.Wire)
	default:
		return 0
	}
}

// usual is how long a step takes for this request in calm: to the first
// content of a stream, to the end of an answer in one piece. Nothing is known
// of counts.
func (j *job) usual(step *Step) Span {
	if step.Pace == nil {
		return Span{}
	}
	switch j.kindAt() {
	case kindStream:
		return step.Pace.First(j.inputTokens())
	case kindWhole, kindEmbed:
		return step.Pace.Whole(j.inputTokens(), j.mostTokens(step))
	default:
		return Span{}
	}
}

// barredNow reports whether a step's breaker is known not to pass a request.
func barredNow(step *Step, now time.Time) bool {
	p, ok := step.Breaker.(Peeker)
	return ok && p.Barred(now)
}

// elsewhere reports whether some step after i could serve, as far as can be
// told without asking for leave.
func (j *job) elsewhere(i int, now time.Time) bool {
	for k := i + 1; k < len(j.plan.Steps); k++ {
		if j.able(k) && j.fits(k) && !barredNow(&j.plan.Steps[k], now) {
			return true
		}
	}
	return false
}

// tooSlow reports whether a step usually takes longer than what is left of the
// deadline, while a later one does not.
func (j *job) tooSlow(i int) bool {
	if j.deadline.IsZero() || j.plan.Steps[i].Pace == nil {
		return false
	}
	now := time.Now()
	left := j.deadline.Sub(now)
	if own := j.usual(&j.plan.Steps[i]); own.P95 <= 0 || own.Median <= left {
		return false
	}
	for k := i + 1; k < len(j.plan.Steps); k++ {
		step := &j.plan.Steps[k]
		if !j.able(k) || !j.fits(k) || barredNow(step, now) {
			continue
		}
		if m := j.usual(step).Median; m > 0 && m <= left {
			return true
		}
	}
	return false
}

// expectation is what is known, when an attempt begins, about how long it
// should take. It is taken then, so that whatever goroutine the attempt ends on
// has it.
type expectation struct {
	usual Span
	rival time.Duration // the next step's usual time; 0 if unknown, barred or none
	last  bool          // nowhere else to go: giving up early would help nobody
}

// expect looks up what is known. Without a pace nothing is.
func (j *job) expect(i int, now time.Time) expectation {
	step := &j.plan.Steps[i]
	if step.Pace == nil {
		return expectation{}
	}
	e := expectation{usual: j.usual(step), last: !j.elsewhere(i, now)}
	if k := j.after(i); k >= 0 && !barredNow(&j.plan.Steps[k], now) {
		e.rival = j.usual(&j.plan.Steps[k]).Median
	}
	return e
}

// The bounds of deadlines that are learned.
const (
	patience   = 3               // times the usual worst
	firstFloor = 3 * time.Second // and never less than this or a third of what the route allows
	wholeFloor = 2 * time.Second // nor than this for a whole answer
)

// floor is the least a learned deadline is.
func (t *Timeout) floor() time.Duration {
	if t.FirstToken <= 0 {
		return firstFloor
	}
	return min(firstFloor, t.FirstToken/3)
}

// learned is a deadline that follows from what is usual; 0 if there is none.
func (e *expectation) learned(floor time.Duration) time.Duration {
	if e.usual.P95 <= 0 || e.last {
		return 0
	}
	return max(patience*e.usual.P95, floor)
}

// measure puts into an outcome how long the attempt took beside what is usual,
// and beside the next step. Of a caller who hangs up nothing is measured: those
// who do are not a fair sample, and a breaker listens to long waits only where
// an attempt was cut short.
func (a *attempt) measure(o *Outcome, err *switchgear.Error, now time.Time) {
	usual := a.expected.usual.Median
	if a.expected.usual.P95 <= 0 || a.probe || (err != nil && err.Class == switchgear.ClassCanceled && !a.lost()) {
		return
	}
	took := a.took(err, now)
	if took <= 0 && a.lost() && o.Kind == OutcomeIgnored {
		took = now.Sub(a.start) // that long it was waited for
	}
	o.Whole = a.kind != kindStream
	if took > 0 {
		o.Ratio = float64(took) / float64(usual)
	}
	o.Rival = float64(a.expected.rival) / float64(usual)
}

// took is how long the attempt took by the measure of its kind; 0 if it did
// not come that far.
func (a *attempt) took(err *switchgear.Error, now time.Time) time.Duration {
	switch {
	case a.kind == kindStream:
		return a.first
	case err == nil:
		return now.Sub(a.start)
	default:
		return 0
	}
}

// teach tells the step's pace of the attempt: of calm weather what it took, of
// any other that it is any other. A failure that its breaker makes nothing of is
// one of those that everybody has now and then: if each of them spoiled what was
// learned, nothing would ever be known of a busy target.
func (a *attempt) teach(kind OutcomeKind, err *switchgear.Error, now time.Time) {
	pace := a.step.Pace
	switch {
	case pace == nil || a.probe || a.job.kind == kindCount:
	case kind == OutcomeFail || kind == OutcomeSlow:
		if c, ok := a.step.Breaker.(Calmer); !a.calm || ok && !c.Calm() {
			pace.Spoil(now)
		}
	case kind == OutcomeIgnored && a.calm && a.lost() && a.kind == kindStream && !a.content:
		pace.Learn(Sample{Input: a.tokens, Output: a.most, First: now.Sub(a.start), Raced: true, Lost: true}, now)
	case kind == OutcomeOK && a.calm:
		s := Sample{Input: a.tokens, Output: a.most, Raced: a.race != nil}
		if took := a.took(err, now); a.kind == kindStream {
			s.First = took
		} else {
			s.Whole = took
		}
		if s.First > 0 || s.Whole > 0 {
			pace.Learn(s, now)
		}
	default:
	}
}

// weighed is a closer estimate of what a request reads, made at most once and
// from whatever goroutine needs it.
type weighed struct {
	once   sync.Once
	tokens int64
}

// weigh estimates what the request reads, for accounts: a picture is not
// counted by its bytes. It may have to read a request that came over the wire.
func (j *job) weigh() int64 {
	j.weighed.once.Do(func() {
		switch wire := j.wire(); {
		case j.req == nil:
			j.weighed.tokens = estimateTexts(j.texts)
		case wire == nil:
			j.weighed.tokens = estimate(j.req)
		default:
			j.weighed.tokens = max(int64(len(wire.Body))/plainBytes, 1)
			if j.runner.decode == nil {
				return
			}
			// Not by values: it keeps what it reads, and other goroutines may be reading that.
			if values, err := j.runner.decode(wire); err == nil {
				j.weighed.tokens = estimate(values)
			}
		}
	})
	return j.weighed.tokens
}

// estimateTexts is how many tokens the texts of a request for vectors have.
func estimateTexts(req *switchgear.EmbedRequest) int64 {
	if req.Wire != nil {
		return max(int64(len(req.Wire.Body))/plainBytes, 1)
	}
	w := weight{count: true}
	for _, text := range req.Input {
		weigh(&w, text)
	}
	return max(w.tokens(), 1)
}
