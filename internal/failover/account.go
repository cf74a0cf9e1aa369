package failover

import (
	"github.com/switchgear-dev/switchgear"
)

// account estimates what the provider never said of an attempt's usage, where
// it is likely to be billed: where an answer came, and where the provider was
// left working on one. A connection that was refused and a plain HTTP error
// cost nothing. What the provider did say stands, a zero as well.
func (a *attempt) account(err *switchgear.Error) {
	u := &a.usage
	switch {
	case a.job.kind == kindCount:
		return // counting is free
	case a.finished || (err == nil && !a.lost()):
		a.fill(u, a.seen/plainBytes)
	case err == nil || a.content || leftWorking(err): // cut
		written := a.seen / plainBytes
		if u.Has(switchgear.UsageOutput) && written > u.Output {
			u.Known &^= switchgear.UsageOutput // it was said at the start, before most was written
		}
		a.fill(u, written)
	default:
	}
}

// fill sets the counts that are missing.
func (a *attempt) fill(u *switchgear.Usage, written int64) {
	if !u.Has(switchgear.UsageInput) {
		u.Set(switchgear.UsageInput, a.job.weigh())
		u.Estimated = true
	}
	if a.job.kind != kindEmbed && !u.Has(switchgear.UsageOutput) {
		u.Set(switchgear.UsageOutput, written)
		u.Estimated = true
	}
}

// leftWorking reports whether a failure that came before any content leaves
// the provider with a request that it may go on with, and bill.
func leftWorking(err *switchgear.Error) bool {
	switch err.Class {
	case switchgear.ClassTimeout, switchgear.ClassCanceled, switchgear.ClassInterrupted:
		return err.Status == 0
	default:
		return false
	}
}

// weighEvent counts what an event of a stream brings.
func weighEvent(e *switchgear.Event) int64 {
	if e.Text == "" && e.Kind == switchgear.EventDelta {
		return int64(len(e.Raw))
	}
	return int64(len(e.Text))
}

// weighAnswer counts the bytes of a whole answer.
func weighAnswer(resp *switchgear.Response) int64 {
	n := int64(0)
	for i := range resp.Choices {
		for k := range resp.Choices[i].Parts {
			p := &resp.Choices[i].Parts[k]
			n += int64(len(p.Text) + len(p.Raw))
			if p.Call != nil {
				n += int64(len(p.Call.Name) + len(p.Call.Arguments))
			}
		}
	}
	if n == 0 && resp.Wire != nil {
		n = int64(len(resp.Wire.Body))
	}
	return n
}
