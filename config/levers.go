package config

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// levers reads what a step sets on every request it is sent.
func (r *reader) levers(s *Step, n *node, path string) {
	o := r.object(n, path, shapeWith)
	if o.node.kind != kindMap {
		return
	}
	l := &switchgear.Levers{Thinking: r.thinking(o)}
	l.Effort, _, _ = o.text("effort", "high")
	l.Tier, _, _ = o.text("tier", "priority")
	if ttl := o.word("cache", "on", "5m", "1h", "24h"); ttl != "" {
		l.Cache = &switchgear.Cache{TTL: strings.TrimPrefix(ttl, "on")}
	}
	if i, ok := o.integer("max_tokens", 10_000_000); ok {
		l.MaxTokens = &i
	}
	l.Temperature = r.temperature(o)
	l.Members = r.members(o)
	s.With, s.WithPos, s.WithAt = l, map[string]Position{}, n.pos
	for _, e := range o.node.entries {
		s.WithPos[e.key] = e.value.pos
	}
	s.WithText = describeLevers(l)
}

// thinking reads adaptive, off or {budget: N}.
func (r *reader) thinking(o *object) *switchgear.Thinking {
	n := o.get("thinking")
	if n == nil {
		return nil
	}
	if n.kind == kindMap {
		inner := r.object(n, child(o.path, "thinking"), shapeThinking)
		budget, ok := inner.integer("budget", 10_000_000)
		if !ok {
			if inner.get("budget") == nil {
				r.errorf(n.pos, inner.path, "a map here must hold a budget", "Write {budget: 8000}, adaptive or off.")
			}
			return nil
		}
		return &switchgear.Thinking{Mode: "enabled", Budget: budget}
	}
	word, _, ok := o.text("thinking", "adaptive")
	switch {
	case !ok:
	case word == "adaptive":
		return &switchgear.Thinking{Mode: "adaptive"}
	case word == "off":
		return &switchgear.Thinking{Mode: "disabled"}
	default:
		r.errorf(n.pos, child(o.path, "thinking"), quote(n.text)+" is not one of adaptive, off, {budget: N}", DidYouMean(word, []string{"adaptive", "off"}))
	}
	return nil
}

func (r *reader) temperature(o *object) *float64 {
	s, n, ok := o.text("temperature", "0.2")
	if !ok {
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f <= 2) {
		r.errorf(n.pos, child(o.path, "temperature"), quote(n.text)+" is not a number between 0 and 2")
		return nil
	}
	return &f
}

// members reads body: what is set on the request beyond the levers with names.
func (r *reader) members(o *object) []switchgear.Member {
	n := o.get("body")
	if n == nil {
		return nil
	}
	path := child(o.path, "body")
	if n.kind != kindMap {
		r.wrongType(n, path, "a map of members of the request", "{top_k: 40}")
		return nil
	}
	var out []switchgear.Member
	for _, e := range n.entries {
		at := child(path, e.key)
		if slices.Contains([]string{"model", "stream", "messages", "input"}, e.key) {
			r.errorf(e.pos, at, "a step must not set this member: it belongs to the request or to the route", "Remove it.")
			continue
		}
		var value bytes.Buffer
		if r.json(&value, e.value, at) {
			out = append(out, switchgear.Member{Name: e.key, Value: value.Bytes()})
		}
	}
	return out
}

// json writes a value of the file as JSON.
func (r *reader) json(out *bytes.Buffer, n *node, path string) bool {
	switch n.kind {
	case kindNull:
		out.WriteString("null")
	case kindMap:
		return r.jsonMap(out, n, path)
	case kindList:
		out.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				out.WriteByte(',')
			}
			if !r.json(out, item, index(path, i)) {
				return false
			}
		}
		out.WriteByte(']')
	case kindScalar:
		return r.jsonScalar(out, n, path)
	case kindBad:
		return false
	}
	return true
}

func (r *reader) jsonMap(out *bytes.Buffer, n *node, path string) bool {
	out.WriteByte('{')
	for i, e := range n.entries {
		if i > 0 {
			out.WriteByte(',')
		}
		writeString(out, e.key)
		out.WriteByte(':')
		if !r.json(out, e.value, child(path, e.key)) {
			return false
		}
	}
	out.WriteByte('}')
	return true
}

// jsonScalar keeps plain numbers, true and false as they are; everything else
// is a string.
func (r *reader) jsonScalar(out *bytes.Buffer, n *node, path string) bool {
	s, ok := r.substitute(n, path)
	if !ok {
		return false
	}
	if !n.quoted && s != "" && (s == "true" || s == "false" || strings.ContainsAny(s[:1], "-0123456789")) && json.Valid([]byte(s)) {
		out.WriteString(s)
		return true
	}
	writeString(out, s)
	return true
}

func writeString(out *bytes.Buffer, s string) {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err == nil { // a string always encodes
		out.Truncate(out.Len() - 1) // the line break
	}
}

// describeLevers prints levers for the eye. Of body it shows names only.
func describeLevers(l *switchgear.Levers) string {
	var words []string
	say := func(name, value string) { words = append(words, name+"="+value) }
	if l.Thinking != nil {
		switch l.Thinking.Mode {
		case "enabled":
			say("thinking", strconv.FormatInt(l.Thinking.Budget, 10))
		case "disabled":
			say("thinking", "off")
		default:
			say("thinking", l.Thinking.Mode)
		}
	}
	if l.Effort != "" {
		say("effort", l.Effort)
	}
	if l.Cache != nil {
		say("cache", or(l.Cache.TTL, "on"))
	}
	if l.Tier != "" {
		say("tier", l.Tier)
	}
	if l.MaxTokens != nil {
		say("max_tokens", strconv.FormatInt(*l.MaxTokens, 10))
	}
	if l.Temperature != nil {
		say("temperature", strconv.FormatFloat(*l.Temperature, 'g', -1, 64))
	}
	for _, m := range l.Members {
		words = append(words, "body."+m.Name)
	}
	return strings.Join(words, " ")
}
