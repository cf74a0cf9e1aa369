package crossing

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// TestRequestsCross takes every recorded request to the other dialect and back.
// After each of the two hops, the typed values must be what they were, but for
// what was named as lost.
func TestRequestsCross(t *testing.T) {
	for _, pair := range pairs() {
		t.Run(pair[0].name+" by "+pair[1].name, func(t *testing.T) {
			c := crossing{lost: count{}, mapped: count{}, features: count{}, refused: count{}, odd: count{}}
			pair[0].requests(t, func(r *corpus.Record, q *switchgear.Request) { c.record(t, pair, r, q) })
			c.features.log(t, "crossed, by feature", 0)
			c.lost.log(t, "named as lost", 2)
			c.mapped.log(t, "dials", 2)
			c.refused.log(t, "refused", 3)
			c.odd.log(t, "exceptions", 100)
		})
	}
}

type crossing struct{ lost, mapped, features, refused, odd count }

func (c *crossing) record(t *testing.T, pair [2]*side, r *corpus.Record, q *switchgear.Request) {
	t.Helper()
	there := c.hop(t, pair[0], pair[1], r.ID, q)
	if there == nil {
		return
	}
	for _, f := range r.Features {
		c.features.add(f, r.ID)
	}
	c.hop(t, pair[1], pair[0], r.ID, there)
}

var places = regexp.MustCompile(`\[\d+\]`)

// hop writes a request in another dialect and reads it again.
func (c *crossing) hop(t *testing.T, from, to *side, id string, q *switchgear.Request) *switchgear.Request {
	t.Helper()
	before := fmt.Sprint(requestFacts(q))
	body, dropped, err := to.encode(q, to.model, false)
	if err != nil {
		if known, ok := errors.AsType[*switchgear.Error](err); !ok || known.Class != switchgear.ClassInvalid {
			t.Errorf("record %s to %s: %v", id, to.name, err)
		}
		c.refused.add("to "+to.name+": "+err.Error(), id)
		return nil
	}
	if after := fmt.Sprint(requestFacts(q)); after != before {
		t.Errorf("record %s: writing it for %s changed the request", id, to.name)
	}
	for _, name := range dropped {
		c.lost.add("to "+to.name+": "+places.ReplaceAllString(name, "[]"), id)
	}
	got, err := to.decode(body)
	if err != nil {
		t.Errorf("record %s: what was written for %s cannot be read: %v\n%.300s", id, to.name, err, body)
		return nil
	}
	want, now := requestFacts(strip(t, q, dropped)), requestFacts(got)
	for _, name := range dropped {
		if path, note, _ := strings.Cut(name, " ("); strings.Contains(note, " as ") { // said with another value
			about := func(line string) bool { return strings.HasPrefix(line, strings.ReplaceAll(path, ".", " ")+" ") }
			want, now = slices.DeleteFunc(want, about), slices.DeleteFunc(now, about)
		}
	}
	c.compare(t, from, to, id, want, now)
	if pictured(q) && !pictured(got) {
		c.odd.add("to "+to.name+": the pictures of a tool's result became the user's", id)
	}
	c.dials(t, id, to, q, got, dropped)
	return got
}

// pictured reports whether the result of a tool holds more than text.
func pictured(q *switchgear.Request) bool {
	for i := range q.Messages {
		for j := range q.Messages[i].Parts {
			r := q.Messages[i].Parts[j].Result
			if r != nil && slices.ContainsFunc(r.Parts, func(p switchgear.Part) bool { return p.Media != nil }) {
				return true
			}
		}
	}
	return false
}

func (c *crossing) compare(t *testing.T, from, to *side, id string, want, got facts) {
	t.Helper()
	gone, come := without(want, got), without(got, want)
	come = slices.DeleteFunc(come, func(line string) bool { return due(to, want, line) })
	way := from.name + " to " + to.name
	switch {
	case len(gone) > 0 || len(come) > 0:
		t.Errorf("record %s, %s: not named as lost, and yet not there:\n  %s\n and there, from nowhere:\n  %s", id, way, show(gone), show(come))
	case !slices.Equal(order(want), order(got)):
		c.odd.add(way+": said in another order", id)
	}
}

// due reports whether a dialect demands what stands there in addition.
func due(to *side, want facts, line string) bool {
	switch {
	case strings.HasPrefix(line, "sampling max_tokens "):
		return to.name == "anthropic" && !slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(w, "sampling max_tokens ") })
	case strings.HasPrefix(line, "output name "):
		return to.name == "openai" && !slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(w, "output name ") })
	default:
		return false
	}
}

// without are the lines of a that b does not have, each as often as it is
// missing.
func without(a, b facts) []string {
	have := make(map[string]int)
	for _, line := range b {
		have[line]++
	}
	var out []string
	for _, line := range a {
		if have[line]--; have[line] < 0 {
			out = append(out, line)
		}
	}
	return out
}

// order is the conversation alone.
func order(f facts) []string {
	return slices.DeleteFunc(slices.Clone(f), func(line string) bool {
		return !strings.HasPrefix(line, "user ") && !strings.HasPrefix(line, "assistant ") && !strings.HasPrefix(line, "system ")
	})
}

func show(lines []string) string {
	short := make([]string, 0, len(lines))
	for _, line := range lines {
		short = append(short, fmt.Sprintf("%.160q", line))
	}
	return strings.Join(short, "\n  ")
}

// dials looks at effort, thinking and tier, whose words differ: each must be
// said in the other's words, or be named.
func (c *crossing) dials(t *testing.T, id string, to *side, q, got *switchgear.Request, dropped []string) {
	t.Helper()
	before, after := dial(q), dial(got)
	if before == "" && after == "" {
		return
	}
	named := ""
	for _, name := range dropped {
		for _, word := range []string{"effort", "thinking", "tier"} {
			if strings.HasPrefix(name, word) {
				named += " [" + name + "]"
			}
		}
	}
	c.mapped.add("to "+to.name+": "+before+" -> "+after+named, id)
	if before != "" && after == "" && named == "" && before != "effort none" && before != "thinking disabled 0" { // the last two ask for what holds anyway
		t.Errorf("record %s to %s: %s is gone", id, to.name, before)
	}
	if (q.Tier == "") != (got.Tier == "") && !strings.Contains(named, "[tier") {
		t.Errorf("record %s to %s: tier %q became %q", id, to.name, q.Tier, got.Tier)
	}
}

func dial(q *switchgear.Request) string {
	var words []string
	if q.Effort != "" {
		words = append(words, "effort "+q.Effort)
	}
	if th := q.Thinking; th != nil {
		words = append(words, fmt.Sprintf("thinking %s %d", th.Mode, th.Budget))
	}
	if q.Tier != "" {
		words = append(words, "tier "+q.Tier)
	}
	return strings.Join(words, ", ")
}
