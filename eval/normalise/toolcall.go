package normalise

import (
	"slices"
	"strings"
)

// convertCalls reads tool calls written as JSON: an object with a name and its
// arguments, a list of them, or either under "tool_calls", also between the
// tags that some models were taught.
func convertCalls(text string, f Format) (string, bool) {
	if f.Kind != Calls {
		return text, false
	}
	s := strings.TrimSpace(text)
	for _, tag := range []string{"tool_call", "function_call", "tool_calls"} {
		if inner, ok := strings.CutPrefix(s, "<"+tag+">"); ok {
			s = strings.TrimSpace(strings.TrimSuffix(inner, "</"+tag+">"))
			break
		}
	}
	if !isJSON(s) {
		return text, false
	}
	v, err := decode(s)
	if err != nil {
		return text, false
	}
	calls, ok := callsOf(v, f.Words)
	if !ok || len(calls) == 0 {
		return text, false
	}
	out := WriteCalls(calls)
	if _, err := ParseCalls(out); err != nil {
		return text, false // a name that is none
	}
	return out, true
}

func callsOf(v any, tools []string) ([]Call, bool) {
	switch v := v.(type) {
	case []any:
		var calls []Call
		for _, item := range v {
			object, ok := item.(map[string]any)
			if !ok {
				return nil, false
			}
			c, ok := callOf(object, tools)
			if !ok {
				return nil, false
			}
			calls = append(calls, c)
		}
		return calls, true
	case map[string]any:
		if list, ok := v["tool_calls"].([]any); ok {
			return callsOf(list, tools)
		}
		c, ok := callOf(v, tools)
		return []Call{c}, ok
	default:
		return nil, false
	}
}

// callOf reads one call. The members that may stand beside name and arguments
// are those providers send; with any other, it is an object that happens to
// have a name.
func callOf(object map[string]any, tools []string) (Call, bool) {
	if inner, ok := object["function"].(map[string]any); ok {
		object = inner
	}
	if len(object) == 1 { // {"find_city": {...}}, where there is such a tool
		for name, v := range object {
			arguments, ok := v.(map[string]any)
			return Call{Name: name, Arguments: arguments}, ok && slices.Contains(tools, name)
		}
	}
	name, ok := object["name"].(string)
	if !ok || name == "" {
		return Call{}, false
	}
	c := Call{Name: name, Arguments: map[string]any{}}
	for key, v := range object {
		switch key {
		case "name", "id", "type", "index":
		case "arguments", "parameters", "args", "input":
			if text, ok := v.(string); ok {
				parsed, err := decode(text)
				if err != nil {
					return Call{}, false
				}
				v = parsed
			}
			arguments, ok := v.(map[string]any)
			if !ok {
				return Call{}, false
			}
			c.Arguments = arguments
		default:
			return Call{}, false
		}
	}
	return c, true
}

// mapNames gives calls the names of the tools as they were offered, where
// only characters that providers replace differ.
func mapNames(text string, f Format) (string, bool) {
	if f.Kind != Calls || len(f.Words) == 0 {
		return text, false
	}
	calls, err := ParseCalls(text)
	if err != nil {
		return text, false
	}
	changed := false
	for i := range calls {
		if slices.Contains(f.Words, calls[i].Name) {
			continue
		}
		if name, ok := only(f.Words, func(w string) bool { return WireName(w) == WireName(calls[i].Name) }); ok {
			calls[i].Name = name
			changed = true
		}
	}
	if !changed {
		return text, false
	}
	return WriteCalls(calls), true
}

// WireName is a tool's name as the providers' rules want it: letters, digits,
// underscores and dashes.
func WireName(name string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x80 && (isLetter(byte(c)) || (c >= '0' && c <= '9') || c == '-') {
			return c
		}
		return '_'
	}, name)
}

// only is the word that a test holds for, if it is the only one.
func only(words []string, test func(string) bool) (string, bool) {
	found, n := "", 0
	for _, w := range words {
		if test(w) {
			found = w
			n++
		}
	}
	return found, n == 1
}

// dedupeCalls drops calls that were made before.
func dedupeCalls(text string, f Format) (string, bool) {
	if f.Kind != Calls {
		return text, false
	}
	calls, err := ParseCalls(text)
	if err != nil {
		return text, false
	}
	seen := map[string]bool{}
	kept := slices.DeleteFunc(slices.Clone(calls), func(c Call) bool {
		key := WriteCalls([]Call{c})
		again := seen[key]
		seen[key] = true
		return again
	})
	if len(kept) == len(calls) {
		return text, false
	}
	return WriteCalls(kept), true
}
