// The @anthropic-ai/sdk package on routes whose targets speak OpenAI's protocol.
import Anthropic, { OverloadedError } from '@anthropic-ai/sdk';
import { check, counting, dropped, equal, gateway, key, models, picture, png, refused, run, seen, servedAcross, upstream } from './harness.mjs';

const ask = [{ role: 'user', content: 'What does the relay carry?' }];
const system = [{ type: 'text', text: 'Be brief.' }];
const weather = tool('get_weather', 'city');
const time = tool('get_time', 'zone');
const signed = 'c2lnbmVkIGJ5IGFub3RoZXIgdmVuZG9yLCBhbmQgb2Ygbm8gdXNlIHRvIHRoaXMgb25lIGF0IGFsbA==';
const invoice = {
  type: 'object', required: ['total', 'currency'], additionalProperties: false,
  properties: { total: { type: 'number' }, currency: { type: 'string', enum: ['EUR', 'USD'] } },
};

function tool(name, field) {
  return { name, description: `Calls ${name}.`, input_schema: { type: 'object', properties: { [field]: { type: 'string' } }, required: [field] } };
}

function client(options = {}) {
  const { calls, fetcher } = counting();
  return { calls, api: new Anthropic({ baseURL: gateway, apiKey: key, maxRetries: 0, timeout: 30_000, fetch: fetcher, ...options }) };
}

// across runs a case in both conditions. Act asks with the parameters it is
// given; lost is what it expects to be dropped.
async function across(op, act, ...lost) {
  for (const condition of ['calm', 'down']) {
    await run(`anthropic/cross-${op}/${condition}`, async () => {
      const { calls, api } = client();
      const route = `anthropic-cross-${condition}`;
      await act(api, { model: route, max_tokens: 2000, system, messages: ask });
      for (const { headers } of calls) {
        servedAcross(headers, { vendor: 'anthropic', condition, route });
        dropped(headers, ...lost);
      }
      equal((await seen()).dialect, 'openai', 'the protocol of the target');
    });
  }
}

function textOf(message) {
  return message.content.filter((b) => b.type === 'text').map((b) => b.text).join('');
}

function checkText(message) {
  equal(message.type, 'message', 'type');
  equal(message.role, 'assistant', 'role');
  check(textOf(message).includes('[simulated]'), 'the answer is not the simulator\'s');
  equal(message.stop_reason, 'end_turn', 'stop_reason');
  equal(message.model, models.openai, 'model');
  check(message.usage.input_tokens > 0 && message.usage.output_tokens > 0, `the usage is ${JSON.stringify(message.usage)}`);
}

await across('chat', async (api, params) => {
  checkText(await api.messages.create(params));
  const asked = await seen();
  equal(asked.system, 'Be brief.'.length, 'the length of the system text');
  equal(asked.text, ask[0].content, 'the question');
  equal(asked.max_tokens, 2000, 'max_completion_tokens');
});

await across('stream', async (api, params) => {
  const kinds = [];
  let text = '';
  const stream = api.messages.stream(params).on('text', (delta) => { text += delta; }).on('streamEvent', (e) => kinds.push(e.type));
  const message = await stream.finalMessage();
  checkText(message);
  equal(text, textOf(message), 'the text of the deltas');
  const order = kinds.filter((k, i) => k !== 'ping' && k !== kinds[i - 1]).join();
  equal(order, 'message_start,content_block_start,content_block_delta,content_block_stop,message_delta,message_stop', 'the order of the events');
});

function checkCalls(message) {
  equal(message.stop_reason, 'tool_use', 'stop_reason');
  const calls = message.content.filter((b) => b.type === 'tool_use');
  equal(calls.map((c) => c.name).join(), 'get_weather,get_time', 'the tools called');
  equal(new Set(calls.map((c) => c.id)).size, 2, 'the number of call ids');
  equal(typeof calls[0].input.city, 'string', 'the city');
  equal(typeof calls[1].input.zone, 'string', 'the zone');
  return calls;
}

// Two turns of parallel tools: what came back is sent on as it came.
async function twoTurns(params, complete) {
  let messages = params.messages;
  for (const turn of [1, 2]) {
    const got = await complete({ ...params, messages });
    const calls = checkCalls(got);
    messages = [...messages, { role: 'assistant', content: got.content }, {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: calls[0].id, content: `${20 + turn} degrees` },
        { type: 'tool_result', tool_use_id: calls[1].id, content: [{ type: 'text', text: `half past ${turn}` }] },
        { type: 'text', text: 'And now?' },
      ],
    }];
    const next = await complete({ ...params, messages, tool_choice: { type: 'none' } });
    check(textOf(next), 'no text after the results');
    const asked = await seen();
    equal(asked.calls, 2 * turn, 'the number of calls in the history');
    equal(asked.results.slice(-2).map((r) => r.text).join(), `${20 + turn} degrees,half past ${turn}`, 'the results');
    equal(asked.results.slice(-2).map((r) => r.id).join(), calls.map((c) => c.id).join(), 'the ids of the results');
    equal(asked.tools.join(), 'get_weather,get_time', 'the tools offered');
    equal(asked.choice, 'none', 'tool_choice');
    messages = [...messages, { role: 'assistant', content: next.content }, { role: 'user', content: 'Once more, please.' }];
  }
}

await across('tools', (api, params) => twoTurns({ ...params, tools: [weather, time] }, (p) => api.messages.create(p)));
await across('tools-stream', (api, params) => twoTurns({ ...params, tools: [weather, time] }, (p) => api.messages.stream(p).finalMessage()));

await across('tools-choice', async (api, params) => {
  const tools = [weather, time];
  for (const [choice, want] of [[{ type: 'any' }, 'required'], [{ type: 'auto' }, 'auto'], [{ type: 'tool', name: 'get_time' }, 'get_time']]) {
    const got = await api.messages.create({ ...params, tools, tool_choice: { ...choice, disable_parallel_tool_use: true } });
    equal(got.content.filter((b) => b.type === 'tool_use').length, 1, 'the number of calls');
    equal(got.stop_reason, 'tool_use', 'stop_reason');
    const asked = await seen();
    equal(asked.choice, want, 'tool_choice');
    equal(asked.serial, true, 'that parallel_tool_calls is false');
  }
});

await across('image', async (api, params) => {
  const content = [
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
    { type: 'image', source: { type: 'url', url: picture } },
    { type: 'text', text: 'What is this?' },
  ];
  checkText(await api.messages.create({ ...params, messages: [{ role: 'user', content }] }));
  equal((await seen()).images.join(), `image/png ${png.length},${picture}`, 'the images');
});

await across('structured', async (api, params) => {
  const message = await api.messages.create({ ...params, output_config: { format: { type: 'json_schema', schema: invoice } } });
  const value = JSON.parse(textOf(message));
  equal(typeof value.total, 'number', 'total');
  check(['EUR', 'USD'].includes(value.currency), `currency is ${value.currency}`);
  equal((await seen()).schema, true, 'that a schema was asked for');
});

// A budget becomes an effort, which is named: it bounds nothing any more.
await across('thinking', async (api, params) => {
  checkText(await api.messages.create({ ...params, max_tokens: 20_000, thinking: { type: 'enabled', budget_tokens: 8000 } }));
  equal((await seen()).effort, 'medium', 'the effort');
}, 'thinking.budget (8000 as reasoning_effort medium)');

await across('adaptive', async (api, params) => {
  checkText(await api.messages.create({ ...params, thinking: { type: 'adaptive' } }));
  checkText(await api.messages.create({ ...params, thinking: { type: 'disabled' } }));
});

await across('effort', async (api, params) => {
  for (const effort of ['low', 'medium', 'high']) {
    checkText(await api.messages.create({ ...params, output_config: { effort } }));
    equal((await seen()).effort, effort, 'the effort');
  }
});

await across('limits', async (api, params) => {
  const message = await api.messages.create({ ...params, max_tokens: 5, stop_sequences: ['zebra', 'yak'] });
  equal(message.stop_reason, 'max_tokens', 'stop_reason');
  const asked = await seen();
  equal(asked.max_tokens, 5, 'max_completion_tokens');
  equal(asked.stop.join(), 'zebra,yak', 'the stop sequences');
});

await across('dropped', async (api, params) => {
  checkText(await api.messages.create({ ...params, top_k: 5, context_management: { edits: [] } }));
}, 'top_k', 'context_management');

// OpenAI caches prompts of 1,024 tokens and more without being asked: the
// markers are of no use there, and what was read from the cache still counts.
await across('cache', async (api, params) => {
  const text = 'The relay carries the call from the exchange to the desk, and back. '.repeat(120);
  const long = { ...params, system: [{ type: 'text', text, cache_control: { type: 'ephemeral' } }] };
  const first = await api.messages.create(long);
  const { usage } = await api.messages.create(long);
  check(usage.cache_read_input_tokens >= 1024, `the usage is ${JSON.stringify(usage)}`);
  const all = (u) => u.input_tokens + (u.cache_read_input_tokens ?? 0) + (u.cache_creation_input_tokens ?? 0);
  equal(all(usage), all(first.usage), 'the size of the prompt');
  equal((await seen()).marks, 0, 'the number of markers');
}, 'cache');

// A conversation that began at Anthropic: what its model thought is left out.
await across('history', async (api, params) => {
  const messages = [...ask, {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'A relay carries.', signature: signed },
      { type: 'text', text: 'I look it up.' },
      { type: 'tool_use', id: 'toolu_01history', name: 'get_weather', input: { city: 'Lund' } },
    ],
  }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_01history', content: 'no such city', is_error: true }] }];
  checkText(await api.messages.create({ ...params, tools: [weather], messages, thinking: { type: 'adaptive' } }));
  const asked = await seen();
  equal(asked.calls, 1, 'the number of calls in the history');
  equal(asked.results[0].id, 'toolu_01history', 'the id of the result');
  check(asked.results[0].text.includes('no such city'), `the result is ${JSON.stringify(asked.results[0].text)}`);
}, 'messages[1]');

await run('anthropic/cross-count-tokens', async () => {
  const { calls, api } = client();
  const got = await api.messages.countTokens({ model: 'anthropic-cross-only', system, messages: [{ role: 'user', content: 'carry '.repeat(1000) }] });
  check(got.input_tokens > 500 && got.input_tokens < 4000, `input_tokens is ${got.input_tokens}`);
  equal(calls[0].headers.get('x-switchgear-estimated'), '1', 'x-switchgear-estimated');
});

await run('anthropic/cross-error/400', async () => {
  const { calls, api } = client({ maxRetries: 2 });
  const before = await upstream('gpt-5.6-terra+400');
  const act = () => api.messages.create({ model: 'anthropic-cross-400', max_tokens: 100, messages: ask });
  const error = await refused(act, calls, { kind: Anthropic.BadRequestError, status: 400, retries: 2, code: 'invalid_request_error' });
  equal(error.error?.type, 'error', 'the shape of the error');
  equal(calls.length, 1, 'the number of requests');
  equal(await upstream('gpt-5.6-terra+400') - before, 1, 'the number of upstream calls');
});

await run('anthropic/cross-error/429', async () => {
  const { calls, api } = client();
  const act = () => api.messages.create({ model: 'anthropic-cross-429', max_tokens: 100, messages: ask });
  const error = await refused(act, calls, { kind: Anthropic.RateLimitError, status: 429, code: 'rate_limit_error' });
  const wait = Number(error.headers.get('retry-after'));
  check(wait >= 1 && wait <= 10, `retry-after is ${error.headers.get('retry-after')}`);
});

await run('anthropic/cross-error/529', async () => {
  const { calls, api } = client({ maxRetries: 1 });
  const act = () => api.messages.create({ model: 'anthropic-cross-529', max_tokens: 100, messages: ask });
  await refused(act, calls, { kind: OverloadedError, status: 529, retries: 1, code: 'overloaded_error' });
});

await run('anthropic/cross-error/stream-cut', async () => {
  const { api } = client();
  const stream = await api.messages.create({ model: 'anthropic-cross-cut', max_tokens: 2000, messages: ask, stream: true });
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
