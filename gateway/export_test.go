package gateway

import "github.com/switchgear-dev/switchgear/internal/failover"

// WithoutPart takes parts away from every step, so that a test can see what misses
// them.
func WithoutPart(part func(*failover.Step)) Option {
	return optionFunc(func(o *options) { o.part = part })
}
