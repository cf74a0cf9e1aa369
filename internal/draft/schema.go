package draft

import (
	"encoding/json"
	"maps"
	"slices"
)

// shape is what some JSON values have in common, as far as they show it.
type shape struct {
	n       int // how many values there were
	kinds   map[string]bool
	members map[string]*shape
	items   *shape
	texts   map[string]bool // different texts, up to some
	longest int             // text, in bytes
}

// maxTexts bounds how many different texts are remembered.
const maxTexts = 100

func newShape() *shape {
	return &shape{kinds: map[string]bool{}, members: map[string]*shape{}, texts: map[string]bool{}}
}

// add takes a value in.
func (s *shape) add(v any) {
	s.n++
	switch v := v.(type) {
	case nil:
		s.kinds["null"] = true
	case bool:
		s.kinds["boolean"] = true
	case json.Number, float64:
		s.kinds["number"] = true // 12 may be 12.5 next time
	case string:
		s.kinds["string"] = true
		s.longest = max(s.longest, len(v))
		if len(s.texts) < maxTexts {
			s.texts[v] = true
		}
	case []any:
		s.kinds["array"] = true
		if s.items == nil {
			s.items = newShape()
		}
		for _, item := range v {
			s.items.add(item)
		}
	case map[string]any:
		s.kinds["object"] = true
		for name, value := range v {
			if s.members[name] == nil {
				s.members[name] = newShape()
			}
			s.members[name].add(value)
		}
	}
}

// schema is the JSON Schema that all the values keep to, and little more.
func (s *shape) schema() map[string]any {
	out := map[string]any{}
	switch kinds := slices.Sorted(maps.Keys(s.kinds)); len(kinds) {
	case 0:
		return out
	case 1:
		out["type"] = kinds[0]
	default:
		out["type"] = kinds
	}
	if s.kinds["object"] && len(s.members) > 0 {
		properties := map[string]any{}
		for name, m := range s.members {
			properties[name] = m.schema()
		}
		out["properties"] = properties
		if always := s.always(); len(always) > 0 && len(s.kinds) == 1 {
			out["required"] = always
		}
	}
	if s.items != nil && s.items.n > 0 {
		out["items"] = s.items.schema()
	}
	return out
}

// always are the members that every value had, sorted.
func (s *shape) always() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.members)) {
		if s.members[name].n == s.n {
			out = append(out, name)
		}
	}
	return out
}

// only reports whether all the values were of a kind.
func (s *shape) only(kind string) bool { return len(s.kinds) == 1 && s.kinds[kind] }
