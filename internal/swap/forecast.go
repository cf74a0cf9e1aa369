package swap

import "github.com/switchgear-dev/switchgear"

// Forecast is what a step costs before and after, at list price. Nil is
// unknown, and never nothing.
type Forecast struct {
	Before      *float64 `json:"before_usd_per_1k"` // a thousand requests that the step answers
	After       *float64 `json:"after_usd_per_1k"`
	BeforeMonth *float64 `json:"before_usd_per_month,omitempty"` // if it answers all requests of a month
	AfterMonth  *float64 `json:"after_usd_per_month,omitempty"`
	Calls       float64  `json:"calls_per_month,omitempty"`
	AsOf        string   `json:"as_of,omitempty"` // the older of the two prices' dates
}

// Change is the new cost as a share of the old one, less one; false if either
// is unknown or the old one is nothing.
func (f *Forecast) Change() (float64, bool) {
	if f.Before == nil || f.After == nil || *f.Before == 0 {
		return 0, false
	}
	return *f.After / *f.Before - 1, true
}

// forecast prices the step before and after.
func forecast(e *Edit, w *Wish, h *House) Forecast {
	out := Forecast{Calls: w.Calls}
	tokens := w.Usage.tokens()
	price := func(c switchgear.Cost) (thousand, month *float64) {
		if !c.Known {
			return nil, nil
		}
		if c.AsOf != "" && (out.AsOf == "" || c.AsOf < out.AsOf) {
			out.AsOf = c.AsOf
		}
		a := c.USD * 1000
		if w.Calls == 0 {
			return &a, nil
		}
		b := c.USD * w.Calls
		return &a, &b
	}
	out.Before, out.BeforeMonth = price(h.Price(e.before, e.was, tokens))
	out.After, out.AfterMonth = price(h.Price(e.after, e.is, tokens))
	return out
}
