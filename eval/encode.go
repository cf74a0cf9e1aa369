package eval

import (
	"bytes"
	"encoding/json"
	"io"

	switchgear "github.com/switchgear-dev/switchgear"
)

// WriteCase writes a case as a line of a JSONL file that [Loader] reads. The
// case's own graders are not written.
func WriteCase(w io.Writer, c *Case) error {
	line := object{}
	line.text("id", c.ID)
	if c.Request != nil && c.Request.Wire != nil && c.Request.Wire.Body != nil {
		line["dialect"] = c.Request.Wire.Dialect
		line["body"] = json.RawMessage(c.Request.Wire.Body)
	} else if c.Request != nil {
		line["request"] = requestOf(c.Request)
	}
	if c.Expect != nil {
		line["expect"] = c.Expect
	}
	line.list("tags", c.Tags)
	line.text("cluster", c.Cluster)
	if c.Weight != 0 && c.Weight != 1 {
		line["weight"] = c.Weight
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(line); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// object is a JSON object that leaves out what is empty.
type object map[string]any

func (o object) text(key, value string) {
	if value != "" {
		o[key] = value
	}
}

func (o object) list(key string, values []string) {
	if len(values) > 0 {
		o[key] = values
	}
}

func (o object) raw(key string, value json.RawMessage) {
	if len(value) > 0 {
		o[key] = value
	}
}

func (o object) rawMap(key string, values map[string]json.RawMessage) {
	if len(values) > 0 {
		o[key] = values
	}
}

func (o object) flag(key string, value bool) {
	if value {
		o[key] = true
	}
}

// requestOf is a request in our own words: what readRequest reads.
func requestOf(r *switchgear.Request) object {
	o := object{}
	if len(r.System) > 0 {
		o["system"] = partsOf(r.System)
	}
	messages := []object{}
	for i := range r.Messages {
		m := &r.Messages[i]
		out := object{"role": string(m.Role), "content": partsOf(m.Parts)}
		out.text("name", m.Name)
		out.rawMap("extra", m.Extra)
		messages = append(messages, out)
	}
	if len(messages) > 0 {
		o["messages"] = messages
	}
	if len(r.Tools) > 0 {
		o["tools"] = toolsOf(r.Tools)
	}
	if c := r.Choice; c != nil {
		choice := object{"mode": c.Mode}
		if c.Mode == "tool" {
			choice = object{"tool": c.Name}
		}
		if c.Parallel != nil {
			choice["parallel"] = *c.Parallel
		}
		o["choice"] = choice
	}
	if out := r.Output; out != nil {
		output := object{}
		output.text("name", out.Name)
		output.raw("schema", out.Schema)
		output.flag("strict", out.Strict)
		o["output"] = output
	}
	if t := r.Thinking; t != nil && t.Mode == "enabled" {
		o["thinking"] = object{"budget": t.Budget}
	} else if t != nil {
		o["thinking"] = t.Mode
	}
	samplingOf(o, &r.Sampling)
	o.text("effort", r.Effort)
	o.list("stop", r.Stop)
	o.text("tier", r.Tier)
	o.text("user", r.User)
	o.rawMap("options", r.Options)
	o.rawMap("extra", r.Extra)
	o.text("origin", r.Origin)
	if len(r.Labels) > 0 {
		o["labels"] = r.Labels
	}
	return o
}

func samplingOf(o object, s *switchgear.Sampling) {
	for key, n := range map[string]*int64{"max_tokens": s.MaxTokens, "top_k": s.TopK, "seed": s.Seed} {
		if n != nil {
			o[key] = *n
		}
	}
	for key, n := range map[string]*float64{"temperature": s.Temperature, "top_p": s.TopP} {
		if n != nil {
			o[key] = *n
		}
	}
}

func toolsOf(tools []switchgear.Tool) []object {
	var out []object
	for i := range tools {
		t := &tools[i]
		o := object{"name": t.Name}
		o.text("description", t.Description)
		o.raw("schema", t.Schema)
		o.flag("strict", t.Strict)
		o.raw("raw", t.Raw)
		o.text("origin", t.Origin)
		o.rawMap("extra", t.Extra)
		o.cache(t.Cache)
		out = append(out, o)
	}
	return out
}

func (o object) cache(c *switchgear.Cache) {
	switch {
	case c == nil:
	case c.TTL == "":
		o["cache"] = true
	default:
		o["cache"] = c.TTL
	}
}

// partsOf is the content of a message; one plain text is just that.
func partsOf(parts []switchgear.Part) any {
	if len(parts) == 1 {
		if o := partOf(&parts[0]); len(o) == 1 && parts[0].Kind == switchgear.PartText {
			return parts[0].Text
		}
	}
	out := []object{}
	for i := range parts {
		out = append(out, partOf(&parts[i]))
	}
	return out
}

func partOf(p *switchgear.Part) object {
	o := object{}
	switch p.Kind {
	case switchgear.PartText:
		o["text"] = p.Text
	case switchgear.PartThinking:
		o["thinking"] = p.Text
		o.text("signature", p.Signature)
	case switchgear.PartRedacted:
		o["redacted"] = p.Signature
	case switchgear.PartImage:
		o["image"] = mediaOf(p.Media)
	case switchgear.PartDocument:
		o["document"] = mediaOf(p.Media)
	case switchgear.PartAudio:
		o["audio"] = mediaOf(p.Media)
	case switchgear.PartToolCall:
		call := object{"arguments": p.Call.Arguments}
		call.text("id", p.Call.ID)
		call.text("name", p.Call.Name)
		o["call"] = call
	case switchgear.PartToolResult:
		result := object{"content": partsOf(p.Result.Parts)}
		result.text("call", p.Result.CallID)
		result.flag("failed", p.Result.Failed)
		o["result"] = result
	case switchgear.PartRefusal:
		o["refusal"] = p.Text
	case switchgear.PartOther:
		o.raw("other", p.Raw)
	}
	o.text("origin", p.Origin)
	o.rawMap("extra", p.Extra)
	o.cache(p.Cache)
	return o
}

func mediaOf(m *switchgear.Media) object {
	o := object{}
	if m == nil {
		return o
	}
	for key, value := range map[string]string{"type": m.Type, "data": m.Data, "url": m.URL, "file": m.FileID, "name": m.Name, "detail": m.Detail} {
		o.text(key, value)
	}
	return o
}

// RequestJSON is a request as graders are shown it: a client's body as it came,
// any other in our own words.
func RequestJSON(r *switchgear.Request) (json.RawMessage, error) {
	switch {
	case r == nil:
		return json.RawMessage("null"), nil
	case r.Wire != nil && r.Wire.Body != nil:
		return r.Wire.Body, nil
	}
	return json.Marshal(requestOf(r))
}
