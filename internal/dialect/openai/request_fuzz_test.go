package openai

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

func FuzzRequest(f *testing.F) {
	everything, err := os.ReadFile("testdata/request.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(everything)
	for _, c := range badRequests {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		first, err := NewCodec().Decode(body)
		if err != nil {
			var e *switchgear.Error
			if !errors.As(err, &e) || e.Class != switchgear.ClassInvalid || e.Message == "" || first != nil {
				t.Fatalf("%v", err)
			}
			return
		}
		enc, err := New().Encode(&switchgear.Call{Request: first}, true)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(body, before) {
			t.Fatal("the body was changed")
		}
		wire := jsonx.Join(enc.Body)
		if err := jsonx.Check(wire); err != nil {
			t.Fatalf("%v\n%s", err, wire)
		}
		if len(enc.Dropped) > 0 {
			return
		}
		second, err := NewCodec().Decode(wire)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, wire)
		}
		first.Options, second.Options = nil, nil // the gateway asks for usage
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("it reads otherwise: %s\n%s", cmp.Diff(first, second), wire)
		}
	})
}

// filler makes a conversation with tools of about a number of bytes, whose texts
// are repeated some times.
func filler(size, times int) []byte {
	turn := `{"role":"user","content":"Some words that stand for a question of the user's, with a \"quote\" and\na line feed."},` +
		`{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"look_up","arguments":"{\"key\":\"value\",\"n\":12}"}}]},` +
		`{"role":"tool","tool_call_id":"call_1","content":"` + strings.Repeat("A result of the tool, which may be a good deal longer than the question that led to it; lists and the like. ", times) + `"},` +
		`{"role":"assistant","content":"` + strings.Repeat("An answer of a few sentences. It goes on a little, so that it looks like one. ", times) + `"},`
	const tool = `{"type":"function","function":{"name":"look_up","description":"Looks something up.","parameters":{"type":"object","properties":{"key":{"type":"string"},"n":{"type":"integer"}},"required":["key"]},"strict":true}}`
	return []byte(`{"model":"m","stream":true,"temperature":0.5,"max_tokens":1000,"tools":[` + tool + `],"messages":[{"role":"system","content":"Be brief."},` +
		strings.Repeat(turn, size/len(turn)) + `{"role":"user","content":"And now?"}]}`)
}

func BenchmarkTranslate(b *testing.B) {
	for _, size := range []struct {
		name     string
		n, times int
	}{{"10KB", 10_000, 8}, {"200KB", 200_000, 8}, {"200KB-short-messages", 200_000, 1}} {
		body := filler(size.n, size.times)
		b.Run(size.name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				req, err := NewCodec().Decode(body)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := New().Encode(&switchgear.Call{Request: req, Target: switchgear.Target{Model: "m"}}, true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncodeEvent(b *testing.B) {
	x := NewCodec().Stream(nil)
	var dst []byte
	dst = x.Event(dst, &switchgear.Event{Kind: switchgear.EventStart, ID: "msg_1", Model: "a-model"})
	e := switchgear.Event{Kind: switchgear.EventText, Text: " and a few words"}
	b.ReportAllocs()
	for b.Loop() {
		dst = x.Event(dst[:0], &e)
	}
}
