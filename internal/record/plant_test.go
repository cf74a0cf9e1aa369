package record

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
)

// planted are things that must never reach a disk, one of each kind.
func planted() map[string]*rapid.Generator[string] {
	word := rapid.StringMatching(`[a-z]{3,8}`)
	return map[string]*rapid.Generator[string]{
		"email": rapid.Custom(func(t *rapid.T) string {
			return word.Draw(t, "name") + rapid.SampledFrom([]string{"", ".x", "+tag", "_1"}).Draw(t, "tag") + "@" + word.Draw(t, "host") + ".example"
		}),
		"openai key":    rapid.StringMatching(`sk-proj-[A-Za-z0-9_-]{10,40}[0-9]{6}`),
		"anthropic key": rapid.StringMatching(`sk-ant-api03-[A-Za-z0-9_-]{20,60}[0-9][A-Za-z0-9]`),
		"google key":    rapid.StringMatching(`AIza[A-Za-z0-9_-]{35}`),
		"bearer":        rapid.StringMatching(`Bearer [A-Za-z0-9]{10}[0-9]{4}`),
		"token":         rapid.StringMatching(`eyJ[A-Za-z0-9]{12}\.[A-Za-z0-9]{20}\.[A-Za-z0-9]{20}`),
		"phone":         rapid.StringMatching(`\+49 1(51|60|72) [0-9]{7,8}|\(415\) 555-[0-9]{4}|0(30|89|221) [1-9][0-9]{3} [0-9]{3}`),
		"card":          rapid.Custom(card),
		"iban":          rapid.Custom(iban),
		"ip":            rapid.Custom(address),
		"custom":        rapid.StringMatching(`ORDER-[0-9]{4,9}`),
		"own":           rapid.Just("our own upstream key"),
		"client":        rapid.Just("the-shop.client/7"),
	}
}

func card(t *rapid.T) string {
	digits := rapid.StringMatching(`4[0-9]{14}`).Draw(t, "digits")
	for d := range 10 {
		if number := digits + strconv.Itoa(d); isCard(number) {
			gap := rapid.SampledFrom([]string{"", " ", "-"}).Draw(t, "gap")
			return strings.Join([]string{number[:4], number[4:8], number[8:12], number[12:]}, gap)
		}
	}
	panic("one of ten digits passes Luhn's check")
}

func iban(t *rapid.T) string {
	rest := rapid.StringMatching(`[0-9]{18}`).Draw(t, "account")
	for n := range 100 {
		if number := fmt.Sprintf("DE%02d%s", n, rest); checks(number) {
			if rapid.Bool().Draw(t, "gaps") {
				return regexp.MustCompile(`.{1,4}`).ReplaceAllStringFunc(number, func(s string) string { return s + " " })[:len(number)+len(number)/4]
			}
			return number
		}
	}
	panic("one of hundred pairs of digits is right")
}

func address(t *rapid.T) string {
	part := rapid.IntRange(1, 254)
	return fmt.Sprintf("%d.%d.%d.%d", part.Draw(t, "a"), part.Draw(t, "b"), part.Draw(t, "c"), part.Draw(t, "d"))
}

// amid is what stands around a secret in real texts.
func amid(t *rapid.T, secret string) string {
	before := rapid.SampledFrom([]string{"", "see ", "Dear all,\n", "\"", "<", "é ", "(", "is:", "12 pieces, ", "日本"}).Draw(t, "before")
	after := rapid.SampledFrom([]string{"", " thanks", ".", "\n\nBye", "\"", ">", " é", ")", ", 7 pieces", "?"}).Draw(t, "after")
	return before + secret + after
}

// quoted is a JSON string in one of the many ways to write one.
func quoted(t *rapid.T, s string) string {
	plain, _ := json.Marshal(s)
	if !rapid.Bool().Draw(t, "escaped") {
		return string(plain)
	}
	var out strings.Builder
	for _, c := range string(plain[1 : len(plain)-1]) {
		if (c >= '0' && c <= '9') || c == '@' || c == '-' {
			fmt.Fprintf(&out, `\u%04x`, c)
			continue
		}
		out.WriteRune(c)
	}
	if strings.Contains(string(plain), `\`) {
		return string(plain) // an escape's own digits must stay
	}
	return `"` + out.String() + `"`
}

// places are where a text can stand in an exchange.
func places() map[string]func(t *rapid.T, text string) *switchgear.Exchange {
	openai := func(format string) func(t *rapid.T, text string) *switchgear.Exchange {
		return func(t *rapid.T, text string) *switchgear.Exchange {
			return asked("openai", fmt.Sprintf(format, quoted(t, text)))
		}
	}
	anthropic := func(format string) func(t *rapid.T, text string) *switchgear.Exchange {
		return func(t *rapid.T, text string) *switchgear.Exchange {
			return asked("anthropic", fmt.Sprintf(format, quoted(t, text)))
		}
	}
	return map[string]func(t *rapid.T, text string) *switchgear.Exchange{
		"content":      openai(`{"model":"chat","messages":[{"role":"user","content":%s}]}`),
		"system":       openai(`{"model":"chat","messages":[{"role":"system","content":%s},{"role":"user","content":"Hi"}]}`),
		"part":         openai(`{"model":"chat","messages":[{"role":"user","content":[{"type":"text","text":%s}]}]}`),
		"tool message": openai(`{"model":"chat","messages":[{"role":"tool","tool_call_id":"c","content":%s}]}`),
		"schema":       openai(`{"model":"chat","messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"a":{"enum":[%s]}}}}}]}`),
		"anything":     openai(`{"model":"chat","messages":[],"x":{"y":[[{"z":%s}]]}}`),
		"a's system":   anthropic(`{"model":"chat","system":[{"type":"text","text":%s}],"messages":[]}`),
		"a's result":   anthropic(`{"model":"chat","messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":%s}]}]}]}`),
		"a's input":    anthropic(`{"model":"chat","messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"deep":{"er":[%s]}}}]}]}`),
		"arguments": func(t *rapid.T, text string) *switchgear.Exchange {
			inner := `{"to":[` + quoted(t, text) + `]}`
			if rapid.Bool().Draw(t, "cut") {
				inner = inner[:len(inner)-2]
			}
			return asked("openai", `{"messages":[{"tool_calls":[{"id":"c","function":{"name":"f","arguments":`+quoted(t, inner)+`}}]}]}`)
		},
		"label": func(_ *rapid.T, text string) *switchgear.Exchange {
			x := asked("openai", `{"messages":[]}`)
			x.Request.Labels = map[string]string{"who": text}
			return x
		},
		"answer": func(_ *rapid.T, text string) *switchgear.Exchange { return answered(switchgear.Part{Text: text}) },
		"refusal": func(_ *rapid.T, text string) *switchgear.Exchange {
			return answered(switchgear.Part{Kind: switchgear.PartRefusal, Text: text})
		},
		"thought": func(_ *rapid.T, text string) *switchgear.Exchange {
			return answered(switchgear.Part{Kind: switchgear.PartThinking, Text: text})
		},
		"answer in parts": func(t *rapid.T, text string) *switchgear.Exchange {
			cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
			return answered(switchgear.Part{Text: text[:cut]}, switchgear.Part{Text: text[cut:]})
		},
		"call": func(t *rapid.T, text string) *switchgear.Exchange {
			arguments := `{"to":` + quoted(t, text) + `}`
			if rapid.Bool().Draw(t, "cut") {
				arguments = arguments[:len(arguments)-2]
			}
			return answered(switchgear.Part{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "c", Name: "f", Arguments: arguments}})
		},
		"who asks": func(t *rapid.T, text string) *switchgear.Exchange {
			x := asked("openai", `{"user":`+quoted(t, text)+`,"metadata":{"user_id":`+quoted(t, text)+`},"messages":[]}`)
			x.Request.User, x.Request.Limits.Client = text, text
			x.Request.Wire.Header = map[string][]string{"X-Any": {text}}
			return x
		},
	}
}

func asked(dialect, body string) *switchgear.Exchange {
	return &switchgear.Exchange{
		Start: time.Now(), Route: "chat", Target: switchgear.Target{Provider: "p", Model: "m"},
		Request: &switchgear.Request{Wire: &switchgear.Wire{Dialect: dialect, Body: []byte(body)}},
		Answer:  switchgear.Choice{Parts: []switchgear.Part{{Text: "Fine."}}, Finish: switchgear.Finish{Kind: switchgear.FinishStop}},
	}
}

func answered(parts ...switchgear.Part) *switchgear.Exchange {
	x := asked("openai", `{"messages":[{"role":"user","content":"Hi"}]}`)
	x.Answer.Parts = parts
	return x
}

// TestNothingSecretReachesTheDisk plants secrets at each place, in real files.
func TestNothingSecretReachesTheDisk(t *testing.T) {
	r, all, dir := redactor(t), planted(), filepath.Join(t.TempDir(), "records")
	kinds, spots := slices.Sorted(maps.Keys(all)), places()
	rapid.Check(t, func(t *rapid.T) {
		var secrets []string
		var exchanges []*switchgear.Exchange
		for _, place := range slices.Sorted(maps.Keys(spots)) {
			for _, kind := range rapid.Permutation(kinds).Draw(t, place)[:1] {
				secret := all[kind].Draw(t, kind)
				secrets = append(secrets, secret)
				exchanges = append(exchanges, spots[place](t, amid(t, secret)))
			}
		}
		written := written(t, dir, r, exchanges)
		for _, secret := range secrets {
			if leaked := leaks(written, secret); leaked != "" {
				t.Fatalf("%q is in the file: %s", leaked, written)
			}
		}
	})
}

// written is all that a folder holds, names included, after some exchanges were
// kept in it.
func written(t *rapid.T, dir string, r *Redactor, all []*switchgear.Exchange) string {
	folder, err := Open(Settings{Folder: dir, Keep: time.Hour, MaxSize: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	keeper := New(func(line string) { t.Log(line) })
	keeper.Use(folder, r)
	for _, x := range all {
		keeper.Record(x)
	}
	if err := keeper.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := keeper.Counts()[Written]; n != int64(len(all)) {
		t.Fatalf("%d of %d were written", n, len(all))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	file := files[0]
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	return file + "\n" + string(text)
}

// leaks finds a secret in what was written: as it was, with its escapes undone,
// or without the gaps in its digits.
func leaks(written, secret string) string {
	secret = strings.TrimPrefix(secret, "Bearer ")
	for text, twice := written, 0; twice < 3; twice++ {
		if strings.Contains(text, secret) {
			return secret
		}
		text, _ = unescaped(text)
	}
	bare := regexp.MustCompile(`[ ()-]`)
	if digits := bare.ReplaceAllString(secret, ""); len(digits) >= 10 && strings.Contains(bare.ReplaceAllString(written, ""), digits) {
		return digits
	}
	return ""
}
