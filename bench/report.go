package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// print writes the results as they stand in docs/performance.md.
func (r *results) print(ctx context.Context, out io.Writer, b *bench) {
	fmt.Fprintf(out, "Measured %s: %s.\n", time.Now().UTC().Format(time.DateOnly), b.machine(ctx))
	fmt.Fprintf(out, "%d rounds of %s, %d connections in a closed loop, everything on one machine. CPU is that of the proxy alone.\n\n", b.rounds, b.cell, b.connections)
	fmt.Fprintln(out, "| body | gateway, CPU per request | nginx | ratio (range) | goal | gateway, requests/s | p50 | nginx | p50 |")
	fmt.Fprintln(out, "|---|---:|---:|---:|---:|---:|---:|---:|---:|")
	for i := range sizes {
		g, n := r.gateway[i], r.nginx[i]
		ratio, goal, nginxCPU, nginxRPS, nginxP50 := "-", "-", "-", "-", "-"
		if len(n) > 0 {
			ratio = ratios(g, n)
			nginxCPU = micros(pick(n, func(c cell) time.Duration { return c.cpu }))
			nginxRPS = fmt.Sprintf("%.0f", pick(n, func(c cell) float64 { return c.rps }))
			nginxP50 = micros(pick(n, func(c cell) time.Duration { return c.p50 }))
		}
		if sizes[i].goal > 0 {
			goal = fmt.Sprintf("%.1f", sizes[i].goal)
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %.0f | %s | %s | %s |\n", sizes[i].label,
			micros(pick(g, func(c cell) time.Duration { return c.cpu })), nginxCPU, ratio, goal,
			pick(g, func(c cell) float64 { return c.rps }), micros(pick(g, func(c cell) time.Duration { return c.p50 })), nginxRPS, nginxP50)
	}
	r.printRest(out, b)
}

func (r *results) printRest(out io.Writer, b *bench) {
	fmt.Fprintln(out, "\n| | gateway | goal | nginx |\n|---|---:|---:|---:|")
	if b.streams > 0 {
		nginx := "-"
		if r.nginxRSS > 0 {
			nginx = fmt.Sprintf("%.1f", r.nginxStream)
		}
		fmt.Fprintf(out, "| KB per open stream, %d open | %.1f | 80 | %s |\n", b.streams, r.perStream, nginx)
	}
	nginx := "-"
	if r.nginxRSS > 0 {
		nginx = fmt.Sprintf("%.1f", float64(r.nginxRSS)/1024)
	}
	fmt.Fprintf(out, "| memory (RSS) after the first answer, MB | %.1f | 30 | %s |\n", float64(r.idle)/1024, nginx)
	fmt.Fprintf(out, "| memory (RSS) after all rounds, MB | %.1f | - | - |\n", float64(r.loaded)/1024)
	starts := slices.Sorted(slices.Values(r.starts))
	fmt.Fprintf(out, "| exec to first answer, ms (range) | %.0f (%.0f-%.0f) | 100 | - |\n", millis(median(starts)), millis(starts[0]), millis(starts[len(starts)-1]))
	lost := 0.0
	for _, cells := range slices.Concat(r.gateway, r.nginx) {
		for _, c := range cells {
			lost = max(lost, c.lost)
		}
	}
	fmt.Fprintf(out, "\nThe machine's host took away at most %.1f %% of the CPU time during a measurement.\n", lost*100)
}

// pick is the median of something over the rounds.
func pick[T int | float64 | time.Duration](cells []cell, what func(cell) T) T {
	values := make([]T, 0, len(cells))
	for _, c := range cells {
		values = append(values, what(c))
	}
	return median(values)
}

// ratios compares round by round: what disturbs one of the two mostly disturbs
// the other.
func ratios(g, n []cell) string {
	var all []float64
	for i := range min(len(g), len(n)) {
		if n[i].cpu > 0 {
			all = append(all, float64(g[i].cpu)/float64(n[i].cpu))
		}
	}
	if len(all) == 0 {
		return "-"
	}
	middle := median(all)
	return fmt.Sprintf("%.2f (%.2f-%.2f)", middle, all[0], all[len(all)-1])
}

func micros(d time.Duration) string { return fmt.Sprintf("%.1f us", float64(d.Nanoseconds())/1000) }

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// machine says what it was measured on.
func (b *bench) machine(ctx context.Context) string {
	parts := []string{fmt.Sprintf("%d cores (%s)", runtime.NumCPU(), processor()), runtime.GOOS + "/" + runtime.GOARCH}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		parts = append(parts, "kernel "+strings.TrimSpace(string(text)))
	}
	parts = append(parts, runtime.Version())
	if b.nginx == "" {
		return strings.Join(append(parts, "no nginx"), ", ")
	}
	if text, err := exec.CommandContext(ctx, b.nginx, "-v").CombinedOutput(); err == nil { //nolint:gosec // the nginx that was found
		_, version, _ := strings.Cut(firstLine(text), ": ")
		parts = append(parts, version)
	}
	return strings.Join(parts, ", ")
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
