// Package pagerduty delivers alerts to PagerDuty, by its Events API version 2.
package pagerduty

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/alert"
)

// URL is where events go for accounts in the United States. Those of the
// European service region have another.
const (
	URL   = "https://events.pagerduty.com/v2/enqueue"
	URLEU = "https://events.eu.pagerduty.com/v2/enqueue"
)

// Options say where to deliver.
type Options struct {
	Key       switchgear.Secret // the routing key of an integration: 32 letters and digits
	URL       string            // "" for [URL]
	Transport http.RoundTripper
}

// Sink is one integration.
type Sink struct{ options Options }

// New makes a sink.
func New(o Options) *Sink {
	if o.URL == "" {
		o.URL = URL
	}
	return &Sink{options: o}
}

// event is what PagerDuty takes.
type event struct {
	RoutingKey  string   `json:"routing_key"`
	EventAction string   `json:"event_action"`
	DedupKey    string   `json:"dedup_key"`
	Client      string   `json:"client,omitempty"`
	Payload     *payload `json:"payload,omitempty"` // not of a resolve
}

type payload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source"`
	Severity  alert.Severity `json:"severity"`
	Timestamp string         `json:"timestamp"`
	Component string         `json:"component,omitempty"`
	Group     string         `json:"group,omitempty"`
	Class     string         `json:"class,omitempty"`
	Details   map[string]any `json:"custom_details,omitempty"`
}

// Send delivers a notice. PagerDuty puts a second trigger of the same key with
// the first and pages nobody again, which is what an update is to do.
func (s *Sink) Send(ctx context.Context, n *alert.Notice) error {
	body, err := json.Marshal(s.event(n))
	if err != nil {
		return &alert.Error{Message: "the notice cannot be written as JSON", Terminal: true, Refused: true}
	}
	err = alert.Delivery{Address: s.options.URL, Body: body, Success: http.StatusAccepted}.Post(ctx, s.options.Transport)
	if e, ok := err.(*alert.Error); ok && e.Status == http.StatusBadRequest { //nolint:errorlint // Post wraps nothing
		e.Message = "it refused the event: most likely the routing key is not that of an Events API v2 integration"
	}
	return err
}

func (s *Sink) event(n *alert.Notice) *event {
	e := &event{RoutingKey: s.options.Key.Reveal(), EventAction: "trigger", DedupKey: n.Key, Client: "Switchgear"}
	if n.Action == alert.Resolve {
		e.EventAction = "resolve"
		return e
	}
	e.Payload = &payload{
		Summary: n.Summary, Source: source(n.Instance), Severity: n.Severity, Timestamp: n.Opened.UTC().Format(time.RFC3339),
		Component: component(n), Group: n.Instance, Class: strings.Join(n.Kinds, ","), Details: details(n),
	}
	return e
}

// source must not be empty.
func source(instance string) string {
	if instance == "" {
		return "switchgear"
	}
	return instance
}

func component(n *alert.Notice) string {
	if n.Route != "" {
		return n.Route
	}
	return n.Provider
}

// details are the lines that are read after the summary.
func details(n *alert.Notice) map[string]any {
	out := map[string]any{"notice": n.ID}
	lines := make([]string, 0, len(n.Conditions))
	for i := range n.Conditions {
		lines = append(lines, conditionLine(n, &n.Conditions[i]))
	}
	if n.More > 0 {
		lines = append(lines, strconv.Itoa(n.More)+" more")
	}
	if len(lines) > 0 {
		out["what"] = lines
	}
	routes := make([]string, 0, len(n.Routes))
	for _, r := range n.Routes {
		routes = append(routes, routeLine(r))
	}
	if len(routes) > 0 {
		out["routes"] = routes
	}
	return out
}

func conditionLine(n *alert.Notice, c *alert.Condition) string {
	subject := component(n)
	switch {
	case c.Target != "":
		subject = c.Target
	case c.Credential != "":
		subject = c.Credential
	}
	words := []string{c.Kind + " " + subject}
	if c.Reason != "" {
		words = append(words, c.Reason)
	}
	if c.Status != 0 {
		words = append(words, "HTTP "+strconv.Itoa(c.Status))
	}
	if c.Of > 0 {
		words = append(words, strconv.Itoa(c.Failed)+" of "+strconv.Itoa(c.Of)+" failed")
	}
	words = append(words, "since "+c.Since.UTC().Format(time.RFC3339))
	if !c.Ended.IsZero() {
		words = append(words, "ended "+c.Ended.UTC().Format(time.RFC3339))
	} else if !c.Until.IsZero() {
		words = append(words, "next trial "+c.Until.UTC().Format(time.RFC3339))
	}
	return strings.Join(words, ", ")
}

func routeLine(r alert.Impact) string {
	line := r.Route
	if r.Stakes != "" {
		line += " (stakes " + r.Stakes + ")"
	}
	switch {
	case r.Stranded:
		return line + ": no way out"
	case r.Serving != "":
		return line + ": now served by " + r.Serving
	default:
		return line
	}
}
