package main

import (
	"fmt"
	"strings"

	"github.com/switchgear-dev/switchgear/drill"
)

// scoreRows are what came of it in the end.
func scoreRows(s *drill.Scene, width int) []row {
	w, a := &s.With, &s.Alone
	title := "What the users saw"
	if s.Stopped {
		title = "What the users saw, until it was stopped after " + drill.Moment(s.At)
	}
	first, second := 20, 24
	if width < pictureMost {
		first, second = 17, 20
	}
	line := func(name, with, alone string, t tone) row {
		return text(tonePlain, fmt.Sprintf("%-26s", name)).and(0, t, fmt.Sprintf("%*s", first, with)).and(0, tonePlain, fmt.Sprintf("%*s", second, alone))
	}
	good := toneGood
	if w.OKShare < demoFine {
		good = toneBad
	}
	served := func(c *drill.Crowd) string { return fmt.Sprintf("%s  %.2f%%", grouped(c.OK), 100*c.OKShare) }
	rows := []row{
		text(toneStrong, title),
		line("", "Switchgear", "SDK retries alone", toneStrong),
		line("users", grouped(w.Asked), grouped(a.Asked), tonePlain),
		line("got a whole answer", served(w), served(a), good),
		line("got an error", grouped(w.Failed), grouped(a.Failed), tonePlain),
		line("half an answer as if whole", grouped(w.Truncated), grouped(a.Truncated), tonePlain),
		line("still waiting at the end", grouped(w.Waiting), grouped(a.Waiting), tonePlain),
		line("wait, median / 99% within", wait(w.P50)+" / "+wait(w.P99), wait(a.P50)+" / "+wait(a.P99), tonePlain),
		line("  what the outage added", added(w), added(a), tonePlain),
		{},
	}
	return append(rows, scoreNotes(s)...)
}

// added is what the outage added to the wait.
func added(c *drill.Crowd) string {
	if c.AddedP50 == 0 && c.AddedP99 == 0 {
		return "-"
	}
	one := func(v float64) string {
		switch {
		case v > -0.0005 && v < 0.0005:
			return "0 ms"
		case v < 0:
			return "-" + wait(-v)
		default:
			return "+" + wait(v)
		}
	}
	return one(c.AddedP50) + " / " + one(c.AddedP99)
}

// scoreNotes say who carried the load, and what it took.
func scoreNotes(s *drill.Scene) []row {
	var carried []string
	for i := range s.Chain {
		carried = append(carried, s.Chain[i].Target+" "+grouped(s.Chain[i].Served))
	}
	note := func(name, said string) row {
		return text(tonePlain, fmt.Sprintf("%-22s", name)).and(22, tonePlain, said)
	}
	rows := []row{
		note("who answered", strings.Join(carried, ", ")),
		note("circuits", fmt.Sprintf("%d opened, %d closed again", s.Opened, s.Closed)),
		note("upstream calls", fmt.Sprintf("%s for %s users; %s of them served nobody", grouped(s.Calls), grouped(s.With.Asked), grouped(s.Wasted))),
	}
	if s.Cost != nil {
		rows = append(rows, note("would have cost", fmt.Sprintf("$%.2f at made-up prices, $%.4f of it for those", s.Cost.All, s.Cost.Nothing)))
	}
	return append(rows,
		row{},
		text(toneFaint, "Nothing here was real but the gateway. Next:"),
		text(tonePlain, "  switchgear drill").and(22, toneFaint, "the same with your own configuration, and eight outages"),
		text(tonePlain, "  switchgear serve").and(22, toneFaint, "the gateway itself"),
	)
}
