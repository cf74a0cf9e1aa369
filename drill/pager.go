package drill

import (
	"context"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/alert"
)

// pager is someone who would be woken: the real gathering of incidents, and a
// sink that only keeps what it is sent.
type pager struct {
	alerts *alert.Alerts

	mu      sync.Mutex
	notices []Page
	open    map[string]bool
}

// restTime is how long the end of an incident is waited for once the load is
// gone: it is told after five calm minutes.
const restTime = 7 * time.Minute

func newPager() *pager {
	p := &pager{open: map[string]bool{}}
	p.alerts = alert.New(alert.Options{Instance: "drill"})
	return p
}

// Send implements [alert.Sink].
func (p *pager) Send(_ context.Context, n *alert.Notice) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notices = append(p.notices, Page{time: time.Now(), Action: string(n.Action), Summary: n.Summary, key: n.Key})
	p.open[n.Key] = n.Action != alert.Resolve
	return nil
}

// begin has everything that opens a circuit or breaks a key told.
func (p *pager) begin(cfg *config.Config) {
	routes := make([]alert.Route, 0, len(cfg.Routes))
	for i := range cfg.Routes {
		r := &cfg.Routes[i]
		route := alert.Route{Name: r.Name, Stakes: r.Stakes}
		for k := range r.Chain {
			route.Targets = append(route.Targets, r.Chain[k].Target)
		}
		routes = append(routes, route)
	}
	p.alerts.Use([]alert.Receiver{{Name: "pager", Sink: p, On: []string{"circuit_open", "key_*", "model_gone"}, Identity: "pager"}}, routes)
}

func (p *pager) tell(e gateway.Event) { p.alerts.Tell(alert.Event(e)) }

// end waits until nothing is open, or for as long as an incident may take to
// end, and says what was sent.
func (p *pager) end(ctx context.Context) []Page {
	for until := time.Now().Add(restTime); time.Now().Before(until) && p.anyOpen(); {
		pass(ctx, time.Second)
	}
	return p.leave(ctx)
}

// leave says what was sent so far.
func (p *pager) leave(ctx context.Context) []Page {
	p.mu.Lock()
	out := p.notices
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = p.alerts.Close(ctx) // what it sends in the end is our leaving, and no news
	return out
}

func (p *pager) anyOpen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, open := range p.open {
		if open {
			return true
		}
	}
	return false
}
