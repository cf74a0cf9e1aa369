package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"
)

// complete asks for an answer, streamed or not.
type complete func(context.Context, openai.Client, openai.ChatCompletionNewParams) (*openai.ChatCompletion, error)

func openaiWhole(ctx context.Context, api openai.Client, p openai.ChatCompletionNewParams) (*openai.ChatCompletion, error) {
	return api.Chat.Completions.New(ctx, p)
}

// openaiAcross asks OpenAI's client for answers of Anthropic's.
func openaiAcross() {
	ctx := context.Background()
	one := func(op string, change func(p *openai.ChatCompletionNewParams), check func(*openai.ChatCompletion) error, lost ...string) {
		across(ctx, "openai", op, func(route string) (*counting, error) {
			c, api := openaiClient(clientKey, 0)
			p := crossParams(route)
			change(&p)
			got, err := api.Chat.Completions.New(ctx, p)
			if err != nil {
				return c, err
			}
			return c, check(got)
		}, lost...)
	}
	one("chat", func(*openai.ChatCompletionNewParams) {}, func(got *openai.ChatCompletion) error {
		return first(openaiCrossText(got), sawQuestion(ctx, 0))
	})
	across(ctx, "openai", "stream", func(route string) (*counting, error) {
		c, api := openaiClient(clientKey, 0)
		p := crossParams(route)
		p.StreamOptions.IncludeUsage = param.NewOpt(true)
		got, err := openaiStream(ctx, api, p)
		if err != nil {
			return c, err
		}
		return c, openaiCrossText(got)
	})
	across(ctx, "openai", "tools", func(route string) (*counting, error) { return openaiTurns(ctx, route, openaiWhole) })
	across(ctx, "openai", "tools-stream", func(route string) (*counting, error) { return openaiTurns(ctx, route, openaiStream) })
	across(ctx, "openai", "tools-choice", func(route string) (*counting, error) { return openaiChoice(ctx, route) })
	one("image", func(p *openai.ChatCompletionNewParams) {
		p.Messages = []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
			openai.TextContentPart("What is this?"),
			openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: "data:image/png;base64," + png}),
			openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: picture}),
		})}
	}, func(got *openai.ChatCompletion) error { return first(openaiCrossText(got), sawImages(ctx)) })
	one("structured", func(p *openai.ChatCompletionNewParams) {
		p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
			Name: "invoice", Strict: param.NewOpt(true), Schema: invoiceSchema(),
		}}
	}, func(got *openai.ChatCompletion) error {
		return first(invoice(got.Choices[0].Message.Content), sawSchema(ctx))
	})
	one("thinking", func(p *openai.ChatCompletionNewParams) {
		p.ReasoningEffort, p.MaxCompletionTokens = shared.ReasoningEffortHigh, param.NewOpt[int64](30_000)
	}, func(got *openai.ChatCompletion) error {
		s, err := seen(ctx)
		return first(err, openaiCrossText(got), must(s.Think || s.Effort != "", "neither thinking nor effort was asked for"))
	})
	across(ctx, "openai", "effort", func(route string) (*counting, error) {
		c, api := openaiClient(clientKey, 0)
		for _, word := range []shared.ReasoningEffort{"low", "medium", "high"} {
			p := crossParams(route)
			p.ReasoningEffort = word
			got, err := api.Chat.Completions.New(ctx, p)
			if err = first(err, sawEffort(ctx, string(word))); err != nil {
				return c, err
			}
			if err := openaiCrossText(got); err != nil {
				return c, err
			}
		}
		return c, nil
	})
	one("limits", func(p *openai.ChatCompletionNewParams) {
		p.MaxCompletionTokens, p.Stop.OfStringArray = param.NewOpt[int64](5), []string{"zebra", "yak"}
	}, func(got *openai.ChatCompletion) error {
		return first(equal(got.Choices[0].FinishReason, "length", "finish_reason"), sawLimits(ctx))
	})
	one("dropped", func(p *openai.ChatCompletionNewParams) {
		p.Logprobs, p.Seed, p.PresencePenalty = param.NewOpt(true), param.NewOpt[int64](7), param.NewOpt(0.5)
	}, openaiCrossText, "logprobs", "seed", "presence_penalty")
	openaiCrossErrors()
}

func crossParams(route string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: route, Messages: []openai.ChatCompletionMessageParamUnion{
		openai.DeveloperMessage(brief), openai.UserMessage(question),
	}}
}

func openaiCrossText(got *openai.ChatCompletion) error {
	if len(got.Choices) != 1 {
		return fmt.Errorf("%d choices", len(got.Choices))
	}
	return first(
		must(strings.Contains(got.Choices[0].Message.Content, "[simulated]"), "the answer is not the simulator's"),
		equal(got.Choices[0].FinishReason, "stop", "finish_reason"),
		equal(got.Model, crossModels["anthropic"], "model"),
		must(got.Usage.PromptTokens > 0 && got.Usage.CompletionTokens > 0, "no usage"),
		equal(got.Usage.TotalTokens, got.Usage.PromptTokens+got.Usage.CompletionTokens, "total_tokens"),
	)
}

func openaiOffer() []openai.ChatCompletionToolUnionParam {
	var tools []openai.ChatCompletionToolUnionParam
	for _, name := range []string{"get_weather", "get_time"} {
		tools = append(tools, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: name, Parameters: map[string]any{
			"type": "object", "properties": map[string]any{toolField[name]: map[string]any{"type": "string"}}, "required": []string{toolField[name]},
		}}))
	}
	return tools
}

// openaiTurns takes two turns of parallel tools: what came back is sent on as
// it came.
func openaiTurns(ctx context.Context, route string, ask complete) (*counting, error) {
	c, api := openaiClient(clientKey, 0)
	p := crossParams(route)
	p.Tools = openaiOffer()
	for turn := 1; turn <= 2; turn++ {
		p.ToolChoice = openai.ChatCompletionToolChoiceOptionUnionParam{}
		got, err := ask(ctx, api, p)
		if err != nil {
			return c, err
		}
		if err := openaiCalls(got, "get_weather,get_time"); err != nil {
			return c, err
		}
		message := got.Choices[0].Message
		ids := []string{message.ToolCalls[0].ID, message.ToolCalls[1].ID}
		half := []openai.ChatCompletionContentPartTextParam{{Text: "half past "}, {Text: strconv.Itoa(turn)}}
		p.Messages = append(p.Messages, message.ToParam(),
			openai.ToolMessage(strconv.Itoa(20+turn)+" degrees", ids[0]), openai.ToolMessage(half, ids[1]), openai.UserMessage("And now?"))
		p.ToolChoice = openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: param.NewOpt("none")}
		after, err := ask(ctx, api, p)
		if err != nil {
			return c, err
		}
		if err := first(must(after.Choices[0].Message.Content != "", "no text after the results"), sawTurns(ctx, turn, ids)); err != nil {
			return c, err
		}
		p.Messages = append(p.Messages, openai.AssistantMessage(after.Choices[0].Message.Content), openai.UserMessage("Once more, please."))
	}
	return c, nil
}

func openaiChoice(ctx context.Context, route string) (*counting, error) {
	c, api := openaiClient(clientKey, 0)
	for _, choice := range []struct {
		param openai.ChatCompletionToolChoiceOptionUnionParam
		want  string
	}{
		{openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: param.NewOpt("required")}, "any"},
		{openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: param.NewOpt("auto")}, "auto"},
		{openai.ToolChoiceOptionFunctionToolChoice(openai.ChatCompletionNamedToolChoiceFunctionParam{Name: "get_time"}), "toolget_time"},
	} {
		p := crossParams(route)
		p.Tools, p.ToolChoice, p.ParallelToolCalls = openaiOffer(), choice.param, param.NewOpt(false)
		got, err := api.Chat.Completions.New(ctx, p)
		if err != nil {
			return c, err
		}
		if err := first(equal(len(got.Choices[0].Message.ToolCalls), 1, "the number of calls"), sawChoice(ctx, choice.want)); err != nil {
			return c, err
		}
	}
	return c, nil
}

func openaiCrossErrors() {
	run("openai/cross-error/400", func() error {
		return oneCall("claude-sonnet-5+400", func() error {
			c, _, err := openaiRefused(clientKey, "openai-cross-400", question, http.StatusBadRequest, 2)
			return first(err, equal(len(c.calls), 1, "the number of requests"))
		})
	})
	run("openai/cross-error/429", func() error {
		c, _, err := openaiRefused(clientKey, "openai-cross-429", question, http.StatusTooManyRequests, 0)
		if err != nil {
			return err
		}
		return c.askedTo()
	})
	run("openai/cross-error/529", func() error {
		_, e, err := openaiRefused(clientKey, "openai-cross-529", question, http.StatusServiceUnavailable, 1)
		if err != nil {
			return err
		}
		return equal(e.Code, "chain_exhausted", "the code")
	})
	run("openai/cross-error/stream-cut", func() error {
		_, api := openaiClient(clientKey, 0)
		stream := api.Chat.Completions.NewStreaming(context.Background(), chatParams("openai-cross-cut"))
		came := 0
		for stream.Next() {
			for _, choice := range stream.Current().Choices {
				came += len(choice.Delta.Content)
			}
		}
		return first(must(came > 0, "nothing came before the cut"), must(stream.Err() != nil, "a broken stream ended without an error"))
	})
}
