package stat_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/eval/stat"
)

// line prints a result as docs/statistics.md does.
func line(name string, r stat.Result) string {
	return fmt.Sprintf("%-9s %+.1f points, %.0f%% interval [%+.1f, %+.1f], p %.4f, worse %.4f, better %.4f: %s",
		name, 100*r.Diff, 100*r.Interval.Level, 100*r.Interval.Low, 100*r.Interval.High, r.P, r.PWorse, r.PBetter, r.Standing())
}

func exact(name string, wins, losses, n int, margin float64) string {
	r, err := stat.Exact(stat.Counts{Wins: wins, Losses: losses, N: n}, stat.Test{Margin: margin})
	if err != nil {
		return err.Error()
	}
	return line(name, r)
}

func ExampleExact() {
	fmt.Println(exact("58 ties", 0, 0, 58, .05))
	fmt.Println(exact("59 ties", 0, 0, 59, .05))
	fmt.Println(exact("2-5", 2, 5, 329, .05))
	fmt.Println(exact("20-16", 20, 16, 308, .05))
	fmt.Println(exact("41-5", 41, 5, 329, .05))
	fmt.Println(exact("10-20", 10, 20, 200, .10))
	fmt.Println(exact("17-37", 17, 37, 350, .05))
	fmt.Println(exact("3-8", 3, 8, 329, .02))
	// Output:
	// 58 ties   +0.0 points, 90% interval [-4.5, +4.5], p 0.0510, worse 1.0000, better 1.0000: unclear
	// 59 ties   +0.0 points, 90% interval [-4.4, +4.4], p 0.0485, worse 1.0000, better 1.0000: within
	// 2-5       -0.9 points, 90% interval [-2.6, +0.5], p 0.0007, worse 0.2266, better 0.9375: within
	// 20-16     +1.3 points, 90% interval [-2.0, +4.6], p 0.0014, worse 0.7975, better 0.3089: within
	// 41-5      +10.9 points, 90% interval [+7.9, +14.4], p 0.0000, worse 1.0000, better 0.0000: better
	// 10-20     -5.0 points, 90% interval [-9.7, -0.5], p 0.0417, worse 0.0494, better 0.9786: within_worse
	// 17-37     -5.7 points, 90% interval [-9.3, -2.3], p 0.6552, worse 0.0045, better 0.9981: worse
	// 3-8       -1.5 points, 90% interval [-3.5, +0.2], p 0.3650, worse 0.1133, better 0.9673: unclear
}

func ExampleNonInferiority_clusters() {
	diffs := []float64{.2, -.1, 0, .3, -.4, .1, 0, .2, -.2, .1}
	for _, clusters := range []string{"ABCDEFGHIJ", "AABBCCDDEE"} {
		var pairs []stat.Pair
		for i, d := range diffs {
			pairs = append(pairs, stat.Pair{Incumbent: .5, Candidate: .5 + d, Cluster: clusters[i : i+1]})
		}
		r, err := stat.NonInferiority(pairs, stat.Test{Margin: .05})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d units: %+.1f points [%+.1f, %+.1f], standard error %.2f (%.2f used), p %.2f: %s\n",
			r.Units, 100*r.Diff, 100*r.Interval.Low, 100*r.Interval.High, 100*r.SE, 100*r.SEUsed, r.P, r.Standing())
	}
	// Output:
	// 10 units: +2.0 points [-10.2, +14.2], standard error 6.63 (9.75 used), p 0.75: unclear
	// 5 units: +2.0 points [-9.5, +13.5], standard error 5.39 (13.78 used), p 0.85: unclear
}

func ExampleLossPath() {
	var pairs []stat.Pair
	for _, score := range "LWLLTLLLTLLLLLLL" { // loss, win, tie
		pairs = append(pairs, map[rune]stat.Pair{'L': {Incumbent: 1}, 'W': {Candidate: 1}, 'T': {}}[score])
	}
	path, err := stat.LossPath(pairs, stat.Stopping{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range path.Steps {
		fmt.Printf("%.2f, ", s.E)
	}
	fmt.Printf("stop at %.0f: after case %d\n", path.Threshold, path.Stop)
	// Output:
	// 1.50, 0.67, 0.94, 1.34, 1.34, 1.97, 2.97, 4.60, 4.60, 7.28, 11.76, 19.34, 32.31, 54.71, 93.75, 162.35, stop at 100: after case 16
}

func ExamplePlan_Foresee() {
	for _, n := range []int{40, 100, 250, 600} {
		f, err := stat.Plan{Test: stat.Test{Margin: .05}}.Foresee(n)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%v Chance to ship an equal candidate: %.0f%%.\n", f, 100*f.Chance)
	}
	// Output:
	// 40 cases can never show 'within 5 points' for a candidate that merely ties: it takes 59 if no case differs, about 248 for a typical equal one (10% differing). Chance to ship an equal candidate: 22%.
	// 100 cases (10% differing): only a drop of 7.9 points or more can be seen with 80% power; for 5 points you need about 248. Chance to ship an equal candidate: 41%.
	// 250 cases (10% differing): only a drop of 5 points or more can be seen with 80% power. Chance to ship an equal candidate: 77%.
	// 600 cases (10% differing): only a drop of 3.2 points or more can be seen with 80% power. Chance to ship an equal candidate: 98%.
}

func ExampleIntersection() {
	var results []stat.Result
	for _, c := range []stat.Counts{{Wins: 2, Losses: 5, N: 329}, {Wins: 20, Losses: 30, N: 329}} {
		r, err := stat.Exact(c, stat.Test{Margin: .05})
		if err != nil {
			fmt.Println(err)
			return
		}
		results = append(results, r)
	}
	j, err := stat.Intersection(results)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("passes %v, p %.3f, held up by metric %d: %s\n", j.Passes, j.P, j.Weakest+1, j.Standing)
	// Output:
	// passes false, p 0.192, held up by metric 2: unclear
}

// TestDocumentedExamples: what the page shows is what the examples print, which
// the examples in turn hold against the code.
func TestDocumentedExamples(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/statistics.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, example := range strings.Split(string(source), "// Output:\n")[1:] {
		for l := range strings.SplitSeq(example, "\n") {
			text, ok := strings.CutPrefix(l, "\t// ")
			if !ok {
				break
			}
			shown++
			if !strings.Contains(string(page), text+"\n") {
				t.Errorf("docs/statistics.md does not show: %s", text)
			}
		}
	}
	if shown < 15 {
		t.Errorf("only %d lines of examples were found", shown)
	}
}
