package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/switchgear-dev/switchgear/drill"
)

// view is where a demo is shown: a picture that is drawn anew on a terminal, or
// lines of what happened.
type view struct {
	out    io.Writer
	live   bool // a picture
	colour bool
	drawn  int // lines of the last picture
	told   int // news
	due    float64
	shut   bool
}

// newView takes a picture where there is a terminal that can show one.
func newView(out, talk io.Writer, asJSON bool) *view {
	if asJSON {
		return &view{out: talk}
	}
	_, _, terminal := screen(out)
	return &view{out: out, live: terminal && os.Getenv("TERM") != "dumb", colour: os.Getenv("NO_COLOR") == ""}
}

// The words that a terminal understands.
const (
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	noWrap     = "\x1b[?7l"
	wrap       = "\x1b[?7h"
	eraseRest  = "\x1b[K"
	eraseBelow = "\x1b[J"
)

func (v *view) open(f *demoFlags) {
	if v.live {
		fmt.Fprint(v.out, hideCursor+noWrap)
		return
	}
	fmt.Fprintf(v.out, "a provider's ten bad minutes in %d seconds, all of it simulated but for the gateway; Ctrl-C ends it with the score so far\n", f.seconds)
}

// close leaves a terminal as it was.
func (v *view) close() {
	if v.live && !v.shut {
		fmt.Fprint(v.out, wrap+showCursor)
	}
	v.shut = true
}

func (v *view) show(s *drill.Scene) {
	if v.live {
		v.draw(s)
		return
	}
	v.say(s)
}

// draw puts a picture in the place of the last one.
func (v *view) draw(s *drill.Scene) {
	columns, lines, ok := screen(v.out)
	if !ok {
		columns, lines = pictureMost, 24
	}
	rows := picture(s, columns, lines)
	if len(rows) >= lines { // what has scrolled away cannot be drawn over
		rows = rows[:max(lines-1, 1)]
	}
	var b strings.Builder
	if v.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r", v.drawn)
	}
	for _, r := range rows {
		b.WriteString(r.cut(columns).ansi(v.colour) + eraseRest + "\r\n")
	}
	b.WriteString(eraseBelow)
	v.drawn = len(rows)
	fmt.Fprint(v.out, b.String())
}

// say tells what is new, and from time to time how it goes.
func (v *view) say(s *drill.Scene) {
	for ; v.told < len(s.News); v.told++ {
		fmt.Fprintf(v.out, "%s  %s\n", s.News[v.told].Moment(), oneLine(s.News[v.told].Text))
	}
	if sixth := s.All / 6; s.At >= v.due+sixth && s.With.Asked > s.With.Waiting && !s.Over {
		v.due += sixth
		fmt.Fprintf(v.out, "%s  %s users, %.1f%% served; with the SDK's retries alone %.1f%%\n",
			drill.Moment(s.At), grouped(s.With.Asked), 100*s.With.OKShare, 100*s.Alone.OKShare)
	}
}

// scorecard says what came of it.
func (v *view) scorecard(s *drill.Scene) {
	width := pictureMost
	if columns, _, ok := screen(v.out); ok {
		width = columns
	}
	fmt.Fprintln(v.out)
	for _, r := range scoreRows(s, width) {
		fmt.Fprintln(v.out, r.ansi(v.live && v.colour))
	}
}
