package openai

import (
	"testing"
)

func TestRecordedRequestsDecode(t *testing.T) {
	read := 0
	for _, r := range chats(t) {
		if len(r.RequestBody) == 0 || string(r.RequestBody) == "null" {
			continue
		}
		req, err := NewCodec().Decode(r.RequestBody)
		if err != nil {
			t.Errorf("%s %s (status %d): %v", r.API, r.ID, r.Status, err)
			continue
		}
		if len(req.Messages) == 0 && len(req.System) == 0 {
			t.Errorf("%s %s: nothing was read", r.API, r.ID)
		}
		read++
	}
	if read < 700 {
		t.Errorf("only %d requests were read", read)
	}
}
