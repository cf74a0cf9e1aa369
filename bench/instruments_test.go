package main

import (
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
	"github.com/switchgear-dev/switchgear/internal/jury"
	"github.com/switchgear-dev/switchgear/internal/limit"
	"github.com/switchgear-dev/switchgear/internal/pace"
	"github.com/switchgear-dev/switchgear/internal/retry"
)

// instruments are what a request meets of a target besides its breaker and its
// keys, as failover holds them.
type instruments struct {
	route, target failover.Budget
	limit         failover.Limit
	pace          failover.Pace
	jury          failover.Jury
}

func newInstruments() *instruments {
	return &instruments{
		route: retry.New(retry.Options{}), target: retry.New(retry.Options{}),
		limit: limit.New(limit.Options{}), pace: pace.New(), jury: jury.New(),
	}
}

// calm is one attempt that goes well: earn, enter, look up the deadline, learn,
// leave.
func (i *instruments) calm(now time.Time) {
	i.route.Earn(now)
	i.target.Earn(now)
	if !i.limit.Enter(switchgear.StakesNormal, now) {
		return
	}
	i.pace.First(5000)
	i.pace.Learn(failover.Sample{Input: 5000, First: 700 * time.Millisecond}, now)
	i.limit.Leave(nil, now)
}

// trouble is one attempt that is turned down for want of capacity and tried
// again, and one whose refusal nobody knows.
func (i *instruments) trouble(now time.Time, busy *switchgear.Error) {
	i.route.Earn(now)
	i.target.Earn(now)
	if i.limit.Enter(switchgear.StakesNormal, now) {
		i.limit.Leave(busy, now)
	}
	i.pace.Spoil(now)
	if i.route.Spend(now) && !i.target.Spend(now) {
		i.route.Refund()
	}
	if i.jury.Opinion(now) == failover.OpinionAsk {
		i.jury.Judge(true, now)
	}
}

// BenchmarkInstruments is what all instruments of a target but the breaker
// cost an attempt. A request a millisecond: the commits of pace are in it.
func BenchmarkInstruments(b *testing.B) {
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	busy := &switchgear.Error{Class: switchgear.ClassOverloaded}
	for _, test := range []struct {
		name string
		one  func(i *instruments, now time.Time)
	}{
		{"calm", (*instruments).calm},
		{"trouble", func(i *instruments, now time.Time) { i.trouble(now, busy) }},
	} {
		b.Run(test.name, func(b *testing.B) {
			i, now := newInstruments(), start
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(time.Millisecond)
				test.one(i, now)
			}
		})
		b.Run(test.name+" parallel", func(b *testing.B) {
			i := newInstruments()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				now := start
				for pb.Next() {
					now = now.Add(time.Millisecond)
					test.one(i, now)
				}
			})
		})
	}
}
