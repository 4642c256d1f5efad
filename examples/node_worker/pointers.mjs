// Reads and writes the values of a state bag that are in S3. Each step is explained in
// docs/formats.md, "Reading and writing pointers in another language".
import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const { STATE_BUCKET: Bucket, STATE_PREFIX = "" } = process.env;
const CAP = { maxOutputLength: 256 * 1024 * 1024 };
const ESCAPED = /^__escaped:((?:__escaped:)*(?:__s3_offloaded|__gzip_base64))$/;
const TO_ESCAPE = /"((?:__escaped:)*(?:__s3_offloaded|__gzip_base64))":/g;
const decoders = { identity: (body) => body, gzip: zlib.gunzipSync, zstd: zlib.zstdDecompressSync };
const s3 = new S3Client();

const sha256 = (body) => createHash("sha256").update(body).digest("hex");
const percent = (letter) => `%${letter.charCodeAt().toString(16).toUpperCase()}`;
const fail = (name, message) => { throw Object.assign(new Error(message), { name }); };

// The folder of an execution's objects, which the functions below are given.
export const folderOf = (executionId) =>
  `${STATE_PREFIX}v1/${encodeURIComponent(executionId).replace(/[!'()*]/g, percent)}/sha256/`;

async function load(path, folder) {
  const Key = folder + path.slice(-64);
  if (path !== `s3://${Bucket}/${Key}`) fail("PointerNotAllowedError", path);
  const { Body, ContentEncoding } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  const body = Buffer.from(await Body.transformToByteArray());
  if (sha256(body) !== path.slice(-64)) fail("ChecksumMismatchError", path);
  const decode = decoders[ContentEncoding || "identity"];
  if (!decode) fail("UnreadableObjectError", `no ${ContentEncoding} in Node ${process.version}`);
  return JSON.parse(decode(body, CAP));
}

async function pages(path, folder) {
  const node = await load(path, folder);
  if (node.__page !== 1) fail("MalformedPointerError", path);
  if (node.height === 0) return [node.items];
  const below = node.children.map(([ref]) => pages(path.slice(0, -64) + ref, folder));
  return (await Promise.all(below)).flat();
}

// What a value stands for, with the pointers inside it as they are. Keys come in no set order.
export async function opened(value, folder) {
  if (value?.__gzip_base64)
    return JSON.parse(zlib.gunzipSync(Buffer.from(value.__gzip_base64, "base64"), CAP));
  if (value?.__s3_offloaded !== true) return value;
  if (value.__v !== 1) fail("MalformedPointerError", value.__s3_path);
  if (value.__kind === "value") return load(value.__s3_path, folder);
  const items = await pages(value.__s3_path, folder);
  return value.__kind === "list" ? items.flat() : Object.fromEntries(items.flatMap(Object.entries));
}

// The value with everything it points to in its place.
export async function whole(value, folder) {
  const open = await opened(value, folder);
  if (Array.isArray(open)) return Promise.all(open.map((item) => whole(item, folder)));
  if (open === null || typeof open !== "object") return open;
  const plain = async ([key, item]) => [key.replace(ESCAPED, "$1"), await whole(item, folder)];
  return Object.fromEntries(await Promise.all(Object.entries(open).map(plain)));
}

// A pointer to the value, which is in S3 by then; for a result as a whole.
export async function stored(value, folder) {
  const Body = Buffer.from(JSON.stringify(value).replace(TO_ESCAPE, '"__escaped:$1":'));
  const Key = folder + sha256(Body);
  const put = { Bucket, Key, Body, ContentType: "application/json", IfNoneMatch: "*" };
  await s3.send(new PutObjectCommand(put)).catch((error) => {
    if (error.$metadata?.httpStatusCode !== 412) throw error; // 412: it is there already
  });
  const place = { __s3_path: `s3://${Bucket}/${Key}`, __size_bytes: Body.length };
  return { __s3_offloaded: true, __v: 1, __kind: "value", ...place };
}
