package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/alert"
)

const routingKey = "canaryroutingkey0123456789abcdef"

// pager is PagerDuty as far as senders can tell.
type pager struct {
	schema *jsonschema.Schema
	got    []map[string]any
	faults []string // what was wrong with what it was sent
	status []int    // answers, in turn; then by what it was sent
}

func newPager(t *testing.T) (*pager, *httptest.Server) {
	t.Helper()
	text, err := os.ReadFile("testdata/event.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("event.json", document); err != nil {
		t.Fatal(err)
	}
	p := &pager{}
	if p.schema, err = compiler.Compile("event.json"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return p, server
}

func (p *pager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Method != http.MethodPost || r.URL.Path != "/v2/enqueue" || r.Header.Get("Content-Type") != "application/json" {
		p.faults = append(p.faults, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type"))
	}
	if len(p.status) > 0 {
		status := p.status[0]
		p.status = p.status[1:]
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "7")
		}
		w.WriteHeader(status)
		_, _ = w.Write(body) // as unkind as can be: it repeats the key
		return
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = p.schema.Validate(value)
	}
	event, _ := value.(map[string]any)
	if err != nil {
		p.faults = append(p.faults, err.Error())
	}
	if err != nil || event["routing_key"] != routingKey {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"status":"invalid event","message":"Event object is invalid","errors":["routing_key"]}`)
		return
	}
	p.got = append(p.got, event)
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]})
}

// keeper is a sink that keeps notices, to be sent outside of the bubble.
type keeper struct{ got []*alert.Notice }

func (k *keeper) Send(_ context.Context, n *alert.Notice) error {
	k.got = append(k.got, n)
	return nil
}

// notices are those of an outage that grows, and of a route that fails.
func notices(t *testing.T) []*alert.Notice {
	t.Helper()
	k := &keeper{}
	synctest.Test(t, func(t *testing.T) {
		a := alert.New(alert.Options{Instance: "prod", Receivers: []alert.Receiver{{Name: "r", Sink: k, On: []string{"*"}}}, Routes: []alert.Route{
			{Name: "chat", Stakes: switchgear.StakesHigh, Targets: []switchgear.Target{{Provider: "a", Model: "m"}, {Provider: "b", Model: "m"}}},
		}})
		open := alert.Event{
			Kind: switchgear.AlertCircuitOpen, Provider: "a", Target: switchgear.Target{Provider: "a", Model: "m"}, Reason: "overloaded",
			Until: time.Now().Add(10 * time.Second), Class: switchgear.ClassOverloaded, Status: 529, Bad: 8, N: 12,
		}
		a.Tell(open)
		time.Sleep(3 * time.Second)
		more := open
		more.Target = switchgear.Target{}
		a.Tell(more)
		for range 5 {
			a.Observe("chat", false, time.Now())
		}
		time.Sleep(2 * time.Minute)
		for _, e := range []alert.Event{open, more} {
			e.Kind = switchgear.AlertCircuitClose
			a.Tell(e)
		}
		time.Sleep(10 * time.Minute)
		if err := a.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return k.got
}

func TestEvents(t *testing.T) {
	p, server := newPager(t)
	s := New(Options{Key: switchgear.NewSecret(routingKey), URL: server.URL + "/v2/enqueue", Transport: server.Client().Transport})
	sent := notices(t)
	test := alert.TestNotice("prod", time.Now())
	sent = append(sent, test, test.End(time.Now()))
	for _, n := range sent {
		if err := s.Send(t.Context(), n); err != nil {
			t.Errorf("%s %s: %v", n.Action, n.Key, err)
		}
	}
	if diff := cmp.Diff([]string(nil), p.faults); diff != "" {
		t.Error(diff)
	}
	actions := map[string][]string{}
	for _, e := range p.got {
		key := e["dedup_key"].(string)
		if strings.HasPrefix(key, "switchgear/prod/test/") {
			key = "test"
		}
		actions[key] = append(actions[key], e["event_action"].(string))
	}
	want := map[string][]string{
		"switchgear/prod/circuit/a": {"trigger", "trigger", "resolve"}, "switchgear/prod/route/chat": {"trigger", "resolve"}, "test": {"trigger", "resolve"},
	}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Error(diff)
	}
	first := p.got[0]["payload"].(map[string]any)
	if first["summary"] != "a: circuit open (overloaded, 66% of 12 failed) on m. chat now by b/m" || first["severity"] != "error" || first["source"] != "prod" || first["component"] != "a" {
		t.Errorf("%v", first)
	}
	what := first["custom_details"].(map[string]any)["what"].([]any)
	if len(what) != 1 || what[0] != "circuit_open a/m, overloaded, HTTP 529, 8 of 12 failed, since 2000-01-01T00:00:00Z, next trial 2000-01-01T00:00:10Z" {
		t.Errorf("%v", what)
	}
}

// TestFailures: what each answer means, and that no error tells the key or the
// address.
func TestFailures(t *testing.T) {
	p, server := newPager(t)
	right := Options{Key: switchgear.NewSecret(routingKey), URL: server.URL + "/v2/enqueue", Transport: server.Client().Transport}
	wrong := right
	wrong.Key = switchgear.NewSecret("thewrongkey0123456789abcdef01234")
	nobody := right
	nobody.URL = "http://127.0.0.1:1/v2/enqueue"
	for _, tt := range []struct {
		name   string
		o      Options
		status int
		want   alert.Error
	}{
		{"too much", right, 429, alert.Error{Message: "it is told too much at once", Status: 429, Refused: true, RetryAfter: 7 * time.Second}},
		{"its fault", right, 500, alert.Error{Message: "it failed", Status: 500, Refused: true}},
		{"a redirect", right, 302, alert.Error{Message: "it answered with a redirect, which is not followed", Status: 302, Terminal: true, Refused: true}},
		{"a page of somebody else's", right, 200, alert.Error{Message: "what answers at this address is something else", Status: 200, Terminal: true, Refused: true}},
		{"the wrong key", wrong, 0, alert.Error{Message: "it refused the event: most likely the routing key is not that of an Events API v2 integration", Status: 400, Terminal: true, Refused: true}},
		{"nobody there", nobody, 0, alert.Error{Message: "the connection was refused", Refused: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p.status = nil
			if tt.status != 0 {
				p.status = []int{tt.status}
			}
			err := New(tt.o).Send(t.Context(), alert.TestNotice("prod", time.Now()))
			got, ok := errors.AsType[*alert.Error](err)
			if !ok {
				t.Fatalf("%v", err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Error(diff)
			}
			for _, secret := range []string{routingKey, tt.o.Key.Reveal(), tt.o.URL, "127.0.0.1", "enqueue"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q tells %s", err, secret)
				}
			}
		})
	}
}

func TestWhere(t *testing.T) {
	if got := New(Options{}).options.URL; got != URL {
		t.Error(got)
	}
	if URL == URLEU || !strings.HasPrefix(URLEU, "https://events.eu.") {
		t.Error(URLEU)
	}
}
