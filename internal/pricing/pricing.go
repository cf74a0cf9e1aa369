// Package pricing says what answers cost at list price: dated prices from the
// embedded catalogue, or a price the configuration states.
//
// What is not known is not free: a cost is either computed from a known price
// and known counts, or its Known is false.
package pricing

import (
	"slices"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/catalog"
)

// Rates are in US dollars per million tokens; negative where unknown.
type Rates = catalog.Rates

// Price is what one model costs at one host, over time and by length of the
// request. It never changes and may be shared. The zero Price is unknown.
type Price struct {
	spans []catalog.Price
	asOf  string
}

// Lookup finds the list price of a model at a date. Kind is the provider's
// kind; pass "" for an endpoint the user runs, which sells at no list price.
//
// A name that is not listed but differs from a listed one only in region,
// version or date has its price, if all such names of the host cost the same.
// It reports false if no price is known for the date; the Price may still
// know other dates.
func Lookup(kind, model string, at time.Time) (Price, bool) {
	row, ok := catalog.Find(kind, model)
	if !ok {
		same := catalog.Siblings(kind, model)
		if len(same) == 0 || !agree(same) {
			return Price{}, false
		}
		row = same[0]
	}
	p := Price{spans: row.Prices, asOf: row.AsOf}
	_, known := p.Rates(0, at)
	return p, known
}

func agree(rows []*catalog.Row) bool {
	for _, r := range rows[1:] {
		if !slices.Equal(r.Prices, rows[0].Prices) {
			return false
		}
	}
	return true
}

// Fixed is a price of the configuration, in dollars per million tokens in and
// out. It holds at every date and length.
//
// Its cache rates stand in the same proportion to its input rate as in like,
// which is the catalogue's price of the same model, or nil; without one they
// are unknown. A price of nothing at all is known to be nothing for cached
// tokens, too.
func Fixed(input, output float64, like *Price, at time.Time) Price {
	r := Rates{Input: input, Output: output, CacheRead: catalog.Unknown, CacheWrite: catalog.Unknown, CacheWriteHour: catalog.Unknown}
	if input == 0 && output == 0 {
		r = Rates{}
	} else if like != nil {
		if known, ok := like.Rates(0, at); ok {
			scale(&r, &known)
		}
	}
	return Price{spans: []catalog.Price{{Rates: r}}}
}

// scale gives r the cache rates of like, in proportion to its input.
func scale(r, like *Rates) {
	if like.Input <= 0 {
		return
	}
	by := r.Input / like.Input
	for _, pair := range [][2]*float64{
		{&r.CacheRead, &like.CacheRead}, {&r.CacheWrite, &like.CacheWrite}, {&r.CacheWriteHour, &like.CacheWriteHour},
	} {
		if *pair[1] >= 0 {
			*pair[0] = *pair[1] * by
		}
	}
}

// Rates are those of a request that reads so many tokens at a date.
func (p *Price) Rates(input int64, at time.Time) (Rates, bool) {
	best := -1
	for i := range p.spans {
		s := &p.spans[i]
		if at.Before(s.From) || (!s.To.IsZero() && !at.Before(s.To)) {
			continue
		}
		if s.Above != 0 && input <= s.Above {
			continue
		}
		if best < 0 || s.Above > p.spans[best].Above {
			best = i
		}
	}
	if best < 0 {
		return Rates{}, false
	}
	return p.spans[best].Rates, true
}

// AsOf is the date of the evidence, YYYY-MM-DD; "" for a price of the
// configuration.
func (p *Price) AsOf() string { return p.asOf }

// Cost is what a usage costs at the date of its request. It is unknown if the
// price is, if the input or output count is missing, if the counts contradict
// each other, or if tokens were read from or written to a cache at an unknown
// rate.
//
// Cached tokens are part of Input and are billed once, at their own rate. Where
// a provider says nothing of a cache, everything it read is billed at the full
// rate: those that discount cached tokens report them.
func (p *Price) Cost(u *switchgear.Usage, at time.Time) switchgear.Cost {
	r, ok := p.Rates(u.Input, at)
	if !ok || !counted(u, &r) {
		return switchgear.Cost{}
	}
	hour := u.CacheWriteHour
	dollars, known := 0.0, true
	bill := func(tokens int64, rate float64) {
		if tokens == 0 {
			return
		}
		known = known && rate >= 0
		dollars += float64(tokens) * rate
	}
	bill(u.Input-u.CacheRead-u.CacheWrite, r.Input)
	bill(u.CacheRead, r.CacheRead)
	bill(u.CacheWrite-hour, r.CacheWrite)
	bill(hour, r.CacheWriteHour)
	bill(u.Output, r.Output)
	if !known {
		return switchgear.Cost{}
	}
	return switchgear.Cost{USD: dollars / 1e6, Known: true, AsOf: p.asOf}
}

// counted reports whether the counts that matter are there and make sense.
// Embeddings write nothing: where output is free its count need not be there.
func counted(u *switchgear.Usage, r *Rates) bool {
	need := switchgear.UsageInput
	if r.Output != 0 {
		need |= switchgear.UsageOutput
	}
	return u.Has(need) &&
		u.Output >= 0 && u.CacheRead >= 0 && u.CacheWriteHour >= 0 && u.CacheWrite >= u.CacheWriteHour &&
		u.Input >= u.CacheRead && u.Input-u.CacheRead >= u.CacheWrite
}
