package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/drill"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// An outage is played in a bubble of virtual time, and only package testing
// makes one. So the command runs itself once more for each: the child owns the
// bubble and knows nothing of terminals and signals; the parent owns those, and
// the report. They speak JSON: the job on the child's standard input, lines of
// progress and then the outcome on its standard output.

// drillJob is one outage to be played.
type drillJob struct {
	File       string        `json:"file"`
	Config     string        `json:"config"`
	Script     string        `json:"script"` // one of those that come with the program, or
	ScriptFile string        `json:"script_file"`
	ScriptText string        `json:"script_text"` // one's own
	Strike     string        `json:"strike"`
	Rate       float64       `json:"rate"`
	Seed       uint64        `json:"seed"`
	Limits     drill.Limits  `json:"limits"`
	Without    []string      `json:"without"`
	Alone      bool          `json:"alone"`
	Calm       time.Duration `json:"calm"`
	After      time.Duration `json:"after"`
	Shorter    float64       `json:"shorter"` // over sockets, so many times shorter; 0 for virtual time
	Now        time.Time     `json:"now"`
}

// drillLine is what a child says.
type drillLine struct {
	Done    float64        `json:"done,omitempty"` // of the whole, 0 to 1
	Outcome *drill.Outcome `json:"outcome,omitempty"`
	Error   string         `json:"error,omitempty"`
}

func (j *drillJob) options(tell func(done, all time.Duration)) (drill.Options, error) {
	o := drill.Options{
		File: j.File, Config: j.Config, Env: os.LookupEnv, Strike: j.Strike, Rate: j.Rate, Seed: j.Seed, Limits: j.Limits,
		Alone: j.Alone, Now: j.Now, Tell: tell, Shorter: j.Shorter, Calm: j.Calm, After: j.After,
	}
	for _, m := range j.Without {
		o.Without = append(o.Without, gateway.Mechanism(m))
	}
	var err error
	switch {
	case j.ScriptText != "":
		o.Script, err = sim.ParseOutage(j.ScriptFile, []byte(j.ScriptText))
	case j.Script != "":
		o.Script, err = sim.Outage(j.Script)
	}
	return o, err
}

// bubbleCommand is the child's. It is nobody else's business.
const bubbleCommand = "drill-bubble"

func newBubble() *cobra.Command {
	return &cobra.Command{
		Use: bubbleCommand, Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var job drillJob
			if err := json.NewDecoder(c.InOrStdin()).Decode(&job); err != nil {
				return fmt.Errorf("this command is for switchgear drill to run: %w", err)
			}
			if job.Shorter > 0 {
				return playReal(c.Context(), &job, c.OutOrStdout())
			}
			return bubble(&job, c.OutOrStdout())
		},
	}
}

// progress tells the parent how far an outage has come.
func progress(say *json.Encoder) func(done, all time.Duration) {
	var last float64
	return func(done, all time.Duration) {
		if part := float64(done) / float64(all); part >= last+0.01 {
			last = part
			_ = say.Encode(drillLine{Done: part}) // a parent that is gone needs no progress
		}
	}
}

// playReal plays one outage over sockets. It needs no bubble, and is a child all
// the same: each outage has a process of its own, and ends with it at once.
func playReal(ctx context.Context, job *drillJob, out io.Writer) error {
	debug.SetGCPercent(400)
	say := json.NewEncoder(out)
	o, err := job.options(progress(say))
	if err != nil {
		return err
	}
	var line drillLine
	if line.Outcome, err = drill.RunReal(ctx, o); err != nil {
		line = drillLine{Error: err.Error()}
	}
	return say.Encode(&line)
}

// bubble plays one outage in a bubble.
func bubble(job *drillJob, out io.Writer) error {
	debug.SetGCPercent(400) // it lives for seconds
	os.Stdout = os.Stderr   // where package testing writes
	testing.Init()
	if err := flag.CommandLine.Parse(nil); err != nil {
		return err
	}
	say := json.NewEncoder(out)
	o, err := job.options(progress(say))
	if err != nil {
		return err
	}
	play := func(t *testing.T) {
		line := drillLine{Error: "the drill broke down"}
		defer func() {
			if err := say.Encode(&line); err != nil {
				t.Error(err)
			}
		}()
		synctest.Test(t, func(t *testing.T) {
			outcome, err := drill.Run(t.Context(), o)
			if line.Error = ""; err != nil {
				line.Error = err.Error()
			}
			line.Outcome = outcome
		})
	}
	match := func(_, _ string) (bool, error) { return true, nil }
	// RunTests would find nothing to run: how many processors there are is read
	// by Main only. It ends the process.
	testing.Main(match, []testing.InternalTest{{Name: "drill", F: play}}, nil, nil)
	return nil
}

// playAll plays the outages, some at once, and gives their outcomes in order.
func playAll(c *cobra.Command, jobs []drillJob, atOnce int) ([]*drill.Outcome, error) {
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	bar := newBar(c.ErrOrStderr(), len(jobs))
	defer bar.clear()
	results, failures := make([]*drill.Outcome, len(jobs)), make([]error, len(jobs))
	room := make(chan struct{}, max(atOnce, 1))
	var running sync.WaitGroup
	for i := range jobs {
		running.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			if ctx.Err() != nil {
				return
			}
			if results[i], failures[i] = playOne(ctx, &jobs[i], func(part float64) { bar.set(i, part) }); failures[i] != nil {
				cancel()
			}
		})
	}
	running.Wait()
	if err := c.Context().Err(); err != nil {
		return nil, &stoppedError{"the drill was stopped: nothing is reported"}
	}
	return results, errors.Join(failures...)
}

// playOne runs a child for one outage.
func playOne(ctx context.Context, job *drillJob, tell func(float64)) (*drill.Outcome, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	input, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	child := exec.CommandContext(ctx, self, bubbleCommand) //nolint:gosec // it is this very program
	child.Stdin = strings.NewReader(string(input))
	var said strings.Builder
	child.Stderr = &said
	pipe, err := child.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := child.Start(); err != nil {
		return nil, fmt.Errorf("cannot run the drill: %w", err)
	}
	outcome, told := listen(pipe, tell)
	err = child.Wait()
	if outcome == nil && told == nil {
		told = fmt.Errorf("the drill broke down (%w):\n%s", err, said.String())
	}
	return outcome, told
}

// listen takes what a child says.
func listen(r io.Reader, tell func(float64)) (*drill.Outcome, error) {
	lines := json.NewDecoder(bufio.NewReader(r))
	for {
		var line drillLine
		if err := lines.Decode(&line); err != nil {
			return nil, nil //nolint:nilnil,nilerr // it ended without a word: how, its exit status tells
		}
		switch {
		case line.Error != "":
			return nil, errors.New(line.Error)
		case line.Outcome != nil:
			return line.Outcome, nil
		default:
			tell(line.Done)
		}
	}
}

// bar is a line of progress, on a terminal only.
type bar struct {
	out   io.Writer
	parts []atomic.Uint32 // in thousandths
	mu    sync.Mutex
	shown string
}

func newBar(out io.Writer, n int) *bar {
	if _, _, ok := screen(out); !ok || os.Getenv("TERM") == "dumb" {
		out = nil
	}
	return &bar{out: out, parts: make([]atomic.Uint32, n)}
}

func (b *bar) set(i int, part float64) {
	b.parts[i].Store(uint32(part * 1000))
	if b.out == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := uint32(0)
	for i := range b.parts {
		sum += b.parts[i].Load()
	}
	const width = 40
	filled := int(sum) * width / (1000 * len(b.parts))
	text := fmt.Sprintf("\r[%s%s] %3d %%", strings.Repeat("=", filled), strings.Repeat(" ", width-filled), int(sum)/(10*len(b.parts)))
	if text != b.shown {
		b.shown = text
		fmt.Fprint(b.out, text)
	}
}

func (b *bar) clear() {
	if b.out != nil && b.shown != "" {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}
