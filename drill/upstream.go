package drill

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// upstreams stand where the providers are. Whatever is sent to any host comes
// here, is told apart by the made-up key it carries, and goes to the simulator
// under the provider's own name. Nothing leaves the process.
type upstreams struct {
	sim   *sim.Transport
	names []string // of the providers, by the number in their keys

	mu    sync.Mutex
	calls []call
}

// call is one upstream call, as it passed by: no report of the gateway's.
type call struct {
	at       time.Time
	provider string
}

// keyOf is the made-up key of a provider.
func keyOf(provider, key int) switchgear.Secret {
	return switchgear.NewSecret("sk-drill-" + strconv.Itoa(provider) + "-" + strconv.Itoa(key))
}

// arm gives each provider as many made-up keys as it has, and one if it has
// none.
func arm(providers []config.Provider) (names []string) {
	for i := range providers {
		p := &providers[i]
		keys := make([]switchgear.Secret, 0, max(1, len(p.Keys)))
		for k := range max(1, len(p.Keys)) {
			keys = append(keys, keyOf(i, k))
		}
		p.Keys, p.Disabled = keys, ""
		names = append(names, p.Name)
	}
	return names
}

// RoundTrip implements [http.RoundTripper].
func (u *upstreams) RoundTrip(r *http.Request) (*http.Response, error) {
	name := u.provider(r.Header)
	u.mu.Lock()
	u.calls = append(u.calls, call{time.Now(), name})
	u.mu.Unlock()
	host := name + ".sim"
	sent := *r
	sent.URL = &url.URL{Scheme: "http", Host: host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	sent.Host = host
	return u.sim.RoundTrip(&sent)
}

// CloseIdleConnections is what the gateway calls in the end.
func (u *upstreams) CloseIdleConnections() { u.sim.CloseIdleConnections() }

// provider tells by its key whom a call is for.
func (u *upstreams) provider(h http.Header) string {
	key := h.Get("X-Api-Key")
	if key == "" {
		key = strings.TrimPrefix(h.Get("Authorization"), "Bearer ")
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(key, "sk-drill-"), "-")
	if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < len(u.names) {
		return u.names[i]
	}
	return "unknown"
}
