package route

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Match is the condition of a rule. Everything it names must hold; the empty
// one always does.
type Match struct {
	InputTokens Compare
	Labels      map[string][]string // label to the values it may have; an absent label has none
	Stream      *bool               // nil for either
}

// Compare is a comparison with a number. The zero value always holds.
type Compare struct {
	Op    string // "<", "<=", ">", ">=", "=="; "" always holds
	Value int64
}

// ParseCompare reads an operator and a whole number: ">150000", "<= 2_000".
func ParseCompare(s string) (Compare, error) {
	text := strings.TrimSpace(s)
	for _, op := range []string{"<=", ">=", "==", "<", ">"} {
		rest, ok := strings.CutPrefix(text, op)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(rest), "_", ""), 10, 64)
		if err != nil || n < 0 {
			return Compare{}, fmt.Errorf("%q has no whole number after %s: write, say, %q", s, op, op+"150000")
		}
		return Compare{Op: op, Value: n}, nil
	}
	return Compare{}, fmt.Errorf("%q begins with none of <, <=, >, >=, ==: write, say, %q", s, ">150000")
}

// Holds reports whether a number satisfies the comparison.
func (c Compare) Holds(n int64) bool {
	switch c.Op {
	case "":
		return true
	case "<":
		return n < c.Value
	case "<=":
		return n <= c.Value
	case ">":
		return n > c.Value
	case ">=":
		return n >= c.Value
	case "==":
		return n == c.Value
	default:
		return false
	}
}

// String is the condition as a reader would say it: "input_tokens > 150000 and
// label tier is gold or silver".
func (m *Match) String() string {
	var terms []string
	if m.InputTokens.Op != "" {
		terms = append(terms, "input_tokens "+m.InputTokens.Op+" "+strconv.FormatInt(m.InputTokens.Value, 10))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Labels)) {
		terms = append(terms, "label "+name+" is "+strings.Join(m.Labels[name], " or "))
	}
	if m.Stream != nil {
		terms = append(terms, map[bool]string{true: "streamed", false: "not streamed"}[*m.Stream])
	}
	if len(terms) == 0 {
		return "always"
	}
	return strings.Join(terms, " and ")
}

// holds reports whether a request is one of the rule's.
func (m *Match) holds(q *Query) bool {
	if !m.InputTokens.Holds(q.InputTokens) || (m.Stream != nil && *m.Stream != q.Stream) {
		return false
	}
	for name, allowed := range m.Labels {
		value, ok := q.Labels[name]
		if !ok || !slices.Contains(allowed, value) {
			return false
		}
	}
	return true
}
