package failover

import (
	"strconv"

	"github.com/switchgear-dev/switchgear"
)

// Feature is something a request may ask of a model, as bits.
type Feature uint8

// The features a model may be known not to have.
const (
	FeatureTools  Feature = 1 << iota // tool calls
	FeatureSchema                     // answers held to a JSON Schema
	FeatureImage                      // images in the request
	FeaturePDF                        // PDF documents in the request
	FeatureAudio                      // sounds in the request
)

// lacking completes "the model ...".
var lacking = [...]string{ //nolint:gochecknoglobals // a constant table
	"cannot call tools", "cannot hold an answer to a JSON Schema", "does not read images", "does not read PDF documents", "does not hear audio",
}

// needs are what a request asks of a model, as far as some step lacks it.
type needs struct {
	of     Feature
	where  [len(lacking)]string // the first part of the request that asks for each
	tokens int64                // an estimate of what it reads; 0 if it surely fits everywhere
}

// wide is how many times a context window the estimated length of a request
// must be for it not to be tried: the estimate may be off by half.
const wide = 2

// asks finds out whether the request asks for what some step lacks. A request
// that came over the wire is read only if its bytes look like it.
func (j *job) asks(req *switchgear.Request) {
	var lacks Feature
	window := int64(0) // the smallest that is known
	for i := range j.plan.Steps {
		step := &j.plan.Steps[i]
		lacks |= step.Lacks
		if step.Context > 0 && (window == 0 || step.Context < window) {
			window = step.Context
		}
	}
	if lacks == 0 && window == 0 {
		return
	}
	if req.Wire == nil {
		j.needs = needsOf(req, lacks, window)
		return
	}
	if j.runner.decode == nil {
		return
	}
	if j.runner.may != nil && lacks != 0 {
		lacks = j.runner.may(req.Wire, lacks)
	}
	if lacks == 0 && !over(len(req.Wire.Body), window) {
		return
	}
	if values, err := j.values(req.Wire); err == nil { // what cannot be read is for the target to judge
		j.needs = needsOf(values, lacks, window)
	}
}

// over reports whether so many bytes may be too much for a window: no text has
// more tokens than one for three bytes, as counted here.
func over(size int, window int64) bool { return window > 0 && int64(size)/3 > wide*window }

// needsOf looks through a request; nil if it asks for nothing of it.
func needsOf(req *switchgear.Request, lacks Feature, window int64) *needs {
	n := needs{}
	if len(req.Tools) > 0 {
		n.want(lacks&FeatureTools, "tools")
	}
	if req.Output != nil && len(req.Output.Schema) > 0 {
		n.want(lacks&FeatureSchema, "output")
	}
	if lacks&(FeatureImage|FeaturePDF|FeatureAudio) != 0 {
		n.media("system", req.System, lacks)
		for i := range req.Messages {
			n.media("messages["+strconv.Itoa(i)+"].parts", req.Messages[i].Parts, lacks)
		}
	}
	var size weight
	size.request(req)
	if over(size.bytes, window) {
		counted := weight{count: true}
		counted.request(req)
		n.tokens = counted.tokens()
	}
	if n.of == 0 && n.tokens == 0 {
		return nil
	}
	return &n
}

// media looks for parts that are no text.
func (n *needs) media(path string, parts []switchgear.Part, lacks Feature) {
	for i := range parts {
		p := &parts[i]
		var f Feature
		switch p.Kind {
		case switchgear.PartImage:
			f = FeatureImage
		case switchgear.PartDocument:
			if p.Media != nil && p.Media.Type == "application/pdf" {
				f = FeaturePDF
			}
		case switchgear.PartAudio:
			f = FeatureAudio
		case switchgear.PartToolResult:
			if p.Result != nil {
				n.media(path+"["+strconv.Itoa(i)+"].result.parts", p.Result.Parts, lacks)
			}
		default:
		}
		if f&lacks&^n.of != 0 {
			n.want(f, path+"["+strconv.Itoa(i)+"]")
		}
	}
}

// want notes the first place that asks for a feature.
func (n *needs) want(f Feature, where string) {
	for i := range n.where {
		if bit := Feature(1) << i; f&bit&^n.of != 0 {
			n.of |= bit
			n.where[i] = where
		}
	}
}

// beyond says what a step lacks for these needs.
func (n *needs) beyond(step *Step) (kind barrier, reason, param string) {
	if n == nil {
		return 0, "", ""
	}
	for i, words := range lacking {
		if n.of&step.Lacks&(1<<i) != 0 {
			return barModel, words + " (" + n.where[i] + ")", n.where[i]
		}
	}
	if step.Context > 0 && n.tokens > wide*step.Context {
		return barWindow, "reads at most " + strconv.FormatInt(step.Context, 10) + " tokens, and messages has about " +
			strconv.FormatInt(n.tokens, 10), "messages"
	}
	return 0, "", ""
}
