package eval

import "errors"

// Forecast is what a run would take, before anything is spent.
type Forecast struct {
	Cases     int       `json:"cases"`
	Calls     int       `json:"calls"`  // to be paid for
	Stored    int       `json:"stored"` // answers that are there already
	Judged    int       `json:"judged"` // calls of judges, at the least
	Input     int64     `json:"input_tokens"`
	Output    int64     `json:"output_tokens"` // as the stored answers go; 0 if there are none to go by
	USD       float64   `json:"usd"`           // likewise
	USDKnown  bool      `json:"usd_known"`
	Most      float64   `json:"most_usd"` // the most it can cost, judges not included
	MostKnown bool      `json:"most_known"`
	Margin    float64   `json:"margin"`
	Foresight Foresight `json:"foresight"`
}

// bytesPerToken is how many bytes of English or JSON make a token, roughly.
const bytesPerToken = 4

// Forecast says what a comparison would take and what it could show. It calls
// nobody.
func (s Settings) Forecast(set *Set, incumbent, candidate Contender) (*Forecast, error) {
	r, err := newRunner(set, incumbent, candidate, s)
	if err != nil {
		return nil, err
	}
	f := &Forecast{Cases: len(set.Cases), Margin: r.Margin, Foresight: r.run.Foresight, USDKnown: true, MostKnown: true}
	for _, who := range []*Contender{r.inc, r.cand} {
		r.forecast(f, who)
	}
	for _, c := range set.Cases {
		for _, g := range set.GradersOf(c) {
			if g.Kind == "judge" {
				f.Judged += 2 * set.Repeats
			}
		}
	}
	return f, nil
}

// forecast adds up one side.
func (r *runner) forecast(f *Forecast, who *Contender) {
	calls, wrote, paid, seen := 0, 0.0, 0.0, 0
	for _, c := range r.set.Cases {
		for repeat := range r.set.Repeats {
			if a, ok := r.Store.Get(KeyOf(who.Target, who.Params, c, repeat)); ok {
				seen++
				if a.Tokens.Output != nil {
					wrote += float64(*a.Tokens.Output)
				}
				if a.USD != nil {
					paid += *a.USD
				}
				if !r.Fresh {
					f.Stored++
					continue
				}
			}
			calls++
			r.forecastCall(f, who, c)
		}
	}
	f.Calls += calls
	if seen > 0 {
		f.Output += int64(wrote / float64(seen) * float64(calls))
		f.USD += paid / float64(seen) * float64(calls)
	} else if calls > 0 {
		f.USDKnown = false
	}
}

func (r *runner) forecastCall(f *Forecast, who *Contender, c *Case) {
	if text, err := RequestJSON(c.Request); err == nil {
		f.Input += int64(len(text)) / bytesPerToken
	}
	if who.Most == nil {
		f.MostKnown = false
		return
	}
	most := who.Most(c.Request)
	f.MostKnown = f.MostKnown && most.Known
	f.Most += most.USD
}

// Check says why a run cannot begin: a limit in dollars, and a call whose price
// nobody knows.
func (f *Forecast) Check(dollars float64, calls int) error {
	if dollars > 0 && calls == 0 && f.Calls > 0 && !f.MostKnown {
		return errors.New("--max-cost cannot be kept: the price of one of the models is not known. Give it one under models (price: 3/15), or limit the number of calls with --max-calls")
	}
	return nil
}
