package failover

import (
	"net/http"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// stream is an answer that has reached its commit point: first the events held
// until then, then what still comes. It runs no goroutine: the caller pulls.
type stream struct {
	attempt *attempt
	inner   switchgear.Stream

	mu      sync.Mutex
	held    held
	event   switchgear.Event
	idle    time.Duration // what is left of the idle limit; only waiting for the upstream uses it up
	finish  switchgear.Finish
	passed  int // choices that ended other than by a filter
	ended   bool
	closed  bool
	err     *switchgear.Error
	closing sync.Once
}

// Next moves to the next event: one that was held, then what still comes.
func (s *stream) Next() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.held.next(&s.event) {
		return true
	}
	if s.ended {
		return false
	}
	if s.pull() {
		return true
	}
	cause := s.err
	s.give(cause)
	s.err = s.attempt.broken(cause)
	return false
}

// Event is the event Next moved to.
func (s *stream) Event() switchgear.Event { return s.event }

// Err is nil after the proper end only.
func (s *stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		return nil
	}
	return s.err
}

// Close stops the upstream at once, even while another goroutine waits in
// Next.
func (s *stream) Close() error {
	s.attempt.cancel(canceled(nil))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if !s.ended {
		s.ended = true
		gone := canceled(nil)
		s.give(gone)
		s.err = s.attempt.job.sign(gone)
	}
	s.held = held{}
	return nil
}

// Header is what of the upstream's answer headers a client may see.
func (s *stream) Header() http.Header {
	if headed, ok := s.inner.(switchgear.Headed); ok {
		return headed.Header()
	}
	return nil
}

// Trace is how the answer came about, the open attempt included.
func (s *stream) Trace() *switchgear.Trace { return s.attempt.job.trace }
