package classtest

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/dialect/anthropic"
	"github.com/switchgear-dev/switchgear/internal/dialect/openai"
	"github.com/switchgear-dev/switchgear/provider"
)

const labels = "testdata/failures.txtar"

// entry is one labelled answer of a provider.
type entry struct {
	key      string // dialect, group, name
	dialect  provider.Dialect
	group    string
	sentence string
	record   string // the id of a recorded exchange, which stands for what follows
	status   int
	header   http.Header
	body     string
	want     map[string]string
}

// columns are the labels, in their order.
func columns() []string {
	return []string{"class", "code", "marks", "target", "key", "provider", "pager", "wait"}
}

func entries(t testing.TB) []*entry {
	t.Helper()
	data, err := os.ReadFile(labels)
	if err != nil {
		t.Fatal(err)
	}
	var all []*entry
	seen := map[string]bool{}
	for _, f := range txtar.Parse(data).Files {
		e, err := parse(f.Name, string(f.Data))
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if seen[f.Name] {
			t.Fatalf("%s: there are two of that name", f.Name)
		}
		seen[f.Name] = true
		all = append(all, e)
	}
	if len(all) < 350 {
		t.Fatalf("only %d answers are labelled", len(all))
	}
	return all
}

func parse(key, text string) (*entry, error) {
	words := strings.SplitN(key, " ", 3)
	if len(words) != 3 {
		return nil, fmt.Errorf("a name is a dialect, a group and a name")
	}
	e := &entry{key: key, group: words[1], header: http.Header{}, want: map[string]string{}}
	switch words[0] {
	case openai.Name:
		e.dialect = openai.New()
	case "anthropic":
		e.dialect = anthropic.New()
	default:
		return nil, fmt.Errorf("there is no dialect %q", words[0])
	}
	answer, label, ok := strings.Cut(text, "\n=> ")
	if !ok {
		return nil, fmt.Errorf("there is no line with =>")
	}
	for cell := range strings.SplitSeq(strings.TrimSpace(label), " | ") {
		name, value, _ := strings.Cut(cell, " ")
		e.want[name] = value
	}
	for _, name := range columns() {
		if e.want[name] == "" {
			return nil, fmt.Errorf("%s has no label", name)
		}
	}
	return e, e.answer(answer)
}

func (e *entry) answer(text string) error {
	head, body, _ := strings.Cut(text, "\n\n")
	e.body = body
	lines := strings.Split(head, "\n")
	if len(lines) < 2 {
		return fmt.Errorf("it needs a sentence and a status")
	}
	e.sentence = lines[0]
	if id, ok := strings.CutPrefix(lines[1], "recorded: "); ok {
		e.record = id
		return nil
	}
	status, ok := strings.CutPrefix(lines[1], "HTTP ")
	n, err := strconv.Atoi(status)
	if !ok || err != nil {
		return fmt.Errorf("%q is no status", lines[1])
	}
	e.status = n
	for _, line := range lines[2:] {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return fmt.Errorf("%q is no header", line)
		}
		e.header.Set(name, value)
	}
	return nil
}

// filled is the entry with what was recorded; ok is false if the recordings are
// not here.
func (e *entry) filled(records map[string]*corpus.Record) (*entry, bool) {
	if e.record == "" {
		return e, true
	}
	r := records[e.record]
	if r == nil {
		return nil, false
	}
	full := *e
	full.status, full.body = r.Status, string(r.ResponseBody)
	if r.Stream && r.Status < 300 {
		full.body = r.ResponseText
	}
	for name, value := range r.ResponseHeaders {
		full.header.Set(name, value)
	}
	if r.Stream && r.Status < 300 {
		full.header.Set("Content-Type", "text/event-stream")
	}
	return &full, true
}
