// Package leaves keeps the books of a translation: what of a typed request an
// encoder has said on the wire, and, when it is done, the exact list of what it
// has not. No encoder keeps a list of its own losses, which would be wrong the
// day somebody adds a field.
//
//	l := leaves.Open(req, "openai")
//	defer l.Close()
//	l.Said(leaves.Effort | leaves.MaxTokens)
//	for i := range req.Messages {
//		m := l.Message(i)
//		m.Said(leaves.MessageRole)
//		for j := range req.Messages[i].Parts {
//			m.Parts().At(j).Said(leaves.PartText)
//		}
//	}
//	dropped := l.Left()
//
// A leaf is a field that holds something, in the words of the root types:
// "sampling.top_k", "messages[3].parts[0].signature", "extra.metadata". A thing
// of which nothing was said is named once, as a whole: "tools[2]",
// "messages[3].parts[0] (thinking)", "thinking".
//
// These are not leaves: what the gateway itself reads (Route, Wire, Labels,
// Limits), where a part was written (Origin), options for other dialects, and
// list elements in which no field is set.
package leaves
