package switchgear

import (
	"strconv"
	"strings"
	"time"
)

// Class is what kind of failure an [Error] is. It alone decides what happens
// next.
type Class uint8

// The classes. What the gateway does about each is said by the methods of
// [Class].
const (
	ClassUnknown     Class = iota // not classified; treated like ClassServer
	ClassInvalid                  // the request is wrong and would be wrong anywhere: the caller's fault
	ClassContext                  // the request is too long for this model; a larger one might take it
	ClassPolicy                   // a content policy or the model itself declined
	ClassAuth                     // the provider refuses our key
	ClassQuota                    // the account behind our key is out of money or over its spending limit
	ClassRateLimited              // our key is over its rate limit
	ClassOverloaded               // the provider has no capacity
	ClassServer                   // the provider failed
	ClassGone                     // the provider does not have this model, or not for us
	ClassConnect                  // the provider could not be reached: refused, reset, DNS, TLS
	ClassTimeout                  // the provider was too slow: a deadline passed
	ClassMalformed                // the provider answered with something that is no answer
	ClassInterrupted              // the answer broke off
	ClassCanceled                 // the caller went away
	ClassExhausted                // the gateway: no step of the chain could serve
	ClassRefused                  // the gateway: a rule of the configuration forbids serving this
	ClassInternal                 // the gateway: a fault of its own
)

var classNames = [...]string{ //nolint:gochecknoglobals // a constant table
	"unknown", "invalid", "context", "policy", "auth", "quota", "rate_limited", "overloaded", "server", "gone",
	"connect", "timeout", "malformed", "interrupted", "canceled", "exhausted", "refused", "internal",
}

// String is the word used in logs, metrics and pages.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "class " + strconv.Itoa(int(c))
}

// Retryable reports whether another try at the same target, after a short
// wait, has a fair chance.
func (c Class) Retryable() bool {
	switch c {
	case ClassUnknown, ClassServer, ClassConnect, ClassMalformed, ClassRateLimited:
		return true
	default:
		return false
	}
}

// FallsOver reports whether the next target of the chain is tried. For
// ClassPolicy it is the route that decides, and for ClassContext only a target
// with a larger context window will do; both report false here.
func (c Class) FallsOver() bool {
	switch c {
	case ClassUnknown, ClassAuth, ClassQuota, ClassRateLimited, ClassOverloaded, ClassServer, ClassGone,
		ClassConnect, ClassTimeout, ClassMalformed, ClassInterrupted:
		return true
	default:
		return false
	}
}

// CoolsKey reports whether the failure says something about the key that was
// used, rather than about the target.
func (c Class) CoolsKey() bool {
	return c == ClassAuth || c == ClassQuota || c == ClassRateLimited
}

// BlamesTarget reports whether the failure counts against the target's
// breaker.
func (c Class) BlamesTarget() bool {
	switch c {
	case ClassUnknown, ClassOverloaded, ClassServer, ClassGone, ClassConnect, ClassTimeout, ClassMalformed, ClassInterrupted:
		return true
	default:
		return false
	}
}

// NeedsBody reports whether it can be the request's body that brought the
// failure about. Failures for which it cannot are held against a target even
// when they all come from one request's repeats.
func (c Class) NeedsBody() bool {
	return c != ClassConnect && c != ClassAuth
}

// NeedsBody reports whether it can be the request's body that brought this
// failure about: see [Class.NeedsBody].
func (e *Error) NeedsBody() bool { return e.Class.NeedsBody() || e.Marks.Has(MarkSent) }

// CoolsKey reports whether the key is to be left alone for a while: see
// [Class.CoolsKey]. A request that is too dear says nothing about the key.
func (e *Error) CoolsKey() bool { return e.Class.CoolsKey() && !e.Marks.Has(MarkDear) }

// NeedsPerson reports whether nothing but a person's doing will end the failure:
// see [Class.NeedsPerson].
func (e *Error) NeedsPerson() bool { return e.Class.NeedsPerson() && !e.Marks.Has(MarkDear) }

// NeedsPerson reports whether nothing but a person's doing will end the
// failure: a key to be replaced, a bill to be paid, a model to be swapped.
func (c Class) NeedsPerson() bool {
	return c == ClassAuth || c == ClassQuota || c == ClassGone
}

// Mark is what else the provider's words tell of a failure, besides its class.
// Marks are bits.
type Mark uint8

// The marks.
const (
	// MarkEdge: what stands before the provider failed, or answered in its
	// place. It speaks of the whole provider rather than of one model.
	MarkEdge Mark = 1 << iota
	// MarkUnsure: the request was refused in words that are not known. It may be
	// the caller's mistake or the provider's; a second opinion is worth asking.
	MarkUnsure
	// MarkRamp: the provider asks for less rather than for a wait. The rate at
	// which the target is called is to be cut.
	MarkRamp
	// MarkUnclassified: the provider gave a code or a type that is in no table,
	// so that the class is only what the status says. Worth counting: the
	// tables want a new row.
	MarkUnclassified
	// MarkSettled: nothing that a second try at the same target does can change
	// the outcome, although its class is one that is tried again: nobody
	// listens, the name has no address, the certificate does not hold, the time
	// for connecting is used up.
	MarkSettled
	// MarkSent: there was a connection, and it was lost once the request was on
	// its way or there. The provider may be down, or this request's body may be
	// what brings it down.
	MarkSent
	// MarkDear: the account has money, but less than this request may cost. A
	// smaller one may do, so that the key is none the worse for it.
	MarkDear
)

// Has reports whether all of some marks are set.
func (m Mark) Has(of Mark) bool { return m&of == of }

// The codes the gateway itself gives. A provider's own codes pass through.
const (
	CodeChainExhausted    = "chain_exhausted"
	CodeFloorRefused      = "floor_refused"
	CodeSpendLimit        = "spend_limit"
	CodeRateLimit         = "rate_limit"
	CodeUnknownRoute      = "unknown_route"
	CodeTerminalUpstream  = "terminal_upstream"
	CodeContentPolicy     = "content_policy"
	CodeStreamInterrupted = "stream_interrupted"
	CodeLeversDropped     = "levers_dropped"
)

// Error is every failure there is.
type Error struct {
	Class      Class
	Marks      Mark
	Status     int           // HTTP status the provider answered with; 0 if it gave none
	Provider   string        // whose failure; "" for the gateway's own
	Code       string        // one of the Code constants, or the provider's own code or type
	Message    string        // in our words: safe to log
	Detail     string        // in the provider's words, which may quote the request: for the caller, never for a log
	Param      string        // the member of the request it is about, where that is known
	RetryAfter time.Duration // how long the provider asks to wait; 0 if it did not say
	Dialect    string        // the dialect Body is written in
	Body       []byte        // the provider's answer as it came, at most 64 KiB; may quote the request
	Err        error         // the cause; must be safe to log
	Trace      *Trace        // set by the gateway
}

// Error says what happened in words that are safe to log: it leaves out
// Detail and Body.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Provider != "" {
		b.WriteString(e.Provider)
		b.WriteString(": ")
	}
	b.WriteString(e.Class.String())
	if e.Status != 0 {
		b.WriteString(" (" + strconv.Itoa(e.Status) + ")")
	}
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Retryable reports whether another try at the same target has a fair chance:
// what its class says, unless the matter is settled.
func (e *Error) Retryable() bool { return e.Class.Retryable() && !e.Marks.Has(MarkSettled) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
