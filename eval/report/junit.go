package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
)

// suite is a run as the test reports of CI systems have it.
type suite struct {
	XMLName   xml.Name   `xml:"testsuite"`
	Name      string     `xml:"name,attr"`
	Tests     int        `xml:"tests,attr"`
	Failures  int        `xml:"failures,attr"`
	Errors    int        `xml:"errors,attr"`
	Skipped   int        `xml:"skipped,attr"`
	Time      string     `xml:"time,attr"`
	Timestamp string     `xml:"timestamp,attr"`
	Cases     []testcase `xml:"testcase"`
	seconds   float64
}

type testcase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    string   `xml:"time,attr,omitempty"`
	Failure *outcome `xml:"failure,omitempty"`
	Error   *outcome `xml:"error,omitempty"`
	Skipped *outcome `xml:"skipped,omitempty"`
	Out     string   `xml:"system-out,omitempty"`
}

type outcome struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes a run as JUnit XML. The verdict is a test, each limit of the set
// is one, and each case. A case that only the candidate failed is a failed test
// only where the verdict does not ship: a run that ships is green, whatever it
// lost on the way. Like Markdown it holds no prompt and no answer.
func JUnit(w io.Writer, run *eval.Run) error {
	s := &suite{
		Name:      clean(fmt.Sprintf("%s: %s -> %s", run.Set, run.Incumbent.Target, run.Candidate.Target)),
		Timestamp: run.At.UTC().Format("2006-01-02T15:04:05"),
	}
	s.verdict(run)
	for i := range run.Limits {
		s.limit(run, &run.Limits[i])
	}
	for i := range run.Cases {
		s.outcome(run, &run.Cases[i])
	}
	s.Time = seconds(s.seconds)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }

func (s *suite) add(t testcase) {
	t.Name, t.Class = clean(t.Name), clean(t.Class)
	s.Tests++
	for _, o := range []struct {
		o *outcome
		n *int
	}{{t.Failure, &s.Failures}, {t.Error, &s.Errors}, {t.Skipped, &s.Skipped}} {
		if o.o != nil {
			*o.n++
			o.o.Message, o.o.Text = clean(o.o.Message), clean(o.o.Text)
		}
	}
	s.Cases = append(s.Cases, t)
}

// verdict is the test that says whether the candidate ships. A run that says
// nothing is an error and no failure.
func (s *suite) verdict(run *eval.Run) {
	v := &run.Verdict
	t := testcase{Class: run.Set, Name: "verdict"}
	said := &outcome{Type: string(v.Word), Message: v.Headline, Text: strings.Join(append(append([]string{}, v.Reasons...), v.Fixes...), " | ")}
	switch {
	case v.Ships:
		t.Out = clean(v.Headline)
	case v.Word == eval.InvalidRun:
		t.Error = said
	default:
		t.Failure = said
	}
	s.add(t)
}

func (s *suite) limit(run *eval.Run, l *eval.Limit) {
	t := testcase{Class: run.Set, Name: "limit " + l.Name}
	switch {
	case !l.Known:
		t.Skipped = &outcome{Message: "prices or counts are not known"}
	case l.Over:
		t.Failure = &outcome{Type: "limit", Message: fmt.Sprintf("%s is %.4g, and %.4g is the most", l.Name, l.Value, l.Most)}
	}
	s.add(t)
}

// outcome is the test that a case is.
func (s *suite) outcome(run *eval.Run, o *eval.Outcome) {
	t := testcase{Class: run.Set + ".cases", Name: o.ID, Time: seconds(o.Candidate.Latency / 1000)}
	s.seconds += o.Candidate.Latency / 1000
	lost := o.Incumbent.Missing == "" && o.Candidate.Missing == "" && o.Candidate.Strict[0] < o.Incumbent.Strict[0]
	switch {
	case o.Candidate.Missing != "" || o.Incumbent.Missing != "":
		t.Skipped = &outcome{Message: "there is no score: it counts for neither model"}
	case lost && run.Verdict.Ships:
		t.Out = "lost, and the run ships all the same"
	case lost:
		t.Failure = &outcome{Type: "lost", Message: fmt.Sprintf("the incumbent scores %s, the candidate %s", percent(o.Incumbent.Strict[0]), percent(o.Candidate.Strict[0]))}
	}
	for _, rung := range o.Candidate.Rungs {
		if t.Failure != nil && rung != "" {
			t.Failure.Text = "it passes once this is undone: " + rung
			break
		}
	}
	s.add(t)
}
