package openai

import "testing"

// TestReword: an answer gets other texts in their places, and all else stays;
// what has no such text is left to others.
func TestReword(t *testing.T) {
	f := func(body string, texts map[int]string, want string) {
		t.Helper()
		got, ok := NewCodec().Reword([]byte(body), texts)
		if string(got) != want || ok != (want != "") {
			t.Errorf("%s\n%v gives %s, %v", body, texts, got, ok)
		}
	}
	const two = `{"x":1.50,"choices":[{"index":1,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"},null,{"message":{"content":"b"}}],"usage":{}}`
	f(two, map[int]string{0: `A"`}, `{"x":1.50,"choices":[{"index":1,"message":{"role":"assistant","content":"A\""},"finish_reason":"stop"},null,{"message":{"content":"b"}}],"usage":{}}`)
	f(two, map[int]string{1: "B"}, `{"x":1.50,"choices":[{"index":1,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"},null,{"message":{"content":"B"}}],"usage":{}}`)
	f(two, map[int]string{2: "C"}, "")
	f(`{"choices":[{"message":{"content":[{"type":"text","text":"a"}]}}]}`, map[int]string{0: "A"}, "")
	f(`{"choices":[{"message":{"content":null}}]}`, map[int]string{0: "A"}, "")
	f(`{"choices":[{"message":{}}]}`, map[int]string{0: "A"}, "")
	f(`{"choices":[{"message":{"content":"a","content":"b"}}]}`, map[int]string{0: "A"}, "")
	f(`{"choices":7}`, map[int]string{0: "A"}, "")
	f(`[]`, map[int]string{0: "A"}, "")
}
