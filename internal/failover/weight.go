package failover

import (
	"encoding/base64"

	"github.com/switchgear-dev/switchgear"
)

// What a token is made of, roughly: four bytes of English or of code, three of
// any other script in UTF-8. A byte that repeats the one before adds nothing:
// tokenizers take long runs of blanks or dashes as one.
const (
	plainBytes = 4
	otherBytes = 3
)

// What counts as a number of tokens whatever it holds.
const (
	turnTokens  = 4    // a message, for what marks its begin and its end
	imageTokens = 1600 // an image: about what Anthropic says one of the largest useful size takes
	pdfBytes    = 40   // of a PDF document for a token: a page of 100 KB is 2,500, within what Anthropic says
)

// weight adds up what a request holds: its bytes, and what tokens are made of
// if count is set.
type weight struct {
	count  bool
	bytes  int // of all texts, media not included
	plain  int64
	others int64
	turns  int64
	media  int64 // in tokens
}

// tokens is the estimate of the texts and their frame. Media are apart.
func (w *weight) tokens() int64 {
	return w.plain/plainBytes + w.others/otherBytes + w.turns*turnTokens
}

// estimate is how many tokens a request reads, roughly.
func estimate(req *switchgear.Request) int64 {
	w := weight{count: true}
	w.request(req)
	return max(w.tokens()+w.media, 1)
}

func (w *weight) request(req *switchgear.Request) {
	w.parts(req.System)
	for i := range req.Messages {
		w.turns++
		weigh(w, req.Messages[i].Name)
		w.parts(req.Messages[i].Parts)
	}
	for i := range req.Tools {
		t := &req.Tools[i]
		w.turns++
		weigh(w, t.Name)
		weigh(w, t.Description)
		weigh(w, t.Schema)
		weigh(w, t.Raw)
	}
	if req.Output != nil {
		weigh(w, req.Output.Schema)
	}
}

func (w *weight) parts(parts []switchgear.Part) {
	for i := range parts {
		p := &parts[i]
		if p.Kind != switchgear.PartThinking {
			weigh(w, p.Text) // thinking of earlier turns is mostly taken out by the provider
		}
		weigh(w, p.Raw)
		if p.Call != nil {
			weigh(w, p.Call.Name)
			weigh(w, p.Call.Arguments)
		}
		if p.Result != nil {
			w.parts(p.Result.Parts)
		}
		w.medium(p)
	}
}

func (w *weight) medium(p *switchgear.Part) {
	if p.Media == nil {
		return
	}
	size := int64(base64.StdEncoding.DecodedLen(len(p.Media.Data)))
	switch {
	case p.Kind == switchgear.PartImage:
		w.media += imageTokens
	case p.Media.Type == "application/pdf":
		w.media += size / pdfBytes
	default:
		w.media += size / plainBytes
	}
}

// weigh weighs a text. It copies none.
func weigh[T ~string | ~[]byte](w *weight, s T) {
	w.bytes += len(s)
	if !w.count {
		return
	}
	last := byte(0)
	for i := range len(s) {
		switch b := s[i]; {
		case b >= 0x80:
			w.others++
		case b != last:
			w.plain++
		}
		last = s[i]
	}
}
