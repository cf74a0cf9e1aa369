package evaltest

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"unicode"

	"github.com/switchgear-dev/switchgear/eval"
)

// instruction is a grader as a user might bring one: it checks what a prompt
// of the instruction-following set asked for. The checks are written after the
// published description of each instruction.
type instruction struct {
	id   string
	args struct {
		Relation   string   `json:"relation"`
		Words      int      `json:"num_words"`
		Highlights int      `json:"num_highlights"`
		Bullets    int      `json:"num_bullets"`
		Paragraphs int      `json:"num_paragraphs"`
		Sections   int      `json:"num_sections"`
		Holders    int      `json:"num_placeholders"`
		Splitter   string   `json:"section_spliter"`
		Forbidden  []string `json:"forbidden_words"`
		Keywords   []string `json:"keywords"`
		Keyword    string   `json:"keyword"`
		Frequency  int      `json:"frequency"`
		End        string   `json:"end_phrase"`
		Postscript string   `json:"postscript_marker"`
		Prompt     string   `json:"prompt_to_repeat"`
	}
}

// NewInstruction makes the grader of a single instruction.
func NewInstruction(o *eval.Options) eval.Grader {
	g := &instruction{}
	g.id, _ = o.Text("id")
	g.id = g.id[strings.LastIndexByte(g.id, ':')+1:]
	if v := o.Value("args"); v != nil {
		if err := json.Unmarshal(v.JSON(), &g.args); err != nil {
			o.Complain("args", err.Error(), "")
		}
	}
	return g
}

func (g *instruction) Grade(_ context.Context, _ *eval.Case, out *eval.Output) (eval.Score, error) {
	if strings.TrimSpace(out.Text) != "" && g.follows(out.Text) {
		return eval.Pass(), nil
	}
	return eval.Fail("the instruction " + g.id + " is not followed"), nil
}

var (
	wordRE      = regexp.MustCompile(`[\p{L}\p{N}_]+`)
	starsRE     = regexp.MustCompile(`\*[^\n\*]*\*`)
	doubleRE    = regexp.MustCompile(`\*\*[^\n\*]*\*\*`)
	bulletRE    = regexp.MustCompile(`(?m)^\s*\*[^\*].*$`)
	dashRE      = regexp.MustCompile(`(?m)^\s*-.*$`)
	titleRE     = regexp.MustCompile(`<<[^\n]+>>`)
	holderRE    = regexp.MustCompile(`\[.*?\]`)
	paragraphRE = regexp.MustCompile(`\s?\*\*\*\s?`)
)

func (g *instruction) relation(n, limit int) bool {
	if g.args.Relation == "less than" {
		return n < limit
	}
	return n >= limit
}

func (g *instruction) follows(s string) bool { //nolint:gocyclo // a table of instructions, a line or two each
	low := strings.ToLower(s)
	switch g.id {
	case "no_comma":
		return !strings.Contains(s, ",")
	case "number_highlighted_sections":
		return g.highlights(s) >= g.args.Highlights
	case "forbidden_words":
		for _, w := range g.args.Forbidden {
			if regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(w) + `\b`).MatchString(s) {
				return false
			}
		}
		return true
	case "repeat_prompt":
		return strings.HasPrefix(strings.TrimSpace(low), strings.ToLower(strings.TrimSpace(g.args.Prompt)))
	case "number_words":
		return g.relation(len(wordRE.FindAllString(s, -1)), g.args.Words)
	case "existence":
		for _, w := range g.args.Keywords {
			if !strings.Contains(low, strings.ToLower(w)) {
				return false
			}
		}
		return true
	case "frequency":
		return g.relation(strings.Count(low, strings.ToLower(g.args.Keyword)), g.args.Frequency)
	case "title":
		for _, m := range titleRE.FindAllString(s, -1) {
			if strings.Trim(strings.TrimLeft(m, "<"), "> ") != "" {
				return true
			}
		}
		return false
	case "quotation":
		s = strings.TrimSpace(s)
		return len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"'
	case "english_lowercase":
		return s == low
	case "english_capital":
		return s == strings.ToUpper(s) && strings.ContainsFunc(s, unicode.IsLetter)
	case "number_bullet_lists":
		return len(bulletRE.FindAllString(s, -1))+len(dashRE.FindAllString(s, -1)) == g.args.Bullets
	case "end_checker":
		return strings.HasSuffix(strings.ToLower(strings.Trim(strings.TrimSpace(s), `"`)), strings.ToLower(strings.TrimSpace(g.args.End)))
	case "postscript":
		return g.postscript(low)
	case "number_paragraphs":
		return g.paragraphs(s)
	case "number_placeholders":
		return len(holderRE.FindAllString(s, -1)) >= g.args.Holders
	case "two_responses":
		return twoResponses(s)
	case "json_format":
		s = strings.TrimSpace(s)
		for _, prefix := range []string{"```json", "```Json", "```JSON", "```"} {
			s = strings.TrimPrefix(s, prefix)
		}
		return json.Valid([]byte(strings.TrimSpace(strings.TrimSuffix(s, "```"))))
	case "multiple_sections":
		return len(regexp.MustCompile(`\s?`+regexp.QuoteMeta(g.args.Splitter)+`\s?\d+\s?`).FindAllString(s, -1)) >= g.args.Sections
	case "constrained_response":
		for _, choice := range []string{"My answer is yes.", "My answer is no.", "My answer is maybe."} {
			if strings.Contains(s, choice) {
				return true
			}
		}
		return false
	}
	panic("no such instruction: " + g.id)
}

func (g *instruction) highlights(s string) int {
	n := 0
	for _, m := range starsRE.FindAllString(s, -1) {
		if strings.Trim(m, "* ") != "" {
			n++
		}
	}
	for _, m := range doubleRE.FindAllString(s, -1) {
		if strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(m, "**"), "**")) != "" {
			n++
		}
	}
	return n
}

func (g *instruction) postscript(low string) bool {
	pattern := `(?m)\s*` + regexp.QuoteMeta(strings.ToLower(g.args.Postscript)) + `.*$`
	switch g.args.Postscript {
	case "P.P.S":
		pattern = `(?m)\s*p\.\s?p\.\s?s.*$`
	case "P.S.":
		pattern = `(?m)\s*p\.\s?s\..*$`
	}
	return regexp.MustCompile(pattern).MatchString(low)
}

func (g *instruction) paragraphs(s string) bool {
	parts := paragraphRE.Split(s, -1)
	n := len(parts)
	for i, part := range parts {
		if strings.TrimSpace(part) != "" {
			continue
		}
		if i != 0 && i != len(parts)-1 {
			return false
		}
		n--
	}
	return n == g.args.Paragraphs
}

func twoResponses(s string) bool {
	parts := strings.Split(s, "******")
	var valid []string
	for i, part := range parts {
		if strings.TrimSpace(part) != "" {
			valid = append(valid, strings.TrimSpace(part))
		} else if i != 0 && i != len(parts)-1 {
			return false
		}
	}
	return len(valid) == 2 && valid[0] != valid[1]
}
