package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// bench is one run.
type bench struct {
	*settings

	talk     io.Writer
	dir      string
	upstream string
	nginx    string // its path; "" if there is none
}

// sizes of request bodies, in bytes, and how much CPU time a request may cost
// at most, in multiples of nginx.
var sizes = []struct {
	bytes int
	label string
	goal  float64
}{
	{512, "0.5 KB", 5},
	{10 << 10, "10 KB", 0},
	{200 << 10, "200 KB", 2.8},
}

// cell is one measurement: one proxy, one size, one round.
type cell struct {
	cpu  time.Duration // per request
	rps  float64
	p50  time.Duration
	lost float64 // share of CPU time the machine's host took away meanwhile
}

// results are all measurements.
type results struct {
	nginx, gateway [][]cell // by size, then round
	idle, nginxRSS int      // KB, without load
	loaded         int      // KB, after all rounds
	perStream      float64  // KB
	nginxStream    float64
	starts         []time.Duration
}

func (b *bench) measure(ctx context.Context) (*results, error) {
	r := &results{nginx: make([][]cell, len(sizes)), gateway: make([][]cell, len(sizes))}
	if err := b.timeStarts(ctx, r); err != nil {
		return nil, err
	}
	if err := b.measureRequests(ctx, r); err != nil {
		return nil, err
	}
	if b.streams > 0 {
		if err := b.measureStreams(ctx, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// timeStarts measures from exec to the first answer, and the memory of a
// gateway that has answered once.
func (b *bench) timeStarts(ctx context.Context, r *results) error {
	fmt.Fprintf(b.talk, "bench: %d starts\n", b.starts)
	var idle []int
	for range b.starts {
		p, took, err := b.startGateway(ctx)
		if err != nil {
			return err
		}
		r.starts = append(r.starts, took)
		rss, err := p.rss()
		p.stop()
		if err != nil {
			return err
		}
		idle = append(idle, rss)
	}
	r.idle = median(idle)
	return nil
}

// measureRequests takes turns: nginx, gateway, nginx, gateway, and for every
// other round the other way round, so that neither always follows the other.
func (b *bench) measureRequests(ctx context.Context, r *results) error {
	gateway, _, err := b.startGateway(ctx)
	if err != nil {
		return err
	}
	defer gateway.stop()
	runs := []struct {
		p    *process
		into [][]cell
	}{{gateway, r.gateway}}
	if b.nginx != "" {
		nginx, err := b.startNginx(ctx)
		if err != nil {
			return err
		}
		defer nginx.stop()
		runs = append(runs, runs[0])
		runs[0].p, runs[0].into = nginx, r.nginx
	}
	for round := range b.rounds {
		fmt.Fprintf(b.talk, "bench: round %d of %d\n", round+1, b.rounds)
		for i := range sizes {
			for j := range runs {
				run := runs[(j+round)%len(runs)]
				c, err := b.measureCell(ctx, run.p, request(sizes[i].bytes, false))
				if err != nil {
					return fmt.Errorf("%s through %s: %w", sizes[i].label, run.p.cmd.Path, err)
				}
				run.into[i] = append(run.into[i], c)
			}
		}
	}
	r.loaded, err = gateway.rss()
	return err
}

func (b *bench) measureCell(ctx context.Context, p *process, message []byte) (cell, error) {
	const warm = 200 * time.Millisecond
	if _, err := drive(ctx, p.address, message, b.connections, warm); err != nil {
		return cell{}, err
	}
	machine := lookAtMachine()
	before, err := p.cpu()
	if err != nil {
		return cell{}, err
	}
	l, err := drive(ctx, p.address, message, b.connections, b.cell)
	if err != nil {
		return cell{}, err
	}
	after, err := p.cpu()
	if err != nil {
		return cell{}, err
	}
	if l.requests == 0 {
		return cell{}, errors.New("no request was answered")
	}
	return cell{
		cpu:  (after - before) / time.Duration(l.requests),
		rps:  float64(l.requests) / l.took.Seconds(),
		p50:  median(l.times),
		lost: machine.since(),
	}, nil
}

// measureStreams holds many streams open and asks what memory they take.
func (b *bench) measureStreams(ctx context.Context, r *results) error {
	fmt.Fprintf(b.talk, "bench: %d streams\n", b.streams)
	gateway, _, err := b.startGateway(ctx)
	if err != nil {
		return err
	}
	defer gateway.stop()
	if _, r.perStream, err = b.hold(ctx, gateway); err != nil {
		return err
	}
	if b.nginx == "" {
		return nil
	}
	nginx, err := b.startNginx(ctx)
	if err != nil {
		return err
	}
	defer nginx.stop()
	r.nginxRSS, r.nginxStream, err = b.hold(ctx, nginx)
	return err
}

// hold gives the memory without streams, and what each adds, in KB.
func (b *bench) hold(ctx context.Context, p *process) (idle int, each float64, err error) {
	if idle, err = p.rss(); err != nil {
		return 0, 0, err
	}
	release, err := hold(ctx, p.address, b.streams)
	defer release()
	if err != nil {
		return 0, 0, err
	}
	select {
	case <-time.After(2 * time.Second): // what was only needed to begin is given back
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	}
	full, err := p.rss()
	return idle, float64(full-idle) / float64(b.streams), err
}
