package eval

import (
	"context"
	"errors"
	"fmt"
	"sync"

	switchgear "github.com/switchgear-dev/switchgear"
)

// Purse is what a run may spend. Before each call the most that it can cost is
// set aside; what it did cost is taken from that when it is over, and of a call
// whose cost nobody knows, all of it. So the limit is never exceeded. A nil Purse
// has no limit and counts nothing.
type Purse struct {
	maxUSD   float64 // 0 for no limit
	maxCalls int     // 0 for no limit

	mu       sync.Mutex
	spent    float64
	reserved float64
	calls    int
	unknown  int // calls of unknown cost
	settled  chan struct{}
}

// NewPurse makes a purse that ends at so many dollars, or so many calls;
// zero is no limit.
func NewPurse(dollars float64, calls int) *Purse {
	return &Purse{maxUSD: dollars, maxCalls: calls, settled: make(chan struct{})}
}

// ErrSpent is the end of a [Purse].
var ErrSpent = errors.New("the limit of the run is reached")

// ErrUnpriced is a limit in dollars on a call whose price is unknown.
var ErrUnpriced = errors.New("what a call costs is not known, so that a limit in dollars cannot be kept")

// Spent is what was spent, and on how many calls.
func (p *Purse) Spent() (dollars float64, calls int) {
	if p == nil {
		return 0, 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spent, p.calls
}

// reserve sets aside the most a call can cost. Where that is not there only
// because other calls have set aside more than they will need, it waits for
// them.
func (p *Purse) reserve(ctx context.Context, most switchgear.Cost) error {
	if p == nil {
		return nil
	}
	for {
		wait, err := p.try(most)
		if wait == nil {
			return err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *Purse) try(most switchgear.Cost) (wait <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.maxCalls > 0 && p.calls >= p.maxCalls:
		return nil, fmt.Errorf("%w: %d calls were made", ErrSpent, p.calls)
	case p.maxUSD > 0 && !most.Known && p.maxCalls == 0:
		return nil, ErrUnpriced
	case p.maxUSD > 0 && p.spent+p.reserved+most.USD > p.maxUSD:
		if p.reserved > 0 {
			return p.settled, nil
		}
		return nil, p.over(most)
	}
	p.calls++
	p.reserved += most.USD
	return nil, nil //nolint:nilnil // it may go ahead: there is nothing to wait for
}

// over says that a call could exceed the limit. One that could take a large
// part of it is mostly one whose length nobody bounds.
func (p *Purse) over(most switchgear.Cost) error {
	err := fmt.Errorf("%w: $%.4f are spent, the next call can cost $%.4f, and the limit is $%.2f", ErrSpent, p.spent, most.USD, p.maxUSD)
	if most.USD > p.maxUSD/20 {
		return fmt.Errorf("%w. A max_tokens in the cases, or in the step's with, bounds what a call can cost, and lets more of the limit be used", err)
	}
	return err
}

// settle says what a call that was set aside for cost in the end.
func (p *Purse) settle(most, cost switchgear.Cost) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reserved -= most.USD; p.reserved < 1e-12 {
		p.reserved = 0 // what is left is rounding
	}
	if cost.Known {
		p.spent += cost.USD
	} else {
		p.spent += most.USD
		p.unknown++
	}
	close(p.settled)
	p.settled = make(chan struct{})
}

// Metered is a [Completer] whose calls are paid from a purse: judges are.
type Metered struct {
	Models Completer
	Most   func(r *switchgear.Request) switchgear.Cost // nil if prices are unknown
	Purse  *Purse
}

// Complete implements [Completer].
func (m *Metered) Complete(ctx context.Context, r *switchgear.Request) (*switchgear.Response, error) {
	var most switchgear.Cost
	if m.Most != nil {
		most = m.Most(r)
	}
	if err := m.Purse.reserve(ctx, most); err != nil {
		return nil, err
	}
	resp, err := m.Models.Complete(ctx, r)
	m.Purse.settle(most, costOf(resp, err))
	return resp, err
}

// costOf is what a call cost, with the tries that failed. A failure without a
// word of usage costs nothing: providers bill answers.
func costOf(resp *switchgear.Response, err error) switchgear.Cost {
	if err != nil {
		total := switchgear.Cost{Known: true}
		if e, ok := errors.AsType[*switchgear.Error](err); ok && e.Trace != nil {
			total.USD = wasted(e.Trace)
		}
		return total
	}
	total := resp.Cost
	if resp.Trace != nil {
		total.USD += wasted(resp.Trace)
	}
	return total
}

func wasted(t *switchgear.Trace) float64 {
	dollars := 0.0
	for i := range t.Attempts {
		if a := &t.Attempts[i]; a.Err != nil && a.Cost.Known {
			dollars += a.Cost.USD
		}
	}
	return dollars
}
