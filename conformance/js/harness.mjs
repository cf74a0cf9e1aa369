// What every case of the suite uses: the gateway's address, a fetch that
// counts, the checks, and the lines the driver reads.

export const gateway = need('GATEWAY_URL');
export const key = need('CLIENT_KEY');
export const narrowKey = need('NARROW_KEY');
const sim = need('SIM_URL');

function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run conformance/run.sh`);
  return value;
}

// The conditions a route is tried in, and what its chain does in each.
export const conditions = ['calm', 'down', 'refused', 'silent'];

export function check(ok, what) {
  if (!ok) throw new Error(what);
}

export function equal(got, want, what) {
  check(Object.is(got, want), `${what} is ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

// counting is a fetch that keeps what was sent and what came back.
export function counting() {
  const calls = [];
  const fetcher = async (url, init) => {
    const at = Date.now();
    const headers = new Headers(init?.headers);
    const call = { at, retry: headers.get('x-stainless-retry-count') };
    calls.push(call);
    const response = await fetch(url, init);
    call.status = response.status;
    call.headers = response.headers;
    return response;
  };
  return { calls, fetcher };
}

// served checks the headers that say who answered.
export function served(headers, { vendor, condition, model, route }) {
  const get = (name) => headers.get(`x-switchgear-${name}`);
  check(get('request-id'), 'x-switchgear-request-id is missing');
  check(headers.get(vendor === 'openai' ? 'x-request-id' : 'request-id'), 'the id the SDK reads is missing');
  equal(get('route'), route, 'x-switchgear-route');
  equal(get('degraded'), '0', 'x-switchgear-degraded');
  const first = condition === 'calm';
  equal(get('served-by'), `${vendor}-${first ? 'calm' : 'spare'}/${model}`, 'x-switchgear-served-by');
  equal(get('step'), first ? '1/2' : '2/2', 'x-switchgear-step');
  check(Number(get('attempts')) >= 1, 'x-switchgear-attempts is no number');
  const fallback = get('fallback') ?? '';
  if (first) equal(fallback, '', 'x-switchgear-fallback');
  else check(fallback.includes(`${vendor}-${condition}/${model}`), `x-switchgear-fallback is ${JSON.stringify(fallback)}`);
}

// servedAcross checks the headers of an answer in the other protocol: from the
// first step, or from the second while the first is down.
export function servedAcross(headers, { vendor, condition, route }) {
  const get = (name) => headers.get(`x-switchgear-${name}`);
  const other = { openai: 'anthropic', anthropic: 'openai' }[vendor];
  check(headers.get(vendor === 'openai' ? 'x-request-id' : 'request-id'), 'the id the SDK reads is missing');
  equal(get('route'), route, 'x-switchgear-route');
  const first = condition === 'calm';
  equal(get('served-by'), `${other}-${first ? 'calm' : 'spare'}/${models[other]}`, 'x-switchgear-served-by');
  equal(get('step'), first ? '1/2' : '2/2', 'x-switchgear-step');
  equal(get('fallback')?.split(':')[0] ?? '', first ? '' : `${vendor}-down/${models[vendor]}`, 'x-switchgear-fallback');
}

// models are those of the routes across the protocols.
export const models = { openai: 'gpt-5.6-terra', anthropic: 'claude-sonnet-5' };

// seen is what the simulated provider was last asked for, in the driver's words.
export async function seen() {
  const response = await fetch(`${sim}/_seen`);
  check(response.ok, `the inspector answers ${response.status}`);
  return response.json();
}

// dropped checks that x-switchgear-dropped names each of these, and nothing
// where there are none.
export function dropped(headers, ...names) {
  const got = headers.get('x-switchgear-dropped') ?? '';
  if (names.length === 0) equal(got, '', 'x-switchgear-dropped');
  for (const name of names) check(got.includes(name), `x-switchgear-dropped is ${JSON.stringify(got)}, without ${name}`);
}

// A red dot of one pixel.
export const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
export const picture = 'https://example.test/relay.png';

// upstream counts the calls that reached the simulated provider for a model.
export async function upstream(model) {
  const response = await fetch(`${sim}/_sim/log`);
  check(response.ok, `the simulator's log answers ${response.status}`);
  return (await response.json()).filter((entry) => entry.model === model).length;
}

// refused runs a call that must fail with one of the SDK's classes, and checks
// that the SDK repeated it as it was told to.
export async function refused(act, calls, { kind, status, retries = 0, code }) {
  let error;
  try {
    await act();
  } catch (e) {
    error = e;
  }
  check(error, 'the call succeeded');
  check(error instanceof kind, `the SDK raised ${error?.constructor?.name} (${error?.message}), want ${kind.name}`);
  equal(error.status, status, 'the error\'s status');
  const headers = calls.at(-1).headers;
  check(headers.get('x-switchgear-request-id'), 'the error carries no x-switchgear-request-id');
  check(error.requestID, 'the SDK found no request id');
  check(status < 500 || headers.get('x-should-retry') || headers.get('retry-after'), 'the error does not say whether to try again');
  if (code) check(JSON.stringify(error.error).includes(code), `the error body has no ${code}: ${JSON.stringify(error.error)}`);
  told(calls, retries);
  return error;
}

// told checks that the requests came as often, and as late, as the answers'
// headers said.
export function told(calls, retries) {
  calls.forEach((call, i) => {
    equal(call.retry, String(i), `x-stainless-retry-count of request ${i + 1}`);
    const again = mayRetry(call);
    if (i === calls.length - 1) {
      check(!again || i === retries, `the SDK gave up after ${i + 1} requests though it may retry`);
      return;
    }
    check(again, `the SDK repeated an answer with status ${call.status} that said not to`);
    const wait = Number(call.headers.get('retry-after-ms') ?? 0);
    const waited = calls[i + 1].at - call.at;
    check(waited >= wait * 0.7, `the SDK waited ${waited} ms, told ${wait} ms`);
  });
}

function mayRetry({ status, headers }) {
  const word = headers.get('x-should-retry');
  if (word) return word === 'true';
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

// run runs one case and prints its line.
export async function run(name, act) {
  try {
    await act();
    console.log(`pass ${name}`);
  } catch (e) {
    console.log(`fail ${name}: ${String(e?.message ?? e).replaceAll('\n', ' ')}`);
  }
}

// big is a text that makes a body larger than the gateway takes: 33 MiB.
export const big = () => 'x'.repeat(33 << 20);
