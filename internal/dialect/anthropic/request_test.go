package anthropic

import (
	"errors"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
)

// TestRequestRefuses bodies in one sentence that says where, and never what.
func TestRequestRefuses(t *testing.T) {
	for _, tt := range []struct{ body, param string }{
		{`[]`, ""},
		{`{"messages":`, ""},
		{`{"messages":{}}`, "messages"},
		{`{"messages":["secret"]}`, "messages[0]"},
		{`{"messages":[{"content":"secret"}]}`, "messages[0].role"},
		{`{"messages":[{"role":"tool","content":"secret"}]}`, "messages[0].role"},
		{`{"messages":[{"role":"user","content":7}]}`, "messages[0].content"},
		{`{"messages":[{"role":"user","content":["secret"]}]}`, "messages[0].content[0]"},
		{`{"messages":[{"role":"user","content":[{"text":"secret"}]}]}`, "messages[0].content[0]"},
		{`{"messages":[{"role":"user","content":[{"type":"text","text":["secret"]}]}]}`, "messages[0].content[0].text"},
		{`{"messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text"},{"type":"tool_result","content":[{"type":"text","text":1}]}]}]}`, "messages[1].content[1].content[0].text"},
		{`{"messages":[{"role":"user","content":[{"type":"image","source":"secret"}]}]}`, "messages[0].content[0].source"},
		{`{"messages":[{"role":"assistant","content":[{"type":"tool_use","input":"secret"}]}]}`, "messages[0].content[0].input"},
		{`{"system":[{"type":"text","text":"a","cache_control":"1h"}]}`, "system[0].cache_control"},
		{`{"system":7}`, "system"},
		{`{"max_tokens":1.5}`, "max_tokens"},
		{`{"max_tokens":"10"}`, "max_tokens"},
		{`{"temperature":1e999}`, "temperature"},
		{`{"stop_sequences":["a",1]}`, "stop_sequences[1]"},
		{`{"stop_sequences":"secret"}`, "stop_sequences"},
		{`{"tools":[1]}`, "tools[0]"},
		{`{"tools":[{"name":"f","input_schema":[]}]}`, "tools[0].input_schema"},
		{`{"tools":[{"name":"f","strict":"yes"}]}`, "tools[0].strict"},
		{`{"tool_choice":"auto"}`, "tool_choice"},
		{`{"tool_choice":{}}`, "tool_choice"},
		{`{"thinking":{"type":"enabled","budget_tokens":"1"}}`, "thinking.budget_tokens"},
		{`{"thinking":{}}`, "thinking"},
		{`{"output_config":[]}`, "output_config"},
		{`{"output_config":{"effort":1}}`, "output_config.effort"},
		{`{"metadata":"secret"}`, "metadata"},
	} {
		_, err := NewCodec().Decode([]byte(tt.body))
		e, ok := errors.AsType[*switchgear.Error](err)
		if !ok || e.Class != switchgear.ClassInvalid || e.Param != tt.param || !strings.Contains(e.Message, tt.param) || strings.Contains(e.Error(), "secret") {
			t.Errorf("%s: got %+v", tt.body, err)
		}
	}
}
