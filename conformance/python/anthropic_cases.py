"""The anthropic package: messages, count_tokens, models, errors."""

import anthropic

from harness import (
    ASK, BIG, CONDITIONS, GATEWAY, INVOICE, KEY, NARROW_KEY, TOOL_CASES, Counting,
    asked_to_wait, called, check, equal, invoice, refused, run, served, tool_schema, upstream, waited_once,
)

MODEL = "sim-mid"
FAULTY = "sim-small"  # the model of the error routes
THINK = {"type": "enabled", "budget_tokens": 1024}


def client(key=KEY, retries=0):
    count = Counting()
    http = anthropic.DefaultHttpxClient(event_hooks=count.hooks())
    return count.calls, anthropic.Anthropic(base_url=GATEWAY, api_key=key, max_retries=retries, timeout=30, http_client=http)


def success(op, act):
    """Runs a case in every condition."""
    for condition in CONDITIONS:

        def case(route=f"anthropic-{condition}", condition=condition):
            calls, api = client()
            act(api, {"model": route, "max_tokens": 2000, "messages": ASK})
            served(calls, "anthropic", route, condition, MODEL)

        run(f"anthropic/{op}/{condition}", case)


def text_of(message):
    return "".join(b.text for b in message.content if b.type == "text")


def check_text(message):
    check("[simulated]" in text_of(message), "the answer is not the simulator's")
    equal(message.stop_reason, "end_turn", "stop_reason")
    equal(message.model, MODEL, "model")
    check(message.usage.input_tokens > 0 and message.usage.output_tokens > 0, "no usage")


def check_thought(message):
    first = message.content[0]
    equal(first.type, "thinking", "the first block")
    check(len(first.signature) > 100 and first.thinking, "the thinking is empty or not signed")
    check_text(message)


def final(api, params):
    with api.messages.stream(**params) as events:
        return events.get_final_message()


def stream(api, params):
    with api.messages.stream(**params) as events:
        text = "".join(events.text_stream)
        message = events.get_final_message()
    check_text(message)
    equal(text, text_of(message), "the text of the deltas")


def tools_case(op, offered, serial, want):
    offer = {
        "tools": [{"name": n, "input_schema": tool_schema(n)} for n in offered],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": serial},
    }

    def check_calls(message):
        equal(message.stop_reason, "tool_use", "stop_reason")
        calls = [b for b in message.content if b.type == "tool_use"]
        called([(c.id, c.name, c.input) for c in calls], want)
        return calls

    def whole(api, params):
        message = api.messages.create(**params, **offer)
        calls = check_calls(message)
        if op == "tools":
            _, second = client()
            result = {"type": "tool_result", "tool_use_id": calls[0].id, "content": "21 degrees"}
            turns = [*ASK, {"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
            after = second.messages.create(**{**params, "messages": turns})
            check("result of the tool" in text_of(after), "the result of the tool did not arrive")

    success(op, whole)
    success(op + "-stream", lambda api, params: check_calls(final(api, {**params, **offer})))


def structured(api, params):
    message = api.messages.create(**params, output_config={"format": {"type": "json_schema", "schema": INVOICE}})
    invoice(text_of(message))


def count_tokens(api, params):
    got = api.messages.count_tokens(model=params["model"], messages=params["messages"])
    check(got.input_tokens > 0, f"input_tokens is {got.input_tokens}")


def models():
    _, api = client()
    names = []
    for m in api.models.list():
        check(m.type == "model" and m.display_name, f"{m.id} has the type {m.type!r} and the display name {m.display_name!r}")
        names.append(m.id)
    for route in ("openai-calm", "anthropic-calm"):
        check(route in names, f"{route} is not listed")


def create(api, route, messages=ASK):
    return lambda: api.messages.create(model=route, max_tokens=100, messages=messages)


def passed_through(status, kind):
    def case():
        calls, api = client(retries=2)
        before = upstream(f"{FAULTY}+{status}")
        error = refused(create(api, f"anthropic-{status}"), calls, kind, status, 2)
        equal(error.body["type"], "error", "the shape of the error")
        equal(len(calls), 1, "the number of requests")
        equal(upstream(f"{FAULTY}+{status}") - before, 1, "the number of upstream calls")

    run(f"anthropic/error/{status}", case)


def own(name, key, route, kind, status, word, messages=ASK):
    def case():
        calls, api = client(key, retries=2)
        error = refused(create(api, route, messages), calls, kind, status, 2)
        equal(error.body["error"]["type"], word, "the type")
        equal(len(calls), 1, "the number of requests")
        check(name != "404" or "anthropic-calm" in error.message, f"the nearest name is not in {error.message!r}")

    run(f"anthropic/error/{name}", case)


def exhausted(name, route, kind, status, word):
    def case():
        calls, api = client(retries=1)
        error = refused(create(api, route), calls, kind, status, 1)
        equal(error.body["error"]["type"], word, "the type")
        check(route in error.message, f"the message does not name the route: {error.message}")

    run(f"anthropic/error/{name}", case)


def limited():
    calls, api = client()
    refused(create(api, "anthropic-429"), calls, anthropic.RateLimitError, 429)
    asked_to_wait(calls)


def limited_once():
    calls, api = client(retries=2)
    check("[simulated]" in text_of(create(api, "anthropic-429-once")()), "the answer is not the simulator's")
    waited_once(calls)


def cut():
    _, api = client()
    text = ""
    try:
        for event in api.messages.create(model="anthropic-cut", max_tokens=2000, messages=ASK, stream=True):
            text += getattr(getattr(event, "delta", None), "text", "")
    except anthropic.APIError:
        check(text, "nothing came before the cut")
    else:
        raise AssertionError("a broken stream ended without an error")


def cases():
    success("chat", lambda api, params: check_text(api.messages.create(**params)))
    success("stream", stream)
    for case in TOOL_CASES:
        tools_case(*case)
    success("structured", structured)
    success("thinking", lambda api, params: check_thought(api.messages.create(**params, thinking=THINK)))
    success("thinking-stream", lambda api, params: check_thought(final(api, {**params, "thinking": THINK})))
    success("count-tokens", count_tokens)
    run("anthropic/models", models)
    passed_through(400, anthropic.BadRequestError)
    passed_through(413, anthropic.RequestTooLargeError)
    passed_through(422, anthropic.UnprocessableEntityError)
    own("413-own", KEY, "anthropic-calm", anthropic.RequestTooLargeError, 413, "request_too_large", BIG)
    own("401", "sg-wrong", "anthropic-calm", anthropic.AuthenticationError, 401, "authentication_error")
    own("403", NARROW_KEY, "anthropic-calm", anthropic.PermissionDeniedError, 403, "permission_error")
    own("404", KEY, "anthropic-clam", anthropic.NotFoundError, 404, "not_found_error")
    unavailable, overloaded = anthropic.ServiceUnavailableError, anthropic.OverloadedError
    exhausted("provider-401", "anthropic-401", unavailable, 503, "api_error")  # our own keys are refused: the user's key is not to blame
    exhausted("500", "anthropic-500", unavailable, 503, "api_error")
    exhausted("503", "anthropic-503", overloaded, 529, "overloaded_error")  # the body says that overload is why
    exhausted("529", "anthropic-529", overloaded, 529, "overloaded_error")
    run("anthropic/error/429", limited)
    run("anthropic/error/429-retry", limited_once)
    run("anthropic/error/stream-cut", cut)
