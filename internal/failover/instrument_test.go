package failover

import (
	"fmt"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// purse is a retry budget of so many tokens.
type purse struct {
	mu                      sync.Mutex
	tokens                  int
	earned, spent, refunded int
}

func (p *purse) Earn(time.Time) { p.mu.Lock(); defer p.mu.Unlock(); p.earned++ }

func (p *purse) Spend(time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tokens == 0 {
		return false
	}
	p.tokens--
	p.spent++
	return true
}

func (p *purse) Refund() { p.mu.Lock(); defer p.mu.Unlock(); p.tokens++; p.refunded++ }

func (p *purse) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("earned %d, spent %d, refunded %d", p.earned, p.spent, p.refunded)
}

// door is a limit of so many places.
type door struct {
	mu     sync.Mutex
	places int
	inside int
	in     int
	left   []switchgear.Class // in which an attempt ended, unknown for well
}

func (d *door) Enter(switchgear.Stakes, time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inside == d.places {
		return false
	}
	d.inside++
	d.in++
	return true
}

func (d *door) Leave(err *switchgear.Error, _ time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside--
	class := switchgear.ClassUnknown
	if err != nil {
		class = err.Class
	}
	d.left = append(d.left, class)
}

// gait is a pace that is known, or not.
type gait struct {
	mu      sync.Mutex
	span    Span
	asked   []Sample // what was asked about
	learned []Sample
	spoiled int
}

func (g *gait) First(input int64) Span {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, Sample{Input: input})
	return g.span
}

func (g *gait) Whole(input, output int64) Span {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, Sample{Input: input, Output: output})
	return g.span
}

func (g *gait) Learn(s Sample, _ time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.learned = append(g.learned, s)
}

func (g *gait) Spoil(time.Time) { g.mu.Lock(); defer g.mu.Unlock(); g.spoiled++ }

// paced gives every step a pace, in milliseconds.
func (s *stage) paced(median, p95 int) []*gait {
	gaits := make([]*gait, len(s.plan.Steps))
	for i := range s.plan.Steps {
		gaits[i] = &gait{span: Span{Median: time.Duration(median) * time.Millisecond, P95: time.Duration(p95) * time.Millisecond}}
		s.plan.Steps[i].Pace = gaits[i]
	}
	return gaits
}

// panel is a jury of a fixed opinion.
type panel struct {
	mu      sync.Mutex
	opinion Opinion
	asked   int
	judged  []bool
}

func (p *panel) Opinion(time.Time) Opinion {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return p.opinion
}

func (p *panel) Judge(accepted bool, _ time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.judged = append(p.judged, accepted)
}
