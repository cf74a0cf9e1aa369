package gateway

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// drift watches which model a target says has answered. It tells of a model
// that is not the one the chain names, once for each name: at once if it is
// another model, and if it is a dated snapshot of an alias, when it is not the
// snapshot that answered first.
type drift struct {
	gateway *Gateway
	target  switchgear.Target
	last    atomic.Pointer[string] // what was heard last, if not the target's own name

	mu       sync.Mutex
	snapshot string          // what the target's name stands for; "" if not known yet
	seen     map[string]bool // names that need not be looked at again
}

// maxNames bounds how many names a target is remembered to have given. One
// that makes up a new name for each answer is told of that often, and no more.
const maxNames = 16

func newDrift(g *Gateway, t switchgear.Target) *drift { return &drift{gateway: g, target: t} }

// Answered implements [failover.Witness]. While a target goes on saying what it
// said, that is a comparison or two, without a lock.
func (d *drift) Answered(model string) {
	if model == d.target.Model {
		return
	}
	if last := d.last.Load(); last != nil && *last == model {
		return
	}
	if reason := d.hear(model); reason != "" {
		d.gateway.tell(&Event{
			Kind: switchgear.AlertModelDrift, Provider: d.target.Provider, Target: d.target, Reason: reason, At: time.Now(),
		})
	}
}

// hear judges a name. It gives the reason to tell of it, "" for none.
func (d *drift) hear(model string) string {
	model = strings.Clone(model) // it may be a piece of a whole answer
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last.Store(&model)
	if d.seen[model] || len(d.seen) >= maxNames {
		return ""
	}
	if d.seen == nil {
		d.seen = make(map[string]bool)
	}
	d.seen[model] = true
	kin, version := relation(d.target.Model, model)
	switch {
	case kin == kinOther:
		return "answers as " + nameable(model)
	case kin == kinSame || version == d.snapshot:
		return ""
	case d.snapshot == "":
		d.snapshot = version
		return ""
	}
	was := d.snapshot
	d.snapshot = version
	return "answers as " + nameable(model) + ", no longer as " + was
}

// kin is how an answered name stands to the one that was asked for.
type kin uint8

const (
	kinSame     kin = iota // the same, or said with less detail
	kinSnapshot            // a dated snapshot of it
	kinOther               // another model
)

// Spellings that say nothing about which model it is.
var (
	hostPath    = regexp.MustCompile(`^.*/`)
	hostVendors = regexp.MustCompile(`^(?:[a-z-]*[a-z]\.)+`)
	hostVersion = regexp.MustCompile(`(?:-v\d+:\d+|-v1|:latest|-latest|-default)$`)
	snapshotOf  = regexp.MustCompile(`^-(?:(?:preview|exp)-)?(?:\d{3,8}|20\d\d-\d\d-\d\d|\d\d-\d\d|\d\d-20\d\d)$`)
)

// spelled is a name without what hosts put around it: paths, regions, vendors,
// and words for "the current one".
func spelled(model string) string {
	s := hostPath.ReplaceAllString(strings.ToLower(model), "")
	s = strings.ReplaceAll(hostVendors.ReplaceAllString(s, ""), "@", "-")
	return hostVersion.ReplaceAllString(s, "")
}

// relation says how an answered name stands to the one that was asked for. Of a
// snapshot it gives the name.
func relation(asked, answered string) (kin, string) {
	a, b := spelled(asked), spelled(answered)
	rest, longer := strings.CutPrefix(b, a)
	switch {
	case a == b:
		return kinSame, ""
	case longer && snapshotOf.MatchString(rest):
		return kinSnapshot, b
	}
	// A host may say less than it was asked for: the alias of a snapshot, a
	// model without the variant ":free".
	if rest, shorter := strings.CutPrefix(a, b); shorter && b != "" && (rest[0] == ':' || snapshotOf.MatchString(rest)) {
		return kinSame, ""
	}
	return kinOther, ""
}

// nameable is a name as it may stand in an alert: it is the provider's, who may
// put anything there.
func nameable(model string) string {
	const most = 100 // bytes; real ones have less than half
	if len(model) > most {
		return "a name of " + strconv.Itoa(len(model)) + " bytes"
	}
	for i := range len(model) {
		c := model[i]
		plain := (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strings.IndexByte("-_.:/@", c) >= 0
		if !plain {
			return "an odd name"
		}
	}
	return model
}
