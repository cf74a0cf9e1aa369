package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"

	"github.com/switchgear-dev/switchgear/eval"
)

// Text writes a run for a terminal.
func Text(w io.Writer, run *eval.Run) error {
	p := &printer{w: w}
	p.heading(run)
	if len(run.Metrics) > 0 {
		p.scores(run)
	}
	p.linef("VERDICT  %s", clean(run.Verdict.Headline))
	if run.Gap.Harness != 0 {
		p.gap(&run.Gap)
	}
	label := "why "
	if run.Verdict.Ships {
		label = "note"
	}
	for _, why := range run.Verdict.Reasons {
		p.linef("  %s   %s", label, clean(why))
	}
	for i, fix := range run.Verdict.Fixes {
		p.linef("  fix    %c) %s", 'a'+rune(i), clean(fix))
	}
	if examples := Examples(run, 4); examples != "" && !run.Verdict.Ships {
		p.linef("  e.g.   %s", clean(examples))
	}
	for i, m := range run.Missing {
		if i == 3 {
			p.linef("  lost   and %d more", len(run.Missing)-i)
			break
		}
		p.linef("  lost   case %s, %s: %s", clean(m.Case), m.Party, clean(m.Why))
	}
	for _, s := range run.Slices {
		flag := ""
		if s.Worse {
			flag = "  worse"
		}
		p.linef("  slice  %-20s n %-5d %s -> %s  %dW %dL%s", clean(s.Tag), s.N, percent(s.Incumbent), percent(s.Candidate), s.Wins, s.Losses, flag)
	}
	p.linef("run      %s, %s, %s", run.ID, run.At.Format("2006-01-02 15:04"), bill(run))
	return p.err
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) linef(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) heading(run *eval.Run) {
	p.linef("gate %s   incumbent %s  ->  candidate %s", clean(run.Route), clean(run.Incumbent.Name()), clean(run.Candidate.Name()))
	p.linef("     %d cases x%d, margin %s, alpha %.2g%%", len(run.Cases), run.Repeats, number(run.Margin), 100*run.Alpha)
	p.linef("plan %s", run.Foresight.Says)
}

func (p *printer) scores(run *eval.Run) {
	for i := range run.Metrics {
		m := &run.Metrics[i]
		if len(run.Metrics) > 1 {
			p.linef("%s", clean(m.Name))
		}
		p.linef("        %-36s %s", "strict (as your app sees it)", "lenient (format ironed out)")
		p.linef("  inc   %-36s %s", percent(m.Strict.Incumbent), percent(m.Lenient.Incumbent))
		p.linef("  cand  %-36s %s", percent(m.Strict.Candidate), percent(m.Lenient.Candidate))
		p.linef("  diff  %-36s %s", trackText(&m.Strict), trackText(&m.Lenient))
	}
}

func trackText(t *eval.Track) string {
	return fmt.Sprintf("%s [%s, %s]  %dW %dL", points(t.Diff), points(t.Low), points(t.High), t.Wins, t.Losses)
}

func (p *printer) gap(g *eval.Gap) {
	p.linef("  gap    %s = harness %s + real %s", points(g.Total), points(g.Harness), points(g.Real))
	for i, s := range g.Rungs {
		if i == 6 {
			p.linef("         and %d more rungs", len(g.Rungs)-i)
			break
		}
		p.linef("         %-18s %s  incumbent %d, candidate %d cases: %s", clean(s.Rung), points(s.Harness), s.Incumbent, s.Candidate, clean(s.About))
	}
}

// Examples are the ids of cases that the candidate lost by its form, else of
// cases that it lost.
func Examples(run *eval.Run, most int) string {
	var form, lost []string
	for i := range run.Cases {
		o := &run.Cases[i]
		if o.Incumbent.Missing != "" || o.Candidate.Missing != "" || o.Candidate.Strict[0] >= o.Incumbent.Strict[0] {
			continue
		}
		if len(o.Candidate.Rungs) > 0 {
			form = append(form, o.ID)
		} else {
			lost = append(lost, o.ID)
		}
	}
	if run.Verdict.Word != eval.Mismatch || len(form) == 0 {
		form = append(lost, form...)
	}
	text := strings.Join(form[:min(most, len(form))], ", ")
	if len(form) > most {
		text += ", ..."
	}
	return text
}

// bill is what was asked and what it cost.
func bill(run *eval.Run) string {
	text := fmt.Sprintf("%d answers paid for", run.Incumbent.Asked+run.Candidate.Asked)
	if i, c := run.Incumbent.USD, run.Candidate.USD; i != nil && c != nil {
		text += fmt.Sprintf("; its answers cost $%.4f and $%.4f", *i, *c)
	}
	return text + fmt.Sprintf("; p95 %s -> %s", millis(run.Incumbent.P95MS), millis(run.Candidate.P95MS))
}

func millis(ms float64) string {
	if ms >= 1000 {
		return fmt.Sprintf("%.1f s", ms/1000)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// points is a signed difference.
func points(x float64) string {
	if math.Abs(x) < 0.0005 {
		return "0.0"
	}
	return fmt.Sprintf("%+.1f", 100*x)
}

func percent(x float64) string { return fmt.Sprintf("%.1f%%", 100*x) }
func number(x float64) string  { return fmt.Sprintf("%.1f", 100*x) }

func pvalue(p float64) string {
	if p < 0.0001 {
		return "<0.0001"
	}
	return fmt.Sprintf("%.4f", p)
}

// clean makes what a provider or a case wrote harmless to a terminal, and keeps
// it on its line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0x2028 || r == 0x2029:
			return '?'
		default:
			return r
		}
	}, s)
}
