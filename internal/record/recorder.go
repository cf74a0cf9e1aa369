package record

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// The bounds of what waits to be written.
const (
	maxWaiting      = 256
	maxWaitingBytes = 64 << 20 // of requests and answers
	maxBytes        = 8 << 20  // of one of them: larger ones are mostly pictures
)

// Outcome is what became of an exchange that was to be kept.
type Outcome int

// The outcomes.
const (
	Written  Outcome = iota
	Dropped          // the queue was full
	TooLarge         // larger than what is kept
	Failed           // the disk would not
	outcomes
)

// String is the outcome as metrics name it.
func (o Outcome) String() string {
	return [...]string{"written", "dropped", "too_large", "failed"}[o]
}

// Recorder keeps exchanges. Its methods are safe for concurrent use; Record
// never blocks.
type Recorder struct {
	say     func(string)
	queue   chan waiting
	bytes   atomic.Int64 // of what waits
	counts  [outcomes]atomic.Int64
	on      atomic.Bool
	changed chan struct{} // tells the writer that the folder is another
	ended   chan struct{}
	done    chan struct{}
	ending  sync.Once

	mu       sync.Mutex // held while something is written or swept
	folder   *Folder    // nil for none
	redactor *Redactor
	broken   bool // the last write failed, and that was said
}

// waiting is an exchange in the queue.
type waiting struct {
	exchange *switchgear.Exchange
	bytes    int64
}

// New makes a recorder that keeps nothing until [Recorder.Use]. Say is told, in
// a sentence, when records cannot be written; it may be nil.
func New(say func(string)) *Recorder {
	if say == nil {
		say = func(string) {}
	}
	r := &Recorder{
		say: say, queue: make(chan waiting, maxWaiting), changed: make(chan struct{}, 1), ended: make(chan struct{}), done: make(chan struct{}),
	}
	go r.run()
	return r
}

// Use keeps what comes from now on in a folder, and in none if folder is nil.
// Without a redactor nothing is kept; the folder is swept all the same.
func (r *Recorder) Use(folder *Folder, redactor *Redactor) {
	r.mu.Lock()
	if r.folder != nil {
		_ = r.folder.Close()
	}
	r.folder, r.redactor = folder, redactor
	r.on.Store(folder != nil && redactor != nil)
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// Record takes an exchange to be redacted and written.
func (r *Recorder) Record(x *switchgear.Exchange) {
	if !r.on.Load() {
		return
	}
	size := weight(x)
	if size > maxBytes {
		r.counts[TooLarge].Add(1)
		return
	}
	if r.bytes.Add(size) > maxWaitingBytes {
		r.bytes.Add(-size)
		r.counts[Dropped].Add(1)
		return
	}
	select {
	case r.queue <- waiting{x, size}:
	default:
		r.bytes.Add(-size)
		r.counts[Dropped].Add(1)
	}
}

// weight is how many bytes an exchange holds on to.
func weight(x *switchgear.Exchange) int64 {
	n := 0
	if x.Request != nil && x.Request.Wire != nil {
		n += len(x.Request.Wire.Body)
	}
	for i := range x.Answer.Parts {
		p := &x.Answer.Parts[i]
		n += len(p.Text) + len(p.Signature)
		if p.Call != nil {
			n += len(p.Call.Arguments)
		}
	}
	return int64(n)
}

// Counts says what became of the exchanges so far.
func (r *Recorder) Counts() map[Outcome]int64 {
	out := map[Outcome]int64{}
	for o := range outcomes {
		out[o] = r.counts[o].Load()
	}
	return out
}

// Close writes what still waits, as long as ctx lets it, and ends.
func (r *Recorder) Close(ctx context.Context) error {
	r.on.Store(false)
	r.ending.Do(func() { close(r.ended) })
	select {
	case <-r.done:
		r.Use(nil, nil)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run is the writer: it redacts and writes what comes, and sweeps.
func (r *Recorder) run() {
	defer close(r.done)
	sweep := time.NewTimer(r.next())
	defer sweep.Stop()
	for {
		select {
		case w := <-r.queue:
			r.keep(w)
		case <-sweep.C:
			r.sweep()
			sweep.Reset(r.next())
		case <-r.changed:
			sweep.Reset(r.next())
		case <-r.ended:
			r.drain()
			return
		}
	}
}

// next is when the folder is to be swept again.
func (r *Recorder) next() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.folder == nil {
		return 24 * time.Hour // nothing to do: Use wakes the writer
	}
	return r.folder.every()
}

// drain writes what still waits.
func (r *Recorder) drain() {
	for {
		select {
		case w := <-r.queue:
			r.keep(w)
		default:
			return
		}
	}
}

func (r *Recorder) keep(w waiting) {
	defer r.bytes.Add(-w.bytes)
	r.mu.Lock()
	folder, redactor := r.folder, r.redactor
	r.mu.Unlock()
	if folder == nil || redactor == nil {
		return
	}
	line, err := lineOf(redactor, w.exchange)
	if line == nil && err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.folder != folder: // another since, and perhaps other things to take out
		r.counts[Dropped].Add(1)
		return
	case err == nil && !folder.fits(line):
		r.counts[TooLarge].Add(1)
		return
	case err == nil:
		err = folder.write(line, time.Now())
	}
	r.account(err)
}

// lineOf redacts an exchange; nil if it is none to be kept. What users send must
// not be able to end the process, so that a panic is an error here.
func lineOf(redactor *Redactor, x *switchgear.Exchange) (line []byte, err error) {
	defer func() {
		if recover() != nil {
			line, err = nil, errors.New("a request could not be redacted and was left out")
		}
	}()
	entry := redactor.entry(x)
	if entry == nil {
		return nil, nil
	}
	return entry.line()
}

// account counts a write, and tells of the first that fails and of the first
// that works again.
func (r *Recorder) account(err error) {
	if err != nil {
		r.counts[Failed].Add(1)
		if !r.broken {
			r.broken = true
			r.say("records cannot be written: " + err.Error() + ". Requests are served all the same")
		}
		return
	}
	r.counts[Written].Add(1)
	if r.broken {
		r.broken = false
		r.say("records are written again")
	}
}

func (r *Recorder) sweep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.folder == nil {
		return
	}
	if err := r.folder.Sweep(time.Now()); err != nil {
		r.say(err.Error())
	}
}
