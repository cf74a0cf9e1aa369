package anthropic

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// several reports whether a record holds more than one answer, or half of one:
// its source glued or edited it.
func several(r *corpus.Record) bool {
	return strings.Count(r.ResponseText, `"type":"message_start"`)+strings.Count(r.ResponseText, `"type": "message_start"`) > 1
}

// TestEveryAnswerDecodes also wants every reason an answer ended to be known,
// and the counts of tokens to be there.
func TestEveryAnswerDecodes(t *testing.T) {
	whole, streams := 0, 0
	for _, r := range corpus.Load(t, everything...) {
		if r.Status >= 300 || r.Has("in_stream_error") {
			continue
		}
		got := answer(t, r)
		choice := &got.Choices[0]
		if choice.Finish.Kind == switchgear.FinishNone || choice.Finish.Kind == switchgear.FinishOther {
			t.Errorf("record %s: finish %+v", r.ID, choice.Finish)
		}
		if got.ID == "" || got.Model == "" || !got.Usage.Has(switchgear.UsageInput|switchgear.UsageOutput) {
			t.Errorf("record %s: id %q, model %q, usage %+v", r.ID, got.ID, got.Model, got.Usage)
		}
		for i := range choice.Parts {
			if call := choice.Parts[i].Call; call != nil && jsonx.KindOf([]byte(call.Arguments)) != jsonx.Object && choice.Finish.Kind != switchgear.FinishLength {
				t.Errorf("record %s: tool %s has arguments %q", r.ID, call.Name, call.Arguments)
			}
		}
		if streamed(r) {
			streams++
		} else {
			whole++
		}
	}
	if whole < 340 || streams < 170 {
		t.Errorf("%d answers and %d streams were read: the recordings have shrunk", whole, streams)
	}
	t.Logf("%d answers, %d streams", whole, streams)
}

// TestRecut reads every stream whole, by 7 bytes and byte by byte: the same
// events, and together they carry the bytes as they came.
func TestRecut(t *testing.T) {
	n := 0
	for _, r := range corpus.Load(t, everything...) {
		if !streamed(r) || several(r) {
			continue
		}
		n++
		want := drain(strings.NewReader(r.ResponseText))
		if string(want.raw) != r.ResponseText {
			t.Errorf("record %s: the frames together are not the stream", r.ID)
		}
		sizes := []int{7, 1}
		if len(r.ResponseText) > 64<<10 {
			sizes = []int{7} // byte by byte adds nothing there but minutes
		}
		for _, size := range sizes {
			got := drain(&pieces{rest: r.ResponseText, n: size})
			if got.err != nil {
				t.Errorf("record %s in pieces of %d: %v", r.ID, size, got.err)
			}
			if !reflect.DeepEqual(want.events, got.events) { // cmp takes ten times as long to find nothing
				t.Errorf("record %s in pieces of %d (-whole +pieces)\n%s", r.ID, size, cmp.Diff(want.events, got.events))
			}
		}
	}
	if n < 160 {
		t.Errorf("only %d streams were cut", n)
	}
}

// TestCutStreamsAreNeverComplete cuts a stream at each of its bytes.
func TestCutStreamsAreNeverComplete(t *testing.T) {
	records := byID(t, everything...)
	for _, id := range []string{"2213d83b93db9216", "01fa6361038b3d8b", "7610d41350a04455", "ae00d2607efd17f0"} {
		text := records[id].ResponseText
		for cut := range text {
			got := drain(strings.NewReader(text[:cut]))
			if got.err == nil {
				t.Fatalf("record %s, cut at byte %d of %d, looks complete", id, cut, len(text))
			}
			want := switchgear.ClassInterrupted
			if len(got.events) == 0 {
				want = switchgear.ClassMalformed
			}
			if class := classOf(t, got.err); class != want {
				t.Fatalf("record %s, cut at byte %d after %d events: class %v, want %v", id, cut, len(got.events), class, want)
			}
		}
	}
}

// TestRequestsPassThrough sends every recorded request to another model: all
// other bytes stay.
func TestRequestsPassThrough(t *testing.T) {
	n := 0
	for _, r := range corpus.Load(t, append([]string{"anthropic-count_tokens.jsonl"}, everything...)...) {
		env, err := NewCodec().Scan(r.RequestBody)
		if err != nil {
			continue // no body, or one for another path of the cloud
		}
		n++
		body := bytes.Clone(r.RequestBody)
		wire := &switchgear.Wire{Dialect: "anthropic", Body: body, Model: env.Span, Stream: env.Stream}
		call := &switchgear.Call{Request: &switchgear.Request{Wire: wire}, Target: switchgear.Target{Provider: "p", Model: `other "model"`}}
		out, err := New().Encode(call, env.Stream)
		if err != nil {
			t.Fatalf("record %s: %v", r.ID, err)
		}
		want := string(r.RequestBody[:env.Span.Start]) + `"other \"model\""` + string(r.RequestBody[env.Span.End:])
		if got := string(jsonx.Join(out.Body)); got != want {
			t.Errorf("record %s: the body changed beside the model", r.ID)
		}
		if !bytes.Equal(body, r.RequestBody) {
			t.Errorf("record %s: the client's bytes were written to", r.ID)
		}
		wire.Model = switchgear.Span{}
		again, err := New().Encode(call, env.Stream)
		if err != nil || string(jsonx.Join(again.Body)) != want {
			t.Errorf("record %s: without the model's place: %v", r.ID, err)
		}
		if env.Model != r.Model && !strings.HasPrefix(r.Path, "/v1/projects") {
			t.Logf("record %s: model %q in the body, %q in the label", r.ID, env.Model, r.Model)
		}
	}
	if n < 400 {
		t.Errorf("only %d requests were sent", n)
	}
}

// TestErrorRecords holds the classes given to the recorded failures by hand.
func TestErrorRecords(t *testing.T) {
	type label struct {
		class switchgear.Class
		code  string
	}
	labels := map[string]label{
		"ed75dcd5353ff302": {switchgear.ClassAuth, "authentication_error"},
		"5c6c72a54f47907a": {switchgear.ClassAuth, "authentication_error"},
		"fbf3c0a02fe50d5c": {switchgear.ClassAuth, "authentication_error"},
		"aeababd9236dc699": {switchgear.ClassAuth, "authentication_error"},
		"0cf571f2edd49896": {switchgear.ClassAuth, "authentication_error"},
		"93fadffb2b4c0674": {switchgear.ClassAuth, "authentication_error"},
		"3525d952706b9594": {switchgear.ClassInvalid, "invalid_request_error"},
		"67cbf1e8760d0e82": {switchgear.ClassInvalid, "invalid_request_error"},
		"b78d125677719083": {switchgear.ClassInvalid, "invalid_request_error"},
		"69f41c32f903c7da": {switchgear.ClassInvalid, "invalid_request_error"},
		"fac427f8ab85b5b2": {switchgear.ClassGone, "not_found_error"},
		"c7b563bc0d6b56b2": {switchgear.ClassGone, "not_found_error"},
		"f7125d8ed2361009": {switchgear.ClassGone, "not_found_error"},
		"de7d9a8a67f1eccc": {switchgear.ClassGone, "not_found_error"},
		"9ca3cc84882f9591": {switchgear.ClassGone, "not_found_error"},
	}
	seen := map[string]bool{}
	for _, r := range corpus.Load(t, append([]string{"anthropic-count_tokens.jsonl"}, everything...)...) {
		if r.Status < 300 {
			continue
		}
		seen[r.ID] = true
		h := http.Header{}
		for k, v := range r.ResponseHeaders {
			h.Set(k, v)
		}
		got := New().Error(r.Status, h, r.ResponseBody)
		if want := labels[r.ID]; got.Class != want.class || got.Code != want.code || got.Status != r.Status {
			t.Errorf("record %s: %v %q (%d), want %+v", r.ID, got.Class, got.Code, got.Status, want)
		}
		var said struct {
			Error struct {
				Message string `json:"message"`
			} `json:"error"`
		}
		if err := json.Unmarshal(r.ResponseBody, &said); err != nil {
			t.Fatal(err)
		}
		if got.Detail != said.Error.Message || !bytes.Equal(got.Body, r.ResponseBody) || got.Dialect != "anthropic" {
			t.Errorf("record %s: the provider's words are lost: %+v", r.ID, got)
		}
		if strings.Contains(got.Error(), said.Error.Message) {
			t.Errorf("record %s: the provider's words stand in what is logged", r.ID)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(labels)), slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("labels and records differ (-labels +records)\n%s", diff)
	}
}

// TestCountRecords reads the recorded answers to questions about length.
func TestCountRecords(t *testing.T) {
	labels := map[string]int64{
		"df114e907cb34dbc": 1581, "18405eb8ce1d52f4": 671, "ae9e301281b3600e": 16, "8278138f3fe4cd4c": 641, "9e95db6c2dd0cc9d": 19,
	}
	for _, r := range corpus.Load(t, "anthropic-count_tokens.jsonl") {
		if r.Status >= 300 {
			continue
		}
		got, err := New().DecodeCount(r.ResponseBody)
		if err != nil {
			t.Fatalf("record %s: %v", r.ID, err)
		}
		if want, ok := labels[r.ID]; !ok || got.Input != want {
			t.Errorf("record %s: %d tokens, want %d", r.ID, got.Input, want)
		}
	}
}

// TestTwins compares answers that were recorded both ways.
func TestTwins(t *testing.T) {
	twins := map[string]string{ // whole answer: stream
		"9fe54d6e3c2b45ac": "a4ded29143bd3f36", "0a74aeff7f7675d6": "8d2f35f147e2fc05", "efcf67407f6d2beb": "3d16480e53a96203",
		"e3c1ef6fd715f44d": "1840b78b15a81732", "22d34caeb0eb4aff": "ab3f8a166dde98b3", "0ba4aba9d708bb9e": "171909b24cfaf1d9",
		"e9a8e7905e96023e": "bae881204e35d1dc", "d1836f486297fc83": "7bb5247ad81e8fad", "edf0b3250d49c6b1": "e91a5ec7c9066b37",
		"f194db0a1b846e48": "ad6ebafeaa0aca16", "9f471560b08231c5": "4c206afa2a579626", "1dbb8f8fbd3fe0a1": "d60c2f694e50a30e",
		"e85a9932dac6074b": "e3cc74541dd50488", "c1cbe4d08d751827": "1e1c94396cc261da", "ed7758f37619637d": "7010428249cb32a1",
		"ec52bf14fd4ec505": "29f35d8441e3bf7c", "5af5ea540dd9b6d2": "f31612914c21a141", "87fd11248faba218": "114fa89b1d3d7ec7",
		"61a5c9832451be5b": "87c1f5fcd8400376", "d0ab1850c3cc6a35": "f6e6d7dbe581556a", "3d516d60c99e06ee": "25b00a8ff0746c53",
		"5d9f2357dcf0f357": "21ffee39f5ae5ce5", "b7a43a15fe8abb21": "f9107f09bb8ee9cb", "f6b445d7468e6b07": "7fedd069911df687",
		"d02505fd7fbaaf61": "d8762344ea6e8363", "0c45202647ac6dd9": "c193fb395f46b6f9", "490c47bcc59412ac": "15f2115c49f1d64f",
		"ce11fad1f8d22d32": "ae00d2607efd17f0", "0534f54f23f22515": "e5e6c725008250a8", "f65db2195d572cdc": "e72d1da2124b7541",
	}
	records := byID(t, everything...)
	for a, b := range twins {
		whole, stream := answer(t, records[a]), answer(t, records[b])
		if diff := cmp.Diff(plain(t, whole), plain(t, stream)); diff != "" {
			t.Errorf("%s and %s (-whole +stream)\n%s", a, b, diff)
		}
		if whole.Choices[0].Finish != stream.Choices[0].Finish {
			t.Errorf("%s and %s: finish %+v and %+v", a, b, whole.Choices[0].Finish, stream.Choices[0].Finish)
		}
	}
}

// plain are the parts of an answer without what is random in them.
func plain(t *testing.T, r *switchgear.Response) []string {
	t.Helper()
	var out []string
	for i := range r.Choices[0].Parts {
		p := r.Choices[0].Parts[i]
		line := kindWord(t, &p) + " " + p.Text
		if p.Call != nil {
			line += p.Call.Name + string(canonical(t, p.Call.Arguments))
		}
		if p.Kind == switchgear.PartOther {
			var block map[string]any
			if err := json.Unmarshal(p.Raw, &block); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"id", "tool_use_id", "caller"} {
				delete(block, key)
			}
			line += string(compactJSON(t, block))
		}
		out = append(out, line)
	}
	return out
}

// TestReadersThatFail passes a network's error on as the cause.
func TestReadersThatFail(t *testing.T) {
	text := byID(t, "anthropic-messages.jsonl")["a4ded29143bd3f36"].ResponseText
	got := drain(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(text))))
	if got.err == nil || classOf(t, got.err) != switchgear.ClassInterrupted {
		t.Errorf("got %v", got.err)
	}
}
