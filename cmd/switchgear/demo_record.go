package main

import (
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"strings"

	"github.com/switchgear-dev/switchgear/drill"
)

// reel is a demo as it was seen on a terminal of 80 columns: a frame for each
// sixtieth of it, and the score. It is developed into one SVG that moves by
// itself, needs nothing from anywhere, is light or dark as the reader is, and
// stands still where somebody wants nothing to move.
type reel struct {
	file   *os.File
	frames [][]row
	score  []row
}

// How a reel is shown.
const (
	reelSeconds = 24.0 // the run
	scoreStays  = 10.0 // the score, after it
	reelLines   = 25   // of the terminal
	cellWidth   = 8.0  // of a letter, in the picture's own units
	lineHeight  = 18.0
	letterSize  = 13.3
	margin      = 14.0
)

// newReel opens the file before anything is played: a minute later is late to
// learn that it cannot be written.
func newReel(name string) (*reel, error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("cannot write the recording: %w", err)
	}
	return &reel{file: file}, nil
}

// save writes what was recorded.
func (r *reel) save(talk io.Writer) error {
	if err := errors.Join(r.develop(r.file), r.file.Close()); err != nil {
		return fmt.Errorf("cannot write the recording: %w", err)
	}
	fmt.Fprintln(talk, "wrote "+r.file.Name())
	return nil
}

// shoot takes a frame for each column of the charts, and the last.
func (r *reel) shoot(s *drill.Scene) {
	if len(s.Columns) <= len(r.frames) && !s.Over {
		return
	}
	frame := picture(s, pictureMost, reelLines)
	if s.Over {
		r.score = scoreRows(s, pictureMost)
	}
	for len(r.frames) < len(s.Columns) {
		r.frames = append(r.frames, frame)
	}
	r.frames[len(r.frames)-1] = frame
}

// strip is what stands in one line, frame by frame.
type strip struct {
	versions []row
	since    []int // the frame that each begins with
}

// strips sorts the frames by line.
func (r *reel) strips() []strip {
	var out []strip
	for n, frame := range r.frames {
		for len(out) < len(frame) {
			out = append(out, strip{versions: []row{{}}, since: []int{0}})
		}
		for i := range out {
			var now row
			if i < len(frame) {
				now = frame[i]
			}
			s := &out[i]
			last := len(s.versions) - 1
			switch {
			case now.grows > 0 || n == 0: // what is to come of it is covered
				s.versions[last] = now
			case now.plain() != s.versions[last].plain() || now.ansi(true) != s.versions[last].ansi(true):
				s.versions, s.since = append(s.versions, now), append(s.since, n)
			}
		}
	}
	return out
}

// develop writes the SVG.
func (r *reel) develop(w io.Writer) error {
	strips := r.strips()
	lines := max(len(strips), len(r.score)+2)
	width, height := pictureMost*cellWidth+2*margin, float64(lines)*lineHeight+2*margin
	var b, rules strings.Builder
	for i := range strips {
		s := &strips[i]
		y := margin + float64(i)*lineHeight
		switch {
		case len(s.versions) == 1:
			writeRow(&b, s.versions[0], y)
		default:
			fmt.Fprintf(&rules, ".s%d{animation-name:k%d;transform:translateY(%spx)}@keyframes k%d{%s}\n", i, i, short(-float64(len(s.versions)-1)*lineHeight), i, s.keys(len(r.frames)))
			fmt.Fprintf(&b, `<svg y="%s" width="%s" height="%s"><g class="s s%d">`, short(y), short(width), short(lineHeight), i)
			for k, v := range s.versions {
				writeRow(&b, v, float64(k)*lineHeight)
			}
			b.WriteString("</g></svg>\n")
		}
		if g := s.versions[0].grows; g > 0 {
			fmt.Fprintf(&b, `<svg x="%s" y="%s" width="%s" height="%s"><rect class="c" width="100%%" height="100%%"/></svg>`+"\n", short(margin+float64(g)*cellWidth-1), short(y), short((pictureMost-float64(g))*cellWidth+1), short(lineHeight))
		}
	}
	_, err := fmt.Fprintf(w, reelText, short(width), short(height), short(width), short(height), r.style(rules.String(), strips), b.String(), r.end(width, height))
	return err
}

// keys are the moments at which a line changes, as parts of the whole.
func (s *strip) keys(frames int) string {
	var b strings.Builder
	for k := range s.versions {
		at := float64(s.since[k]) / float64(frames) * reelSeconds / (reelSeconds + scoreStays)
		fmt.Fprintf(&b, "%s%%{transform:translateY(%spx)}", short(100*at), short(-float64(k)*lineHeight))
	}
	return b.String()
}

// style is how everything looks and moves.
func (r *reel) style(rules string, strips []strip) string {
	all := reelSeconds + scoreStays
	played := 100 * reelSeconds / all
	covered := 0.0
	for i := range strips {
		if g := strips[i].versions[0].grows; g > 0 {
			covered = float64(len(r.frames)) * cellWidth
		}
	}
	return fmt.Sprintf(reelStyle, short(letterSize), short(all), rules, short(covered), len(r.frames), short(played), short(covered), short(covered), short(played), short(played+0.01))
}

// end is the score, over all the rest.
func (r *reel) end(width, height float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<g class="e"><rect class="p" x="2" y="2" width="%s" height="%s" rx="8"/>`, short(width-4), short(height-4))
	for i, line := range r.score {
		writeRow(&b, line, margin+float64(i+1)*lineHeight)
	}
	b.WriteString("</g>")
	return b.String()
}

// writeRow writes a line whose top is at y. Every piece says where it stands:
// a reader's letters may be wider than ours.
func writeRow(b *strings.Builder, r row, y float64) {
	names := map[tone]string{toneFaint: "f", toneStrong: "b", toneGood: "g", toneBad: "r", toneWarn: "w", toneFirst: "u", toneSecond: "v"}
	var words strings.Builder
	column := 0
	for _, s := range r.spans {
		lead := len(s.text) - len(strings.TrimLeft(s.text, " "))
		letters := len([]rune(s.text))
		switch said := strings.TrimSpace(s.text); {
		case r.grows > 0 && column >= r.grows:
			writeBars(b, s, column, y)
		case said != "":
			class := ""
			if names[s.tone] != "" {
				class = ` class="` + names[s.tone] + `"`
			}
			for _, piece := range pieces(strings.TrimRight(s.text, " "), lead) {
				fmt.Fprintf(&words, `<tspan x="%s"%s>%s</tspan>`, short(margin+float64(column+piece.at)*cellWidth), class, html.EscapeString(piece.text))
			}
		}
		column += letters
	}
	if words.Len() > 0 {
		fmt.Fprintf(b, `<text y="%s">%s</text>`, short(y+13), words.String())
	}
}

// piece is a part of a line without wide gaps.
type piece struct {
	at   int
	text string
}

// pieces takes a text apart where it leaves a gap, so that columns stay in line.
func pieces(text string, from int) []piece {
	var out []piece
	letters := []rune(text)
	for at := from; at < len(letters); {
		end := at
		for end < len(letters) && (letters[end] != ' ' || end+1 < len(letters) && letters[end+1] != ' ') {
			end++
		}
		out = append(out, piece{at, string(letters[at:end])})
		for at = end; at < len(letters) && letters[at] == ' '; at++ {
		}
	}
	return out
}

// writeBars draws the cells of a chart as one path.
func writeBars(b *strings.Builder, s span, column int, y float64) {
	class := map[tone]string{toneFaint: "Cf", toneBad: "Cr", toneWarn: "Cw", toneFirst: "Cu", toneSecond: "Cv", toneGood: "Cg"}[s.tone]
	heights := map[rune]float64{'▁': 1, '▂': 2, '▃': 3, '▄': 4, '▅': 5, '▆': 6, '▇': 7, '█': 8, '░': 4, '▒': 6, '·': 1}
	var path strings.Builder
	for i, c := range []rune(s.text) {
		h := heights[c] * 2
		if h == 0 {
			continue
		}
		x := margin + float64(column+i)*cellWidth
		fmt.Fprintf(&path, "M%s %sh7v-%sh-7z", short(x), short(y+17), short(h))
	}
	if path.Len() > 0 {
		fmt.Fprintf(b, `<path class="%s" d="%s"/>`, class, path.String())
	}
}

// short writes a number with as few digits as it needs.
func short(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}

const reelText = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-labelledby="t d">
<title id="t">switchgear demo</title>
<desc id="d">A recording of the command. A simulated provider fails for half a minute: a fallback carries its users, and hardly one of them notices, while users with the retries of the provider's own SDK get errors.</desc>
<style>%s</style>
<rect class="p" x="1" y="1" width="99.7%%" height="99.6%%" rx="8"/>
%s%s
</svg>
`

const reelStyle = `
:root{--p:#fbfaf8;--o:#d9d5cd;--i:#22201d;--f:#6d6862;--g:#2f7d4a;--r:#c2321f;--w:#a8700a;--u:#2f6f9f;--v:#6b4fa0}
@media(prefers-color-scheme:dark){:root{--p:#171615;--o:#3a3733;--i:#ece8e1;--f:#a09a92;--g:#74c28e;--r:#f0705c;--w:#e0b64a;--u:#6aa9d8;--v:#b497dc}}
text{font:%spx ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--i);white-space:pre}
.p{fill:var(--p);stroke:var(--o)}.b{font-weight:bold}.f{fill:var(--f)}.g{fill:var(--g)}.r{fill:var(--r)}.w{fill:var(--w)}.u{fill:var(--u)}.v{fill:var(--v)}
.Cf{fill:var(--o)}.Cr{fill:var(--r)}.Cw{fill:var(--w)}.Cu{fill:var(--u)}.Cv{fill:var(--v)}.Cg{fill:var(--g)}
.s,.c,.e{animation-duration:%ss;animation-iteration-count:infinite;animation-timing-function:step-end}
%s.c{fill:var(--p);animation-name:c;transform:translateX(%spx)}@keyframes c{0%%{transform:none;animation-timing-function:steps(%d)}%s%%{transform:translateX(%spx)}to{transform:translateX(%spx)}}
.e{animation-name:e}@keyframes e{0%%,%s%%{opacity:0}%s%%,to{opacity:1}}
@media(prefers-reduced-motion:reduce){*{animation:none!important}}
`
