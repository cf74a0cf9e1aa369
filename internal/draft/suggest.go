package draft

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/switchgear-dev/switchgear/internal/record"
)

// kind is what answers look like.
type kind int

const (
	kindProse kind = iota
	kindCalls
	kindJSON
	kindNumbers
	kindLabels
	kindShort
)

// suggestion is how the answers of some records can be graded.
type suggestion struct {
	kind    kind
	why     string // what the answers look like, in a sentence
	graders []string
	schema  []byte // to be written beside the set; nil for none
	todo    []string
	expect  func(p *Picked) json.RawMessage // nil for a case that this does not fit
	own     func(p *Picked) []string        // graders of the case's own
}

// most is how many of the answers must look alike: the rest is left out, and
// said.
const most = 0.95

// suggest looks at some answers and says how they could be graded. SchemaFile
// is the name a schema would get.
func suggest(all []Picked, schemaFile, judge string) *suggestion {
	for _, try := range []func() *suggestion{
		func() *suggestion { return suggestCalls(all) },
		func() *suggestion { return suggestJSON(all, schemaFile) },
		func() *suggestion { return suggestNumbers(all) },
		func() *suggestion { return suggestLabels(all) },
		func() *suggestion { return suggestShort(all) },
	} {
		if s := try(); s != nil {
			return s
		}
	}
	return suggestProse(all, judge)
}

func share(all []Picked, holds func(p *Picked) bool) float64 {
	n := 0
	for i := range all {
		if holds(&all[i]) {
			n++
		}
	}
	return float64(n) / float64(len(all))
}

func quoteJSON(s string) json.RawMessage {
	out, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage(`""`)
	}
	return out
}

// suggestCalls is for routes where tools are called.
func suggestCalls(all []Picked) *suggestion {
	called := share(all, func(p *Picked) bool { return len(p.Answer.Calls) > 0 })
	if called < 0.2 {
		return nil
	}
	s := &suggestion{kind: kindCalls, why: percent(called) + " of the answers call tools"}
	s.expect = func(p *Picked) json.RawMessage {
		if len(p.Answer.Calls) == 0 {
			return nil
		}
		return expectedCalls(p.Answer.Calls)
	}
	s.todo = []string{"Where an argument may be written in several ways, write {any_of: [...]}; {optional: true} where it may be missing. Free text in arguments is compared to the letter: use arguments: subset, or take it out."}
	if called >= most {
		s.graders = []string{"tool_calls: {expect: $expect, order: any}"}
		return s
	}
	s.why += ", the others ask back or answer at once"
	s.graders = []string{"not_refusal"}
	s.own = func(p *Picked) []string {
		if len(p.Answer.Calls) == 0 {
			return []string{`"no_tool_call"`}
		}
		return []string{`{"tool_calls":{"expect":"$expect","order":"any"}}`}
	}
	return s
}

// expectedCalls are calls as the grader tool_calls expects them.
func expectedCalls(calls []record.Call) json.RawMessage {
	type expected struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	}
	out := make([]expected, 0, len(calls))
	for _, c := range calls {
		var object map[string]any
		if json.Unmarshal(c.Arguments, &object) != nil || object == nil {
			c.Arguments = json.RawMessage("{}")
		}
		out = append(out, expected(c))
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil
	}
	return text
}

var fence = regexp.MustCompile("(?s)^\\s*```[a-zA-Z]*\\s*\n(.*)\n\\s*```\\s*$")

// parsed reads an answer that is JSON: an object or a list.
func parsed(text string) (any, bool) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || (trimmed[0] != '{' && trimmed[0] != '[') {
		return nil, false
	}
	in := json.NewDecoder(strings.NewReader(trimmed))
	in.UseNumber()
	var v any
	if in.Decode(&v) != nil || in.More() {
		return nil, false
	}
	return v, true
}

// suggestJSON is for routes that answer in JSON, in a fence or not.
func suggestJSON(all []Picked, schemaFile string) *suggestion {
	inner := func(p *Picked) string {
		if m := fence.FindStringSubmatch(p.Answer.Text); m != nil {
			return m[1]
		}
		return p.Answer.Text
	}
	bare := share(all, func(p *Picked) bool { _, ok := parsed(p.Answer.Text); return ok })
	either := share(all, func(p *Picked) bool { _, ok := parsed(inner(p)); return ok })
	if either < most {
		return nil
	}
	s := &suggestion{kind: kindJSON, why: percent(either) + " of the answers are JSON"}
	all = slices.DeleteFunc(slices.Clone(all), func(p Picked) bool { _, ok := parsed(inner(&p)); return !ok })
	common := newShape()
	for i := range all {
		v, _ := parsed(inner(&all[i]))
		common.add(v)
	}
	schema := common.schema()
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil
	}
	s.schema = bytes.Join([][]byte{text, []byte("\n")}, nil)
	s.expect = func(p *Picked) json.RawMessage {
		if _, ok := parsed(inner(p)); !ok {
			return nil
		}
		return json.RawMessage(strings.TrimSpace(inner(p)))
	}
	s.todo = []string{
		"The schema in " + schemaFile + " was read off the answers: put the one your application reads in its place.",
		"Each field that is compared must be right for a case to pass: take out those that do not matter.",
	}
	if bare < most {
		s.why += ", most of them in a fence"
		s.graders = []string{"json: {schema: " + scalar(schemaFile) + ", anywhere: true}"}
		s.todo = append(s.todo, "If your application reads answers without their fence only thanks to normalise on the route, name it under harness.")
		return s
	}
	s.graders = append([]string{"json: {schema: " + scalar(schemaFile) + "}"}, fields(common)...)
	return s
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// fields compares the members that every answer has and that can be compared:
// numbers, truths, and texts that are no prose.
func fields(s *shape) []string {
	const mostFields, prose = 12, 60
	var out []string
	if !s.only("object") {
		return nil
	}
	for _, name := range s.always() {
		m := s.members[name]
		if !plainName.MatchString(name) || len(out) == mostFields {
			continue
		}
		switch {
		case m.only("number"):
			out = append(out, "field: {path: "+name+", equals: $expect."+name+", as: number}")
		case m.only("boolean"), m.only("string") && m.longest <= prose:
			out = append(out, "field: {path: "+name+", equals: $expect."+name+"}")
		}
	}
	return out
}

// suggestNumbers is for routes that answer with a number.
func suggestNumbers(all []Picked) *suggestion {
	number := func(p *Picked) (float64, bool) {
		f, err := strconv.ParseFloat(strings.TrimSpace(p.Answer.Text), 64)
		return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	}
	is := func(p *Picked) bool { _, ok := number(p); return ok }
	if share(all, is) < most {
		return nil
	}
	return &suggestion{
		kind: kindNumbers, why: "the answers are numbers",
		graders: []string{"number: {value: $expect, tolerance: 0}"},
		todo:    []string{"Set tolerance to how far off an answer may be."},
		expect: func(p *Picked) json.RawMessage {
			if !is(p) {
				return nil
			}
			return quoteJSON(strings.TrimSpace(p.Answer.Text))
		},
	}
}

// brief reports whether an answer is a line of a few words.
func brief(p *Picked, most int) bool {
	text := strings.TrimSpace(p.Answer.Text)
	return text != "" && utf8.RuneCountInString(text) <= most && !strings.Contains(text, "\n")
}

// suggestLabels is for routes that answer with one of a few words.
func suggestLabels(all []Picked) *suggestion {
	const longest, mostLabels, perLabel = 40, 30, 3
	is := func(p *Picked) bool { return brief(p, longest) }
	if share(all, is) < most {
		return nil
	}
	labels := map[string]int{}
	for i := range all {
		if is(&all[i]) {
			labels[strings.TrimSpace(all[i].Answer.Text)]++
		}
	}
	if len(labels) < 2 || len(labels) > mostLabels || len(labels)*perLabel > len(all) {
		return nil
	}
	var words []string
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		words = append(words, string(quoteJSON(label)))
	}
	return &suggestion{
		kind: kindLabels, why: fmt.Sprintf("the answers are %d labels", len(labels)),
		graders: []string{"one_of: {labels: [" + strings.Join(words, ", ") + "], value: $expect}"},
		todo:    []string{"The labels are those that were seen: add the ones that may be answered besides, and take out slips."},
		expect: func(p *Picked) json.RawMessage {
			if !is(p) {
				return nil
			}
			return quoteJSON(strings.TrimSpace(p.Answer.Text))
		},
	}
}

// suggestShort is for routes that answer in a few words.
func suggestShort(all []Picked) *suggestion {
	const longest = 60
	is := func(p *Picked) bool { return brief(p, longest) }
	if share(all, is) < most {
		return nil
	}
	return &suggestion{
		kind: kindShort, why: "the answers are a few words",
		graders: []string{"equals: {value: $expect, ignore_case: true, ignore_space: true}"},
		todo:    []string{"Where several wordings are right, equals is too strict: give the case a grader of its own (regex, contains), or judge them all."},
		expect: func(p *Picked) json.RawMessage {
			if !is(p) {
				return nil
			}
			return quoteJSON(strings.TrimSpace(p.Answer.Text))
		},
	}
}

// suggestProse is for everything else: whether prose is good only a judge can
// say.
func suggestProse(all []Picked, judge string) *suggestion {
	var words []int
	for i := range all {
		words = append(words, len(strings.Fields(all[i].Answer.Text)))
	}
	slices.Sort(words)
	longest := max(20, 2*words[len(words)*99/100])
	s := &suggestion{
		kind: kindProse, why: "the answers are prose",
		graders: []string{"not_refusal", fmt.Sprintf("length: {max_words: %d}", longest)},
		expect: func(p *Picked) json.RawMessage {
			if strings.TrimSpace(p.Answer.Text) == "" {
				return nil
			}
			return quoteJSON(strings.TrimSpace(p.Answer.Text))
		},
	}
	const rubric = `"The answer is right, complete, and of use to who asked."`
	if judge == "" || judge == NoJudge {
		s.todo = []string{"These graders only see refusals and answers that ramble: nearly everything passes, and a run of this set proves nothing. Whether an answer is good only a judge can say: take the # off the one below, and name a model you trust that is neither of the two."}
		s.graders = append(s.graders, "# judge: {model: PROVIDER/MODEL, mode: pairwise, rubric: "+rubric+"}")
		return s
	}
	s.graders = append(s.graders, "judge: {model: "+scalar(judge)+", mode: pairwise, rubric: "+rubric+"}")
	s.todo = []string{
		"The judge sets each answer against the recorded one, by a rubric that fits anything: write yours.",
		"Read twenty of its verdicts before you believe it. It costs two calls a case and model.",
	}
	return s
}

func percent(share float64) string { return strconv.Itoa(int(math.Round(100*share))) + "%" }
