package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/switchgear-dev/switchgear"
)

// Polyglot makes one provider of several that speak different dialects: a host
// that offers more than one. A request that came over the wire goes to the one
// that speaks its dialect, every other to the first that can do what is asked.
//
// It is a [switchgear.Embedder] and a [switchgear.TokenCounter] only if one of
// them is.
func Polyglot(speakers ...switchgear.Provider) (switchgear.Provider, error) {
	if len(speakers) == 0 {
		return nil, errors.New("provider: a polyglot needs at least one provider")
	}
	p := &polyglot{}
	for _, s := range speakers {
		speaker, ok := s.(switchgear.Speaker)
		if !ok {
			return nil, fmt.Errorf("provider: a polyglot is made of providers that say which dialects they speak; %T does not", s)
		}
		for _, dialect := range speaker.Dialects() {
			if slices.Contains(p.names, dialect) {
				return nil, fmt.Errorf("provider: two parts of a polyglot speak %q", dialect)
			}
			p.names = append(p.names, dialect)
			p.parts = append(p.parts, part{dialect, s})
		}
	}
	_, embeds := first[switchgear.Embedder](p, "")
	_, counts := first[switchgear.TokenCounter](p, "")
	switch {
	case embeds && counts:
		return &polyglotBoth{p, polyglotEmbedder{p}, polyglotCounter{p}}, nil
	case embeds:
		return &polyglotEmbedding{p, polyglotEmbedder{p}}, nil
	case counts:
		return &polyglotCounting{p, polyglotCounter{p}}, nil
	default:
		return p, nil
	}
}

type (
	polyglot struct {
		names []string
		parts []part
	}
	part struct {
		dialect  string
		provider switchgear.Provider
	}
	polyglotEmbedder struct{ of *polyglot }
	polyglotCounter  struct{ of *polyglot }
	polyglotBoth     struct {
		*polyglot
		polyglotEmbedder
		polyglotCounter
	}
	polyglotEmbedding struct {
		*polyglot
		polyglotEmbedder
	}
	polyglotCounting struct {
		*polyglot
		polyglotCounter
	}
)

// first finds the part that speaks a dialect and can do what T says; for a
// dialect that no such part speaks, the first part that can.
func first[T any](p *polyglot, dialect string) (T, bool) {
	var found T
	ok := false
	for i := range p.parts {
		able, can := p.parts[i].provider.(T)
		switch {
		case !can:
		case p.parts[i].dialect == dialect:
			return able, true
		case !ok:
			found, ok = able, true
		}
	}
	return found, ok
}

func spoken(w *switchgear.Wire) string {
	if w == nil {
		return ""
	}
	return w.Dialect
}

// Dialects implements [switchgear.Speaker].
func (p *polyglot) Dialects() []string { return slices.Clone(p.names) }

// Complete implements [switchgear.Provider].
func (p *polyglot) Complete(ctx context.Context, call *switchgear.Call) (*switchgear.Response, error) {
	part, _ := first[switchgear.Provider](p, spoken(call.Request.Wire))
	return part.Complete(ctx, call)
}

// Stream implements [switchgear.Provider].
func (p *polyglot) Stream(ctx context.Context, call *switchgear.Call) (switchgear.Stream, error) {
	part, _ := first[switchgear.Provider](p, spoken(call.Request.Wire))
	return part.Stream(ctx, call)
}

// Close closes those parts that can be closed.
func (p *polyglot) Close() error {
	var errs []error
	for i := range p.parts {
		if c, ok := p.parts[i].provider.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// Embed implements [switchgear.Embedder].
func (m polyglotEmbedder) Embed(ctx context.Context, call *switchgear.EmbedCall) (*switchgear.EmbedResponse, error) {
	part, _ := first[switchgear.Embedder](m.of, spoken(call.Request.Wire))
	return part.Embed(ctx, call)
}

// CountTokens implements [switchgear.TokenCounter].
func (m polyglotCounter) CountTokens(ctx context.Context, call *switchgear.Call) (*switchgear.TokenCount, error) {
	part, _ := first[switchgear.TokenCounter](m.of, spoken(call.Request.Wire))
	return part.CountTokens(ctx, call)
}
