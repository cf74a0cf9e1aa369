package anthropic

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// TestGoldens compares decoded answers with what was read from the records by
// hand.
func TestGoldens(t *testing.T) {
	records := byID(t, everything...)
	want, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	stanzas := strings.Split(strings.TrimSpace(string(want)), "\n\n")[1:]
	if len(stanzas) < 30 {
		t.Fatalf("only %d records are labelled", len(stanzas))
	}
	for _, stanza := range stanzas {
		id := strings.Fields(stanza)[1]
		t.Run(id, func(t *testing.T) {
			r := records[id]
			if r == nil {
				t.Fatal("the record is gone")
			}
			got := describe(t, r)
			if diff := cmp.Diff(stanza, got); diff != "" {
				t.Errorf("(-labelled +decoded)\n%s", diff)
			}
		})
	}
}

func byID(t testing.TB, patterns ...string) map[string]*corpus.Record {
	t.Helper()
	records := map[string]*corpus.Record{}
	for _, r := range corpus.Load(t, patterns...) {
		records[r.ID] = r
	}
	return records
}

// describe writes what was decoded in the words of the golden file.
func describe(t *testing.T, r *corpus.Record) string {
	t.Helper()
	got := answer(t, r)
	var b strings.Builder
	b.WriteString("record " + r.ID)
	if streamed(r) {
		b.WriteString(" stream")
	}
	choice := &got.Choices[0]
	kinds := make([]string, 0, len(choice.Parts))
	for i := range choice.Parts {
		kinds = append(kinds, kindWord(t, &choice.Parts[i]))
	}
	if len(kinds) == 0 {
		kinds = append(kinds, "-")
	}
	fmt.Fprintf(&b, "\nparts %s\n", strings.Join(kinds, " "))
	text := got.Text()
	runes := []rune(text)
	fmt.Fprintf(&b, "text %d %s %s\n", len(text), jsonString(t, string(runes[:min(24, len(runes))])), digest([]byte(text)))
	for _, call := range got.ToolCalls() {
		args := canonical(t, call.Arguments)
		fmt.Fprintf(&b, "tool %s %s %d %s\n", call.Name, call.ID, len(args), digest(args))
	}
	b.WriteString("usage")
	u := &got.Usage
	for _, f := range []struct {
		field switchgear.UsageField
		n     int64
	}{
		{switchgear.UsageInput, u.Input},
		{switchgear.UsageOutput, u.Output},
		{switchgear.UsageCacheRead, u.CacheRead},
		{switchgear.UsageCacheWrite, u.CacheWrite},
		{switchgear.UsageCacheWriteHour, u.CacheWriteHour},
		{switchgear.UsageReasoning, u.Reasoning},
	} {
		if u.Has(f.field) {
			fmt.Fprintf(&b, " %d", f.n)
		} else {
			b.WriteString(" -")
		}
	}
	finishWord := map[switchgear.FinishKind]string{
		switchgear.FinishNone: "none", switchgear.FinishStop: "stop", switchgear.FinishLength: "length",
		switchgear.FinishToolCall: "tool_call", switchgear.FinishFilter: "filter",
		switchgear.FinishPause: "pause", switchgear.FinishOther: "other",
	}[choice.Finish.Kind]
	fmt.Fprintf(&b, "\nfinish %s %s %s", finishWord, choice.Finish.Reason, jsonString(t, choice.Finish.Sequence))
	return b.String()
}

func kindWord(t *testing.T, p *switchgear.Part) string {
	t.Helper()
	switch p.Kind {
	case switchgear.PartText:
		return "text"
	case switchgear.PartThinking:
		return fmt.Sprintf("thinking(%d,%d)", len(p.Text), len(p.Signature))
	case switchgear.PartRedacted:
		return fmt.Sprintf("redacted(%d)", len(p.Signature))
	case switchgear.PartToolCall:
		return "tool"
	case switchgear.PartOther:
		var block struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal(p.Raw, &block); err != nil {
			t.Fatal(err)
		}
		return block.Type
	default:
		return fmt.Sprintf("kind %d", p.Kind)
	}
}

func jsonString(t *testing.T, s string) string {
	t.Helper()
	return string(compactJSON(t, s))
}

func canonical(t *testing.T, document string) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		t.Fatalf("arguments %q: %v", document, err)
	}
	return compactJSON(t, v)
}

func compactJSON(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
