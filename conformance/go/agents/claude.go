package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// outcome is what Claude Code prints at the end of a run.
type outcome struct {
	Result  string `json:"result"`
	IsError bool   `json:"is_error"`
	Turns   int    `json:"num_turns"`
	Usage   struct {
		Input     int `json:"input_tokens"`
		CacheRead int `json:"cache_read_input_tokens"`
		Output    int `json:"output_tokens"`
	} `json:"usage"`
}

// claude lets Claude Code do the task, with nothing in its environment that is
// not listed here.
func (d *driver) claude(ctx context.Context, t *task, gateway, route, fence string) (*outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, caseTime)
	defer cancel()
	home, err := os.MkdirTemp("", "agents-home")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(home) }()
	cmd := exec.CommandContext(ctx, d.agent, "-p", prompt, "--model", route, "--output-format", "json", "--allowedTools", "Read,Write,Bash(cat total.txt)") //nolint:gosec // the agent under test
	cmd.Dir = t.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home,
		"ANTHROPIC_BASE_URL=" + gateway, "ANTHROPIC_AUTH_TOKEN=sg-any-key", "ANTHROPIC_DEFAULT_HAIKU_MODEL=" + route,
		"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_TELEMETRY=1", "DISABLE_ERROR_REPORTING=1", "DISABLE_AUTOUPDATER=1",
		"HTTP_PROXY=" + fence, "HTTPS_PROXY=" + fence, "NO_PROXY=127.0.0.1",
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	runErr := cmd.Run()
	var o outcome
	if err := json.Unmarshal(out.Bytes(), &o); err != nil {
		return nil, fmt.Errorf("claude ended with %w and said %q, %q", errors.Join(runErr, ctx.Err()), out.String(), talk.String())
	}
	if runErr != nil || o.IsError {
		return &o, fmt.Errorf("claude failed (%w): %s", errors.Join(runErr, ctx.Err()), o.Result)
	}
	return &o, nil
}
