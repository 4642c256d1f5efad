// Reads and writes the values of a state bag that are in S3. Each step is explained in
// docs/formats.md, "Reading and writing pointers in another language".
import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { decompress } from "fzstd";

const { STATE_BUCKET: Bucket, STATE_PREFIX = "" } = process.env;
const CAP = { maxOutputLength: 256 * 1024 * 1024 };
const ESCAPED = /^__escaped:((?:__escaped:)*(?:__s3_offloaded|__gzip_base64))$/;
// A key, not a part of one: its quote follows a bracket or a comma, never a backslash.
const TO_ESCAPE = /(?<=[{,])"((?:__escaped:)*(?:__s3_offloaded|__gzip_base64))":/g;
const FRAME = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
// Node.js itself has it from version 22.15 on.
const unzstd = (body) => zlib.zstdDecompressSync ? zlib.zstdDecompressSync(body, CAP) : decompress(body);
const s3 = new S3Client();

const sha256 = (body) => createHash("sha256").update(body).digest("hex");
const percent = (letter) => `%${letter.charCodeAt().toString(16).toUpperCase()}`;
const fail = (name, message) => { throw Object.assign(new Error(message), { name }); };

// The folder of an execution's objects, a parameter of the functions below.
export const folderOf = (executionId) =>
  `${STATE_PREFIX}v1/${encodeURIComponent(executionId).replace(/[!'()*]/g, percent)}/packs/`;

// The JSON of one document: a range of a pack, with a zstd frame or the JSON itself.
async function load({ path, start, length, digest }, folder) {
  const Key = folder + path.slice(-64);
  if (path !== `s3://${Bucket}/${Key}`) fail("PointerNotAllowedError", path);
  const Range = `bytes=${start}-${start + length - 1}`;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, Range }));
  const body = Buffer.from(await Body.transformToByteArray());
  if (sha256(body) !== digest) fail("ChecksumMismatchError", path);
  const json = Buffer.from(body.subarray(0, 4).equals(FRAME) ? unzstd(body) : body).toString();
  // A pointer into its own pack has no path, and its range counts back from the document.
  return JSON.parse(json, (_, form) => {
    if (form?.__s3_offloaded === true && !("__s3_path" in form))
      Object.assign(form, { __s3_path: path, __range: [start - form.__range[0], form.__range[1]] });
    return form;
  });
}

const placeOf = ({ __s3_path: path, __range: [start, length], __sha256: digest }) =>
  ({ path, start, length, digest });

async function pages(place, folder) {
  const node = await load(place, folder);
  if (node.__page !== 1) fail("MalformedPointerError", place.path);
  if (node.height === 0) return [node.items];
  const below = node.children.map(([pack, start, length, digest]) => pages(pack
    ? { path: pack.length === 64 ? place.path.slice(0, -64) + pack : pack, start, length, digest }
    : { path: place.path, start: place.start - start, length, digest }, folder));
  return (await Promise.all(below)).flat();
}

// The contents of a value, with the pointers inside it unchanged. Keys come in any order.
export async function opened(value, folder) {
  if (value?.__gzip_base64)
    return JSON.parse(zlib.gunzipSync(Buffer.from(value.__gzip_base64, "base64"), CAP));
  if (value?.__s3_offloaded !== true) return value;
  if (value.__v !== 1) fail("MalformedPointerError", value.__s3_path);
  if (value.__kind === "value") return load(placeOf(value), folder);
  const items = await pages(placeOf(value), folder);
  return value.__kind === "list" ? items.flat() : Object.fromEntries(items.flatMap(Object.entries));
}

// The value with everything that it points to filled in.
export async function whole(value, folder) {
  const open = await opened(value, folder);
  if (Array.isArray(open)) return Promise.all(open.map((item) => whole(item, folder)));
  if (open === null || typeof open !== "object") return open;
  const plain = async ([key, item]) => [key.replace(ESCAPED, "$1"), await whole(item, folder)];
  return Object.fromEntries(await Promise.all(Object.entries(open).map(plain)));
}

// Stores the value in S3 and returns a pointer to it; use it for a whole result.
export async function stored(value, folder) {
  const Body = Buffer.from(JSON.stringify(value).replace(TO_ESCAPE, '"__escaped:$1":'));
  const digest = sha256(Body);
  const Key = folder + digest;
  const put = { Bucket, Key, Body, ContentType: "application/json", IfNoneMatch: "*" };
  await s3.send(new PutObjectCommand(put)).catch((error) => {
    if (error.$metadata?.httpStatusCode !== 412) throw error; // 412: it exists already
  });
  const place = { __s3_path: `s3://${Bucket}/${Key}`, __range: [0, Body.length], __sha256: digest };
  return { __s3_offloaded: true, __v: 1, __kind: "value", ...place, __size_bytes: Body.length };
}
