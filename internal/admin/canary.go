package admin

// Canary is a candidate on trial, as an operator sees it.
type Canary struct {
	Route     string       `json:"route"`
	Rule      int          `json:"rule,omitempty"` // from 1; 0 for the route's own chain
	Step      int          `json:"step"`
	Incumbent string       `json:"incumbent"`
	Candidate string       `json:"candidate"`
	With      string       `json:"with,omitempty"`
	Share     float64      `json:"share"`           // of the requests, that the file gives it
	State     string       `json:"state"`           // "running", "ready" or "withdrawn"
	Why       string       `json:"why,omitempty"`   // it was withdrawn
	Began     string       `json:"began,omitempty"` // RFC 3339
	Answers   int          `json:"answers"`         // of the candidate
	Enough    int          `json:"enough"`          // that make it ready
	Signs     []CanarySign `json:"signs"`
}

// CanarySign is how often something went wrong on the two sides.
type CanarySign struct {
	Sign         string `json:"sign"`
	CandidateBad int    `json:"candidate_bad"`
	CandidateOf  int    `json:"candidate_of"`
	IncumbentBad int    `json:"incumbent_bad"`
	IncumbentOf  int    `json:"incumbent_of"`
}
