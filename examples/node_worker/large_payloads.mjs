// Large payloads for a Lambda handler of any event, explained in docs/howto/large-payloads.md:
// `export const handler = largePayloads(async (event, context) => ({ ...event, more }))`.
import { folderOf, newBudget, pointerBytes, stored, whole } from "./pointers.mjs";

const KEYS = ["__v", "__kind", "__s3_path", "__range", "__sha256", "__size_bytes"]; // without them it is data
const STEP = /\[(\d+|\*?)\]|\[(?:("(?:[^"\\]|\\.)*")|'((?:[^'\\]|\\.)*)')\]|[^.[\]]+/gs;
const EACH = Symbol("each element or value");
const OWNER = 'add to the task: "ClientContext.$": "States.Base64Encode(States.Format(' +
  String.raw`'\\{\"custom\":\\{\"execution_id\":\"{}\"\\}\\}', $$.Execution.Id))"`;

// JSON writes these objects as strings and numbers; raw JSON is what keeps the digits of a long number.
const isScalar = (value) => JSON.isRawJSON?.(value)
  || [String, Number, Boolean, BigInt].some((box) => value instanceof box);
const isContainer = (value) => value !== null && typeof value === "object" && !isScalar(value);
const size = (value) => Buffer.byteLength(JSON.stringify(value) ?? "null");
const fail = (name, message) => { throw Object.assign(new Error(message), { name }); };
const stepsOf = (path) => [...path.replace(/^\$\.?/, "").matchAll(STEP)]
  .map(([all, at, quoted, single]) => (quoted ? JSON.parse(quoted)
    : single?.replace(/\\(.)/gs, "$1") ?? (at === undefined ? all : /\d/.test(at) ? Number(at) : EACH)));

function isPointer(value, path = "$") {
  if (value?.__s3_offloaded !== true || !KEYS.every((key) => key in value)) return false;
  if (Object.keys(value).every((key) => key.startsWith("__"))) return true;
  return fail("InvalidRequestError", `${path} was written into while it was in S3: keep it open`);
}

// The value with everything read; `came` notes which parts came from which pointers.
async function read(value, folder, came, path, budget) {
  if (isPointer(value, path)) {
    if (!folder) fail("PointerNotAllowedError", `nothing says who owns the objects: ${OWNER}`);
    const plain = await whole(value, folder, budget);
    if (size(plain) > pointerBytes(folder)) came.set(plain, [value, JSON.stringify(plain)]);
    return plain;
  }
  if (!isContainer(value)) return value;
  const below = Object.entries(value).map(async ([key, item]) =>
    [key, await read(item, folder, came, `${path}.${key}`, budget)]);
  const members = await Promise.all(below);
  return Array.isArray(value) ? members.map(([, item]) => item) : Object.fromEntries(members);
}

// The needs of a member: a name leads into each element of a list, `[0]` also to a value that is not a list. Behind
// the empty name stands what JSONata takes out of the elements of a list; that name needs containers and nothing else.
function below([[step, ...rest], plain, isTaken], key, isList) {
  if (step === key || step === EACH) return [[rest, plain, isTaken]];
  if (isList) return step === undefined || typeof step === "number" ? [] : [[[step, ...rest], plain, true]];
  if (step === "" && isTaken && rest[0] === key) return [[rest.slice(1), plain, true]];
  if (step !== 0) return [];
  return rest.length ? below([rest, plain, isTaken], key, isList) : plain ? [[[], plain, isTaken]] : [];
}

// The members that JSON has: a hole in an array is null. Undefined members of an object and its methods are none.
const written = (value) => Array.isArray(value)
  ? Array.from(value, (item, at) => [at, item])
  : Object.entries(value).filter(([, item]) => item !== undefined && typeof item !== "function");

// A copy with the pointers of values that came from pointers; `parts` gets the parts that may be offloaded.
function copied(given, needs, came, parts, name = "") {
  const value = typeof given?.toJSON === "function" ? given.toJSON(name) : given ?? null;
  const [pointer, before] = came.get(value) ?? [];
  if (!needs.length && pointer && JSON.stringify(value) === before) return pointer;
  if (!isContainer(value)) return value;
  const isPlain = needs.some(([steps, plain]) => plain && !steps.length);
  const members = written(value).map(([key, item]) => {
    const inner = isPlain ? needs : needs.flatMap((need) => below(need, key, Array.isArray(value)))
      .filter(([steps]) => steps[0] !== "" || isContainer(item));
    return [key, copied(item, inner, came, inner.length ? parts : null, String(key)), inner.length];
  });
  const copy = Array.isArray(value) ? members.map(([, item]) => item) : Object.fromEntries(members);
  for (const [key, item, isNeeded] of parts ? members : [])
    if (!isNeeded && !isPointer(item)) parts.push([size(item), copy, key]);
  return copy;
}

async function offloaded(result, needs, atMost, came, folder) {
  const parts = [];
  const answer = copied(result, needs, came, parts);
  let left = size(answer);
  if (left <= atMost) return answer;
  if (!folder) fail("InvalidRequestError", `the answer is too large to stay: ${OWNER}`);
  const values = new Map([...came].map(([value, [pointer]]) => [pointer, value]));
  const store = (value) => stored(value, folder, (_, item) => values.get(item) ?? item);
  const most = pointerBytes(folder);
  const leaving = parts.sort(([a], [b]) => b - a).filter(([bytes]) => {
    const leaves = left > atMost && bytes > most;
    left -= leaves ? bytes - most : 0;
    return leaves;
  });
  if (left > atMost && needs.length) fail("StateTooLargeError", `${left} bytes have to stay`);
  if (left > atMost) return store(answer);
  await Promise.all(leaving.map(async ([, copy, key]) => { copy[key] = await store(copy[key]); }));
  return answer;
}

// The handler for Lambda. Options count if the invocation's ClientContext does not set them.
export const largePayloads = (handler, options = {}) => async (event, context = {}) => {
  const { at_most: atMost, execution_id: owner, ...beside } = context.clientContext?.custom ?? {};
  const words = beside.open || beside.list || beside.plain ? beside : options;
  const needs = ["open", "list", "plain"].flatMap((word) =>
    (words[word] ?? []).map((path) => [path === "$" ? [] : stepsOf(path), word === "plain"]));
  const executionId = owner ?? options.execution_id ?? event?.execution_id;
  const folder = executionId && folderOf(executionId);
  const came = new Map();
  const result = await handler(await read(event, folder, came, "$", newBudget()), context);
  return offloaded(result, needs, atMost ?? options.at_most ?? 60 * 1024, came, folder);
};
