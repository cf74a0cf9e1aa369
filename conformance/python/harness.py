"""What every case uses: the gateway's address, a client that counts, the checks,
and the lines the driver reads."""

import json
import os
import time
import urllib.request

GATEWAY = os.environ["GATEWAY_URL"]
SIM = os.environ["SIM_URL"]
KEY = os.environ["CLIENT_KEY"]
NARROW_KEY = os.environ["NARROW_KEY"]

QUESTION = "What does the relay carry?"
ASK = [{"role": "user", "content": QUESTION}]
BIG = [{"role": "user", "content": "x" * (33 << 20)}]  # 33 MiB: more than the gateway takes

# All is well, or the first step of the chain answers 503, refuses the
# connection, or says nothing.
CONDITIONS = ["calm", "down", "refused", "silent"]

TOOL_FIELD = {"get_weather": "city", "get_time": "zone"}

# name, tools offered, one at a time, tools called
TOOL_CASES = [
    ("tools", ["get_weather"], False, ["get_weather"]),
    ("tools-serial", ["get_weather", "get_time"], True, ["get_weather"]),
    ("tools-parallel", ["get_weather", "get_time"], False, ["get_weather", "get_time"]),
]

INVOICE = {
    "type": "object",
    "required": ["total", "currency"],
    "additionalProperties": False,
    "properties": {"total": {"type": "number"}, "currency": {"type": "string", "enum": ["EUR", "USD"]}},
}


def check(ok, what):
    if not ok:
        raise AssertionError(what)


def equal(got, want, what):
    check(got == want, f"{what} is {got!r}, want {want!r}")


class Counting:
    """Keeps what a client sends and what comes back, through httpx's hooks."""

    def __init__(self):
        self.calls = []

    def hooks(self):
        return {"request": [self._sent], "response": [self._came]}

    def _sent(self, request):
        self.calls.append({"at": time.monotonic(), "retry": request.headers.get("x-stainless-retry-count")})

    def _came(self, response):
        self.calls[-1].update(status=response.status_code, headers=response.headers)


def run(name, act):
    """Runs one case and prints its line."""
    try:
        act()
    except Exception as error:  # whatever it is, it is the case's failure
        print(f"fail {name}: {type(error).__name__}: {error}".replace("\n", " "), flush=True)
    else:
        print(f"pass {name}", flush=True)


def served(calls, vendor, route, condition, model):
    """Checks the headers that say who answered."""
    equal(len(calls), 1, "the number of requests")
    headers = calls[0]["headers"]

    def get(name):
        return headers.get("x-switchgear-" + name)

    calm = condition == "calm"
    check(get("request-id"), "x-switchgear-request-id is missing")
    check(headers.get("x-request-id" if vendor == "openai" else "request-id"), "the id the SDK reads is missing")
    equal(get("route"), route, "x-switchgear-route")
    equal(get("degraded"), "0", "x-switchgear-degraded")
    equal(get("served-by"), f"{vendor}-{'calm' if calm else 'spare'}/{model}", "x-switchgear-served-by")
    equal(get("step"), "1/2" if calm else "2/2", "x-switchgear-step")
    check(int(get("attempts")) >= 1, "x-switchgear-attempts is no number")
    fallback = get("fallback") or ""
    check((fallback == "") if calm else f"{vendor}-{condition}/{model}" in fallback, f"x-switchgear-fallback is {fallback!r}")


# The models of the routes across the protocols.
MODELS = {"openai": "gpt-5.6-terra", "anthropic": "claude-sonnet-5"}


def served_across(headers, vendor, route, condition):
    """Checks the headers of an answer in the other protocol: from the first
    step, or from the second while the first is down."""
    other = "anthropic" if vendor == "openai" else "openai"
    calm = condition == "calm"
    check(headers.get("x-request-id" if vendor == "openai" else "request-id"), "the id the SDK reads is missing")
    equal(headers.get("x-switchgear-route"), route, "x-switchgear-route")
    equal(headers.get("x-switchgear-served-by"), f"{other}-{'calm' if calm else 'spare'}/{MODELS[other]}", "x-switchgear-served-by")
    equal(headers.get("x-switchgear-step"), "1/2" if calm else "2/2", "x-switchgear-step")
    failed = headers.get("x-switchgear-fallback", "").split(":")[0]
    equal(failed, "" if calm else f"{vendor}-down/{MODELS[vendor]}", "x-switchgear-fallback")


def dropped(headers, names):
    """Checks that x-switchgear-dropped names each of these, and nothing where
    there are none."""
    got = headers.get("x-switchgear-dropped", "")
    check(names or not got, f"x-switchgear-dropped is {got!r}")
    for name in names:
        check(name in got, f"x-switchgear-dropped is {got!r}, without {name}")


def seen():
    """What the simulated provider was last asked for, in the driver's words."""
    with urllib.request.urlopen(SIM + "/_seen") as response:
        return json.load(response)


def across(vendor, op, client, act, *lost):
    """Runs a case in both conditions; lost is what it expects to be dropped."""
    for condition in ("calm", "down"):

        def case(route=f"{vendor}-cross-{condition}", condition=condition):
            calls, api = client()
            act(api, route)
            for call in calls:
                served_across(call["headers"], vendor, route, condition)
                dropped(call["headers"], lost)
            equal(seen()["dialect"], "anthropic" if vendor == "openai" else "openai", "the protocol of the target")

        run(f"{vendor}/cross-{op}/{condition}", case)


# A red dot of one pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
PICTURE = "https://example.test/relay.png"


def upstream(model):
    """Counts the calls that reached the simulated provider for a model."""
    with urllib.request.urlopen(SIM + "/_sim/log") as response:
        return sum(entry.get("model") == model for entry in json.load(response))


def refused(act, calls, kind, status, retries=0):
    """Runs a call that must fail with one of the SDK's classes, and checks that
    the SDK repeated it as it was told to."""
    try:
        act()
    except Exception as raised:  # checked at once
        error = raised
    else:
        raise AssertionError("the call succeeded")
    check(type(error) is kind, f"the SDK raised {type(error).__name__} ({error}), want {kind.__name__}")
    equal(error.status_code, status, "the error's status")
    headers = calls[-1]["headers"]
    check(headers.get("x-switchgear-request-id"), "the error carries no x-switchgear-request-id")
    check(status < 500 or headers.get("x-should-retry") or headers.get("retry-after"), "the error does not say whether to try again")
    check(error.request_id, "the SDK found no request id")
    told(calls, retries)
    return error


def told(calls, retries):
    """Checks that the requests came as often, and as late, as the answers'
    headers said."""
    for i, call in enumerate(calls):
        equal(call["retry"], str(i), f"x-stainless-retry-count of request {i + 1}")
        again = may_retry(call)
        if i == len(calls) - 1:
            check(not again or i == retries, f"the SDK gave up after {i + 1} requests though it may retry")
            return
        check(again, f"the SDK repeated an answer with status {call['status']} that said not to")
        wait = float(call["headers"].get("retry-after-ms", 0)) / 1000
        waited = calls[i + 1]["at"] - call["at"]
        check(waited >= wait * 0.7, f"the SDK waited {waited:.1f} s, told {wait:.1f} s")


def may_retry(call):
    word = call["headers"].get("x-should-retry")
    if word:
        return word == "true"
    return call["status"] in (408, 409, 429) or call["status"] >= 500


def asked_to_wait(calls):
    wait = calls[-1]["headers"].get("retry-after")
    check(wait and 1 <= int(wait) <= 10, f"retry-after is {wait!r}")


def waited_once(calls):
    equal([call["status"] for call in calls], [429, 200], "the statuses")
    told(calls, 2)
    check(calls[1]["at"] - calls[0]["at"] >= 1, "the SDK did not wait")


def invoice(text):
    value = json.loads(text)
    check(isinstance(value["total"], (int, float)) and value["currency"] in ("EUR", "USD"), f"{text!r} is no invoice")


def tool_schema(name):
    field = TOOL_FIELD[name]
    return {"type": "object", "properties": {field: {"type": "string"}}, "required": [field]}


def called(calls, want):
    """Checks tool calls, given as (id, name, arguments)."""
    equal([name for _, name, _ in calls], want, "the tools called")
    equal(len({id for id, _, _ in calls}), len(calls), "the number of call ids")
    for _, name, arguments in calls:
        check(isinstance(arguments[TOOL_FIELD[name]], str), f"the arguments of {name} are {arguments!r}")
