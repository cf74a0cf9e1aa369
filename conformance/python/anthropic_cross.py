"""The anthropic package on routes whose targets speak OpenAI's protocol."""

import anthropic

from anthropic_cases import client, text_of
from harness import (
    ASK, INVOICE, MODELS, PICTURE, PNG, QUESTION, across, asked_to_wait, called, check, equal, invoice, refused, run, seen, tool_schema, upstream,
)

SYSTEM = [{"type": "text", "text": "Be brief."}]
TOOLS = [{"name": n, "input_schema": tool_schema(n)} for n in ("get_weather", "get_time")]
SIGNED = "c2lnbmVkIGJ5IGFub3RoZXIgdmVuZG9yLCBhbmQgb2Ygbm8gdXNlIHRvIHRoaXMgb25lIGF0IGFsbA=="


def create(api, route, **params):
    return api.messages.create(**{"model": route, "max_tokens": 2000, "system": SYSTEM, "messages": ASK, **params})


def final(api, route, **params):
    with api.messages.stream(**{"model": route, "max_tokens": 2000, "system": SYSTEM, "messages": ASK, **params}) as events:
        return events.get_final_message()


def check_text(message):
    check("[simulated]" in text_of(message), "the answer is not the simulator's")
    equal((message.type, message.role, message.stop_reason), ("message", "assistant", "end_turn"), "type, role and stop_reason")
    equal(message.model, MODELS["openai"], "model")
    check(message.usage.input_tokens > 0 and message.usage.output_tokens > 0, f"the usage is {message.usage}")


def chat(api, route):
    check_text(create(api, route))
    asked = seen()
    equal(asked["system"], len("Be brief."), "the length of the system text")
    equal((asked["text"], asked["max_tokens"]), (QUESTION, 2000), "the question and max_completion_tokens")


def stream(api, route):
    kinds = []
    for event in create(api, route, stream=True):
        if event.type != "ping" and event.type not in kinds[-1:]:
            kinds.append(event.type)
    equal(kinds, [
        "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop",
    ], "the order of the events")
    check_text(final(api, route))


def two_turns(complete):
    """Two turns of parallel tools: what came back is sent on as it came."""

    def act(api, route):
        messages = ASK
        for turn in (1, 2):
            got = complete(api, route, messages=messages, tools=TOOLS)
            equal(got.stop_reason, "tool_use", "stop_reason")
            calls = [b for b in got.content if b.type == "tool_use"]
            called([(c.id, c.name, c.input) for c in calls], ["get_weather", "get_time"])
            half = [{"type": "text", "text": f"half past {turn}"}]
            messages = [
                *messages,
                {"role": "assistant", "content": [b.to_dict() for b in got.content]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": calls[0].id, "content": f"{20 + turn} degrees"},
                    {"type": "tool_result", "tool_use_id": calls[1].id, "content": half},
                    {"type": "text", "text": "And now?"},
                ]},
            ]
            after = text_of(complete(api, route, messages=messages, tools=TOOLS, tool_choice={"type": "none"}))
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
    for word, want in (({"type": "any"}, "required"), ({"type": "auto"}, "auto"), ({"type": "tool", "name": "get_time"}, "get_time")):
        got = create(api, route, tools=TOOLS, tool_choice={**word, "disable_parallel_tool_use": True})
        equal((got.stop_reason, sum(b.type == "tool_use" for b in got.content)), ("tool_use", 1), "stop_reason and the number of calls")
        asked = seen()
        equal((asked["choice"], asked["serial"]), (want, True), "tool_choice")


def image(api, route):
    content = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": PICTURE}},
        {"type": "text", "text": "What is this?"},
    ]
    check_text(create(api, route, messages=[{"role": "user", "content": content}]))
    equal(seen()["images"], [f"image/png {len(PNG)}", PICTURE], "the images")


def structured(api, route):
    invoice(text_of(create(api, route, output_config={"format": {"type": "json_schema", "schema": INVOICE}})))
    check(seen()["schema"], "no schema was asked for")


def budget(api, route):
    check_text(create(api, route, max_tokens=20_000, thinking={"type": "enabled", "budget_tokens": 8000}))
    equal(seen()["effort"], "medium", "the effort")


def adaptive(api, route):
    check_text(create(api, route, thinking={"type": "adaptive"}))
    check_text(create(api, route, thinking={"type": "disabled"}))


def effort(api, route):
    for word in ("low", "medium", "high"):
        check_text(create(api, route, output_config={"effort": word}))
        equal(seen()["effort"], word, "the effort")


def limits(api, route):
    equal(create(api, route, max_tokens=5, stop_sequences=["zebra", "yak"]).stop_reason, "max_tokens", "stop_reason")
    asked = seen()
    equal((asked["max_tokens"], asked["stop"]), (5, ["zebra", "yak"]), "max_completion_tokens and the stop sequences")


def lost(api, route):
    check_text(create(api, route, extra_body={"top_k": 5, "context_management": {"edits": [{"type": "clear_thinking_20251015"}]}}))


def cache(api, route):
    """OpenAI caches prompts of 1,024 tokens and more without being asked: the
    markers are of no use there, and what was read from the cache still counts."""
    text = "The relay carries the call from the exchange to the desk, and back. " * 120
    system = [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]

    def whole(usage):
        return usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)

    first, second = (create(api, route, system=system).usage for _ in range(2))
    check((second.cache_read_input_tokens or 0) >= 1024, f"the usage is {second}")
    equal(whole(second), whole(first), "the size of the prompt")
    equal(seen()["marks"], 0, "the number of markers")


def history(api, route):
    """A conversation that began at Anthropic: what its model thought is left out."""
    messages = [*ASK, {"role": "assistant", "content": [
        {"type": "thinking", "thinking": "A relay carries.", "signature": SIGNED},
        {"type": "text", "text": "I look it up."},
        {"type": "tool_use", "id": "toolu_01history", "name": "get_weather", "input": {"city": "Lund"}},
    ]}, {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "toolu_01history", "content": "no such city", "is_error": True},
    ]}]
    check_text(create(api, route, tools=TOOLS, messages=messages, thinking={"type": "adaptive"}))
    asked = seen()
    equal((asked["calls"], asked["results"][0]["id"]), (1, "toolu_01history"), "the calls and the id of the result")
    check("no such city" in asked["results"][0]["text"], f"the result is {asked['results'][0]['text']!r}")


def count_tokens():
    calls, api = client()
    messages = [{"role": "user", "content": "carry " * 1000}]
    got = api.messages.count_tokens(model="anthropic-cross-only", system=SYSTEM, messages=messages)
    check(500 < got.input_tokens < 4000, f"input_tokens is {got.input_tokens}")
    equal(calls[0]["headers"].get("x-switchgear-estimated"), "1", "x-switchgear-estimated")


def wrong():
    calls, api = client(retries=2)
    before = upstream("gpt-5.6-terra+400")
    error = refused(lambda: create(api, "anthropic-cross-400"), calls, anthropic.BadRequestError, 400, 2)
    equal((error.body["type"], error.body["error"]["type"]), ("error", "invalid_request_error"), "the shape of the error")
    equal(len(calls), 1, "the number of requests")
    equal(upstream("gpt-5.6-terra+400") - before, 1, "the number of upstream calls")


def limited():
    calls, api = client()
    refused(lambda: create(api, "anthropic-cross-429"), calls, anthropic.RateLimitError, 429)
    asked_to_wait(calls)


def overloaded():
    calls, api = client(retries=1)
    error = refused(lambda: create(api, "anthropic-cross-529"), calls, anthropic.OverloadedError, 529, 1)
    equal(error.body["error"]["type"], "overloaded_error", "the type")


def cut():
    _, api = client()
    text = ""
    try:
        for event in create(api, "anthropic-cross-cut", stream=True):
            text += getattr(getattr(event, "delta", None), "text", "")
    except anthropic.APIError:
        check(text, "nothing came before the cut")
    else:
        raise AssertionError("a broken stream ended without an error")


def cases():
    for op, act in {
        "chat": chat, "stream": stream, "tools": two_turns(create), "tools-stream": two_turns(final), "tools-choice": choice,
        "image": image, "structured": structured, "adaptive": adaptive, "effort": effort, "limits": limits,
    }.items():
        across("anthropic", op, client, act)
    across("anthropic", "thinking", client, budget, "thinking.budget (8000 as reasoning_effort medium)")
    across("anthropic", "dropped", client, lost, "top_k", "context_management")
    across("anthropic", "cache", client, cache, "cache")
    across("anthropic", "history", client, history, "messages[1].parts[0] (thinking)")
    run("anthropic/cross-count-tokens", count_tokens)
    run("anthropic/cross-error/400", wrong)
    run("anthropic/cross-error/429", limited)
    run("anthropic/cross-error/529", overloaded)
    run("anthropic/cross-error/stream-cut", cut)
