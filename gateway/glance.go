package gateway

import (
	"bytes"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/capability"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// mark is a string without which a request cannot ask for a feature, unless it
// spells the word with escapes: then the target is left to say that it cannot.
type mark struct {
	feature failover.Feature
	text    []byte
}

var marks = map[string][]mark{ //nolint:gochecknoglobals // a constant table
	"openai": {
		{failover.FeatureTools, []byte(`"tools"`)},
		{failover.FeatureTools, []byte(`"functions"`)},
		{failover.FeatureSchema, []byte(`"json_schema"`)},
		{failover.FeatureImage, []byte(`"image_url"`)},
		{failover.FeaturePDF, []byte(`"file"`)},
		{failover.FeatureAudio, []byte(`"input_audio"`)},
	},
	"anthropic": {
		{failover.FeatureTools, []byte(`"tools"`)},
		{failover.FeatureSchema, []byte(`"json_schema"`)},
		{failover.FeatureImage, []byte(`"image"`)},
		{failover.FeaturePDF, []byte(`"document"`)},
	},
}

// mayAsk says which of some features a request may ask for, by the strings its
// bytes hold. It looks at what follows each quotation mark, once: a prompt of
// prose has few, and they are found fast.
func mayAsk(w *switchgear.Wire, of failover.Feature) failover.Feature {
	known, ok := marks[w.Dialect]
	if !ok {
		return of
	}
	var letters uint32 // the first letters of the marks that matter
	var sought failover.Feature
	for i := range known {
		if of&known[i].feature != 0 {
			letters |= 1 << (known[i].text[1] - 'a')
			sought |= known[i].feature
		}
	}
	var may failover.Feature
	for body, i := w.Body, 0; may != sought; {
		next := bytes.IndexByte(body[i:], '"')
		if i += next + 1; next < 0 || i == len(body) {
			break
		}
		if letter := body[i] - 'a'; letter < 32 && letters&(1<<letter) != 0 {
			may |= of & marked(known, body[i-1:])
		}
	}
	return may
}

// marked is the feature whose mark some bytes begin with.
func marked(known []mark, rest []byte) failover.Feature {
	for i := range known {
		if bytes.HasPrefix(rest, known[i].text) {
			return known[i].feature
		}
	}
	return 0
}

// lacks are the features that the catalogue knows a model not to have.
func lacks(m *capability.Model) failover.Feature {
	var f failover.Feature
	for _, each := range [...]struct {
		feature failover.Feature
		word    string
	}{
		{failover.FeatureTools, "tools"},
		{failover.FeatureSchema, "json_schema"},
		{failover.FeatureImage, "image"},
		{failover.FeaturePDF, "pdf"},
		{failover.FeatureAudio, "audio"},
	} {
		if m.Supports(each.word) == capability.No {
			f |= each.feature
		}
	}
	return f
}
