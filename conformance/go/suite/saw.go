package main

import (
	"context"
	"strings"
)

// brief is the system text of the cases across the protocols.
const brief = "Be brief."

// sawQuestion checks that the system text and the question arrived, and a
// limit, which Anthropic demands. Limit is the client's own, or 0.
func sawQuestion(ctx context.Context, limit int) error {
	s, err := seen(ctx)
	if err != nil {
		return err
	}
	return first(
		equal(s.System, len(brief), "the length of the system text"),
		equal(s.Text, question, "the question"),
		must(s.MaxTokens == limit || limit == 0 && s.MaxTokens >= 1024, "the limit is %d tokens", s.MaxTokens),
	)
}

func sawSchema(ctx context.Context) error {
	s, err := seen(ctx)
	return first(err, must(s != nil && s.Schema, "no schema was asked for"))
}

func sawEffort(ctx context.Context, want string) error {
	s, err := seen(ctx)
	if err != nil {
		return err
	}
	return equal(s.Effort, want, "the effort")
}

func sawChoice(ctx context.Context, want string) error {
	s, err := seen(ctx)
	if err != nil {
		return err
	}
	return first(equal(s.Choice, want, "tool_choice"), must(s.Serial, "tools may be called in parallel"))
}

// sawLimits checks a limit of five tokens and two stop sequences.
func sawLimits(ctx context.Context) error {
	s, err := seen(ctx)
	if err != nil {
		return err
	}
	return first(equal(s.MaxTokens, 5, "the limit"), equal(strings.Join(s.Stop, ","), "zebra,yak", "the stop sequences"))
}
