package anthropic

import "testing"

// TestReword: an answer gets another text where its first stood, and all else
// stays; what has no text is left to others.
func TestReword(t *testing.T) {
	f := func(body string, texts map[int]string, want string) {
		t.Helper()
		got, ok := NewCodec().Reword([]byte(body), texts)
		if ok != (want != "") || (ok && string(got) != want) {
			t.Errorf("%s\n%v gives %s, %v", body, texts, got, ok)
		}
	}
	const two = `{"x":1.50,"content":[{"type":"thinking","thinking":"text"},{"type":"text","text":"a","citations":null},{"type":"text","text":"b"}],"usage":{}}`
	f(two, map[int]string{0: `A"`}, `{"x":1.50,"content":[{"type":"thinking","thinking":"text"},{"type":"text","text":"A\"","citations":null}],"usage":{}}`)
	f(two, map[int]string{1: "B"}, "")
	f(two, map[int]string{0: "A", 1: "B"}, "")
	f(`{"content":[{"type":"thinking","thinking":"a"}]}`, map[int]string{0: "A"}, "")
	f(`{"content":[{"type":"text"}]}`, map[int]string{0: "A"}, "")
	f(`{"content":[{"type":"text","text":7}]}`, map[int]string{0: "A"}, "")
	f(`{"content":"a"}`, map[int]string{0: "A"}, "")
	f(`{}`, map[int]string{0: "A"}, "")
}
