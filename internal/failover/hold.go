package failover

import (
	"slices"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// The bounds of what is held back before a stream is committed.
const (
	holdContents = 32                     // content events, for CommitHold
	holdTime     = 400 * time.Millisecond // after the first content, for CommitHold
	holdBytes    = 64 << 20               // for every commit point
	eventBytes   = 256                    // what an event weighs besides its text, roughly
)

// held are the events of a stream before its commit point.
type held struct {
	events   []switchgear.Event
	pos      int
	bytes    int
	contents int
	first    time.Time // of the first content
}

// keep copies an event, which its stream is about to overwrite. It reports
// whether there was room.
func (h *held) keep(e *switchgear.Event) bool {
	h.bytes += eventBytes + len(e.Raw) + len(e.Text)
	if h.bytes > holdBytes {
		return false
	}
	kept := *e
	kept.Raw = slices.Clone(e.Raw)
	if e.Part != nil {
		part := *e.Part
		kept.Part = &part
	}
	h.events = append(h.events, kept)
	if e.IsContent() {
		if h.contents == 0 {
			h.first = time.Now()
		}
		h.contents++
	}
	return true
}

// due reports whether the commit point is reached. The time of CommitHold is
// looked at when an event comes: a stream that falls silent right after its
// first content is still held, and its death goes unseen.
func (h *held) due(c Commit, now time.Time) bool {
	switch c {
	case CommitFirstToken:
		return h.contents > 0
	case CommitHold:
		return h.contents >= holdContents || (h.contents > 0 && now.Sub(h.first) >= holdTime)
	case CommitWhole:
		return false
	default:
		return h.contents > 0
	}
}

// next gives the events back in order, and the memory with the last of them.
func (h *held) next(e *switchgear.Event) bool {
	if h.pos == len(h.events) {
		h.events, h.pos = nil, 0
		return false
	}
	*e = h.events[h.pos]
	h.pos++
	return true
}
