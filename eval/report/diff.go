package report

import (
	"io"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
)

// Diff writes what changed between two runs, for a terminal.
func Diff(w io.Writer, d *eval.Difference) error {
	p := &printer{w: w}
	for _, run := range []*eval.Run{d.A, d.B} {
		p.linef("%s  %s  %s -> %s", run.ID, run.At.Format("2006-01-02 15:04"), clean(run.Incumbent.Name()), clean(run.Candidate.Name()))
		p.linef("          %s", clean(run.Verdict.Headline))
	}
	if len(d.Changed) > 0 {
		p.linef("changed   %s", strings.Join(d.Changed, ", "))
	}
	for _, list := range []struct {
		name string
		ids  []string
	}{{"gained", d.Gained}, {"lost", d.Lost}, {"only in " + d.From, d.Only}, {"only in " + d.To, d.New}} {
		if len(list.ids) > 0 {
			p.linef("%-9s %d: %s", list.name, len(list.ids), clean(some(list.ids, 12)))
		}
	}
	p.linef("same      %d", d.Same)
	return p.err
}

func some(ids []string, most int) string {
	if len(ids) > most {
		return strings.Join(ids[:most], ", ") + ", ..."
	}
	return strings.Join(ids, ", ")
}
