package classtest

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

const page = "../../docs/failures.md"

// Between these lines the page is made from the labels.
const (
	madeFrom = "<!-- made from internal/classtest/testdata/failures.txtar: go test ./internal/classtest -run TestPage -write -->\n"
	madeTo   = "<!-- made until here -->\n"
)

var write = flag.Bool("write", false, "write docs/failures.md anew")

// TestPage: docs/failures.md says what the labels say.
func TestPage(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(data), madeFrom)
	made, tail, ok2 := strings.Cut(rest, madeTo)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the lines between which it is made", page)
	}
	want := classesTable() + groups(entries(t))
	if *write {
		if err := os.WriteFile(page, []byte(head+madeFrom+want+madeTo+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("the page is stale: go test ./internal/classtest -run TestPage -write\n%s", diff)
	}
}

// classesTable says what follows from each class, as its methods have it.
func classesTable() string {
	var b strings.Builder
	b.WriteString("\n## What follows from a class\n| Class | Tried again at the same step | Next step | The key | The breaker | Pages |\n|---|---|---|---|---|---|\n")
	for c := switchgear.ClassInvalid; c <= switchgear.ClassInterrupted; c++ {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", c, again(c), next(c, ""), key(c), breaker(c), pages(c))
	}
	return b.String()
}

func again(c switchgear.Class) string {
	switch {
	case c == switchgear.ClassRateLimited:
		return "with another key, or if the wait is short"
	case c.CoolsKey():
		return "with another key"
	case c.Retryable():
		return "once, after a short wait"
	default:
		return "no"
	}
}

func next(c switchgear.Class, marks string) string {
	switch {
	case strings.Contains(marks, "unsure"):
		return "as a second opinion"
	case c == switchgear.ClassContext:
		return "if its window is larger"
	case c == switchgear.ClassPolicy:
		return "if the route says so"
	case c.FallsOver():
		return "yes"
	default:
		return "no"
	}
}

func key(c switchgear.Class) string {
	if c.CoolsKey() {
		return "cools"
	}
	return "stays"
}

func breaker(c switchgear.Class) string {
	switch {
	case c == switchgear.ClassGone:
		return "gone"
	case c.BlamesTarget():
		return "counts"
	default:
		return "no"
	}
}

func pages(c switchgear.Class) string {
	if c.NeedsPerson() {
		return "yes"
	}
	return "no"
}

// groups makes a table for each family of providers. Entries that say the same
// and come to the same are one row.
func groups(all []*entry) string {
	titles := []struct{ group, title string }{
		{"3.1", "OpenAI, and every host of its protocol"},
		{"3.2", "Azure OpenAI"},
		{"3.3", "Anthropic"},
		{"3.4", "Google, behind its OpenAI face"},
		{"3.6", "Other hosts of the OpenAI protocol"},
		{"held", "More of what they say"},
		{"found", "And more, as people have met it"},
		{"cdn", "Anybody, through a CDN or a proxy"},
		{"413", "A body too large"},
		{"empty", "Answers that are none"},
	}
	var b strings.Builder
	for _, g := range titles {
		fmt.Fprintf(&b, "\n## %s\n| The provider says | Status | Class | Marks | Again | Next step | Key | Breaker | Pages |\n|---|---|---|---|---|---|---|---|---|\n", g.title)
		seen := map[string]bool{}
		for _, e := range all {
			if e.group != g.group {
				continue
			}
			if line := e.line(); !seen[line] {
				seen[line] = true
				b.WriteString(line)
			}
		}
	}
	return b.String()
}

func (e *entry) line() string {
	class := switchgear.ClassUnknown
	for c := switchgear.ClassInvalid; c <= switchgear.ClassInterrupted; c++ {
		if c.String() == e.want["class"] {
			class = c
		}
	}
	status := strconv.Itoa(e.status)
	switch {
	case e.record != "":
		status = "recorded"
	case e.status == 200:
		status = "in a 200"
	}
	name := ""
	if e.group == "cdn" || e.group == "empty" || e.group == "413" {
		name = " (" + e.dialect.Name() + ")"
	}
	marks := strings.ReplaceAll(strings.Trim(e.want["marks"], "-"), ",", ", ")
	sentence := e.sentence
	if (e.group == "cdn" || e.group == "empty") && e.want["code"] != "no_choices" && e.want["code"] != "no_content" {
		name = "" // the same at both
	}
	keyed, paged := key(class), pages(class)
	if strings.Contains(marks, "dear") {
		keyed, paged = "stays", "no"
	}
	return fmt.Sprintf("| %s%s | %s | `%s` | %s | %s | %s | %s | %s | %s |\n", sentence, name, status, class, marks,
		again(class), next(class, marks), keyed, breaker(class), paged)
}
