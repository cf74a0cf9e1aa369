package alert

import (
	"path"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// scope says which events make one incident together.
type scope string

// The scopes. Keys and models are incidents apart from circuits: the alert of a
// key that waits a day for a person must not hide a circuit that opens.
const (
	scopeCircuit scope = "circuit" // of a provider
	scopeKey     scope = "key"     // of a provider
	scopeModel   scope = "model"   // of a target
	scopeDrift   scope = "drift"   // of a target
	scopeRoute   scope = "route"   // of a route
	scopeConfig  scope = "config"  // of the configuration
	scopeSwap    scope = "swap"    // of a route
	scopeNews    scope = "news"    // of a route: nothing is wrong, and it is not to delay what is
)

// kind is how events of a kind behave.
type kind struct {
	scope scope
	ends  []string      // the kinds it is the end of
	hold  time.Duration // how long it lasts after it was last told of
	lasts bool          // it lasts until its end is told
	word  string        // what happened, in a summary
}

// The holds. The end of these is told only if somebody goes on trying: of a key
// that was taken out of the file nobody ever hears again. What is not told of
// for this long is taken to be over.
const (
	holdKey   = 24 * time.Hour
	holdModel = 24 * time.Hour
	holdRoute = 2 * sayEvery // while it lasts, it is told of every sayEvery
	holdSwap  = 7 * 24 * time.Hour
)

// kinds are all that is known.
var kinds = map[string]kind{ //nolint:gochecknoglobals // a constant table
	switchgear.AlertCircuitOpen:    {scope: scopeCircuit, lasts: true, word: "circuit open"},
	switchgear.AlertCircuitClose:   {scope: scopeCircuit, ends: []string{switchgear.AlertCircuitOpen, switchgear.AlertModelGone}},
	switchgear.AlertKeyRefused:     {scope: scopeKey, hold: holdKey, word: "key refused"},
	switchgear.AlertKeyExhausted:   {scope: scopeKey, hold: holdKey, word: "account exhausted"},
	switchgear.AlertModelGone:      {scope: scopeModel, hold: holdModel, word: "model gone"},
	switchgear.AlertModelDrift:     {scope: scopeDrift, hold: holdModel, word: "model drift"},
	switchgear.AlertRouteFailing:   {scope: scopeRoute, hold: holdRoute, word: "failing"},
	switchgear.AlertKeyRestored:    {scope: scopeKey, ends: []string{switchgear.AlertKeyRefused, switchgear.AlertKeyExhausted}},
	switchgear.AlertRouteRecovered: {scope: scopeRoute, ends: []string{switchgear.AlertRouteFailing}},
	switchgear.AlertReloadRefused:  {scope: scopeConfig, lasts: true, word: "not taken"},
	switchgear.AlertSwapStarted:    {scope: scopeNews, word: "canary begun"},
	switchgear.AlertSwapFinished:   {scope: scopeSwap, hold: holdSwap, word: "canary ready"},
	switchgear.AlertSwapReverted:   {scope: scopeSwap, hold: holdSwap, word: "canary withdrawn"},
	switchgear.AlertSwapEnded:      {scope: scopeSwap, ends: []string{switchgear.AlertSwapFinished, switchgear.AlertSwapReverted}},
	switchgear.AlertReloadTaken:    {scope: scopeConfig, ends: []string{switchgear.AlertReloadRefused}},
}

// needsPerson reports whether nothing but a person's doing ends a kind.
func needsPerson(name string) bool {
	for _, k := range switchgear.AlertKinds() {
		if k.Name == name {
			return k.Person
		}
	}
	return false
}

// Matches reports whether one of some patterns names a kind. A * stands for any
// letters.
func Matches(patterns []string, kind string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, kind); err == nil && ok {
			return true
		}
	}
	return false
}

// subject is what an event's incident is about, as the last part of its key.
func (e *Event) subject(s scope) string {
	switch s {
	case scopeCircuit, scopeKey:
		return e.provider()
	case scopeModel, scopeDrift:
		return e.Target.String()
	case scopeConfig:
		return "configuration"
	case scopeRoute, scopeSwap, scopeNews:
		fallthrough
	default:
		if len(e.Routes) > 0 {
			return e.Routes[0]
		}
		return ""
	}
}

func (e *Event) provider() string {
	if e.Provider == "" {
		return e.Target.Provider
	}
	return e.Provider
}

// What the words of an event may be at most, in bytes. Ours are shorter: a
// longer one is a mistake, and is not to become a payload of megabytes.
const (
	maxWord   = 200
	maxRoutes = 50
)

// clean keeps an event's words to one line and a length.
func (e *Event) clean() {
	e.Provider, e.Credential, e.Reason, e.Serving = plain(e.provider()), plain(e.Credential), plain(e.Reason), plain(e.Serving)
	e.Target = switchgear.Target{Provider: plain(e.Target.Provider), Model: plain(e.Target.Model)}
	if e.Target.Model == "" {
		e.Target = switchgear.Target{}
	}
	e.Routes, e.Stranded = plainAll(e.Routes), plainAll(e.Stranded)
}

func plainAll(words []string) []string {
	words = words[:min(len(words), maxRoutes)]
	out := make([]string, 0, len(words))
	for _, w := range words {
		out = append(out, plain(w))
	}
	return out
}

func plain(s string) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > maxWord {
		s = strings.ToValidUTF8(s[:maxWord], "") + "..."
	}
	return s
}
