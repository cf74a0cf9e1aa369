package sim

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

// Replay answers from recorded outputs. Read one with [ReadReplay] or
// [LoadReplay], and give it to a server as [Options.Replay].
type Replay struct {
	rows map[string][]recording // by prompt
	n    int
}

// recording is what one model, or any, answered to a prompt.
type recording struct {
	model string // "" for any
	tools []string
	text  string
	calls []recordedCall
	usage *[2]int // tokens in and out as the provider counted them; nil to estimate
}

type recordedCall struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"` // JSON as the model wrote it
}

// replayRow is a line of a recording, in either of its forms: one output with
// what it matches, or one input with the outputs of several models.
type replayRow struct {
	Match *struct {
		Model  string `json:"model"`
		SHA256 string `json:"prompt_sha256"`
		Text   string `json:"text"`
	} `json:"match"`
	Output  json.RawMessage            `json:"output"`
	Input   json.RawMessage            `json:"input"`
	Outputs map[string]json.RawMessage `json:"outputs"`
	Usage   json.RawMessage            `json:"usage"`                // {"input": 12, "output": 3}, or that by model
	Counted map[string][]float64       `json:"usage_in_out_latency"` // by model: tokens in, tokens out, seconds
}

// tokens are what the provider counted for a model's answer, if the row says.
func (row *replayRow) tokens(model string) *[2]int {
	if counted := row.Counted[model]; len(counted) >= 2 {
		return &[2]int{int(counted[0]), int(counted[1])}
	}
	type counts struct {
		Input  *int `json:"input"`
		Output *int `json:"output"`
	}
	var one counts
	var each map[string]counts
	if json.Unmarshal(row.Usage, &each) == nil {
		one = each[model]
	} else if json.Unmarshal(row.Usage, &one) != nil {
		return nil
	}
	if one.Input == nil || one.Output == nil {
		return nil
	}
	return &[2]int{*one.Input, *one.Output}
}

// LoadReplay reads recordings from files of JSON lines.
func LoadReplay(files ...string) (*Replay, error) {
	all := &Replay{rows: map[string][]recording{}}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		err = errors.Join(all.read(f), f.Close())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return all, nil
}

// ReadReplay reads recordings, one JSON object a line.
func ReadReplay(r io.Reader) (*Replay, error) {
	p := &Replay{rows: map[string][]recording{}}
	return p, p.read(r)
}

// Len is the number of recorded outputs.
func (p *Replay) Len() int { return p.n }

func (p *Replay) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 1<<16), 16<<20) // a line holds one input and the outputs of a dozen models
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var row replayRow
		err := json.Unmarshal(line, &row)
		if err == nil {
			err = p.add(&row)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

func (p *Replay) add(row *replayRow) error {
	if row.Match != nil {
		key := row.Match.SHA256
		if key == "" {
			key = promptKey(row.Match.Text)
		}
		return p.put(key, recording{model: row.Match.Model, usage: row.tokens(row.Match.Model)}, row.Output)
	}
	var input string
	var tools []string
	if json.Unmarshal(row.Input, &input) != nil {
		var asked struct {
			Question  string `json:"question"`
			Functions []struct {
				Name string `json:"name"`
			} `json:"functions"`
		}
		if json.Unmarshal(row.Input, &asked) != nil || asked.Question == "" {
			return errors.New("a row needs `match` and `output`, or `input` (a text, or an object with `question`) and `outputs`")
		}
		input = asked.Question
		for _, f := range asked.Functions {
			tools = append(tools, f.Name)
		}
	}
	for model, output := range row.Outputs {
		if err := p.put(promptKey(input), recording{model: model, tools: tools, usage: row.tokens(model)}, output); err != nil {
			return err
		}
	}
	return nil
}

func (p *Replay) put(key string, rec recording, output json.RawMessage) error {
	if json.Unmarshal(output, &rec.text) != nil {
		var made struct {
			Text  string         `json:"text"`
			Calls []recordedCall `json:"tool_calls"`
		}
		if err := json.Unmarshal(output, &made); err != nil {
			return fmt.Errorf("an output is neither a text nor an object with `tool_calls`: %w", err)
		}
		rec.text, rec.calls = made.Text, made.Calls
	}
	p.rows[key] = append(p.rows[key], rec)
	p.n++
	return nil
}

// promptKey names a prompt by its SHA-256, in hexadecimal.
func promptKey(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// find looks up what a model answered. Where the same words were recorded with
// several sets of tools, the set that the request offers decides.
func (p *Replay) find(model, prompt string, offered []tool) (recording, bool) {
	best, score := recording{}, -1
	for _, rec := range p.rows[promptKey(prompt)] {
		if rec.model != "" && rec.model != model {
			continue
		}
		same := 0
		for i := range rec.tools {
			if i < len(offered) && offered[i].name == rec.tools[i] {
				same++
			}
		}
		if same > score {
			best, score = rec, same
		}
	}
	return best, score >= 0
}

// recordedOr gives the recorded answer if the server replays, and a composed
// one if it does not.
func (c *call) recordedOr() ([]*answer, *exchange) {
	if c.s.opts.Replay == nil {
		return c.answers(), nil
	}
	model, _, _ := splitModel(c.ask.model, c.s.table)
	rec, ok := c.s.opts.Replay.find(model, c.ask.last, c.ask.tools)
	if !ok {
		text := fmt.Sprintf("There is no recording of model %q for this prompt (sha256 %s).", model, promptKey(c.ask.last)[:12])
		if c.dialect == anthropic {
			return nil, c.anthropicError(http.StatusNotFound, "not_found_error", text)
		}
		return nil, openaiError(http.StatusNotFound, "invalid_request_error", "recording_not_found", "messages", text)
	}
	out := make([]*answer, c.ask.choices)
	for i := range out {
		out[i] = rec.answer(c.ask, i)
		if c.ask.shape != nil {
			c.ask.shape(out[i])
		}
	}
	return out, nil
}

func (rec *recording) answer(q *ask, i int) *answer {
	a := &answer{rng: q.rng(i), text: rec.text, recorded: rec.usage}
	for _, call := range rec.calls {
		prefix := "call_"
		if q.dialect == anthropic {
			prefix = "toolu_01"
		}
		a.calls = append(a.calls, toolCall{prefix + letters(a.rng, 22), call.Name, call.Arguments})
		a.finish = finishTool
	}
	return a
}
