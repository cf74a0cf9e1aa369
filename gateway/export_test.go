package gateway

import "github.com/switchgear-dev/switchgear/internal/failover"

// Without takes parts away from every step, so that a test can see what misses
// them.
func Without(part func(*failover.Step)) Option {
	return optionFunc(func(o *options) { o.part = part })
}
