package drill

import "time"

// Scene is how a drill that is watched stands at a moment: all that a picture
// of it is drawn from, and in the end what came of it.
type Scene struct {
	At      float64  `json:"seconds"`
	All     float64  `json:"of_seconds"`
	Begins  float64  `json:"outage_begins"`
	Ends    float64  `json:"outage_ends"`
	Stopped bool     `json:"stopped,omitempty"` // before its end
	Over    bool     `json:"-"`                 // this is the last scene
	Struck  string   `json:"struck"`            // the provider
	Phase   string   `json:"-"`                 // of the outage; "" before and after it
	Harm    float64  `json:"-"`                 // the share of the calls it harms now
	Slow    float64  `json:"-"`                 // how many times slower the others are
	With    Crowd    `json:"with_switchgear"`
	Alone   Crowd    `json:"sdk_only"`
	Chain   []Link   `json:"chain"`
	Opened  int      `json:"circuits_opened"`
	Closed  int      `json:"circuits_closed"`
	Calls   int      `json:"upstream_calls"`
	Wasted  int      `json:"calls_for_nothing"`
	Cost    *Bill    `json:"cost,omitempty"` // nil if a price is not known
	News    []News   `json:"events"`
	Columns []Column `json:"timeline"`
}

// Crowd is what a number of users saw. Times are in seconds.
type Crowd struct {
	Asked     int     `json:"asked"`
	OK        int     `json:"ok"`
	OKShare   float64 `json:"ok_share"` // of all but those who have only just asked
	Failed    int     `json:"failed"`
	Truncated int     `json:"truncated_as_success"`
	Waiting   int     `json:"waiting"` // still
	Stuck     int     `json:"stuck"`   // of them, for longer than anybody should
	P50       float64 `json:"first_token_p50"`
	P99       float64 `json:"first_token_p99"`
	AddedP50  float64 `json:"added_p50"` // in the outage, to what it was before it
	AddedP99  float64 `json:"added_p99"`
}

// Link is a target of the chain.
type Link struct {
	Target   string  `json:"target"`
	Provider string  `json:"provider"`
	State    string  `json:"circuit"`
	Share    float64 `json:"-"` // of the load that it is let have
	Served   int     `json:"served"`
}

// Bill is what calls cost, in dollars.
type Bill struct {
	All     float64 `json:"all"`
	Nothing float64 `json:"for_nothing"` // of it, for calls that served nobody
}

// News is something that happened.
type News struct {
	At   float64 `json:"at"`
	Text string  `json:"text"`
	Bad  bool    `json:"-"`
	Good bool    `json:"-"`
}

// Column is a piece of the run: what became of the users who asked in it.
type Column struct {
	From    float64        `json:"from"`
	Served  map[string]int `json:"served"` // by target
	Failed  int            `json:"failed"`
	Waiting int            `json:"waiting"`
	AloneOK int            `json:"sdk_only_ok"`
	Lost    int            `json:"sdk_only_failed"` // or still waiting, for longer than anybody should
	Harm    float64        `json:"harm"`
	State   string         `json:"circuit"` // of the first target, where it was worst
}

// Columns is how many pieces a run is cut into.
const Columns = 60

// stuckTime is after which somebody who waits counts as lost for the moment.
const stuckTime = 3 * time.Second
