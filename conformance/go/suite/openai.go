package main

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"
)

const openaiModel = "sim-mid"

func openaiClient(key string, retries int) (*counting, openai.Client) {
	c := &counting{}
	return c, openai.NewClient(
		option.WithBaseURL(gateway+"/v1"), option.WithAPIKey(key), option.WithMaxRetries(retries), option.WithHTTPClient(c.client()),
	)
}

func chatParams(route string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: route, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(question)}}
}

// openaiSuccess runs a case in every condition.
func openaiSuccess(op, prefix, model string, act func(api openai.Client, route string) error) {
	for _, condition := range conditions {
		run("openai/"+op+"/"+condition, func() error {
			c, api := openaiClient(clientKey, 0)
			route := prefix + "-" + condition
			if err := act(api, route); err != nil {
				return err
			}
			return c.served("openai", route, condition, model)
		})
	}
}

func openaiSuccesses() {
	ctx := context.Background()
	chat := func(op string, act func(api openai.Client, p openai.ChatCompletionNewParams) error) {
		openaiSuccess(op, "openai", openaiModel, func(api openai.Client, route string) error { return act(api, chatParams(route)) })
	}
	chat("chat", func(api openai.Client, p openai.ChatCompletionNewParams) error {
		got, err := api.Chat.Completions.New(ctx, p)
		if err != nil {
			return err
		}
		return openaiText(got)
	})
	chat("stream", func(api openai.Client, p openai.ChatCompletionNewParams) error {
		p.StreamOptions.IncludeUsage = param.NewOpt(true)
		got, err := openaiStream(ctx, api, p)
		if err != nil {
			return err
		}
		return openaiText(got)
	})
	for _, t := range toolCases {
		openaiTools(ctx, t, chat)
	}
	chat("structured", func(api openai.Client, p openai.ChatCompletionNewParams) error {
		format := shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
			Name: "invoice", Strict: param.NewOpt(true), Schema: invoiceSchema(),
		}}
		p.ResponseFormat = openai.ChatCompletionNewParamsResponseFormatUnion{OfJSONSchema: &format}
		got, err := api.Chat.Completions.New(ctx, p)
		if err != nil {
			return err
		}
		return invoice(got.Choices[0].Message.Content)
	})
	chat("thinking", func(api openai.Client, p openai.ChatCompletionNewParams) error {
		p.ReasoningEffort = shared.ReasoningEffortHigh
		p.MaxCompletionTokens = param.NewOpt[int64](4000)
		got, err := api.Chat.Completions.New(ctx, p)
		if err != nil {
			return err
		}
		return first(must(got.Usage.CompletionTokensDetails.ReasoningTokens > 0, "no reasoning tokens"), openaiText(got))
	})
	openaiEmbeddings(ctx)
	run("openai/models", func() error { return openaiModels(ctx) })
}

func openaiText(got *openai.ChatCompletion) error {
	if len(got.Choices) != 1 {
		return fmt.Errorf("%d choices", len(got.Choices))
	}
	return first(
		must(strings.Contains(got.Choices[0].Message.Content, "[simulated]"), "the answer is not the simulator's"),
		equal(got.Choices[0].FinishReason, "stop", "finish_reason"),
		equal(got.Model, openaiModel, "model"),
		must(got.Usage.PromptTokens > 0 && got.Usage.CompletionTokens > 0, "no usage"),
		equal(got.Usage.TotalTokens, got.Usage.PromptTokens+got.Usage.CompletionTokens, "total_tokens"),
	)
}

func openaiStream(ctx context.Context, api openai.Client, p openai.ChatCompletionNewParams) (*openai.ChatCompletion, error) {
	stream := api.Chat.Completions.NewStreaming(ctx, p)
	defer func() { _ = stream.Close() }()
	acc := openai.ChatCompletionAccumulator{}
	for stream.Next() {
		if !acc.AddChunk(stream.Current()) {
			return nil, errors.New("the chunks do not add up")
		}
	}
	return &acc.ChatCompletion, stream.Err()
}

func openaiTools(ctx context.Context, t toolCase, chat func(string, func(openai.Client, openai.ChatCompletionNewParams) error)) {
	offer := func(p openai.ChatCompletionNewParams) openai.ChatCompletionNewParams {
		for _, name := range t.tools {
			p.Tools = append(p.Tools, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: name, Parameters: map[string]any{
				"type": "object", "properties": map[string]any{toolField[name]: map[string]any{"type": "string"}}, "required": []string{toolField[name]},
			}}))
		}
		if len(t.tools) > 1 {
			p.ParallelToolCalls = param.NewOpt(!t.serial)
		}
		return p
	}
	chat(t.op, func(api openai.Client, p openai.ChatCompletionNewParams) error {
		got, err := api.Chat.Completions.New(ctx, offer(p))
		if err != nil {
			return err
		}
		if err := openaiCalls(got, t.called); err != nil || t.op != "tools" {
			return err
		}
		_, second := openaiClient(clientKey, 0)
		message := got.Choices[0].Message
		p.Messages = append(p.Messages, message.ToParam(), openai.ToolMessage(`{"celsius": 21}`, message.ToolCalls[0].ID))
		after, err := second.Chat.Completions.New(ctx, p)
		if err != nil {
			return err
		}
		return must(strings.Contains(after.Choices[0].Message.Content, "result of the tool"), "the result of the tool did not arrive")
	})
	chat(t.op+"-stream", func(api openai.Client, p openai.ChatCompletionNewParams) error {
		got, err := openaiStream(ctx, api, offer(p))
		if err != nil {
			return err
		}
		return openaiCalls(got, t.called)
	})
}

func openaiCalls(got *openai.ChatCompletion, called string) error {
	if len(got.Choices) != 1 {
		return fmt.Errorf("%d choices", len(got.Choices))
	}
	var names []string
	ids := map[string]bool{}
	for _, call := range got.Choices[0].Message.ToolCalls {
		names = append(names, call.Function.Name)
		ids[call.ID] = true
		if err := checkTool(call.Function.Name, call.Function.Arguments); err != nil {
			return err
		}
	}
	return first(
		equal(strings.Join(names, ","), called, "the tools called"),
		equal(len(ids), len(names), "the number of call ids"),
		equal(got.Choices[0].FinishReason, "tool_calls", "finish_reason"),
	)
}

func openaiEmbeddings(ctx context.Context) {
	for _, format := range []openai.EmbeddingNewParamsEncodingFormat{"float", "base64"} {
		openaiSuccess("embeddings-"+string(format), "embed", "sim-embed", func(api openai.Client, route string) error {
			got, err := api.Embeddings.New(ctx, openai.EmbeddingNewParams{
				Model: route, EncodingFormat: format, Dimensions: param.NewOpt[int64](256),
				Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a relay", "a trunk"}},
			})
			if err != nil {
				return err
			}
			if len(got.Data) != 2 || got.Usage.TotalTokens == 0 {
				return fmt.Errorf("%d vectors, %d tokens", len(got.Data), got.Usage.TotalTokens)
			}
			for i := range got.Data {
				if err := unitVector(got.Data[i].JSON.Embedding.Raw()); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// unitVector checks a vector as it came: a list of numbers or base64 of
// little-endian 32-bit floats, which this SDK does not decode.
func unitVector(raw string) error {
	var list []float64
	if strings.HasPrefix(raw, `"`) {
		var packed []byte
		text, err := strconv.Unquote(raw)
		if err == nil {
			packed, err = base64.StdEncoding.DecodeString(text)
		}
		if err != nil {
			return fmt.Errorf("a vector is no base64: %w", err)
		}
		for ; len(packed) >= 4; packed = packed[4:] {
			list = append(list, float64(math.Float32frombits(binary.LittleEndian.Uint32(packed))))
		}
	} else if err := json.Unmarshal([]byte(raw), &list); err != nil {
		return err
	}
	sum := 0.0
	for _, x := range list {
		sum += x * x
	}
	return must(len(list) == 256 && math.Abs(sum-1) < 1e-3, "a vector has %d numbers and the squared length %v", len(list), sum)
}

func openaiModels(ctx context.Context) error {
	_, api := openaiClient(clientKey, 0)
	names := map[string]bool{}
	pages := api.Models.ListAutoPaging(ctx)
	for pages.Next() {
		names[pages.Current().ID] = true
	}
	if err := pages.Err(); err != nil {
		return err
	}
	for _, route := range []string{"openai-calm", "anthropic-calm", "embed-calm"} {
		if !names[route] {
			return fmt.Errorf("%s is not listed", route)
		}
	}
	_, narrow := openaiClient(narrowKey, 0)
	page, err := narrow.Models.List(ctx)
	if err != nil {
		return err
	}
	return must(len(page.Data) == 1 && page.Data[0].ID == "narrow", "a narrow key sees %d models", len(page.Data))
}

// openaiRefused runs a call that must fail with a status.
func openaiRefused(key, route, text string, status, retries int) (*counting, *openai.Error, error) {
	c, api := openaiClient(key, retries)
	p := chatParams(route)
	p.Messages = []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}
	_, err := api.Chat.Completions.New(context.Background(), p)
	var e *openai.Error
	if !errors.As(err, &e) {
		return c, nil, fmt.Errorf("the SDK returned %T, want *openai.Error: %w", err, err)
	}
	return c, e, first(equal(e.StatusCode, status, "the error's status"), must(e.Message != "", "the error has no message"), c.refused(status, retries))
}

func openaiErrors() {
	single := func(name, key, route, text string, status int, code string) {
		run("openai/error/"+name, func() error {
			c, e, err := openaiRefused(key, route, text, status, 2)
			if err != nil {
				return err
			}
			return first(equal(len(c.calls), 1, "the number of requests"), must(code == "" || e.Code == code, "the code is %q, want %q", e.Code, code))
		})
	}
	for _, status := range []int{400, 413, 422} {
		word := strconv.Itoa(status)
		run("openai/error/"+word, func() error {
			return oneCall(openaiModel+"+"+word, func() error {
				c, _, err := openaiRefused(clientKey, "openai-"+word, question, status, 2)
				return first(err, equal(len(c.calls), 1, "the number of requests"))
			})
		})
	}
	single("413-own", clientKey, "openai-calm", strings.Repeat("x", tooMuch), http.StatusRequestEntityTooLarge, "")
	single("401", "sg-wrong", "openai-calm", question, http.StatusUnauthorized, "")
	single("403", narrowKey, "openai-calm", question, http.StatusForbidden, "")
	single("404", clientKey, "openai-clam", question, http.StatusNotFound, "unknown_route")
	for _, word := range []string{"500", "503", "529", "401"} {
		name := word
		if word == "401" {
			name = "provider-401" // our own keys are refused: the user's key is not to blame
		}
		run("openai/error/"+name, func() error {
			_, e, err := openaiRefused(clientKey, "openai-"+word, question, http.StatusServiceUnavailable, 1)
			if err != nil {
				return err
			}
			return first(equal(e.Code, "chain_exhausted", "the code"), must(strings.Contains(e.Message, "openai-"+word), "the message does not name the route: %s", e.Message))
		})
	}
	run("openai/error/429", func() error {
		c, _, err := openaiRefused(clientKey, "openai-429", question, http.StatusTooManyRequests, 0)
		if err != nil {
			return err
		}
		return c.askedTo()
	})
	run("openai/error/429-retry", func() error {
		c, api := openaiClient(clientKey, 2)
		got, err := api.Chat.Completions.New(context.Background(), chatParams("openai-429-once"))
		if err != nil {
			return err
		}
		return first(must(strings.Contains(got.Choices[0].Message.Content, "[simulated]"), "the answer is not the simulator's"), c.waitedOnce())
	})
	run("openai/error/stream-cut", func() error {
		_, api := openaiClient(clientKey, 0)
		stream := api.Chat.Completions.NewStreaming(context.Background(), chatParams("openai-cut"))
		came := 0
		for stream.Next() {
			for _, choice := range stream.Current().Choices {
				came += len(choice.Delta.Content)
			}
		}
		return first(must(came > 0, "nothing came before the cut"), must(stream.Err() != nil, "a broken stream ended without an error"))
	})
}
