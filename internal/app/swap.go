package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/swap"
)

// SwapSite is where a swap of a configuration's file is planned and made, as of
// now. The gateway that serves the file is not part of it yet.
func SwapSite(l *Loaded, env func(string) (string, bool), now time.Time) (*swap.Site, error) {
	if l.Config.File == "" {
		return nil, errors.New("there is no configuration file to change. Name one with --config")
	}
	text, err := os.ReadFile(l.From)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", l.From, pathless(err))
	}
	held, err := os.ReadFile(lock.Beside(l.From))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot read %s: %w", lock.Beside(l.From), pathless(err))
	}
	if env == nil {
		env = os.LookupEnv
	}
	return &swap.Site{
		File: swap.File{Name: l.From, Text: text, Env: env},
		House: &swap.House{
			Check: func(c *config.Config) []config.Finding { return gateway.Check(c, gateway.WithLock(l.Lock)) },
			Price: func(c *config.Config, s *config.Step, u *switchgear.Usage) switchgear.Cost {
				return ListPrice(c, s, u, now)
			},
			Facts: ModelFacts,
			Gate:  lockGate{held: l.Lock, now: now},
			Lock:  held,
		},
		Now: now,
	}, nil
}

// lockGate is the gate as the lock has it.
type lockGate struct {
	held *lock.File
	now  time.Time
}

// Proof implements [swap.Gate].
func (g lockGate) Proof(after *config.Config, at swap.Place, path string) swap.Proof {
	r, ok := after.Route(at.Route)
	if !ok {
		return swap.Proof{Status: swap.StatusUnproven, Sentence: "there is no route " + at.Route}
	}
	if p, asked := unasked(after, r); !asked {
		return p
	}
	wanted := gateway.Claims(after)
	for i := range wanted {
		if wanted[i].Path == path {
			return g.stand(after, &wanted[i])
		}
	}
	return swap.Proof{Status: swap.StatusUnproven, Sentence: at.String() + " names no model that could be proven"}
}

// unasked is the proof of a route of which no evidence is asked.
func unasked(after *config.Config, r *config.Route) (p swap.Proof, asked bool) {
	switch {
	case r.Eval != "" && after.Gate.Mode != config.GateOff:
		return p, true
	case r.Eval != "":
		p = swap.Proof{Status: swap.StatusOff, Sentence: "the gate is off, so nothing is asked"}
	case after.Gate.Mode == config.GateRequired:
		p = swap.Proof{Status: swap.StatusUnproven, Sentence: "the gate requires an eval of every route, and route " + r.Name + " has none"}
	default:
		p = swap.Proof{Status: swap.StatusNoEval, Sentence: "route " + r.Name + " has no eval, so nothing is known of how well the new model does its work. docs/evals.md says how to write one"}
	}
	return p, false
}

// stand asks the lock about one claim.
func (g lockGate) stand(after *config.Config, w *gateway.Claim) swap.Proof {
	refused := swap.Proof{Status: swap.StatusUnproven}
	if after.Gate.Mode == config.GateWarn {
		refused.Status = swap.StatusWarned
	}
	for _, f := range lock.Verify(g.held, []lock.Claim{w.Claim}, gateway.Terms(after, g.now)) {
		if !f.Warning {
			refused.Sentence = f.Message + ". " + f.Fix
			return refused
		}
	}
	s := lock.Stand(g.held, []lock.Claim{w.Claim}, gateway.Terms(after, g.now))[0]
	p := swap.Proof{Status: swap.StatusProven, Sentence: w.Target + " on route " + w.Route + ": " + s.String()}
	if s.Ground == lock.Overridden {
		p.Status = swap.StatusOverridden
		for _, o := range s.Override {
			p.Sentence += ": " + o.Reason
		}
	}
	if e := s.Evidence; e != nil && s.Ground == lock.Proven {
		p.Evidence = &swap.Measured{
			Verdict: string(e.Verdict), N: e.N, Difference: e.Difference, Lower: e.Lower, Upper: e.Upper, Incumbent: e.Incumbent, Run: e.Run,
		}
	}
	return p
}

// SwapRunner is the running gateway, as a swap needs it.
type SwapRunner struct{ Operator *Operator }

// Reload implements [swap.Runner]. A gateway that answers and still serves the
// table it served before has refused.
func (r SwapRunner) Reload(ctx context.Context) (string, error) {
	before, err := r.Operator.Status(ctx)
	if err != nil {
		return "", err
	}
	after, err := r.Operator.Reload(ctx)
	if err != nil {
		now, gone := r.Operator.Status(ctx)
		switch {
		case gone != nil:
			return "", errors.Join(err, gone)
		case now.Generation == before.Generation:
			return "", &swap.RefusedError{Err: err}
		}
		after = now // it took its time, and took the table
	}
	if after.Generation == before.Generation {
		return "", fmt.Errorf("the gateway at %s serves config %s as before: it was started with another file", r.Operator.base, after.Generation)
	}
	return after.Generation, nil
}
