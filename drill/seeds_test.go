package drill_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/drill"
)

// TestSeeds plays the outages for as many seeds as SWITCHGEAR_DRILL_SEEDS says:
// other users, and other luck of the providers. It is no part of make test; it
// tells whether a figure is kept or was lucky.
func TestSeeds(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("SWITCHGEAR_DRILL_SEEDS"))
	if n == 0 {
		t.Skip("SWITCHGEAR_DRILL_SEEDS is not set")
	}
	scripts := []string{"A", "B", "C", "D", "E", "F", "G", "H"}
	if s := os.Getenv("SWITCHGEAR_DRILL_SCRIPTS"); s != "" {
		scripts = strings.Split(s, "")
	}
	for _, name := range scripts {
		for seed := range n {
			t.Run(name+"/"+strconv.Itoa(seed+1), func(t *testing.T) {
				t.Parallel()
				out := run(t, drill.Options{Config: twoProviders, Script: script(t, name), Seed: uint64(seed + 1)})
				for _, f := range out.Missed() {
					t.Error(f.Sentence())
				}
				var b strings.Builder
				for _, f := range out.Figures {
					b.WriteString(" " + f.Name + "=" + f.String())
				}
				t.Log(b.String())
				if t.Failed() || os.Getenv("SWITCHGEAR_DRILL_STORY") != "" {
					t.Log(story(out))
				}
			})
		}
	}
}
