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

// ends is how much of a request's begin and end is looked through for the
// length that is asked for: clients write their settings before the messages or
// after them.
const ends = 512

// maxTokens says, at a glance, how long an answer a request asks for at most; 0
// if that is not seen. A wrong guess, from a message that quotes such a
// setting, times a request with others than its like, and no more.
func maxTokens(w *switchgear.Wire) int64 {
	head, tail := w.Body, []byte(nil)
	if len(head) > 2*ends {
		head, tail = w.Body[:ends], w.Body[len(w.Body)-ends:]
	}
	for _, key := range [...]string{`"max_tokens"`, `"max_completion_tokens"`} {
		for _, part := range [...][]byte{head, tail} {
			if n := numberAfter(part, key); n > 0 {
				return n
			}
		}
	}
	return 0
}

// numberAfter is the whole number that a member is set to; 0 if there is none.
func numberAfter(text []byte, key string) int64 {
	i := bytes.Index(text, []byte(key))
	if i < 0 {
		return 0
	}
	rest := bytes.TrimLeft(text[i+len(key):], " \t\r\n")
	if len(rest) == 0 || rest[0] != ':' {
		return 0
	}
	const most = 1 << 40
	n := int64(0)
	for _, c := range bytes.TrimLeft(rest[1:], " \t\r\n") {
		if c < '0' || c > '9' || n > most {
			break
		}
		n = 10*n + int64(c-'0')
	}
	return n
}
