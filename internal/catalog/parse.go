package catalog

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parse reads the text format: comments after '#', an "as-of" line, and one
// line per model: host, name, then fields of the form name=value.
func parse(text string) (*table, error) {
	t := &table{
		exact:  map[nameAt]*Row{},
		near:   map[nameAt]*Row{},
		family: map[nameAt][]*Row{},
		makers: map[string]*Row{},
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasPrefix(fields[0], "#"):
		case fields[0] == "as-of" && len(fields) == 2:
			t.asOf = fields[1]
		default:
			row, err := parseRow(fields)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", number, err)
			}
			t.rows = append(t.rows, row)
		}
	}
	return t, t.index()
}

func (t *table) index() error {
	twice := map[nameAt]bool{}
	for i := range t.rows {
		r := &t.rows[i]
		for _, name := range append([]string{r.ID}, r.Aliases...) {
			at := nameAt{r.Host, name}
			if t.exact[at] != nil {
				return fmt.Errorf("%s/%s is listed twice", r.Host, name)
			}
			t.exact[at] = r
		}
		at := nameAt{r.Host, bare(r.ID)}
		if t.near[at] != nil || twice[at] {
			twice[at] = true
			delete(t.near, at)
		} else {
			t.near[at] = r
		}
		same := nameAt{r.Host, r.Family}
		t.family[same] = append(t.family[same], r)
		if isMaker(r.Host) && t.makers[r.Family] == nil {
			t.makers[r.Family] = r
		}
	}
	return nil
}

// isMaker reports whether a host sells its own models and nobody else's.
func isMaker(host string) bool {
	switch host {
	case "anthropic", "openai", "google", "mistral", "deepseek", "xai", "cohere":
		return true
	default:
		return false
	}
}

func parseRow(fields []string) (Row, error) {
	if len(fields) < 2 {
		return Row{}, fmt.Errorf("%q is not a host, a name and fields", strings.Join(fields, " "))
	}
	r := Row{Host: fields[0], ID: fields[1], Family: Family(fields[1])}
	for _, field := range fields[2:] {
		name, value, ok := strings.Cut(field, "=")
		if !ok || value == "" {
			return r, fmt.Errorf("%q is not of the form name=value", field)
		}
		if err := r.set(name, value); err != nil {
			return r, err
		}
	}
	if r.Kind == "" || r.AsOf == "" {
		return r, fmt.Errorf("%s/%s lacks its kind or its date", r.Host, r.ID)
	}
	return r, nil
}

func (r *Row) set(name, value string) (err error) {
	list := strings.Split(value, ",")
	switch name {
	case "kind":
		r.Kind = value
	case "tier":
		r.Tier = value
	case "price":
		var p Price
		p, err = parsePrice(value)
		r.Prices = append(r.Prices, p)
	case "agree":
		r.Agree = value
	case "context":
		r.Context, err = strconv.ParseInt(value, 10, 64)
	case "output":
		r.Output, err = strconv.ParseInt(value, 10, 64)
	case "in":
		r.Inputs = list
	case "yes":
		r.Yes = list
	case "no":
		r.No = list
	case "effort":
		r.Effort = list
	case "thinking":
		r.Thinking = list
	case "alias":
		r.Aliases = list
	case "released":
		r.Released, err = value, isDate(value)
	case "retires":
		r.Retires, err = value, isDate(value)
	case "as-of":
		r.AsOf, err = value, isDate(value)
	default:
		err = fmt.Errorf("there is no field %q", name)
	}
	return err
}

func isDate(s string) error {
	_, err := time.Parse(time.DateOnly, s)
	return err
}

// parsePrice reads "3/15/0.3/3.75/6>200000@2025-09-29..2026-09-01".
func parsePrice(s string) (Price, error) {
	var p Price
	var err error
	rates, dates, dated := strings.Cut(s, "@")
	rates, above, tiered := strings.Cut(rates, ">")
	if p.Rates, err = ParseRates(rates); err != nil {
		return p, err
	}
	if tiered {
		if p.Above, err = strconv.ParseInt(above, 10, 64); err != nil {
			return p, err
		}
	}
	if !dated {
		return p, nil
	}
	from, to, ok := strings.Cut(dates, "..")
	if !ok {
		return p, fmt.Errorf("%q is not of the form from..to", dates)
	}
	if p.From, err = parseDay(from); err != nil {
		return p, err
	}
	p.To, err = parseDay(to)
	return p, err
}

func parseDay(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, s)
}

// ParseRates reads "input/output/cache read/cache write/cache write for an
// hour", in US dollars per million tokens; "-" and what is left out are
// unknown. At least input and output must be there.
func ParseRates(s string) (Rates, error) {
	r := Rates{Unknown, Unknown, Unknown, Unknown, Unknown}
	parts := strings.Split(s, "/")
	places := []*float64{&r.Input, &r.Output, &r.CacheRead, &r.CacheWrite, &r.CacheWriteHour}
	if len(parts) < 2 || len(parts) > len(places) || parts[0] == "-" || parts[1] == "-" {
		return r, fmt.Errorf("%q is not a price: write dollars per million tokens as input/output, such as 3/15", s)
	}
	for i, part := range parts {
		if part == "-" {
			continue
		}
		v, err := strconv.ParseFloat(part, 64)
		if err != nil || !(v >= 0 && v <= 1e6) { // also refuses NaN
			return r, fmt.Errorf("%q is not a price: %q is not a number of dollars per million tokens", s, part)
		}
		*places[i] = v
	}
	return r, nil
}
