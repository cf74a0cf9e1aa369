package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/record"
	"github.com/switchgear-dev/switchgear/internal/telemetry"
)

// keeping is what a configuration has kept of requests, made ready.
type keeping struct {
	folder   *record.Folder
	redactor *record.Redactor
}

// records makes ready what a configuration wants kept, before it is served: a
// folder that cannot be used is a reason not to take it. Old records are swept
// even while none are added.
func (p *process) records(cfg *config.Config) (keeping, error) {
	if cfg.Record.Pos.IsZero() {
		return keeping{}, nil
	}
	settings := record.Settings{Folder: cfg.Record.Folder, Keep: cfg.Record.Keep, MaxSize: cfg.Record.MaxSize, Owned: ours}
	if !cfg.Record.On {
		folder, err := record.OpenIfThere(settings)
		return keeping{folder: folder}, err
	}
	redactor, err := record.NewRedactor(redaction(cfg, p.token))
	if err != nil {
		return keeping{}, fmt.Errorf("record.redact: %w", err)
	}
	folder, err := record.Open(settings)
	return keeping{folder: folder, redactor: redactor}, err
}

// redaction is what must not be kept, besides what nobody's records should hold:
// the gateway's own secrets, and the keys of its clients.
func redaction(cfg *config.Config, token switchgear.Secret) record.Redaction {
	r := record.Redaction{Secrets: []switchgear.Secret{token}, Patterns: config.Texts(cfg.Record.Redact)}
	for i := range cfg.Providers {
		r.Secrets = append(r.Secrets, cfg.Providers[i].Keys...)
	}
	for i := range cfg.Alerts {
		a := &cfg.Alerts[i]
		r.Secrets = append(r.Secrets, a.Key, a.URL, a.Secret)
	}
	for i := range cfg.Clients {
		r.Hashes = append(r.Hashes, cfg.Clients[i].Hash)
	}
	return r
}

// drop lets go of what was made ready for a configuration that was refused.
func (k keeping) drop() {
	if k.folder != nil {
		_ = k.folder.Close()
	}
}

func (p *process) recordCounts() []telemetry.RecordCount {
	var out []telemetry.RecordCount
	for outcome, n := range p.recorder.Counts() {
		out = append(out, telemetry.RecordCount{Outcome: outcome.String(), N: n})
	}
	return out
}

// closeRecorder writes what waits still.
func (p *process) closeRecorder(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCall)
	defer cancel()
	if p.recorder.Close(ctx) != nil {
		p.options.Say("some records were not written in time")
	}
}

// Recording says in a sentence what a configuration has kept of requests; "" if
// nothing.
func Recording(cfg *config.Config) string {
	if !cfg.Record.On {
		return ""
	}
	var names []string
	for i := range cfg.Routes {
		if cfg.Routes[i].Recorded() {
			names = append(names, cfg.Routes[i].Name)
		}
	}
	if len(names) == 0 {
		return "RECORDING is on, and every route has record: off: nothing is kept"
	}
	folder := cfg.Record.Folder
	if whole, err := filepath.Abs(folder); err == nil {
		folder = whole
	}
	return fmt.Sprintf("RECORDING %s of the requests and answers of %s to %s: redacted, kept %s",
		percent(cfg.Record.Rate), strings.Join(names, ", "), folder, forDays(cfg.Record.Keep))
}

func percent(share float64) string { return strconv.FormatFloat(share*100, 'g', 4, 64) + "%" }

func forDays(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}
