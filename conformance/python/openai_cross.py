"""The openai package on routes whose targets speak Anthropic's protocol."""

import json

import openai

from harness import (
    INVOICE, MODELS, PICTURE, PNG, QUESTION, across, asked_to_wait, called, check, equal, invoice, refused, run, seen, tool_schema, upstream,
)
from openai_cases import check_usage, client

ASK = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
TOOLS = [{"type": "function", "function": {"name": n, "parameters": tool_schema(n)}} for n in ("get_weather", "get_time")]


def create(api, route, **params):
    return api.chat.completions.create(**{"model": route, "messages": ASK, **params})


def final(api, route, **params):
    with api.chat.completions.stream(**{"model": route, "messages": ASK, **params}) as events:
        return events.get_final_completion()


def check_text(got):
    equal(got.object, "chat.completion", "object")
    equal(len(got.choices), 1, "the number of choices")
    check("[simulated]" in got.choices[0].message.content, "the answer is not the simulator's")
    equal(got.choices[0].finish_reason, "stop", "finish_reason")
    equal(got.model, MODELS["anthropic"], "model")
    check_usage(got.usage)


def chat(api, route):
    check_text(create(api, route))
    asked = seen()
    equal(asked["system"], len("Be brief."), "the length of the system text")
    equal(asked["text"], QUESTION, "the question")
    check(asked["max_tokens"] >= 1024, f"max_tokens is {asked['max_tokens']}")


def stream(api, route):
    text, finishes, usage, ids = "", [], None, set()
    for chunk in create(api, route, stream=True, stream_options={"include_usage": True}):
        check(usage is None, "a chunk came after the usage")
        equal(chunk.model, MODELS["anthropic"], "model")
        ids.add(chunk.id)
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finishes += [choice.finish_reason] if choice.finish_reason else []
        usage = chunk.usage
    check("[simulated]" in text, "the answer is not the simulator's")
    equal(finishes, ["stop"], "the finish reasons")
    equal(len(ids), 1, "the number of ids in the stream")
    check_usage(usage)


def two_turns(complete):
    """Two turns of parallel tools: what came back is sent on as it came."""

    def act(api, route):
        messages = ASK
        for turn in (1, 2):
            got = complete(api, route, messages=messages, tools=TOOLS)
            equal(got.choices[0].finish_reason, "tool_calls", "finish_reason")
            message = got.choices[0].message
            calls = message.tool_calls
            called([(c.id, c.function.name, json.loads(c.function.arguments)) for c in calls], ["get_weather", "get_time"])
            sent_back = [{"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}} for c in calls]
            half = [{"type": "text", "text": "half past "}, {"type": "text", "text": str(turn)}]
            messages = [
                *messages,
                {"role": "assistant", "content": message.content, "tool_calls": sent_back},
                {"role": "tool", "tool_call_id": calls[0].id, "content": f"{20 + turn} degrees"},
                {"role": "tool", "tool_call_id": calls[1].id, "content": half},
                {"role": "user", "content": "And now?"},
            ]
            after = complete(api, route, messages=messages, tools=TOOLS, tool_choice="none").choices[0].message.content
            check(after, "no text after the results")
            asked = seen()
            equal(asked["calls"], 2 * turn, "the number of calls in the history")
            results = asked["results"][-2:]
            equal([r["text"] for r in results], [f"{20 + turn} degrees", f"half past {turn}"], "the results")
            equal([r["id"] for r in results], [c.id for c in calls], "the ids of the results")
            equal(asked["choice"], "none", "tool_choice")
            messages = [*messages, {"role": "assistant", "content": after}, {"role": "user", "content": "Once more, please."}]

    return act


def choice(api, route):
    for word, want in (("required", "any"), ("auto", "auto"), ({"type": "function", "function": {"name": "get_time"}}, "toolget_time")):
        got = create(api, route, tools=TOOLS, tool_choice=word, parallel_tool_calls=False)
        equal(len(got.choices[0].message.tool_calls), 1, "the number of calls")
        asked = seen()
        equal((asked["choice"], asked["serial"]), (want, True), "tool_choice")


def image(api, route):
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "image_url", "image_url": {"url": PICTURE}},
    ]
    check_text(create(api, route, messages=[{"role": "user", "content": content}]))
    equal(seen()["images"], [f"image/png {len(PNG)}", PICTURE], "the images")


def structured(api, route):
    form = {"type": "json_schema", "json_schema": {"name": "invoice", "strict": True, "schema": INVOICE}}
    invoice(create(api, route, response_format=form).choices[0].message.content)
    check(seen()["schema"], "no schema was asked for")


def thinking(api, route):
    check_text(create(api, route, reasoning_effort="high", max_completion_tokens=30_000))
    asked = seen()
    check(asked["think"] or asked["effort"], "neither thinking nor effort was asked for")


def effort(api, route):
    for word in ("low", "medium", "high"):
        check_text(create(api, route, reasoning_effort=word))
        equal(seen()["effort"], word, "the effort")


def limits(api, route):
    got = create(api, route, max_completion_tokens=5, stop=["zebra", "yak"])
    equal(got.choices[0].finish_reason, "length", "finish_reason")
    asked = seen()
    equal((asked["max_tokens"], asked["stop"]), (5, ["zebra", "yak"]), "max_tokens and the stop sequences")


def lost(api, route):
    check_text(create(api, route, logprobs=True, seed=7, presence_penalty=0.5))


def wrong():
    calls, api = client(retries=2)
    before = upstream("claude-sonnet-5+400")
    refused(lambda: create(api, "openai-cross-400"), calls, openai.BadRequestError, 400, 2)
    equal(len(calls), 1, "the number of requests")
    equal(upstream("claude-sonnet-5+400") - before, 1, "the number of upstream calls")


def limited():
    calls, api = client()
    refused(lambda: create(api, "openai-cross-429"), calls, openai.RateLimitError, 429)
    asked_to_wait(calls)


def overloaded():
    calls, api = client(retries=1)
    error = refused(lambda: create(api, "openai-cross-529"), calls, openai.InternalServerError, 503, 1)
    equal(error.code, "chain_exhausted", "the code")


def cut():
    _, api = client()
    text = ""
    try:
        for chunk in create(api, "openai-cross-cut", stream=True):
            text += "".join(c.delta.content or "" for c in chunk.choices)
    except openai.APIError:
        check(text, "nothing came before the cut")
    else:
        raise AssertionError("a broken stream ended without an error")


def cases():
    for op, act in {
        "chat": chat, "stream": stream, "tools": two_turns(create), "tools-stream": two_turns(final), "tools-choice": choice,
        "image": image, "structured": structured, "thinking": thinking, "effort": effort, "limits": limits,
    }.items():
        across("openai", op, client, act)
    across("openai", "dropped", client, lost, "logprobs", "seed", "presence_penalty")
    run("openai/cross-error/400", wrong)
    run("openai/cross-error/429", limited)
    run("openai/cross-error/529", overloaded)
    run("openai/cross-error/stream-cut", cut)
