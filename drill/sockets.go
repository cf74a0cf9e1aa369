package drill

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear/provider"
)

// loopback is where everything of a drill over sockets listens: at a port that
// the system chooses, and that no other machine can reach.
const loopback = "127.0.0.1:0"

func listen(ctx context.Context) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp", loopback)
}

// onSockets makes the simulated providers on a socket, and the way to them over
// the transport that ships.
func (o *Options) onSockets(ctx context.Context, names []string) (at *site, end func(), err error) {
	l, err := listen(ctx)
	if err != nil {
		return nil, nil, err
	}
	server := o.simulator()
	serving, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(serving, l) // it ends with serving, and what else could go wrong the users see
	}()
	transport := provider.NewTransport()
	transport.Proxy = nil
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial(ctx, network, l.Addr().String()) // whichever provider is meant: its name is in the request
	}
	up := &upstreams{sim: server.Over(transport), names: names}
	return &site{server, up}, func() {
		up.CloseIdleConnections()
		stop()
		<-done
	}, nil
}

// socketDoor is the gateway's, on a socket.
type socketDoor struct {
	server    *http.Server
	base      string // the URL it is reached at
	transport *http.Transport
	done      chan struct{}
}

func openDoor(ctx context.Context, h http.Handler) (*socketDoor, error) {
	l, err := listen(ctx)
	if err != nil {
		return nil, err
	}
	d := &socketDoor{
		server:    &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)},
		base:      "http://" + l.Addr().String(),
		transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
		done:      make(chan struct{}),
	}
	go func() {
		defer close(d.done)
		_ = d.server.Serve(l) // until it is closed
	}()
	return d, nil
}

func (d *socketDoor) close() {
	d.transport.CloseIdleConnections()
	_ = d.server.Close()
	<-d.done
}

// user is somebody who asks the gateway over a socket, until patience ends.
func (d *socketDoor) user(patience context.Context) *socketUser { return &socketUser{patience, d} }

type socketUser struct {
	patience context.Context
	door     *socketDoor
}

func (u *socketUser) serve(q *question, a *answer) {
	defer func() { a.over(time.Since(q.at)) }()
	r, err := http.NewRequestWithContext(u.patience, http.MethodPost, u.door.base+"/v1"+q.path(), strings.NewReader(q.body(q.route.name)))
	if err != nil {
		a.cut = true
		return
	}
	r.Header.Set("Content-Type", "application/json")
	if q.route.anthropic {
		r.Header.Set("Anthropic-Version", "2023-06-01")
	}
	resp, err := u.door.transport.RoundTrip(r) //nolint:bodyclose // drink closes it
	if err != nil {
		a.cut = true
		return
	}
	a.server = resp.Header.Get("X-Switchgear-Served-By")
	a.drink(resp)
}
