package anthropic

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/leaves"
)

// turns writes the conversation. The results of tool calls are the user's words
// here, and all results of one turn must stand in one message: turns of the
// same speaker are joined. A turn of which nothing can be said is left out,
// because the provider refuses empty ones.
func (t *typed) turns() []byte {
	c := conversation{t: t}
	c.w.Grow(sizeOf(t.req.Messages))
	c.w.Array()
	for i := range t.req.Messages {
		m := &t.req.Messages[i]
		if m.Role == switchgear.RoleSystem && t.hoists(i) {
			continue // it is said with the system text
		}
		c.turn(t.books.Message(i), m)
	}
	c.close()
	c.w.End()
	return c.w.Buf()
}

// conversation is an array of messages being written.
type conversation struct {
	t    *typed
	w    jsonx.Writer
	open bool // a message is open
	role string
}

func (c *conversation) close() {
	if c.open {
		c.w.End()
		c.w.End()
		c.open = false
	}
}

func (c *conversation) turn(books leaves.Message, m *switchgear.Message) {
	books.Said(leaves.MessageRole)
	role := speaker(m.Role)
	own := len(m.Extra) > 0 && !c.t.foreign
	apart := own || role != c.role // from what was said last
	for j := range m.Parts {
		p := &m.Parts[j]
		if !c.t.sayable(p) {
			continue
		}
		if apart {
			c.close()
			apart = false
		}
		if !c.open {
			c.begin(role)
			if own {
				more(&c.w, m.Extra, "role", "content")
				books.Said(leaves.MessageExtra)
			}
			c.w.Key("content")
			c.w.Array()
		}
		c.t.block(&c.w, books.Parts().At(j), p)
	}
}

func (c *conversation) begin(role string) {
	c.open, c.role = true, role
	c.w.Object()
	c.w.Key("role")
	c.w.Str(role)
}

func speaker(r switchgear.Role) string {
	if r == switchgear.RoleTool {
		return string(switchgear.RoleUser)
	}
	return string(r)
}

// hoists reports whether a message of the role "system" has to stand with the
// system text: only some models take one in mid-conversation, and those only
// behind a turn of the user's.
func (t *typed) hoists(i int) bool {
	if !t.foreign {
		return false
	}
	for i > 0 && t.req.Messages[i-1].Role == switchgear.RoleSystem {
		i--
	}
	return !t.family.late || i == 0 || t.req.Messages[i-1].Role == switchgear.RoleAssistant
}

// system writes the instructions, and those of the conversation that only they
// can hold.
func (t *typed) system() []byte {
	var w jsonx.Writer
	if len(t.req.System) > 0 {
		size := sizeOfParts(t.req.System)
		w.Grow(size + size/8)
	}
	w.Array()
	n := t.blocks(&w, t.books.System(), t.req.System)
	begun := false // anybody but the system has spoken
	for i := range t.req.Messages {
		m := &t.req.Messages[i]
		if m.Role != switchgear.RoleSystem {
			begun = true
			continue
		}
		if !t.hoists(i) {
			continue
		}
		books := t.books.Message(i)
		books.Said(leaves.MessageRole)
		n += t.blocks(&w, books.Parts(), m.Parts)
		if begun {
			t.books.Note("messages[" + strconv.Itoa(i) + "] (said with the system text)")
		}
	}
	w.End()
	if n == 0 {
		return nil
	}
	return w.Buf()
}

// blocks writes content blocks into an open array and counts them.
func (t *typed) blocks(w *jsonx.Writer, books leaves.Parts, parts []switchgear.Part) int {
	n := 0
	for i := range parts {
		if p := &parts[i]; t.sayable(p) {
			t.block(w, books.At(i), p)
			n++
		}
	}
	return n
}

// sayable reports whether a part can be a content block.
func (t *typed) sayable(p *switchgear.Part) bool {
	switch p.Kind {
	case switchgear.PartText, switchgear.PartRefusal:
		// The provider refuses empty ones, and those of blanks.
		return p.Text != "" && (!t.foreign || strings.TrimSpace(p.Text) != "")
	case switchgear.PartThinking, switchgear.PartRedacted:
		return signed(p)
	case switchgear.PartImage, switchgear.PartDocument:
		return p.Media != nil && t.media(p) != ""
	case switchgear.PartToolCall:
		return p.Call != nil
	case switchgear.PartToolResult:
		return p.Result != nil
	case switchgear.PartOther:
		return ours(p.Origin) && jsonx.KindOf(p.Raw) == jsonx.Object && jsonx.Check(p.Raw) == nil
	case switchgear.PartAudio:
		return false
	default:
		return false
	}
}

// signed reports whether thinking bears the provider's own signature, without
// which it is refused.
func signed(p *switchgear.Part) bool { return p.Signature != "" && ours(p.Origin) }

// block writes a part that is sayable.
func (t *typed) block(w *jsonx.Writer, books leaves.Part, p *switchgear.Part) {
	if p.Kind == switchgear.PartOther {
		t.other(w, books, p)
		return
	}
	w.Object()
	w.Key("type")
	switch p.Kind {
	case switchgear.PartThinking:
		w.Str("thinking")
		member(w, "thinking", p.Text)
		member(w, "signature", p.Signature)
		books.Said(leaves.PartText | leaves.PartSignature)
	case switchgear.PartRedacted:
		w.Str("redacted_thinking")
		member(w, "data", p.Signature)
		books.Said(leaves.PartSignature)
	case switchgear.PartImage, switchgear.PartDocument:
		t.source(w, books, p)
	case switchgear.PartToolCall:
		t.call(w, books, p.Call)
	case switchgear.PartToolResult:
		t.result(w, books, p.Result)
	default:
		w.Str("text")
		member(w, "text", p.Text)
		books.Said(leaves.PartText)
	}
	marker(w, p.Cache, p.Extra, ours(p.Origin))
	books.Said(leaves.PartKind | leaves.PartCache | leaves.PartCacheTTL)
	if ours(p.Origin) {
		more(w, p.Extra, written(p)...)
		books.Said(leaves.PartExtra)
	}
	w.End()
}

// written are the members of a block that have fields.
func written(p *switchgear.Part) []string {
	switch p.Kind {
	case switchgear.PartThinking:
		return membersThinking[:]
	case switchgear.PartRedacted:
		return membersRedacted[:]
	case switchgear.PartImage:
		return membersImage[:]
	case switchgear.PartDocument:
		if p.Media.Name == "" {
			return membersImage[:]
		}
		return membersDocument[:]
	case switchgear.PartToolCall:
		return membersCall[:]
	case switchgear.PartToolResult:
		return membersResult[:]
	default:
		return membersText[:]
	}
}

//nolint:gochecknoglobals // constant tables
var (
	membersText     = [...]string{"type", "cache_control", "text"}
	membersThinking = [...]string{"type", "cache_control", "thinking", "signature"}
	membersRedacted = [...]string{"type", "cache_control", "data"}
	membersImage    = [...]string{"type", "cache_control", "source"}
	membersDocument = [...]string{"type", "cache_control", "source", "title"}
	membersCall     = [...]string{"type", "cache_control", "id", "name", "input"}
	membersResult   = [...]string{"type", "cache_control", "tool_use_id", "content", "is_error"}
)

func member(w *jsonx.Writer, name, value string) {
	w.Key(name)
	w.Str(value)
}

// marker writes a cache marker with what it has no field for, or a marker of
// another type, which is in the extra members whole.
func marker(w *jsonx.Writer, c *switchgear.Cache, extra map[string]json.RawMessage, ours bool) {
	raw := extra["cache_control"]
	if !ours {
		raw = nil
	}
	switch {
	case c == nil && raw == nil:
		return
	case c == nil:
		w.Key("cache_control")
		w.Raw(raw)
		return
	}
	w.Key("cache_control")
	w.Object()
	member(w, "type", "ephemeral")
	if c.TTL != "" {
		member(w, "ttl", c.TTL)
	}
	r := jsonx.NewReader(raw)
	if raw != nil {
		for r.Object(); r.More(); {
			if key := string(r.Key()); key != "type" && key != "ttl" {
				w.Key(key)
				w.Raw(r.Raw())
			}
		}
	}
	w.End()
}

// more writes the extra members that have not been written, in the order of
// their names.
func more(w *jsonx.Writer, extra map[string]json.RawMessage, but ...string) {
	if len(extra) == 0 {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		if !slices.Contains(but, key) {
			w.Key(key)
			w.Raw(extra[key])
		}
	}
}

// other writes a block as it came.
func (t *typed) other(w *jsonx.Writer, books leaves.Part, p *switchgear.Part) {
	books.Said(leaves.PartKind | leaves.PartRaw | leaves.PartCache | leaves.PartCacheTTL | leaves.PartExtra)
	if p.Cache == nil && len(p.Extra) == 0 {
		w.Raw(p.Raw)
		return
	}
	var f fields
	r := jsonx.NewReader(p.Raw)
	for r.Object(); r.More(); {
		key := string(r.Key())
		f.set(key, r.Raw())
	}
	if p.Cache != nil {
		f.set("cache_control", cacheControl(p.Cache))
	}
	for _, key := range slices.Sorted(maps.Keys(p.Extra)) {
		if f.get(key) == nil {
			f.set(key, p.Extra[key])
		}
	}
	w.Raw(f.write())
}

// call writes a tool call. The provider takes objects only: arguments that are
// none, because an answer was cut short, become an empty one, and are named.
func (t *typed) call(w *jsonx.Writer, books leaves.Part, c *switchgear.ToolCall) {
	w.Str("tool_use")
	member(w, "id", safeID(c.ID))
	member(w, "name", c.Name)
	books.Said(leaves.CallID | leaves.CallName)
	w.Key("input")
	if input, ok := object(c.Arguments); ok {
		w.Raw(input)
		books.Said(leaves.CallArguments)
	} else {
		w.Raw([]byte("{}"))
	}
}

// object is a tool call's arguments, and whether they are an object; no
// arguments are an empty one.
func object(arguments string) ([]byte, bool) {
	if arguments == "" {
		return []byte("{}"), true
	}
	input := []byte(arguments)
	if jsonx.KindOf(input) != jsonx.Object || jsonx.Check(input) != nil {
		return nil, false
	}
	return input, true
}

// safeID is an id in the letters the provider allows, which some others'
// exceed. The call and its result are changed alike.
func safeID(id string) string {
	for i := range len(id) {
		if !idByte(id[i]) {
			b := []byte(id)
			for j := range b {
				if !idByte(b[j]) {
					b[j] = '_'
				}
			}
			return string(b)
		}
	}
	return id
}

func idByte(c byte) bool {
	return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c|0x20 >= 'a' && c|0x20 <= 'z')
}

func (t *typed) result(w *jsonx.Writer, books leaves.Part, r *switchgear.ToolResult) {
	w.Str("tool_result")
	member(w, "tool_use_id", safeID(r.CallID))
	if len(r.Parts) > 0 {
		w.Key("content")
		w.Array()
		t.blocks(w, books.Parts(), r.Parts)
		w.End()
	}
	if r.Failed {
		w.Key("is_error")
		w.Bool(true)
	}
	books.Said(leaves.ResultCallID | leaves.ResultFailed)
}
