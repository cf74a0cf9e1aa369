package sim

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/internal/corpus"
)

func TestReplay(t *testing.T) {
	replay, err := ReadReplay(strings.NewReader(`{"id":"1","match":{"text":"two and two?"},"output":"four"}
{"id":"2","match":{"model":"m","prompt_sha256":"` + promptKey("secret") + `"},"output":{"tool_calls":[{"name":"add","arguments":"{\"a\": 2}"}]}}

{"id":"3","input":{"question":"same words","functions":[{"name":"f"}]},"outputs":{"m":"by f"}}
{"id":"4","input":{"question":"same words","functions":[{"name":"g"}]},"outputs":{"m":"by g"}}
`))
	if err != nil || replay.Len() != 4 {
		t.Fatalf("%v, %d outputs", err, replay.Len())
	}
	s := New(Options{Replay: replay})
	for _, dialect := range bothDialects {
		for _, stream := range []bool{true, false} {
			f := func(model, prompt, extra string) reply {
				return s.ask(t, dialect, strings.Replace(request(model, stream, extra), "Where is the north trunk?", prompt, 1))
			}
			if r := f("any", "two and two?", ""); r.text() != "four" {
				t.Errorf("%d %s", r.status, r.body)
			}
			if r := f("m", "secret", ""); !strings.Contains(r.body, `"add"`) || strings.Contains(r.body, `"tool_calls"`) == strings.Contains(r.body, `"tool_use"`) {
				t.Errorf("%d %s", r.status, r.body)
			}
			if r := f("other", "secret", ""); r.status != 404 || !strings.Contains(r.body, "There is no recording of model") || strings.Contains(r.body, "secret") {
				t.Errorf("%d %s", r.status, r.body)
			}
			tools := map[string]string{openai: `,"tools":[{"type":"function","function":{"name":"g"}}]`, anthropic: `,"tools":[{"name":"g","input_schema":{}}]`}
			if r := f("m", "same words", tools[dialect]); r.text() != "by g" {
				t.Errorf("%d %s", r.status, r.body)
			}
			if r := f("m+cut-0", "same words", ""); strings.Contains(r.body, "[DONE]") || r.status != 200 {
				t.Errorf("a fault over a recording: %d %s", r.status, r.body)
			}
		}
	}
	for text, want := range map[string]string{"{": "line 1", `{"input":3}`: "a row needs", `{"match":{},"output":7}`: "neither a text nor an object"} {
		if _, err := ReadReplay(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestReplayOfRecordedOutputs asks for every hundredth recorded output and
// expects it back to the byte.
func TestReplayOfRecordedOutputs(t *testing.T) {
	dir, _ := corpus.Dir()
	files, _ := filepath.Glob(filepath.Join(dir, "eval-data", "*.jsonl"))
	if len(files) == 0 {
		t.Skip("no recorded outputs at " + dir + ": set SWITCHGEAR_SHARED to run this test")
	}
	replay, err := LoadReplay(files...)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Replay: replay})
	n, asked, outputs := 0, 0, 0
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			row := decoded[replayRow](t, lines.Text())
			outputs += len(row.Outputs)
			var prompt string
			if json.Unmarshal(row.Input, &prompt) != nil {
				continue // a prompt with tools: the same words stand in several rows
			}
			for model, output := range row.Outputs {
				var want string
				if n++; n%100 != 0 || json.Unmarshal(output, &want) != nil {
					continue
				}
				asked++
				dialect, stream := bothDialects[asked%2], asked%4 < 2
				body := strings.Replace(request(model, stream, ""), `"Where is the north trunk?"`, string(quote(prompt)), 1)
				if r := s.ask(t, dialect, body); r.text() != want {
					t.Errorf("%s %s: got %d, %d bytes, want %d bytes", filepath.Base(file), model, r.status, len(r.text()), len(want))
				}
			}
		}
	}
	if replay.Len() != outputs || asked < 20 {
		t.Errorf("%d of %d outputs were read, %d asked for", replay.Len(), outputs, asked)
	}
}
