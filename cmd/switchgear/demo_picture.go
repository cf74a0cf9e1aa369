package main

import (
	"fmt"
	"strings"

	"github.com/switchgear-dev/switchgear/drill"
)

// The measures of the picture, in columns.
const (
	pictureLeast = 40
	pictureMost  = 80
	labelWidth   = 12
	newsLines    = 4
)

// picture draws a scene for a width: at most newsLines of news, or fewer lines
// where there is room for fewer.
func picture(s *drill.Scene, width, lines int) []row {
	width = min(max(width, pictureLeast), pictureMost)
	rows := pictureHead(s, width)
	rows = append(rows, pictureChain(s, width)...)
	rows = append(rows, pictureCharts(s, width)...)
	rows = append(rows, pictureScore(s, width)...)
	rows = append(rows, row{})
	room := min(newsLines, lines-len(rows)-1)
	for i := range max(room, 0) {
		r := row{}
		if k := len(s.News) - room + i; len(s.News) < room && i < len(s.News) {
			r = newsRow(&s.News[i])
		} else if len(s.News) >= room {
			r = newsRow(&s.News[k])
		}
		rows = append(rows, r)
	}
	for i := range rows {
		rows[i] = rows[i].cut(width)
	}
	return rows
}

func newsRow(n *drill.News) row {
	t := tonePlain
	switch {
	case n.Bad:
		t = toneBad
	case n.Good:
		t = toneGood
	}
	return text(toneFaint, n.Moment()+"  ").and(0, t, n.Text)
}

func pictureHead(s *drill.Scene, width int) []row {
	clock := drill.Moment(s.At) + " / " + drill.Moment(s.All)
	rows := []row{
		text(toneStrong, "switchgear demo").and(0, toneFaint, "   all of it simulated, but for the gateway").right(width, toneStrong, clock),
		{},
	}
	if width < 70 {
		rows[0] = text(toneStrong, "switchgear demo").and(0, toneFaint, " simulated").right(width, toneStrong, clock)
	}
	return rows
}

// pictureChain says how each provider is, and its circuit.
func pictureChain(s *drill.Scene, width int) []row {
	var rows []row
	for i := range s.Chain {
		link := &s.Chain[i]
		role := "fallback"
		if i == 0 {
			role = "first choice"
		}
		r := text(chainTone(i), fmt.Sprintf("%-*s", labelWidth-1, link.Provider))
		if width >= 70 {
			r = r.and(labelWidth, toneFaint, role)
		}
		how, t := "well", toneGood
		if link.Provider == s.Struck && s.Phase != "" {
			how, t = s.Phase, toneBad
		}
		if width >= 70 {
			r = r.and(labelWidth+15, t, how).and(57, toneFaint, "circuit ")
		} else {
			r = r.and(labelWidth, t, how).and(width-9, tonePlain, "")
		}
		rows = append(rows, r.and(0, stateTone(link.State), stateWord(link)))
	}
	return append(rows, row{})
}

func chainTone(i int) tone {
	if i == 0 {
		return toneFirst
	}
	return toneSecond
}

func stateTone(state string) tone {
	switch state {
	case "open":
		return toneBad
	case "closed":
		return toneGood
	default:
		return toneWarn
	}
}

func stateWord(l *drill.Link) string {
	switch l.State {
	case "open":
		return "OPEN"
	case "half-open":
		return "on trial"
	case "ramp":
		return fmt.Sprintf("ramp %.0f%%", 100*l.Share)
	default:
		return l.State
	}
}

// pictureCharts are the two crowds over time: a column is a second of a minute.
func pictureCharts(s *drill.Scene, width int) []row {
	per := 1
	for drill.Columns/per > width-labelWidth {
		per++
	}
	cells := merge(s.Columns, per)
	most := 1
	for i := range cells {
		most = max(most, cells[i].OK()+cells[i].Failed, cells[i].AloneOK+cells[i].Lost)
	}
	chart := func(label string, t tone, value func(*cell) int) row {
		r := text(toneFaint, fmt.Sprintf("  %-*s", labelWidth-2, label))
		r.grows = labelWidth
		var b strings.Builder
		for i := range cells {
			b.WriteRune(bar8(value(&cells[i]), most))
		}
		return r.and(labelWidth, t, b.String())
	}
	rows := []row{text(toneStrong, "your users, through Switchgear")}
	if width >= pictureMost {
		rows[0] = rows[0].and(width-45, toneFaint, "circuit: · closed  ").and(0, toneWarn, "▒").and(0, toneFaint, " in doubt  ").
			and(0, toneBad, "█").and(0, toneFaint, " open  ").and(0, toneWarn, "░").and(0, toneFaint, " ramp")
	}
	for i := range s.Chain {
		target := s.Chain[i].Target
		rows = append(rows, chart("by "+s.Chain[i].Provider, chainTone(i), func(c *cell) int { return c.Served[target] }))
	}
	rows = append(rows, chart("failed", toneBad, func(c *cell) int { return c.Failed }), circuitRow(cells), row{},
		text(toneStrong, "the same users, with the SDK's own retries and no gateway"),
		chart("served", toneFirst, func(c *cell) int { return c.AloneOK }),
		chart("failed", toneBad, func(c *cell) int { return c.Lost }), row{})
	return rows
}

// cell is a column of a chart: one of the run's or several.
type cell struct{ drill.Column }

// OK is how many were served.
func (c *cell) OK() int {
	n := 0
	for _, k := range c.Served {
		n += k
	}
	return n
}

// merge makes one column of several.
func merge(columns []drill.Column, per int) []cell {
	var out []cell
	for i := range columns {
		c := &columns[i]
		if i%per == 0 {
			out = append(out, cell{drill.Column{From: c.From, Served: map[string]int{}}})
		}
		last := &out[len(out)-1]
		for name, n := range c.Served {
			last.Served[name] += n
		}
		last.Failed += c.Failed
		last.Waiting += c.Waiting
		last.AloneOK += c.AloneOK
		last.Lost += c.Lost
		if last.State == "" || c.State != "closed" {
			last.State = c.State
		}
	}
	return out
}

// bar8 is a bar of up to eight eighths. Something is never nothing.
func bar8(n, most int) rune {
	if n <= 0 {
		return ' '
	}
	return []rune("▁▂▃▄▅▆▇█")[min(max((n*8+most/2)/most-1, 0), 7)]
}

// circuitRow is the first target's circuit over time.
func circuitRow(cells []cell) row {
	r := text(toneFaint, fmt.Sprintf("  %-*s", labelWidth-2, "circuit"))
	r.grows = labelWidth
	for i := range cells {
		mark, t := "·", toneFaint
		switch cells[i].State {
		case "open":
			mark, t = "█", toneBad
		case "half-open", "suspect":
			mark, t = "▒", toneWarn
		case "ramp":
			mark, t = "░", toneWarn
		}
		if k := len(r.spans) - 1; k > 0 && r.spans[k].tone == t {
			r.spans[k].text += mark
			continue
		}
		r.spans = append(r.spans, span{mark, t})
	}
	return r
}

// pictureScore is the score so far.
func pictureScore(s *drill.Scene, width int) []row {
	layout := [...]string{"%-14s", "%6s", "%12s", "%8s", "%9s", "%15s", "%13s"}
	if width < 78 {
		layout = [...]string{"%-10s", "%6s", "%8s", "%7s", "", "%12s", "%11s"}
	}
	line := func(words [len(layout)]string, t, share tone) row {
		var r row
		for i, word := range words {
			if layout[i] == "" {
				continue
			}
			own := t
			if i == 2 {
				own = share
			}
			r = r.and(0, own, fmt.Sprintf(layout[i], word))
		}
		return r
	}
	crowd := func(name string, c *drill.Crowd) row {
		share, t := fmt.Sprintf("%.2f%%", 100*c.OKShare), toneGood
		switch {
		case c.Asked == c.Waiting:
			share, t = "-", tonePlain
		case c.OKShare < demoFine:
			t = toneBad
		}
		return line([...]string{name, grouped(c.Asked), share, grouped(c.Failed + c.Truncated), grouped(c.Waiting), wait(c.P50), wait(c.P99)}, tonePlain, t)
	}
	return []row{
		line([...]string{"", "users", "served", "failed", "waiting", "median wait", "99% within"}, toneFaint, toneFaint),
		crowd("Switchgear", &s.With),
		crowd("SDK alone", &s.Alone),
	}
}

// wait writes how long a first token took.
func wait(seconds float64) string {
	switch {
	case seconds <= 0:
		return "-"
	case seconds < 1:
		return fmt.Sprintf("%.0f ms", 1000*seconds)
	default:
		return fmt.Sprintf("%.1f s", seconds)
	}
}
