// Package webhook delivers alerts to an HTTP endpoint of the user's own, signed
// so that the endpoint can tell them from anybody else's. docs/alerts.md says
// what it gets, and docs/alert-webhook.schema.json how the body is written.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/alert"
)

// The headers of a delivery.
const (
	HeaderSignature = "Switchgear-Signature" // t=SECONDS,v1=HEX
	HeaderID        = "Switchgear-Id"        // of the notice; the same when it is tried again
	HeaderVersion   = "Switchgear-Version"   // of the body's format
)

// version of the body's format. New members may appear within a version.
const version = 1

// Options say where to deliver.
type Options struct {
	URL       switchgear.Secret // whoever knows it can post to it
	Secret    switchgear.Secret // what deliveries are signed with
	Transport http.RoundTripper
}

// Sink is one endpoint.
type Sink struct{ options Options }

// New makes a sink.
func New(o Options) *Sink { return &Sink{options: o} }

// Send delivers a notice.
func (s *Sink) Send(ctx context.Context, n *alert.Notice) error {
	body, err := json.Marshal(bodyOf(n))
	if err != nil {
		return &alert.Error{Message: "the notice cannot be written as JSON", Terminal: true, Refused: true}
	}
	header := http.Header{
		HeaderSignature: {Sign(s.options.Secret, time.Now(), body)},
		HeaderID:        {n.ID},
		HeaderVersion:   {strconv.Itoa(version)},
	}
	return alert.Delivery{Address: s.options.URL.Reveal(), Header: header, Body: body}.Post(ctx, s.options.Transport)
}

// Sign is the signature of a body: the time it was sent at, and the
// HMAC-SHA-256 of that time, a dot and the body.
func Sign(secret switchgear.Secret, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// body is what is sent.
type body struct {
	Version    int            `json:"version"`
	ID         string         `json:"id"`
	Key        string         `json:"key"`
	Action     alert.Action   `json:"action"`
	Severity   alert.Severity `json:"severity"`
	Summary    string         `json:"summary"`
	Instance   string         `json:"instance"`
	Test       bool           `json:"test"`
	Provider   string         `json:"provider,omitempty"`
	Route      string         `json:"route,omitempty"`
	OpenedAt   time.Time      `json:"opened_at"`
	At         time.Time      `json:"at"`
	Kinds      []string       `json:"kinds"`
	Conditions []condition    `json:"conditions"`
	More       int            `json:"more"`
	Routes     []impact       `json:"routes"`
}

type condition struct {
	Kind    string     `json:"kind"`
	Target  string     `json:"target,omitempty"`
	Key     string     `json:"credential,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	Class   string     `json:"class,omitempty"`
	Status  int        `json:"status,omitempty"`
	Failed  int        `json:"failed"`
	Of      int        `json:"of"`
	Opens   int        `json:"opens"`
	Since   time.Time  `json:"since"`
	TrialAt *time.Time `json:"trial_at,omitempty"`
	EndedAt *time.Time `json:"ended_at,omitempty"`
}

type impact struct {
	Route    string `json:"route"`
	Stakes   string `json:"stakes,omitempty"`
	Serving  string `json:"serving,omitempty"`
	Stranded bool   `json:"stranded"`
}

func bodyOf(n *alert.Notice) *body {
	b := &body{
		Version: version, ID: n.ID, Key: n.Key, Action: n.Action, Severity: n.Severity, Summary: n.Summary,
		Instance: n.Instance, Test: n.Test, Provider: n.Provider, Route: n.Route, OpenedAt: n.Opened.UTC(), At: n.At.UTC(),
		Kinds: append([]string{}, n.Kinds...), Conditions: []condition{}, More: n.More, Routes: []impact{},
	}
	for i := range n.Conditions {
		c := &n.Conditions[i]
		b.Conditions = append(b.Conditions, condition{
			Kind: c.Kind, Target: c.Target, Key: c.Credential, Reason: c.Reason, Class: c.Class, Status: c.Status, Failed: c.Failed, Of: c.Of,
			Opens: c.Opens, Since: c.Since.UTC(), TrialAt: orNone(c.Until), EndedAt: orNone(c.Ended),
		})
	}
	for _, r := range n.Routes {
		b.Routes = append(b.Routes, impact(r))
	}
	return b
}

func orNone(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
