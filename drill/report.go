package drill

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Outcome is what came of one outage.
type Outcome struct {
	Script   string         `json:"script"`
	Title    string         `json:"title,omitempty"`
	Modelled string         `json:"modelled_on,omitempty"`
	Strikes  string         `json:"strikes"` // who was struck
	Without  []string       `json:"without,omitempty"`
	Rate     float64        `json:"rate"`
	Calm     *Phase         `json:"calm"`
	Bad      *Phase         `json:"bad"`
	After    *Phase         `json:"after"`
	Alone    *Phase         `json:"sdk_only,omitempty"`
	Figures  []Figure       `json:"figures"`
	Episodes []Episode      `json:"episodes"`
	Routes   []RouteOutcome `json:"routes"`
	Pages    []Page         `json:"pages"`
	Moves    []Move         `json:"moves"`
	Slices   []Slice        `json:"timeline"`
	Step     float64        `json:"timeline_step"`     // seconds
	Lasts    float64        `json:"seconds"`           // of the outage
	Real     bool           `json:"real,omitempty"`    // over sockets and in real time
	Shorter  float64        `json:"shorter,omitempty"` // how many times, than its script has it; only of a real one
}

// Missed are the figures that are worse than they may be.
func (o *Outcome) Missed() []Figure {
	var out []Figure
	for _, f := range o.Figures {
		if !f.OK {
			out = append(out, f)
		}
	}
	return out
}

// Phase is what users saw over a stretch of time. Times are in seconds.
type Phase struct {
	Requests   int     `json:"requests"`
	OK         int     `json:"ok"`
	Failed     int     `json:"failed"`
	Truncated  int     `json:"truncated_as_success"`
	OKShare    float64 `json:"ok_share"`
	P50        float64 `json:"first_token_p50"`
	P99        float64 `json:"first_token_p99"`
	P999       float64 `json:"first_token_p999"`
	Worst      float64 `json:"first_token_worst"`
	WholeP50   float64 `json:"whole_p50"` // of answers in one piece
	WholeP99   float64 `json:"whole_p99"`
	Calls      int     `json:"upstream_calls"`
	PerRequest float64 `json:"calls_per_request"`
}

// Figure is one number that an outage is judged by.
type Figure struct {
	Name  string   `json:"name"`
	Value float64  `json:"value"`
	Limit *float64 `json:"limit,omitempty"` // nil for none
	Least bool     `json:"at_least,omitempty"`
	Unit  string   `json:"unit,omitempty"` // "%", "s", "ms" or ""
	OK    bool     `json:"ok"`
	Note  string   `json:"note,omitempty"`
}

// Episode is a stretch in which the struck provider was ill.
type Episode struct {
	From    float64  `json:"from"` // seconds since the outage began
	To      float64  `json:"to"`
	Harm    float64  `json:"harm"` // the share of calls it harmed, when it began
	Slow    float64  `json:"slow"` // how many times slower it got
	Fault   string   `json:"fault,omitempty"`
	Opened  *float64 `json:"opened_after,omitempty"`    // seconds; nil if no circuit opened
	Moved   *float64 `json:"load_gone_after,omitempty"` // seconds until it got less than half of its normal load
	Within  *float64 `json:"open_within,omitempty"`     // the limit; nil where none is set
	Back    *float64 `json:"back_after,omitempty"`      // seconds after its end until nine in ten requests were served as in calm
	Expects bool     `json:"-"`                         // there is time enough to come back
}

// RouteOutcome is what an outage did to one route.
type RouteOutcome struct {
	Name     string   `json:"name"`
	Chain    []string `json:"chain"`
	Requests int      `json:"requests"` // during the outage
	Failed   int      `json:"failed"`
	NoWayOut bool     `json:"no_way_out"` // every step of it is struck
	Alone    bool     `json:"single_provider"`
}

// Page is one notice that somebody would have got.
type Page struct {
	At      float64 `json:"at"` // seconds since the outage began
	Action  string  `json:"action"`
	Summary string  `json:"summary"`

	time time.Time
	key  string
}

// Move is a change of a circuit.
type Move struct {
	At     float64 `json:"at"`
	Target string  `json:"target"`
	State  string  `json:"state"`
	Reason string  `json:"reason,omitempty"`
}

// Slice is a few seconds of the run.
type Slice struct {
	From     float64        `json:"from"`
	Served   map[string]int `json:"served"` // by target
	Failed   int            `json:"failed"`
	P50      float64        `json:"first_token_p50"`
	P99      float64        `json:"first_token_p99"`
	Upstream int            `json:"struck_calls"` // that reached the struck provider
	Harm     float64        `json:"harm"`
	Slow     float64        `json:"slow"`
}

// String is the value as people read it, marked if it misses its limit.
func (f *Figure) String() string {
	var text string
	switch {
	case f.Unit == "" && f.Value == math.Trunc(f.Value):
		text = strconv.Itoa(int(f.Value))
	case f.Unit == "":
		text = fmt.Sprintf("%.3f", f.Value)
	case f.Unit == "%":
		text = fmt.Sprintf("%.2f%%", f.Value)
	case math.Abs(f.Value) < 1:
		text = fmt.Sprintf("%.0fms", 1000*f.Value)
	default:
		text = fmt.Sprintf("%.1fs", f.Value)
	}
	if f.Limit == nil && f.Note != "" {
		text = "-"
	}
	if !f.OK {
		text += "!"
	}
	return text
}

// Sentence says what is wrong with a figure that misses its limit.
func (f *Figure) Sentence() string {
	shown := Figure{Value: f.Value, Unit: f.Unit, OK: true, Limit: f.Limit}
	text := f.Name + " is " + shown.String()
	if f.Limit != nil {
		shown.Value = *f.Limit
		word := "at most "
		if f.Least {
			word = "at least "
		}
		text += ", and should be " + word + shown.String()
	}
	if f.Note != "" {
		text += " (" + f.Note + ")"
	}
	return text
}

// LimitText is the limit as people read it; empty if there is none.
func (f *Figure) LimitText() string {
	if f.Limit == nil {
		return ""
	}
	limit := Figure{Value: *f.Limit, Unit: f.Unit, OK: true, Limit: f.Limit}
	return limit.String()
}
