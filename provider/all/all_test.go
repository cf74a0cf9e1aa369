package all

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
)

func TestHosts(t *testing.T) {
	rows, err := parse(hostsYAML)
	if err != nil {
		t.Fatal(err)
	}
	name, variable := regexp.MustCompile(`^[a-z][a-z0-9-]*$`), regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	if !slices.IsSortedFunc(rows, func(a, b host) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the rows are not in the order of their names")
	}
	seen := map[string]bool{"openai": true, "anthropic": true, "sim": true}
	for _, row := range rows {
		if !name.MatchString(row.Name) || row.Title == "" {
			t.Errorf("%q: a row needs a name of small letters, and a title", row.Name)
		}
		if seen[row.Name] {
			t.Errorf("%s: the name is taken", row.Name)
		}
		seen[row.Name] = true
		if row.Local != (row.Key == "") || (row.Key != "" && !variable.MatchString(row.Key)) {
			t.Errorf("%s: key %q with local: %v", row.Name, row.Key, row.Local)
		}
		if row.XAPIKey && row.Anthropic == "" {
			t.Errorf("%s: x-api-key says nothing of a host without messages", row.Name)
		}
		checkURL(t, row, row.OpenAI, "/chat/completions")
		if row.Anthropic != "" {
			checkURL(t, row, row.Anthropic, "/v1")
		}
	}
}

func checkURL(t *testing.T, row host, base, tooFar string) {
	t.Helper()
	u, err := url.Parse(base)
	switch {
	case err != nil:
		t.Errorf("%s: %v", row.Name, err)
	case u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		t.Errorf("%s: %s is not a plain URL", row.Name, base)
	case strings.HasSuffix(u.Path, "/") || strings.HasSuffix(u.Path, tooFar):
		t.Errorf("%s: %s goes too far", row.Name, base)
	case row.Local != (u.Hostname() == "127.0.0.1"):
		t.Errorf("%s: %s with local: %v", row.Name, base, row.Local)
	case !row.Local && u.Scheme != "https":
		t.Errorf("%s: keys would go to %s in the clear", row.Name, base)
	}
}

// TestHostsAsRecorded: where traffic to a host was recorded, it went where the
// row says.
func TestHostsAsRecorded(t *testing.T) {
	recorded := map[string]bool{}
	for _, r := range corpus.Load(t, "*-chat.jsonl", "*-embeddings.jsonl", "*-messages.jsonl") {
		path := r.Path
		for _, end := range []string{"/chat/completions", "/embeddings", "/messages"} {
			path = strings.TrimSuffix(path, end)
		}
		recorded[r.Host+path] = true
	}
	agree := 0
	for _, k := range Kinds() {
		if recorded[strings.TrimPrefix(k.BaseURL, "https://")] {
			agree++
		}
	}
	if agree < 14 { // openai, anthropic, and the hosts that were recorded
		t.Errorf("only %d kinds are where they were recorded: %v", agree, recorded)
	}
}

func TestKinds(t *testing.T) {
	kinds := Kinds()
	if len(kinds) < 25 {
		t.Errorf("there are %d kinds", len(kinds))
	}
	for _, k := range kinds {
		o := Options{Transport: nowhere{}}
		if k.NeedsBaseURL {
			if _, err := Open(k.Name, o); err == nil || !strings.Contains(err.Error(), "base_url, such as "+k.BaseURL) {
				t.Errorf("%s without a base URL: %v", k.Name, err)
			}
			o.BaseURL = k.BaseURL
		}
		p, err := Open(k.Name, o)
		if err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		if diff := cmp.Diff(k.Dialects, p.(switchgear.Speaker).Dialects()); diff != "" {
			t.Errorf("%s speaks (-said +does):\n%s", k.Name, diff)
		}
	}
	kinds[0].Name = "changed"
	if Kinds()[0].Name == "changed" {
		t.Error("a caller can change the list")
	}
}

type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrHandlerTimeout }

// noting notes where a request goes, and with which headers.
type noting struct{ requests *[]string }

func (n noting) RoundTrip(r *http.Request) (*http.Response, error) {
	*n.requests = append(*n.requests, r.URL.String()+" "+r.Header.Get("Authorization")+r.Header.Get("X-Api-Key"))
	return nil, http.ErrHandlerTimeout
}

func TestOpen(t *testing.T) {
	for _, test := range []struct {
		kind, base, dialect string
		want                string
	}{
		{"openai", "", "openai", "https://api.openai.com/v1/chat/completions Bearer k"},
		{"openai", "http://127.0.0.1:9/v1", "openai", "http://127.0.0.1:9/v1/chat/completions Bearer k"},
		{"anthropic", "", "anthropic", "https://api.anthropic.com/v1/messages k"},
		{"groq", "", "openai", "https://api.groq.com/openai/v1/chat/completions Bearer k"},
		{"zai", "", "openai", "https://api.z.ai/api/paas/v4/chat/completions Bearer k"},
		{"zai", "", "anthropic", "https://api.z.ai/api/anthropic/v1/messages Bearer k"},
		{"deepseek", "", "anthropic", "https://api.deepseek.com/anthropic/v1/messages k"},
		{"zai", "https://api.z.ai/api/coding/paas/v4", "openai", "https://api.z.ai/api/coding/paas/v4/chat/completions Bearer k"},
		{"ollama", "http://10.0.0.9:11434/v1", "anthropic", "http://10.0.0.9:11434/v1/messages Bearer k"},
		{"sim", "http://127.0.0.1:9/v1", "anthropic", "http://127.0.0.1:9/v1/messages k"},
	} {
		var requests []string
		p, err := Open(test.kind, Options{Name: "mine", BaseURL: test.base, Transport: noting{&requests}})
		if err != nil {
			t.Errorf("%s: %v", test.kind, err)
			continue
		}
		_, err = p.Complete(t.Context(), question(test.dialect))
		if err == nil || !strings.HasPrefix(err.Error(), "mine: ") {
			t.Errorf("%s: the error does not name the provider: %v", test.kind, err)
		}
		if diff := cmp.Diff([]string{test.want}, requests); diff != "" {
			t.Errorf("%s, %s: requests (-want +got):\n%s", test.kind, test.dialect, diff)
		}
	}
	_, err := Open("opnai", Options{})
	if want := `there is no provider of kind "opnai"; one that speaks OpenAI's chat completions is of kind openai, with its base_url`; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func question(dialect string) *switchgear.Call {
	body := `{"model":"x","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}`
	return &switchgear.Call{
		Request:    &switchgear.Request{Wire: &switchgear.Wire{Dialect: dialect, Body: []byte(body)}},
		Target:     switchgear.Target{Provider: "mine", Model: "m"},
		Credential: switchgear.Credential{ID: "mine#1", Secret: switchgear.NewSecret("k")},
	}
}

// TestSimulator: the kind sim answers, in both dialects, whole and in a
// stream, with nothing listening anywhere.
func TestSimulator(t *testing.T) {
	p, err := Open("sim", Options{Transport: nowhere{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, dialect := range []string{"openai", "anthropic"} {
		resp, err := p.Complete(context.Background(), question(dialect))
		if err != nil {
			t.Fatal(err)
		}
		if resp.Text() == "" || resp.Wire.Dialect != dialect {
			t.Errorf("%s: the answer is %q in %s", dialect, resp.Text(), resp.Wire.Dialect)
		}
		s, err := p.Stream(context.Background(), question(dialect))
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for event, err := range switchgear.Events(s) {
			if err != nil {
				t.Fatal(err)
			}
			text += event.Text
		}
		if text == "" {
			t.Errorf("%s: nothing came over the stream", dialect)
		}
	}
	if _, ok := p.(switchgear.Embedder); !ok {
		t.Error("the simulator cannot embed")
	}
	if _, ok := p.(switchgear.TokenCounter); !ok {
		t.Error("the simulator cannot count tokens")
	}
}

// TestReplay: the kind replay answers from its recordings, with the counts
// that were recorded, and with nothing listening anywhere.
func TestReplay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "answers.jsonl")
	text := `{"input": "Hi", "outputs": {"m": "hello there", "n": "no"}, "usage_in_out_latency": {"m": [123, 45, 0.5]}}
{"match": {"model": "m", "text": "Bye"}, "output": "so long", "usage": {"input": 7, "output": 8}}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Open("replay", Options{Transport: nowhere{}, Recordings: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	for _, dialect := range []string{"openai", "anthropic"} {
		resp, err := p.Complete(context.Background(), question(dialect))
		if err != nil {
			t.Fatal(err)
		}
		if resp.Text() != "hello there" || resp.Usage.Input != 123 || resp.Usage.Output != 45 {
			t.Errorf("%s: %q, %+v", dialect, resp.Text(), resp.Usage)
		}
		bye := question(dialect)
		bye.Request.Wire.Body = bytes.Replace(bye.Request.Wire.Body, []byte("Hi"), []byte("Bye"), 1)
		if resp, err = p.Complete(context.Background(), bye); err != nil || resp.Usage.Input != 7 || resp.Usage.Output != 8 {
			t.Errorf("%s: %v %+v", dialect, err, resp)
		}
	}
	if _, err := Open("replay", Options{Recordings: []string{"nowhere.jsonl"}}); err == nil {
		t.Error("a recording that is not there was opened")
	}
}
