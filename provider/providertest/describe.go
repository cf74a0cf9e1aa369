package providertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// base is where the provider is told to find its upstream.
const base = "https://upstream.test/base/v1"

// transcript writes a request as the upstream section of a case has it.
func transcript(r *http.Request) (string, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return "", err
		}
		if err := r.Body.Close(); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	b.WriteString(r.Method + " " + strings.TrimPrefix(r.URL.String(), base) + "\n")
	var names []string
	for name, values := range r.Header {
		if len(values) > 0 && name != "User-Agent" && name != "Accept-Encoding" && name != "Content-Length" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range r.Header[name] {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	if r.ContentLength != int64(len(body)) {
		fmt.Fprintf(&b, "(the content length says %d, the body has %d bytes)\n", r.ContentLength, len(body))
	}
	b.WriteString("\n")
	b.Write(body)
	return b.String(), nil
}

// report gathers the lines of a want section.
type report struct{ lines []string }

// String is the section.
func (r *report) String() string { return strings.Join(r.lines, "\n") }

func (r *report) addf(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *report) response(resp *switchgear.Response) {
	r.head(resp.ID, resp.Model)
	for i := range resp.Choices {
		choice := &resp.Choices[i]
		if choice.Index > 0 {
			r.addf("choice: %d", choice.Index)
		}
		for j := range choice.Parts {
			r.part(&choice.Parts[j])
		}
		r.finish(choice.Finish)
	}
	r.usage(&resp.Usage)
	if resp.Trace != nil && len(resp.Trace.Dropped) > 0 {
		r.addf("dropped: %s", strings.Join(resp.Trace.Dropped, ", "))
	}
}

func (r *report) head(id, model string) {
	if id != "" {
		r.addf("id: %s", id)
	}
	if model != "" {
		r.addf("model: %s", model)
	}
}

var partNames = map[switchgear.PartKind]string{ //nolint:gochecknoglobals // a constant table
	switchgear.PartText: "text", switchgear.PartThinking: "thinking", switchgear.PartRedacted: "redacted",
	switchgear.PartImage: "image", switchgear.PartDocument: "document", switchgear.PartAudio: "audio",
	switchgear.PartToolCall: "tool_call", switchgear.PartToolResult: "tool_result",
	switchgear.PartRefusal: "refusal", switchgear.PartOther: "other",
}

func (r *report) part(p *switchgear.Part) {
	line := "part: " + partNames[p.Kind]
	if p.Call != nil {
		line += " " + p.Call.Name + " " + p.Call.ID + " " + strconv.Quote(p.Call.Arguments)
	}
	if p.Text != "" || p.Kind == switchgear.PartText {
		line += " " + strconv.Quote(p.Text)
	}
	if p.Signature != "" {
		line += " signature " + strconv.Quote(p.Signature)
	}
	r.addf("%s", line)
}

var finishNames = map[switchgear.FinishKind]string{ //nolint:gochecknoglobals // a constant table
	switchgear.FinishStop: "stop", switchgear.FinishLength: "length", switchgear.FinishToolCall: "tool_call",
	switchgear.FinishFilter: "filter", switchgear.FinishPause: "pause", switchgear.FinishOther: "other",
}

func (r *report) finish(f switchgear.Finish) {
	if f.Kind == switchgear.FinishNone && f.Reason == "" {
		return
	}
	line := fmt.Sprintf("finish: %s %q", finishNames[f.Kind], f.Reason)
	if f.Sequence != "" {
		line += fmt.Sprintf(" at %q", f.Sequence)
	}
	r.addf("%s", line)
}

func (r *report) usage(u *switchgear.Usage) {
	var counts strings.Builder
	for _, field := range []struct {
		name  string
		bit   switchgear.UsageField
		count int64
	}{
		{"input", switchgear.UsageInput, u.Input},
		{"output", switchgear.UsageOutput, u.Output},
		{"cache_read", switchgear.UsageCacheRead, u.CacheRead},
		{"cache_write", switchgear.UsageCacheWrite, u.CacheWrite},
		{"cache_write_hour", switchgear.UsageCacheWriteHour, u.CacheWriteHour},
		{"reasoning", switchgear.UsageReasoning, u.Reasoning},
	} {
		if u.Has(field.bit) {
			fmt.Fprintf(&counts, " %s=%d", field.name, field.count)
		}
	}
	if u.Known != 0 {
		r.addf("usage:%s", counts.String())
	}
}

func (r *report) failure(err error) {
	if err == nil {
		return
	}
	var e *switchgear.Error
	if !errors.As(err, &e) {
		r.addf("error: %T, which is no *switchgear.Error", err)
		return
	}
	r.addf("error: %s", e.Class)
	if e.Status != 0 {
		r.addf("status: %d", e.Status)
	}
	if e.Code != "" {
		r.addf("code: %s", e.Code)
	}
	if e.Param != "" {
		r.addf("param: %s", e.Param)
	}
	if e.RetryAfter != 0 {
		r.addf("retry after: %s", e.RetryAfter)
	}
	if e.Provider == "" {
		r.addf("provider: none, which must be named")
	}
}

// collected is the sum of a stream's events.
type collected struct {
	id, model string
	parts     map[[2]int]*switchgear.Part
	order     [][2]int
	finish    map[int]switchgear.Finish
	usage     switchgear.Usage
	raw       []byte
}

func collect(s switchgear.Stream) *collected {
	c := &collected{parts: map[[2]int]*switchgear.Part{}, finish: map[int]switchgear.Finish{}}
	for s.Next() {
		event := s.Event()
		c.raw = append(c.raw, event.Raw...)
		c.usage.Merge(&event.Usage)
		switch event.Kind {
		case switchgear.EventStart:
			c.id, c.model = event.ID, event.Model
		case switchgear.EventPart:
			c.begin(&event)
		case switchgear.EventFinish:
			c.finish[event.Choice] = event.Finish
		case switchgear.EventText, switchgear.EventThinking, switchgear.EventRefusal, switchgear.EventSignature, switchgear.EventToolCall:
			c.extend(&event)
		case switchgear.EventOther, switchgear.EventPing, switchgear.EventPartEnd, switchgear.EventUsage, switchgear.EventDelta:
		}
	}
	return c
}

func (c *collected) begin(e *switchgear.Event) *switchgear.Part {
	at := [2]int{e.Choice, e.Index}
	if c.parts[at] == nil {
		c.parts[at] = &switchgear.Part{}
		c.order = append(c.order, at)
		if e.Part != nil {
			*c.parts[at] = *e.Part
		}
		if call := c.parts[at].Call; call != nil {
			own := *call // the event's is only lent
			c.parts[at].Call = &own
		}
	}
	return c.parts[at]
}

func (c *collected) extend(e *switchgear.Event) {
	p := c.begin(e)
	switch {
	case e.Kind == switchgear.EventSignature:
		p.Signature += e.Text
	case e.Kind == switchgear.EventToolCall && p.Call != nil:
		p.Call.Arguments += e.Text
	default:
		p.Text += e.Text
	}
}

func (r *report) stream(c *collected) {
	r.head(c.id, c.model)
	slices.SortStableFunc(c.order, func(a, b [2]int) int { return a[0] - b[0] })
	choices := []int{0}
	for _, at := range c.order {
		if at[0] != choices[len(choices)-1] {
			choices = append(choices, at[0])
		}
	}
	for _, choice := range choices {
		if choice > 0 {
			r.addf("choice: %d", choice)
		}
		for _, at := range c.order {
			if at[0] == choice {
				r.part(c.parts[at])
			}
		}
		r.finish(c.finish[choice])
	}
	r.usage(&c.usage)
}
