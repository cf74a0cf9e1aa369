// The openai package: chat completions, embeddings, models, errors.
import OpenAI from 'openai';
import { big, check, conditions, counting, equal, gateway, key, narrowKey, refused, run, served, told, upstream } from './harness.mjs';

const model = 'sim-mid';
const ask = [{ role: 'user', content: 'What does the relay carry?' }];
const weather = tool('get_weather', { city: { type: 'string' } });
const time = tool('get_time', { zone: { type: 'string' } });

function tool(name, properties) {
  const parameters = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
  return { type: 'function', function: { name, description: `Calls ${name}.`, parameters } };
}

function client(options = {}) {
  const { calls, fetcher } = counting();
  return { calls, api: new OpenAI({ baseURL: `${gateway}/v1`, apiKey: key, maxRetries: 0, timeout: 30_000, fetch: fetcher, ...options }) };
}

// success runs a case in every condition; act returns the response's headers.
async function success(op, act, { prefix = 'openai', model: name = model } = {}) {
  for (const condition of conditions) {
    await run(`openai/${op}/${condition}`, async () => {
      const { calls, api } = client();
      const route = `${prefix}-${condition}`;
      await act(api, route);
      equal(calls.length, 1, 'the number of requests');
      served(calls[0].headers, { vendor: 'openai', condition, model: name, route });
    });
  }
}

function checkUsage(usage) {
  check(usage.prompt_tokens > 0 && usage.completion_tokens > 0, 'no usage');
  equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens, 'total_tokens');
}

function checkCalls(calls, names) {
  equal(calls.map((c) => c.function.name).join(), names, 'the tools called');
  equal(new Set(calls.map((c) => c.id)).size, calls.length, 'the number of call ids');
  for (const call of calls) {
    const field = call.function.name === 'get_weather' ? 'city' : 'zone';
    equal(typeof JSON.parse(call.function.arguments)[field], 'string', `the argument ${field}`);
  }
}

await success('chat', async (api, route) => {
  const got = await api.chat.completions.create({ model: route, messages: ask });
  check(got.choices[0].message.content.includes('[simulated]'), 'the answer is not the simulator\'s');
  equal(got.choices[0].finish_reason, 'stop', 'finish_reason');
  equal(got.model, model, 'model');
  checkUsage(got.usage);
});

await success('stream', async (api, route) => {
  const stream = await api.chat.completions.create({ model: route, messages: ask, stream: true, stream_options: { include_usage: true } });
  let text = '';
  let finish;
  let usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  check(text.includes('[simulated]'), 'the answer is not the simulator\'s');
  equal(finish, 'stop', 'finish_reason');
  checkUsage(usage);
});

for (const [op, tools, parallel, names] of [
  ['tools', [weather], undefined, 'get_weather'],
  ['tools-serial', [weather, time], false, 'get_weather'],
  ['tools-parallel', [weather, time], true, 'get_weather,get_time'],
]) {
  await success(op, async (api, route) => {
    const got = await api.chat.completions.create({ model: route, messages: ask, tools, parallel_tool_calls: parallel });
    equal(got.choices[0].finish_reason, 'tool_calls', 'finish_reason');
    checkCalls(got.choices[0].message.tool_calls, names);
    if (op !== 'tools') return;
    const call = got.choices[0].message.tool_calls[0];
    const messages = [...ask, got.choices[0].message, { role: 'tool', tool_call_id: call.id, content: '{"celsius": 21}' }];
    const { api: second } = client();
    const after = await second.chat.completions.create({ model: route, messages });
    check(after.choices[0].message.content.includes('result of the tool'), 'the result of the tool did not arrive');
  });
  await success(`${op}-stream`, async (api, route) => {
    const stream = api.chat.completions.stream({ model: route, messages: ask, tools, parallel_tool_calls: parallel });
    const got = await stream.finalChatCompletion();
    equal(got.choices[0].finish_reason, 'tool_calls', 'finish_reason');
    checkCalls(got.choices[0].message.tool_calls, names);
  });
}

await success('structured', async (api, route) => {
  const schema = {
    type: 'object', required: ['total', 'currency'], additionalProperties: false,
    properties: { total: { type: 'number' }, currency: { type: 'string', enum: ['EUR', 'USD'] } },
  };
  const got = await api.chat.completions.create({
    model: route, messages: ask, response_format: { type: 'json_schema', json_schema: { name: 'invoice', strict: true, schema } },
  });
  const value = JSON.parse(got.choices[0].message.content);
  equal(typeof value.total, 'number', 'total');
  check(['EUR', 'USD'].includes(value.currency), `currency is ${value.currency}`);
});

await success('thinking', async (api, route) => {
  const got = await api.chat.completions.create({ model: route, messages: ask, reasoning_effort: 'high', max_completion_tokens: 4000 });
  check(got.usage.completion_tokens_details.reasoning_tokens > 0, 'no reasoning tokens');
  checkUsage(got.usage);
});

for (const format of ['float', 'base64']) {
  await success(`embeddings-${format}`, async (api, route) => {
    const got = await api.embeddings.create({ model: route, input: ['a relay', 'a trunk'], encoding_format: format, dimensions: 256 });
    equal(got.data.length, 2, 'the number of vectors');
    for (const { embedding } of got.data) {
      const v = format === 'float' ? embedding : floats(embedding);
      equal(v.length, 256, 'the length of a vector');
      check(Math.abs(Math.hypot(...v) - 1) < 1e-3, 'a vector is not of length one');
    }
    check(got.usage.total_tokens > 0, 'no usage');
  }, { prefix: 'embed', model: 'sim-embed' });
}

// floats reads what the API sends for encoding_format base64, unless the SDK
// has already.
function floats(embedding) {
  if (Array.isArray(embedding)) return embedding;
  const raw = Buffer.from(embedding, 'base64');
  return Array.from({ length: raw.length / 4 }, (_, i) => raw.readFloatLE(4 * i));
}

await run('openai/models', async () => {
  const { api } = client();
  const names = [];
  for await (const m of await api.models.list()) {
    equal(m.object, 'model', 'object');
    names.push(m.id);
  }
  for (const route of ['openai-calm', 'anthropic-calm', 'embed-calm']) check(names.includes(route), `${route} is not listed`);
  const narrow = client({ apiKey: narrowKey });
  equal((await narrow.api.models.list()).data.map((m) => m.id).join(), 'narrow', 'what a narrow key may use');
});

// The errors. Each is what the SDK makes of the status, raised after as many
// requests as the headers allow.
const errors = {
  400: { kind: OpenAI.BadRequestError, upstream: 1 },
  413: { kind: OpenAI.APIError, upstream: 1 },
  422: { kind: OpenAI.UnprocessableEntityError, upstream: 1 },
};
for (const [status, { kind, upstream: want }] of Object.entries(errors)) {
  await run(`openai/error/${status}`, async () => {
    const { calls, api } = client({ maxRetries: 2 });
    const before = await upstream(`sim-mid+${status}`);
    const act = () => api.chat.completions.create({ model: `openai-${status}`, messages: ask });
    await refused(act, calls, { kind, status: Number(status), retries: 2 });
    equal(calls.length, 1, 'the number of requests');
    equal(await upstream(`sim-mid+${status}`) - before, want, 'the number of upstream calls');
  });
}

// A body that the gateway itself refuses, while the client is still sending.
await run('openai/error/413-own', async () => {
  const { calls, api } = client({ maxRetries: 2 });
  const act = () => api.chat.completions.create({ model: 'openai-calm', messages: [{ role: 'user', content: big() }] });
  await refused(act, calls, { kind: OpenAI.APIError, status: 413, retries: 2 });
  equal(calls.length, 1, 'the number of requests');
});

for (const [name, options, route, kind, status, code] of [
  ['401', { apiKey: 'sg-wrong' }, 'openai-calm', OpenAI.AuthenticationError, 401, undefined],
  ['403', { apiKey: narrowKey }, 'openai-calm', OpenAI.PermissionDeniedError, 403, undefined],
  ['404', {}, 'openai-clam', OpenAI.NotFoundError, 404, 'unknown_route'],
]) {
  await run(`openai/error/${name}`, async () => {
    const { calls, api } = client({ maxRetries: 2, ...options });
    const act = () => api.chat.completions.create({ model: route, messages: ask });
    const error = await refused(act, calls, { kind, status, code, retries: 2 });
    equal(calls.length, 1, 'the number of requests');
    if (code) check(error.message.includes('openai-calm'), `the nearest name is not in ${JSON.stringify(error.message)}`);
  });
}

// Our own keys are refused: the user's key is not to blame.
await run('openai/error/provider-401', async () => {
  const { calls, api } = client({ maxRetries: 1 });
  const act = () => api.chat.completions.create({ model: 'openai-401', messages: ask });
  await refused(act, calls, { kind: OpenAI.InternalServerError, status: 503, code: 'chain_exhausted', retries: 1 });
});

for (const status of [500, 503, 529]) {
  await run(`openai/error/${status}`, async () => {
    const { calls, api } = client({ maxRetries: 1 });
    const act = () => api.chat.completions.create({ model: `openai-${status}`, messages: ask });
    const error = await refused(act, calls, { kind: OpenAI.InternalServerError, status: 503, code: 'chain_exhausted', retries: 1 });
    check(error.message.includes(`openai-${status}`), `the message does not name the route: ${error.message}`);
  });
}

await run('openai/error/429', async () => {
  const { calls, api } = client();
  const act = () => api.chat.completions.create({ model: 'openai-429', messages: ask });
  const error = await refused(act, calls, { kind: OpenAI.RateLimitError, status: 429 });
  const wait = Number(error.headers.get('retry-after'));
  check(wait >= 1 && wait <= 10, `retry-after is ${error.headers.get('retry-after')}`);
});

// Told to wait, the SDK waits, asks again, and is answered.
await run('openai/error/429-retry', async () => {
  const { calls, api } = client({ maxRetries: 2 });
  const got = await api.chat.completions.create({ model: 'openai-429-once', messages: ask });
  check(got.choices[0].message.content.includes('[simulated]'), 'the answer is not the simulator\'s');
  equal(calls.map((c) => c.status).join(), '429,200', 'the statuses');
  told(calls, 2);
  check(calls[1].at - calls[0].at >= 1000, 'the SDK did not wait');
});

await run('openai/error/stream-cut', async () => {
  const { api } = client();
  const stream = await api.chat.completions.create({ model: 'openai-cut', messages: ask, stream: true });
  let text = '';
  let error;
  try {
    for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
  } catch (e) {
    error = e;
  }
  check(text.length > 0, 'nothing came before the cut');
  check(error instanceof OpenAI.APIError, `a broken stream ended with ${error ?? 'no error'}`);
});
