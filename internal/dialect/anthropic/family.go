package anthropic

import "strings"

// family is what the models of one line take, as far as a request from another
// dialect has to be fitted to it. Requests made for this dialect are sent as
// they are: their author knows the model.
type family struct {
	match    string // part of the model's name
	efforts  string // words for output_config.effort, with spaces around each; "" if it takes none
	adaptive bool   // thinking of type "adaptive"
	budget   bool   // thinking of type "enabled"
	draws    bool   // temperature, top_p and top_k may be set
	schemas  bool   // output_config.format
	late     bool   // messages of the role "system" in mid-conversation
}

// families is read from the top; the first whose match stands in the model's
// name counts. From the provider's documentation and recorded answers up to
// November 2026; only the lines a recording shows to take late system messages
// are said to.
var families = [...]family{ //nolint:gochecknoglobals // a constant table
	{match: "opus-4-8", efforts: allEfforts, adaptive: true, schemas: true, late: true},
	{match: "fable-5", efforts: allEfforts, adaptive: true, schemas: true, late: true},
	{match: "opus-4-7", efforts: allEfforts, adaptive: true, schemas: true},
	{match: "opus-4-6", efforts: " low medium high max ", adaptive: true, budget: true, draws: true, schemas: true},
	{match: "sonnet-4-6", efforts: " low medium high max ", adaptive: true, budget: true, draws: true, schemas: true},
	{match: "opus-4-5", efforts: " low medium high ", budget: true, draws: true, schemas: true},
	{match: "opus-4-1", budget: true, draws: true, schemas: true},
	{match: "sonnet-4-5", budget: true, draws: true, schemas: true},
	{match: "haiku-4-5", budget: true, draws: true, schemas: true},
	{match: "opus-4", budget: true, draws: true},
	{match: "sonnet-4", budget: true, draws: true},
	{match: "claude-3-7", budget: true, draws: true},
	{match: "claude-3", draws: true},
	{match: "claude-2", draws: true},
	{match: "", efforts: allEfforts, adaptive: true, schemas: true}, // what is newer is taken to be like the newest known
}

const allEfforts = " low medium high xhigh max "

func familyOf(model string) *family {
	i := 0
	for !strings.Contains(model, families[i].match) {
		i++
	}
	return &families[i]
}

// takes reports whether an effort can be said in the family's own words.
func (f *family) takes(effort string) bool {
	return effort != "" && !strings.Contains(effort, " ") && strings.Contains(f.efforts, " "+effort+" ")
}

// nearest is the family's word for an effort it has none for: the next lower
// one it takes, or the lowest.
func (f *family) nearest(effort string) string {
	switch effort {
	case "minimal":
		return "low"
	case "xhigh", "max":
		for _, word := range [...]string{"xhigh", "high"} {
			if f.takes(word) {
				return word
			}
		}
	}
	return ""
}

// budgetOf is how many tokens of thinking an effort is worth to models that
// take a budget instead: 0 if the word is unknown.
func budgetOf(effort string) int64 {
	switch effort {
	case "minimal", "low":
		return minBudget
	case "medium":
		return 4 * minBudget
	case "high":
		return 16 * minBudget
	case "xhigh", "max":
		return 24 * minBudget // with DefaultMaxTokens, below what the smallest of these models may write
	default:
		return 0
	}
}

const minBudget = 1024 // tokens, the least the provider takes
