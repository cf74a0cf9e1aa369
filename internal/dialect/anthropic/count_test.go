package anthropic

import "testing"

// What the codec writes is what the dialect reads.
func TestCodecCount(t *testing.T) {
	body := NewCodec().Count(1234)
	count, err := New().DecodeCount(body)
	if string(body) != `{"input_tokens":1234}` || err != nil || count.Input != 1234 || count.Estimated {
		t.Errorf("%s: %+v, %v", body, count, err)
	}
}
