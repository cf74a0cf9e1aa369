package classtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// noon is what the labels take for now.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// TestLabels holds what the dialects make of every labelled answer against its
// label, in the way the answer comes: as a refusal, as a body, as a stream.
func TestLabels(t *testing.T) {
	records := map[string]*corpus.Record{}
	if _, ok := corpus.Dir(); ok {
		for _, r := range corpus.Load(t, "*.jsonl") {
			records[r.ID] = r
		}
	}
	for _, e := range entries(t) {
		t.Run(e.key, func(t *testing.T) {
			full, ok := e.filled(records)
			if !ok {
				if len(records) > 0 {
					t.Fatal("no such record")
				}
				t.Skip("no recorded traffic: set SWITCHGEAR_SHARED")
			}
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(noon()))
				got := full.classify(t)
				if diff := cmp.Diff(row(e.want), row(describe(got))); diff != "" {
					t.Errorf("(-labelled +classified)\n%s%s", diff, full.body)
				}
				if got.Message == "" || got.Dialect != full.dialect.Name() {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

func row(of map[string]string) string {
	cells := make([]string, 0, len(of))
	for _, name := range columns() {
		cells = append(cells, name+" "+of[name])
	}
	return strings.Join(cells, " | ")
}

// classify does what the provider's endpoint does with an answer.
func (e *entry) classify(t *testing.T) *switchgear.Error {
	t.Helper()
	body := []byte(e.body)
	var err error
	switch {
	case e.status >= 300:
		return e.dialect.Error(e.status, e.header, body)
	case strings.HasPrefix(e.header.Get("Content-Type"), "text/event-stream"):
		s := e.dialect.Events(strings.NewReader(e.body + "\n\n"))
		for s.Next() {
		}
		err = errors.Join(s.Err(), s.Close())
	case jsonx.Check(body) != nil:
		return e.dialect.Error(e.status, e.header, body)
	default:
		_, err = e.dialect.Decode(body)
	}
	got, ok := errors.AsType[*switchgear.Error](err)
	if !ok {
		t.Fatalf("it is taken for an answer: %v", err)
	}
	return got
}

// describe says in the labels' words what an error is and what follows from it.
func describe(e *switchgear.Error) map[string]string {
	yes := map[bool]string{true: "yes", false: "no"}
	said := map[string]string{
		"class": e.Class.String(), "code": e.Code, "marks": marks(e.Marks), "target": "no", "key": "no",
		"provider": yes[e.Marks.Has(switchgear.MarkEdge)], "pager": yes[e.NeedsPerson()], "wait": "no",
	}
	if e.Code == "" {
		said["code"] = "-"
	}
	switch {
	case e.Class == switchgear.ClassGone:
		said["target"] = "gone"
	case e.Class.BlamesTarget():
		said["target"] = "counts"
	}
	if e.CoolsKey() {
		said["key"] = "cools"
	}
	if e.RetryAfter > 0 {
		said["wait"] = e.RetryAfter.String()
	}
	return said
}

func marks(m switchgear.Mark) string {
	var names []string
	for _, n := range []struct {
		mark switchgear.Mark
		name string
	}{{switchgear.MarkEdge, "edge"}, {switchgear.MarkUnsure, "unsure"}, {switchgear.MarkRamp, "ramp"}, {switchgear.MarkUnclassified, "unclassified"}, {switchgear.MarkDear, "dear"}} {
		if m.Has(n.mark) {
			names = append(names, n.name)
			m &^= n.mark
		}
	}
	if m != 0 {
		names = append(names, fmt.Sprint(m))
	}
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ",")
}
