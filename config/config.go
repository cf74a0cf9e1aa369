// Package config is the routing file as Go values: what stands in it, where it
// stands, and what is wrong with how it is written.
//
// [Parse] finds everything that can be known from the file alone: syntax, keys,
// types, words, durations, substitutions and references from one part of the
// file to another. Whether the table makes sense (whether a floor leaves a step
// to serve, whether a model can do what a route needs) is for the package
// gateway, which knows prices and capabilities.
package config

import (
	"slices"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// Config is a routing file. Lists are in the order of the file.
type Config struct {
	File       string // the name it was parsed under; "" for [FromEnvironment]
	Version    int    // always 1
	Listen     string // host:port of the data plane
	Admin      Admin
	Expose     string // "minimal", "full", or "" to decide by the address listened on
	Direct     bool   // a client may name provider/model instead of a route
	Providers  []Provider
	Models     []Model
	Routes     []Route
	Retry      Retry
	Breakers   []Breaker
	Clients    []Client
	Gate       Gate
	Alerts     []Receiver
	Drill      Drill
	Record     Record
	NoAlerts   bool   // the file says that nobody is to be told of anything
	Generation string // six hexadecimal digits that change when the configuration does
	Pos        Places
}

// Places says where the settings stand that have no type of their own. A
// setting that is not in the file has no place.
type Places struct {
	Listen, Admin, AdminListen, AdminToken, Expose, Direct, Clients, Alerts, Gate Position
}

// Admin is the port for operators.
type Admin struct {
	Listen string            // host:port
	Token  switchgear.Secret // zero if the file gives none
}

// Provider is an upstream that can be called.
type Provider struct {
	Name     string
	Kind     string // the provider's own name if the file does not say
	BaseURL  string // "" for the kind's own
	Keys     []switchgear.Secret
	Retry    Retry
	InFlight int // most attempts at one of its models at once; 0 for no fixed limit
	// Recordings are the files a provider of kind replay answers from, as they
	// are to be opened.
	Recordings []string
	Disabled   string // why no step of it can serve ("OPENAI_API_KEY is not set"); "" if they can
	Pos        Position
	KindPos    Position // Pos if the file does not say
	URLPos     Position
	KeyPos     Position // of key or keys
}

// Model is a short name for a target.
type Model struct {
	Name     string
	Target   switchgear.Target
	Tier     switchgear.Tier // TierUnknown if the file does not say
	Price    *Price          // nil if the file does not say
	SameAs   string          // another short name: the same model at another host; "" for none
	Retires  string          // YYYY-MM-DD, the last day it can be asked; "" if the file does not say
	Pos      Position
	ModelPos Position
	TierPos  Position
	PricePos Position
	SamePos  Position
}

// Price is what a model costs, in US dollars per million tokens.
type Price struct{ In, Out float64 }

// RouteKind says what a route is asked for.
type RouteKind string

// The kinds of routes.
const (
	KindChat      RouteKind = "chat"
	KindEmbedding RouteKind = "embedding"
)

// Surface says who waits for the answer; it sets the default timeouts.
type Surface string

// The surfaces.
const (
	SurfaceInteractive Surface = "interactive" // someone watches it appear
	SurfaceQuality     Surface = "quality"     // someone waits for it to be good
	SurfaceBackground  Surface = "background"  // nobody waits
)

// Commit says when bytes may reach the client.
type Commit string

// The commit points.
const (
	CommitFirstToken Commit = "first_token" // at the first content
	CommitHold       Commit = "hold"        // a little later, so that early deaths go unseen
	CommitWhole      Commit = "whole"       // when the answer is complete
)

// PolicyAction says what a refusal by a provider's content policy does.
type PolicyAction string

// What a refusal by a provider's content policy does.
const (
	PolicyStop     PolicyAction = "stop"     // the client gets it
	PolicyFallback PolicyAction = "fallback" // the next step is tried
)

// Fetch says how an answer is fetched that the client wants in one piece.
type Fetch string

// The ways to fetch a whole answer.
const (
	FetchWhole  Fetch = "whole"  // in one piece, and passed on as it came
	FetchStream Fetch = "stream" // bit by bit, so that silence is noticed early, and put together here
)

// Route is a named job: a chain of models and the terms on which they serve.
// Words that the file leaves out hold their defaults, but for Floor, Timeout
// and Retry.
type Route struct {
	Name          string
	Description   string
	Kind          RouteKind
	Chain         []Step
	Stakes        switchgear.Stakes
	Surface       Surface
	Floor         switchgear.Tier // TierUnknown if the file does not say
	SinglePoint   bool            // it is accepted that one provider's failure fails the route
	Needs         []Word
	Timeout       Timeout // as written; see [Route.Clocks]
	Commit        Commit  // as written, or the default; see [Route.CommitsAt]
	Normalise     []Word  // the rungs that bring answers into the form declared for them
	ContentPolicy PolicyAction
	Strict        bool // a request is refused rather than part of it left out
	Aliases       []Word
	Rules         []Rule
	Eval          string // the eval set that proves its targets, by a path relative to this file; "" for none
	Retry         Retry  // as written; see [Config.RetryFor]
	Opinion       Switch // whether a refusal in unknown words is worth a second opinion; see [Route.SecondOpinion]
	Hedge         bool   // a target under suspicion is raced by the next
	Fetch         Fetch
	Record        Switch // whether its requests may be kept where the file keeps any; see [Route.Recorded]
	Pos           Position
	ChainPos      Position
	FloorPos      Position
	StakesPos     Position
	PolicyPos     Position
	CommitPos     Position // zero if the file does not say
	TimeoutPos    Position
	KindPos       Position
	EvalPos       Position
	RecordPos     Position
}

// Word is a word of a list and where it stands.
type Word struct {
	Text string
	Pos  Position
}

// Texts are the words without their places; nil for none.
func Texts(words []Word) []string {
	var out []string
	for _, w := range words {
		out = append(out, w.Text)
	}
	return out
}

// Step is one entry of a chain.
type Step struct {
	Use      string            // as written: a short name or provider/model
	Target   switchgear.Target // zero if Use could not be resolved, which is a finding
	Model    *Model            // what Use names, if it is a short name
	With     *switchgear.Levers
	WithText string   // With for the eye: "thinking=adaptive effort=high"
	WithAt   Position // where with stands; zero if it does not
	Canary   *Canary  // who answers a part of its requests on trial; nil for nobody
	Pos      Position
	WithPos  map[string]Position // where each lever stands, by its key
}

// Timeout are the clocks of a route. Zero means that the surface's default
// holds.
type Timeout struct {
	FirstToken time.Duration // per attempt, from the call to the first content
	Idle       time.Duration // per attempt, between one content and the next
	Total      time.Duration // for the whole request, over all attempts
}

// Rule sends the requests that match to a chain of their own. The first rule
// that matches wins.
type Rule struct {
	When  Match
	Chain []Step
	Pos   Position
}

// Match are the conditions of a rule; all of them must hold.
type Match struct {
	InputTokens *Bound // nil for any
	Stream      *bool  // nil for any
	Labels      []LabelMatch
	Pos         Position
}

// Bound compares a number.
type Bound struct {
	Op string // ">", ">=", "<" or "<="
	N  int64
}

// Holds reports whether n is within the bound.
func (b Bound) Holds(n int64) bool {
	switch b.Op {
	case ">":
		return n > b.N
	case ">=":
		return n >= b.N
	case "<":
		return n < b.N
	default:
		return n <= b.N
	}
}

// LabelMatch holds if the label has one of the values.
type LabelMatch struct {
	Name   string
	Values []string
}

// Retry is how often and how patiently one target is tried again. Nil and zero
// fields are not in the file.
type Retry struct {
	Attempts int // tries per target, the first included
	Backoff  *Backoff
	WaitHint *time.Duration // the longest Retry-After that is waited out
	Budget   *float64       // the retry budget: how many retries and hedges a first attempt earns
	Pos      Position
}

// Backoff bounds the wait before another try.
type Backoff struct {
	Base time.Duration // the first wait is between 0 and Base; it doubles from there
	Cap  time.Duration
}

// Client is a key that the gateway accepts.
type Client struct {
	Name   string
	Hash   string   // "sha256:" and 64 hexadecimal digits
	Routes []string // route names; nil for every route
	Labels map[string]string
	Pos    Position
}

// Provider finds a provider by name.
func (c *Config) Provider(name string) (*Provider, bool) {
	i := slices.IndexFunc(c.Providers, func(p Provider) bool { return p.Name == name })
	if i < 0 {
		return nil, false
	}
	return &c.Providers[i], true
}

// Model finds a short name.
func (c *Config) Model(name string) (*Model, bool) {
	i := slices.IndexFunc(c.Models, func(m Model) bool { return m.Name == name })
	if i < 0 {
		return nil, false
	}
	return &c.Models[i], true
}

// Route finds a route by its name or one of its aliases.
func (c *Config) Route(name string) (*Route, bool) {
	i := slices.IndexFunc(c.Routes, func(r Route) bool { return r.Name == name })
	if i < 0 {
		i = slices.IndexFunc(c.Routes, func(r Route) bool {
			return slices.ContainsFunc(r.Aliases, func(w Word) bool { return w.Text == name })
		})
	}
	if i < 0 {
		return nil, false
	}
	return &c.Routes[i], true
}
