package grade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear/eval"
)

// command asks a program of the user's, in any language. It reads the case and
// the answer as JSON on its standard input, and answers with JSON on its
// standard output, {"score": 0.5, "pass": false, "why": "..."}, or with its exit
// code alone: 0 for a pass, 1 for a fail. Anything else is a grader that broke.
type command struct {
	run     []string
	dir     string
	timeout time.Duration
	env     []string
	pass    float64 // the least score that passes, where the program does not say
}

const (
	defaultTimeout = 30 * time.Second
	maxTimeout     = 10 * time.Minute
	maxAnswer      = 1 << 20 // bytes of output that are read; the rest is an error
	waitAfterKill  = 2 * time.Second
)

func newCommand(o *eval.Options) eval.Grader {
	o.Main("run")
	g := &command{run: o.Texts("run"), dir: o.Dir(), timeout: defaultTimeout, pass: 0.5}
	if d, ok := o.Duration("timeout", maxTimeout); ok {
		g.timeout = d
	}
	if p, ok := o.Number("pass", 0, 1); ok {
		g.pass = p
	}
	g.env = environment(os.Getenv)
	if e := o.Value("env"); e != nil {
		for i := range e.Entries {
			g.env = append(g.env, e.Entries[i].Key+"="+e.Entries[i].Value.Text)
		}
		if e.Kind != eval.Map {
			o.Complain("env", "this must be a map from names to texts", "Secrets do not belong here: the file is committed.")
		}
	}
	if v := o.Value("run"); v == nil || (v.Kind != eval.List && v.Kind != eval.String) || len(g.run) == 0 || g.run[0] == "" {
		o.Complain("run", "the grader does not say what to run", `For example: command: {run: [python3, grade.py]}.`)
		return nil
	}
	for _, word := range g.run {
		o.Peek("run", word)
	}
	return g
}

// environment is what a program is given of ours: enough to run, and no secret.
func environment(get func(string) string) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SystemRoot", "VIRTUAL_ENV", "PYTHONPATH", "NODE_PATH"} {
		if value := get(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return append(env, "SWITCHGEAR_GRADER=1")
}

// External says why checking a set never grades with a command.
func (g *command) External() string { return "runs " + g.run[0] }

// question is what a program is told.
type question struct {
	Case   questionCase   `json:"case"`
	Output questionOutput `json:"output"`
}

type questionCase struct {
	ID      string          `json:"id"`
	Expect  json.RawMessage `json:"expect,omitempty"`
	Tags    []string        `json:"tags,omitempty"`
	Request json.RawMessage `json:"request"`
}

type questionOutput struct {
	Text    string         `json:"text"`
	Calls   []questionCall `json:"tool_calls,omitempty"`
	Finish  string         `json:"finish,omitempty"`
	Refusal string         `json:"refusal,omitempty"`
}

type questionCall struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

func ask(c *eval.Case, out *eval.Output) ([]byte, error) {
	request, err := eval.RequestJSON(c.Request)
	if err != nil {
		return nil, err
	}
	q := question{
		Case:   questionCase{ID: c.ID, Expect: c.Expect, Tags: c.Tags, Request: request},
		Output: questionOutput{Text: out.Text, Finish: out.Finish.Reason, Refusal: out.Refusal},
	}
	for _, call := range out.Calls {
		q.Output.Calls = append(q.Output.Calls, questionCall{Name: call.Name, Arguments: call.Arguments})
	}
	return json.Marshal(q)
}

func (g *command) Grade(ctx context.Context, c *eval.Case, out *eval.Output) (eval.Score, error) {
	input, err := ask(c, out)
	if err != nil {
		return eval.Score{}, err
	}
	limited, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, g.run[0], g.run[1:]...) //nolint:gosec // running what the set names is the point
	cmd.Dir, cmd.Env, cmd.Stdin = g.dir, slices.Clone(g.env), bytes.NewReader(input)
	stdout, stderr := &bounded{left: maxAnswer}, &bounded{left: 4096, drop: true}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	ownGroup(cmd)
	cmd.WaitDelay = waitAfterKill
	err = cmd.Run()
	endGroup(cmd) // children that it left behind
	switch {
	case ctx.Err() != nil:
		return eval.Score{}, context.Cause(ctx)
	case limited.Err() != nil:
		return eval.Score{}, fmt.Errorf("%s ran longer than %s and was ended", g.run[0], g.timeout)
	case stdout.full:
		return eval.Score{}, fmt.Errorf("%s wrote more than 1 MiB", g.run[0])
	}
	return g.verdict(err, stdout.buf.Bytes(), stderr.buf.String())
}

// verdict makes a score of how a program ended and what it wrote.
func (g *command) verdict(err error, stdout []byte, stderr string) (eval.Score, error) {
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return eval.Score{}, fmt.Errorf("%s could not be run: %w", g.run[0], err)
	}
	said := strings.TrimSpace(string(stdout))
	if code == 0 && strings.HasPrefix(said, "{") {
		return g.read(said)
	}
	switch {
	case code == 0 && said == "":
		return eval.Pass(), nil
	case code == 1:
		why := lastLine(said)
		if why == "" {
			why = lastLine(stderr)
		}
		if strings.Contains(stderr, "Traceback") {
			return eval.Score{}, fmt.Errorf("%s crashed: %s", g.run[0], lastLine(stderr))
		}
		return eval.Fail(why), nil
	case code == 0:
		return eval.Score{}, fmt.Errorf("%s wrote something that is no JSON object: %s", g.run[0], eval.Quote(head(said)))
	default:
		return eval.Score{}, fmt.Errorf("%s ended with code %d: %s", g.run[0], code, lastLine(stderr))
	}
}

// read reads a program's answer.
func (g *command) read(said string) (eval.Score, error) {
	var answer struct {
		Score *float64 `json:"score"`
		Pass  *bool    `json:"pass"`
		Why   string   `json:"why"`
	}
	if err := json.Unmarshal([]byte(said), &answer); err != nil {
		return eval.Score{}, fmt.Errorf("the output of %s is not as it should be: %w", g.run[0], err)
	}
	s := eval.Score{Why: answer.Why}
	switch {
	case answer.Score == nil && answer.Pass == nil:
		return eval.Score{}, fmt.Errorf(`%s wrote JSON without "score" or "pass"`, g.run[0])
	case answer.Score == nil:
		if *answer.Pass {
			s.Value = 1
		}
	case !(*answer.Score >= 0 && *answer.Score <= 1):
		return eval.Score{}, fmt.Errorf("%s gave the score %v, which is not from 0 to 1", g.run[0], *answer.Score)
	default:
		s.Value = *answer.Score
	}
	s.Pass = s.Value >= g.pass
	if answer.Pass != nil {
		s.Pass = *answer.Pass
	}
	return s, nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return head(text[strings.LastIndexByte(text, '\n')+1:])
}

// bounded keeps the first bytes of what is written to it.
type bounded struct {
	buf  bytes.Buffer
	left int
	drop bool // what is too much is dropped without a word
	full bool
}

var errFull = errors.New("too much output")

func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.buf.Write(p[:n])
	b.left -= n
	if n < len(p) {
		b.full = true
		if !b.drop {
			return n, errFull
		}
	}
	return len(p), nil
}
