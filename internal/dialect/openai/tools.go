package openai

import (
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/leaves"
)

// tools writes the tools and the choice of them. Tools that run at another
// maker's have no word here.
func (e *encoder) tools() {
	isOld := func(t switchgear.Tool) bool { return t.Origin == legacy }
	sayable := func(t switchgear.Tool) bool { return !isOld(t) && (len(t.Raw) == 0 || t.Origin == Name) }
	if slices.ContainsFunc(e.req.Tools, sayable) {
		e.toolList("tools", sayable)
	}
	old := slices.ContainsFunc(e.req.Tools, isOld)
	if old {
		e.toolList("functions", isOld)
	}
	if e.req.Choice != nil {
		e.choice(e.req.Choice, old)
	}
}

func (e *encoder) toolList(name string, in func(switchgear.Tool) bool) {
	over := !e.key(name)
	if !over {
		e.w.Array()
	}
	for i := range e.req.Tools {
		t := &e.req.Tools[i]
		if !in(*t) {
			continue
		}
		if over {
			e.l.Tool(i).Said(^leaves.ToolField(0))
			continue
		}
		e.tool(e.l.Tool(i), t)
	}
	if !over {
		e.w.End()
	}
}

func (e *encoder) tool(l leaves.Tool, t *switchgear.Tool) {
	w := &e.w
	if len(t.Raw) > 0 {
		w.Raw(t.Raw)
		l.Said(leaves.ToolRaw | leaves.ToolName)
		return
	}
	l.Said(leaves.ToolName | leaves.ToolDescription | leaves.ToolSchema | leaves.ToolStrict)
	if t.Origin == legacy {
		l.Said(leaves.ToolExtra)
		writeFunction(w, t, "")
		return
	}
	w.Object()
	w.Key("type")
	w.Str("function")
	w.Key("function")
	writeFunction(w, t, "function.")
	if t.Origin == Name {
		l.Said(leaves.ToolExtra | leaves.ToolCache | leaves.ToolCacheTTL)
		if t.Cache != nil {
			writeMarker(w, t.Cache)
		}
		for _, name := range sorted(t.Extra) {
			if !inFunction(name, "function.") && name != "type" && name != "function" && (name != "cache_control" || t.Cache == nil) {
				w.Key(name)
				w.Raw(t.Extra[name])
			}
		}
	}
	w.End()
}

// inFunction reports whether an extra member belongs into the definition of the
// function.
func inFunction(name, prefix string) bool {
	inner, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return false
	}
	switch inner {
	case "name", "description", "parameters", "strict":
		return false
	default:
		return true
	}
}

func writeFunction(w *jsonx.Writer, t *switchgear.Tool, prefix string) {
	w.Object()
	w.Key("name")
	w.Str(t.Name)
	if t.Description != "" {
		w.Key("description")
		w.Str(t.Description)
	}
	if len(t.Schema) > 0 {
		w.Key("parameters")
		w.Raw(t.Schema)
	}
	if t.Strict {
		w.Key("strict")
		w.Bool(true)
	}
	if t.Origin == Name || t.Origin == legacy {
		for _, name := range sorted(t.Extra) {
			if inFunction(name, prefix) {
				w.Key(strings.TrimPrefix(name, prefix))
				w.Raw(t.Extra[name])
			}
		}
	}
	w.End()
}

// writeMarker writes a cache marker, which OpenAI itself has none of, and the
// hosts that pass requests on to others take in Anthropic's words.
func writeMarker(w *jsonx.Writer, c *switchgear.Cache) {
	w.Key("cache_control")
	w.Object()
	w.Key("type")
	w.Str("ephemeral")
	if c.TTL != "" {
		w.Key("ttl")
		w.Str(c.TTL)
	}
	w.End()
}

func (e *encoder) choice(c *switchgear.ToolChoice, old bool) {
	name := "tool_choice"
	if old {
		name = "function_call"
	}
	switch c.Mode {
	case "auto", "none":
		e.chosen(name, func() { e.w.Str(c.Mode) })
	case "any":
		if !old {
			e.chosen(name, func() { e.w.Str("required") })
		}
	case "tool":
		e.l.Said(leaves.ToolChoiceName)
		e.chosen(name, func() { e.one(c.Name, old) })
	}
	if c.Parallel != nil {
		e.l.Said(leaves.ToolChoiceParallel)
		if e.key("parallel_tool_calls") {
			e.w.Bool(*c.Parallel)
		}
	}
}

func (e *encoder) chosen(name string, write func()) {
	e.l.Said(leaves.ToolChoiceMode)
	if e.key(name) {
		write()
	}
}

// one is the choice of one tool.
func (e *encoder) one(name string, old bool) {
	if !old {
		kind := "function"
		if custom(e.req.Tools, name) {
			kind = "custom"
		}
		open(&e.w, kind)
		defer e.w.End()
	}
	e.w.Object()
	e.w.Key("name")
	e.w.Str(name)
	e.w.End()
}
