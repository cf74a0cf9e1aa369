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
// bytes hold.
func mayAsk(w *switchgear.Wire, of failover.Feature) failover.Feature {
	known, ok := marks[w.Dialect]
	if !ok {
		return of
	}
	var may failover.Feature
	for i := range known {
		if f := known[i].feature; of&f != 0 && may&f == 0 && bytes.Contains(w.Body, known[i].text) {
			may |= f
		}
	}
	return may
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
