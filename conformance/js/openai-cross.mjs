// The openai package on routes whose targets speak Anthropic's protocol.
import OpenAI from 'openai';
import { check, counting, dropped, equal, gateway, key, models, picture, png, refused, run, seen, servedAcross, upstream } from './harness.mjs';

const ask = [{ role: 'developer', content: 'Be brief.' }, { role: 'user', content: 'What does the relay carry?' }];
const weather = tool('get_weather', 'city');
const time = tool('get_time', 'zone');
const invoice = {
  type: 'object', required: ['total', 'currency'], additionalProperties: false,
  properties: { total: { type: 'number' }, currency: { type: 'string', enum: ['EUR', 'USD'] } },
};

function tool(name, field) {
  const parameters = { type: 'object', properties: { [field]: { type: 'string' } }, required: [field], additionalProperties: false };
  return { type: 'function', function: { name, description: `Calls ${name}.`, parameters } };
}

function client(options = {}) {
  const { calls, fetcher } = counting();
  return { calls, api: new OpenAI({ baseURL: `${gateway}/v1`, apiKey: key, maxRetries: 0, timeout: 30_000, fetch: fetcher, ...options }) };
}

// across runs a case in both conditions. Act asks with the parameters it is
// given; lost is what it expects to be dropped.
async function across(op, act, ...lost) {
  for (const condition of ['calm', 'down']) {
    await run(`openai/cross-${op}/${condition}`, async () => {
      const { calls, api } = client();
      const route = `openai-cross-${condition}`;
      await act(api, { model: route, messages: ask });
      for (const { headers } of calls) {
        servedAcross(headers, { vendor: 'openai', condition, route });
        dropped(headers, ...lost);
      }
      equal((await seen()).dialect, 'anthropic', 'the protocol of the target');
    });
  }
}

function checkUsage(usage) {
  check(usage?.prompt_tokens > 0 && usage.completion_tokens > 0, `the usage is ${JSON.stringify(usage)}`);
  equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens, 'total_tokens');
}

function checkText(got) {
  equal(got.object, 'chat.completion', 'object');
  equal(got.choices.length, 1, 'the number of choices');
  equal(got.choices[0].message.role, 'assistant', 'role');
  check(got.choices[0].message.content.includes('[simulated]'), 'the answer is not the simulator\'s');
  equal(got.choices[0].finish_reason, 'stop', 'finish_reason');
  equal(got.model, models.anthropic, 'model');
  checkUsage(got.usage);
}

await across('chat', async (api, params) => {
  checkText(await api.chat.completions.create(params));
  const asked = await seen();
  equal(asked.system, 'Be brief.'.length, 'the length of the system text');
  equal(asked.text, ask[1].content, 'the question');
  check(asked.max_tokens >= 1024, `max_tokens is ${asked.max_tokens}`);
});

await across('stream', async (api, params) => {
  const stream = await api.chat.completions.create({ ...params, stream: true, stream_options: { include_usage: true } });
  let text = '';
  let usage;
  const finishes = [];
  const ids = new Set();
  for await (const chunk of stream) {
    equal(chunk.object, 'chat.completion.chunk', 'object');
    equal(chunk.model, models.anthropic, 'model');
    ids.add(chunk.id);
    check(!usage, 'a chunk came after the usage');
    text += chunk.choices[0]?.delta?.content ?? '';
    if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
    usage = chunk.usage ?? usage;
  }
  check(text.includes('[simulated]'), 'the answer is not the simulator\'s');
  equal(finishes.join(), 'stop', 'the finish reasons');
  equal(ids.size, 1, 'the number of ids in the stream');
  checkUsage(usage);
});

function checkCalls(got) {
  equal(got.choices[0].finish_reason, 'tool_calls', 'finish_reason');
  const calls = got.choices[0].message.tool_calls;
  equal(calls.map((c) => c.function.name).join(), 'get_weather,get_time', 'the tools called');
  equal(new Set(calls.map((c) => c.id)).size, 2, 'the number of call ids');
  equal(typeof JSON.parse(calls[0].function.arguments).city, 'string', 'the city');
  equal(typeof JSON.parse(calls[1].function.arguments).zone, 'string', 'the zone');
  return calls;
}

// Two turns of parallel tools: what came back is sent on as it came.
async function twoTurns(params, complete) {
  let messages = params.messages;
  for (const turn of [1, 2]) {
    const got = await complete({ ...params, messages });
    const calls = checkCalls(got);
    const { role, content, tool_calls } = got.choices[0].message;
    messages = [...messages, { role, content, tool_calls },
      { role: 'tool', tool_call_id: calls[0].id, content: `${20 + turn} degrees` },
      { role: 'tool', tool_call_id: calls[1].id, content: [{ type: 'text', text: 'half past ' }, { type: 'text', text: `${turn}` }] },
      { role: 'user', content: 'And now?' }];
    const next = await complete({ ...params, messages, tool_choice: 'none' });
    check(next.choices[0].message.content, 'no text after the results');
    const asked = await seen();
    equal(asked.calls, 2 * turn, 'the number of calls in the history');
    equal(asked.results.slice(-2).map((r) => r.text).join(), `${20 + turn} degrees,half past ${turn}`, 'the results');
    equal(asked.results.slice(-2).map((r) => r.id).join(), calls.map((c) => c.id).join(), 'the ids of the results');
    equal(asked.tools.join(), 'get_weather,get_time', 'the tools offered');
    equal(asked.choice, 'none', 'tool_choice');
    messages = [...messages, { role: 'assistant', content: next.choices[0].message.content }, { role: 'user', content: 'Once more, please.' }];
  }
}

await across('tools', (api, params) => twoTurns({ ...params, tools: [weather, time] }, (p) => api.chat.completions.create(p)));
await across('tools-stream', (api, params) => twoTurns({ ...params, tools: [weather, time] }, (p) => api.chat.completions.stream(p).finalChatCompletion()));

await across('tools-choice', async (api, params) => {
  const tools = [weather, time];
  for (const [choice, want] of [['required', 'any'], ['auto', 'auto'], [{ type: 'function', function: { name: 'get_time' } }, 'toolget_time']]) {
    const got = await api.chat.completions.create({ ...params, tools, tool_choice: choice, parallel_tool_calls: false });
    equal(got.choices[0].message.tool_calls.length, 1, 'the number of calls');
    const asked = await seen();
    equal(asked.choice, want, 'tool_choice');
    equal(asked.serial, true, 'disable_parallel_tool_use');
  }
});

await across('image', async (api, params) => {
  const content = [
    { type: 'text', text: 'What is this?' },
    { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } },
    { type: 'image_url', image_url: { url: picture } },
  ];
  checkText(await api.chat.completions.create({ ...params, messages: [{ role: 'user', content }] }));
  equal((await seen()).images.join(), `image/png ${png.length},${picture}`, 'the images');
});

await across('structured', async (api, params) => {
  const response_format = { type: 'json_schema', json_schema: { name: 'invoice', strict: true, schema: invoice } };
  const value = JSON.parse((await api.chat.completions.create({ ...params, response_format })).choices[0].message.content);
  equal(typeof value.total, 'number', 'total');
  check(['EUR', 'USD'].includes(value.currency), `currency is ${value.currency}`);
  equal((await seen()).schema, true, 'that a schema was asked for');
});

await across('thinking', async (api, params) => {
  const got = await api.chat.completions.create({ ...params, reasoning_effort: 'high', max_completion_tokens: 30_000 });
  checkText(got);
  check(!got.choices[0].message.content.includes('signature'), 'thinking is in the answer');
  const asked = await seen();
  check(asked.think || asked.effort, 'neither thinking nor effort was asked for');
});

await across('effort', async (api, params) => {
  for (const effort of ['low', 'medium', 'high']) {
    checkText(await api.chat.completions.create({ ...params, reasoning_effort: effort }));
    equal((await seen()).effort, effort, 'the effort');
  }
});

await across('limits', async (api, params) => {
  const got = await api.chat.completions.create({ ...params, max_completion_tokens: 5, stop: ['zebra', 'yak'] });
  equal(got.choices[0].finish_reason, 'length', 'finish_reason');
  const asked = await seen();
  equal(asked.max_tokens, 5, 'max_tokens');
  equal(asked.stop.join(), 'zebra,yak', 'the stop sequences');
});

await across('dropped', async (api, params) => {
  checkText(await api.chat.completions.create({ ...params, logprobs: true, seed: 7, presence_penalty: 0.5 }));
}, 'logprobs', 'seed', 'presence_penalty');

await run('openai/cross-error/400', async () => {
  const { calls, api } = client({ maxRetries: 2 });
  const before = await upstream('claude-sonnet-5+400');
  const error = await refused(() => api.chat.completions.create({ model: 'openai-cross-400', messages: ask }), calls, { kind: OpenAI.BadRequestError, status: 400, retries: 2 });
  equal(typeof error.error?.message, 'string', 'the message of the error');
  equal(calls.length, 1, 'the number of requests');
  equal(await upstream('claude-sonnet-5+400') - before, 1, 'the number of upstream calls');
});

await run('openai/cross-error/429', async () => {
  const { calls, api } = client();
  const error = await refused(() => api.chat.completions.create({ model: 'openai-cross-429', messages: ask }), calls, { kind: OpenAI.RateLimitError, status: 429 });
  const wait = Number(error.headers.get('retry-after'));
  check(wait >= 1 && wait <= 10, `retry-after is ${error.headers.get('retry-after')}`);
});

await run('openai/cross-error/529', async () => {
  const { calls, api } = client({ maxRetries: 1 });
  const act = () => api.chat.completions.create({ model: 'openai-cross-529', messages: ask });
  await refused(act, calls, { kind: OpenAI.InternalServerError, status: 503, code: 'chain_exhausted', retries: 1 });
});

await run('openai/cross-error/stream-cut', async () => {
  const { api } = client();
  const stream = await api.chat.completions.create({ model: 'openai-cross-cut', messages: ask, stream: true });
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
