package telemetry

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// Log writes one line for each request, and none about what was asked.
type Log struct{ logger *slog.Logger }

// NewLog writes to a logger.
func NewLog(logger *slog.Logger) *Log { return &Log{logger: logger} }

// Requested logs a request that is over.
func (l *Log) Requested(ctx context.Context, r *switchgear.Record) {
	level := levelOf(r)
	if !l.logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 20)
	attrs = append(attrs,
		slog.String("id", r.ID), slog.String("route", r.Route), slog.String("outcome", string(r.Outcome)),
		slog.Int("status", r.Status), slog.String("operation", r.Operation), slog.String("dialect", r.Dialect),
		slog.Bool("stream", r.Stream), slog.Float64("ms", ms(r.Duration)), slog.Float64("overhead_ms", ms(r.Overhead)),
	)
	if r.Client != "" {
		attrs = append(attrs, slog.String("client", r.Client))
	}
	if r.Retry > 0 {
		attrs = append(attrs, slog.Int("client_retry", r.Retry))
	}
	attrs = appendTrace(attrs, r)
	if r.Err != nil {
		attrs = append(attrs, slog.String("class", r.Err.Class.String()), slog.String("code", safeWord(r.Err.Code)))
		if stack, ok := r.Err.Err.(interface{ Stack() []byte }); ok {
			attrs = append(attrs, slog.String("stack", string(stack.Stack())))
		}
	}
	l.logger.LogAttrs(ctx, level, "request", attrs...)
}

func appendTrace(attrs []slog.Attr, r *switchgear.Record) []slog.Attr {
	if r.Trace == nil {
		return attrs
	}
	attrs = append(attrs, slog.Int("attempts", r.Trace.Calls()))
	if r.Trace.Step > 0 {
		attrs = append(attrs, slog.String("served_by", r.Trace.Target.String()), slog.Int("step", r.Trace.Step))
		if r.Trace.Arm == switchgear.ArmCandidate {
			attrs = append(attrs, slog.Bool("canary", r.Trace.Trial)) // false if the incumbent had to step in
		}
	}
	if len(r.Trace.Normalised) > 0 {
		attrs = append(attrs, slog.String("normalised", strings.Join(r.Trace.Normalised, ",")))
	}
	if r.Usage.Has(switchgear.UsageInput) {
		attrs = append(attrs, slog.Int64("input_tokens", r.Usage.Input))
	}
	if r.Usage.Has(switchgear.UsageOutput) {
		attrs = append(attrs, slog.Int64("output_tokens", r.Usage.Output))
	}
	if r.Cost.Known {
		attrs = append(attrs, slog.Float64("cost_usd", r.Cost.USD))
	}
	return attrs
}

func levelOf(r *switchgear.Record) slog.Level {
	switch r.Outcome {
	case switchgear.OutcomeFailed:
		return slog.LevelError
	case switchgear.OutcomeFallback, switchgear.OutcomeDegraded, switchgear.OutcomeRefused:
		return slog.LevelWarn
	case switchgear.OutcomeOK, switchgear.OutcomeInvalid, switchgear.OutcomeCanceled:
		return slog.LevelInfo
	default:
		return slog.LevelInfo
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// safeWord lets a code through only if it looks like one: a provider may put
// anything into its own.
func safeWord(code string) string {
	if len(code) > 64 {
		return "long code"
	}
	for i := range len(code) {
		c := code[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return "odd code"
		}
	}
	return code
}

// Attempted does nothing: a request's line counts its attempts.
func (*Log) Attempted(context.Context, string, *switchgear.Attempt) {}

// flushEvery is how long a line may wait in memory.
const flushEvery = 200 * time.Millisecond

// Writer collects log lines and writes many at once: a system call a line costs
// more than the line. A line waits at most 200 ms; Close writes what is left.
type Writer struct {
	mu    sync.Mutex
	buf   *bufio.Writer
	timer *time.Timer
	armed bool
}

// NewWriter writes to w.
func NewWriter(w io.Writer) *Writer {
	lw := &Writer{buf: bufio.NewWriterSize(w, 32<<10)}
	lw.timer = time.AfterFunc(time.Hour, lw.tick)
	lw.timer.Stop()
	return lw
}

// Write takes a line.
func (w *Writer) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.armed {
		w.armed = true
		w.timer.Reset(flushEvery)
	}
	return w.buf.Write(line)
}

// Close writes what is left.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	w.armed = false
	return w.buf.Flush()
}

func (w *Writer) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = false
	_ = w.buf.Flush()
}
