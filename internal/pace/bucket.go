package pace

import "github.com/switchgear-dev/switchgear/internal/failover"

const (
	inputs  = 6 // classes of input
	outputs = 5 // classes of output
	unsaid  = 0 // the class of an output that was not said

	// The buckets of First come first, by input; then those of Whole, by input
	// and output.
	buckets = inputs + inputs*outputs
)

// inputClass is below 1k, 4k, 16k, 64k, 256k tokens, or more.
func inputClass(tokens int64) int {
	class := 0
	for edge := int64(1 << 10); class < inputs-1 && tokens >= edge; edge <<= 2 {
		class++
	}
	return class
}

// outputClass is unsaid, at most 256, 1k, 4k tokens, or more.
func outputClass(tokens int64) int {
	switch {
	case tokens <= 0:
		return unsaid
	case tokens <= 256:
		return 1
	case tokens <= 1<<10:
		return 2
	case tokens <= 4<<10:
		return 3
	default:
		return 4
	}
}

func firstBucket(input int64) int { return inputClass(input) }

func wholeBucket(input, output int64) int {
	return inputs + inputClass(input)*outputs + outputClass(output)
}

// borrowed is what is usual in a bucket, or, if that is not known, the shortest
// of what is usual in the next larger ones. If that is not known either, it is
// what can be guessed of the bucket, or the zero Span.
func (p *Pace) borrowed(bucket int) failover.Span {
	if p.learned[bucket].P95 > 0 {
		return p.learned[bucket]
	}
	least := failover.Span{}
	for _, larger := range largerThan(bucket) {
		if larger < 0 {
			break
		}
		if s := p.learned[larger]; s.P95 > 0 && (least.P95 == 0 || s.P95 < least.P95) {
			least = s
		}
	}
	if least.P95 == 0 {
		return p.learned[bucket]
	}
	return least
}

// largerThan lists the next larger buckets, in input, output and both; -1
// after the last.
func largerThan(bucket int) [3]int {
	next, n := [3]int{-1, -1, -1}, 0
	add := func(b int) { next[n] = b; n++ }
	if bucket < inputs {
		if bucket < inputs-1 {
			add(bucket + 1)
		}
		return next
	}
	input, output := (bucket-inputs)/outputs, (bucket-inputs)%outputs
	longer := output != unsaid && output < outputs-1
	if longer {
		add(bucket + 1)
	}
	if input < inputs-1 {
		add(bucket + outputs)
		if longer {
			add(bucket + outputs + 1)
		}
	}
	return next
}
