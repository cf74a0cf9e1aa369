package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
)

// thoughtElsewhere is a signature OpenAI has no use for.
const thoughtElsewhere = "c2lnbmVkIGJ5IGFub3RoZXIgdmVuZG9yLCBhbmQgb2Ygbm8gdXNlIHRvIHRoaXMgb25lIGF0IGFsbA=="

// create asks for a message, streamed or not.
type create func(context.Context, anthropic.Client, anthropic.MessageNewParams) (*anthropic.Message, error)

func anthropicWhole(ctx context.Context, api anthropic.Client, p anthropic.MessageNewParams) (*anthropic.Message, error) {
	return api.Messages.New(ctx, p)
}

// anthropicAcross asks Anthropic's client for answers of OpenAI's.
func anthropicAcross() {
	ctx := context.Background()
	one := func(op string, change func(p *anthropic.MessageNewParams), check func(*anthropic.Message) error, lost ...string) {
		across(ctx, "anthropic", op, func(route string) (*counting, error) {
			c, api := anthropicClient(clientKey, 0)
			p := crossMessage(route)
			change(&p)
			got, err := api.Messages.New(ctx, p)
			if err != nil {
				return c, err
			}
			return c, check(got)
		}, lost...)
	}
	one("chat", func(*anthropic.MessageNewParams) {}, func(got *anthropic.Message) error {
		return first(anthropicCrossText(got), sawQuestion(ctx, 2000))
	})
	across(ctx, "anthropic", "stream", func(route string) (*counting, error) {
		c, api := anthropicClient(clientKey, 0)
		got, err := anthropicStream(ctx, api, crossMessage(route))
		if err != nil {
			return c, err
		}
		return c, anthropicCrossText(got)
	})
	across(ctx, "anthropic", "tools", func(route string) (*counting, error) { return anthropicTurns(ctx, route, anthropicWhole) })
	across(ctx, "anthropic", "tools-stream", func(route string) (*counting, error) { return anthropicTurns(ctx, route, anthropicStream) })
	across(ctx, "anthropic", "tools-choice", func(route string) (*counting, error) { return anthropicChoice(ctx, route) })
	one("image", func(p *anthropic.MessageNewParams) {
		p.Messages = []anthropic.MessageParam{anthropic.NewUserMessage(
			anthropic.NewImageBlockBase64("image/png", png), anthropic.NewImageBlock(anthropic.URLImageSourceParam{URL: picture}),
			anthropic.NewTextBlock("What is this?"),
		)}
	}, func(got *anthropic.Message) error { return first(anthropicCrossText(got), sawImages(ctx)) })
	one("structured", func(p *anthropic.MessageNewParams) {
		p.OutputConfig.Format = anthropic.JSONOutputFormatParam{Schema: invoiceSchema()}
	}, func(got *anthropic.Message) error { return first(invoice(textOf(got)), sawSchema(ctx)) })
	one("thinking", func(p *anthropic.MessageNewParams) {
		p.MaxTokens, p.Thinking = 20_000, anthropic.ThinkingConfigParamOfEnabled(8000)
	}, func(got *anthropic.Message) error { return first(anthropicCrossText(got), sawEffort(ctx, "medium")) }, "thinking.budget (8000 as reasoning_effort medium)")
	one("adaptive", func(p *anthropic.MessageNewParams) {
		p.Thinking.OfAdaptive = &anthropic.ThinkingConfigAdaptiveParam{}
	}, anthropicCrossText)
	across(ctx, "anthropic", "effort", func(route string) (*counting, error) { return anthropicEffort(ctx, route) })
	one("limits", func(p *anthropic.MessageNewParams) {
		p.MaxTokens, p.StopSequences = 5, []string{"zebra", "yak"}
	}, func(got *anthropic.Message) error {
		return first(equal(got.StopReason, anthropic.StopReasonMaxTokens, "stop_reason"), sawLimits(ctx))
	})
	across(ctx, "anthropic", "dropped", func(route string) (*counting, error) {
		c, api := anthropicClient(clientKey, 0)
		p := crossMessage(route)
		p.TopK = param.NewOpt[int64](5)
		edits := map[string]any{"edits": []any{map[string]any{"type": "clear_thinking_20251015"}}}
		got, err := api.Messages.New(ctx, p, option.WithJSONSet("context_management", edits))
		if err != nil {
			return c, err
		}
		return c, anthropicCrossText(got)
	}, "top_k", "context_management")
	across(ctx, "anthropic", "cache", func(route string) (*counting, error) { return anthropicCache(ctx, route) }, "cache")
	one("history", anthropicHistory, func(got *anthropic.Message) error {
		s, err := seen(ctx)
		if err != nil {
			return err
		}
		return first(
			anthropicCrossText(got),
			must(s.Calls == 1 && len(s.Results) == 1 && s.Results[0].ID == "toolu_01history", "the calls and results are %d and %v", s.Calls, s.Results),
			must(strings.Contains(s.Results[0].Text, "no such city"), "the result is %q", s.Results[0].Text),
		)
	}, "messages[1].parts[0] (thinking)")
	run("anthropic/cross-count-tokens", func() error { return anthropicEstimate(ctx) })
	anthropicCrossErrors()
}

func crossMessage(route string) anthropic.MessageNewParams {
	p := messageParams(route, question)
	p.System = []anthropic.TextBlockParam{{Text: brief}}
	return p
}

func anthropicCrossText(got *anthropic.Message) error {
	return first(
		must(strings.Contains(textOf(got), "[simulated]"), "the answer is not the simulator's"),
		equal(got.StopReason, anthropic.StopReasonEndTurn, "stop_reason"),
		equal(got.Model, crossModels["openai"], "model"),
		must(got.Usage.InputTokens > 0 && got.Usage.OutputTokens > 0, "no usage"),
	)
}

func anthropicOffer() []anthropic.ToolUnionParam {
	var tools []anthropic.ToolUnionParam
	for _, name := range []string{"get_weather", "get_time"} {
		schema := anthropic.ToolInputSchemaParam{
			Properties: map[string]any{toolField[name]: map[string]any{"type": "string"}}, Required: []string{toolField[name]},
		}
		tools = append(tools, anthropic.ToolUnionParamOfTool(schema, name))
	}
	return tools
}

// anthropicTurns takes two turns of parallel tools: what came back is sent on
// as it came.
func anthropicTurns(ctx context.Context, route string, ask create) (*counting, error) {
	c, api := anthropicClient(clientKey, 0)
	p := crossMessage(route)
	p.Tools = anthropicOffer()
	for turn := 1; turn <= 2; turn++ {
		p.ToolChoice = anthropic.ToolChoiceUnionParam{}
		got, err := ask(ctx, api, p)
		if err != nil {
			return c, err
		}
		if _, err := anthropicCalls(got, "get_weather,get_time"); err != nil {
			return c, err
		}
		var ids []string
		for i := range got.Content {
			if got.Content[i].Type == "tool_use" {
				ids = append(ids, got.Content[i].ID)
			}
		}
		p.Messages = append(p.Messages, got.ToParam(), anthropic.NewUserMessage(
			anthropic.NewToolResultBlock(ids[0], strconv.Itoa(20+turn)+" degrees", false),
			anthropic.NewToolResultBlock(ids[1], "half past "+strconv.Itoa(turn), false), anthropic.NewTextBlock("And now?"),
		))
		p.ToolChoice = anthropic.ToolChoiceUnionParam{OfNone: &anthropic.ToolChoiceNoneParam{}}
		after, err := ask(ctx, api, p)
		if err != nil {
			return c, err
		}
		if err := first(must(textOf(after) != "", "no text after the results"), sawTurns(ctx, turn, ids)); err != nil {
			return c, err
		}
		p.Messages = append(p.Messages, after.ToParam(), anthropic.NewUserMessage(anthropic.NewTextBlock("Once more, please.")))
	}
	return c, nil
}

func anthropicChoice(ctx context.Context, route string) (*counting, error) {
	c, api := anthropicClient(clientKey, 0)
	serial := param.NewOpt(true)
	for _, choice := range []struct {
		param anthropic.ToolChoiceUnionParam
		want  string
	}{
		{anthropic.ToolChoiceUnionParam{OfAny: &anthropic.ToolChoiceAnyParam{DisableParallelToolUse: serial}}, "required"},
		{anthropic.ToolChoiceUnionParam{OfAuto: &anthropic.ToolChoiceAutoParam{DisableParallelToolUse: serial}}, "auto"},
		{anthropic.ToolChoiceUnionParam{OfTool: &anthropic.ToolChoiceToolParam{Name: "get_time", DisableParallelToolUse: serial}}, "get_time"},
	} {
		p := crossMessage(route)
		p.Tools, p.ToolChoice = anthropicOffer(), choice.param
		got, err := api.Messages.New(ctx, p)
		if err != nil {
			return c, err
		}
		calls := 0
		for i := range got.Content {
			if got.Content[i].Type == "tool_use" {
				calls++
			}
		}
		if err := first(equal(calls, 1, "the number of calls"), equal(got.StopReason, anthropic.StopReasonToolUse, "stop_reason"), sawChoice(ctx, choice.want)); err != nil {
			return c, err
		}
	}
	return c, nil
}

func anthropicEffort(ctx context.Context, route string) (*counting, error) {
	c, api := anthropicClient(clientKey, 0)
	for _, word := range []anthropic.OutputConfigEffort{"low", "medium", "high"} {
		p := crossMessage(route)
		p.OutputConfig.Effort = word
		got, err := api.Messages.New(ctx, p)
		if err = first(err, sawEffort(ctx, string(word))); err != nil {
			return c, err
		}
		if err := anthropicCrossText(got); err != nil {
			return c, err
		}
	}
	return c, nil
}

// anthropicCache marks a prompt that OpenAI caches without being asked: the
// markers are of no use there, and what was read from the cache still counts.
func anthropicCache(ctx context.Context, route string) (*counting, error) {
	c, api := anthropicClient(clientKey, 0)
	p := crossMessage(route)
	p.System = []anthropic.TextBlockParam{{
		Text: strings.Repeat("The relay carries the call from the exchange to the desk, and back. ", 120), CacheControl: anthropic.NewCacheControlEphemeralParam(),
	}}
	var whole [2]int64
	var last *anthropic.Message
	for i := range whole {
		got, err := api.Messages.New(ctx, p)
		if err != nil {
			return c, err
		}
		u := got.Usage
		last, whole[i] = got, u.InputTokens+u.CacheReadInputTokens+u.CacheCreationInputTokens
	}
	s, err := seen(ctx)
	if err != nil {
		return c, err
	}
	return c, first(
		must(last.Usage.CacheReadInputTokens >= 1024, "%d tokens were read from the cache", last.Usage.CacheReadInputTokens),
		equal(whole[1], whole[0], "the size of the prompt"),
		equal(s.Marks, 0, "the number of markers"),
	)
}

// anthropicHistory is a conversation that began at Anthropic: what its model
// thought is left out.
func anthropicHistory(p *anthropic.MessageNewParams) {
	p.Tools = anthropicOffer()
	p.Thinking.OfAdaptive = &anthropic.ThinkingConfigAdaptiveParam{}
	p.Messages = append(p.Messages,
		anthropic.NewAssistantMessage(
			anthropic.NewThinkingBlock(thoughtElsewhere, "A relay carries."), anthropic.NewTextBlock("I look it up."),
			anthropic.NewToolUseBlock("toolu_01history", map[string]any{"city": "Lund"}, "get_weather"),
		),
		anthropic.NewUserMessage(anthropic.NewToolResultBlock("toolu_01history", "no such city", true)),
	)
}

func anthropicEstimate(ctx context.Context) error {
	c, api := anthropicClient(clientKey, 0)
	p := messageParams("anthropic-cross-only", strings.Repeat("carry ", 1000))
	got, err := api.Messages.CountTokens(ctx, anthropic.MessageCountTokensParams{Model: p.Model, Messages: p.Messages})
	if err != nil {
		return err
	}
	return first(
		must(got.InputTokens > 500 && got.InputTokens < 4000, "input_tokens is %d", got.InputTokens),
		equal(c.calls[0].header.Get("X-Switchgear-Estimated"), "1", "x-switchgear-estimated"),
	)
}

func anthropicCrossErrors() {
	run("anthropic/cross-error/400", func() error {
		return oneCall("gpt-5.6-terra+400", func() error {
			c, err := anthropicRefused(clientKey, "anthropic-cross-400", question, http.StatusBadRequest, 2, "invalid_request_error")
			return first(err, equal(len(c.calls), 1, "the number of requests"))
		})
	})
	run("anthropic/cross-error/429", func() error {
		c, err := anthropicRefused(clientKey, "anthropic-cross-429", question, http.StatusTooManyRequests, 0, "rate_limit_error")
		if err != nil {
			return err
		}
		return c.askedTo()
	})
	run("anthropic/cross-error/529", func() error {
		_, err := anthropicRefused(clientKey, "anthropic-cross-529", question, 529, 1, "overloaded_error")
		return err
	})
	run("anthropic/cross-error/stream-cut", func() error {
		_, api := anthropicClient(clientKey, 0)
		stream := api.Messages.NewStreaming(context.Background(), messageParams("anthropic-cross-cut", question))
		came := 0
		for stream.Next() {
			came += len(stream.Current().Delta.Text)
		}
		return first(must(came > 0, "nothing came before the cut"), must(stream.Err() != nil, "a broken stream ended without an error"))
	})
}
