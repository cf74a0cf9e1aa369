package failover

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/switchgear-dev/switchgear"
)

// An answer that lacks the form declared for it can be brought into it, on
// routes that ask for that. Only the text of a choice is changed, and only of
// one that is nothing but text, thoughts aside, and came to its own end: a cut
// answer must not be made to look whole, and beside a tool call the text is not
// the answer.

// mend brings a whole answer into its form.
func (j *job) mend(resp *switchgear.Response) {
	if j.plan.Mender == nil {
		return
	}
	changed := map[int]string{}
	for i := range resp.Choices {
		c := &resp.Choices[i]
		text, plain := said(c)
		if !plain {
			continue
		}
		if mended, ok := j.reword(text, c.Finish); ok {
			c.Parts = retold(c.Parts, mended)
			changed[i] = mended
		}
	}
	if len(changed) > 0 && resp.Wire != nil {
		said := *resp.Wire
		said.Body = nil // what it says no longer holds
		if j.runner.reword != nil {
			if body, ok := j.runner.reword(resp.Wire, changed); ok {
				said.Body = body
			}
		}
		resp.Wire = &said
	}
}

// reword finds the form of a text that ended so.
func (j *job) reword(text string, end switchgear.Finish) (string, bool) {
	if end.Kind != switchgear.FinishStop || end.Sequence != "" || !j.plan.Mender.Wants(text) {
		return text, false
	}
	req := j.req
	if w := req.Wire; w != nil {
		if j.runner.decode == nil {
			return text, false
		}
		values, err := j.values(w)
		if err != nil {
			return text, false // what was asked for is not known
		}
		req = values
	}
	mended, by := j.plan.Mender.Mend(req, text)
	for _, name := range by {
		if !slices.Contains(j.trace.Normalised, name) {
			j.trace.Normalised = append(j.trace.Normalised, name)
		}
	}
	return mended, len(by) > 0
}

// said is the text of a choice, and whether there is nothing beside it.
func said(c *switchgear.Choice) (text string, plain bool) {
	var b strings.Builder
	for i := range c.Parts {
		if !bare(&c.Parts[i]) {
			return "", false
		}
		if c.Parts[i].Kind == switchgear.PartText {
			b.WriteString(c.Parts[i].Text)
		}
	}
	return b.String(), true
}

// bare reports whether a part is a thought, or text that nothing points into:
// citations would point at what is no longer there.
func bare(p *switchgear.Part) bool {
	switch p.Kind {
	case switchgear.PartThinking, switchgear.PartRedacted:
		return true
	case switchgear.PartText:
		for _, v := range p.Extra {
			if s := string(v); s != "null" && s != "[]" {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// retold are the parts of a choice with another text, which stands where the
// first one stood. The old ones are left as they were: others may hold them.
func retold(parts []switchgear.Part, text string) []switchgear.Part {
	out := make([]switchgear.Part, 0, len(parts))
	told := false
	for _, p := range parts {
		if p.Kind == switchgear.PartText {
			if told {
				continue
			}
			told, p.Text = true, text
		}
		out = append(out, p)
	}
	return out
}

// mendHeld brings an answer that is held whole into its form. The events of a
// changed answer are its values; but for deltas they carry no frames.
func (j *job) mendHeld(h *held) {
	if j.plan.Mender == nil {
		return
	}
	told := tell(h.events)
	changed := map[int]string{}
	for _, choice := range slices.Sorted(maps.Keys(told)) {
		t := told[choice]
		if t.beside {
			continue
		}
		if mended, ok := j.reword(t.text.String(), t.end); ok {
			changed[choice] = mended
		}
	}
	if len(changed) > 0 {
		h.events = retell(h.events, changed)
	}
}

// telling is what a streamed choice says.
type telling struct {
	text   strings.Builder
	end    switchgear.Finish
	beside bool // there is more than text and thoughts
}

// tell collects the choices of a stream.
func tell(events []switchgear.Event) map[int]*telling {
	told := map[int]*telling{}
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case switchgear.EventOther, switchgear.EventPing, switchgear.EventStart, switchgear.EventUsage:
			continue
		default:
		}
		t := told[e.Choice]
		if t == nil {
			t = &telling{}
			told[e.Choice] = t
		}
		switch e.Kind {
		case switchgear.EventText:
			t.text.WriteString(e.Text)
		case switchgear.EventPart:
			t.beside = t.beside || e.Part == nil || !bare(e.Part)
			if e.Part != nil && e.Part.Kind == switchgear.PartText {
				t.text.WriteString(e.Part.Text)
			}
		case switchgear.EventFinish:
			t.end = e.Finish
		case switchgear.EventThinking, switchgear.EventSignature, switchgear.EventPartEnd:
		default:
			t.beside = true
		}
	}
	return told
}

// pieceBytes is the most text of an event that is made here: some clients read
// no line of more than 64 KiB.
const pieceBytes = 2 << 10

// retell are the events with another text for some choices, which stands where
// the first piece of the old one stood.
func retell(events []switchgear.Event, texts map[int]string) []switchgear.Event {
	out := make([]switchgear.Event, 0, len(events))
	told := map[int]bool{}
	for _, e := range events {
		if e.Kind != switchgear.EventDelta {
			e.Raw = nil
		}
		text, changed := texts[e.Choice]
		switch {
		case !changed || (e.Kind != switchgear.EventText && e.Kind != switchgear.EventPart):
			out = append(out, e)
			continue
		case e.Kind == switchgear.EventPart:
			if e.Part.Kind != switchgear.PartText || e.Part.Text == "" {
				out = append(out, e)
				continue
			}
			part := *e.Part
			part.Text = ""
			opened := e
			opened.Part = &part
			out = append(out, opened)
			e.Kind, e.Part = switchgear.EventText, nil
		default:
		}
		if told[e.Choice] {
			continue
		}
		told[e.Choice] = true
		for len(text) > 0 {
			e.Text, text = piece(text)
			out = append(out, e)
		}
	}
	return out
}

// piece cuts a text where a character ends.
func piece(text string) (first, rest string) {
	if len(text) <= pieceBytes {
		return text, ""
	}
	at := pieceBytes
	for at > pieceBytes-utf8.UTFMax && !utf8.RuneStart(text[at]) {
		at--
	}
	return text[:at], text[at:]
}
