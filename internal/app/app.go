// Package app is the gateway as a process: it wires the runtime, the ports,
// the metrics and the log, reloads, and drains. The binary is a thin layer of
// commands over it.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/admin"
	"github.com/switchgear-dev/switchgear/internal/alert"
	"github.com/switchgear-dev/switchgear/internal/record"
	"github.com/switchgear-dev/switchgear/internal/telemetry"
)

// drainTime is how long answers that have begun may take to end once the
// process was told to stop. Orchestrators are to allow a little more.
const drainTime = 110 * time.Second

// Options say how to run.
type Options struct {
	Source  Source
	Version string
	Log     io.Writer // the request log, one JSON object a line; nil for none
	Text    bool      // the log is for people: key=value
	Reload  <-chan struct{}
	Started func(s *Started) // called once the ports are open
	Say     func(line string)
}

// Started is what runs.
type Started struct {
	Config    *config.Config
	Gateway   *gateway.Gateway
	Findings  []config.Finding // warnings
	Address   string           // host:port of the data plane
	Admin     string           // host:port of the admin port
	TokenFile string           // where the made-up admin token is kept; "" if the configuration gives one
	Simulated bool
}

// process is a running gateway.
type process struct {
	options Options
	loaded  *Loaded
	gateway *gateway.Gateway
	metrics *telemetry.Metrics
	log     *telemetry.Writer
	token   switchgear.Secret
	watch   *watch

	recorder *record.Recorder

	reloading sync.Mutex // a signal and an operator may ask at once
}

// Run serves until ctx ends, then lets answers that have begun come to their
// end.
func Run(ctx context.Context, o Options) error {
	if o.Say == nil {
		o.Say = func(string) {}
	}
	tuneCollector()
	loaded, err := o.Source.Load()
	if err != nil {
		return err
	}
	p := &process{options: o, loaded: loaded}
	if o.Log != nil {
		p.log = telemetry.NewWriter(o.Log)
		defer func() { _ = p.log.Close() }()
	}
	if err := p.open(ctx); err != nil {
		return err
	}
	defer func() { _ = p.gateway.Close() }()
	defer p.closeRecorder(ctx)
	err = p.serve(ctx)
	if late := p.watch.close(ctx); late != nil {
		p.options.Say(late.Error())
	}
	return err
}

// tuneCollector lets the garbage collector run less often, unless the
// environment says how often: the heap is small and nearly all of it is gone
// when a request is answered. docs/performance.md has the figures.
func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

func (p *process) open(ctx context.Context) error {
	p.metrics = telemetry.NewMetrics(p.options.Version, p.breakers)
	p.watch = newWatch(Instance(p.options.Source.Env), alert.NewTransport())
	p.metrics.Alerts(p.watch.counts)
	p.recorder = record.New(p.options.Say)
	p.metrics.Records(p.recordCounts)
	p.metrics.Canaries(p.canaryCounts)
	options := []gateway.Option{gateway.WithRecorder(p.recorder), gateway.WithLock(p.loaded.Lock), gateway.WithObserver(p.metrics), gateway.WithObserver(p.watch), gateway.WithEvents(p.watch.happened)}
	options = append(options, gateway.WithCanaryStore(newCanaryFile(p.loaded, p.options.Say)), gateway.WithEvents(p.swapped))
	if p.log != nil {
		options = append(options, gateway.WithObserver(telemetry.NewLog(slog.New(p.handler()))))
	}
	g, err := gateway.New(ctx, p.loaded.Config, options...)
	if err != nil {
		return errors.Join(err, p.watch.close(ctx), p.recorder.Close(ctx))
	}
	p.gateway = g
	p.watch.use(p.loaded.Config, g)
	p.sayWithdrawn()
	return nil
}

func (p *process) handler() slog.Handler {
	if p.options.Text {
		return slog.NewTextHandler(p.log, nil)
	}
	return slog.NewJSONHandler(p.log, nil)
}

func (p *process) breakers() []telemetry.BreakerState {
	if p.gateway == nil {
		return nil
	}
	var states []telemetry.BreakerState
	for _, b := range p.gateway.Breakers() {
		states = append(states, telemetry.BreakerState{Target: b.Target, State: b.State, Share: b.Share, Opens: b.Opens})
	}
	return states
}

// serve opens both ports and waits for the end.
func (p *process) serve(ctx context.Context) error {
	cfg := p.loaded.Config
	data, err := listen(ctx, "listen", cfg.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = data.Close() }()
	ops, err := listen(ctx, "admin.listen", p.adminAddress())
	if err != nil {
		return err
	}
	defer func() { _ = ops.Close() }()
	tokenFile, err := p.adminToken()
	if err != nil {
		return err
	}
	if tokenFile != "" {
		defer func() { _ = os.Remove(tokenFile) }()
	}
	forget, err := leaveAddress(ops.Addr().String())
	if err != nil {
		return err
	}
	defer forget()
	keep, err := p.records(cfg)
	if err != nil {
		return err
	}
	p.recorder.Use(keep.folder, keep.redactor)
	servers := []*http.Server{dataServer(p.gateway.Handler()), adminServer(p.adminHandler(ops))}
	failed := make(chan error, len(servers))
	for i, l := range []net.Listener{data, ops} {
		go func() { failed <- servers[i].Serve(l) }()
	}
	if p.options.Started != nil {
		p.options.Started(&Started{
			Config: cfg, Gateway: p.gateway, Findings: p.loaded.Findings, Simulated: p.loaded.Simulated,
			Address: data.Addr().String(), Admin: ops.Addr().String(), TokenFile: tokenFile,
		})
	}
	return p.wait(ctx, servers, failed)
}

// adminAddress follows the data plane's port when that is chosen by the
// system, so that two gateways on one machine do not fight over the default.
func (p *process) adminAddress() string {
	if cfg := p.loaded.Config; !cfg.Pos.AdminListen.IsZero() {
		return cfg.Admin.Listen
	}
	if _, port, err := net.SplitHostPort(p.loaded.Config.Listen); err == nil && port == "0" {
		return "127.0.0.1:0"
	}
	return config.DefaultAdminListen
}

// wait reloads when told to, and ends with ctx or with a server that broke.
func (p *process) wait(ctx context.Context, servers []*http.Server, failed <-chan error) error {
	for {
		select {
		case <-p.options.Reload:
			if err := p.reload(); err != nil {
				p.options.Say("reload refused, still serving config " + p.gateway.Generation() + "\n" + err.Error())
				continue
			}
			p.options.Say("reloaded: serving config " + p.gateway.Generation())
		case err := <-failed:
			return fmt.Errorf("serving stopped: %w", err)
		case <-ctx.Done():
			p.options.Say("stopping: waiting for answers that have begun")
			return drain(ctx, servers)
		}
	}
}

// reload takes the configuration's new text; a mistake in it leaves the running
// table in place. One at a time: what was read last must be what is served.
func (p *process) reload() error {
	p.reloading.Lock()
	defer p.reloading.Unlock()
	err := p.replace()
	p.watch.reloaded(err)
	return err
}

func (p *process) replace() error {
	loaded, err := p.options.Source.Load()
	if err != nil {
		return err
	}
	if err := p.movable(loaded.Config); err != nil {
		return err
	}
	keep, err := p.records(loaded.Config)
	if err != nil {
		return err
	}
	if err := p.gateway.Reload(loaded.Config, gateway.WithLock(loaded.Lock)); err != nil {
		keep.drop()
		return err
	}
	p.recorder.Use(keep.folder, keep.redactor)
	if line := Recording(loaded.Config); line != "" {
		p.options.Say(line)
	}
	p.watch.use(loaded.Config, p.gateway)
	return nil
}

// movable refuses a configuration that was checked for other ports than the
// ones that are open: a table without client keys is fit for a loopback address
// and not for the one it would be served at.
func (p *process) movable(next *config.Config) error {
	now := p.loaded.Config
	switch {
	case next.Listen != now.Listen:
		return fmt.Errorf("listen is %s now and %s in the file. A reload cannot move a port: restart, or put it back", now.Listen, next.Listen)
	case next.Admin.Listen != now.Admin.Listen:
		return fmt.Errorf("admin.listen is %s now and %s in the file. A reload cannot move a port: restart, or put it back", now.Admin.Listen, next.Admin.Listen)
	case next.Admin.Token != now.Admin.Token:
		return errors.New("admin.token is another in the file. A reload does not change it: restart, or put it back")
	default:
		return nil
	}
}

func drain(ctx context.Context, servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	var errs []error
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, err, s.Close())
		}
	}
	return errors.Join(errs...)
}

func listen(ctx context.Context, key, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w. Stop what uses the port, or set %s to another", address, err, key)
	}
	return l, nil
}

// dataServer bounds what a client can hold open. There is no write timeout: a
// long answer is no fault, and the route's clocks end it.
func dataServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    256 << 10, // over 64 KiB the handler answers in the client's own shape
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

func adminServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

func (p *process) adminHandler(l net.Listener) http.Handler {
	return admin.New(admin.Options{
		Token: p.token, Loopback: gateway.IsLoopback(l.Addr().String()), Metrics: p.metrics.Handler(),
		Status: p.status, Reload: p.reload, Circuit: p.circuit,
	})
}

func (p *process) status() admin.Status {
	s := admin.Status{Generation: p.gateway.Generation(), Breakers: []admin.Breaker{}, Canaries: p.canaries()}
	for _, b := range p.gateway.Breakers() {
		s.Breakers = append(s.Breakers, admin.Breaker{
			Target: b.Target.String(), State: b.State, Since: stamp(b.Since), Until: stamp(b.Until), Reason: b.Reason,
			Share: b.Share, Bad: b.Bad, Of: b.Of, Opens: b.Opens, HeldBy: b.HeldBy,
		})
	}
	return s
}
