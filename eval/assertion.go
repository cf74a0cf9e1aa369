package eval

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// graders makes graders of assertions.
func (im *importing) graders(asserts []*Value, at string, vars map[string]string) []yaml.MapSlice {
	var out []yaml.MapSlice
	names := map[string]bool{}
	for i, v := range asserts {
		path := index(at, i)
		if v.Kind != Map || v.Get("type") == nil {
			im.drop(v.Pos, path, "the assertion is not written out here", "Assertions by reference ($ref) are not followed.")
			continue
		}
		kind := v.Get("type").Text
		if kind == "assert-set" {
			im.rest(v, path, "type", "assert")
			if v.Get("threshold") == nil && v.Get("assert") != nil {
				out = append(out, im.graders(v.Get("assert").Items, child(path, "assert"), vars)...)
			} else {
				im.drop(v.Pos, path, "a set of assertions of which only some must pass")
			}
			continue
		}
		im.rest(v, path, "type", "value", "threshold", "weight", "metric", "provider")
		name, settings, ok := im.assertion(kind, v, path, vars)
		if !ok {
			continue
		}
		if w := v.Get("weight"); w != nil && w.Text == "0" {
			settings = append(settings, yaml.MapItem{Key: "gate", Value: false})
		} else if w != nil {
			settings = append(settings, yaml.MapItem{Key: "weight", Value: plain(w)})
		}
		if m := v.Get("metric"); m != nil && m.Text != "" {
			if label := im.fill(m.Text, vars, m.Pos, path); !names[label] {
				names[label] = true
				settings = append(settings, yaml.MapItem{Key: "name", Value: label})
			} else {
				im.drop(m.Pos, child(path, "metric"), "another assertion of the test counts under this metric already", "Graders of a case have names of their own.")
			}
		}
		out = append(out, yaml.MapSlice{{Key: name, Value: settings}})
	}
	return out
}

// assertion finds the grader that takes an assertion's place.
func (im *importing) assertion(kind string, v *Value, path string, vars map[string]string) (string, yaml.MapSlice, bool) {
	positive, not := strings.CutPrefix(kind, "not-")
	value := im.value(v.Get("value"), path, vars)
	set := func(pairs ...any) yaml.MapSlice {
		out := yaml.MapSlice{}
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, yaml.MapItem{Key: pairs[i], Value: pairs[i+1]})
		}
		if not && positive != "is-refusal" {
			out = append(out, yaml.MapItem{Key: "not", Value: true})
		}
		return out
	}
	if text, ok := value.(string); ok && isFile(text) && !slices.Contains([]string{"javascript", "python", "ruby"}, positive) {
		im.drop(v.Pos, path, "the value is in another file: "+Quote(text), "Put it into this one first.")
		return "", nil, false
	}
	if t := v.Get("threshold"); t != nil && positive != "llm-rubric" {
		im.drop(t.Pos, child(path, "threshold"), "this assertion either passes or fails here")
	}
	if value == nil && slices.Contains([]string{"equals", "starts-with", "regex"}, positive) {
		im.drop(v.Pos, path, "the assertion has no value")
		return "", nil, false
	}
	switch positive {
	case "equals":
		return "equals", set("value", escapeExpect(value)), true
	case "contains", "contains-all", "contains-any", "icontains", "icontains-all", "icontains-any":
		return im.contains(positive, value, v, path, set)
	case "starts-with":
		return "regex", set("pattern", `\A`+regexp.QuoteMeta(fmt.Sprint(value))), true
	case "regex":
		pattern := fmt.Sprint(value)
		if _, err := regexp.Compile(pattern); err != nil {
			im.drop(v.Pos, path, "the pattern is none of RE2's: "+Quote(pattern), "Write it without look-around and back-references.")
			return "", nil, false
		}
		return "regex", set("pattern", escapeExpect(pattern)), true
	case "is-json", "contains-json":
		return im.json(positive, value, v, path, not)
	case "is-refusal":
		if !not {
			im.drop(v.Pos, path, "no grader wants a refusal", "A command grader can.")
		}
		return "not_refusal", set(), not
	case "llm-rubric":
		return im.judge(value, v, path, not)
	}
	im.drop(v.Pos, path, "there is no grader for "+Quote(kind), instead(positive))
	return "", nil, false
}

func (im *importing) contains(kind string, value any, v *Value, path string, set func(...any) yaml.MapSlice) (string, yaml.MapSlice, bool) {
	if text, ok := value.(string); ok && (strings.HasSuffix(kind, "-all") || strings.HasSuffix(kind, "-any")) {
		var list []any
		for part := range strings.SplitSeq(text, ",") {
			list = append(list, strings.TrimSpace(part))
		}
		value = list
	}
	if value == nil || value == "" {
		im.drop(v.Pos, path, "the assertion looks for nothing")
		return "", nil, false
	}
	settings := set("value", escapeExpect(value))
	if strings.HasPrefix(kind, "i") {
		settings = append(settings, yaml.MapItem{Key: "ignore_case", Value: true})
	}
	if strings.HasSuffix(kind, "-any") {
		settings = append(settings, yaml.MapItem{Key: "any", Value: true})
	}
	return "contains", settings, true
}

func (im *importing) json(kind string, value any, v *Value, path string, not bool) (string, yaml.MapSlice, bool) {
	if not {
		im.drop(v.Pos, path, "no grader wants an answer that is not JSON", "A command grader can.")
		return "", nil, false
	}
	settings := yaml.MapSlice{}
	switch schema := value.(type) {
	case nil:
	case map[string]any:
		settings = append(settings, yaml.MapItem{Key: "schema", Value: schema})
	case string:
		sub := &reader{file: im.file}
		parsed := sub.readYAML([]byte(schema))
		if parsed == nil || parsed.Kind != Map {
			im.drop(v.Pos, path, "the schema cannot be read")
			return "", nil, false
		}
		settings = append(settings, yaml.MapItem{Key: "schema", Value: plain(parsed)})
	}
	if kind == "contains-json" {
		settings = append(settings, yaml.MapItem{Key: "anywhere", Value: true})
	}
	return "json", settings, true
}

func (im *importing) judge(value any, v *Value, path string, not bool) (string, yaml.MapSlice, bool) {
	rubric, ok := value.(string)
	model := im.opts.Judge
	if p := v.Get("provider"); p != nil && p.Kind == String {
		model = strings.Replace(strings.Replace(p.Text, ":chat:", "/", 1), ":", "/", 1)
	}
	switch {
	case not:
		im.drop(v.Pos, path, "a rubric that must not be met", "Say in the rubric what must be met.")
	case !ok || rubric == "":
		im.drop(v.Pos, path, "a rubric that is not plain text")
	case model == "":
		im.drop(v.Pos, path, "the assertion does not say which model judges", "Name a judge when importing, or give the assertion a provider.")
	default:
		settings := yaml.MapSlice{{Key: "model", Value: model}, {Key: "rubric", Value: rubric}}
		if t := v.Get("threshold"); t != nil && t.Kind == Number {
			settings = append(settings, yaml.MapItem{Key: "pass", Value: plain(t)})
		}
		return "judge", settings, true
	}
	return "", nil, false
}

// instead says what can take the place of an assertion without a counterpart.
func instead(kind string) string {
	switch kind {
	case "javascript", "python", "ruby", "webhook":
		return "Scripts are not run in our process; call it from a command grader: command: {run: [...]}."
	case "similar", "factuality", "g-eval", "answer-relevance", "model-graded-closedqa", "context-recall", "context-relevance", "context-faithfulness", "select-best":
		return "A judge with a rubric comes nearest."
	case "latency":
		return "Latency is a limit of the whole set: limits: {p95_ms: ...}."
	case "cost":
		return "Cost is a limit of the whole set: limits: {cost_ratio: ...}."
	default:
		return "A command grader can do it."
	}
}

// value is an assertion's value with the test's values filled in.
func (im *importing) value(v *Value, path string, vars map[string]string) any {
	if v == nil {
		return nil
	}
	if v.Kind == String {
		return im.fill(v.Text, vars, v.Pos, path)
	}
	if v.Kind == List {
		out := []any{}
		for _, item := range v.Items {
			out = append(out, im.value(item, path, vars))
		}
		return out
	}
	return plain(v)
}

// escapeExpect keeps a text that begins like a reference from being one.
func escapeExpect(v any) any {
	if s, ok := v.(string); ok && strings.HasPrefix(s, "$expect") {
		return "$" + s
	}
	return v
}

// plain is a value as the YAML library writes it.
func plain(v *Value) any {
	switch v.Kind {
	case String:
		return v.Text
	case Bool:
		return v.Text == "true"
	case Number:
		if i, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
			return i
		}
		f, err := strconv.ParseFloat(v.Text, 64)
		if err != nil || math.IsInf(f, 0) {
			return v.Text
		}
		return f
	case List:
		out := []any{}
		for _, item := range v.Items {
			out = append(out, plain(item))
		}
		return out
	case Map:
		out := map[string]any{}
		for i := range v.Entries {
			out[v.Entries[i].Key] = plain(v.Entries[i].Value)
		}
		return out
	case Bad, Null:
		return nil
	default:
		return nil
	}
}
