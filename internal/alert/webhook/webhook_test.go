package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/alert"
)

const secret = "canary-webhook-secret-91"

// strict reads the published schema, and closes every object of it: it must
// know every member that is sent.
func strict(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("../../../docs/alert-webhook.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	shut(document)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("body.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("body.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func shut(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"]; ok {
			v["additionalProperties"] = false
		}
		for _, each := range v {
			shut(each)
		}
	case []any:
		for _, each := range v {
			shut(each)
		}
	}
}

// endpoint is a receiver that believes nothing.
type endpoint struct {
	schema *jsonschema.Schema
	ids    []string
	faults []string
	status []int
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if len(e.status) > 0 {
		w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
		w.WriteHeader(e.status[0])
		e.status = e.status[1:]
		return
	}
	if !verify(r.Header.Get("Switchgear-Signature"), text, []byte(secret)) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var value any
	if err == nil {
		value, err = jsonschema.UnmarshalJSON(bytes.NewReader(text))
	}
	if err == nil {
		err = e.schema.Validate(value)
	}
	if err != nil {
		e.faults = append(e.faults, err.Error())
	}
	if id := r.Header.Get("Switchgear-Id"); id == "" || !strings.Contains(string(text), `"id":"`+id+`"`) || r.Header.Get("Switchgear-Version") != "1" {
		e.faults = append(e.faults, "the headers do not fit the body")
	}
	var named struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(text, &named)
	e.ids = append(e.ids, named.ID)
	w.WriteHeader(http.StatusNoContent)
}

type keeper struct{ got []*alert.Notice }

func (k *keeper) Send(_ context.Context, n *alert.Notice) error {
	k.got = append(k.got, n)
	return nil
}

// notices are of every kind there is.
func notices(t *testing.T) []*alert.Notice {
	t.Helper()
	k := &keeper{}
	synctest.Test(t, func(t *testing.T) {
		a := alert.New(alert.Options{Instance: "prod", Receivers: []alert.Receiver{{Name: "r", Sink: k, On: []string{"*"}}}, Routes: []alert.Route{
			{Name: "chat", Stakes: switchgear.StakesNormal, Targets: []switchgear.Target{{Provider: "a", Model: "m"}}},
		}})
		for _, kind := range switchgear.AlertKinds() {
			e := alert.Event{Kind: kind.Name, Provider: "a", Target: switchgear.Target{Provider: "a", Model: "m"}, Routes: []string{"chat"}, Reason: "so", Status: 500, Class: switchgear.ClassServer, Bad: 5, N: 9, Until: time.Now().Add(time.Minute)}
			a.Tell(e)
			time.Sleep(10 * time.Second)
		}
		time.Sleep(48 * time.Hour)
		a.Tell(alert.Event{Kind: switchgear.AlertCircuitOpen, Provider: "b"})
		if err := a.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	test := alert.TestNotice("prod", time.Now())
	return append(k.got, test, test.End(time.Now()))
}

func TestBodies(t *testing.T) {
	e := &endpoint{schema: strict(t)}
	server := httptest.NewServer(e)
	defer server.Close()
	s := New(Options{URL: switchgear.NewSecret(server.URL + "/hook?token=x"), Secret: switchgear.NewSecret(secret), Transport: server.Client().Transport})
	sent := notices(t)
	seen := map[string]bool{}
	for _, n := range sent {
		if err := s.Send(t.Context(), n); err != nil {
			t.Errorf("%s %s: %v", n.Action, n.Key, err)
		}
		for _, kind := range n.Kinds {
			seen[kind] = true
		}
	}
	for _, k := range switchgear.AlertKinds() {
		if k.Ends == nil && !seen[k.Name] {
			t.Errorf("%s was not sent", k.Name)
		}
	}
	if diff := cmp.Diff([]string(nil), e.faults); diff != "" {
		t.Error(diff)
	}
	if len(e.ids) != len(sent) {
		t.Errorf("%d of %d arrived", len(e.ids), len(sent))
	}
	if err := s.Send(t.Context(), sent[0]); err != nil || e.ids[len(e.ids)-1] != e.ids[0] {
		t.Errorf("a notice that is sent again has another id: %v %v", err, e.ids)
	}
}

// TestSignature: nothing of a delivery can be changed, and an old one is not
// taken for a new one.
func TestSignature(t *testing.T) {
	text := []byte(`{"version":1}`)
	now := time.Now()
	good := Sign(switchgear.NewSecret(secret), now, text)
	stamp := strconv.FormatInt(now.Unix(), 10)
	for _, tt := range []struct {
		name      string
		signature string
		body      string
		key       string
		want      bool
	}{
		{"as sent", good, string(text), secret, true},
		{"another body", good, `{"version":2}`, secret, false},
		{"another secret", good, string(text), "else", false},
		{"another time", strings.Replace(good, "t="+stamp, "t="+strconv.FormatInt(now.Unix()+1, 10), 1), string(text), secret, false},
		{"an hour old", Sign(switchgear.NewSecret(secret), now.Add(-time.Hour), text), string(text), secret, false},
		{"none", "", string(text), secret, false},
		{"half", "t=" + stamp, string(text), secret, false},
		{"no digits", "t=" + stamp + ",v1=zz", string(text), secret, false},
	} {
		if got := verify(tt.signature, []byte(tt.body), []byte(tt.key)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestVerifyIsDocumented: the function that receivers are told to copy is the
// one that was tested.
func TestVerifyIsDocumented(t *testing.T) {
	source, err := os.ReadFile("verify_test.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, function, ok := strings.Cut(string(source), "\nfunc verify(")
	if !ok || !strings.Contains(string(page), "\nfunc verify("+function+"```") {
		t.Error("docs/alerts.md has another function than verify_test.go")
	}
}

func TestFailures(t *testing.T) {
	e := &endpoint{schema: strict(t)}
	server := httptest.NewServer(e)
	defer server.Close()
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server sees a client leave only once it has read the body
		<-r.Context().Done()
	}))
	defer hang.Close()
	broken := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer broken.Close()
	tls := httptest.NewTLSServer(e)
	defer tls.Close()
	for _, tt := range []struct {
		name    string
		url     string
		key     string
		status  int
		timeout time.Duration
		want    alert.Error
	}{
		{"too much", server.URL, secret, 429, time.Minute, alert.Error{Message: "it is told too much at once", Status: 429, Refused: true}},
		{"its fault", server.URL, secret, 503, time.Minute, alert.Error{Message: "it failed", Status: 503, Refused: true}},
		{"no patience", server.URL, secret, 504, time.Minute, alert.Error{Message: "it failed", Status: 504}},
		{"too slow to read", server.URL, secret, 408, time.Minute, alert.Error{Message: "it did not take the notice in time", Status: 408, Refused: true}},
		{"gone", server.URL, secret, 410, time.Minute, alert.Error{Message: "there is nobody at this address", Status: 410, Terminal: true, Refused: true}},
		{"moved", server.URL, secret, 307, time.Minute, alert.Error{Message: "it answered with a redirect, which is not followed", Status: 307, Terminal: true, Refused: true}},
		{"refused", server.URL, secret, 422, time.Minute, alert.Error{Message: "it refused the notice", Status: 422, Terminal: true, Refused: true}},
		{"the wrong secret", server.URL, "another-secret", 0, time.Minute, alert.Error{Message: "it refuses the key or the signature", Status: 401, Terminal: true, Refused: true}},
		{"silence", hang.URL, secret, 0, 50 * time.Millisecond, alert.Error{Message: "it did not answer in time"}},
		{"broken off", broken.URL, secret, 0, time.Minute, alert.Error{Message: "the connection broke off"}},
		{"nobody there", "http://127.0.0.1:1", secret, 0, time.Minute, alert.Error{Message: "the connection was refused", Refused: true}},
		{"no such name", "http://no-such-name.invalid", secret, 0, time.Minute, alert.Error{Message: "its name could not be resolved", Refused: true}},
		{"not who it says", tls.URL, secret, 0, time.Minute, alert.Error{Message: "its certificate is not trusted", Refused: true}},
		{"no address", "http://%zz", secret, 0, time.Minute, alert.Error{Message: "its address cannot be used", Terminal: true, Refused: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.status = nil
			if tt.status != 0 {
				e.status = []int{tt.status}
			}
			ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
			defer cancel()
			s := New(Options{URL: switchgear.NewSecret(tt.url + "/hook/canary-path"), Secret: switchgear.NewSecret(tt.key), Transport: alert.NewTransport()})
			err := s.Send(ctx, alert.TestNotice("prod", time.Now()))
			got, ok := errors.AsType[*alert.Error](err)
			if !ok {
				t.Fatalf("%v", err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Error(diff)
			}
			for _, hidden := range []string{tt.key, "canary", "127.0.0.1", "no-such-name", "elsewhere"} {
				if strings.Contains(err.Error(), hidden) {
					t.Errorf("%q tells %s", err, hidden)
				}
			}
		})
	}
}
