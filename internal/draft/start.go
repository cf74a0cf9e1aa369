package draft

import (
	"fmt"
	"strings"
)

// Start says what a set to begin with is for.
type Start struct {
	Route     string
	Margin    float64 // that would hold by the route's stakes
	JSON      bool    // the route's answers are JSON
	Tools     bool    // the route calls tools
	Normalise []string
}

// ByHand is a set with a few cases to be replaced by one's own.
func ByHand(s Start) *Draft {
	var b strings.Builder
	fmt.Fprintf(&b, `# Cases for route %s: what is asked, what is expected, and who grades the answers. docs/evals.md has every key.
# The cases below only show how one is written: replace them by your own. They need not be clever, but they must be
# what your users ask. About 250 tell equal models apart; under 60 nothing can ship at a margin of 0.05.
route: %s
# margin: %g          # how much worse a candidate may be and still ship; this is what the route's stakes say
`, s.Route, scalar(s.Route), s.Margin)
	switch {
	case s.JSON || len(s.Normalise) > 0: // serving mends nothing but JSON
		b.WriteString(startJSON)
	case s.Tools:
		b.WriteString(startTools)
	default:
		b.WriteString(startText)
	}
	if len(s.Normalise) > 0 {
		fmt.Fprintf(&b, "harness: {format: json, normalise: [%s]} # what the route does to answers, as the configuration says\n", strings.Join(s.Normalise, ", "))
	}
	b.WriteString(`# limits: {cost_ratio: 1.5, p95_ms: 4000, refusal_rate: 0.01}
`)
	return &Draft{Set: []byte(b.String()), N: 3, Todo: []string{"Replace the cases by your own, and the graders by what your application needs."}}
}

const startText = `request:                # what every case sends; {{names}} come from its vars
  system: "You sort the mail of a shop. Answer with one word: billing, technical or other."
  max_tokens: 20
cases:                  # a list, or the name of a JSONL file: cases: mail.jsonl
  - {id: invoice, input: "I was charged twice in May.", expect: billing, tags: [short]}
  - {id: crash, input: "The app closes itself when I log in.", expect: technical}
  - id: with-history    # a conversation
    messages:
      - {role: user, content: "Hello"}
      - {role: assistant, content: "How can I help?"}
      - {role: user, content: "When do you open?"}
    expect: other
graders:                # all of them must pass; gate: false only reports
  - one_of: {labels: [billing, technical, other], value: $expect}
`

const startJSON = `request:                # what every case sends; {{names}} come from its vars
  system: "You read invoices and answer in JSON: total and vendor."
  output: {name: invoice, schema: {type: object, required: [total, vendor], properties: {total: {type: number}, vendor: {type: string}}}}
  max_tokens: 200
cases:                  # a list, or the name of a JSONL file: cases: invoices.jsonl
  - {id: acme, input: "ACME Ltd. Total due: 12.50 EUR", expect: {total: 12.5, vendor: "ACME Ltd."}, tags: [short]}
  - {id: bolt, input: "Bolt Inc. 2 x 4.00, sum 8 EUR", expect: {total: 8, vendor: "Bolt Inc."}}
  - {id: free, input: "Carl & Co. Nothing to pay (0 EUR)", expect: {total: 0, vendor: "Carl & Co."}}
graders:                # all of them must pass; gate: false only reports
  - json: {schema: {type: object, required: [total, vendor], properties: {total: {type: number}, vendor: {type: string}}}}
  - field: {path: total, equals: $expect.total, as: number}
  - field: {path: vendor, equals: $expect.vendor, gate: false}
`

const startTools = `request:                # what every case sends; {{names}} come from its vars
  system: "Use the tools."
  tools:
    - {name: weather, description: "The weather of a city.", schema: {type: object, required: [city], properties: {city: {type: string}, unit: {type: string}}}}
  max_tokens: 400
cases:                  # a list, or the name of a JSONL file: cases: calls.jsonl
  - {id: bern, input: "Do I need an umbrella in Bern?", expect: [{name: weather, arguments: {city: Bern, unit: {any_of: [C, celsius], optional: true}}}]}
  - {id: two, input: "Is it warmer in Rome or in Oslo?", expect: [{name: weather, arguments: {city: Rome}}, {name: weather, arguments: {city: Oslo}}]}
  - {id: oslo, input: "How cold is Oslo?", expect: [{name: weather, arguments: {city: Oslo}}]}
graders:                # all of them must pass; gate: false only reports
  - tool_calls: {expect: $expect, order: any, arguments: subset}
`
