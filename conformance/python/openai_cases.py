"""The openai package: chat completions, embeddings, models, errors."""

import base64
import json
import math
import struct

import openai

from harness import (
    ASK, BIG, CONDITIONS, GATEWAY, INVOICE, KEY, NARROW_KEY, TOOL_CASES, Counting,
    asked_to_wait, called, check, equal, invoice, refused, run, served, tool_schema, upstream, waited_once,
)

MODEL = "sim-mid"


def client(key=KEY, retries=0):
    count = Counting()
    http = openai.DefaultHttpxClient(event_hooks=count.hooks())
    return count.calls, openai.OpenAI(base_url=GATEWAY + "/v1", api_key=key, max_retries=retries, timeout=30, http_client=http)


def success(op, act, prefix="openai", model=MODEL):
    """Runs a case in every condition."""
    for condition in CONDITIONS:

        def case(route=f"{prefix}-{condition}", condition=condition):
            calls, api = client()
            act(api, route)
            served(calls, "openai", route, condition, model)

        run(f"openai/{op}/{condition}", case)


def check_usage(usage):
    check(usage.prompt_tokens > 0 and usage.completion_tokens > 0, "no usage")
    equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens, "total_tokens")


def check_text(got):
    check("[simulated]" in got.choices[0].message.content, "the answer is not the simulator's")
    equal(got.choices[0].finish_reason, "stop", "finish_reason")
    equal(got.model, MODEL, "model")
    check_usage(got.usage)


def chat(api, route):
    check_text(api.chat.completions.create(model=route, messages=ASK))


def stream(api, route):
    text, finish, usage = "", None, None
    chunks = api.chat.completions.create(model=route, messages=ASK, stream=True, stream_options={"include_usage": True})
    for chunk in chunks:
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
        usage = chunk.usage or usage
    check("[simulated]" in text, "the answer is not the simulator's")
    equal(finish, "stop", "finish_reason")
    check_usage(usage)


def tools_case(op, offered, serial, want):
    offer = {"tools": [{"type": "function", "function": {"name": n, "parameters": tool_schema(n)}} for n in offered]}
    if len(offered) > 1:
        offer["parallel_tool_calls"] = not serial

    def check_calls(got):
        equal(got.choices[0].finish_reason, "tool_calls", "finish_reason")
        calls = got.choices[0].message.tool_calls
        called([(c.id, c.function.name, json.loads(c.function.arguments)) for c in calls], want)
        return calls

    def whole(api, route):
        got = api.chat.completions.create(model=route, messages=ASK, **offer)
        calls = check_calls(got)
        if op == "tools":
            _, second = client()
            result = {"role": "tool", "tool_call_id": calls[0].id, "content": '{"celsius": 21}'}
            messages = [*ASK, got.choices[0].message.to_dict(), result]
            after = second.chat.completions.create(model=route, messages=messages)
            check("result of the tool" in after.choices[0].message.content, "the result of the tool did not arrive")

    def streamed(api, route):
        with api.chat.completions.stream(model=route, messages=ASK, **offer) as events:
            check_calls(events.get_final_completion())

    success(op, whole)
    success(op + "-stream", streamed)


def structured(api, route):
    form = {"type": "json_schema", "json_schema": {"name": "invoice", "strict": True, "schema": INVOICE}}
    got = api.chat.completions.create(model=route, messages=ASK, response_format=form)
    invoice(got.choices[0].message.content)


def thinking(api, route):
    got = api.chat.completions.create(model=route, messages=ASK, reasoning_effort="high", max_completion_tokens=4000)
    check(got.usage.completion_tokens_details.reasoning_tokens > 0, "no reasoning tokens")
    check_text(got)


def embeddings(form):
    def act(api, route):
        got = api.embeddings.create(model=route, input=["a relay", "a trunk"], encoding_format=form, dimensions=256)
        equal(len(got.data), 2, "the number of vectors")
        for item in got.data:
            vector = item.embedding
            if isinstance(vector, str):
                raw = base64.b64decode(vector)
                vector = struct.unpack(f"<{len(raw) // 4}f", raw)
            equal(len(vector), 256, "the length of a vector")
            check(abs(math.hypot(*vector) - 1) < 1e-3, "a vector is not of length one")
        check(got.usage.total_tokens > 0, "no usage")

    success("embeddings-" + form, act, "embed", "sim-embed")


def models():
    _, api = client()
    names = [m.id for m in api.models.list()]
    for route in ("openai-calm", "anthropic-calm", "embed-calm"):
        check(route in names, f"{route} is not listed")
    _, narrow = client(NARROW_KEY)
    equal([m.id for m in narrow.models.list()], ["narrow"], "what a narrow key may use")


def passed_through(status, kind):
    def case():
        calls, api = client(retries=2)
        before = upstream(f"{MODEL}+{status}")
        refused(lambda: api.chat.completions.create(model=f"openai-{status}", messages=ASK), calls, kind, status, 2)
        equal(len(calls), 1, "the number of requests")
        equal(upstream(f"{MODEL}+{status}") - before, 1, "the number of upstream calls")

    run(f"openai/error/{status}", case)


def own(name, key, route, kind, status, messages=ASK, code=None):
    def case():
        calls, api = client(key, retries=2)
        error = refused(lambda: api.chat.completions.create(model=route, messages=messages), calls, kind, status, 2)
        equal(len(calls), 1, "the number of requests")
        check(code is None or error.code == code, f"the code is {error.code!r}, want {code!r}")
        check(code is None or "openai-calm" in error.message, f"the nearest name is not in {error.message!r}")

    run(f"openai/error/{name}", case)


def exhausted(name, route):
    def case():
        calls, api = client(retries=1)
        error = refused(lambda: api.chat.completions.create(model=route, messages=ASK), calls, openai.InternalServerError, 503, 1)
        equal(error.code, "chain_exhausted", "the code")
        check(route in error.message, f"the message does not name the route: {error.message}")

    run(f"openai/error/{name}", case)


def limited():
    calls, api = client()
    refused(lambda: api.chat.completions.create(model="openai-429", messages=ASK), calls, openai.RateLimitError, 429)
    asked_to_wait(calls)


def limited_once():
    calls, api = client(retries=2)
    got = api.chat.completions.create(model="openai-429-once", messages=ASK)
    check("[simulated]" in got.choices[0].message.content, "the answer is not the simulator's")
    waited_once(calls)


def cut():
    _, api = client()
    text = ""
    try:
        for chunk in api.chat.completions.create(model="openai-cut", messages=ASK, stream=True):
            text += "".join(c.delta.content or "" for c in chunk.choices)
    except openai.APIError:
        check(text, "nothing came before the cut")
    else:
        raise AssertionError("a broken stream ended without an error")


def cases():
    success("chat", chat)
    success("stream", stream)
    for case in TOOL_CASES:
        tools_case(*case)
    success("structured", structured)
    success("thinking", thinking)
    embeddings("float")
    embeddings("base64")
    run("openai/models", models)
    passed_through(400, openai.BadRequestError)
    passed_through(413, openai.APIStatusError)
    passed_through(422, openai.UnprocessableEntityError)
    own("413-own", KEY, "openai-calm", openai.APIStatusError, 413, BIG)
    own("401", "sg-wrong", "openai-calm", openai.AuthenticationError, 401)
    own("403", NARROW_KEY, "openai-calm", openai.PermissionDeniedError, 403)
    own("404", KEY, "openai-clam", openai.NotFoundError, 404, code="unknown_route")
    exhausted("provider-401", "openai-401")  # our own keys are refused: the user's key is not to blame
    for status in (500, 503, 529):
        exhausted(str(status), f"openai-{status}")
    run("openai/error/429", limited)
    run("openai/error/429-retry", limited_once)
    run("openai/error/stream-cut", cut)
