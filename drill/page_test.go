package drill_test

import (
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/drill"
)

// TestPageEscapes: names come from files, and none of them is markup on the page.
func TestPageEscapes(t *testing.T) {
	evil := func(n string) string { return n + `"'><script>alert(1)</script></style><img src=x onerror=alert(2)>` }
	phase := func() *drill.Phase { return &drill.Phase{Requests: 100, OK: 99, Failed: 1, OKShare: 0.99} }
	out := &drill.Outcome{
		Script: evil("script"), Title: evil("title"), Modelled: evil("after"), Strikes: evil("struck"), Step: 5, Lasts: 10,
		Calm: phase(), Bad: phase(), After: phase(), Alone: phase(),
		Figures: []drill.Figure{{Name: evil("figure"), Note: evil("note"), Unit: "%"}},
		Routes:  []drill.RouteOutcome{{Name: evil("route"), NoWayOut: true, Failed: 1}},
		Pages:   []drill.Page{{Action: evil("action"), Summary: evil("summary")}},
		Moves:   []drill.Move{{Target: evil("target"), State: evil("state"), Reason: evil("reason")}},
		Slices:  []drill.Slice{{Served: map[string]int{evil("server"): 5}, Failed: 1, Harm: 1, Slow: 1}},
	}
	var b strings.Builder
	if err := drill.WritePage(&b, []*drill.Outcome{out, out}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "http://", "https://"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	if n := strings.Count(b.String(), "</style>"); n != 1 {
		t.Errorf("the page has %d ends of its style", n)
	}
	for _, word := range []string{"script", "title", "after", "struck", "figure", "note", "route", "action", "summary", "target", "reason", "server"} {
		if !strings.Contains(b.String(), word+"&#34;&#39;&gt;&lt;script&gt;") {
			t.Errorf("%s is not on the page, escaped", word)
		}
	}
}
