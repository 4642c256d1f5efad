// Does what a test asks for.
class OwnError extends Error {
  name = "OwnError";
}

const does = {
  echo: ({ value }) => value,
  look(_event, context) {
    return { context, left: context.getRemainingTimeInMillis(), variables: process.env };
  },
  raise() {
    throw new OwnError("as asked");
  },
  refuse: () => Promise.reject("no error at all"),
  sleep: ({ seconds }) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
  exit: () => process.exit(3),
  forget: () => void setTimeout(() => does.raise(), 10) ?? new Promise(() => {}),
  fill: ({ bytes }) => "x".repeat(bytes - 2),
};

export async function handler(event, context) {
  console.log(`a line of ${context.awsRequestId}`);
  return does[event.do](event, context);
}

export function answersByCallback(event, _context, callback) {
  setTimeout(() => callback(null, event), 10);
}

export const answersTooSoon = (event) => event;
