// Runs every case of both packages, one after the other, and prints a line for
// each: "pass NAME" or "fail NAME: why".
await import('./openai.mjs');
await import('./openai-cross.mjs');
await import('./anthropic.mjs');
await import('./anthropic-cross.mjs');
