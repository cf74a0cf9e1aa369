package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/admin"
	"github.com/switchgear-dev/switchgear/internal/telemetry"
)

// canaryFile keeps what is known of the canaries of one configuration, beside
// it where that folder can be written to, and else in the user's state folder.
// It implements [gateway.CanaryStore].
type canaryFile struct {
	name   string   // of the configuration; "" keeps nothing
	places []string // the files it may stand in, the better first
	say    func(string)
	mute   bool // it was said already that nothing can be kept
}

// newCanaryFile finds where the canaries of a configuration are kept.
func newCanaryFile(l *Loaded, say func(string)) *canaryFile {
	f := &canaryFile{name: l.Config.File, say: say}
	if f.name == "" {
		return f
	}
	base := filepath.Base(l.From) + ".json"
	f.places = append(f.places, filepath.Join(filepath.Dir(l.From), ".switchgear", "canaries", base))
	if dir, err := stateDir(); err == nil {
		f.places = append(f.places, filepath.Join(dir, "canaries", base))
	}
	return f
}

// Load implements [gateway.CanaryStore]. Of two files the later one holds: the
// folder of the other could not be written to.
func (f *canaryFile) Load() map[string]gateway.CanaryRecord {
	var text []byte
	var from string
	var written time.Time
	for _, place := range f.places {
		info, err := os.Stat(place)
		if err != nil || !info.ModTime().After(written) {
			continue
		}
		if read, err := os.ReadFile(place); err == nil {
			text, from, written = read, place, info.ModTime()
		}
	}
	if from == "" {
		return nil
	}
	var all map[string]gateway.CanaryRecord
	if err := json.Unmarshal(text, &all); err != nil {
		f.say(from + " is damaged, so canaries begin anew: " + err.Error())
		return nil
	}
	return all
}

// Save implements [gateway.CanaryStore]. What another gateway over the same
// file has withdrawn stays withdrawn.
func (f *canaryFile) Save(all map[string]gateway.CanaryRecord) {
	if f.name == "" {
		return
	}
	before := f.Load()
	if len(all) == 0 && len(before) == 0 {
		return
	}
	for id, was := range before {
		if now, ok := all[id]; ok && was.State == "withdrawn" && was.Share == now.Share && was.Enough == now.Enough {
			all[id] = was
		}
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return
	}
	var errs []error
	for _, place := range f.places {
		err := overwrite(place, append(text, '\n'))
		if err == nil {
			return
		}
		errs = append(errs, pathless(err))
	}
	if !f.mute {
		f.mute = true
		f.say(fmt.Sprintf("what becomes of canaries cannot be kept, so a restart begins them anew: %v", errors.Join(errs...)))
	}
}

// overwrite replaces a file that only its owner may read, in one step.
func overwrite(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".canaries-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// canaries are the canaries as an operator sees them.
func (p *process) canaries() []admin.Canary {
	var out []admin.Canary
	for _, c := range p.gateway.Canaries() {
		one := admin.Canary{
			Route: c.Route, Rule: c.Rule, Step: c.Step, Incumbent: c.Incumbent.String(), Candidate: c.Candidate.String(), With: c.With,
			Share: c.Share, State: c.State, Why: c.Why, Began: stamp(c.Began), Answers: c.Answers, Enough: c.Enough, Signs: []admin.CanarySign{},
		}
		for _, s := range c.Counts {
			one.Signs = append(one.Signs, admin.CanarySign(s))
		}
		out = append(out, one)
	}
	return out
}

// canaryCounts are the canaries as the metrics show them.
func (p *process) canaryCounts() []telemetry.CanaryState {
	if p.gateway == nil {
		return nil
	}
	var out []telemetry.CanaryState
	for _, c := range p.gateway.Canaries() {
		one := telemetry.CanaryState{Route: c.Route, Candidate: c.Candidate, Incumbent: c.Incumbent, State: c.State, Share: c.Share}
		for _, s := range c.Counts {
			one.Signs = append(one.Signs, telemetry.CanarySign(s))
		}
		out = append(out, one)
	}
	return out
}

// swapped leaves a line about what becomes of a canary, whoever else is told.
func (p *process) swapped(e gateway.Event) {
	words := map[string]string{
		switchgear.AlertSwapStarted: "begins", switchgear.AlertSwapFinished: "is ready", switchgear.AlertSwapReverted: "is withdrawn",
		switchgear.AlertSwapEnded: "has ended",
	}
	word, ok := words[e.Kind]
	if !ok {
		return
	}
	p.options.Say("canary of route " + e.Routes[0] + ": " + e.Target.String() + " " + word + ": " + e.Reason)
	if p.log != nil {
		slog.New(p.handler()).Info("canary", "route", e.Routes[0], "target", e.Target.String(), "event", e.Kind, "reason", e.Reason)
	}
}

// sayWithdrawn leaves a line about what the configuration still gives a part of
// the requests, and nobody sends it any.
func (p *process) sayWithdrawn() {
	for _, c := range p.gateway.Canaries() {
		if c.State == "withdrawn" {
			p.options.Say("canary of route " + c.Route + ": " + c.Candidate.String() + " was withdrawn, and stays so: " + c.Why)
		}
	}
}
