package main

// sample is a request that uses one lever and nothing else of note.
type sample struct {
	lever string
	body  string // of the request, in the client's protocol
	plain string // the same without the lever; "" for the side's own plain request
}

// In samples, members stand behind the plain request's: the last one of a name
// is not taken, so a sample with a conversation of its own is written whole.
func with(plain, members string) string { return plain[:len(plain)-1] + "," + members + "}" }

const (
	openaiPlain    = `{"model":"m","messages":[{"role":"user","content":"Hi"}]}`
	anthropicPlain = `{"model":"m","max_tokens":1000,"messages":[{"role":"user","content":"Hi"}]}`

	openaiTools    = `"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}]`
	anthropicTools = `"tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}]`
)

func openaiParts(parts string) string {
	return `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Hi"}` + parts + `]}]}`
}

func anthropicParts(parts string) string {
	return `{"model":"m","max_tokens":1000,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}` + parts + `]}]}`
}

// openaiSamples are the levers of OpenAI clients.
func openaiSamples() []sample {
	set := func(lever, members string) sample { return sample{lever: lever, body: with(openaiPlain, members)} }
	tool := func(lever, members string) sample {
		return sample{lever: lever, body: with(with(openaiPlain, openaiTools), members), plain: with(openaiPlain, openaiTools)}
	}
	part := func(lever, part string) sample {
		return sample{lever: lever, body: openaiParts("," + part), plain: openaiParts("")}
	}
	list := []sample{
		set("`max_completion_tokens`", `"max_completion_tokens":500`),
		set("`temperature`", `"temperature":0.5`), set("`top_p`", `"top_p":0.5`), set("`seed`", `"seed":7`),
		set("`frequency_penalty`", `"frequency_penalty":0.5`), set("`presence_penalty`", `"presence_penalty":0.5`),
		set("`logit_bias`", `"logit_bias":{"50256":-100}`), set("`logprobs`", `"logprobs":true`), set("`n` above 1", `"n":2`),
		set("`stop`", `"stop":["END"]`),
	}
	for _, word := range []string{"none", "minimal", "low", "medium", "high", "xhigh"} {
		list = append(list, set("`reasoning_effort: "+word+"`", `"reasoning_effort":"`+word+`"`))
	}
	list = append(list,
		set("`verbosity`", `"verbosity":"low"`),
		set("`response_format: json_schema`", `"response_format":{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"type":"object"}}}`),
		set("`response_format: json_object`", `"response_format":{"type":"json_object"}`),
		set("`tools`: a function", openaiTools),
		set("`tools`: a strict function", `"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object"}}}]`),
		set("`tools`: a custom tool", `"tools":[{"type":"custom","custom":{"name":"c"}}]`),
		set("`web_search_options`", `"web_search_options":{}`),
		tool("`tool_choice: auto`", `"tool_choice":"auto"`), tool("`tool_choice: none`", `"tool_choice":"none"`),
		tool("`tool_choice: required`", `"tool_choice":"required"`),
		tool("`tool_choice`: a function", `"tool_choice":{"type":"function","function":{"name":"f"}}`),
		tool("`parallel_tool_calls: false`", `"parallel_tool_calls":false`),
	)
	for _, word := range []string{"auto", "default", "flex", "priority"} {
		list = append(list, set("`service_tier: "+word+"`", `"service_tier":"`+word+`"`))
	}
	return append(list,
		set("`prompt_cache_key`", `"prompt_cache_key":"k"`),
		set("`prompt_cache_retention: 24h`", `"prompt_cache_retention":"24h"`),
		part("an image, as data", `{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}`),
		part("an image, by URL", `{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}`),
		part("an image with `detail`", `{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}`),
		part("a PDF document, as data", `{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}}`),
		part("a file of the provider's", `{"type":"file","file":{"file_id":"file-1"}}`),
		part("audio", `{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}`),
		set("`modalities` with audio", `"modalities":["text","audio"],"audio":{"voice":"alloy","format":"wav"}`),
		sample{lever: "instructions", body: `{"model":"m","messages":[{"role":"developer","content":"Be brief."},{"role":"user","content":"Hi"}]}`},
		sample{
			lever: "instructions in mid-conversation",
			plain: `{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes?"},{"role":"user","content":"Bye"}]}`,
			body:  `{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes?"},{"role":"system","content":"Be brief."},{"role":"user","content":"Bye"}]}`,
		},
		sample{lever: "a participant's `name`", body: `{"model":"m","messages":[{"role":"user","name":"ann","content":"Hi"}]}`},
		set("`user`", `"user":"u1"`), set("`safety_identifier`", `"safety_identifier":"u1"`),
		set("`metadata`", `"metadata":{"a":"b"}`), set("`store`", `"store":true`), set("`prediction`", `"prediction":{"type":"content","content":"x"}`),
	)
}

// anthropicSamples are the levers of Anthropic clients.
func anthropicSamples() []sample {
	set := func(lever, members string) sample {
		return sample{lever: lever, body: with(anthropicPlain, members)}
	}
	tool := func(lever, members string) sample {
		return sample{lever: lever, body: with(with(anthropicPlain, anthropicTools), members), plain: with(anthropicPlain, anthropicTools)}
	}
	part := func(lever, part string) sample {
		return sample{lever: lever, body: anthropicParts("," + part), plain: anthropicParts("")}
	}
	list := []sample{
		{lever: "`max_tokens`", body: `{"model":"m","max_tokens":500,"messages":[{"role":"user","content":"Hi"}]}`},
		set("`temperature`", `"temperature":0.5`), set("`top_p`", `"top_p":0.5`), set("`top_k`", `"top_k":5`),
		set("`stop_sequences`", `"stop_sequences":["END"]`),
		set("`thinking: adaptive`", `"thinking":{"type":"adaptive"}`),
		set("`thinking: disabled`", `"thinking":{"type":"disabled"}`),
	}
	for _, budget := range []string{"1024", "2048", "4096", "8192", "16384", "24576", "32000"} {
		list = append(list, set("`thinking: enabled`, budget "+budget, `"thinking":{"type":"enabled","budget_tokens":`+budget+`}`))
	}
	for _, word := range []string{"low", "medium", "high", "xhigh", "max"} {
		list = append(list, set("`effort: "+word+"`", `"output_config":{"effort":"`+word+`"}`))
	}
	return append(list,
		set("`output_config.format`", `"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}`),
		set("`tools`: of the client's", anthropicTools),
		set("`tools`: strict", `"tools":[{"name":"f","strict":true,"input_schema":{"type":"object"}}]`),
		set("`tools`: one that runs at the provider", `"tools":[{"type":"web_search_20250305","name":"web_search"}]`),
		tool("`tool_choice: auto`", `"tool_choice":{"type":"auto"}`), tool("`tool_choice: none`", `"tool_choice":{"type":"none"}`),
		tool("`tool_choice: any`", `"tool_choice":{"type":"any"}`), tool("`tool_choice: tool`", `"tool_choice":{"type":"tool","name":"f"}`),
		tool("`disable_parallel_tool_use`", `"tool_choice":{"type":"auto","disable_parallel_tool_use":true}`),
		sample{lever: "`cache_control` on a block", body: anthropicPlain[:len(anthropicPlain)-len(`"Hi"}]}`)] + `[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}`},
		set("`cache_control` of the request", `"cache_control":{"type":"ephemeral"}`),
		set("`service_tier: auto`", `"service_tier":"auto"`), set("`service_tier: standard_only`", `"service_tier":"standard_only"`),
		part("an image, as data", `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}`),
		part("an image, by URL", `{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}`),
		part("a PDF document, as data", `{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"}}`),
		part("a PDF document, by URL", `{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}}`),
		part("a document of plain text", `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"Notes"}}`),
		part("a document with `citations`", `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"Notes"},"citations":{"enabled":true}}`),
		part("a file of the provider's", `{"type":"document","source":{"type":"file","file_id":"file_1"}}`),
		sample{lever: "`system`", body: with(anthropicPlain, `"system":"Be brief."`)},
		sample{
			lever: "thinking of an earlier turn",
			plain: `{"model":"m","max_tokens":1000,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"text","text":"Yes?"}]},{"role":"user","content":"Bye"}]}`,
			body:  `{"model":"m","max_tokens":1000,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"c2ln"},{"type":"text","text":"Yes?"}]},{"role":"user","content":"Bye"}]}`,
		},
		sample{
			lever: "a failed tool result (`is_error`)",
			plain: with(`{"model":"m","max_tokens":1000,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"no"}]}]}`, anthropicTools),
			body:  with(`{"model":"m","max_tokens":1000,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":"no"}]}]}`, anthropicTools),
		},
		set("`metadata.user_id`", `"metadata":{"user_id":"u1"}`),
		set("`context_management`", `"context_management":{"edits":[]}`), set("`container`", `"container":"c1"`), set("`mcp_servers`", `"mcp_servers":[{"type":"url","url":"https://example.com","name":"x"}]`),
	)
}
