package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/grade"
	"github.com/switchgear-dev/switchgear/gateway"
)

// BindSets reads the eval sets that claims are about, and adds what they say to
// what evidence must be bound to. It runs no grader's command. The findings are
// errors in the sets, and sets that are of another route.
func (l *Loaded) BindSets(wanted []gateway.Claim) []config.Finding {
	loader := eval.Loader{Graders: grade.Builtin(nil)}
	sets := map[string]*eval.Set{}
	var out []config.Finding
	for i := range wanted {
		c := &wanted[i]
		r, ok := l.Config.Route(c.Route)
		if !ok {
			continue
		}
		set, read := sets[r.Eval]
		if !read {
			var findings []config.Finding
			set, findings = l.readSet(&loader, r)
			sets[r.Eval] = set
			out = append(out, findings...)
		}
		switch {
		case set == nil:
		case set.Route != r.Name:
			if c.First {
				out = append(out, config.Finding{
					Pos: r.EvalPos, Path: "routes." + r.Name + ".eval", Message: fmt.Sprintf("%s judges route %s, and not %s", r.Eval, set.Route, r.Name),
					Fix: "Give each route a set of its own, or mend route: in the set.",
				})
			}
		default:
			set.Bind(&c.Bound)
			c.Margin = set.MarginAt(r.Stakes)
		}
	}
	return out
}

// readSet reads the eval set of a route; nil, with errors, if it is of no use.
func (l *Loaded) readSet(loader *eval.Loader, r *config.Route) (*eval.Set, []config.Finding) {
	file := filepath.Join(filepath.Dir(l.From), filepath.FromSlash(r.Eval))
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil, []config.Finding{{
			Pos: r.EvalPos, Path: "routes." + r.Name + ".eval", Message: "there is no file " + file,
			Fix: "Correct the path, or leave the eval sets alone with --config-only where they are not at hand.",
		}}
	}
	set, findings := loader.Load(file)
	return set, slices.DeleteFunc(findings, func(f config.Finding) bool { return f.Severity != config.Error })
}
