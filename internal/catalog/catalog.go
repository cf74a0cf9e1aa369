// Package catalog holds dated facts about models: what they cost, what they
// can do and how they are called at each host. It only reads and finds rows;
// internal/pricing and internal/capability say what the rows mean.
//
// The facts stand in catalog.txt, one line per model and host, derived from
// public data sets by scripts/catalog. They are evidence as of a date and never
// the vendor's word.
package catalog

import (
	_ "embed"
	"fmt"
	"strconv"
	"sync"
	"time"
)

//go:generate go run ../../scripts/catalog catalog.txt

//go:embed catalog.txt
var text string

// Row is one model at one host.
type Row struct {
	Host     string   // who sells it: "anthropic", "bedrock", "google"
	ID       string   // its name there
	Aliases  []string // further names there
	Family   string   // the model itself, wherever it is sold
	Kind     string   // "chat" or "embedding"
	Tier     string   // "small", "mid" or "frontier"; "" if nobody judged it
	Prices   []Price  // none if the price is unknown
	Agree    string   // how many of the sources that price it agree: "4/5"
	Context  int64    // context window in tokens; 0 if unknown
	Output   int64    // most tokens of an answer; 0 if unknown
	Inputs   []string // what it reads: "text", "image", "pdf", "audio", "video"
	Yes, No  []string // what it is known to support and known not to; anything else is unknown
	Effort   []string // the words its effort dial takes
	Thinking []string // how thinking is asked for: "adaptive", "budget_tokens", "toggle"
	Released string   // YYYY-MM-DD; "" if unknown
	Retires  string   // YYYY-MM-DD; "" if unknown
	AsOf     string   // YYYY-MM-DD, the date of the evidence
}

// Price is what a row costs under a condition.
type Price struct {
	Rates Rates
	Above int64     // holds for requests that read more than this many tokens
	From  time.Time // holds from the start of this day, UTC; zero for ever since
	To    time.Time // holds until the start of this day, UTC; zero for until further notice
}

// Unknown is the rate nobody stated.
const Unknown = -1

// Rates are in US dollars per million tokens; [Unknown] where nobody stated
// one.
type Rates struct {
	Input          float64
	Output         float64
	CacheRead      float64
	CacheWrite     float64 // kept for five minutes, or for however long the provider keeps it by default
	CacheWriteHour float64 // kept for an hour
}

// table is the parsed catalogue with its indexes. It never changes.
type table struct {
	rows   []Row
	asOf   string
	exact  map[nameAt]*Row   // by name or alias
	near   map[nameAt]*Row   // by name without version and date; nil where two rows would answer
	family map[nameAt][]*Row // by family, in the order of the file
	makers map[string]*Row   // by family, at the maker's own host
}

type nameAt struct{ host, name string }

// load parses the embedded file once. The file is part of the program, so a
// fault in it is a fault of the program: the tests read every line.
var load = sync.OnceValue(func() *table { //nolint:gochecknoglobals // computed once, never changed
	t, err := parse(text)
	if err != nil {
		panic(fmt.Sprintf("the embedded catalogue cannot be read: %v", err))
	}
	return t
})

// Rows are all rows, sorted by host and name. They must not be changed.
func Rows() []Row { return load().rows }

// AsOf is the date of the newest evidence, YYYY-MM-DD.
func AsOf() string { return load().asOf }

// Text is the embedded file.
func Text() string { return text }

// Find returns the row of a model at a host: by its name, by an alias, or by
// its name without version and date.
func Find(kind, model string) (*Row, bool) { return load().find(Host(kind), model) }

func (t *table) find(host, model string) (*Row, bool) {
	if r := t.exact[nameAt{host, model}]; r != nil {
		return r, true
	}
	r := t.near[nameAt{host, bare(model)}]
	return r, r != nil
}

// Siblings are the rows of the same model at a host, whatever region or
// spelling they are sold under.
func Siblings(kind, model string) []*Row {
	return load().family[nameAt{Host(kind), Family(model)}]
}

// Maker is the row of a model at its maker's own host.
func Maker(model string) (*Row, bool) {
	r := load().makers[Family(model)]
	return r, r != nil
}

// String is "input/output" in dollars per million tokens, as a configuration
// writes it.
func (r Rates) String() string {
	return strconv.FormatFloat(r.Input, 'f', -1, 64) + "/" + strconv.FormatFloat(r.Output, 'f', -1, 64)
}
