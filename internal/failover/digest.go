package failover

import (
	"hash/maphash"

	"github.com/switchgear-dev/switchgear"
)

// digest fingerprints the body of a request, so that a breaker can tell one
// request's repeats from different requests. It is never 0, and means nothing
// outside this process.
func (r *Runner) digest(req *switchgear.Request) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	if req.Wire != nil {
		_, _ = h.Write(req.Wire.Body)
		return max(h.Sum64(), 1)
	}
	_, _ = h.WriteString(req.Route)
	for i := range req.System {
		_, _ = h.WriteString(req.System[i].Text)
		_ = h.WriteByte(0)
	}
	for i := range req.Messages {
		_, _ = h.WriteString(string(req.Messages[i].Role))
		for k := range req.Messages[i].Parts {
			digestPart(&h, &req.Messages[i].Parts[k])
		}
	}
	return max(h.Sum64(), 1)
}

// client fingerprints who asks, by the name of the client key; 0 for nobody.
func (j *job) client() uint64 {
	name := j.limits().Client
	if name == "" {
		return 0
	}
	return max(maphash.String(j.runner.seed, name), 1)
}

func digestPart(h *maphash.Hash, p *switchgear.Part) {
	_ = h.WriteByte(byte(p.Kind))
	_, _ = h.WriteString(p.Text)
	_, _ = h.Write(p.Raw)
	if p.Media != nil {
		_, _ = h.WriteString(p.Media.URL)
		_, _ = h.WriteString(p.Media.FileID)
		_, _ = h.WriteString(p.Media.Data)
	}
	if p.Call != nil {
		_, _ = h.WriteString(p.Call.Arguments)
	}
	if p.Result != nil {
		for i := range p.Result.Parts {
			digestPart(h, &p.Result.Parts[i])
		}
	}
}

func (r *Runner) digestEmbed(req *switchgear.EmbedRequest) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	if req.Wire != nil {
		_, _ = h.Write(req.Wire.Body)
		return max(h.Sum64(), 1)
	}
	_, _ = h.WriteString(req.Route)
	for _, text := range req.Input {
		_, _ = h.WriteString(text)
		_ = h.WriteByte(0)
	}
	return max(h.Sum64(), 1)
}
