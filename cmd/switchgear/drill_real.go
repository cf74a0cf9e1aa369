package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/drill"
)

// mostShorter is how much shorter an outage may be: ten minutes in ten seconds.
// With less, a circuit has no time to open.
const mostShorter = 60

// mostWatched is how long it may be calm before an outage, or after it.
const mostWatched = time.Hour

// realFlags finds mistakes in how long things are to take.
func (f *drillFlags) realFlags() error {
	switch {
	case !f.real && f.shorter != drill.DefaultShorter:
		return errors.New("--shorter is for --real: in virtual time an outage takes as long as it took")
	case f.shorter < 1 || f.shorter > mostShorter:
		return fmt.Errorf("--shorter takes 1 to %d, not %g", mostShorter, f.shorter)
	case f.calm < 0 || f.calm > mostWatched:
		return fmt.Errorf("--calm takes up to %v, not %v", mostWatched, f.calm)
	case f.after < 0 || f.after > mostWatched:
		return fmt.Errorf("--after takes up to %v, not %v", mostWatched, f.after)
	default:
		return nil
	}
}

// atOnce is how many outages are played at the same time.
func (f *drillFlags) atOnce(jobs int) int {
	switch {
	case f.jobs > 0:
		return f.jobs
	case f.real:
		return jobs
	default:
		return runtime.NumCPU()
	}
}

// sayReal says how long it will take: it is real time.
func sayReal(c *cobra.Command, job *drillJob) error {
	o, err := job.options(nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "over loopback sockets and in real time, the outage %g times shorter: done in %s at most\n",
		job.Shorter, drill.RealTime(o).Round(time.Second))
	return nil
}
