package alert

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// Action is what a notice does to an incident.
type Action string

// The actions.
const (
	Trigger Action = "trigger" // it began
	Update  Action = "update"  // more is wrong than was told
	Resolve Action = "resolve" // it is over
)

// Severity is how bad an incident is, least first.
type Severity uint8

// The severities.
const (
	Info Severity = iota
	Warning
	Serious // "error", in the words of pagers
	Critical
)

// String is the word pagers use.
func (s Severity) String() string {
	return [...]string{"info", "warning", "error", "critical"}[min(s, Critical)]
}

// MarshalText makes the severity a word in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Notice is what a receiver is told. It holds nothing of what was asked or
// answered, no key, and nothing in a provider's words.
type Notice struct {
	ID         string // of this notice; the same each time it is tried
	Key        string // of the incident; the same from its beginning to its end
	Action     Action
	Severity   Severity
	Summary    string // one line
	Instance   string
	Provider   string // "" for an incident of a route
	Route      string // "" for an incident of a provider
	Opened     time.Time
	At         time.Time
	Test       bool // sent by hand, to see whether it arrives
	Kinds      []string
	Conditions []Condition
	More       int // conditions that are not listed
	Routes     []Impact

	serial uint64 // of the incident
}

// Condition is one thing that is wrong.
type Condition struct {
	Kind       string
	Target     string // provider/model; "" for the whole provider
	Credential string // the name of a key, never the key; "" if it is about none
	Reason     string
	Class      string // of the failure; "" if none is known
	Status     int    // HTTP status; 0 for none
	Failed     int    // of Of requests
	Of         int
	Since      time.Time
	Until      time.Time // when it is tried again; zero if that is not known
	Ended      time.Time // zero while it lasts
	Opens      int       // how often it began within this incident
}

// Impact is what an incident means for a route.
type Impact struct {
	Route    string
	Stakes   string
	Serving  string // who carries its load; "" if that is not known
	Stranded bool   // nobody is left who could serve it
}

// maxSummary is the most bytes PagerDuty takes as a summary.
const maxSummary = 1024

// listed is how many conditions of an incident a notice lists.
const listed = 50

// view is an incident as far as a receiver wants to know of it.
func (i *incident) view(on []string) []place {
	return slices.DeleteFunc(i.sortedPlaces(), func(p place) bool { return !Matches(on, p.kind) })
}

// notice writes what a receiver is told of an incident.
func (a *Alerts) notice(i *incident, seen []place, action Action, now time.Time) *Notice {
	impacts := a.impacts(i, now)
	n := &Notice{
		ID: newID(), Key: i.key, Action: action, Severity: severity(i, impacts), Instance: a.instance,
		Provider: i.provider, Route: i.route, Opened: i.opened, At: now, Routes: impacts, serial: i.serial,
		More: i.more,
	}
	for _, p := range seen {
		if !slices.Contains(n.Kinds, p.kind) {
			n.Kinds = append(n.Kinds, p.kind)
		}
		if len(n.Conditions) == listed {
			n.More++
			continue
		}
		n.Conditions = append(n.Conditions, i.conditions[p].told(p, now))
	}
	n.Summary = n.sentence(i)
	return n
}

// told is a condition as a notice tells it.
func (c *condition) told(p place, now time.Time) Condition {
	e := &c.event
	out := Condition{
		Kind: p.kind, Credential: p.credential, Reason: e.Reason, Status: e.Status, Failed: e.Bad, Of: e.N,
		Since: c.since, Until: e.Until, Opens: c.opens,
	}
	if p.target != (switchgear.Target{}) {
		out.Target = p.target.String()
	}
	if e.Class != switchgear.ClassUnknown {
		out.Class = e.Class.String()
	}
	if c.over(now) {
		out.Ended = c.ended
	}
	return out
}

func newID() string { return "ntc_" + strings.ToLower(rand.Text()) }

// short is eight letters that tell one text from another.
func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// TestNotice is the beginning of an incident that is none, to see whether it
// arrives.
func TestNotice(instance string, now time.Time) *Notice {
	id := newID()
	return &Notice{
		ID: id, Key: "switchgear/" + plain(instance) + "/test/" + strings.TrimPrefix(id, "ntc_"), Action: Trigger, Severity: Info,
		Summary: "Test of Switchgear's alerts: nothing is wrong. It resolves itself.", Instance: plain(instance),
		Opened: now, At: now, Test: true,
		Kinds: []string{}, Conditions: []Condition{}, Routes: []Impact{},
	}
}

// End is the notice that an incident is over.
func (n *Notice) End(now time.Time) *Notice {
	end := *n
	end.ID, end.Action, end.At = newID(), Resolve, now
	end.Summary = "Test of Switchgear's alerts: over."
	return &end
}
