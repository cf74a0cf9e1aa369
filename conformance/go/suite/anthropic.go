package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/anthropics/anthropic-sdk-go/packages/param"
)

const (
	anthropicModel  = "sim-mid"
	anthropicFaulty = "sim-small" // the model of the error routes
)

func anthropicClient(key string, retries int) (*counting, anthropic.Client) {
	c := &counting{}
	return c, anthropic.NewClient(
		option.WithBaseURL(gateway), option.WithAPIKey(key), option.WithMaxRetries(retries), option.WithHTTPClient(c.client()),
	)
}

func messageParams(route, text string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: route, MaxTokens: 2000,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text))},
	}
}

// anthropicSuccess runs a case in every condition.
func anthropicSuccess(op string, act func(api anthropic.Client, p anthropic.MessageNewParams) error) {
	for _, condition := range conditions {
		run("anthropic/"+op+"/"+condition, func() error {
			c, api := anthropicClient(clientKey, 0)
			route := "anthropic-" + condition
			if err := act(api, messageParams(route, question)); err != nil {
				return err
			}
			return c.served("anthropic", route, condition, anthropicModel)
		})
	}
}

func anthropicSuccesses() {
	ctx := context.Background()
	anthropicSuccess("chat", func(api anthropic.Client, p anthropic.MessageNewParams) error {
		return anthropicText(api.Messages.New(ctx, p))
	})
	anthropicSuccess("stream", func(api anthropic.Client, p anthropic.MessageNewParams) error {
		return anthropicText(anthropicStream(ctx, api, p))
	})
	for _, t := range toolCases {
		anthropicTools(ctx, t)
	}
	anthropicSuccess("structured", func(api anthropic.Client, p anthropic.MessageNewParams) error {
		p.OutputConfig = anthropic.OutputConfigParam{Format: anthropic.JSONOutputFormatParam{Schema: invoiceSchema()}}
		got, err := api.Messages.New(ctx, p)
		if err != nil {
			return err
		}
		return invoice(textOf(got))
	})
	think := func(p anthropic.MessageNewParams) anthropic.MessageNewParams {
		p.Thinking = anthropic.ThinkingConfigParamOfEnabled(1024)
		return p
	}
	anthropicSuccess("thinking", func(api anthropic.Client, p anthropic.MessageNewParams) error {
		return anthropicThought(api.Messages.New(ctx, think(p)))
	})
	anthropicSuccess("thinking-stream", func(api anthropic.Client, p anthropic.MessageNewParams) error {
		return anthropicThought(anthropicStream(ctx, api, think(p)))
	})
	anthropicSuccess("count-tokens", func(api anthropic.Client, p anthropic.MessageNewParams) error {
		got, err := api.Messages.CountTokens(ctx, anthropic.MessageCountTokensParams{Model: p.Model, Messages: p.Messages})
		if err != nil {
			return err
		}
		return must(got.InputTokens > 0, "input_tokens is %d", got.InputTokens)
	})
	run("anthropic/models", func() error { return anthropicModels(ctx) })
}

func anthropicStream(ctx context.Context, api anthropic.Client, p anthropic.MessageNewParams) (*anthropic.Message, error) {
	stream := api.Messages.NewStreaming(ctx, p)
	defer func() { _ = stream.Close() }()
	message := anthropic.Message{}
	for stream.Next() {
		if err := message.Accumulate(stream.Current()); err != nil {
			return nil, err
		}
	}
	return &message, stream.Err()
}

func textOf(m *anthropic.Message) string {
	var text strings.Builder
	for i := range m.Content {
		if m.Content[i].Type == "text" {
			text.WriteString(m.Content[i].Text)
		}
	}
	return text.String()
}

func anthropicText(got *anthropic.Message, err error) error {
	if err != nil {
		return err
	}
	return first(
		must(strings.Contains(textOf(got), "[simulated]"), "the answer is not the simulator's"),
		equal(got.StopReason, anthropic.StopReasonEndTurn, "stop_reason"),
		equal(got.Model, anthropicModel, "model"),
		must(got.Usage.InputTokens > 0 && got.Usage.OutputTokens > 0, "no usage"),
	)
}

func anthropicThought(got *anthropic.Message, err error) error {
	if err := anthropicText(got, err); err != nil {
		return err
	}
	block := got.Content[0]
	return must(block.Type == "thinking" && len(block.Signature) > 100 && block.Thinking != "", "the first block is %s with %d bytes of signature and %d of thinking",
		block.Type, len(block.Signature), len(block.Thinking))
}

func anthropicTools(ctx context.Context, t toolCase) {
	offer := func(p anthropic.MessageNewParams) anthropic.MessageNewParams {
		for _, name := range t.tools {
			schema := anthropic.ToolInputSchemaParam{
				Properties: map[string]any{toolField[name]: map[string]any{"type": "string"}}, Required: []string{toolField[name]},
			}
			p.Tools = append(p.Tools, anthropic.ToolUnionParamOfTool(schema, name))
		}
		p.ToolChoice = anthropic.ToolChoiceUnionParam{OfAuto: &anthropic.ToolChoiceAutoParam{DisableParallelToolUse: param.NewOpt(t.serial)}}
		return p
	}
	anthropicSuccess(t.op, func(api anthropic.Client, p anthropic.MessageNewParams) error {
		got, err := api.Messages.New(ctx, offer(p))
		if err != nil {
			return err
		}
		id, err := anthropicCalls(got, t.called)
		if err != nil || t.op != "tools" {
			return err
		}
		_, second := anthropicClient(clientKey, 0)
		p.Messages = append(p.Messages, got.ToParam(), anthropic.NewUserMessage(anthropic.NewToolResultBlock(id, "21 degrees", false)))
		after, err := second.Messages.New(ctx, p)
		if err != nil {
			return err
		}
		return must(strings.Contains(textOf(after), "result of the tool"), "the result of the tool did not arrive")
	})
	anthropicSuccess(t.op+"-stream", func(api anthropic.Client, p anthropic.MessageNewParams) error {
		got, err := anthropicStream(ctx, api, offer(p))
		if err != nil {
			return err
		}
		_, err = anthropicCalls(got, t.called)
		return err
	})
}

// anthropicCalls checks the tool calls of an answer and returns the first id.
func anthropicCalls(got *anthropic.Message, called string) (string, error) {
	var names, ids []string
	distinct := map[string]bool{}
	for i := range got.Content {
		block := &got.Content[i]
		if block.Type != "tool_use" {
			continue
		}
		names, ids, distinct[block.ID] = append(names, block.Name), append(ids, block.ID), true
		if err := checkTool(block.Name, string(block.Input)); err != nil {
			return "", err
		}
	}
	if err := first(
		equal(strings.Join(names, ","), called, "the tools called"),
		equal(len(distinct), len(ids), "the number of call ids"),
		equal(got.StopReason, anthropic.StopReasonToolUse, "stop_reason"),
	); err != nil {
		return "", err
	}
	return ids[0], nil
}

func anthropicModels(ctx context.Context) error {
	_, api := anthropicClient(clientKey, 0)
	names := map[string]bool{}
	pages := api.Models.ListAutoPaging(ctx, anthropic.ModelListParams{})
	for pages.Next() {
		m := pages.Current()
		if m.DisplayName == "" || m.Type != "model" {
			return fmt.Errorf("%s has the type %q and the display name %q", m.ID, m.Type, m.DisplayName)
		}
		names[m.ID] = true
	}
	return first(pages.Err(), must(names["openai-calm"] && names["anthropic-calm"], "routes are missing: %d are listed", len(names)))
}

// anthropicRefused runs a call that must fail with a status and a type.
func anthropicRefused(key, route, text string, status, retries int, kind string) (*counting, error) {
	c, api := anthropicClient(key, retries)
	_, err := api.Messages.New(context.Background(), messageParams(route, text))
	var e *anthropic.Error
	if !errors.As(err, &e) {
		return c, fmt.Errorf("the SDK returned %T, want *anthropic.Error: %w", err, err)
	}
	return c, first(
		equal(e.StatusCode, status, "the error's status"),
		must(e.RequestID != "", "the SDK found no request id"),
		must(kind == "" || string(e.Type()) == kind, "the error's type is %q, want %q", e.Type(), kind),
		c.refused(status, retries),
	)
}

func anthropicErrors() {
	for _, status := range []int{400, 413, 422} {
		word := strconv.Itoa(status)
		run("anthropic/error/"+word, func() error {
			return oneCall(anthropicFaulty+"+"+word, func() error {
				c, err := anthropicRefused(clientKey, "anthropic-"+word, question, status, 2, "")
				return first(err, equal(len(c.calls), 1, "the number of requests"))
			})
		})
	}
	for _, e := range []struct {
		name, key, route, text string
		status                 int
		kind                   string
	}{
		{"413-own", clientKey, "anthropic-calm", strings.Repeat("x", tooMuch), http.StatusRequestEntityTooLarge, "request_too_large"},
		{"401", "sg-wrong", "anthropic-calm", question, http.StatusUnauthorized, "authentication_error"},
		{"403", narrowKey, "anthropic-calm", question, http.StatusForbidden, "permission_error"},
		{"404", clientKey, "anthropic-clam", question, http.StatusNotFound, "not_found_error"},
	} {
		run("anthropic/error/"+e.name, func() error {
			c, err := anthropicRefused(e.key, e.route, e.text, e.status, 2, e.kind)
			return first(err, equal(len(c.calls), 1, "the number of requests"))
		})
	}
	for _, e := range []struct {
		name, route string
		status      int
		kind        string
	}{
		{"500", "anthropic-500", http.StatusServiceUnavailable, "api_error"},
		{"503", "anthropic-503", 529, "overloaded_error"}, // the body says that overload is why
		{"529", "anthropic-529", 529, "overloaded_error"},
		{"provider-401", "anthropic-401", http.StatusServiceUnavailable, "api_error"},
	} {
		run("anthropic/error/"+e.name, func() error {
			_, err := anthropicRefused(clientKey, e.route, question, e.status, 1, e.kind)
			return err
		})
	}
	run("anthropic/error/429", func() error {
		c, err := anthropicRefused(clientKey, "anthropic-429", question, http.StatusTooManyRequests, 0, "rate_limit_error")
		if err != nil {
			return err
		}
		return c.askedTo()
	})
	run("anthropic/error/429-retry", func() error {
		c, api := anthropicClient(clientKey, 2)
		got, err := api.Messages.New(context.Background(), messageParams("anthropic-429-once", question))
		if err != nil {
			return err
		}
		return first(must(strings.Contains(textOf(got), "[simulated]"), "the answer is not the simulator's"), c.waitedOnce())
	})
	run("anthropic/error/stream-cut", func() error {
		_, api := anthropicClient(clientKey, 0)
		stream := api.Messages.NewStreaming(context.Background(), messageParams("anthropic-cut", question))
		came := 0
		for stream.Next() {
			came += len(stream.Current().Delta.Text)
		}
		return first(must(came > 0, "nothing came before the cut"), must(stream.Err() != nil, "a broken stream ended without an error"))
	})
}
