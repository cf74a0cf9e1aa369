package anthropic

import (
	"strconv"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// apply sets what a step of the chain sets, over what the request says.
func (f *fields) apply(l *switchgear.Levers) error {
	if l == nil {
		return nil
	}
	if l.Thinking != nil {
		f.set("thinking", thinking(l.Thinking))
	}
	if l.Effort != "" {
		if err := f.merge(outputConfig, jsonx.Member{Name: "effort", Value: quote(l.Effort)}); err != nil {
			return err
		}
	}
	if l.Cache != nil {
		f.set("cache_control", cacheControl(l.Cache))
	}
	if l.Tier != "" {
		f.set("service_tier", quote(l.Tier))
	}
	if l.MaxTokens != nil {
		f.set("max_tokens", strconv.AppendInt(nil, *l.MaxTokens, 10))
	}
	if l.Temperature != nil {
		f.set("temperature", float(*l.Temperature))
	}
	for _, m := range l.Members {
		f.set(m.Name, m.Value)
	}
	return nil
}

// countLevers are the levers that change what a request reads.
func countLevers(l *switchgear.Levers) *switchgear.Levers {
	if l == nil || (l.Thinking == nil && l.Effort == "" && l.Cache == nil) {
		return nil
	}
	return &switchgear.Levers{Thinking: l.Thinking, Effort: l.Effort, Cache: l.Cache}
}

// droppedByCount names the members of a step that cannot be told when counting:
// nobody knows whether they change what is read.
func droppedByCount(l *switchgear.Levers) []string {
	if l == nil {
		return nil
	}
	var dropped []string
	for _, m := range l.Members {
		dropped = append(dropped, m.Name)
	}
	return dropped
}

func thinking(t *switchgear.Thinking) []byte {
	var w jsonx.Writer
	w.Object()
	w.Key("type")
	w.Str(t.Mode)
	if t.Mode == "enabled" {
		w.Key("budget_tokens")
		w.Int(t.Budget)
	}
	w.End()
	return w.Buf()
}

func cacheControl(c *switchgear.Cache) []byte {
	var w jsonx.Writer
	writeCache(&w, c)
	return w.Buf()
}

func writeCache(w *jsonx.Writer, c *switchgear.Cache) {
	w.Object()
	w.Key("type")
	w.Str("ephemeral")
	if c.TTL != "" {
		w.Key("ttl")
		w.Str(c.TTL)
	}
	w.End()
}

func quote(s string) []byte { return jsonx.AppendQuote(nil, s) }

func float(f float64) []byte {
	var w jsonx.Writer
	w.Float(f)
	return w.Buf()
}
