package report

import (
	"io"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
)

// Markdown writes a run for a pull request. It is made of scores and ids; no
// prompt and no answer is in it.
func Markdown(w io.Writer, run *eval.Run) error {
	p := &printer{w: w}
	mark := "❌"
	if run.Verdict.Ships {
		mark = "✅"
	}
	p.linef("### %s `%s`: %s → %s", mark, code(run.Route), inline(run.Incumbent.Name()), inline(run.Candidate.Name()))
	p.linef("\n**%s**", inline(run.Verdict.Headline))
	for i := range run.Metrics {
		m := &run.Metrics[i]
		p.linef("\n| %s, %d cases | incumbent | candidate | difference | wins, losses | p |", inline(m.Name), m.Strict.N)
		p.linef("|---|---:|---:|---|---|---:|")
		for _, row := range []struct {
			name string
			t    *eval.Track
		}{{"strict: as your application reads it", &m.Strict}, {"lenient: format ironed out", &m.Lenient}} {
			p.linef("| %s | %s | %s | %s [%s, %s] | %d, %d | %.4f |", row.name, percent(row.t.Incumbent), percent(row.t.Candidate),
				points(row.t.Diff), points(row.t.Low), points(row.t.High), row.t.Wins, row.t.Losses, row.t.P)
		}
	}
	p.rungs(run)
	why := "Why"
	if run.Verdict.Ships {
		why = "Also"
	}
	for _, list := range []struct {
		title string
		items []string
	}{{why, run.Verdict.Reasons}, {"What to change", run.Verdict.Fixes}} {
		if len(list.items) > 0 {
			p.linef("\n**%s**\n", list.title)
			for _, item := range list.items {
				p.linef("- %s", inline(item))
			}
		}
	}
	p.footer(run)
	return p.err
}

func (p *printer) rungs(run *eval.Run) {
	if len(run.Gap.Rungs) == 0 {
		return
	}
	p.linef("\n<details><summary>Gap %s = harness %s + real %s</summary>\n", points(run.Gap.Total), points(run.Gap.Harness), points(run.Gap.Real))
	p.linef("| rung | part of the gap | incumbent | candidate | what it undoes |\n|---|---:|---:|---:|---|")
	for _, s := range run.Gap.Rungs {
		p.linef("| `%s` | %s | %d | %d | %s |", code(s.Rung), points(s.Harness), s.Incumbent, s.Candidate, inline(s.About))
	}
	p.linef("\n</details>")
}

func (p *printer) footer(run *eval.Run) {
	if len(run.Missing) > 0 {
		p.linef("\nWithout a score: %d. The first is %s (%s): %s", len(run.Missing), inline(run.Missing[0].Case), run.Missing[0].Party, inline(run.Missing[0].Why))
	}
	if ids := Examples(run, 5); ids != "" && !run.Verdict.Ships {
		p.linef("\nFor example: %s", inline(ids))
	}
	p.linef("\n<sub>run `%s`, %s, margin %s points, alpha %.2g%%, %s</sub>", code(run.ID), run.At.Format("2006-01-02 15:04"), number(run.Margin), 100*run.Alpha, bill(run))
}

// inline makes a text harmless inside Markdown: what a case or a provider
// wrote must not become a link, an image, a mention or HTML.
func inline(s string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		switch r {
		case '\\', '`', '*', '_', '{', '}', '[', ']', '(', ')', '#', '!', '|', '~':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteString("&amp;")
		case '@':
			b.WriteString("@\u200b") // no mention
		default:
			b.WriteRune(r)
		}
	}
	return strings.ReplaceAll(b.String(), "://", ":\u200b//") // no link of its own
}

// code makes a name fit to stand between backquotes.
func code(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || (r >= '0' && r <= '9') || (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z') {
			return r
		}
		return '?'
	}, s)
}
