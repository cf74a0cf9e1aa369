package gateway

import (
	"fmt"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/capability"
)

// ahead is how many days before a model is switched off its swap should be
// under way: proving a successor takes a week, and arguing about it the rest.
const ahead = 30

// retires warns of a step whose model is about to be switched off, and names
// the command that swaps it. The file's word goes before the catalogue's.
func (c *checker) retires(r *config.Route, s *config.Step, f modelFacts, path string) {
	day, source := f.model.Retires, ", as far as the catalogue of "+capability.AsOf()+" knows"
	if s.Model != nil && s.Model.Retires != "" {
		day, source = s.Model.Retires, ""
	}
	when, due := retirement(day, c.now)
	if !due {
		return
	}
	fix := "Swap it before then: "
	if strings.HasPrefix(when, "was") {
		fix = "Swap it: "
	}
	c.warn(s.Pos, path, s.Target.String()+" "+when+source, fix+"switchgear swap plan "+r.Name+place(path, r.Name)+" --to PROVIDER/MODEL.")
}

// retirement says when a model is switched off, if that is near or past.
func retirement(day string, now time.Time) (string, bool) {
	last, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return "", false
	}
	today := now.UTC().Truncate(24 * time.Hour)
	switch left := int(last.Sub(today) / (24 * time.Hour)); {
	case left > ahead:
		return "", false
	case left > 1:
		return fmt.Sprintf("retires in %d days, on %s", left, day), true
	case left == 1:
		return "retires tomorrow, on " + day, true
	case left == 0:
		return "retires today", true
	default:
		return "was retired on " + day, true
	}
}

// place is the part of a swap's command line that names a step by its path.
func place(path, route string) string {
	rest := strings.TrimPrefix(path, "routes."+route)
	var rule, step int
	if n, _ := fmt.Sscanf(rest, ".rules[%d].chain[%d]", &rule, &step); n == 2 {
		return fmt.Sprintf(" --rule %d --step %d", rule+1, step+1)
	}
	if n, _ := fmt.Sscanf(rest, ".chain[%d]", &step); n == 1 {
		return fmt.Sprintf(" --step %d", step+1)
	}
	return ""
}
