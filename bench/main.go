// Command bench measures the built gateway against nginx as a plain reverse
// proxy, both in front of the same upstream on the same machine in the same
// run, and prints a table in Markdown. It is what `make bench` runs.
//
// A noisy machine changes both alike, so what counts is the ratio of one to
// the other in the same round; the table gives the median over the rounds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"
)

// settings are what the command line says.
type settings struct {
	gateway     string
	rounds      int
	cell        time.Duration
	connections int
	streams     int
	starts      int
}

func main() {
	var s settings
	flag.StringVar(&s.gateway, "gateway", "bin/switchgear", "the gateway's `binary`")
	flag.IntVar(&s.rounds, "rounds", 5, "rounds; each measures nginx and the gateway at each size of body")
	flag.DurationVar(&s.cell, "time", 2*time.Second, "how long each of those measurements lasts")
	flag.IntVar(&s.connections, "connections", 32, "connections that ask one request after the other")
	flag.IntVar(&s.streams, "streams", 2000, "streams that are held open at once; 0 leaves that part out")
	flag.IntVar(&s.starts, "starts", 11, "starts of the gateway that are timed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, &s, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s *settings, out, talk io.Writer) error {
	if s.rounds < 1 || s.connections < 1 || s.starts < 1 || s.streams < 0 || s.cell <= 0 {
		return errors.New("rounds, time, connections and starts must be more than 0, streams not less")
	}
	dir, err := os.MkdirTemp("", "switchgear-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	mock, err := newUpstream(ctx)
	if err != nil {
		return err
	}
	defer mock.close()
	b := &bench{settings: s, talk: talk, dir: dir, upstream: mock.address()}
	if b.nginx, err = findNginx(ctx, talk); err != nil {
		return err
	}
	if s.gateway, err = filepath.Abs(s.gateway); err != nil {
		return err
	}
	if _, err := exec.LookPath(s.gateway); err != nil {
		return fmt.Errorf("there is no gateway at %s: build it first (make build)", s.gateway)
	}
	r, err := b.measure(ctx)
	if err != nil {
		return err
	}
	r.print(ctx, out, b)
	return nil
}

// findNginx looks for nginx and, where that is possible, installs Debian's.
// Without one the ratios are left out, which is said.
func findNginx(ctx context.Context, talk io.Writer) (string, error) {
	const name = "nginx"
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	if path := "/usr/sbin/nginx"; exec.Command(path, "-v").Run() == nil { //nolint:noctx // it ends at once
		return path, nil
	}
	if _, err := exec.LookPath("apt-get"); err == nil && os.Geteuid() == 0 {
		fmt.Fprintln(talk, "bench: installing Debian's nginx")
		for _, args := range [][]string{{"update", "-qq"}, {"install", "-y", "-qq", name}} {
			c := exec.CommandContext(ctx, "apt-get", args...) //nolint:gosec // the arguments are the constants above
			c.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
			if text, err := c.CombinedOutput(); err != nil && args[0] == "install" {
				fmt.Fprintf(talk, "bench: installing nginx failed: %s\n", lastLine(text))
			}
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	fmt.Fprintln(talk, "bench: no ratios: there is no nginx here, and it could not be installed")
	return "", ctx.Err()
}
