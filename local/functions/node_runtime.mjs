// Runs a Node.js handler as Lambda's own Node.js runtime does: `node node_runtime.mjs module.function`.
//
// It speaks the Runtime API, https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, and
// gives the handler what https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html lists.
// What it does not do: response streams, TypeScript, a console with request ids.
import { existsSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true });

class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    this.name = `Runtime.${name}`;
  }
}

// No time limit: the next request may come in an hour.
function call(method, resource, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { host, port, agent, method, path: `/2018-06-01/runtime/${resource}`, headers };
    const request = http.request(options, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ headers: response.headers, text: Buffer.concat(pieces).toString() });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

function report(resource, error) {
  console.error(error);
  const isError = error instanceof Error;
  const body = {
    errorType: isError ? error.name : typeof error,
    errorMessage: isError ? error.message : String(error),
    trace: isError ? (error.stack ?? "").split("\n") : [],
  };
  const headers = {
    "Content-Type": "application/json",
    "Lambda-Runtime-Function-Error-Type": body.errorType,
  };
  return call("POST", resource, JSON.stringify(body), headers);
}

// What fails outside the handler's own promise ends the process, as on Lambda.
let errorResource = "init/error";
process.on("uncaughtException", (error) => end(error, 129));
process.on("unhandledRejection", (reason) => {
  end(new RuntimeError("UnhandledPromiseRejection", String(reason)), 128);
});

function end(error, status) {
  report(errorResource, error).finally(() => process.exit(status));
}

async function load(handler) {
  const [, modulePath, names] = /^((?:.*\/)?[^.]+)\.(.+)$/.exec(handler) ?? [];
  if (!names || handler.includes("..")) {
    throw new RuntimeError("MalformedHandlerName", `${handler} is no module.function`);
  }
  const stem = path.resolve(process.env.LAMBDA_TASK_ROOT, modulePath);
  const file = [".js", ".mjs", ".cjs"].map((ending) => stem + ending).find(existsSync);
  if (!file) {
    throw new RuntimeError("ImportModuleError", `Error: Cannot find module '${modulePath}'`);
  }
  const loaded = await imported(file);
  const found = [loaded, loaded.default ?? {}]
    .map((module) => names.split(".").reduce((value, name) => value?.[name], module))
    .find((value) => typeof value === "function");
  if (!found) {
    throw new RuntimeError("HandlerNotFound", `${handler} is undefined or not exported`);
  }
  return found;
}

async function imported(file) {
  try {
    return await import(pathToFileURL(file));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new RuntimeError("UserCodeSyntaxError", `SyntaxError: ${error.message}`);
    }
    if (["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(error?.code)) {
      throw new RuntimeError("ImportModuleError", `Error: ${error.message}`);
    }
    throw error;
  }
}

function contextOf(headers) {
  const variables = process.env;
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    callbackWaitsForEmptyEventLoop: true,
    ...clientContextOf(headers["lambda-runtime-client-context"]),
    functionName: variables.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: variables.AWS_LAMBDA_FUNCTION_VERSION,
    getRemainingTimeInMillis: () => deadline - Date.now(),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    logGroupName: variables.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: variables.AWS_LAMBDA_LOG_STREAM_NAME,
    memoryLimitInMB: variables.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  };
}

function clientContextOf(text) {
  return text ? { clientContext: JSON.parse(text) } : {};
}

// Up to nodejs22.x, what is no promise is no answer: the callback gives it, or it is null once
// nothing is left to do. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
const hasCallback = !process.env.AWS_EXECUTION_ENV?.endsWith("nodejs24.x");
let nothingLeft = () => {};
process.on("beforeExit", () => nothingLeft());

function run(handler, event, context) {
  if (!hasCallback) return handler(event, context);
  return new Promise((resolve, reject) => {
    nothingLeft = () => resolve(null);
    const callback = (error, result) => (error ? reject(error) : resolve(result));
    const given = handler(event, context, callback);
    if (typeof given?.then === "function") {
      nothingLeft = () => {};
      resolve(given);
    }
  });
}

async function serve(handler) {
  for (;;) {
    const { headers, text } = await call("GET", "invocation/next");
    const context = contextOf(headers);
    const resource = `invocation/${context.awsRequestId}`;
    errorResource = `${resource}/error`;
    try {
      const result = await run(handler, JSON.parse(text), context);
      const body = JSON.stringify(result) ?? "null";
      await call("POST", `${resource}/response`, body, { "Content-Type": "application/json" });
    } catch (error) {
      await report(errorResource, error);
    }
  }
}

try {
  await serve(await load(process.argv[2]));
} catch (error) {
  end(error, 129);
}
