package admin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode"
)

// The orders an operator may give about a circuit.
const (
	VerbHold    = "hold"    // no attempt until it is released
	VerbTrial   = "trial"   // try it now, whatever is left of its cool-off
	VerbRelease = "release" // end the hold, and readmit it gently
)

// Order is what an operator wants done to a target's circuit.
type Order struct {
	Verb   string `json:"-"`
	Target string `json:"target"` // provider/model
	By     string `json:"by"`     // who says so, for the audit line
	From   string `json:"-"`      // the address it came from
}

// ErrUnknownTarget is the error for a target that no route uses.
var ErrUnknownTarget = errors.New("no route uses this target")

const (
	longestOrder = 4 << 10 // bytes
	longestBy    = 100
)

// circuit takes an order. Its body names a target of the routing table and
// nothing else: there is no text in it that is acted on.
func (o Options) circuit(w http.ResponseWriter, r *http.Request) {
	order := Order{Verb: r.PathValue("verb"), From: r.RemoteAddr}
	switch order.Verb {
	case VerbHold, VerbTrial, VerbRelease:
	default:
		reply(w, http.StatusNotFound, map[string]string{"error": "A circuit can be told to hold, trial or release."})
		return
	}
	d := json.NewDecoder(io.LimitReader(r.Body, longestOrder))
	d.DisallowUnknownFields()
	if err := d.Decode(&order); err != nil || order.Target == "" {
		reply(w, http.StatusBadRequest, map[string]string{"error": `Say which target: {"target": "provider/model", "by": "your name"}.`})
		return
	}
	order.Target, order.By = line(order.Target), printable(order.By)
	switch err := o.Circuit(order); {
	case errors.Is(err, ErrUnknownTarget):
		reply(w, http.StatusNotFound, map[string]string{"error": "No route uses " + printable(order.Target) + "; GET /status lists the targets there are."})
	case err != nil:
		reply(w, http.StatusConflict, map[string]string{"error": err.Error()})
	default:
		reply(w, http.StatusOK, o.Status())
	}
}

// line is a text as it may stand in a log line: what moves a cursor, breaks a
// line or turns the direction of writing is left out.
func line(s string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, s)
}

// printable is such a text, and not a long one.
func printable(s string) string {
	s = line(s)
	if r := []rune(s); len(r) > longestBy {
		return string(r[:longestBy])
	}
	return s
}
