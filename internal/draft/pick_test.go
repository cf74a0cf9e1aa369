package draft

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear/internal/record"
)

func entry(body string, change func(e *record.Entry)) record.Entry {
	e := record.Entry{
		Time: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Route: "r", Target: "p/m", Dialect: "openai", Body: json.RawMessage(body),
		Answer: record.Answer{Text: "fine", Finish: "stop"},
	}
	if change != nil {
		change(&e)
	}
	return e
}

func asking(texts ...string) string {
	var messages []string
	for i, text := range texts {
		messages = append(messages, fmt.Sprintf(`{"role":%q,"content":%q}`, []string{"user", "assistant"}[i%2], text))
	}
	return `{"messages":[` + strings.Join(messages, ",") + `]}`
}

func TestPassedOver(t *testing.T) {
	all := []record.Entry{
		entry(asking("one"), nil),
		entry(asking("two"), func(e *record.Entry) { e.Route = "other" }),
		entry(asking("three"), func(e *record.Entry) { e.Target = "p/fallback" }),
		entry(asking("four"), func(e *record.Entry) { e.Redacted = map[string]int{"media": 1} }),
		entry(asking("five"), func(e *record.Entry) { e.Answer.Finish = "length" }),
		entry(asking("six"), func(e *record.Entry) { e.Answer.Refusal = "no" }),
		entry(asking("seven"), func(e *record.Entry) { e.Answer.Text = " \n" }),
		entry(asking("one"), nil),
		entry(asking("eight", "yes?", "and?"), nil),
		entry(asking("eight"), nil),
	}
	picked, passed := Pick(all, Choice{Route: "r", Target: "p/m", N: 10})
	if diff := cmp.Diff(Passed{Route: 1, Model: 1, Media: 1, Cut: 1, Refused: 1, Nothing: 1, Again: 1, Earlier: 1}, passed); diff != "" {
		t.Error(diff)
	}
	var bodies []string
	for i := range picked {
		bodies = append(bodies, string(picked[i].Body))
	}
	slices.Sort(bodies)
	if diff := cmp.Diff([]string{asking("eight", "yes?", "and?"), asking("one")}, bodies); diff != "" {
		t.Error(diff)
	}
}

// TestTheMostGivenAnswer is expected of what was asked several times.
func TestTheMostGivenAnswer(t *testing.T) {
	var all []record.Entry
	for i, text := range []string{"no", "yes", "yes", "no", "yes"} {
		all = append(all, entry(asking("really?"), func(e *record.Entry) { e.Answer.Text = text; e.Time = e.Time.Add(time.Duration(i) * time.Hour) }))
	}
	picked, passed := Pick(all, Choice{Route: "r", N: 10})
	if len(picked) != 1 || picked[0].Answer.Text != "yes" || picked[0].Times != 5 || picked[0].Other != 2 || passed.Again != 4 {
		t.Errorf("%+v %+v", picked, passed)
	}
}

// TestSpread holds that the same records and seed give the same cases, whatever
// order they are read in; that as many are picked as can be, none twice; and
// that no label is forgotten where there is room for it.
func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(1, 60), 1, 6).Draw(t, "sizes")
		var all []record.Entry
		for label, size := range sizes {
			for i := range size {
				all = append(all, entry(asking(fmt.Sprintf("%d of %d %s", i, label, strings.Repeat("x", i))), func(e *record.Entry) {
					e.Labels = map[string]string{"task": fmt.Sprint(label)}
					e.Time = e.Time.Add(time.Duration(i) * time.Hour)
				}))
			}
		}
		n := rapid.IntRange(1, 80).Draw(t, "n")
		choice := Choice{Route: "r", Target: "p/m", N: n, Seed: rapid.Uint64().Draw(t, "seed")}
		picked, passed := Pick(all, choice)
		if len(picked) != min(n, len(all)) || passed.Remaining != len(all)-len(picked) {
			t.Fatalf("%d of %d were picked, %d wanted; %d remain", len(picked), len(all), n, passed.Remaining)
		}
		again, _ := Pick(rapid.Permutation(all).Draw(t, "order"), choice)
		if diff := cmp.Diff(picked, again); diff != "" {
			t.Fatal(diff)
		}
		ids, labels := map[string]bool{}, map[string]bool{}
		for i := range picked {
			ids[picked[i].ID], labels[picked[i].Labels["task"]] = true, true
		}
		if len(ids) != len(picked) || (n >= 3*len(sizes) && len(labels) != len(sizes)) {
			t.Fatalf("%d different ones of %d, labels %v", len(ids), len(picked), labels)
		}
	})
}

// TestSpreadOverTime does not take all cases from one day.
func TestSpreadOverTime(t *testing.T) {
	var all []record.Entry
	for i := range 1000 {
		all = append(all, entry(asking(fmt.Sprintf("%04d", i)), func(e *record.Entry) { e.Time = e.Time.Add(time.Duration(i) * time.Hour) }))
	}
	picked, _ := Pick(all, Choice{Route: "r", N: 100})
	byDay := map[string]int{}
	for i := range picked {
		byDay[picked[i].Time.Format(time.DateOnly)]++
	}
	if len(byDay) < 40 {
		t.Errorf("100 cases of 42 days are of %d days", len(byDay))
	}
}
