package main

// cases lists what every suite must report. Each success case runs in four
// conditions: calm, and with the first step of the chain down (503), refused
// (no connection) or silent.
func cases() []string {
	var names []string
	each := func(vendor string, ops ...string) {
		for _, op := range ops {
			for _, condition := range []string{"calm", "down", "refused", "silent"} {
				names = append(names, vendor+"/"+op+"/"+condition)
			}
		}
	}
	tools := []string{"tools", "tools-stream", "tools-serial", "tools-serial-stream", "tools-parallel", "tools-parallel-stream"}
	each("openai", "chat", "stream", "structured", "thinking", "embeddings-float", "embeddings-base64")
	each("openai", tools...)
	each("anthropic", "chat", "stream", "structured", "thinking", "thinking-stream", "count-tokens")
	each("anthropic", tools...)
	// Across the protocols: the first step speaks the other one, or the first is
	// down and the second does.
	across := func(vendor string, ops ...string) {
		for _, op := range ops {
			names = append(names, vendor+"/cross-"+op+"/calm", vendor+"/cross-"+op+"/down")
		}
	}
	for _, vendor := range []string{"openai", "anthropic"} {
		across(vendor, "chat", "stream", "tools", "tools-stream", "tools-choice", "image", "structured", "thinking", "effort", "limits", "dropped")
	}
	across("anthropic", "adaptive", "cache", "history")
	names = append(names, "anthropic/cross-count-tokens")
	for _, vendor := range []string{"openai", "anthropic"} {
		for _, e := range []string{"400", "429", "529", "stream-cut"} {
			names = append(names, vendor+"/cross-error/"+e)
		}
		names = append(names, vendor+"/models")
		for _, e := range []string{"400", "401", "403", "404", "413", "413-own", "422", "429", "429-retry", "500", "503", "529", "provider-401", "stream-cut"} {
			names = append(names, vendor+"/error/"+e)
		}
	}
	return append(names, "connect/openai", "connect/anthropic")
}
