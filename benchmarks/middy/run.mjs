// Answers requests, one JSON document a line: {"payload": <file>, "selector"?: <path>} stores what
// is in the file and keeps the references; {"load": true} loads what was stored last. Each answer
// is {"seconds": n}: the time of the middleware alone, with the handler between doing nothing.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import middy from "@middy/core";
import { Sizes, middyStore } from "middy-store";
import { S3Store } from "middy-store-s3";

const [bucket, endpoint] = process.argv.slice(2);
const store = new S3Store({ bucket, config: { endpoint, forcePathStyle: true } });

function middleware(options) {
  return middy()
    .use(middyStore({ stores: [store], ...options }))
    .handler(async (event) => event);
}

const loading = middleware({ storingOptions: { skip: true } });
let stored;

async function timed(work) {
  const begun = performance.now();
  const result = await work();
  return [(performance.now() - begun) / 1000, result];
}

async function storePayload({ payload, selector }) {
  const storing = middleware({
    loadingOptions: { skip: true },
    storingOptions: { minSize: Sizes.ZERO, selector },
  });
  const value = JSON.parse(readFileSync(payload, "utf8"));
  const [seconds, references] = await timed(() => storing(value, {}));
  stored = JSON.stringify(references);
  return seconds;
}

async function loadPayload() {
  const event = JSON.parse(stored);
  const [seconds] = await timed(() => loading(event, {}));
  return seconds;
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const seconds = await (request.load ? loadPayload() : storePayload(request));
  console.log(JSON.stringify({ seconds }));
}
