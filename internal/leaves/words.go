package leaves

import (
	"encoding/json"
	"strconv"

	"github.com/switchgear-dev/switchgear"
)

// word is what stands behind the path of a part that was not said at all.
func word(p *switchgear.Part) string {
	if p.Kind == switchgear.PartOther {
		if w := typeWord(p.Raw); w != "" {
			return bracket(w)
		}
	}
	return bracket(kindWord(p.Kind))
}

// common is the word of all the parts of a message, if they share one.
func common(parts []switchgear.Part) string {
	if len(parts) == 0 {
		return ""
	}
	w := word(&parts[0])
	for i := range parts[1:] {
		if word(&parts[i+1]) != w {
			return ""
		}
	}
	return w
}

func kindWord(k switchgear.PartKind) string {
	switch k {
	case switchgear.PartText:
		return "text"
	case switchgear.PartThinking:
		return "thinking"
	case switchgear.PartRedacted:
		return "redacted thinking"
	case switchgear.PartImage:
		return "image"
	case switchgear.PartDocument:
		return "document"
	case switchgear.PartAudio:
		return "audio"
	case switchgear.PartToolCall:
		return "tool call"
	case switchgear.PartToolResult:
		return "tool result"
	case switchgear.PartRefusal:
		return "refusal"
	case switchgear.PartOther:
		return "other"
	default:
		return "kind " + strconv.Itoa(int(k))
	}
}

// typeWord is the "type" of a block or a tool as it came, if it is a plain
// word.
func typeWord(raw json.RawMessage) string {
	var block struct {
		Type string `json:"type"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &block) != nil || !isPlain(block.Type) {
		return ""
	}
	return block.Type
}

func bracket(w string) string {
	if w == "" {
		return ""
	}
	return " (" + w + ")"
}

// nameMax is the longest name of a member that is repeated whole, in bytes.
const nameMax = 64

// plain is the name of a member as it may stand in a header or in a line of a
// log. Names are the client's, and may hold anything.
func plain(name string) string {
	if isPlain(name) {
		return name
	}
	if len(name) > nameMax {
		return strconv.QuoteToASCII(name[:nameMax]) + "..."
	}
	return strconv.QuoteToASCII(name)
}

func isPlain(name string) bool {
	if name == "" || len(name) > nameMax {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.', c == ':', c == '/':
		default:
			return false
		}
	}
	return true
}
