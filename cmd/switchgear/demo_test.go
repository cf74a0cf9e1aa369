package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/drill"
)

// aScene is a demo at a moment: the first provider has been down for a while.
func aScene(columns int) *drill.Scene {
	s := &drill.Scene{
		At: float64(columns), All: 60, Struck: "north", Phase: "nothing gets through", Harm: 1,
		With:   drill.Crowd{Asked: 1200, OK: 1190, OKShare: 1, Waiting: 10, P50: 0.31, P99: 0.9},
		Alone:  drill.Crowd{Asked: 1200, OK: 800, OKShare: 2. / 3, Failed: 390, Waiting: 10, P50: 0.4, P99: 8.2},
		Chain:  []drill.Link{{Target: "north/large", Provider: "north", State: "open", Served: 200}, {Target: "south/large", Provider: "south", State: "closed", Served: 990}},
		Opened: 1, Calls: 1250, Wasted: 50, Cost: &drill.Bill{All: 1.5, Nothing: 0.001},
		News: []drill.News{{At: 6, Text: "north: more and more calls fail", Bad: true}, {At: 9, Text: `<script>alert("south")</script> & more`}},
	}
	for i := range columns {
		c := drill.Column{From: float64(i), Served: map[string]int{"north/large": 20}, AloneOK: 20, State: "closed"}
		if i > 10 {
			c = drill.Column{From: float64(i), Served: map[string]int{"south/large": 20}, AloneOK: 5, Lost: 15, State: "open"}
		}
		s.Columns = append(s.Columns, c)
	}
	return s
}

func plainly(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(r.plain() + "\n")
	}
	return b.String()
}

// TestPicture: what a terminal of 80 columns and 24 lines shows.
func TestPicture(t *testing.T) {
	want := `switchgear demo   all of it simulated, but for the gateway           0:20 / 1:00

north       first choice   nothing gets through          circuit OPEN
south       fallback       well                          circuit closed

your users, through Switchgear     circuit: · closed  ▒ in doubt  █ open  ░ ramp
  by north  ███████████
  by south             █████████
  failed
  circuit   ···········█████████

the same users, with the SDK's own retries and no gateway
  served    ███████████▂▂▂▂▂▂▂▂▂
  failed               ▆▆▆▆▆▆▆▆▆

               users      served  failed  waiting    median wait   99% within
Switchgear     1,200     100.00%       0       10         310 ms       900 ms
SDK alone      1,200      66.67%     390       10         400 ms        8.2 s

0:06  north: more and more calls fail
0:09  <script>alert("south")</script> & more


`
	if got := plainly(picture(aScene(20), 80, 24)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestPictureFits: no line is wider than the terminal, whatever its size.
func TestPictureFits(t *testing.T) {
	for width := 40; width <= 130; width += 7 {
		for _, r := range picture(aScene(60), width, 24) {
			if r.width() > width {
				t.Errorf("in %d columns a line has %d: %s", width, r.width(), r.plain())
			}
		}
	}
}

// TestWordsFromAFile: a script's names reach a terminal, and cannot give it
// orders.
func TestWordsFromAFile(t *testing.T) {
	s := aScene(20)
	s.Phase = "down\x1b[2J\a"
	s.News[1].Text = "north: \x1b]0;mine\a\r\nand more"
	var b strings.Builder
	v := view{out: &b}
	v.say(s)
	for _, r := range picture(s, 80, 24) {
		b.WriteString(r.ansi(false))
	}
	if got := strings.ReplaceAll(b.String(), "\n", ""); strings.ContainsAny(got, "\x1b\a\r") {
		t.Errorf("%q", got)
	}
}

// TestTones: without colour there is no escape in a line, and with it the words
// are the same.
func TestTones(t *testing.T) {
	for _, r := range picture(aScene(30), 80, 24) {
		if plain := r.ansi(false); strings.Contains(plain, "\x1b") {
			t.Errorf("%q has an escape", plain)
		}
		stripped := r.ansi(true)
		for code := range 40 {
			stripped = strings.ReplaceAll(stripped, fmt.Sprintf("\x1b[%dm", code), "")
		}
		if strings.TrimRight(stripped, " ") != r.plain() {
			t.Errorf("%q is not %q", stripped, r.plain())
		}
	}
}

// TestRecording: an SVG that is whole, small, needs nothing from anywhere, and
// in which no word is markup.
func TestRecording(t *testing.T) {
	var film reel
	for n := 1; n <= drill.Columns; n++ {
		film.shoot(aScene(n))
	}
	last := aScene(drill.Columns)
	last.Over = true
	film.shoot(last)
	var b bytes.Buffer
	if err := film.develop(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 100_000 {
		t.Errorf("it has %d bytes", b.Len())
	}
	words := strings.Builder{}
	for d := xml.NewDecoder(bytes.NewReader(b.Bytes())); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.CharData:
			words.Write(token)
		case xml.StartElement:
			for _, a := range token.Attr {
				if token.Name.Local == "script" || strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Errorf("<%s %s=%q>", token.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
	for _, want := range []string{`<script>alert("south")</script> & more`, "0:20 / 1:00", "What the users saw", "prefers-color-scheme:dark", "prefers-reduced-motion"} {
		if !strings.Contains(words.String(), want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if rest := strings.Replace(b.String(), "http://www.w3.org/2000/svg", "", 1); strings.Contains(rest, "http") || strings.Contains(rest, "url(") {
		t.Error("it needs something from elsewhere")
	}
}
