package openai

import (
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// Reword gives an answer as it came other texts, by the places of their
// choices. All else stays, byte for byte but for the space between choices. It
// reports false for an answer that holds no such text.
func (*Codec) Reword(body []byte, texts map[int]string) ([]byte, bool) {
	return inMember(body, "choices", func(choices []byte) ([]byte, bool) {
		var w jsonx.Writer
		place, told := 0, 0
		w.Array()
		r := jsonx.NewReader(choices)
		for r.Array(); r.More(); {
			choice := r.Raw()
			if jsonx.KindOf(choice) == jsonx.Object { // nothing else counts as one: see readChoices
				if text, ok := texts[place]; ok {
					if choice, ok = retell(choice, text); !ok {
						return nil, false
					}
					told++
				}
				place++
			}
			w.Raw(choice)
		}
		w.End()
		return w.Buf(), told == len(texts)
	})
}

// retell gives a choice another text.
func retell(choice []byte, text string) ([]byte, bool) {
	return inMember(choice, "message", func(message []byte) ([]byte, bool) {
		return inMember(message, "content", func(content []byte) ([]byte, bool) {
			return quote(text), jsonx.KindOf(content) == jsonx.String
		})
	})
}

// inMember changes the value of one member of an object.
func inMember(object []byte, member string, change func(value []byte) ([]byte, bool)) ([]byte, bool) {
	var spans [1]jsonx.Span
	if jsonx.Find(object, []string{member}, spans[:]) != nil || spans[0].End == 0 {
		return nil, false
	}
	value, ok := change(object[spans[0].Start:spans[0].End])
	if !ok {
		return nil, false
	}
	return jsonx.Join(jsonx.Pieces(object, jsonx.Edit{Span: spans[0], New: value})), true
}
