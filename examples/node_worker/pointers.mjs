// Reads and writes the values of a state bag that are in S3. Each step is explained in
// docs/formats.md, "Reading and writing pointers in another language".
import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Decompress } from "fzstd";

const { STATE_BUCKET: Bucket, STATE_PREFIX = "", STATE_BUDGET_MB = 128 } = process.env;
const DOCUMENT_BYTES = 1024; // that a document counts for beside its own
const BYTES_PER_VALUE = 32; // of the JSON that one call may read, for each value that may be in it
const PART_BYTES = 4 * 1024 * 1024; // the most that one request reads of several documents
const GAP_BYTES = 64 * 1024; // reading so much in between takes less time than another request
const isWhole = (number) => Number.isSafeInteger(number) && number >= 0;
const ESCAPED = /^__escaped:((?:__escaped:)*(?:__s3_offloaded|__gzip_base64))$/;
// A key, not a part of one: its quote follows a bracket or a comma, never a backslash.
const TO_ESCAPE = /(?<=[{,])"((?:__escaped:)*(?:__s3_offloaded|__gzip_base64))":/g;
const FRAME = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const TRIES = 4;
// Error codes of S3 that pass, whatever their status: of a throttled request, of one that came late or damaged, of a
// clock that is off, and of credentials that are about to be replaced.
const PASSES = /Throttl|RequestTime|RequestExpired|IncompleteBody|BadDigest|ExpiredToken|TokenRefresh|Mismatch/;
// An answer that stalls ends after so many milliseconds.
const s3 = new S3Client({ requestHandler: { connectionTimeout: 5_000, socketTimeout: 10_000 } });

const sha256 = (body) => createHash("sha256").update(body).digest("hex");
const percent = (text) => text.replace(/./g, (letter) => `%${letter.charCodeAt().toString(16).toUpperCase()}`);
const fail = (name, message) => { throw Object.assign(new Error(message), { name }); };

// What passes is tried again. The SDK does so only until an answer begins, and not after a 409.
async function tried(request, tries = 1) {
  try {
    return await request();
  } catch (error) {
    const status = error.$metadata?.httpStatusCode ?? 500; // none of an answer that broke off
    if (status < 500 && status !== 409 && status !== 429 && !PASSES.test(error.name)) throw error;
    if (tries === TRIES && error.name === "ChecksumMismatchError") throw error;
    if (tries === TRIES) fail("StoreUnavailableError", `${error.name}: ${error.message}`);
    await new Promise((done) => setTimeout(done, Math.random() * 100 * 2 ** tries));
    return tried(request, tries + 1);
  }
}

// What one call may read: a small value may point to another a million times, or inflate to gigabytes.
const BUDGET = STATE_BUDGET_MB * 1024 * 1024;
export const newBudget = () => ({ left: BUDGET, values: BUDGET / BYTES_PER_VALUE });
const tooLarge = () => fail("StateTooLargeError",
  `one call reads at most ${STATE_BUDGET_MB} MB (STATE_BUDGET_MB), with a value in every ${BYTES_PER_VALUE} bytes`);

function spend(bytes, budget, values = 0) {
  budget.left -= bytes;
  budget.values -= values;
  if (!(budget.left >= 0 && budget.values >= 0)) tooLarge(); // also if STATE_BUDGET_MB is not a number
}

// How many values are in JSON: each but the first is behind a comma or an opening bracket that is not in a text.
function valuesIn(json) {
  let found = 1;
  let isText = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === 0x22) isText = !isText;
    else if (isText) at += byte === 0x5c; // what is escaped ends no text
    else found += byte === 0x2c || byte === 0x5b || byte === 0x7b;
  }
  return found;
}

function parsed(json, budget, reviver) {
  spend(0, budget, valuesIn(json));
  return JSON.parse(json, reviver);
}

function inflated(inflate, body, budget) {
  let plain;
  try {
    plain = inflate(body, { maxOutputLength: Math.max(1, budget.left) });
  } catch (error) {
    return error.code === "ERR_BUFFER_TOO_LARGE" ? tooLarge() : fail("UnreadableObjectError", error.message);
  }
  spend(plain.length, budget);
  return plain;
}

// Node.js itself has it from version 22.15 on.
const unzstd = zlib.zstdDecompressSync ?? ((body, { maxOutputLength: left }) => {
  const pieces = [];
  const decoder = new Decompress((piece) => {
    left -= piece.length;
    if (left < 0) throw Object.assign(new RangeError(), { code: "ERR_BUFFER_TOO_LARGE" });
    pieces.push(piece);
  });
  decoder.push(body, true);
  return Buffer.concat(pieces);
});

// The folder of an execution's objects, a parameter of the functions below.
export const folderOf = (executionId) =>
  `${STATE_PREFIX}v1/${encodeURIComponent(executionId).replace(/[!'()*]|^\.\.?$/g, percent)}/packs/`;

// Documents that lie near each other in a pack are read by one request.
function joined(places) {
  const runs = [];
  for (const place of [...places].sort((a, b) => (a.path === b.path ? a.start - b.start : a.path < b.path ? -1 : 1))) {
    const { path, start, length } = place;
    const run = runs.at(-1);
    const isNear = run?.path === path && start <= run.stop + GAP_BYTES && start + length <= run.start + PART_BYTES;
    if (!isNear) runs.push({ path, start, stop: 0, near: [] });
    runs.at(-1).near.push(place);
    runs.at(-1).stop = Math.max(runs.at(-1).stop, start + length);
  }
  return runs;
}

// The JSON of documents: ranges of packs, each with a zstd frame or the JSON itself.
async function load(places, folder, budget) {
  for (const { path, start, length } of places) {
    if (path !== `s3://${Bucket}/${folder}${path.slice(-64)}`) fail("PointerNotAllowedError", path);
    if (!isWhole(start) || !isWhole(length - 1)) fail("MalformedPointerError", path);
  }
  const found = new Map();
  await Promise.all(joined(places).map(async ({ path, start: first, stop, near }) => {
    const bytes = near.reduce((sum, { length }) => sum + length + DOCUMENT_BYTES, 0); // they may overlap
    spend(Math.max(stop - first, bytes), budget); // before it is requested
    const range = { Bucket, Key: folder + path.slice(-64), Range: `bytes=${first}-${stop - 1}` };
    const bodies = await tried(async () => {
      const { Body } = await s3.send(new GetObjectCommand(range));
      const all = Buffer.from(await Body.transformToByteArray());
      return near.map(({ start, length, digest }) => {
        const body = all.subarray(start - first, start - first + length);
        return sha256(body) === digest ? body : fail("ChecksumMismatchError", path);
      });
    });
    near.forEach((place, at) => found.set(place, documentIn(bodies[at], place, budget)));
  }));
  return places.map((place) => found.get(place));
}

function documentIn(body, { path, start }, budget) {
  const isFrame = body.subarray(0, 4).equals(FRAME);
  // A pointer into its own pack has no path, and its range counts back from the document.
  return parsed(isFrame ? inflated(unzstd, body, budget) : body, budget, (_, form) => {
    if (form?.__s3_offloaded === true && !("__s3_path" in form) && Array.isArray(form.__range))
      Object.assign(form, { __s3_path: path, __range: [start - form.__range[0], form.__range[1]] });
    return form;
  });
}

const placeOf = ({ __s3_path: path, __range: [start, length], __sha256: digest }) =>
  ({ path, start, length, digest });

async function pages(places, folder, budget) {
  const nodes = await load(places, folder, budget);
  const below = nodes.map((node, at) => {
    const { path, start: from } = places[at];
    if (node?.__page !== 1) fail("MalformedPointerError", path);
    if (node.height === 0) return [node.items];
    return pages(node.children.map(([pack, start, length, digest]) => (pack
      ? { path: pack.length === 64 ? path.slice(0, -64) + pack : pack, start, length, digest }
      : { path, start: from - start, length, digest })), folder, budget);
  });
  return (await Promise.all(below)).flat();
}

// The contents of a value, with the pointers inside it unchanged. Keys come in any order.
export async function opened(value, folder, budget = newBudget()) {
  if (typeof value?.__gzip_base64 === "string") {
    const packed = Buffer.from(value.__gzip_base64, "base64");
    spend(DOCUMENT_BYTES, budget);
    return parsed(inflated(zlib.gunzipSync, packed, budget), budget);
  }
  if (value?.__s3_offloaded !== true) return value;
  if (value.__v !== 1 || !Array.isArray(value.__range)) fail("MalformedPointerError", value.__s3_path);
  if (value.__kind === "value") return (await load([placeOf(value)], folder, budget))[0];
  const items = await pages([placeOf(value)], folder, budget);
  return value.__kind === "list" ? items.flat() : Object.fromEntries(items.flatMap(Object.entries));
}

const isStored = (value) => value?.__s3_offloaded === true || typeof value?.__gzip_base64 === "string";

// A copy with the names that were escaped; `stored` gets where in it something has to be read yet.
function unescaped(value, stored) {
  if (value === null || typeof value !== "object") return value;
  const copy = Array.isArray(value) ? [...value]
    : Object.fromEntries(Object.entries(value).map(([key, item]) => [key.replace(ESCAPED, "$1"), item]));
  const fill = (key) => {
    if (isStored(copy[key])) stored.push([copy, key]);
    else copy[key] = unescaped(copy[key], stored);
  };
  if (Array.isArray(copy)) copy.forEach((_, at) => fill(at));
  else Object.keys(copy).forEach(fill);
  return copy;
}

// The value with everything that it points to filled in.
export async function whole(value, folder, budget = newBudget()) {
  if (value?.__s3_offloaded === true && value.__size_bytes > budget.left) tooLarge();
  const stored = [];
  const copy = unescaped(await opened(value, folder, budget), stored);
  await Promise.all(stored.map(async ([part, key]) => { part[key] = await whole(part[key], folder, budget); }));
  return copy;
}

const pointerTo = (folder, digest, bytes) => {
  const place = { __s3_path: `s3://${Bucket}/${folder}${digest}`, __range: [0, bytes], __sha256: digest };
  return { __s3_offloaded: true, __v: 1, __kind: "value", ...place, __size_bytes: bytes };
};

// The most bytes that a pointer to a value takes that is stored there.
export const pointerBytes = (folder) =>
  Buffer.byteLength(JSON.stringify(pointerTo(folder, sha256(""), Number.MAX_SAFE_INTEGER)));

// Stores the value in S3 and returns a pointer to it; use it for a whole result. `replacer` is that of JSON.stringify.
export async function stored(value, folder, replacer) {
  const Body = Buffer.from(JSON.stringify(value, replacer).replace(TO_ESCAPE, '"__escaped:$1":'));
  const digest = sha256(Body);
  const Key = folder + digest;
  const put = { Bucket, Key, Body, ContentType: "application/json", IfNoneMatch: "*" };
  await tried(() => s3.send(new PutObjectCommand(put))).catch((error) => {
    if (error.$metadata?.httpStatusCode !== 412) throw error; // 412: it exists already
  });
  return pointerTo(folder, digest, Body.length);
}
