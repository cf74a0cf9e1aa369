package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear/conformance/strict"
)

// task is what the agent is to do: read two numbers from two files, write
// their sum to a third, and look at it. The numbers are made up for each run,
// so that the sum can come from nowhere but the results of the agent's tools.
type task struct {
	dir  string
	a, b int
}

const prompt = "Read a.txt and b.txt in this folder, add the two readings, write the total to total.txt and check what you wrote."

func newTask(dir string) (*task, error) {
	t := &task{dir: dir, a: 1000 + rand.IntN(9000), b: 1000 + rand.IntN(9000)}
	for name, reading := range map[string]int{"a.txt": t.a, "b.txt": t.b} {
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, "reading: %d — from the café’s meter\n", reading), 0o600); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// done checks the file the agent wrote and what it said at the end.
func (t *task) done(said string) error {
	written, err := os.ReadFile(filepath.Join(t.dir, "total.txt"))
	if err != nil {
		return err
	}
	want := fmt.Sprintf("total: %d", t.a+t.b)
	if got := strings.TrimSpace(string(written)); got != want {
		return fmt.Errorf("total.txt holds %q, want %q", got, want)
	}
	if !strings.Contains(said, want) {
		return fmt.Errorf("the agent said %q, without %q", said, want)
	}
	return nil
}

// call is a tool call the scripted model makes.
type call struct {
	id, name string
	input    map[string]any
}

func (c call) arguments() string {
	raw, err := json.Marshal(c.input)
	if err != nil {
		return "{}"
	}
	return string(raw)
}

// say is what the scripted model answers.
type say struct {
	text  string
	calls []call
}

var (
	reading = regexp.MustCompile(`reading: (\d+) — from the café’s meter`)
	total   = regexp.MustCompile(`total: \d+`)
)

// next is the model: what it says depends on nothing but the conversation it
// was sent, so that any upstream can go on where another stopped.
func (t *task) next(a *strict.Seen) (say, error) {
	if !a.Offers("Read", "Write", "Bash") {
		return say{text: "Noted."}, nil // a title, a check of the quota
	}
	switch len(a.Results) {
	case 0:
		return say{"I read both files.", []call{
			{"toolu_01read0a", "Read", map[string]any{"file_path": filepath.Join(t.dir, "a.txt")}},
			{"toolu_01read0b", "Read", map[string]any{"file_path": filepath.Join(t.dir, "b.txt")}},
		}}, nil
	case 2:
		sum := 0
		for _, r := range a.Results {
			m := reading.FindStringSubmatch(r.Text)
			if m == nil {
				return say{}, fmt.Errorf("the result of %s holds no reading: %q", r.ID, r.Text)
			}
			n, _ := strconv.Atoi(m[1])
			sum += n
		}
		return say{"", []call{{"toolu_01write0", "Write", map[string]any{
			"file_path": filepath.Join(t.dir, "total.txt"), "content": fmt.Sprintf("total: %d\n", sum),
		}}}}, nil
	case 3:
		return say{"Let me check.", []call{{"toolu_01check0", "Bash", map[string]any{"command": "cat total.txt", "description": "Show the total"}}}}, nil
	case 4:
		return say{text: "Done: the file says " + total.FindString(a.Results[3].Text) + "."}, nil
	}
	return say{}, fmt.Errorf("%d results of tools came", len(a.Results))
}
