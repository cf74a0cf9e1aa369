package report

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/stat"
)

// hostile is what a model might answer to somebody who shows it to others.
const hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[2J\u202e`|[x](http://evil.test) @everyone\n## heading <!-- --> ${x} {{.}}"

func hostileRun() (*eval.Run, *eval.Store) {
	store := eval.NewStore()
	for _, key := range []string{"a", "b"} {
		if err := store.Put(&eval.Answer{Key: key, Text: hostile + key, Calls: []eval.AnswerCall{{Name: hostile, Arguments: hostile}}, Refusal: hostile}); err != nil {
			panic(err)
		}
	}
	track := eval.Track{Incumbent: .9, Candidate: .1, Margin: .05, N: 1, Losses: 1, Diff: -.8, Low: -.9, High: -.7, P: 1, Standing: stat.Worse}
	usd := 1.5
	return &eval.Run{
		Version: 1, ID: "7f3a0000", At: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Route: hostile, Planned: 2, Repeats: 1, Margin: .05, Alpha: .05,
		Incumbent: eval.Party{Target: "a/old" + hostile, USD: &usd}, Candidate: eval.Party{Target: "b/new" + hostile},
		Verdict: eval.Verdict{Word: eval.Mismatch, Headline: "HARNESS MISMATCH " + hostile, Reasons: []string{hostile}, Fixes: []string{hostile}},
		Metrics: []eval.Metric{{Name: hostile, Strict: track, Lenient: track}},
		Gap:     eval.Gap{Total: -.8, Harness: -.8, Rungs: []eval.Share{{Rung: "strip_fence", About: hostile, Candidate: 1, Harness: -.8}}},
		Slices:  []eval.Slice{{Tag: hostile, N: 1, Worse: true}},
		Limits:  []eval.Limit{{Name: "cost_ratio", Most: 1.5}},
		Missing: []eval.Lost{{Case: hostile, Party: "candidate", Why: hostile}},
		Path:    []eval.Step{{Cases: 1, Diff: -1, E: 1.5}, {Cases: 2, Diff: -1, E: 200}},
		Length:  &eval.Length{Ratio: 2, Moves: true},
		Cases: []eval.Outcome{
			{ID: hostile, Tags: []string{hostile}, Incumbent: eval.Judged{Keys: []string{"a"}, Strict: []float64{1}, Lenient: []float64{1}}, Candidate: eval.Judged{Keys: []string{"b"}, Strict: []float64{0}, Lenient: []float64{1}, Rungs: []string{"strip_fence"}, Gains: []float64{1}, Why: hostile}},
			{ID: "lost", Incumbent: eval.Judged{Missing: hostile}, Candidate: eval.Judged{Missing: hostile}},
		},
	}, store
}

// TestHostile: whatever models and cases wrote stays text, in each form.
func TestHostile(t *testing.T) {
	run, store := hostileRun()
	var text, md, junit, page strings.Builder
	for _, err := range []error{Text(&text, run), Markdown(&md, run), JUnit(&junit, run), HTML(&page, run, Material{Store: store})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, out := range map[string]string{"text": text.String(), "markdown": md.String(), "junit": junit.String()} {
		if strings.ContainsAny(out, "\x1b\u202e") {
			t.Errorf("%s: a control character came through", name)
		}
	}
	for _, bad := range []string{"<img", "<script", "](http", "](http://evil", "\n## heading", " @everyone", "<!--"} {
		if strings.Contains(md.String(), bad) {
			t.Errorf("markdown: %q came through:\n%s", bad, md.String())
		}
	}
	html := page.String()
	if n := strings.Count(html, "<script"); n != 2 {
		t.Errorf("page: %d scripts", n)
	}
	for _, bad := range []string{"<img", "<script>alert", "onerror=alert(2)>"} {
		if strings.Contains(html, bad) {
			t.Errorf("page: %q came through", bad)
		}
	}
}

// TestJUnit: what a CI system reads agrees with the verdict.
func TestJUnit(t *testing.T) {
	type parsed struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Cases    []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
		} `xml:"testcase"`
	}
	for _, tt := range []struct {
		verdict                   eval.Verdict
		failures, errors, skipped int
	}{
		{eval.Verdict{Word: eval.Mismatch, Headline: "no"}, 2, 0, 2}, // the verdict and the case that was lost
		{eval.Verdict{Word: eval.Ship, Ships: true, Headline: "yes"}, 0, 0, 2},
		{eval.Verdict{Word: eval.InvalidRun, Headline: "nothing"}, 1, 1, 2},
	} {
		run, _ := hostileRun()
		run.Verdict = tt.verdict
		var out strings.Builder
		if err := JUnit(&out, run); err != nil {
			t.Fatal(err)
		}
		var got parsed
		if err := xml.Unmarshal([]byte(out.String()), &got); err != nil {
			t.Fatal(err)
		}
		if got.Tests != 4 || len(got.Cases) != 4 || got.Failures != tt.failures || got.Errors != tt.errors || got.Skipped != tt.skipped || got.Cases[0].Name != "verdict" {
			t.Errorf("%s:\n%s", tt.verdict.Word, out.String())
		}
		if strings.Contains(out.String(), "alert(1)</script><img src=x onerror=alert(2)>a") {
			t.Error("an answer is in it")
		}
	}
}

// TestPage: the page asks nobody for anything, its policy names its own script
// and no other, and its data is what the run holds.
func TestPage(t *testing.T) {
	run, store := hostileRun()
	var page strings.Builder
	if err := HTML(&page, run, Material{Store: store}); err != nil {
		t.Fatal(err)
	}
	html := page.String()
	if m := regexp.MustCompile(`(?i)(src|href)\s*=\s*["']?\s*(https?:|//)|@import|url\(`).FindString(html); m != "" {
		t.Errorf("the page reaches out: %q", m)
	}
	data := regexp.MustCompile(`(?s)<script type="application/json" id="cases">(.*?)</script>`).FindStringSubmatch(html)
	if data == nil {
		t.Fatal("no data")
	}
	var cases []pageCase
	if err := json.Unmarshal([]byte(data[1]), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 2 || cases[0].ID != hostile || cases[0].Kind != "lost" || !cases[0].Recovered || cases[1].Kind != "missing" ||
		cases[0].Candidate.Answer == nil || !strings.HasPrefix(*cases[0].Candidate.Answer, hostile) {
		t.Errorf("%+v", cases)
	}
	script := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindStringSubmatch(html)
	if script == nil || script[1] != pageJS {
		t.Error("the script on the page is not the one its policy was made for")
	}
	for _, part := range []string{"<svg", "<polyline", "margin -5.0", "stop: the odds", "What would change the verdict"} {
		if !strings.Contains(html, part) {
			t.Errorf("the page has no %q", part)
		}
	}
}

// TestScript lets the page's own script parse, and its diff find what differs,
// where there is a Node to ask.
func TestScript(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node to run the page's script with")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "page.js")
	// A document of the least that the script touches.
	harness := `
let scrolled = 0; // the page itself must stay where it is when it is opened: at the verdict
const made = () => { const e = { children: [], dataset: {}, attrs: {}, textContent: "", append(...x) { this.children.push(...x); }, replaceChildren(...x) { this.children = x; },
  setAttribute(k, v) { this.attrs[k] = v; }, removeAttribute(k) { delete this.attrs[k]; }, addEventListener() {}, scrollIntoView() { scrolled++; } }; return e; };
const ids = { cases: { textContent: process.argv[2] }, list: made(), view: made(), search: Object.assign(made(), { value: "" }), shown: made() };
globalThis.document = { getElementById: (id) => ids[id], createElement: (tag) => Object.assign(made(), { tag }), createTextNode: (text) => ({ textContent: text }),
  querySelectorAll: () => [], addEventListener() {} };
`
	report := `
const all = (e) => [e, ...(e.children || []).flatMap(all)];
console.log(JSON.stringify({ scrolled, rows: ids.list.children.length, shown: ids.shown.textContent, del: all(ids.view).filter((e) => e.tag === "del").map((e) => e.textContent), ins: all(ids.view).filter((e) => e.tag === "ins").map((e) => e.textContent) }));
`
	if err := os.WriteFile(file, []byte(harness+pageJS+report), 0o600); err != nil {
		t.Fatal(err)
	}
	one, two := "the answer is 4", "the answer was 5"
	data, err := json.Marshal([]pageCase{{ID: "c", Kind: "lost", Incumbent: pageSide{Answer: &one}, Candidate: pageSide{Answer: &two}}, {ID: "d", Kind: "same"}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), node, file, string(data)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got, want := strings.TrimSpace(string(out)), `{"scrolled":0,"rows":1,"shown":"1 of 2","del":["is","4"],"ins":["was","5"]}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
