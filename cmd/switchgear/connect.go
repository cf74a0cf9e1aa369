package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/app"
)

// clientGuide is how one client is pointed at the gateway. In its text, {base}
// is the gateway's URL, {key} the client key, {route} the route.
type clientGuide struct {
	name     string
	title    string
	language string // of the text, for the fence around it
	text     string
}

// guides lists the clients in the order they are shown. Conformance runs the
// texts for Python, JavaScript and Go as they stand, and Claude Code with the
// variables of its text.
var guides = []clientGuide{
	{"claude-code", "Claude Code", "sh", `export ANTHROPIC_BASE_URL={base}
export ANTHROPIC_AUTH_TOKEN={key}
claude --model {route}

# Give the route the name of its first model as an alias, and use that, if it is
# a Claude model (aliases: [claude-opus-4-8]): Claude Code then knows the model's
# limits, and keeps what it thought from turn to turn. Its model picker shows only
# names that begin with "claude" or "anthropic".
`},
	{"openai-python", "OpenAI SDK for Python", "python", `from openai import OpenAI

client = OpenAI(base_url="{base}/v1", api_key="{key}")
answer = client.chat.completions.create(
    model="{route}", messages=[{"role": "user", "content": "Hello"}]
)
print(answer.choices[0].message.content)
`},
	{"openai-node", "OpenAI SDK for JavaScript", "js", `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "{base}/v1", apiKey: "{key}" });
const answer = await client.chat.completions.create({
  model: "{route}", messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.choices[0].message.content);
`},
	{"openai-go", "OpenAI SDK for Go", "go", `client := openai.NewClient(option.WithBaseURL("{base}/v1"), option.WithAPIKey("{key}"))
answer, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
	Model:    "{route}",
	Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Hello")},
})
`},
	{"anthropic-python", "Anthropic SDK for Python", "python", `from anthropic import Anthropic

client = Anthropic(base_url="{base}", api_key="{key}")
answer = client.messages.create(
    model="{route}", max_tokens=1000, messages=[{"role": "user", "content": "Hello"}]
)
print(answer.content[0].text)
`},
	{"anthropic-node", "Anthropic SDK for JavaScript", "js", `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "{base}", apiKey: "{key}" });
const answer = await client.messages.create({
  model: "{route}", max_tokens: 1000, messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.content[0].text);
`},
	{"anthropic-go", "Anthropic SDK for Go", "go", `client := anthropic.NewClient(option.WithBaseURL("{base}"), option.WithAPIKey("{key}"))
answer, err := client.Messages.New(ctx, anthropic.MessageNewParams{
	Model: "{route}", MaxTokens: 1000,
	Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("Hello"))},
})
`},
	{"langchain", "LangChain for JavaScript", "js", `import { ChatOpenAI } from "@langchain/openai";
import { ChatAnthropic } from "@langchain/anthropic";

const viaOpenAI = new ChatOpenAI({
  model: "{route}", apiKey: "{key}", configuration: { baseURL: "{base}/v1" },
});
const viaAnthropic = new ChatAnthropic({
  model: "{route}", apiKey: "{key}", anthropicApiUrl: "{base}",
});
`},
	{"vercel-ai-sdk", "Vercel AI SDK", "js", `import { generateText } from "ai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";

// createOpenAI() speaks the Responses API by default, which the gateway does
// not serve yet; the compatible provider speaks chat completions.
const gateway = createOpenAICompatible({
  name: "switchgear", baseURL: "{base}/v1", apiKey: "{key}", includeUsage: true,
});
const { text } = await generateText({ model: gateway("{route}"), prompt: "Hello" });
`},
	{"opencode", "opencode", "jsonc", `// opencode.json
{
  "$schema": "https://opencode.ai/config.json",
  "model": "switchgear/{route}",
  "provider": {
    "switchgear": {
      "npm": "@ai-sdk/openai-compatible",
      "options": { "baseURL": "{base}/v1", "apiKey": "{key}" },
      "models": { "{route}": {} }
    }
  }
}
`},
}

func newConnect() *cobra.Command {
	source := app.Source{Bare: true, Ungated: true}
	var base, route, key string
	var list, everything bool
	c := &cobra.Command{
		Use:   "connect CLIENT",
		Short: "Print the settings that point a client at the gateway",
		Long: `Prints the exact settings for one client, with the address, a route and a place for the key filled in from the
configuration. --list names the clients; --all prints one page with all of them.`,
		Example: "  switchgear connect claude-code\n  switchgear connect openai-python --route reason\n  switchgear connect --all > clients.md",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if list {
				for _, g := range guides {
					fmt.Fprintf(c.OutOrStdout(), "%-18s %s\n", g.name, g.title)
				}
				return nil
			}
			fill, err := filler(source, base, route, key)
			if err != nil {
				return err
			}
			if everything {
				fmt.Fprint(c.OutOrStdout(), clientPage(fill))
				return nil
			}
			if len(args) == 0 {
				return errors.New("name a client: " + strings.Join(guideNames(), ", "))
			}
			i := slices.IndexFunc(guides, func(g clientGuide) bool { return g.name == args[0] })
			if i < 0 {
				return unknownClient(args[0])
			}
			fmt.Fprint(c.OutOrStdout(), fill.Replace(guides[i].text))
			return nil
		},
	}
	sourceFlags(c, &source)
	f := c.Flags()
	f.StringVar(&base, "url", "", "the gateway's URL (default: the configuration's listen address)")
	f.StringVar(&route, "route", "", "the route to name as the model (default: chat, or the first that chats)")
	f.StringVar(&key, "key", "", "what to print for the client key")
	f.BoolVar(&list, "list", false, "list the clients and end")
	f.BoolVar(&everything, "all", false, "print one page with all clients")
	return c
}

func unknownClient(name string) error {
	names := guideNames()
	text := fmt.Sprintf("there is no guide for %q. There are: %s.", name, strings.Join(names, ", "))
	if near := config.DidYouMean(name, names); near != "" {
		text += " " + near
	}
	return errors.New(text)
}

func guideNames() []string {
	names := make([]string, 0, len(guides))
	for _, g := range guides {
		names = append(names, g.name)
	}
	return names
}

// filler puts the configuration's own words into a guide.
func filler(source app.Source, base, route, key string) (*strings.Replacer, error) {
	loaded, err := source.Load()
	if err != nil {
		return nil, err
	}
	cfg := loaded.Config
	if base == "" {
		base = "http://" + cfg.Listen
	}
	if route == "" {
		route = firstRoute(cfg)
	}
	if _, ok := cfg.Route(route); !ok {
		return nil, fmt.Errorf("there is no route %q in %s", route, loaded.From)
	}
	if key == "" {
		key = "any-key"
		if len(cfg.Clients) > 0 {
			key = "YOUR-CLIENT-KEY"
		}
	}
	return words(base, key, route), nil
}

func words(base, key, route string) *strings.Replacer {
	return strings.NewReplacer("{base}", strings.TrimRight(base, "/"), "{key}", key, "{route}", route)
}

// pageHead begins the page of all clients.
const pageHead = `# Point a client at the gateway

One block for each client, ready to paste. ` + "`switchgear connect NAME`" + ` prints a block with your own address and route filled in;
` + "`make demo-clients`" + ` prints this page. The model a client names is a route or an alias of one. The key is a client key
if the configuration has any, else any word will do.
`

//go:generate sh -c "go run . connect --all --url http://127.0.0.1:8080 --route chat --key YOUR-CLIENT-KEY > ../../docs/clients.md"

// clientPage is one page of copy and paste for every client.
func clientPage(fill *strings.Replacer) string {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, g := range guides {
		b.WriteString("\n## " + g.title + "\n\n`switchgear connect " + g.name + "`\n\n```" + g.language + "\n" + fill.Replace(g.text) + "```\n")
	}
	return b.String()
}
