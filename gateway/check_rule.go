package gateway

import (
	"math"
	"slices"
	"strconv"

	"github.com/switchgear-dev/switchgear/config"
)

// rules complains about rules that no request can reach.
func (c *checker) rules(r *config.Route, path string) {
	for i := range r.Rules {
		rule := &r.Rules[i]
		where := at(path+".rules", i)
		if low, high := span(rule.When.InputTokens); low > high {
			c.errorf(rule.When.Pos, where+".when.input_tokens", "no request is that small", "Remove the rule.")
			continue
		}
		for j := range i {
			if covers(&r.Rules[j].When, &rule.When) {
				c.errorf(rule.Pos, where, "rule "+strconv.Itoa(j+1)+" holds whenever this one does, so this one is never reached", "Put the narrower rule first, or remove it.")
				break
			}
		}
	}
}

// covers reports whether wide holds whenever narrow does.
func covers(wide, narrow *config.Match) bool {
	if wide.Stream != nil && (narrow.Stream == nil || *narrow.Stream != *wide.Stream) {
		return false
	}
	for _, label := range wide.Labels {
		if !slices.ContainsFunc(narrow.Labels, func(l config.LabelMatch) bool {
			return l.Name == label.Name && !slices.ContainsFunc(l.Values, func(v string) bool { return !slices.Contains(label.Values, v) })
		}) {
			return false
		}
	}
	wideLow, wideHigh := span(wide.InputTokens)
	low, high := span(narrow.InputTokens)
	return wideLow <= low && high <= wideHigh
}

// span is the range of whole numbers, both ends included, that a bound allows.
func span(b *config.Bound) (low, high int64) {
	low, high = 0, math.MaxInt64
	if b == nil {
		return low, high
	}
	switch b.Op {
	case ">":
		low = b.N + 1
	case ">=":
		low = b.N
	case "<":
		high = b.N - 1
	case "<=":
		high = b.N
	}
	return low, high
}
