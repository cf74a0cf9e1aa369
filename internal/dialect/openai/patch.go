package openai

import (
	"strconv"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// patch sets the model, and what a step of the chain sets, in a body that came
// over the wire. All else stays byte for byte; so a client that did not ask for
// usage is sent none.
func patch(wire *switchgear.Wire, model string, levers *switchgear.Levers, stream bool) ([][]byte, []string, error) {
	if levers == nil && stream == wire.Stream {
		body, err := setModel(wire, model)
		return body, nil, err
	}
	limit := "max_completion_tokens"
	if levers != nil && levers.MaxTokens != nil {
		var err error
		if limit, err = limitName(wire.Body); err != nil {
			return nil, nil, err
		}
	}
	var set members
	set.set("model", quote(model))
	dropped := pull(&set, levers, limit)
	if stream != wire.Stream {
		setStream(&set, stream)
	}
	body, err := setMembers(wire.Body, set...)
	return body, dropped, err
}

// limitName is how a body spells the limit of its answer: newer models refuse
// max_tokens, many hosts know nothing else, and both at once is an error.
func limitName(body []byte) (string, error) {
	var spans [2]jsonx.Span
	if err := jsonx.Find(body, []string{"max_completion_tokens", "max_tokens"}, spans[:]); err != nil {
		return "", invalidBody(err)
	}
	if spans[0].End == 0 && spans[1].End != 0 {
		return "max_tokens", nil
	}
	return "max_completion_tokens", nil
}

// setStream turns a stream on or off. The options of a stream must not stand in
// a request for none.
func setStream(set *members, stream bool) {
	if stream {
		set.set("stream", []byte("true"))
		set.set("stream_options", []byte(`{"include_usage":true}`))
		return
	}
	set.set("stream", []byte("false"))
	set.set("stream_options", []byte("null"))
}

// pull writes levers as members and names those this dialect has no word for.
func pull(set *members, l *switchgear.Levers, limit string) (dropped []string) {
	if l == nil {
		return nil
	}
	if l.Effort != "" {
		set.set("reasoning_effort", quote(l.Effort))
	}
	if l.Thinking != nil {
		if l.Thinking.Mode == "disabled" && l.Effort == "" {
			set.set("reasoning_effort", quote("none"))
		} else {
			dropped = append(dropped, "levers.thinking")
		}
	}
	if l.Cache != nil {
		if word := retention(l.Cache.TTL); word != "" {
			set.set("prompt_cache_retention", quote(word))
		} else {
			dropped = append(dropped, "levers.cache")
		}
	}
	if l.Tier != "" {
		set.set("service_tier", quote(l.Tier))
	}
	if l.MaxTokens != nil {
		set.set(limit, strconv.AppendInt(nil, *l.MaxTokens, 10))
	}
	if l.Temperature != nil {
		set.set("temperature", float(*l.Temperature))
	}
	for _, m := range l.Members {
		set.set(m.Name, m.Value)
	}
	return dropped
}

// retention is the word for how long a prompt is kept. The hours and minutes of
// other dialects have none: a prompt is kept for some minutes here without
// being asked.
func retention(ttl string) string {
	switch ttl {
	case "24h":
		return "24h"
	case "in_memory", "in-memory":
		return "in_memory"
	default:
		return ""
	}
}

func float(f float64) []byte {
	var w jsonx.Writer
	w.Float(f)
	return w.Buf()
}
