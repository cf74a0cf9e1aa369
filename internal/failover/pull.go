package failover

import (
	"strconv"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// stream makes an attempt whose answer comes bit by bit, and returns when it
// is committed. The attempt is then still open, unless the answer has ended.
func (a *attempt) stream(req *switchgear.Request) (*stream, *switchgear.Error) {
	return a.streamTo(req, a.job.plan.Commit)
}

func (a *attempt) streamTo(req *switchgear.Request, commit Commit) (*stream, *switchgear.Error) {
	a.call.Request = req
	a.expectFirst()
	s := &stream{attempt: a, idle: a.job.plan.Timeout.Idle}
	inner, err := s.open()
	if err == nil {
		s.inner = inner
		err = s.hold(commit)
	}
	if err == nil && a.lost() {
		a.cancel(nil) // it has been measured, and nobody wants the rest
		s.give(nil)
		return nil, nil
	}
	if err == nil {
		return s, nil
	}
	refused := err.Class == switchgear.ClassPolicy && s.ended && s.err == nil
	s.give(err)
	if refused {
		return s, err
	}
	return nil, err
}

// open calls the provider.
func (s *stream) open() (inner switchgear.Stream, err *switchgear.Error) {
	a := s.attempt
	defer func() {
		if p := caught(recover(), a.step.Target.Provider); p != nil {
			err = p
		}
	}()
	inner, raw := a.step.Provider.Stream(a.ctx, &a.call)
	if raw != nil {
		return nil, a.failure(raw)
	}
	if inner == nil {
		return nil, &switchgear.Error{
			Class: switchgear.ClassMalformed, Provider: a.step.Target.Provider, Message: "the provider gave neither a stream nor an error",
		}
	}
	return inner, nil
}

// hold reads up to the commit point. What it read is replayed by Next. In a
// race it ends as soon as the race is lost and there is some content: that is
// what there was to measure.
func (s *stream) hold(commit Commit) *switchgear.Error {
	a := s.attempt
	for s.pull() {
		if a.race != nil && a.content && a.race.began(a) {
			return nil
		}
		if !s.held.keep(&s.event) {
			return &switchgear.Error{
				Class: switchgear.ClassInterrupted, Provider: s.attempt.step.Target.Provider, Code: "answer_too_large",
				Message: "the answer outgrew the 64 MiB that can be held back before it is passed on",
			}
		}
		if s.held.due(commit, time.Now()) {
			a.claim()
			return nil
		}
	}
	if s.err != nil {
		return s.err
	}
	if a.job.plan.Policy == PolicyFallback && s.finish.Kind == switchgear.FinishFilter && s.passed == 0 {
		return declined(a.step.Target.Provider, s.finish.Reason)
	}
	if a.claim() {
		s.give(nil)
	}
	return nil
}

// pull takes the next event from the upstream. When there is none it leaves
// the reason in err, nil for the proper end.
func (s *stream) pull() bool {
	a := s.attempt
	before := time.Now()
	a.expectNext(before, s.idle)
	more, panicked := s.advance()
	if panicked != nil {
		s.ended, s.err = true, panicked
		return false
	}
	if !more {
		s.ended = true
		if raw := s.inner.Err(); raw != nil {
			s.err = a.failure(raw)
		}
		return false
	}
	s.note(time.Since(before))
	a.pause()
	return true
}

// advance moves the provider's stream on by one event.
func (s *stream) advance() (more bool, err *switchgear.Error) {
	defer func() {
		if p := caught(recover(), s.attempt.step.Target.Provider); p != nil {
			more, err = false, p
		}
	}()
	if !s.inner.Next() {
		return false, nil
	}
	s.event = s.inner.Event()
	return true, nil
}

// note keeps what an event says about the attempt. Waited is how long it took
// to come.
func (s *stream) note(waited time.Duration) {
	a := s.attempt
	switch s.event.Kind {
	case switchgear.EventStart:
		merge(&a.usage, &s.event.Usage)
		a.heard(s.event.Model)
	case switchgear.EventUsage:
		merge(&a.usage, &s.event.Usage)
	case switchgear.EventFinish:
		a.finished = true
		if s.event.Finish.Kind == switchgear.FinishFilter {
			s.finish = s.event.Finish
		} else {
			s.passed++
		}
	default:
	}
	a.seen += weighEvent(&s.event)
	if !s.event.IsContent() {
		s.idle -= waited
		return
	}
	s.idle = a.job.plan.Timeout.Idle
	if !a.content {
		a.content = true
		a.first = time.Since(a.start)
	}
}

// merge takes over the counts that are known.
func merge(into, from *switchgear.Usage) {
	for _, f := range [...]struct {
		field switchgear.UsageField
		count int64
	}{
		{switchgear.UsageInput, from.Input},
		{switchgear.UsageOutput, from.Output},
		{switchgear.UsageCacheRead, from.CacheRead},
		{switchgear.UsageCacheWrite, from.CacheWrite},
		{switchgear.UsageCacheWriteHour, from.CacheWriteHour},
		{switchgear.UsageReasoning, from.Reasoning},
	} {
		if from.Has(f.field) {
			into.Set(f.field, f.count)
		}
	}
	if from.Known != 0 {
		into.Estimated = from.Estimated
	}
}

// give ends the attempt. A failed upstream is cancelled before its stream is
// closed, so that closing waits for nothing.
func (s *stream) give(err *switchgear.Error) {
	if err != nil {
		s.attempt.cancel(nil)
	}
	s.closing.Do(func() {
		if s.inner != nil {
			_ = s.inner.Close() // what it could say has been said by Err
		}
	})
	s.attempt.settle(err)
}

// broken is what the caller of a committed stream gets for a failure. It is
// the gateway's own, in our words; the provider's is its cause.
func (a *attempt) broken(cause *switchgear.Error) *switchgear.Error {
	if cause == nil {
		return nil
	}
	if cause.Class == switchgear.ClassCanceled {
		return a.job.sign(cause)
	}
	return &switchgear.Error{
		Class: switchgear.ClassInterrupted, Code: switchgear.CodeStreamInterrupted, Err: cause, Trace: a.job.trace,
		Message: "route " + strconv.Quote(a.job.plan.Route) + ": " + a.step.Target.String() + " " + words(cause) + " after its answer had begun",
	}
}
