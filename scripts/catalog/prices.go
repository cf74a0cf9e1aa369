package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear/internal/catalog"
)

// changes are the days on which makers changed the price of a family.
func changes(models []model) map[string]string {
	days := map[string]string{}
	for i := range models {
		if h := history(&models[i]); len(h) > 0 {
			days[catalog.Family(models[i].Model)] = h[len(h)-1].From
		}
	}
	return days
}

// history is the dated part of a model's price, oldest first, if it ends in
// the price the sources agree on; else it is not trusted.
func history(m *model) []period {
	h := slices.Clone(m.History)
	slices.SortFunc(h, func(a, b period) int { return strings.Compare(a.From, b.From) })
	if len(h) == 0 || h[len(h)-1].Input != m.Input || h[len(h)-1].Output != m.Output {
		return nil
	}
	return h
}

// prices are the values of a model's price fields. Changed is the day its
// maker changed the price, if it did: for a host whose price was last seen
// before that day, the price afterwards is unknown.
func prices(m *model, changed, asOf string) []string {
	if m.Kind == "chat" && m.Output == 0 {
		return nil // billed through another model, as a router is: not free
	}
	h := history(m)
	if len(h) == 0 {
		if changed > asOf {
			return pricesAt(m, m.Input, m.Output, "@.."+changed)
		}
		return pricesAt(m, m.Input, m.Output, "")
	}
	var out []string
	for _, p := range h {
		out = append(out, pricesAt(m, p.Input, p.Output, "@"+p.From+".."+p.To)...)
	}
	return out
}

// pricesAt are the fields for one span of time. The cache prices and long
// contexts of an earlier time are in proportion to its input and output.
func pricesAt(m *model, input, output float64, dates string) []string {
	in, out := input/m.Input, output/max(m.Output, 1e-9)
	read, write := m.CacheRead, m.CacheWrite
	if maker(m) == "google" {
		write = nil // billed by the hour of storage, not by the token
	}
	fields := []string{rates(m, input, output, scaled(read, in), scaled(write, in)) + dates}
	for _, t := range m.Tiers {
		long := t.Input / m.Input
		r, w := scaled(read, long*in), scaled(write, long*in)
		if bytes.Equal(t.CacheRead, []byte("null")) {
			r = nil // stated to be unknown
		}
		fields = append(fields, fmt.Sprintf("%s>%d%s", rates(m, t.Input*in, t.Output*out, r, w), t.Above, dates))
	}
	return fields
}

// maker is whose model it is, where that changes how it is billed.
func maker(m *model) string {
	family := catalog.Family(m.Model)
	switch {
	case strings.HasPrefix(family, "claude-"):
		return "anthropic"
	case strings.HasPrefix(family, "gemini-"):
		return "google"
	default:
		return ""
	}
}

func rates(m *model, input, output float64, read, write *float64) string {
	parts := []string{dollars(&input), dollars(&output), dollars(read), dollars(write), "-"}
	if maker(m) == "anthropic" && write != nil {
		hour := 2 * input // documented by Anthropic: twice the input price, where five minutes are 1.25 times
		parts[4] = dollars(&hour)
	}
	for len(parts) > 2 && parts[len(parts)-1] == "-" {
		parts = parts[:len(parts)-1]
	}
	return strings.Join(parts, "/")
}

func scaled(v *float64, by float64) *float64 {
	if v == nil {
		return nil
	}
	s := *v * by
	return &s
}

// dollars writes a rate, free of the dust of binary fractions.
func dollars(v *float64) string {
	if v == nil {
		return "-"
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(*v, 'g', 10, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
