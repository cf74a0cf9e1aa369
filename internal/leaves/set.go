package leaves

import "github.com/switchgear-dev/switchgear"

// The functions of this file say which leaves hold something. Lists and extra
// members are walked where they stand.

func setRequest(r *switchgear.Request) (f Field) {
	if c := r.Choice; c != nil {
		f |= when(c.Mode != "", ToolChoiceMode) | when(c.Name != "", ToolChoiceName) | when(c.Parallel != nil, ToolChoiceParallel)
	}
	if o := r.Output; o != nil {
		f |= Output | when(o.Name != "", OutputName) | when(len(o.Schema) > 0, OutputSchema) | when(o.Strict, OutputStrict)
	}
	if t := r.Thinking; t != nil {
		f |= when(t.Mode != "", ThinkingMode) | when(t.Budget != 0, ThinkingBudget)
	}
	s := &r.Sampling
	return f | when(r.Effort != "", Effort) | when(s.MaxTokens != nil, MaxTokens) |
		when(s.Temperature != nil, Temperature) | when(s.TopP != nil, TopP) | when(s.TopK != nil, TopK) |
		when(s.Seed != nil, Seed) | when(r.Tier != "", Tier) | when(r.User != "", User)
}

func setMessage(m *switchgear.Message) MessageField {
	return when(m.Role != "", MessageRole) | when(m.Name != "", MessageName)
}

func setPart(p *switchgear.Part) (f PartField) {
	if m := p.Media; m != nil {
		f |= when(m.Type != "", MediaType) | when(m.Data != "", MediaData) | when(m.URL != "", MediaURL) |
			when(m.FileID != "", MediaFileID) | when(m.Name != "", MediaName) | when(m.Detail != "", MediaDetail)
	}
	if c := p.Call; c != nil {
		f |= when(c.ID != "", CallID) | when(c.Name != "", CallName) | when(c.Arguments != "", CallArguments)
	}
	if r := p.Result; r != nil {
		f |= when(r.CallID != "", ResultCallID) | when(r.Failed, ResultFailed)
	}
	if c := p.Cache; c != nil {
		f |= PartCache | when(c.TTL != "", PartCacheTTL)
	}
	return f | when(p.Kind != 0, PartKind) | when(p.Text != "", PartText) | when(p.Signature != "", PartSignature) |
		when(len(p.Raw) > 0, PartRaw)
}

func setTool(t *switchgear.Tool) (f ToolField) {
	if c := t.Cache; c != nil {
		f |= ToolCache | when(c.TTL != "", ToolCacheTTL)
	}
	return f | when(t.Name != "", ToolName) | when(t.Description != "", ToolDescription) |
		when(len(t.Schema) > 0, ToolSchema) | when(t.Strict, ToolStrict) | when(len(t.Raw) > 0, ToolRaw)
}

type field interface {
	Field | MessageField | PartField | ToolField
}

func when[F field](holds bool, f F) F {
	if holds {
		return f
	}
	return 0
}

// nested are the parts of a tool result.
func nested(p *switchgear.Part) []switchgear.Part {
	if p.Result == nil {
		return nil
	}
	return p.Result.Parts
}
