package openai

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// label is what a recorded answer holds, written down by hand from the record
// before there was a decoder. Texts are told by their length in bytes, their
// first 24 characters and the start of their SHA-256.
type label struct {
	ID      string           `json:"id"`
	Why     string           `json:"why"`
	Model   string           `json:"model"`
	Choices []choiceLabel    `json:"choices"`
	Usage   map[string]int64 `json:"usage"`
}

type choiceLabel struct {
	Text     *textLabel  `json:"text"`
	Thinking *textLabel  `json:"thinking"`
	Refusal  *textLabel  `json:"refusal"`
	Calls    []callLabel `json:"calls"`
	Finish   string      `json:"finish"`
	Redacted int         `json:"redacted"`
	Signed   int         `json:"signed"`
	Audio    int         `json:"audio"`
}

type textLabel struct {
	N    int    `json:"n"`
	Head string `json:"head"`
	SHA  string `json:"sha"`
}

type callLabel struct {
	Name string `json:"name"`
	ID   string `json:"id"`
	Args string `json:"args"`
}

func readLines(t *testing.T, file string) []string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for s := bufio.NewScanner(bytes.NewReader(raw)); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return lines
}

func TestLabelledAnswers(t *testing.T) {
	records := map[string]*corpus.Record{}
	for _, r := range chats(t) {
		records[r.ID] = r
	}
	lines := readLines(t, "testdata/labels.jsonl")
	if len(lines) < 35 {
		t.Fatalf("only %d labels", len(lines))
	}
	for _, line := range lines {
		var want label
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		r := records[want.ID]
		if r == nil {
			t.Errorf("%s: no such record", want.ID)
			continue
		}
		resp := wholeOf(t, r)
		got := label{ID: want.ID, Why: want.Why, Model: resp.Model, Usage: usageLabel(&resp.Usage)}
		for i := range resp.Choices {
			got.Choices = append(got.Choices, describe(&resp.Choices[i]))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (%s): -want +got\n%s", want.ID, want.Why, diff)
		}
	}
}

// wholeOf decodes a record, putting a stream together.
func wholeOf(t *testing.T, r *corpus.Record) *switchgear.Response {
	t.Helper()
	if !r.Stream {
		resp, err := New().Decode(r.ResponseBody)
		if err != nil {
			t.Fatalf("%s: %v", r.ID, err)
		}
		return resp
	}
	events, err := New().read(strings.NewReader(r.ResponseText))
	if err != nil {
		t.Fatalf("%s: %v", r.ID, err)
	}
	return assemble(events)
}

func assemble(events []switchgear.Event) *switchgear.Response {
	resp := &switchgear.Response{}
	at := func(n int) *switchgear.Choice {
		for len(resp.Choices) <= n {
			resp.Choices = append(resp.Choices, switchgear.Choice{Index: len(resp.Choices)})
		}
		return &resp.Choices[n]
	}
	for _, e := range events {
		switch e.Kind {
		case switchgear.EventStart:
			resp.ID, resp.Model = e.ID, e.Model
		case switchgear.EventPart:
			c := at(e.Choice)
			if e.Index == len(c.Parts) {
				c.Parts = append(c.Parts, *e.Part)
			}
		case switchgear.EventText, switchgear.EventThinking, switchgear.EventRefusal:
			at(e.Choice).Parts[e.Index].Text += e.Text
		case switchgear.EventSignature:
			at(e.Choice).Parts[e.Index].Signature += e.Text
		case switchgear.EventToolCall:
			at(e.Choice).Parts[e.Index].Call.Arguments += e.Text
		case switchgear.EventFinish:
			at(e.Choice).Finish = e.Finish
		case switchgear.EventUsage:
			merge(&resp.Usage, &e.Usage)
		default:
		}
	}
	return resp
}

func merge(to, from *switchgear.Usage) {
	for f, n := range map[switchgear.UsageField]int64{
		switchgear.UsageInput: from.Input, switchgear.UsageOutput: from.Output, switchgear.UsageReasoning: from.Reasoning,
		switchgear.UsageCacheRead: from.CacheRead, switchgear.UsageCacheWrite: from.CacheWrite,
	} {
		if from.Has(f) {
			to.Set(f, n)
		}
	}
}

func usageLabel(u *switchgear.Usage) map[string]int64 {
	out := map[string]int64{}
	for name, f := range map[string]struct {
		field switchgear.UsageField
		n     int64
	}{
		"input": {switchgear.UsageInput, u.Input}, "output": {switchgear.UsageOutput, u.Output}, "read": {switchgear.UsageCacheRead, u.CacheRead},
		"write": {switchgear.UsageCacheWrite, u.CacheWrite}, "reasoning": {switchgear.UsageReasoning, u.Reasoning},
	} {
		if u.Has(f.field) {
			out[name] = f.n
		}
	}
	return out
}

func describe(c *switchgear.Choice) choiceLabel {
	var l choiceLabel
	texts := map[switchgear.PartKind]string{}
	for i := range c.Parts {
		p := &c.Parts[i]
		switch p.Kind {
		case switchgear.PartToolCall:
			l.Calls = append(l.Calls, callLabel{Name: p.Call.Name, ID: p.Call.ID, Args: p.Call.Arguments})
		case switchgear.PartRedacted:
			l.Redacted++
		case switchgear.PartAudio:
			l.Audio++
		default:
			texts[p.Kind] += p.Text
		}
		if p.Kind == switchgear.PartThinking && p.Signature != "" {
			l.Signed++
		}
	}
	l.Text = measure(texts[switchgear.PartText])
	l.Thinking = measure(texts[switchgear.PartThinking])
	l.Refusal = measure(texts[switchgear.PartRefusal])
	l.Finish = finishWord(c.Finish.Kind) + "/" + c.Finish.Reason
	return l
}

func finishWord(k switchgear.FinishKind) string {
	return []string{"none", "stop", "length", "tool_call", "filter", "pause", "other"}[k]
}

func measure(s string) *textLabel {
	if s == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(s))
	runes := []rune(s)
	return &textLabel{N: len(s), Head: string(runes[:min(24, len(runes))]), SHA: hex.EncodeToString(sum[:4])}
}
