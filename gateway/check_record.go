package gateway

import "github.com/switchgear-dev/switchgear/config"

// records looks at what is kept of requests.
func (c *checker) records() {
	if !c.cfg.Record.On {
		return
	}
	for i := range c.cfg.Routes {
		if c.cfg.Routes[i].Recorded() {
			return
		}
	}
	c.warn(c.cfg.Record.Pos, "record", "no route is left whose requests could be kept", "Remove record: off from one, or write bodies: off.")
}

// recordsVectors warns of a switch that switches nothing.
func (c *checker) recordsVectors(r *config.Route, path string) {
	if r.Kind == config.KindEmbedding && r.Record == config.SwitchOn {
		c.warn(r.RecordPos, path+".record", "what an embedding route is asked is never kept", "Remove it.")
	}
}
