package failover

import (
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// The codes of a request that no step of its route can take. Where nothing but
// levers is in the way, the code is [switchgear.CodeLeversDropped].
const (
	CodeDialectMismatch = "dialect_mismatch"        // it is in a protocol no target speaks
	CodeUnsupported     = "unsupported"             // no target can do what it asks
	CodeTooLong         = "context_length_exceeded" // it is much too long for every target: OpenAI's own word, which clients know
)

// barrier is why a step cannot take a request, whatever its state, as bits.
type barrier uint8

const (
	barForeign  barrier = 1 << iota // it does not speak the request's dialect
	barProvider                     // its provider cannot do what is asked
	barModel                        // its model lacks what is asked
	barWindow                       // its context window is much too small
	barDrops                        // something would be left out, and the route is strict
	barFallback                     // another step comes first, and no fallback was asked for
)

// obstacle says why a step cannot take the request, and which part of the
// request is in the way.
func (j *job) obstacle(step *Step, lacks func(switchgear.Provider) string) (kind barrier, reason, param string) {
	if j.foreign(step) && j.foreigns == nil {
		return barForeign, "does not speak " + j.dialect, ""
	}
	if lacks != nil {
		if reason := lacks(step.Provider); reason != "" {
			return barProvider, reason, ""
		}
	}
	return j.needs.beyond(step)
}

// bar notes that a step cannot take the request.
func (j *job) bar(i int, kind barrier, reason, param string) {
	if j.unable == nil {
		j.unable = make([]string, len(j.plan.Steps))
	}
	j.unable[i] = reason
	j.barred |= kind
	if j.param == "" {
		j.param = param
	}
}

// withdraw notes that a step would have had to leave something out. Without
// fallback it is then the next one that is the first.
func (j *job) withdraw(i int, reason, param string) {
	j.bar(i, barDrops, reason, param)
	for k := i + 1; k < len(j.plan.Steps); k++ {
		if j.unable[k] == skipFallback {
			j.unable[k] = ""
			return
		}
	}
}

// wouldDrop says what a target would have had to leave out, where that is why
// its provider called nobody; "" for every other failure.
func wouldDrop(err *switchgear.Error) string {
	if err == nil || err.Class != switchgear.ClassRefused || err.Code != switchgear.CodeLeversDropped {
		return ""
	}
	if err.Trace != nil && len(err.Trace.Dropped) > 0 {
		return "would drop " + strings.Join(err.Trace.Dropped, ", ")
	}
	return "would drop something"
}

// impossible is the error for a request that no step can take, whatever its
// state; nil if there is one that could.
func (j *job) impossible() *switchgear.Error {
	if j.unable == nil {
		return nil
	}
	var why strings.Builder
	for i := range j.plan.Steps {
		if j.able(i) {
			return nil
		}
		if i > 0 {
			why.WriteString(", ")
		}
		why.WriteString(j.plan.Steps[i].Target.String() + " " + j.unable[i])
	}
	e := &switchgear.Error{Class: switchgear.ClassInvalid, Code: CodeUnsupported, Param: j.param}
	route := "route " + strconv.Quote(j.plan.Route)
	e.Message = route + " has no target that can do this: " + why.String() + ". Use another route."
	switch j.barred &^ barFallback {
	case barForeign:
		e.Code = CodeDialectMismatch
		e.Message = route + " has no step that can take a request of this kind in the " + j.dialect +
			" protocol: use a client of the protocol its targets speak (" + j.spoken() + "), or a route whose chain has a target that speaks " + j.dialect + "."
	case barDrops:
		e.Code = switchgear.CodeLeversDropped
		e.Message = route + " is strict, and none of its targets can be told the whole request: " + why.String() +
			". Leave it out of the request, or use another route."
	case barWindow:
		e.Class, e.Code = switchgear.ClassContext, CodeTooLong
		e.Message = "prompt is too long for " + route + ": " + why.String() + ". Shorten the request, or use another route."
	default:
	}
	return e
}

// spoken lists what the targets of the plan speak, each once.
func (j *job) spoken() string {
	var words []string
	seen := map[string]bool{}
	for i := range j.plan.Steps {
		for _, d := range j.plan.Steps[i].Dialects {
			if !seen[d] {
				seen[d] = true
				words = append(words, d)
			}
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
