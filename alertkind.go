package switchgear

// The kinds of alerts: what may happen that someone wants to be told of. A
// configuration names them, by pattern, where it says who is told of what.
const (
	AlertCircuitOpen    = "circuit_open"    // a target, or a whole provider, is left alone
	AlertCircuitClose   = "circuit_close"   // it serves again, or the model is back
	AlertKeyRefused     = "key_refused"     // a provider refuses one of our keys
	AlertKeyExhausted   = "key_exhausted"   // an account is out of money, or over the limit set for it
	AlertKeyRestored    = "key_restored"    // a key works again
	AlertModelGone      = "model_gone"      // a provider no longer has a model
	AlertModelDrift     = "model_drift"     // a provider answers with another model than the one that was asked for
	AlertRouteFailing   = "route_failing"   // users of a route get errors
	AlertRouteRecovered = "route_recovered" // they no longer do
	AlertReloadRefused  = "reload_refused"  // a new configuration was not taken, and the old one still serves
	AlertReloadTaken    = "reload_taken"    // a later one was
	AlertSwapStarted    = "swap_started"    // a candidate answers a part of a route's requests on trial
	AlertSwapFinished   = "swap_finished"   // it has shown enough to take its step's place
	AlertSwapReverted   = "swap_reverted"   // it did worse than the incumbent and was withdrawn
	AlertSwapEnded      = "swap_ended"      // the canary is no longer in the configuration
)

// AlertKind is a row of the table of what alerts there are.
type AlertKind struct {
	Name   string
	Means  string   // for people: what happened
	Ends   []string // the kinds of which this one is the end, and with which it comes; nil for a beginning
	Person bool     // nothing but a person's doing will end it
}

// AlertKinds are the kinds of alerts, those that open something before those
// that end it.
func AlertKinds() []AlertKind {
	return []AlertKind{
		{Name: AlertCircuitOpen, Means: "a model, or everything at a provider, is left alone because it fails"},
		{Name: AlertRouteFailing, Means: "at least half of a route's requests fail, and at least five within a minute"},
		{Name: AlertKeyRefused, Means: "a provider refuses one of your keys", Person: true},
		{Name: AlertKeyExhausted, Means: "an account is out of money, or over its spending limit", Person: true},
		{Name: AlertModelGone, Means: "a provider no longer has a model that a route names", Person: true},
		{Name: AlertModelDrift, Means: "a provider answers with another model than the one a route names", Person: true},
		{Name: AlertReloadRefused, Means: "a new configuration is wrong, or names a model that is not proven, and the old one still serves", Person: true},
		{Name: AlertSwapStarted, Means: "a candidate answers a part of a route's requests on trial"},
		{Name: AlertSwapFinished, Means: "a candidate on trial has shown enough to take its step's place"},
		{Name: AlertSwapReverted, Means: "a candidate on trial did worse than the incumbent, and was withdrawn", Person: true},
		{Name: AlertCircuitClose, Means: "a circuit closed", Ends: []string{AlertCircuitOpen, AlertModelGone}},
		{Name: AlertKeyRestored, Means: "a key works again", Ends: []string{AlertKeyRefused, AlertKeyExhausted}},
		{Name: AlertRouteRecovered, Means: "a route no longer fails", Ends: []string{AlertRouteFailing}},
		{Name: AlertReloadTaken, Means: "a configuration was taken", Ends: []string{AlertReloadRefused}},
		{Name: AlertSwapEnded, Means: "the canary is no longer in the configuration", Ends: []string{AlertSwapFinished, AlertSwapReverted}},
	}
}

// AlertKindsToCome are names and patterns that a later version will know.
func AlertKindsToCome() []string {
	return []string{"spend"}
}
