package anthropic

import (
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// Reword gives an answer as it came another text, which stands where the first
// text stood; texts are by the places of their choices, of which there is one
// here. All else stays, byte for byte but for the space between blocks. It
// reports false for an answer that holds no such text.
func (*Codec) Reword(body []byte, texts map[int]string) ([]byte, bool) {
	text, ok := texts[0]
	var spans [1]jsonx.Span
	if !ok || len(texts) != 1 || jsonx.Find(body, []string{"content"}, spans[:]) != nil || spans[0].End == 0 {
		return nil, false
	}
	var w jsonx.Writer
	told := false
	w.Array()
	r := jsonx.NewReader(body[spans[0].Start:spans[0].End])
	for r.Array(); r.More(); {
		raw := r.Raw()
		at, isText := textIn(raw)
		switch {
		case !isText:
			w.Raw(raw)
		case !told:
			told = true
			w.Raw(jsonx.Join(jsonx.Pieces(raw, jsonx.Edit{Span: at, New: jsonx.AppendQuote(nil, text)})))
		default: // what it said is in the new text
		}
	}
	w.End()
	return jsonx.Join(jsonx.Pieces(body, jsonx.Edit{Span: spans[0], New: w.Buf()})), told
}

// textIn finds the text of a block, if it is one of text.
func textIn(block []byte) (at jsonx.Span, ok bool) {
	var spans [2]jsonx.Span
	if jsonx.Find(block, []string{"type", "text"}, spans[:]) != nil {
		return at, false
	}
	kind, _ := jsonx.Unquote(block[spans[0].Start:spans[0].End])
	at = spans[1]
	return at, kind == "text" && at.End > 0 && jsonx.KindOf(block[at.Start:at.End]) == jsonx.String
}
