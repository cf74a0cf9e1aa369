package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// Material is what a page shows besides the run: questions and answers. Either
// may be nil.
type Material struct {
	Set   *eval.Set
	Store *eval.Store
}

// page is what the template is given.
type page struct {
	Run     *eval.Run
	Alpha   float64
	Chance  float64
	Policy  string
	Style   template.CSS
	Script  template.JS
	Metrics []pageMetric
	Path    template.HTML
	Parties []*eval.Party
	Filters []pageFilter
	Hashes  []pageHash
	Cases   []pageCase
}

type pageMetric struct {
	Name           string
	Bars, Interval template.HTML
	Rows           []pageTrack
}

type pageTrack struct {
	Name string
	T    *eval.Track
}

type pageFilter struct {
	Name, Key string
	N         int
}

type pageHash struct{ Name, Value string }

// pageCase is a case as the page's script reads it.
type pageCase struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"` // won, lost, same, missing
	Recovered bool     `json:"recovered"`
	Tags      string   `json:"tags"`
	Question  string   `json:"question"`
	Expect    string   `json:"expect"`
	Incumbent pageSide `json:"incumbent"`
	Candidate pageSide `json:"candidate"`
}

type pageSide struct {
	Score  string  `json:"score"`
	Rungs  string  `json:"rungs"`
	Why    string  `json:"why"`
	Answer *string `json:"answer"` // null if it is not known
}

// HTML writes a run as one page that needs no network. What models and cases
// wrote is data to it, never markup: the page forbids itself every script but
// its own.
func HTML(w io.Writer, run *eval.Run, m Material) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"points": points, "percent": percent, "number": number, "pvalue": pvalue, "millis": millis, "deref": func(f *float64) float64 { return *f },
	}).Parse(pageHTML)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(pageJS))
	p := page{
		Run: run, Alpha: 100 * run.Alpha, Chance: 100 * run.Foresight.Chance,
		Policy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		Style:  template.CSS(pageCSS), Script: template.JS(pageJS), //nolint:gosec // our own files
		Path:    pathChart(run),
		Parties: []*eval.Party{&run.Incumbent, &run.Candidate},
		Hashes: []pageHash{
			{"cases", run.Hashes.Cases},
			{"graders", run.Hashes.Graders},
			{"system texts", run.Hashes.System},
			{"harness", run.Hashes.Harness},
			{"set", run.Hashes.Set},
			{"candidate's levers", run.Candidate.Params},
			{"incumbent's levers", run.Incumbent.Params},
			{"normalisers in serving", strings.Join(run.Normalise, ", ")},
			{"order of the cases (seed)", strconv.FormatUint(run.Seed, 10)},
			{"try", strconv.Itoa(run.Try)},
		},
		Cases: cases(run, m),
	}
	for i := range run.Metrics {
		metric := &run.Metrics[i]
		p.Metrics = append(p.Metrics, pageMetric{
			Name: metric.Name, Bars: barChart(metric), Interval: intervalChart(metric),
			Rows: []pageTrack{{"strict: as your application reads it", &metric.Strict}, {"lenient: format ironed out", &metric.Lenient}},
		})
	}
	p.Filters = filters(p.Cases)
	return t.Execute(w, p)
}

func filters(cases []pageCase) []pageFilter {
	list := []pageFilter{{"all", "a", len(cases)}, {"lost", "l", 0}, {"won", "w", 0}, {"recovered", "r", 0}, {"missing", "m", 0}}
	for i := range cases {
		for k := range list {
			if list[k].Name == cases[i].Kind || (list[k].Name == "recovered" && cases[i].Recovered) {
				list[k].N++
			}
		}
	}
	return list
}

// cases are the cases with their answers.
func cases(run *eval.Run, m Material) []pageCase {
	asked := map[string]*eval.Case{}
	if m.Set != nil {
		for _, c := range m.Set.Cases {
			asked[c.ID] = c
		}
	}
	list := make([]pageCase, 0, len(run.Cases))
	for i := range run.Cases {
		o := &run.Cases[i]
		c := pageCase{ID: o.ID, Tags: strings.Join(o.Tags, ", "), Incumbent: sideOf(&o.Incumbent, m.Store), Candidate: sideOf(&o.Candidate, m.Store)}
		switch inc, cand := &o.Incumbent, &o.Candidate; {
		case inc.Missing != "" || cand.Missing != "" || len(inc.Strict) == 0 || len(cand.Strict) == 0:
			c.Kind = "missing"
		case cand.Strict[0] > inc.Strict[0]:
			c.Kind = "won"
		case cand.Strict[0] < inc.Strict[0]:
			c.Kind = "lost"
		default:
			c.Kind = "same"
		}
		c.Recovered = len(o.Incumbent.Rungs) > 0 || len(o.Candidate.Rungs) > 0
		if one, ok := asked[o.ID]; ok {
			if text, err := eval.RequestJSON(one.Request); err == nil {
				c.Question = pretty(text)
			}
			c.Expect = pretty(one.Expect)
		}
		list = append(list, c)
	}
	return list
}

func pretty(text json.RawMessage) string {
	if len(text) == 0 {
		return ""
	}
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return string(text)
	}
	return b.String()
}

func sideOf(j *eval.Judged, store *eval.Store) pageSide {
	s := pageSide{Why: j.Why, Rungs: strings.Trim(strings.Join(j.Rungs, ", "), ", "), Score: j.Missing}
	if j.Missing == "" && len(j.Strict) > 0 {
		s.Score = fmt.Sprintf("strict %.3g, lenient %.3g", j.Strict[0], j.Lenient[0])
	}
	if store == nil {
		return s
	}
	var texts []string
	for _, key := range j.Keys {
		a, ok := store.Get(key)
		if !ok {
			return s
		}
		texts = append(texts, answerText(a))
	}
	if len(texts) > 0 {
		all := strings.Join(texts, "\n\n--- next answer ---\n\n")
		s.Answer = &all
	}
	return s
}

func answerText(a *eval.Answer) string {
	var lines []string
	if a.Text != "" {
		lines = append(lines, a.Text)
	}
	for _, c := range a.Calls {
		lines = append(lines, "[tool call] "+c.Name+"("+c.Arguments+")")
	}
	if a.Refusal != "" {
		lines = append(lines, "[refusal] "+a.Refusal)
	}
	return strings.Join(lines, "\n")
}
