package leaves

// Field names leaves of the request itself; fields may be joined by |.
type Field uint32

// The leaves of a request, in the order they are reported.
const (
	ToolChoiceMode Field = 1 << iota
	ToolChoiceName
	ToolChoiceParallel
	Output // that JSON is asked for at all; the other fields of the output say it too
	OutputName
	OutputSchema
	OutputStrict
	Effort
	ThinkingMode
	ThinkingBudget
	MaxTokens
	Temperature
	TopP
	TopK
	Seed
	Stop // all stop sequences; see [Ledger.Stop] for one
	Tier
	User
	Options // all options for the target's dialect; see [Ledger.Option] for one
	Extra   // all extra members; see [Ledger.Extra] for one

	// ToolChoice, OutputAll and Thinking are all leaves of the things they name.
	ToolChoice = ToolChoiceMode | ToolChoiceName | ToolChoiceParallel
	OutputAll  = Output | OutputName | OutputSchema | OutputStrict
	Thinking   = ThinkingMode | ThinkingBudget
)

// MessageField names leaves of a message; fields may be joined by |.
type MessageField uint32

// The leaves of a message.
const (
	MessageRole MessageField = 1 << iota
	MessageName
	MessageExtra // all extra members; see [Message.Extra] for one
)

// PartField names leaves of a part; fields may be joined by |.
type PartField uint32

// The leaves of a part. Of a tool result's own parts, see [Part.Parts].
const (
	PartKind PartField = 1 << iota // what the part is; any other field says it too
	PartText
	PartSignature
	MediaType
	MediaData
	MediaURL
	MediaFileID
	MediaName
	MediaDetail
	CallID
	CallName
	CallArguments
	ResultCallID
	ResultFailed
	PartCache // that there is a marker; its TTL says it too
	PartCacheTTL
	PartRaw
	PartExtra // all extra members; see [Part.Extra] for one

	// Media and Call are all leaves of the things they name.
	Media = MediaType | MediaData | MediaURL | MediaFileID | MediaName | MediaDetail
	Call  = CallID | CallName | CallArguments
)

// ToolField names leaves of a tool; fields may be joined by |.
type ToolField uint32

// The leaves of a tool.
const (
	ToolName ToolField = 1 << iota
	ToolDescription
	ToolSchema
	ToolStrict
	ToolCache // that there is a marker; its TTL says it too
	ToolCacheTTL
	ToolRaw
	ToolExtra // all extra members; see [Tool.Extra] for one
)

// word is the path of a leaf of the request.
func (f Field) word() string {
	switch f {
	case ToolChoiceMode:
		return "tool_choice.mode"
	case ToolChoiceName:
		return "tool_choice.name"
	case ToolChoiceParallel:
		return "tool_choice.parallel"
	case Output:
		return "output"
	case OutputName:
		return "output.name"
	case OutputSchema:
		return "output.schema"
	case OutputStrict:
		return "output.strict"
	case Effort:
		return "effort"
	case ThinkingMode:
		return "thinking.mode"
	case ThinkingBudget:
		return "thinking.budget"
	case MaxTokens:
		return "sampling.max_tokens"
	case Temperature:
		return "sampling.temperature"
	case TopP:
		return "sampling.top_p"
	case TopK:
		return "sampling.top_k"
	case Seed:
		return "sampling.seed"
	case Tier:
		return "tier"
	case User:
		return "user"
	default:
		return ""
	}
}

// word is the path of a leaf below its message.
func (f MessageField) word() string {
	switch f {
	case MessageRole:
		return ".role"
	case MessageName:
		return ".name"
	default:
		return ""
	}
}

// word is the path of a leaf below its part.
func (f PartField) word() string {
	switch f {
	case PartKind:
		return ".kind"
	case PartText:
		return ".text"
	case PartSignature:
		return ".signature"
	case MediaType:
		return ".media.type"
	case MediaData:
		return ".media.data"
	case MediaURL:
		return ".media.url"
	case MediaFileID:
		return ".media.file_id"
	case MediaName:
		return ".media.name"
	case MediaDetail:
		return ".media.detail"
	case CallID:
		return ".call.id"
	case CallName:
		return ".call.name"
	case CallArguments:
		return ".call.arguments"
	case ResultCallID:
		return ".result.call_id"
	case ResultFailed:
		return ".result.failed"
	case PartCache:
		return ".cache"
	case PartCacheTTL:
		return ".cache.ttl"
	case PartRaw:
		return ".raw"
	default:
		return ""
	}
}

// word is the path of a leaf below its tool.
func (f ToolField) word() string {
	switch f {
	case ToolName:
		return ".name"
	case ToolDescription:
		return ".description"
	case ToolSchema:
		return ".schema"
	case ToolStrict:
		return ".strict"
	case ToolCache:
		return ".cache"
	case ToolCacheTTL:
		return ".cache.ttl"
	case ToolRaw:
		return ".raw"
	default:
		return ""
	}
}

// whole is the thing a leaf belongs to, which is named once if nothing of it
// was said.
func (f Field) whole() (of Field, word string) {
	switch {
	case f&ToolChoice != 0:
		return ToolChoice, "tool_choice"
	case f&OutputAll != 0:
		return OutputAll, "output"
	case f&Thinking != 0:
		return Thinking, "thinking"
	default:
		return f, f.word()
	}
}

func (f MessageField) whole() (of MessageField, word string) { return f, f.word() }

func (f PartField) whole() (of PartField, word string) {
	switch {
	case f&Media != 0:
		return Media, ".media"
	case f&Call != 0:
		return Call, ".call"
	case f&(PartCache|PartCacheTTL) != 0:
		return PartCache | PartCacheTTL, ".cache"
	default:
		return f, f.word()
	}
}

func (f ToolField) whole() (of ToolField, word string) {
	if f&(ToolCache|ToolCacheTTL) != 0 {
		return ToolCache | ToolCacheTTL, ".cache"
	}
	return f, f.word()
}
