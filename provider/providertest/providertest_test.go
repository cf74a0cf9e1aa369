package providertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/switchgear-dev/switchgear"
)

const sample = `A word.
-- call --
op: complete
dialect: echo
model: parrot
header: Openai-Beta: x
-- body --
{"model":"chat"}
-- upstream --
POST /echo
Authorization: Bearer providertest-key
Openai-Beta: x

{"model":"parrot"}
-- reply --
200
Content-Type: application/json

{"text":"hi"}
-- want --
part: text "hi"
`

// echo is a provider written without the help of package provider, as a
// stranger would. Its flaws are what the tests turn on.
type echo struct {
	base string
	rt   http.RoundTripper
	flaw string
}

func (e *echo) Complete(ctx context.Context, call *switchgear.Call) (*switchgear.Response, error) {
	resp, err := e.send(ctx, call)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if e.flaw != "leaves bodies open" {
		_ = resp.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	var answer struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	if e.flaw == "changes bytes" {
		body = append(body, '\n')
	}
	header := http.Header{}
	if e.flaw == "passes cookies on" {
		header = resp.Header
	}
	return &switchgear.Response{
		Choices: []switchgear.Choice{{Parts: []switchgear.Part{{Text: answer.Text}}}},
		Wire:    &switchgear.Wire{Dialect: "echo", Body: body, Header: header},
	}, nil
}

func (e *echo) Stream(ctx context.Context, call *switchgear.Call) (switchgear.Stream, error) {
	resp, err := e.send(ctx, call)
	if err != nil {
		return nil, err
	}
	return &mute{body: resp.Body, flaw: e.flaw}, nil
}

func (e *echo) send(ctx context.Context, call *switchgear.Call) (*http.Response, error) {
	w := call.Request.Wire
	body := bytes.Replace(w.Body, []byte(`"chat"`), []byte(`"`+call.Target.Model+`"`), 1)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.base+"/echo", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = w.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Authorization", "Bearer "+call.Credential.Secret.Reveal())
	client := http.Client{Transport: e.rt, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if e.flaw == "follows redirects" && len(via) < 3 {
			return nil
		}
		return http.ErrUseLastResponse
	}}
	resp, err := client.Do(r)
	if e.flaw == "sends twice" && err == nil {
		_ = resp.Body.Close()
		resp, err = client.Do(r)
	}
	if err != nil {
		return nil, e.failed(ctx, err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, &switchgear.Error{Class: switchgear.ClassServer, Provider: "echo", Status: resp.StatusCode}
	}
	return resp, nil
}

func (e *echo) failed(ctx context.Context, err error) error {
	known, ok := errors.AsType[*switchgear.Error](context.Cause(ctx))
	switch {
	case e.flaw == "returns bare errors":
		return err
	case e.flaw == "tells the key":
		return &switchgear.Error{Class: switchgear.ClassConnect, Provider: "echo", Err: err}
	case e.flaw == "names nobody":
		return &switchgear.Error{Class: switchgear.ClassConnect}
	case ok && e.flaw != "ignores the reason":
		named := *known
		named.Provider = "echo"
		return &named
	case ctx.Err() != nil:
		return &switchgear.Error{Class: switchgear.ClassCanceled, Provider: "echo"}
	default:
		return &switchgear.Error{Class: switchgear.ClassConnect, Provider: "echo"}
	}
}

// mute is a stream in which nothing is ever said.
type mute struct {
	body io.ReadCloser
	flaw string
}

func (m *mute) Next() bool {
	_, _ = io.Copy(io.Discard, m.body)
	return false
}

func (*mute) Event() switchgear.Event { return switchgear.Event{} }

func (m *mute) Err() error {
	if m.flaw == "takes the half for the whole" {
		return nil
	}
	return &switchgear.Error{Class: switchgear.ClassCanceled, Provider: "echo"}
}

func (m *mute) Close() error {
	if m.flaw == "keeps streams open" {
		return nil
	}
	return m.body.Close()
}

// TestFlaws: a provider without a flaw passes, and each flaw is found and
// named.
func TestFlaws(t *testing.T) {
	c, err := parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	for flaw, want := range map[string]string{
		"":                             "",
		"sends twice":                  "2 requests were made, want 1",
		"follows redirects":            "redirects are not followed",
		"returns bare errors":          "want a *switchgear.Error",
		"tells the key":                "the error tells the credential",
		"names nobody":                 "the error names no provider",
		"ignores the reason":           "a caller who leaves with a reason: the error's class is canceled, want [timeout]",
		"leaves bodies open":           "the body of the answer was not closed",
		"changes bytes":                "bytes of the answer",
		"passes cookies on":            "the upstream's cookie was passed on",
		"keeps streams open":           "a stream that is closed while it is waited for: Close does not end Next",
		"takes the half for the whole": "a stream that did not come to its end has no error",
	} {
		t.Run(flaw, func(t *testing.T) {
			open := func(base string, rt http.RoundTripper) switchgear.Provider { return &echo{base, rt, flaw} }
			var problems []string
			synctest.Test(t, func(t *testing.T) { // so that waiting for what never comes takes no time
				problems = append(c.check(t.Context(), open), conduct(t.Context(), c, open)...)
			})
			all := strings.Join(problems, "\n")
			if strings.Contains(all, Key) {
				t.Errorf("the problems tell the key: %s", all)
			}
			if want == "" && all != "" || !strings.Contains(all, want) {
				t.Errorf("problems are %q, want %q among them", all, want)
			}
		})
	}
}

func TestMistakesInCases(t *testing.T) {
	for want, change := range map[string][2]string{
		`there is no section "replies" in a case`:                 {"-- reply --", "-- replies --"},
		`the section "want" is missing`:                           {"-- want --\n", ""},
		`a call has no "mode"`:                                    {"model: ", "mode: "},
		`the call needs a "dialect" and a body, or else an "ask"`: {"dialect: echo\n", ""},
		`the reply's status is "fine", want a number`:             {"-- reply --\n200", "-- reply --\nfine"},
	} {
		_, err := parse([]byte(strings.Replace(sample, change[0], change[1], 1)))
		if fmt.Sprint(err) != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}
