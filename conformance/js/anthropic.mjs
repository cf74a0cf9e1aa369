// The @anthropic-ai/sdk package: messages, count_tokens, models, errors.
import Anthropic, { ContentTooLargeError, OverloadedError, ServiceUnavailableError } from '@anthropic-ai/sdk';
import { big, check, conditions, counting, equal, gateway, key, narrowKey, refused, run, served, told, upstream } from './harness.mjs';

const model = 'sim-mid';
const ask = [{ role: 'user', content: 'What does the relay carry?' }];
const weather = tool('get_weather', { city: { type: 'string' } });
const time = tool('get_time', { zone: { type: 'string' } });

function tool(name, properties) {
  return { name, description: `Calls ${name}.`, input_schema: { type: 'object', properties, required: Object.keys(properties) } };
}

function client(options = {}) {
  const { calls, fetcher } = counting();
  return { calls, api: new Anthropic({ baseURL: gateway, apiKey: key, maxRetries: 0, timeout: 30_000, fetch: fetcher, ...options }) };
}

async function success(op, act) {
  for (const condition of conditions) {
    await run(`anthropic/${op}/${condition}`, async () => {
      const { calls, api } = client();
      const route = `anthropic-${condition}`;
      await act(api, { model: route, max_tokens: 2000, messages: ask });
      equal(calls.length, 1, 'the number of requests');
      served(calls[0].headers, { vendor: 'anthropic', condition, model, route });
    });
  }
}

function checkText(message) {
  const text = message.content.filter((b) => b.type === 'text').map((b) => b.text).join('');
  check(text.includes('[simulated]'), 'the answer is not the simulator\'s');
  equal(message.stop_reason, 'end_turn', 'stop_reason');
  equal(message.model, model, 'model');
  check(message.usage.input_tokens > 0 && message.usage.output_tokens > 0, 'no usage');
}

function checkCalls(message, names) {
  equal(message.stop_reason, 'tool_use', 'stop_reason');
  const calls = message.content.filter((b) => b.type === 'tool_use');
  equal(calls.map((c) => c.name).join(), names, 'the tools called');
  equal(new Set(calls.map((c) => c.id)).size, calls.length, 'the number of call ids');
  for (const call of calls) {
    const field = call.name === 'get_weather' ? 'city' : 'zone';
    equal(typeof call.input[field], 'string', `the argument ${field}`);
  }
  return calls;
}

await success('chat', async (api, params) => checkText(await api.messages.create(params)));

await success('stream', async (api, params) => {
  let text = '';
  const stream = api.messages.stream(params).on('text', (delta) => { text += delta; });
  const message = await stream.finalMessage();
  checkText(message);
  equal(text, message.content.map((b) => b.text).join(''), 'the text of the deltas');
});

for (const [op, tools, serial, names] of [
  ['tools', [weather], false, 'get_weather'],
  ['tools-serial', [weather, time], true, 'get_weather'],
  ['tools-parallel', [weather, time], false, 'get_weather,get_time'],
]) {
  const tool_choice = { type: 'auto', disable_parallel_tool_use: serial };
  await success(op, async (api, params) => {
    const message = await api.messages.create({ ...params, tools, tool_choice });
    const calls = checkCalls(message, names);
    if (op !== 'tools') return;
    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: calls[0].id, content: '21 degrees' }] };
    const { api: second } = client();
    const after = await second.messages.create({ ...params, messages: [...ask, { role: 'assistant', content: message.content }, result] });
    check(after.content[0].text.includes('result of the tool'), 'the result of the tool did not arrive');
  });
  await success(`${op}-stream`, async (api, params) => {
    checkCalls(await api.messages.stream({ ...params, tools, tool_choice }).finalMessage(), names);
  });
}

await success('structured', async (api, params) => {
  const schema = {
    type: 'object', required: ['total', 'currency'], additionalProperties: false,
    properties: { total: { type: 'number' }, currency: { type: 'string', enum: ['EUR', 'USD'] } },
  };
  const message = await api.messages.create({ ...params, output_config: { format: { type: 'json_schema', schema } } });
  const value = JSON.parse(message.content[0].text);
  equal(typeof value.total, 'number', 'total');
  check(['EUR', 'USD'].includes(value.currency), `currency is ${value.currency}`);
});

await success('thinking', async (api, params) => {
  const message = await api.messages.create({ ...params, thinking: { type: 'enabled', budget_tokens: 1024 } });
  equal(message.content[0].type, 'thinking', 'the first block');
  check(message.content[0].signature.length > 100, 'the thinking is not signed');
  checkText(message);
});

await success('thinking-stream', async (api, params) => {
  let signature = '';
  const stream = api.messages.stream({ ...params, thinking: { type: 'enabled', budget_tokens: 1024 } });
  stream.on('signature', (s) => { signature = s; });
  const message = await stream.finalMessage();
  equal(message.content[0].type, 'thinking', 'the first block');
  equal(message.content[0].signature, signature, 'the signature');
  check(message.content[0].thinking.length > 0, 'no thinking came');
  checkText(message);
});

await success('count-tokens', async (api, { model: route, messages }) => {
  const got = await api.messages.countTokens({ model: route, messages });
  check(got.input_tokens > 0, `input_tokens is ${got.input_tokens}`);
});

await run('anthropic/models', async () => {
  const { api } = client();
  const names = [];
  for await (const m of api.models.list()) {
    equal(m.type, 'model', 'type');
    check(m.display_name, 'display_name is missing');
    names.push(m.id);
  }
  for (const route of ['openai-calm', 'anthropic-calm']) check(names.includes(route), `${route} is not listed`);
});

const errors = {
  400: { kind: Anthropic.BadRequestError, upstream: 1 },
  413: { kind: ContentTooLargeError, upstream: 1 },
  422: { kind: Anthropic.UnprocessableEntityError, upstream: 1 },
};
for (const [status, { kind, upstream: want }] of Object.entries(errors)) {
  await run(`anthropic/error/${status}`, async () => {
    const { calls, api } = client({ maxRetries: 2 });
    const before = await upstream(`sim-small+${status}`);
    const act = () => api.messages.create({ model: `anthropic-${status}`, max_tokens: 100, messages: ask });
    const error = await refused(act, calls, { kind, status: Number(status), retries: 2 });
    equal(error.error?.type, 'error', 'the shape of the error');
    equal(calls.length, 1, 'the number of requests');
    equal(await upstream(`sim-small+${status}`) - before, want, 'the number of upstream calls');
  });
}

await run('anthropic/error/413-own', async () => {
  const { calls, api } = client({ maxRetries: 2 });
  const act = () => api.messages.create({ model: 'anthropic-calm', max_tokens: 100, messages: [{ role: 'user', content: big() }] });
  await refused(act, calls, { kind: ContentTooLargeError, status: 413, retries: 2, code: 'request_too_large' });
  equal(calls.length, 1, 'the number of requests');
});

for (const [name, options, route, kind, status, code] of [
  ['401', { apiKey: 'sg-wrong' }, 'anthropic-calm', Anthropic.AuthenticationError, 401, 'authentication_error'],
  ['403', { apiKey: narrowKey }, 'anthropic-calm', Anthropic.PermissionDeniedError, 403, 'permission_error'],
  ['404', {}, 'anthropic-clam', Anthropic.NotFoundError, 404, 'not_found_error'],
]) {
  await run(`anthropic/error/${name}`, async () => {
    const { calls, api } = client({ maxRetries: 2, ...options });
    const act = () => api.messages.create({ model: route, max_tokens: 100, messages: ask });
    const error = await refused(act, calls, { kind, status, code, retries: 2 });
    equal(calls.length, 1, 'the number of requests');
    if (name === '404') check(error.message.includes('anthropic-calm'), `the nearest name is not in ${JSON.stringify(error.message)}`);
  });
}

await run('anthropic/error/provider-401', async () => {
  const { calls, api } = client({ maxRetries: 1 });
  const act = () => api.messages.create({ model: 'anthropic-401', max_tokens: 100, messages: ask });
  await refused(act, calls, { kind: ServiceUnavailableError, status: 503, retries: 1 });
});

for (const [status, want, code] of [[500, 503, 'api_error'], [503, 529, 'overloaded_error'], [529, 529, 'overloaded_error']]) {
  await run(`anthropic/error/${status}`, async () => {
    const { calls, api } = client({ maxRetries: 1 });
    const act = () => api.messages.create({ model: `anthropic-${status}`, max_tokens: 100, messages: ask });
    const error = await refused(act, calls, { kind: want === 529 ? OverloadedError : ServiceUnavailableError, status: want, code, retries: 1 });
    check(error.message.includes(`anthropic-${status}`), `the message does not name the route: ${error.message}`);
  });
}

await run('anthropic/error/429', async () => {
  const { calls, api } = client();
  const act = () => api.messages.create({ model: 'anthropic-429', max_tokens: 100, messages: ask });
  const error = await refused(act, calls, { kind: Anthropic.RateLimitError, status: 429, code: 'rate_limit_error' });
  const wait = Number(error.headers.get('retry-after'));
  check(wait >= 1 && wait <= 10, `retry-after is ${error.headers.get('retry-after')}`);
});

await run('anthropic/error/429-retry', async () => {
  const { calls, api } = client({ maxRetries: 2 });
  const got = await api.messages.create({ model: 'anthropic-429-once', max_tokens: 100, messages: ask });
  check(got.content[0].text.includes('[simulated]'), 'the answer is not the simulator\'s');
  equal(calls.map((c) => c.status).join(), '429,200', 'the statuses');
  told(calls, 2);
  check(calls[1].at - calls[0].at >= 1000, 'the SDK did not wait');
});

await run('anthropic/error/stream-cut', async () => {
  const { api } = client();
  const stream = await api.messages.create({ model: 'anthropic-cut', max_tokens: 2000, messages: ask, stream: true });
  let text = '';
  let error;
  try {
    for await (const event of stream) text += event.delta?.text ?? '';
  } catch (e) {
    error = e;
  }
  check(text.length > 0, 'nothing came before the cut');
  check(error instanceof Anthropic.APIError, `a broken stream ended with ${error ?? 'no error'}`);
});
