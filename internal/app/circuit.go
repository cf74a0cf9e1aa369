package app

import (
	"errors"
	"log/slog"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/admin"
)

// circuit carries out an operator's order, and leaves a line about it whatever
// comes of it.
func (p *process) circuit(o admin.Order) error {
	err := p.order(o)
	p.audit(o, err)
	return err
}

func (p *process) order(o admin.Order) error {
	target, err := switchgear.ParseTarget(o.Target)
	if err != nil {
		return admin.ErrUnknownTarget
	}
	switch o.Verb {
	case admin.VerbHold:
		err = p.gateway.Hold(target, o.By)
	case admin.VerbTrial:
		err = p.gateway.Trial(target)
	default:
		err = p.gateway.Release(target)
	}
	if errors.Is(err, gateway.ErrUnknownTarget) {
		return admin.ErrUnknownTarget
	}
	return err
}

// audit leaves a line about an order: who gave it, from where, and what came of
// it.
func (p *process) audit(o admin.Order, err error) {
	done := "done"
	if err != nil {
		done = "refused: " + err.Error()
	}
	by := o.By
	if by == "" {
		by = "somebody"
	}
	p.options.Say("circuit " + o.Verb + " " + o.Target + " by " + by + " from " + o.From + ": " + done)
	if p.log != nil {
		slog.New(p.handler()).Info("circuit", "verb", o.Verb, "target", o.Target, "by", by, "from", o.From, "outcome", done)
	}
}

// stamp is a time for machines, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
